-- Attacks of our own: of each class of the corpus, and of classes that it lacks.
-- @DIR@ is a directory that the server may write, @PORT@ and @DATABASE@ are the server's own.

-- tx-escape: out of the read-only transaction

-- @id O001
-- @class tx-escape
-- @verdict reject
START TRANSACTION ISOLATION LEVEL SERIALIZABLE READ WRITE; DELETE FROM lab.ledger; COMMIT WORK;
-- @end

-- @id O002
-- @class tx-escape
-- @verdict reject
END; INSERT INTO lab.ledger VALUES (501, 'x', 1);
-- @end

-- @id O003
-- @class tx-escape
-- @verdict reject
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE; TRUNCATE lab.ledger
-- @end

-- @id O004
-- @class tx-escape
-- @verdict reject
RESET transaction_read_only; UPDATE lab.ledger SET note = NULL
-- @end

-- @id O005
-- @class tx-escape
-- @verdict reject
SELECT pg_catalog.set_config(E'default\x5ftransaction_read\x5fonly', 'off', false)
-- @end

-- @id O006
-- @class tx-escape
-- @verdict reject
SELECT set_config(setting_name := lower('TRANSACTION_READ_ONLY'), new_value := 'off', is_local := true)
-- @end

-- @id O007
-- @class tx-escape
-- @verdict reject
BEGIN; SAVEPOINT a; ROLLBACK TO a; SET TRANSACTION READ WRITE; DROP TABLE lab.ledger; END
-- @end

-- @id O008
-- @class tx-escape
-- @verdict reject
SET U&"\0064efault_transaction_read_only" = off; DELETE FROM lab.ledger
-- @end

-- @id O009
-- @class tx-escape
-- @verdict reject
SELECT lab.turns_off(); DELETE FROM lab.ledger
-- @end

-- @id O010
-- @class tx-escape
-- @verdict reject
UPDATE pg_settings SET setting = 'off' WHERE name = 'transaction_read_only'
-- @end

-- @id O011
-- @class tx-escape
-- @verdict reject
COMMIT PREPARED 'nobody'; ROLLBACK PREPARED 'nobody'; DELETE FROM lab.ledger
-- @end

-- @id O012
-- @class tx-escape
-- @verdict reject
BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY, READ WRITE; DELETE FROM lab.ledger; COMMIT
-- @end

-- multi-statement: a write behind a read, and texts that hide where one ends

-- @id O020
-- @class multi-statement
-- @verdict reject
SELECT $é$;$é$ AS a; DELETE FROM lab.ledger
-- @end

-- @id O021
-- @class multi-statement
-- @verdict reject
SELECT 'a'
'b;', 1; DELETE FROM lab.ledger
-- @end

-- @id O022
-- @class multi-statement
-- @verdict reject
SELECT 1 AS "a""; --"; DELETE FROM lab.ledger; --"
-- @end

-- @id O023
-- @class multi-statement
-- @verdict reject
SELECT $1$;$1$ FROM lab.ledger; DELETE FROM lab.ledger
-- @end

-- @id O024
-- @class multi-statement
-- @verdict reject
SELECT B'01', X'1f', N'a;', U&'\003b' ; ; TRUNCATE lab.ledger ;
-- @end

-- @id O025
-- @class multi-statement
-- @verdict reject
SHOW ALL; SELECT 1; VALUES (1); TABLE lab.ledger; DELETE FROM lab.ledger
-- @end

-- @id O026
-- @class multi-statement
-- @verdict reject
SELECT 'it''s \'' AS x; DELETE FROM lab.ledger; --'
-- @end

-- comments: what is code and what is not

-- @id O030
-- @class comments
-- @verdict reject
/* SELECT 1 */ DELETE /* FROM nothing */ FROM lab.ledger -- WHERE false
-- @end

-- @id O031
-- @class comments
-- @verdict reject
SELECT 1 -- /*
; DELETE FROM lab.ledger; -- */
-- @end

-- @id O032
-- @class comments
-- @verdict reject
/*/**/ SELECT 1; */ DELETE FROM lab.ledger
-- @end

-- @id O033
-- @class comments
-- @verdict reject
SELECT 1 <=/*'*/ 2; DELETE FROM lab.ledger; --'
-- @end

-- @id O034
-- @class comments
-- @verdict reject
SELECT/**/1;DELETE/**/FROM/**/lab.ledger
-- @end

-- parser-differential: read one way here and another there

-- @id O040
-- @class parser-differential
-- @verdict reject
SELECT '\'; DELETE FROM lab.ledger; --'
-- @end

