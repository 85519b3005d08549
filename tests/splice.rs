//! Limits put into texts, read by PostgreSQL's own grammar: what goes on is the client's query and
//! the limit, and nothing else.

use std::cell::Cell;
use std::fs;
use std::thread;

use pg_query::Node;
use pg_query::NodeEnum;
use pg_query::ParserOptions;
use pg_query::protobuf::SelectStmt;
use pg_query::protobuf::a_const::Val;
use pgparley::sql::script::Script;
use pgparley::sql::splice::Splice;
use pgparley::sql::splice::apply;
use pgparley::sql::splice::limit;
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::TestRunner;

use self::statements::COLLECTED;

#[path = "support/collected.rs"]
mod statements;

const ROWS: u64 = 10;

/// Words that names may be and clauses begin with.
const WORDS: &[&str] = &[
    "a",
    "t",
    "offset",
    "\"limit\"",
    "next",
    "first",
    "rows",
    "ties",
    "only",
    "row",
    "no",
    "of",
    "share",
    "update",
    "key",
    "into",
    "by",
    "temporary",
    "recursive",
    "values",
    "all",
];

/// Queries put together from pieces in which words may stand for anything.
fn queries() -> impl Strategy<Value = String> {
    let word = || prop::sample::select(WORDS);
    let simple = prop_oneof![
        (word(), word()).prop_map(|(a, b)| format!("SELECT {a} FROM {b}")),
        (word(), word()).prop_map(|(a, b)| format!("SELECT x.{a} AS {b} FROM t x")),
        (word(), word()).prop_map(|(a, b)| format!("SELECT 1 AS {a}, 2 {b}")),
        word().prop_map(|a| format!("SELECT a[1:2], '{a};', $$ LIMIT $$ FROM t AS {a} (b)")),
        word().prop_map(|a| format!("SELECT (SELECT {a} FROM t LIMIT 5 OFFSET 1) FROM t")),
        Just("SELECT substring(a FOR 2) FROM t WHERE COLLATION FOR (a) = 'x'".to_owned()),
        Just("SELECT count(*) FILTER (WHERE a > 1) OVER (ORDER BY a) FROM t".to_owned()),
        Just("SELECT FROM t".to_owned()),
        word().prop_map(|a| format!("TABLE {a}")),
        Just("VALUES (1), (2)".to_owned()),
    ];
    let set = prop::sample::select(&["UNION", "UNION ALL", "EXCEPT", "INTERSECT"][..]);
    let bounds = prop::sample::select(
        &[
            "",
            "",
            "LIMIT 5",
            "LIMIT 500",
            "LIMIT ALL",
            "LIMIT NULL",
            "LIMIT $1",
            "LIMIT 5 + 6",
            "LIMIT (SELECT 9)",
            "LIMIT 50 OFFSET 2",
            "OFFSET 2 LIMIT 50",
            "OFFSET $2 LIMIT $1",
            "OFFSET 2 ROWS",
            "OFFSET 2 ROWS FETCH NEXT 50 ROWS ONLY",
            "FETCH FIRST ROW ONLY",
            "FETCH FIRST 50 ROWS ONLY",
            "FETCH FIRST $1 ROWS ONLY",
            "FETCH NEXT (20 + 1) ROWS ONLY",
            "FETCH FIRST 50 ROWS WITH TIES",
            "FETCH FIRST (5) ROW WITH TIES",
            "FOR UPDATE",
            "FOR KEY SHARE OF t LIMIT 3",
        ][..],
    );
    let order = prop::sample::select(&["", "", "ORDER BY 1", "ORDER BY 1 DESC NULLS LAST"][..]);
    let plain = prop_oneof![
        3 => simple.clone(),
        1 => simple.prop_map(|query| format!("({query})")),
    ];
    // Two limits for one query trip assertions of the grammar, so one with a limit is combined, or
    // has its clauses once, each at some level of its parentheses or behind them.
    let leveled = (
        plain.clone(),
        prop::sample::select(&["", "ORDER BY 1", "ORDER BY a, b DESC"][..]),
        bounds.clone(),
        prop::array::uniform2(0..3_usize),
    )
        .prop_map(|(body, order, bounds, levels)| {
            (0..3).fold(body, |query, level| {
                let clauses = [order, bounds].into_iter().zip(levels);
                let here = clauses.filter(|(_, at)| *at == level);
                let here: Vec<_> = here.map(|(clause, _)| clause).collect();
                let query = format!("{query} {}", here.join(" "));
                if level < 2 {
                    format!("({query})")
                } else {
                    query
                }
            })
        });
    let part = prop_oneof![
        3 => plain.clone(),
        1 => (word(), bounds.clone()).prop_map(|(a, b)| format!("(SELECT {a} FROM t {b})")),
    ];
    let body = prop_oneof![
        2 => plain,
        1 => (part.clone(), set, part).prop_map(|(a, set, b)| format!("{a} {set} {b}")),
    ];
    let whole =
        (body, order, bounds).prop_map(|(body, order, bounds)| format!("{body} {order} {bounds}"));
    let with = (word(), whole.clone(), whole.clone())
        .prop_map(|(name, inside, main)| format!("WITH {name} AS ({inside}) {main}"));
    let led = (word(), leveled.clone())
        .prop_map(|(name, main)| format!("WITH {name} AS (SELECT 1) {main}"));
    let query = prop_oneof![6 => whole, 2 => with, 2 => leveled, 1 => led];
    let around = prop::sample::select(
        &[
            "Q",
            "Q;",
            "Q -- c",
            "/* c */ Q/* ; */",
            "(Q)",
            "((Q) -- c\n);",
            " Q ; ",
        ][..],
    );
    (query, around).prop_map(|(query, around)| around.replace('Q', &query))
}

