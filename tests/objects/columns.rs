//! `deny_columns` and what `mask_columns` says about texts.

use pgparley::config::Mask;

use crate::subject::Judge;
use crate::subject::columns;
use crate::subject::masks;
use crate::subject::named;

fn deny(denied: &[&str]) -> Judge {
    let mut policy = named();
    policy.deny_columns = columns(denied);
    Judge::new(policy)
}

fn mask(masked: &[&str]) -> Judge {
    let mut policy = named();
    let masked: Vec<_> = masked.iter().map(|name| (*name, Mask::Null)).collect();
    policy.mask_columns = masks(&masked);
    Judge::new(policy)
}

/// Uses of `ssn` that neither a denied nor a masked column allows.
const USES: &[&str] = &[
    "SELECT upper(ssn) FROM customers",
    "SELECT ssn || '' FROM customers",
    "SELECT id FROM customers WHERE ssn LIKE '1%'",
    "SELECT id FROM customers ORDER BY ssn",
    "SELECT id FROM customers ORDER BY customers.ssn",
    "SELECT count(*) FROM customers GROUP BY ssn",
    "SELECT count(ssn) FROM customers",
    "SELECT max(c.ssn) FROM customers c",
    "SELECT count(*) FROM customers HAVING max(ssn) > '1'",
    "SELECT rank() OVER (ORDER BY ssn) FROM customers",
    "SELECT rank() OVER w FROM customers WINDOW w AS (ORDER BY ssn)",
    "SELECT count(*) FILTER (WHERE ssn > '1') FROM customers",
    "SELECT string_agg('x', 'y' ORDER BY ssn) FROM customers",
    "SELECT 1 FROM customers a JOIN customers b ON a.ssn = b.ssn",
    "SELECT count(*) FROM customers a JOIN customers b USING (ssn)",
    "SELECT count(*) FROM customers a NATURAL JOIN customers b",
    "SELECT c FROM customers c",
    "SELECT customers FROM customers",
    "SELECT c::text FROM customers c",
    "SELECT row_to_json(c) FROM customers c",
    "SELECT c.row_to_json FROM customers c",
    "SELECT to_jsonb(c.*) FROM customers c",
    "SELECT ROW(c.*) FROM customers c",
    "SELECT (c).ssn FROM customers c",
    "SELECT (c).* FROM customers c",
    "SELECT (c.*)::text FROM customers c",
    "SELECT (c).ssn FROM (SELECT c FROM customers c) q",
    "SELECT json_agg(c) FROM customers c",
    "SELECT count(DISTINCT c) FROM customers c",
    "SELECT id FROM customers c ORDER BY c",
    "SELECT x5 || '' FROM customers AS x(x1, x2, x3, x4, x5, x6, x7)",
    "SELECT id FROM contacts WHERE EXISTS (SELECT 1 FROM customers WHERE ssn = contacts.email)",
    "SELECT (SELECT ssn FROM customers LIMIT 1)",
    "SELECT id FROM contacts WHERE email IN (SELECT ssn FROM customers)",
    "SELECT ARRAY(SELECT ssn FROM customers)",
    "SELECT (SELECT c.ssn LIMIT 1) FROM customers c",
    "SELECT 1 FROM customers c, LATERAL (SELECT upper(c.ssn)) x",
    "SELECT * FROM customers c, upper(c.ssn) u",
    "SELECT ssn FROM customers UNION SELECT 'x'",
    "SELECT 'x' UNION ALL SELECT ssn FROM customers",
    "SELECT DISTINCT ssn FROM customers",
    "SELECT DISTINCT ON (ssn) id FROM customers",
    "COPY customers TO STDOUT",
    "COPY customers(id, ssn) TO STDOUT",
    "COPY (SELECT ssn FROM customers) TO STDOUT",
    "COPY (SELECT * FROM customers) TO STDOUT",
    "CREATE TABLE x AS SELECT * FROM customers",
    "CREATE TABLE x AS SELECT ssn FROM customers",
    "CREATE VIEW x AS SELECT ssn FROM customers",
    "SELECT ssn INTO x FROM customers",
    "INSERT INTO contacts SELECT id, ssn FROM customers",
    "INSERT INTO contacts SELECT id, (SELECT ssn FROM customers LIMIT 1) FROM orders",
    "UPDATE contacts SET email = ssn FROM customers",
    "UPDATE customers SET name = ssn",
    "UPDATE customers SET name = 'x' WHERE ssn = 'y'",
    "UPDATE customers SET name = 'x' RETURNING upper(ssn)",
    "DELETE FROM orders USING customers c WHERE c.ssn = 'x'",
    "DELETE FROM orders WHERE note = (SELECT max(ssn) FROM customers)",
    "INSERT INTO customers (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = customers.ssn",
    "MERGE INTO contacts t USING customers c ON t.id = c.id \
     WHEN MATCHED THEN UPDATE SET email = c.ssn",
    "WITH x AS (SELECT upper(ssn) AS u FROM customers) SELECT * FROM x",
    "WITH x AS (SELECT ssn AS u FROM customers) SELECT upper(u) FROM x",
    "WITH x(u) AS (SELECT ssn FROM customers) SELECT id FROM contacts, x ORDER BY x.u",
    "SELECT upper(q.s) FROM (SELECT ssn AS s FROM customers) q",
    "SELECT q FROM (SELECT id, ssn AS s FROM customers) q",
    "SELECT ssn AS x FROM customers ORDER BY x",
    "SELECT id, ssn FROM customers ORDER BY 2",
    "SELECT id, ssn FROM customers ORDER BY id, ((2))",
    "SELECT id, ssn FROM customers GROUP BY id, (2)",
    "SELECT DISTINCT ON ((2)) id, ssn FROM customers",
    "SELECT id, ssn FROM customers GROUP BY 1, 2",
    "SELECT id FROM v_ssn",
    "SELECT whole FROM v_rows",
    "SELECT q AS x, q.r FROM (SELECT * FROM customers, contacts c) AS q(r)",
    "SELECT most_common_vals FROM pg_stats",
    "PREPARE p AS SELECT upper(ssn) FROM customers",
    "DECLARE c CURSOR FOR SELECT upper(ssn) FROM customers",
    "EXPLAIN SELECT upper(ssn) FROM customers",
    "SELECT CASE WHEN ssn = '1' THEN 1 END FROM customers",
    "SELECT COALESCE(ssn, '') FROM customers",
    "SELECT id FROM customers WHERE (id, ssn) = (1, 'x')",
    "SELECT id FROM customers WHERE ssn IS NULL",
    "SELECT id FROM customers WHERE ssn BETWEEN 'a' AND 'b'",
    "SELECT substring(ssn FROM 1 FOR 2) FROM customers",
    "SELECT extract(year FROM ssn::date) FROM customers WHERE false",
    "SELECT ssn[1] FROM (SELECT string_to_array(ssn, ',') AS ssn FROM customers) q",
    "SELECT ssn COLLATE \"C\" FROM customers",
    "SELECT ssn::varchar FROM customers",
    "SELECT lag(ssn) OVER () FROM customers",
    "SELECT id FROM customers LIMIT (SELECT length(max(ssn)) FROM customers)",
    "SELECT ROW(ssn) FROM customers",
    "SELECT ARRAY[ssn] FROM customers",
    "VALUES ((SELECT ssn FROM customers LIMIT 1))",
    "SELECT 1 FROM customers GROUP BY ROLLUP (ssn)",
    "SELECT 1 FROM customers GROUP BY GROUPING SETS ((ssn), ())",
    "SELECT 1 FROM customers GROUP BY CUBE (id, ssn)",
    "SELECT grouping(city) FROM customers GROUP BY city, ssn",
    "SELECT xmlelement(name x, ssn) FROM customers",
    "SELECT xmlforest(ssn) FROM customers",
    "SELECT json_build_object('a', ssn) FROM customers",
    "SELECT ssn IS DISTINCT FROM 'x' FROM customers",
    "SELECT ssn ~ 'x' FROM customers",
    "SELECT ssn SIMILAR TO 'x' FROM customers",
    "SELECT 'x' = ANY (ARRAY(SELECT ssn FROM customers))",
    "SELECT 'x' = ANY (SELECT ssn FROM customers)",
    "SELECT 'x' IN (SELECT ssn FROM customers)",
    "SELECT ('x', 1) IN (SELECT ssn, id FROM customers)",
    "SELECT overlay(ssn PLACING 'x' FROM 1) FROM customers",
    "SELECT position('1' IN ssn) FROM customers",
    "SELECT trim(BOTH 'x' FROM ssn) FROM customers",
    "SELECT CASE ssn WHEN 'x' THEN 1 END FROM customers",
    "SELECT (ARRAY[ssn])[1] FROM customers",
    "SELECT concat(VARIADIC ARRAY[ssn]) FROM customers",
    "SELECT make_interval(days => length(ssn)) FROM customers",
    "SELECT mode() WITHIN GROUP (ORDER BY ssn) FROM customers",
    "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY c.ssn) FROM customers c",
    "SELECT first_value(ssn) OVER w FROM customers WINDOW w AS (ORDER BY id)",
    "SELECT sum(id) OVER (PARTITION BY ssn) FROM customers",
    "SELECT sum(id) OVER (w ORDER BY ssn) FROM customers WINDOW w AS (PARTITION BY city)",
    "SELECT * FROM contacts TABLESAMPLE BERNOULLI ((SELECT count(ssn) FROM customers))",
    "SELECT 1 OFFSET (SELECT count(ssn) FROM customers)",
    "SELECT 1 FETCH FIRST (SELECT count(ssn) FROM customers) ROWS ONLY",
    "SELECT * FROM (VALUES ((SELECT max(ssn) FROM customers))) v",
    "SELECT * FROM unnest((SELECT array_agg(ssn) FROM customers)) u",
    "SELECT * FROM ROWS FROM (unnest((SELECT array_agg(ssn) FROM customers))) u",
    "SELECT * FROM customers c, unnest(ARRAY[c.ssn]) u",
    "SELECT * FROM customers c, LATERAL unnest(ARRAY[ssn]) u",
    "SELECT * FROM customers c, LATERAL (VALUES (c.ssn)) v",
    "SELECT * FROM customers c JOIN contacts d ON c.id = d.id AND c.ssn > ''",
    "SELECT j.id FROM (customers a JOIN contacts b USING (id)) AS j WHERE j.ssn > ''",
    "SELECT j FROM (customers a JOIN contacts b USING (id)) AS j",
    "UPDATE customers SET (name) = ROW(ssn)",
    "UPDATE customers SET (name, city) = (SELECT ssn, city FROM customers LIMIT 1)",
    "UPDATE customers c SET name = o.ssn FROM customers o WHERE o.id = c.id",
    "INSERT INTO customers (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = 'x' \
     WHERE customers.ssn > ''",
    "INSERT INTO customers (id) VALUES (1) ON CONFLICT (id) DO UPDATE \
     SET name = (SELECT max(ssn) FROM customers)",
    "INSERT INTO contacts VALUES (1) RETURNING (SELECT max(ssn) FROM customers)",
    "DELETE FROM contacts WHERE false RETURNING (SELECT max(ssn) FROM customers)",
    "MERGE INTO customers c USING contacts s ON c.id = s.id \
     WHEN MATCHED AND c.ssn > '' THEN DO NOTHING",
    "MERGE INTO contacts t USING customers c ON t.id = c.id \
     WHEN NOT MATCHED THEN INSERT VALUES (c.id, c.ssn)",
    "MERGE INTO contacts t USING (SELECT id, ssn AS s FROM customers) c ON t.id = c.id \
     WHEN MATCHED THEN UPDATE SET email = c.s",
    "WITH RECURSIVE t AS (SELECT id, ssn FROM customers UNION ALL SELECT id, ssn FROM t WHERE false) \
     SELECT id FROM t",
    "WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT ssn FROM customers) \
     SELECT upper(ssn) FROM a",
    "WITH x AS MATERIALIZED (SELECT ssn s FROM customers) SELECT count(*) FROM x GROUP BY s",
    "WITH x AS (DELETE FROM customers WHERE false RETURNING ssn) SELECT max(ssn) FROM x",
    "WITH x AS (DELETE FROM customers WHERE false RETURNING *) INSERT INTO contacts SELECT id, ssn FROM x",
    "SELECT (SELECT x FROM (SELECT c.ssn AS x) q) FROM customers c",
    "SELECT count(*) FROM customers WHERE ssn IN ('a', 'b')",
    "SELECT NULLIF(ssn, '') FROM customers",
    "SELECT GREATEST(ssn, 'a') FROM customers",
    "SELECT NOT (ssn > '') FROM customers",
    "SELECT id FROM customers ORDER BY (ssn)",
    "SELECT id FROM customers ORDER BY ssn USING <",
    "SELECT id FROM customers ORDER BY lower(ssn) NULLS FIRST",
    "SELECT ssn FROM customers ORDER BY ssn",
    "SELECT ssn FROM customers ORDER BY 1",
    "SELECT * FROM customers ORDER BY 5",
    "SELECT ssn, count(*) FROM customers GROUP BY ssn",
    "SELECT ssn FROM customers INTERSECT SELECT 'x'",
    "SELECT q.* FROM (SELECT ssn AS a, id FROM customers) q(b, c) WHERE b > ''",
    "SELECT customers.* IS NULL FROM customers",
    "CREATE TEMP TABLE x AS TABLE customers",
    "COPY (TABLE customers) TO STDOUT",
    "SELECT 1 FROM (SELECT 1 AS c) a, customers c JOIN orders ON c IS NOT NULL",
    "SELECT ssn COLLATE pg_catalog.default FROM customers",
    "SELECT ssn COLLATE pg_catalog.\"default\" FROM customers",
    "SELECT ssn OPERATOR(pg_catalog.||) '' FROM customers",
    "SELECT OPERATOR(pg_catalog.+) c.balance, ssn || 'x' FROM customers c",
    "SELECT concat(VARIADIC ARRAY[ssn]) FROM customers",
    "SELECT id FROM customers WHERE ssn BETWEEN SYMMETRIC 'a' AND 'b' FOR KEY SHARE",
    "SELECT count(*) FROM customers GROUP BY DISTINCT ssn",
    "SELECT sum(1) OVER (ORDER BY ssn ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES) FROM customers",
    "SELECT ssn[1] FROM (SELECT string_to_array(ssn, '') AS ssn FROM customers) c",
    "SELECT id AS ssn, ssn AS id FROM customers ORDER BY id",
    "SELECT (c.tags)[1], c.ssn || '' FROM customers c",
    "SELECT id FROM customers c WHERE c IS NOT NULL",
    "SELECT id FROM customers c WHERE c = (SELECT d FROM customers d WHERE id = 1)",
    "SELECT hashtext(c::text) FROM customers c",
    "SELECT * FROM json_to_record((SELECT to_json(c) FROM customers c LIMIT 1)) AS x(ssn text)",
    "SELECT (json_populate_record(c, '{}')).ssn FROM customers c",
    "SELECT * FROM json_populate_recordset((SELECT c FROM customers c LIMIT 1), '[{}]')",
    "SELECT c.customers FROM (SELECT customers FROM customers) c",
    "SELECT (x.c).ssn FROM (SELECT c FROM customers c) x(c)",
    "SELECT \"SSN\" || '' FROM (SELECT ssn AS \"SSN\" FROM customers) q",
];

