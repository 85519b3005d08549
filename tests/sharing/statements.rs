//! Prepared statements are their client's, whichever server connection they are used on.

use pgparley::config::Policy;

use crate::Other;
use crate::PID;
use crate::Shared;
use crate::alike;
use crate::expect;
use crate::sharing;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::bind;
use crate::support::message::close_statement;
use crate::support::message::describe_portal;
use crate::support::message::describe_statement;
use crate::support::message::execute;
use crate::support::message::parse;
use crate::support::message::query;
use crate::support::message::sync;
use crate::support::message::unnamed;
use crate::support::proxy::proxy_with;

/// Prepares, alone in its transaction.
pub(crate) fn prepare(name: &str, sql: &str) -> Vec<u8> {
    [parse(name, sql), sync()].concat()
}

/// Executes what was prepared, alone in its transaction.
pub(crate) fn run(name: &str, values: &[&str]) -> Vec<u8> {
    let values: Vec<_> = values.iter().map(|value| Some(value.as_bytes())).collect();
    [
        bind("", name, &values),
        describe_portal(""),
        execute("", 0),
        sync(),
    ]
    .concat()
}

fn describe(name: &str) -> Vec<u8> {
    [describe_statement(name), sync()].concat()
}

fn close(name: &str) -> Vec<u8> {
    [close_statement(name), sync()].concat()
}

/// The rows among replies that hold no error.
#[track_caller]
pub(crate) fn rows(replies: &[Message]) -> Vec<String> {
    let failed = replies
        .iter()
        .find(|message| message.kind() == Kind::ErrorResponse);
    assert!(failed.is_none(), "{replies:?}");
    let rows = replies
        .iter()
        .filter(|message| message.kind() == Kind::DataRow);
    rows.map(Message::text).collect()
}

#[test]
fn named_statement_is_used_in_many_transactions() {
    alike(
        &[],
        "",
        &[
            prepare("s", "SELECT $1::int + 1"),
            run("s", &["1"]),
            describe("s"),
            run("s", &["2"]),
            query("BEGIN"),
            run("s", &["3"]),
            run("s", &["no number"]),
            run("s", &["4"]),
            query("ROLLBACK"),
            run("s", &["5"]),
            query("DEALLOCATE ALL"),
            run("s", &["6"]),
        ],
    );
}

#[test]
fn errors_speak_of_the_clients_own_names() {
    alike(
        &[],
        "",
        &[
            prepare("s", "SELECT 1"),
            prepare("s", "SELECT 2"),
            run("s", &[]),
            run("s", &["1"]),
            run("unknown", &[]),
            describe("unknown"),
            close("unknown"),
            query("EXECUTE unknown"),
            query("DEALLOCATE unknown"),
            query("EXECUTE s(1)"),
            query("PREPARE s AS SELECT 3"),
            prepare("it's \"odd\"", "SELECT 1"),
            prepare("it's \"odd\"", "SELECT 1"),
            run("it's \"odd\"", &["1", "2"]),
            query("EXECUTE \"it's \"\"odd\"\"\""),
            prepare("wrong", "SELECT nothing"),
            run("wrong", &[]),
            query("EXECUTE wrong"),
            query("PREPARE p(int) AS SELECT $1"),
            query("PREPARE p(int) AS SELECT $1"),
            query("EXECUTE p"),
            query("EXECUTE p(1, 2)"),
            run("p", &["x"]),
            run("p", &[]),
            query("DEALLOCATE p"),
            query("DEALLOCATE p"),
            run("p", &["1"]),
        ],
    );
}

#[test]
fn closed_name_can_be_used_for_another_statement() {
    alike(
        &[],
        "",
        &[
            prepare("s", "SELECT 'one'"),
            run("s", &[]),
            close("s"),
            run("s", &[]),
            prepare("s", "SELECT 'two', 2"),
            run("s", &[]),
            [
                close_statement("s"),
                parse("s", "SELECT 'three'"),
                bind("", "s", &[]),
                execute("", 0),
                sync(),
            ]
            .concat(),
            describe("s"),
            run("s", &[]),
            query("DEALLOCATE s"),
            prepare("s", "SELECT 'four'"),
            run("s", &[]),
        ],
    );
}

