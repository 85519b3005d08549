//! A pgparley that is told to end: who has nothing open goes first, who has may end it.

use std::net::SocketAddr;
use std::net::TcpStream;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use pgparley::server::Hurry;
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
use crate::support::proxy::proxy_with;
use crate::support::proxy::wait_for;

/// Longer than any of these tests takes.
const LONG: Duration = Duration::from_mins(5);

/// A pgparley that is ending.
struct Ending {
    hurry: Hurry,
    ended: JoinHandle<()>,
}

fn patient(patience: Duration) -> Running {
    proxy_with(|config| config.server.shutdown_timeout = patience)
}

fn end(running: Running) -> Ending {
    Ending {
        hurry: running.hurry(),
        ended: thread::spawn(move || running.shutdown()),
    }
}

fn has_left(client: &mut TestClient) {
    let error = expect!(client, ErrorResponse, "57P01");
    assert_eq!(error.field('S'), "FATAL");
    assert_eq!(
        error.field('M'),
        "terminating connection due to administrator command"
    );
    client.expect_closed();
}

/// A client at rest that is told of the end shows that it has begun.
fn witness(addr: SocketAddr, database: &str) -> TestClient {
    TestClient::login(addr, database)
}

#[test]
fn clients_at_rest_are_told_and_nobody_can_come() {
    let database = database();
    let running = patient(LONG);
    let addr = running.addr();
    let mut fresh = TestClient::login(addr, &database);
    let mut used = TestClient::login(addr, &database);
    used.rows("SELECT 1");
    let mut listening = TestClient::login(addr, &database);
    listening.run("LISTEN nothing");
    let ending = end(running);
    for client in [&mut fresh, &mut used, &mut listening] {
        has_left(client);
    }
    ending.ended.join().expect("it ends");
    assert!(TcpStream::connect(addr).is_err(), "nobody listens");
}

#[test]
fn who_has_something_open_may_end_it() {
    let database = database();
    let running = patient(LONG);
    let mut transaction = TestClient::login(running.addr(), &database);
    transaction.rows("CREATE TABLE kept (n int)");
    transaction.rows("BEGIN");
    transaction.rows("INSERT INTO kept VALUES (1)");
    let mut failed = TestClient::login(running.addr(), &database);
    failed.run("BEGIN; SELECT 1/0");
    let mut portal = TestClient::login(running.addr(), &database);
    let rows = "SELECT generate_series(1, 3)";
    portal.send(&[parse("", rows), bind("", "", &[]), execute("", 1), flush()].concat());
    for _ in 0..2 {
        portal.recv();
    }
    expect!(portal, DataRow, "1");
    let mut copying = TestClient::login(running.addr(), &database);
    copying.query("COPY kept FROM STDIN");
    expect!(copying, CopyInResponse);
    let mut at_rest = witness(running.addr(), &database);

    let ending = end(running);
    has_left(&mut at_rest);

    transaction.rows("INSERT INTO kept VALUES (2)");
    transaction.rows("COMMIT");
    has_left(&mut transaction);
    failed.rows("ROLLBACK");
    has_left(&mut failed);
    expect!(portal, PortalSuspended);
    portal.send(&[execute("", 0), sync()].concat());
    expect!(portal, DataRow, "2");
    expect!(portal, DataRow, "3");
    expect!(portal, CommandComplete, "SELECT 2");
    expect!(portal, ReadyForQuery, "I");
    has_left(&mut portal);
    copying.send(b"d\0\0\0\x063\n");
    copying.send(b"c\0\0\0\x04");
    expect!(copying, CommandComplete, "COPY 1");
    expect!(copying, ReadyForQuery, "I");
    has_left(&mut copying);

    ending.ended.join().expect("it ends");
    let mut direct = TestClient::login(cluster().addr(), &database);
    assert_eq!(
        direct.rows("SELECT n FROM kept ORDER BY n"),
        ["1", "2", "3"]
    );
}

#[test]
fn query_that_runs_is_answered_first() {
    let database = database();
    let running = patient(LONG);
    let mut lock = TestClient::login(cluster().addr(), &database);
    lock.rows("SELECT pg_advisory_lock(1)");
    let mut client = TestClient::login(running.addr(), &database);
    client.query("SELECT 'waited' FROM pg_advisory_xact_lock(1)");
    wait_for(
        &mut lock,
        "SELECT count(*) FROM pg_locks WHERE NOT granted",
        "1",
    );
    let mut at_rest = witness(running.addr(), &database);
    let ending = end(running);
    has_left(&mut at_rest);
    lock.rows("SELECT pg_advisory_unlock(1)");
    expect!(client, RowDescription);
    expect!(client, DataRow, "waited");
    expect!(client, CommandComplete, "SELECT 1");
    expect!(client, ReadyForQuery, "I");
    has_left(&mut client);
    ending.ended.join().expect("it ends");
}

#[test]
fn whoever_is_there_at_last_is_told_and_what_runs_cancelled() {
    let database = database();
    for hurries in [false, true] {
        let patience = if hurries {
            LONG
        } else {
            Duration::from_millis(50)
        };
        let running = proxy_with(|config| {
            config.server.shutdown_timeout = patience;
            config.databases[0].pool_size = 2;
        });
        let addr = running.addr();
        let mut transaction = TestClient::login(addr, &database);
        transaction.rows("BEGIN; CREATE TABLE never (n int)");
        let mut runs = TestClient::login(addr, &database);
        runs.query("SELECT pg_sleep(600) -- to be cancelled");
        let mut direct = TestClient::login(cluster().addr(), &database);
        let sleepers = "SELECT count(*) FROM pg_stat_activity \
                        WHERE state = 'active' AND query LIKE '%to be cancelled' \
                        AND pid <> pg_backend_pid()";
        wait_for(&mut direct, sleepers, "1");
        let mut waits = TestClient::login(addr, &database);
        waits.query("SELECT 'never: both connections are taken'");
        let logging_in = TcpStream::connect(addr).expect("a place");

        let ending = end(running);
        if hurries {
            ending.hurry.now();
        }
        has_left(&mut transaction);
        has_left(&mut waits);
        has_left(&mut runs);
        ending.ended.join().expect("it ends");
        drop(logging_in);
        wait_for(&mut direct, sleepers, "0");
        assert_eq!(direct.row("SELECT to_regclass('never')"), "∅");
    }
}
