//! Over the wire: refusals fail what an error fails, and results hide what is masked or denied.

use pgparley::config::Mask;
use pgparley::config::Policy;
use pgparley::config::PoolMode;
use pgparley::server::Running;

use crate::expect;
use crate::subject::SECRET;
use crate::subject::columns;
use crate::subject::filled;
use crate::subject::masks;
use crate::subject::named;
use crate::subject::names;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::bind;
use crate::support::message::describe_portal;
use crate::support::message::describe_statement;
use crate::support::message::execute;
use crate::support::message::function_call;
use crate::support::message::parse;
use crate::support::message::query;
use crate::support::message::sync;
use crate::support::message::unnamed;
use crate::support::proxy::proxy_with;

fn proxy(policy: Policy, mode: PoolMode) -> Running {
    proxy_with(|config| {
        config.databases[0].pool_mode = mode;
        config.policies.push(policy);
    })
}

fn masked() -> Policy {
    let mut policy = named();
    policy.mask_columns = masks(&[
        ("customers.email", Mask::Hash),
        ("customers.ssn", Mask::Constant("***".to_owned())),
        ("customers.balance", Mask::Constant("0".to_owned())),
        ("customers.tenant", Mask::Null),
    ]);
    policy
}

const MODES: [PoolMode; 2] = [PoolMode::Session, PoolMode::Transaction];

/// No message holds the secret.
#[track_caller]
fn hides(replies: &[Message]) {
    for message in replies {
        let body = String::from_utf8_lossy(&message.body);
        assert!(!body.contains(SECRET), "{message:?}");
    }
}

fn rows(replies: &[Message]) -> Vec<Vec<Option<String>>> {
    let rows = replies.iter().filter(|it| it.kind() == Kind::DataRow);
    rows.map(Message::columns).collect()
}

#[test]
fn masked_values_are_replaced_on_both_protocols() {
    for mode in MODES {
        let proxy = proxy(masked(), mode);
        let mut client = TestClient::login(proxy.addr(), filled());
        let query =
            "SELECT id, email, ssn, balance, tenant FROM customers WHERE id < 3 ORDER BY id";
        let simple = client.run(query);
        hides(&simple);
        let simple = rows(&simple);
        assert_eq!(simple.len(), 2);
        let hash = simple[0][1].clone().expect("a hash");
        assert_eq!(hash.len(), 32, "{hash}");
        assert_ne!(simple[0][1], simple[1][1], "other values, other hashes");
        assert_eq!(
            [&simple[0][2], &simple[0][3], &simple[0][4]],
            [&Some("***".to_owned()), &None, &None]
        );
        client.send(&unnamed(query));
        client.send(&sync());
        let extended = client.replies();
        hides(&extended);
        assert_eq!(rows(&extended), simple);
    }
}

#[test]
fn masks_hold_whether_or_not_the_client_asks_what_comes() {
    for mode in MODES {
        let proxy = proxy(masked(), mode);
        let mut client = TestClient::login(proxy.addr(), filled());
        client.send(&parse("s", "SELECT ssn, * FROM customers ORDER BY id"));
        client.send(&describe_statement("s"));
        client.send(&bind("p", "s", &[]));
        client.send(&execute("p", 2));
        client.send(&describe_portal("p"));
        client.send(&execute("p", 2));
        client.send(&execute("p", 0));
        client.send(&sync());
        let replies = client.replies();
        hides(&replies);
        let kinds: Vec<Kind> = replies.iter().map(Message::kind).collect();
        let expected = [
            &[
                Kind::ParseComplete,
                Kind::ParameterDescription,
                Kind::RowDescription,
            ][..],
            &[
                Kind::BindComplete,
                Kind::DataRow,
                Kind::DataRow,
                Kind::PortalSuspended,
            ],
            &[
                Kind::RowDescription,
                Kind::DataRow,
                Kind::DataRow,
                Kind::PortalSuspended,
            ],
            &[Kind::DataRow, Kind::CommandComplete, Kind::ReadyForQuery],
        ];
        assert_eq!(kinds, expected.concat());
        for row in rows(&replies) {
            assert_eq!(row[0].as_deref(), Some("***"));
        }
    }
}

