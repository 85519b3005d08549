//! How long the built-in translator takes: on a shop, and on 500 tables of 100 columns.

use std::sync::Arc;

use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use pgparley::nl::Context;
use pgparley::nl::builtin::Builtin;
use pgparley::sql::schema::Column;
use pgparley::sql::schema::ForeignKey;
use pgparley::sql::schema::Schema;
use pgparley::sql::schema::Table;
use pgparley::sql::schema::TypeKind;

const QUESTIONS: [&str; 4] = [
    "top 5 customers by total order amount",
    "how many orders per status last month",
    "names of customers without orders",
    "average price of products by category",
];

fn translate(criterion: &mut Criterion) {
    for (name, wide) in [("shop", 0), ("500 tables of 100 columns", 490)] {
        let context = context(wide);
        let builtin = Builtin::new();
        for question in QUESTIONS {
            builtin
                .translate(question, &context)
                .expect("the question is answered");
        }
        criterion.bench_function(&format!("translate/{name}"), |bencher| {
            let mut turn = 0;
            bencher.iter(|| {
                turn = (turn + 1) % QUESTIONS.len();
                builtin.translate(QUESTIONS[turn], &context)
            });
        });
    }
}

fn prepare(criterion: &mut Criterion) {
    let context = context(490);
    criterion.bench_function("prepare/500 tables of 100 columns", |bencher| {
        bencher.iter(|| Builtin::new().translate(QUESTIONS[0], &context));
    });
}

/// A shop of four tables among `wide` tables of 100 columns each.
fn context(wide: usize) -> Context {
    let mut tables = vec![
        table(
            1,
            "customers",
            &[("id", TypeKind::Integer), ("name", TypeKind::Text)],
        ),
        table(
            2,
            "orders",
            &[
                ("id", TypeKind::Integer),
                ("customer_id", TypeKind::Integer),
                ("status", TypeKind::Text),
                ("amount", TypeKind::Number),
                ("ordered_at", TypeKind::TimestampTz),
            ],
        ),
        table(
            3,
            "categories",
            &[("id", TypeKind::Integer), ("name", TypeKind::Text)],
        ),
        table(
            4,
            "products",
            &[
                ("id", TypeKind::Integer),
                ("category_id", TypeKind::Integer),
                ("name", TypeKind::Text),
                ("price", TypeKind::Number),
            ],
        ),
    ];
    tables[1].foreign_keys.push(reference(1));
    tables[3].foreign_keys.push(reference(3));
    for number in 0..wide {
        let columns: Vec<(String, TypeKind)> = (0..100)
            .map(|column| match column {
                0 => ("id".to_owned(), TypeKind::Integer),
                1 => (
                    format!("entity{}_id", number.saturating_sub(1)),
                    TypeKind::Integer,
                ),
                2 => ("name".to_owned(), TypeKind::Text),
                3 => ("created_at".to_owned(), TypeKind::TimestampTz),
                _ => (format!("measure_{column}_of_{number}"), TypeKind::Number),
            })
            .collect();
        let columns: Vec<(&str, TypeKind)> = columns
            .iter()
            .map(|(name, kind)| (name.as_str(), *kind))
            .collect();
        tables.push(table(
            10 + number as u32,
            &format!("entity{number}"),
            &columns,
        ));
    }
    Context {
        schema: Arc::new(Schema {
            version: 1,
            tables,
            ..Schema::default()
        }),
        time_zone: "UTC".to_owned(),
        now: "2026-11-20T12:00:00Z".parse().expect("a moment"),
    }
}

fn table(oid: u32, name: &str, columns: &[(&str, TypeKind)]) -> Table {
    let columns = columns
        .iter()
        .map(|(name, kind)| Column {
            name: (*name).to_owned(),
            kind: *kind,
            ..Column::default()
        })
        .collect();
    Table {
        oid,
        schema: "public".to_owned(),
        name: name.to_owned(),
        columns,
        primary_key: vec![0],
        ..Table::default()
    }
}

fn reference(references: u32) -> ForeignKey {
    ForeignKey {
        columns: vec![1],
        references,
        referenced_columns: vec![0],
    }
}

criterion_group!(benches, translate, prepare);
criterion_main!(benches);
