//! `deny_tables` and `allow_tables`.

use crate::subject::Judge;
use crate::subject::deny_tables;
use crate::subject::named;
use crate::subject::names;

#[test]
fn a_denied_table_is_not_reached_by_any_spelling() {
    deny_tables(&["secrets"]).refuses(&[
        "SELECT * FROM secrets",
        "SELECT token FROM Secrets",
        "SELECT token FROM \"secrets\"",
        "SELECT token FROM public.secrets",
        "SELECT token FROM \"public\".\"secrets\"",
        "SELECT token FROM /* x */ secrets -- y",
        "SELECT token FROM U&\"s\\0065crets\"",
        "SELECT token FROM ONLY secrets",
        "SELECT token FROM ONLY (secrets)",
        "SELECT token FROM secrets *",
        "TABLE secrets",
        "TABLE ONLY secrets",
        "SELECT secrets.* FROM secrets",
        "SELECT 1 FROM contacts, secrets",
        "SELECT 1 FROM contacts CROSS JOIN secrets",
        "SELECT 1 FROM contacts LEFT JOIN secrets USING (id)",
        "SELECT (SELECT token FROM secrets)",
        "SELECT 1 WHERE EXISTS (SELECT FROM secrets)",
        "SELECT 1 ORDER BY (SELECT token FROM secrets)",
        "SELECT count(*) FILTER (WHERE (SELECT true FROM secrets)) FROM contacts",
        "SELECT * FROM (SELECT * FROM secrets) AS contacts",
        "SELECT * FROM contacts c, LATERAL (SELECT token FROM secrets WHERE id = c.id) x",
        "WITH x AS (SELECT * FROM secrets) SELECT * FROM x",
        "WITH x AS (SELECT * FROM secrets), secrets AS (SELECT 1) SELECT * FROM x",
        "WITH RECURSIVE x AS (SELECT token FROM secrets UNION ALL SELECT token FROM x WHERE false) \
         SELECT * FROM x",
        "SELECT id FROM contacts UNION ALL SELECT id FROM secrets",
        "VALUES ((SELECT token FROM secrets))",
        "SELECT * FROM secrets TABLESAMPLE SYSTEM (100)",
        "SELECT 1 FROM contacts WHERE (id, email) IN (SELECT * FROM secrets)",
        "EXPLAIN SELECT * FROM secrets",
        "EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM secrets",
        "PREPARE p AS SELECT * FROM secrets",
        "DECLARE c CURSOR FOR SELECT * FROM secrets",
        "COPY secrets TO STDOUT",
        "COPY secrets(token) TO STDOUT",
        "COPY public.secrets TO STDOUT",
        "COPY (SELECT * FROM secrets) TO STDOUT",
        "COPY (DELETE FROM secrets RETURNING *) TO STDOUT",
        "CREATE TABLE x AS SELECT * FROM secrets",
        "CREATE TABLE x AS TABLE secrets",
        "CREATE TEMP TABLE x AS SELECT * FROM secrets WITH NO DATA",
        "CREATE TABLE x (LIKE secrets)",
        "CREATE TABLE x () INHERITS (secrets)",
        "CREATE VIEW x AS SELECT * FROM secrets",
        "CREATE MATERIALIZED VIEW x AS SELECT * FROM secrets",
        "SELECT * INTO x FROM secrets",
        "INSERT INTO secrets VALUES (2, 'x')",
        "INSERT INTO contacts SELECT id, token FROM secrets",
        "INSERT INTO contacts VALUES (1, (SELECT token FROM secrets)) RETURNING email",
        "UPDATE secrets SET token = 'x'",
        "UPDATE ONLY secrets SET token = 'x'",
        "UPDATE contacts SET email = token FROM secrets",
        "DELETE FROM secrets",
        "DELETE FROM ONLY secrets",
        "DELETE FROM contacts USING secrets",
        "MERGE INTO contacts c USING secrets s ON c.id = s.id \
         WHEN MATCHED THEN UPDATE SET email = token",
        "WITH x AS (DELETE FROM secrets RETURNING *) SELECT * FROM x",
        "LOCK TABLE secrets",
        "TRUNCATE secrets",
        "ALTER TABLE secrets RENAME TO harmless",
        "DROP TABLE secrets CASCADE",
        "COMMENT ON TABLE secrets IS 'x'",
        "GRANT SELECT ON secrets TO public",
        "CREATE INDEX ON secrets (token)",
        "SELECT token FROM public.secrets AS s(a, token)",
    ]);
}

