//! A session that reads only, and every way to make it something else.

use pgparley::config::Policy;
use pgparley::config::PoolMode;
use pgparley::config::SessionState;

use crate::lets_through;
use crate::prepared_database;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::message::function_call;
use crate::support::message::query;
use crate::support::message::sync;
use crate::support::message::unnamed;
use crate::support::proxy::proxy_with;
use crate::under;

fn read_only() -> Policy {
    Policy {
        name: "readers".to_owned(),
        read_only: true,
        ..Policy::default()
    }
}

const SHOW: &str = "SELECT current_setting('transaction_read_only'), \
    current_setting('default_transaction_read_only')";

#[test]
fn nothing_takes_the_servers_wall_down() {
    let database = prepared_database();
    for running in under(&read_only()) {
        let mut client = TestClient::login(running.addr(), &database);
        for text in [
            "BEGIN READ WRITE",
            "START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE",
            "SET TRANSACTION READ WRITE",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
            "SET transaction_read_only = off",
            "SET LOCAL default_transaction_read_only TO off",
            "SET SESSION \"DEFAULT_TRANSACTION_READ_ONLY\" = 'off'",
            "RESET transaction_read_only",
            "RESET default_transaction_read_only",
            "SELECT set_config('transaction_read_only', 'off', true)",
            "SELECT set_config('default_transaction_' || 'read_only', 'off', false)",
            "SELECT set_config(name, 'off', false) FROM pg_settings WHERE name LIKE '%read_only'",
            "SELECT set_config(name, 'off', false) FROM pg_settings \
             WHERE name = 'default_transaction_read_only'",
            "UPDATE pg_settings SET setting = 'off' WHERE name LIKE '%read_only'",
            "SET client_encoding = $euc$SJIS$euc$",
            "SET NAMES E'\\uc000SJIS'",
            "ALTER ROLE postgres SET default_transaction_read_only = off",
            "ALTER DATABASE postgres SET default_transaction_read_only = off",
            "ALTER SYSTEM SET default_transaction_read_only = off",
            "DO $$ BEGIN SET transaction_read_only = off; END $$",
            "PREPARE TRANSACTION 'x'",
            "EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1",
            "SELECT lo_create(0)",
            "SELECT a INTO x FROM kept",
            "SELECT insert INTO x FROM (SELECT 1 AS insert) s",
            "PREPARE transaction AS DELETE FROM t",
        ] {
            let refused = client.error(text);
            assert_eq!(refused.field('C'), "25006", "{text}");
            assert_eq!(refused.field('D'), "Rule \"read_only\".", "{text}");
            assert_eq!(client.row(SHOW), "on|on", "{text}");
        }
        for text in ["RESET ALL", "RESET SESSION AUTHORIZATION", "RESET ROLE"] {
            client.rows(text);
            assert_eq!(client.row(SHOW), "on|on", "{text}");
        }
        client.rows("BEGIN");
        assert_eq!(client.row(SHOW), "on|on");
        client.rows("COMMIT");
    }
}

#[test]
fn no_start_up_packet_does_either() {
    let database = prepared_database();
    for running in under(&read_only()) {
        for (name, value) in [
            ("default_transaction_read_only", "off"),
            ("Default_Transaction_Read_Only", "0"),
            ("transaction_read_only", "off"),
            ("options", "-c default_transaction_read_only=off"),
            ("options", "--default-transaction-read-only=off -e"),
        ] {
            let parameters = [
                ("user", "postgres"),
                ("database", &*database),
                (name, value),
            ];
            let mut client =
                TestClient::login_with(running.addr(), &parameters).expect("the session begins");
            assert_eq!(client.row(SHOW), "on|on", "{name}={value}");
            client.rows("RESET ALL");
            assert_eq!(client.row(SHOW), "on|on", "{name}={value}");
        }
    }
}

#[test]
fn functions_that_write_are_not_called_by_their_number() {
    let database = prepared_database();
    let mut owner = TestClient::login(cluster().addr(), &database);
    let count = "SELECT count(*) FROM pg_largeobject_metadata";
    for running in under(&read_only()) {
        let mut client = TestClient::login(running.addr(), &database);
        // lo_create
        client.send(&function_call(715, &["0"]));
        let replies = client.replies();
        assert_eq!(crate::error(&replies).expect("refused").field('C'), "42501");
        assert_eq!(owner.row(count), "0");
    }
}

#[test]
fn a_session_stays_who_it_is_and_keeps_what_it_has() {
    let texts = [
        "SET ROLE pg_monitor",
        "SET LOCAL SESSION AUTHORIZATION postgres",
        "DISCARD ALL",
        "DEALLOCATE ALL",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "SELECT set_config('search_path', 'kept', false)",
        "WITH t AS MATERIALIZED (SELECT set_config('app.tenant', 'b', true)) SELECT * FROM t",
        "SELECT set_config(name, 'b', true) FROM pg_settings WHERE name = 'work_mem'",
    ];
    let database = prepared_database();
    for running in under(&read_only()) {
        let mut client = TestClient::login(running.addr(), &database);
        for text in texts {
            for message in [query(text), [unnamed(text), sync()].concat()] {
                client.send(&message);
                let replies = client.replies();
                let refused = crate::error(&replies).expect("refused");
                assert_eq!(refused.field('C'), "42501", "{text}");
                assert_eq!(refused.field('D'), "Rule \"session_state\".", "{text}");
            }
        }
        assert_eq!(client.row("SELECT current_user"), "postgres");
    }
    let allowing = Policy {
        session_state: SessionState::Allow,
        ..read_only()
    };
    lets_through(
        &allowing,
        &[
            "SET ROLE pg_monitor",
            "DISCARD ALL",
            "DEALLOCATE ALL",
            "BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1; COMMIT; CLOSE c",
            "SELECT set_config('app.tenant', 'b', true)",
        ],
    );
}

#[test]
fn no_session_begins_as_another_or_for_replication() {
    let database = prepared_database();
    for running in under(&read_only()) {
        for (name, value, rule) in [
            ("role", "pg_monitor", "session_state"),
            ("options", "-c role=pg_monitor", "session_state"),
            ("replication", "database", "replication"),
            ("replication", "true", "replication"),
        ] {
            let parameters = [
                ("user", "postgres"),
                ("database", &*database),
                (name, value),
            ];
            let Err(refused) = TestClient::login_with(running.addr(), &parameters) else {
                panic!("a session begins with {name}={value}");
            };
            assert_eq!(refused.field('C'), "42501", "{name}={value}");
            assert_eq!(refused.field('D'), format!("Rule \"{rule}\"."));
        }
    }
    let running = proxy_with(|config| config.databases[0].pool_mode = PoolMode::Session);
    let parameters = [
        ("user", "postgres"),
        ("database", &*database),
        ("replication", "database"),
    ];
    let client = TestClient::login_with(running.addr(), &parameters);
    assert_eq!(client.expect("no rule is there").row("SELECT 1"), "1");
}

#[test]
fn reading_is_let_through() {
    let texts = [
        "SELECT * FROM t",
        "EXPLAIN ANALYZE SELECT * FROM t",
        "COPY t TO STDOUT",
        "BEGIN; LOCK TABLE t IN ACCESS SHARE MODE; DECLARE c CURSOR FOR TABLE t; FETCH 5 FROM c; COMMIT",
        "PREPARE p AS SELECT $1::int; EXECUTE p(1); DEALLOCATE p",
        "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SELECT 1; COMMIT",
        "SET search_path = public; SHOW search_path",
        "SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL",
        "SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new",
    ];
    lets_through(&read_only(), &texts);
}