#[test]
fn a_denied_column_is_not_used_anywhere() {
    let judge = deny(&["customers.ssn"]);
    judge.refuses(USES);
    judge.refuses(&[
        "SELECT ssn FROM customers",
        "SELECT \"ssn\" FROM public.customers",
        "SELECT c.ssn FROM customers c",
        "SELECT public.customers.ssn FROM customers",
        "SELECT * FROM customers",
        "SELECT c.* FROM customers c",
        "SELECT * FROM orders o JOIN customers c ON c.id = o.customer_id",
        "SELECT x5 FROM customers AS x(x1, x2, x3, x4, x5, x6, x7)",
        "SELECT q.ssn FROM (SELECT ssn FROM customers) q",
        "UPDATE customers SET name = 'x' RETURNING *",
        "UPDATE customers SET name = 'x' RETURNING ssn",
        "DELETE FROM customers WHERE false RETURNING customers.*",
        "INSERT INTO customers (id) VALUES (77) RETURNING ssn",
        "SELECT * FROM ONLY customers",
        "DECLARE c CURSOR FOR SELECT ssn FROM customers",
        "TABLE customers",
    ]);
}

#[test]
fn the_other_columns_are_free() {
    const FREE: &[&str] = &[
        "SELECT id, name FROM customers ORDER BY name",
        "SELECT count(*) FROM customers",
        "SELECT c.id, o.* FROM customers c JOIN orders o ON o.customer_id = c.id",
        "SELECT id FROM customers WHERE city = 'Oslo' GROUP BY id",
        "SELECT * FROM contacts",
        "SELECT id FROM contacts WHERE EXISTS (SELECT * FROM customers WHERE id = contacts.id)",
        "SELECT id FROM orders WHERE customer_id IN (SELECT id FROM customers)",
        "WITH x AS (SELECT id, city FROM customers) SELECT upper(city) FROM x",
        "WITH customers AS (SELECT id, name FROM customers) SELECT * FROM customers",
        "SELECT x1, x2 FROM customers AS x(x1, x2)",
        "UPDATE customers SET ssn = 'new' WHERE id = 1",
        "UPDATE customers SET name = 'x' WHERE id = 1 RETURNING id, name",
        "INSERT INTO customers (id, ssn) VALUES (99, 'new')",
        "INSERT INTO customers (id, ssn) VALUES (1, 'n') ON CONFLICT (id) DO UPDATE \
         SET ssn = excluded.ssn",
        "COPY customers(id, name) TO STDOUT",
        "SELECT * FROM v_names",
        "SELECT ctid, tableoid, id FROM customers LIMIT 1",
        "SELECT c.ctid FROM customers c",
        "CREATE TEMP TABLE x AS SELECT id, name FROM customers",
        "SELECT name AS n FROM customers GROUP BY n ORDER BY 1",
        "SELECT max(balance) FROM customers",
        "SELECT id, 'x' AS ssn FROM customers ORDER BY ssn",
        "SELECT c.tags[1], public.customers.id FROM customers c, public.customers",
        "SELECT id FROM customers FOR NO KEY UPDATE",
        "SELECT id FROM customers WHERE id BETWEEN SYMMETRIC 3 AND 1 FOR KEY SHARE",
        "SELECT concat_ws(',', VARIADIC tags), city FROM customers",
        "SELECT city FROM customers GROUP BY DISTINCT city",
        "SELECT id FROM customers WHERE name OPERATOR(pg_catalog.~) '^C' COLLATE pg_catalog.default \
         AND id OPERATOR(pg_catalog.=) ANY (ARRAY[1, 2])",
        "SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES), \
         sum(id) OVER (ORDER BY id ROWS 1 PRECEDING EXCLUDE NO OTHERS) FROM customers",
        "INSERT INTO customers (id, name) OVERRIDING SYSTEM VALUE VALUES (98, 'x')",
        "TABLE contacts",
        "SELECT now()",
    ];
    deny(&["customers.ssn"]).passes(FREE);
    mask(&["customers.ssn"]).passes(FREE);
}

