//! Queries that people wrote and attacks that people tried; read where they are there.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use pgparley::catalog::Catalog;
use pgparley::catalog::Service;
use pgparley::guard::generated::check;
use pgparley::guard::generated::check_embedded;
use pgparley::sql::schema::Schema;

use crate::support::cluster;
use crate::support::database;

fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared")
        .join(path);
    if !path.exists() {
        eprintln!(
            "{} is not there, so nothing is compared with it",
            path.display()
        );
        return None;
    }
    Some(path)
}

fn schema_of(database: &str) -> Schema {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be built");
    let service = Service {
        host: cluster()
            .socket_dir()
            .to_str()
            .expect("a path of our own is UTF-8")
            .to_owned(),
        port: cluster().port(),
        user: "postgres".to_owned(),
        password: None,
        connect_timeout: Duration::from_secs(10),
    };
    let catalog = Catalog::new(runtime.handle().clone());
    let schema = runtime.block_on(catalog.schema(&service, database, "postgres"));
    (*schema.expect("the catalog can be read")).clone()
}

/// The databases of the evaluation set, loaded one after the other.
fn each_database(eval: &Path, mut visit: impl FnMut(&str, &str, &Schema)) {
    for file in fs::read_dir(eval.join("db")).expect("the set has databases") {
        let path = file.expect("a directory can be listed").path();
        let name = path
            .file_name()
            .and_then(OsStr::to_str)
            .expect("names are UTF-8");
        let Some(db) = name
            .strip_suffix(".sql")
            .filter(|db| !db.ends_with(".comments"))
        else {
            continue;
        };
        let database = database();
        let script = fs::read_to_string(&path).expect("scripts are UTF-8");
        cluster()
            .run_sql(&database, &script)
            .expect("the script runs");
        visit(db, &database, &schema_of(&database));
    }
}

/// The set of many schemas leaves open which one is meant; its gold names it beside the query.
fn narrowed(schema: &Schema, question: &serde_json::Value) -> Schema {
    let homes: Vec<&str> = question["gold_tables"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|table| Some(table.as_str()?.split_once('.')?.0))
        .collect();
    let mut schema = schema.clone();
    if !homes.is_empty() {
        schema
            .tables
            .retain(|table| homes.contains(&table.schema.as_str()));
    }
    schema
}

/// The query that is right, and others that are too.
fn golds(question: &serde_json::Value) -> impl Iterator<Item = &str> {
    let others = question["gold_sql_alternatives"]
        .as_array()
        .into_iter()
        .flatten();
    std::iter::once(&question["gold_sql"])
        .chain(others)
        .filter_map(serde_json::Value::as_str)
}

#[test]
fn gold_queries_are_accepted_and_mean_the_same() {
    let Some(eval) = shared("eval") else {
        return;
    };
    let questions = fs::read_to_string(eval.join("questions.jsonl")).unwrap();
    let questions: Vec<serde_json::Value> = questions
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (mut accepted, mut refused) = (0, Vec::new());
    each_database(&eval, |db, database, schema| {
        let mut plans = [const { String::new() }; 3];
        for question in questions.iter().filter(|question| question["db"] == db) {
            let schema = narrowed(schema, question);
            for gold in golds(question) {
                match check(gold, &schema) {
                    Ok(checked) => {
                        accepted += 1;
                        if question["explainable"] == true {
                            writeln!(plans[0], "EXPLAIN (COSTS OFF, VERBOSE) {gold};").unwrap();
                            writeln!(plans[1], "EXPLAIN (COSTS OFF, VERBOSE) {};", checked.sql)
                                .unwrap();
                            let embedded = check_embedded(gold, &schema).unwrap().sql;
                            writeln!(plans[2], "EXPLAIN (COSTS OFF, VERBOSE) {embedded};").unwrap();
                        }
                    }
                    // Some of the gold is cut off in the middle, as the set itself says.
                    Err(refusal)
                        if refusal.rule == "syntax" && question["explainable"] == false => {}
                    Err(refusal) => refused.push(format!("{db}: {gold}\n  {}", refusal.message)),
                }
            }
        }
        // The server's plans show what it understood.
        let [gold, ours, embedded] =
            plans.map(|script| cluster().run_sql(database, &script).unwrap());
        assert!(gold == ours && gold == embedded, "plans in {db} differ");
    });
    println!(
        "gold queries: {accepted} accepted, {} refused",
        refused.len()
    );
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// `(id, verdict, text)` of each block of the corpus.
fn attacks(corpus: &str) -> Vec<(String, String, String)> {
    let tag = |line: &str, tag: &str| {
        line.strip_prefix("-- @")
            .and_then(|rest| rest.strip_prefix(tag))
            .map(|v| v.trim().to_owned())
    };
    let mut blocks = Vec::new();
    let (mut id, mut verdict, mut text) = (String::new(), String::new(), String::new());
    for line in corpus.split_inclusive('\n') {
        if let Some(value) = tag(line, "id ") {
            (id, verdict, text) = (value, String::new(), String::new());
        } else if let Some(value) = tag(line, "verdict ") {
            verdict = value;
        } else if tag(line, "end").is_some() {
            blocks.push((id.clone(), verdict.clone(), text.clone()));
        } else if !line.starts_with("-- @") {
            text.push_str(line);
        }
    }
    blocks
}

#[test]
fn attacks_are_refused_or_come_to_nothing() {
    let Some(shared) = shared("attacks") else {
        return;
    };
    let fixture = fs::read_to_string(shared.join("fixture.sql")).unwrap();
    let database = database();
    cluster().run_sql(&database, &fixture).unwrap();
    let schema = schema_of(&database);
    let corpus = fs::read_to_string(shared.join("attacks.sql")).unwrap();
    let (mut stopped, mut through) = (0, Vec::new());
    for (id, verdict, text) in attacks(&corpus) {
        if verdict != "reject" {
            continue;
        }
        let Ok(checked) = check(&text, &schema) else {
            stopped += 1;
            continue;
        };
        // What reads harmless names nothing but `pg_catalog` when it runs as it is meant to.
        let script = format!(
            "BEGIN READ ONLY; SET LOCAL search_path = ''; {};",
            checked.sql
        );
        if cluster().run_sql(&database, &script).is_ok() {
            through.push(format!("{id}: {}", checked.sql));
        }
    }
    println!("attacks: {stopped} refused");
    assert!(stopped > 0);
    assert!(through.is_empty(), "{}", through.join("\n"));
}
