//! Messages that are malformed, too long or out of place, after the login.

use pgparley::server::Running;

use crate::expect;
use crate::support::client::TestClient;
use crate::support::database;
use crate::support::message::Message;
use crate::support::message::frame;
use crate::support::message::parse;
use crate::support::message::query;
use crate::support::message::sync;
use crate::support::message::unnamed;
use crate::support::proxy::proxy;
use crate::support::proxy::proxy_with;
use crate::support::proxy::same;

fn single() -> Running {
    proxy_with(|config| config.databases[0].pool_size = 1)
}

/// A header whose length word is `length`.
fn header(tag: u8, length: u32) -> Vec<u8> {
    [vec![tag], length.to_be_bytes().to_vec()].concat()
}

/// Everything up to the close.
fn rest(client: &mut TestClient) -> Vec<Message> {
    std::iter::from_fn(|| client.try_recv()).collect()
}

#[test]
fn length_that_cannot_be_ends_the_session_and_no_other() {
    let database = database();
    let running = single();
    let mut other = TestClient::login(proxy(), &database);
    other.rows("BEGIN");
    for length in [0, 3, 0x4000_0000, 0x7fff_ffff, 0xffff_ffff] {
        let mut client = TestClient::login(running.addr(), &database);
        client.rows("BEGIN; CREATE TABLE never (n int)");
        client.send(&header(b'Q', length));
        let error = expect!(client, ErrorResponse, "08P01");
        assert_eq!(error.field('S'), "FATAL");
        client.expect_closed();
        // The only server connection is usable again, and clean.
        let mut next = TestClient::login(running.addr(), &database);
        assert_eq!(next.row("SELECT to_regclass('never')"), "∅");
        next.send(&crate::support::message::terminate());
        next.expect_closed();
    }
    assert_eq!(other.row("SELECT 1"), "1");
    other.rows("COMMIT");
}

#[test]
fn type_that_is_no_message_is_refused_as_the_server_does() {
    for tag in [b'y', b'p', 0, 0xff] {
        same(&database(), |client| {
            client.send(&frame(tag, b"whatever"));
            rest(client)
        });
    }
}

#[test]
fn text_in_no_encoding_fails_as_at_the_server_and_the_session_goes_on() {
    same(&database(), |client| {
        let text = b"SELECT '\xff\xfe'\0".as_slice();
        client.send(&frame(b'Q', text));
        let simple = client.replies();
        client.send(&[frame(b'P', &[b"\0", text, b"\0\0"].concat()), sync()].concat());
        (simple, client.replies(), client.run("SELECT 1"))
    });
}

#[test]
fn names_that_nobody_made_fail_as_at_the_server() {
    use crate::support::message as m;
    same(&database(), |client| {
        let batches = [
            m::bind("", "no such statement", &[]),
            m::execute("no such portal", 0),
            m::describe_statement("no such statement"),
            m::describe_portal("no such portal"),
            [parse("twice", "SELECT 1"), parse("twice", "SELECT 2")].concat(),
            [parse("", "SELECT $1::int"), m::bind("", "", &[])].concat(),
            [parse("", "SELECT $1::int"), m::bind("", "", &[Some(b"x")])].concat(),
            [parse("", "SELECT 1; SELECT 2")].concat(),
        ];
        batches.map(|batch| {
            client.send(&[batch, sync()].concat());
            client.replies()
        })
    });
}

#[test]
fn copy_messages_outside_a_copy_are_ignored() {
    same(&database(), |client| {
        let stray = [
            crate::support::message::copy_data(b"x"),
            crate::support::message::copy_done(),
            crate::support::message::copy_fail("x"),
        ];
        client.send(&[stray.concat(), unnamed("SELECT 1"), sync()].concat());
        client.replies()
    });
}

#[test]
fn sync_too_long_to_be_one_ends_the_session() {
    let database = database();
    let running = single();
    let mut client = TestClient::login(running.addr(), &database);
    client.rows("BEGIN; CREATE TABLE never (n int)");
    client.try_send(&[header(b'S', 100_000), vec![0; 99_996]].concat());
    let last = rest(&mut client).pop();
    assert_eq!(last.map(|last| last.field('S')), Some("FATAL".to_owned()));
    let mut next = TestClient::login(running.addr(), &database);
    assert_eq!(next.row("SELECT to_regclass('never')"), "∅");
}

