//! Random pipelines, sent to PostgreSQL and through pgparley: the replies must be equal to the byte.

use std::net::SocketAddr;

use pgparley::config::OnExceed;
use pgparley::config::Policy;
use rand::Rng;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message;
use crate::support::message::Message;
use crate::support::pipeline;
use crate::support::proxy::proxy;
use crate::support::proxy::proxy_with;

/// The table that all runs use; made once, so that its object id is the same in all.
const TABLE: &str = "CREATE TABLE items (n int PRIMARY KEY, t text)";

/// Both runs begin with this.
const FIXTURE: &str = "TRUNCATE items; \
    INSERT INTO items SELECT n, repeat(n::text, n) FROM generate_series(1, 50) n";

/// Texts for Query and Parse: all that a session does, with and without errors. None shows what
/// differs from run to run: process ids, times, object ids.
const TEXTS: &[&str] = &[
    "SELECT 1",
    "SELECT $1::text",
    "SELECT $1::int + $2::int",
    "SELECT n, t FROM items ORDER BY n",
    "SELECT n FROM items WHERE n > $1::int ORDER BY n LIMIT 5",
    "SELECT repeat('x', 70000)",
    "SELECT 1 / 0",
    "SELEC",
    "SELECT nothing",
    "",
    "/* only a comment */",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT a",
    "ROLLBACK TO SAVEPOINT a",
    "INSERT INTO items SELECT coalesce(max(n), 0) + 1, 'new' FROM items",
    "INSERT INTO items VALUES (1, 'twice')",
    "DELETE FROM items WHERE n % 7 = 3 RETURNING n",
    "UPDATE items SET t = t || '!' WHERE n < 4",
    "SET application_name = 'random'",
    "SET client_encoding = 'LATIN1'",
    "RESET ALL",
    "SHOW work_mem",
    "COPY items TO STDOUT",
    "COPY (SELECT 1) TO STDOUT",
    "DO $$ BEGIN RAISE NOTICE 'said'; END $$",
    "PREPARE p AS SELECT n FROM items ORDER BY n LIMIT 2",
    "EXECUTE p",
    "DEALLOCATE ALL",
    "DISCARD PLANS",
    "DECLARE c SCROLL CURSOR FOR SELECT n FROM items ORDER BY n",
    "FETCH 3 FROM c",
    "CLOSE c",
    "EXPLAIN (COSTS OFF) SELECT n FROM items",
    "VALUES (1), (2), (3)",
    "SELECT generate_series(1, 200)",
    "CREATE TEMP TABLE made_up AS SELECT 1 AS one",
    "SELECT * FROM items WHERE t = 'nowhere'",
    "LISTEN news",
];

/// Several statements in one Query.
const SCRIPTS: &[&str] = &[
    "SELECT 1; SELECT 2",
    "BEGIN; SELECT 1",
    "SELECT 1; SELECT 1 / 0; SELECT 3",
    "INSERT INTO items VALUES (1000, 'a'); SELECT nothing",
    "COMMIT; BEGIN; INSERT INTO items VALUES (2000, 'b')",
    ";;",
];

const NAMES: &[&str] = &["", "", "a", "b"];

/// One message after the other, as no sane client would send them but any client may.
fn random_pipeline(random: &mut StdRng) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.random_range(5..40) {
        bytes.extend(step(random));
    }
    bytes.extend(pipeline::end());
    bytes
}

