//! Kinds of statements.

use super::CopyKind;
use super::SetScope;
use super::StatementKind as Kind;
use crate::sql::script::Script;

fn kind(text: &str) -> Kind {
    Script::lex(text.as_bytes())
        .expect("the text lexes")
        .statements()[0]
        .kind
}

#[test]
fn queries_are_selects_however_they_begin() {
    for text in [
        "select 1",
        "/* c */ SELECT 1",
        "((VALUES (1)))",
        "TABLE t",
        "WITH a AS (SELECT 1), b AS NOT MATERIALIZED (SELECT 2) SELECT * FROM a, b",
        "WITH insert AS (SELECT 1) SELECT * FROM insert",
        "WITH a AS (SELECT 1) SELECT (update) FROM t FOR UPDATE",
        "(SELECT 1) UNION (SELECT 2)",
        "SELECT 1 AS into, t.into FROM t",
        "WITH a AS (SELECT 1) (SELECT 2)",
    ] {
        assert_eq!(kind(text), Kind::Select, "{text}");
    }
}

#[test]
fn a_query_that_makes_a_table_is_no_select() {
    for text in [
        "SELECT 1 INTO t",
        "((SELECT 1 INTO t))",
        "SELECT insert INTO t FROM s",
        "SELECT 1 AS as INTO t",
        "SELECT t.as INTO x FROM t",
        "SELECT t.as AS as INTO x FROM t",
        "SELECT a, merge INTO t FROM s",
        "WITH a AS (SELECT 1) SELECT insert INTO t FROM a",
        "(SELECT 1 AS a INTO t) UNION SELECT 2",
        "WITH a AS (SELECT 1) SELECT * INTO t FROM a",
    ] {
        assert_eq!(kind(text), Kind::SelectInto, "{text}");
    }
}

#[test]
fn a_with_that_writes_is_no_select() {
    for text in [
        "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
        "WITH d AS (SELECT 1), e AS (UPDATE t SET a = 1) SELECT 1",
        "WITH d AS ((INSERT INTO t VALUES (1) RETURNING *)) TABLE d",
        "WITH d AS (WITH y AS (SELECT 1) DELETE FROM t RETURNING *) SELECT * FROM d",
        "(WITH d AS (DELETE FROM t RETURNING *) SELECT 1) UNION SELECT 2",
        "WITH m AS (MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE RETURNING 1) SELECT 1",
    ] {
        assert_eq!(kind(text), Kind::WithWrite { query: true }, "{text}");
    }
    for text in [
        "WITH a AS (SELECT 1) DELETE FROM t",
        "WITH RECURSIVE a AS (SELECT 1) SEARCH DEPTH FIRST BY x SET o CYCLE x SET c USING p \
         INSERT INTO t SELECT 1",
    ] {
        assert_eq!(kind(text), Kind::WithWrite { query: false }, "{text}");
    }
}

#[test]
fn names_spelt_like_writes_do_not_write() {
    for text in [
        "WITH update AS (SELECT 1), delete (merge) AS (SELECT 2) SELECT update FROM delete",
        "WITH a AS (SELECT 1) SELECT 1 delete FROM a",
    ] {
        assert_eq!(kind(text), Kind::Select, "{text}");
    }
}

#[test]
fn explain_runs_its_statement_only_when_it_says_so() {
    for (text, analyze) in [
        ("EXPLAIN SELECT 1", false),
        ("EXPLAIN VERBOSE SELECT 1", false),
        ("EXPLAIN ANALYZE VERBOSE DELETE FROM t", true),
        ("EXPLAIN ANALYSE SELECT 1", true),
        ("EXPLAIN (COSTS off, FORMAT json) SELECT 1", false),
        ("EXPLAIN (ANALYZE) SELECT 1", true),
        ("EXPLAIN (ANALYZE false) SELECT 1", false),
        ("EXPLAIN (ANALYZE 'off', TIMING) SELECT 1", false),
        ("EXPLAIN (ANALYZE off, ANALYZE) SELECT 1", true),
        ("EXPLAIN (\"analyze\") SELECT 1", true),
        ("EXPLAIN (SELECT 1)", false),
        ("EXPLAIN ((SELECT 1))", false),
    ] {
        assert_eq!(kind(text), Kind::Explain { analyze }, "{text}");
    }
}