#[test]
fn masks_hold_through_cursors_returning_and_subqueries() {
    for mode in MODES {
        let proxy = proxy(masked(), mode);
        let mut client = TestClient::login(proxy.addr(), filled());
        for text in [
            "BEGIN",
            "DECLARE c CURSOR FOR SELECT * FROM customers",
            "FETCH 2 FROM c",
            "CLOSE c",
            "PREPARE p AS SELECT ssn FROM customers",
            "EXECUTE p",
            "UPDATE customers SET name = name WHERE id = 1 RETURNING *",
            "SELECT * FROM (SELECT * FROM customers) q",
            "WITH x AS (SELECT * FROM customers) SELECT x.* FROM x WHERE id = 1",
            "SELECT o.id, c.* FROM orders o JOIN customers c ON c.id = o.customer_id",
            "ROLLBACK",
        ] {
            let replies = client.run(text);
            let error = replies.iter().find(|it| it.kind() == Kind::ErrorResponse);
            assert!(error.is_none(), "{text}: {error:?}");
            hides(&replies);
            let is_result = text.starts_with("FETCH") || text.contains('*');
            let is_declared = text.starts_with("DECLARE");
            assert_eq!(
                !rows(&replies).is_empty(),
                (is_result && !is_declared) || text == "EXECUTE p",
                "{text}"
            );
        }
    }
}

#[test]
fn a_refusal_names_its_rule() {
    let mut policy = named();
    policy.deny_columns = columns(&["customers.ssn"]);
    let proxy = proxy(policy, PoolMode::Session);
    let mut client = TestClient::login(proxy.addr(), filled());
    let error = client.error("SELECT ssn FROM customers");
    assert_eq!(error.field('C'), "42501");
    assert_eq!(error.field('D'), "Rule \"deny_columns\".");
    client.run("SELECT id, name FROM customers");
}

#[test]
fn what_is_masked_cannot_be_stored_by_way_of_a_prepared_statement() {
    let proxy = proxy(masked(), PoolMode::Session);
    let mut client = TestClient::login(proxy.addr(), filled());
    client.run("PREPARE p AS SELECT ssn FROM customers");
    for text in [
        "CREATE TEMP TABLE stored AS EXECUTE p",
        "CREATE TEMP TABLE stored (a) AS /* x */ EXECUTE p WITH DATA",
        "EXPLAIN ANALYZE CREATE TEMP TABLE stored AS EXECUTE p",
        "SELECT cursor_to_xml('c', 1, false, false, '')",
    ] {
        assert_eq!(client.error(text).field('C'), "42501", "{text}");
    }
}

#[test]
fn long_rows_are_masked_and_a_writing_cte_too() {
    for mode in MODES {
        let proxy = proxy(masked(), mode);
        let mut client = TestClient::login(proxy.addr(), filled());
        for text in [
            "SELECT ssn, repeat('x', 1000000) FROM customers WHERE id = 1",
            "SELECT repeat('x', 300000), ssn, repeat('y', 70000) FROM customers",
            "WITH x AS (UPDATE customers SET name = name RETURNING *) SELECT ssn, id FROM x",
            "WITH x AS (DELETE FROM customers WHERE id = -1 RETURNING *) SELECT * FROM x",
            "SELECT c.ssn FROM (customers c LEFT JOIN orders o ON o.id = c.id)",
            "SELECT s FROM customers c, LATERAL (SELECT c.ssn AS s) x",
        ] {
            client.run("BEGIN");
            let simple = client.run(text);
            client.send(&unnamed(text));
            client.send(&sync());
            let extended = client.replies();
            client.run("ROLLBACK");
            for replies in [&simple, &extended] {
                let error = replies.iter().find(|it| it.kind() == Kind::ErrorResponse);
                assert!(error.is_none(), "{text}: {error:?}");
                hides(replies);
            }
            assert_eq!(rows(&simple), rows(&extended), "{text}");
        }
    }
}

