//! What a client has set holds for it on every server connection, and for nobody else.

use crate::FLOWS;
use crate::Shared;
use crate::alike;
use crate::expect;
use crate::sharing;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::bind;
use crate::support::message::execute;
use crate::support::message::parse;
use crate::support::message::sync;
use crate::support::proxy::wait_for;

/// What the other client has set too. A custom setting that was once set is empty afterwards.
const SEEN: &str = "SELECT current_setting('TimeZone'), current_setting('DateStyle'), \
    current_setting('work_mem'), current_setting('search_path'), \
    nullif(current_setting('app.me', true), ''), nullif(current_setting('app.other', true), ''), \
    current_setting('application_name'), current_setting('client_encoding'), \
    current_setting('standard_conforming_strings'), current_setting('bytea_output'), \
    current_user, session_user";

/// Both protocols; what is set is looked at behind every step.
#[track_caller]
fn settings_alike(parameters: &[(&str, &str)], fixture: &str, steps: &[&str]) {
    for flow in FLOWS {
        let looked_at = steps.iter().flat_map(|step| [flow(step), flow(SEEN)]);
        let steps: Vec<_> = [flow(SEEN)].into_iter().chain(looked_at).collect();
        alike(parameters, fixture, &steps);
    }
}

#[test]
fn what_was_set_holds_in_every_later_transaction() {
    settings_alike(
        &[],
        "",
        &[
            "SET TimeZone = 'Europe/Paris'",
            "SET DateStyle TO 'SQL, DMY'",
            "SET work_mem = '5MB'",
            "SELECT 1 / 0",
            "SET search_path = \"$user\", \"it's \"\"odd\"\"\", public",
            "SET SESSION application_name = 'mine'",
            "SET TIME ZONE 'Asia/Kolkata'",
            "SET TIME ZONE -3",
            "SET NAMES 'SQL_ASCII'",
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "SHOW default_transaction_isolation",
        ],
    );
}

#[test]
fn what_was_set_in_a_block_holds_from_its_commit_on() {
    settings_alike(
        &[],
        "",
        &[
            "BEGIN",
            "SET TimeZone = 'Europe/Paris'",
            "SET work_mem = '5MB'",
            "COMMIT",
            "BEGIN",
            "SET TimeZone = 'Europe/Rome'",
            "COMMIT AND CHAIN",
            "SET work_mem = '6MB'",
            "ROLLBACK",
        ],
    );
}

#[test]
fn what_a_rolled_back_transaction_has_set_is_undone() {
    settings_alike(
        &[],
        "",
        &[
            "SET TimeZone = 'Europe/Paris'",
            "BEGIN",
            "SET TimeZone = 'Europe/Rome'",
            "RESET work_mem",
            "ROLLBACK",
            "BEGIN",
            "RESET ALL",
            "ROLLBACK",
            "BEGIN",
            "SET work_mem = '5MB'",
            "SELECT nothing",
            "COMMIT",
        ],
    );
}

#[test]
fn rollback_to_a_savepoint_undoes_what_was_set_behind_it() {
    settings_alike(
        &[],
        "",
        &[
            "BEGIN",
            "SET TimeZone = 'Europe/Paris'",
            "SAVEPOINT a",
            "SET TimeZone = 'Europe/Rome'",
            "SET app.me = 'rolled back'",
            "ROLLBACK TO SAVEPOINT a",
            "COMMIT",
            "BEGIN",
            "SAVEPOINT a",
            "SET work_mem = '5MB'",
            "RELEASE a",
            "COMMIT",
            "BEGIN",
            "SAVEPOINT a",
            "SELECT 1 / 0",
            "ROLLBACK TO a",
            "SET DateStyle = 'SQL'",
            "COMMIT",
        ],
    );
}

