//! What a client has of its own (settings of one transaction, a role, a time limit, functions) is of
//! no concern to its neighbours on the same server connection.

use crate::FLOWS;
use crate::PID;
use crate::sharing;
use crate::statements::prepare;
use crate::statements::rows;
use crate::statements::run;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;

/// Midnight where the client is, as far from midnight in UTC as it is read at Parse.
const MIDNIGHT: &str = "SELECT '2020-01-01 00:00'::timestamptz - '2020-01-01 00:00+00'";

#[test]
fn what_is_prepared_under_settings_of_a_transaction_is_nobody_elses() {
    for flow in FLOWS {
        for local in [
            "SET LOCAL TimeZone = 'America/New_York'",
            "SELECT set_config('TimeZone', 'America/New_York', true)",
            "SELECT moves()",
        ] {
            let running = sharing(1);
            let database = database();
            let moves = "CREATE FUNCTION moves() RETURNS text LANGUAGE sql AS \
                         $$ SELECT set_config('TimeZone', 'America/New_York', true) $$";
            cluster().run_sql(&database, moves).expect("a function");
            let [mut client, mut other] =
                [(); 2].map(|()| TestClient::login(running.addr(), &database));
            for client in [&mut client, &mut other] {
                client.rows("SET TimeZone = 'UTC'");
            }
            // What it leaves is known from now on.
            other.rows("SELECT moves()");
            client.send(&prepare("s", MIDNIGHT));
            client.replies();
            client.send(&run("s", &[]));
            assert_eq!(rows(&client.replies()), ["00:00:00"]);
            other.rows("BEGIN");
            other.send(&flow(local));
            other.replies();
            other.send(&prepare("s", MIDNIGHT));
            other.replies();
            other.rows(&format!("PREPARE p AS {MIDNIGHT}"));
            other.rows("COMMIT");
            client.rows(&format!("PREPARE p AS {MIDNIGHT}"));
            assert_eq!(client.row("EXECUTE p"), "00:00:00", "{local}");
            client.send(&run("s", &[]));
            assert_eq!(rows(&client.replies()), ["00:00:00"], "{local}");
        }
    }
}

#[test]
fn settings_change_hands_whatever_role_is_there() {
    let running = sharing(1);
    let database = database();
    let role = format!("{database}_plain");
    let made = format!("CREATE ROLE {role}");
    cluster().run_sql("postgres", &made).expect("a role");
    for take in ["SET ROLE", "SET SESSION AUTHORIZATION"] {
        let [mut client, mut other] =
            [(); 2].map(|()| TestClient::login(running.addr(), &database));
        other.rows(&format!("{take} {role}"));
        client.rows("SET log_min_messages = 'error'");
        client.rows(&format!("{take} {role}"));
        let seen = "SELECT current_setting('log_min_messages'), current_user";
        for _ in 0..2 {
            assert_eq!(other.row(seen), format!("warning|{role}"));
            assert_eq!(client.row(seen), format!("error|{role}"));
        }
    }
}

#[test]
fn function_that_another_user_replaces_is_read_again() {
    let running = sharing(1);
    let database = database();
    let user = format!("{database}_user");
    let made = format!(
        "CREATE ROLE {user} LOGIN SUPERUSER; \
         CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$"
    );
    cluster().run_sql(&database, &made).expect("a function");
    let [mut client, mut next] = [(); 2].map(|()| TestClient::login(running.addr(), &database));
    let parameters = [("user", &*user), ("database", &*database)];
    let other = TestClient::login_with(running.addr(), &parameters);
    assert_eq!(client.row("SELECT f()"), "1");
    other.expect("it may log in").rows(
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE plpgsql AS \
         $$ BEGIN SET work_mem = '9MB'; RETURN 2; END $$",
    );
    assert_eq!(client.row("SELECT f()"), "2");
    assert_eq!(next.row("SHOW work_mem"), "4MB");
    assert_eq!(client.row("SHOW work_mem"), "9MB");
}

