//! Row limits that sessions change, results counted in bytes, and cursors.

use pgparley::config::Ceiling;
use pgparley::config::OnExceed;
use pgparley::config::Policy;

use crate::error;
use crate::prepared_database;
use crate::refuses;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::bind;
use crate::support::message::execute;
use crate::support::message::parse;
use crate::support::message::sync;
use crate::support::message::unnamed;
use crate::under;

const ALL: &str = "SELECT id FROM t ORDER BY id";

fn limited(ceiling: Option<Ceiling>) -> Policy {
    Policy {
        name: "analysts".to_owned(),
        row_limit: Some(10),
        row_limit_ceiling: ceiling,
        ..Policy::default()
    }
}

fn count(replies: &[Message], kind: Kind) -> usize {
    let of_kind = replies.iter().filter(|message| message.kind() == kind);
    of_kind.count()
}

/// Rows that `text` brings by a Query, and by the extended protocol.
#[track_caller]
fn rows(client: &mut TestClient, text: &str) -> usize {
    let simple = count(&client.run(text), Kind::DataRow);
    client.send(&[unnamed(text), sync()].concat());
    assert_eq!(count(&client.replies(), Kind::DataRow), simple, "{text}");
    simple
}

#[test]
fn sessions_change_their_limit_as_any_setting() {
    let database = prepared_database();
    for running in under(&limited(Some(Ceiling::Rows(100)))) {
        let mut client = TestClient::login(running.addr(), &database);
        let show = "SHOW pgparley.row_limit";
        assert_eq!(client.row(show), "10");
        assert_eq!(rows(&mut client, ALL), 10);
        for (change, limit) in [
            ("SET pgparley.row_limit = 3", 3),
            ("SET SESSION pgparley.row_limit TO '50'", 50),
            ("RESET pgparley.row_limit", 10),
            ("SELECT set_config('pgparley.row_limit', '7', false)", 7),
            ("SET pgparley.row_limit TO DEFAULT", 10),
            ("SET pgparley.row_limit = 100", 100),
            ("RESET ALL", 10),
            (
                "DO $$ BEGIN PERFORM set_config('pgparley.row_limit', '20', false); END $$",
                20,
            ),
            ("DISCARD ALL", 10),
            ("BEGIN; SET LOCAL pgparley.row_limit = 4", 4),
            ("SAVEPOINT s; SET pgparley.row_limit = 5", 5),
            ("ROLLBACK TO s", 4),
            ("COMMIT", 10),
            ("BEGIN; SET pgparley.row_limit = 6", 6),
            ("ROLLBACK", 10),
        ] {
            client.run(change);
            // SHOW speaks of the setting, and so would have it asked for.
            assert_eq!(rows(&mut client, ALL), limit, "{change}");
            assert_eq!(client.row(show), limit.to_string(), "{change}");
        }
        client.send(&[unnamed("SET pgparley.row_limit = 2"), sync()].concat());
        client.replies();
        assert_eq!(rows(&mut client, ALL), 2);
    }
}

#[test]
fn no_session_raises_its_limit_above_the_ceiling() {
    let texts = [
        "SET pgparley.row_limit = 101",
        "SET pgparley.row_limit = unlimited",
        "SELECT set_config('pgparley.row_limit', '1000', true)",
    ];
    refuses(&limited(Some(Ceiling::Rows(100))), "row_limit", &texts);
    let texts = [
        "SET LOCAL pgparley.row_limit = 11",
        "SET pgparley.row_limit = 0",
        "/* pgparley: nolimit */ SELECT 1",
    ];
    refuses(&limited(None), "row_limit", &texts);
    let database = prepared_database();
    for running in under(&limited(Some(Ceiling::Rows(100)))) {
        let mut client = TestClient::login(running.addr(), &database);
        // Where the text does not tell, what the server holds counts up to the ceiling.
        client.run(
            "DO $$ BEGIN PERFORM set_config('pgparley.row_limit', '1' || '000', false); END $$",
        );
        assert_eq!(rows(&mut client, ALL), 100);
        client.run("SELECT set_config('pgparley.' || 'row_limit', 'any' || '', false)");
        assert_eq!(rows(&mut client, ALL), 10);
    }
}

#[test]
fn a_comment_lifts_the_limit_as_far_as_it_may_be() {
    let database = prepared_database();
    for (ceiling, limit) in [(Ceiling::Rows(100), 100), (Ceiling::Unlimited, 1000)] {
        for running in under(&limited(Some(ceiling))) {
            let mut client = TestClient::login(running.addr(), &database);
            let lifted = format!("/* pgparley: nolimit */ {ALL}");
            assert_eq!(rows(&mut client, &lifted), limit);
            assert_eq!(rows(&mut client, ALL), 10);
        }
    }
}

