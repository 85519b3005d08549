//! What must hold: comparisons, values, relatives.

use crate::nl::builtin::testing::context;
use crate::nl::builtin::testing::sql;
use crate::nl::builtin::translate;

fn tests_of(question: &str) -> String {
    let sql = sql(question);
    sql.split_once(" WHERE ").expect("a condition").1.to_owned()
}

#[test]
fn stored_values_find_their_column() {
    assert_eq!(tests_of("customers in berlin"), "c.city = 'Berlin'");
    assert_eq!(
        tests_of("customers from New York or Paris"),
        "c.city IN ('New York', 'Paris')"
    );
    assert_eq!(tests_of("customers not in Berlin"), "c.city <> 'Berlin'");
}

#[test]
fn enum_labels_stand_before_and_after_the_noun() {
    assert_eq!(
        tests_of("how many refunded orders"),
        "o.status = 'refunded'"
    );
    assert_eq!(tests_of("orders with status paid"), "o.status = 'paid'");
}

#[test]
fn figures_are_compared_in_words_and_signs() {
    assert_eq!(tests_of("products with price over 1,000"), "p.price > 1000");
    assert_eq!(
        tests_of("products with a price of at least 2k"),
        "p.price >= 2000"
    );
    assert_eq!(
        tests_of("products whose price < 1.5 million"),
        "p.price < 1500000"
    );
    assert_eq!(
        tests_of("products with price between five and ten"),
        "p.price BETWEEN 5 AND 10"
    );
    assert_eq!(tests_of("products cheaper than 20"), "p.price < 20");
}

#[test]
fn a_figure_alone_means_the_only_one() {
    assert_eq!(tests_of("orders over 100"), "o.amount > 100");
}

#[test]
fn parameters_stand_for_values() {
    assert_eq!(tests_of("orders with amount over $1"), "o.amount > $1");
}

#[test]
fn missing_values_are_null() {
    assert_eq!(tests_of("customers without email"), "c.email IS NULL");
    assert_eq!(
        tests_of("customers whose email is not null"),
        "c.email IS NOT NULL"
    );
}

#[test]
fn texts_are_searched_as_they_are() {
    assert_eq!(
        tests_of("products whose name contains '50%'"),
        "p.name ILIKE '%50!%%' ESCAPE '!'"
    );
    assert_eq!(
        tests_of("products whose name starts with 'A'"),
        "p.name ILIKE 'A%'"
    );
}

#[test]
fn a_quote_in_a_value_stays_in_it() {
    assert_eq!(
        tests_of("customers whose name is \"O'Neil\""),
        "c.name = 'O''Neil'"
    );
}

#[test]
fn a_name_keeps_the_signs_inside_it() {
    let schema = "artists: id int pk, name text";
    let answer = translate("artists named AC/DC", &context(schema)).expect("an answer");
    assert!(
        answer.sql.ends_with("WHERE a.name = 'AC/DC'"),
        "{}",
        answer.sql
    );
}

#[test]
fn flags_are_adjectives() {
    assert_eq!(tests_of("active customers"), "c.active");
}

#[test]
fn averages_are_compared_with() {
    assert_eq!(
        tests_of("products with price above the average"),
        "p.price > (SELECT avg(p2.price) FROM public.products AS p2)"
    );
}

#[test]
fn rows_without_relatives_are_found() {
    let none = "NOT EXISTS (SELECT 1 FROM public.orders AS o WHERE o.customer_id = c.id)";
    assert_eq!(tests_of("customers without orders"), none);
    assert_eq!(tests_of("customers who have no orders"), none);
}

#[test]
fn relatives_are_counted_where_they_are() {
    assert_eq!(
        tests_of("customers with more than 3 orders"),
        "c.id IN (SELECT o.customer_id FROM public.orders AS o GROUP BY o.customer_id \
         HAVING count(*) > 3)"
    );
}

#[test]
fn what_is_said_of_relatives_limits_them() {
    assert_eq!(
        tests_of("names of customers that have orders with amount over 100"),
        "EXISTS (SELECT 1 FROM public.orders AS o WHERE o.customer_id = c.id AND o.amount > 100)"
    );
}

#[test]
fn ways_lead_over_tables_between() {
    assert_eq!(
        tests_of("products never ordered"),
        "NOT EXISTS (SELECT 1 FROM public.order_items AS o \
         JOIN public.orders AS o2 ON o2.id = o.order_id WHERE o.product_id = p.id)"
    );
}

#[test]
fn synonyms_help_where_nothing_is_called_so() {
    assert_eq!(
        sql("how many clients"),
        "SELECT count(*) AS count FROM public.customers AS c"
    );
}