#[test]
fn short_statement_timeout_keeps_nobody_on_the_connection() {
    let running = sharing(1);
    let database = database();
    let [mut client, mut other] = [(); 2].map(|()| TestClient::login(running.addr(), &database));
    for _ in 0..5 {
        client.run("SET statement_timeout = '1ms'");
        assert_eq!(other.row("SHOW statement_timeout"), "0");
        let custom = client.run("SELECT set_config('app.me', 'mine', false)");
        assert_eq!(other.row("SHOW statement_timeout"), "0", "{custom:?}");
        client.run("RESET statement_timeout");
        assert_eq!(client.row("SHOW statement_timeout"), "0");
    }
}

#[test]
fn setting_that_can_no_longer_be_made_may_be_given_up() {
    for way in [
        "RESET default_text_search_config",
        "SET default_text_search_config = 'pg_catalog.english'",
        "SET SESSION default_text_search_config TO 'pg_catalog.english'",
        "RESET ALL",
        "DISCARD ALL",
    ] {
        for flow in FLOWS {
            let running = sharing(1);
            let database = database();
            let [mut client, mut other] =
                [(); 2].map(|()| TestClient::login(running.addr(), &database));
            other.rows("CREATE TEXT SEARCH CONFIGURATION own (COPY = english)");
            client.rows("SET default_text_search_config = 'public.own'");
            client.rows("SET work_mem = '5MB'");
            other.rows("DROP TEXT SEARCH CONFIGURATION own");
            assert_eq!(client.error("SELECT 1").text(), "22023", "{way}");
            assert_eq!(
                client.error("SET work_mem = '6MB'").text(),
                "22023",
                "{way}"
            );
            client.send(&flow(way));
            client.replies();
            let left = if way.ends_with("ALL") { "4MB" } else { "5MB" };
            assert_eq!(client.row("SHOW work_mem"), left, "{way}");
            assert_eq!(other.row("SHOW work_mem"), "4MB", "{way}");
        }
    }
}

#[test]
fn function_with_a_name_of_postgresqls_own_is_read_where_its_schema_is_told() {
    let running = sharing(1);
    let database = database();
    let made = "CREATE FUNCTION lower(n int) RETURNS int LANGUAGE plpgsql AS \
                $$ BEGIN PERFORM set_config('work_mem', '6MB', false); RETURN n; END $$";
    cluster().run_sql(&database, made).expect("a function");
    let call = "SELECT public.lower(5)";
    for flow in FLOWS {
        let [mut client, mut other] =
            [(); 2].map(|()| TestClient::login(running.addr(), &database));
        client.send(&flow(call));
        client.replies();
        assert_eq!(other.row("SHOW work_mem"), "4MB", "{call}");
        assert_eq!(client.row("SHOW work_mem"), "6MB", "{call}");
        assert_eq!(other.row(PID), client.row(PID), "{call}");
    }
}

#[test]
fn more_settings_than_can_be_carried_over_are_in_nobodys_way() {
    let running = sharing(1);
    let database = database();
    let [mut client, mut other] = [(); 2].map(|()| TestClient::login(running.addr(), &database));
    let sets: Vec<_> = (0..1700).map(|n| format!("SET app.k{n} = '1'")).collect();
    client.rows(&sets.join(";"));
    assert_eq!(client.row("SHOW app.k1699"), "1");
    drop(client);
    assert_eq!(other.row("SELECT 1"), "1");
    let mut next = TestClient::login(running.addr(), &database);
    let left = "SELECT nullif(current_setting('app.k1699', true), '')";
    assert_eq!(next.row(left), "∅");
}

#[test]
fn setting_that_its_client_may_not_undo_is_in_nobodys_way() {
    let running = sharing(1);
    let database = database();
    let user = format!("{database}_user");
    let made = format!(
        "CREATE ROLE {user} LOGIN; \
         CREATE FUNCTION hush() RETURNS text LANGUAGE sql SECURITY DEFINER AS \
         $$ SELECT set_config('log_min_messages', 'error', false) $$"
    );
    cluster().run_sql(&database, &made).expect("a function");
    let parameters = [("user", &*user), ("database", &*database)];
    let [client, other] = [(); 2].map(|()| TestClient::login_with(running.addr(), &parameters));
    let [mut client, mut other] = [client, other].map(|client| client.expect("it may log in"));
    assert_eq!(other.row("SELECT hush()"), "error");
    assert_eq!(client.row("SHOW log_min_messages"), "warning");
}
