//! How long it takes to find a question's tables among 500 of 100 columns, and to index these.

use std::sync::Arc;

use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use pgparley::nl::retrieval::Extras;
use pgparley::nl::retrieval::Retrieval;
use pgparley::sql::schema::Column;
use pgparley::sql::schema::ForeignKey;
use pgparley::sql::schema::Schema;
use pgparley::sql::schema::Table;

const TABLES: usize = 500;
const COLUMNS: usize = 100;

const QUESTIONS: [&str; 4] = [
    "top 5 customers by total order amount",
    "how many open invoices does each supplier of the western region have at the end of last month, \
     and what is the average delay of their payments in days",
    "names of emploees without an assigned department",
    "which products were shipped from the warehouse in New York but never returned",
];

/// Words that names are made of, as many schemas have them.
const WORDS: &str = "account address amount approval area asset assignment average balance batch \
    billing budget campaign cancel carrier category channel claim client code comment contact \
    contract cost country created credit currency customer date delay delivery department deposit \
    discount due employee end entry event expense fee flag group history hour id income invoice \
    item job key label last level limit line location manager market member method month name \
    number office open order owner parent partner payment percent period person phase plan policy \
    position price product project quantity rate reason receipt record region report request \
    result return revenue review risk role sale score segment service shipment source start state \
    status stock store supplier tax team term time total type unit updated user value vendor \
    version warehouse week weight year zone cust acct dept qty addr trx hdr dtl";

fn search(criterion: &mut Criterion) {
    let index = Retrieval::new(&schema());
    criterion.bench_function("search/500 tables of 100 columns", |bencher| {
        let mut turn = 0;
        bencher.iter(|| {
            turn = (turn + 1) % QUESTIONS.len();
            index.rank(QUESTIONS[turn], &Extras::default())
        });
    });
}

fn index(criterion: &mut Criterion) {
    let schema = schema();
    let mut group = criterion.benchmark_group("index");
    group.sample_size(10);
    group.bench_function("500 tables of 100 columns", |bencher| {
        bencher.iter(|| Retrieval::new(&schema));
    });
}

/// Tables with names of two words and columns of one to three, each table joined with the one
/// before it; a tenth of the columns with stored spellings. No randomness: the same every time.
fn schema() -> Schema {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let word = |number: usize| words[number.wrapping_mul(2_654_435_761) / 7 % words.len()];
    let column = |number: usize| {
        let name = match number % 4 {
            0 => format!("{}_{}", word(number), word(number + 1)),
            1 => word(number).to_owned(),
            2 => format!("{}{}", word(number), word(number * 3)),
            _ => format!("{}_{}_{}", word(number), word(number * 5), word(number * 7)),
        };
        let spellings = if number.is_multiple_of(10) { 20 } else { 0 };
        let spelling = |at: usize| format!("{} {}", word(number * 11 + at), word(number * 13 + at));
        Column {
            name,
            comment: number
                .is_multiple_of(5)
                .then(|| format!("The {} of the {}", word(number * 17), word(number * 19))),
            common_values: (0..spellings).map(spelling).collect::<Arc<[String]>>(),
            ..Column::default()
        }
    };
    let table = |number: usize| Table {
        oid: number as u32,
        schema: "erp".to_owned(),
        name: format!("{}_{}_{number}", word(number * 23), word(number * 29)),
        columns: (0..COLUMNS)
            .map(|at| column(number * COLUMNS + at))
            .collect(),
        foreign_keys: vec![ForeignKey {
            columns: vec![0],
            references: (number as u32).saturating_sub(1),
            referenced_columns: vec![0],
        }],
        ..Table::default()
    };
    Schema {
        tables: (0..TABLES).map(table).collect(),
        ..Schema::default()
    }
}

criterion_group!(benches, search, index);
criterion_main!(benches);
