//! Guesses the references that nothing declares, from names and types alone.
//!
//! A guess has a confidence; stored values may confirm or refute it later. What could as well be
//! meant otherwise is never confident.

mod keys;
mod names;
mod peers;
mod targets;

use std::collections::HashMap;
use std::collections::HashSet;

use super::schema::ForeignKey;
use super::schema::InferredKey;
use super::schema::Table;
use super::schema::TypeKind;

use names::Names;
use targets::Reading;
use targets::Targets;

/// From this confidence on a guess may be taken for a declared reference.
pub const SURE: f32 = 0.6;

/// What is less likely is not kept.
const LEAST: f32 = 0.3;

/// Two guesses closer together than this could as well be exchanged.
const TIE: f32 = 0.06;

/// What remains of a guess beside another that is as good.
const AMBIGUOUS: f32 = 0.55;

/// What remains of a guess when the referencing table declares keys, but not this one.
const UNDECLARED: f32 = 0.93;

/// What remains of a guess that a number or code of a table is its key by another name.
const OTHER_ENDING: f32 = 0.6;

/// What remains of a guess into another schema, where the same name easily means something else.
const ABROAD: f32 = 0.6;

/// Kinds of types that keys are made of.
pub(super) const KEY_KINDS: [TypeKind; 4] = [
    TypeKind::Integer,
    TypeKind::Number,
    TypeKind::Text,
    TypeKind::Uuid,
];

/// One column as the reference to another.
#[derive(Debug, Clone, Copy)]
struct Guess {
    target: usize,
    column: usize,
    confidence: f32,
}

/// Fills in `inferred_keys` of `tables`; what was there is replaced.
pub fn infer(tables: &mut [Table]) {
    let names: Vec<Names> = tables.iter().map(Names::new).collect();
    let targets = Targets::new(tables, &names);
    let mut inferred: Vec<Vec<InferredKey>> = vec![Vec::new(); tables.len()];
    for (position, table) in tables.iter().enumerate() {
        let declared = declared(table);
        for column in 0..table.columns.len() {
            if declared.contains(&column) || !KEY_KINDS.contains(&table.columns[column].kind) {
                continue;
            }
            let guesses = guesses(tables, &names, &targets, (position, column));
            for guess in settled(guesses) {
                inferred[position].push(single(tables, column, guess));
            }
        }
        inferred[position].extend(composite(tables, &names, &targets, position));
    }
    peers::add(tables, &names, &mut inferred);
    for (table, mut keys) in tables.iter_mut().zip(inferred) {
        keys.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        table.inferred_keys = keys;
    }
}

/// Columns that a foreign key of the table speaks for.
fn declared(table: &Table) -> HashSet<usize> {
    let keys = table.foreign_keys.iter();
    keys.flat_map(|key| key.columns.iter().copied()).collect()
}

/// All that one column may refer to, the likeliest per table.
fn guesses(
    tables: &[Table],
    names: &[Names],
    targets: &Targets,
    (from, column): (usize, usize),
) -> Vec<Guess> {
    let table = &tables[from];
    let mut best: HashMap<usize, Guess> = HashMap::new();
    for reading in targets.readings(&names[from], column, from) {
        let Some(confidence) = weigh(tables, targets, &reading, (from, column)) else {
            continue;
        };
        let target = targets.key(reading.key);
        // `flight_number` is not the `id` of a flight, though it may have been meant so.
        let other_ending = names[from].columns[column].is_number() && !target.is_number;
        let guess = Guess {
            target: target.table,
            column: target.column,
            confidence: if other_ending {
                confidence * OTHER_ENDING
            } else {
                confidence
            },
        };
        best.entry(target.table)
            .and_modify(|known| {
                if guess.confidence > known.confidence {
                    *known = guess;
                }
            })
            .or_insert(guess);
    }
    let mut guesses: Vec<Guess> = best.into_values().collect();
    let at_home = |guess: &Guess| tables[guess.target].schema == table.schema;
    if guesses.iter().any(at_home) {
        guesses.retain(at_home);
    } else {
        for guess in &mut guesses {
            guess.confidence *= ABROAD;
        }
    }
    // Told apart by position where they are equal, so that equal catalogs give equal guesses.
    guesses.sort_by(|a, b| {
        let order = b.confidence.total_cmp(&a.confidence);
        order.then(a.target.cmp(&b.target))
    });
    guesses
}