#[test]
fn what_goes_on_is_the_query_and_the_limit() {
    // Trees are built and shown by recursion, which takes much of a stack without optimisation.
    let thread = thread::Builder::new().stack_size(256 * 1024 * 1024);
    let compared = thread.spawn(compare).expect("a thread");
    compared.join().expect("every query is as it was");
}

fn compare() {
    let config = Config {
        cases: 20_000,
        failure_persistence: None,
        ..Config::default()
    };
    let (spliced, kept) = (Cell::new(0_u32), Cell::new(0_u32));
    let outcome = TestRunner::new(config).run(&queries(), |text| {
        match treated(&text).map_err(TestCaseError::fail)? {
            Treated::Spliced => spliced.set(spliced.get() + 1),
            Treated::Kept => kept.set(kept.get() + 1),
            Treated::Counted => {}
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    let (spliced, kept) = (spliced.get(), kept.get());
    assert!(spliced > 5_000, "only {spliced} queries got a limit");
    assert!(kept > 200, "only {kept} queries kept theirs");
}

/// What becomes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Treated {
    Spliced,
    Kept,
    Counted,
}

/// What becomes of `text`, which PostgreSQL's grammar is asked about; why it may not.
fn treated(text: &str) -> Result<Treated, String> {
    let Ok(script) = Script::lex(text.as_bytes()) else {
        return Ok(Treated::Counted);
    };
    let mut statements = script.runnable();
    let (Some(statement), None) = (statements.next(), statements.next()) else {
        return Ok(Treated::Counted);
    };
    let treated = limit(script.tokens(statement), statement.kind, ROWS);
    if treated == Splice::CountOnly || !parses(text) {
        return Ok(Treated::Counted);
    }
    let before = select(text).ok_or_else(|| format!("no query: {text}"))?;
    let Splice::Edits(edits) = treated else {
        return match bound(&before) {
            Some(own) if own <= ROWS => Ok(Treated::Kept),
            _ => Err(format!("not kept to its limit: {text}")),
        };
    };
    let new = String::from_utf8(apply(text.as_bytes(), &edits)).expect("edits are ASCII");
    match select(&new) {
        Some(after) if !is_limited(&after) => Err(format!("not limited: {new}")),
        Some(after) if same(&before, after.clone()) => Ok(Treated::Spliced),
        _ => Err(format!("another query: {new}")),
    }
}

fn parses(text: &str) -> bool {
    pg_query::parse(text, ParserOptions::DEFAULT).is_ok()
}

/// How many of these texts become what.
fn count<'a>(texts: impl Iterator<Item = &'a str>) -> [usize; 3] {
    let mut counts = [0; 3];
    for text in texts {
        let treated = treated(text).unwrap_or_else(|fault| panic!("{fault}"));
        counts[treated as usize] += 1;
    }
    counts
}

#[test]
fn what_goes_on_of_collected_statements_is_the_query_and_the_limit() {
    let texts = COLLECTED.iter().map(|text| text.trim_start_matches('?'));
    let [spliced, kept, _] = count(texts);
    assert!(spliced > 120, "only {spliced} got a limit");
    assert!(kept > 5, "only {kept} kept theirs");
}

/// Thousands of queries that people have written; not part of this repository.
#[test]
fn what_goes_on_of_the_queries_of_an_evaluation_is_the_query_and_the_limit() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/eval/questions.jsonl"
    );
    let Ok(questions) = fs::read_to_string(path) else {
        return;
    };
    let mut texts = Vec::new();
    for line in questions.lines() {
        let question: serde_json::Value = serde_json::from_str(line).expect("JSON");
        texts.extend(question["gold_sql"].as_str().map(str::to_owned));
        let others = question["gold_sql_alternatives"].as_array();
        let others = others.into_iter().flatten();
        texts.extend(others.filter_map(|text| Some(text.as_str()?.to_owned())));
    }
    let [spliced, kept, counted] = count(texts.iter().map(String::as_str));
    assert!(spliced + kept > 10 * counted, "{spliced} {kept} {counted}");
}

