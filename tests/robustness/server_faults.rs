//! A server that is killed, or stopped in the middle.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use pgparley::cli::demo::cluster::Cluster;
use pgparley::cli::demo::cluster::Options;
use pgparley::cli::demo::cluster::Shutdown;
use pgparley::server::Running;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;

use crate::expect;
use crate::support::client::TestClient;
use crate::support::client::cancel;
use crate::support::message as m;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::proxy::config;
use crate::support::proxy::start;
use crate::support::proxy::wait_for;

const PATIENCE: Duration = Duration::from_mins(1);

const PID: &str = "SELECT pg_backend_pid()";

const SLEEP: &str = "SELECT pg_sleep(600)";

/// A cluster that nobody else suffers with, and a pgparley with few connections to it.
fn own(pool_size: usize, query_timeout: Option<Duration>) -> (Cluster, Running) {
    let cluster = Cluster::start(Options::default()).expect("a throwaway PostgreSQL starts");
    let mut config = config(&cluster);
    config.databases[0].pool_size = pool_size;
    config.databases[0].query_timeout = query_timeout;
    let running = start(config);
    (cluster, running)
}

fn signal(pid: &str, signal: Signal) {
    let pid = pid.parse().ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process id"), signal).expect("it runs");
}

/// Returns when a client sleeps in its query.
fn sleeping(cluster: &Cluster) {
    let mut watcher = TestClient::login(cluster.addr(), "postgres");
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    wait_for(&mut watcher, sql, "1");
}

/// The client is never shut out, whatever its queries meet with, and is served in the end.
#[track_caller]
fn served_in_the_end(client: &mut TestClient) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let replies = client.run("SELECT 'served'");
        let error = replies
            .iter()
            .find(|reply| reply.kind() == Kind::ErrorResponse);
        let Some(error) = error else { return };
        assert_eq!(error.field('S'), "ERROR");
        assert!(Instant::now() < deadline, "{error:?}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn killed_backend_is_an_error_to_its_client_and_to_no_idle_one() {
    let (cluster, running) = own(2, None);
    let mut idle = TestClient::login(running.addr(), "postgres");
    idle.rows("SET work_mem = '7MB'");
    let mut busy = TestClient::login(running.addr(), "postgres");
    busy.rows("BEGIN");
    let pid = busy.row(PID);
    busy.query(SLEEP);
    sleeping(&cluster);
    // The postmaster ends all others for it, and starts anew.
    signal(&pid, Signal::KILL);
    let error = expect!(busy, ErrorResponse);
    assert_eq!(error.field('S'), "FATAL");
    busy.expect_closed();
    // It may be served before the postmaster ends all others, and is ended with them then.
    served_in_the_end(&mut idle);
    let deadline = Instant::now() + PATIENCE;
    let all_ended = |line: &String| line.contains("all server processes terminated");
    while !cluster.log().iter().any(all_ended) {
        assert!(Instant::now() < deadline, "it does not start anew");
        thread::park_timeout(Duration::from_millis(5));
    }
    served_in_the_end(&mut idle);
    assert_eq!(idle.row("SHOW work_mem"), "7MB");
}

#[test]
fn stopped_backend_does_not_hold_its_client_beyond_the_time_limit() {
    let (cluster, running) = own(1, Some(Duration::from_millis(300)));
    let mut client = TestClient::login(running.addr(), "postgres");
    let pid = client.row(PID);
    signal(&pid, Signal::STOP);
    client.query("SELECT 1");
    let error = expect!(client, ErrorResponse, "57014");
    assert_eq!(error.field('S'), "FATAL");
    client.expect_closed();
    // Its place is free, though the server has not yet noticed.
    let mut next = TestClient::login(running.addr(), "postgres");
    assert_ne!(next.row(PID), pid);
    signal(&pid, Signal::CONT);
    let mut watcher = TestClient::login(cluster.addr(), "postgres");
    let left = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}");
    wait_for(&mut watcher, &left, "0");
}

#[test]
fn cancel_of_a_stopped_backend_is_answered_and_comes_true_later() {
    let (cluster, running) = own(1, None);
    let mut client = TestClient::login(running.addr(), "postgres");
    let pid = client.row(PID);
    client.query(SLEEP);
    sleeping(&cluster);
    signal(&pid, Signal::STOP);
    cancel(running.addr(), client.key.0, &client.key.1);
    signal(&pid, Signal::CONT);
    expect!(client, RowDescription);
    expect!(client, ErrorResponse, "57014");
    expect!(client, ReadyForQuery, "I");
    assert_eq!(client.row(PID), pid);
}

