//! The built-in translator on the evaluation data, where that lies beside the repository.
//!
//! No server is needed: schemas are read from the CREATE TABLE statements.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use pgparley::nl::Context;
use pgparley::nl::builtin::Builtin;
use pgparley::sql::schema::Column;
use pgparley::sql::schema::ForeignKey;
use pgparley::sql::schema::Schema;
use pgparley::sql::schema::Table;
use pgparley::sql::schema::TypeKind;

#[test]
fn unanswerable_questions_are_refused() {
    let Some(directory) = evaluation_data() else {
        return;
    };
    let schemas = schemas(&directory);
    let builtin = Builtin::new();
    let mut asked = 0;
    let mut answered = Vec::new();
    for (database, question) in questions(&directory.join("unanswerable.jsonl")) {
        let Some(schema) = schemas.get(&database) else {
            continue;
        };
        asked += 1;
        if let Ok(answer) = builtin.translate(&question, &context(schema)) {
            answered.push(format!("{question}\n    {}", answer.sql));
        }
    }
    assert!(asked > 0, "the questions name databases that are there");
    assert!(
        answered.is_empty(),
        "{} of {asked}:\n{}",
        answered.len(),
        answered.join("\n")
    );
}

#[test]
fn every_question_is_answered_or_refused_the_same_way_twice() {
    let Some(directory) = evaluation_data() else {
        return;
    };
    let schemas = schemas(&directory);
    let builtin = Builtin::new();
    for (database, question) in questions(&directory.join("questions.jsonl")) {
        let Some(schema) = schemas.get(&database) else {
            continue;
        };
        let context = context(schema);
        let first = builtin.translate(&question, &context);
        if let Ok(answer) = &first {
            assert!(answer.sql.starts_with("SELECT "), "{}", answer.sql);
            assert!(
                !answer.sql.contains("  AS "),
                "an alias is missing: {}",
                answer.sql
            );
        }
        assert_eq!(first, builtin.translate(&question, &context), "{question}");
    }
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

fn context(schema: &Arc<Schema>) -> Context {
    Context {
        schema: Arc::clone(schema),
        time_zone: "UTC".to_owned(),
        now: "2026-11-20T12:00:00Z".parse().expect("a moment"),
    }
}

fn questions(file: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(file).expect("the file is part of the data");
    let field = |line: &serde_json::Value, name: &str| {
        line[name]
            .as_str()
            .expect("each line has the field")
            .to_owned()
    };
    text.lines()
        .map(|line| serde_json::from_str(line).expect("each line is an object"))
        .map(|line| (field(&line, "db"), field(&line, "question")))
        .collect()
}

fn schemas(directory: &Path) -> HashMap<String, Arc<Schema>> {
    let mut schemas = HashMap::new();
    for entry in fs::read_dir(directory.join("db")).expect("the databases are part of the data") {
        let path = entry.expect("a readable directory").path();
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_owned();
        if !name.contains('.') {
            let text = fs::read_to_string(&path).expect("a readable file");
            schemas.insert(name, Arc::new(read_schema(&text)));
        }
    }
    schemas
}

/// Reads the tables of a dump: one column a line, keys inside or altered in later.
fn read_schema(dump: &str) -> Schema {
    let mut schema = Schema {
        version: 1,
        ..Schema::default()
    };
    let mut lines = dump.lines();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix("CREATE TABLE ") else {
            continue;
        };
        let (namespace, name) = qualified(name.trim_end_matches(['(', ' ']));
        let oid = schema.tables.len() as u32 + 1;
        let mut table = Table {
            oid,
            schema: namespace,
            name,
            ..Table::default()
        };
        for line in lines
            .by_ref()
            .map(str::trim)
            .take_while(|line| !line.starts_with(");"))
        {
            read_column(line, &mut table);
        }
        schema.tables.push(table);
    }
    for line in dump.lines().filter(|line| line.contains("FOREIGN KEY")) {
        read_reference(line, &mut schema);
    }
    schema
}

fn read_column(line: &str, table: &mut Table) {
    let parts = words(line);
    let [name, kind, ..] = parts.as_slice() else {
        return;
    };
    if name == "PRIMARY" {
        let inside = line
            .split_once('(')
            .map_or("", |(_, rest)| rest.trim_end_matches([',', ')']));
        table.primary_key = words(inside)
            .iter()
            .filter_map(|name| table.column(name))
            .collect();
        return;
    }
    if line.contains("PRIMARY KEY") {
        table.primary_key = vec![table.columns.len()];
    }
    let kind = match kind.to_lowercase().as_str() {
        "bigint" | "integer" | "int" | "serial" | "smallint" => TypeKind::Integer,
        "numeric" | "real" | "double" | "float" | "decimal" => TypeKind::Number,
        "boolean" => TypeKind::Boolean,
        "date" => TypeKind::Date,
        "timestamp" => TypeKind::Timestamp,
        _ => TypeKind::Text,
    };
    table.columns.push(Column {
        name: name.clone(),
        kind,
        ..Column::default()
    });
}

/// `ALTER TABLE a ADD FOREIGN KEY (x) REFERENCES b (y);`
fn read_reference(line: &str, schema: &mut Schema) {
    let parts = words(line);
    let after = |word: &str| parts.iter().position(|part| part == word).map(|at| at + 1);
    let (Some(from), Some(key), Some(to)) = (after("TABLE"), after("KEY"), after("REFERENCES"))
    else {
        return;
    };
    let find = |name: &String| {
        let (_, name) = qualified(name);
        schema.tables.iter().position(|table| table.name == name)
    };
    let (Some(from), Some(target)) = (find(&parts[from]), find(&parts[to])) else {
        return;
    };
    let own = schema.tables[from].column(&parts[key]);
    let other = parts
        .get(to + 1)
        .and_then(|name| schema.tables[target].column(name));
    if let (Some(own), Some(other)) = (own, other) {
        let references = schema.tables[target].oid;
        schema.tables[from].foreign_keys.push(ForeignKey {
            columns: vec![own],
            references,
            referenced_columns: vec![other],
        });
    }
}

/// The words of a line; what is in double quotes is one word.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (position, part) in line.split('"').enumerate() {
        if position % 2 == 1 {
            words.push(part.to_owned());
            continue;
        }
        let plain = part
            .split([' ', ',', '(', ')', ';'])
            .filter(|word| !word.is_empty());
        words.extend(plain.map(str::to_owned));
    }
    words
}

fn qualified(name: &str) -> (String, String) {
    let plain = name.replace('"', "");
    match plain.split_once('.') {
        Some((schema, name)) => (schema.to_owned(), name.to_owned()),
        None => ("public".to_owned(), plain),
    }
}
