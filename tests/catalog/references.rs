//! References that nothing declares: filled in, cut to what a role sees, and right on known data.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use pgparley::sql::schema::Schema;
use pgparley::sql::schema::Table;

use crate::subject::Subject;

/// Two columns, `table.column` each, in the order of their names.
type Pair = (String, String);

#[test]
fn references_that_nothing_declares_are_found_and_cut_to_what_a_role_sees() {
    let subject = Subject::with(
        "CREATE TABLE customers(secret text, id int PRIMARY KEY, name text);
         CREATE TABLE orders(id int PRIMARY KEY, total int, customer_id int, product_id int);
         CREATE TABLE products(id int PRIMARY KEY, name text);",
    );
    let all = inferred(&subject.see("postgres"), 0.6);
    assert_eq!(
        all,
        pairs(&[
            "customers.id orders.customer_id",
            "orders.product_id products.id"
        ])
    );

    let role = subject.role("narrow");
    subject.run(&format!(
        "CREATE ROLE {role}; GRANT SELECT (id) ON customers TO {role};
         GRANT SELECT (customer_id, product_id) ON orders TO {role};"
    ));
    let narrow = subject.see(&role);
    assert_eq!(
        inferred(&narrow, 0.6),
        pairs(&["customers.id orders.customer_id"])
    );

    let role = subject.role("blind");
    subject.run(&format!(
        "CREATE ROLE {role}; GRANT SELECT (name) ON customers TO {role};
         GRANT SELECT ON orders TO {role};"
    ));
    assert!(inferred(&subject.see(&role), 0.0).is_empty());
}

/// The share of guesses that are right, and of joinable pairs that are guessed. Declared keys are
/// dropped first: all that is left to go by are names, types and values.
#[test]
fn most_joinable_pairs_of_known_databases_are_found() {
    let Some(directory) = evaluation_data() else {
        return;
    };
    let known = joinable(&directory);
    let mut scores = [
        Score::new(0.3),
        Score::new(0.45),
        Score::new(0.6),
        Score::new(0.75),
    ];
    for (database, known) in &known {
        let dump = directory.join("db").join(format!("{database}.sql"));
        let subject = Subject::with(&fs::read_to_string(dump).expect("a readable file"));
        subject.run(DROP_DECLARED);
        let schema = subject.see("postgres");
        for score in &mut scores {
            let found = inferred(&schema, score.threshold);
            let one = score.count(&found, known);
            println!("{database} at {}: {one}", score.threshold);
            if score.threshold < 0.4 {
                for pair in found.difference(known) {
                    println!("    not known: {pair:?}");
                }
                for pair in known.difference(&found) {
                    println!("    not found: {pair:?}");
                }
            }
        }
    }
    for score in &scores {
        println!("all at {}: {}", score.threshold, score.text());
    }
    assert!(scores[1].precision() >= 0.85, "{}", scores[1].text());
    assert!(scores[1].recall() >= 0.75, "{}", scores[1].text());
}

const DROP_DECLARED: &str = "
DO $$ DECLARE k record; BEGIN
  FOR k IN SELECT conrelid::regclass AS owner, conname FROM pg_constraint WHERE contype = 'f' LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', k.owner, k.conname);
  END LOOP;
END $$;";

struct Score {
    threshold: f32,
    right: usize,
    guessed: usize,
    known: usize,
}

impl Score {
    fn new(threshold: f32) -> Self {
        Self {
            threshold,
            right: 0,
            guessed: 0,
            known: 0,
        }
    }

    fn count(&mut self, found: &BTreeSet<Pair>, known: &BTreeSet<Pair>) -> String {
        let one = Self {
            threshold: self.threshold,
            right: found.intersection(known).count(),
            guessed: found.len(),
            known: known.len(),
        };
        self.right += one.right;
        self.guessed += one.guessed;
        self.known += one.known;
        one.text()
    }

    fn precision(&self) -> f64 {
        self.right as f64 / self.guessed.max(1) as f64
    }

    fn recall(&self) -> f64 {
        self.right as f64 / self.known.max(1) as f64
    }

    fn text(&self) -> String {
        format!(
            "precision {:.2}, recall {:.2} ({} right of {} guessed, {} known)",
            self.precision(),
            self.recall(),
            self.right,
            self.guessed,
            self.known
        )
    }
}

/// Every inferred reference of one column with at least this confidence.
fn inferred(schema: &Schema, least: f32) -> BTreeSet<Pair> {
    let mut found = BTreeSet::new();
    for table in &schema.tables {
        for inferred in &table.inferred_keys {
            let target = schema
                .table_by_oid(inferred.key.references)
                .expect("a reference leads to a table that is seen");
            let ([own], [other]) = (
                inferred.key.columns.as_slice(),
                inferred.key.referenced_columns.as_slice(),
            ) else {
                continue;
            };
            if inferred.confidence >= least {
                found.insert(pair(name(table, *own), name(target, *other)));
            }
        }
    }
    found
}

fn name(table: &Table, column: usize) -> String {
    format!("{}.{}", table.name, table.columns[column].name)
}

fn pair(one: String, other: String) -> Pair {
    if one < other {
        (one, other)
    } else {
        (other, one)
    }
}

fn pairs(texts: &[&str]) -> BTreeSet<Pair> {
    let split = |text: &&str| {
        let (one, other) = text.split_once(' ').expect("two names");
        pair(one.to_owned(), other.to_owned())
    };
    texts.iter().map(split).collect()
}

/// The joinable pairs of the evaluation data, by database.
fn joinable(directory: &Path) -> BTreeMap<String, BTreeSet<Pair>> {
    let text = fs::read_to_string(directory.join("joins.jsonl")).expect("part of the data");
    let mut known: BTreeMap<String, BTreeSet<Pair>> = BTreeMap::new();
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("each line is an object");
        let field = |name: &str| line[name].as_str().expect("each line has it").to_owned();
        known
            .entry(field("db"))
            .or_default()
            .insert(pair(field("left"), field("right")));
    }
    known
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
