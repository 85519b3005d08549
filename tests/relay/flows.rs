//! Simple and extended queries, pipelines, errors in the middle, portals, notices, notifications.

use crate::expect;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::bind;
use crate::support::message::close_portal;
use crate::support::message::close_statement;
use crate::support::message::describe_portal;
use crate::support::message::describe_statement;
use crate::support::message::execute;
use crate::support::message::flush;
use crate::support::message::function_call;
use crate::support::message::parse;
use crate::support::message::query;
use crate::support::message::sync;
use crate::support::message::unnamed;
use crate::support::proxy::proxy;
use crate::support::proxy::same;

fn kinds(messages: &[Message]) -> Vec<Kind> {
    messages.iter().map(Message::kind).collect()
}

#[test]
fn simple_queries_of_every_kind_are_as_direct() {
    let texts = [
        "SELECT 1 AS one, NULL, 'é' AS \"two words\"",
        "",
        " ;; ",
        "-- nothing but a comment",
        "SELECT 1; SELECT 2; SELECT 3",
        "TRUNCATE t; INSERT INTO t SELECT generate_series(1, 5000); SELECT * FROM t",
        "SELECT 1; SELECT 1 / 0; SELECT 2",
        "SELEC 1",
        "BEGIN",
        "SELECT nothing",
        "SELECT 1",
        "ROLLBACK",
        "DO $$ BEGIN RAISE NOTICE 'said'; RAISE WARNING 'warned' USING HINT = 'help'; END $$",
        "BEGIN; DECLARE c CURSOR FOR SELECT generate_series(1, 10); FETCH 3 FROM c; FETCH ALL FROM c",
        "COMMIT",
        "EXPLAIN (COSTS OFF) SELECT 1",
        "SHOW server_version",
        "INSERT INTO t VALUES (1) RETURNING n",
        "TABLE t LIMIT 2",
        "VALUES (1, 'a'), (2, 'b')",
    ];
    let database = database();
    let table = cluster().run_sql(&database, "CREATE TABLE t (n int)");
    table.expect("it can be made");
    let replies = same(&database, |client| texts.map(|text| client.run(text)));
    assert_eq!(replies.len(), texts.len());
    assert_eq!(replies[1][0].kind(), Kind::EmptyQueryResponse);
}

#[test]
fn several_queries_sent_at_once_are_answered_in_order() {
    let replies = same(&database(), |client| {
        client.send(
            &[
                query("SELECT 1"),
                query("SELECT nothing"),
                query("SELECT 3"),
            ]
            .concat(),
        );
        [client.replies(), client.replies(), client.replies()]
    });
    assert_eq!(replies[2][1].text(), "3");
}

#[test]
fn named_statement_is_described_bound_and_executed_again_and_again() {
    same(&database(), |client| {
        let mut batch = parse("s", "SELECT $1::int + $2::int AS sum, $3::text");
        batch.extend(describe_statement("s"));
        for n in ["1", "20", "300"] {
            let values = [Some(n.as_bytes()), Some(b"4"), None];
            batch.extend(bind("p", "s", &values));
            batch.extend(describe_portal("p"));
            batch.extend(execute("p", 0));
            batch.extend(close_portal("p"));
        }
        batch.extend(sync());
        client.send(&batch);
        let first = client.replies();
        client.send(&[close_statement("s"), bind("", "s", &[]), sync()].concat());
        (first, client.replies())
    });
}

#[test]
fn pipeline_of_several_syncs_is_answered_in_order() {
    let replies = same(&database(), |client| {
        let mut batch = Vec::new();
        for n in 0..100 {
            batch.extend(unnamed(&format!("SELECT {n}")));
            batch.extend(sync());
        }
        client.send(&batch);
        (0..100).map(|_| client.replies()).collect::<Vec<_>>()
    });
    assert_eq!(replies[99][3].text(), "99");
}

#[test]
fn error_in_a_pipeline_skips_to_the_sync() {
    use Kind::*;

    let replies = same(&database(), |client| {
        let batch = [
            unnamed("SELECT 1"),
            unnamed("SELECT 1 / n FROM generate_series(0, 0) n"),
            unnamed("SELECT 2"),
            close_statement("x"),
            query("SELECT 'skipped too'"),
            sync(),
            unnamed("SELECT 3"),
            sync(),
        ];
        client.send(&batch.concat());
        (client.replies(), client.replies())
    });
    assert_eq!(
        kinds(&replies.0),
        [
            ParseComplete,
            BindComplete,
            RowDescription,
            DataRow,
            CommandComplete,
            ParseComplete,
            BindComplete,
            RowDescription,
            ErrorResponse,
            ReadyForQuery
        ]
    );
    assert_eq!(replies.1[3].text(), "3");
}

#[test]
fn error_takes_back_what_was_written_since_the_last_sync() {
    let rows = same(&database(), |client| {
        client.rows("DROP TABLE IF EXISTS kept; CREATE TABLE kept (n int)");
        let insert = |n| unnamed(&format!("INSERT INTO kept VALUES ({n})"));
        let batch = [
            insert(1),
            sync(),
            insert(2),
            unnamed("SELEC"),
            insert(3),
            sync(),
        ];
        client.send(&batch.concat());
        (
            client.replies(),
            client.replies(),
            client.rows("TABLE kept"),
        )
    });
    assert_eq!(rows.2, ["1"]);
}

#[test]
fn flush_brings_the_replies_without_a_sync() {
    let database = database();
    let mut client = TestClient::login(proxy(), &database);
    client.send(&[parse("", "SELECT 5"), describe_statement(""), flush()].concat());
    expect!(client, ParseComplete);
    expect!(client, ParameterDescription);
    expect!(client, RowDescription);
    client.send(&[bind("", "", &[]), execute("", 0), flush()].concat());
    expect!(client, BindComplete);
    expect!(client, DataRow, "5");
    expect!(client, CommandComplete, "SELECT 1");
    client.send(&sync());
    expect!(client, ReadyForQuery, "I");
}