#[test]
fn set_local_ends_with_its_transaction() {
    settings_alike(
        &[],
        "CREATE FUNCTION local() RETURNS text SET work_mem = '9MB' LANGUAGE sql \
         AS $$ SELECT current_setting('work_mem') $$",
        &[
            "SET LOCAL work_mem = '5MB'",
            "SET work_mem = '3MB'",
            "BEGIN",
            "SET LOCAL TimeZone = 'Europe/Paris'",
            "SET LOCAL work_mem = '5MB'",
            "SET LOCAL app.me = 'mine'",
            "COMMIT",
            "SELECT set_config('work_mem', '4MB', true)",
            "BEGIN",
            "SET work_mem = '8MB'",
            "SET LOCAL work_mem = '5MB'",
            "COMMIT",
            "SELECT local()",
        ],
    );
}

#[test]
fn commit_that_fails_undoes_what_was_set() {
    settings_alike(
        &[],
        "CREATE TABLE checked (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)",
        &[
            "BEGIN",
            "SET TimeZone = 'Europe/Paris'",
            "SET app.me = 'mine'",
            "INSERT INTO checked VALUES (1), (1)",
            "COMMIT",
        ],
    );
}

#[test]
fn set_config_holds_like_set() {
    settings_alike(
        &[],
        "",
        &[
            "SELECT set_config('TimeZone', 'Europe/Paris', false)",
            "SELECT set_config('work_mem', '5MB', false)",
            "SELECT set_config('app.me', 'it''s me', false)",
            "SELECT set_config('app.me', '', false)",
            "SELECT set_config('TimeZone', NULL, false)",
            "UPDATE pg_settings SET setting = '6MB' WHERE name = 'work_mem'",
        ],
    );
}

#[test]
fn set_config_with_parameters_holds_like_set() {
    let call = |name: &str, value: Option<&[u8]>| {
        let set = format!("SELECT set_config('{name}', $1, false)");
        [
            parse("", &set),
            bind("", "", &[value]),
            execute("", 0),
            sync(),
        ]
        .concat()
    };
    let named = |value: &[u8]| [bind("", "s", &[Some(value)]), execute("", 0), sync()].concat();
    let custom = |value: &[u8]| [bind("", "c", &[Some(value)]), execute("", 0), sync()].concat();
    let seen = || FLOWS[1](SEEN);
    alike(
        &[],
        "",
        &[
            call("TimeZone", Some(b"Europe/Paris")),
            seen(),
            [parse("c", "SELECT set_config('app.me', $1, false)"), sync()].concat(),
            custom(b"mine"),
            seen(),
            custom(b"mine \\ 'again'"),
            seen(),
            [
                parse("s", "SELECT set_config('work_mem', $1, false)"),
                sync(),
            ]
            .concat(),
            seen(),
            named(b"5MB"),
            seen(),
            named(b"6MB"),
            seen(),
            call("TimeZone", None),
            seen(),
        ],
    );
}

#[test]
fn start_up_parameters_are_what_reset_returns_to() {
    let start: &[(&str, &str)] = &[
        ("TimeZone", "Europe/Paris"),
        ("application_name", "mine"),
        ("work_mem", "5MB"),
        ("app.me", "it's \\ me"),
        ("client_encoding", "LATIN1"),
    ];
    settings_alike(
        start,
        "",
        &[
            "SET TimeZone = 'Europe/Rome'",
            "RESET TimeZone",
            "SET TimeZone = 'Europe/Rome'",
            "SET TimeZone TO DEFAULT",
            "SET TIME ZONE LOCAL",
            "SET work_mem = '6MB'",
            "SET app.me = 'somebody'",
            "RESET ALL",
            "SET application_name = 'somebody'",
            "SET client_encoding TO DEFAULT",
            "DISCARD ALL",
            // Its own row tells what it was before it is put right.
            "SELECT FROM set_config('work_mem', NULL, false)",
        ],
    );
}

#[test]
fn reset_in_a_block_returns_to_the_start_at_once() {
    let start: &[(&str, &str)] = &[("TimeZone", "Europe/Paris"), ("work_mem", "5MB")];
    settings_alike(
        start,
        "",
        &[
            "SET TimeZone = 'Europe/Rome'",
            "BEGIN",
            "RESET TimeZone",
            "SAVEPOINT a",
            "SET work_mem = '7MB'",
            "SET work_mem TO DEFAULT",
            "ROLLBACK TO a",
            "RESET ALL",
            "COMMIT",
        ],
    );
}

