//! A server that is not there, goes away, or is none.

use std::io::Write;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use pgparley::cli::demo::cluster::Cluster;
use pgparley::cli::demo::cluster::Options;
use pgparley::cli::demo::cluster::Shutdown;
use pgparley::config::Config;
use pgparley::config::PoolMode;
use pgparley::server::Running;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;

use crate::expect;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::query;
use crate::support::message::sync;
use crate::support::message::unnamed;
use crate::support::proxy::config;
use crate::support::proxy::proxy_of_sessions;
use crate::support::proxy::proxy_with;
use crate::support::proxy::start;
use crate::support::proxy::wait_for;

const PARAMETERS: [(&str, &str); 2] = [("user", "postgres"), ("database", "postgres")];

/// Each client keeps its server connection, so it notices at once what becomes of that.
fn keeping(mut config: Config) -> Config {
    config.databases[0].pool_mode = PoolMode::Session;
    config
}

fn refused(running: &Running) -> Message {
    TestClient::login_with(running.addr(), &PARAMETERS).expect_err("no login")
}

#[track_caller]
fn cannot_connect(running: &Running) {
    let error = refused(running);
    assert_eq!(
        (error.text().as_str(), error.field('S').as_str()),
        ("08001", "FATAL")
    );
    assert!(!error.field('H').is_empty(), "a hint helps: {error:?}");
}

/// A listener that is no PostgreSQL: it says `words` to each client and closes, or never does.
fn stranger(words: Option<&'static [u8]>) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it has an address").port();
    thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.expect("a client");
            match words {
                Some(words) => stream.write_all(words).expect("it is there"),
                None => kept.push(stream),
            }
        }
    });
    proxy_with(|config| {
        config.databases[0].upstream.port = port;
        config.databases[0].server_connect_timeout = Duration::from_millis(200);
    })
}

fn login_until_let_in(running: &Running) -> TestClient {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        match TestClient::login_with(running.addr(), &PARAMETERS) {
            Ok(client) => return client,
            Err(error) => assert!(Instant::now() < deadline, "{error:?}"),
        }
        thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn dead_upstream_is_said_with_a_hint_until_it_is_back() {
    let cluster = Cluster::start(Options::default()).expect("a throwaway PostgreSQL starts");
    let running = start(keeping(config(&cluster)));
    cluster.stop(Shutdown::Fast).expect("it stops");
    cannot_connect(&running);
    cluster.restart(Shutdown::Fast).expect("it starts");
    // Until the pool tries again, which it does not do for each client.
    let mut client = login_until_let_in(&running);
    assert_eq!(client.row("SELECT 1"), "1");

    cluster.restart(Shutdown::Fast).expect("it starts again");
    expect!(client, ErrorResponse, "57P01");
    client.expect_closed();
    let mut client = TestClient::login(running.addr(), "postgres");
    assert_eq!(client.row("SELECT 1"), "1");
}

#[test]
fn host_that_has_no_address_is_said() {
    let running = proxy_with(|config| {
        "no-such-host.invalid".clone_into(&mut config.databases[0].upstream.host);
    });
    cannot_connect(&running);
}

#[test]
fn socket_directory_without_a_socket_is_said() {
    let running = proxy_with(|config| {
        "/nonexistent".clone_into(&mut config.databases[0].upstream.host);
    });
    cannot_connect(&running);
}

#[test]
fn server_that_does_not_answer_is_given_up_in_time() {
    let running = stranger(None);
    let begun = Instant::now();
    cannot_connect(&running);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn servers_that_are_no_postgresql_are_given_up() {
    let words: [&'static [u8]; 6] = [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"Z\0\0\0\x05I",
        b"R\0\0\0\x03",
        b"R\0\0\0\x08\0\0\0\x63",
        b"R\xff\xff\xff\xff",
    ];
    for words in words {
        let error = refused(&stranger(Some(words)));
        assert_eq!(error.field('S'), "FATAL", "{words:?}: {error:?}");
        let class = error.text();
        assert!(
            class.starts_with("08") || class.starts_with("28"),
            "{words:?}: {error:?}"
        );
    }
}

#[test]
fn terminated_session_hears_the_servers_own_words() {
    let database = database();
    let running = proxy_of_sessions(|_| ());
    let mut watcher = TestClient::login(cluster().addr(), &database);
    for busy in [false, true] {
        let mut client = TestClient::login(running.addr(), &database);
        let pid = client.row("SELECT pg_backend_pid()");
        if busy {
            client.query("SELECT pg_sleep(600)");
            let sleeps = format!("SELECT wait_event FROM pg_stat_activity WHERE pid = {pid}");
            wait_for(&mut watcher, &sleeps, "PgSleep");
        }
        watcher.rows(&format!("SELECT pg_terminate_backend({pid}, 30000)"));
        if busy {
            expect!(client, RowDescription);
        }
        let error = expect!(client, ErrorResponse, "57P01");
        assert_eq!(error.field('S'), "FATAL");
        client.expect_closed();
    }
}

#[test]
fn terminated_session_frees_its_place() {
    let database = database();
    let running = proxy_of_sessions(|config| config.databases[0].pool_size = 1);
    let mut watcher = TestClient::login(cluster().addr(), &database);
    for _ in 0..3 {
        let mut client = TestClient::login(running.addr(), &database);
        let pid = client.row("SELECT pg_backend_pid()");
        watcher.rows(&format!("SELECT pg_terminate_backend({pid}, 30000)"));
        // What is sent now finds nobody; what the server said last must come through still.
        client.try_send(&[unnamed("SELECT 1"), sync()].concat());
        expect!(client, ErrorResponse, "57P01");
        client.expect_closed();
    }
}

#[test]
fn killed_server_process_is_said_as_a_lost_connection() {
    let cluster = Cluster::start(Options::default()).expect("a throwaway PostgreSQL starts");
    let running = start(keeping(config(&cluster)));
    let mut client = TestClient::login(running.addr(), "postgres");
    let pid = client
        .row("SELECT pg_backend_pid()")
        .parse()
        .expect("a number");
    let pid = Pid::from_raw(pid).expect("a process id");
    kill_process(pid, Signal::KILL).expect("it can be killed");
    let error = expect!(client, ErrorResponse, "08006");
    assert_eq!(error.field('S'), "FATAL");
    client.expect_closed();

    // PostgreSQL starts anew after that; meanwhile a login gets its words, then it works again.
    let deadline = Instant::now() + Duration::from_mins(1);
    let mut client = loop {
        match TestClient::login_with(running.addr(), &PARAMETERS) {
            // Let in before the server has noticed, it is lost like the first one.
            Ok(mut client) => {
                if answers(&mut client) {
                    break client;
                }
            }
            Err(error) => {
                let code = error.text();
                assert!(
                    ["57P03", "57P02", "08001"].contains(&code.as_str()),
                    "{error:?}"
                );
                assert!(
                    Instant::now() < deadline,
                    "it does not come back: {error:?}"
                );
            }
        }
    };
    assert_eq!(client.row("SELECT 1"), "1");
}

/// A query is answered before the connection ends.
fn answers(client: &mut TestClient) -> bool {
    client.try_send(&query("SELECT 1"));
    std::iter::from_fn(|| client.try_recv()).any(|message| message.kind() == Kind::ReadyForQuery)
}
