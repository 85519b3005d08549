//! What a peer says that was not asked anything.

use std::io;

use super::Connection;
use crate::wire::frame;
use crate::wire::frame::HEADER;
use crate::wire::frame::Next;

/// Bytes that are read at once of what nobody asked for: settings that were changed, or a last word.
const LONGEST_WORD: usize = 1024;

/// Who is asked whether something has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// The runtime, which may not have been told yet. No system call when it knows of nothing.
    Runtime,
    /// The system.
    System,
}

impl Connection {
    /// Reads what a peer said that was not asked anything, message by message; `take` says whether
    /// that is in order. `false` when it was not, or the peer has closed.
    pub fn overhear(&mut self, ask: Ask, mut take: impl FnMut(u8, &[u8]) -> bool) -> bool {
        // Not the worker's scratch: a client's message may lie there that waits for this connection.
        let mut buffer = [0; LONGEST_WORD];
        loop {
            let read = match ask {
                Ask::Runtime => self.socket.try_read(&mut buffer),
                Ask::System => self.socket.read_now(&mut buffer),
            };
            let chunk = match read {
                Ok(0) => return false,
                Ok(length) => &buffer[..length],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            };
            if !whole_messages(chunk, &mut take) {
                return false;
            }
        }
    }
}

/// Gives each message to `take`. `false` when it said so, or the chunk ends within a message.
fn whole_messages(chunk: &[u8], take: &mut impl FnMut(u8, &[u8]) -> bool) -> bool {
    let mut rest = chunk;
    while !rest.is_empty() {
        let Next::Message { tag, size } = frame::next(rest) else {
            return false;
        };
        let Some(body) = rest.get(HEADER..size) else {
            return false;
        };
        if !take(tag, body) {
            return false;
        }
        rest = &rest[size..];
    }
    true
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::super::tests::pair;
    use super::super::tests::query;
    use super::*;

    #[tokio::test]
    async fn what_a_peer_says_unasked_is_overheard() {
        let (mut connection, mut peer) = pair();
        assert!(connection.overhear(Ask::System, |_, _| panic!("nothing was said")));
        peer.write_all(&[query(b"a"), query(b"b")].concat())
            .await
            .unwrap();
        let mut heard = Vec::new();
        assert!(connection.overhear(Ask::System, |tag, body| {
            heard.push((tag, body.to_vec()));
            true
        }));
        assert_eq!(heard, [(b'Q', b"a\0".to_vec()), (b'Q', b"b\0".to_vec())]);
    }

    #[tokio::test]
    async fn half_a_message_and_the_end_are_not_in_order() {
        let (mut connection, mut peer) = pair();
        peer.write_all(&query(b"a")[..4]).await.unwrap();
        assert!(!connection.overhear(Ask::System, |_, _| true));
        drop(peer);
        assert!(!connection.overhear(Ask::System, |_, _| true));
    }
}
