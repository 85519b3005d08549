//! Where a question may stand in a text, and where it may not.

use crate::GOLD;
use crate::QUESTION;
use crate::client;
use crate::gold;
use crate::kinds;
use crate::rows;
use crate::status;
use crate::support::message::Kind;

#[test]
fn question_alone_is_found_in_every_spelling() {
    let mut client = client();
    let expected = gold(&mut client, GOLD);
    for text in [
        "/* nl: QUESTION */",
        "/* nl: QUESTION */;",
        "/*nl:QUESTION*/ ;",
        "-- nl: QUESTION",
        "-- nl: QUESTION\n;",
        "nl: QUESTION",
        "nl: QUESTION;",
        "SELECT -- nl: QUESTION\n;",
        "/* Metabase:: userID: 1 queryType: native */ /* nl: QUESTION */",
        "-- Metabase:: userID: 1\n-- nl: QUESTION",
        "/* nl: QUESTION */ /* traceparent='00-1' */",
        "\n\t /* nl: QUESTION? */ \n",
    ] {
        let text = text.replace("QUESTION", QUESTION);
        assert_eq!(gold(&mut client, &text), expected, "{text}");
    }
}

#[test]
fn question_inside_a_query_is_a_table_of_it() {
    let mut client = client();
    for (asked, written) in [
        (
            "SELECT count(*) FROM (/* nl: QUESTION */) t",
            "SELECT count(*) FROM (GOLD) t",
        ),
        ("SELECT * FROM (/* nl: QUESTION */) AS t LIMIT 1000", GOLD),
        (
            "WITH a AS (/* nl: QUESTION */) SELECT count(*) FROM a",
            "SELECT 3",
        ),
        ("SELECT * FROM nl('QUESTION')", GOLD),
        ("SELECT count(*) FROM nl('QUESTION') AS t", "SELECT 3"),
        ("SELECT 1 WHERE EXISTS (/* nl: QUESTION */)", "SELECT 1"),
        (
            "SELECT (SELECT count(*) FROM (/* nl: QUESTION */) a), \
             (SELECT count(*) FROM (-- nl: QUESTION\n) b)",
            "SELECT 3, 3",
        ),
    ] {
        let asked = asked.replace("QUESTION", QUESTION);
        let written = written.replace("GOLD", GOLD);
        assert_eq!(
            gold(&mut client, &asked),
            gold(&mut client, &written),
            "{asked}"
        );
    }
}

#[test]
fn question_is_copied_out() {
    use Kind::*;
    let mut client = client();
    let replies = client.run(&format!("COPY (/* nl: {QUESTION} */) TO STDOUT"));
    let copied: Vec<_> = replies
        .iter()
        .filter(|message| message.kind() == CopyData)
        .collect();
    assert_eq!(copied.len(), 3, "{replies:?}");
    assert_eq!(replies[replies.len() - 2].text(), "COPY 3");
    assert_eq!(status(&replies), "I");
    assert_eq!(kinds(&replies)[..2], [NoticeResponse, CopyOutResponse]);
}

#[test]
fn question_is_explained() {
    let mut client = client();
    let text = format!("EXPLAIN SELECT * FROM (/* nl: {QUESTION} */) t");
    let plan = client.rows(&text).join("\n");
    assert!(plan.contains("orders"), "{plan}");
}

#[test]
fn comment_beside_sql_is_documentation() {
    let mut client = client();
    for text in [
        "/* nl: how many orders */ SELECT 'sql'",
        "SELECT 'sql' -- nl: how many orders",
        "SELECT /* nl: how many orders */ 'sql'",
        "-- nl: how many orders\nSELECT 'sql'",
        "SELECT 'sql'; -- nl: how many orders",
    ] {
        let replies = client.run(text);
        assert_eq!(rows(&replies), ["sql"], "{text}");
        assert!(
            !kinds(&replies).contains(&Kind::NoticeResponse),
            "{text}: {replies:?}"
        );
    }
}

#[test]
fn question_in_a_literal_is_text() {
    let mut client = client();
    for (text, value) in [
        (
            "SELECT '/* nl: how many orders */'",
            "/* nl: how many orders */",
        ),
        (
            "SELECT $$-- nl: how many orders$$",
            "-- nl: how many orders",
        ),
        ("SELECT E'\\'(/* nl: x */)'", "'(/* nl: x */)"),
        ("SELECT 1 AS \"/* nl: x */\"", "1"),
    ] {
        assert_eq!(client.row(text), value);
    }
}

#[test]
fn question_among_other_statements_is_refused_before_any_of_them_runs() {
    let mut client = client();
    for text in [
        "INSERT INTO kept VALUES (1); /* nl: how many orders */;",
        "INSERT INTO kept VALUES (1); nl: how many orders",
        "INSERT INTO kept VALUES (1); SELECT * FROM (/* nl: how many orders */) t",
        "/* nl: how many orders */; /* nl: how many orders */;",
        "/* nl: how many orders */; SELECT 1",
    ] {
        let replies = client.run(text);
        assert_eq!(
            kinds(&replies),
            [Kind::ErrorResponse, Kind::ReadyForQuery],
            "{text}"
        );
        assert_eq!(replies[0].text(), "0A000", "{text}: {replies:?}");
        assert!(!replies[0].field('H').is_empty(), "{text}: a hint helps");
        assert_eq!(status(&replies), "I");
    }
    assert_eq!(client.row("SELECT count(*) FROM kept"), "0");
}

#[test]
fn question_in_a_statement_that_writes_is_refused() {
    let mut client = client();
    for text in [
        "INSERT INTO kept SELECT count FROM (/* nl: how many orders */) t",
        "CREATE TABLE made AS (/* nl: how many orders */)",
        "CREATE VIEW made AS SELECT * FROM (/* nl: how many orders */) t",
        "DELETE FROM kept WHERE n IN (/* nl: how many orders */)",
        "WITH gone AS (DELETE FROM kept RETURNING n) SELECT * FROM (/* nl: how many orders */) t",
        "EXPLAIN ANALYZE DELETE FROM kept WHERE n IN (/* nl: how many orders */)",
        "SELECT * INTO made FROM (/* nl: how many orders */) t",
        "PREPARE asked AS SELECT * FROM (/* nl: how many orders */) t",
        "COPY (/* nl: how many orders */) TO '/tmp/never'",
        "COPY (/* nl: how many orders */) TO PROGRAM 'cat'",
    ] {
        let error = client.error(text);
        assert_eq!(error.text(), "0A000", "{text}: {error:?}");
        assert!(!error.field('H').is_empty(), "{text}: a hint helps");
    }
    assert_eq!(client.row("SELECT count(*) FROM kept"), "0");
    assert_eq!(client.row("SELECT to_regclass('made')"), "∅");
}