#[test]
fn last_words_of_a_server_are_heard_while_it_is_written_to() {
    same(&database(), |client| {
        let long = query(&format!("SELECT '{}'", "x".repeat(100_000)));
        client.try_send(&[sync(), frame(b'a', b""), long.repeat(50)].concat());
        let told = rest(client).into_iter();
        told.map(|message| (message.kind(), message.text()))
            .collect::<Vec<_>>()
    });
}

#[test]
fn nothing_is_answered_behind_a_message_that_ends_the_session() {
    use crate::support::message as m;
    same(&database(), |client| {
        client.send(&[parse("a", "SELECT 1"), sync()].concat());
        client.replies();
        let closes = [m::close_statement("a"), sync()].concat();
        client.try_send(&[query("SET work_mem = '5MB'"), frame(0x94, b"\0"), closes].concat());
        let told = rest(client).into_iter();
        told.map(|message| (message.kind(), message.text()))
            .collect::<Vec<_>>()
    });
}

#[test]
fn parse_that_is_malformed_leaves_the_unnamed_statement() {
    use crate::support::message as m;
    same(&database(), |client| {
        client.send(&[parse("", "SELECT 1"), sync()].concat());
        client.replies();
        for types in [&b""[..], b"\0", b"\0\0\0", b"\0\x01\0\0\0"] {
            let body = [b"\0SELECT 2\0", types].concat();
            client.send(&[frame(b'P', &body), sync()].concat());
            let error = expect!(client, ErrorResponse, "08P01");
            assert_eq!(error.field('S'), "ERROR");
            client.replies();
        }
        client.send(&[m::bind("", "", &[]), m::execute("", 0), sync()].concat());
        client.replies()
    });
}

#[test]
fn body_where_none_may_be_is_an_error_as_at_the_server() {
    let database = database();
    for statement in ["", "BEGIN", "BEGIN; SELECT 1 / 0"] {
        for bytes in [
            frame(b'S', b"x"),
            [frame(b'H', b"x"), sync()].concat(),
            [frame(b'H', b"x"), query("COPY pg_am FROM STDIN"), sync()].concat(),
            [frame(b'C', b"S\0x"), sync()].concat(),
            [frame(b'D', b"S\0x"), sync()].concat(),
            [frame(b'E', b"\0\0\0\0\0x"), sync()].concat(),
            [unnamed("CREATE TABLE undone ()"), frame(b'S', b"x")].concat(),
        ] {
            same(&database, |client| {
                client.run(statement);
                client.send(&bytes);
                let told = client.replies().into_iter();
                let told = told.map(|message| (message.kind(), message.text()));
                (told.collect::<Vec<_>>(), client.run("SELECT 'behind'"))
            });
        }
    }
}

#[test]
fn body_that_is_malformed_fails_as_at_the_server_and_the_session_goes_on() {
    let bodies: [(u8, &[u8]); 14] = [
        (b'Q', b""),
        (b'Q', b"SELECT 1"),
        (b'Q', b"SELECT 1\0SELECT 2\0"),
        (b'P', b""),
        (b'P', b"name without end"),
        (b'P', b"\0SELECT 1\0\0\x05"),
        (b'B', b""),
        (b'B', b"\0\0"),
        (b'B', b"\0\0\0\0\0\x01\0\0\0\x09x\0\0"),
        (b'D', b"X\0"),
        (b'D', b""),
        (b'E', b"\0"),
        (b'C', b"S"),
        (b'F', b"\0"),
    ];
    let database = database();
    for (tag, body) in bodies {
        same(&database, |client| {
            client.send(&[frame(tag, body), sync(), query("SELECT 'behind'")].concat());
            let mut replies = Vec::new();
            while !replies
                .iter()
                .any(|message: &Message| message.text() == "behind")
            {
                replies.extend(client.replies());
            }
            // The words may be others, since the message goes on emptied.
            let told = replies.iter();
            told.map(|message| (message.kind(), message.text()))
                .collect::<Vec<_>>()
        });
    }
}
