//! A client that is gone without a word, in every state that it can be in.

use std::time::Duration;

use pgparley::config::PoolMode;

use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message as m;
use crate::support::proxy::proxy_with;
use crate::support::proxy::wait_for;

/// What the client has sent since its login when it disappears.
fn states() -> Vec<(&'static str, Vec<u8>)> {
    let select = m::unnamed("SELECT 1");
    vec![
        ("idle", Vec::new()),
        ("in a header", b"Q\0\0".to_vec()),
        (
            "in a query",
            m::query("INSERT INTO kept VALUES (1)")[..20].to_vec(),
        ),
        (
            "in a long query",
            [b"Q\0\x20\0\0".to_vec(), vec![b' '; 500_000]].concat(),
        ),
        ("answer not read", m::query("SELECT 1")),
        ("query running", m::query("SELECT pg_sleep(600)")),
        ("in a block", m::query("BEGIN; INSERT INTO kept VALUES (2)")),
        ("in a failed block", m::query("BEGIN; SELECT 1/0")),
        (
            "block and query",
            m::query("BEGIN; INSERT INTO kept VALUES (3); SELECT pg_sleep(600)"),
        ),
        (
            "no sync",
            [m::unnamed("INSERT INTO kept VALUES (4)"), m::flush()].concat(),
        ),
        (
            "neither sync nor flush",
            m::unnamed("INSERT INTO kept VALUES (5)"),
        ),
        ("parsed", [m::parse("name", "SELECT 1"), m::sync()].concat()),
        (
            "error skips",
            [m::unnamed("SELECT 1/0"), m::flush(), select.clone()].concat(),
        ),
        (
            "portal open",
            [
                m::parse("", "SELECT generate_series(1, 100000)"),
                m::bind("", "", &[]),
                m::execute("", 10),
                m::flush(),
            ]
            .concat(),
        ),
        ("copy in", m::query("COPY kept FROM STDIN")),
        (
            "data sent",
            [m::query("COPY kept FROM STDIN"), m::copy_data(b"6\n")].concat(),
        ),
        (
            "in copy data",
            [m::query("COPY kept FROM STDIN"), b"d\0\0\x10\0abc".to_vec()].concat(),
        ),
        (
            "copy out",
            m::query("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 1000000)) TO STDOUT"),
        ),
        (
            "rows not read",
            m::query("SELECT repeat('x', 1000) FROM generate_series(1, 1000000)"),
        ),
        ("pipeline", [select, m::sync()].concat().repeat(1000)),
        ("pinned", m::query("LISTEN news")),
        (
            "temporary table",
            m::query("CREATE TEMP TABLE gone (n int)"),
        ),
        (
            "role",
            m::query("SET ROLE pg_monitor; SET work_mem = '7MB'"),
        ),
        ("lock", m::query("SELECT pg_advisory_lock(1)")),
        ("refused", m::query("/* nl: what is this */ SELECT broken(")),
    ]
}

/// No place is lost and nothing of the client is left, whatever it was doing.
#[track_caller]
fn vanish_in_every_state(mode: PoolMode) {
    let database = database();
    let running = proxy_with(|config| {
        config.databases[0].pool_size = 1;
        config.databases[0].pool_mode = mode;
        // Less than a server is given that heeds no cancel.
        config.databases[0].query_wait_timeout = Duration::from_secs(4);
        config.server.max_client_conn = 2;
    });
    let mut watcher = TestClient::login(cluster().addr(), &database);
    watcher.rows("CREATE TABLE kept (n int)");
    for (state, bytes) in states() {
        let mut client = TestClient::login(running.addr(), &database);
        client.try_send(&bytes);
        drop(client);
        // With the only server connection, and in the place that it has left.
        let mut next = TestClient::login(running.addr(), &database);
        let left = "SELECT current_user, current_setting('work_mem'), \
            to_regclass('pg_temp.gone'), count(*) FROM pg_locks WHERE locktype = 'advisory'";
        assert_eq!(next.row(left), "postgres|4MB|∅|0", "{state}");
        next.send(&m::terminate());
        next.expect_closed();
    }
    assert_eq!(watcher.row("SELECT count(*) FROM kept"), "0");
    let ours = "SELECT count(*) <= 1 FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    wait_for(&mut watcher, ours, "t");
}

#[test]
fn client_that_vanishes_leaves_its_place_in_transaction_mode() {
    vanish_in_every_state(PoolMode::Transaction);
}

#[test]
fn client_that_vanishes_leaves_its_place_in_session_mode() {
    vanish_in_every_state(PoolMode::Session);
}
