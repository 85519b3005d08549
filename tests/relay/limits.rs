//! A row limit cannot be shed: not by errors, names used again, or any order of messages.

use std::time::Duration;
use std::time::Instant;

use pgparley::config::Mechanism;
use pgparley::config::Policy;
use pgparley::config::Returning;
use pgparley::server::Running;

use crate::expect;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::bind;
use crate::support::message::close_portal;
use crate::support::message::close_statement;
use crate::support::message::copy_data;
use crate::support::message::copy_done;
use crate::support::message::execute;
use crate::support::message::function_call;
use crate::support::message::parse;
use crate::support::message::query;
use crate::support::message::sync;
use crate::support::message::unnamed;
use crate::support::proxy::proxy_with;

pub(crate) const LIMIT: u64 = 3;

const MANY: &str = "SELECT n FROM many";

/// A pgparley that counts rows and leaves texts as they are, so that the count alone is tested.
pub(crate) fn limited() -> Running {
    proxy_with(|config| {
        config.policies.push(Policy {
            name: "three".to_owned(),
            row_limit: Some(LIMIT),
            mechanism: Mechanism::Count,
            returning: Returning::Truncate,
            ..Policy::default()
        });
    })
}

/// The most rows that came one behind the other.
pub(crate) fn longest(messages: &[Message]) -> u64 {
    let (mut longest, mut run) = (0, 0);
    for message in messages {
        match message.kind() {
            Kind::DataRow => run += 1,
            Kind::NoticeResponse => {}
            _ => run = 0,
        }
        longest = longest.max(run);
    }
    longest
}

/// Sends each batch and waits for its replies, then looks at what the last one brought.
#[track_caller]
fn is_limited(client: &mut TestClient, batches: &[(&[u8], usize)]) {
    let mut last = Vec::new();
    for (batch, syncs) in batches {
        client.send(batch);
        last = (0..*syncs).flat_map(|_| client.replies()).collect();
    }
    assert_eq!(longest(&last), LIMIT, "{last:?}");
}

fn client(running: &Running) -> TestClient {
    let mut client = TestClient::login(running.addr(), &database());
    client.rows("CREATE TABLE many AS SELECT n FROM generate_series(1, 50) n");
    client
}

#[test]
fn errors_before_leave_the_count_in_step() {
    let running = limited();
    let mut client = client(&running);
    let plain = query(MANY);
    let failed = parse("x", "SELEC");
    for before in [
        [failed.clone(), query(MANY), sync()].concat(),
        [failed.clone(), function_call(0, &[]), sync()].concat(),
        [failed.clone(), query("SELECT 1"), query("SELECT 2"), sync()].concat(),
        [failed.clone(), unnamed(MANY), sync()].concat(),
        [failed, copy_data(b"x"), copy_done(), sync()].concat(),
        [bind("", "nowhere", &[]), execute("", 0), sync()].concat(),
    ] {
        is_limited(&mut client, &[(&before, 1), (&plain, 1)]);
        is_limited(&mut client, &[(&[before, plain.clone()].concat(), 2)]);
    }
}

#[test]
fn statement_keeps_its_limit_when_its_close_is_skipped() {
    let running = limited();
    let mut client = client(&running);
    let prepared = [parse("s", MANY), sync()].concat();
    let skipped = [parse("x", "SELEC"), close_statement("s"), sync()].concat();
    let run = [bind("", "s", &[]), execute("", 0), sync()].concat();
    is_limited(&mut client, &[(&prepared, 1), (&skipped, 1), (&run, 1)]);
}

#[test]
fn statement_keeps_its_limit_when_its_replacement_fails() {
    let running = limited();
    let mut client = client(&running);
    let prepared = [parse("s", MANY), sync()].concat();
    let run = [bind("", "s", &[]), execute("", 0), sync()].concat();
    let replaced = [parse("s", "SET work_mem = '4MB'"), sync()].concat();
    is_limited(&mut client, &[(&prepared, 1), (&replaced, 1), (&run, 1)]);
    let skipped = [parse("x", "SELEC"), parse("s", "RESET work_mem"), sync()].concat();
    is_limited(&mut client, &[(&skipped, 1), (&run, 1)]);
}

#[test]
fn unnamed_statement_keeps_its_limit_when_a_query_is_skipped() {
    let running = limited();
    let mut client = client(&running);
    let prepared = [parse("", MANY), sync()].concat();
    let skipped = [parse("x", "SELEC"), query("SELECT 1"), sync()].concat();
    let run = [bind("", "", &[]), execute("", 0), sync()].concat();
    is_limited(&mut client, &[(&prepared, 1), (&skipped, 1), (&run, 1)]);
}

