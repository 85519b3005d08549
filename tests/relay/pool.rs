//! Server connections are shared: never more than allowed, and clean for the next client.

use std::time::Duration;

use pgparley::cli::demo::cluster::Cluster;
use pgparley::cli::demo::cluster::Options;
use pgparley::cli::demo::cluster::Shutdown;
use pgparley::server::Running;

use crate::expect;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::bind;
use crate::support::message::execute;
use crate::support::message::parse;
use crate::support::message::startup;
use crate::support::message::sync;
use crate::support::message::terminate;
use crate::support::proxy::config;
use crate::support::proxy::proxy_of_sessions;
use crate::support::proxy::start;
use crate::support::proxy::wait_for;

const PID: &str = "SELECT pg_backend_pid()";

/// A pgparley with one server connection for each database and user.
fn single() -> Running {
    proxy_of_sessions(|config| config.databases[0].pool_size = 1)
}

/// Everything that a session can leave behind, as a row.
const LEFT: &str = "SELECT current_setting('work_mem'), current_user, \
    to_regclass('pg_temp.left_over'), \
    (SELECT count(*) FROM pg_prepared_statements), \
    (SELECT count(*) FROM pg_cursors), \
    (SELECT count(*) FROM pg_listening_channels()), \
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()), \
    nullif(current_setting('custom.leftover', true), '')";

const LEAVE: &str = "SET work_mem = '7MB'; CREATE ROLE somebody_%; \
    CREATE TEMP TABLE left_over (n int); \
    PREPARE by_sql AS SELECT 1; LISTEN news; SELECT pg_advisory_lock(7); \
    SET custom.leftover = 'x'; \
    DECLARE held CURSOR WITH HOLD FOR SELECT 1; SET SESSION AUTHORIZATION somebody_%";

#[test]
fn session_leaves_nothing_to_the_next_on_the_same_server_connection() {
    let database = database();
    let running = single();
    for (round, end_in_transaction) in [false, true].into_iter().enumerate() {
        let mut first = TestClient::login(running.addr(), &database);
        let pid = first.row(PID);
        let clean = first.row(LEFT);
        let role = format!("{database}_{round}");
        first.rows(&LEAVE.replace('%', &role));
        first.send(&[parse("by_protocol", "SELECT 1"), sync()].concat());
        expect!(first, ParseComplete);
        expect!(first, ReadyForQuery);
        assert_ne!(first.row(LEFT), clean);
        if end_in_transaction {
            first.rows("BEGIN; RESET SESSION AUTHORIZATION; CREATE TABLE never (n int)");
        }
        first.send(&terminate());
        first.expect_closed();

        let mut second = TestClient::login(running.addr(), &database);
        assert_eq!(second.row(PID), pid, "the connection is used again");
        assert_eq!(second.row(LEFT), clean);
        assert_eq!(second.row("SELECT to_regclass('never')"), "∅");
        second.rows(&format!("DROP ROLE somebody_{role}"));
        second.send(&terminate());
        second.expect_closed();
    }
}

#[test]
fn parameters_told_at_login_are_true_on_a_used_connection() {
    let database = database();
    let running = single();
    let mut first = TestClient::login(running.addr(), &database);
    let told = first.parameters.clone();
    first.rows("SET application_name = 'first'; SET TimeZone = 'Asia/Tokyo'; SET DateStyle = SQL");
    first.send(&terminate());
    first.expect_closed();

    let second = TestClient::login(running.addr(), &database);
    assert_eq!(second.parameters, told);
}

#[test]
fn second_client_waits_for_the_only_connection() {
    let database = database();
    let running = single();
    let mut first = TestClient::login(running.addr(), &database);
    let pid = first.row(PID);
    first.rows("BEGIN");
    let mut second = TestClient::connect(running.addr());
    second.send(&startup(&[("user", "postgres"), ("database", &database)]));
    second.query(PID);
    first.rows("COMMIT");
    first.send(&terminate());
    second.greeting().expect("its turn has come");
    expect!(second, RowDescription);
    expect!(second, DataRow, pid);
}

#[test]
fn only_connection_moves_to_the_worker_of_the_client_that_waits() {
    let database = database();
    let running = proxy_of_sessions(|config| {
        config.server.workers = 2;
        config.databases[0].pool_size = 1;
    });
    let mut client = TestClient::login(running.addr(), &database);
    let pid = client.row(PID);
    for _ in 0..4 {
        // It comes to the other worker, which has fewer clients.
        let mut next = TestClient::connect(running.addr());
        next.send(&startup(&[("user", "postgres"), ("database", &database)]));
        client.send(&terminate());
        next.greeting().expect("its turn has come");
        assert_eq!(next.row(PID), pid);
        client = next;
    }
}

