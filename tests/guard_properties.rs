//! What must hold of reviews and questions for every text, sensible or not.

use std::collections::HashSet;

use pgparley::config::Policy;
use pgparley::guard::Plan;
use pgparley::guard::ResultLimit;
use pgparley::guard::Verdict;
use pgparley::guard::cache::CacheKey;
use pgparley::guard::cache::DecisionCache;
use pgparley::guard::decide;
use pgparley::guard::review;
use pgparley::sql::kind::StatementKind;
use pgparley::sql::question::Placement;
use pgparley::sql::question::may_hold_question;
use pgparley::sql::question::place;
use pgparley::sql::schema::Facts;
use pgparley::sql::script::Script;
use proptest::prelude::*;

const ROWS: u64 = 10;

fn limited() -> Policy {
    Policy {
        row_limit: Some(ROWS),
        ..Policy::default()
    }
}

fn read_only() -> Policy {
    Policy {
        read_only: true,
        row_limit: Some(ROWS),
        ..Policy::default()
    }
}

fn facts() -> Facts {
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|&name| name.to_owned())
            .collect::<HashSet<_>>()
    };
    Facts {
        version: 1,
        plain_relations: names(&["t", "u"]),
        quiet_functions: names(&["count", "lower", "f"]),
        quiet_operators: true,
    }
}

/// Statements that are mostly valid, put together from parts.
fn statements() -> impl Strategy<Value = String> {
    let query = prop_oneof![
        Just("SELECT a FROM t"),
        Just("SELECT count(*) FROM t JOIN u USING (id)"),
        Just("SELECT f(a) FROM t, LATERAL (SELECT 1) x"),
        Just("TABLE t"),
        Just("VALUES (1), (2)"),
        Just("WITH w AS (SELECT 1) SELECT * FROM w"),
        Just("(SELECT a FROM t LIMIT 3)"),
        Just("SELECT 1 UNION ALL SELECT 2"),
        Just("(SELECT 1) EXCEPT (SELECT 2 LIMIT 9)"),
        Just("SELECT g(a) FROM t"),
        Just("SELECT * FROM v"),
        Just("SELECT 'it''s; /* fine'"),
        Just("SELECT $$;$$"),
    ];
    let tail = prop_oneof![
        4 => Just(String::new()),
        1 => Just(" ORDER BY 1".to_owned()),
        1 => Just(" OFFSET 2".to_owned()),
        1 => Just(" LIMIT ALL".to_owned()),
        1 => Just(" LIMIT $1".to_owned()),
        1 => Just(" FOR UPDATE".to_owned()),
        1 => Just(" FETCH FIRST 3 ROWS ONLY".to_owned()),
        2 => (0_u64..30).prop_map(|rows| format!(" LIMIT {rows}")),
    ];
    let comment = prop_oneof![
        4 => Just(""),
        1 => Just(" -- c\n"),
        1 => Just("/* ; */"),
    ];
    let read =
        (query, tail, comment).prop_map(|(query, tail, comment)| format!("{query}{tail}{comment}"));
    let other = prop_oneof![
        Just("INSERT INTO t VALUES (1) RETURNING *"),
        Just("EXPLAIN SELECT 1"),
        Just("BEGIN"),
        Just("FETCH 5 FROM c"),
        Just(""),
    ];
    let one = prop_oneof![4 => read, 1 => other.prop_map(str::to_owned)];
    prop::collection::vec(one, 1..4).prop_map(|statements| statements.join(";"))
}

/// Fragments in any order, and bytes of any value.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let fragments = prop::sample::select(vec![
        "select",
        "from",
        "t",
        "(",
        ")",
        ";",
        ",",
        "limit",
        "5",
        "with",
        "as",
        "union",
        "'",
        "\"",
        "$$",
        "$1",
        "\\",
        "/*",
        "*/",
        "--",
        "\n",
        " ",
        "E'",
        "nl:",
        "nl('x')",
        "for update",
        "explain",
        "analyze",
        "declare c cursor for",
        "copy",
        "to stdout",
        "set_config(",
        "fetch first",
        "::",
        "é",
        "begin atomic",
        "create",
        "end",
        "insert into",
        "values",
        "[",
        "]",
        "set",
        "table",
        "cast(",
        "lo_unlink(",
    ]);
    prop_oneof![
        prop::collection::vec(fragments, 0..30)
            .prop_map(|fragments| fragments.join(" ").into_bytes()),
        prop::collection::vec(any::<u8>(), 0..80),
    ]
}

