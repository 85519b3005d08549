//! A configuration before it is understood: a tree of values that know where they were written.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

use super::fault::Faults;
use super::fault::Origin;

/// A value and where it was written.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) origin: Origin,
    pub(super) node: Node,
}

/// The entries of a section, by key.
pub(super) type Table = BTreeMap<String, Entry>;

/// What a value is.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// A TOML string.
    Text(String),
    /// A value from the environment or an option: its setting decides the type.
    Loose(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    /// No setting is one.
    Datetime,
    List(Vec<Entry>),
    Table(Table),
}

impl Node {
    /// The value as a fault may show it; long ones are cut.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Text(text) | Self::Loose(text) => quoted(text),
            Self::Integer(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Boolean(yes) => yes.to_string(),
            Self::Datetime => "a date".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Table(_) => "a table".to_owned(),
        }
    }
}

/// `text` in quotes with control characters escaped, at most 60 characters of it.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let cut: String = text.chars().take(LONGEST).collect();
    let rest = if cut.len() < text.len() { "…" } else { "" };
    format!("\"{}{rest}\"", cut.escape_debug())
}

/// Parses a file's text. A text that is not TOML has its syntax faults added and gives no entries.
pub(super) fn parse_file(path: &Path, text: &str, faults: &mut Faults) -> Table {
    let (table, errors) = DeTable::parse_recoverable(text);
    let place = Place {
        path: Arc::from(path),
        text,
    };
    let mut last = None;
    for error in &errors {
        let origin = place.origin(error.span());
        // What follows on the same line is the parser finding its feet again.
        if last.as_ref() != Some(&origin) {
            let message = error.message().replace(char::is_control, " ");
            faults.add(&origin, format!("not TOML: {message}"));
        }
        last = Some(origin);
    }
    if !errors.is_empty() {
        return Table::new();
    }
    place.table(table.get_ref())
}

/// Parses one TOML value, as `--set nl.model='"sql"'` gives it.
pub(super) fn parse_value(text: &str, origin: &Origin) -> Option<Node> {
    let value = DeValue::parse(text).ok()?;
    let place = Place {
        path: Arc::from(Path::new("")),
        text,
    };
    let mut node = place.node(value.get_ref());
    stamp(&mut node, origin);
    Some(node)
}

/// Gives every entry under `node` the one origin.
fn stamp(node: &mut Node, origin: &Origin) {
    let children: Vec<&mut Entry> = match node {
        Node::List(list) => list.iter_mut().collect(),
        Node::Table(table) => table.values_mut().collect(),
        _ => return,
    };
    for child in children {
        child.origin = origin.clone();
        stamp(&mut child.node, origin);
    }
}

/// The text that spans point into.
struct Place<'t> {
    path: Arc<Path>,
    text: &'t str,
}

impl Place<'_> {
    fn table(&self, table: &DeTable<'_>) -> Table {
        let mut entries = Table::new();
        for (key, value) in table {
            let origin = self.origin(Some(key.span()));
            let node = self.node(value.get_ref());
            entries.insert(key.get_ref().to_string(), Entry { origin, node });
        }
        entries
    }

    fn node(&self, value: &DeValue<'_>) -> Node {
        match value {
            DeValue::String(text) => Node::Text(text.to_string()),
            DeValue::Integer(number) => {
                let digits = number.as_str().replace('_', "");
                match i64::from_str_radix(&digits, number.radix()) {
                    Ok(number) => Node::Integer(number),
                    // Beyond i64: no setting reaches so far, and the text shows what came.
                    Err(_) => Node::Text(digits),
                }
            }
            DeValue::Float(number) => {
                let digits = number.as_str().replace('_', "");
                digits.parse().map_or(Node::Text(digits), Node::Float)
            }
            DeValue::Boolean(yes) => Node::Boolean(*yes),
            DeValue::Datetime(_) => Node::Datetime,
            DeValue::Array(array) => Node::List(array.iter().map(|item| self.item(item)).collect()),
            DeValue::Table(table) => Node::Table(self.table(table)),
        }
    }

    fn item(&self, item: &Spanned<DeValue<'_>>) -> Entry {
        Entry {
            origin: self.origin(Some(item.span())),
            node: self.node(item.get_ref()),
        }
    }

    fn origin(&self, span: Option<Range<usize>>) -> Origin {
        let line = span.map(|span| {
            let before = self
                .text
                .as_bytes()
                .get(..span.start)
                .unwrap_or(self.text.as_bytes());
            1 + memchr::memchr_iter(b'\n', before).count()
        });
        Origin::File(self.path.clone(), line)
    }
}
