//! `CancelRequest`: it ends what its owner runs, and nothing else.

use crate::expect;
use crate::support::client::TestClient;
use crate::support::client::cancel;
use crate::support::database;
use crate::support::message::bind;
use crate::support::message::execute;
use crate::support::message::flush;
use crate::support::message::parse;
use crate::support::message::sync;
use crate::support::proxy::proxy;
use crate::support::proxy::proxy_with;
use crate::support::proxy::wait_for;

const SLEEP: &str = "SELECT pg_sleep(600)";

/// Returns when `count` clients of this database sleep.
fn sleeping(watcher: &mut TestClient, count: u32) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
               AND wait_event = 'PgSleep'";
    wait_for(watcher, sql, &count.to_string());
}

#[test]
fn cancel_ends_the_query_and_the_session_goes_on() {
    let database = database();
    let mut watcher = TestClient::login(proxy(), &database);
    let mut client = TestClient::login(proxy(), &database);
    client.query(SLEEP);
    sleeping(&mut watcher, 1);
    cancel(proxy(), client.key.0, &client.key.1);
    expect!(client, RowDescription);
    expect!(client, ErrorResponse, "57014");
    expect!(client, ReadyForQuery, "I");
    assert_eq!(client.row("SELECT 1"), "1");
}

#[test]
fn cancel_ends_an_execute_and_skips_to_the_sync() {
    let database = database();
    let mut watcher = TestClient::login(proxy(), &database);
    let mut client = TestClient::login(proxy(), &database);
    client.send(&[parse("", SLEEP), bind("", "", &[]), execute("", 0), flush()].concat());
    sleeping(&mut watcher, 1);
    cancel(proxy(), client.key.0, &client.key.1);
    expect!(client, ParseComplete);
    expect!(client, BindComplete);
    expect!(client, ErrorResponse, "57014");
    client.send(&sync());
    expect!(client, ReadyForQuery, "I");
}

#[test]
fn wrong_keys_end_nothing() {
    let database = database();
    let mut watcher = TestClient::login(proxy(), &database);
    let mut client = TestClient::login(proxy(), &database);
    client.query(SLEEP);
    sleeping(&mut watcher, 1);
    let (pid, secret) = client.key.clone();
    let mut wrong = secret.clone();
    wrong[0] ^= 1;
    cancel(proxy(), pid, &wrong);
    cancel(proxy(), pid + 1000, &secret);
    cancel(proxy(), pid, &[]);
    cancel(proxy(), pid, &[0; 64]);
    sleeping(&mut watcher, 1);
    cancel(proxy(), pid, &secret);
    expect!(client, RowDescription);
    expect!(client, ErrorResponse, "57014");
}

#[test]
fn cancel_ends_its_owners_query_only() {
    let database = database();
    let mut watcher = TestClient::login(proxy(), &database);
    let mut clients = [(); 3].map(|()| TestClient::login(proxy(), &database));
    for client in &mut clients {
        client.query(SLEEP);
    }
    sleeping(&mut watcher, 3);
    for (index, left) in [(1, 2), (0, 1), (2, 0)] {
        let client = &mut clients[index];
        cancel(proxy(), client.key.0, &client.key.1);
        expect!(client, RowDescription);
        expect!(client, ErrorResponse, "57014");
        sleeping(&mut watcher, left);
    }
}

#[test]
fn cancel_of_an_idle_session_is_harmless() {
    let database = database();
    let mut client = TestClient::login(proxy(), &database);
    cancel(proxy(), client.key.0, &client.key.1);
    // PostgreSQL itself may deliver a late signal into the next query, but not beyond that.
    client.run("SELECT 1");
    assert_eq!(client.row("SELECT 2"), "2");
}

#[test]
fn key_of_a_client_that_left_does_not_reach_the_next_one() {
    let database = database();
    let running = proxy_with(|config| config.databases[0].pool_size = 1);
    let mut first = TestClient::login(running.addr(), &database);
    let backend = first.row("SELECT pg_backend_pid()");
    let (pid, secret) = first.key.clone();
    first.send(&crate::support::message::terminate());
    first.expect_closed();

    let mut second = TestClient::login(running.addr(), &database);
    assert_eq!(second.row("SELECT pg_backend_pid()"), backend);
    let mut watcher = TestClient::login(proxy(), &database);
    second.query(SLEEP);
    sleeping(&mut watcher, 1);
    cancel(running.addr(), pid, &secret);
    sleeping(&mut watcher, 1);
    cancel(running.addr(), second.key.0, &second.key.1);
    expect!(second, RowDescription);
    expect!(second, ErrorResponse, "57014");
}
