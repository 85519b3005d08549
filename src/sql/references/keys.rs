//! Which columns of a table others may refer to, declared or not.

use crate::sql::schema::Table;
use crate::sql::schema::TableKind;
use crate::sql::words;

use super::KEY_KINDS;
use super::names::ColumnName;
use super::names::Names;
use super::names::is_identifying;

/// A column that others may refer to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    /// Position of its table.
    pub(super) table: usize,
    /// Its own position there.
    pub(super) column: usize,
    /// How sure it is that it identifies the rows of its table, from 0 to 1.
    pub(super) strength: f32,
    /// It is called `id`, or as its table: `customer_id` of `customers`.
    pub(super) named_after_table: bool,
    /// Its name is that of a number or code.
    pub(super) is_number: bool,
}

/// Names by which a single word identifies nothing elsewhere.
const COMMON: [&str; 26] = [
    "nam",
    "titl",
    "typ",
    "dat",
    "year",
    "status",
    "description",
    "valu",
    "position",
    "rank",
    "seq",
    "label",
    "level",
    "version",
    "month",
    "day",
    "email",
    "phon",
    "login",
    "address",
    "tim",
    "text",
    "category",
    "class",
    "index",
    "lin",
];

/// The keys of one table, the surest first. A view has none: what it shows has its key elsewhere.
pub(super) fn of(position: usize, table: &Table, names: &Names) -> Vec<Key> {
    if table.kind == TableKind::View {
        return Vec::new();
    }
    let mut keys: Vec<Key> = Vec::new();
    let mut add = |column: usize, strength: f32| {
        let usable = KEY_KINDS.contains(&table.columns[column].kind);
        if usable && !keys.iter().any(|key| key.column == column) {
            keys.push(Key {
                table: position,
                column,
                strength,
                named_after_table: is_named_after(names, column),
                is_number: names.columns[column].is_number(),
            });
        }
    };
    if let [only] = table.primary_key.as_slice() {
        add(*only, 1.0);
    }
    for key in &table.unique_keys {
        if let [only] = key.as_slice()
            && (names.columns[*only].identifies || is_named_after(names, *only))
        {
            add(*only, 0.95);
        }
    }
    match implied(table, names) {
        Some((column, strength)) if table.primary_key.is_empty() => add(column, strength),
        // A partitioned table has the column of its partitions in every key.
        Some((column, _)) if table.primary_key.contains(&column) => add(column, 0.9),
        _ => {}
    }
    for (column, name) in names.columns.iter().enumerate() {
        if name.identifies && is_named_after(names, column) {
            add(column, 0.65);
        }
    }
    keys
}

/// Whether a column is called `id`, or as its table: `customer_id` of `customers`.
pub(super) fn is_named_after(names: &Names, column: usize) -> bool {
    let name = &names.columns[column];
    if name.only().is_some_and(is_identifying) {
        return true;
    }
    let table = names.table.concat();
    name.text() == table
        || (name.identifies && name.head() == table)
        || without_ending(name).is_some_and(|base| base == table)
}

/// `customer` of `customerid`, in common form.
pub(super) fn without_ending(name: &ColumnName) -> Option<String> {
    base_of(name.only()?)
}

/// The same of a name that is one word.
pub(super) fn base_of(word: &str) -> Option<String> {
    let base = ENDINGS
        .iter()
        .find_map(|ending| word.strip_suffix(ending))?;
    (base.len() >= 3).then(|| words::common_form(base))
}

/// Endings that identify when they are run together with what they identify.
const ENDINGS: [&str; 7] = ["uuid", "code", "key", "num", "id", "no", "nr"];

/// Whether a name is its own, so that the same name elsewhere means the same thing.
pub(super) fn is_specific(names: &Names, column: usize) -> bool {
    let Some(only) = names.columns[column].only() else {
        return true;
    };
    !is_identifying(only) && !COMMON.contains(&only) && !["isbn", "name"].contains(&only)
}

/// Whether a name is that of a key.
type NameTest<'a> = &'a dyn Fn(&ColumnName) -> bool;

/// The column that identifies the rows of a table which does not say so.
fn implied(table: &Table, names: &Names) -> Option<(usize, f32)> {
    let initials: String = names
        .table
        .iter()
        .filter_map(|word| word.chars().next())
        .collect();
    let own = names.table.concat();
    let tests: [(NameTest<'_>, f32); 6] = [
        (&|name| &*name.joined == "id", 0.9),
        (&|name| name.identifies && name.head() == own, 0.9),
        (&|name| without_ending(name).as_ref() == Some(&own), 0.9),
        (&|name| *name.joined == format!("{initials}id"), 0.8),
        (
            // `offering_id` of `course_offering`.
            &|name| {
                let mut ends = (0..names.table.len()).map(|start| names.table[start..].concat());
                name.identifies && ends.any(|end| end == name.head())
            },
            0.85,
        ),
        (&|name| ends_in_name(name) && name.head() == own, 0.75),
    ];
    let usable = |column: &usize| KEY_KINDS.contains(&table.columns[*column].kind);
    for (test, strength) in tests {
        let found = (0..names.columns.len())
            .filter(usable)
            .find(|column| test(&names.columns[*column]));
        if let Some(column) = found {
            return Some((column, strength));
        }
    }
    leading(table, names)
}

/// The first column, if it identifies something in a table that is more than a link.
fn leading(table: &Table, names: &Names) -> Option<(usize, f32)> {
    let first = names.columns.first()?;
    let is_key = KEY_KINDS.contains(&table.columns[0].kind);
    let identifies = |name: &ColumnName| name.identifies || without_ending(name).is_some();
    let says_more = names.columns.iter().any(|name| !identifies(name));
    let residue = first.joined.get(names.prefix..).unwrap_or("");
    if is_key && names.prefix > 0 && is_identifying(residue) {
        return Some((0, 0.85));
    }
    (is_key && says_more && identifies(first) && first.text().len() > 2).then_some((0, 0.6))
}

fn ends_in_name(name: &ColumnName) -> bool {
    name.len() > 1 && name.last() == "nam"
}
