//! What a read-only session may and may not do.

use crate::config::Policy;
use crate::guard::Plan;
use crate::guard::Verdict;
use crate::guard::cache::CacheKey;
use crate::guard::cache::DecisionCache;
use crate::guard::decide;
use crate::guard::review;
use crate::sql::schema::Facts;

fn read_only() -> Policy {
    Policy {
        name: "reports".to_owned(),
        read_only: true,
        ..Policy::default()
    }
}

fn facts() -> Facts {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Facts {
        version: 1,
        plain_relations: names(&["orders", "customers", "Odd \"Name"]),
        quiet_functions: names(&["count", "lower", "now", "generate_series", "sum"]),
        quiet_operators: true,
    }
}

fn refused(text: &str, policy: &Policy) -> (&'static str, String) {
    for facts in [None, Some(&facts())] {
        let verdict = review(text.as_bytes(), policy, facts);
        // What is remembered is decided by the text's shape.
        let mut decisions = DecisionCache::new(2, 1024 * 1024);
        let remembered = decisions.verdict(CacheKey::default(), text.as_bytes(), |shape| {
            decide(shape, policy, facts)
        });
        assert_eq!(remembered, verdict, "{text}");
        match verdict {
            Verdict::Refuse(refusal) if facts.is_some() => {
                return (refusal.sqlstate, refusal.message);
            }
            Verdict::Refuse(_) => {}
            _ => panic!("not refused: {text}"),
        }
    }
    unreachable!("the second round returns")
}

#[test]
fn a_read_only_session_reads() {
    for text in [
        "SELECT * FROM orders WHERE note LIKE '%a%'",
        "WITH o AS (SELECT 1) TABLE o",
        "VALUES (1)",
        "EXPLAIN ANALYZE SELECT count(*) FROM orders",
        "EXPLAIN DELETE FROM orders",
        "COPY (SELECT 1) TO STDOUT",
        "COPY orders TO STDOUT",
        "PREPARE p AS SELECT $1::int",
        "EXECUTE p(1)",
        "DECLARE c CURSOR FOR SELECT 1",
        "FETCH 10 FROM c; CLOSE c",
        "BEGIN; SELECT 1; COMMIT",
        "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        "SET search_path TO a; RESET ALL; DEALLOCATE p",
        "SET client_encoding TO 'UTF8'; SET NAMES 'LATIN1'; SET client_encoding TO DEFAULT",
        "RESET ROLE; SET SESSION AUTHORIZATION DEFAULT",
        "SELECT set_config('search_path', '', false)",
        "SELECT current_setting('transaction_read_only'), current_user, coalesce(1, 2)",
        "SELECT pg_relation_size('orders'), clock_timestamp()",
        "SELECT pg_catalog.pg_get_userbyid(1) OPERATOR(pg_catalog.=) 'x'",
        "SELECT XMLPARSE(CONTENT 'x')",
        "SELECT E'\\\\' || 'x' || '''; DELETE FROM orders; --'",
        "SELECT extract(year FROM d), substring(s FOR 2) FROM orders",
        "SHOW ALL",
        "SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL",
        "LOCK TABLE ONLY a.t, u IN ACCESS SHARE MODE NOWAIT",
        "SELECT pg_catalog.set_config(name, 'view', false) FROM pg_catalog.pg_settings \
         WHERE name = 'restrict_nonsystem_relation_kind'",
    ] {
        for facts in [None, Some(&full_facts())] {
            let verdict = review(text.as_bytes(), &read_only(), facts);
            assert_eq!(verdict, Verdict::Forward(Plan::unlimited()), "{text}");
        }
    }
}

/// As read from a database: its own functions among them.
fn full_facts() -> Facts {
    let mut facts = facts();
    let more = [
        "set_config",
        "current_setting",
        "extract",
        "substring",
        "pg_get_userbyid",
    ];
    facts.quiet_functions.extend(more.map(str::to_owned));
    facts
}

