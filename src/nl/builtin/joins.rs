//! How tables are joined: along foreign keys, by the shortest way that is the only one.

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;

use crate::nl::Cannot;
use crate::sql::schema::Schema;
use crate::sql::schema::Table;
use crate::sql::schema::TypeKind;

use super::facts;
use super::index::Index;
use super::naming;
use super::refusal;
use super::words::stem;

/// A step from one table to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edge {
    /// The table it leads from.
    pub(super) from: usize,
    /// The table it leads to.
    pub(super) to: usize,
    /// Pairs of equal columns, of `from` and of `to`.
    pub(super) columns: Vec<(usize, usize)>,
    /// One row may meet several on the other side.
    pub(super) many: bool,
}

/// The ways between the tables of a schema.
#[derive(Debug)]
pub(super) struct Graph {
    edges: Vec<Vec<Edge>>,
}

/// No way is looked for beyond this many steps.
const FARTHEST: usize = 6;

impl Graph {
    /// The declared foreign keys, and where two tables have none, those their names imply.
    pub(super) fn new(schema: &Schema) -> Self {
        let positions: HashMap<u32, usize> = schema
            .tables
            .iter()
            .enumerate()
            .map(|(i, table)| (table.oid, i))
            .collect();
        let mut graph = Self {
            edges: vec![Vec::new(); schema.tables.len()],
        };
        for (from, table) in schema.tables.iter().enumerate() {
            for key in &table.foreign_keys {
                let Some(to) = positions.get(&key.references) else {
                    continue;
                };
                let columns = key.columns.iter().copied();
                graph.connect(
                    from,
                    *to,
                    columns
                        .zip(key.referenced_columns.iter().copied())
                        .collect(),
                );
            }
        }
        graph.imply(schema);
        graph
    }

    fn connect(&mut self, from: usize, to: usize, columns: Vec<(usize, usize)>) {
        if from == to {
            return;
        }
        let back = columns.iter().map(|(own, other)| (*other, *own)).collect();
        self.edges[from].push(Edge {
            from,
            to,
            columns,
            many: false,
        });
        self.edges[to].push(Edge {
            from: to,
            to: from,
            columns: back,
            many: true,
        });
    }

    /// `orders.customer_id` means `customers.id` or `customers.customer_id`.
    fn imply(&mut self, schema: &Schema) {
        let mut targets: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        for (position, table) in schema.tables.iter().enumerate() {
            let Some(key) = facts::key(table) else {
                continue;
            };
            let name = &table.columns[key].name;
            if matches!(table.columns[key].kind, TypeKind::Integer | TypeKind::Uuid) {
                // `flights.airline` with the type of the key of `airlines`.
                let words: Vec<String> = naming::segments(&table.name)
                    .iter()
                    .map(|word| stem(word))
                    .collect();
                targets
                    .entry(words.concat())
                    .or_default()
                    .push((position, key));
            }
            if name.to_lowercase() == "id" {
                let words: Vec<String> = naming::segments(&table.name)
                    .iter()
                    .map(|word| stem(word))
                    .collect();
                targets
                    .entry(format!("{}id", words.concat()))
                    .or_default()
                    .push((position, key));
            } else if name.to_lowercase().ends_with("id") {
                let words = naming::segments(name);
                targets
                    .entry(stemmed_but_last(&words))
                    .or_default()
                    .push((position, key));
            } else if table.primary_key.is_empty() {
                // `lake.state_name` is the name of a row of `state`, whose key it is.
                let stems: String = naming::segments(name)
                    .iter()
                    .map(|word| stem(word))
                    .collect();
                targets.entry(stems).or_default().push((position, key));
            }
        }
        for (from, table) in schema.tables.iter().enumerate() {
            for (own, column) in table.columns.iter().enumerate() {
                let words = naming::segments(&column.name);
                let stems: String = words.iter().map(|word| stem(word)).collect();
                let found = targets
                    .get(&stemmed_but_last(&words))
                    .or_else(|| targets.get(&stems));
                let Some([(to, other)]) = found.map(Vec::as_slice) else {
                    continue;
                };
                let same_kind = schema.tables[*to].columns[*other].kind == column.kind;
                let known = self.edges[from].iter().any(|edge| edge.to == *to);
                if *to != from && same_kind && !known && facts::key(table) != Some(own) {
                    self.connect(from, *to, vec![(own, *other)]);
                }
            }
        }
    }

    /// The only shortest way from one of `from` to `to`, in order.
    pub(super) fn path(
        &self,
        from: &[usize],
        to: usize,
        cues: &Cues<'_>,
    ) -> Result<Vec<Edge>, Cannot> {
        let ways = self.shortest(from, to);
        let mut ways: Vec<Vec<Edge>> = ways;
        for prefer in Preference::IN_ORDER {
            if ways.len() > 1 {
                let best = ways
                    .iter()
                    .map(|way| cues.score(way, prefer))
                    .max()
                    .unwrap_or(0);
                ways.retain(|way| cues.score(way, prefer) == best);
            }
        }
        let tables = &cues.index.schema.tables;
        match ways.len() {
            0 => Err(refusal::unsupported(
                &format!("no foreign key leads to {}", tables[to].name),
                "Declare foreign keys, or ask about tables that are linked.",
            )),
            1 => Ok(ways.remove(0)),
            _ => Err(refusal::ambiguous(
                &tables[to].name,
                &alternatives(&ways, tables),
            )),
        }
    }