#[test]
fn both_values_need_a_row_each() {
    let owners = "
        people: id int pk, name text
        pets: id int pk, kind text {cat|dog}, owner_id int -> people
    ";
    let ask = |question| {
        translate(question, &context(owners))
            .expect("an answer")
            .sql
    };
    assert_eq!(
        ask("names of people who have both cats and dogs"),
        "SELECT p.name FROM public.people AS p \
         WHERE EXISTS (SELECT 1 FROM public.pets AS p2 WHERE p2.owner_id = p.id AND p2.kind = 'cat') \
         AND EXISTS (SELECT 1 FROM public.pets AS p3 WHERE p3.owner_id = p.id AND p3.kind = 'dog')"
    );
    assert_eq!(
        ask("names of people who do not have a cat"),
        "SELECT p.name FROM public.people AS p WHERE NOT EXISTS \
         (SELECT 1 FROM public.pets AS p2 WHERE p2.owner_id = p.id AND p2.kind = 'cat')"
    );
}

#[test]
fn a_key_without_its_name_needs_the_table_only() {
    assert_eq!(tests_of("show order 17"), "o.id = 17");
}

#[test]
fn keys_are_implied_by_names_where_none_is_declared() {
    let schema = "
        state: state_name text, area number
        lake: lake_name text, state_name text
    ";
    let answer = translate(
        "how many lakes are there in states with area over 5",
        &context(schema),
    );
    assert_eq!(
        answer.expect("an answer").sql,
        "SELECT count(*) AS count FROM public.lake AS l WHERE EXISTS \
         (SELECT 1 FROM public.state AS s WHERE s.state_name = l.state_name AND s.area > 5)"
    );
}

#[test]
fn relatives_may_have_relatives() {
    assert_eq!(
        tests_of("names of customers with orders without payments"),
        "EXISTS (SELECT 1 FROM public.orders AS o WHERE o.customer_id = c.id \
         AND NOT EXISTS (SELECT 1 FROM public.payments AS p WHERE p.order_id = o.id))"
    );
}

#[test]
fn the_time_of_an_order_is_not_its_customers() {
    let schema = "
        customers: id int pk, name text, city text {Berlin}, created_at timestamp
        orders: id int pk, customer_id int -> customers, ordered_at timestamp
    ";
    let answer = translate(
        "how many orders of customers in Berlin in 2024",
        &context(schema),
    );
    let sql = answer.expect("an answer").sql;
    assert!(
        sql.contains("o.ordered_at >= TIMESTAMP '2024-01-01"),
        "{sql}"
    );
    assert!(!sql.contains("created_at"), "{sql}");
}

#[test]
fn totals_of_relatives_are_compared() {
    assert_eq!(
        tests_of("customers whose total order amount is over 3000"),
        "c.id IN (SELECT o.customer_id FROM public.orders AS o GROUP BY o.customer_id \
         HAVING sum(o.amount) > 3000)"
    );
}

#[test]
fn different_relatives_are_counted_once() {
    assert_eq!(
        tests_of("orders with at least 2 different products"),
        "o.id IN (SELECT o2.order_id FROM public.order_items AS o2 \
         JOIN public.products AS p ON p.id = o2.product_id GROUP BY o2.order_id \
         HAVING count(DISTINCT p.id) >= 2)"
    );
}

#[test]
fn a_second_bound_speaks_of_the_same_figure() {
    assert_eq!(
        tests_of("orders over 100 and below 200"),
        "o.amount > 100 AND o.amount < 200"
    );
    assert_eq!(
        tests_of("orders under 5 or over 900"),
        "(o.amount < 5 OR o.amount > 900)"
    );
    assert_eq!(tests_of("orders of 100 or more"), "o.amount >= 100");
}

#[test]
fn few_relatives_may_be_none() {
    assert_eq!(
        tests_of("customers with fewer than 3 orders"),
        "(SELECT count(*) FROM public.orders AS o WHERE o.customer_id = c.id) < 3"
    );
}

#[test]
fn a_reference_to_the_same_table_may_be_missing() {
    let schema = "employees: id int pk, name text, manager_id int -> employees";
    let answer = translate("how many employees have no manager", &context(schema));
    assert!(
        answer
            .expect("an answer")
            .sql
            .ends_with("WHERE e.manager_id IS NULL")
    );
}

const HOTEL: &str = "
    rooms: id int pk, floor int, status text {available|occupied}
    visits: id int pk, room_id int -> rooms, state text {booked|done|cancelled}
";

#[test]
fn words_that_mostly_say_nothing_are_values_where_they_are_stored() {
    for (question, filter) in [
        ("how many available rooms", "r.status = 'available'"),
        ("how many rooms are available", "r.status = 'available'"),
        ("how many booked visits", "v.state = 'booked'"),
        ("how many visits are done", "v.state = 'done'"),
    ] {
        let answer = crate::nl::builtin::translate(question, &context(HOTEL));
        let sql = answer.expect("the question is answered").sql;
        assert!(
            sql.ends_with(&format!("WHERE {filter}")),
            "{question}: {sql}"
        );
    }
}
