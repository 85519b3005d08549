//! What functions do to the session inside their bodies holds for their caller, and for nobody else.

use crate::FLOWS;
use crate::PID;
use crate::alike;
use crate::sharing;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::bind;
use crate::support::message::execute;
use crate::support::message::parse;
use crate::support::message::sync;

const FUNCTIONS: &str = "\
    CREATE FUNCTION sets(value text) RETURNS void LANGUAGE plpgsql AS \
        $$ BEGIN PERFORM set_config('work_mem', value, false); SET app.me = 'mine'; END $$; \
    CREATE FUNCTION by_another(value text) RETURNS int LANGUAGE sql AS \
        $$ SELECT sets(value); SELECT 1 $$; \
    CREATE FUNCTION atomic(value text) RETURNS void LANGUAGE sql BEGIN ATOMIC \
        SELECT sets(value); END; \
    CREATE FUNCTION dynamic(command text) RETURNS void LANGUAGE plpgsql AS \
        $$ BEGIN EXECUTE command; END $$; \
    CREATE FUNCTION quiet(n int) RETURNS int LANGUAGE sql AS $$ SELECT n + 1 $$; \
    CREATE FUNCTION \"It's\"() RETURNS void LANGUAGE sql AS $$ SELECT sets('9MB') $$; \
    CREATE SCHEMA other; \
    CREATE FUNCTION other.count(a text) RETURNS void LANGUAGE sql AS $$ SELECT sets(a) $$; \
    CREATE FUNCTION makes() RETURNS void LANGUAGE plpgsql AS \
        $$ BEGIN CREATE TEMP TABLE IF NOT EXISTS t AS SELECT 1 AS n; END $$; \
    CREATE FUNCTION locks() RETURNS void LANGUAGE sql AS $$ SELECT pg_advisory_lock(7) $$; \
    CREATE FUNCTION listens() RETURNS void LANGUAGE plpgsql AS $$ BEGIN LISTEN news; END $$; \
    CREATE FUNCTION computed(name text) RETURNS void LANGUAGE sql AS \
        $$ SELECT set_config('app.' || name, 'mine', false) $$; \
    CREATE PROCEDURE calls() LANGUAGE plpgsql AS \
        $$ BEGIN SET app.other = 'too'; COMMIT; SET app.me = 'other'; END $$";

#[test]
fn what_functions_set_holds() {
    let seen = "SELECT current_setting('work_mem'), nullif(current_setting('app.me', true), ''), \
                nullif(current_setting('app.other', true), '')";
    let steps = [
        "SELECT sets('5MB')",
        "SELECT by_another('6MB') FROM generate_series(1, 2)",
        "SELECT quiet(1)",
        "SELECT atomic('7MB')",
        "SELECT dynamic('SET work_mem = ''8MB''')",
        "SELECT \"It's\"()",
        "SELECT other.count('10MB')",
        "BEGIN",
        "SELECT sets('11MB')",
        "ROLLBACK",
        "SELECT sets('12MB'), 1 / 0",
        "CALL calls()",
        "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT sets('13MB')",
        "PREPARE p AS SELECT sets($1)",
        "EXECUTE p('14MB')",
        "DEALLOCATE p",
    ];
    for flow in FLOWS {
        let looked_at = steps.iter().flat_map(|step| [flow(step), flow(seen)]);
        alike(&[], FUNCTIONS, &looked_at.collect::<Vec<_>>());
    }
}

#[test]
fn what_a_prepared_call_sets_holds_each_time() {
    let run = |value: &[u8]| [bind("", "s", &[Some(value)]), execute("", 0), sync()].concat();
    let seen = || FLOWS[1]("SHOW work_mem");
    alike(
        &[],
        FUNCTIONS,
        &[
            [parse("s", "SELECT sets($1)"), sync()].concat(),
            run(b"5MB"),
            seen(),
            run(b"6MB"),
            seen(),
            [parse("e", "EXPLAIN SELECT sets('1MB')"), sync()].concat(),
            seen(),
        ],
    );
}

#[test]
fn what_functions_make_keeps_their_caller() {
    let running = sharing(2);
    let database = database();
    cluster().run_sql(&database, FUNCTIONS).expect("functions");
    let left = "SELECT to_regclass('pg_temp.t'), (SELECT count(*) FROM pg_listening_channels()), \
        (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()), \
        nullif(current_setting('app.x', true), '')";
    for (call, found) in [
        ("SELECT makes()", "t|0|0|∅"),
        ("SELECT locks()", "∅|0|1|∅"),
        ("SELECT listens()", "∅|1|0|∅"),
        ("SELECT computed('x')", "∅|0|0|mine"),
    ] {
        let mut client = TestClient::login(running.addr(), &database);
        let mut other = TestClient::login(running.addr(), &database);
        client.rows(call);
        let pid = client.row(PID);
        assert_ne!(other.row(PID), pid, "{call}");
        assert_eq!(other.row(left), "∅|0|0|∅", "{call}");
        assert_eq!(client.row(left), found, "{call}");
        assert_eq!(client.row(PID), pid, "{call}");
        drop(client);
        let mut others = [(); 2].map(|()| TestClient::login(running.addr(), &database));
        for other in &mut others {
            other.rows("BEGIN");
            assert_eq!(other.row(left), "∅|0|0|∅", "{call}");
        }
    }
}

#[test]
fn function_that_is_replaced_is_read_again() {
    let running = sharing(1);
    let database = database();
    cluster().run_sql(&database, FUNCTIONS).expect("functions");
    let [mut client, mut other] = [(); 2].map(|()| TestClient::login(running.addr(), &database));
    assert_eq!(client.row("SELECT quiet(1)"), "2");
    other.rows(
        "CREATE OR REPLACE FUNCTION quiet(n int) RETURNS int LANGUAGE sql AS \
         $$ SELECT sets('9MB'); SELECT n $$",
    );
    assert_eq!(client.row("SELECT quiet(1)"), "1");
    assert_eq!(other.row("SHOW work_mem"), "4MB");
    assert_eq!(client.row("SHOW work_mem"), "9MB");
    other.rows("ALTER FUNCTION quiet(int) RENAME TO silent; ALTER FUNCTION sets RENAME TO quiet");
    client.rows("SELECT quiet('10MB')");
    assert_eq!(other.row("SHOW work_mem"), "4MB");
    assert_eq!(client.row("SHOW work_mem"), "10MB");
}
