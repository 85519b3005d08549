//! The policies of `docs/policies.md`, loaded from there and tried.

use crate::error;
use crate::prepared_database;
use crate::support::client::TestClient;
use crate::support::recipe::recipe;
use crate::under;

/// What runs under a recipe, and what does not, by the rule that refuses it.
#[track_caller]
fn tried(title: &str, runs: &[&str], refused: &[(&str, &str)]) {
    let policy = recipe(title);
    let user = policy.matches.user.clone().expect("a recipe is for a user");
    let database = prepared_database();
    let mut owner = TestClient::login(crate::cluster().addr(), &database);
    owner.rows(&format!(
        "DROP ROLE IF EXISTS {user}; CREATE ROLE {user} SUPERUSER LOGIN"
    ));
    for running in under(&policy) {
        let parameters = [
            ("user", &*user),
            ("database", &*database),
            ("application_name", "a test"),
            ("extra_float_digits", "2"),
        ];
        let mut client =
            TestClient::login_with(running.addr(), &parameters).expect("the session begins");
        for text in runs {
            assert_eq!(error(&client.run(text)), None, "{title}: {text}");
        }
        for (text, rule) in refused {
            let detail = client.error(text).field('D');
            assert_eq!(detail, format!("Rule \"{rule}\"."), "{title}: {text}");
        }
    }
}

#[test]
fn every_recipe_is_read() {
    for title in [
        "Analysts",
        "BI service accounts",
        "An AI agent's account",
        "A DBA",
    ] {
        recipe(title);
    }
}

#[test]
fn analysts_read() {
    tried(
        "Analysts",
        &[
            "SELECT * FROM t",
            "SET search_path = public",
            "COPY t TO STDOUT",
            "SET statement_timeout = '10s'",
            "EXPLAIN ANALYZE SELECT 1",
        ],
        &[
            ("DELETE FROM t", "read_only"),
            ("SET statement_timeout = 0", "statement_timeout"),
            ("SET default_transaction_read_only = off", "read_only"),
        ],
    );
}

#[test]
fn dashboards_show_what_they_are_made_for() {
    tried(
        "BI service accounts",
        &[
            "SELECT * FROM t",
            "SET timezone = 'UTC'",
            "PREPARE p AS SELECT 1",
            "EXECUTE p",
            "DISCARD ALL",
        ],
        &[
            ("SELECT 1; DELETE FROM t", "allow_statements"),
            ("SET work_mem = '1GB'", "allow_settings"),
            ("SELECT count(*) FROM t a, t b, t c", "max_cost"),
            ("COPY t TO STDOUT", "allow_statements"),
        ],
    );
}

#[test]
fn agents_ask_and_learn() {
    let long = format!("SELECT '{}'", "x".repeat(70_000));
    tried(
        "An AI agent's account",
        &[
            "SELECT count(*) FROM t",
            "EXPLAIN SELECT * FROM t",
            "SHOW server_version",
        ],
        &[
            ("SET search_path = public", "allow_statements"),
            (
                "SELECT set_config('search_path', '', false)",
                "allow_settings",
            ),
            ("INSERT INTO kept VALUES (1)", "allow_statements"),
            ("SELECT lo_create(0)", "read_only"),
            ("SELECT count(*) FROM t a, t b, t c", "max_cost"),
            (&long, "max_statement_bytes"),
        ],
    );
}

#[test]
fn administrators_do_nothing_by_accident() {
    tried(
        "A DBA",
        &[
            "CREATE TABLE IF NOT EXISTS made (a int)",
            "DELETE FROM t WHERE id = 1",
            "DO $$ BEGIN NULL; END $$",
            "VACUUM t",
        ],
        &[
            ("DELETE FROM t", "require_where"),
            ("TRUNCATE t", "deny_statements"),
            ("SET lock_timeout = 0", "lock_timeout"),
        ],
    );
}
