//! `pgparley check --sql`: what policies would do to the statements of a file.

use std::process::Command;
use std::process::Output;

use crate::cluster;
use crate::prepared_database;

const CONFIG: &str = "\
[[database]]
name = \"*\"
upstream = \"postgres://127.0.0.1\"

[[policy]]
name = \"analysts\"
match = { user = \"analyst\" }
read_only = true
row_limit = 3

[[policy]]
name = \"clerks\"
match = { user = \"clerk\" }
deny_tables = [\"u\"]
";

fn check(sql: &str, more: &[&str]) -> (Output, String) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let config = directory.path().join("pgparley.toml");
    let statements = directory.path().join("statements.sql");
    std::fs::write(&config, CONFIG).expect("it can be written");
    std::fs::write(&statements, sql).expect("it can be written");
    let output = Command::new(env!("CARGO_BIN_EXE_pgparley"))
        .arg("check")
        .arg("--config")
        .arg(&config)
        .arg("--sql")
        .arg(&statements)
        .args(more)
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, said)
}

#[test]
fn each_statement_is_told_with_its_line_and_rule() {
    let sql = "SELECT 1;\n-- two\nDELETE FROM t;\nTABLE t";
    let (output, said) = check(sql, &["--as", "analyst@shop"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let expected = "\
policy: analysts
1: rewritten: SELECT 1 LIMIT 4
3: refused: DELETE FROM t
    rule read_only, 25006: cannot execute DELETE in a read-only session
    hint: Policy \"analysts\" has read_only = true.
4: forwarded: TABLE t
";
    assert_eq!(said, expected);
}

#[test]
fn the_database_says_what_it_has() {
    let database = prepared_database();
    let url = format!("postgres://postgres@{}/{database}", cluster().addr());
    let (output, said) = check("TABLE t", &["--as", "analyst@shop", "--url", &url]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(said, "policy: analysts\n1: rewritten: TABLE t LIMIT 4\n");
}

#[test]
fn who_has_no_policy_does_what_he_likes() {
    let (output, said) = check("DROP TABLE t", &["--as", "owner@shop"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        said,
        "no policy holds: everything is forwarded\n1: forwarded: DROP TABLE t\n"
    );
}

#[test]
fn rules_about_objects_ask_the_database() {
    let database = prepared_database();
    let made = "CREATE TABLE u (n int); CREATE VIEW v AS SELECT n FROM u";
    cluster().run_sql(&database, made).expect("a view");
    let url = format!("postgres://postgres@{}/{database}", cluster().addr());
    let sql = "SELECT 1;\nSELECT n FROM v";
    let (output, said) = check(sql, &["--as", "clerk@shop", "--url", &url]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told: Vec<_> = said.lines().take(3).collect();
    let expected = [
        "policy: clerks",
        "1: forwarded: SELECT 1",
        "2: refused: SELECT n FROM v",
    ];
    assert_eq!(told, expected, "{said}");
}

#[test]
fn what_is_psqls_own_is_left_out_and_a_question_is_one() {
    let sql = "\\set ON_ERROR_STOP on\nSELECT 1;\nCOPY t (id) FROM stdin;\nit's\n\\.\n\\d t\n/* nl: how many? */;";
    let (output, said) = check(sql, &["--as", "analyst@shop"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let expected = "\
policy: analysts
2: rewritten: SELECT 1 LIMIT 4
3: refused: COPY t (id) FROM stdin
    rule read_only, 25006: cannot execute COPY FROM in a read-only session
    hint: Policy \"analysts\" has read_only = true.
7: question: /* nl: how many? */
    judged by the SQL that answers it
";
    assert_eq!(said, expected);
}
