//! Random pipelines: one message after the other, as no sane client would send them but any may.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::message;

/// The table that all runs use; made once, so that its object id is the same in all.
pub const TABLE: &str = "CREATE TABLE items (n int PRIMARY KEY, t text)";

/// Both runs begin with this.
pub const FIXTURE: &str = "TRUNCATE items; \
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

/// So many messages, and what closes whatever they have left open.
pub fn random_pipeline(random: &mut StdRng, steps: usize) -> Vec<u8> {
    let steps = (0..steps).flat_map(|_| step(random));
    let mut bytes: Vec<_> = steps.collect();
    bytes.extend(super::pipeline::end());
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
