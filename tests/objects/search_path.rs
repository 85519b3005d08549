//! Names without a schema mean what they mean where the session looks for them.

use pgparley::config::PoolMode;
use pgparley::server::Running;

use crate::subject::FIXTURE;
use crate::subject::SECRET;
use crate::subject::columns;
use crate::subject::named;
use crate::subject::names;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::query;
use crate::support::message::sync;
use crate::support::message::unnamed;
use crate::support::proxy::proxy_with;

const MODES: [PoolMode; 2] = [PoolMode::Session, PoolMode::Transaction];

fn proxy(mode: PoolMode) -> Running {
    let mut policy = named();
    policy.tables.deny = names(&["hr.*", "secrets"]);
    policy.deny_columns = columns(&["hr2.orders.amount"]);
    proxy_with(|config| {
        config.databases[0].pool_mode = mode;
        config.policies.push(policy);
    })
}

fn filled() -> String {
    let name = database();
    let more = "CREATE SCHEMA hr2; CREATE TABLE hr2.orders(id int, amount text);
        INSERT INTO hr2.orders VALUES (1, 'sk-live-THIS-IS-SECRET');
        CREATE FUNCTION hr.lower(text) RETURNS text LANGUAGE sql AS 'SELECT token FROM secrets'";
    for script in [FIXTURE, more] {
        cluster().run_sql(&name, script).expect("the script runs");
    }
    name
}

fn is_refused(replies: &[Message]) -> bool {
    for message in replies {
        let body = String::from_utf8_lossy(&message.body);
        assert!(!body.contains(SECRET), "{message:?}");
    }
    let mut errors = replies.iter().filter(|it| it.kind() == Kind::ErrorResponse);
    errors.any(|error| error.field('C') == "42501")
}

#[test]
fn a_name_stands_for_what_the_search_path_finds_first() {
    let name = filled();
    for mode in MODES {
        let proxy = proxy(mode);
        let mut client = TestClient::login(proxy.addr(), &name);
        assert_eq!(client.row("SELECT count(amount) FROM orders"), "20");
        assert_eq!(client.row("SELECT lower('X')"), "x");
        for path in ["hr", "hr, public", "'$user', 'hr', public"] {
            client.run(&format!("SET search_path TO {path}"));
            assert!(is_refused(&client.run("SELECT * FROM orders")), "{path}");
            assert!(is_refused(&client.run("SELECT lower('X'::text)")), "{path}");
        }
        client.run("SELECT set_config('search_path', 'hr2', false)");
        assert_eq!(client.row("SELECT count(id) FROM orders"), "1");
        assert!(is_refused(&client.run("SELECT count(amount) FROM orders")));
        client.run("RESET search_path");
        assert_eq!(client.row("SELECT count(amount) FROM orders"), "20");
        client.run("SET search_path TO public, hr");
        assert_eq!(client.row("SELECT count(amount) FROM orders"), "20");
        assert!(is_refused(&client.run("SELECT lower('X')")));
    }
}

#[test]
fn a_search_path_that_changes_on_the_way_is_seen() {
    let name = filled();
    for mode in MODES {
        let proxy = proxy(mode);
        let mut client = TestClient::login(proxy.addr(), &name);
        let both = "SET search_path TO hr; SELECT * FROM orders";
        assert!(is_refused(&client.run(both)));
        let both = "SELECT set_config('search_path', 'hr', false); SELECT * FROM orders";
        assert!(is_refused(&client.run(both)));
        let ahead = [
            query("SET search_path TO hr"),
            query("SELECT * FROM orders"),
        ];
        client.send(&ahead.concat());
        assert!(!is_refused(&client.replies()));
        assert!(is_refused(&client.replies()));
        client.run("RESET search_path");
        client.run("BEGIN");
        client.run("SET LOCAL search_path TO hr");
        assert!(is_refused(&client.run("SELECT * FROM orders")));
        client.run("ROLLBACK");
        assert_eq!(client.row("SELECT count(*) FROM orders"), "20");
        client.send(&unnamed("SET search_path TO hr"));
        client.send(&query("SELECT * FROM orders"));
        client.send(&sync());
        let mut replies = client.replies();
        replies.extend(client.replies());
        assert!(is_refused(&replies));
    }
}

#[test]
fn what_is_executed_later_must_be_written_with_its_schema() {
    let name = filled();
    for mode in MODES {
        let proxy = proxy(mode);
        let mut client = TestClient::login(proxy.addr(), &name);
        assert!(is_refused(&client.run("PREPARE p AS SELECT * FROM orders")));
        client.send(&unnamed("SELECT count(*) FROM orders"));
        client.send(&sync());
        assert!(is_refused(&client.replies()));
        client.send(&unnamed("SELECT count(*) FROM public.orders"));
        client.send(&sync());
        assert!(!is_refused(&client.replies()));
    }
}