#[test]
fn killed_postmaster_is_an_error_to_busy_clients_and_to_no_idle_one() {
    let (cluster, running) = own(3, None);
    let mut idle = [(); 3].map(|()| TestClient::login(running.addr(), "postgres"));
    for client in &mut idle {
        client.rows("SET work_mem = '7MB'");
    }
    let mut busy = TestClient::login(running.addr(), "postgres");
    busy.query(SLEEP);
    let mut in_block = TestClient::login(running.addr(), "postgres");
    in_block.rows("BEGIN");
    sleeping(&cluster);
    let mut watcher = TestClient::login(cluster.addr(), "postgres");
    let file = watcher.row("SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)");
    signal(&file, Signal::KILL);
    // Its backends end themselves, and until then none may begin.
    let deadline = Instant::now() + PATIENCE;
    while let Err(error) = cluster.restart(Shutdown::Immediate) {
        assert!(Instant::now() < deadline, "{error}");
    }
    let told = busy.replies();
    let error = told
        .iter()
        .find(|reply| reply.kind() == Kind::ErrorResponse)
        .expect("its query is gone");
    assert_eq!(error.field('S'), "ERROR");
    assert!(
        ["08006", "57P01"].contains(&error.text().as_str()),
        "{error:?}"
    );
    assert_eq!(busy.row("SELECT 'served'"), "served");
    for client in &mut idle {
        assert_eq!(client.row("SHOW work_mem"), "7MB");
    }
    let error = expect!(in_block, ErrorResponse);
    assert_eq!(error.field('S'), "FATAL");
    in_block.expect_closed();
}

#[test]
fn client_waits_while_the_server_is_away() {
    let (cluster, running) = own(2, None);
    let mut clients = [(); 4].map(|()| TestClient::login(running.addr(), "postgres"));
    for client in &mut clients {
        client.rows("SET work_mem = '7MB'");
    }
    cluster.stop(Shutdown::Fast).expect("it stops");
    for client in &mut clients {
        client.query("SHOW work_mem");
    }
    cluster.restart(Shutdown::Fast).expect("it starts");
    for client in &mut clients {
        let replies = client.replies();
        let row = replies.iter().find(|reply| reply.kind() == Kind::DataRow);
        assert_eq!(
            row.map(Message::text),
            Some("7MB".to_owned()),
            "{replies:?}"
        );
    }
}

#[test]
fn pipeline_that_is_cut_fails_up_to_its_sync() {
    let (cluster, running) = own(2, None);
    let mut watcher = TestClient::login(cluster.addr(), "postgres");
    watcher.rows("CREATE TABLE kept (n int)");
    for sync_follows in [false, true] {
        let mut client = TestClient::login(running.addr(), "postgres");
        let mut sent = [m::unnamed("INSERT INTO kept VALUES (1)"), m::unnamed(SLEEP)].concat();
        sent.extend(if sync_follows { m::flush() } else { m::sync() });
        client.send(&sent);
        sleeping(&cluster);
        watcher.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
        );
        let mut error = client.recv();
        while error.kind() != Kind::ErrorResponse {
            error = client.recv();
        }
        assert_eq!(
            (error.text().as_str(), error.field('S').as_str()),
            ("57P01", "ERROR")
        );
        if sync_follows {
            client.send(&[m::unnamed("INSERT INTO kept VALUES (2)"), m::sync()].concat());
        }
        expect!(client, ReadyForQuery, "I");
        assert_eq!(client.row("SELECT count(*) FROM kept"), "0");
        wait_for(
            &mut watcher,
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
            "0",
        );
    }
}

#[test]
fn client_of_an_unknown_function_outlives_the_server() {
    let (cluster, running) = own(2, None);
    let made = "CREATE FUNCTION slow() RETURNS void LANGUAGE plpgsql AS \
                $$ BEGIN PERFORM pg_sleep(600); END $$";
    cluster.run_sql("postgres", made).expect("a function");
    let mut watcher = TestClient::login(cluster.addr(), "postgres");
    let mut client = TestClient::login(running.addr(), "postgres");
    for _ in 0..2 {
        client.query("SELECT slow()");
        sleeping(&cluster);
        watcher.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
        );
        expect!(client, RowDescription);
        expect!(client, ErrorResponse, "57P01");
        expect!(client, ReadyForQuery, "I");
        assert_eq!(client.row("SELECT 42"), "42");
        assert_eq!(client.row("SELECT 43"), "43");
    }
}

