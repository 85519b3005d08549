//! A server that is killed, or stopped in the middle.

use std::time::Duration;
use std::time::Instant;

use pgparley::cli::demo::cluster::Cluster;
use pgparley::cli::demo::cluster::Options;
use pgparley::server::Running;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;

use crate::expect;
use crate::support::client::TestClient;
use crate::support::client::cancel;
use crate::support::message::Kind;
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
#[ignore = "whoever is served just before the postmaster ends the others is ended with them"]
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
    // Whoever was served while it ends the others would be one of them.
    let parameters = [("user", "postgres"), ("database", "postgres")];
    while TestClient::login_with(cluster.addr(), &parameters).is_err() {
        std::thread::yield_now();
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
