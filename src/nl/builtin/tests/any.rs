//! What holds for every question, sense or nonsense.

use proptest::prelude::*;

use crate::nl::builtin::testing::ask;

/// Words of the shop, of the lexicon, and of nothing.
const WORDS: &[&str] = &[
    "how many",
    "number of",
    "orders",
    "order",
    "customers",
    "customer's",
    "products",
    "names",
    "name",
    "price",
    "amount",
    "status",
    "refunded",
    "Berlin",
    "New York",
    "Ada",
    "'x'",
    "\"y;z\"",
    "17",
    "$1",
    "1,000",
    "two",
    "2024",
    "2024-02-30",
    "last month",
    "March",
    "since",
    "before",
    "between",
    "and",
    "or",
    "not",
    "without",
    "no",
    "both",
    "either",
    "more than",
    "at least",
    "above",
    "average",
    "total",
    "highest",
    "the most",
    "fewest",
    "top",
    "top 5",
    "first",
    "last",
    "cheapest",
    "older than",
    "by",
    "per",
    "each",
    "for each",
    "of",
    "in",
    "with",
    "whose",
    "that",
    "which",
    "what is",
    "list",
    "show",
    "sorted by",
    "descending",
    "alphabetically",
    "in order of",
    "different",
    "percentage of",
    "contains",
    "starts with",
    "named",
    "is null",
    "missing",
    "once",
    "twice",
    "3 times",
    "or more",
    "most common",
    "everything",
    "the number",
    "as",
    "the",
    ",",
    ".",
    "?",
    ";",
    "'",
    "%",
    "<",
    ">=",
    "month",
    "monthly",
    "zebra",
    "weights",
    "do",
    "have",
    "placed",
    "returned",
    "id",
    "email",
    "active",
    "payments",
    "employees",
    "salary",
    "region",
    "categories",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn words_in_any_order_give_one_select_or_a_reason(
        words in prop::collection::vec(prop::sample::select(WORDS), 0..14)
    ) {
        let question = words.join(" ");
        match ask(&question) {
            Ok(answer) => {
                prop_assert!(answer.sql.starts_with("SELECT "), "{question}: {}", answer.sql);
                let outside: String = answer.sql.split('\'').step_by(2).collect();
                prop_assert!(!outside.contains(';'), "{question}: {}", answer.sql);
                prop_assert!(!outside.contains(" ."), "{question}: {}", answer.sql);
            }
            Err(cannot) => {
                prop_assert!(!cannot.message.is_empty() && !cannot.message.ends_with('.'));
                prop_assert!(cannot.hint.is_some(), "{question}: {}", cannot.message);
            }
        }
    }

    #[test]
    fn any_text_is_answered_or_refused(question in "\\PC{0,60}") {
        let first = ask(&question);
        prop_assert_eq!(first, ask(&question));
    }
}