fn outcome(text: &[u8], verdict: Verdict) -> Option<(Vec<u8>, Plan)> {
    match verdict {
        Verdict::Forward(plan) => Some((text.to_vec(), plan)),
        Verdict::Rewrite { text, plan } => Some((text, plan)),
        Verdict::Refuse(_) => None,
    }
}

/// Two values for each place of a text that holds one: numbers and strings, sensible or not.
fn values() -> impl Strategy<Value = (String, String)> {
    let value = prop_oneof![
        4 => "[0-9]{1,20}",
        4 => "'[ -~]{0,12}'",
        1 => Just("lo_unlink(1)".to_owned()),
        1 => Just("'transaction_read_only'".to_owned()),
        1 => Just("$1".to_owned()),
        1 => "[eE]?'[a-z\\\\\n']{0,6}'",
        1 => "[0-9.e+x_-]{1,6}",
        1 => any::<char>().prop_map(String::from),
    ];
    (value.clone(), value)
}

/// Texts in two variants that differ in their values, and what may stand around these.
fn variants() -> impl Strategy<Value = (String, String)> {
    let between = prop::sample::select(vec![
        " = ",
        "=",
        " <> ",
        " < ",
        " => ",
        " := ",
        " -> ",
        " + ",
        " - ",
        " * ",
        " in (",
        ", ",
        "(",
        ")",
        " limit ",
        " offset ",
        " fetch first ",
        " rows only",
        " and ",
        " or a ",
        " between ",
        "::text",
        "::regclass",
        " :: varchar(",
        " varchar(",
        " interval ",
        " date ",
        " from t ",
        " where a ",
        " where b = ",
        " join u on ",
        " order by ",
        " union select ",
        " for update",
        ";",
        "; set client_encoding = ",
        " set_config(",
        " f(",
        " g(",
        " lower(",
        " \n",
        " -- ",
        "/* */",
        " e",
        " U&",
        " $$",
        "\"",
        "\"c\" ",
        " returning a = ",
        " values (",
        " ",
    ]);
    let begin = prop::sample::select(vec![
        "SELECT a FROM t WHERE a = ",
        "select a, b from t where a in (",
        "select set_config(",
        "select * from t limit ",
        "SELECT f(a) FROM t WHERE b = ",
        "delete from t where ",
        "update t set a = a where a + ",
        "select set_config('ab', ",
        "select set_config('statement_timeout', ",
        "with x as (update pg_settings set setting = ",
        "select ",
        "with w as (select 1) select * from w where a < ",
        "insert into t values (",
        "update t set a = ",
        "delete from t where a = ",
        "set client_encoding = ",
        "set default_transaction_read_only = ",
        "fetch ",
        "explain select ",
    ]);
    let parts = prop::collection::vec((values(), between), 1..6);
    (begin, parts, any::<bool>()).prop_map(|(begin, parts, closes)| {
        let mut texts = (begin.to_owned(), begin.to_owned());
        for ((one, other), between) in parts {
            texts.0.extend([&one, between]);
            texts.1.extend([&other, between]);
        }
        for text in [&mut texts.0, &mut texts.1] {
            let open = text
                .matches('(')
                .count()
                .saturating_sub(text.matches(')').count());
            text.push_str(&")".repeat(if closes { open } else { 0 }));
        }
        texts
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_text_makes_a_review_panic(text in noise()) {
        for policy in [limited(), read_only()] {
            for facts in [None, Some(&facts())] {
                let _ = review(&text, &policy, facts);
            }
        }
        let placement = place(&text);
        prop_assert!(placement == Placement::None || may_hold_question(&text));
    }

    /// Above all of a text that came with other values before.
    #[test]
    fn a_remembered_verdict_is_the_one_that_a_review_comes_to((one, other) in variants()) {
        let facts = facts();
        let policies = [limited(), read_only()].into_iter().chain(strict().0);
        let read_at_any_length = policies.filter(|policy| policy.max_statement_bytes.is_none());
        for (number, policy) in (1..).zip(read_at_any_length) {
            let mut cache = DecisionCache::new(100, 1 << 20);
            let key = CacheKey {
                policy: number,
                facts: 1,
                objects: 1,
                rows: None,
            };
            for text in [&one, &one, &other, &one] {
                let text = text.as_bytes();
                let remembered = cache.verdict(key, text, |shape| decide(shape, &policy, Some(&facts)));
                prop_assert_eq!(remembered, review(text, &policy, Some(&facts)));
            }
        }
    }

    #[test]
    fn a_rewritten_text_is_forwarded_with_the_same_limits(text in statements()) {
        let facts = facts();
        let verdict = review(text.as_bytes(), &limited(), Some(&facts));
        let Some((after, plan)) = outcome(text.as_bytes(), verdict) else { return Ok(()) };
        let Verdict::Forward(again) = review(&after, &limited(), Some(&facts)) else {
            panic!("a review changes its own text: {}", String::from_utf8_lossy(&after));
        };
        let count = Script::lex(&after).expect("rewrites lex").runnable().count();
        for index in 0..count {
            prop_assert_eq!(plan.limit(index), again.limit(index));
        }
        prop_assert_eq!(plan.cancellable, again.cancellable);
    }

    #[test]
    fn a_rewritten_text_has_the_same_statements(text in statements()) {
        let Verdict::Rewrite { text: after, plan } =
            review(text.as_bytes(), &limited(), Some(&facts()))
        else {
            return Ok(());
        };
        let before = Script::lex(text.as_bytes()).expect("statements lex");
        let rewritten = Script::lex(&after).expect("rewrites lex");
        let kinds = |script: &Script<'_>| script.statements().iter().map(|one| one.kind).collect::<Vec<_>>();
        prop_assert_eq!(kinds(&before), kinds(&rewritten));
        prop_assert_eq!(plan.original_offset(after.len()), text.len());
    }

    #[test]
    fn a_query_ends_up_limited_or_counted(text in prop_oneof![
        statements().prop_map(String::into_bytes),
        noise(),
    ]) {
        let verdict = review(&text, &limited(), Some(&facts()));
        let Some((after, plan)) = outcome(&text, verdict) else { return Ok(()) };
        let Ok(script) = Script::lex(&after) else {
            prop_assert_eq!(plan.limit(0), ResultLimit::Rows(ROWS));
            return Ok(());
        };
        for (index, statement) in script.runnable().enumerate() {
            let is_query = matches!(
                statement.kind,
                StatementKind::Select | StatementKind::Fetch | StatementKind::Execute | StatementKind::Other
            );
            prop_assert!(!is_query || plan.limit(index) == ResultLimit::Rows(ROWS));
        }
    }

    #[test]
    fn a_read_only_session_never_sees_a_write(text in statements(), place in 0..4_usize) {
        let writes = ["DELETE FROM t", "DROP TABLE t", "SELECT 1 INTO x", "SELECT lo_unlink(1)"];
        let mixed = format!("{text};{}", writes[place]);
        let verdict = review(mixed.as_bytes(), &read_only(), Some(&facts()));
        prop_assert!(matches!(verdict, Verdict::Refuse(_)));
    }
}

/// Policies of one rule each, and one of all of them.
fn strict() -> (Vec<Policy>, Policy) {
    let named = |name| pgparley::config::Command::named(name).expect("a command");
    let glob = pgparley::config::Glob::new;
    let all = Policy {
        read_only: true,
        require_where: true,
        statements: pgparley::config::Rules {
            allow: None,
            deny: vec![named("delete"), named("create"), named("copy to")],
        },
        settings: pgparley::config::Rules {
            allow: Some(vec![glob("a*")]),
            deny: vec![glob("ab")],
        },
        multiple_statements: pgparley::config::MultipleStatements::Deny,
        max_statement_bytes: Some(150),
        statement_timeout: Some(std::time::Duration::from_secs(5)),
        ..Policy::default()
    };
    let single = vec![
        read_only(),
        Policy {
            require_where: true,
            ..Policy::default()
        },
        Policy {
            statements: all.statements.clone(),
            ..Policy::default()
        },
        Policy {
            settings: all.settings.clone(),
            ..Policy::default()
        },
        Policy {
            multiple_statements: all.multiple_statements,
            ..Policy::default()
        },
        Policy {
            max_statement_bytes: all.max_statement_bytes,
            ..Policy::default()
        },
        Policy {
            statement_timeout: all.statement_timeout,
            ..Policy::default()
        },
    ];
    (single, all)
}

proptest! {
    #[test]
    fn what_one_rule_refuses_more_rules_refuse(text in prop_oneof![
        statements(),
        "[ -~]{0,60}",
        "(SET|RESET|SELECT set_config|ALTER ROLE x SET|UPDATE t SET|WITH x AS|DO|EXPLAIN|COPY) [ -~]{0,40}",
        "(SET|DELETE|UPDATE|SELECT|[(),;=']|where|or|and|set_config|a|ab|1|'x'| |to|from|with|as){0,25}",
    ]) {
        let (single, all) = strict();
        let is_refused = |policy: &Policy| matches!(
            review(text.as_bytes(), policy, Some(&facts())),
            Verdict::Refuse(_)
        );
        if single.iter().any(is_refused) {
            prop_assert!(is_refused(&all), "{}", text);
        }
    }
}
