//! What gets no SQL, and what is said instead.

use crate::nl::Reason;
use crate::nl::builtin::testing::SHOP;
use crate::nl::builtin::testing::ambiguous;
use crate::nl::builtin::testing::ask;
use crate::nl::builtin::testing::context;
use crate::nl::builtin::testing::refused;
use crate::nl::builtin::translate;

#[test]
fn words_that_mean_nothing_here_are_named() {
    assert_eq!(
        refused("how many customers like jazz"),
        "the question was not understood at \"jazz\""
    );
}

#[test]
fn every_word_must_be_taken() {
    for question in [
        "customers with blue eyes",
        "orders that smell",
        "the weather in Berlin",
        "customers in Berlin tomorrow evening",
        "write a poem about orders",
        "delete all customers",
    ] {
        assert!(ask(question).is_err(), "{question}");
    }
}

#[test]
fn a_hint_says_what_can_be_asked() {
    let cannot = ask("how many custmers").expect_err("a refusal");
    let hint = cannot.hint.expect("a hint");
    assert!(
        hint.starts_with("Did you mean \"customers\"? It can be asked about customers"),
        "{hint}"
    );
    let detail = cannot.detail.expect("examples");
    let examples = detail.trim_start_matches("Answered would be: ");
    for example in examples.trim_end_matches('.').split("; ") {
        assert!(ask(example).is_ok(), "{example}");
    }
}

#[test]
fn a_column_of_two_tables_is_ambiguous() {
    assert_eq!(
        ambiguous("what is the average amount"),
        "\"amount\" can mean amount of orders or amount of payments"
    );
}

#[test]
fn one_row_cannot_be_two_things() {
    assert_eq!(
        refused("products with price under 5 and price over 10"),
        "two conditions cannot hold for the same row"
    );
}

#[test]
fn an_unknown_label_is_refused_with_the_known_ones() {
    let cannot = ask("orders with status 'lost'").expect_err("a refusal");
    assert_eq!(cannot.message, "\"lost\" is no value of status");
    assert_eq!(cannot.hint.as_deref(), Some("It has open, paid, refunded."));
}

#[test]
fn an_empty_question_is_refused() {
    assert_eq!(refused("?"), "the question names no table or column");
}

#[test]
fn an_endless_question_is_refused_unread() {
    let cannot = ask(&"a ".repeat(2_000)).expect_err("a refusal");
    assert_eq!(cannot.reason, Reason::TooLong);
}

#[test]
fn nothing_is_answered_where_nothing_is_visible() {
    let cannot = translate("how many customers", &context("")).expect_err("a refusal");
    assert_eq!(
        cannot.hint.as_deref(),
        Some("No table is visible to this role.")
    );
}

#[test]
fn a_schema_without_the_words_answers_nothing() {
    let zoo = context("animals: id int pk, species text");
    for question in [
        "how many customers",
        "top 5 customers by total order amount",
        "orders in 2024",
    ] {
        assert!(translate(question, &zoo).is_err(), "{question}");
    }
    assert!(translate("how many customers", &context(SHOP)).is_ok());
}

#[test]
fn rows_counted_beside_themselves_are_refused() {
    assert_eq!(
        refused("products in categories with more than 5 products"),
        "the question compares products with products"
    );
}

#[test]
fn several_rows_of_each_group_are_refused() {
    assert_eq!(
        refused("the 3 cheapest products of each category"),
        "the first rows of each group cannot be asked for"
    );
}

#[test]
fn a_deed_is_no_state() {
    assert!(ask("customers who paid in cash").is_err());
}

#[test]
fn no_figure_is_neither_null_nor_zero() {
    assert_eq!(
        refused("products with no stock"),
        "the question does not say what \"stock\" must be"
    );
}

#[test]
fn two_ways_to_a_table_are_said_so_that_they_can_be_asked() {
    let schema = "
        regions: id int pk, name text
        customers: id int pk, name text, region_id int -> regions
        employees: id int pk, name text, region_id int -> regions
        orders: id int pk, customer_id int -> customers, employee_id int -> employees, amount number
    ";
    let shop = context(schema);
    let cannot = translate("total order amount by region", &shop).expect_err("a refusal");
    assert_eq!(
        cannot.detail.as_deref(),
        Some("\"regions\" = regions of customers\n\"regions\" = regions of employees")
    );
    assert!(translate("total order amount by regions of customers", &shop).is_ok());
    assert!(translate("total order amount by customer region", &shop).is_ok());
}

#[test]
fn rows_that_a_value_names_are_not_counted_for_what_refers_to_them() {
    let zoo = "
        species: id int pk, common_name text {Lion|Zebra}, latin_name text {Panthera leo|Equus quagga}
        animals: id int pk, name text, species_id int -> species
    ";
    assert!(translate("how many lions", &context(zoo)).is_err());
    assert!(translate("how many animals are lions", &context(zoo)).is_ok());
}

#[test]
fn one_table_of_a_family_is_read_only_where_it_is_called_in_full() {
    let mut context = context("readings_2026_12: id int pk, taken_at date, celsius number");
    let schema = std::sync::Arc::get_mut(&mut context.schema).expect("nobody else has it");
    schema.tables[0].family = Some(crate::sql::schema::Family {
        pattern: "readings_*".to_owned(),
        members: 24,
    });
    let refused = translate("average celsius in 2025", &context).expect_err("23 are left out");
    assert_eq!(
        refused.message,
        "readings_2026_12 is only one of 24 tables readings_*"
    );
    let answer = translate("average celsius of readings_2026_12", &context);
    let answer = answer.expect("it is called in full");
    assert_eq!(
        answer.readings,
        ["\"readings_2026_12\" = one of 24 tables readings_*"]
    );
}
