//! The words of a table's and its columns' names, made comparable.

use crate::sql::schema::Table;
use crate::sql::words;

/// Endings by which a column says that it identifies something.
const IDENTIFYING: [&str; 15] = [
    "id", "ids", "key", "code", "cd", "no", "num", "number", "nr", "uuid", "guid", "pk", "fk",
    "sk", "ref",
];

/// Those of them, in common form, that need not be the key.
const NUMBERS: [&str; 7] = ["cod", "code", "cd", "no", "num", "number", "nr"];

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

/// The name of a column. There may be many: all its words are one text.
#[derive(Debug)]
pub(super) struct ColumnName {
    /// Its words in common form, the ending last, run together: `id_customer` is `customerid`.
    text: Box<str>,
    /// Where each word begins.
    starts: Box<[u16]>,
    /// Whether the last word says that something is identified.
    pub(super) identifies: bool,
    /// Letters and digits as they are written, in lower case, nothing between.
    pub(super) joined: Box<str>,
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
        if words.len() > 2 && words.ends_with(&["id".to_owned(), "fk".to_owned()]) {
            words.pop();
        }
        let mut text = String::new();
        let mut starts = Vec::with_capacity(words.len());
        for word in &words {
            // PostgreSQL's names have 63 bytes unless it was built otherwise.
            starts.push(u16::try_from(text.len()).unwrap_or(u16::MAX));
            text.push_str(&words::common_form(word));
        }
        Self {
            text: text.into(),
            starts: starts.into(),
            identifies,
            joined: joined.into(),
        }
    }

    /// How many words it has.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// All words, run together.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The words from this one on, run together.
    pub(super) fn from(&self, word: usize) -> &str {
        self.between(word, self.len())
    }

    /// The words from one to before another, run together.
    pub(super) fn between(&self, start: usize, end: usize) -> &str {
        let place = |word: usize| {
            self.starts
                .get(word)
                .map_or(self.text.len(), |&at| at.into())
        };
        self.text.get(place(start)..place(end)).unwrap_or("")
    }

    /// One word.
    pub(super) fn word(&self, place: usize) -> &str {
        self.between(place, place + 1)
    }

    /// The last word; empty when there is none.
    pub(super) fn last(&self) -> &str {
        self.word(self.len().saturating_sub(1))
    }

    /// All words but the last, run together.
    pub(super) fn head(&self) -> &str {
        self.between(0, self.len().saturating_sub(1))
    }

    /// Whether it ends in a word for numbers and codes, by which things are also told apart that
    /// have another key.
    pub(super) fn is_number(&self) -> bool {
        NUMBERS.contains(&self.last())
    }

    /// The name, when it is one word.
    pub(super) fn only(&self) -> Option<&str> {
        (self.len() == 1).then_some(&*self.text)
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
