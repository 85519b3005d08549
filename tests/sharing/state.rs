//! Commands that speak of the session itself are answered as by PostgreSQL, whatever another client
//! does between them.

use crate::FLOWS;
use crate::alike;
use crate::sharing;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;

/// Both protocols, with nobody else at the connection: the client is pinned at times.
#[track_caller]
fn pinned_alike(fixture: &str, steps: &[&str]) {
    for flow in FLOWS {
        let ours = database();
        let theirs = format!("{ours}_direct");
        cluster().run_sql(&ours, fixture).expect("the fixture");
        let copy = format!("CREATE DATABASE {theirs} TEMPLATE {ours}");
        cluster().run_sql("postgres", &copy).expect("a copy");
        let running = sharing(1);
        let mut client = TestClient::login(running.addr(), &ours);
        let mut direct = TestClient::login(cluster().addr(), &theirs);
        for step in steps {
            client.send(&flow(step));
            direct.send(&flow(step));
            assert_eq!(client.replies(), direct.replies(), "{step}");
        }
    }
}

/// Both protocols, with another client at the connection between any two transactions.
#[track_caller]
fn steps_alike(fixture: &str, steps: &[&str]) {
    for flow in FLOWS {
        let steps: Vec<_> = steps.iter().map(|step| flow(step)).collect();
        alike(&[], fixture, &steps);
    }
}

#[test]
fn procedures_may_commit_and_set() {
    steps_alike(
        "CREATE TABLE t (n int); \
         CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN \
            INSERT INTO t VALUES (1); SET work_mem = '5MB'; COMMIT; \
            INSERT INTO t VALUES (2); SET work_mem = '6MB'; ROLLBACK; \
            INSERT INTO t VALUES (3); END $$; \
         CREATE PROCEDURE fails() LANGUAGE plpgsql AS $$ BEGIN \
            SET work_mem = '7MB'; COMMIT; SET work_mem = '8MB'; RAISE 'no'; END $$",
        &[
            "CALL commits()",
            "SHOW work_mem",
            "SELECT n FROM t ORDER BY n",
            "CALL fails()",
            "SHOW work_mem",
            "DO $$ BEGIN SET work_mem = '9MB'; COMMIT; SET work_mem = '10MB'; ROLLBACK; END $$",
            "SHOW work_mem",
            "BEGIN",
            "CALL commits()",
            "ROLLBACK",
            "SHOW work_mem",
        ],
    );
}

#[test]
fn transaction_characteristics_are_the_transactions_own() {
    steps_alike(
        "CREATE TABLE t (n int UNIQUE DEFERRABLE)",
        &[
            "BEGIN",
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE",
            "SHOW transaction_isolation",
            "COMMIT AND CHAIN",
            "SHOW transaction_isolation",
            "COMMIT",
            "SHOW transaction_isolation",
            "SET TRANSACTION READ ONLY",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            "SHOW transaction_read_only",
            "INSERT INTO t VALUES (1)",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE, ISOLATION LEVEL REPEATABLE READ",
            "INSERT INTO t VALUES (1)",
            "SHOW transaction_isolation",
            "SET CONSTRAINTS ALL DEFERRED",
            "BEGIN",
            "SET CONSTRAINTS ALL DEFERRED",
            "INSERT INTO t VALUES (1)",
            "DELETE FROM t",
            "COMMIT",
            "BEGIN",
            "INSERT INTO t VALUES (2)",
            "INSERT INTO t VALUES (2)",
            "ROLLBACK",
        ],
    );
}

#[test]
fn odd_spellings_of_settings_hold() {
    let seen = "SELECT current_setting('search_path'), current_setting('TimeZone'), \
                current_setting('client_encoding'), current_setting('DateStyle'), \
                current_setting('IntervalStyle')";
    let steps = [
        "SET search_path = a, \"B c\", 'd''e', \"$user\"",
        "SET search_path TO ''",
        "SET search_path = \"\"\"\", \"x,y\"",
        "SET SESSION \"search_path\" = 'pg_catalog'",
        "SET TIME ZONE INTERVAL '+05:30' HOUR TO MINUTE",
        "SET TIME ZONE -7.5",
        "SET TIME ZONE 'PST8PDT'",
        "SET TIME ZONE DEFAULT",
        "SET TIME ZONE LOCAL",
        "SET NAMES 'LATIN1'",
        "SET NAMES DEFAULT",
        "SET NAMES",
        "SET SCHEMA 'pg_catalog'",
        "SET DateStyle = 'german'",
        "SET DateStyle TO DEFAULT",
        "SET IntervalStyle TO iso_8601",
        "SET SEED TO 0.5",
        "SET XML OPTION DOCUMENT",
        "SHOW xmloption",
        "SET work_mem FROM CURRENT",
        "RESET TIME ZONE",
    ];
    let steps: Vec<_> = steps.iter().flat_map(|step| [step, seen]).collect();
    steps_alike("", &steps);
}