/// The tree of a text that is one query.
fn select(text: &str) -> Option<SelectStmt> {
    let tree = pg_query::parse(text, ParserOptions::DEFAULT).ok()?;
    let [statement] = &tree.protobuf.stmts[..] else {
        return None;
    };
    match statement.stmt.as_ref()?.node.as_ref()? {
        NodeEnum::SelectStmt(select) => Some((**select).clone()),
        _ => None,
    }
}

/// The number that bounds its rows, when that is a constant.
fn bound(select: &SelectStmt) -> Option<u64> {
    // LIMIT_OPTION_WITH_TIES
    if select.limit_option == 3 {
        return None;
    }
    constant(select.limit_count.as_deref()?)
}

fn constant(node: &Node) -> Option<u64> {
    let NodeEnum::AConst(constant) = node.node.as_ref()? else {
        return None;
    };
    match constant.val.as_ref()? {
        Val::Ival(number) => u64::try_from(number.ival).ok(),
        _ => None,
    }
}

/// Its limit is the constant, or LEAST of that and a parameter.
fn is_limited(select: &SelectStmt) -> bool {
    let Some(count) = select.limit_count.as_deref() else {
        return false;
    };
    if bound(select) == Some(ROWS) {
        return true;
    }
    let Some(NodeEnum::MinMaxExpr(least)) = &count.node else {
        return false;
    };
    // IS_LEAST
    least.op == 2 && least.args.len() == 2 && constant(&least.args[1]) == Some(ROWS)
}

/// The two are the same but for the limit: that of `after` stands in the place of that of `before`,
/// or around all of it.
fn same(before: &SelectStmt, mut after: SelectStmt) -> bool {
    if let [
        Node {
            node: Some(NodeEnum::RangeSubselect(inner)),
        },
    ] = &after.from_clause[..]
        && inner
            .alias
            .as_ref()
            .is_some_and(|alias| alias.aliasname == "_pgparley")
    {
        let inner = inner.subquery.as_ref().and_then(|node| node.node.as_ref());
        return matches!(inner, Some(NodeEnum::SelectStmt(inner)) if shown(inner) == shown(before));
    }
    let mut before = before.clone();
    for select in [&mut before, &mut after] {
        select.limit_count = None;
        select.limit_option = 0;
    }
    shown(&before) == shown(&after)
}

/// A tree without the places in its text.
fn shown(select: &SelectStmt) -> String {
    let shown = format!("{select:?}");
    let mut parts = shown.split("location: ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(
            part.trim_start_matches(|letter: char| letter == '-' || letter.is_ascii_digit()),
        );
    }
    out
}