#[test]
fn a_read_only_session_does_not_write() {
    for text in [
        "INSERT INTO t VALUES (1)",
        "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
        "WITH d AS (WITH y AS (SELECT 1) DELETE FROM t RETURNING *) SELECT * FROM d",
        "SELECT * INTO x FROM t",
        "CREATE TABLE x AS SELECT 1",
        "SELECT * FROM t FOR UPDATE",
        "SELECT * FROM (SELECT * FROM t FOR SHARE NOWAIT) q",
        "SELECT * FROM t FOR NO KEY UPDATE",
        "EXPLAIN ANALYZE DELETE FROM t",
        "EXPLAIN (ANALYZE) CREATE TABLE x AS SELECT 1",
        "EXPLAIN ANALYZE EXECUTE p",
        "COPY t FROM STDIN",
        "COPY (SELECT 1) TO PROGRAM 'id'",
        "COPY t TO '/tmp/x'",
        "COPY (DELETE FROM t RETURNING *) TO STDOUT",
        "PREPARE p AS DELETE FROM t",
        "DECLARE c CURSOR FOR SELECT * FROM t FOR UPDATE",
        "CALL p()",
        "DO $$BEGIN END$$",
        "SELECT 1; DROP TABLE t",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT pg_catalog.lo_unlink(1)",
        "SELECT \"lo_unlink\"(1)",
        "SELECT U&\"lo\\005funlink\"(1)",
        "SELECT nextval('s')",
        "SELECT * FROM pg_read_file('/etc/passwd')",
        "SELECT query_to_xml('SELECT 1', true, true, '')",
        "SELECT net.http_post('x')",
        "SELECT dblink_exec('x', 'y')",
        "SELECT pg_advisory_lock(1)",
        "BEGIN READ WRITE",
        "START TRANSACTION READ WRITE",
        "SET TRANSACTION READ WRITE",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "SET transaction_read_only = off",
        "SET LOCAL \"Transaction_Read_Only\" TO 'off'",
        "SET U&\"transaction_read\\005fonly\" TO off",
        "RESET default_transaction_read_only",
        "SELECT set_config('default_transaction_read_only', 'off', false)",
        "SELECT set_config('default_' || 'transaction_read_only', 'off', false)",
        "SELECT set_config(setting_name => 'x', new_value => 'y', is_local => false)",
        "SELECT set_config($1, 'off', false)",
        "SET client_encoding = 'SJIS'",
        "SELECT set_config('client_encoding', 'SJIS', false)",
        "SELECT set_config(1, 'x', false)",
        "SET NAMES 'gbk'",
        "SET client_encoding = $euc$SJIS$euc$",
        "SET NAMES E'\\uc000SJIS'",
        "SET client_encoding TO U&'tf8abSJIS' UESCAPE 't'",
        "PREPARE TRANSACTION 'x'",
        "COMMIT PREPARED 'x'",
        "ALTER ROLE me SET default_transaction_read_only = off",
        "LOCK TABLE t",
        "LOCK TABLE t IN SHARE MODE",
        "LOCK TABLE t IN ACCESS EXCLUSIVE MODE",
        "SELECT set_config(name, 'off', false) FROM pg_settings \
         WHERE name = 'default_transaction_read_only'",
        "NOTIFY a",
        "TRUNCATE t",
        "\\! id",
        "SELECT 1 <=/*'*/ 2; DELETE FROM t; --'",
        "SELECT box '(0,0,1,1)' &>'(0,0,1,1)' ; DELETE FROM t; --'",
    ] {
        assert_eq!(refused(text, &read_only()).0, "25006", "{text}");
    }
}

#[test]
fn a_known_volatile_function_is_not_called_in_a_read_only_session() {
    let verdict = review(b"SELECT write_something()", &read_only(), Some(&facts()));
    let Verdict::Refuse(refusal) = verdict else {
        panic!("not refused")
    };
    assert_eq!(
        refusal.message,
        "cannot execute write_something() in a read-only session"
    );
    assert!(
        refusal
            .hint
            .is_some_and(|hint| hint.ends_with("can be declared STABLE."))
    );
}

#[test]
fn text_that_may_read_otherwise_is_refused() {
    assert_eq!(
        refused("SELECT 'a\\'; DELETE FROM t; --'", &read_only()).0,
        "42501"
    );
    assert_eq!(
        refused("SELECT 'a", &read_only()),
        ("42601", "unterminated quoted string".to_owned())
    );
}

#[test]
fn a_refusal_names_the_policy_and_the_rule() {
    let Verdict::Refuse(refusal) = review(b"DROP TABLE t", &read_only(), None) else {
        panic!("not refused");
    };
    assert_eq!(
        refusal.message,
        "cannot execute DROP in a read-only session"
    );
    assert_eq!(
        refusal.hint.as_deref(),
        Some("Policy \"reports\" has read_only = true.")
    );
    assert_eq!(refusal.rule, "read_only");
}

#[test]
fn very_long_and_very_deep_queries_are_judged() {
    let long = format!("SELECT 1{}", "+1".repeat(20_000));
    let deep = format!("SELECT {}1{}", "(".repeat(3_000), ")".repeat(3_000));
    let chain = format!("SELECT 1{}", " OR 1=1".repeat(2_000));
    for text in [long, deep, chain] {
        let verdict = review(text.as_bytes(), &read_only(), None);
        assert_eq!(verdict, Verdict::Forward(Plan::unlimited()));
    }
}