#[test]
fn unnamed_statement_lives_until_the_next_parse_or_query() {
    alike(
        &[],
        "",
        &[
            prepare("", "SELECT $1::text"),
            run("", &["a"]),
            run("", &["b"]),
            describe(""),
            query("SELECT 1"),
            run("", &["c"]),
            describe(""),
            prepare("", "SELECT 2"),
            prepare("", "SELECT nothing"),
            run("", &[]),
            prepare("", "SELECT 3"),
            close(""),
            run("", &[]),
            prepare("", "SELECT 4"),
            query("BEGIN"),
            run("", &[]),
            query("ROLLBACK"),
        ],
    );
}

#[test]
fn clients_mean_their_own_by_the_same_name() {
    let running = sharing(1);
    let database = database();
    let mut clients = [(); 3].map(|()| TestClient::login(running.addr(), &database));
    for (n, client) in clients.iter_mut().enumerate() {
        client.send(&prepare("s", &format!("SELECT {n}, $1::text")));
        rows(&client.replies());
        client.rows(&format!("PREPARE p AS SELECT 'p', {n}"));
    }
    for _ in 0..3 {
        for (n, client) in clients.iter_mut().enumerate() {
            client.send(&run("s", &["x"]));
            assert_eq!(rows(&client.replies()), [format!("{n}|x")]);
            assert_eq!(client.row("EXECUTE p"), format!("p|{n}"));
        }
    }
}

#[test]
fn same_text_means_what_its_clients_settings_say() {
    let running = sharing(1);
    let database = database();
    let zones = ["Asia/Tokyo", "UTC", "America/Lima"];
    let mut clients = zones.map(|_| TestClient::login(running.addr(), &database));
    for (zone, client) in zones.iter().zip(&mut clients) {
        client.rows(&format!("SET TimeZone = '{zone}'"));
        let constant = "SELECT extract(epoch FROM '2026-01-01'::timestamptz)::bigint / 3600 % 24";
        client.send(&prepare("s", constant));
        rows(&client.replies());
        client.rows(&format!("PREPARE p AS {constant}"));
    }
    for _ in 0..2 {
        for (hour, client) in ["15", "0", "5"].iter().zip(&mut clients) {
            client.send(&run("s", &[]));
            assert_eq!(rows(&client.replies()), [*hour]);
            assert_eq!(client.row("EXECUTE p"), *hour);
        }
    }
}

#[test]
fn more_statements_than_a_connection_may_hold_all_work() {
    let running = proxy_with(|config| {
        config.databases[0].pool_size = 1;
        config.databases[0].max_prepared_statements = 2;
    });
    let database = database();
    let mut client = TestClient::login(running.addr(), &database);
    for n in 0..5 {
        client.send(&prepare(&format!("s{n}"), &format!("SELECT {n}")));
        rows(&client.replies());
    }
    for round in 0..15 {
        let n = round * 2 % 5;
        client.send(&run(&format!("s{n}"), &[]));
        assert_eq!(rows(&client.replies()), [n.to_string()]);
    }
    let all = (0..5).flat_map(|n| {
        let name = format!("s{n}");
        [bind("", &name, &[]), execute("", 0)].concat()
    });
    client.send(&all.chain(sync()).collect::<Vec<_>>());
    assert_eq!(rows(&client.replies()), ["0", "1", "2", "3", "4"]);
    client.send(&run("s0", &[]));
    assert_eq!(rows(&client.replies()), ["0"]);
    let held: u32 = client
        .row("SELECT count(*) FROM pg_prepared_statements")
        .parse()
        .expect("a number");
    assert!(held <= 2, "{held} are held");
}

#[test]
fn parse_that_failed_in_a_pipeline_leaves_its_name_free() {
    alike(
        &[],
        "",
        &[
            [
                parse("a", "SELECT 'a'"),
                parse("b", "SELECT nothing"),
                parse("c", "SELECT 'c'"),
                sync(),
            ]
            .concat(),
            run("a", &[]),
            run("b", &[]),
            run("c", &[]),
            prepare("b", "SELECT 'b'"),
            prepare("c", "SELECT 'another c'"),
            run("b", &[]),
            run("c", &[]),
            [
                bind("", "a", &[]),
                execute("", 0),
                unnamed("SELECT 1 / 0"),
                parse("d", "SELECT 'd'"),
                close_statement("a"),
                sync(),
            ]
            .concat(),
            run("a", &[]),
            prepare("d", "SELECT 'another d'"),
            run("d", &[]),
        ],
    );
}

