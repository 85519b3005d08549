//! Ceilings on what EXPLAIN expects.

use std::time::Duration;
use std::time::Instant;

use pgparley::config::OnExceed;
use pgparley::config::Policy;
use pgparley::server::Running;

use crate::error;
use crate::lets_through;
use crate::prepared_database;
use crate::refuses;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::message::Kind;
use crate::support::message::bind;
use crate::support::message::close_statement;
use crate::support::message::execute;
use crate::support::message::parse;
use crate::support::message::query;
use crate::support::message::sync;
use crate::support::message::unnamed;
use crate::support::proxy::proxy_with;
use crate::under;

/// Reading `t` costs about 15, joining it with itself far more.
fn cheap() -> Policy {
    Policy {
        max_cost: Some(100.0),
        ..Policy::default()
    }
}

const DEAR: &str = "SELECT count(*) FROM t a CROSS JOIN t b";

#[test]
fn what_costs_too_much_does_not_run() {
    let create = format!("CREATE TABLE x AS {DEAR}");
    let copy = format!("COPY ({DEAR}) TO STDOUT");
    let explain = format!("EXPLAIN ANALYZE {DEAR}");
    let insert = format!("INSERT INTO kept {DEAR}");
    let with = format!("WITH x AS ({DEAR}) SELECT * FROM x");
    let texts = [DEAR, &create, &copy, &explain, &insert, &with];
    refuses(&cheap(), "max_cost", &texts);
    let cheap_ones = [
        "SELECT count(*) FROM t",
        "EXPLAIN SELECT * FROM t a, t b",
        "INSERT INTO kept VALUES (1)",
        "SHOW work_mem",
        "BEGIN; SELECT * FROM t; COMMIT",
        "COPY t TO STDOUT",
    ];
    lets_through(&cheap(), &cheap_ones);
}

#[test]
fn what_would_deliver_or_write_too_many_rows_does_not_run() {
    let policy = Policy {
        max_plan_rows: Some(500),
        ..Policy::default()
    };
    refuses(
        &policy,
        "max_plan_rows",
        &["SELECT * FROM t", "UPDATE t SET id = id"],
    );
    lets_through(
        &policy,
        &["SELECT count(*) FROM t", "SELECT * FROM t WHERE id = 5"],
    );
}

#[test]
fn the_values_of_a_bind_are_planned_with() {
    let policy = Policy {
        max_plan_rows: Some(100),
        ..Policy::default()
    };
    let database = prepared_database();
    for running in under(&policy) {
        let mut client = TestClient::login(running.addr(), &database);
        for name in ["", "named"] {
            client.send(&[parse(name, "SELECT id FROM t WHERE id <= $1"), sync()].concat());
            assert_eq!(error(&client.replies()), None);
            let mut run = |value: &[u8]| {
                client.send(&[bind("", name, &[Some(value)]), execute("", 0), sync()].concat());
                client.replies()
            };
            let rows = run(b"3");
            let delivered = rows
                .iter()
                .filter(|row| row.kind() == Kind::DataRow)
                .count();
            assert_eq!((delivered, error(&rows)), (3, None), "{name}: {rows:?}");
            let refused = run(b"900");
            assert_eq!(error(&refused).expect("too many").field('C'), "54000");
            assert_eq!(error(&run(b"3")), None, "the statement is still there");
        }
    }
}

#[test]
fn estimates_and_row_limits_hold_together() {
    let policy = Policy {
        row_limit: Some(3),
        on_exceed: OnExceed::Error,
        ..cheap()
    };
    let database = prepared_database();
    for running in under(&policy) {
        let mut client = TestClient::login(running.addr(), &database);
        let insert = unnamed("INSERT INTO kept VALUES (1)");
        for (text, code) in [
            (DEAR, "54000"),
            ("SELECT id + floor(random()) FROM t", "54000"),
        ] {
            client.send(&[insert.clone(), unnamed(text), insert.clone(), sync()].concat());
            let replies = client.replies();
            assert_eq!(error(&replies).expect("refused").field('C'), code, "{text}");
            assert_eq!(client.row("SELECT count(*) FROM kept"), "0", "{text}");
        }
        client.send(&[insert.clone(), unnamed("SELECT 1"), insert, sync()].concat());
        assert_eq!(error(&client.replies()), None);
        assert_eq!(
            client.row("WITH d AS (DELETE FROM kept RETURNING 1) SELECT count(*) FROM d"),
            "2"
        );
    }
}

#[test]
fn the_server_says_its_own_errors() {
    let database = prepared_database();
    for running in under(&cheap()) {
        let mut client = TestClient::login(running.addr(), &database);
        assert_eq!(client.error("SELECT * FROM nowhere").field('C'), "42P01");
        assert_eq!(client.error("SELECT FROM WHERE").field('C'), "42601");
        client.rows("BEGIN");
        client.send(
            &[
                parse("", "SELECT 1/$1"),
                bind("", "", &[Some(b"0")]),
                execute("", 0),
                sync(),
            ]
            .concat(),
        );
        assert_eq!(
            error(&client.replies()).expect("an error").field('C'),
            "22012"
        );
        assert_eq!(client.error("SELECT 1").field('C'), "25P02");
        client.rows("ROLLBACK");
    }
}

