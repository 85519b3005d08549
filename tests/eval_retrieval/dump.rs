//! Reads the tables, columns and foreign keys of a dump: enough of SQL for those of the data.

use pgparley::sql::schema::Column;
use pgparley::sql::schema::ForeignKey;
use pgparley::sql::schema::Schema;
use pgparley::sql::schema::Table;

/// The tables that `dump` creates.
pub(super) fn schema(dump: &str) -> Schema {
    let mut schema = Schema::default();
    for statement in dump.split(";\n") {
        let words = words(statement);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["create", "table", rest @ ..] => create(&mut schema, rest),
            ["alter", "table", rest @ ..] => alter(&mut schema, rest),
            _ => {}
        }
    }
    schema
}

/// `name ( column type …, PRIMARY KEY ( … ), FOREIGN KEY ( … ) REFERENCES … )`
fn create(schema: &mut Schema, words: &[&str]) {
    let open = words.iter().position(|word| *word == "(");
    let (name, definitions) = words.split_at(open.expect("columns follow a name"));
    let name = qualified(name);
    schema.tables.push(Table {
        oid: schema.tables.len() as u32,
        schema: name.0,
        name: name.1,
        ..Table::default()
    });
    let at = schema.tables.len() - 1;
    for definition in parts(&definitions[1..]) {
        match definition.as_slice() {
            ["primary" | "unique" | "check", ..] | [] => {}
            ["foreign" | "constraint", ..] => reference(schema, at, &definition),
            [column, ..] => schema.tables[at].columns.push(Column {
                name: (*column).to_owned(),
                ..Column::default()
            }),
        }
    }
}

/// `[ONLY] name ADD [CONSTRAINT …] FOREIGN KEY ( … ) REFERENCES …`
fn alter(schema: &mut Schema, words: &[&str]) {
    let words = words.strip_prefix(&["only"]).unwrap_or(words);
    let Some(end) = words.iter().position(|word| *word == "add") else {
        return;
    };
    if let Some(at) = position(schema, &qualified(&words[..end])) {
        reference(schema, at, &words[end..]);
    }
}

/// Adds the foreign key that stands somewhere in `words`.
fn reference(schema: &mut Schema, from: usize, words: &[&str]) {
    let after = |word: &str| words.iter().position(|other| *other == word);
    let (Some(key), Some(references)) = (after("foreign"), after("references")) else {
        return;
    };
    let target = &words[references + 1..];
    let end = target.iter().position(|word| *word == "(");
    let Some(to) = position(schema, &qualified(&target[..end.unwrap_or(target.len())])) else {
        return;
    };
    let columns = parts(&words[key + 3..]).concat();
    let columns = columns
        .iter()
        .filter_map(|name| schema.tables[from].column(name));
    let columns: Vec<usize> = columns.collect();
    let references = schema.tables[to].oid;
    schema.tables[from].foreign_keys.push(ForeignKey {
        columns,
        references,
        referenced_columns: vec![0],
    });
}

fn position(schema: &Schema, name: &(String, String)) -> Option<usize> {
    let is = |table: &Table| (&table.schema, &table.name) == (&name.0, &name.1);
    schema.tables.iter().position(is)
}

fn qualified(words: &[&str]) -> (String, String) {
    match words {
        [schema, ".", name, ..] => ((*schema).to_owned(), (*name).to_owned()),
        [name, ..] => ("public".to_owned(), (*name).to_owned()),
        [] => panic!("a table has a name"),
    }
}

/// What stands between commas, up to the parenthesis that was opened before.
fn parts<'w>(words: &[&'w str]) -> Vec<Vec<&'w str>> {
    let mut parts = vec![Vec::new()];
    let mut depth = 0;
    for &word in words {
        match word {
            ")" if depth == 0 => break,
            "," if depth == 0 => parts.push(Vec::new()),
            _ => parts.last_mut().expect("one at least").push(word),
        }
        depth += usize::from(word == "(");
        depth -= usize::from(word == ")");
    }
    parts
}

/// Names in lower case unless quoted, signs one by one.
fn words(statement: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in statement.split('"').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
            continue;
        }
        let mut word = String::new();
        for character in part.chars().chain([' ']) {
            if character.is_alphanumeric() || character == '_' {
                word.extend(character.to_lowercase());
                continue;
            }
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            if !character.is_whitespace() {
                words.push(character.to_string());
            }
        }
    }
    words
}