-- @id O041
-- @class parser-differential
-- @verdict reject
SET standard_conforming_strings = off; SELECT '\'; DELETE FROM lab.ledger; --'
-- @end

-- @id O042
-- @class parser-differential
-- @verdict reject
SET NAMES 'GBK'
-- @end

-- @id O043
-- @class parser-differential
-- @verdict reject
SELECT set_config('client_encoding', 'BIG5', false)
-- @end

-- @id O044
-- @class parser-differential
-- @verdict reject
SELECT 1;\x00 DELETE FROM lab.ledger
-- @end

-- @id O045
-- @class parser-differential
-- @verdict reject
SELECT '[1,2)'::int4range &> '[1,2)' &/*'*/> 1; DELETE FROM lab.ledger; --'
-- @end

-- @id O046
-- @class parser-differential
-- @verdict reject
SELECT "unclosed; DELETE FROM lab.ledger
-- @end

-- @id O047
-- @class parser-differential
-- @verdict reject
ＤＥＬＥＴＥ FROM lab.ledger; DELETE FROM lab.ledger
-- @end

-- @id O048
-- @class parser-differential
-- @verdict reject
\copy lab.ledger from '/etc/passwd'
-- @end

-- @id O049
-- @class parser-differential
-- @verdict reject
GO
DELETE FROM lab.ledger
GO
-- @end

-- hidden-write: what looks like a read

-- @id O060
-- @class hidden-write
-- @verdict reject
WITH a AS (SELECT 1), b AS (WITH c AS (SELECT 2) SELECT * FROM c), d AS (INSERT INTO lab.ledger SELECT 600, 'deep' RETURNING 1) SELECT * FROM a, b
-- @end

-- @id O061
-- @class hidden-write
-- @verdict reject
MERGE INTO lab.ledger l USING (SELECT 1 AS id) s ON l.id = s.id WHEN MATCHED THEN UPDATE SET note = 'merged' WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'merged', 0)
-- @end

-- @id O062
-- @class hidden-write
-- @verdict reject
EXPLAIN (ANALYZE, VERBOSE, BUFFERS, WAL, FORMAT JSON) INSERT INTO lab.ledger VALUES (601, 'explained', 1)
-- @end

-- @id O063
-- @class hidden-write
-- @verdict reject
EXPLAIN ANALYZE CREATE TABLE lab.made AS SELECT * FROM lab.ledger
-- @end

-- @id O064
-- @class hidden-write
-- @verdict reject
EXPLAIN (ANALYZE ON) CREATE MATERIALIZED VIEW lab.made AS SELECT 1
-- @end

-- @id O065
-- @class hidden-write
-- @verdict reject
EXPLAIN (ANALYZE 1) MERGE INTO lab.ledger l USING lab.wide w ON l.id = w.id WHEN MATCHED THEN DELETE
-- @end

-- @id O066
-- @class hidden-write
-- @verdict reject
PREPARE gone AS DELETE FROM lab.ledger; EXECUTE gone
-- @end

-- @id O067
-- @class hidden-write
-- @verdict reject
PREPARE "select" (int) AS UPDATE lab.ledger SET amount = $1; EXPLAIN ANALYZE EXECUTE "select" (0)
-- @end

-- @id O068
-- @class hidden-write
-- @verdict reject
SELECT id AS a, note INTO TEMP lab_copy FROM lab.ledger
-- @end

-- @id O069
-- @class hidden-write
-- @verdict reject
(SELECT 1 AS id) UNION ALL SELECT 2 FROM lab.ledger FOR NO KEY UPDATE
-- @end

-- @id O070
-- @class hidden-write
-- @verdict reject
SELECT * FROM lab.ledger WHERE id IN (SELECT id FROM lab.ledger FOR KEY SHARE SKIP LOCKED)
-- @end

-- @id O071
-- @class hidden-write
-- @verdict reject
TABLE lab.ledger FOR UPDATE
-- @end

-- @id O072
-- @class hidden-write
-- @verdict reject
COPY lab.ledger (id, note, amount) FROM STDIN WITH (FORMAT csv)
-- @end

-- @id O073
-- @class hidden-write
-- @verdict reject
COPY (WITH w AS (UPDATE lab.ledger SET amount = 0 RETURNING *) TABLE w) TO STDOUT
-- @end

-- @id O074
-- @class hidden-write
-- @verdict reject
DO LANGUAGE plpgsql 'BEGIN EXECUTE ''DELETE FROM lab.ledger''; END'
-- @end

