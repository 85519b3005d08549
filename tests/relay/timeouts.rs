//! Time limits: of what a client runs, of a transaction that it does nothing in, of its silence.

use std::time::Duration;

use pgparley::config::Database;
use pgparley::server::Running;

use crate::expect;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::bind;
use crate::support::message::execute;
use crate::support::message::flush;
use crate::support::message::parse;
use crate::support::message::sync;
use crate::support::message::unnamed;
use crate::support::proxy::proxy_of_sessions;
use crate::support::proxy::proxy_with;
use crate::support::proxy::wait_for;

const SHORT: Option<Duration> = Some(Duration::from_millis(300));

/// One server connection, shared, under the limits that `change` sets.
fn limited(change: fn(&mut Database)) -> Running {
    proxy_with(|config| {
        config.databases[0].pool_size = 1;
        change(&mut config.databases[0]);
    })
}

fn query_limited() -> Running {
    limited(|settings| settings.query_timeout = SHORT)
}

#[test]
fn query_that_takes_too_long_is_cancelled_and_its_client_stays() {
    let database = database();
    let running = query_limited();
    let mut client = TestClient::login(running.addr(), &database);
    let error = client.error("SELECT pg_sleep(600)");
    assert_eq!(error.text(), "57014");
    assert_eq!(error.field('M'), "canceling statement due to query_timeout");
    assert_eq!(error.field('S'), "ERROR");
    assert_eq!(client.row("SELECT 1"), "1");
}

#[test]
fn query_that_takes_too_long_fails_its_transaction() {
    let database = database();
    let running = query_limited();
    let mut client = TestClient::login(running.addr(), &database);
    client.rows("BEGIN; CREATE TABLE never (n int)");
    client.query("SELECT pg_sleep(600)");
    expect!(client, RowDescription);
    expect!(client, ErrorResponse, "57014");
    expect!(client, ReadyForQuery, "E");
    client.rows("ROLLBACK");
    assert_eq!(client.row("SELECT to_regclass('never')"), "∅");
}

#[test]
fn execute_that_takes_too_long_is_cancelled_and_skips_to_the_sync() {
    let database = database();
    let running = query_limited();
    let mut client = TestClient::login(running.addr(), &database);
    let slow = [
        parse("", "SELECT pg_sleep(600)"),
        bind("", "", &[]),
        execute("", 0),
        flush(),
    ];
    client.send(&slow.concat());
    expect!(client, ParseComplete);
    expect!(client, BindComplete);
    expect!(client, ErrorResponse, "57014");
    client.send(&[unnamed("SELECT 'skipped'"), sync()].concat());
    expect!(client, ReadyForQuery, "I");
    assert_eq!(client.row("SELECT 1"), "1");
}

#[test]
fn each_query_of_a_pipeline_has_its_own_time() {
    let database = database();
    let running = limited(|settings| settings.query_timeout = Some(Duration::from_secs(2)));
    let mut client = TestClient::login(running.addr(), &database);
    let batch = [unnamed("SELECT pg_sleep(0.8)"), sync()].concat();
    client.send(&batch.repeat(4));
    for _ in 0..4 {
        let replies = client.replies();
        assert!(replies.iter().all(|reply| reply.text() != "57014"));
    }
}

#[test]
fn wait_for_a_server_connection_is_not_the_querys_time() {
    let database = database();
    let running = query_limited();
    let mut owner = TestClient::login(running.addr(), &database);
    let mut other = TestClient::login(running.addr(), &database);
    owner.rows("BEGIN");
    other.query("SELECT 'served'");
    let mut watcher = TestClient::login(cluster().addr(), &database);
    let later = "SELECT clock_timestamp() > query_start + interval '1 s' FROM pg_stat_activity \
                 WHERE datname = current_database() AND query = 'BEGIN'";
    wait_for(&mut watcher, later, "t");
    owner.rows("COMMIT");
    expect!(other, RowDescription);
    expect!(other, DataRow, "served");
}

#[test]
fn client_idle_in_a_transaction_is_shut_out_and_its_transaction_undone() {
    let database = database();
    let running = limited(|settings| settings.idle_transaction_timeout = SHORT);
    let mut waiting = TestClient::login(running.addr(), &database);
    for begin in ["BEGIN; CREATE TABLE never (n int)", "BEGIN; SELECT 1/0"] {
        let mut client = TestClient::login(running.addr(), &database);
        client.run(begin);
        let error = expect!(client, ErrorResponse, "25P03");
        assert_eq!(error.field('S'), "FATAL");
        assert!(error.field('M').contains("idle_transaction_timeout"));
        client.expect_closed();
        // Idle outside of one is something else.
        assert_eq!(waiting.row("SELECT to_regclass('never')"), "∅");
    }
}

#[test]
fn pipeline_without_a_sync_is_a_transaction_too() {
    let database = database();
    let running = limited(|settings| settings.idle_transaction_timeout = SHORT);
    let mut client = TestClient::login(running.addr(), &database);
    client.send(&[unnamed("CREATE TABLE never (n int)"), flush()].concat());
    loop {
        let message = client.recv();
        if message.text() == "25P03" {
            break;
        }
        assert_ne!(message.kind(), crate::support::message::Kind::ErrorResponse);
    }
    let mut next = TestClient::login(running.addr(), &database);
    assert_eq!(next.row("SELECT to_regclass('never')"), "∅");
}

#[test]
fn silent_client_is_shut_out_in_either_pool_mode() {
    let database = database();
    let limit = |settings: &mut Database| settings.client_idle_timeout = SHORT;
    let shared = limited(limit);
    let sessions = proxy_of_sessions(|config| limit(&mut config.databases[0]));
    for running in [shared, sessions] {
        let mut client = TestClient::login(running.addr(), &database);
        client.rows("LISTEN news");
        let error = expect!(client, ErrorResponse, "57P05");
        assert_eq!(error.field('S'), "FATAL");
        assert!(error.field('M').contains("client_idle_timeout"));
        client.expect_closed();
    }
}

#[test]
fn client_that_waits_for_its_answer_is_not_silent() {
    let database = database();
    let running = limited(|settings| {
        settings.client_idle_timeout = SHORT;
        settings.idle_transaction_timeout = SHORT;
    });
    let mut client = TestClient::login(running.addr(), &database);
    assert_eq!(client.row("SELECT 'slow' FROM pg_sleep(1)"), "slow");
    client.rows("BEGIN");
    assert_eq!(client.row("SELECT 'slow' FROM pg_sleep(1)"), "slow");
}
