//! Questions over the wire, message by message: where they stand, in both protocols, in
//! transactions of every kind. The right rows are always those of SQL written by hand.

mod bounds;
mod days;
mod differential;
mod extended;
mod places;
mod simple;
mod spellings;
#[path = "../support/mod.rs"]
pub mod support;
mod transactions;
mod values;

use support::client::TestClient;
use support::cluster;
use support::message::Kind;
use support::message::Message;
use support::proxy::proxy;

/// Counts rows of one table, by one of its columns.
const QUESTION: &str = "how many orders per status";

/// What [`QUESTION`] asks.
const GOLD: &str = "SELECT status, count(*) FROM orders GROUP BY status";

/// Lists one row for each order.
const LIST: &str = "show the id and amount of orders";

/// A database with a hundred orders; its name.
fn database() -> String {
    let database = support::database();
    let orders = "CREATE TABLE orders (id int PRIMARY KEY, status text NOT NULL,
            amount numeric NOT NULL);
        INSERT INTO orders
        SELECT n, (ARRAY['new', 'paid', 'shipped'])[n % 3 + 1], n * 10
        FROM generate_series(1, 100) n;
        CREATE TABLE kept (n int);
        ANALYZE";
    cluster()
        .run_sql(&database, orders)
        .expect("the tables can be made");
    database
}

/// A client of the shared pgparley in a database of its own.
fn client() -> TestClient {
    TestClient::login(proxy(), &database())
}

/// The rows among `messages`, sorted.
fn rows(messages: &[Message]) -> Vec<String> {
    let rows = messages.iter();
    let rows = rows.filter(|message| message.kind() == Kind::DataRow);
    let mut rows: Vec<_> = rows.map(Message::text).collect();
    rows.sort();
    rows
}

/// The kinds of `messages`, without rows.
fn kinds(messages: &[Message]) -> Vec<Kind> {
    let kinds = messages.iter().map(Message::kind);
    kinds.filter(|&kind| kind != Kind::DataRow).collect()
}

/// The rows of a Query that must not fail, sorted.
#[track_caller]
fn gold(client: &mut TestClient, sql: &str) -> Vec<String> {
    let mut rows = client.rows(sql);
    rows.sort();
    rows
}

/// What the last `ReadyForQuery` says.
fn status(messages: &[Message]) -> String {
    messages.last().map(Message::text).unwrap_or_default()
}