#[test]
fn restart_of_the_server_is_not_noticed_by_who_comes_after_it() {
    let cluster = Cluster::start(Options::default()).expect("a throwaway PostgreSQL starts");
    let running = start(config(&cluster));
    let clients = [(); 3].map(|()| TestClient::login(running.addr(), "postgres"));
    for mut client in clients {
        client.send(&terminate());
        client.expect_closed();
    }
    for _ in 0..2 {
        cluster.restart(Shutdown::Fast).expect("it starts again");
        let mut client = TestClient::login(running.addr(), "postgres");
        assert_eq!(client.row("SELECT 1"), "1");
        client.send(&terminate());
        client.expect_closed();
    }
}

#[test]
fn connections_are_kept_at_hand_and_grow_old() {
    let database = database();
    let running = proxy_of_sessions(|config| {
        config.databases[0].min_idle = 2;
        config.databases[0].server_idle_timeout = Duration::from_millis(50);
        config.databases[0].server_lifetime = Duration::from_secs(2);
    });
    let mut client = TestClient::login(running.addr(), &database);
    let pid = client.row(PID);
    let mut watcher = TestClient::login(cluster().addr(), &database);
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND pid <> pg_backend_pid()";
    wait_for(&mut watcher, others, "3");
    client.send(&terminate());
    client.expect_closed();
    let first = format!("{others} AND pid = {pid}");
    wait_for(&mut watcher, &first, "0");
    wait_for(&mut watcher, others, "2");
}

#[test]
fn waiting_longer_than_query_wait_timeout_is_refused_with_a_hint() {
    let database = database();
    let running = proxy_of_sessions(|config| {
        config.databases[0].pool_size = 1;
        // Logging in to the server counts too, and the machine may be busy.
        config.databases[0].query_wait_timeout = Duration::from_secs(3);
    });
    let mut first = TestClient::login(running.addr(), &database);
    first.rows("BEGIN");
    let parameters = [("user", "postgres"), ("database", database.as_str())];
    let refused = TestClient::login_with(running.addr(), &parameters).expect_err("no room");
    assert_eq!(refused.text(), "53300");
    assert!(
        refused.field('M').contains("query_wait_timeout"),
        "{refused:?}"
    );
    assert!(refused.field('H').contains("pool_size"), "{refused:?}");
    // The one who was there is not disturbed.
    first.rows("COMMIT");
}

#[test]
fn pools_of_other_users_and_databases_are_their_own() {
    let (one, other) = (database(), database());
    let user = format!("user_of_{one}");
    let running = single();
    let mut first = TestClient::login(running.addr(), &one);
    first.rows(&format!("CREATE ROLE {user} LOGIN"));
    let mut second = TestClient::login(running.addr(), &other);
    let parameters = [("user", user.as_str()), ("database", one.as_str())];
    let third = TestClient::login_with(running.addr(), &parameters);
    let mut third = third.expect("a login");
    let who = "SELECT current_user, current_database()";
    assert_eq!(first.row(who), format!("postgres|{one}"));
    assert_eq!(second.row(who), format!("postgres|{other}"));
    assert_eq!(third.row(who), format!("{user}|{one}"));
}

#[test]
fn client_that_dies_in_a_query_ends_it_and_frees_its_place() {
    let database = database();
    let running = single();
    let mut watcher = TestClient::login(cluster().addr(), &database);
    let busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND pid <> pg_backend_pid() AND state = 'active'";
    let sleep = "SELECT pg_sleep(600)";
    let extended = [parse("", sleep), bind("", "", &[]), execute("", 0), sync()].concat();
    for flow in [crate::support::message::query(sleep), extended] {
        let mut client = TestClient::login(running.addr(), &database);
        client.rows("BEGIN");
        client.send(&flow);
        wait_for(&mut watcher, busy, "1");
        drop(client);
        wait_for(&mut watcher, busy, "0");
        let mut next = TestClient::login(running.addr(), &database);
        assert_eq!(next.row("SELECT 1"), "1");
        next.send(&terminate());
        next.expect_closed();
    }
}