fn step(random: &mut StdRng) -> Vec<u8> {
    let text = TEXTS.choose(random).expect("there are some");
    let statement = NAMES.choose(random).expect("there are some");
    let portal = NAMES.choose(random).expect("there are some");
    let values = [Some(b"3".as_slice()), Some(b"4"), None];
    let values = &values[..random.random_range(0..=3)];
    let max_rows = if random.random_bool(0.3) { 2 } else { 0 };
    match random.random_range(0..24) {
        0..4 => message::query(text),
        4 => message::query(SCRIPTS.choose(random).expect("there are some")),
        5..8 => message::parse(statement, text),
        8..10 => message::bind(portal, statement, values),
        10 => message::describe_statement(statement),
        11 => message::describe_portal(portal),
        12..14 => message::execute(portal, max_rows),
        14 => message::close_statement(statement),
        15 => message::close_portal(portal),
        16..19 => message::sync(),
        19 => message::flush(),
        20 => message::unnamed(text),
        21 => [message::unnamed(text), message::sync()].concat(),
        22 => copy_in(random),
        _ => message::function_call(0, &["no such function"]),
    }
}

/// COPY FROM STDIN with its end: any other message in the middle of it ends the session.
fn copy_in(random: &mut StdRng) -> Vec<u8> {
    let line: &[u8] = if random.random_bool(0.7) {
        b"7000\tx\n"
    } else {
        b"no number\tx\n"
    };
    let end = if random.random_bool(0.7) {
        message::copy_done()
    } else {
        message::copy_fail("no more")
    };
    let data = [message::copy_data(line), end].concat();
    if random.random_bool(0.5) {
        [message::query("COPY items FROM STDIN; SELECT 5"), data].concat()
    } else {
        [
            message::unnamed("COPY items FROM STDIN"),
            data,
            message::sync(),
        ]
        .concat()
    }
}

/// The replies to `bytes`, sent after the fixture is made anew.
fn replies(addr: SocketAddr, database: &str, bytes: &[u8], random: StdRng) -> Vec<Message> {
    let mut client = TestClient::login(addr, database);
    client.rows(FIXTURE);
    pipeline::exchange(&mut client, bytes, random)
}

/// Holds `rounds` random pipelines with PostgreSQL and with `addr`.
fn compare(addr: SocketAddr, rounds: u64) {
    let database = database();
    let made = cluster().run_sql(&database, TABLE);
    made.expect("the table can be made");
    for seed in 0..rounds {
        let mut random = StdRng::seed_from_u64(seed);
        let bytes = random_pipeline(&mut random);
        // Seen only when the test fails, which may be by waiting in vain.
        let sent = pipeline::shown(&bytes);
        eprintln!("pipeline {seed}: {sent:#?}");
        let direct = replies(cluster().addr(), &database, &bytes, random.clone());
        let through = replies(addr, &database, &bytes, random);
        if through != direct {
            let differs = through.iter().zip(&direct).position(|(a, b)| a != b);
            panic!(
                "pipeline {seed} differs at reply {differs:?}\nsent: {sent:#?}\n\
                 through: {through:#?}\ndirect: {direct:#?}"
            );
        }
    }
}

#[test]
fn random_pipelines_are_answered_as_directly() {
    compare(proxy(), 150);
}

#[test]
fn row_limit_that_is_not_reached_changes_no_byte() {
    for on_exceed in [OnExceed::Truncate, OnExceed::Error] {
        let running = proxy_with(|config| {
            config.policies.push(Policy {
                name: "roomy".to_owned(),
                row_limit: Some(100_000),
                on_exceed,
                ..Policy::default()
            });
        });
        compare(running.addr(), 100);
    }
}

#[test]
fn no_pipeline_brings_more_rows_than_the_limit() {
    let running = crate::limits::limited();
    let database = database();
    let made = cluster().run_sql(&database, TABLE);
    made.expect("the table can be made");
    for seed in 0..150 {
        let mut random = StdRng::seed_from_u64(seed);
        let bytes = random_pipeline(&mut random);
        // Seen only when the test fails, which may be by waiting in vain.
        let sent = pipeline::shown(&bytes);
        eprintln!("pipeline {seed}: {sent:#?}");
        let replies = replies(running.addr(), &database, &bytes, random);
        let longest = crate::limits::longest(&replies);
        assert!(
            longest <= crate::limits::LIMIT,
            "pipeline {seed}: {longest} rows\nsent: {sent:#?}\ngot: {replies:#?}"
        );
    }
}