#[test]
fn nothing_is_left_of_asking() {
    let database = prepared_database();
    for running in under(&cheap()) {
        let mut client = TestClient::login(running.addr(), &database);
        client.rows("BEGIN");
        client.rows("SAVEPOINT a");
        client.rows("INSERT INTO kept VALUES (1)");
        assert_eq!(client.row("SELECT count(*) FROM kept"), "1");
        client.rows("ROLLBACK TO SAVEPOINT a");
        assert_eq!(client.row("SELECT count(*) FROM kept"), "0");
        client.rows("COMMIT");
        let left = "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE '%plan%'";
        assert_eq!(client.row(left), "0");
    }
}

#[test]
fn a_name_that_stands_for_another_statement_does_not_get_past() {
    let database = prepared_database();
    for running in under(&cheap()) {
        let mut client = TestClient::login(running.addr(), &database);
        let run = [bind("", "s", &[]), execute("", 0), sync()].concat();
        client.send(&[parse("s", "SELECT 1"), sync()].concat());
        client.replies();
        client.send(&run);
        assert_eq!(error(&client.replies()), None);
        client.rows("DEALLOCATE s");
        client.rows(&format!("PREPARE s AS {DEAR}"));
        client.send(&run);
        assert_eq!(
            error(&client.replies()).expect("too dear").field('C'),
            "54000"
        );
        assert_eq!(client.error("EXECUTE s").field('C'), "54000");
        client.send(&[close_statement("s"), sync()].concat());
        client.replies();
    }
}

#[test]
fn a_prepared_statement_does_not_get_past_with_another_search_path() {
    let database = prepared_database();
    let mut owner = TestClient::login(cluster().addr(), &database);
    owner.rows("CREATE SCHEMA small; CREATE TABLE small.t AS SELECT 1 AS id; ANALYZE small.t");
    for running in under(&cheap()) {
        let mut client = TestClient::login(running.addr(), &database);
        for name in ["", "s"] {
            client.rows("SET search_path = small");
            let prepare = [parse(name, DEAR), sync()].concat();
            let run = [bind("", name, &[]), execute("", 0)].concat();
            client.send(&prepare);
            assert_eq!(error(&client.replies()), None);
            client.send(&[run.clone(), sync()].concat());
            assert_eq!(error(&client.replies()), None, "{name}: cheap there");
            let elsewhere = [
                parse("away", "SET search_path = public"),
                bind("away", "away", &[]),
                execute("away", 0),
                run,
                close_statement("away"),
                sync(),
            ];
            client.send(&elsewhere.concat());
            let replies = client.replies();
            let refused = error(&replies).map(|error| error.field('C'));
            assert_eq!(refused.as_deref(), Some("54000"), "{name}: {replies:?}");
            client.send(&[close_statement("away"), close_statement(name), sync()].concat());
            client.replies();
        }
    }
}

/// A pgparley that asks for costs and gives queries so long, and a table that is locked.
fn locked(query_timeout: Duration) -> (Running, String, TestClient) {
    let database = prepared_database();
    let mut owner = TestClient::login(cluster().addr(), &database);
    owner.rows("BEGIN; LOCK TABLE t");
    let running = proxy_with(|config| {
        config.databases[0].query_timeout = Some(query_timeout);
        config.policies.push(cheap());
    });
    (running, database, owner)
}

/// Backends that wait for a lock in `database`.
fn waiting(owner: &mut TestClient, database: &str) -> String {
    owner.row(&format!(
        "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
         WHERE NOT granted AND datname = '{database}'"
    ))
}

#[test]
fn waiting_for_an_estimate_is_part_of_what_a_query_may_take() {
    let (running, database, mut owner) = locked(Duration::from_millis(300));
    let mut client = TestClient::login(running.addr(), &database);
    for message in [
        query("SELECT id FROM t"),
        [unnamed("SELECT id FROM t"), sync()].concat(),
    ] {
        client.send(&message);
        let replies = client.replies();
        let told = error(&replies).expect("it takes too long");
        assert_eq!(told.field('C'), "57014");
        assert_eq!(told.field('M'), "canceling statement due to query_timeout");
        assert_eq!(client.row("SELECT 1"), "1");
    }
    assert_eq!(waiting(&mut owner, &database), "0");
}

#[test]
fn who_leaves_while_an_estimate_waits_frees_the_server() {
    let (running, database, mut owner) = locked(Duration::from_mins(10));
    let mut client = TestClient::login(running.addr(), &database);
    client.send(&query("SELECT id FROM t"));
    let deadline = Instant::now() + Duration::from_secs(20);
    while waiting(&mut owner, &database) != "1" {
        assert!(Instant::now() < deadline, "the estimate waits");
    }
    drop(client);
    while waiting(&mut owner, &database) != "0" {
        assert!(Instant::now() < deadline, "nobody waits for it any more");
    }
}
