//! Random pipelines in which messages were damaged: the reaction must be the server's own.

use std::net::SocketAddr;

use pgparley::server::Running;
use rand::Rng;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Kind;
use crate::support::message::frame;
use crate::support::pipeline;
use crate::support::proxy::proxy_of_sessions;
use crate::support::proxy::proxy_with;
use crate::support::random::FIXTURE;
use crate::support::random::TABLE;
use crate::support::random::random_pipeline;

const ROUNDS: u64 = 200;

/// What came back: kinds, and what a test most wants to know of each. A message that is malformed
/// goes on emptied, so what else is wrong with it is not told.
fn reaction(addr: SocketAddr, database: &str, bytes: &[u8], random: StdRng) -> Vec<(Kind, String)> {
    let mut client = TestClient::login(addr, database);
    client.rows(FIXTURE);
    let replies = pipeline::exchange(&mut client, bytes, random);
    let told = replies.iter();
    told.map(|message| (message.kind(), message.text().replace("22021", "08P01")))
        .collect()
}

/// `bytes`, which are whole messages, with about one in six of them damaged. Lengths stay right.
fn damaged(mut bytes: &[u8], random: &mut StdRng) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some((&[tag, ref length @ ..], rest)) = bytes.split_first_chunk::<5>() {
        let size = u32::from_be_bytes(*length) as usize - 4;
        let (body, behind) = rest.split_at(size);
        let mut body = body.to_vec();
        if random.random_ratio(1, 6) {
            damage(&mut body, random);
        }
        out.extend(frame(tag, &body));
        if random.random_ratio(1, 30) {
            out.extend(made_up(random));
        }
        bytes = behind;
    }
    out
}

fn damage(body: &mut Vec<u8>, random: &mut StdRng) {
    let place = random.random_range(0..=body.len());
    match random.random_range(0..6) {
        0 => body.truncate(place),
        1 => body.insert(place, 0),
        2 => body.extend(std::iter::repeat_n(0, random.random_range(1..9))),
        3 => body.extend(b"more than there is room for\0"),
        4 => {
            body.pop();
        }
        _ => {
            if let Some(byte) = body.get_mut(place) {
                *byte = [0, 1, 0x7f, 0x80, 0xff, b'S', b'P'][random.random_range(0..7)];
            }
        }
    }
}

/// A message that no client has reason to send here.
fn made_up(random: &mut StdRng) -> Vec<u8> {
    let bodies: [&[u8]; 6] = [
        b"",
        b"\0",
        b"\0\0",
        b"S\0",
        b"\0\0\0\x04",
        b"\xff\xff\xff\xff\0",
    ];
    let body = bodies[random.random_range(0..bodies.len())];
    let tags = b"QPBDECSHFfcd";
    match random.random_range(0..8) {
        0 => frame(random.random(), body),
        _ => frame(tags[random.random_range(0..tags.len())], body),
    }
}

fn compare(running: &Running) {
    let database = database();
    let made = cluster().run_sql(&database, TABLE);
    made.expect("the table can be made");
    for seed in 0..ROUNDS {
        let mut random = StdRng::seed_from_u64(seed);
        let steps = random.random_range(3..15);
        let sane = random_pipeline(&mut random, steps);
        let end = pipeline::end();
        let mut bytes = damaged(&sane[..sane.len() - end.len()], &mut random);
        bytes.extend(end);
        // Seen only when the test fails, which may be by waiting in vain.
        let sent = pipeline::shown(&bytes);
        eprintln!("pipeline {seed}: {sent:#?}");
        let direct = reaction(cluster().addr(), &database, &bytes, random.clone());
        let through = reaction(running.addr(), &database, &bytes, random);
        assert_eq!(through, direct, "pipeline {seed} (left through pgparley)");
    }
}

#[test]
fn damaged_messages_are_answered_as_directly() {
    compare(&proxy_with(|_| ()));
}

#[test]
fn damaged_messages_are_answered_as_directly_in_session_mode() {
    compare(&proxy_of_sessions(|_| ()));
}
