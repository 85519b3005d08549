//! Folds many tables of the same shape, as `events_2024_01` and its like, into one entry.
//!
//! Nobody asks about each of them, and together they would push all others out of sight. The one
//! that stands for them says how many they are; the rest stay known for resolving names.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

use crate::sql::schema::Family;
use crate::sql::schema::Table;
use crate::sql::schema::TableKind;

/// Fewer tables of one shape are shown each.
const FEWEST: usize = 20;

/// Letters that the names of a family have in common, at least.
const SHORTEST: usize = 3;

/// What all members have in common: schema, kind, names and types of columns.
type Shape<'a> = (&'a str, TableKind, Vec<(&'a str, &'a str)>);

/// The tables to show, and the members of families that others stand for.
pub(super) fn fold(mut tables: Vec<Table>) -> (Vec<Table>, Vec<Table>) {
    let mut folded: HashSet<usize> = HashSet::new();
    let mut families: Vec<(usize, Family)> = Vec::new();
    for members in alike(&tables) {
        for (pattern, members) in named_alike(&tables, members) {
            let Some(first) = representative(&tables, &members) else {
                continue;
            };
            folded.extend(members.iter().copied().filter(|member| *member != first));
            let family = Family {
                pattern,
                members: members.len(),
            };
            families.push((first, family));
        }
    }
    if folded.is_empty() {
        return (tables, Vec::new());
    }
    for (place, family) in families {
        tables[place].family = Some(family);
    }
    let (mut shown, mut rest) = (Vec::new(), Vec::new());
    for (place, table) in tables.into_iter().enumerate() {
        if folded.contains(&place) {
            rest.push(table);
        } else {
            shown.push(table);
        }
    }
    let known: HashSet<u32> = shown.iter().map(|table| table.oid).collect();
    for table in &mut shown {
        table
            .foreign_keys
            .retain(|key| known.contains(&key.references));
    }
    (shown, rest)
}

/// Positions of the tables of each shape that enough have, in order.
fn alike(tables: &[Table]) -> Vec<Vec<usize>> {
    let mut by_shape: HashMap<Shape<'_>, Vec<usize>> = HashMap::new();
    for (place, table) in tables.iter().enumerate() {
        let columns = table.columns.iter();
        let columns = columns.map(|column| (column.name.as_str(), column.type_name.as_str()));
        let shape = (table.schema.as_str(), table.kind, columns.collect());
        by_shape.entry(shape).or_default().push(place);
    }
    let mut alike: Vec<Vec<usize>> = by_shape.into_values().collect();
    alike.retain(|members| members.len() >= FEWEST);
    alike.sort_unstable();
    alike
}

/// Families among tables of one shape, with the pattern of their names: those that differ in
/// numbers, then those that begin with the same word, then those that end with it.
fn named_alike(tables: &[Table], members: Vec<usize>) -> Vec<(String, Vec<usize>)> {
    let mut families = Vec::new();
    let mut rest = members;
    let ways: [fn(&str) -> Option<String>; 3] = [numbered, begun, ended];
    for way in ways {
        let mut by_pattern: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
        for place in rest {
            let pattern = way(&tables[place].name);
            by_pattern.entry(pattern).or_default().push(place);
        }
        rest = Vec::new();
        for (pattern, members) in by_pattern {
            match pattern {
                Some(pattern) if members.len() >= FEWEST => families.push((pattern, members)),
                _ => rest.extend(members),
            }
        }
    }
    families
}

/// `events_*` of `events_2024_01`.
fn numbered(name: &str) -> Option<String> {
    let mut pattern = String::new();
    for c in name.chars() {
        match c {
            c if c.is_ascii_digit() => {
                let bare = pattern.trim_end_matches(['_', '-', '.', 'w', 'q', 'm']);
                if bare.ends_with('*') {
                    pattern.truncate(bare.len());
                } else {
                    pattern.push('*');
                }
            }
            c => pattern.push(c),
        }
    }
    let letters = pattern.chars().filter(|c| c.is_alphabetic()).count();
    (pattern.contains('*') && letters > 0).then_some(pattern)
}