#[test]
fn a_statement_prepared_before_obeys_the_limit_of_now() {
    let database = prepared_database();
    for running in under(&limited(Some(Ceiling::Unlimited))) {
        let mut client = TestClient::login(running.addr(), &database);
        let run = [bind("", "s", &[]), execute("", 0), sync()].concat();
        client.run("SET pgparley.row_limit = unlimited");
        client.send(&[parse("s", ALL), run.clone()].concat());
        assert_eq!(count(&client.replies(), Kind::DataRow), 1000);
        client.run("RESET pgparley.row_limit");
        client.send(&run);
        let replies = client.replies();
        assert_eq!(count(&replies, Kind::DataRow), 10);
        assert_eq!(count(&replies, Kind::NoticeResponse), 1);
    }
}

/// Three rows of a thousand bytes, and the error or warning in their place.
fn of_bytes(on_exceed: OnExceed) -> Policy {
    Policy {
        name: "slim".to_owned(),
        max_bytes: Some(3500),
        on_exceed,
        ..Policy::default()
    }
}

#[test]
fn results_end_with_the_last_row_that_fits() {
    let database = prepared_database();
    let text = "SELECT repeat('x', 1000) FROM generate_series(1, 50)";
    for running in under(&of_bytes(OnExceed::Truncate)) {
        let mut client = TestClient::login(running.addr(), &database);
        assert_eq!(rows(&mut client, text), 3);
        let replies = client.run(text);
        let notice = replies
            .iter()
            .find(|message| message.kind() == Kind::NoticeResponse);
        let notice = notice.expect("a warning");
        assert_eq!(notice.field('C'), "01R01");
        assert_eq!(notice.field('D'), "The limit is set by \"slim\".");
        let tag = replies
            .iter()
            .find(|message| message.kind() == Kind::CommandComplete);
        assert_eq!(tag.map(Message::text).as_deref(), Some("SELECT 3"));
        assert_eq!(rows(&mut client, "SELECT repeat('x', 10000000)"), 0);
        assert_eq!(rows(&mut client, "SELECT 1"), 1);
    }
    for running in under(&of_bytes(OnExceed::Error)) {
        let mut client = TestClient::login(running.addr(), &database);
        let replies = client.run(text);
        let told = error(&replies).map(|error| error.field('C'));
        assert_eq!(told.as_deref(), Some("54000"));
        assert_eq!(rows(&mut client, "SELECT 1"), 1);
    }
}

#[test]
fn a_cursor_delivers_no_more_than_one_result() {
    let database = prepared_database();
    for running in under(&limited(None)) {
        let mut client = TestClient::login(running.addr(), &database);
        for hold in ["", "WITH HOLD "] {
            client.run(&format!("BEGIN; DECLARE c CURSOR {hold}FOR {ALL}"));
            assert_eq!(count(&client.run("FETCH 4 FROM c"), Kind::DataRow), 4);
            client.send(&[unnamed("FETCH FORWARD 4 IN C"), sync()].concat());
            assert_eq!(count(&client.replies(), Kind::DataRow), 4);
            client.run("MOVE 100 FROM c");
            let cut = client.run("FETCH 4 c");
            assert_eq!(count(&cut, Kind::DataRow), 2);
            let tag = cut
                .iter()
                .find(|message| message.kind() == Kind::CommandComplete);
            assert_eq!(tag.map(Message::text).as_deref(), Some("FETCH 2"));
            assert_eq!(count(&cut, Kind::NoticeResponse), 1);
            if hold.is_empty() {
                client.run("CLOSE c");
                client.run(&format!("DECLARE c CURSOR FOR {ALL}"));
                assert_eq!(count(&client.run("FETCH 4 c"), Kind::DataRow), 4);
            }
            client.run("COMMIT");
        }
        // The one that holds is still the same.
        assert_eq!(count(&client.run("FETCH 4 c"), Kind::DataRow), 0);
        client.run("CLOSE ALL");
    }
}

#[test]
fn a_fetch_that_brings_nothing_leaves_the_count() {
    let database = prepared_database();
    for running in under(&limited(None)) {
        for nothing in [
            "FETCH 0 c",
            "FETCH PRIOR c",
            "MOVE 0 c; FETCH BACKWARD 5 c",
            "SELECT 1; FETCH 0 c",
        ] {
            let mut client = TestClient::login(running.addr(), &database);
            client.run(&format!(
                "BEGIN; DECLARE c SCROLL CURSOR FOR {ALL}; {nothing}"
            ));
            assert_eq!(count(&client.run("FETCH ALL c"), Kind::DataRow), 10);
            client.run(nothing);
            assert!(
                count(&client.run("FETCH BACKWARD 20 c"), Kind::DataRow) == 0,
                "{nothing}"
            );
            client.run("ROLLBACK; BEGIN");
            client.run(&format!("DECLARE c SCROLL CURSOR FOR {ALL}"));
            if !nothing.contains(';') {
                client.send(&[unnamed(nothing), sync()].concat());
                client.replies();
            }
            client.send(&[unnamed("FETCH ALL c"), sync()].concat());
            assert_eq!(count(&client.replies(), Kind::DataRow), 10, "{nothing}");
        }
    }
}

