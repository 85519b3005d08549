//! A question leaves the client's transaction as it found it, whatever kind it is.

use crate::GOLD;
use crate::QUESTION;
use crate::client;
use crate::gold;
use crate::kinds;
use crate::rows;
use crate::status;
use crate::support::message;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::sync;
use crate::support::message::unnamed;

const COUNT: &str = "/* nl: how many orders are there */";

const NONSENSE: &str = "/* nl: wibble the wobble */";

const KEPT: &str = "SELECT count(*) FROM kept";

#[test]
fn outside_of_a_transaction_none_is_left_open() {
    let mut client = client();
    for text in [COUNT, NONSENSE, COUNT] {
        assert_eq!(status(&client.run(text)), "I");
        client.send(&[unnamed(text), sync()].concat());
        assert_eq!(status(&client.replies()), "I");
        let alone = client.run("SAVEPOINT needs_a_block");
        assert_eq!(alone[0].text(), "25P01");
    }
}

#[test]
fn inside_a_block_it_sees_what_the_block_has_done() {
    let mut client = client();
    for extended in [false, true] {
        client.rows("BEGIN; INSERT INTO kept VALUES (1); DELETE FROM orders WHERE id <= 10");
        let replies = if extended {
            client.send(&[unnamed(COUNT), sync()].concat());
            client.replies()
        } else {
            client.run(COUNT)
        };
        assert_eq!(rows(&replies), ["90"]);
        assert_eq!(status(&replies), "T");
        assert_eq!(client.row("SHOW transaction_read_only"), "off");
        client.rows("INSERT INTO kept VALUES (2)");
        assert_eq!(status(&client.run("ROLLBACK")), "I");
    }
    assert_eq!(client.row(KEPT), "0");
    client.rows("BEGIN; INSERT INTO kept VALUES (1)");
    client.rows(COUNT);
    client.rows("COMMIT");
    assert_eq!(client.row(KEPT), "1");
}

#[test]
fn inside_a_block_savepoints_and_cursors_are_kept() {
    let mut client = client();
    client.rows(
        "BEGIN; SAVEPOINT mine; INSERT INTO kept VALUES (1); \
         DECLARE c CURSOR FOR SELECT generate_series(1, 5); FETCH 2 FROM c",
    );
    let asked = format!("/* nl: {QUESTION} */");
    assert_eq!(gold(&mut client, &asked), gold(&mut client, GOLD));
    assert_eq!(client.rows("FETCH 2 FROM c"), ["3", "4"]);
    client.rows("ROLLBACK TO SAVEPOINT mine");
    assert_eq!(client.row(KEPT), "0");
    client.rows("RELEASE SAVEPOINT mine; COMMIT");
}

#[test]
fn inside_a_block_an_error_fails_the_block() {
    let mut client = client();
    for extended in [false, true] {
        client.rows("BEGIN; INSERT INTO kept VALUES (1); SAVEPOINT mine");
        let replies = if extended {
            client.send(&[unnamed(NONSENSE), sync()].concat());
            client.replies()
        } else {
            client.run(NONSENSE)
        };
        assert_eq!(replies[0].text(), "PGN02");
        assert_eq!(status(&replies), "E");
        assert_eq!(client.error("SELECT 1").text(), "25P02");
        assert_eq!(status(&client.run("ROLLBACK TO SAVEPOINT mine")), "T");
        assert_eq!(client.row("SELECT 1"), "1");
        client.rows("COMMIT");
    }
    assert_eq!(client.row(KEPT), "2");
}

#[test]
fn inside_a_failed_block_it_fails_as_any_query() {
    let mut client = client();
    client.rows("BEGIN");
    client.error("SELECT 1 / 0");
    let replies = client.run(COUNT);
    assert_eq!(kinds(&replies), [Kind::ErrorResponse, Kind::ReadyForQuery]);
    assert_eq!(replies[0].text(), "25P02");
    assert_eq!(status(&replies), "E");
    client.send(&[unnamed(COUNT), sync()].concat());
    let replies = client.replies();
    assert_eq!(replies[0].text(), "25P02");
    assert_eq!(status(&replies), "E");
    assert_eq!(status(&client.run("ROLLBACK")), "I");
    assert_eq!(client.rows(COUNT), ["100"]);
}

#[test]
fn in_a_pipeline_what_was_written_before_and_behind_is_committed_by_the_sync() {
    let mut client = client();
    let insert = |n| unnamed(&format!("INSERT INTO kept VALUES ({n})"));
    let batch = [
        insert(1),
        unnamed("DELETE FROM orders WHERE id <= 10"),
        unnamed(COUNT),
        insert(2),
        sync(),
    ];
    client.send(&batch.concat());
    let replies = client.replies();
    assert_eq!(rows(&replies), ["90"], "{replies:?}");
    assert_eq!(status(&replies), "I");
    let readies = replies.iter().map(Message::kind);
    assert_eq!(
        readies.filter(|&kind| kind == Kind::ReadyForQuery).count(),
        1
    );
    assert_eq!(client.row(KEPT), "2");
}