    /// The tables that a table refers to.
    pub(super) fn parents(&self, table: usize) -> Vec<usize> {
        let mut parents: Vec<usize> = self.edges[table]
            .iter()
            .filter(|edge| !edge.many)
            .map(|edge| edge.to)
            .collect();
        parents.dedup();
        parents
    }

    /// The number of steps between two tables.
    pub(super) fn distance(&self, from: usize, to: usize) -> Option<usize> {
        self.shortest(&[from], to).first().map(Vec::len)
    }

    fn shortest(&self, from: &[usize], to: usize) -> Vec<Vec<Edge>> {
        if from.contains(&to) {
            return vec![Vec::new()];
        }
        let mut depth: HashMap<usize, usize> = from.iter().map(|table| (*table, 0)).collect();
        let mut queue: VecDeque<usize> = from.iter().copied().collect();
        let mut into: HashMap<usize, Vec<&Edge>> = HashMap::new();
        while let Some(table) = queue.pop_front() {
            let here = depth[&table];
            if here >= FARTHEST || depth.get(&to).is_some_and(|found| *found <= here) {
                break;
            }
            for edge in &self.edges[table] {
                let known = *depth.entry(edge.to).or_insert_with(|| {
                    queue.push_back(edge.to);
                    here + 1
                });
                if known == here + 1 {
                    into.entry(edge.to).or_default().push(edge);
                }
            }
        }
        let mut ways: Vec<Vec<Edge>> = vec![Vec::new()];
        if !into.contains_key(&to) {
            return Vec::new();
        }
        for _ in 0..FARTHEST {
            let mut longer = Vec::new();
            for way in &ways {
                let head = way.first().map_or(to, |edge: &Edge| edge.from);
                if from.contains(&head) {
                    longer.push(way.clone());
                    continue;
                }
                for edge in into.get(&head).into_iter().flatten().take(8) {
                    let mut extended = vec![(*edge).clone()];
                    extended.extend(way.iter().cloned());
                    longer.push(extended);
                }
            }
            ways = longer;
            ways.truncate(64);
        }
        ways
    }
}

/// The ways as a person would say them: by the tables that refer, or else by their keys.
fn alternatives(ways: &[Vec<Edge>], tables: &[Table]) -> Vec<String> {
    let last = |way: &Vec<Edge>| {
        let edge = &way[way.len() - 1];
        let (from, column) = if edge.many {
            (edge.to, edge.columns[0].1)
        } else {
            (edge.from, edge.columns[0].0)
        };
        (from, column, edge.to)
    };
    let referring: HashSet<usize> = ways.iter().map(|way| last(way).0).collect();
    let say = |way: &Vec<Edge>| {
        let (from, column, to) = last(way);
        if referring.len() == ways.len() && from != to {
            return format!("{} of {}", tables[to].name, tables[from].name);
        }
        format!(
            "{}.{}",
            tables[from].name, tables[from].columns[column].name
        )
    };
    let mut said: Vec<String> = ways.iter().map(say).collect();
    said.dedup();
    said
}

fn stemmed_but_last(words: &[String]) -> String {
    let Some((last, rest)) = words.split_last() else {
        return String::new();
    };
    let mut key: String = rest.iter().map(|word| stem(word)).collect();
    key.push_str(last);
    key
}

/// What in the question speaks for one way rather than another.
#[derive(Debug)]
pub(super) struct Cues<'a> {
    /// The schema.
    pub(super) index: &'a Index,
    /// Tables that the question names.
    pub(super) mentioned: HashSet<usize>,
    /// Stems of all its words.
    pub(super) stems: HashSet<String>,
}

#[derive(Debug, Clone, Copy)]
enum Preference {
    /// Over tables that are named.
    Mentioned,
    /// Over keys that are named.
    Cued,
    /// Not by the key that stands for the other side: in `friend`, `friend_id` is the friend.
    Owner,
    /// Without meeting several rows.
    Single,
}

impl Preference {
    const IN_ORDER: [Self; 4] = [Self::Mentioned, Self::Cued, Self::Owner, Self::Single];
}

impl Cues<'_> {
    fn score(&self, way: &[Edge], prefer: Preference) -> usize {
        match prefer {
            Preference::Mentioned => way
                .iter()
                .filter(|edge| self.mentioned.contains(&edge.to))
                .count(),
            Preference::Cued => way.iter().filter(|edge| self.cued(edge)).count(),
            Preference::Owner => way
                .iter()
                .filter(|edge| !self.names_other_side(edge))
                .count(),
            Preference::Single => usize::from(way.iter().all(|edge| !edge.many)),
        }
    }

    fn names_other_side(&self, edge: &Edge) -> bool {
        let (table, column) = if edge.many {
            (edge.to, edge.columns[0].1)
        } else {
            (edge.from, edge.columns[0].0)
        };
        let table = self.index.table(table);
        let own = naming::segments(&table.name);
        naming::segments(&table.columns[column].name)
            .iter()
            .any(|word| own.iter().any(|name| stem(name) == stem(word)))
    }

    fn cued(&self, edge: &Edge) -> bool {
        let (table, column) = if edge.many {
            (edge.to, edge.columns[0].1)
        } else {
            (edge.from, edge.columns[0].0)
        };
        let target = if edge.many { edge.from } else { edge.to };
        let mut plain = naming::segments(&self.index.table(target).name);
        plain.extend(naming::segments(&self.index.table(table).name));
        let column = &self.index.table(table).columns[column].name;
        naming::segments(column)
            .iter()
            .filter(|word| !plain.iter().any(|known| stem(known) == stem(word)))
            .any(|word| word != "id" && self.stems.contains(&stem(word)))
    }
}
