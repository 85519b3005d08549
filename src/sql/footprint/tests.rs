//! What texts leave behind, by example, and that a glance is never less than a look.

use proptest::prelude::*;

use super::Footprint;
use super::footprint;
use super::read;
use crate::sql::lexer::StandardStrings;
use crate::sql::lexer::tests::sql_like;
use crate::sql::script::Script;

const BEGINS: Footprint = Footprint {
    begins: true,
    ..Footprint::NONE
};

const LOADS: Footprint = Footprint {
    loads: true,
    ..Footprint::ASKS
};

fn assert_all(texts: &[&str], expected: Footprint) {
    for text in texts {
        let mut found = footprint(text.as_bytes());
        // Of account for the text, not for what it leaves.
        found.defaults = false;
        if expected.asks {
            // Of no account where the server is asked in any case.
            (found.calls, found.defines) = (false, false);
        }
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn ordinary_texts_leave_nothing() {
    assert_all(
        &[
            "",
            " ;; ",
            "-- only a comment",
            "SELECT abalance FROM pgbench_accounts WHERE aid = 1",
            "/* a /* b */ c */ -- d\n select 1;",
            "SELECT 1; SELECT 2;",
            "(SELECT 1) UNION (SELECT 2)",
            "VALUES (1), (2)",
            "TABLE t",
            "INSERT INTO t (a, b) VALUES ($1, 'x; SET a = 1')",
            "UPDATE t SET x = 1, reset = 2 WHERE load = 3",
            "DELETE FROM t RETURNING *",
            "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
            "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a",
            "WITH i AS (INSERT INTO t VALUES (1) RETURNING id) SELECT id FROM i",
            "MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE",
            "SELECT temp, temperature, template, attempts FROM temporary",
            "SELECT \"set\", t.load, listen FROM discard t",
            "SELECT 1 AS into, t.into FROM t",
            "SELECT asset_config, offset_config, my_set_config FROM pg_template",
            "SELECT nextval('s'), setseed(0.5), lo_open(1, 1)",
            "SELECT pg_advisory_xact_lock(1), pg_try_advisory_xact_lock_shared(1, 2)",
            "SELECT name, setting FROM pg_settings",
            "SELECT a&\"b\" FROM t",
            "COMMIT AND CHAIN",
            "END; ROLLBACK TO SAVEPOINT a; SAVEPOINT a; RELEASE a",
            "PREPARE TRANSACTION 'x'",
            "COMMIT PREPARED 'x'",
            "COPY t FROM STDIN",
            "COPY (SELECT 1) TO STDOUT",
            "LOCK TABLE t",
            "NOTIFY a, 'b'",
            "SHOW search_path",
            "FETCH 10 FROM c",
            "ALTER ROLE a SET work_mem = '1MB'",
            "ALTER DATABASE a SET work_mem = '1MB'",
            "ALTER TABLE t ADD COLUMN a int",
            "GRANT EXECUTE ON FUNCTION f TO a",
            "ANALYZE t",
            "VACUUM t",
            "EXPLAIN SELECT pg_advisory_lock(1)",
            "EXPLAIN CREATE TEMP TABLE t AS SELECT 1",
            "DECLARE c CURSOR FOR SELECT 1",
            "DECLARE hold CURSOR WITHOUT HOLD FOR SELECT 1",
            // Names in comments are none.
            "SELECT 1 /* set_config */ -- pg_advisory_lock()",
            // Not called.
            "SELECT pg_advisory_lock, set_config FROM t",
            "SELECT 'C:\\temp'",
        ],
        Footprint::NONE,
    );
}

#[test]
fn what_is_undone_with_the_transaction_does_not_ask() {
    assert_all(
        &[
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "SET TRANSACTION SNAPSHOT 'x'",
            "SET SESSION TRANSACTION READ ONLY",
            "SET CONSTRAINTS ALL DEFERRED",
        ],
        Footprint::NONE,
    );
    assert_all(
        &[
            "SET LOCAL work_mem = '1MB'",
            "SET LOCAL ROLE a",
            "SET LOCAL TIME ZONE DEFAULT",
            "SET LOCAL \"x\" TO DEFAULT",
            "SELECT set_config('a.b', $1, true)",
            "select pg_catalog.SET_CONFIG('role', $1, 't'), \"set_config\"('a', NULL, 'True')",
            "SELECT set_config('search_path', (SELECT mod(a, b[1, 2]) FROM t), true)",
        ],
        Footprint::LOCAL,
    );
}

#[test]
fn what_changes_the_session_asks() {
    assert_all(
        &[
            "SET search_path = a",
            "SET SESSION search_path TO a",
            "SET ROLE a",
            "SET SESSION ROLE NONE",
            "SET SESSION AUTHORIZATION a",
            "SET SESSION SESSION AUTHORIZATION a",
            "SET TIME ZONE 'UTC'",
            "SET NAMES 'UTF8'",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            "SET default_transaction_isolation = 'serializable'",
            "SET local.x = 1",
            "SET transaction.x TO 1",
            "SET session = 1",
            "SET constraints FROM CURRENT",
            "LISTEN a",
            "UNLISTEN *",
            "CLOSE c",
            "CREATE TEMP TABLE t (a int)",
            "CREATE LOCAL TEMPORARY TABLE t AS SELECT 1",
            "CREATE OR REPLACE TEMP VIEW v AS SELECT 1",
            "CREATE TABLE t (a int)",
            "CREATE EXTENSION hstore",
            "ALTER EXTENSION hstore UPDATE",
            "IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c",
            "DROP TABLE t",
            "SELECT 1 INTO TEMP t",
            "SELECT * INTO t FROM s",
            "((SELECT 1 INTO TEMPORARY t))",
            "WITH d AS (DELETE FROM t RETURNING *) SELECT * INTO TEMP s FROM d",
            "SELECT insert INTO TEMP t FROM s",
            "EXPLAIN ANALYZE SELECT pg_advisory_lock(1)",
            "EXPLAIN (ANALYZE) CREATE TEMP TABLE t AS SELECT 1",
            "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
            "DECLARE hold BINARY INSENSITIVE NO SCROLL CURSOR WITH HOLD FOR SELECT 1",
            "SELECT pg_advisory_lock(1)",
            "SELECT PG_TRY_ADVISORY_LOCK_SHARED (1, 2)",
            "UPDATE t SET a = 1 WHERE pg_catalog.\"pg_advisory_unlock_all\"() IS NULL",
            "SELECT set_limit(0.5)",
            "SELECT set_config('a.b', 'c', false)",
            "SELECT set_config('a.b', 'c', $1)",
            "SELECT set_config('a.b', 'c', true AND false)",
            "INSERT INTO pg_temp.t VALUES (1)",
            "SELECT * FROM \"pg_temp_3\".t",
            "SELECT $$$$pg_temp.f(1)",
            "whatever this is",
        ],
        Footprint::ASKS,
    );
}

#[test]
fn settings_may_go_back_by_many_ways() {
    assert_all(
        &[
            "RESET ALL",
            "SET search_path TO DEFAULT",
            "SET SESSION AUTHORIZATION DEFAULT",
            "SET TIME ZONE LOCAL",
            "SET TIME ZONE DEFAULT",
            "SET NAMES",
            "SET datestyle = 'iso, Default'",
            "SELECT set_config('a.b', NULL, false)",
            "SELECT set_config($1, $2, false)",
            "SELECT set_config('a.b', 'c' || d, false)",
            "SELECT set_config('datestyle', 'default', false)",
            "SELECT set_config(is_local => true, setting_name => 'a', new_value => 'b')",
            "SELECT set_config(VARIADIC a)",
            "SELECT set_config('a'",
            "SELECT U&\"\\0073et_config\"('a', 'b', true)",
            "SELECT U&\"!0073et_config\" UESCAPE '!' ('a', 'b', true)",
            "UPDATE pg_settings SET setting = 'a' WHERE name = 'b'",
            "UPDATE ONLY pg_catalog.pg_settings SET setting = 'a'",
            "SELECT query_to_xml('SELECT set_config(''a'', ''b'', true)', true, true, '')",
            "SELECT f('search_path', 'pg_temp, public')",
            "SELECT f($$pg_advisory_lock(1)$$)",
            "DO $$ BEGIN PERFORM 1; END $$",
            "CALL p()",
        ],
        Footprint::RESETS,
    );
}

#[test]
fn what_nothing_undoes_is_told() {
    assert_all(
        &[
            "LOAD 'auto_explain'",
            "SELECT dblink_connect('c', 'dbname=a')",
            "SELECT pg_replication_origin_session_setup('a')",
            "SELECT pg_create_physical_replication_slot('a', true, true)",
            "SELECT * FROM pg_copy_logical_replication_slot('a', 'b', true)",
        ],
        LOADS,
    );
    let loads_and_resets = Footprint {
        resets: true,
        ..LOADS
    };
    assert_all(
        &[
            "DO $$ BEGIN LOAD 'auto_explain'; END $$",
            "DO 'BEGIN load ''auto_explain''; END' LANGUAGE plpgsql",
        ],
        loads_and_resets,
    );
    assert_all(
        &["DO $$ BEGIN PERFORM load, reload 'x' FROM t; END $$"],
        Footprint::RESETS,
    );
}

#[test]
fn names_of_prepared_statements_are_noticed() {
    assert_all(
        &[
            "PREPARE a AS SELECT set_config('a', 'b', false)",
            "PREPARE transaction AS SELECT 1",
            "DEALLOCATE a",
            "DEALLOCATE PREPARE ALL",
            "EXPLAIN EXECUTE a",
        ],
        Footprint::NAMES,
    );
    assert_all(
        &[
            "EXECUTE a",
            "EXPLAIN ANALYZE EXECUTE a(1)",
            "CREATE TABLE t AS EXECUTE a",
            "EXPLAIN ANALYZE CREATE TEMP TABLE t AS EXECUTE a",
            "DISCARD ALL",
        ],
        Footprint::DOUBT,
    );
    assert_all(
        &["DISCARD PLANS", "DISCARD TEMP", "DISCARD SEQUENCES"],
        Footprint {
            resets: false,
            ..Footprint::DOUBT
        },
    );
}

#[test]
fn transactions_begin_wherever_begin_stands() {
    assert_all(
        &[
            "BEGIN",
            "begin; select 1; commit",
            "/* a */ START TRANSACTION READ ONLY",
            "SELECT 1; BEGIN",
            "SELECT 1; /* a */ BEGIN",
            "BEGIN; SET CONSTRAINTS ALL DEFERRED; COMMIT",
        ],
        BEGINS,
    );
    assert_all(
        &[
            "SELECT 'a; BEGIN'",
            "SELECT begin FROM t",
            "INSERT INTO t VALUES ('; set a = 1; begin')",
        ],
        Footprint::NONE,
    );
    assert_all(
        &["CREATE FUNCTION f() RETURNS int BEGIN ATOMIC; SELECT 1; END"],
        Footprint::ASKS,
    );
}

#[test]
fn functions_of_somebodys_own_are_told() {
    assert_all(
        &[
            "SELECT my_set_config(1)",
            "INSERT INTO t (a) VALUES (f(1))",
            "UPDATE t SET a = other.lower(a)",
            "SELECT f -- lower\n (1)",
            "SELECT DISTINCT ON (a) f(b) FROM t",
            "SELECT DISTINCT ON (a)é (b) FROM t",
            "SELECT \"F\" /* */ (1)",
            "EXPLAIN ANALYZE SELECT f(1)",
            "DECLARE c CURSOR FOR SELECT f(1)",
        ],
        Footprint::CALLS,
    );
    assert_all(
        &[
            "INSERT INTO \"s\".\"t\" (\"a\") VALUES ($1)",
            "INSERT INTO s.t (a) SELECT count(*), pg_catalog.whatever(1) FROM t",
            "SELECT sum(a) OVER (ORDER BY b), count(*) FILTER (WHERE c) FROM t",
            "EXPLAIN SELECT f(1)",
            "GRANT EXECUTE ON FUNCTION f(int) TO a",
            "SELECT 'f(1)' -- f(1)",
        ],
        Footprint::NONE,
    );
    assert_all(
        &["ALTER FUNCTION f(int) IMMUTABLE"],
        Footprint {
            defines: true,
            ..Footprint::NONE
        },
    );
}

#[test]
fn values_of_sequences_are_told() {
    let sequence = Footprint {
        sequence: true,
        ..Footprint::NONE
    };
    assert_all(
        &[
            "SELECT LASTVAL()",
            "INSERT INTO t VALUES (currval('s'::regclass))",
        ],
        sequence,
    );
    assert_all(&["SELECT lastval, curr_val FROM t"], Footprint::NONE);
}

#[test]
fn a_script_leaves_what_any_of_its_statements_leaves() {
    assert_all(
        &["BEGIN; SET a = 1; RESET b; LOAD 'c'; DEALLOCATE d; SELECT lastval()"],
        Footprint {
            asks: true,
            resets: true,
            loads: true,
            names: true,
            begins: true,
            sequence: true,
            ..Footprint::NONE
        },
    );
}

#[test]
fn a_text_that_reads_otherwise_is_in_doubt() {
    for text in [
        &b"SELECT 'a\\'; SET b = 1; --'"[..],
        b"SELECT E'\x83\\'; SET b = 1; --'",
    ] {
        assert!(footprint(text).asks);
    }
    // With escapes in strings, the SET is outside of them.
    assert!(footprint(b"SELECT '\\'', '; SET b = 1; --'").asks);
    for text in [
        "SET a = 'b",
        "SELECT set_config('a', 1b, true)",
        "/* SELECT",
    ] {
        assert!(
            footprint(text.as_bytes()) | Footprint::DOUBT == footprint(text.as_bytes()),
            "{text}"
        );
    }
}

#[test]
fn nested_calls_take_no_longer_than_their_length() {
    let text = format!("SELECT {}1", "set_config(".repeat(100_000));
    assert!(footprint(text.as_bytes()).asks);
    let text = format!("UPDATE t SET {}1", "pg_settings, ".repeat(100_000));
    assert!(footprint(text.as_bytes()).asks);
    let text = "EXPLAIN ".repeat(100_000);
    assert!(footprint(text.as_bytes()).asks);
}

/// Texts dense in what has a meaning here.
fn telling() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "select ",
        "SET ",
        "local ",
        "a ",
        "= ",
        "; ",
        ";",
        "begin ",
        "into ",
        "temp ",
        "set_config",
        "('a', ",
        "'b', ",
        "true)",
        "false)",
        "with ",
        "as (",
        ") ",
        "insert ",
        "pg_temp.",
        "pg_advisory_lock(",
        "lastval() ",
        "'",
        "/*",
        "*/",
        "--",
        "\n",
        "\\",
        "U&\"",
        "\"",
        "$$",
        "prepare ",
        "execute ",
        "explain ",
        "create ",
        "declare ",
        "hold for ",
        "é",
    ]);
    prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn a_glance_misses_nothing_that_a_look_finds(
        text in prop_oneof![telling(), sql_like(), prop::collection::vec(any::<u8>(), 0..60)],
    ) {
        let seen = footprint(&text);
        for strings in [StandardStrings::On, StandardStrings::Off] {
            if Script::lex_as(&text, strings).is_ok() {
                prop_assert_eq!(seen | read(&text, strings), seen);
            }
        }
        prop_assert!(seen.asks || !(seen.resets || seen.loads));
    }
}