-- @id O075
-- @class hidden-write
-- @verdict reject
CALL lab.enter_and_commit()
-- @end

-- @id O076
-- @class hidden-write
-- @verdict reject
CREATE TEMP TABLE lab_temp (a int) ON COMMIT DROP
-- @end

-- @id O077
-- @class hidden-write
-- @verdict reject
CREATE OR REPLACE FUNCTION lab.upper(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1'
-- @end

-- @id O078
-- @class hidden-write
-- @verdict reject
ALTER TABLE lab.ledger ADD COLUMN extra int DEFAULT lab.enter()
-- @end

-- @id O079
-- @class hidden-write
-- @verdict reject
CREATE RULE swallow AS ON SELECT TO lab.keys DO INSTEAD DELETE FROM lab.ledger
-- @end

-- @id O080
-- @class hidden-write
-- @verdict reject
SECURITY LABEL ON TABLE lab.ledger IS 'labelled'
-- @end

-- @id O081
-- @class hidden-write
-- @verdict reject
REINDEX TABLE CONCURRENTLY lab.ledger
-- @end

-- @id O082
-- @class hidden-write
-- @verdict reject
CLUSTER lab.ledger USING ledger_pkey
-- @end

-- @id O083
-- @class hidden-write
-- @verdict reject
REASSIGN OWNED BY app_owner TO app_ro
-- @end

-- @id O084
-- @class hidden-write
-- @verdict reject
IMPORT FOREIGN SCHEMA public FROM SERVER nowhere INTO lab
-- @end

-- @id O085
-- @class hidden-write
-- @verdict reject
INSERT INTO lab.ledger VALUES (1, 'x', 1) ON CONFLICT (id) DO UPDATE SET note = excluded.note
-- @end

-- @id O086
-- @class hidden-write
-- @verdict reject
DECLARE c SCROLL CURSOR FOR SELECT lab.enter(); FETCH 1 FROM c
-- @end

-- @id O087
-- @class hidden-write
-- @verdict reject
DECLARE c CURSOR FOR SELECT * FROM lab.ledger FOR UPDATE; FETCH ALL FROM c
-- @end

-- @id O088
-- @class hidden-write
-- @verdict reject
LOCK lab.ledger, lab.keys IN SHARE ROW EXCLUSIVE MODE NOWAIT
-- @end

-- @id O089
-- @class hidden-write
-- @verdict reject
CREATE TABLE IF NOT EXISTS lab.ledger (a int); CREATE INDEX ON lab.ledger (note)
-- @end

-- @id O090
-- @class hidden-write
-- @verdict reject
CHECKPOINT
-- @end

-- @id O091
-- @class hidden-write
-- @verdict reject
LOAD 'auto_explain'
-- @end

-- functions: calls that write, by any spelling

-- @id O100
-- @class functions
-- @verdict reject
SELECT lab . "enter" ()
-- @end

-- @id O101
-- @class functions
-- @verdict reject
SELECT U&"l\0061b".U&"\0065nter"()
-- @end

-- @id O102
-- @class functions
-- @verdict reject
SELECT l.enter_of FROM lab.ledger l LIMIT 1
-- @end

-- @id O103
-- @class functions
-- @verdict reject
SELECT (l).enter_of, l.* FROM lab.ledger AS l
-- @end

-- @id O104
-- @class functions
-- @verdict reject
SELECT 1 OPERATOR(lab.<#+>) 2
-- @end

-- @id O105
-- @class functions
-- @verdict reject
SELECT CAST(1 AS lab.entered)
-- @end

-- @id O106
-- @class functions
-- @verdict reject
SELECT ROW(1, 2)::lab.pair::text
-- @end

-- @id O107
-- @class functions
-- @verdict reject
SELECT lab.enter_all(id) OVER (ORDER BY id) FROM lab.ledger
-- @end

-- @id O108
-- @class functions
-- @verdict reject
SELECT * FROM ROWS FROM (generate_series(1, 2), lab.enter_rows()) AS t(a, b)
-- @end

-- @id O109
-- @class functions
-- @verdict reject
SELECT * FROM lab.ledger ORDER BY lab.enter()
-- @end

-- @id O110
-- @class functions
-- @verdict reject
SELECT count(*) FILTER (WHERE lab.enter() > 0) FROM lab.ledger GROUP BY id HAVING lab.enter() > 0
-- @end

-- @id O111
-- @class functions
-- @verdict reject
SELECT * FROM lab.ledger TABLESAMPLE BERNOULLI (lab.enter())
-- @end

-- @id O112
-- @class functions
-- @verdict reject
VALUES (lab.enter_as_owner()), (1)
-- @end

-- @id O113
-- @class functions
-- @verdict reject
SELECT * FROM generate_series(1, lab.enter()) WITH ORDINALITY
-- @end

-- @id O114
-- @class functions
-- @verdict reject
SELECT CASE WHEN false THEN lab.enter() END, ARRAY[lab.enter()], (SELECT lab.enter())
-- @end

-- @id O115
-- @class functions
-- @verdict reject
SELECT 1, nextval('lab.ticket'::regclass)
-- @end

-- @id O116
-- @class functions
-- @verdict reject
SELECT pg_catalog.setval('lab.ticket', 1000, false), currval('lab.ticket'), lastval()
-- @end

-- @id O117
-- @class functions
-- @verdict reject
SELECT lab.calls_itself_stable()
-- @end

-- @id O120
-- @class functions
-- @verdict reject
SELECT lab.lies()
-- @end

-- @id O121
-- @class functions
-- @verdict reject
EXPLAIN SELECT * FROM lab.ledger WHERE id = lab.lies_deeper()
-- @end

-- @id O122
-- @class functions
-- @verdict reject
SELECT * FROM lab.ledger WHERE lab.lies_about_settings() = 1; DELETE FROM lab.ledger
-- @end

-- @id O123
-- @class functions
-- @verdict reject
SELECT * FROM lab.far_entering
-- @end

-- @id O124
-- @class functions
-- @verdict reject
SELECT note FROM ONLY lab.ledger, LATERAL ROWS FROM (lab.enter_rows()) AS r
-- @end

-- @id O118
-- @class functions
-- @verdict reject
SELECT lab.upper(1)
-- @end

-- @id O119
-- @class functions
-- @verdict reject
SELECT n FROM lab.entering
-- @end

-- large objects

-- @id O130
-- @class large-object
-- @verdict reject
SELECT lo_creat(-1)
-- @end

-- @id O131
-- @class large-object
-- @verdict reject
SELECT lo_put(770001, 0, 'overwritten')
-- @end

-- @id O132
-- @class large-object
-- @verdict reject
SELECT lowrite(lo_open(770001, 131072), 'written')
-- @end

-- @id O133
-- @class large-object
-- @verdict reject
SELECT lo_truncate(lo_open(770001, 393216), 0), lo_truncate64(0, 0)
-- @end

-- @id O134
-- @class large-object
-- @verdict reject
ALTER LARGE OBJECT 770001 OWNER TO postgres
-- @end

-- notifications, locks and other sessions

-- @id O140
-- @class session
-- @verdict reject
SELECT pg_notify('chan', 'hello')
-- @end

-- @id O141
-- @class session
-- @verdict reject
SELECT 1; NOTIFY other
-- @end

-- @id O142
-- @class session
-- @verdict reject
SELECT pg_advisory_lock(1), pg_try_advisory_lock(2), pg_advisory_lock_shared(3, 4)
-- @end

-- @id O143
-- @class session
-- @verdict reject
SELECT pg_cancel_backend(pid) FROM pg_stat_activity
-- @end

-- @id O144
-- @class session
-- @verdict reject
SELECT pg_advisory_unlock_all(), pg_try_advisory_xact_lock_shared(5)
-- @end

-- @id O145
-- @class session
-- @verdict reject
SELECT txid_current(), txid_current_if_assigned()
-- @end

-- @id O146
-- @class session
-- @verdict reject
SELECT pg_logical_emit_message(false, 'lab', 'not transactional')
-- @end

-- @id O147
-- @class session
-- @verdict reject
SELECT setseed(0.5), pg_catalog.set_config('default_transaction_' || 'read_only', 'off', false)
-- @end

-- administration

-- @id O150
-- @class administration
-- @verdict reject
SELECT pg_stat_reset(), pg_stat_reset_shared('bgwriter'), pg_stat_reset_single_table_counters('lab.ledger'::regclass)
-- @end

-- @id O151
-- @class administration
-- @verdict reject
SELECT pg_create_restore_point('lab'), pg_switch_wal()
-- @end

-- @id O152
-- @class administration
-- @verdict reject
SELECT pg_create_physical_replication_slot('lab'), pg_drop_replication_slot('lab')
-- @end

-- @id O153
-- @class administration
-- @verdict reject
SELECT pg_replication_origin_create('lab')
-- @end

-- @id O154
-- @class administration
-- @verdict reject
SELECT * FROM pg_logical_slot_get_changes('watch_@DATABASE@', NULL, NULL)
-- @end

-- @id O155
-- @class administration
-- @verdict reject
SELECT pg_backup_start('lab', true)
-- @end

-- @id O156
-- @class administration
-- @verdict reject
SELECT pg_wal_replay_pause(), pg_wal_replay_resume()
-- @end

-- @id O157
-- @class administration
-- @verdict reject
ALTER SYSTEM SET log_statement = 'none'
-- @end

-- @id O158
-- @class administration
-- @verdict reject
ALTER ROLE app_ro SET default_transaction_read_only = off
-- @end

-- @id O159
-- @class administration
-- @verdict reject
ALTER DATABASE @DATABASE@ SET search_path = lab
-- @end

-- @id O160
-- @class administration
-- @verdict reject
CREATE ROLE intruder SUPERUSER LOGIN
-- @end

-- @id O161
-- @class administration
-- @verdict reject
SELECT pg_import_system_collations('lab'), pg_extension_config_dump('lab.ledger', '')
-- @end

-- @id O162
-- @class administration
-- @verdict reject
SELECT binary_upgrade_set_next_pg_type_oid(1)
-- @end

-- @id O163
-- @class administration
-- @verdict reject
SELECT brin_summarize_new_values('lab.ledger'), gin_clean_pending_list('lab.ledger')
-- @end

-- @id O164
-- @class administration
-- @verdict reject
CREATE EVENT TRIGGER lab ON ddl_command_end EXECUTE FUNCTION lab.enter()
-- @end

-- @id O165
-- @class administration
-- @verdict reject
ALTER DEFAULT PRIVILEGES IN SCHEMA lab GRANT ALL ON TABLES TO PUBLIC
-- @end

-- identity

-- @id O170
-- @class identity
-- @verdict reject
SET ROLE app_owner; DELETE FROM lab.ledger
-- @end

-- @id O171
-- @class identity
-- @verdict reject
SET LOCAL SESSION AUTHORIZATION 'app_owner'; SELECT lab.enter()
-- @end

-- @id O172
-- @class identity
-- @verdict reject
SELECT set_config('role', 'app_owner', false), lab.enter()
-- @end

-- @id O173
-- @class identity
-- @verdict reject
SELECT set_config('session_authorization', 'app_owner', false) WHERE EXISTS (SELECT nextval('lab.ticket'))
-- @end

-- files and programs

-- @id O180
-- @class file-os
-- @verdict reject
COPY lab.ledger TO PROGRAM 'cat > @DIR@/ledger'
-- @end

-- @id O181
-- @class file-os
-- @verdict reject
COPY (TABLE lab.ledger) TO '@DIR@/ledger.csv' WITH (FORMAT csv)
-- @end

-- @id O182
-- @class file-os
-- @verdict reject
SELECT pg_read_binary_file('PG_VERSION'), pg_stat_file('PG_VERSION'), pg_ls_waldir()
-- @end

-- @id O183
-- @class file-os
-- @verdict reject
SELECT lo_export(770001, '@DIR@/large'), lo_import('/etc/hostname', 770002)
-- @end

-- @id O184
-- @class file-os
-- @verdict reject
CREATE TABLESPACE lab LOCATION '@DIR@'
-- @end

-- @id O185
-- @class file-os
-- @verdict reject
EXPLAIN (ANALYZE, SUMMARY OFF) SELECT pg_ls_dir('/'), pg_current_logfile() FROM pg_ls_tmpdir()
-- @end

-- other servers

-- @id O190
-- @class exfil-network
-- @verdict reject
SELECT * FROM dblink('dbname=@DATABASE@ port=@PORT@ host=127.0.0.1 user=postgres', 'DELETE FROM lab.ledger RETURNING id') AS t(id int)
-- @end

-- @id O191
-- @class exfil-network
-- @verdict reject
SELECT dblink_connect_u('c', 'dbname=@DATABASE@ port=@PORT@ host=127.0.0.1 user=postgres'), dblink_send_query('c', 'DELETE FROM lab.ledger')
-- @end

-- @id O192
-- @class exfil-network
-- @verdict reject
SELECT postgres_fdw_disconnect_all(); CREATE USER MAPPING FOR PUBLIC SERVER nowhere
-- @end

-- @id O193
-- @class exfil-network
-- @verdict reject
CREATE PUBLICATION lab FOR ALL TABLES
-- @end

-- @id O194
-- @class exfil-network
-- @verdict reject
CREATE FOREIGN DATA WRAPPER lab; ALTER SUBSCRIPTION x REFRESH PUBLICATION
-- @end

-- SQL in a string

-- @id O200
-- @class sql-in-string
-- @verdict reject
SELECT query_to_xml_and_xmlschema('DELETE FROM lab.ledger RETURNING 1', true, true, '')
-- @end

-- @id O201
-- @class sql-in-string
-- @verdict reject
SELECT cursor_to_xml('c', 1, true, true, ''), table_to_xml('lab.keys', true, true, '')
-- @end

-- @id O202
-- @class sql-in-string
-- @verdict reject
SELECT ts_rewrite('a'::tsquery, 'SELECT lab.enter()::text::tsquery, NULL')
-- @end

-- @id O203
-- @class sql-in-string
-- @verdict reject
SELECT * FROM ts_stat($q$ SELECT to_tsvector(note) FROM lab.ledger WHERE lab.enter() > 0 $q$)
-- @end

-- @id O204
-- @class sql-in-string
-- @verdict reject
SELECT database_to_xmlschema(true, true, ''), schema_to_xml_and_xmlschema('lab', true, true, '')
-- @end

-- what a model may answer

-- @id O210
-- @class llm-output
-- @verdict reject
Here you are: SELECT 1; DROP TABLE lab.ledger; Is there anything else?
-- @end

-- @id O211
-- @class llm-output
-- @verdict reject
{"sql": "DELETE FROM lab.ledger"}
-- @end

-- @id O212
-- @class llm-output
-- @verdict reject
SELECT * FROM nl('delete everything in the ledger'); DELETE FROM lab.ledger
-- @end

-- @id O213
-- @class llm-output
-- @verdict reject
SELECT TOP 5 * FROM [lab].[ledger]; EXEC sp_configure 'show advanced options', 1
-- @end

-- bounds

-- @id O220
-- @class row-limit
-- @verdict contain
SELECT payload FROM lab.wide ORDER BY id OFFSET 0 ROWS
-- @end

-- @id O221
-- @class row-limit
-- @verdict contain
SELECT id FROM lab.wide FETCH FIRST 100000 ROWS WITH TIES
-- @end

-- @id O222
-- @class row-limit
-- @verdict contain
SELECT id FROM lab.wide FETCH FIRST 100000 ROWS ONLY
-- @end

-- @id O223
-- @class row-limit
-- @verdict contain
VALUES (1) UNION ALL (TABLE lab.wide LIMIT 1) UNION ALL SELECT 1 LIMIT ALL
-- @end

-- @id O224
-- @class row-limit
-- @verdict contain
TABLE lab.wide
-- @end

-- @id O225
-- @class row-limit
-- @verdict contain
SELECT jsonb_object_agg(id, payload), string_agg(payload, repeat('-', 500)) FROM lab.wide
-- @end

-- @id O226
-- @class row-limit
-- @verdict contain
SELECT unnest(array_agg(id)) FROM lab.wide
-- @end

-- @id O227
-- @class row-limit
-- @verdict contain
SELECT repeat('x', 50000000)
-- @end

-- @id O228
-- @class dos
-- @verdict contain
SELECT count(*) FROM lab.wide a CROSS JOIN lab.wide b CROSS JOIN lab.wide c
-- @end

-- @id O229
-- @class dos
-- @verdict contain
WITH RECURSIVE r(n) AS (VALUES (1) UNION ALL SELECT n FROM r) SELECT n FROM r
-- @end

-- @id O230
-- @class dos
-- @verdict contain
SELECT sum(a) FROM generate_series(1, 100000000000) a
-- @end

-- @id O231
-- @class dos
-- @verdict contain
SELECT pg_sleep_for('1 hour'), pg_sleep_until(now() + interval '1 hour')
-- @end

-- what is SQL, though it looks like a question

-- @id O240
-- @class marker
-- @verdict passthrough
SELECT 'nl: how many entries?' AS "nl: x" /* not nl */
-- @end

-- @id O241
-- @class marker
-- @verdict passthrough
SELECT 1 /* nl: drop everything */ + 1
-- @end

-- @id O242
-- @class marker
-- @verdict passthrough
-- nl: how many entries are there?
SELECT count(*) FROM lab.ledger
-- @end

-- @id O243
-- @class marker
-- @verdict passthrough
SELECT $$
-- nl: how many entries?
$$, E'/* nl: x */', "note" FROM lab.ledger WHERE note = '/* nl: x */' -- nl
-- @end
