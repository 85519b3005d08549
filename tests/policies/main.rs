//! What policies refuse over the wire, on both protocols: nothing of it runs, what came before it
//! in the same transaction is undone, and the session goes on.

mod audit;
mod check;
mod collected;
mod estimates;
mod limited_as_direct;
mod metadata;
mod picky_upstream;
mod questions;
mod read_only;
mod recipes;
mod row_limit;
mod settings;
mod statements;
#[path = "../support/mod.rs"]
pub mod support;
mod timeouts;

use pgparley::config::Command;
use pgparley::config::Policy;
use pgparley::config::PoolMode;
use pgparley::server::Running;

use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::query;
use crate::support::message::sync;
use crate::support::message::unnamed;
use crate::support::proxy::proxy_with;

/// Pgparleys that hold everybody to `policy`: one whose clients share connections, and one where
/// each has its own.
pub fn under(policy: &Policy) -> [Running; 2] {
    [PoolMode::Transaction, PoolMode::Session].map(|mode| {
        proxy_with(|config| {
            config.databases[0].pool_mode = mode;
            config.policies.push(policy.clone());
        })
    })
}

/// Commands by their names.
pub fn commands(names: &[&str]) -> Vec<Command> {
    let command = |name: &&str| Command::named(name).expect("a command");
    names.iter().map(command).collect()
}

/// A database with a table `kept` that is empty, and a table `t` of a thousand rows.
pub fn prepared_database() -> String {
    let database = database();
    let mut owner = TestClient::login(cluster().addr(), &database);
    owner.rows(
        "CREATE TABLE kept (a int); CREATE TABLE t AS SELECT id FROM generate_series(1, 1000) id; \
         ANALYZE t",
    );
    database
}

/// Nobody gets `text` past `policy`: `rule` refuses it wherever it stands.
#[track_caller]
pub fn refuses(policy: &Policy, rule: &str, texts: &[&str]) {
    let database = prepared_database();
    for running in under(policy) {
        for text in texts {
            let mut client = TestClient::login(running.addr(), &database);
            is_refused_alone(&mut client, rule, text);
            is_refused_in_a_block(&mut client, rule, text);
            is_refused_in_a_pipeline(&mut client, rule, text);
            assert_eq!(client.row("SELECT count(*) FROM kept"), "0", "{text}");
        }
    }
}

/// Every one of `texts` runs under `policy`, on both protocols.
#[track_caller]
pub fn lets_through(policy: &Policy, texts: &[&str]) {
    let database = prepared_database();
    for running in under(policy) {
        for text in texts {
            let mut client = TestClient::login(running.addr(), &database);
            let replies = client.run(text);
            assert_eq!(error(&replies), None, "{text}");
            if text.contains(';') {
                continue;
            }
            let mut client = TestClient::login(running.addr(), &database);
            client.send(&[unnamed(text), sync()].concat());
            assert_eq!(error(&client.replies()), None, "{text}");
        }
    }
}

fn is_refused_alone(client: &mut TestClient, rule: &str, text: &str) {
    let replies = client.run(text);
    is_refusal(&replies, rule, text, "I");
    client.send(&[unnamed(text), sync()].concat());
    is_refusal(&client.replies(), rule, text, "I");
}

fn is_refused_in_a_block(client: &mut TestClient, rule: &str, text: &str) {
    for refused in [query(text), [unnamed(text), sync()].concat()] {
        client.rows("BEGIN; INSERT INTO kept VALUES (1)");
        client.send(&refused);
        is_refusal(&client.replies(), rule, text, "E");
        client.rows("ROLLBACK");
    }
}

fn is_refused_in_a_pipeline(client: &mut TestClient, rule: &str, text: &str) {
    let pipeline = [
        unnamed("INSERT INTO kept VALUES (1)"),
        unnamed(text),
        unnamed("INSERT INTO kept VALUES (2)"),
        sync(),
    ];
    client.send(&pipeline.concat());
    is_refusal(&client.replies(), rule, text, "I");
}

#[track_caller]
fn is_refusal(replies: &[Message], rule: &str, text: &str, status: &str) {
    let refused = error(replies);
    let detail = refused.map(|error| error.field('D'));
    let expected = format!("Rule \"{rule}\".");
    assert_eq!(detail.as_deref(), Some(&*expected), "{text}: {replies:?}");
    let last = replies.last().map(Message::text);
    assert_eq!(last.as_deref(), Some(status), "{text}: {replies:?}");
}

/// The error among `replies`.
pub fn error(replies: &[Message]) -> Option<&Message> {
    replies
        .iter()
        .find(|message| message.kind() == Kind::ErrorResponse)
}