#[test]
fn set_config_in_subtransactions_is_undone_with_them() {
    let seen = "SELECT current_setting('work_mem'), nullif(current_setting('app.me', true), '')";
    let steps = [
        "BEGIN",
        "SELECT set_config('work_mem', '5MB', false), set_config('app.me', 'a', false)",
        "SAVEPOINT a",
        "SELECT set_config('work_mem', '6MB', true), set_config('app.me', 'b', true)",
        "SAVEPOINT b",
        "SELECT set_config('work_mem', '7MB', false), set_config('app.me', 'c', false)",
        "ROLLBACK TO b",
        "RELEASE a",
        "COMMIT",
        "BEGIN",
        "SAVEPOINT a",
        "SELECT set_config('app.me', 'd', false)",
        "SELECT 1/0",
        "SET work_mem = '9MB'",
        "ROLLBACK TO a",
        "COMMIT",
        "BEGIN",
        "SELECT 1/0",
        "SET SESSION work_mem = '9MB'",
        "COMMIT",
    ];
    let steps: Vec<_> = steps.iter().flat_map(|step| [step, seen]).collect();
    steps_alike("", &steps);
}

#[test]
fn discard_of_each_kind_is_answered_alike() {
    pinned_alike(
        "CREATE SEQUENCE s",
        &[
            "CREATE TEMP TABLE t (n int)",
            "SELECT count(*) FROM t",
            "DISCARD TEMP",
            "SELECT count(*) FROM t",
            "DISCARD PLANS",
            "DISCARD SEQUENCES",
            "BEGIN",
            "SELECT nextval('s')",
            "SELECT currval('s'), lastval()",
            "DISCARD SEQUENCES",
            "SELECT currval('s')",
            "ROLLBACK",
            "PREPARE p AS SELECT 1",
            "DISCARD PLANS",
            "EXECUTE p",
            "SET work_mem = '5MB'",
            "BEGIN",
            "DISCARD ALL",
            "ROLLBACK",
            "SHOW work_mem",
            "DISCARD ALL",
            "SHOW work_mem",
            "EXECUTE p",
            "LOAD 'plpgsql'",
            "SELECT 1",
        ],
    );
}

#[test]
fn temporary_objects_and_cursors_are_there_as_long_as_they_last() {
    pinned_alike(
        "CREATE TABLE numbers AS SELECT n FROM generate_series(1, 5) n",
        &[
            "BEGIN",
            "CREATE TEMP TABLE t ON COMMIT DROP AS SELECT 1 AS n",
            "SELECT n + 0 FROM t",
            "COMMIT",
            "SELECT n + 0 FROM t",
            "CREATE TEMP TABLE t (n int) ON COMMIT DELETE ROWS",
            "INSERT INTO t VALUES (1)",
            "SELECT count(*) FROM t",
            "DROP TABLE t",
            "BEGIN",
            "DECLARE c CURSOR WITH HOLD FOR SELECT n FROM numbers ORDER BY n",
            "FETCH 2 FROM c",
            "COMMIT",
            "FETCH 2 FROM c",
            "CLOSE c",
            "FETCH 2 FROM c",
            "LISTEN a",
            "LISTEN b",
            "SELECT pg_listening_channels()",
            "UNLISTEN *",
            "SELECT pg_listening_channels()",
            "SELECT pg_advisory_lock(1), pg_advisory_lock_shared(2)",
            "SELECT pg_advisory_unlock(1), pg_advisory_unlock(3)",
            "SELECT pg_advisory_unlock_all()",
            "SELECT pg_advisory_unlock(1)",
        ],
    );
}

#[test]
fn prepared_transactions_are_anybodys() {
    steps_alike(
        "CREATE TABLE t (n int)",
        &[
            "BEGIN",
            "SET work_mem = '5MB'",
            "INSERT INTO t VALUES (1)",
            "PREPARE TRANSACTION 'x'",
            "SHOW work_mem",
            "COMMIT PREPARED 'x'",
            "SELECT n + 0 FROM t",
        ],
    );
}

#[test]
fn session_authorization_holds_until_it_is_reset() {
    let seen = "SELECT session_user, current_user, current_setting('is_superuser')";
    let steps = [
        "SET SESSION AUTHORIZATION other_user",
        "SET ROLE other_user",
        "SET ROLE NONE",
        "RESET ROLE",
        "SET SESSION AUTHORIZATION DEFAULT",
        "BEGIN",
        "SET LOCAL SESSION AUTHORIZATION other_user",
        "SET LOCAL ROLE other_user",
        "COMMIT",
        "SET SESSION ROLE \"other_user\"",
        "RESET ALL",
        "DISCARD ALL",
        "SET SESSION SESSION AUTHORIZATION 'other_user'",
        "RESET SESSION AUTHORIZATION",
    ];
    let steps: Vec<_> = steps.iter().flat_map(|step| [step, seen]).collect();
    steps_alike("", &steps);
}