/// How likely a reading is meant; `None` when types or places speak against it.
fn weigh(
    tables: &[Table],
    targets: &Targets,
    reading: &Reading,
    (from, column): (usize, usize),
) -> Option<f32> {
    let key = targets.key(reading.key);
    if key.table == from && (key.column == column || !reading.in_a_role) {
        return None;
    }
    let own = &tables[from].columns[column];
    if tables[key.table].columns[key.column].kind != own.kind {
        return None;
    }
    let mut confidence = reading.likelihood * key.strength;
    if reading.bare && own.kind == TypeKind::Text {
        confidence *= 0.8;
    }
    // A table's own key refers to another only where that other is what the key is named after:
    // `passports.person_id` to `people.person_id`.
    if targets.is_key_of(from, column) {
        let extends = key.named_after_table && !targets.is_named_after_table(from, column);
        if !extends {
            return None;
        }
        confidence *= 0.85;
    }
    if !tables[from].foreign_keys.is_empty() {
        confidence *= UNDECLARED;
    }
    Some(confidence)
}

/// The guess that stands out, or those that could be exchanged, made doubtful.
fn settled(mut guesses: Vec<Guess>) -> Vec<Guess> {
    let Some(best) = guesses.first().map(|guess| guess.confidence) else {
        return guesses;
    };
    guesses.retain(|guess| best - guess.confidence < TIE);
    if guesses.len() > 1 {
        for guess in &mut guesses {
            guess.confidence *= AMBIGUOUS;
        }
        guesses.truncate(2);
    }
    guesses.retain(|guess| guess.confidence >= LEAST);
    guesses
}

fn single(tables: &[Table], column: usize, guess: Guess) -> InferredKey {
    InferredKey {
        key: ForeignKey {
            columns: vec![column],
            references: tables[guess.target].oid,
            referenced_columns: vec![guess.column],
        },
        confidence: guess.confidence,
    }
}

/// Tables that hold all columns of another's key of several, under the same names: `shipments`
/// with `order_id` and `line_no` of `order_lines`. Where each of them is a key by itself, the
/// tables only refer to the same things.
fn composite(
    tables: &[Table],
    names: &[Names],
    targets: &Targets,
    from: usize,
) -> Vec<InferredKey> {
    let table = &tables[from];
    let declared = declared(table);
    let mut keys = Vec::new();
    for &position in targets.with_composite_key(&table.schema) {
        let target = &tables[position];
        if position == from || target.primary_key.len() > table.columns.len() {
            continue;
        }
        let columns: Option<Vec<usize>> = target
            .primary_key
            .iter()
            .map(|&part| {
                let wanted = &target.columns[part];
                let found = table.column(&wanted.name)?;
                (table.columns[found].kind == wanted.kind).then_some(found)
            })
            .collect();
        let Some(columns) = columns else { continue };
        let known = self::declared(target);
        let same_rows = sorted(&columns) == sorted(&table.primary_key);
        let is_declared = columns.iter().all(|column| declared.contains(column));
        let of_its_own = |part: &usize| {
            !known.contains(part) && guesses(tables, names, targets, (position, *part)).is_empty()
        };
        let parts_of_own = target.primary_key.iter().any(of_its_own);
        if !same_rows && !is_declared && parts_of_own {
            keys.push(InferredKey {
                key: ForeignKey {
                    columns,
                    references: target.oid,
                    referenced_columns: target.primary_key.clone(),
                },
                confidence: 0.65,
            });
        }
    }
    keys
}

fn sorted(places: &[usize]) -> Vec<usize> {
    let mut places = places.to_vec();
    places.sort_unstable();
    places
}

#[cfg(test)]
mod tests;
