//! What cannot be given to another server connection keeps its client on the one it has.

use std::time::Duration;

use pgparley::server::Running;

use crate::PID;
use crate::expect;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::sync;
use crate::support::message::terminate;
use crate::support::message::unnamed;
use crate::support::proxy::proxy_with;

/// One server connection, for which nobody waits long.
fn impatient() -> Running {
    proxy_with(|config| {
        config.databases[0].pool_size = 1;
        config.databases[0].query_wait_timeout = Duration::from_millis(500);
    })
}

/// What keeps a client, and what undoes it.
const PINS: [(&str, &str); 8] = [
    ("LISTEN news", "UNLISTEN *"),
    ("CREATE TEMP TABLE t (n int)", "DROP TABLE t"),
    ("CREATE TEMP VIEW v AS SELECT 1", "DISCARD TEMP"),
    (
        "BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1; COMMIT",
        "CLOSE c",
    ),
    ("SELECT pg_advisory_lock(7)", "SELECT pg_advisory_unlock(7)"),
    (
        "SELECT pg_try_advisory_lock_shared(7)",
        "SELECT pg_advisory_unlock_all()",
    ),
    (
        "DO $$ BEGIN CREATE TEMP TABLE t (n int); LISTEN news; END $$",
        "DISCARD ALL",
    ),
    ("SELECT 1 INTO TEMP t", "DROP TABLE pg_temp.t"),
];

#[test]
fn pinned_client_keeps_its_connection_until_the_reason_is_undone() {
    let database = database();
    let running = impatient();
    let [mut client, mut other] = [(); 2].map(|()| TestClient::login(running.addr(), &database));
    for (pin, undo) in PINS {
        let pid = client.row(PID);
        client.rows(pin);
        assert_eq!(other.error("SELECT 1").text(), "53300", "{pin}");
        assert_eq!(client.row(PID), pid, "{pin}");
        client.rows(undo);
        assert_eq!(other.row(PID), pid, "{undo}");
    }
}

#[test]
fn what_was_rolled_back_keeps_nobody() {
    let database = database();
    let running = impatient();
    let [mut client, mut other] = [(); 2].map(|()| TestClient::login(running.addr(), &database));
    for pin in [
        "LISTEN news",
        "CREATE TEMP TABLE t (n int)",
        "CREATE TEMP TABLE t ON COMMIT DROP AS SELECT 1",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "SELECT pg_advisory_xact_lock(7)",
    ] {
        client.rows("BEGIN");
        client.rows(pin);
        client.rows("ROLLBACK");
        assert_eq!(other.row("SELECT 1"), "1", "{pin}");
    }
}

#[test]
fn pinned_by_the_extended_protocol_too() {
    let database = database();
    let running = impatient();
    let [mut client, mut other] = [(); 2].map(|()| TestClient::login(running.addr(), &database));
    client.send(&[unnamed("LISTEN news"), sync()].concat());
    client.replies();
    assert_eq!(other.error("SELECT 1").text(), "53300");
    client.send(&[unnamed("UNLISTEN news"), sync()].concat());
    client.replies();
    assert_eq!(other.row("SELECT 1"), "1");
}

#[test]
fn notification_reaches_an_idle_listener() {
    let database = database();
    let running = impatient();
    let mut client = TestClient::login(running.addr(), &database);
    client.rows("LISTEN news");
    for round in ["one", "two"] {
        cluster()
            .run_sql(&database, &format!("NOTIFY news, '{round}'"))
            .expect("it is sent");
        let message = expect!(client, NotificationResponse);
        assert!(message.text().contains(round), "{message:?}");
    }
}

#[test]
fn temporary_table_is_there_in_later_transactions() {
    let database = database();
    let running = crate::sharing(2);
    let [mut client, mut other] = [(); 2].map(|()| TestClient::login(running.addr(), &database));
    client.rows("CREATE TEMP TABLE mine AS SELECT 'mine' AS t");
    for _ in 0..5 {
        assert_eq!(other.error("SELECT t FROM mine").text(), "42P01");
        assert_eq!(client.row("SELECT t FROM mine"), "mine");
    }
}

#[test]
fn loaded_library_keeps_the_connection_for_good() {
    let database = database();
    let running = impatient();
    let [mut client, mut other] = [(); 2].map(|()| TestClient::login(running.addr(), &database));
    client.rows("LOAD 'plpgsql'");
    let pid = client.row(PID);
    client.rows("DISCARD ALL");
    assert_eq!(other.error("SELECT 1").text(), "53300");
    client.send(&terminate());
    client.expect_closed();
    assert_ne!(other.row(PID), pid);
}

/// Everything that a session can leave behind.
const LEFT: &str = "SELECT current_setting('work_mem'), current_user, session_user, \
    to_regclass('pg_temp.t'), (SELECT count(*) FROM pg_cursors), \
    (SELECT count(*) FROM pg_listening_channels()), \
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()), \
    nullif(current_setting('custom.x', true), '')";

#[test]
fn connection_of_a_pinned_client_that_leaves_is_clean_for_the_next() {
    let database = database();
    let running = crate::sharing(1);
    let mut next = TestClient::login(running.addr(), &database);
    let pid = next.row(PID);
    let clean = next.row(LEFT);
    for say_goodbye in [true, false] {
        for (pin, _) in PINS {
            let mut client = TestClient::login(running.addr(), &database);
            client.rows("SET work_mem = '7MB'; SET custom.x = 'x'");
            client.rows(pin);
            assert_eq!(client.row(PID), pid, "{pin}");
            if say_goodbye {
                client.send(&terminate());
            }
            drop(client);
            assert_eq!(next.row(LEFT), clean, "{pin}");
            assert_eq!(next.row(PID), pid, "{pin}");
        }
    }
}
