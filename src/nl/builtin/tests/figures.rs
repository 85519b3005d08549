//! Ratios, shares, and figures that count something already.

use crate::nl::builtin::testing::context;
use crate::nl::builtin::testing::refused;
use crate::nl::builtin::testing::sql;
use crate::nl::builtin::translate;

fn asked(schema: &str, question: &str) -> String {
    let answer = translate(question, &context(schema));
    answer.expect("the question is answered").sql
}

#[test]
fn a_ratio_is_the_quotient_of_two_figures() {
    assert_eq!(
        sql("What is the ratio of customers to orders?"),
        "SELECT CAST((SELECT count(*) AS count FROM public.customers AS c) AS double precision) \
         / nullif((SELECT count(*) AS count FROM public.orders AS o), 0) AS ratio"
    );
}

#[test]
fn what_ends_a_ratio_is_said_of_both_sides() {
    let ratio = sql("ratio of paid orders to refunded orders with amount over 100");
    assert_eq!(ratio.matches("o.amount > 100").count(), 2, "{ratio}");
    let own = sql("ratio of orders with amount over 100 to orders with amount under 100");
    assert_eq!(own.matches("o.amount").count(), 2, "{own}");
}

#[test]
fn a_ratio_with_an_unknown_side_is_refused() {
    assert!(refused("ratio of customers to happiness").contains("not understood"));
}

#[test]
fn a_fraction_is_of_one_and_a_percentage_of_a_hundred() {
    let part = "count(*) FILTER (WHERE o.status = 'paid') / nullif(count(*), 0)";
    let percentage = sql("what percentage of orders are paid");
    assert!(percentage.starts_with(&format!("SELECT 100.0 * {part}")));
    let fraction = sql("what fraction of orders are paid");
    assert!(fraction.starts_with(&format!("SELECT 1.0 * {part}")));
}

#[test]
fn a_column_that_counts_is_added_up_or_compared() {
    let wards = "wards: id int pk, name text, bed_count int, floor int";
    assert!(asked(wards, "how many beds are there").starts_with("SELECT sum(w.bed_count)"));
    assert!(asked(wards, "wards with more than 20 beds").ends_with("WHERE w.bed_count > 20"));
    let average = asked(wards, "average number of beds per floor");
    assert!(average.starts_with("SELECT w.floor, avg(w.bed_count)"));
}

#[test]
fn the_number_by_which_rows_are_known_counts_nothing() {
    let staff = "employees: emp_no int pk, name text, employee_no int";
    assert_eq!(
        asked(staff, "number of employees"),
        "SELECT count(*) AS count FROM public.employees AS e"
    );
}

#[test]
fn an_integer_may_say_yes_or_no() {
    let shops = "shops: id int pk, name text, is_open int, discontinued boolean";
    assert!(asked(shops, "how many shops are open").ends_with("WHERE s.is_open = 1"));
    assert!(asked(shops, "shops that are not open").ends_with("WHERE s.is_open = 0"));
    assert!(asked(shops, "shops that are not discontinued").ends_with("WHERE NOT s.discontinued"));
}

#[test]
fn what_has_not_happened_has_no_date() {
    let orders = "orders: id int pk, total number, shipped_at timestamp";
    let shipped = |question| asked(orders, question);
    assert!(shipped("orders that have not been shipped").ends_with("o.shipped_at IS NULL"));
    assert!(shipped("unshipped orders").ends_with("o.shipped_at IS NULL"));
    assert!(shipped("how many shipped orders").ends_with("o.shipped_at IS NOT NULL"));
}

#[test]
fn the_extreme_of_each_group_is_shown_with_its_group() {
    assert_eq!(
        sql("the cheapest product of each category"),
        "SELECT c.name, p.name AS products_name, p.price FROM public.products AS p \
         JOIN public.categories AS c ON c.id = p.category_id \
         WHERE p.price = (SELECT min(p2.price) FROM public.products AS p2 \
         WHERE p2.category_id = p.category_id)"
    );
}

#[test]
fn a_superlative_in_order_keeps_all_rows() {
    let all = sql("the most expensive products, from highest to lowest");
    assert!(all.ends_with("ORDER BY p.price DESC NULLS LAST"), "{all}");
}
