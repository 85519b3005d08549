//! Questions sent as a Query.

use std::time::Duration;

use pgparley::config::Policy;
use pgparley::server::Running;

use crate::GOLD;
use crate::LIST;
use crate::QUESTION;
use crate::client;
use crate::database;
use crate::expect;
use crate::gold;
use crate::kinds;
use crate::rows;
use crate::status;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::sync;
use crate::support::message::terminate;
use crate::support::message::unnamed;
use crate::support::proxy::proxy;
use crate::support::proxy::proxy_with;
use crate::support::proxy::wait_for;

#[test]
fn answer_is_a_notice_and_the_rows_as_of_any_query() {
    use Kind::*;
    let mut client = client();
    let replies = client.run(&format!("/* nl: {QUESTION} */;"));
    let expected = [
        NoticeResponse,
        RowDescription,
        CommandComplete,
        ReadyForQuery,
    ];
    assert_eq!(kinds(&replies), expected);
    assert_eq!(rows(&replies), gold(&mut client, GOLD));
    assert_eq!(replies[replies.len() - 2].text(), "SELECT 3");
    assert_eq!(status(&replies), "I");

    let notice = &replies[0];
    assert_eq!(notice.field('S'), "NOTICE");
    assert!(notice.field('D').contains("builtin"), "{notice:?}");
    // What the notice says is what was run.
    let shown = notice.field('M');
    assert_eq!(gold(&mut client, &shown), rows(&replies), "{shown}");
}

#[test]
fn same_question_gives_the_same_answer_again() {
    let mut client = client();
    let question = format!("/* nl: {QUESTION} */");
    let first = client.run(&question);
    for _ in 0..3 {
        let again = client.run(&question);
        assert_eq!(again[0].field('M'), first[0].field('M'));
        assert_eq!(rows(&again), rows(&first));
    }
}

#[test]
fn question_that_cannot_be_answered_is_refused_with_a_hint() {
    let mut client = client();
    let replies = client.run("/* nl: wibble the wobble */");
    assert_eq!(kinds(&replies), [Kind::ErrorResponse, Kind::ReadyForQuery]);
    assert_eq!(replies[0].text(), "PGN02");
    assert_eq!(replies[0].field('S'), "ERROR");
    assert!(!replies[0].field('H').is_empty());
    assert_eq!(status(&replies), "I");
    assert_eq!(client.row("SELECT 1"), "1");
}

#[test]
fn question_that_is_too_long_is_refused() {
    let mut client = client();
    let question = format!("/* nl: {} */", "how many orders ".repeat(200));
    assert_eq!(client.error(&question).text(), "54000");
    assert_eq!(client.row("SELECT 1"), "1");
}

#[test]
fn empty_question_is_refused_and_the_session_goes_on() {
    let mut client = client();
    for question in ["/* nl: */", "-- nl:", "nl: ;"] {
        assert_eq!(client.error(question).text(), "42601", "{question}");
    }
    assert_eq!(client.row("SELECT 1"), "1");
}

#[test]
fn questions_that_are_switched_off_are_refused_and_queries_are_not() {
    let running = proxy_with(|config| config.nl.enabled = false);
    let mut client = TestClient::login(running.addr(), &database());
    assert_eq!(
        client.error(&format!("/* nl: {QUESTION} */")).text(),
        "0A000"
    );
    assert_eq!(client.row("SELECT 1"), "1");
}

#[test]
fn verbs_show_the_sql_and_how_the_question_was_read() {
    let mut client = client();
    let sql = client.row(&format!("/* nl sql: {QUESTION} */"));
    assert_eq!(gold(&mut client, &sql), gold(&mut client, GOLD));
    let explained = client.rows(&format!("/* nl explain: {QUESTION} */"));
    assert_eq!(explained[0], format!("sql|{sql}"));
    assert!(
        explained.contains(&"model|builtin".to_owned()),
        "{explained:?}"
    );
}

