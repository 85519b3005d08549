//! Questions sent as a Parse: described before they run, bound again and again, in pipelines.

use crate::GOLD;
use crate::LIST;
use crate::QUESTION;
use crate::client;
use crate::expect;
use crate::gold;
use crate::kinds;
use crate::rows;
use crate::status;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::bind;
use crate::support::message::close_statement;
use crate::support::message::describe_portal;
use crate::support::message::describe_statement;
use crate::support::message::execute;
use crate::support::message::flush;
use crate::support::message::frame;
use crate::support::message::parse;
use crate::support::message::sync;
use crate::support::message::unnamed;

fn question() -> String {
    format!("/* nl: {QUESTION} */")
}

/// All but notices, which may come before any other message.
fn without_notices(messages: Vec<Message>) -> Vec<Message> {
    let messages = messages.into_iter();
    messages
        .filter(|message| message.kind() != Kind::NoticeResponse)
        .collect()
}

#[test]
fn question_in_one_batch_is_answered_as_a_query_would_be() {
    use Kind::*;
    let mut client = client();
    client.send(&[unnamed(&question()), sync()].concat());
    let replies = client.replies();
    assert!(kinds(&replies).contains(&NoticeResponse));
    let replies = without_notices(replies);
    assert_eq!(
        kinds(&replies),
        [
            ParseComplete,
            BindComplete,
            RowDescription,
            CommandComplete,
            ReadyForQuery
        ]
    );
    assert_eq!(rows(&replies), gold(&mut client, GOLD));
    assert_eq!(status(&replies), "I");
}

#[test]
fn named_question_is_described_by_flush_and_bound_again_and_again() {
    let mut client = client();
    let expected = gold(&mut client, GOLD);
    client.send(&[parse("q", &question()), describe_statement("q"), flush()].concat());
    expect!(client, NoticeResponse);
    expect!(client, ParseComplete);
    let parameters = expect!(client, ParameterDescription);
    assert_eq!(parameters.body, [0, 0]);
    let described = expect!(client, RowDescription);
    for _ in 0..3 {
        let batch = [
            bind("", "q", &[]),
            describe_portal(""),
            execute("", 0),
            sync(),
        ];
        client.send(&batch.concat());
        let replies = without_notices(client.replies());
        assert_eq!(replies[1].kind(), Kind::RowDescription);
        assert_eq!(replies[1].body, described.body);
        assert_eq!(rows(&replies), expected);
        assert_eq!(status(&replies), "I");
    }
    client.send(&[close_statement("q"), bind("", "q", &[]), sync()].concat());
    expect!(client, CloseComplete);
    expect!(client, ErrorResponse, "26000");
    expect!(client, ReadyForQuery, "I");
}

#[test]
fn rows_of_a_bound_question_are_those_of_now() {
    let mut client = client();
    client.send(&[parse("q", "/* nl: how many orders are there */"), sync()].concat());
    client.replies();
    let run = [bind("", "q", &[]), execute("", 0), sync()].concat();
    for count in ["100", "99", "98"] {
        client.send(&run);
        assert_eq!(rows(&client.replies()), [count]);
        client.rows("DELETE FROM orders WHERE id = (SELECT max(id) FROM orders)");
    }
}

#[test]
fn results_are_binary_when_bind_asks_for_it() {
    let mut client = client();
    let text = parse("", "/* nl: how many orders are there */");
    // No parameters; all results in format 1.
    let binary = frame(b'B', b"\0\0\0\0\0\0\0\x01\0\x01");
    client.send(&[text, binary, describe_portal(""), execute("", 0), sync()].concat());
    let replies = without_notices(client.replies());
    let row = &replies[3];
    assert_eq!(row.kind(), Kind::DataRow, "{replies:?}");
    assert_eq!(
        row.body,
        [&[0, 1, 0, 0, 0, 8][..], &100_i64.to_be_bytes()].concat()
    );
    assert!(
        replies[2].body.ends_with(&[0, 1]),
        "its format is described"
    );
}

#[test]
fn parameter_in_a_question_is_a_parameter_of_the_query() {
    let mut client = client();
    let text = "/* nl: how many orders have the status $1 */";
    client.send(&[parse("q", text), describe_statement("q"), sync()].concat());
    let replies = without_notices(client.replies());
    assert_eq!(replies[1].kind(), Kind::ParameterDescription, "{replies:?}");
    assert_eq!(replies[1].body[..2], [0, 1]);
    for status in ["new", "paid", "none"] {
        client.send(
            &[
                bind("", "q", &[Some(status.as_bytes())]),
                execute("", 0),
                sync(),
            ]
            .concat(),
        );
        let answer = rows(&client.replies());
        let written = format!("SELECT count(*) FROM orders WHERE status = '{status}'");
        assert_eq!(answer, gold(&mut client, &written));
    }
}

#[test]
fn parameters_beside_a_question_belong_to_the_query_around_it() {
    let mut client = client();
    let text = format!("SELECT $1::text, count(*) FROM (/* nl: {QUESTION} */) t WHERE $2::bool");
    client.send(
        &[
            parse("", &text),
            bind("", "", &[Some(b"x"), Some(b"t")]),
            execute("", 0),
            sync(),
        ]
        .concat(),
    );
    assert_eq!(rows(&client.replies()), ["x|3"]);
}

