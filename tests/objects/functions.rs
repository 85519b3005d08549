//! `deny_functions` and `allow_functions`.

use crate::subject::Judge;
use crate::subject::named;
use crate::subject::names;

fn deny(denied: &[&str]) -> Judge {
    let mut policy = named();
    policy.functions.deny = names(denied);
    Judge::new(policy)
}

fn allow(allowed: &[&str]) -> Judge {
    let mut policy = named();
    policy.functions.allow = Some(names(allowed));
    Judge::new(policy)
}

#[test]
fn a_denied_function_is_not_reached_by_any_way() {
    deny(&["pg_sleep"]).refuses(&[
        "SELECT pg_sleep(0)",
        "SELECT PG_SLEEP (0)",
        "SELECT \"pg_sleep\"(0)",
        "SELECT pg_catalog.pg_sleep(0)",
        "SELECT \"pg_catalog\" . /* x */ \"pg_sleep\" (0)",
        "SELECT U&\"pg\\005fsleep\"(0)",
        "SELECT * FROM pg_sleep(0)",
        "SELECT * FROM ROWS FROM (pg_sleep(0)) AS t",
        "SELECT 1 WHERE pg_sleep(0) IS NULL",
        "SELECT (0::float8).pg_sleep",
        "SELECT (x).pg_sleep FROM (SELECT 0::float8 AS x) q",
        "VALUES (pg_sleep(0))",
        "PREPARE p AS SELECT pg_sleep(0)",
        "EXPLAIN SELECT pg_sleep(0)",
        "CREATE TEMP TABLE x AS SELECT 1 WHERE pg_sleep(0) IS NULL",
        "CREATE TEMP TABLE x (a text DEFAULT pg_sleep(0)::text)",
    ]);
    deny(&["public.plus"]).refuses(&[
        "SELECT plus(1, 2)",
        "SELECT 1 <+> 2",
        "SELECT 1 OPERATOR(public.<+>) 2",
    ]);
    deny(&["pair_text"]).refuses(&["SELECT p::text FROM pairs", "SELECT ROW(1, 2)::pair::text"]);
    deny(&["checks"]).refuses(&["SELECT 'x'::checked", "SELECT checked 'x'"]);
    deny(&["step"]).refuses(&["SELECT gather(id) FROM orders"]);
    deny(&["of_row"]).refuses(&["SELECT o.of_row FROM orders o"]);
    deny(&["leak"]).refuses(&[
        "SELECT l FROM v_calls",
        "ALTER FUNCTION leak RENAME TO harmless",
    ]);
    deny(&["pg_sleep"]).refuses(&["SELECT sleeps()", "SELECT dynamic('SELECT 1')"]);
    deny(&["pg_sleep"]).refuses(&["SELECT pg_sleep_for('0')", "SELECT pg_sleep_until(now())"]);
    deny(&["btrim"]).refuses(&["SELECT trim('x')", "SELECT trim(BOTH FROM 'x')"]);
    deny(&["timezone"]).refuses(&["SELECT now() AT TIME ZONE 'UTC'"]);
    deny(&["textlike"]).refuses(&["SELECT name FROM customers WHERE name LIKE 'x'"]);
}

#[test]
fn a_keyword_calls_no_function_of_its_name() {
    let judge = deny(&["public.in", "public.values"]);
    judge.refuses(&[
        "SELECT \"in\"(1)",
        "SELECT public.in(1)",
        "SELECT public . \"values\" (1)",
        "SELECT 1 WHERE 1 IN (1) AND public.values(1) = 1",
    ]);
    judge.passes(&[
        "SELECT 1 WHERE 1 IN (1)",
        "VALUES (1)",
        "SELECT a FROM (VALUES (1)) AS v (a)",
    ]);
    deny(&["pg_catalog.numeric", "date_part", "position"])
        .refuses(&["SELECT position('a' IN 'b')"]);
}

#[test]
fn other_functions_pass() {
    deny(&["pg_sleep", "public.lower"]).passes(&[
        "SELECT lower('X'), upper('x'), now(), count(*) FROM orders",
        "SELECT 1 <+> 2 IS NULL AS fine WHERE false",
        "SELECT name AS pg_sleep FROM customers LIMIT 0",
        "SELECT calm(1), tidy('x')",
        "SELECT trim('x'), now() AT TIME ZONE 'UTC'",
    ]);
}

#[test]
fn only_listed_functions_are_allowed() {
    let judge = allow(&["count", "lower", "pg_catalog.now"]);
    judge.passes(&[
        "SELECT count(*), lower('X'), now() WHERE 1 IN (1, 2) AND EXISTS (SELECT 1)",
        "SELECT COALESCE(NULL, 1), GREATEST(1, 2), ARRAY[1], CAST('1' AS numeric(10, 2))",
        "SELECT '1'::numeric(10, 2), 1 + 2 * 3",
        "INSERT INTO contacts (id, email) VALUES (1, 'x')",
        "SELECT id FROM customers WHERE name LIKE 'x%' ORDER BY id",
    ]);
    judge.refuses(&[
        "SELECT upper('x')",
        "SELECT sum(amount) FROM orders",
        "SELECT * FROM generate_series(1, 2)",
        "SELECT leak()",
        "SELECT 1 <+> 2",
    ]);
    allow(&["pg_catalog.*"]).passes(&["SELECT upper('x'), sum(amount) FROM orders"]);
    allow(&["pg_catalog.*"]).refuses(&["SELECT leak()", "SELECT 1 <+> 2", "SELECT l FROM v_calls"]);
}

#[test]
fn a_function_that_hides_what_it_reads_must_be_named_under_rules_about_tables() {
    let mut policy = named();
    policy.tables.deny = names(&["hr.salaries"]);
    policy.functions.allow = Some(names(&["pg_catalog.*", "public.plus"]));
    let judge = Judge::new(policy);
    assert_eq!(judge.refusal("SELECT plus(1, 2)"), None);
    assert_eq!(judge.refusal("SELECT 1 <+> 2"), None);
    judge.refuses(&[
        "SELECT leak()",
        "SELECT query_to_xml('SELECT 1', false, false, '')",
    ]);
}