#[test]
fn options_are_read_as_the_server_reads_them() {
    let options = r#"-c search_path=a,\ "b\ c",\ 'it''s',\ public --work-mem=5MB -c app.me=x\\y"#;
    settings_alike(
        &[("options", options)],
        "",
        &[
            "SET search_path = public",
            "RESET search_path",
            "SHOW search_path",
            "DISCARD ALL",
        ],
    );
}

#[test]
fn custom_settings_are_like_any_other() {
    settings_alike(
        &[],
        "",
        &[
            "SET app.me = 'mine'",
            "SET app.other = 'too'",
            "SET \"App.Me\" = 'again'",
            "BEGIN",
            "SET app.me = 'rolled back'",
            "ROLLBACK",
            "RESET app.me",
            "SET app.me = ''",
            "SET app.me = 'back'",
            "RESET ALL",
        ],
    );
}

#[test]
fn roles_hold_for_their_client_only() {
    cluster()
        .run_sql(
            "postgres",
            "CREATE ROLE role_a; CREATE ROLE role_b; GRANT role_b TO role_a",
        )
        .expect("roles");
    settings_alike(
        &[],
        "",
        &[
            "SET ROLE role_a",
            "SET TimeZone = 'Europe/Paris'",
            "SET ROLE NONE",
            "SET SESSION AUTHORIZATION role_a",
            "SET ROLE role_b",
            "RESET ROLE",
            "RESET SESSION AUTHORIZATION",
            "BEGIN",
            "SET LOCAL ROLE role_a",
            "COMMIT",
            "BEGIN",
            "SET ROLE role_a",
            "ROLLBACK",
            "SET SESSION AUTHORIZATION role_a",
            "SET ROLE postgres",
            "RESET ALL",
            "DISCARD ALL",
        ],
    );
}

#[test]
fn client_without_rights_keeps_its_role() {
    cluster()
        .run_sql(
            "postgres",
            "CREATE ROLE plain LOGIN; CREATE ROLE granted; GRANT granted TO plain",
        )
        .expect("roles");
    let running = sharing(1);
    let database = database();
    let parameters = [("user", "plain"), ("database", database.as_str())];
    let [mut one, mut two] =
        [(); 2].map(|()| TestClient::login_with(running.addr(), &parameters).expect("a login"));
    one.rows("SET ROLE granted");
    assert_eq!(two.row("SELECT current_user, session_user"), "plain|plain");
    assert_eq!(
        one.row("SELECT current_user, session_user"),
        "granted|plain"
    );
    assert_eq!(two.error("SET ROLE other_admin").text(), "22023");
    two.rows("SET SESSION AUTHORIZATION plain");
    assert_eq!(one.row("SELECT current_user"), "granted");
    assert_eq!(two.row("SELECT current_user"), "plain");
}

#[test]
fn role_that_was_dropped_is_an_error_and_the_session_goes_on() {
    let database = database();
    cluster()
        .run_sql("postgres", "CREATE ROLE short_lived")
        .expect("a role");
    let mut shared = Shared::login(&[("user", "postgres"), ("database", &database)]);
    shared.client.rows("SET ROLE short_lived");
    let mut second = TestClient::login(shared.running.addr(), &database);
    second.rows("DROP ROLE short_lived");
    for _ in 0..2 {
        let error = shared.client.error("SELECT 1");
        assert_eq!(error.field('S'), "ERROR", "{error:?}");
        assert!(error.field('M').contains("short_lived"), "{error:?}");
        assert_eq!(second.row("SELECT current_user"), "postgres");
    }
    cluster()
        .run_sql("postgres", "CREATE ROLE short_lived")
        .expect("a role");
    assert_eq!(shared.client.row("SELECT current_user"), "short_lived");
}

