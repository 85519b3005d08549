//! Clients that wait for a server connection, and connections that go away.

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use pgparley::cli::demo::cluster::Cluster;
use pgparley::cli::demo::cluster::Options;
use pgparley::cli::demo::cluster::Shutdown;
use pgparley::config::Policy;

use crate::PID;
use crate::expect;
use crate::sharing;
use crate::support::client::TestClient;
use crate::support::client::cancel;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::bind;
use crate::support::message::execute;
use crate::support::message::parse;
use crate::support::message::query;
use crate::support::message::sync;
use crate::support::message::unnamed;
use crate::support::proxy::config;
use crate::support::proxy::proxy_with;
use crate::support::proxy::start;
use crate::support::proxy::wait_for;

/// Cancels again and again while `dialogue` is held: a request that comes too early is lost.
pub(crate) fn cancelling<T>(
    addr: SocketAddr,
    key: &(i32, Vec<u8>),
    dialogue: impl FnOnce() -> T,
) -> T {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                cancel(addr, key.0, &key.1);
            }
        });
        let outcome = dialogue();
        over.store(true, Ordering::Relaxed);
        outcome
    })
}

#[test]
fn who_waits_too_long_gets_an_error_and_goes_on() {
    let database = database();
    let running = proxy_with(|config| {
        config.databases[0].pool_size = 1;
        config.databases[0].query_wait_timeout = Duration::from_millis(500);
    });
    let [mut holder, mut waiter] = [(); 2].map(|()| TestClient::login(running.addr(), &database));
    holder.rows("BEGIN");
    waiter.query("SELECT 1");
    let refused = expect!(waiter, ErrorResponse, "53300");
    assert_eq!(refused.field('S'), "ERROR");
    expect!(waiter, ReadyForQuery, "I");
    waiter.send(&[unnamed("SELECT 1"), unnamed("SELECT 2"), sync()].concat());
    expect!(waiter, ErrorResponse, "53300");
    expect!(waiter, ReadyForQuery, "I");
    holder.rows("COMMIT");
    assert_eq!(waiter.row("SELECT 2"), "2");
}

/// What is decided before the wait is not decided again behind it.
#[test]
fn what_waited_and_what_came_behind_it_are_limited_as_ever() {
    let database = database();
    let running = proxy_with(|config| {
        config.databases[0].pool_size = 1;
        config.policies.push(Policy {
            row_limit: Some(3),
            read_only: true,
            ..Policy::default()
        });
    });
    let [mut holder, mut waiter] = [(); 2].map(|()| TestClient::login(running.addr(), &database));
    let texts = [
        "SELECT n FROM pg_catalog.generate_series(1, 9) n",
        "SELECT n FROM pg_catalog.generate_series(1, 2) n",
        "DELETE FROM pg_catalog.pg_class",
    ];
    for extended in [false, true] {
        holder.rows("BEGIN");
        let message = |text: &&str| {
            if extended {
                [unnamed(text), sync()].concat()
            } else {
                query(text)
            }
        };
        waiter.send(&texts.iter().flat_map(message).collect::<Vec<_>>());
        holder.rows("COMMIT");
        let rows = [(); 3].map(|()| {
            let replies = waiter.replies();
            let rows = replies.iter().filter(|reply| reply.kind() == Kind::DataRow);
            let is_refused = replies
                .iter()
                .any(|reply| reply.kind() == Kind::ErrorResponse);
            (rows.count(), is_refused)
        });
        assert_eq!(rows, [(3, false), (2, false), (0, true)]);
    }
}

#[test]
fn who_waits_for_five_seconds_is_told_so() {
    let database = database();
    let running = sharing(1);
    let [mut holder, mut waiter] = [(); 2].map(|()| TestClient::login(running.addr(), &database));
    holder.rows("BEGIN");
    waiter.query("SELECT 1");
    expect!(waiter, NoticeResponse);
    holder.rows("COMMIT");
    expect!(waiter, RowDescription);
    expect!(waiter, DataRow, "1");
}