#[test]
fn in_a_pipeline_an_error_takes_back_what_was_written_before() {
    let mut client = client();
    let insert = |n| unnamed(&format!("INSERT INTO kept VALUES ({n})"));
    for batch in [
        [insert(1), unnamed(NONSENSE), insert(2), sync()].concat(),
        [
            insert(1),
            unnamed(COUNT),
            unnamed("SELECT 1 / 0"),
            insert(2),
            sync(),
        ]
        .concat(),
        [
            insert(1),
            unnamed(COUNT),
            unnamed(NONSENSE),
            insert(2),
            sync(),
        ]
        .concat(),
    ] {
        client.send(&batch);
        let replies = client.replies();
        let error = replies
            .iter()
            .find(|message| message.kind() == Kind::ErrorResponse);
        assert!(error.is_some(), "{replies:?}");
        assert_eq!(status(&replies), "I", "{replies:?}");
        assert_eq!(client.row(KEPT), "0", "{replies:?}");
    }
}

#[test]
fn in_a_pipeline_of_several_syncs_each_group_is_its_own_transaction() {
    let mut client = client();
    let insert = |n| unnamed(&format!("INSERT INTO kept VALUES ({n})"));
    let batch = [
        insert(1),
        unnamed(COUNT),
        sync(),
        insert(2),
        unnamed(NONSENSE),
        sync(),
        insert(3),
        sync(),
    ];
    client.send(&batch.concat());
    let statuses = [(); 3].map(|()| status(&client.replies()));
    assert_eq!(statuses, ["I", "I", "I"]);
    assert_eq!(client.rows("SELECT n FROM kept ORDER BY n"), ["1", "3"]);
}

#[test]
fn in_every_isolation_level_the_block_keeps_its_own() {
    let mut client = client();
    for level in ["read committed", "repeatable read", "serializable"] {
        client.rows(&format!("BEGIN ISOLATION LEVEL {level}"));
        assert_eq!(client.rows(COUNT), ["100"], "{level}");
        assert_eq!(client.row("SHOW transaction_isolation"), level);
        client.rows("COMMIT");
    }
    client.rows("BEGIN READ ONLY");
    assert_eq!(client.rows(COUNT), ["100"]);
    assert_eq!(client.row("SHOW transaction_read_only"), "on");
    client.rows("COMMIT");
}

#[test]
fn in_a_pipeline_that_began_a_block_the_block_stays_open() {
    let mut client = client();
    let insert = unnamed("INSERT INTO kept VALUES (1)");
    let delete = unnamed("DELETE FROM orders WHERE id <= 10");
    for begin in [
        "BEGIN",
        "START TRANSACTION",
        "BEGIN ISOLATION LEVEL SERIALIZABLE",
    ] {
        for hide in ["", "SET client_min_messages = error"] {
            client.rows(hide);
            let batch = [
                unnamed(begin),
                insert.clone(),
                delete.clone(),
                unnamed(COUNT),
                insert.clone(),
                sync(),
            ];
            client.send(&batch.concat());
            let replies = client.replies();
            assert_eq!(rows(&replies), ["90"], "{begin}");
            assert_eq!(status(&replies), "T", "{begin}");
            assert_eq!(status(&client.run("ROLLBACK")), "I");
            assert_eq!(client.row(KEPT), "0", "{begin}");

            client.send(&[unnamed(begin), insert.clone(), unnamed(NONSENSE), sync()].concat());
            assert_eq!(status(&client.replies()), "E", "{begin}");
            client.rows("ROLLBACK");
            client.rows("RESET ALL");
        }
    }
    // A block that is over by then is none.
    let batch = [
        unnamed("BEGIN"),
        insert.clone(),
        unnamed("COMMIT"),
        insert,
        unnamed(COUNT),
        sync(),
    ];
    client.send(&batch.concat());
    assert_eq!(status(&client.replies()), "I");
    assert_eq!(client.row(KEPT), "2");
}

#[test]
fn in_a_pipeline_a_block_that_begins_behind_the_question_is_the_clients() {
    let mut client = client();
    let insert = unnamed("INSERT INTO kept VALUES (1)");
    for (begin, readies) in [(unnamed("BEGIN"), 1), (message::query("BEGIN"), 2)] {
        let batch = [
            insert.clone(),
            unnamed(COUNT),
            begin,
            unnamed("SELECT 1"),
            sync(),
        ];
        client.send(&batch.concat());
        for _ in 0..readies {
            let replies = client.replies();
            let warned = |message: &Message| message.text() == "25001";
            assert!(!replies.iter().any(warned), "{replies:?}");
            assert_eq!(status(&replies), "T", "{replies:?}");
        }
        assert_eq!(status(&client.run("ROLLBACK")), "I");
        assert_eq!(client.row(KEPT), "0");
    }
}

#[test]
fn in_a_pipeline_a_query_ends_the_implicit_transaction() {
    let mut client = client();
    let insert = unnamed("INSERT INTO kept VALUES (1)");
    let opened = [insert, unnamed(COUNT)].concat();

    client.send(
        &[
            opened.clone(),
            message::query("SELECT 5"),
            message::query("SELECT 6"),
        ]
        .concat(),
    );
    let (first, second) = (client.replies(), client.replies());
    assert_eq!(
        (status(&first), status(&second)),
        ("I".to_owned(), "I".to_owned())
    );
    assert_eq!(rows(&first), ["100", "5"]);
    assert_eq!(rows(&second), ["6"]);
    client.rows("ROLLBACK");
    assert_eq!(client.row(KEPT), "1");

    client.send(&[opened.clone(), message::query("SELECT 1 / 0")].concat());
    assert_eq!(status(&client.replies()), "I");
    assert_eq!(client.row(KEPT), "1", "what failed took the rest with it");

    client.send(&[opened, message::query("ROLLBACK")].concat());
    assert_eq!(status(&client.replies()), "I");
    assert_eq!(client.row(KEPT), "1");
}