#[test]
fn a_masked_column_is_delivered_by_itself_and_used_nowhere() {
    let judge = mask(&["customers.ssn"]);
    judge.refuses(USES);
    for delivered in [
        "SELECT * FROM customers",
        "SELECT ssn FROM customers",
        "SELECT (c.ssn), c.id AS x FROM customers c WHERE id = 1 ORDER BY id",
        "SELECT * FROM (SELECT id, ssn FROM customers) q WHERE id > 0",
        "WITH x AS (SELECT * FROM customers) SELECT ssn, name FROM x ORDER BY name",
        "SELECT q.* FROM (SELECT * FROM customers ORDER BY name LIMIT 3) q",
        "DECLARE c CURSOR FOR SELECT * FROM customers",
        "UPDATE customers SET name = 'x' RETURNING *",
        "TABLE customers",
        "SELECT q FROM (SELECT id AS q, ssn FROM customers) q",
        "SELECT c.*, o.amount FROM customers c JOIN orders o ON o.customer_id = c.id",
    ] {
        assert_eq!(judge.refusal(delivered), None, "{delivered}");
    }
}

#[test]
fn columns_are_inherited_generated_and_shown_by_views() {
    deny(&["parent.secret"]).refuses(&["SELECT secret FROM child", "SELECT * FROM child"]);
    deny(&["child.secret"]).refuses(&["SELECT secret FROM parent"]);
    deny(&["people.born"]).refuses(&["SELECT shadow FROM people", "SELECT * FROM people"]);
    deny(&["people.born"]).passes(&["SELECT id FROM people"]);
    deny(&["customers.email"]).refuses(&["SELECT id FROM v_email"]);
    deny(&["v_email.email"]).refuses(&["SELECT email FROM v_email", "SELECT * FROM v_email"]);
    deny(&["\"Odd Schema\".*.\"The Key\""]).refuses(&[
        "SELECT \"The Key\" FROM \"Odd Schema\".\"Secret Table\"",
        "SELECT * FROM \"Odd Schema\".\"Secret Table\"",
    ]);
    deny(&["*.ssn"]).refuses(&["SELECT ssn FROM customers"]);
    deny(&["pg_authid.rolpassword"]).refuses(&["SELECT passwd FROM pg_shadow"]);
}