#[test]
fn client_that_dies_right_behind_its_query_ends_it() {
    let database = database();
    let running = single();
    let mut watcher = TestClient::login(cluster().addr(), &database);
    let busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND pid <> pg_backend_pid() AND state = 'active'";
    for _ in 0..20 {
        // The server may not have begun with the query when its client is found to be gone.
        let mut client = TestClient::login(running.addr(), &database);
        client.query("SELECT pg_sleep(600)");
        drop(client);
        let mut next = TestClient::login(running.addr(), &database);
        next.send(&terminate());
        next.expect_closed();
        wait_for(&mut watcher, busy, "0");
    }
}

#[test]
fn client_that_dies_in_a_large_result_frees_its_place() {
    let database = database();
    let running = single();
    let mut client = TestClient::login(running.addr(), &database);
    client.query("SELECT repeat('x', 1000) FROM generate_series(1, 10000000)");
    expect!(client, RowDescription);
    drop(client);
    let mut next = TestClient::login(running.addr(), &database);
    assert_eq!(next.row("SELECT 1"), "1");
}

#[test]
fn client_that_dies_in_the_middle_of_a_message_frees_its_place() {
    let database = database();
    let running = single();
    for cut in [1, 4, 5, 8] {
        let mut client = TestClient::login(running.addr(), &database);
        let query = crate::support::message::query("CREATE TABLE never (n int)");
        client.send(&query[..cut]);
        drop(client);
        let mut next = TestClient::login(running.addr(), &database);
        assert_eq!(next.row("SELECT to_regclass('never')"), "∅");
        next.send(&terminate());
        next.expect_closed();
    }
}

#[test]
fn what_was_not_synced_is_rolled_back_when_the_client_leaves() {
    let database = database();
    let running = single();
    let mut client = TestClient::login(running.addr(), &database);
    client.send(
        &[
            parse("", "CREATE TABLE never (n int)"),
            bind("", "", &[]),
            execute("", 0),
            crate::support::message::flush(),
        ]
        .concat(),
    );
    expect!(client, ParseComplete);
    expect!(client, BindComplete);
    expect!(client, CommandComplete, "CREATE TABLE");
    drop(client);
    let mut next = TestClient::login(running.addr(), &database);
    assert_eq!(next.row("SELECT to_regclass('never')"), "∅");
}

#[test]
fn connection_that_was_idle_too_long_is_closed() {
    let database = database();
    let running = proxy_of_sessions(|config| {
        config.databases[0].server_idle_timeout = Duration::from_millis(50);
    });
    let mut client = TestClient::login(running.addr(), &database);
    assert_eq!(client.row("SELECT 1"), "1");
    client.send(&terminate());
    client.expect_closed();
    let mut watcher = TestClient::login(cluster().addr(), &database);
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND pid <> pg_backend_pid()";
    wait_for(&mut watcher, others, "0");
}

#[test]
fn connection_that_the_server_closed_while_idle_is_not_given_out() {
    let database = database();
    let running = single();
    let mut client = TestClient::login(running.addr(), &database);
    let pid = client.row(PID);
    client.send(&terminate());
    client.expect_closed();
    let mut watcher = TestClient::login(cluster().addr(), &database);
    let idle = format!("SELECT state, query FROM pg_stat_activity WHERE pid = {pid}");
    wait_for(&mut watcher, &idle, "idle|DISCARD ALL");
    watcher.rows(&format!("SELECT pg_terminate_backend({pid}, 10000)"));
    let mut next = TestClient::login(running.addr(), &database);
    assert_ne!(next.row(PID), pid);
}

#[test]
fn reset_query_is_the_configured_one() {
    let database = database();
    let running = proxy_of_sessions(|config| {
        config.databases[0].pool_size = 1;
        config.databases[0].reset_query = "SET custom.reset = 'done'".to_owned();
    });
    let mut first = TestClient::login(running.addr(), &database);
    first.send(&terminate());
    first.expect_closed();
    let mut second = TestClient::login(running.addr(), &database);
    assert_eq!(second.row("SHOW custom.reset"), "done");
}

#[test]
fn more_clients_than_connections_all_get_their_turn() {
    let database = database();
    let running = proxy_of_sessions(|config| config.databases[0].pool_size = 3);
    let addr = running.addr();
    let clients: Vec<_> = (0..20)
        .map(|n| {
            let database = database.clone();
            std::thread::spawn(move || {
                let mut client = TestClient::login(addr, &database);
                let others = "SELECT count(*) <= 3 FROM pg_stat_activity \
                              WHERE datname = current_database() AND backend_type = 'client backend'";
                assert_eq!(client.row(others), "t");
                assert_eq!(client.row(&format!("SELECT {n}")), n.to_string());
                client.send(&terminate());
            })
        })
        .collect();
    for client in clients {
        client.join().expect("it was served");
    }
}