#[test]
fn copy_is_told_by_its_direction_and_end() {
    for (text, copy) in [
        ("COPY t TO STDOUT", CopyKind::ToStdout),
        ("COPY t TO STDIN", CopyKind::ToStdout),
        (
            "COPY t (a, \"to\") FROM STDIN WITH (FORMAT csv)",
            CopyKind::FromStdin,
        ),
        ("COPY (SELECT a FROM t) TO STDOUT", CopyKind::ToStdout),
        ("COPY (SELECT 1) TO PROGRAM 'id'", CopyKind::ToServer),
        ("COPY public.t FROM '/x'", CopyKind::FromServer),
    ] {
        assert_eq!(kind(text), Kind::Copy(copy), "{text}");
    }
}

#[test]
fn set_is_told_by_what_it_sets() {
    for (text, scope) in [
        ("SET search_path TO a", SetScope::Session),
        ("SET SESSION search_path = a", SetScope::Session),
        ("SET session = 1", SetScope::Session),
        ("SET LOCAL work_mem = '1MB'", SetScope::Local),
        (
            "SET LOCAL \"transaction_read_only\" TO 'off'",
            SetScope::Local,
        ),
        ("SET TRANSACTION READ WRITE", SetScope::Transaction),
        (
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            SetScope::Transaction,
        ),
        ("SET CONSTRAINTS ALL DEFERRED", SetScope::Constraints),
        ("SET ROLE a", SetScope::Identity),
        ("SET LOCAL SESSION AUTHORIZATION a", SetScope::Identity),
        ("SET SESSION AUTHORIZATION a", SetScope::Identity),
        ("SET SESSION SESSION AUTHORIZATION a", SetScope::Identity),
        ("SET SESSION ROLE a", SetScope::Identity),
        ("SET TIME ZONE 'UTC'", SetScope::Session),
    ] {
        assert_eq!(kind(text), Kind::Set(scope), "{text}");
    }
}

#[test]
fn transaction_statements_are_told_apart() {
    for (text, expected) in [
        ("BEGIN", Kind::Begin),
        ("START TRANSACTION READ ONLY", Kind::Begin),
        ("END", Kind::Commit),
        ("COMMIT AND CHAIN", Kind::Commit),
        ("COMMIT PREPARED 'x'", Kind::TwoPhase),
        ("ABORT", Kind::Rollback),
        ("ROLLBACK WORK TO SAVEPOINT a", Kind::RollbackTo),
        ("ROLLBACK TO a", Kind::RollbackTo),
        ("ROLLBACK PREPARED 'x'", Kind::TwoPhase),
        ("PREPARE TRANSACTION 'x'", Kind::TwoPhase),
        ("PREPARE x AS SELECT 1", Kind::Prepare),
        ("DROP TABLE t", Kind::Other),
        ("\\! id", Kind::Other),
    ] {
        assert_eq!(kind(text), expected, "{text}");
    }
}

#[test]
fn words_that_are_names_do_not_tell_the_kind() {
    for (text, expected) in [
        ("PREPARE transaction AS SELECT 1", Kind::Prepare),
        ("PREPARE transaction (int) AS SELECT 1", Kind::Prepare),
        ("PREPARE TRANSACTION 'x'", Kind::TwoPhase),
        ("SET local = 1", Kind::Set(SetScope::Session)),
        ("SET local.x = 1", Kind::Set(SetScope::Session)),
        ("SET role.x = 1", Kind::Set(SetScope::Session)),
        ("SET transaction.x = 1", Kind::Set(SetScope::Session)),
        (
            "SET LOCAL transaction_timeout = 1",
            Kind::Set(SetScope::Local),
        ),
        (
            "WITH recursive AS (SELECT 1) DELETE FROM t",
            Kind::WithWrite { query: false },
        ),
        (
            "WITH recursive (a) AS (SELECT 1) SELECT a FROM recursive",
            Kind::Select,
        ),
    ] {
        assert_eq!(kind(text), expected, "{text}");
    }
}
