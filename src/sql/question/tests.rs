//! Where questions stand, and the texts composed from their answers.

use proptest::prelude::*;

use super::Asked;
use super::Misplaced;
use super::Placement;
use super::Verb;
use super::may_hold_question;
use super::place;
use super::splice_answers;

fn whole(text: &str) -> (Verb, String) {
    assert!(may_hold_question(text.as_bytes()), "{text}");
    match place(text.as_bytes()) {
        Placement::Whole(asked) => (asked.verb, asked.text),
        other => panic!("{text}: {other:?}"),
    }
}

fn refused(text: &str) -> Misplaced {
    match place(text.as_bytes()) {
        Placement::Refused(misplaced) => misplaced,
        other => panic!("{text}: {other:?}"),
    }
}

/// The text with every question inside answered by `SELECT 1`.
fn composed(text: &str) -> String {
    assert!(may_hold_question(text.as_bytes()), "{text}");
    let Placement::Inside(found) = place(text.as_bytes()) else {
        panic!("{text}: nothing inside")
    };
    let answers: Vec<(&Asked, &str)> = found.iter().map(|asked| (asked, "SELECT 1")).collect();
    String::from_utf8(splice_answers(text.as_bytes(), &answers)).expect("the text was UTF-8")
}

#[test]
fn a_text_of_comments_is_the_question_in_its_nl_comment() {
    for text in [
        "-- nl: count orders",
        "--nl:count orders",
        "/* nl: count orders */;",
        "/*NL : count orders*/ ; ;",
        "-- Metabase:: userID: 1\n-- nl: count orders",
        "/* Username: a, query_id: 1 */ /* nl: count orders */ /*traceparent='00'*/",
        "/* nl: count orders */\n-- by month",
        "SELECT -- nl: count orders\n;",
        "select /* nl: count orders */",
        "nl: count orders;",
        "  nl: count orders",
        "/* tool */ -- x\n nl: count orders ;",
    ] {
        assert_eq!(
            whole(text),
            (Verb::Answer, "count orders".to_owned()),
            "{text}"
        );
    }
}

#[test]
fn every_verb_is_read() {
    for (text, verb, words) in [
        ("-- nl sql: a b", Verb::Sql, "a b"),
        ("-- NL Explain : a b", Verb::Explain, "a b"),
        ("-- nl run weekly", Verb::Run("weekly".to_owned()), ""),
        (
            "/* nl save weekly: a b */",
            Verb::Save("weekly".to_owned()),
            "a b",
        ),
        ("-- nl+: only 2026", Verb::Refine, "only 2026"),
        ("nl sql: what's up", Verb::Sql, "what's up"),
        ("nl run weekly;", Verb::Run("weekly".to_owned()), ""),
    ] {
        assert_eq!(whole(text), (verb, words.to_owned()), "{text}");
    }
}

#[test]
fn a_plain_question_may_hold_what_sql_cannot() {
    assert_eq!(
        whole("nl: customers named O'Brien; all of them;").1,
        "customers named O'Brien; all of them"
    );
    assert_eq!(whole("/* nl: what's; up :v */;").1, "what's; up :v");
    assert_eq!(whole("/* nl: a\n  b */").1, "a\n  b");
}

#[test]
fn an_nl_comment_beside_sql_is_documentation() {
    for text in [
        "/* nl: count orders */ SELECT count(*) FROM orders",
        "SELECT 1 -- nl: x",
        "SELECT 1; -- nl: delete all orders",
        "SELECT now(/* nl: x */)",
        "SELECT nl('x')",
        "SELECT a, nl('x') FROM t",
        "SELECT * FROM s.nl('x')",
        "SELECT 'nl: x'",
        "SELECT extract(year FROM nl('x'))",
        "/* Get matching relations */ SELECT 1",
        "-- nl run the tests",
        "-- nlp: x",
        "SELECT \"nl:\" FROM t",
    ] {
        assert_eq!(place(text.as_bytes()), Placement::None, "{text}");
    }
}

#[test]
fn a_question_in_parentheses_becomes_a_subquery() {
    for (before, after) in [
        (
            "SELECT count(*) FROM (/* nl: a */) t",
            "SELECT count(*) FROM (SELECT 1) t",
        ),
        (
            "SELECT * FROM (\n-- nl: a\n) \"q\" LIMIT 0",
            "SELECT * FROM (SELECT 1) \"q\" LIMIT 0",
        ),
        (
            "SELECT * FROM (/* nl: a */)",
            "SELECT * FROM (SELECT 1) AS nl",
        ),
        (
            "SELECT * FROM (/* nl: a */)WHERE x",
            "SELECT * FROM (SELECT 1) AS nl WHERE x",
        ),
        (
            "SELECT * FROM t x, (/* nl: a */) JOIN (/* nl: b */) USING (i)",
            "SELECT * FROM t x, (SELECT 1) AS nl JOIN (SELECT 1) AS nl_2 USING (i)",
        ),
        (
            "WITH q AS (/* nl: a */) TABLE q",
            "WITH q AS (SELECT 1) TABLE q",
        ),
        ("SELECT (/* nl: a */), 1", "SELECT (SELECT 1), 1"),
        (
            "SELECT 1 WHERE x IN (/* nl: a */)",
            "SELECT 1 WHERE x IN (SELECT 1)",
        ),
        ("COPY (/* nl: a */) TO STDOUT", "COPY (SELECT 1) TO STDOUT"),
        ("EXPLAIN (/* nl: a */)", "EXPLAIN (SELECT 1)"),
        (
            "EXPLAIN (COSTS off) /* nl: a */",
            "EXPLAIN (COSTS off) SELECT 1",
        ),
    ] {
        assert_eq!(composed(before), after);
    }
}

