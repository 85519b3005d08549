//! Many messages sent at once: how to end them, send them in pieces, and show them.

use std::io::Write;
use std::thread;

use rand::Rng;
use rand::rngs::StdRng;

use super::client::TestClient;
use super::message;
use super::message::Kind;
use super::message::Message;

/// The answer to the last query of a pipeline; no other can be like it.
const END: &str = "the end of the pipeline";

/// What closes whatever a pipeline has left open: COPY, the messages since the last Sync, a
/// transaction block.
pub fn end() -> Vec<u8> {
    [
        message::copy_fail("the end"),
        message::sync(),
        message::query(&format!("ROLLBACK; SELECT '{END}'")),
    ]
    .concat()
}

/// Sends `bytes`, which close with [`end`], in pieces of the sizes that `random` gives, and returns
/// every reply up to the end or the close of the connection.
pub fn exchange(client: &mut TestClient, bytes: &[u8], mut random: StdRng) -> Vec<Message> {
    let mut stream = client.stream();
    let mut rest = bytes.to_vec();
    let sender = thread::spawn(move || {
        while !rest.is_empty() {
            let size = random.random_range(1..=2000).min(rest.len());
            let piece: Vec<u8> = rest.drain(..size).collect();
            // Refused or not: what matters is what comes back.
            let _ = stream.write_all(&piece);
            thread::yield_now();
        }
    });
    let mut messages: Vec<Message> = Vec::new();
    let mut seen = false;
    while let Some(message) = client.try_recv() {
        seen |= message.text() == END;
        let is_last = seen && message.kind() == Kind::ReadyForQuery;
        messages.push(message);
        if is_last {
            break;
        }
    }
    sender.join().expect("the sender does not fail");
    messages
}

/// The type and the beginning of each message that is sent, for people.
pub fn shown(mut bytes: &[u8]) -> Vec<String> {
    let mut messages = Vec::new();
    while let Some((&[tag, ref length @ ..], rest)) = bytes.split_first_chunk::<5>() {
        let length = u32::from_be_bytes(*length) as usize - 4;
        let (body, behind) = rest.split_at(length);
        let text: String = String::from_utf8_lossy(body).chars().take(80).collect();
        messages.push(format!("{} {}", char::from(tag), text.escape_debug()));
        bytes = behind;
    }
    messages
}