#[test]
fn answer_longer_than_the_limit_is_cut_and_said() {
    let running = proxy_with(|config| config.nl.row_limit = 7);
    let mut client = TestClient::login(running.addr(), &database());
    let replies = client.run(&format!("/* nl: {LIST} */"));
    assert_eq!(rows(&replies).len(), 7);
    let warning = replies
        .iter()
        .find(|message| message.kind() == Kind::NoticeResponse && message.text() == "01R01");
    assert!(warning.is_some(), "{replies:?}");
    assert!(
        replies
            .iter()
            .any(|message| message.text() == "pgparley.truncated=on"),
        "{replies:?}"
    );
    assert_eq!(replies[replies.len() - 2].text(), "SELECT 7");
}

#[test]
fn a_cut_answer_names_whose_limit_it_was() {
    for (row_limit, name) in [(2, "two"), (100_000, "nl")] {
        let running = proxy_with(|config| {
            config.nl.row_limit = 7;
            config.policies.push(Policy {
                name: "two".to_owned(),
                row_limit: Some(row_limit),
                ..Policy::default()
            });
        });
        let mut client = TestClient::login(running.addr(), &database());
        let replies = client.run(&format!("/* nl: {LIST} */"));
        assert_eq!(rows(&replies).len() as u64, row_limit.min(7));
        let warning = replies
            .iter()
            .find(|message| message.kind() == Kind::NoticeResponse && message.text() == "01R01");
        let detail = warning.map(|warning| warning.field('D'));
        let expected = format!("The limit is set by \"{name}\".");
        assert_eq!(detail, Some(expected));
    }
}

#[test]
fn nothing_of_the_wrapper_is_left_in_the_session() {
    let mut client = client();
    let settings = "SELECT current_setting('statement_timeout'), current_setting('search_path'), \
                    current_setting('transaction_read_only'), \
                    (SELECT count(*) FROM pg_prepared_statements), \
                    (SELECT count(*) FROM pg_cursors)";
    let before = client.row(settings);
    client.rows(&format!("/* nl: {QUESTION} */"));
    client.error("/* nl: wibble the wobble */");
    assert_eq!(client.row(settings), before);
    client.rows("INSERT INTO kept VALUES (1)");
    client.rows("DISCARD ALL");
    assert_eq!(
        gold(&mut client, &format!("/* nl: {QUESTION} */")),
        gold(&mut client, GOLD)
    );
}

#[test]
fn question_is_answered_as_the_asking_role_sees_it() {
    let database = database();
    let role = format!("guest_of_{database}");
    let grant = format!("CREATE ROLE {role} LOGIN; GRANT SELECT ON kept TO {role}");
    cluster().run_sql(&database, &grant).expect("it runs");
    let parameters = [("user", role.as_str()), ("database", database.as_str())];
    let mut guest = TestClient::login_with(proxy(), &parameters).expect("a login");
    let error = guest.error(&format!("/* nl: {QUESTION} */"));
    assert!(
        ["PGN02", "PGN03"].contains(&error.text().as_str()),
        "{error:?}"
    );
    assert_eq!(guest.row("SELECT 1"), "1");

    // The same question of one who may, in the same pgparley: no cached answer crosses over.
    let mut owner = TestClient::login(proxy(), &database);
    let question = format!("/* nl: {QUESTION} */");
    assert_eq!(gold(&mut owner, &question), gold(&mut owner, GOLD));
    let error = guest.error(&question);
    assert!(
        ["PGN02", "PGN03"].contains(&error.text().as_str()),
        "{error:?}"
    );
}

#[test]
fn what_only_refers_to_hidden_rows_is_not_counted_for_them() {
    let database = database();
    let role = format!("buyer_of_{database}");
    let tables = format!(
        "CREATE TABLE suppliers (id int PRIMARY KEY);
         CREATE TABLE product_suppliers (product_id int, supplier_id int REFERENCES suppliers,
                                         PRIMARY KEY (product_id, supplier_id));
         INSERT INTO suppliers VALUES (1);
         INSERT INTO product_suppliers VALUES (1, 1), (2, 1), (3, 1);
         CREATE ROLE {role} LOGIN; GRANT SELECT ON product_suppliers TO {role}"
    );
    cluster().run_sql(&database, &tables).expect("it runs");
    let question = "/* nl: how many suppliers are there */";
    assert_eq!(TestClient::login(proxy(), &database).row(question), "1");
    let parameters = [("user", role.as_str()), ("database", database.as_str())];
    let mut buyer = TestClient::login_with(proxy(), &parameters).expect("a login");
    let error = buyer.error(question);
    assert_eq!(error.text(), "PGN02");
    assert_eq!(
        error.field('M'),
        "the question was not understood at \"suppliers\""
    );
    assert_eq!(
        buyer.row("/* nl: how many product suppliers are there */"),
        "3"
    );
}

