//! What is refused, by the rule that refuses it.

use crate::shop::refused;
use crate::shop::written;

#[test]
fn whatever_is_no_read_is_refused() {
    for (sql, rule) in [
        ("", "one-statement"),
        (";", "one-statement"),
        ("-- nothing", "one-statement"),
        ("SELECT 1; SELECT 2", "one-statement"),
        ("SELECT 1; DROP TABLE orders", "one-statement"),
        ("COMMIT", "read-only"),
        ("DELETE FROM orders", "read-only"),
        ("INSERT INTO orders VALUES (1)", "read-only"),
        ("UPDATE orders SET id = 1", "read-only"),
        ("EXPLAIN ANALYZE SELECT 1", "read-only"),
        ("COPY orders TO '/tmp/x'", "read-only"),
        ("SET search_path = x", "read-only"),
        ("SELECT * INTO copy FROM orders", "read-only"),
        ("CREATE TABLE x AS SELECT 1", "read-only"),
        (
            "WITH d AS (DELETE FROM orders RETURNING id) SELECT id FROM d",
            "read-only",
        ),
        (
            "WITH d AS (INSERT INTO orders(id) VALUES (1) RETURNING id) SELECT id FROM d",
            "read-only",
        ),
        (
            "WITH d AS (UPDATE orders SET id = 1 RETURNING id) SELECT id FROM d",
            "read-only",
        ),
        ("SELECT id FROM orders FOR UPDATE", "node"),
        ("SELECT id FROM orders FOR SHARE SKIP LOCKED", "node"),
        ("SELECT id FROM orders TABLESAMPLE evil(1)", "node"),
    ] {
        assert!(refused_by(sql, rule), "{sql}: {:?}", refused(sql));
    }
}

/// The rule, or the parser, which may not know the form at all.
fn refused_by(sql: &str, rule: &str) -> bool {
    let refusal = refused(sql);
    refusal.rule == rule || refusal.rule == "syntax"
}

#[test]
fn functions_that_are_not_listed_are_refused_wherever_they_stand() {
    for call in [
        "pg_sleep(1)",
        "pg_read_file('/etc/passwd')",
        "set_config('a.b', 'c', false)",
        "current_setting('a.b')",
        "query_to_xml('select 1', true, true, '')",
        "lo_import('/etc/passwd')",
        "dblink('', '')",
        "nextval('s')",
        "pg_advisory_lock(1)",
        "public.lower('x')",
        "evil()",
        "repeat('x', 1000000000)",
        "lpad('x', 1000000000)",
        "lpad('x', id)",
        "rpad('x', 100000, 'y')",
        "format('%1000000s', 'x')",
        "array_fill(0, ARRAY[100000000])",
        "factorial(30000)",
        "ts_stat('select 1')",
        "has_table_privilege('x', 'select')",
        "version()",
        "current_user",
        "session_user",
    ] {
        for sql in [
            format!("SELECT {call} FROM orders"),
            format!("SELECT id FROM orders WHERE {call} IS NULL"),
            format!("SELECT id FROM orders ORDER BY {call}"),
            format!("SELECT id FROM orders GROUP BY id, {call}"),
            format!("SELECT count(*) FILTER (WHERE {call} IS NULL) FROM orders"),
            format!("SELECT sum(id) OVER (ORDER BY {call}) FROM orders"),
            format!("SELECT id FROM orders LIMIT length({call}::text)"),
            format!("SELECT CASE WHEN true THEN {call} END FROM orders"),
            format!("SELECT o.id FROM orders o JOIN customers c ON {call} IS NULL"),
            format!("SELECT ARRAY(SELECT {call} FROM orders)"),
            format!("WITH x AS (SELECT {call} AS y FROM orders) SELECT y FROM x"),
        ] {
            assert!(refused_by(&sql, "function"), "{sql}: {:?}", refused(&sql));
        }
    }
    for call in [
        "pg_read_file('/etc/passwd')",
        "pg_ls_dir('.')",
        "dblink('', '')",
        "json_to_recordset('[]')",
    ] {
        assert!(
            refused_by(&format!("SELECT 1 FROM {call} AS f"), "function"),
            "{call}"
        );
        assert!(
            refused_by(&format!("SELECT 1 FROM ROWS FROM ({call}) AS f"), "node"),
            "{call}"
        );
        assert!(
            refused_by(
                &format!("SELECT 1 FROM orders, LATERAL {call} AS f"),
                "function"
            ),
            "{call}"
        );
    }
}

