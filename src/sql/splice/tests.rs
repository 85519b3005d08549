//! Each rewrite as one line before and one line after.

use super::Splice;
use super::apply;
use super::limit;
use crate::sql::script::Script;

/// The text under a limit of 10 rows; `"kept"` or `"counted"` when it stays as it is.
fn limited(text: &str) -> String {
    let script = Script::lex(text.as_bytes()).expect("the text lexes");
    let statement = &script.statements()[0];
    match limit(script.tokens(statement), statement.kind, 10) {
        Splice::Keep => "kept".to_owned(),
        Splice::CountOnly => "counted".to_owned(),
        Splice::Edits(edits) => {
            String::from_utf8(apply(text.as_bytes(), &edits)).expect("edits are ASCII")
        }
    }
}

#[test]
fn a_query_without_a_limit_gets_one_behind_its_last_token() {
    for (before, after) in [
        ("SELECT 1", "SELECT 1 LIMIT 10"),
        ("SELECT 1 -- c", "SELECT 1 LIMIT 10 -- c"),
        ("SELECT 1/* c */;", "SELECT 1 LIMIT 10/* c */;"),
        ("TABLE t", "TABLE t LIMIT 10"),
        ("VALUES (1), (2)", "VALUES (1), (2) LIMIT 10"),
        ("(SELECT 1)", "(SELECT 1 LIMIT 10)"),
        (
            "((SELECT 1) UNION (SELECT 2))",
            "((SELECT 1) UNION (SELECT 2) LIMIT 10)",
        ),
        (
            "SELECT 1 UNION ALL SELECT 2 ORDER BY 1",
            "SELECT 1 UNION ALL SELECT 2 ORDER BY 1 LIMIT 10",
        ),
        (
            "(SELECT 1 LIMIT 1) UNION SELECT 2",
            "(SELECT 1 LIMIT 1) UNION SELECT 2 LIMIT 10",
        ),
        (
            "SELECT (SELECT 1 LIMIT 1)",
            "SELECT (SELECT 1 LIMIT 1) LIMIT 10",
        ),
        (
            "SELECT a[1:2] AS limit, t.offset FROM t",
            "SELECT a[1:2] AS limit, t.offset FROM t LIMIT 10",
        ),
        (
            "SELECT COLLATION FOR ('a')",
            "SELECT COLLATION FOR ('a') LIMIT 10",
        ),
        (
            "WITH a AS (SELECT 1 LIMIT 5) SELECT * FROM a",
            "WITH a AS (SELECT 1 LIMIT 5) SELECT * FROM a LIMIT 10",
        ),
        ("SELECT 1 OFFSET 5 ROWS", "SELECT 1 LIMIT 10 OFFSET 5 ROWS"),
    ] {
        assert_eq!(limited(before), after);
    }
}

#[test]
fn a_tight_limit_stays() {
    for text in [
        "SELECT 1 LIMIT 10",
        "SELECT 1 LIMIT 0 OFFSET 3",
        "SELECT 1 OFFSET 3 LIMIT 9",
        "SELECT 1 FETCH FIRST 5 ROWS ONLY",
        "SELECT 1 FETCH NEXT ROW ONLY",
        "(SELECT 1 LIMIT 1)",
    ] {
        assert_eq!(limited(text), "kept", "{text}");
    }
}

#[test]
fn a_wider_limit_is_tightened_in_place() {
    for (before, after) in [
        ("SELECT 1 LIMIT 11", "SELECT 1 LIMIT 10"),
        ("SELECT 1 LIMIT ALL OFFSET 2", "SELECT 1 LIMIT 10 OFFSET 2"),
        ("SELECT 1 LIMIT NULL", "SELECT 1 LIMIT 10"),
        (
            "SELECT 1 LIMIT $1",
            "SELECT 1 LIMIT LEAST(($1)::bigint, 10)",
        ),
        (
            "SELECT 1 OFFSET $2 LIMIT $1",
            "SELECT 1 OFFSET $2 LIMIT LEAST(($1)::bigint, 10)",
        ),
        (
            "SELECT 1 FETCH FIRST 11 ROWS ONLY",
            "SELECT 1 FETCH FIRST 10 ROWS ONLY",
        ),
        (
            "SELECT 1 FETCH FIRST $1 ROWS ONLY",
            "SELECT 1 FETCH FIRST (LEAST(($1)::bigint, 10)) ROWS ONLY",
        ),
    ] {
        assert_eq!(limited(before), after);
    }
}

#[test]
fn rows_that_tie_are_limited_from_outside() {
    for (before, after) in [
        (
            "SELECT a FROM t ORDER BY a FETCH FIRST 5 ROWS WITH TIES -- c",
            "SELECT * FROM (SELECT a FROM t ORDER BY a FETCH FIRST 5 ROWS WITH TIES) _pgparley LIMIT 10 -- c",
        ),
        (
            "(SELECT a FROM t ORDER BY a FETCH NEXT (2 + 3) ROW WITH TIES);",
            "(SELECT * FROM (SELECT a FROM t ORDER BY a FETCH NEXT (2 + 3) ROW WITH TIES) _pgparley LIMIT 10);",
        ),
    ] {
        assert_eq!(limited(before), after);
    }
}