#[test]
fn more_than_one_message_under_way_ends_the_session() {
    let (cluster, running) = own(2, None);
    let mut client = TestClient::login(running.addr(), "postgres");
    // The second must not be run as if the first had begun nothing.
    client.send(
        &[
            m::query("BEGIN; SELECT pg_sleep(600)"),
            m::query("SELECT 1"),
        ]
        .concat(),
    );
    sleeping(&cluster);
    let mut watcher = TestClient::login(cluster.addr(), "postgres");
    watcher.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
    );
    let told: Vec<_> = std::iter::from_fn(|| client.try_recv()).collect();
    let error = told.last().expect("it is told");
    assert_eq!(
        (error.text().as_str(), error.field('S').as_str()),
        ("57P01", "FATAL")
    );
}

#[test]
fn exhausted_pool_serves_everybody_whatever_is_cancelled() {
    let (cluster, running) = own(2, None);
    let mut busy = [(); 2].map(|()| TestClient::login(running.addr(), "postgres"));
    for client in &mut busy {
        client.rows("BEGIN");
    }
    let mut waiting: Vec<_> = (0..8)
        .map(|_| TestClient::login(running.addr(), "postgres"))
        .collect();
    for (number, client) in waiting.iter_mut().enumerate() {
        client.query(&format!("SELECT {number}"));
    }
    // Every second one is cancelled while it waits; a request that comes too early is lost.
    for client in waiting.iter_mut().step_by(2) {
        let over = AtomicBool::new(false);
        let (addr, key) = (running.addr(), client.key.clone());
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    cancel(addr, key.0, &key.1);
                }
            });
            expect!(client, ErrorResponse, "57014");
            expect!(client, ReadyForQuery, "I");
            over.store(true, Ordering::Relaxed);
        });
    }
    for client in &mut busy {
        client.query(SLEEP);
    }
    let mut watcher = TestClient::login(cluster.addr(), "postgres");
    let asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    wait_for(&mut watcher, asleep, "2");
    for client in &mut busy {
        cancel(running.addr(), client.key.0, &client.key.1);
        expect!(client, RowDescription);
        expect!(client, ErrorResponse, "57014");
        expect!(client, ReadyForQuery, "E");
        client.rows("ROLLBACK");
    }
    for (number, client) in waiting.iter_mut().enumerate() {
        if number % 2 == 1 {
            expect!(client, RowDescription);
            expect!(client, DataRow, number.to_string());
            expect!(client, CommandComplete);
            expect!(client, ReadyForQuery, "I");
        }
        assert_eq!(client.row("SELECT 'served'"), "served");
    }
    let ours = "SELECT count(*) <= 2 FROM pg_stat_activity \
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    assert_eq!(watcher.row(ours), "t");
}

/// A client whose PREPARE is to be repeated on another connection, where a lock holds it up.
fn preparing(query_timeout: Option<Duration>) -> (Cluster, Running, [TestClient; 3]) {
    let cluster = Cluster::start(Options::default()).expect("a throwaway PostgreSQL starts");
    let mut config = config(&cluster);
    // The holder shall get the connection that the client had.
    config.server.workers = 1;
    config.databases[0].pool_size = 2;
    config.databases[0].query_timeout = query_timeout;
    let running = start(config);
    let mut locker = TestClient::login(cluster.addr(), "postgres");
    locker.rows("CREATE TABLE locked (n int)");
    let mut client = TestClient::login(running.addr(), "postgres");
    client.rows("PREPARE p AS SELECT count(*) FROM locked");
    let mut holder = TestClient::login(running.addr(), "postgres");
    holder.rows("BEGIN");
    locker.rows("BEGIN");
    locker.rows("LOCK TABLE locked");
    client.query("EXECUTE p");
    let mut watcher = TestClient::login(cluster.addr(), "postgres");
    wait_for(&mut watcher, WAITING, "1");
    (cluster, running, [client, locker, holder])
}

const WAITING: &str = "SELECT count(*) FROM pg_stat_activity \
    WHERE wait_event_type = 'Lock' AND query LIKE 'PREPARE%'";

#[test]
fn prepare_that_is_repeated_takes_no_longer_than_a_query_may() {
    let limit = Some(Duration::from_millis(500));
    let (_cluster, _running, [mut client, mut locker, _holder]) = preparing(limit);
    let error = expect!(client, ErrorResponse, "57014");
    assert_eq!(error.field('S'), "ERROR");
    expect!(client, ReadyForQuery, "I");
    locker.rows("ROLLBACK");
    assert_eq!(client.row("EXECUTE p"), "0");
}

#[test]
fn client_that_leaves_while_its_prepare_is_repeated_leaves_nothing() {
    let (cluster, _running, [client, _locker, _holder]) = preparing(None);
    drop(client);
    let mut watcher = TestClient::login(cluster.addr(), "postgres");
    wait_for(&mut watcher, WAITING, "0");
}
