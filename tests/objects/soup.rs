//! Whatever the words and their order, a text is judged and nothing breaks.

use pgparley::config::Mask;
use rand::Rng;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::subject::Judge;
use crate::subject::columns;
use crate::subject::masks;
use crate::subject::named;
use crate::subject::names;

const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "customers",
    "secrets",
    "\"customers\"",
    "U&\"cust\\006fmers\"",
    "ssn",
    "c",
    "(",
    ")",
    ",",
    ".",
    "*",
    ";",
    "::",
    "[",
    "]",
    "=",
    "<+>",
    "'x'",
    "E'\\n'",
    "$$ $$",
    "1",
    "$1",
    "WITH",
    "RECURSIVE",
    "AS",
    "ONLY",
    "JOIN",
    "NATURAL",
    "LATERAL",
    "ON",
    "USING",
    "WHERE",
    "ORDER",
    "BY",
    "GROUP",
    "UNION",
    "INSERT",
    "INTO",
    "VALUES",
    "UPDATE",
    "SET",
    "DELETE",
    "MERGE",
    "RETURNING",
    "COPY",
    "TO",
    "STDOUT",
    "PREPARE",
    "DECLARE",
    "CURSOR",
    "FOR",
    "EXPLAIN",
    "EXECUTE",
    "CREATE",
    "TABLE",
    "VIEW",
    "TEMP",
    "set_config",
    "set_config(",
    "'client_encoding'",
    "leak(",
    "lower",
    "pg_sleep",
    "EXISTS",
    "CASE",
    "WHEN",
    "END",
    "row_to_json",
    "größe",
    "\"a\"\"b\"",
    "public",
    "hr",
    "ALTER",
    "DROP",
    "LIKE",
    "IN",
    "OVER",
    "DISTINCT",
    "LIMIT",
    "DO",
    "CALL",
];

#[test]
fn every_text_comes_to_a_verdict() {
    let mut deny = named();
    deny.tables.deny = names(&["secrets", "hr.*"]);
    deny.mask_columns = masks(&[("customers.ssn", Mask::Null)]);
    deny.functions.deny = names(&["pg_sleep"]);
    let mut allow = named();
    allow.tables.allow = Some(names(&["customers", "contacts"]));
    allow.deny_columns = columns(&["*.ssn"]);
    allow.functions.allow = Some(names(&["pg_catalog.*"]));
    let judges = [Judge::new(deny), Judge::new(allow)];
    let mut random = StdRng::seed_from_u64(5);
    let (mut passed, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let count = random.random_range(1..18);
        let words = (0..count).map(|_| WORDS[random.random_range(0..WORDS.len())]);
        let mut text = words.collect::<Vec<_>>().join(" ");
        if random.random_range(0..3) == 0 {
            text.insert_str(0, "SELECT * FROM customers c ");
        }
        for judge in &judges {
            match judge.refusal(&text) {
                Some(_) => refused += 1,
                None => passed += 1,
            }
            // What is passed is so without the text's end as well, or refused: nothing breaks.
            let half = text.len() / 2;
            let half = (0..=half).rev().find(|&at| text.is_char_boundary(at));
            judge.refusal(&text[..half.unwrap_or_default()]);
        }
    }
    assert!(passed > 1000 && refused > 1000, "{passed} {refused}");
}

#[test]
fn deep_and_long_texts_are_judged_or_refused() {
    let mut policy = named();
    policy.tables.deny = names(&["secrets"]);
    policy.tables.allow = Some(names(&["*"]));
    let judge = Judge::new(policy);
    for text in [
        format!(
            "SELECT {}1{} FROM secrets",
            "(".repeat(9_000),
            ")".repeat(9_000)
        ),
        format!(
            "SELECT 1 FROM contacts WHERE id = 1{}",
            " + 1".repeat(4_900)
        ),
        format!("SELECT 1 FROM contacts WHERE {}true", "NOT ".repeat(5_000)),
        format!(
            "{}SELECT 1 FROM secrets{}",
            "SELECT * FROM (".repeat(1_500),
            ") x".repeat(1_500)
        ),
        format!("SELECT {}1", "(SELECT ".repeat(150) + &")".repeat(0)),
        format!(
            "SELECT 1{}",
            " UNION ALL SELECT id FROM contacts".repeat(1_500)
        ),
        format!("SELECT id FROM contacts{}", ", contacts".repeat(4_000)),
        "(".repeat(100_000),
        format!(
            "WITH x0 AS (SELECT * FROM contacts){} SELECT * FROM x60",
            (1..=60)
                .map(|n| format!(", x{n} AS (SELECT * FROM x{0} a, x{0} b)", n - 1))
                .collect::<Vec<_>>()
                .concat()
        ),
        format!(
            "SELECT {}1 FROM contacts{}",
            "email, ".repeat(2_000),
            ", contacts".repeat(2_000)
        ),
    ] {
        let refused = judge.refusal(&text).is_some();
        assert!(refused || !text.contains("secrets"), "{}", &text[..40]);
    }
}
