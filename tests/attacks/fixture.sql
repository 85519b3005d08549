-- What the attacks in own.sql are aimed at. Run by a superuser, behind the corpus' own fixture
-- where that is at hand.
DO $$ BEGIN CREATE ROLE app_owner LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE app_ro LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT app_owner TO app_ro;
CREATE EXTENSION IF NOT EXISTS dblink;
CREATE EXTENSION IF NOT EXISTS postgres_fdw;
CREATE SCHEMA lab;
GRANT USAGE, CREATE ON SCHEMA lab TO app_ro;
CREATE TABLE lab.ledger (id int PRIMARY KEY, note text, amount numeric);
INSERT INTO lab.ledger SELECT g, 'entry ' || g, g FROM generate_series(1, 100) g;
CREATE TABLE lab.keys (id int PRIMARY KEY, token text);
INSERT INTO lab.keys VALUES (1, 'never to be shown');
CREATE TABLE lab.wide AS SELECT g AS id, repeat(md5(g::text), 4) AS payload FROM generate_series(1, 20000) g;
CREATE SEQUENCE lab.ticket;
CREATE VIEW lab.entries AS SELECT id, note FROM lab.ledger;
CREATE MATERIALIZED VIEW lab.total AS SELECT sum(amount) FROM lab.ledger;
CREATE TYPE lab.pair AS (a int, b int);
CREATE FUNCTION lab.enter() RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO lab.ledger VALUES (1000 + (SELECT count(*) FROM lab.ledger), 'entered'); RETURN 1; END $$;
CREATE FUNCTION lab.enter_as_owner() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN PERFORM lab.enter(); RETURN 1; END $$;
CREATE FUNCTION public.enter_of(lab.ledger) RETURNS int LANGUAGE sql AS $$ SELECT lab.enter() $$;
CREATE FUNCTION lab.enter_two(int, int) RETURNS int LANGUAGE sql AS $$ SELECT lab.enter() $$;
CREATE FUNCTION lab.enter_check(int) RETURNS boolean LANGUAGE plpgsql AS
    $$ BEGIN PERFORM lab.enter(); RETURN true; END $$;
CREATE FUNCTION lab.enter_text(lab.pair) RETURNS text LANGUAGE sql AS $$ SELECT lab.enter()::text $$;
CREATE FUNCTION lab.enter_rows() RETURNS SETOF int LANGUAGE sql AS $$ SELECT lab.enter() $$;
CREATE FUNCTION lab.calls_itself_stable() RETURNS int LANGUAGE plpgsql STABLE AS
    $$ BEGIN EXECUTE 'SELECT lab.enter()'; RETURN 1; END $$;
CREATE FUNCTION lab.turns_off() RETURNS text LANGUAGE plpgsql AS
    $$ BEGIN PERFORM set_config('default_transaction_read_only', 'off', false); RETURN 'off'; END $$;
CREATE PROCEDURE lab.enter_and_commit() LANGUAGE plpgsql AS
    $$ BEGIN COMMIT; INSERT INTO lab.ledger VALUES (2000, 'committed'); COMMIT; END $$;
CREATE OPERATOR lab.<#+> (LEFTARG = int, RIGHTARG = int, FUNCTION = lab.enter_two);
CREATE DOMAIN lab.entered AS int CHECK (lab.enter_check(VALUE));
CREATE CAST (lab.pair AS text) WITH FUNCTION lab.enter_text(lab.pair);
CREATE AGGREGATE lab.enter_all(int) (SFUNC = lab.enter_two, STYPE = int, INITCOND = '0');
CREATE FUNCTION lab.upper(int) RETURNS text LANGUAGE sql AS $$ SELECT lab.enter()::text $$;
CREATE VIEW lab.entering AS SELECT lab.enter() AS n;
CREATE VIEW lab.far_entering AS SELECT count(*) FROM lab.entering;
CREATE FUNCTION lab.lies() RETURNS int LANGUAGE plpgsql IMMUTABLE AS
    $$ BEGIN PERFORM pg_logical_emit_message(false, 'lab', 'planned'); RETURN 1; END $$;
CREATE FUNCTION lab.lies_deeper() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT lab.lies() $$;
CREATE FUNCTION lab.lies_about_settings() RETURNS int LANGUAGE plpgsql STABLE AS
    $$ BEGIN PERFORM set_config('default_transaction_read_only', 'off', false); RETURN 1; END $$;
CREATE FUNCTION lab.reads_by_default(int) RETURNS numeric LANGUAGE plpgsql AS
    $$ BEGIN RETURN (SELECT amount FROM lab.ledger WHERE id = $1); END $$;
CREATE VIEW lab.read_by_default AS SELECT id, lab.reads_by_default(id) FROM lab.ledger;
GRANT SELECT ON lab.ledger, lab.wide, lab.entries, lab.total, lab.entering TO app_ro;
GRANT SELECT, INSERT, UPDATE, DELETE ON lab.ledger TO app_owner;
SELECT lo_from_bytea(770001, 'large');
ALTER LARGE OBJECT 770001 OWNER TO app_ro;
ANALYZE;