#[test]
fn new_table_is_seen_by_the_next_question() {
    let mut client = client();
    client.error("/* nl: how many zebras are there */");
    client.rows("CREATE TABLE zebras (id int PRIMARY KEY); INSERT INTO zebras VALUES (1), (2)");
    assert_eq!(client.rows("/* nl: how many zebras are there */"), ["2"]);
}

#[test]
fn queries_sent_behind_a_question_are_answered_behind_it() {
    let mut client = client();
    let texts = [
        "SELECT 'before'",
        "/* nl: how many orders are there */",
        "SELECT 'behind'",
    ];
    let batch: Vec<u8> = texts
        .iter()
        .flat_map(|text| crate::support::message::query(text))
        .collect();
    client.send(&batch);
    let answers = texts.map(|_| rows(&client.replies()).concat());
    assert_eq!(answers, ["before", "100", "behind"]);
}

/// A table that takes ten minutes to read, and a pgparley that would wait for it.
fn slow() -> (Running, String) {
    let database = database();
    let sloths = "CREATE VIEW sloths AS SELECT 1 AS id, pg_sleep(600)::text AS name";
    cluster().run_sql(&database, sloths).expect("it runs");
    let running = proxy_with(|config| {
        config.nl.statement_timeout = Duration::from_mins(10);
        config.databases[0].pool_size = 1;
    });
    (running, database)
}

const ASLEEP: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' \
    AND datname = current_database()";

#[test]
fn client_that_dies_while_its_answer_is_read_ends_the_query() {
    let (running, database) = slow();
    let mut watcher = TestClient::login(cluster().addr(), &database);
    for extended in [false, true] {
        let mut client = TestClient::login(running.addr(), &database);
        if extended {
            client.send(&[unnamed("/* nl: list all sloths */"), sync()].concat());
        } else {
            client.query("/* nl: list all sloths */");
        }
        wait_for(&mut watcher, ASLEEP, "1");
        drop(client);
        wait_for(&mut watcher, ASLEEP, "0");
        let mut next = TestClient::login(running.addr(), &database);
        assert_eq!(next.row("SELECT 1"), "1");
        next.send(&terminate());
        next.expect_closed();
    }
}

#[test]
fn server_that_ends_while_the_answer_is_read_is_heard() {
    let (running, database) = slow();
    let mut watcher = TestClient::login(cluster().addr(), &database);
    let mut client = TestClient::login(running.addr(), &database);
    let pid = client.row("SELECT pg_backend_pid()");
    client.query("/* nl: list all sloths */");
    wait_for(&mut watcher, ASLEEP, "1");
    watcher.rows(&format!("SELECT pg_terminate_backend({pid}, 30000)"));
    let error = expect!(client, ErrorResponse, "57P01");
    assert_eq!(error.field('S'), "FATAL");
    client.expect_closed();
}

#[test]
fn row_that_is_longer_than_an_answer_may_be_is_left_out_and_said() {
    let database = database();
    let blobs = "CREATE TABLE blobs (id int PRIMARY KEY, body text);
        INSERT INTO blobs SELECT 1, repeat('x', 20 * 1024 * 1024)";
    cluster().run_sql(&database, blobs).expect("it runs");
    let mut client = TestClient::login(proxy(), &database);
    client.rows("BEGIN; INSERT INTO kept VALUES (1)");
    let replies = client.run("/* nl: show the id and body of blobs */");
    assert!(rows(&replies).is_empty());
    let warned = |message: &Message| message.text() == "01R01";
    assert!(replies.iter().any(warned), "{replies:?}");
    assert_eq!(status(&replies), "T");
    client.rows("COMMIT");
    assert_eq!(client.row("SELECT count(*) FROM kept"), "1");
}
