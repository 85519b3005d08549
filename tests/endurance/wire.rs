//! Each of the shapes as a client sends it: it hears an answer, and goes on.

use pgparley::config::PoolMode;

use crate::readers::policies;
use crate::shapes::SHAPES;
use crate::support::client::TestClient;
use crate::support::database;
use crate::support::message::Kind;
use crate::support::message::sync;
use crate::support::message::unnamed;
use crate::support::proxy::proxy_with;

const BYTES: usize = 20_000;

/// Each text under the policy of this name is answered, on both protocols.
fn all_are_answered(policy: &str) {
    let database = database();
    let (_, policy) = policies()
        .into_iter()
        .find(|(name, _)| *name == policy)
        .expect("a policy of this name");
    let running = proxy_with(|config| {
        config.databases[0].pool_mode = PoolMode::Transaction;
        config.policies.push(policy);
    });
    for shape in SHAPES {
        let text = shape.text(BYTES);
        let mut client = TestClient::login(running.addr(), &database);
        client.query(&text);
        let replies = client.replies();
        let ends = |kind| replies.last().is_some_and(|last| last.kind() == kind);
        assert!(ends(Kind::ReadyForQuery), "{}", shape.name);
        client.send(&[unnamed(&text), sync()].concat());
        client.replies();
        client.run("ROLLBACK");
        assert_eq!(client.row("SELECT 7"), "7", "{}", shape.name);
    }
}

#[test]
fn every_text_is_answered_under_every_rule_about_statements() {
    all_are_answered("read_only and statements");
}

#[test]
fn every_text_is_answered_under_rules_about_objects() {
    all_are_answered("deny objects");
}

#[test]
fn every_text_is_answered_under_a_row_limit() {
    all_are_answered("row_limit");
}
