//! What a large catalog costs: time to read it and memory to keep it. Alone in its process, so that
//! memory is its own.

#[path = "catalog/subject.rs"]
#[expect(dead_code, reason = "shared with the tests of what the catalog shows")]
mod subject;
pub mod support;

use std::fs;
use std::time::Duration;
use std::time::Instant;

use pgparley::catalog::Catalog;
use pgparley::sql::schema::Schema;

use subject::Subject;
use subject::control;
use subject::service;
use subject::wait;

/// MiB that a catalog of 500 tables with 100 columns each may take.
const MOST_MEMORY: usize = 60;

/// How long reading it may take here, where nothing is optimised; the aim is 1.5 s.
const LONGEST: Duration = Duration::from_secs(10);

/// How long stored values are waited for.
const PATIENCE: Duration = Duration::from_secs(30);
const NO_PATIENCE: Duration = Duration::ZERO;

#[test]
fn five_hundred_tables_are_read_in_time_and_kept_in_little_memory() {
    let subject = Subject::with(&wide());
    // What the process needs anyway is there before it counts.
    let small = support::database();
    let catalog = Catalog::new(control());
    wait(catalog.schema(&service(), &small, "postgres")).expect("the catalog can be read");

    let server = service();
    let before = resident();
    let started = Instant::now();
    let first = catalog.schema_with_values(&server, &subject.database, "postgres", NO_PATIENCE);
    whole(&wait(first).expect("the catalog can be read"));
    let took = started.elapsed();
    println!(
        "500 x 100, first question: {took:?}, {} MiB",
        resident() - before
    );
    assert!(took < LONGEST, "{took:?}");

    let started = Instant::now();
    let seen = catalog.schema_with_values(&server, &subject.database, "postgres", PATIENCE);
    let schema = wait(seen).expect("the catalog can be read");
    whole(&schema);
    let inferred: usize = schema.tables.iter().map(|t| t.inferred_keys.len()).sum();
    drop(schema);
    let grown = resident() - before;
    println!("with values: {:?}, {grown} MiB", started.elapsed());
    println!("{inferred} references inferred");
    assert!(inferred > 500, "{inferred}");
    assert!(grown <= MOST_MEMORY, "{grown} MiB");

    let role = subject.role("reader");
    subject.run(&format!(
        "CREATE ROLE {role}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};"
    ));
    let started = Instant::now();
    whole(&subject.see(&role));
    println!("after a GRANT on all of them: {:?}", started.elapsed());
    let started = Instant::now();
    whole(&subject.see(&role));
    println!("nothing changed: {:?}", started.elapsed());
    subject.run("CREATE TABLE written(id int); DROP TABLE written;");
    let started = Instant::now();
    whole(&subject.see(&role));
    println!("after a write elsewhere: {:?}", started.elapsed());
}

fn whole(schema: &Schema) {
    assert_eq!(schema.tables.len(), 500);
    assert!(schema.tables.iter().all(|table| table.columns.len() == 100));
}

/// 500 tables that refer to each other without saying so, some rows in the first of them.
fn wide() -> String {
    let mut script = vec!["BEGIN".to_owned()];
    for table in 0..500 {
        let columns: Vec<String> = (1..100).map(|column| definition(table, column)).collect();
        script.push(format!(
            "CREATE TABLE entity_{table}_x(id int PRIMARY KEY, {})",
            columns.join(", ")
        ));
        script.push(format!(
            "COMMENT ON TABLE entity_{table}_x IS 'no. {table}'"
        ));
        script.push(format!("COMMENT ON COLUMN entity_{table}_x.id IS 'key'"));
    }
    for table in 0..100 {
        script.push(format!(
            "INSERT INTO entity_{table}_x(id, attribute_5_of_{table}, attribute_10_of_{table})
             SELECT n, 'word ' || n % 50, 'text ' || n FROM generate_series(1, 100) n"
        ));
    }
    script.push("COMMIT; ANALYZE;".to_owned());
    script.join(";\n")
}

fn definition(table: usize, column: usize) -> String {
    if column <= 3 {
        return format!("entity_{}_x_id int", (table + column * 7) % 500);
    }
    let kind = ["text", "int", "numeric(10,2)", "timestamptz", "date"][column % 5];
    format!("attribute_{column}_of_{table} {kind}")
}

/// MiB of memory that this process has.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    let kibibytes: usize = kibibytes
        .expect("there is a number")
        .parse()
        .expect("of digits");
    kibibytes / 1024
}
