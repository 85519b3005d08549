//! What was let through before the database changed is judged by what it is now.

use std::time::Duration;
use std::time::Instant;

use pgparley::config::PoolMode;

use crate::subject::SECRET;
use crate::subject::columns;
use crate::subject::named;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::bind;
use crate::support::message::execute;
use crate::support::message::parse;
use crate::support::message::sync;
use crate::support::proxy::proxy_with;

/// A view that shows a column that is not denied, and the same when it shows one that is.
const BEFORE: &str = "CREATE VIEW guests AS SELECT id, name FROM customers";
const AFTER: &str = "CREATE OR REPLACE VIEW guests AS SELECT id, ssn AS name FROM customers";

fn changing(mode: PoolMode, ask: impl Fn(&mut TestClient) -> Vec<Message>) {
    let name = database();
    let script = format!("{}{BEFORE}", crate::subject::FIXTURE);
    cluster().run_sql(&name, &script).expect("the script runs");
    let proxy = proxy_with(|config| {
        config.databases[0].pool_mode = mode;
        let mut policy = named();
        policy.deny_columns = columns(&["customers.ssn"]);
        config.policies.push(policy);
    });
    let mut client = TestClient::login(proxy.addr(), &name);
    client.run("PREPARE by_sql AS SELECT name FROM guests");
    client.send(&[parse("by_parse", "SELECT name FROM guests"), sync()].concat());
    client.replies();
    let question = "/* nl: how many guests */";
    client.send(&[parse("by_question", question), sync()].concat());
    let prepared = client.replies();
    let replies = ask(&mut client);
    assert!(
        replies.iter().any(|it| it.kind() == Kind::DataRow),
        "{prepared:?} {replies:?}"
    );
    cluster().run_sql(&name, AFTER).expect("the script runs");
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let replies = ask(&mut client);
        let error = replies.iter().find(|it| it.kind() == Kind::ErrorResponse);
        if error.is_some_and(|error| error.field('C') == "42501") {
            break;
        }
        assert!(Instant::now() < deadline, "{replies:?}");
    }
    // Nor does it come back.
    for message in ask(&mut client) {
        assert!(!String::from_utf8_lossy(&message.body).contains(SECRET));
    }
    assert_eq!(client.run("SELECT 1").len(), 4);
}

fn bound(client: &mut TestClient, statement: &str) -> Vec<Message> {
    client.send(&[bind("", statement, &[]), execute("", 0), sync()].concat());
    client.replies()
}

#[test]
fn a_statement_that_was_prepared_is_judged_again_when_it_is_bound() {
    for mode in [PoolMode::Session, PoolMode::Transaction] {
        changing(mode, |client| bound(client, "by_parse"));
    }
}

#[test]
fn a_question_that_was_prepared_is_judged_again_when_it_is_bound() {
    for mode in [PoolMode::Session, PoolMode::Transaction] {
        changing(mode, |client| bound(client, "by_question"));
    }
}

#[test]
fn what_executes_a_statement_is_judged_by_what_it_executes() {
    changing(PoolMode::Session, |client| {
        client.send(
            &[
                parse("", "EXECUTE by_sql"),
                bind("", "", &[]),
                execute("", 0),
                sync(),
            ]
            .concat(),
        );
        client.replies()
    });
    changing(PoolMode::Session, |client| {
        client.run("EXPLAIN ANALYZE EXECUTE by_sql; EXECUTE by_sql")
    });
}

#[test]
fn a_statement_that_was_prepared_is_judged_again_when_sql_executes_it() {
    changing(PoolMode::Session, |client| client.run("EXECUTE by_sql"));
    changing(PoolMode::Transaction, |client| client.run("EXECUTE by_sql"));
    changing(PoolMode::Transaction, |client| {
        client.run("EXECUTE by_parse")
    });
    changing(PoolMode::Session, |client| client.run("EXECUTE by_parse"));
}