#[test]
fn error_after_a_flush_waits_for_the_sync() {
    let database = database();
    let mut client = TestClient::login(proxy(), &database);
    client.send(&[parse("", "SELEC"), flush()].concat());
    expect!(client, ErrorResponse, "42601");
    client.send(&[parse("", "SELECT 1"), flush(), sync()].concat());
    expect!(client, ReadyForQuery, "I");
    assert_eq!(client.row("SELECT 1"), "1");
}

#[test]
fn portal_with_max_rows_is_suspended_and_goes_on() {
    use Kind::*;

    let replies = same(&database(), |client| {
        client.rows("BEGIN");
        let opened = [
            parse("s", "SELECT generate_series(1, 7)"),
            bind("p", "s", &[]),
            execute("p", 3),
            sync(),
        ];
        client.send(&opened.concat());
        let first = client.replies();
        // Another portal in between, and each of its rows by itself.
        let other = [
            bind("q", "s", &[]),
            execute("q", 1),
            execute("q", 1),
            sync(),
        ];
        client.send(&other.concat());
        let second = client.replies();
        client.send(&[execute("p", 3), execute("p", 3), execute("p", 3), sync()].concat());
        let third = client.replies();
        client.rows("COMMIT");
        client.send(&[execute("p", 0), sync()].concat());
        [first, second, third, client.replies()]
    });
    assert_eq!(
        kinds(&replies[2]),
        [
            DataRow,
            DataRow,
            DataRow,
            PortalSuspended,
            DataRow,
            CommandComplete,
            CommandComplete,
            ReadyForQuery
        ]
    );
    assert_eq!(replies[3][0].text(), "34000");
}

#[test]
fn unnamed_statement_survives_a_sync_but_not_a_query() {
    same(&database(), |client| {
        client.send(&[parse("", "SELECT 1"), sync()].concat());
        let parsed = client.replies();
        let run = [bind("", "", &[]), execute("", 0), sync()].concat();
        client.send(&run);
        let ran = client.replies();
        client.rows("SELECT 2");
        client.send(&run);
        (parsed, ran, client.replies())
    });
}

#[test]
fn transaction_block_with_savepoints_keeps_its_status() {
    let statuses = same(&database(), |client| {
        let texts = [
            "BEGIN",
            "SAVEPOINT a",
            "SELECT 1 / 0",
            "SELECT 1",
            "ROLLBACK TO a",
            "SELECT 1",
            "COMMIT",
        ];
        texts.map(|text| client.run(text).pop().map(|ready| ready.text()))
    });
    let expected = ["T", "T", "E", "E", "T", "T", "I"];
    assert_eq!(statuses, expected.map(|status| Some(status.to_owned())));
}

#[test]
fn function_call_is_answered_with_its_result() {
    let replies = same(&database(), |client| {
        let oid = client.row("SELECT 'pg_catalog.int4pl(integer, integer)'::regprocedure::oid");
        let oid = oid.parse().expect("a number");
        client.send(
            &[
                function_call(oid, &["20", "3"]),
                function_call(1, &[]),
                sync(),
            ]
            .concat(),
        );
        [client.replies(), client.replies(), client.replies()]
    });
    assert_eq!(
        kinds(&replies[0]),
        [Kind::FunctionCallResponse, Kind::ReadyForQuery]
    );
    assert!(replies[0][0].body.ends_with(b"23"));
    assert_eq!(replies[1][0].kind(), Kind::ErrorResponse);
}

#[test]
fn notice_comes_before_the_statement_ends() {
    let database = database();
    let mut client = TestClient::login(proxy(), &database);
    client.query("DO $$ BEGIN RAISE NOTICE 'now'; PERFORM pg_advisory_lock(1); END $$");
    let notice = expect!(client, NoticeResponse);
    assert_eq!(notice.field('M'), "now");
    expect!(client, CommandComplete, "DO");
    expect!(client, ReadyForQuery, "I");
}

#[test]
fn notification_reaches_an_idle_listener() {
    let database = database();
    let mut listener = TestClient::login(proxy(), &database);
    let mut speaker = TestClient::login(proxy(), &database);
    listener.rows("LISTEN news");
    speaker.rows("NOTIFY news, 'extra'");
    expect!(listener, NotificationResponse, "news extra");
    assert_eq!(listener.row("SELECT 1"), "1");
}

#[test]
fn messages_cut_anywhere_are_put_together() {
    let database = database();
    let mut client = TestClient::login(proxy(), &database);
    let batch = [
        query("SELECT 'a'"),
        unnamed("SELECT 'b'"),
        sync(),
        query("SELECT 'c'"),
    ]
    .concat();
    for size in [1, 2, 3, 7, 13] {
        for piece in batch.chunks(size) {
            client.send(piece);
        }
        let rows: Vec<_> = (0..3)
            .flat_map(|_| client.replies())
            .filter(|message| message.kind() == Kind::DataRow)
            .map(|row| row.text())
            .collect();
        assert_eq!(rows, ["a", "b", "c"]);
    }
}

#[test]
fn encodings_that_are_not_utf_8_pass_byte_for_byte() {
    same(&database(), |client| {
        client.rows("SET client_encoding = 'LATIN1'");
        let mut bytes = b"SELECT '".to_vec();
        bytes.extend_from_slice(b"\xe4\xf6\xfc' AS \"\xdf\"\0");
        client.send(&crate::support::message::frame(b'Q', &bytes));
        client.replies()
    });
}
