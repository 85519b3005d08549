//! Which statements run, and how much of them.

use pgparley::config::MultipleStatements;
use pgparley::config::Policy;
use pgparley::config::Rules;

use crate::commands;
use crate::error;
use crate::lets_through;
use crate::prepared_database;
use crate::refuses;
use crate::support::client::TestClient;
use crate::support::message::frame;
use crate::support::message::function_call;
use crate::support::message::sync;
use crate::support::message::unnamed;
use crate::under;

fn denying(names: &[&str]) -> Policy {
    Policy {
        statements: Rules {
            allow: None,
            deny: commands(names),
        },
        ..Policy::default()
    }
}

#[test]
fn denied_statements_do_not_run_in_any_disguise() {
    let policy = denying(&["delete", "create"]);
    let texts = [
        "DELETE FROM t",
        "WITH d AS (DELETE FROM t RETURNING *) SELECT count(*) FROM d",
        "EXPLAIN ANALYZE DELETE FROM t",
        "PREPARE transaction AS DELETE FROM t",
        "COPY (DELETE FROM t RETURNING id) TO STDOUT",
        "SELECT id INTO other FROM t",
        "DO $$ BEGIN DELETE FROM t; END $$",
        "SELECT query_to_xml('DELETE FROM t', true, true, '')",
    ];
    refuses(&policy, "deny_statements", &texts);
    lets_through(
        &policy,
        &[
            "SELECT 1",
            "UPDATE t SET id = id",
            "BEGIN; SELECT 1; COMMIT",
        ],
    );
}

#[test]
fn what_reads_like_a_routine_hides_no_statement() {
    let text = "CREATE TEMP VIEW v AS WITH begin AS (SELECT 1 AS a) SELECT a FROM begin atomic; \
                DELETE FROM t";
    refuses(&denying(&["delete"]), "deny_statements", &[text]);
}

#[test]
fn only_allowed_statements_run() {
    let policy = Policy {
        statements: Rules {
            allow: Some(commands(&["select", "insert", "prepare"])),
            deny: Vec::new(),
        },
        ..Policy::default()
    };
    let texts = [
        "SET work_mem = '1MB'",
        "UPDATE t SET id = 1",
        "CREATE TABLE x ()",
        "SHOW ALL",
        "LISTEN a",
    ];
    refuses(&policy, "allow_statements", &texts);
    lets_through(&policy, &["TABLE t", "PREPARE p AS SELECT 1; EXECUTE p"]);
}

#[test]
fn several_statements_are_one_too_many() {
    let policy = Policy {
        multiple_statements: MultipleStatements::Deny,
        ..Policy::default()
    };
    let database = prepared_database();
    for running in under(&policy) {
        let mut client = TestClient::login(running.addr(), &database);
        let refused = client.error("SELECT 1; DELETE FROM t");
        assert_eq!(refused.field('D'), "Rule \"multiple_statements\".");
        assert_eq!(client.row("SELECT count(*) FROM t;"), "1000");
    }
}

#[test]
fn writes_without_where_do_not_run() {
    let policy = Policy {
        require_where: true,
        ..Policy::default()
    };
    let texts = [
        "DELETE FROM t",
        "UPDATE t SET id = 1 WHERE 1 = 1",
        "WITH d AS (DELETE FROM t RETURNING 1) SELECT * FROM d WHERE true",
    ];
    refuses(&policy, "require_where", &texts);
    lets_through(
        &policy,
        &[
            "DELETE FROM t WHERE id = 5",
            "UPDATE t SET id = 1 WHERE id = 2",
        ],
    );
}

#[test]
fn long_statements_are_not_read() {
    let policy = Policy {
        max_statement_bytes: Some(100),
        ..Policy::default()
    };
    let long = format!("SELECT '{}'", "x".repeat(200));
    refuses(&policy, "max_statement_bytes", &[&long]);
    lets_through(&policy, &["SELECT 1"]);
}

#[test]
fn very_long_statements_are_thrown_away_as_they_come() {
    let policy = Policy {
        max_statement_bytes: Some(100),
        ..Policy::default()
    };
    let database = prepared_database();
    // Not so long that it would be refused without a policy's rule.
    let text = vec![b' '; 10 * 1024 * 1024];
    for running in under(&policy) {
        let mut client = TestClient::login(running.addr(), &database);
        client.send(&frame(b'Q', &text));
        let replies = client.replies();
        assert_eq!(error(&replies).expect("refused").field('C'), "54000");
        let parse = [&b"\0"[..], &text, b"\0\0\0"].concat();
        client.send(
            &[
                unnamed("INSERT INTO kept VALUES (1)"),
                frame(b'P', &parse),
                sync(),
            ]
            .concat(),
        );
        let replies = client.replies();
        assert_eq!(error(&replies).expect("refused").field('C'), "54000");
        assert_eq!(client.row("SELECT count(*) FROM kept"), "0");
    }
}

#[test]
fn functions_are_not_called_by_their_number() {
    let database = prepared_database();
    for running in under(&denying(&["delete"])) {
        let mut client = TestClient::login(running.addr(), &database);
        // pg_backend_pid
        client.send(&function_call(2026, &[]));
        let replies = client.replies();
        assert_eq!(error(&replies).expect("refused").field('C'), "42501");
        assert_eq!(client.row("SELECT 1"), "1");
    }
}

#[test]
fn text_that_can_be_read_in_two_ways_does_not_run() {
    refuses(
        &denying(&["delete"]),
        "unreadable",
        &[
            "SELECT 'a\\'; DELETE FROM t; --'",
            "SET client_encoding = 'SJIS'",
        ],
    );
}