#[test]
fn portal_keeps_its_count_when_its_close_or_its_successor_is_skipped() {
    let running = limited();
    let mut client = client(&running);
    let setting = [parse("set", "SET LOCAL work_mem = '4MB'"), sync()].concat();
    let open = [
        query("BEGIN"),
        parse("s", MANY),
        bind("p", "s", &[]),
        sync(),
    ]
    .concat();
    let savepoint = query("SAVEPOINT a");
    let back = query("ROLLBACK TO SAVEPOINT a");
    let run = [execute("p", 0), sync()].concat();
    client.send(&setting);
    client.replies();
    for skipped in [close_portal("p"), bind("p", "set", &[])] {
        let skipped = [parse("x", "SELEC"), skipped, sync()].concat();
        let batches: [(&[u8], usize); 5] = [
            (&open, 2),
            (&savepoint, 1),
            (&skipped, 1),
            (&back, 1),
            (&run, 1),
        ];
        is_limited(&mut client, &batches);
        client.rows("ROLLBACK");
        client.rows("DEALLOCATE s");
    }
}

#[test]
fn portal_is_counted_over_all_its_executes() {
    let running = limited();
    let mut client = client(&running);
    let open = [query("BEGIN"), parse("", MANY), bind("p", "", &[])].concat();
    let batch = [
        open,
        execute("p", 2),
        execute("p", 2),
        execute("p", 0),
        sync(),
    ]
    .concat();
    client.send(&batch);
    let replies = [client.replies(), client.replies()].concat();
    let rows = replies
        .iter()
        .filter(|message| message.kind() == Kind::DataRow);
    assert_eq!(rows.count() as u64, LIMIT, "{replies:?}");
}

#[test]
fn query_behind_a_copy_that_failed_is_still_reviewed() {
    let running = limited();
    let mut client = client(&running);
    let open = [unnamed("COPY many FROM STDIN"), sync()].concat();
    let broken = copy_data(b"no number\n");
    for behind in [
        [broken.clone(), sync(), query(MANY)].concat(),
        [broken.clone(), sync(), unnamed(MANY), sync()].concat(),
        [broken.clone(), sync(), copy_done(), sync(), query(MANY)].concat(),
        [broken, copy_done(), sync(), query(MANY), query(MANY)].concat(),
    ] {
        client.send(&open);
        while client.recv().kind() != Kind::CopyInResponse {}
        client.send(&[behind, sync(), query(MANY), query("SELECT 'marked'")].concat());
        // It is answered or the session is ended, but no result is longer than the limit.
        let is_mark = |message: &Message| message.text() == "marked";
        let mut all: Vec<Message> = Vec::new();
        while !all.last().is_some_and(is_mark) {
            let Some(message) = client.try_recv() else {
                break;
            };
            all.push(message);
        }
        assert!(longest(&all) <= LIMIT, "{all:?}");
        if all.last().is_some_and(is_mark) {
            client.replies();
        } else {
            client = crate::limits::client(&running);
        }
    }
}

#[test]
fn session_is_still_counted_after_malformed_messages() {
    let running = limited();
    let mut client = client(&running);
    let plain = query(MANY);
    for tag in [b'Q', b'P', b'B', b'D', b'E', b'C', b'F'] {
        let malformed = crate::support::message::frame(tag, b"\x01");
        client.send(&[malformed, sync(), plain.clone(), query("SELECT 'marked'")].concat());
        let mut all: Vec<Message> = Vec::new();
        while all.last().is_none_or(|message| message.text() != "marked") {
            all.push(client.recv());
        }
        client.replies();
        assert_eq!(longest(&all), LIMIT, "{}: {all:?}", char::from(tag));
    }
}

#[test]
fn portal_bound_behind_a_sync_keeps_its_limit_when_that_is_answered() {
    let running = limited();
    let mut client = client(&running);
    let bound = [
        query("SELECT pg_sleep(0.1)"),
        parse("", MANY),
        bind("p", "", &[]),
        crate::support::message::flush(),
    ];
    client.send(&bound.concat());
    client.replies();
    expect!(client, ParseComplete);
    expect!(client, BindComplete);
    is_limited(&mut client, &[(&[execute("p", 0), sync()].concat(), 1)]);
}

/// A pgparley that puts limits into texts, none of which is ever reached.
fn roomy() -> Running {
    proxy_with(|config| {
        config.policies.push(Policy {
            name: "roomy".to_owned(),
            row_limit: Some(1_000_000),
            mechanism: Mechanism::Rewrite,
            ..Policy::default()
        });
    })
}

/// Waits until enough is known of the database to put limits into texts.
fn wait_for_rewrites(running: &Running, database: &str) {
    let mut client = TestClient::login(running.addr(), database);
    let mut watcher = TestClient::login(cluster().addr(), database);
    let seen = "SELECT count(*) FROM pg_stat_activity \
                WHERE datname = current_database() AND query = 'SELECT 7 LIMIT 1000001'";
    let deadline = Instant::now() + Duration::from_mins(1);
    while watcher.row(seen) == "0" {
        client.rows("SELECT 7");
        assert!(Instant::now() < deadline, "texts go on as they are");
    }
}

