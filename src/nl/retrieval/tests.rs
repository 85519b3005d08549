//! Rankings of small schemas.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::Extras;
use super::Ranked;
use super::Retrieval;
use crate::sql::schema::Column;
use crate::sql::schema::ForeignKey;
use crate::sql::schema::InferredKey;
use crate::sql::schema::Schema;
use crate::sql::schema::Table;

/// A schema of lines `table: column column …`; the oid of a table is its line, from 0.
fn schema(text: &str) -> Schema {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let tables = (0..).zip(lines).map(|(oid, (name, columns))| Table {
        oid,
        schema: "public".to_owned(),
        name: name.trim().to_owned(),
        columns: columns.split_whitespace().map(column).collect(),
        ..Table::default()
    });
    Schema {
        tables: tables.collect(),
        ..Schema::default()
    }
}

fn column(name: &str) -> Column {
    Column {
        name: name.to_owned(),
        ..Column::default()
    }
}

fn join(schema: &mut Schema, from: usize, to: u32) {
    schema.tables[from].foreign_keys.push(key(to));
}

fn key(references: u32) -> ForeignKey {
    ForeignKey {
        columns: vec![0],
        references,
        referenced_columns: vec![0],
    }
}

/// The names of the tables that something speaks for, in order.
fn ranked<'s>(schema: &'s Schema, question: &str) -> Vec<&'s str> {
    let ranked = Retrieval::new(schema).rank(question, &Extras::default());
    assert_eq!(ranked.len(), schema.tables.len(), "all tables are ranked");
    let near = ranked.iter().take_while(|ranked| ranked.score > 0.0);
    near.map(|ranked| schema.tables[ranked.table].name.as_str())
        .collect()
}

fn of<'r>(ranked: &'r [Ranked], schema: &Schema, name: &str) -> &'r Ranked {
    let at = |ranked: &&Ranked| schema.tables[ranked.table].name == name;
    ranked.iter().find(at).expect("all tables are ranked")
}

#[test]
fn the_table_that_is_named_comes_first_and_strangers_have_no_score() {
    let schema = schema(
        "invoices: id customer_name
         customers: id name
         audit_log: line",
    );
    let near = ranked(&schema, "which customer pays late?");
    assert_eq!(near, ["customers", "invoices"]);
}

#[test]
fn run_together_names_are_read() {
    let schema = schema(
        "MONETARYAMOUNT: MONETARYAMOUNTID HASAMOUNT
         LISTEDSECURITY: LISTEDSECURITYID HASLASTTRADEDVALUE
         POSTALADDRESS: POSTALADDRESSID HASSTATE",
    );
    let first = |question| ranked(&schema, question)[0];
    assert_eq!(
        first("last traded value of each security"),
        "LISTEDSECURITY"
    );
    assert_eq!(first("states of postal addresses"), "POSTALADDRESS");
}

#[test]
fn words_run_together_in_the_schema_only_are_read() {
    let schema = schema("highschooler: id\nlowrider: id");
    assert_eq!(ranked(&schema, "all high schoolers"), ["highschooler"]);
}

#[test]
fn abbreviations_and_misspellings_are_read() {
    let schema = schema(
        "t_cust_addr: id
         t_dept_hdr: id
         airlines: id",
    );
    let first = |question| ranked(&schema, question)[0];
    assert_eq!(first("addresses of customers"), "t_cust_addr");
    assert_eq!(first("departments"), "t_dept_hdr");
    assert_eq!(first("every airlnes"), "airlines");
}

#[test]
fn a_stored_value_speaks_for_its_column() {
    let mut schema = schema("a: id kind\nb: id kind");
    schema.tables[1].columns[1].common_values = Arc::from(["Blue Whale".to_owned()]);
    let index = Retrieval::new(&schema);
    let found = index.search("how many blue whale", &Extras::default());
    assert_eq!(found.tables()[0].table, 1);
    assert_eq!(found.tables()[0].why.to_string(), "values");
    assert!(found.column(1, 1) > 0.0);
    assert!(found.column(0, 1) <= 0.0);
}