/// A column that is renamed to what is denied behind the back of a cursor.
#[test]
fn a_denied_column_is_withheld_by_where_it_comes_from() {
    const FETCH: &str = "FETCH FIRST FROM held";
    let name = database();
    cluster()
        .run_sql(&name, crate::subject::FIXTURE)
        .expect("the script runs");
    let mut policy = named();
    policy.deny_columns = columns(&["customers.hidden"]);
    let proxy = proxy(policy, PoolMode::Session);
    let mut client = TestClient::login(proxy.addr(), &name);
    client.run("DECLARE held SCROLL CURSOR WITH HOLD FOR SELECT city AS c FROM customers");
    assert_eq!(client.row(FETCH), "Oslo");
    cluster()
        .run_sql(&name, "ALTER TABLE customers RENAME COLUMN city TO hidden")
        .expect("the script runs");
    let mut extended = vec![parse("s", FETCH), bind("", "s", &[]), execute("", 0)];
    extended.push(sync());
    let extended = extended.concat();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    for request in [query(FETCH), extended] {
        loop {
            client.run("BEGIN");
            client.send(&request);
            let replies = client.replies();
            let status = replies.last().map(Message::text);
            client.run("ROLLBACK");
            client.run("DEALLOCATE s");
            let error = replies.iter().find(|it| it.kind() == Kind::ErrorResponse);
            if error.is_some_and(|error| error.field('C') == "42501") {
                assert!(rows(&replies).is_empty(), "{replies:?}");
                assert_eq!(status.as_deref(), Some("E"), "the transaction has failed");
                break;
            }
            assert!(std::time::Instant::now() < deadline, "{replies:?}");
        }
    }
}

#[test]
fn a_refusal_rolls_back_what_came_before_it_and_the_session_goes_on() {
    let name = database();
    cluster()
        .run_sql(&name, crate::subject::FIXTURE)
        .expect("the script runs");
    let mut policy = named();
    policy.tables.deny = names(&["secrets"]);
    for mode in MODES {
        let proxy = proxy(policy.clone(), mode);
        let mut client = TestClient::login(proxy.addr(), &name);
        client.send(&unnamed("DELETE FROM contacts"));
        client.send(&unnamed("SELECT * FROM secrets"));
        client.send(&unnamed("DELETE FROM orders"));
        client.send(&sync());
        let replies = client.replies();
        let error = replies.iter().find(|it| it.kind() == Kind::ErrorResponse);
        assert_eq!(error.expect("an error").field('C'), "42501");
        assert_eq!(client.row("SELECT count(*) FROM contacts"), "1");
        assert_eq!(client.row("SELECT count(*) FROM orders"), "20");
        client.run("BEGIN");
        client.error("SELECT token FROM secrets");
        assert_eq!(client.error("SELECT 1").field('C'), "25P02");
        client.run("ROLLBACK");
        let error = client.error("DELETE FROM contacts; SELECT * FROM v_far");
        assert_eq!(error.field('C'), "42501");
        assert_eq!(client.row("SELECT count(*) FROM contacts"), "1");
        client.send(&function_call(1258, &[]));
        expect!(client, ErrorResponse);
        expect!(client, ReadyForQuery);
    }
}

#[test]
fn nothing_runs_while_the_catalog_cannot_be_read() {
    let mut policy = named();
    policy.tables.deny = names(&["secrets"]);
    let proxy = proxy_with(|config| {
        config.databases[0].service_user = Some("nobody_of_that_name".to_owned());
        config.policies.push(policy);
    });
    let mut client = TestClient::login(proxy.addr(), filled());
    let error = client.error("SELECT 1");
    assert_eq!(error.field('C'), "57P03");
    client.send(&unnamed("SELECT 1"));
    client.send(&sync());
    expect!(client, ErrorResponse);
    expect!(client, ReadyForQuery);
}

#[test]
fn a_view_made_since_is_known_before_it_can_be_used_to_look_through() {
    let name = database();
    cluster()
        .run_sql(&name, crate::subject::FIXTURE)
        .expect("the script runs");
    let mut policy = named();
    policy.tables.deny = names(&["secrets"]);
    let proxy = proxy(policy, PoolMode::Transaction);
    let mut client = TestClient::login(proxy.addr(), &name);
    client.run("SELECT 1");
    cluster()
        .run_sql(&name, "CREATE VIEW late AS SELECT * FROM secrets")
        .expect("the script runs");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let replies = client.run("SELECT * FROM late");
        let error = replies.iter().find(|it| it.kind() == Kind::ErrorResponse);
        if error.is_some_and(|error| error.field('C') == "42501") {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{replies:?}");
    }
}

#[test]
fn errors_do_not_quote_rows() {
    let proxy = proxy(masked(), PoolMode::Transaction);
    let mut client = TestClient::login(proxy.addr(), filled());
    client.run("BEGIN");
    let error = client.error("UPDATE customers SET id = NULL WHERE id = 1");
    assert_eq!(error.field('C'), "23502");
    hides(&[error]);
    client.run("ROLLBACK");
}