#[test]
fn relations_that_cannot_be_seen_are_refused_with_the_nearest_name() {
    for (sql, sqlstate, hint) in [
        ("SELECT 1 FROM secrets", "PGN03", None),
        (
            "SELECT 1 FROM oders",
            "PGN03",
            Some("perhaps public.orders is meant"),
        ),
        (
            "SELECT 1 FROM hr.orders",
            "PGN03",
            Some("perhaps public.orders is meant"),
        ),
        ("SELECT 1 FROM pg_authid", "PGN03", None),
        ("SELECT 1 FROM pg_catalog.pg_class", "PGN03", None),
        ("SELECT 1 FROM information_schema.tables", "PGN03", None),
        ("SELECT 1 FROM ONLY secrets", "PGN03", None),
        ("SELECT 1 FROM other.public.orders", "0A000", None),
        (
            "SELECT 1 FROM regions",
            "42P09",
            Some("qualify it: east.regions, west.regions"),
        ),
        (
            "SELECT 1 FROM \"Orders\"",
            "PGN03",
            Some("perhaps public.orders is meant"),
        ),
    ] {
        let refusal = refused(sql);
        assert_eq!(refusal.sqlstate, sqlstate, "{sql}: {refusal:?}");
        assert_eq!(refusal.hint.as_deref(), hint, "{sql}");
    }
    assert_eq!(
        written("SELECT 1 FROM east.regions"),
        "SELECT 1 FROM east.regions"
    );
}

#[test]
fn columns_that_are_not_there_are_refused_with_the_nearest_name() {
    for (sql, hint) in [
        ("SELECT totl FROM orders", Some("perhaps total is meant")),
        (
            "SELECT o.custmer_id FROM orders o",
            Some("perhaps o.customer_id is meant"),
        ),
        ("SELECT xyzzy FROM orders", None),
        (
            "SELECT s.totl FROM (SELECT total FROM orders) s",
            Some("perhaps s.total is meant"),
        ),
        (
            "WITH t AS (SELECT id FROM orders) SELECT total FROM t",
            None,
        ),
        ("SELECT o.ctid FROM orders o", None),
        ("SELECT xmin FROM orders", None),
        ("SELECT \"ID\" FROM orders", Some("perhaps id is meant")),
    ] {
        let refusal = refused(sql);
        assert_eq!(
            (refusal.sqlstate, refusal.rule),
            ("42703", "column"),
            "{sql}: {refusal:?}"
        );
        assert_eq!(refusal.hint.as_deref(), hint, "{sql}");
    }
    assert_eq!(refused("SELECT x.id FROM orders o").sqlstate, "42P01");
}

#[test]
fn the_column_notation_of_a_call_is_refused() {
    for sql in [
        "SELECT o.f_lies FROM orders o",
        "SELECT orders.f_lies FROM orders",
        "SELECT (o).f_lies FROM orders o",
        "SELECT (o).id FROM orders o",
        "SELECT s.row_to_json FROM (SELECT 1 AS a) s",
        "SELECT o.text FROM orders o",
        "SELECT s.text FROM (SELECT * FROM customers JOIN leads USING (id)) s(a, b, c, d)",
        // The inner `o` cannot be seen by what stands beside it, so the outer one would be meant.
        "SELECT (SELECT 1 FROM customers o, (SELECT o.name) s) FROM orders o",
        "SELECT (SELECT 1 FROM customers o, leads l JOIN leads k ON o.name = k.name) FROM orders o",
    ] {
        let refusal = refused(sql);
        assert!(
            ["column", "node", "syntax"].contains(&refusal.rule),
            "{sql}: {refusal:?}"
        );
    }
}

#[test]
fn types_and_operators_of_others_are_refused() {
    for (sql, rule) in [
        ("SELECT 'x'::evil_dom", "type"),
        ("SELECT CAST('(1)' AS evil_t)", "type"),
        ("SELECT 'orders'::regclass", "type"),
        ("SELECT 1::oid::regproc", "type"),
        ("SELECT 'x'::public.text", "type"),
        ("SELECT 'gone'::order_status", "type"),
        ("SELECT CAST('x' AS char(10000000))", "type"),
        ("SELECT place::text FROM orders", "type"),
        (
            "SELECT s.place || '' FROM (SELECT place FROM orders) s",
            "type",
        ),
        ("SELECT (SELECT o) FROM orders o WHERE o = o", "type"),
        ("SELECT 1 <+> 2", "operator"),
        ("SELECT 1 OPERATOR(public.+) 2", "operator"),
        ("SELECT 1 ORDER BY 1 USING <", "node"),
    ] {
        assert!(refused_by(sql, rule), "{sql}: {:?}", refused(sql));
    }
}
