//! Two readings within reach of each other: one is taken and the other said, or both are said.

use crate::nl::Reason;
use crate::nl::builtin::testing::ask;
use crate::nl::builtin::testing::context;
use crate::nl::builtin::translate;

#[test]
fn an_ambiguous_word_is_refused_with_every_reading() {
    let cannot = ask("what is the average amount").expect_err("a refusal");
    assert_eq!(cannot.reason, Reason::Ambiguous);
    assert_eq!(
        cannot.detail.as_deref(),
        Some("\"amount\" = amount of orders\n\"amount\" = amount of payments")
    );
    let hint = cannot.hint.expect("a hint");
    assert_eq!(
        hint,
        "Say which, for instance \"amount of orders\" instead of \"amount\"."
    );
    assert!(ask("what is the average amount of orders").is_ok());
}

#[test]
fn a_column_that_another_table_of_the_question_has_too_is_named() {
    let schema = "
        shops: id int pk, name text, rating number
        reviews: id int pk, shop_id int -> shops, rating number
    ";
    let answer = translate("shops with reviews with rating over 4", &context(schema));
    let readings = answer.expect("an answer").readings;
    assert_eq!(readings, ["alternative: \"rating\" = shops.rating"]);
    let clear = translate("reviews with rating over 4", &context(schema));
    assert!(clear.expect("an answer").readings.is_empty());
}

#[test]
fn a_date_that_is_not_said_is_named_with_the_others() {
    let schema = "orders: id int pk, order_date date, shipped_date date, total number";
    let asked = |question| translate(question, &context(schema)).expect("an answer");
    let plain = asked("how many orders in 2025").readings;
    assert!(
        plain.contains(&"alternative: \"date\" = orders.shipped_date".to_owned()),
        "{plain:?}"
    );
    let said = asked("how many orders were shipped in 2025");
    assert!(said.sql.contains("shipped_date >="));
    assert_eq!(said.readings.len(), 1);
}