#[test]
fn tables_joined_with_a_match_follow_it() {
    let mut schema = schema("customers: id\nregions: id\nsensors: id");
    join(&mut schema, 0, 1);
    assert_eq!(ranked(&schema, "customers"), ["customers", "regions"]);
}

#[test]
fn a_likelier_join_passes_on_more() {
    let mut schema = schema("customers: id\nregions: id\nareas: id");
    let inferred = |to, confidence| InferredKey {
        key: key(to),
        confidence,
    };
    schema.tables[0].inferred_keys = vec![inferred(1, 0.4), inferred(2, 0.9)];
    assert_eq!(
        ranked(&schema, "customers"),
        ["customers", "areas", "regions"]
    );
}

#[test]
fn the_table_between_two_that_are_named_follows_them() {
    let mut schema = schema(
        "students: id
         x17: id
         pets: id
         student_notes: id student
         pet_notes: id pet",
    );
    for (from, to) in [(1, 0), (1, 2), (3, 0), (4, 2)] {
        join(&mut schema, from, to);
    }
    let index = Retrieval::new(&schema);
    let ranked = index.rank("pets of students", &Extras::default());
    let between = of(&ranked, &schema, "x17");
    assert!(
        between.why.to_string().contains("between"),
        "{}",
        between.why
    );
    let ends = [0, 2].map(|table| ranked.iter().position(|ranked| ranked.table == table));
    let place = ranked.iter().position(|ranked| ranked.table == 1);
    assert!(
        place > ends[0] && place > ends[1] && place < Some(4),
        "{ranked:?}"
    );
}

#[test]
fn meaning_and_examples_are_evidence_like_any_other() {
    let schema = schema("alpha: id\nbeta: id\ngamma: id");
    let index = Retrieval::new(&schema);
    let extras = Extras {
        meaning: &[0.1, 0.8, -0.2],
        examples: &[(0, 0.1), (7, 1.0)],
    };
    let ranked = index.rank("what do clients owe", &extras);
    assert_eq!(of(&ranked, &schema, "beta").why.to_string(), "meaning");
    assert_eq!(
        of(&ranked, &schema, "alpha").why.to_string(),
        "meaning, examples"
    );
    assert!(of(&ranked, &schema, "gamma").score <= 0.0);
}

#[test]
fn tables_of_the_namespace_that_holds_most_words_come_first() {
    let mut schema = schema("singer: id name\nsinger: id name\nsong: id title\ncar: id");
    for (at, namespace) in ["car_show", "concert", "concert", "car_show"]
        .into_iter()
        .enumerate()
    {
        namespace.clone_into(&mut schema.tables[at].schema);
    }
    let ranked = Retrieval::new(&schema).rank("songs of each singer", &Extras::default());
    let order: Vec<usize> = ranked.iter().map(|ranked| ranked.table).collect();
    assert!(
        order[..2].contains(&1) && order[..2].contains(&2),
        "{order:?}"
    );
}

proptest! {
    #[test]
    fn every_table_is_ranked_once_whatever_it_is_called(
        names in vec("\\PC{0,12}|[a-z_]{1,30}", 0..12),
        keys in vec((0_usize..12, 0_u32..12, 0.0_f32..1.0), 0..12),
        question in "\\PC{0,60}",
    ) {
        let mut schema = schema("");
        for (oid, name) in (0..).zip(&names) {
            let columns = vec![column(name), column(&question)];
            schema.tables.push(Table { oid, name: name.clone(), columns, ..Table::default() });
        }
        for (from, to, confidence) in keys {
            if let Some(table) = schema.tables.get_mut(from) {
                table.inferred_keys.push(InferredKey { key: key(to), confidence });
            }
        }
        let index = Retrieval::new(&schema);
        let ranked = index.rank(&question, &Extras::default());
        let mut tables: Vec<usize> = ranked.iter().map(|ranked| ranked.table).collect();
        prop_assert_eq!(&ranked, &index.rank(&question, &Extras::default()));
        tables.sort_unstable();
        prop_assert_eq!(tables, (0..names.len()).collect::<Vec<_>>());
        prop_assert!(ranked.iter().all(|ranked| ranked.score.is_finite()));
    }
}