#[test]
fn statement_prepared_in_a_failed_block_stays() {
    alike(
        &[],
        "",
        &[
            query("BEGIN"),
            query("PREPARE p AS SELECT 'p'"),
            prepare("s", "SELECT 's'"),
            query("ROLLBACK"),
            query("EXECUTE p"),
            run("s", &[]),
            query("BEGIN; PREPARE q AS SELECT 'q'; SELECT 1 / 0; PREPARE r AS SELECT 'r'"),
            query("EXECUTE q"),
            query("ROLLBACK"),
            query("EXECUTE q"),
            query("EXECUTE r"),
            query("BEGIN"),
            query("DEALLOCATE p"),
            query("ROLLBACK"),
            query("EXECUTE p"),
        ],
    );
}

#[test]
fn sql_and_the_protocol_speak_of_the_same_statements() {
    alike(
        &[],
        "CREATE TABLE items AS SELECT n FROM generate_series(1, 3) n",
        &[
            query("PREPARE p(int) AS SELECT n + 0 AS n FROM items WHERE n > $1 ORDER BY n"),
            query("EXECUTE p(1)"),
            run("p", &["2"]),
            describe("p"),
            query("EXPLAIN (COSTS OFF) EXECUTE p(1)"),
            query("CREATE TABLE made AS EXECUTE p(1)"),
            query("SELECT count(*) FROM made"),
            prepare("s", "SELECT n * $1::int FROM items ORDER BY n"),
            query("EXECUTE s(10)"),
            query("EXPLAIN (COSTS OFF) EXECUTE s(1)"),
            [unnamed("EXECUTE s(20)"), sync()].concat(),
            [unnamed("PREPARE q AS SELECT 'q'"), sync()].concat(),
            [unnamed("EXECUTE q"), sync()].concat(),
            run("q", &[]),
            close("q"),
            query("EXECUTE q"),
            query("DEALLOCATE PREPARE s"),
            run("s", &["1"]),
            [unnamed("DEALLOCATE p"), sync()].concat(),
            query("EXECUTE p(1)"),
            prepare("s", "SELECT 's'"),
            query("DEALLOCATE ALL; PREPARE p AS SELECT 'p'; EXECUTE p; DEALLOCATE p"),
            query("EXECUTE p"),
            run("s", &[]),
        ],
    );
}

#[test]
fn prepared_name_may_be_reused_in_one_text() {
    alike(
        &[],
        "",
        &[
            query(
                "PREPARE p AS SELECT 1; EXECUTE p; DEALLOCATE p; PREPARE p AS SELECT 2; EXECUTE p",
            ),
            query("EXECUTE p"),
            query("DEALLOCATE p; EXECUTE p"),
            query("EXECUTE p"),
            query("PREPARE \"P\" AS SELECT 'upper'"),
            query("PREPARE P AS SELECT 'lower'"),
            query("EXECUTE \"P\""),
            query("EXECUTE p"),
            query("DISCARD ALL"),
            query("EXECUTE p"),
        ],
    );
}

#[test]
fn listing_shows_only_statements_that_somebody_prepared() {
    let database = database();
    let mut shared = Shared::login(&[("user", "postgres"), ("database", &database)]);
    rows(&shared.ask(&prepare("s", "SELECT 'listed'")));
    let texts = "SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%listed%' \
                 AND statement NOT LIKE '%pg_prepared%'";
    shared.client.send(&run("s", &[]));
    assert_eq!(rows(&shared.client.replies()), ["listed"]);
    assert_eq!(shared.client.rows(texts), ["SELECT 'listed'"]);
}

#[test]
fn statement_follows_its_client_to_a_new_connection() {
    let database = database();
    let running = sharing(1);
    let mut client = TestClient::login(running.addr(), &database);
    client.send(&prepare("s", "SELECT $1::int"));
    rows(&client.replies());
    client.rows("PREPARE p AS SELECT 'p'");
    for n in ["1", "2"] {
        let pid = client.row(PID);
        cluster()
            .run_sql(
                "postgres",
                &format!("SELECT pg_terminate_backend({pid}, 10000)"),
            )
            .expect("it ends");
        client.send(&run("s", &[n]));
        assert_eq!(rows(&client.replies()), [n]);
        assert_eq!(client.row("EXECUTE p"), "p");
        assert_ne!(client.row(PID), pid);
    }
}

