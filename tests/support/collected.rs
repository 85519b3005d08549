//! Statements as people, programs and manuals write them, for what must hold of all: they run
//! alone, leave a session as it was, and bring the same rows in the same order each time, but those
//! that begin with `?`, whose order nobody has asked for.

/// What they speak of. Functions write or do not, behind views, operators and casts too.
pub(crate) const FIXTURE: &str = r#"
    CREATE SCHEMA s; SET search_path TO s;
    CREATE TABLE t (id int PRIMARY KEY, a int, b text);
    CREATE TABLE log (id int);
    CREATE SEQUENCE q;
    CREATE FUNCTION w(int) RETURNS int LANGUAGE sql
        AS 'INSERT INTO s.log VALUES ($1); SELECT $1';
    CREATE FUNCTION many(int) RETURNS SETOF int LANGUAGE plpgsql
        AS 'BEGIN FOR i IN 1..$1 LOOP INSERT INTO s.log VALUES (i); RETURN NEXT i; END LOOP; END';
    CREATE FUNCTION quiet(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 + 1';
    CREATE VIEW v AS SELECT id, w(id) AS x FROM t;
    CREATE OPERATOR @@@ (FUNCTION = w, RIGHTARG = int);
    CREATE TYPE c AS (x int);
    CREATE FUNCTION to_c(int) RETURNS c LANGUAGE sql
        AS 'INSERT INTO s.log VALUES ($1); SELECT ROW($1)::s.c';
    CREATE CAST (int AS c) WITH FUNCTION to_c(int);
    CREATE TABLE "Odd ""T" ("Limit" int, "x;y" text, "offset" int);
    CREATE TABLE heir (extra int) INHERITS (t);
    CREATE TABLE parts (k int, d text) PARTITION BY LIST (k);
    CREATE TABLE part1 PARTITION OF parts FOR VALUES IN (1, 2);
    CREATE TABLE part2 PARTITION OF parts DEFAULT;
    CREATE TABLE doc (id int, j jsonb, l text[]);
    CREATE TABLE seen (id int);
    CREATE FUNCTION sees() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN INSERT INTO s.seen VALUES (NEW.id); RETURN NEW; END';
    CREATE TABLE watched (id int, n int DEFAULT nextval('s.q'));
    CREATE TRIGGER sees BEFORE INSERT OR UPDATE ON watched FOR EACH ROW EXECUTE FUNCTION sees();
    CREATE FUNCTION pairs(int, OUT x int, OUT y text) RETURNS SETOF record STABLE LANGUAGE sql
        AS 'SELECT i, ''y'' || i FROM generate_series(1, $1) i';
    CREATE PROCEDURE writes(int) LANGUAGE sql AS 'INSERT INTO s.log VALUES ($1)';
    CREATE FUNCTION opens() RETURNS refcursor LANGUAGE plpgsql
        AS 'DECLARE r refcursor := ''opened'';
            BEGIN OPEN r FOR SELECT id FROM s.t ORDER BY id; RETURN r; END'"#;

/// Makes it what it was in the beginning.
pub(crate) const RESTORE: &str = r#"
    SET client_min_messages TO error; SET search_path TO s;
    DO $$ DECLARE kind text; BEGIN
        FOR kind IN SELECT CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
            ELSE 'TABLE' END FROM pg_class WHERE oid = to_regclass('s.made')
        LOOP EXECUTE 'DROP ' || kind || ' s.made'; END LOOP; END $$;
    TRUNCATE t, log, "Odd ""T", parts, doc, seen, watched; ALTER SEQUENCE q RESTART;
    INSERT INTO t SELECT i, i % 7, 'x' || i % 5 FROM generate_series(1, 40) i;
    INSERT INTO "Odd ""T" SELECT i, 'it''s ' || i, -i FROM generate_series(1, 9) i;
    INSERT INTO heir SELECT i, i, 'h', i FROM generate_series(101, 105) i;
    INSERT INTO parts SELECT i % 4, 'd' || i FROM generate_series(1, 12) i;
    INSERT INTO doc SELECT i, jsonb_build_object('k', i, 'l', jsonb_build_array(i, i + 1)),
        ARRAY['p' || i, 'q'] FROM generate_series(1, 6) i"#;

/// What all of it holds.
pub(crate) const WRITTEN: &str = r#"
    SELECT 'log', id::text, count(*)::int FROM s.log GROUP BY id
    UNION ALL SELECT 't' || b, id::text, a FROM s.t UNION ALL SELECT 'q', last_value::text, 0 FROM s.q
    UNION ALL SELECT 'seen', id::text, count(*) FROM s.seen GROUP BY id
    UNION ALL SELECT 'watched', id::text, n FROM s.watched
    UNION ALL SELECT 'parts', d, k FROM s.parts UNION ALL SELECT 'doc', j::text, id FROM s.doc
    UNION ALL SELECT relname, relkind::text, relnatts FROM pg_class
        WHERE relnamespace = 's'::regnamespace
    ORDER BY 1, 2, 3"#;

/// The statements.
pub(crate) const COLLECTED: &[&str] = &[
    // Plain reads.
    "SELECT * FROM t ORDER BY id",
    "SELECT id, a FROM s.t WHERE a BETWEEN 2 AND 5 ORDER BY a DESC, id",
    "select t.* from t order by t.id desc nulls last",
    "SELECT id AS \"limit\", a AS offset, b \"fetch\" FROM t ORDER BY 1",
    "SELECT id limit_, a AS limit FROM t ORDER BY id",
    "SELECT \"Limit\", \"x;y\", \"offset\" FROM \"Odd \"\"T\" ORDER BY \"Limit\"",
    "SELECT o.\"offset\" FROM \"Odd \"\"T\" AS o ORDER BY o.\"offset\"",
    "SELECT id FROM ONLY t ORDER BY id",
    "SELECT id, extra FROM heir ORDER BY id",
    "SELECT id FROM t * ORDER BY id DESC",
    "SELECT k, d FROM parts ORDER BY k, d",
    "TABLE t ORDER BY id",
    "TABLE ONLY t ORDER BY id",
    "?TABLE parts",
    "?SELECT FROM t",
    "SELECT",
    "SELECT 1",
    "SELECT NULL",
    "SELECT ALL id FROM t ORDER BY id",
    "SELECT DISTINCT a FROM t ORDER BY a",
    "SELECT DISTINCT ON (a) a, id FROM t ORDER BY a, id DESC",
    "VALUES (1), (2), (3), (4), (5)",
    "VALUES (1, 'a'), (2, 'b'), (3, NULL), (4, 'd') ORDER BY 1 DESC",
    "(VALUES (1), (2)) UNION ALL (VALUES (3), (4), (5))",
    "SELECT * FROM (VALUES (1, 'x'), (2, 'y'), (3, 'z'), (4, 'w')) AS v (n, s) ORDER BY n",
    // Comments, ends, white space.
    "SELECT id FROM t ORDER BY id -- LIMIT 2",
    "SELECT id FROM t ORDER BY id /* LIMIT 2 */ /* nested /* one */ */",
    "-- first\nSELECT id FROM t ORDER BY id;",
    "/* a */ SELECT /* b */ id /* c */ FROM t ORDER BY id /* d */ ; -- e",
    "SELECT id FROM t ORDER BY id;;",
    ";;SELECT id FROM t ORDER BY id; ; -- x\n ;",
    "\n\t SELECT\r\nid\tFROM\x0ct ORDER BY id\n",
    "SELECT 1 -- no end",
    "SELECT id FROM t ORDER BY id--\n;",
    "SELECT -1 - -2, 3 --4\n FROM t ORDER BY id",
    // Strings and what looks like something else inside.
    "SELECT 'LIMIT 1', id FROM t ORDER BY id",
    "SELECT 'it''s; a', id FROM t ORDER BY id",
    "SELECT E'a\\'b\\nLIMIT 1', id FROM t ORDER BY id",
    "SELECT $$a;'b' LIMIT 1$$, $x$ $$ FETCH $x$, id FROM t ORDER BY id",
    "SELECT U&'\\0041;', U&'d!0061t' UESCAPE '!', id FROM t ORDER BY id",
    "SELECT B'101', X'1F', id FROM t ORDER BY id",
    "SELECT 'a'\n'b', id FROM t ORDER BY id",
    "SELECT 'back\\slash', id FROM t ORDER BY id",
    "SELECT N'national', id FROM t ORDER BY id",
    "SELECT 'äöü €', id AS \"größe\" FROM t ORDER BY id",
    "SELECT 1_2, 0x10 FROM t",
    "SELECT 1.5, .5, 1., 1e3, 1.5e-3, id FROM t ORDER BY id",
    // Bounds of their own.
    "SELECT id FROM t ORDER BY id LIMIT 2",
    "SELECT id FROM t ORDER BY id LIMIT 3",
    "SELECT id FROM t ORDER BY id LIMIT 4",
    "SELECT id FROM t ORDER BY id LIMIT 0",
    "SELECT id FROM t ORDER BY id LIMIT ALL",
    "SELECT id FROM t ORDER BY id LIMIT NULL",
    "SELECT id FROM t ORDER BY id LIMIT 100 OFFSET 5",
    "SELECT id FROM t ORDER BY id OFFSET 5 LIMIT 100",
    "SELECT id FROM t ORDER BY id OFFSET 38",
    "SELECT id FROM t ORDER BY id OFFSET 3 ROWS",
    "SELECT id FROM t ORDER BY id OFFSET (SELECT 2) + 1",
    "SELECT id FROM t ORDER BY id LIMIT 2 + 3",
    "SELECT id FROM t ORDER BY id LIMIT (SELECT count(*) / 4 FROM t)",
    "SELECT id FROM t ORDER BY id LIMIT 4::bigint",
    "SELECT id FROM t ORDER BY id LIMIT '5'",
    "SELECT id FROM t ORDER BY id LIMIT 2.6",
    "SELECT id FROM t ORDER BY id LIMIT -1",
    "SELECT id FROM t ORDER BY id OFFSET -1",
    "SELECT id FROM t ORDER BY id LIMIT 99999999999999999999",
    "SELECT id FROM t ORDER BY id LIMIT 10, 5",
    "SELECT id FROM t ORDER BY id LIMIT $1",
    "SELECT id FROM t WHERE id < $1 ORDER BY id LIMIT $1",
    "SELECT $1::text, id FROM t ORDER BY id OFFSET $1::int",
    "SELECT id FROM t ORDER BY id FETCH FIRST $1 ROWS ONLY",
    "SELECT id FROM t ORDER BY id LIMIT ($1)",
    "SELECT id FROM t ORDER BY id LIMIT $1::int + 1",
    "(SELECT id FROM t ORDER BY id LIMIT $1) LIMIT 20",
    "SELECT id FROM t ORDER BY id FETCH FIRST ROW ONLY",
    "SELECT id FROM t ORDER BY id FETCH NEXT 5 ROWS ONLY",
    "SELECT id FROM t ORDER BY id OFFSET 2 ROWS FETCH NEXT 30 ROWS ONLY",
    "SELECT id FROM t ORDER BY id FETCH FIRST (2 + 2) ROWS ONLY",
    "SELECT a FROM t ORDER BY a FETCH FIRST 2 ROWS WITH TIES",
    "SELECT a FROM t ORDER BY a OFFSET 1 FETCH FIRST 1 ROW WITH TIES;",
    "SELECT a, b AS a FROM t ORDER BY t.a FETCH FIRST 1 ROW WITH TIES",
    // Parentheses.
    "(SELECT id FROM t ORDER BY id)",
    "((SELECT id FROM t ORDER BY id LIMIT 10))",
    "(SELECT id FROM t ORDER BY id LIMIT 10) LIMIT 5",
    "(SELECT id FROM t ORDER BY id LIMIT 10) ORDER BY id DESC",
    "(SELECT id FROM t ORDER BY id) LIMIT 7",
    "(SELECT id FROM t ORDER BY id DESC LIMIT 10) OFFSET 2",
    "((SELECT id FROM t) ORDER BY id LIMIT 8) OFFSET 1 LIMIT 7",
    "(SELECT id FROM t ORDER BY id FETCH FIRST 6 ROWS ONLY) FETCH FIRST 5 ROWS ONLY",
    "(SELECT a FROM t ORDER BY a FETCH FIRST 2 ROWS WITH TIES) LIMIT 9",
    "(TABLE t ORDER BY id LIMIT 9) -- c",
    "(SELECT id FROM t ORDER BY id LIMIT 10) FOR UPDATE",
    "((SELECT id FROM t ORDER BY id LIMIT 2))",
    "WITH x AS (SELECT 1) (SELECT id FROM t ORDER BY id LIMIT 10)",
    "WITH x AS (SELECT 1) (SELECT id FROM t ORDER BY id LIMIT 10) LIMIT 4",
    "(WITH x AS (SELECT id FROM t) SELECT id FROM x ORDER BY id)",
    "((SELECT 1)); ",
    // Set operations.
    "SELECT id FROM t UNION SELECT -id FROM t ORDER BY 1",
    "SELECT id FROM t UNION ALL SELECT id FROM t ORDER BY id LIMIT 50",
    "SELECT id FROM t EXCEPT SELECT 3 ORDER BY 1",
    "SELECT id FROM t INTERSECT ALL SELECT id FROM t ORDER BY 1 DESC OFFSET 2",
    "(SELECT id FROM t ORDER BY id LIMIT 2) UNION ALL (SELECT id FROM t ORDER BY id DESC LIMIT 3) ORDER BY 1",
    "(SELECT id FROM t LIMIT 100) UNION (SELECT 0) ORDER BY 1 LIMIT 20",
    "((SELECT 1 AS n UNION SELECT 2) UNION SELECT 3) UNION SELECT 4 ORDER BY n",
    "SELECT 1 UNION (SELECT 2 UNION ALL SELECT 2) ORDER BY 1",
    "SELECT id FROM t UNION SELECT w(id) FROM t ORDER BY 1",
    // Subqueries, joins, LATERAL.
    "SELECT (SELECT max(id) FROM t LIMIT 1), id FROM t ORDER BY id",
    "SELECT id FROM t WHERE EXISTS (SELECT 1 FROM log LIMIT 1) OR id > 2 ORDER BY id",
    "SELECT id FROM t WHERE id IN (SELECT id FROM t ORDER BY id LIMIT 6) ORDER BY id",
    "SELECT id, ARRAY(SELECT a FROM t u WHERE u.id <= t.id ORDER BY a LIMIT 2) FROM t ORDER BY id",
    "SELECT x.id, y.a FROM t x JOIN t y USING (id) ORDER BY 1",
    "SELECT x.id, y.id FROM t x LEFT JOIN t y ON y.id = x.id + 1 ORDER BY 1",
    "SELECT x.id, l.m FROM t x, LATERAL (SELECT max(a) AS m FROM t WHERE id < x.id) l ORDER BY 1",
    "SELECT x.id, g FROM t x CROSS JOIN LATERAL generate_series(1, x.a) g ORDER BY 1, 2",
    "SELECT * FROM t NATURAL JOIN (SELECT id, a FROM t) u ORDER BY id",
    "SELECT * FROM (SELECT id FROM t ORDER BY id LIMIT 12) x ORDER BY id",
    "SELECT x.* FROM t x TABLESAMPLE SYSTEM (100) ORDER BY id",
    // Functions in FROM and in the list.
    "SELECT * FROM generate_series(1, 10)",
    "SELECT g, g * 2 FROM generate_series(1, 10) AS g (g)",
    "SELECT generate_series(1, 5), generate_series(1, 2)",
    "SELECT id, generate_series(1, 2) FROM t ORDER BY 1, 2",
    "SELECT unnest(ARRAY[1, 2, 3, 4, 5])",
    "SELECT * FROM unnest(ARRAY[1, 2, 3, 4], ARRAY['a', 'b']) WITH ORDINALITY AS u (n, s, o)",
    "SELECT * FROM ROWS FROM (generate_series(1, 4), generate_series(11, 16)) AS r (x, y)",
    "SELECT x, y FROM pairs(7) ORDER BY x",
    "SELECT (pairs(5)).*",
    "SELECT * FROM jsonb_array_elements('[1, 2, 3, 4]')",
    "SELECT id, e FROM doc, jsonb_array_elements(j -> 'l') e ORDER BY id, e::text",
    "SELECT id, j ->> 'k', j @> '{\"k\": 2}', l[1], l[1:2] FROM doc ORDER BY id",
    "SELECT regexp_split_to_table('a,b,c,d,e', ',')",
    "SELECT * FROM json_to_recordset('[{\"a\":1},{\"a\":2},{\"a\":3},{\"a\":4}]') AS x (a int)",
    // Functions that write, and such as only seem to.
    "SELECT w(id) FROM t ORDER BY id",
    "SELECT id FROM t WHERE w(id) > 0 ORDER BY id",
    "SELECT id FROM t ORDER BY w(id)",
    "SELECT id, x FROM v ORDER BY id",
    "SELECT @@@ id FROM t ORDER BY id",
    "SELECT id::c FROM t ORDER BY id",
    "SELECT CAST(id AS s.c) FROM t ORDER BY id",
    "SELECT * FROM many(8)",
    "SELECT many(6)",
    "SELECT (SELECT many FROM many(3) LIMIT 1), id FROM t ORDER BY id",
    "SELECT id, nextval('q') > 0 FROM t ORDER BY id",
    "SELECT setval('q', 7), id FROM t ORDER BY id",
    "SELECT id, quiet(id) FROM t ORDER BY id",
    "SELECT s.quiet(id), pg_catalog.lower(b), upper(b) FROM t ORDER BY id",
    "SELECT random() >= 0, now() = transaction_timestamp(), id FROM t ORDER BY id",
    "SELECT clock_timestamp() > '2000-01-01', CURRENT_DATE > DATE '2000-01-01', id FROM t ORDER BY id",
    "SELECT coalesce(w(NULL), id), nullif(a, 3), greatest(a, id) FROM t ORDER BY id",
    "SELECT CASE WHEN id > 3 THEN w(id) ELSE 0 END FROM t ORDER BY id",
    "SELECT set_config('pgparley_test.x', id::text, true) FROM t ORDER BY id",
    "SELECT pg_advisory_xact_lock(id) FROM t ORDER BY id",
    "SELECT txid_current() > 0, id FROM t ORDER BY id",
    "SELECT query_to_xml('SELECT s.w(9)', true, false, '') IS NULL, id FROM t ORDER BY id",
    // Aggregates, groups, windows.
    "SELECT a, count(*), sum(id), array_agg(id ORDER BY id DESC) FROM t GROUP BY a ORDER BY a",
    "SELECT a, b, count(*) FROM t GROUP BY GROUPING SETS ((a, b), (a), ()) ORDER BY a, b, 3",
    "SELECT a, grouping(a), count(*) FROM t GROUP BY ROLLUP (a) ORDER BY a",
    "SELECT a, b, count(*) FROM t GROUP BY CUBE (a, b) ORDER BY 1, 2, 3",
    "SELECT a FROM t GROUP BY DISTINCT a, a HAVING count(*) FILTER (WHERE id > 3) > 2 ORDER BY a",
    "SELECT id, row_number() OVER (ORDER BY id DESC), lag(a) OVER w FROM t WINDOW w AS (ORDER BY id) ORDER BY id",
    "SELECT id, sum(a) OVER (PARTITION BY b ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t ORDER BY id",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY id), b FROM t GROUP BY b ORDER BY b",
    "SELECT string_agg(DISTINCT b, ',' ORDER BY b) FROM t",
    // WITH.
    "WITH x AS (SELECT id FROM t WHERE id > 5) SELECT * FROM x ORDER BY id",
    "WITH x (n) AS MATERIALIZED (SELECT id FROM t), y AS NOT MATERIALIZED (SELECT n FROM x LIMIT 9) SELECT count(*) FROM y",
    "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 8) SELECT n FROM r ORDER BY n",
    "WITH RECURSIVE r (n) AS (VALUES (1) UNION SELECT n + 1 FROM r WHERE n < 6) SEARCH DEPTH FIRST BY n SET o CYCLE n SET is_c USING p SELECT n FROM r ORDER BY n",
    "WITH x AS (INSERT INTO log SELECT id FROM t RETURNING id) SELECT id FROM x ORDER BY id",
    "WITH x AS (UPDATE t SET a = 0 WHERE id < 9 RETURNING id, a) TABLE x ORDER BY id",
    "WITH x AS (DELETE FROM t WHERE id > 30 RETURNING *), y AS (INSERT INTO log SELECT id FROM x) SELECT id FROM x ORDER BY id",
    "WITH x AS (SELECT w(id) AS id FROM t) SELECT id FROM x ORDER BY id",
    "WITH x AS (SELECT w(id) FROM t) SELECT 1",
    "WITH \"limit\" AS (SELECT id FROM t), offset_ AS (SELECT 1) SELECT * FROM \"limit\" ORDER BY 1",
    // Writes.
    "INSERT INTO log SELECT id FROM t LIMIT 8",
    "INSERT INTO log VALUES (1), (2), (3), (4) RETURNING id",
    "INSERT INTO watched (id) SELECT id FROM t ORDER BY id RETURNING id, n",
    "INSERT INTO t (id, a, b) SELECT id, 0, 'c' FROM t ORDER BY id ON CONFLICT (id) DO UPDATE SET a = -1 RETURNING id",
    "INSERT INTO t SELECT id + 200, a, b FROM t ON CONFLICT DO NOTHING",
    "INSERT INTO log DEFAULT VALUES",
    "WITH x AS (SELECT id FROM t ORDER BY id LIMIT 9) INSERT INTO log SELECT id FROM x",
    "WITH x AS (SELECT id FROM t) UPDATE t SET a = 9 FROM x WHERE x.id = t.id AND t.id < 12",
    "UPDATE t SET (a, b) = (SELECT 1, 'u') WHERE id % 2 = 0",
    "UPDATE ONLY t SET b = 'only'",
    "?UPDATE t SET a = w(a) WHERE id < 7 RETURNING *",
    "?DELETE FROM t USING log WHERE false OR t.id > 33 RETURNING t.id",
    "DELETE FROM parts WHERE k = 1",
    "MERGE INTO t USING (VALUES (1), (99)) AS n (id) ON n.id = t.id WHEN MATCHED THEN UPDATE SET a = 77 WHEN NOT MATCHED THEN INSERT VALUES (n.id, 0, 'm')",
    "CREATE TABLE made AS SELECT id, w(id) FROM t",
    "CREATE TABLE made (x, y) AS SELECT id, a FROM t LIMIT 10 WITH DATA",
    "SELECT id, a INTO made FROM t ORDER BY id",
    "SELECT id INTO TABLE made FROM t LIMIT 10",
    "CREATE MATERIALIZED VIEW made AS SELECT id FROM t",
    "CREATE VIEW made AS SELECT id FROM t",
    "CREATE TABLE made AS EXECUTE nothing",
    "TRUNCATE log, seen",
    "CALL writes(5)",
    "DO $$ BEGIN PERFORM s.w(id) FROM s.t; END $$",
    // Locks.
    "SELECT id FROM t ORDER BY id FOR UPDATE",
    "SELECT id FROM t ORDER BY id FOR NO KEY UPDATE OF t SKIP LOCKED",
    "SELECT id FROM t ORDER BY id FOR SHARE NOWAIT",
    "SELECT id FROM t ORDER BY id LIMIT 10 FOR KEY SHARE",
    "SELECT id FROM t ORDER BY id FOR UPDATE LIMIT 10",
    "SELECT id FROM (SELECT id FROM t FOR UPDATE) x ORDER BY id",
    // What brings no rows of a query, or is not limited.
    "EXPLAIN (COSTS off) SELECT id FROM t ORDER BY id",
    "EXPLAIN (COSTS off, VERBOSE) SELECT id FROM t UNION SELECT a FROM t",
    "EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off) SELECT count(w(id)) FROM t",
    "SHOW search_path",
    "SET LOCAL work_mem = '5MB'",
    "COMMENT ON TABLE t IS 'x'",
    "LISTEN nobody; UNLISTEN nobody",
    "CHECKPOINT",
    "",
    "/* nothing */",
    // Cursors, prepared statements, blocks, several statements.
    "BEGIN; DECLARE k CURSOR FOR SELECT id FROM t ORDER BY id; FETCH ALL k; CLOSE k; COMMIT",
    "BEGIN; DECLARE k SCROLL CURSOR FOR SELECT id FROM t ORDER BY id; FETCH 2 k; FETCH 3 k; FETCH BACKWARD 2 k; FETCH LAST k; MOVE FIRST k; FETCH 1 k; COMMIT",
    "BEGIN; DECLARE k CURSOR WITH HOLD FOR SELECT id FROM t ORDER BY id; COMMIT; FETCH 2 k; FETCH 9 k; CLOSE k",
    "BEGIN; DECLARE k CURSOR FOR SELECT id FROM t ORDER BY id; FETCH 0 k; MOVE 3 k; FETCH 3 k; FETCH FORWARD ALL k; FETCH k; ROLLBACK",
    "BEGIN; DECLARE k CURSOR FOR SELECT id FROM t WHERE id < 9 FOR UPDATE; FETCH 2 k; UPDATE t SET a = -5 WHERE CURRENT OF k; CLOSE k; COMMIT",
    "BEGIN; SELECT opens(); FETCH ALL opened; COMMIT",
    "PREPARE p AS SELECT id FROM t ORDER BY id; EXECUTE p; DEALLOCATE p",
    "PREPARE p (int) AS SELECT id FROM t WHERE id > $1 ORDER BY id LIMIT $1; EXECUTE p (2); EXECUTE p (7); DEALLOCATE p",
    "PREPARE p AS INSERT INTO log SELECT id FROM t RETURNING id; EXECUTE p; DEALLOCATE p",
    "SELECT 1; SELECT id FROM t ORDER BY id; SELECT 2; SELECT id FROM t ORDER BY id DESC",
    "SELECT w(1); SELECT id, w(id) FROM t ORDER BY 1; SELECT w(2)",
    "INSERT INTO log VALUES (1); SELECT id FROM t ORDER BY id; INSERT INTO log VALUES (2)",
    "SELECT id FROM t ORDER BY id; SELECT 1 / 0; SELECT 3",
    "BEGIN; INSERT INTO log SELECT id FROM t; SELECT id FROM log ORDER BY id; ROLLBACK",
    "BEGIN; SAVEPOINT a; SELECT id FROM t ORDER BY id; ROLLBACK TO a; COMMIT",
    "BEGIN READ ONLY; SELECT id FROM t ORDER BY id; COMMIT",
    "COPY (SELECT id FROM t ORDER BY id) TO STDOUT",
    "COPY parts TO STDOUT WITH (FORMAT csv, HEADER)",
    "COPY (SELECT id FROM t ORDER BY id LIMIT 8) TO STDOUT; SELECT id FROM t ORDER BY id",
    // Faults, each in its own words and place.
    "SELEC id FROM t",
    "SELECT nosuch FROM t ORDER BY id",
    "SELECT id FROM t ORDER BY nosuch LIMIT 9",
    "SELECT id FROM t LIMIT",
    "SELECT id FROM t ORDER BY",
    "SELECT id FROM t LIMIT 5 LIMIT 6",
    "SELECT id FROM t LIMIT x",
    "SELECT id FROM t UNION SELECT b FROM t",
    "SELECT id, 1 / (id - 1) FROM t ORDER BY id",
    "SELECT id FROM (t ORDER BY id",
    "(SELECT id FROM t LIMIT 5",
    "SELECT 'open",
    "SELECT id FROM nowhere -- LIMIT 1",
    "SELECT id FROM t ORDER BY id OFFSET 'x'",
    "SELECT id FROM t WHERE a = 'x'",
];