#[test]
fn the_function_form_becomes_a_subquery() {
    for (before, after) in [
        (
            "SELECT * FROM nl('it''s a')",
            "SELECT * FROM (SELECT 1) AS nl",
        ),
        (
            "SELECT * FROM nl('a') t WHERE x",
            "SELECT * FROM (SELECT 1) t WHERE x",
        ),
        (
            "SELECT * FROM NL ( $$a$$ ) AS t(a)",
            "SELECT * FROM (SELECT 1) AS t(a)",
        ),
        (
            "SELECT * FROM (a JOIN nl('a') ON true)",
            "SELECT * FROM (a JOIN (SELECT 1) AS nl ON true)",
        ),
        (
            "SELECT * FROM a JOIN b ON a.x = b.x, nl('a')",
            "SELECT * FROM a JOIN b ON a.x = b.x, (SELECT 1) AS nl",
        ),
        (
            "EXPLAIN SELECT * FROM nl('a')",
            "EXPLAIN SELECT * FROM (SELECT 1) AS nl",
        ),
        (
            "COPY (SELECT * FROM nl('a') t) TO STDOUT",
            "COPY (SELECT * FROM (SELECT 1) t) TO STDOUT",
        ),
    ] {
        assert_eq!(composed(before), after);
    }
    let Placement::Inside(found) = place(b"SELECT * FROM nl('it''s a')") else {
        panic!("not found")
    };
    assert_eq!(found[0].text, "it's a");
}

#[test]
fn misplaced_questions_are_refused() {
    for (text, misplaced) in [
        ("/* nl: a */; SELECT 1", Misplaced::Mixed),
        ("SELECT 1; /* nl: a */;", Misplaced::Mixed),
        ("SELECT 1; nl: a", Misplaced::Mixed),
        ("/* nl: a */; /* nl: b */;", Misplaced::Mixed),
        ("SELECT * FROM nl('a'); SELECT 1", Misplaced::Mixed),
        ("INSERT INTO t SELECT * FROM nl('a')", Misplaced::Outer),
        (
            "CREATE TABLE t AS SELECT * FROM (/* nl: a */) x",
            Misplaced::Outer,
        ),
        ("CREATE VIEW v AS /* nl: a */", Misplaced::Outer),
        ("PREPARE p AS /* nl: a */", Misplaced::Outer),
        (
            "EXPLAIN DELETE FROM t WHERE i IN (/* nl: a */)",
            Misplaced::Outer,
        ),
        (
            "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d, nl('a')",
            Misplaced::Outer,
        ),
        ("COPY (/* nl: a */) TO '/x'", Misplaced::Outer),
        (
            "DECLARE c NO SCROLL CURSOR FOR\n/* nl: a */",
            Misplaced::Cursor,
        ),
        (
            "DECLARE c CURSOR FOR SELECT * FROM nl('a')",
            Misplaced::Cursor,
        ),
        ("-- nl: a\n-- nl: b", Misplaced::Several),
        ("-- nl: how many orders\n-- per status", Misplaced::Lines),
        (
            "SELECT * FROM (/* nl: a */ /* nl: b */) t",
            Misplaced::Several,
        ),
        ("SELECT * FROM (/* nl sql: a */) t", Misplaced::Verb),
        ("-- nl:", Misplaced::Empty),
        ("nl: ;", Misplaced::Empty),
        ("SELECT * FROM nl('')", Misplaced::Empty),
    ] {
        assert_eq!(refused(text), misplaced, "{text}");
    }
    assert_eq!(
        place(b"-- nl: caf\xe9"),
        Placement::Refused(Misplaced::Encoding)
    );
}

#[test]
fn a_text_without_the_word_is_told_in_one_pass() {
    for text in [
        "SELECT only FROM online",
        "",
        "n",
        "nlx: a",
        "xnl: a",
        "n l: a",
    ] {
        assert!(!may_hold_question(text.as_bytes()), "{text}");
    }
    for before in 0..200 {
        let text = format!("{}nl: a", " ".repeat(before));
        assert!(may_hold_question(text.as_bytes()), "{before}");
        let text = format!("{}onl: a", " ".repeat(before));
        assert!(!may_hold_question(text.as_bytes()), "{before}");
    }
}

proptest! {
    #[test]
    fn no_question_is_found_where_none_may_be(text in crate::sql::lexer::tests::sql_like()) {
        if place(&text) != Placement::None {
            prop_assert!(may_hold_question(&text));
        }
    }

    #[test]
    fn spans_are_ordered_and_inside_the_text(text in crate::sql::lexer::tests::sql_like()) {
        let Placement::Inside(found) = place(&text) else { return Ok(()) };
        let mut at = 0;
        for asked in &found {
            prop_assert!(asked.span.start >= at && asked.span.end <= text.len());
            at = asked.span.end;
        }
        let answers: Vec<(&Asked, &str)> = found.iter().map(|asked| (asked, "SELECT 1")).collect();
        prop_assert!(!splice_answers(&text, &answers).is_empty());
    }
}