#[test]
fn a_portal_that_is_resumed_tells_the_rows_of_its_last_part() {
    let database = prepared_database();
    for running in under(&limited(None)) {
        let mut client = TestClient::login(running.addr(), &database);
        let first = [parse("", ALL), bind("p", "", &[]), execute("p", 8)].concat();
        client.send(&[first, execute("p", 8), execute("p", 8), sync()].concat());
        let replies = client.replies();
        assert_eq!(count(&replies, Kind::DataRow), 10);
        let tags = replies
            .iter()
            .filter(|message| message.kind() == Kind::CommandComplete);
        let tags: Vec<String> = tags.map(Message::text).collect();
        assert_eq!(tags, ["SELECT 2", "SELECT 0"]);
    }
}

#[test]
fn what_is_not_reached_is_the_same_as_without_a_limit() {
    let database = prepared_database();
    let mut direct = TestClient::login(cluster().addr(), &database);
    for running in under(&limited(None)) {
        let mut client = TestClient::login(running.addr(), &database);
        for text in [
            "SELECT id FROM t WHERE id <= 10 ORDER BY id",
            "BEGIN; DECLARE c CURSOR FOR SELECT 1; FETCH ALL c; CLOSE c; COMMIT",
        ] {
            assert_eq!(client.run(text), direct.run(text), "{text}");
        }
    }
}

#[test]
fn a_limit_that_is_an_error_is_changed_in_a_query_of_its_own() {
    let database = prepared_database();
    let failing = Policy {
        on_exceed: OnExceed::Error,
        ..limited(Some(Ceiling::Unlimited))
    };
    for running in under(&failing) {
        let mut client = TestClient::login(running.addr(), &database);
        let code = |replies: &[Message]| error(replies).map(|error| error.field('C'));
        client.run("SELECT set_config('pgparley.row_limit', 'unlimited', false)");
        assert_eq!(rows(&mut client, ALL), 1000);
        client.run("SET pgparley.row_limit = 1");
        assert_eq!(
            code(&client.run("SELECT 1 UNION SELECT 2")).as_deref(),
            Some("54000")
        );
        assert_eq!(rows(&mut client, "SELECT 1"), 1);
    }
}

#[test]
fn where_there_is_no_limit_it_is_shown_as_none() {
    let database = prepared_database();
    let off = Policy {
        on_exceed: OnExceed::Off,
        ..limited(None)
    };
    for policy in [Policy::default(), off] {
        for running in under(&policy) {
            let mut client = TestClient::login(running.addr(), &database);
            let show = "show PgParley.row_limit;";
            assert_eq!(client.row(show), "unlimited");
            for replies in [client.run(show), {
                client.send(&[unnamed(show), sync()].concat());
                client.replies()
            }] {
                let tag = replies
                    .iter()
                    .find(|message| message.kind() == Kind::CommandComplete);
                assert_eq!(tag.map(Message::text).as_deref(), Some("SHOW"));
            }
            assert_eq!(rows(&mut client, ALL), 1000);
        }
    }
}

#[test]
fn a_session_begins_with_the_limit_that_it_asks_for() {
    let database = prepared_database();
    for running in under(&limited(Some(Ceiling::Rows(100)))) {
        let ask = |rows: &str| {
            let options = format!("-c pgparley.row_limit={rows}");
            let parameters = [
                ("user", "postgres"),
                ("database", &*database),
                ("options", &*options),
            ];
            TestClient::login_with(running.addr(), &parameters)
        };
        let Err(refused) = ask("101") else {
            panic!("more than the ceiling");
        };
        assert_eq!(refused.field('C'), "42501");
        let mut client = ask("50").expect("within the ceiling");
        let show = "SHOW pgparley.row_limit";
        for (change, limit) in [
            ("SELECT 1", 50),
            ("SET pgparley.row_limit = 20", 20),
            ("RESET pgparley.row_limit", 50),
            ("SET pgparley.row_limit = 10", 10),
            ("RESET work_mem", 10),
            ("SET pgparley.row_limit = 20", 20),
            ("SELECT 1; RESET ALL", 50),
            ("BEGIN; SET pgparley.row_limit = 20", 20),
            ("RESET pgparley.row_limit", 50),
            ("SET LOCAL pgparley.row_limit = 30", 30),
            ("COMMIT", 50),
            ("SET pgparley.row_limit = 20", 20),
            ("DISCARD ALL", 50),
        ] {
            client.run(change);
            // SHOW speaks of the setting, and so would have it asked for.
            assert_eq!(rows(&mut client, ALL), limit, "{change}");
            assert_eq!(client.row(show), limit.to_string(), "{change}");
        }
    }
}

#[test]
fn what_goes_on_far_beyond_its_limit_fails_and_is_undone() {
    let database = prepared_database();
    let mut owner = TestClient::login(cluster().addr(), &database);
    owner.rows(
        "CREATE FUNCTION keep(int) RETURNS text LANGUAGE sql \
         AS 'INSERT INTO kept VALUES ($1); SELECT repeat(''x'', 1000000)'",
    );
    for running in under(&limited(None)) {
        let mut client = TestClient::login(running.addr(), &database);
        let replies = client.run("SELECT keep(id) FROM t");
        let told = error(&replies).map(|error| error.field('C'));
        assert_eq!(told.as_deref(), Some("54000"));
        assert_eq!(client.row("SELECT count(*) FROM kept"), "0");
    }
}
