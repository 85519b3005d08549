//! COPY in and out, in both protocols, whole and broken off.

use crate::expect;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::copy_data;
use crate::support::message::copy_done;
use crate::support::message::copy_fail;
use crate::support::message::query;
use crate::support::message::sync;
use crate::support::message::unnamed;
use crate::support::proxy::proxy;
use crate::support::proxy::same;

const COPY_IN: &str = "COPY loaded FROM STDIN";

/// Makes the empty table that [`COPY_IN`] fills.
fn table(client: &mut TestClient) {
    client.rows("DROP TABLE IF EXISTS loaded; CREATE TABLE loaded (n int, t text)");
}

fn count(client: &mut TestClient) -> String {
    client.row("SELECT count(*), sum(n) FROM loaded")
}

/// Lines of COPY's text format, in messages of uneven size.
fn lines(count: u32) -> Vec<u8> {
    let lines: Vec<_> = (0..count).map(|n| format!("{n}\tline {n}\n")).collect();
    let text = lines.concat();
    let chunks = text.as_bytes().chunks(1777);
    chunks.flat_map(copy_data).collect()
}

#[test]
fn copy_out_is_as_direct_in_both_protocols() {
    let sql = "COPY (SELECT n, 'row ' || n FROM generate_series(1, 20000) n) TO STDOUT";
    let replies = same(&database(), |client| {
        client.send(&[unnamed(sql), sync()].concat());
        (client.run(sql), client.replies())
    });
    let rows = |replies: &[Message]| {
        let kinds = replies.iter().map(Message::kind);
        kinds.filter(|&kind| kind == Kind::CopyData).count()
    };
    assert_eq!(rows(&replies.0), 20_000);
    assert_eq!(rows(&replies.1), 20_000);
}

#[test]
fn copy_in_by_a_query() {
    let counted = same(&database(), |client| {
        table(client);
        client.query(COPY_IN);
        expect!(client, CopyInResponse);
        client.send(&[lines(50_000), copy_done()].concat());
        expect!(client, CommandComplete, "COPY 50000");
        expect!(client, ReadyForQuery, "I");
        count(client)
    });
    assert_eq!(counted, "50000|1249975000");
}

#[test]
fn copy_in_by_execute_as_libpq_does_it() {
    let counted = same(&database(), |client| {
        table(client);
        // The Sync right behind Execute is ignored by the server, which is in COPY by then.
        client.send(&[unnamed(COPY_IN), sync()].concat());
        for kind in [
            Kind::ParseComplete,
            Kind::BindComplete,
            Kind::NoData,
            Kind::CopyInResponse,
        ] {
            client.expect(kind);
        }
        client.send(&[lines(1000), copy_done(), sync()].concat());
        expect!(client, CommandComplete, "COPY 1000");
        expect!(client, ReadyForQuery, "I");
        count(client)
    });
    assert_eq!(counted, "1000|499500");
}

#[test]
fn copy_in_sent_without_waiting() {
    same(&database(), |client| {
        table(client);
        let data = [lines(100), copy_done()].concat();
        client.send(&[query(COPY_IN), data.clone(), query("SELECT 'behind'")].concat());
        let simple = [client.replies(), client.replies()];
        client.send(&[unnamed(COPY_IN), data, sync(), unnamed("SELECT 1"), sync()].concat());
        (simple, client.replies(), client.replies(), count(client))
    });
}

#[test]
fn flush_and_sync_amid_copy_data_are_ignored() {
    same(&database(), |client| {
        table(client);
        client.query(COPY_IN);
        expect!(client, CopyInResponse);
        let flush = crate::support::message::flush();
        let batch = [lines(10), flush, sync(), lines(10), sync(), copy_done()];
        client.send(&batch.concat());
        (client.replies(), count(client))
    });
}

#[test]
fn copy_fail_undoes_it_and_the_session_goes_on() {
    for extended in [false, true] {
        let replies = same(&database(), |client| {
            table(client);
            let (open, end) = if extended {
                (unnamed(COPY_IN), sync())
            } else {
                (query(COPY_IN), Vec::new())
            };
            client.send(&[open, lines(10), copy_fail("changed my mind"), end].concat());
            (client.replies(), count(client))
        });
        let error = &replies.0[replies.0.len() - 2];
        assert_eq!(error.text(), "57014");
        assert!(error.field('M').contains("changed my mind"));
        assert_eq!(replies.1, "0|∅");
    }
}

#[test]
fn line_that_does_not_fit_fails_the_copy_and_the_rest_is_thrown_away() {
    for extended in [false, true] {
        same(&database(), |client| {
            table(client);
            let broken = copy_data(b"no number\tx\n");
            let (open, end) = if extended {
                (unnamed(COPY_IN), sync())
            } else {
                (query(COPY_IN), Vec::new())
            };
            let batch = [open, lines(10), broken, lines(5000), copy_done(), end];
            client.send(&batch.concat());
            (client.replies(), client.run("SELECT 1"), count(client))
        });
    }
}

#[test]
fn query_in_the_middle_of_copy_data_ends_the_session() {
    let database = database();
    let mut watcher = TestClient::login(proxy(), &database);
    table(&mut watcher);
    for addr in [cluster().addr(), proxy()] {
        let mut client = TestClient::login(addr, &database);
        client.query(COPY_IN);
        expect!(client, CopyInResponse);
        // Nobody can tell any more what is data and what is a message.
        client.send(&[lines(3), query("SELECT 'not now'")].concat());
        let last = std::iter::from_fn(|| client.try_recv()).last();
        let last = last.expect("an error");
        assert_eq!(
            (last.text(), last.field('S')),
            ("08P01".to_owned(), "FATAL".to_owned())
        );
    }
    assert_eq!(count(&mut watcher), "0|∅");
}

#[test]
fn copy_in_that_fails_before_it_begins() {
    same(&database(), |client| {
        let batch = [query("COPY nowhere FROM STDIN"), lines(10), copy_done()];
        client.send(&batch.concat());
        let simple = client.replies();
        client.send(
            &[
                unnamed("COPY nowhere FROM STDIN"),
                lines(10),
                copy_done(),
                sync(),
            ]
            .concat(),
        );
        (simple, client.replies(), client.run("SELECT 1"))
    });
}

#[test]
fn several_copies_in_one_query() {
    same(&database(), |client| {
        table(client);
        client.query(
            "COPY loaded FROM STDIN; SELECT count(*) FROM loaded; COPY loaded TO STDOUT; \
                      COPY loaded FROM STDIN",
        );
        let part = [lines(3), copy_done()].concat();
        client.send(&[part.clone(), part].concat());
        (client.replies(), count(client))
    });
}

#[test]
fn client_that_leaves_in_the_middle_of_copy_in_loads_nothing() {
    let database = database();
    let mut watcher = TestClient::login(proxy(), &database);
    table(&mut watcher);
    let mut client = TestClient::login(proxy(), &database);
    client.query(COPY_IN);
    expect!(client, CopyInResponse);
    client.send(&lines(10));
    drop(client);
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND state = 'active' AND pid <> pg_backend_pid()";
    crate::support::proxy::wait_for(&mut watcher, others, "0");
    assert_eq!(count(&mut watcher), "0|∅");
}
