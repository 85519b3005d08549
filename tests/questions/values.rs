//! Words of a question that are stored values.

use pgparley::config::Config;
use pgparley::config::ObjectPattern;
use pgparley::config::Policy;
use pgparley::config::Rules;

use crate::rows;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::proxy::proxy_with;

const QUESTION: &str = "/* nl: how many customers in oslo */";

/// A database that was never analyzed.
fn towns() -> String {
    let database = database();
    let script = "CREATE TABLE customers(id int PRIMARY KEY, name text, city text);
        INSERT INTO customers VALUES (1, 'Ada', 'Oslo'), (2, 'Bo', 'Oslo'), (3, 'Cy', 'Rome');";
    cluster()
        .run_sql(&database, script)
        .expect("the script runs");
    database
}

#[test]
fn a_stored_spelling_is_known_without_statistics() {
    let running = proxy_with(|_| {});
    let mut client = TestClient::login(running.addr(), &towns());
    // The first question waits for the look at values, but not for long.
    let counted = (0..100).any(|_| {
        let replies = client.run(QUESTION);
        rows(&replies) == ["2"]
    });
    assert!(counted);
}

#[test]
fn values_are_not_looked_at_under_rules_about_objects_or_when_it_is_off() {
    let database = towns();
    let off = |config: &mut Config| config.nl.sample_values = false;
    let ruled = |config: &mut Config| {
        let policy = Policy {
            functions: Rules {
                allow: None,
                deny: vec![ObjectPattern::parse("pg_sleep").expect("a name")],
            },
            ..Policy::default()
        };
        config.policies.push(policy);
    };
    for running in [proxy_with(off), proxy_with(ruled)] {
        let mut client = TestClient::login(running.addr(), &database);
        for _ in 0..3 {
            assert_eq!(client.error(QUESTION).text(), "PGN02");
        }
    }
}