#[test]
fn role_that_was_dropped_can_be_given_up() {
    let database = database();
    let mut shared = Shared::login(&[("user", "postgres"), ("database", &database)]);
    let mut admin = TestClient::login(cluster().addr(), &database);
    admin.rows("CREATE ROLE another_role");
    for flow in FLOWS {
        for (set, give_up, role) in [
            ("SET ROLE gone", "RESET ROLE", "postgres"),
            ("SET ROLE gone", "SET ROLE another_role", "another_role"),
            ("SET ROLE gone", "DISCARD ALL", "postgres"),
            (
                "SET SESSION AUTHORIZATION gone",
                "RESET SESSION AUTHORIZATION",
                "postgres",
            ),
        ] {
            admin.rows("CREATE ROLE gone");
            shared.ask(&flow(set));
            admin.rows("DROP ROLE gone");
            for failing in ["SELECT 1", "RESET ROLE; SELECT 1", "SET ROLE nobody_at_all"] {
                let replies = shared.ask(&flow(failing));
                let is_error = |message: &Message| message.kind() == Kind::ErrorResponse;
                assert!(replies.iter().any(is_error), "{failing}: {replies:?}");
            }
            let replies = shared.ask(&flow(give_up));
            let complete = |message: &Message| message.kind() == Kind::CommandComplete;
            assert!(replies.iter().any(complete), "{give_up}: {replies:?}");
            assert_eq!(shared.client.row("SELECT current_user"), role, "{give_up}");
            shared.ask(&flow("DISCARD ALL"));
        }
    }
}

#[test]
fn what_do_and_call_have_set_holds() {
    settings_alike(
        &[],
        "CREATE PROCEDURE sets(zone text) LANGUAGE plpgsql AS \
            $$ BEGIN PERFORM set_config('TimeZone', zone, false); SET work_mem = '5MB'; END $$; \
         CREATE PROCEDURE commits() LANGUAGE plpgsql AS \
            $$ BEGIN SET work_mem = '6MB'; COMMIT; SET work_mem = '7MB'; ROLLBACK; END $$",
        &[
            "DO $$ BEGIN SET DateStyle = 'SQL'; SET LOCAL work_mem = '9MB'; END $$",
            "CALL sets('Europe/Paris')",
            "CALL commits()",
            "DO $$ BEGIN SET DateStyle = 'ISO'; RAISE 'no'; END $$",
            "DO $$ BEGIN EXECUTE 'SET ROLE other_user'; END $$",
        ],
    );
}

#[test]
fn custom_settings_hold_whose_names_stand_in_a_body_or_a_parameter() {
    settings_alike(
        &[],
        "",
        &[
            "DO $$ BEGIN SET app.me = 'mine'; END $$",
            "DO $$ BEGIN PERFORM set_config('app.other', 'too', false); END $$",
            "DO 'BEGIN EXECUTE ''SET app.me = 1''; END'",
        ],
    );
    let run = |name: &[u8], value: &[u8]| {
        let values = [Some(name), Some(value)];
        [bind("", "s", &values), execute("", 0), sync()].concat()
    };
    alike(
        &[],
        "",
        &[
            [parse("s", "SELECT set_config($1, $2, false)"), sync()].concat(),
            run(b"app.me", b"mine"),
            FLOWS[1](SEEN),
            run(b"app.other", b"too"),
            FLOWS[1](SEEN),
            run(b"work_mem", b"5MB"),
            FLOWS[1](SEEN),
        ],
    );
}

#[test]
fn client_with_a_setting_whose_name_no_text_tells_keeps_its_connection() {
    let running = sharing(1);
    let database = database();
    let mut client = TestClient::login(running.addr(), &database);
    let pid = client.row(crate::PID);
    client.rows("SELECT set_config('app.' || 'me', 'mine', false)");
    assert_eq!(client.row("SHOW app.me"), "mine");
    drop(client);
    // Reset, not closed.
    let mut next = TestClient::login(running.addr(), &database);
    assert_eq!(next.row(crate::PID), pid);
    assert_eq!(next.row("SELECT current_setting('app.me', true)"), "");
}

#[test]
fn statement_prepared_and_executed_in_one_text_leaves_nothing_to_the_next_client() {
    let running = sharing(1);
    let database = database();
    let [mut client, mut next] = [(); 2].map(|()| TestClient::login(running.addr(), &database));
    client.rows("PREPARE p AS SELECT set_config('work_mem', '7MB', false); EXECUTE p");
    assert_eq!(next.row("SHOW work_mem"), "4MB");
    assert_eq!(client.row("SHOW work_mem"), "7MB");
}

