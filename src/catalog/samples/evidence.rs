//! What stored values say about references: confirmed, refuted, or found by values alone.

use std::collections::BTreeMap;
use std::collections::HashMap;

use crate::sql::schema::ForeignKey;
use crate::sql::schema::InferredKey;
use crate::sql::schema::Table;

use super::Samples;
use super::inclusion;
use super::inclusion::Inclusion;
use super::referring;
use super::spellings::Spellings;

/// A join of columns that both hold values several times is no reference, however well it holds.
const MUTUAL: f32 = 0.55;

/// A reference that values alone speak for, where they are many.
const BY_VALUES: f32 = 0.65;

/// The same where they are few.
const BY_FEW_VALUES: f32 = 0.5;

/// Fewer texts in common happen by chance: `yes` and `no` are everywhere.
const FEWEST: usize = 5;

/// So many different values that none of them is found by chance, or missing by chance.
const MANY: i64 = 20;

/// Fewer different values say next to nothing.
const FEW: i64 = 3;

/// Changes the inferred references of `tables` to what was seen of their values.
pub(super) fn weigh(tables: &mut [Table], samples: &Samples) {
    let places: HashMap<u32, usize> = tables
        .iter()
        .enumerate()
        .map(|(place, table)| (table.oid, place))
        .collect();
    let mut weighed: Vec<Vec<InferredKey>> = tables
        .iter()
        .map(|table| {
            let keys = table.inferred_keys.iter();
            keys.filter_map(|inferred| {
                let target = &tables[*places.get(&inferred.key.references)?];
                let pair = inclusion::pair(table, target, inferred);
                let confidence = match samples.inclusions.get(&pair) {
                    Some(seen) => weighed_by(inferred.confidence, *seen)?,
                    None => inferred.confidence,
                };
                Some(InferredKey {
                    confidence,
                    ..inferred.clone()
                })
            })
            .collect()
        })
        .collect();
    for (from, key) in by_values(tables, samples) {
        weighed[from].push(key);
    }
    for (table, mut keys) in tables.iter_mut().zip(weighed) {
        keys.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        table.inferred_keys = keys;
    }
}

/// A confidence after a look at the values; `None` when they refute the reference.
fn weighed_by(confidence: f32, seen: Inclusion) -> Option<f32> {
    if seen.sought == 0 {
        return Some(confidence);
    }
    let share = seen.found as f32 / seen.sought as f32;
    if !seen.unique {
        // Rows that have a value in common, on both sides any number of them. That a few have none
        // says little: each may tell about other things of the same kind.
        return match seen.found {
            0 if seen.sought >= MANY => None,
            0 => Some((confidence * 0.9).min(MUTUAL)),
            _ => Some(confidence.min(MUTUAL)),
        };
    }
    if share < 0.5 && seen.sought >= FEW {
        return None;
    }
    if share < 0.9 {
        return Some(confidence * (0.4 + share / 2.0));
    }
    let proof = match seen.sought {
        ..FEW => 0.15,
        FEW..10 => 0.4,
        _ => 0.6,
    };
    Some(confidence + (1.0 - confidence) * proof * share)
}

/// Columns of texts that are all found in one other column which lists each once: `border` of
/// countries. Names say nothing here, so all values must agree, and with one list only.
fn by_values(tables: &[Table], samples: &Samples) -> Vec<(usize, InferredKey)> {
    let mut lists: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
    let seen = |table: &Table, column: usize| -> Option<&Spellings> {
        let attnum = table.columns[column].attnum;
        let spellings = samples.spellings.get(&(table.oid, attnum))?;
        (spellings.complete && spellings.texts.len() >= FEWEST).then_some(spellings)
    };
    for (position, table) in tables.iter().enumerate() {
        for column in 0..table.columns.len() {
            let Some(spellings) = seen(table, column).filter(|spellings| spellings.unique) else {
                continue;
            };
            for text in &*spellings.texts {
                lists.entry(text).or_default().push((position, column));
            }
        }
    }
    let mut found = Vec::new();
    for (from, table) in tables.iter().enumerate() {
        let known = referring(table);
        for column in 0..table.columns.len() {
            let Some(spellings) = seen(table, column).filter(|spellings| !spellings.unique) else {
                continue;
            };
            if known.contains(&column) {
                continue;
            }
            if let [(to, other)] = holding(&lists, spellings, from).as_slice() {
                found.push((from, key(tables, column, (*to, *other), spellings)));
            }
        }
    }
    found
}

/// The lists of other tables that hold every one of these texts.
fn holding(
    lists: &BTreeMap<&str, Vec<(usize, usize)>>,
    spellings: &Spellings,
    from: usize,
) -> Vec<(usize, usize)> {
    let mut texts = spellings.texts.iter();
    let first = texts.next().and_then(|text| lists.get(text.as_str()));
    let mut holding: Vec<(usize, usize)> = first.cloned().unwrap_or_default();
    holding.retain(|(table, _)| *table != from);
    for text in texts {
        if holding.is_empty() {
            break;
        }
        let with = lists.get(text.as_str()).map_or(&[][..], Vec::as_slice);
        holding.retain(|list| with.contains(list));
    }
    holding
}

fn key(
    tables: &[Table],
    column: usize,
    (to, other): (usize, usize),
    spellings: &Spellings,
) -> InferredKey {
    InferredKey {
        key: ForeignKey {
            columns: vec![column],
            references: tables[to].oid,
            referenced_columns: vec![other],
        },
        confidence: if spellings.texts.len() >= FEWEST * 2 {
            BY_VALUES
        } else {
            BY_FEW_VALUES
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(sought: i64, found: i64, unique: bool) -> Inclusion {
        Inclusion {
            sought,
            found,
            unique,
        }
    }

    #[test]
    fn values_that_are_all_there_raise_confidence_the_more_they_are() {
        let few = weighed_by(0.6, seen(2, 2, true)).unwrap();
        let many = weighed_by(0.6, seen(200, 200, true)).unwrap();
        assert!(0.6 < few && few < many && many < 1.0);
    }

    #[test]
    fn values_that_are_not_there_refute_a_reference() {
        assert_eq!(weighed_by(0.9, seen(200, 20, true)), None);
        assert_eq!(weighed_by(0.9, seen(50, 0, false)), None);
    }

    #[test]
    fn an_empty_table_proves_nothing() {
        assert_eq!(weighed_by(0.7, seen(0, 0, true)), Some(0.7));
    }

    #[test]
    fn a_few_values_that_differ_do_not_refute_what_has_no_list() {
        assert!(weighed_by(0.5, seen(4, 0, false)).is_some());
        assert_eq!(weighed_by(0.5, seen(40, 0, false)), None);
    }

    #[test]
    fn values_that_stand_on_both_sides_several_times_are_never_a_sure_reference() {
        assert_eq!(weighed_by(0.9, seen(200, 200, false)), Some(MUTUAL));
    }
}
