//! Parts of statements.

use super::*;
use crate::sql::script::Script;

fn verbs(text: &str) -> String {
    let script = Script::lex(text.as_bytes()).expect("the text lexes");
    let statement = script.runnable().next().expect("a statement");
    let names = parts(script.tokens(statement)).into_iter();
    let names = names.map(|part| match part.verb {
        Verb::Named(name) => name,
        Verb::Control => "-",
        Verb::Unknown => "?",
    });
    names.collect::<Vec<_>>().join(", ")
}

#[test]
fn a_statement_is_what_its_first_word_says() {
    for (text, expected) in [
        ("SELECT 1", "select"),
        ("(VALUES (1))", "select"),
        ("TABLE t", "select"),
        ("ANALYSE t", "analyze"),
        ("SECURITY LABEL ON TABLE t IS 'x'", "security"),
        ("COPY t TO STDOUT", "copy to"),
        ("COPY t FROM PROGRAM 'x'", "copy from"),
        ("SET a = 1", "set"),
        ("SET CONSTRAINTS ALL DEFERRED", "-"),
        ("SET TRANSACTION READ ONLY", "-"),
        (
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            "set",
        ),
        ("EXECUTE p", "-"),
        ("PREPARE TRANSACTION 'x'", "prepare"),
        ("COMMIT PREPARED 'x'", "prepare"),
        ("SELEC 1", "?"),
        ("\"select\" 1", "?"),
    ] {
        assert_eq!(verbs(text), expected, "{text}");
    }
}

#[test]
fn what_is_inside_counts_too() {
    for (text, expected) in [
        ("EXPLAIN ANALYZE DELETE FROM t", "explain, delete"),
        (
            "PREPARE transaction AS UPDATE t SET a = 1",
            "prepare, update",
        ),
        ("DECLARE c CURSOR FOR SELECT 1", "declare, select"),
        (
            "COPY (DELETE FROM t RETURNING 1) TO STDOUT",
            "copy to, delete",
        ),
        (
            "WITH d AS (DELETE FROM t RETURNING *), i AS (INSERT INTO u TABLE d) SELECT 1",
            "select, delete, insert",
        ),
        ("WITH s AS (SELECT 1) UPDATE t SET a = 1", "update"),
        (
            "INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = 1",
            "insert, on conflict do update",
        ),
        (
            "MERGE INTO t USING s ON a = b WHEN MATCHED THEN DELETE \
             WHEN NOT MATCHED THEN INSERT VALUES (1)",
            "merge, merge delete, merge insert",
        ),
        ("SELECT 1 INTO t", "select, create"),
        ("SELECT insert INTO t FROM s", "select, create"),
        (
            "WITH d AS (DELETE FROM t RETURNING 1) SELECT * INTO u FROM d",
            "select, create, delete",
        ),
        ("CREATE TABLE t AS SELECT 1", "create, select"),
        (
            "CREATE MATERIALIZED VIEW v AS WITH x AS (SELECT 1) TABLE x WITH NO DATA",
            "create, select",
        ),
        ("CREATE TABLE t (a int DEFAULT 1)", "create"),
        ("EXPLAIN CREATE TABLE t AS EXECUTE p", "explain, create, -"),
        (
            "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM u; NOTIFY n)",
            "create, delete, notify",
        ),
        (
            "CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING",
            "create",
        ),
        (
            "CREATE SCHEMA s CREATE TABLE t (a int) GRANT SELECT ON t TO u",
            "create, grant",
        ),
        ("EXPLAIN", "explain, ?"),
    ] {
        assert_eq!(verbs(text), expected, "{text}");
    }
}

#[test]
fn writes_without_end_are_no_statement_that_is_known() {
    let nested = "WITH x AS (DELETE FROM t RETURNING (".repeat(100_000);
    assert_eq!(verbs(&nested), "select, ?");
    let many = format!(
        "WITH x AS (SELECT 1) {}",
        "(DELETE FROM t) ".repeat(100_000)
    );
    assert!(verbs(&many).ends_with('?'));
}
