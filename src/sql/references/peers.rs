//! Columns of the same name that hold names or codes of the same things, where no table lists them.
//!
//! `lake.country_name` and `river.country_name` can be joined although there is no table of
//! countries. Such a join meets many rows on both sides, so it is never sure.

use std::collections::BTreeMap;

use crate::sql::schema::ForeignKey;
use crate::sql::schema::InferredKey;
use crate::sql::schema::Table;
use crate::sql::schema::TableKind;
use crate::sql::schema::TypeKind;

use super::names::ColumnName;
use super::names::Names;

/// As likely as names alone can make it.
const CONFIDENCE: f32 = 0.5;

/// A name that more tables share says nothing: `file_name`, `created_by_name`.
const MOST: usize = 8;

/// Whose names are no names of things that several tables tell about.
const PERSONAL: [&str; 8] = [
    "first", "last", "middl", "full", "given", "famili", "nick", "display",
];

/// Adds the joins between peers to what each table infers.
pub(super) fn add(tables: &[Table], names: &[Names], inferred: &mut [Vec<InferredKey>]) {
    let mut classes: BTreeMap<(&str, &str), Vec<(usize, usize)>> = BTreeMap::new();
    for (position, (table, names)) in tables.iter().zip(names).enumerate() {
        if table.kind == TableKind::View {
            continue;
        }
        for (column, name) in names.columns.iter().enumerate() {
            let is_text = table.columns[column].kind == TypeKind::Text;
            if is_text && names_things(name) {
                let class = classes.entry((&table.schema, name.text())).or_default();
                class.push((position, column));
            }
        }
    }
    for class in classes
        .values()
        .filter(|class| (2..=MOST).contains(&class.len()))
    {
        connect(tables, class, inferred);
    }
}

fn names_things(name: &ColumnName) -> bool {
    name.len() > 1
        && ["nam", "cod", "code", "no", "number"].contains(&name.last())
        && !PERSONAL.contains(&name.word(0))
}

/// Connects what is not connected yet, each pair from the later table to the earlier one; all of
/// them to the one whose first column it is, which is likeliest to list each value once.
fn connect(tables: &[Table], class: &[(usize, usize)], inferred: &mut [Vec<InferredKey>]) {
    let leading: Vec<&(usize, usize)> = class.iter().filter(|(_, column)| *column == 0).collect();
    for (place, &from) in class.iter().enumerate() {
        for &to in &class[..place] {
            let (from, to, confidence) = match leading.as_slice() {
                [only] if **only == to => (from, to, CONFIDENCE + 0.05),
                [only] if **only == from => (to, from, CONFIDENCE + 0.05),
                _ => (from, to, CONFIDENCE),
            };
            if from.0 != to.0 && !is_known(tables, inferred, from, to) {
                inferred[from.0].push(InferredKey {
                    key: ForeignKey {
                        columns: vec![from.1],
                        references: tables[to.0].oid,
                        referenced_columns: vec![to.1],
                    },
                    confidence,
                });
            }
        }
    }
}

/// Whether one column refers to the other already.
fn is_known(
    tables: &[Table],
    inferred: &[Vec<InferredKey>],
    one: (usize, usize),
    other: (usize, usize),
) -> bool {
    let refers = |from: (usize, usize), to: (usize, usize)| {
        let declared = tables[from.0].foreign_keys.iter();
        let guessed = inferred[from.0].iter().map(|inferred| &inferred.key);
        declared.chain(guessed).any(|key| {
            key.references == tables[to.0].oid
                && key.columns == [from.1]
                && key.referenced_columns == [to.1]
        })
    };
    refers(one, other) || refers(other, one)
}