#[test]
fn what_reaches_a_denied_table_is_denied_too() {
    let judge = deny_tables(&["secrets"]);
    judge.refuses(&[
        "SELECT * FROM v_secrets",
        "SELECT t FROM v_far",
        "SELECT * FROM m_secrets",
        "SELECT * FROM reporting.tokens",
        "UPDATE logged SET id = 1",
        "SELECT * FROM v_calls",
        "SELECT leak()",
        "SELECT * FROM leak()",
        "SELECT lies(1)",
        "SELECT calls_leak()",
        "SELECT calls_calls()",
        "SELECT dynamic('SELECT 1')",
        "SELECT by_default()",
        "SELECT standard()",
        "SELECT by_operator()",
        "SELECT o.of_row FROM orders o",
        "SELECT of_row(o) FROM orders o",
        "SELECT (o).of_row FROM orders o",
        "SELECT hr.lower_it(1)",
        "SELECT 1 <+> 2",
        "SELECT 1 OPERATOR(public.<+>) 2",
        "SELECT gather(id) FROM orders",
        "SELECT gather(id) OVER () FROM orders",
        "SELECT p::text FROM pairs",
        "SELECT CAST(p AS text) FROM pairs",
        "SELECT (ROW(1, 2)::pair)::text",
        "SELECT * FROM ROWS FROM (leak(), lies(1)) AS t(a, b)",
        "SELECT most_common_vals FROM pg_stats WHERE tablename = 'x'",
        "SELECT * FROM pg_catalog.pg_statistic",
        "SELECT query_to_xml('SELECT 1', false, false, '')",
        "SELECT table_to_xml('secrets', false, false, '')",
        "SELECT ts_stat('SELECT ''x''::tsvector')",
        "SELECT pg_read_file('PG_VERSION')",
        "DO 'BEGIN END'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ]);
    deny_tables(&["events_2024"]).refuses(&["SELECT * FROM events", "SELECT * FROM events_2024"]);
    deny_tables(&["events_2024"]).passes(&["SELECT * FROM events_2025"]);
    deny_tables(&["events"]).refuses(&["SELECT * FROM events_2025", "TABLE events_2024"]);
    deny_tables(&["parent"]).refuses(&["SELECT * FROM child", "SELECT * FROM ONLY child"]);
    deny_tables(&["child"]).refuses(&["SELECT * FROM parent"]);
    deny_tables(&["pg_authid"]).refuses(&[
        "SELECT rolpassword FROM pg_authid",
        "SELECT passwd FROM pg_shadow",
        "SELECT passwd FROM pg_catalog.pg_shadow",
    ]);
    deny_tables(&["hr.*"]).refuses(&[
        "SELECT * FROM hr.salaries",
        "ALTER SCHEMA hr RENAME TO harmless",
    ]);
}

#[test]
fn everything_else_passes() {
    deny_tables(&["secrets"]).passes(&[
        "SELECT 1",
        "SELECT * FROM orders",
        "SELECT count(*), status FROM orders GROUP BY status ORDER BY 1",
        "SELECT c.name, sum(o.amount) FROM customers c JOIN orders o ON o.customer_id = c.id \
         GROUP BY c.name HAVING sum(o.amount) > 3",
        "SELECT secrets FROM contacts",
        "SELECT c.secrets FROM contacts AS c WHERE c.secrets <> '' ORDER BY secrets",
        "SELECT id AS secrets FROM contacts",
        "SELECT count(secrets) FROM contacts GROUP BY contacts.secrets",
        "WITH secrets AS (SELECT 1 AS n) SELECT n FROM secrets",
        "WITH secrets(n) AS (SELECT 1) SELECT s.n FROM secrets s",
        "SELECT 'secrets'",
        "SELECT to_regclass('secrets')",
        "INSERT INTO contacts (id, secrets) VALUES (2, 'x')",
        "UPDATE contacts SET secrets = 'y' WHERE secrets = 'x'",
        "DELETE FROM contacts WHERE secrets IS NULL",
        "SET search_path TO public",
        "SHOW search_path",
        "CREATE TEMP TABLE t AS SELECT * FROM orders",
        "SELECT calm(1), tidy('X'), (1).calm",
        "SELECT checked 'x', 'x'::checked",
        "CALL proceed()",
        "SELECT lower(name), md5(name), now(), CAST(id AS text) FROM v_names",
        "SELECT * FROM information_schema.tables LIMIT 1",
        "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LIMIT 1",
        "EXPLAIN SELECT * FROM orders",
        "COPY orders TO STDOUT",
        "COPY (SELECT id FROM orders) TO STDOUT",
        "SELECT * FROM events_2025",
        "VALUES (1), (2)",
        "SELECT rank() OVER (PARTITION BY status ORDER BY amount) FROM orders",
    ]);
    deny_tables(&["hr.*"]).passes(&[
        "SELECT * FROM public.orders",
        "SELECT * FROM contacts",
        "SELECT count(*) FROM secrets s WHERE false",
    ]);
}

#[test]
fn a_shadowed_name_must_be_qualified_where_one_of_its_tables_is_denied() {
    deny_tables(&["hr.orders"]).refuses(&["SELECT wage FROM hr.orders", "SELECT * FROM orders"]);
}

#[test]
fn only_listed_tables_are_allowed_and_a_view_named_in_full_is_vouched_for() {
    let mut policy = named();
    policy.tables.allow = Some(names(&["public.orders", "contacts", "reporting.tokens"]));
    let judge = Judge::new(policy);
    judge.passes(&[
        "SELECT * FROM public.orders",
        "SELECT * FROM contacts",
        "SELECT * FROM reporting.tokens",
        "SELECT 1",
        "WITH x AS (SELECT * FROM contacts) SELECT * FROM x",
        "SELECT * FROM generate_series(1, 3) AS g",
        "INSERT INTO contacts VALUES (1)",
        "UPDATE contacts SET id = 2 WHERE id = 1",
        "DELETE FROM contacts c USING public.orders o WHERE o.id = c.id",
        "SET statement_timeout = 0",
        "COPY contacts (id) TO STDOUT",
        "SELECT * FROM unnest(ARRAY[1, 2]) AS u",
        "BEGIN",
        "EXPLAIN SELECT * FROM contacts",
        "TABLE contacts",
        "LOCK TABLE public.orders, contacts IN ACCESS SHARE MODE",
    ]);
    judge.refuses(&[
        "SELECT * FROM customers",
        "SELECT * FROM v_names",
        "SELECT * FROM pg_class",
        "SELECT * FROM contacts, secrets",
        "SELECT * FROM contacts c, LATERAL (SELECT * FROM customers WHERE id = c.id) x",
        "SELECT (SELECT name FROM customers LIMIT 1)",
        "SELECT * FROM contacts WHERE EXISTS (TABLE customers)",
        "SELECT 1 FROM contacts UNION SELECT id FROM customers",
        "SELECT 1 ORDER BY (SELECT max(id) FROM customers)",
        "SELECT 1 LIMIT (SELECT max(id) FROM customers)",
        "WITH contacts AS (SELECT * FROM customers) SELECT * FROM contacts",
        "WITH x AS (SELECT 1), y AS (SELECT * FROM customers) SELECT * FROM x",
        "WITH RECURSIVE x AS (SELECT id FROM customers UNION SELECT id FROM x) SELECT * FROM x",
        "INSERT INTO contacts SELECT id, name FROM customers",
        "INSERT INTO contacts VALUES ((SELECT max(id) FROM customers))",
        "UPDATE contacts SET email = name FROM customers",
        "UPDATE customers SET name = 'x'",
        "DELETE FROM contacts USING customers",
        "COPY (SELECT * FROM customers) TO STDOUT",
        "PREPARE p AS TABLE customers",
        "CREATE TEMP TABLE x AS SELECT * FROM customers",
        "CREATE TEMP TABLE x AS TABLE customers",
        "SELECT * INTO TEMP x FROM customers",
        "DECLARE c CURSOR FOR SELECT * FROM customers",
        "EXPLAIN SELECT * FROM customers",
        "SELECT pg_relation_size('contacts') FROM ONLY (customers)",
        "SELECT * FROM (contacts CROSS JOIN customers)",
        "SELECT * FROM hr.orders",
        "SELECT \"id\" FROM \"customers\"",
        "LOCK customers",
        "CREATE INDEX ON customers (id)",
        "TRUNCATE contacts",
        "TABLE customers",
        "COPY customers TO STDOUT",
        "DROP TABLE contacts",
        "SELECT * FROM ONLY customers",
    ]);
    let mut policy = named();
    policy.tables.allow = Some(names(&["*", "reporting.tokens"]));
    policy.tables.deny = names(&["secrets"]);
    let judge = Judge::new(policy);
    judge.passes(&[
        "SELECT n FROM reporting.tokens",
        "SELECT * FROM public.orders",
    ]);
    judge.refuses(&["SELECT * FROM v_secrets", "SELECT * FROM secrets"]);
}
