//! What a table's columns are for: which name a row, which say when.

use crate::sql::schema::Table;
use crate::sql::schema::TypeKind;

use super::naming;
use super::words::stem;

/// What is known about a table beyond its columns' names.
#[derive(Debug, Default)]
pub(super) struct TableFacts {
    /// Columns that tell a person which row is meant.
    pub(super) naming: Vec<usize>,
    /// The only column of the primary key.
    pub(super) key: Option<usize>,
    /// Columns of dates and moments.
    pub(super) dates: Vec<usize>,
    /// Columns that hold a year as a number or text.
    pub(super) years: Vec<usize>,
    /// How many words all columns' names begin with, which say only whose they are: `sbCust`.
    pub(super) shared: usize,
}

/// Looks at every column of a table.
pub(super) fn facts(table: &Table) -> TableFacts {
    let of_kind = |kinds: &[TypeKind]| -> Vec<usize> {
        (0..table.columns.len())
            .filter(|i| kinds.contains(&table.columns[*i].kind))
            .collect()
    };
    let years = of_kind(&[TypeKind::Integer, TypeKind::Text, TypeKind::Number])
        .into_iter()
        .filter(|i| {
            naming::segments(&table.columns[*i].name)
                .iter()
                .any(|w| w == "year")
        })
        .collect();
    TableFacts {
        naming: naming_columns(table),
        key: key(table),
        shared: shared(table),
        dates: of_kind(&[TypeKind::Date, TypeKind::Timestamp, TypeKind::TimestampTz]),
        years,
    }
}

/// The words that the names of all columns begin with, when there are several columns.
fn shared(table: &Table) -> usize {
    let names = || {
        table
            .columns
            .iter()
            .map(|column| naming::segments(&column.name))
    };
    let Some(first) = names().next().filter(|_| table.columns.len() > 2) else {
        return 0;
    };
    names()
        .map(|name| {
            let same = name.iter().zip(&first).take_while(|(a, b)| a == b).count();
            same.min(name.len().saturating_sub(1))
        })
        .min()
        .unwrap_or(0)
}

/// The only column of the primary key; where none is declared, the one that names imply.
pub(super) fn key(table: &Table) -> Option<usize> {
    match table.primary_key.as_slice() {
        [only] => return Some(*only),
        [] => {}
        _ => return None,
    }
    let stems = |name: &str| -> Vec<String> {
        naming::segments(name)
            .iter()
            .map(|word| stem(word))
            .collect()
    };
    let own = stems(&table.name);
    let initial = table.name.chars().next()?.to_ascii_lowercase();
    let of_table = |name: &str, ending: &str| {
        let words = stems(name);
        words.last().is_some_and(|last| last == ending) && words[..words.len() - 1] == own[..]
    };
    let numbers = |name: &str| {
        let words = naming::segments(name);
        let last = words.last().map_or("", String::as_str);
        let number = matches!(last, "no" | "nr" | "num" | "code" | "key");
        let stems = |words: &[String]| -> Vec<String> {
            naming::expanded(words)
                .iter()
                .map(|word| stem(word))
                .collect()
        };
        let table = naming::segments(&table.name);
        number && stems(&words[..words.len() - 1]) == stems(&table)
    };
    let tests: [&dyn Fn(&str) -> bool; 5] = [
        &|name| name == "id",
        &|name| of_table(name, "id"),
        // `author.aid`, in tables of one word that have a name to tell rows by.
        &|name| name == format!("{initial}id") && own.len() == 1,
        &numbers,
        &|name| of_table(name, "name"),
    ];
    tests.iter().find_map(|test| {
        table
            .columns
            .iter()
            .position(|column| test(&column.name.to_lowercase()))
    })
}

/// The columns that name a row: `name`, `first_name` with `last_name`, `title`, `customer_name`,
/// the column called as the table itself, or the text that every row begins with.
fn naming_columns(table: &Table) -> Vec<usize> {
    let table_words = naming::segments(&table.name);
    let words: Vec<Vec<String>> = table
        .columns
        .iter()
        .map(|column| naming::expanded(&naming::segments(&column.name)))
        .map(|words| match naming::without_table(&words, &table_words) {
            Some(rest) if rest.len() > 1 => rest,
            _ => words,
        })
        .collect();
    let text = |i: &usize| matches!(table.columns[*i].kind, TypeKind::Text | TypeKind::Other);
    let find = |wanted: &[&str]| {
        (0..words.len())
            .filter(text)
            .find(|i| words[*i].iter().eq(wanted.iter().copied()))
    };
    for wanted in [&["name"][..], &["full", "name"]] {
        if let Some(column) = find(wanted) {
            return vec![column];
        }
    }
    if let (Some(first), Some(last)) = (find(&["first", "name"]), find(&["last", "name"])) {
        return vec![first, last];
    }
    if let Some(column) = find(&["title"]) {
        return vec![column];
    }
    let of_table = |i: &usize, ending: &str| {
        let rest = naming::without_table(&words[*i], &table_words);
        rest.is_some_and(|rest| rest == [ending])
    };
    for ending in ["name", "title"] {
        if let Some(column) = (0..words.len()).filter(text).find(|i| of_table(i, ending)) {
            return vec![column];
        }
    }
    let bare = naming::bare_table(&table_words).unwrap_or(table_words);
    let same = |i: &usize| naming::keys(&words[*i])[1] == naming::keys(&bare)[1];
    if let Some(column) = (0..words.len()).filter(text).find(same) {
        return vec![column];
    }
    let named: Vec<usize> = (0..words.len())
        .filter(text)
        .filter(|i| words[*i].last().is_some_and(|word| word == "name"))
        .collect();
    match named.as_slice() {
        [_] => named,
        [] => OTHER_NAMES
            .iter()
            .find_map(|word| find(&[word]))
            .or_else(|| leading_text(table))
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}

/// What a name may be called besides `name` and `title`.
const OTHER_NAMES: &[&str] = &["label", "caption", "designation", "headline"];

/// The text behind the key, when every row must have it: by custom that is what people call a row.
fn leading_text(table: &Table) -> Option<usize> {
    let is_key = |column: &usize| {
        table.primary_key.contains(column)
            || table
                .foreign_keys
                .iter()
                .any(|key| key.columns.contains(column))
    };
    let first = (0..table.columns.len()).find(|column| !is_key(column))?;
    let column = &table.columns[first];
    (column.kind == TypeKind::Text && column.not_null).then_some(first)
}