#[test]
fn a_name_of_several_tables_has_the_columns_of_all_of_them() {
    let judge = deny(&["hr.orders.wage"]);
    judge.passes(&[
        "SELECT id FROM orders",
        "PREPARE p AS SELECT o.status, count(*) FROM orders o WHERE o.id > 3 GROUP BY o.status",
        "SELECT c.name FROM customers c JOIN orders ON orders.customer_id = c.id",
        "UPDATE orders SET note = status WHERE id = 1 RETURNING id",
        "INSERT INTO orders (id, customer_id) VALUES (99, 1) RETURNING id",
        "DELETE FROM orders WHERE id = 1",
        "SELECT * FROM public.orders",
    ]);
    let refusal = |text: &str| judge.refusal(text).map(|refusal| refusal.depends_on_path);
    for text in [
        "SELECT wage FROM orders",
        "SELECT o.wage FROM orders o",
        "SELECT * FROM orders",
        "SELECT orders FROM orders",
        "SELECT o.x::text FROM (SELECT wage AS x FROM orders) o",
        "UPDATE orders SET id = 1 RETURNING wage",
        "SELECT b FROM orders AS o(a, b)",
        "INSERT INTO contacts (email) SELECT wage FROM orders",
    ] {
        assert_eq!(refusal(text), Some(true), "{text}");
    }
    assert_eq!(refusal("SELECT wage FROM hr.orders"), Some(false));
    assert_eq!(
        mask(&["hr.orders.wage"]).refusal("SELECT * FROM orders"),
        None
    );
}

#[test]
fn a_refused_star_tells_what_can_be_selected() {
    let refusal = deny(&["customers.ssn"]).refusal("SELECT * FROM customers");
    let hint = refusal.and_then(|refusal| refusal.hint).unwrap_or_default();
    assert!(
        hint.ends_with("These can be selected: id, tenant, name, email, city, balance, tags."),
        "{hint}"
    );
}
