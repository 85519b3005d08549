//! Attacks that are no text: messages, their order, their bytes, and how a session begins.

use pgparley::config::Policy;

use crate::remains::Observer;
use crate::remains::difference;
use crate::stage::READER;
use crate::stage::Stage;
use crate::support::client::TestClient;
use crate::support::message as m;
use crate::support::message::Kind;
use crate::ways::errors;

const WRITE: &str = "INSERT INTO lab.ledger VALUES (900, 'sent', 1)";

/// Holds a dialogue under `read_only`, as somebody who may do everything; nothing may be left of it.
fn leaves_nothing(dialogue: impl Fn(&Stage, &mut TestClient)) {
    let stage = Stage::new();
    let running = stage.under(&Policy {
        name: "readers".to_owned(),
        read_only: true,
        ..Policy::default()
    });
    let mut observer = Observer::new(&stage);
    let before = observer.look(&stage);
    let mut client = stage.login(running.addr(), "postgres");
    dialogue(&stage, &mut client);
    drop(client);
    assert_eq!(stage.login(running.addr(), READER).row("SELECT 1"), "1");
    let left = difference(&before, &observer.look(&stage));
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn functions_are_not_called_by_their_numbers() {
    leaves_nothing(|_, client| {
        // nextval, lo_create, pg_notify, pg_advisory_lock, set_config
        for (oid, arguments) in [
            (1574, &["lab.ticket"][..]),
            (715, &["0"]),
            (3036, &["chan", "x"]),
            (2880, &["1"]),
            (2078, &["default_transaction_read_only", "off", "f"]),
        ] {
            client.send(&m::function_call(oid, arguments));
            let replies = client.replies();
            let refused = errors(&replies).next().expect("refused");
            assert_eq!(refused.field('C'), "42501", "{oid}");
        }
    });
}

#[test]
fn one_write_in_a_long_pipeline_is_refused_and_what_follows_it_skipped() {
    leaves_nothing(|_, client| {
        let reads = || m::unnamed("SELECT 1").repeat(300);
        client.send(&[reads(), m::unnamed(WRITE), reads(), m::sync()].concat());
        let replies = client.replies();
        let rows = replies.iter().filter(|it| it.kind() == Kind::DataRow);
        assert_eq!(rows.count(), 300);
        let codes: Vec<_> = errors(&replies).map(|error| error.field('C')).collect();
        assert_eq!(codes, ["25006"]);
    });
}

#[test]
fn a_name_that_was_read_under_does_not_come_to_write() {
    leaves_nothing(|_, client| {
        client.send(&[m::parse("s", "SELECT 1"), m::sync()].concat());
        client.replies();
        let again = [m::close_statement("s"), m::parse("s", WRITE)].concat();
        let run = [m::bind("", "s", &[]), m::execute("", 0), m::sync()].concat();
        client.send(&[again, run.clone()].concat());
        let codes: Vec<_> = errors(&client.replies())
            .map(|error| error.field('C'))
            .collect();
        assert_eq!(codes, ["25006"]);
        client.send(&run);
        let codes: Vec<_> = errors(&client.replies())
            .map(|error| error.field('C'))
            .collect();
        assert_eq!(codes, ["26000"]);
    });
}

#[test]
fn copied_data_goes_nowhere() {
    leaves_nothing(|_, client| {
        let copy = [
            m::query("COPY lab.ledger FROM STDIN"),
            m::copy_data(b"901\tcopied\t1\n"),
            m::copy_done(),
            m::unnamed("COPY lab.ledger FROM STDIN"),
            m::copy_data(b"902\tcopied\t1\n"),
            m::copy_done(),
            m::sync(),
        ];
        client.send(&copy.concat());
        for _ in 0..2 {
            let replies = client.replies();
            assert_eq!(errors(&replies).count(), 1, "{replies:?}");
        }
    });
}

#[test]
fn bytes_that_are_no_text_write_nothing() {
    leaves_nothing(|stage, client| {
        for bytes in [
            &b"SELECT '\xff'; DELETE FROM lab.ledger"[..],
            b"SELECT \xc0\xa7; DELETE FROM lab.ledger; --\xc0\xa7",
            b"DELETE\xa0FROM lab.ledger",
            b"\xef\xbb\xbfDELETE FROM lab.ledger",
            b"SELECT 1;\x0cDELETE FROM lab.ledger",
            b"SELECT 'a\xe9'\r; DELETE FROM lab.ledger",
        ] {
            client.send(&m::frame(b'Q', &[bytes, b"\0"].concat()));
            let replies = client.replies();
            assert!(errors(&replies).next().is_some(), "{bytes:?}: {replies:?}");
        }
        // In an encoding in which the second byte of a letter may be a quote or a backslash.
        let parameters = [
            ("user", "postgres"),
            ("database", &*stage.database),
            ("client_encoding", "SJIS"),
        ];
        let running = stage.under(&Policy {
            read_only: true,
            ..Policy::default()
        });
        let refused = TestClient::login_with(running.addr(), &parameters);
        assert!(refused.is_err());
    });
}

#[test]
fn no_session_begins_with_writing() {
    let stage = Stage::new();
    let running = stage.under(&Policy {
        read_only: true,
        ..Policy::default()
    });
    let mut observer = Observer::new(&stage);
    let before = observer.look(&stage);
    for (name, value) in [
        ("options", "-c default_transaction_read_only=off"),
        (
            "options",
            "-cdefault_transaction_read_only=off -c role=app_owner",
        ),
        ("options", "--default_transaction_read_only=off"),
        ("options", "-c\\ default_transaction_read_only=off"),
        ("default_transaction_read_only", "off"),
        ("DEFAULT_TRANSACTION_READ_ONLY", "false"),
        ("transaction_read_only", "no"),
    ] {
        let parameters = [
            ("user", "postgres"),
            ("database", &*stage.database),
            (name, value),
        ];
        // Refused, or as if it had not been asked for.
        if let Ok(mut client) = TestClient::login_with(running.addr(), &parameters) {
            let show = "SELECT current_setting('transaction_read_only')";
            assert_eq!(client.row(show), "on", "{name}={value}");
            assert_eq!(client.error(WRITE).field('C'), "25006", "{name}={value}");
        }
    }
    let left = difference(&before, &observer.look(&stage));
    assert!(left.is_empty(), "{left:?}");
}
