//! The lexer against the real thing: a text is sent as it is, and the statements that the server
//! reports back must be those that we cut it into.

pub mod support;

use std::cell::RefCell;

use pgparley::sql::kind::StatementKind;
use pgparley::sql::lexer::LexError;
use pgparley::sql::lexer::StandardStrings;
use pgparley::sql::script::Script;
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::TestRunner;

use support::client::TestClient;
use support::cluster;
use support::database;
use support::message::Kind;

const CASES: u32 = 1_500;

#[test]
fn statements_end_where_the_server_ends_them() {
    compare(StandardStrings::On, "on");
}

#[test]
fn statements_end_where_the_server_ends_them_without_standard_strings() {
    compare(StandardStrings::Off, "off");
}

/// What looks like an INSERT inside a literal or a comment must be none, and the other way round.
fn compare(strings: StandardStrings, setting: &str) {
    let client = RefCell::new(TestClient::login(cluster().addr(), &database()));
    client.borrow_mut().run(&format!(
        "SET standard_conforming_strings = {setting}; SET escape_string_warning = off; \
         CREATE TABLE log (x int)"
    ));
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&scripts(), |text| {
        let ours = Script::lex_as(text.as_bytes(), strings).map(|script| tags(&script));
        let server = run(&mut client.borrow_mut(), &text);
        check(&ours, &server)
            .map_err(|why| TestCaseError::fail(format!("{why}: {ours:?}, server {server:?}")))
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

/// What the server made of a text: first words of command tags, and the error that ended it.
#[derive(Debug)]
struct Outcome {
    tags: Vec<String>,
    /// SQLSTATE and message.
    error: Option<(String, String)>,
}

fn run(client: &mut TestClient, text: &str) -> Outcome {
    let mut outcome = Outcome {
        tags: Vec::new(),
        error: None,
    };
    for message in client.run(text) {
        match message.kind() {
            Kind::CommandComplete => {
                let tag = message.text();
                outcome
                    .tags
                    .push(tag.split(' ').next().unwrap_or_default().to_owned());
            }
            Kind::ErrorResponse => {
                outcome.error = Some((message.text(), message.field('M')));
            }
            _ => {}
        }
    }
    outcome
}

fn tags(script: &Script<'_>) -> Vec<String> {
    let tag = |kind| match kind {
        StatementKind::Select => "SELECT".to_owned(),
        StatementKind::Insert => "INSERT".to_owned(),
        other => format!("{other:?}"),
    };
    script
        .runnable()
        .map(|statement| tag(statement.kind))
        .collect()
}

fn check(ours: &Result<Vec<String>, LexError>, server: &Outcome) -> Result<(), &'static str> {
    match (ours, &server.error) {
        (Ok(ours), None) if *ours != server.tags => Err("other statements ran"),
        (Ok(ours), Some(_)) if !ours.starts_with(&server.tags) => Err("other statements ran first"),
        (Ok(_), Some((_, message))) if message.starts_with("unterminated") => {
            Err("the server's scanner refused it, ours did not")
        }
        (Err(_), None) => Err("our scanner refused it, the server's did not"),
        // The parser may meet an error of its own before the scanner meets this one.
        (Err(error), Some((_, message)))
            if !message.starts_with(error.message) && !message.starts_with("syntax error") =>
        {
            Err("the scanners refused it for different reasons")
        }
        _ => Ok(()),
    }
}

/// Scripts that mostly run, dense in everything that can hide or fake the end of a statement.
fn scripts() -> impl Strategy<Value = String> {
    let statement = prop_oneof![
        1 => Just("INSERT INTO log VALUES (1)".to_owned()),
        3 => query(),
    ];
    prop::collection::vec(statement, 1..5).prop_map(|statements| statements.join(";"))
}

fn query() -> impl Strategy<Value = String> {
    let joint = prop::sample::select(vec![
        " || ",
        "||",
        "||/* ' */",
        "||--'\n",
        "<>",
        "<>--'\n",
        " <=/*'*/ ",
        ",",
        "=",
        "~",
        "::text||",
    ]);
    let begin = prop::sample::select(vec!["SELECT ", "select", "SELECT/*c*/ ", "SELECT--c\n "]);
    let more = prop::collection::vec((joint, operand()), 0..3);
    (begin, operand(), more).prop_map(|(begin, first, more)| {
        let more = more
            .into_iter()
            .flat_map(|(joint, operand)| [joint.to_owned(), operand]);
        format!("{begin}{first}{}", more.collect::<String>())
    })
}

fn operand() -> impl Strategy<Value = String> {
    let line_end = prop::sample::select(vec!["\n", " -- '\n", "\n--'\n ", "\r", "\n\n\t"]);
    let quoted = |text: String| text.replace('\'', "''");
    prop_oneof![
        inside().prop_map(move |text| format!("'{}'", quoted(text))),
        inside().prop_map(|text| format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))),
        inside().prop_map(|text| format!("$q${text}$q$")),
        inside().prop_map(|text| format!("$${}$$", text.replace('$', ""))),
        inside().prop_map(move |text| format!("U&'{}'", quoted(text).replace('\\', "\\\\"))),
        inside().prop_map(move |text| format!("n'{}'", quoted(text))),
        inside().prop_map(|text| format!("'{text}'")),
        inside().prop_map(|text| format!("/* {text} */'v'")),
        inside().prop_map(|text| format!("--{}\n'v'", text.replace('\n', ""))),
        inside().prop_map(|text| format!("'a' AS \"c{}\"", text.replace('"', "\"\""))),
        (line_end, inside()).prop_map(move |(end, text)| format!("'a'{end}'{}'", quoted(text))),
        Just("1.5e3::text".to_owned()),
        Just("x'1f'::text".to_owned()),
    ]
}

/// What stands inside a literal or a comment.
fn inside() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "; INSERT INTO log VALUES (1); ",
        "'",
        "''",
        "\"",
        "/*",
        "*/",
        "--",
        "\n",
        "$$",
        "$a$",
        "\\",
        "\\'",
        "x",
        "(",
        ")",
        ";",
        " ",
        "$",
        "E'",
        "é",
    ]);
    prop::collection::vec(pieces, 0..4).prop_map(|pieces| pieces.concat())
}
