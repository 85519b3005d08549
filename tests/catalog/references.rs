//! References that nothing declares: filled in, cut to what a role sees, and right on known data.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use pgparley::catalog::Service;
use pgparley::sql::schema::Schema;
use pgparley::sql::schema::Table;

use crate::subject::Subject;
use crate::subject::service;
use crate::subject::wait;

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

#[test]
fn values_confirm_what_names_suggest_and_refute_what_they_do_not_hold() {
    let subject = Subject::with(
        "CREATE TABLE customers(id int PRIMARY KEY, name text);
         CREATE TABLE orders(id int PRIMARY KEY, customer_id int);
         CREATE TABLE tickets(id int PRIMARY KEY, customer_id int);
         CREATE TABLE empty(id int PRIMARY KEY, customer_id int);
         INSERT INTO customers SELECT n, 'c' || n FROM generate_series(1, 50) n;
         INSERT INTO orders SELECT n, 1 + n % 50 FROM generate_series(1, 300) n;
         INSERT INTO tickets SELECT n, 1000 + n FROM generate_series(1, 300) n;",
    );
    let before = confidence(&subject.see("postgres"), "orders").expect("names suggest it");
    let schema = subject.see_values("postgres");
    let after = confidence(&schema, "orders").expect("values confirm it");
    assert!(after > before, "{after} after {before}");
    assert_eq!(confidence(&schema, "tickets"), None);
    assert_eq!(confidence(&schema, "empty"), Some(before));
}

#[test]
fn a_column_whose_texts_are_all_in_one_list_refers_to_it() {
    let subject = Subject::with(
        "CREATE TABLE countries(country_name text PRIMARY KEY, capital text);
         CREATE TABLE borders(place text, touches text);
         INSERT INTO countries SELECT 'land ' || n, 'stadt ' || n FROM generate_series(1, 20) n;
         INSERT INTO borders SELECT 'p' || n, 'land ' || 1 + n % 20 FROM generate_series(1, 60) n;",
    );
    assert!(inferred(&subject.see("postgres"), 0.0).is_empty());
    let found = inferred(&subject.see_values("postgres"), 0.6);
    assert_eq!(found, pairs(&["borders.touches countries.country_name"]));
}

#[test]
fn values_are_looked_at_with_the_rights_of_the_role_and_never_under_row_security() {
    let subject = Subject::with(
        "CREATE TABLE open(id int, word text);
         INSERT INTO open VALUES (1, 'seen');
         CREATE TABLE part(id int, word text, secret text);
         INSERT INTO part VALUES (1, 'shown', 'hidden');
         CREATE TABLE mine(id int, word text); ALTER TABLE mine ENABLE ROW LEVEL SECURITY;
         CREATE POLICY own ON mine USING (word = current_user);
         INSERT INTO mine VALUES (1, 'private');
         CREATE VIEW looked AS SELECT word FROM open WHERE pg_sleep(30) IS NULL;",
    );
    let role = subject.role("reader");
    subject.run(&format!(
        "CREATE ROLE {role}; GRANT SELECT ON open, mine, looked TO {role};
         GRANT SELECT (id, word) ON part TO {role};"
    ));
    let schema = subject.see_values(&role);
    let words = |table: &str| {
        let table = schema.table("public", table).expect("it is seen");
        let columns = table.columns.iter();
        let words = columns.flat_map(|column| column.common_values.iter().cloned());
        words.collect::<Vec<_>>()
    };
    assert_eq!(words("open"), ["seen"]);
    assert_eq!(words("part"), ["shown"]);
    assert!(words("mine").is_empty());
    assert!(words("looked").is_empty());
}

#[test]
fn a_service_account_that_may_not_act_as_the_role_looks_at_nothing() {
    let subject = Subject::with("CREATE TABLE t(word text); INSERT INTO t VALUES ('stored');");
    let (reader, account) = (subject.role("reader"), subject.role("account"));
    subject.run(&format!(
        "CREATE ROLE {reader}; GRANT SELECT ON t TO {reader}; CREATE ROLE {account} LOGIN;"
    ));
    let service = Service {
        user: account,
        ..service()
    };
    let patience = Duration::from_secs(30);
    let catalog = &subject.catalog;
    let schema = catalog.schema_with_values(&service, &subject.database, &reader, patience);
    let schema = wait(schema).expect("the catalog can be read");
    let table = schema.table("public", "t").expect("it is seen");
    assert!(table.columns[0].common_values.is_empty());
}

#[test]
fn a_question_after_a_change_looks_at_values_anew() {
    let subject = Subject::with("CREATE TABLE t(word text); INSERT INTO t VALUES ('old');");
    let words = || {
        subject.see_values("postgres").tables[0].columns[0]
            .common_values
            .to_vec()
    };
    assert_eq!(words(), ["old"]);
    subject.run("UPDATE t SET word = 'new'");
    assert_eq!(
        words(),
        ["old"],
        "values alone are looked at once in a while"
    );
    subject.run("ALTER TABLE t ADD more int");
    assert_eq!(words(), ["new"]);
}

