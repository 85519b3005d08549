//! Groups, ranks, and what joins do to them.

use crate::nl::builtin::testing::ambiguous;
use crate::nl::builtin::testing::context;
use crate::nl::builtin::testing::refused;
use crate::nl::builtin::testing::sql;
use crate::nl::builtin::translate;

#[test]
fn customers_are_ranked_by_a_sum_over_their_orders() {
    let expected = "SELECT c.name, sum(o.amount) AS total_amount FROM public.orders AS o \
                    JOIN public.customers AS c ON c.id = o.customer_id GROUP BY c.id, c.name \
                    ORDER BY sum(o.amount) DESC NULLS LAST LIMIT 5";
    assert_eq!(sql("top 5 customers by total order amount"), expected);
    assert_eq!(sql("top 5 customers by order amount"), expected);
}

#[test]
fn a_group_by_a_table_shows_its_name() {
    assert_eq!(
        sql("number of products per category"),
        "SELECT c.name, count(*) AS count FROM public.products AS p \
         JOIN public.categories AS c ON c.id = p.category_id GROUP BY c.id, c.name \
         ORDER BY count(*) DESC NULLS LAST"
    );
}

#[test]
fn a_group_by_a_column_needs_no_join() {
    assert_eq!(
        sql("How many orders are there for each status?"),
        "SELECT o.status, count(*) AS count FROM public.orders AS o GROUP BY o.status \
         ORDER BY count(*) DESC NULLS LAST"
    );
}

#[test]
fn the_one_with_the_most_is_found_by_count() {
    assert_eq!(
        sql("Which customer has the most orders?"),
        "SELECT c.name FROM public.orders AS o JOIN public.customers AS c ON c.id = o.customer_id \
         GROUP BY c.id, c.name ORDER BY count(*) DESC NULLS LAST LIMIT 1"
    );
}

#[test]
fn columns_beside_a_measure_are_grouped_by() {
    assert_eq!(
        sql("show the names of customers and the total amount of their orders"),
        "SELECT c.name, sum(o.amount) AS total_amount FROM public.orders AS o \
         JOIN public.customers AS c ON c.id = o.customer_id GROUP BY c.id, c.name \
         ORDER BY sum(o.amount) DESC NULLS LAST"
    );
}

#[test]
fn rows_repeated_by_a_join_are_counted_once() {
    assert_eq!(
        sql("number of orders per product"),
        "SELECT p.name, count(DISTINCT o.id) AS count FROM public.orders AS o \
         JOIN public.order_items AS o2 ON o2.order_id = o.id \
         JOIN public.products AS p ON p.id = o2.product_id GROUP BY p.id, p.name \
         ORDER BY count(DISTINCT o.id) DESC NULLS LAST"
    );
}

#[test]
fn a_sum_that_a_join_would_repeat_is_refused() {
    assert_eq!(
        refused("total order amount per product"),
        "rows of orders would be counted several times"
    );
}

#[test]
fn a_total_of_rows_is_ambiguous() {
    assert_eq!(
        ambiguous("total payments by method"),
        "\"total payments\" can mean the number of payments or a sum over payments"
    );
}

#[test]
fn groups_are_limited_by_their_size() {
    assert_eq!(
        sql("which cities have more than 2 customers"),
        "SELECT c.city FROM public.customers AS c GROUP BY c.city HAVING count(*) > 2"
    );
}

#[test]
fn a_percentage_counts_what_meets_the_condition() {
    assert_eq!(
        sql("what percentage of orders are refunded"),
        "SELECT 100.0 * count(*) FILTER (WHERE o.status = 'refunded') / nullif(count(*), 0) \
         AS percentage FROM public.orders AS o"
    );
}

#[test]
fn a_time_limits_the_whole_of_a_percentage() {
    assert_eq!(
        sql("percentage of refunded orders since 2026"),
        "SELECT 100.0 * count(*) FILTER (WHERE o.status = 'refunded') / nullif(count(*), 0) \
         AS percentage FROM public.orders AS o \
         WHERE o.ordered_at >= TIMESTAMPTZ '2026-01-01 00:00:00+01:00'"
    );
}

#[test]
fn the_unit_of_time_with_the_most_is_found() {
    let sql = sql("which month had the most orders");
    assert!(
        sql.ends_with("ORDER BY count(*) DESC NULLS LAST LIMIT 1"),
        "{sql}"
    );
}

#[test]
fn a_rank_without_a_measure_is_refused() {
    assert_eq!(
        refused("top 5 customers"),
        "the question does not say what to rank by"
    );
}

#[test]
fn by_without_a_measure_is_ambiguous() {
    assert_eq!(
        ambiguous("customers by region"),
        "\"by region\" can mean number of rows by region or rows sorted by region"
    );
}

#[test]
fn states_before_what_is_counted_are_conditions() {
    assert_eq!(
        sql("number of open and paid orders"),
        "SELECT count(*) AS count FROM public.orders AS o WHERE o.status IN ('open', 'paid')"
    );
}

#[test]
fn with_their_shows_what_belongs_to_them() {
    assert_eq!(
        sql("employees with their salaries"),
        "SELECT e.first_name, e.last_name, e.salary FROM public.employees AS e"
    );
}

#[test]
fn what_two_kinds_of_rows_share_is_found() {
    let schema = "singers: id int pk, name text, citizenship text, birth_year int";
    let ask = |question| translate(question, &context(schema));
    let shared =
        ask("show the citizenship shared by singers with birth year before 1945 and after 1955");
    assert_eq!(
        shared.expect("an answer").sql,
        "SELECT s.citizenship FROM public.singers AS s GROUP BY s.citizenship \
         HAVING bool_or(s.birth_year < 1945) AND bool_or(s.birth_year >= 1956)"
    );
    let nobody = ask("names of singers with birth year before 1945 and after 1955");
    assert!(nobody.is_err());
}

#[test]
fn the_top_one_is_ranked_by_its_sum() {
    let sql = sql("top customer by order amount");
    assert!(
        sql.ends_with("ORDER BY sum(o.amount) DESC NULLS LAST LIMIT 1"),
        "{sql}"
    );
}

#[test]
fn single_rows_are_no_groups() {
    assert_eq!(
        refused("orders with the most orders"),
        "the question mixes groups of rows with single rows"
    );
}

#[test]
fn a_direction_alone_sorts_by_the_measure() {
    let sql = sql("total order amount per status, lowest first");
    assert!(
        sql.ends_with("GROUP BY o.status ORDER BY sum(o.amount)"),
        "{sql}"
    );
}
