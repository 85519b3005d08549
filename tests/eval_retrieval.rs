//! How often the tables of the answer are among the first that are found, on the evaluation data
//! where that lies beside the repository.
//!
//! No server is needed: schemas are read from the CREATE TABLE statements.

#[path = "eval_retrieval/dump.rs"]
mod dump;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use pgparley::nl::retrieval::Extras;
use pgparley::nl::retrieval::Retrieval;
use pgparley::sql::schema::Schema;
use serde_json::Value;

/// A question and the sets of tables that answer it, any of them.
struct Asked {
    question: String,
    gold: Vec<BTreeSet<String>>,
}

#[test]
fn ten_tables_of_876_hold_the_answer_to_93_of_100_questions() {
    let Some(share) = found("spider_mega", 10) else {
        return;
    };
    assert!(share >= 0.93, "{share}");
}

#[test]
fn thirty_tables_of_149_run_together_names_hold_the_answer_to_60_of_100_questions() {
    let Some(share) = found("fiben", 30) else {
        return;
    };
    assert!(share >= 0.60, "{share}");
}

/// The share of the questions to `database` that have all tables of an answer among the first
/// `first`; printed for other numbers of tables, too.
fn found(database: &str, first: usize) -> Option<f64> {
    let directory = evaluation_data()?;
    let dump = directory.join("db").join(database).with_extension("sql");
    let schema = dump::schema(&fs::read_to_string(dump).expect("the database is part of the data"));
    let asked = questions(&directory, database);
    assert!(!asked.is_empty(), "there are questions to {database}");
    let index = Retrieval::new(&schema);
    let places: Vec<usize> = asked
        .iter()
        .map(|asked| needed(&index, &schema, asked))
        .collect();
    let share = |first: usize| {
        let found = places.iter().filter(|place| **place <= first).count();
        found as f64 / places.len() as f64
    };
    for first in [5, 10, 20, 30] {
        eprintln!(
            "{database}: {:.1} % in the first {first}",
            100.0 * share(first)
        );
    }
    Some(share(first))
}

/// How many of the first tables it takes to have all of an answer.
fn needed(index: &Retrieval, schema: &Schema, asked: &Asked) -> usize {
    let ranked = index.rank(&asked.question, &Extras::default());
    let place = |name: &String| {
        let named = |table: usize| {
            let table = &schema.tables[table];
            format!("{}.{}", table.schema, table.name) == *name
        };
        let place = ranked.iter().position(|ranked| named(ranked.table));
        place.map_or(usize::MAX, |place| place + 1)
    };
    let sets = asked.gold.iter();
    let needed = sets.filter_map(|tables| tables.iter().map(place).max());
    needed.min().unwrap_or(usize::MAX)
}

/// The directory of the evaluation data, when there is one.
fn evaluation_data() -> Option<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()?
        .join("shared/eval");
    if directory.is_dir() {
        return Some(directory);
    }
    eprintln!("no evaluation data beside the repository: nothing to check");
    None
}

fn questions(directory: &Path, database: &str) -> Vec<Asked> {
    let text = fs::read_to_string(directory.join("questions.jsonl"));
    let text = text.expect("the questions are part of the data");
    text.lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("each line is an object"))
        .filter(|line| line["db"] == database)
        .map(|line| {
            let any = line["gold_tables_any"].as_array().into_iter().flatten();
            Asked {
                question: line["question"].as_str().expect("a question").to_owned(),
                gold: any.chain([&line["gold_tables"]]).map(tables).collect(),
            }
        })
        .collect()
}

/// Names of tables, each with its schema.
fn tables(names: &Value) -> BTreeSet<String> {
    let names = names.as_array().into_iter().flatten();
    let names = names.map(|name| name.as_str().expect("names are texts").to_lowercase());
    names
        .map(|name| {
            if name.contains('.') {
                name
            } else {
                format!("public.{name}")
            }
        })
        .collect()
}