#[test]
fn a_locked_table_holds_nobody_up() {
    let subject = Subject::with("CREATE TABLE t(word text); INSERT INTO t VALUES ('w');");
    let service = service();
    let schema = wait(async {
        let mut config = tokio_postgres::Config::new();
        config.host(&service.host).port(service.port);
        config.user("postgres").dbname(&subject.database);
        let (client, connection) = config
            .connect(tokio_postgres::NoTls)
            .await
            .expect("the cluster takes connections");
        let connection = tokio::spawn(connection);
        let lock = "BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE";
        client.batch_execute(lock).await.expect("nobody holds it");
        let (catalog, database) = (&subject.catalog, &subject.database);
        let patience = Duration::from_secs(30);
        let seen = catalog.schema_with_values(&service, database, "postgres", patience);
        let schema = tokio::time::timeout(Duration::from_secs(15), seen).await;
        drop(client);
        connection.abort();
        schema
    });
    let schema = schema.expect("in time").expect("the catalog can be read");
    let column = &schema.table("public", "t").expect("it is seen").columns[0];
    assert!(column.common_values.is_empty());
}

/// The share of guesses that are right, and of joinable pairs that are guessed. Declared keys are
/// dropped first: all that is left to go by are names, types and values.
#[test]
fn most_joinable_pairs_of_known_databases_are_found() {
    let Some(directory) = evaluation_data() else {
        return;
    };
    let known = joinable(&directory);
    let mut by_names = [0.3, 0.45, 0.6, 0.75].map(Score::new);
    let mut by_values = [0.3, 0.45, 0.6, 0.75].map(Score::new);
    for (database, known) in &known {
        let dump = directory.join("db").join(format!("{database}.sql"));
        let subject = Subject::with(&fs::read_to_string(dump).expect("a readable file"));
        subject.run(DROP_DECLARED);
        let schema = subject.see("postgres");
        println!("{database}, names and types:");
        for score in &mut by_names {
            let found = inferred(&schema, score.threshold);
            println!("    {}", score.count(&found, known));
        }
        let schema = subject.see_values("postgres");
        println!("{database}, and values:");
        for score in &mut by_values {
            let found = inferred(&schema, score.threshold);
            println!("    {}", score.count(&found, known));
        }
        let found = inferred(&schema, 0.3);
        println!(
            "    not known: {:?}",
            found.difference(known).collect::<Vec<_>>()
        );
        println!(
            "    not found: {:?}",
            known.difference(&found).collect::<Vec<_>>()
        );
    }
    for (how, scores) in [("names", &by_names), ("values", &by_values)] {
        for score in scores {
            println!("all by {how} at {}: {}", score.threshold, score.text());
        }
        assert!(scores[1].precision() >= 0.85, "{how}: {}", scores[1].text());
        assert!(scores[1].recall() >= 0.75, "{how}: {}", scores[1].text());
    }
}

/// What databases declare is found again, more or less, when it is dropped. What is found besides
/// may be right as well, so precision is only roughly known.
#[test]
fn declared_references_are_found_again_when_they_are_dropped() {
    let Some(directory) = evaluation_data() else {
        return;
    };
    let mut all = Score::new(0.6);
    for database in [
        "spider_mega",
        "fiben",
        "bird_superhero",
        "bird_student_club",
    ] {
        let dump = directory.join("db").join(format!("{database}.sql"));
        let subject = Subject::with(&fs::read_to_string(dump).expect("a readable file"));
        let known = declared(&subject.see("postgres"));
        subject.run(DROP_DECLARED);
        let schema = subject.see("postgres");
        for threshold in [0.3, 0.75] {
            let found = inferred(&schema, threshold);
            println!(
                "{database}: {}",
                Score::new(threshold).count(&found, &known)
            );
        }
        let found = inferred(&schema, all.threshold);
        println!("{database}: {}", all.count(&found, &known));
    }
    println!("all: {}", all.text());
    assert!(all.precision() >= 0.8, "{}", all.text());
    assert!(all.recall() >= 0.65, "{}", all.text());
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

    /// Adds what was found in one database, and says how good it is by itself.
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
        format!("at {}: {}", one.threshold, one.text())
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

/// Every declared reference of one column.
fn declared(schema: &Schema) -> BTreeSet<Pair> {
    let mut found = BTreeSet::new();
    for table in &schema.tables {
        for key in &table.foreign_keys {
            let target = schema.table_by_oid(key.references);
            let target = target.expect("a key leads to a table that is seen");
            if let ([own], [other]) = (key.columns.as_slice(), key.referenced_columns.as_slice()) {
                found.insert(pair(name(table, *own), name(target, *other)));
            }
        }
    }
    found
}

/// How likely the only reference of a table is.
fn confidence(schema: &Schema, table: &str) -> Option<f32> {
    let table = schema.table("public", table).expect("it is seen");
    table
        .inferred_keys
        .first()
        .map(|inferred| inferred.confidence)
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
    let prefix = match table.schema.as_str() {
        "public" => String::new(),
        schema => format!("{schema}."),
    };
    format!("{prefix}{}.{}", table.name, table.columns[column].name)
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
