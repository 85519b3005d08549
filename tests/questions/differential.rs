//! Random pipelines with questions in them, beside the same with the SQL that the questions mean:
//! the client's transactions, errors and rows must be the same.

use rand::Rng;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use crate::database;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::message;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::pipeline;
use crate::support::proxy::proxy;

/// Both runs begin with this.
const FIXTURE: &str = "TRUNCATE kept; DELETE FROM orders WHERE id > 20; \
    INSERT INTO orders SELECT n, 'new', n FROM generate_series(1, 20) n \
    ON CONFLICT (id) DO UPDATE SET status = 'new', amount = excluded.amount";

/// What is asked through pgparley, and what PostgreSQL is sent in its place.
const QUESTIONS: &[(&str, &str)] = &[
    (
        "/* nl: how many orders are there */",
        "SELECT count(*) FROM orders",
    ),
    (
        "nl: how many orders are there",
        "SELECT count(*) FROM orders",
    ),
    (
        "SELECT count(*) FROM (/* nl: how many orders are there */) t",
        "SELECT count(*) FROM (SELECT count(*) FROM orders) t",
    ),
    ("/* nl: wibble the wobble */", "SELECT nothing"),
];

/// What both are sent.
const TEXTS: &[&str] = &[
    "SAVEPOINT a",
    "ROLLBACK TO SAVEPOINT a",
    "INSERT INTO kept VALUES (1)",
    "INSERT INTO kept VALUES (1)",
    "DELETE FROM orders WHERE id = (SELECT max(id) FROM orders)",
    "DELETE FROM orders WHERE id = (SELECT max(id) FROM orders)",
    "SELECT 1 / 0",
    "SELECT count(*) FROM kept",
    "SET LOCAL work_mem = '5MB'",
    "SHOW work_mem",
    "DECLARE c CURSOR FOR SELECT generate_series(1, 10)",
    "FETCH 2 FROM c",
    "SELEC",
    "",
];

/// Sent as a Query, so that the state of the transaction is known at once.
const BLOCKS: &[&str] = &["BEGIN", "BEGIN", "COMMIT", "ROLLBACK"];

/// A text as it goes through pgparley, and as it goes directly.
fn text(random: &mut StdRng) -> (&'static str, &'static str) {
    if random.random_bool(0.4) {
        return *QUESTIONS.choose(random).expect("there are some");
    }
    let text = TEXTS.choose(random).expect("there are some");
    (text, text)
}

/// One step of a pipeline, both ways.
fn step(random: &mut StdRng) -> (Vec<u8>, Vec<u8>) {
    let (asked, written) = text(random);
    let name = ["", "s"][random.random_range(0..2)];
    let max_rows = random.random_range(0..2);
    match random.random_range(0..14) {
        0..3 => (synced_query(asked), synced_query(written)),
        3..5 => (message::unnamed(asked), message::unnamed(written)),
        5 => {
            // The name may be taken; PostgreSQL would refuse it then.
            let parse = |sql| [message::close_statement(name), message::parse(name, sql)].concat();
            (parse(asked), parse(written))
        }
        step => {
            let same = match step {
                // Only named ones: a Parse that fails destroys the unnamed statement at the server,
                // and a portal lives to the end of its transaction, which may be near.
                6 | 7 => {
                    let executes = message::execute("", max_rows).repeat(2);
                    [message::bind("", "s", &[]), executes].concat()
                }
                8 => message::close_statement(name),
                9 => message::flush(),
                10 | 11 => synced_query(BLOCKS.choose(random).expect("there are some")),
                _ => message::sync(),
            };
            (same.clone(), same)
        }
    }
}

/// A Query that has its transaction for itself, as every driver sends it.
fn synced_query(sql: &str) -> Vec<u8> {
    [message::sync(), message::query(sql)].concat()
}

/// What must be equal: everything but the words of notices and errors, and columns' names.
fn compared(messages: &[Message]) -> Vec<(Kind, String)> {
    let told = messages
        .iter()
        .filter(|message| !matches!(message.kind(), Kind::NoticeResponse | Kind::ParameterStatus));
    told.map(|message| match message.kind() {
        kind @ (Kind::ErrorResponse | Kind::RowDescription) => (kind, String::new()),
        kind => (kind, message.text()),
    })
    .collect()
}

#[test]
fn questions_in_random_pipelines_do_what_their_sql_would() {
    let database = database();
    let mut direct = TestClient::login(cluster().addr(), &database);
    let mut through = TestClient::login(proxy(), &database);
    for seed in 0..150 {
        let mut random = StdRng::seed_from_u64(seed);
        let (mut asked, mut written) = (Vec::new(), Vec::new());
        for _ in 0..random.random_range(4..25) {
            let (one, other) = step(&mut random);
            asked.extend(one);
            written.extend(other);
        }
        asked.extend(pipeline::end());
        written.extend(pipeline::end());
        // Seen only when the test fails, which may be by waiting in vain.
        let sent = pipeline::shown(&asked);
        eprintln!("pipeline {seed}: {sent:#?}");

        let run = |client: &mut TestClient, bytes: &[u8]| {
            client.rows(FIXTURE);
            let replies = pipeline::exchange(client, bytes, random.clone());
            client.run("DEALLOCATE ALL");
            let left = client.row("SELECT count(*), (SELECT count(*) FROM orders) FROM kept");
            (replies, left)
        };
        let expected = run(&mut direct, &written);
        let answered = run(&mut through, &asked);
        assert_eq!(
            compared(&answered.0),
            compared(&expected.0),
            "pipeline {seed}\nsent: {sent:#?}\nthrough: {:#?}\ndirect: {:#?}",
            answered.0,
            expected.0
        );
        assert_eq!(answered.1, expected.1, "pipeline {seed}\nsent: {sent:#?}");
    }
}
