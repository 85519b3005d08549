//! Which settings a session may change.

use pgparley::config::Glob;
use pgparley::config::Policy;
use pgparley::config::Rules;

use crate::lets_through;
use crate::prepared_database;
use crate::refuses;
use crate::support::client::TestClient;
use crate::under;

fn allowing(names: &[&str]) -> Policy {
    Policy {
        settings: Rules {
            allow: Some(names.iter().map(|&name| Glob::new(name)).collect()),
            deny: Vec::new(),
        },
        ..Policy::default()
    }
}

#[test]
fn other_settings_stay_what_they_are() {
    let policy = allowing(&["search_path", "app.*"]);
    let texts = [
        "SET work_mem = '1MB'",
        "SET LOCAL work_mem = '1MB'",
        "RESET work_mem",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION postgres",
        "SET TIME ZONE 'UTC'",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "SELECT set_config('work_mem', '1MB', false)",
        "SELECT set_config('work' || '_mem', '1MB', false)",
        "UPDATE pg_settings SET setting = '1MB' WHERE name = 'work_mem'",
        "ALTER ROLE postgres SET work_mem = '1MB'",
        "DO $$ BEGIN SET work_mem = '1MB'; END $$",
    ];
    refuses(&policy, "allow_settings", &texts);
    let allowed = [
        "SET search_path = public",
        "SELECT set_config('app.user', 'x', false)",
        "RESET ALL",
        "DISCARD ALL",
        "SHOW work_mem",
    ];
    lets_through(&policy, &allowed);
}

#[test]
fn a_session_does_not_begin_with_them_either() {
    let database = prepared_database();
    for running in under(&allowing(&["search_path"])) {
        let login = |name, value| {
            let parameters = [
                ("user", "postgres"),
                ("database", &*database),
                (name, value),
            ];
            TestClient::login_with(running.addr(), &parameters)
        };
        for (name, value) in [
            ("work_mem", "1MB"),
            ("options", "-c work_mem=1MB"),
            ("options", "--work-mem=1MB"),
            ("options", "-S 64"),
            ("role", "postgres"),
        ] {
            let refused = login(name, value).expect_err("the session does not begin");
            assert_eq!(refused.field('C'), "42501", "{name}={value}");
        }
        for (name, value) in [
            ("search_path", "public"),
            ("options", "-c search_path=public"),
            ("application_name", "x"),
            ("DateStyle", "ISO"),
        ] {
            let mut client = login(name, value).expect("the session begins");
            assert_eq!(client.row("SELECT 1"), "1");
        }
    }
}
