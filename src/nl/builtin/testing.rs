//! Small schemas for tests, written as one line a table.

use std::sync::Arc;

use crate::nl::Cannot;
use crate::nl::Context;
use crate::nl::Reason;
use crate::sql::references;
use crate::sql::schema::Column;
use crate::sql::schema::ForeignKey;
use crate::sql::schema::Schema;
use crate::sql::schema::Table;
use crate::sql::schema::TypeKind;

use super::Translated;

/// A shop as most shops are.
pub(super) const SHOP: &str = "
    regions: id int pk, name text
    customers: id int pk, name text, email text, city text {Berlin|Paris|New York}, region_id int -> regions, active boolean
    categories: id int pk, name text {Books|Toys}
    products: id int pk, name text, price number, category_id int -> categories, stock int
    orders: id int pk, customer_id int -> customers, status enum {open|paid|refunded}, amount number, ordered_at timestamptz
    order_items: id int pk, order_id int -> orders, product_id int -> products, quantity int
    payments: id int pk, order_id int -> orders, amount number, method text {card|cash}, paid_on date
    employees: id int pk, first_name text, last_name text, salary number, hire_date date, region_id int -> regions
";

/// Reads a schema: `table: column type [pk] [-> table] [{a|b}], …`, one table a line.
pub(super) fn schema(text: &str) -> Arc<Schema> {
    let lines: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, columns)| (name.trim(), columns))
        .collect();
    let oid = |name: &str| {
        lines
            .iter()
            .position(|(other, _)| *other == name)
            .expect("the table is in the schema") as u32
    };
    let table = |(name, columns): &(&str, &str)| {
        let mut table = Table {
            oid: oid(name),
            schema: "public".to_owned(),
            name: (*name).to_owned(),
            ..Table::default()
        };
        for (position, definition) in columns.split(',').enumerate() {
            let words: Vec<&str> = definition
                .split('{')
                .next()
                .unwrap_or("")
                .split_whitespace()
                .collect();
            if words.contains(&"pk") {
                table.primary_key.push(position);
            }
            if let Some(arrow) = words.iter().position(|word| *word == "->") {
                table.foreign_keys.push(ForeignKey {
                    columns: vec![position],
                    references: oid(words[arrow + 1]),
                    referenced_columns: vec![0],
                });
            }
            table.columns.push(column(&words, definition));
        }
        table
    };
    let mut tables: Vec<Table> = lines.iter().map(table).collect();
    references::infer(&mut tables);
    Arc::new(Schema {
        version: 1,
        tables,
        ..Schema::default()
    })
}

fn column(words: &[&str], definition: &str) -> Column {
    let kind = match words[1] {
        "int" => TypeKind::Integer,
        "number" => TypeKind::Number,
        "boolean" => TypeKind::Boolean,
        "enum" => TypeKind::Enum,
        "date" => TypeKind::Date,
        "timestamp" => TypeKind::Timestamp,
        "timestamptz" => TypeKind::TimestampTz,
        _ => TypeKind::Text,
    };
    let inside = definition
        .split_once('{')
        .map_or("", |(_, rest)| rest.trim_end_matches([' ', '}']));
    let values: Arc<[String]> = inside
        .split('|')
        .filter(|value| !value.is_empty())
        .map(|value| value.trim().to_owned())
        .collect();
    let (enum_labels, common_values) = if kind == TypeKind::Enum {
        (values, Arc::default())
    } else {
        (Arc::default(), values)
    };
    Column {
        name: words[0].to_owned(),
        type_name: words[1].to_owned(),
        kind,
        enum_labels,
        common_values,
        ..Column::default()
    }
}

/// The context of a question asked in Berlin on Friday, 20 November 2026.
pub(super) fn context(text: &str) -> Context {
    Context {
        schema: schema(text),
        time_zone: "Europe/Berlin".to_owned(),
        now: "2026-11-20T12:00:00Z".parse().expect("a moment"),
    }
}

/// The translation of a question to the shop.
pub(super) fn ask(question: &str) -> Result<Translated, Cannot> {
    super::translate(question, &context(SHOP))
}

/// The SQL of a question to the shop.
pub(super) fn sql(question: &str) -> String {
    ask(question).expect("the question is answered").sql
}

/// The message of a refusal of the shop, as not answerable.
pub(super) fn refused(question: &str) -> String {
    let cannot = ask(question).expect_err("the question is refused");
    assert_eq!(cannot.reason, Reason::NotAnswerable, "{}", cannot.message);
    cannot.message
}

/// The message of a refusal of the shop, as ambiguous.
pub(super) fn ambiguous(question: &str) -> String {
    let cannot = ask(question).expect_err("the question is refused");
    assert_eq!(cannot.reason, Reason::Ambiguous, "{}", cannot.message);
    cannot.message
}
