//! The words of a table's and its columns' names, made comparable.

use crate::sql::schema::Table;
use crate::sql::words;

/// Endings by which a column says that it identifies something.
const IDENTIFYING: [&str; 15] = [
    "id", "ids", "key", "code", "cd", "no", "num", "number", "nr", "uuid", "guid", "pk", "fk",
    "sk", "ref",
];

/// Words in front of a table's name that only say what kind of table it is.
const KINDS_OF_TABLE: [&str; 12] = [
    "dim", "fact", "fct", "tbl", "tb", "t", "stg", "ref", "lkp", "lookup", "mst", "master",
];

/// The names of one table.
#[derive(Debug)]
pub(super) struct Names {
    /// The table's words, each in the form that singular and plural share.
    pub(super) table: Vec<String>,
    /// Its columns, in order.
    pub(super) columns: Vec<ColumnName>,
    /// Letters that all its columns begin with; 0 when that says nothing.
    pub(super) prefix: usize,
}

/// The name of a column.
#[derive(Debug)]
pub(super) struct ColumnName {
    /// Its words in common form, the ending last: `id_customer` is `customer id`.
    pub(super) words: Vec<String>,
    /// Whether the last word says that something is identified.
    pub(super) identifies: bool,
    /// Letters and digits in lower case, nothing between.
    pub(super) joined: String,
}

impl Names {
    /// Reads the names of a table.
    pub(super) fn new(table: &Table) -> Self {
        let mut words = words::segments(&table.name);
        while words.len() > 1 && KINDS_OF_TABLE.contains(&words[0].as_str()) {
            words.remove(0);
        }
        let columns: Vec<ColumnName> = table
            .columns
            .iter()
            .map(|column| ColumnName::new(&column.name))
            .collect();
        Self {
            table: words.iter().map(|word| words::common_form(word)).collect(),
            prefix: common_prefix(&columns),
            columns,
        }
    }
}

impl ColumnName {
    fn new(name: &str) -> Self {
        let mut words = words::segments(name);
        let joined = words.concat();
        // `id_customer`, `fk_customer`.
        if words.len() > 1 && ["id", "fk", "cod"].contains(&words[0].as_str()) {
            words.rotate_left(1);
        }
        let identifies = words.last().is_some_and(|last| is_identifying(last));
        let mut words: Vec<String> = words.iter().map(|word| words::common_form(word)).collect();
        if words.len() > 2 && words.ends_with(&["id".to_owned(), "fk".to_owned()]) {
            words.pop();
        }
        Self {
            words,
            identifies,
            joined,
        }
    }
}

/// Whether a word says that something is identified.
pub(super) fn is_identifying(word: &str) -> bool {
    IDENTIFYING.contains(&word)
}

/// `sbtx` of `sbtxid`, `sbtxcustid`, `sbtxdate`.
fn common_prefix(columns: &[ColumnName]) -> usize {
    let [first, rest @ ..] = columns else {
        return 0;
    };
    if rest.len() < 2 {
        return 0;
    }
    let shared = |name: &str| {
        let pairs = first.joined.chars().zip(name.chars());
        pairs
            .take_while(|(a, b)| a == b)
            .map(|(a, _)| a.len_utf8())
            .sum()
    };
    let shared = rest.iter().map(|column| shared(&column.joined)).min();
    shared.filter(|length| *length >= 2).unwrap_or(0)
}
