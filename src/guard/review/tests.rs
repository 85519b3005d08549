//! Verdicts by policy.

use super::review;
use crate::config::CopyOut;
use crate::config::Mechanism;
use crate::config::OnExceed;
use crate::config::Policy;
use crate::config::Returning;
use crate::guard::Plan;
use crate::guard::ResultLimit;
use crate::guard::Verdict;
use crate::sql::schema::Facts;

fn limited() -> Policy {
    Policy {
        name: "reports".to_owned(),
        row_limit: Some(10),
        ..Policy::default()
    }
}

fn facts() -> Facts {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Facts {
        version: 1,
        plain_relations: names(&["orders", "customers", "Odd \"Name"]),
        quiet_functions: names(&["count", "lower", "now", "generate_series", "sum"]),
        quiet_operators: true,
    }
}

/// The text that goes on, and its plan.
fn forwarded(text: &str, policy: &Policy) -> (String, Plan) {
    match review(text.as_bytes(), policy, Some(&facts())) {
        Verdict::Forward(plan) => (text.to_owned(), plan),
        Verdict::Rewrite { text, plan } => {
            (String::from_utf8(text).expect("a rewrite of UTF-8"), plan)
        }
        Verdict::Refuse(refusal) => panic!("{text}: {refusal:?}"),
    }
}

fn refused(text: &str, policy: &Policy) -> (&'static str, String) {
    for facts in [None, Some(&facts())] {
        match review(text.as_bytes(), policy, facts) {
            Verdict::Refuse(refusal) if facts.is_some() => {
                return (refusal.sqlstate, refusal.message);
            }
            Verdict::Refuse(_) => {}
            _ => panic!("not refused: {text}"),
        }
    }
    unreachable!("the second round returns")
}

#[test]
fn without_a_policy_everything_goes_on_untouched() {
    for text in ["SELECT * FROM orders", "DROP TABLE orders", "'", "\\"] {
        assert_eq!(
            review(text.as_bytes(), &Policy::default(), None),
            Verdict::Forward(Plan::unlimited())
        );
    }
}

#[test]
fn a_harmless_query_gets_one_row_more_than_it_may_deliver() {
    for (before, after) in [
        ("SELECT * FROM orders", "SELECT * FROM orders LIMIT 11"),
        (
            "SELECT * FROM public.orders o -- all",
            "SELECT * FROM public.orders o LIMIT 11 -- all",
        ),
        ("TABLE orders;", "TABLE orders LIMIT 11;"),
        (
            "SELECT lower(name) FROM orders LIMIT 50",
            "SELECT lower(name) FROM orders LIMIT 11",
        ),
        (
            "WITH o AS (SELECT * FROM orders), p (a) AS (SELECT * FROM o) SELECT * FROM p",
            "WITH o AS (SELECT * FROM orders), p (a) AS (SELECT * FROM o) SELECT * FROM p LIMIT 11",
        ),
        (
            "SELECT * FROM \"Odd \"\"Name\"",
            "SELECT * FROM \"Odd \"\"Name\" LIMIT 11",
        ),
        (
            "SELECT * FROM (orders JOIN customers USING (id)), LATERAL (SELECT 1) AS x (y)",
            "SELECT * FROM (orders JOIN customers USING (id)), LATERAL (SELECT 1) AS x (y) LIMIT 11",
        ),
        (
            "SELECT random(), CAST(a AS numeric(3,1)) FROM orders WHERE a IN (1) AND d > date '2026-01-01'",
            "SELECT random(), CAST(a AS numeric(3,1)) FROM orders WHERE a IN (1) AND d > date '2026-01-01' LIMIT 11",
        ),
        (
            "SELECT 1; DELETE FROM orders; SELECT 2",
            "SELECT 1 LIMIT 11; DELETE FROM orders; SELECT 2 LIMIT 11",
        ),
    ] {
        let (text, plan) = forwarded(before, &limited());
        assert_eq!(text, after);
        assert_eq!(plan.limit(0), ResultLimit::Rows(10));
    }
}

#[test]
fn a_query_in_doubt_is_counted_as_it_is() {
    for text in [
        "SELECT next_number() FROM orders",
        "SELECT * FROM some_view",
        "SELECT lower(name) FROM only_here.other",
        "SELECT * FROM orders FOR UPDATE",
        "SELECT * FROM (SELECT * FROM orders FOR UPDATE) o",
        "WITH some_view AS (SELECT * FROM some_view) SELECT * FROM some_view",
        "SELECT * FROM orders, LATERAL next_number() n",
        "TABLE some_view",
        "SELECT U&\"low\\0065r\"(1)",
        "WITH d AS (DELETE FROM orders RETURNING *) SELECT * FROM d",
        "FETCH ALL FROM c",
        "EXECUTE p",
        "SELECT '",
        "SELECT 'a\\'; SELECT '",
    ] {
        let (after, plan) = forwarded(text, &limited());
        assert_eq!(after, text);
        assert_eq!(plan.limit(0), ResultLimit::Rows(10), "{text}");
        assert!(!plan.cancellable, "{text}");
    }
}

