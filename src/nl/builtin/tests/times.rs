//! Spans of time, in the client's time zone, said back to who asks.

use crate::nl::builtin::testing::ask;
use crate::nl::builtin::testing::context;
use crate::nl::builtin::testing::sql;
use crate::nl::builtin::translate;

#[test]
fn a_span_is_half_open_in_the_clients_time_zone() {
    let answer = ask("how many orders last month").expect("an answer");
    assert_eq!(
        answer.sql,
        "SELECT count(*) AS count FROM public.orders AS o \
         WHERE o.ordered_at >= TIMESTAMPTZ '2026-10-01 00:00:00+02:00' \
         AND o.ordered_at < TIMESTAMPTZ '2026-11-01 00:00:00+01:00'"
    );
    assert_eq!(
        answer.readings,
        ["\"last month\" = ordered_at 2026-10-01 to 2026-10-31"]
    );
}

#[test]
fn literals_have_the_columns_type() {
    assert!(sql("payments since 2024").ends_with("WHERE p.paid_on >= DATE '2024-01-01'"));
}

#[test]
fn a_verb_names_its_date() {
    assert!(sql("employees hired before 2020").ends_with("WHERE e.hire_date < DATE '2020-01-01'"));
}

#[test]
fn rows_are_grouped_by_units_of_time() {
    assert_eq!(
        sql("number of payments per month"),
        "SELECT CAST(date_trunc('month', CAST(p.paid_on AS timestamp)) AS date) AS month, \
         count(*) AS count FROM public.payments AS p \
         GROUP BY CAST(date_trunc('month', CAST(p.paid_on AS timestamp)) AS date) \
         ORDER BY CAST(date_trunc('month', CAST(p.paid_on AS timestamp)) AS date)"
    );
}

#[test]
fn a_column_of_years_is_compared_as_years() {
    let schema = "films: id int pk, title text, release_year int";
    let films = |question| {
        translate(question, &context(schema))
            .expect("an answer")
            .sql
    };
    assert!(films("films in 2014").ends_with("WHERE f.release_year = 2014"));
    assert!(films("films after 2010").ends_with("WHERE f.release_year >= 2011"));
    assert!(films("films between 2010 and 2012").ends_with("BETWEEN 2010 AND 2012"));
}

#[test]
fn the_year_said_last_is_meant_of_both_ends() {
    assert!(
        sql("payments between January and March 2025")
            .ends_with("WHERE p.paid_on >= DATE '2025-01-01' AND p.paid_on < DATE '2025-04-01'")
    );
}

#[test]
fn whole_units_without_the_current_one_end_where_it_begins() {
    assert!(
        sql("payments in the last 6 months, not including the current month")
            .ends_with("WHERE p.paid_on >= DATE '2026-05-01' AND p.paid_on < DATE '2026-11-01'")
    );
}

#[test]
fn a_day_of_the_clients_zone_may_have_23_or_25_hours() {
    let on = |now: &str| {
        let mut context = context(crate::nl::builtin::testing::SHOP);
        context.now = now.parse().expect("a moment");
        let answer = translate("how many orders today", &context).expect("an answer");
        let bounds = answer.sql.split(" WHERE ").nth(1).map(str::to_owned);
        bounds.expect("a span")
    };
    assert_eq!(
        on("2026-03-29T10:00:00Z"),
        "o.ordered_at >= TIMESTAMPTZ '2026-03-29 00:00:00+01:00' \
         AND o.ordered_at < TIMESTAMPTZ '2026-03-30 00:00:00+02:00'"
    );
    assert_eq!(
        on("2026-10-24T22:30:00Z"),
        "o.ordered_at >= TIMESTAMPTZ '2026-10-25 00:00:00+02:00' \
         AND o.ordered_at < TIMESTAMPTZ '2026-10-26 00:00:00+01:00'"
    );
}

#[test]
fn weeks_begin_on_monday_and_may_cross_a_year() {
    let mut context = context(crate::nl::builtin::testing::SHOP);
    context.now = "2027-01-01T12:00:00Z".parse().expect("a moment");
    let week = translate("payments this week", &context).expect("an answer");
    assert!(
        week.sql
            .ends_with("WHERE p.paid_on >= DATE '2026-12-28' AND p.paid_on < DATE '2027-01-04'")
    );
    let quarter = translate("payments last quarter", &context).expect("an answer");
    assert!(
        quarter
            .sql
            .ends_with("WHERE p.paid_on >= DATE '2026-10-01' AND p.paid_on < DATE '2027-01-01'")
    );
}

#[test]
fn a_fiscal_year_that_nobody_defined_is_refused() {
    for question in [
        "payments this fiscal year",
        "payments in FY24",
        "payments last fiscal quarter",
    ] {
        assert!(ask(question).is_err(), "{question}");
    }
}