#[test]
fn error_is_told_in_the_clients_words_and_places_whatever_was_put_in() {
    let texts = [
        "SELECT 1; SELECT nosuch",
        "SELECT 'äöü'; SELECT 'é', nosuch FROM pg_class",
        "SELECT 1 LIMIT 99999999; SELECT nosuch; SELECT 2",
        "SELECT 1 OFFSET nosuch",
        "SELECT 10 !=-;",
        "SELECT 1 +",
        "SELECT 1 + -- why\n",
        "SELECT 1 UNION;",
        "SELECT 1 FROM",
        "SELECT 1 FROM; SELECT 2",
        "SELECT 1 + OFFSET 3",
        "SET escape_string_warning = on; SET standard_conforming_strings = off; \
         SELECT 1; SELECT 'a\\nb'",
        "SELECT 'behind'",
    ];
    let running = roomy();
    wait_for_rewrites(&running, "postgres");
    for in_block in [false, true] {
        let told = |addr| {
            let mut client = TestClient::login(addr, "postgres");
            let mut replies = Vec::new();
            for text in texts {
                if in_block {
                    client.rows("BEGIN");
                }
                replies.push(client.run(text));
                client.send(&[unnamed(text), sync()].concat());
                replies.push(client.replies());
                client.send(&[parse("named", text), bind("", "named", &[]), sync()].concat());
                replies.push(client.replies());
                client.send(&[close_statement("named"), sync()].concat());
                client.replies();
                client.run("ROLLBACK");
            }
            replies
        };
        let (through, direct) = (told(running.addr()), told(cluster().addr()));
        for (index, (through, direct)) in through.iter().zip(&direct).enumerate() {
            // The server's own source line is another where it stumbles over another word.
            let shown = |replies: &[Message]| -> Vec<_> {
                let replies = replies.iter();
                let shown = replies.map(|it| (it.text(), it.field('M'), it.field('P')));
                shown.collect()
            };
            assert_eq!(shown(through), shown(direct), "{:?}", texts[index / 3]);
        }
    }
}

#[test]
fn error_of_a_statement_that_has_lost_its_table_is_placed_in_the_clients_text() {
    let database = database();
    let running = roomy();
    wait_for_rewrites(&running, &database);
    let told = |addr| {
        let mut client = TestClient::login(addr, &database);
        client.rows("CREATE TABLE lost (n int)");
        let texts = [
            "SELECT n FROM lost OFFSET 0",
            "SELECT 1 OFFSET 0 + (SELECT n FROM lost)",
        ];
        let parses = ["a", "b"]
            .iter()
            .zip(texts)
            .map(|(name, text)| parse(name, text));
        client.send(&[parses.collect::<Vec<_>>().concat(), sync()].concat());
        client.replies();
        client.rows("DROP TABLE lost");
        ["a", "b"].map(|name| {
            client.send(&[bind("", name, &[]), sync()].concat());
            let error = client.expect(Kind::ErrorResponse);
            client.replies();
            (error.field('M'), error.field('P'))
        })
    };
    assert_eq!(told(running.addr()), told(cluster().addr()));
}

#[test]
fn only_what_stands_alone_is_cancelled() {
    let running = limited();
    let mut client = client(&running);
    let long = "SELECT n FROM generate_series(1, 1000000) n";
    let write = unnamed("INSERT INTO many VALUES (0)");
    let batches = [
        [query("BEGIN"), sync(), query(long), query("COMMIT")].concat(),
        [unnamed(long), write.clone(), sync()].concat(),
        [query(long), write, sync()].concat(),
    ];
    for (batch, syncs) in batches.iter().zip([4, 1, 2]) {
        client.send(batch);
        let replies: Vec<_> = (0..syncs).flat_map(|_| client.replies()).collect();
        let kind = |kind| replies.iter().any(|message| message.kind() == kind);
        assert!(!kind(Kind::ErrorResponse), "{replies:?}");
        assert_eq!(longest(&replies), LIMIT, "{replies:?}");
        let is_rolled_back = |message: &Message| message.text() == "ROLLBACK";
        assert!(!replies.iter().any(is_rolled_back), "{replies:?}");
    }
    assert_eq!(client.row("SELECT count(*) FROM many WHERE n = 0"), "2");
    // One that stands alone would take minutes otherwise, and more than may be drained.
    let replies = client.run("SELECT generate_series(1, 10000000000)");
    assert_eq!(longest(&replies), LIMIT);
    assert!(
        !replies
            .iter()
            .any(|message| message.kind() == Kind::ErrorResponse)
    );
}