#[test]
fn custom_setting_whose_name_no_text_tells_is_not_seen_by_the_next_client() {
    let running = sharing(2);
    let database = database();
    let login = || TestClient::login(running.addr(), &database);
    for set in [
        "SELECT set_config('app.' || 'me', 'mine', false)",
        "DO $$ BEGIN SET app.me = 'mine'; END $$",
        "PREPARE p AS SELECT set_config('app.' || 'me', 'mine', false); EXECUTE p",
    ] {
        let seen = "SELECT nullif(current_setting('app.me', true), '')";
        let mut client = login();
        client.rows(set);
        assert_eq!(login().row(seen), "∅", "{set}");
        drop(client);
        let mut others = [login(), login()];
        for other in &mut others {
            other.rows("BEGIN");
            assert_eq!(other.row(seen), "∅", "{set}");
        }
    }
}

#[test]
fn set_to_default_returns_to_the_start_at_once() {
    settings_alike(
        &[
            ("work_mem", "5MB"),
            ("TimeZone", "Europe/Paris"),
            (
                "options",
                r#"-c search_path=a,\ "B\ c",\ public -c app.me=it's\\\ me"#,
            ),
        ],
        "",
        &[
            "SET work_mem = '6MB'",
            "BEGIN",
            "SET LOCAL work_mem TO DEFAULT",
            "COMMIT",
            "SET TimeZone = 'Asia/Tokyo'",
            "BEGIN",
            "SET LOCAL TIME ZONE LOCAL",
            "SET LOCAL search_path = pg_catalog",
            "SET LOCAL search_path TO DEFAULT",
            "ROLLBACK",
            "SET search_path = pg_catalog",
            "SET app.me = 'x'",
            "SET SESSION app.me = DEFAULT",
            "SET search_path = DEFAULT",
        ],
    );
    let script = "SET work_mem = '7MB'; SET work_mem TO DEFAULT; SHOW work_mem; SELECT nothing";
    alike(&[("work_mem", "5MB")], "", &[FLOWS[0](script)]);
}

#[test]
fn parameters_are_reported_when_the_next_connection_differs_and_only_then() {
    let database = database();
    let running = sharing(1);
    let mut client = TestClient::login(running.addr(), &database);
    let told = client.parameters["TimeZone"].clone();
    assert_ne!(told, "Asia/Tokyo");
    let backend = client.row(crate::PID);
    let mut watcher = TestClient::login(cluster().addr(), &database);
    watcher.rows(&format!(
        "ALTER DATABASE {database} SET TimeZone = 'Asia/Tokyo'"
    ));
    watcher.rows(&format!("SELECT pg_terminate_backend({backend}, 10000)"));
    let gone = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {backend}");
    wait_for(&mut watcher, &gone, "0");
    let replies = client.run("SHOW TimeZone");
    let reported = |replies: &[crate::support::message::Message]| -> Vec<String> {
        let reports = replies
            .iter()
            .filter(|message| message.kind() == Kind::ParameterStatus);
        reports
            .map(crate::support::message::Message::text)
            .collect()
    };
    assert_eq!(reported(&replies), ["TimeZone=Asia/Tokyo"], "{replies:?}");
    let mut second = TestClient::login(running.addr(), &database);
    second.rows("SET TimeZone = 'Europe/Rome'");
    assert_eq!(reported(&client.run("SELECT 1")), [""; 0]);
}

#[test]
fn report_of_a_setting_comes_once_and_before_ready_for_query() {
    let running = sharing(1);
    let database = database();
    let [mut client, mut second] = [(); 2].map(|()| TestClient::login(running.addr(), &database));
    second.rows("SET TimeZone = 'Europe/Rome'");
    client.query("SET TimeZone = 'Europe/Paris'");
    expect!(client, CommandComplete, "SET");
    expect!(client, ParameterStatus, "TimeZone=Europe/Paris");
    expect!(client, ReadyForQuery, "I");
    second.rows("SELECT 1");
    client.query("SELECT 1");
    expect!(client, RowDescription);
    expect!(client, DataRow, "1");
}
