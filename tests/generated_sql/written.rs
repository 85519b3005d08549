//! What is accepted, one line before and one line after.

use crate::shop::refused;
use crate::shop::written;

#[test]
fn queries_are_written_anew_with_relations_qualified() {
    for (before, after) in [
        ("select 1", "SELECT 1"),
        ("SELECT * FROM orders;", "SELECT * FROM public.orders"),
        (
            "SELECT ID, Total FROM Orders",
            "SELECT id, total FROM public.orders",
        ),
        (
            "SELECT o.id FROM orders o",
            "SELECT o.id FROM public.orders AS o",
        ),
        (
            "SELECT orders.id FROM public.orders",
            "SELECT orders.id FROM public.orders",
        ),
        (
            "SELECT public.orders.id FROM orders",
            "SELECT public.orders.id FROM public.orders",
        ),
        ("SELECT name FROM leads", "SELECT name FROM sales.leads"),
        (
            "SELECT \"Deal Size\" FROM \"Big Deals\"",
            "SELECT \"Deal Size\" FROM sales.\"Big Deals\"",
        ),
        (
            "SELECT \"order\" FROM orders",
            "SELECT \"order\" FROM public.orders",
        ),
        (
            "SELECT \"a\"\" ; delete\" FROM \"x; drop table audit; --\"",
            "SELECT \"a\"\" ; delete\" FROM public.\"x; drop table audit; --\"",
        ),
        (
            "SELECT c.name, count(*) AS n FROM customers c JOIN orders o ON o.customer_id = c.id \
             WHERE o.total > 10 GROUP BY c.name HAVING count(*) > 1 ORDER BY n DESC NULLS LAST LIMIT 5",
            "SELECT c.name, count(*) AS n FROM public.customers AS c \
             JOIN public.orders AS o ON o.customer_id = c.id \
             WHERE o.total > 10 GROUP BY c.name HAVING count(*) > 1 ORDER BY n DESC NULLS LAST LIMIT 5",
        ),
        (
            "WITH t(a) AS (SELECT id FROM orders) SELECT a FROM t ORDER BY 1 OFFSET 2",
            "WITH t(a) AS (SELECT id FROM public.orders) SELECT a FROM t ORDER BY 1 OFFSET 2",
        ),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i FROM n",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i FROM n",
        ),
        (
            "SELECT id FROM orders UNION ALL (SELECT id FROM customers) ORDER BY id",
            "SELECT id FROM public.orders UNION ALL (SELECT id FROM public.customers) ORDER BY id",
        ),
        ("VALUES (1, 'a'), (2, 'b')", "VALUES (1, 'a'), (2, 'b')"),
        (
            "SELECT s.n FROM (SELECT count(*) AS n FROM orders) s",
            "SELECT s.n FROM (SELECT count(*) AS n FROM public.orders) AS s",
        ),
        (
            "SELECT s.count, s.total FROM (SELECT count(*), total FROM orders GROUP BY total) s",
            "SELECT s.count, s.total FROM (SELECT count(*), total FROM public.orders GROUP BY total) AS s",
        ),
        (
            "SELECT c.id, l.id FROM customers c, LATERAL (SELECT id FROM orders WHERE customer_id = c.id) l",
            "SELECT c.id, l.id FROM public.customers AS c, \
             LATERAL (SELECT id FROM public.orders WHERE customer_id = c.id) AS l",
        ),
        (
            "SELECT id FROM customers LEFT JOIN leads USING (id, name)",
            "SELECT id FROM public.customers LEFT JOIN sales.leads USING (id, name)",
        ),
        (
            "SELECT d::date FROM generate_series(date '2026-01-01', '2026-02-01', interval '1 day') d",
            "SELECT d::date FROM generate_series(DATE '2026-01-01', '2026-02-01', INTERVAL '1 day') AS d",
        ),
        (
            "SELECT e.value ->> 'a' FROM orders, jsonb_array_elements(data) e",
            "SELECT e.value ->> 'a' FROM public.orders, jsonb_array_elements(data) AS e",
        ),
        (
            "SELECT t FROM orders, unnest(tags) AS t",
            "SELECT t FROM public.orders, unnest(tags) AS t",
        ),
    ] {
        assert_eq!(written(before), after);
        assert_eq!(written(after), after, "written twice");
    }
}

/// As an item of a SELECT over `orders`.
fn assert_written(before: &str, after: &str) {
    let anew = written(&format!("SELECT {before} FROM orders"));
    assert_eq!(anew, format!("SELECT {after} FROM public.orders"));
}

