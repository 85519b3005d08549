//! Under `on_exceed = "error"` too many rows take back what any error would take back.

use pgparley::config::Mechanism;
use pgparley::config::OnExceed;
use pgparley::config::Policy;
use pgparley::server::Running;

use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::bind;
use crate::support::message::copy_data;
use crate::support::message::copy_done;
use crate::support::message::execute;
use crate::support::message::parse;
use crate::support::message::query;
use crate::support::message::sync;
use crate::support::message::unnamed;
use crate::support::proxy::proxy_with;

const MANY: &str = "SELECT n FROM many";

const INSERT: &str = "INSERT INTO kept VALUES (1)";

/// A pgparley under which results of more than three rows fail.
fn strict(mechanism: Mechanism) -> Running {
    proxy_with(|config| {
        config.policies.push(Policy {
            name: "three".to_owned(),
            row_limit: Some(3),
            on_exceed: OnExceed::Error,
            mechanism,
            ..Policy::default()
        });
    })
}

/// Runs `test` under each mechanism, with a client and one that looks from outside.
fn each(test: impl Fn(&mut TestClient, &mut TestClient)) {
    for mechanism in [Mechanism::Count, Mechanism::Auto] {
        let running = strict(mechanism);
        let database = database();
        let tables = "CREATE TABLE kept (n int);
            CREATE TABLE many AS SELECT n FROM generate_series(1, 50) n;
            CREATE FUNCTION writes(n int) RETURNS int LANGUAGE sql VOLATILE
            AS 'INSERT INTO kept VALUES (n) RETURNING n'";
        cluster().run_sql(&database, tables).expect("it runs");
        let mut outside = TestClient::login(cluster().addr(), &database);
        test(
            &mut TestClient::login(running.addr(), &database),
            &mut outside,
        );
    }
}

fn kept(outside: &mut TestClient) -> String {
    outside.row("SELECT count(*) FROM kept")
}

#[track_caller]
fn failed(replies: &[Message], status: &str) {
    let mut errors = replies
        .iter()
        .filter(|message| message.kind() == Kind::ErrorResponse);
    assert_eq!(
        errors.next().map(Message::text).as_deref(),
        Some("54000"),
        "{replies:?}"
    );
    assert_eq!(
        replies.last().map(Message::text).as_deref(),
        Some(status),
        "{replies:?}"
    );
}

#[test]
fn query_alone_fails_and_the_session_goes_on() {
    each(|client, _| {
        failed(&client.run(MANY), "I");
        assert_eq!(client.rows("SELECT n FROM many LIMIT 3").len(), 3);
        client.send(&[unnamed(MANY), sync()].concat());
        failed(&client.replies(), "I");
        assert_eq!(client.row("SELECT 1"), "1");
    });
}

#[test]
fn query_of_several_statements_is_taken_back_whole() {
    each(|client, outside| {
        for text in [
            format!("{INSERT}; {MANY}"),
            format!("{MANY}; {INSERT}"),
            "SELECT writes(n) FROM many".to_owned(),
        ] {
            failed(&client.run(&text), "I");
            assert_eq!(kept(outside), "0", "{text}");
        }
        client.rows(&format!("{INSERT}; SELECT 1; {INSERT}"));
        assert_eq!(kept(outside), "2");
        client.rows("SELECT writes(n) FROM many WHERE n <= 3");
        assert_eq!(kept(outside), "5");
    });
}

#[test]
fn block_of_the_client_fails() {
    each(|client, outside| {
        client.rows("BEGIN");
        client.rows(INSERT);
        failed(&client.run(MANY), "E");
        assert_eq!(client.error("SELECT 1").text(), "25P02");
        client.rows("COMMIT");
        assert_eq!(kept(outside), "0");
    });
}

#[test]
fn pipeline_is_taken_back_and_skipped_to_the_sync() {
    each(|client, outside| {
        let batches = [
            [unnamed(INSERT), unnamed(MANY), sync()].concat(),
            [unnamed(MANY), unnamed(INSERT), sync()].concat(),
            [
                unnamed(INSERT),
                unnamed(MANY),
                unnamed(INSERT),
                query(INSERT),
                sync(),
            ]
            .concat(),
        ];
        for batch in batches {
            client.send(&batch);
            failed(&client.replies(), "I");
            assert_eq!(kept(outside), "0");
        }
        client.send(&[query("BEGIN"), unnamed(INSERT), unnamed(MANY), sync()].concat());
        client.replies();
        failed(&client.replies(), "E");
        client.rows("ROLLBACK");
        // The statement that failed can be bound again.
        let run = [bind("", "s", &[]), execute("", 0), sync()].concat();
        client.send(&[parse("s", MANY), run.clone()].concat());
        failed(&client.replies(), "I");
        client.send(&run);
        failed(&client.replies(), "I");
        client.send(&[unnamed(INSERT), unnamed("SELECT 1"), sync()].concat());
        client.replies();
        assert_eq!(kept(outside), "1");
    });
}

#[test]
fn copy_by_execute_does_not_wait_for_itself() {
    each(|client, outside| {
        client.send(&[unnamed("COPY kept FROM STDIN"), sync()].concat());
        while client.recv().kind() != Kind::CopyInResponse {}
        client.send(&[copy_data(b"1\n2\n"), copy_done(), sync()].concat());
        client.replies();
        assert_eq!(kept(outside), "2");
        let data = [copy_data(b"3\n"), copy_done()].concat();
        client.send(&[unnamed("COPY kept FROM STDIN"), data, sync()].concat());
        client.replies();
        assert_eq!(kept(outside), "3");
    });
}

#[test]
fn what_must_not_stand_in_a_block_stands_in_none() {
    each(|client, _| {
        for text in [
            "VACUUM many",
            "BEGIN; SELECT 1; COMMIT",
            "SHOW work_mem",
            "ANALYZE",
        ] {
            client.rows(text);
        }
        assert_eq!(client.error("SAVEPOINT a").text(), "25P01");
        let warned = client.run("ROLLBACK");
        assert_eq!(warned[0].text(), "25P01");
    });
}