/// `orders_*` of `orders_acme`.
fn begun(name: &str) -> Option<String> {
    let (first, _) = name.split_once('_')?;
    (first.len() >= SHORTEST).then(|| format!("{first}_*"))
}

/// `*_orders` of `acme_orders`.
fn ended(name: &str) -> Option<String> {
    let (_, last) = name.rsplit_once('_')?;
    (last.len() >= SHORTEST).then(|| format!("*_{last}"))
}

/// The newest by its number among those that are not known to be empty, or else the largest.
fn representative(tables: &[Table], members: &[usize]) -> Option<usize> {
    let filled = |place: &usize| tables[*place].row_estimate != Some(0);
    let any = members.iter().any(filled);
    let candidates = members
        .iter()
        .copied()
        .filter(|place| !any || filled(place));
    candidates.max_by_key(|&place| {
        let table = &tables[place];
        let rows = table.row_estimate.unwrap_or(0);
        (numbers(&table.name), rows, std::cmp::Reverse(place))
    })
}

/// The numbers in a name, for comparing `t_9` with `t_10`.
fn numbers(name: &str) -> Vec<u64> {
    name.split(|c: char| !c.is_ascii_digit())
        .filter(|digits| !digits.is_empty())
        .map(|digits| digits.parse().unwrap_or(u64::MAX))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::sql::schema::Column;

    use super::*;

    fn table(place: usize, name: String, columns: &[&str]) -> Table {
        let column = |name: &&str| Column {
            name: (*name).to_owned(),
            ..Column::default()
        };
        Table {
            oid: place as u32,
            name,
            columns: columns.iter().map(column).collect(),
            ..Table::default()
        }
    }

    fn named(names: impl Iterator<Item = String>) -> Vec<Table> {
        let tables = names.enumerate();
        tables
            .map(|(place, name)| table(place, name, &["id", "at"]))
            .collect()
    }

    #[test]
    fn tables_that_differ_in_a_date_are_one_entry_of_the_newest() {
        let months = (1..=24).map(|n| format!("events_{}_{:02}", 2023 + n / 13, (n - 1) % 12 + 1));
        let (shown, folded) = fold(named(months));
        assert_eq!((shown.len(), folded.len()), (1, 23));
        assert_eq!(shown[0].name, "events_2024_12");
        let family = shown[0].family.as_ref().unwrap();
        assert_eq!((family.pattern.as_str(), family.members), ("events_*", 24));
    }

    #[test]
    fn numbers_count_as_numbers_and_empty_tables_stand_for_nobody() {
        let mut tables = named((1..=21).map(|n| format!("part{n}")));
        tables[20].row_estimate = Some(0);
        let (shown, _) = fold(tables);
        assert_eq!(shown[0].name, "part20");
    }

    #[test]
    fn tables_of_tenants_are_one_entry_of_the_largest() {
        let mut tables = named(('a'..='t').map(|tenant| format!("orders_{tenant}x")));
        tables[7].row_estimate = Some(1000);
        let (shown, folded) = fold(tables);
        assert_eq!((shown.len(), folded.len()), (1, 19));
        assert_eq!(shown[0].name, "orders_hx");
        assert_eq!(shown[0].family.as_ref().unwrap().pattern, "orders_*");
    }

    #[test]
    fn few_tables_other_shapes_and_unlike_names_stay_apart() {
        assert!(fold(named((1..20).map(|n| format!("t_{n}")))).1.is_empty());
        let unlike = ('a'..='z').map(|letter| format!("{letter}{letter}{letter}"));
        assert!(fold(named(unlike)).1.is_empty());
        let shapes = (0..30).map(|n| {
            let own = format!("c{n}");
            table(n, format!("t_{n}"), &["id", &own])
        });
        assert!(fold(shapes.collect()).1.is_empty());
    }
}
