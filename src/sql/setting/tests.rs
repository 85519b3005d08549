//! Forms of SET.

use super::*;
use crate::sql::script::Script;

fn told(text: &str) -> String {
    let script = Script::lex(text.as_bytes()).expect("the text lexes");
    let statement = script.runnable().next().expect("a statement");
    let told = changes(script.tokens(statement)).into_iter().map(|change| {
        let name = change.name.as_deref().unwrap_or("?").to_owned();
        match change.to {
            NewValue::Literal(value) => format!("{name}={value}"),
            NewValue::Default => format!("{name}=DEFAULT"),
            NewValue::Unknown => format!("{name}=?"),
        }
    });
    told.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_form_of_set_names_its_setting() {
    for (text, expected) in [
        ("SET work_mem = '1MB'", "work_mem=1MB"),
        ("SET LOCAL Statement_Timeout TO 5", "statement_timeout=5"),
        ("SET SESSION a.\"B\" = x", "a.b=x"),
        ("SET local = 1", "local=1"),
        ("SET session.x TO 1", "session.x=1"),
        ("SET local.x = -5", "local.x=-5"),
        ("SET sort_mem = 1", "work_mem=1"),
        ("SET a TO DEFAULT", "a=DEFAULT"),
        ("SET a = \"default\"", "a=default"),
        ("SET search_path = a, b", "search_path=?"),
        ("SET a = E'5'", "a=?"),
        ("SET a = '5'\n'6'", "a=?"),
        ("SET U&\"a\" = 5", "?=?"),
        ("SET TIME ZONE 'UTC'", "timezone=UTC"),
        ("SET LOCAL TIME ZONE DEFAULT", "timezone=DEFAULT"),
        ("SET NAMES 'latin1'", "client_encoding=latin1"),
        ("SET ROLE admin", "role=admin"),
        ("SET LOCAL ROLE NONE", "role=none"),
        ("SET SESSION AUTHORIZATION bob", "session_authorization=bob"),
        (
            "SET LOCAL SESSION AUTHORIZATION bob",
            "session_authorization=bob",
        ),
        ("SET SCHEMA 's'", "search_path=s"),
        ("SET XML OPTION DOCUMENT", "xmloption=document"),
        ("SET CONSTRAINTS ALL DEFERRED", ""),
        (
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE",
            "transaction_isolation=? transaction_read_only=off",
        ),
        (
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY, NOT DEFERRABLE",
            "default_transaction_read_only=on default_transaction_deferrable=?",
        ),
        ("BEGIN READ WRITE", "transaction_read_only=off"),
        ("BEGIN", ""),
        ("RESET a.b", "a.b=DEFAULT"),
        ("RESET TIME ZONE", "timezone=DEFAULT"),
        ("RESET ROLE", "role=DEFAULT"),
        (
            "RESET SESSION AUTHORIZATION",
            "session_authorization=DEFAULT",
        ),
        ("RESET ALL", ""),
        ("DISCARD ALL", ""),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
}

#[test]
fn settings_are_found_in_calls_and_in_other_statements() {
    for (text, expected) in [
        ("SELECT set_config('A', '5', false)", "a=5"),
        (
            "SELECT pg_catalog.\"set_config\"('a', NULL, true)",
            "a=DEFAULT",
        ),
        ("SELECT set_config('a', $1, false)", "a=?"),
        ("SELECT set_config('a', '5' || '0', false)", "a=?"),
        ("SELECT set_config($1, '5', false)", "?=?"),
        ("SELECT set_config('a' || 'b', '5', false)", "?=?"),
        ("SELECT set_config(E'a', '5', false)", "?=?"),
        (
            "SELECT set_config(is_local => true, setting_name => 'a', new_value => 'b')",
            "?=?",
        ),
        (
            "SELECT set_config(name, 'view', false) FROM pg_catalog.pg_settings WHERE name = 'a'",
            "a=view",
        ),
        (
            "SELECT set_config(name, 'view', false) FROM pg_settings WHERE name = 'a' OR true",
            "?=?",
        ),
        ("SELECT U&\"set\\005fconfig\"('a', '5', false)", "?=?"),
        (
            "SELECT \"SET_CONFIG\"('a', '5', false), set_config FROM t",
            "",
        ),
        ("UPDATE pg_settings SET setting = '0'", "?=?"),
        (
            "WITH u AS (UPDATE ONLY pg_catalog.pg_settings SET setting = 1) SELECT 1",
            "?=?",
        ),
        ("SELECT setting FROM pg_settings", ""),
        ("CREATE TEMP VIEW v AS TABLE pg_settings", "?=?"),
        ("CREATE VIEW v AS SELECT 1 AS a", ""),
        ("ALTER ROLE bob IN DATABASE d SET a = 5", "a=5"),
        ("ALTER DATABASE d RESET a", "a=DEFAULT"),
        ("ALTER ROLE reset SET a = 5", "set=DEFAULT a=5"),
        ("ALTER FUNCTION s.reset SET a = 5", "a=5"),
        ("ALTER ROLE bob IN DATABASE set SET a = 5", "?=? a=5"),
        ("ALTER DATABASE d SET TABLESPACE x", ""),
        ("ALTER USER ALL RESET ALL", ""),
        ("ALTER SYSTEM SET a TO '5'", "a=5"),
        ("ALTER ROLE bob SET TIME ZONE 'UTC'", "timezone=UTC"),
        (
            "ALTER FUNCTION f(int) SET a = 5 SET b FROM CURRENT RESET c",
            "a=5 b=? c=DEFAULT",
        ),
        ("ALTER FUNCTION f() SET SCHEMA s", ""),
        (
            "ALTER TABLE t ALTER c SET DEFAULT 5, SET (fillfactor = 5)",
            "",
        ),
        ("ALTER TABLE role ALTER c SET DEFAULT 5", ""),
        (
            "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql SET a = 5 AS 'x'",
            "a=5",
        ),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET a = 5 AS 'x'",
            "a=5",
        ),
        (
            "CREATE TABLE t (a text DEFAULT set_config('a', '5', false))",
            "a=5",
        ),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
}
