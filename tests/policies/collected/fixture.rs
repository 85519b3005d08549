//! What the collected statements speak of, and how it is looked at.

/// What they speak of. Functions write or do not, behind views, operators and casts too.
pub(super) const FIXTURE: &str = r#"
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
pub(super) const RESTORE: &str = r#"
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
pub(super) const WRITTEN: &str = r"
    SELECT 'log', id::text, count(*)::int FROM s.log GROUP BY id
    UNION ALL SELECT 't' || b, id::text, a FROM s.t UNION ALL SELECT 'q', last_value::text, 0 FROM s.q
    UNION ALL SELECT 'seen', id::text, count(*) FROM s.seen GROUP BY id
    UNION ALL SELECT 'watched', id::text, n FROM s.watched
    UNION ALL SELECT 'parts', d, k FROM s.parts UNION ALL SELECT 'doc', j::text, id FROM s.doc
    UNION ALL SELECT relname, relkind::text, relnatts FROM pg_class
        WHERE relnamespace = 's'::regnamespace
    ORDER BY 1, 2, 3";