#[test]
fn without_facts_only_what_postgres_itself_has_is_harmless() {
    let rewritten = |text: &str| {
        matches!(
            review(text.as_bytes(), &limited(), None),
            Verdict::Rewrite { .. }
        )
    };
    assert!(rewritten(
        "SELECT lower('A'), generate_series(1, 100)::text"
    ));
    assert!(rewritten("SELECT pg_catalog.lower('A')"));
    assert!(!rewritten("SELECT * FROM orders"));
    assert!(!rewritten("SELECT mine.lower('A')"));
    assert!(!rewritten("SELECT nextval('s')"));
    assert!(!rewritten("SELECT 'x'::evil_domain"));
    assert!(!rewritten("SELECT evil_domain 'x'"));
    assert!(!rewritten("SELECT CAST('x' AS evil_domain)"));
}

#[test]
fn volatile_operators_stop_every_splice() {
    let facts = Facts {
        quiet_operators: false,
        ..facts()
    };
    let verdict = review(b"SELECT * FROM orders", &limited(), Some(&facts));
    assert!(matches!(verdict, Verdict::Forward(plan) if plan.limit(0) == ResultLimit::Rows(10)));
}

#[test]
fn what_is_no_result_of_a_query_is_never_limited() {
    for text in [
        "INSERT INTO orders SELECT * FROM orders RETURNING *",
        "WITH d AS (SELECT 1) DELETE FROM orders RETURNING *",
        "EXPLAIN ANALYZE SELECT * FROM orders",
        "SHOW ALL",
        "COPY orders TO STDOUT",
    ] {
        let (after, plan) = forwarded(text, &limited());
        assert_eq!(after, text);
        assert!(plan.is_unlimited(), "{text}");
    }
}

#[test]
fn settings_of_the_limit_are_obeyed() {
    let off = Policy {
        on_exceed: OnExceed::Off,
        ..limited()
    };
    assert!(forwarded("SELECT * FROM orders", &off).1.is_unlimited());
    let count = Policy {
        mechanism: Mechanism::Count,
        ..limited()
    };
    let (text, plan) = forwarded("SELECT * FROM orders", &count);
    assert_eq!(
        (text.as_str(), plan.limit(0)),
        ("SELECT * FROM orders", ResultLimit::Rows(10))
    );
    assert!(plan.cancellable);
    let truncate = Policy {
        returning: Returning::Truncate,
        ..limited()
    };
    let (_, plan) = forwarded("DELETE FROM orders RETURNING *", &truncate);
    assert_eq!(plan.limit(0), ResultLimit::Rows(10));
    let deny = Policy {
        copy: CopyOut::Deny,
        ..limited()
    };
    assert_eq!(
        refused("COPY orders TO STDOUT", &deny),
        (
            "42501",
            "COPY TO STDOUT is not allowed under a row limit".to_owned()
        )
    );
}

#[test]
fn a_limit_that_cannot_be_tightened_is_counted() {
    let (text, plan) = forwarded("SELECT * FROM orders LIMIT 5 + 6", &limited());
    assert_eq!(text, "SELECT * FROM orders LIMIT 5 + 6");
    assert_eq!(
        (plan.limit(0), plan.cancellable),
        (ResultLimit::Rows(10), true)
    );
}

#[test]
fn only_a_lone_harmless_query_may_be_cancelled() {
    assert!(forwarded("SELECT * FROM orders", &limited()).1.cancellable);
    assert!(!forwarded("SELECT 1; SELECT 2", &limited()).1.cancellable);
    assert!(
        !forwarded("DELETE FROM orders RETURNING *", &limited())
            .1
            .cancellable
    );
}

#[test]
fn offsets_in_a_rewrite_lead_back_to_the_clients_text() {
    let before = "SELECT 1; SELECT x FROM orders LIMIT 100 OFFSET y";
    let (after, plan) = forwarded(before, &limited());
    assert_eq!(
        after,
        "SELECT 1 LIMIT 11; SELECT x FROM orders LIMIT 11 OFFSET y"
    );
    for word in ["x FROM", "OFFSET", "y"] {
        let offset = after.rfind(word).expect("the word is there");
        assert_eq!(
            plan.original_offset(offset),
            before.rfind(word).expect("there too"),
            "{word}"
        );
    }
    assert_eq!(plan.original_offset(10), 8);
    assert_eq!(plan.original_offset(0), 0);
}

#[test]
fn a_text_made_to_be_slow_is_in_doubt_soon() {
    let casts = format!("SELECT {}1", "cast(".repeat(50_000));
    let aliases = format!("SELECT {}1", "1 AS a (".repeat(50_000));
    let ctes: Vec<String> = (0..10_000)
        .map(|n| format!("c{n} AS (SELECT * FROM orders)"))
        .collect();
    let ctes = format!("WITH {} SELECT 1", ctes.join(", "));
    let parentheses = format!("SELECT {}", "(".repeat(100_000));
    for text in [casts, aliases, ctes, parentheses] {
        let verdict = review(text.as_bytes(), &limited(), Some(&facts()));
        let Verdict::Forward(plan) = verdict else {
            panic!("not forwarded: {}", &text[..40])
        };
        assert_eq!(plan.limit(0), ResultLimit::Rows(10));
    }
}