#[test]
fn cancel_ends_the_wait() {
    let database = database();
    let running = sharing(1);
    let [mut holder, mut waiter] = [(); 2].map(|()| TestClient::login(running.addr(), &database));
    holder.rows("BEGIN");
    let key = waiter.key.clone();
    waiter.query("SELECT 1");
    cancelling(running.addr(), &key, || {
        expect!(waiter, ErrorResponse, "57014");
        expect!(waiter, ReadyForQuery, "I");
    });
    waiter.send(
        &[
            parse("s", "SELECT 1"),
            bind("", "s", &[]),
            execute("", 0),
            sync(),
        ]
        .concat(),
    );
    cancelling(running.addr(), &key, || {
        expect!(waiter, ErrorResponse, "57014");
        expect!(waiter, ReadyForQuery, "I");
    });
    assert_eq!(holder.row("SELECT 1"), "1");
    holder.rows("COMMIT");
    assert_eq!(waiter.row("SELECT 2"), "2");
    waiter.send(&[bind("", "s", &[]), sync()].concat());
    expect!(waiter, ErrorResponse, "26000");
    expect!(waiter, ReadyForQuery, "I");
}

#[test]
fn who_leaves_while_waiting_frees_its_turn() {
    let database = database();
    let running = sharing(1);
    let mut holder = TestClient::login(running.addr(), &database);
    let mut last = TestClient::login(running.addr(), &database);
    holder.rows("BEGIN");
    let mut waiters = [(); 10].map(|()| TestClient::login(running.addr(), &database));
    for waiter in &mut waiters {
        waiter.query("SELECT pg_sleep(600)");
    }
    last.query("SELECT 'last'");
    drop(waiters);
    holder.rows("COMMIT");
    expect!(last, RowDescription);
    expect!(last, DataRow, "last");
}

#[test]
fn cancel_never_reaches_the_next_client_on_the_connection() {
    let database = database();
    let running = sharing(1);
    let [mut first, mut second] = [(); 2].map(|()| TestClient::login(running.addr(), &database));
    assert_eq!(first.row(PID), second.row(PID));
    let key = first.key.clone();
    cancelling(running.addr(), &key, || {
        for n in 0..100 {
            // Its own query may be hit.
            first.run("SELECT 1");
            let answer = second.row(&format!("SELECT {n} FROM pg_sleep(0.001)"));
            assert_eq!(answer, n.to_string());
        }
    });
    assert_eq!(first.row("SELECT 1"), "1");
}

#[test]
fn cancel_of_a_client_without_a_connection_is_lost() {
    let database = database();
    let running = sharing(1);
    let [first, mut second] = [(); 2].map(|()| TestClient::login(running.addr(), &database));
    let mut watcher = TestClient::login(cluster().addr(), &database);
    let asleep = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND wait_event = 'PgSleep'";
    second.query("SELECT pg_sleep(600)");
    wait_for(&mut watcher, asleep, "1");
    cancel(running.addr(), first.key.0, &first.key.1);
    wait_for(&mut watcher, asleep, "1");
    cancel(running.addr(), second.key.0, &second.key.1);
    expect!(second, RowDescription);
    expect!(second, ErrorResponse, "57014");
}

#[test]
fn clients_outlive_the_server_and_busy_ones_hear_its_words() {
    let cluster = Cluster::start(Options::default()).expect("a throwaway PostgreSQL starts");
    let running = start(config(&cluster));
    let mut idle = [(); 3].map(|()| TestClient::login(running.addr(), "postgres"));
    for (n, client) in idle.iter_mut().enumerate() {
        client.rows(&format!("SET app.me = 'client {n}'"));
        client.send(&[parse("s", "SELECT current_setting('app.me')"), sync()].concat());
        client.replies();
    }
    for how in [Shutdown::Fast, Shutdown::Immediate] {
        let mut busy = TestClient::login(running.addr(), "postgres");
        let mut watcher = TestClient::login(cluster.addr(), "postgres");
        busy.query("SELECT pg_sleep(600)");
        let asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        wait_for(&mut watcher, asleep, "1");
        cluster.restart(how).expect("it starts again");
        // An immediate shutdown is told by a warning first.
        let words: Vec<_> = busy.replies().iter().map(Message::text).collect();
        let is_told = |code: &str| words.iter().any(|word| word == code);
        assert!(is_told("57P01") || is_told("57P02"), "{words:?}");
        assert_eq!(busy.row("SELECT 'served'"), "served");
        for (n, client) in idle.iter_mut().enumerate() {
            client.send(&[bind("", "s", &[]), execute("", 0), sync()].concat());
            expect!(client, BindComplete);
            expect!(client, DataRow, format!("client {n}"));
            expect!(client, CommandComplete, "SELECT 1");
            expect!(client, ReadyForQuery, "I");
        }
    }
}