#[test]
fn portal_with_max_rows_is_suspended_and_goes_on() {
    use Kind::*;
    let mut client = client();
    let expected = gold(&mut client, "SELECT id, amount FROM orders");
    client.rows("BEGIN");
    let open = [
        parse("", &format!("/* nl: {LIST} */")),
        bind("p", "", &[]),
        execute("p", 30),
        sync(),
    ];
    client.send(&open.concat());
    let mut replies = client.replies();
    assert_eq!(replies[replies.len() - 2].kind(), PortalSuspended);
    let mut all = rows(&replies);
    assert_eq!(all.len(), 30);
    for _ in 0..3 {
        client.send(&[execute("p", 30), sync()].concat());
        replies = client.replies();
        all.extend(rows(&replies));
    }
    assert_eq!(replies[replies.len() - 2].kind(), CommandComplete);
    assert_eq!(status(&replies), "T");
    all.sort();
    assert_eq!(all, expected);
    client.rows("COMMIT");
    client.send(&[execute("p", 0), sync()].concat());
    expect!(client, ErrorResponse, "34000");
    expect!(client, ReadyForQuery, "I");
}

#[test]
fn question_in_the_middle_of_a_pipeline_keeps_the_order() {
    let mut client = client();
    let asked = "/* nl: how many orders are there */";
    let batch = [
        unnamed("SELECT 'one'"),
        unnamed(asked),
        unnamed("SELECT 'three'"),
        sync(),
        unnamed(asked),
        sync(),
        unnamed("SELECT 'six'"),
        sync(),
    ];
    client.send(&batch.concat());
    let answers = [(); 3].map(|()| client.replies());
    let texts = answers.each_ref().map(|replies| {
        let rows = replies
            .iter()
            .filter(|message| message.kind() == Kind::DataRow);
        rows.map(Message::text).collect::<Vec<_>>()
    });
    assert_eq!(texts[0], ["one", "100", "three"]);
    assert_eq!(texts[1], ["100"]);
    assert_eq!(texts[2], ["six"]);
}

#[test]
fn question_that_cannot_be_answered_skips_to_the_sync() {
    use Kind::*;
    let mut client = client();
    let batch = [
        unnamed("/* nl: wibble the wobble */"),
        unnamed("SELECT 'skipped'"),
        sync(),
        unnamed("SELECT 'behind'"),
        sync(),
    ];
    client.send(&batch.concat());
    let (failed, behind) = (client.replies(), client.replies());
    assert_eq!(kinds(&failed), [ErrorResponse, ReadyForQuery]);
    assert_eq!(failed[0].text(), "PGN02");
    assert_eq!(status(&failed), "I");
    assert_eq!(rows(&behind), ["behind"]);
}

#[test]
fn error_before_a_question_skips_it_too() {
    use Kind::*;
    let mut client = client();
    client.send(&[unnamed("SELEC"), unnamed(&question()), sync()].concat());
    let replies = client.replies();
    assert_eq!(kinds(&replies), [ErrorResponse, ReadyForQuery]);
    assert_eq!(replies[0].text(), "42601");
}

#[test]
fn name_of_a_question_may_be_used_again_for_sql() {
    let mut client = client();
    for _ in 0..2 {
        client.send(
            &[
                parse("", &question()),
                bind("", "", &[]),
                execute("", 0),
                sync(),
            ]
            .concat(),
        );
        assert_eq!(rows(&client.replies()).len(), 3);
        client.send(
            &[
                parse("", "SELECT 'sql'"),
                bind("", "", &[]),
                execute("", 0),
                sync(),
            ]
            .concat(),
        );
        assert_eq!(rows(&client.replies()), ["sql"]);
    }
}

#[test]
fn refused_place_skips_to_the_sync() {
    let mut client = client();
    let text = "INSERT INTO kept SELECT count FROM (/* nl: how many orders */) t";
    client.send(
        &[
            unnamed("INSERT INTO kept VALUES (1)"),
            unnamed(text),
            sync(),
        ]
        .concat(),
    );
    let replies = client.replies();
    let error = replies
        .iter()
        .find(|message| message.kind() == Kind::ErrorResponse);
    assert_eq!(
        error.map(Message::text).as_deref(),
        Some("0A000"),
        "{replies:?}"
    );
    assert_eq!(status(&replies), "I");
    assert_eq!(
        client.row("SELECT count(*) FROM kept"),
        "0",
        "all of it was taken back"
    );
}

#[test]
fn question_destroys_the_unnamed_statement_as_any_text_would() {
    let mut client = client();
    let older = [parse("", "SELECT 'older'"), sync()].concat();
    let run = [bind("", "", &[]), execute("", 0), sync()].concat();
    let nonsense = "/* nl: wibble the wobble */";
    for text in [nonsense.to_owned(), question()] {
        client.send(&older);
        client.replies();
        client.run(&text);
        client.send(&run);
        expect!(client, ErrorResponse, "26000");
        expect!(client, ReadyForQuery, "I");
    }
    client.send(&older);
    client.replies();
    client.send(&[parse("", nonsense), sync()].concat());
    expect!(client, ErrorResponse, "PGN02");
    expect!(client, ReadyForQuery, "I");
    client.send(&run);
    expect!(client, ErrorResponse, "26000");
    expect!(client, ReadyForQuery, "I");
}
