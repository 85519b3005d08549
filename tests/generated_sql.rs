//! What of generated SQL runs, how it is written anew, and what is refused.

#[path = "generated_sql/corpus.rs"]
mod corpus;
#[path = "generated_sql/refusals.rs"]
mod refusals;
#[path = "generated_sql/shop.rs"]
mod shop;
pub mod support;
#[path = "generated_sql/written.rs"]
mod written;

use proptest::prelude::*;

use pgparley::guard::generated::check;
use pgparley::guard::generated::check_embedded;

use shop::refused;
use shop::shop;
use shop::written;
use support::cluster;

#[test]
fn what_is_too_big_is_refused_and_overflows_no_stack() {
    let long = format!("SELECT '{}'", "x".repeat(70_000));
    assert_eq!(refused(&long).sqlstate, "54000");
    let many = format!("SELECT 1{}", "+1".repeat(20_000));
    assert_eq!(refused(&many).sqlstate, "54000");
    let deep = format!("SELECT {}1{}", "(".repeat(500), ")".repeat(500));
    assert_eq!(refused(&deep).sqlstate, "54000");
    let chain = format!("SELECT 1{}", " + 1".repeat(4_900));
    assert_eq!(written(&chain), chain);
    for depth in [20, 40, 99] {
        let brackets = format!("SELECT {}1{}", "(".repeat(depth), ")".repeat(depth));
        assert!(
            check(&brackets, &shop()).map_or_else(|r| r.sqlstate == "54000", |c| c.sql == brackets)
        );
    }
    let unions = format!("SELECT 1{}", " UNION SELECT 1".repeat(1_000));
    assert_eq!(written(&unions), unions);
}

#[test]
fn what_lexes_otherwise_on_the_server_is_refused_or_written_harmlessly() {
    for sql in [
        "SELECT 1 <=/*'*/ 2; DELETE FROM orders; --'",
        "SELECT box '(0,0,1,1)' &>'(0,0,1,1)' ; DELETE FROM orders; --'",
        "SELECT 1 <>--'\n 2; DELETE FROM orders; --'",
        "SELECT 'a\u{0}b'",
        "SELECT E'a\\x00b'",
        "SELECT E'a\\u0001b'",
        "SELECT\u{c}1",
        "SELECT N'x'",
        "SELECT x'41'",
        "SELECT `id` FROM orders",
        "SELECT [id] FROM orders",
        "SELECT id FROM orders LIMIT 1, 2",
        "SELECT TOP 3 id FROM orders",
    ] {
        refused(sql);
    }
}

#[test]
fn the_relations_that_are_read_are_listed_once() {
    let sql = "SELECT a.id FROM orders a JOIN orders b ON a.id = b.id JOIN leads c ON c.id = a.id";
    assert_eq!(check(sql, &shop()).unwrap().relations, [2, 4]);
}

#[test]
fn a_query_inside_a_statement_names_the_schema_of_its_functions() {
    for (before, after) in [
        ("count(*)", "pg_catalog.count(*)"),
        ("lower(tags[1])", "pg_catalog.lower(tags[1])"),
        ("coalesce(total, 0)", "coalesce(total, 0)"),
        ("current_timestamp(3)", "current_timestamp(3)"),
        (
            "EXTRACT(YEAR FROM created_at)",
            "EXTRACT(YEAR FROM created_at)",
        ),
        (
            "substring(tags[1], 2)",
            "pg_catalog.\"substring\"(tags[1], 2)",
        ),
        ("substr(tags[1], 2)", "pg_catalog.\"substr\"(tags[1], 2)"),
        ("substring(tags[1] FROM 2)", "substring(tags[1] FROM 2)"),
        (
            "ceil(total) + floor(total)",
            "pg_catalog.\"ceil\"(total) + pg_catalog.\"floor\"(total)",
        ),
        ("trim(tags[1])", "trim(tags[1])"),
        (
            "sum(total) OVER (ORDER BY id)",
            "pg_catalog.sum(total) OVER (ORDER BY id)",
        ),
    ] {
        let checked = check_embedded(&format!("SELECT {before} FROM orders"), &shop()).unwrap();
        assert_eq!(checked.sql, format!("SELECT {after} FROM public.orders"));
    }
    let rows = "SELECT d, t FROM generate_series(1, 2) AS d, unnest(ARRAY['a']) AS t";
    let anew = "SELECT d, t FROM pg_catalog.generate_series(1, 2) AS d, pg_catalog.unnest(ARRAY['a']) AS t";
    assert_eq!(check_embedded(rows, &shop()).unwrap().sql, anew);
}

#[test]
fn no_volatile_function_of_the_server_is_called() {
    let names = "SELECT DISTINCT proname FROM pg_proc WHERE provolatile = 'v' AND proname ~ '^[a-z]' ORDER BY 1";
    let names = cluster().run_sql("postgres", names).unwrap();
    let called: Vec<&str> = names
        .lines()
        .filter(|name| check(&format!("SELECT {name}(NULL)"), &shop()).is_ok())
        .collect();
    assert_eq!(called, ["clock_timestamp", "gen_random_uuid", "random"]);
}

/// Pieces that statements of every kind are made of, in any order.
fn soup() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "SELECT",
        "FROM",
        "WHERE",
        "orders",
        "customers",
        "o",
        "id",
        "total",
        ",",
        "(",
        ")",
        "*",
        "=",
        "+",
        "-",
        "1",
        "'a'",
        "E'\\''",
        "$$x$$",
        "$1",
        "AND",
        "NOT",
        "IN",
        "AS",
        "JOIN",
        "ON",
        "GROUP BY",
        "ORDER BY",
        "LIMIT",
        "UNION",
        "WITH",
        "x",
        "count(*)",
        "lower",
        "pg_sleep",
        "::",
        "text",
        "date",
        "CASE WHEN",
        "THEN",
        "END",
        ".",
        ";",
        "--",
        "/*",
        "*/",
        "\"id\"",
        "LATERAL",
        "DELETE",
        "INTO",
        "FOR UPDATE",
        "OVER",
        "[",
        "]",
        "ARRAY",
        "INTERVAL",
        "~",
    ]);
    prop::collection::vec(pieces, 1..24).prop_map(|pieces| format!("SELECT {}", pieces.join(" ")))
}

proptest! {
    #[test]
    fn what_is_written_is_one_query_that_is_written_the_same_again(sql in soup()) {
        if let Ok(checked) = check(&sql, &shop()) {
            let again = check(&checked.sql, &shop()).unwrap();
            prop_assert_eq!(&again.sql, &checked.sql);
            prop_assert!(checked.sql.starts_with("SELECT "));
            prop_assert!(check_embedded(&sql, &shop()).is_ok());
            for piece in [";", "--", "/*", "DELETE", "INTO"] {
                prop_assert!(!checked.sql.contains(piece), "{}", checked.sql);
            }
        }
    }
}
