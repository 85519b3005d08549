//! What the answers of one session may take.

use crate::LIST;
use crate::client;
use crate::database;
use crate::support::client::TestClient;
use crate::support::message::Kind;
use crate::support::message::bind;
use crate::support::message::close_portal;
use crate::support::message::execute;
use crate::support::message::parse;
use crate::support::message::sync;
use crate::support::proxy::proxy_with;

#[test]
fn portals_of_questions_hold_no_more_together_than_one_answer_may() {
    let running = proxy_with(|config| config.nl.max_bytes = 5000);
    let mut client = TestClient::login(running.addr(), &database());
    client.rows("BEGIN");
    client.send(&[parse("list", &format!("/* nl: {LIST} */")), sync()].concat());
    client.replies();
    client.send(&[bind("first", "list", &[]), execute("first", 1), sync()].concat());
    assert!(
        client
            .replies()
            .iter()
            .all(|message| message.kind() != Kind::ErrorResponse)
    );

    client.send(&[close_portal("first"), bind("again", "list", &[]), sync()].concat());
    assert!(
        client
            .replies()
            .iter()
            .all(|message| message.kind() != Kind::ErrorResponse)
    );
    let mut refused = None;
    for name in ["second", "third", "fourth"] {
        client.send(&[bind(name, "list", &[]), sync()].concat());
        let replies = client.replies();
        refused = refused.or(replies
            .into_iter()
            .find(|m| m.kind() == Kind::ErrorResponse));
    }
    assert_eq!(refused.expect("the bound holds").text(), "54000");
}

#[test]
fn question_runs_no_longer_than_its_client_lets_any_query() {
    let mut client = client();
    client.rows("CREATE VIEW sloths AS SELECT 1 AS id, pg_sleep(600)::text AS mood");
    client.rows("SET statement_timeout = '50ms'");
    let replies = client.run("/* nl: show all sloths */");
    let error = replies
        .iter()
        .find(|message| message.kind() == Kind::ErrorResponse);
    assert_eq!(error.expect("it takes too long").text(), "57014");
    assert_eq!(client.row("SHOW statement_timeout"), "50ms");
}