#[test]
fn a_query_in_parentheses_is_the_query() {
    for (before, after) in [
        (
            "(SELECT 1 LIMIT 50) ORDER BY 1",
            "(SELECT 1 LIMIT 10) ORDER BY 1",
        ),
        (
            "(SELECT 1 ORDER BY 1) LIMIT 50 -- c",
            "(SELECT 1 ORDER BY 1) LIMIT 10 -- c",
        ),
        (
            "(SELECT 1 ORDER BY 1) OFFSET 3;",
            "(SELECT 1 ORDER BY 1) LIMIT 10 OFFSET 3;",
        ),
        (
            "((SELECT 1) OFFSET 3 ROWS) ORDER BY 1",
            "((SELECT 1) LIMIT 10 OFFSET 3 ROWS) ORDER BY 1",
        ),
        (
            "((SELECT 1 LIMIT $1 OFFSET $2)) ORDER BY 1",
            "((SELECT 1 LIMIT LEAST(($1)::bigint, 10) OFFSET $2)) ORDER BY 1",
        ),
        (
            "(SELECT 1 FETCH FIRST 50 ROWS ONLY) ORDER BY 1",
            "(SELECT 1 FETCH FIRST 10 ROWS ONLY) ORDER BY 1",
        ),
        (
            "WITH a AS (SELECT 1) (SELECT a FROM t ORDER BY a FETCH FIRST 5 ROWS WITH TIES)",
            "SELECT * FROM (WITH a AS (SELECT 1) (SELECT a FROM t ORDER BY a FETCH FIRST 5 ROWS WITH TIES)) _pgparley LIMIT 10",
        ),
        (
            "WITH a AS (SELECT 1) (SELECT 2 LIMIT 50)",
            "WITH a AS (SELECT 1) (SELECT 2 LIMIT 10)",
        ),
        (
            "WITH a AS (SELECT 1) (SELECT 2)",
            "WITH a AS (SELECT 1) (SELECT 2) LIMIT 10",
        ),
        (
            "(WITH a AS (SELECT 1 LIMIT 50) TABLE a) ORDER BY 1",
            "(WITH a AS (SELECT 1 LIMIT 50) TABLE a) ORDER BY 1 LIMIT 10",
        ),
        (
            "((SELECT 1 LIMIT 50) UNION SELECT 2) ORDER BY 1",
            "((SELECT 1 LIMIT 50) UNION SELECT 2) ORDER BY 1 LIMIT 10",
        ),
        (
            "((SELECT 1) UNION SELECT 2 LIMIT 50) ORDER BY 1",
            "((SELECT 1) UNION SELECT 2 LIMIT 10) ORDER BY 1",
        ),
    ] {
        assert_eq!(limited(before), after);
    }
    assert_eq!(limited("(SELECT 1 LIMIT 5) ORDER BY 1"), "kept");
}

#[test]
fn more_levels_than_anybody_writes_are_counted() {
    let levels = |count: usize| {
        let (open, close) = ("(".repeat(count), ") ORDER BY 1".repeat(count));
        format!("{open}SELECT 1{close}")
    };
    assert!(limited(&levels(3)).ends_with("LIMIT 10"));
    assert_eq!(limited(&levels(1000)), "counted");
}

#[test]
fn a_limit_in_doubt_is_counted() {
    for text in [
        "SELECT 1 LIMIT 5 + 5",
        "SELECT 1 LIMIT (SELECT 5)",
        "SELECT 1 LIMIT -1",
        "SELECT 1 LIMIT 1_000",
        "SELECT 1 LIMIT 99999999999999999999",
        "SELECT 1 LIMIT 5::int",
        "SELECT $1 LIMIT $1",
        "SELECT 1 FETCH FIRST (5) ROWS ONLY",
        "SELECT 1 FOR UPDATE",
        "SELECT 1 LIMIT 5 FOR SHARE",
        "(SELECT 1 LIMIT 5) LIMIT 50",
        "((SELECT 1 OFFSET 5) ORDER BY 1) OFFSET 6",
        "((SELECT 1 LIMIT 50) ORDER BY 1) OFFSET 6",
        "(SELECT 1 FOR UPDATE) LIMIT 50",
        "(SELECT $1 LIMIT 50 + 1) ORDER BY 1",
        "(SELECT $1 LIMIT $1) ORDER BY 1",
        "(SELECT 1 LIMIT $1) ORDER BY $1",
        "WITH a AS (SELECT 1) (SELECT 2 INTO t)",
        "SELECT 1 INTO t",
        "INSERT INTO t SELECT 1",
        "EXPLAIN SELECT 1",
        "SELECT (1",
        "SELECT 1 AS",
        "SELECT t.",
        "SELECT 1 LIMIT 5 LIMIT 6",
    ] {
        assert_eq!(limited(text), "counted", "{text}");
    }
}