#[test]
fn expressions_are_written_as_they_were_meant() {
    for (before, after) in [
        ("1+2*3 - -4", "1 + 2 * 3 - -4"),
        ("- (-id)", "- (- id)"),
        ("'it''s'", "'it''s'"),
        (r"'a\b'", r"E'a\\b'"),
        (r"E'a\'b\\'", r"E'a''b\\'"),
        ("$$it's$$", "'it''s'"),
        ("total::numeric(10,2)", "total::numeric(10, 2)"),
        ("CAST(id AS varchar(20))", "CAST(id AS varchar(20))"),
        (
            "status = 'open'::order_status",
            "status = 'open'::public.order_status",
        ),
        (
            "extract(YEAR from created_at)",
            "EXTRACT(YEAR FROM created_at)",
        ),
        (
            "date_trunc('month', created_at) AT TIME ZONE 'UTC'",
            "date_trunc('month', created_at) AT TIME ZONE 'UTC'",
        ),
        (
            "created_at >= current_date - interval '7' day",
            "created_at >= CURRENT_DATE - INTERVAL '7' DAY",
        ),
        (
            "id IN (1,2) AND id NOT IN (SELECT id FROM customers)",
            "id IN (1, 2) AND id NOT IN (SELECT id FROM public.customers)",
        ),
        (
            "EXISTS (SELECT 1 FROM customers c WHERE c.id = orders.id)",
            "EXISTS (SELECT 1 FROM public.customers AS c WHERE c.id = orders.id)",
        ),
        (
            "id BETWEEN 1 AND 2 OR NOT id = 3",
            "id BETWEEN 1 AND 2 OR NOT id = 3",
        ),
        (
            "data->>'a' ILIKE 'x%' ESCAPE '!'",
            "data ->> 'a' ILIKE 'x%' ESCAPE '!'",
        ),
        ("data #>> '{a,b}' ~* '^x'", "data #>> '{a,b}' ~* '^x'"),
        (
            "'x' = ANY(tags) AND tags[1] <> ALL (ARRAY['a','b'])",
            "'x' = ANY (tags) AND tags[1] <> ALL (ARRAY['a', 'b'])",
        ),
        ("orders.tags[1:2]", "orders.tags[1 : 2]"),
        ("ARRAY[[1,2],[3,4]]", "ARRAY[[1, 2], [3, 4]]"),
        (
            "ARRAY(SELECT id FROM customers)",
            "ARRAY(SELECT id FROM public.customers)",
        ),
        (
            "CASE WHEN id=1 THEN 'a' ELSE NULL END",
            "CASE WHEN id = 1 THEN 'a' ELSE NULL END",
        ),
        (
            "CASE status WHEN 'open' THEN true END",
            "CASE status WHEN 'open' THEN TRUE END",
        ),
    ] {
        assert_written(before, after);
    }
}

#[test]
fn calls_are_written_as_they_were_meant() {
    for (before, after) in [
        (
            "count(DISTINCT id) FILTER (WHERE total > 0)",
            "count(DISTINCT id) FILTER (WHERE total > 0)",
        ),
        (
            "percentile_cont(0.5) WITHIN GROUP (ORDER BY total)",
            "percentile_cont(0.5) WITHIN GROUP (ORDER BY total)",
        ),
        (
            "string_agg(tags[1], ', ' ORDER BY id DESC)",
            "string_agg(tags[1], ', ' ORDER BY id DESC)",
        ),
        (
            "sum(total) OVER (PARTITION BY customer_id ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)",
            "sum(total) OVER (PARTITION BY customer_id ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)",
        ),
        (
            "coalesce(nullif(total, 0), 1)",
            "coalesce(nullif(total, 0), 1)",
        ),
        (
            "substring(tags[1] from 1 for 2)",
            "substring(tags[1] FROM 1 FOR 2)",
        ),
        ("substr(tags[1], 1, 2)", "substr(tags[1], 1, 2)"),
        ("trim(both 'x' from tags[1])", "trim(BOTH 'x' FROM tags[1])"),
        ("position('a' in tags[1])", "position('a' IN tags[1])"),
        ("lpad(id::text, 5, '0')", "lpad(id::text, 5, '0')"),
        ("(id, total) = (1, 2)", "(id, total) = (1, 2)"),
        (
            "(created_at, created_at) OVERLAPS (now(), now())",
            "(created_at, created_at) OVERLAPS (now(), now())",
        ),
        (
            "id = $1 AND total IS NOT DISTINCT FROM $2",
            "id = $1 AND total IS NOT DISTINCT FROM $2",
        ),
        ("pg_catalog.lower('A')", "lower('A')"),
        ("place", "place"),
        ("place IS NOT NULL", "place IS NOT NULL"),
    ] {
        assert_written(before, after);
    }
    // A whole row holds a column that may only be shown.
    assert_eq!(refused("SELECT lower(orders) FROM orders").rule, "type");
}

#[test]
fn grouping_distinct_windows_and_fetch_are_kept() {
    for query in [
        "SELECT DISTINCT ON (customer_id) id FROM public.orders ORDER BY customer_id, id",
        "SELECT count(*) FROM public.orders GROUP BY ROLLUP (customer_id, (id, total))",
        "SELECT count(*) FROM public.orders GROUP BY GROUPING SETS ((customer_id), ())",
        "SELECT count(*) FROM public.orders GROUP BY CUBE (customer_id, id)",
        "SELECT rank() OVER w FROM public.orders WINDOW w AS (ORDER BY total)",
        "SELECT id FROM public.orders ORDER BY id FETCH FIRST 3 ROWS WITH TIES",
        "SELECT extract AS \"select\" FROM (SELECT EXTRACT(YEAR FROM created_at) FROM public.orders) AS s",
        "SELECT date_trunc('day', created_at) AS day, sum(total) FROM public.orders GROUP BY day",
        "SELECT a.id FROM (public.orders AS a JOIN public.customers AS b ON a.id = b.id)",
        "SELECT j.name FROM (public.orders AS a JOIN public.customers AS b ON a.id = b.id) AS j",
        "SELECT n, i FROM unnest(ARRAY['a', 'b']) WITH ORDINALITY AS u(n, i)",
        "WITH a AS MATERIALIZED (SELECT 1 AS x), b AS (SELECT x FROM a) SELECT x FROM b",
    ] {
        assert_eq!(written(query).replace("\"extract\"", "extract"), query);
    }
}
