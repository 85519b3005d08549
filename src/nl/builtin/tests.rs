//! What the translator answers, a behaviour each, over a shop.

mod any;
mod conditions;
mod doubt;
mod figures;
mod groups;
mod refusals;
mod relations;
mod times;

use super::Builtin;
use super::testing::ask;
use super::testing::context;
use super::testing::sql;
use super::translate;

#[test]
fn rows_are_counted() {
    assert_eq!(
        sql("How many customers are there?"),
        "SELECT count(*) AS count FROM public.customers AS c"
    );
}

#[test]
fn named_columns_are_listed() {
    assert_eq!(
        sql("Show the name and price of all products"),
        "SELECT p.name, p.price FROM public.products AS p"
    );
}

#[test]
fn a_list_without_columns_shows_whole_rows() {
    assert_eq!(
        sql("list categories"),
        "SELECT c.id, c.name FROM public.categories AS c"
    );
}

#[test]
fn a_name_in_two_columns_is_shown_whole() {
    assert_eq!(
        sql("what are the names of employees"),
        "SELECT e.first_name, e.last_name FROM public.employees AS e"
    );
}

#[test]
fn columns_of_a_referenced_table_are_joined() {
    assert_eq!(
        sql("show the order id and the customer name"),
        "SELECT o.id, c.name FROM public.orders AS o JOIN public.customers AS c ON c.id = o.customer_id"
    );
}

#[test]
fn aggregates_share_their_column() {
    assert_eq!(
        sql("average, minimum and maximum price of products"),
        "SELECT avg(p.price) AS average_price, min(p.price) AS min_price, max(p.price) AS max_price \
         FROM public.products AS p"
    );
}

#[test]
fn different_values_are_counted_once() {
    assert_eq!(
        sql("How many different cities do customers live in?"),
        "SELECT count(DISTINCT c.city) AS count FROM public.customers AS c"
    );
}

#[test]
fn a_superlative_keeps_the_first_row() {
    assert_eq!(
        sql("What is the name of the product with the highest price?"),
        "SELECT p.name FROM public.products AS p ORDER BY p.price DESC NULLS LAST LIMIT 1"
    );
    assert_eq!(
        sql("the 3 cheapest products"),
        "SELECT p.name, p.price FROM public.products AS p ORDER BY p.price LIMIT 3"
    );
}

#[test]
fn rows_are_sorted_as_asked() {
    assert_eq!(
        sql("names of products sorted by price in descending order"),
        "SELECT p.name FROM public.products AS p ORDER BY p.price DESC NULLS LAST"
    );
    assert_eq!(
        sql("show customer names alphabetically"),
        "SELECT c.name FROM public.customers AS c ORDER BY c.name"
    );
}

#[test]
fn names_that_need_quotes_get_them() {
    let schema = "Big Orders: Order Id int pk, Total number";
    let quoted = schema.replace("Order Id", "OrderId");
    let answer = translate("list big orders", &context(&quoted)).expect("an answer");
    assert_eq!(
        answer.sql,
        "SELECT b.\"OrderId\", b.\"Total\" FROM public.\"Big Orders\" AS b"
    );
}

#[test]
fn the_same_question_gives_the_same_sql() {
    let question = "top 5 customers by total order amount";
    assert_eq!(ask(question), ask(question));
}

#[test]
fn other_names_for_the_same_shop_change_only_the_names() {
    let schema = "
        buyers: buyer_id int pk, buyer_name text, town text {Berlin|Paris}
        purchases: purchase_id int pk, buyer_id int -> buyers, total number
    ";
    let answer = translate("top 5 buyers by total purchase amount", &context(schema));
    assert_eq!(
        answer.expect("an answer").sql,
        "SELECT b.buyer_name, sum(p.total) AS total FROM public.purchases AS p \
         JOIN public.buyers AS b ON b.buyer_id = p.buyer_id \
         GROUP BY b.buyer_id, b.buyer_name ORDER BY sum(p.total) DESC NULLS LAST LIMIT 5"
    );
}

#[test]
fn a_new_version_of_a_schema_takes_the_place_of_the_old() {
    let builtin = Builtin::new();
    for _ in 0..3 {
        let context = context("things: id int pk, name text");
        builtin
            .translate("how many things", &context)
            .expect("an answer");
    }
    assert_eq!(builtin.prepared.lock().expect("nothing panicked").len(), 1);
}
