//! `pool_mode = "statement"`: as transaction pooling, and no transaction outlives its message.

use pgparley::config::PoolMode;
use pgparley::server::Running;

use crate::expect;
use crate::support::client::TestClient;
use crate::support::database;
use crate::support::message::Message;
use crate::support::message::bind;
use crate::support::message::execute;
use crate::support::message::parse;
use crate::support::message::sync;
use crate::support::message::unnamed;
use crate::support::proxy::proxy_with;

fn single() -> Running {
    proxy_with(|config| {
        config.databases[0].pool_size = 1;
        config.databases[0].pool_mode = PoolMode::Statement;
    })
}

#[test]
fn transaction_blocks_are_refused() {
    let database = database();
    let running = single();
    let mut client = TestClient::login(running.addr(), &database);
    client.rows("CREATE TABLE t (n int)");
    for sql in [
        "BEGIN",
        "/* a */ begin isolation level serializable",
        "START TRANSACTION READ ONLY",
        "INSERT INTO t VALUES (1); BEGIN; INSERT INTO t VALUES (2)",
        "BEGIN; INSERT INTO t VALUES (1); COMMIT",
    ] {
        let error = client.error(sql);
        assert_eq!(error.text(), "0A000", "{sql}");
        assert_eq!(
            error.field('M'),
            "transaction blocks are not allowed in statement pooling mode"
        );
        assert!(!error.field('H').is_empty());
    }
    client.send(&[parse("begin", "BEGIN"), sync()].concat());
    expect!(client, ErrorResponse, "0A000");
    expect!(client, ReadyForQuery, "I");
    assert_eq!(client.row("SELECT count(*) FROM t"), "0");
}

#[test]
fn refusal_in_a_pipeline_takes_back_what_stood_before_it() {
    let database = database();
    let running = single();
    let mut client = TestClient::login(running.addr(), &database);
    client.rows("CREATE TABLE t (n int)");
    let insert = unnamed("INSERT INTO t VALUES (1)");
    client.send(&[insert.clone(), unnamed("BEGIN"), insert, sync()].concat());
    let replies = client.replies();
    let texts: Vec<String> = replies.iter().map(Message::text).collect();
    assert!(texts.contains(&"0A000".to_owned()), "{texts:?}");
    assert_eq!(texts.last().map(String::as_str), Some("I"));
    assert_eq!(client.row("SELECT count(*) FROM t"), "0");
}

#[test]
fn pipeline_up_to_its_sync_and_script_stay_whole() {
    let database = database();
    let running = single();
    let mut client = TestClient::login(running.addr(), &database);
    client.rows("CREATE TABLE t (n int PRIMARY KEY)");
    client.error("INSERT INTO t VALUES (1); INSERT INTO t VALUES (1)");
    let insert = unnamed("INSERT INTO t VALUES (1)");
    client.send(&[insert.clone(), insert, sync()].concat());
    client.replies();
    assert_eq!(client.row("SELECT count(*) FROM t"), "0");
    client.rows("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)");
    assert_eq!(client.row("SELECT count(*) FROM t"), "2");
}

#[test]
fn block_that_was_not_seen_coming_is_rolled_back() {
    let database = database();
    let running = single();
    let mut client = TestClient::login(running.addr(), &database);
    // Nobody looks into a text of this length.
    let long = format!(
        "BEGIN; CREATE TABLE never (n int) /*{}*/",
        "x".repeat(17 * 1024 * 1024)
    );
    let error = client.error(&long);
    assert_eq!(error.text(), "0A000");
    assert_eq!(client.row("SELECT to_regclass('never')"), "∅");
    let mut other = TestClient::login(running.addr(), &database);
    assert_eq!(other.row("SELECT 1"), "1");
}

#[test]
fn settings_and_prepared_statements_stay_with_the_client() {
    let database = database();
    let running = single();
    let mut one = TestClient::login(running.addr(), &database);
    let mut other = TestClient::login(running.addr(), &database);
    one.rows("SET work_mem = '7MB'");
    one.send(&[parse("mine", "SELECT current_setting('work_mem')"), sync()].concat());
    one.replies();
    assert_ne!(other.row("SHOW work_mem"), "7MB");
    one.send(&[bind("", "mine", &[]), execute("", 0), sync()].concat());
    expect!(one, BindComplete);
    expect!(one, DataRow, "7MB");
}
