//! Timeouts that a session may lower and not lift.

use std::time::Duration;

use pgparley::config::Policy;

use crate::lets_through;
use crate::prepared_database;
use crate::refuses;
use crate::support::client::TestClient;
use crate::under;

fn limited() -> Policy {
    Policy {
        statement_timeout: Some(Duration::from_mins(1)),
        lock_timeout: Some(Duration::from_secs(5)),
        ..Policy::default()
    }
}

#[test]
fn timeouts_are_not_lifted() {
    let texts = [
        "SET statement_timeout = 0",
        "SET statement_timeout = '61s'",
        "SET LOCAL statement_timeout = '400us'",
        "SELECT set_config('statement_timeout', '0', false)",
        "ALTER ROLE postgres SET statement_timeout = 0",
        "DO $$ BEGIN SET statement_timeout = 0; END $$",
        "UPDATE pg_settings SET setting = '0' WHERE name = 'statement_timeout'",
    ];
    refuses(&limited(), "statement_timeout", &texts);
    refuses(&limited(), "lock_timeout", &["SET lock_timeout = '6s'"]);
    let lowered = [
        "SET statement_timeout = '1min'",
        "SET LOCAL lock_timeout = 100",
        "RESET ALL",
    ];
    lets_through(&limited(), &lowered);
}

#[test]
fn every_session_begins_with_them_and_returns_to_them() {
    let database = prepared_database();
    for running in under(&limited()) {
        let mut client = TestClient::login(running.addr(), &database);
        let show = "SELECT current_setting('statement_timeout'), current_setting('lock_timeout')";
        assert_eq!(client.row(show), "1min|5s");
        client.rows("SET statement_timeout = 10");
        assert_eq!(client.row(show), "10ms|5s");
        for back in [
            "RESET statement_timeout",
            "RESET ALL",
            "DISCARD ALL",
            "SET statement_timeout TO DEFAULT",
        ] {
            client.rows(back);
            assert_eq!(client.row(show), "1min|5s", "{back}");
            client.rows("SET statement_timeout = 10");
        }
        // In one text the session's own default counts already.
        let rows = client.rows("RESET statement_timeout; SHOW statement_timeout");
        assert_eq!(rows, ["1min"]);
    }
}

#[test]
fn a_session_begins_with_a_lower_one_when_it_asks_for_that() {
    let database = prepared_database();
    for running in under(&limited()) {
        let login = |name, value| {
            let parameters = [
                ("user", "postgres"),
                ("database", &*database),
                (name, value),
            ];
            TestClient::login_with(running.addr(), &parameters)
        };
        for (name, value) in [
            ("statement_timeout", "2s"),
            ("options", "-c statement_timeout=2000"),
        ] {
            let mut client = login(name, value).expect("the session begins");
            assert_eq!(client.row("SHOW statement_timeout"), "2s");
            client.rows("SET statement_timeout = 10; RESET ALL");
            assert_eq!(client.row("SHOW statement_timeout"), "2s");
        }
        for (name, value) in [
            ("statement_timeout", "0"),
            ("Statement_Timeout", "2min"),
            ("options", "-c statement_timeout=0"),
        ] {
            let refused = login(name, value).expect_err("the session does not begin");
            assert_eq!(refused.field('C'), "42501");
            assert!(refused.field('H').contains("60000ms"), "{refused:?}");
        }
    }
}

#[test]
fn statements_end_when_their_time_is_up() {
    let policy = Policy {
        statement_timeout: Some(Duration::from_millis(50)),
        ..Policy::default()
    };
    let database = prepared_database();
    for running in under(&policy) {
        let mut client = TestClient::login(running.addr(), &database);
        assert_eq!(client.error("SELECT pg_sleep(60)").field('C'), "57014");
    }
}