#[test]
fn discard_of_another_client_takes_no_statement_away() {
    let database = database();
    let running = sharing(1);
    let mut client = TestClient::login(running.addr(), &database);
    let mut other = Other::login(running.addr(), &database);
    client.send(&prepare("s", "SELECT $1::int"));
    rows(&client.replies());
    for n in 0..8 {
        other.soil();
        client.send(
            &[
                bind("", "s", &[Some(b"1")]),
                execute("", 0),
                parse("t", "SELECT 2"),
                bind("", "t", &[]),
                execute("", 0),
                close_statement("t"),
                sync(),
            ]
            .concat(),
        );
        expect!(client, BindComplete);
        expect!(client, DataRow, "1");
        expect!(client, CommandComplete, "SELECT 1");
        expect!(client, ParseComplete);
        expect!(client, BindComplete);
        expect!(client, DataRow, "2");
        expect!(client, CommandComplete, "SELECT 1");
        expect!(client, CloseComplete);
        expect!(client, ReadyForQuery, "I");
        assert_eq!(client.row(&format!("SELECT {n}")), n.to_string());
    }
}

#[test]
fn names_behind_a_deallocate_all_are_free() {
    let both = "PREPARE p AS SELECT 'p'; DEALLOCATE ALL; PREPARE p AS SELECT 'another p'";
    let pipelines = [
        query(both),
        run("s", &[]),
        run("p", &[]),
        prepare("s", "SELECT 2"),
    ];
    for forget in [
        query("DEALLOCATE ALL"),
        query("DISCARD ALL"),
        query("SELECT 1; DISCARD ALL"),
    ] {
        // What is in one pipeline is looked at before any of it is answered.
        let database = database();
        let running = sharing(1);
        let told = [cluster().addr(), running.addr()].map(|addr| {
            let mut client = TestClient::login(addr, &database);
            client.send(&prepare("s", "SELECT 1"));
            client.replies();
            client.send(&[forget.clone(), pipelines.concat()].concat());
            let replies = (0..=pipelines.len()).flat_map(|_| client.replies());
            let mut replies: Vec<_> = replies.collect();
            replies.extend(client.run("EXECUTE p"));
            replies
        });
        let [direct, through] = told;
        assert_eq!(through, direct);
    }
}

#[test]
fn prepared_execute_is_used_on_many_connections() {
    alike(
        &[],
        "",
        &[
            query("PREPARE q AS SELECT 'q'"),
            prepare("exec", "EXECUTE q"),
            run("exec", &[]),
            run("exec", &[]),
            run("exec", &[]),
        ],
    );
}

#[test]
fn error_tells_the_place_in_the_clients_text() {
    alike(
        &[],
        "",
        &[
            query("PREPARE wrong AS SELECT nothing"),
            query("PREPARE p(int) AS SELECT $1"),
            query("EXECUTE p('x')"),
            query("EXECUTE p('é'); SELECT nothing"),
            query("SELECT 'é'; EXECUTE p(1); DEALLOCATE p; SELECT nothing"),
            query("/* é */ PREPARE \"A b\" AS SELECT nothing"),
            [unnamed("PREPARE wrong AS SELECT nothing"), sync()].concat(),
            query("SELECT nothing"),
        ],
    );
}

#[test]
fn error_tells_the_place_in_a_text_that_was_limited() {
    let limited = proxy_with(|config| {
        let policy = Policy {
            name: "limited".to_owned(),
            row_limit: Some(5),
            ..Policy::default()
        };
        config.policies = vec![policy];
    });
    let database = database();
    let told = [cluster().addr(), limited.addr()].map(|addr| {
        let mut client = TestClient::login(addr, &database);
        let text = "SELECT 1; SELECT 'é' LIMIT 100; SELECT nothing";
        let errors = client.run(text).into_iter();
        errors
            .filter(|message| message.kind() == Kind::ErrorResponse)
            .map(|error| error.field('P'))
            .collect::<Vec<_>>()
    });
    assert_eq!(told[1], told[0]);
    assert_eq!(told[0].len(), 1);
}
