//! Statements under row limits, held against PostgreSQL itself: the rows are the first of its own,
//! and what is written is the same.

use std::net::SocketAddr;

use pgparley::config::Mechanism;
use pgparley::config::Policy;
use pgparley::config::Returning;
use rand::Rng;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::bind;
use crate::support::message::execute;
use crate::support::message::parse;
use crate::support::message::sync;
use crate::support::message::unnamed;
use crate::under;

/// Functions that write and such that do not, behind views, operators and casts too.
const FIXTURE: &str = "
    DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s; SET search_path TO s;
    CREATE TABLE t (id int PRIMARY KEY, a int, b text);
    INSERT INTO t SELECT i, i % 7, 'x' || i % 5 FROM generate_series(1, 40) i;
    CREATE TABLE log (id int);
    CREATE SEQUENCE q;
    CREATE FUNCTION w(int) RETURNS int LANGUAGE sql
        AS 'INSERT INTO log VALUES ($1); SELECT $1';
    CREATE FUNCTION many(int) RETURNS SETOF int LANGUAGE plpgsql
        AS 'BEGIN FOR i IN 1..$1 LOOP INSERT INTO log VALUES (i); RETURN NEXT i; END LOOP; END';
    CREATE FUNCTION quiet(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 + 1';
    CREATE VIEW v AS SELECT id, w(id) AS x FROM t;
    CREATE OPERATOR @@@ (FUNCTION = w, RIGHTARG = int);
    CREATE TYPE c AS (x int);
    CREATE FUNCTION to_c(int) RETURNS c LANGUAGE sql
        AS 'INSERT INTO log VALUES ($1); SELECT ROW($1)::c';
    CREATE CAST (int AS c) WITH FUNCTION to_c(int)";

/// What may be selected, by itself or in a FROM.
const READS: &[&str] = &[
    "SELECT id FROM t",
    "SELECT id, b FROM t WHERE a > 2",
    "SELECT a, count(*) FROM t GROUP BY a",
    "SELECT DISTINCT a FROM t",
    "SELECT id, w(id) FROM t",
    "SELECT id, quiet(id) FROM t",
    "SELECT id, nextval('q') > 0 FROM t",
    "SELECT id, x FROM v",
    "SELECT id, @@@ id FROM t",
    "SELECT id, id::c FROM t",
    "SELECT id, (SELECT max(w(a)) FROM t u WHERE u.id = t.id) FROM t",
    "SELECT m, 1 FROM many(12) m",
    "SELECT id, 2 FROM t UNION SELECT m, 3 FROM many(5) m",
    "SELECT id FROM t UNION ALL (SELECT id + 100 FROM t ORDER BY id LIMIT 4)",
    "VALUES (3), (1), (2), (5), (4)",
    "WITH x AS (SELECT id FROM t WHERE id > 5) SELECT id FROM x",
    "WITH x AS (INSERT INTO log SELECT id FROM t RETURNING id) SELECT id FROM x",
    "WITH x AS (SELECT w(id) AS id FROM t) SELECT id FROM x",
];

const BOUNDS: &[&str] = &[
    "",
    "",
    "",
    "LIMIT 2",
    "LIMIT 30",
    "LIMIT ALL",
    "LIMIT NULL OFFSET 1",
    "LIMIT 5 + 3",
    "OFFSET 3",
    "OFFSET 2 ROWS FETCH NEXT 20 ROWS ONLY",
    "FETCH FIRST ROW ONLY",
    "FETCH FIRST 2 ROWS WITH TIES",
    "LIMIT (SELECT 6)",
    "FOR UPDATE",
];

/// What writes, and may bring rows.
const WRITES: &[&str] = &[
    "INSERT INTO log SELECT id FROM t",
    "UPDATE t SET a = a + 1 WHERE id > 4 RETURNING id",
    "DELETE FROM t WHERE id > 36 RETURNING id, a",
    "INSERT INTO log SELECT w(id) FROM t RETURNING id",
    "CREATE TABLE made AS SELECT w(id) AS id FROM t; DROP TABLE made",
    "SELECT w(id) AS id INTO made FROM t; DROP TABLE made",
    "DO $$ BEGIN PERFORM w(id) FROM t; END $$",
    "SELECT w(1); SELECT id, w(id) FROM t ORDER BY 1; SELECT w(2)",
];

fn statement(random: &mut StdRng) -> String {
    let mut pick = |from: &[&'static str]| from[random.random_range(0..from.len())];
    let read = pick(READS);
    let bounds = pick(BOUNDS);
    match pick(&[
        "read", "read", "read", "read", "write", "comment", "cursor", "execute",
    ]) {
        "write" => pick(WRITES).to_owned(),
        "comment" => format!("/* a */ {read} ORDER BY 1 {bounds} -- LIMIT 1"),
        "cursor" => {
            format!("BEGIN; DECLARE k CURSOR FOR {read} ORDER BY 1; FETCH ALL k; CLOSE k; COMMIT")
        }
        "execute" => format!("PREPARE p AS {read} ORDER BY 1; EXECUTE p; DEALLOCATE p"),
        _ => format!("{read} ORDER BY 1 {bounds}"),
    }
}

/// The rows of each result, and what is written behind it.
type Seen = (Vec<Vec<Vec<u8>>>, Vec<String>);

fn run(addr: SocketAddr, database: &str, text: &str, batch: Option<u32>) -> Seen {
    let mut owner = TestClient::login(cluster().addr(), database);
    owner.rows(FIXTURE);
    let mut client = TestClient::login(addr, database);
    client.rows("SET search_path TO s");
    let replies = match batch {
        _ if text.contains(';') => client.run(text),
        None => client.run(text),
        Some(0) => {
            client.send(&[unnamed(text), sync()].concat());
            client.replies()
        }
        Some(batch) => {
            let mut messages = vec![parse("", text), bind("", "", &[])];
            messages.extend((0..200 / batch).map(|_| execute("", batch)));
            messages.extend([execute("", 0), sync()]);
            client.send(&messages.concat());
            client.replies()
        }
    };
    drop(client);
    let written = owner.rows(
        "SELECT 'log', id, count(*)::int FROM s.log GROUP BY id \
         UNION ALL SELECT b, id, a FROM s.t UNION ALL SELECT 'q', last_value, 0 FROM s.q ORDER BY 1, 2",
    );
    (results(&replies), written)
}

/// The rows of a portal are one result, in however many parts they come.
fn results(replies: &[Message]) -> Vec<Vec<Vec<u8>>> {
    let mut results = vec![Vec::new()];
    for message in replies {
        match message.kind() {
            Kind::DataRow => {
                let last = results.last_mut().expect("one at least");
                last.push(message.body.clone());
            }
            Kind::CommandComplete => results.push(Vec::new()),
            _ => {}
        }
    }
    results.retain(|rows| !rows.is_empty());
    results
}

fn limited(rows: u64, mechanism: Mechanism) -> Policy {
    Policy {
        row_limit: Some(rows),
        mechanism,
        returning: Returning::Truncate,
        ..Policy::default()
    }
}

#[test]
fn rows_are_the_first_and_writes_are_whole() {
    let database = database();
    let mut random = StdRng::seed_from_u64(7);
    let ways = [
        (1, Mechanism::Auto),
        (3, Mechanism::Auto),
        (3, Mechanism::Count),
        (10_000, Mechanism::Auto),
    ];
    let ways = ways.map(|(rows, mechanism)| (rows, under(&limited(rows, mechanism))));
    for _ in 0..60 {
        let text = statement(&mut random);
        let batch = [None, Some(0), Some(2), Some(7)][random.random_range(0..4)];
        let (direct, written) = run(cluster().addr(), &database, &text, batch);
        for (most, running) in &ways {
            let expected: Vec<_> = direct
                .iter()
                .map(|rows| rows[..rows.len().min(*most as usize)].to_vec())
                .collect();
            for running in running {
                let (got, left) = run(running.addr(), &database, &text, batch);
                assert_eq!(got, expected, "{most} of {text} in {batch:?}");
                assert_eq!(left, written, "{most} of {text} in {batch:?}");
            }
        }
    }
}
