//! How tables are joined: along foreign keys, by the shortest way that is the only one.

mod search;

use std::collections::HashMap;
use std::collections::HashSet;

use crate::nl::Cannot;
use crate::sql::references;
use crate::sql::schema::ForeignKey;
use crate::sql::schema::Schema;
use crate::sql::schema::Table;

use super::index::Index;
use super::naming;
use super::refusal;
use super::sides::Side;
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

/// So many steps more than the shortest way may a better one take.
const DETOUR: usize = 2;

impl Graph {
    /// The declared foreign keys, and the likely ones where none leads to the same table.
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
                if let Some(to) = positions.get(&key.references) {
                    graph.connect(from, *to, key);
                }
            }
        }
        for (from, table) in schema.tables.iter().enumerate() {
            let declared: HashSet<usize> = graph.edges[from].iter().map(|edge| edge.to).collect();
            for inferred in &table.inferred_keys {
                let to = positions.get(&inferred.key.references);
                if let Some(to) = to.filter(|to| !declared.contains(to))
                    && inferred.confidence >= references::SURE
                {
                    graph.connect(from, *to, &inferred.key);
                }
            }
        }
        graph
    }

    fn connect(&mut self, from: usize, to: usize, key: &ForeignKey) {
        let pairs = key.columns.iter().copied();
        let columns: Vec<(usize, usize)> =
            pairs.zip(key.referenced_columns.iter().copied()).collect();
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

    /// The only best way from one of `from` to `to`, in order.
    pub(super) fn path(
        &self,
        from: &[usize],
        to: usize,
        cues: &Cues<'_>,
    ) -> Result<Vec<Edge>, Cannot> {
        let mut ways = self.best(from, to, cues);
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

    /// The shortest ways, unless a slightly longer one leads over tables that are named, or links
    /// the rows themselves where the shortest only leads over what both refer to.
    fn best(&self, from: &[usize], to: usize, cues: &Cues<'_>) -> Vec<Vec<Edge>> {
        let shortest = search::ways(&self.edges, from, to, &search::Limits::default());
        let Some(length) = shortest.first().map(Vec::len) else {
            return shortest;
        };
        if length < 2 {
            return shortest;
        }
        let over_named = |way: &Vec<Edge>| {
            way.iter()
                .any(|edge| edge.to != to && cues.mentioned.contains(&edge.to))
        };
        if shortest.iter().any(over_named) {
            return shortest;
        }
        let near = |ways: &Vec<Vec<Edge>>| {
            let found = ways.first().map(Vec::len);
            found.is_some_and(|found| found <= length + DETOUR)
        };
        let named = search::Limits {
            over: Some(&cues.mentioned),
            ..search::Limits::default()
        };
        let linked = search::Limits {
            linked: true,
            ..search::Limits::default()
        };
        let mut others = [named, linked]
            .into_iter()
            .map(|limits| search::ways(&self.edges, from, to, &limits));
        others.find(near).unwrap_or(shortest)
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
        search::distance(&self.edges, from, to)
    }

    /// The columns by which a table refers to another.
    pub(super) fn references(&self, from: usize, to: usize) -> Vec<usize> {
        let steps = self.edges[from]
            .iter()
            .filter(|edge| edge.to == to && !edge.many);
        steps
            .filter_map(|edge| match edge.columns[..] {
                [(own, _)] => Some(own),
                _ => None,
            })
            .collect()
    }

    /// The step that a column of a table is the key of.
    pub(super) fn step(&self, from: usize, column: usize) -> Option<&Edge> {
        self.edges[from]
            .iter()
            .find(|edge| !edge.many && matches!(edge.columns[..], [(own, _)] if own == column))
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

/// What in the question speaks for one way rather than another.
#[derive(Debug)]
pub(super) struct Cues<'a> {
    /// The schema.
    pub(super) index: &'a Index,
    /// Where things come from or go to, when only one of both is spoken of.
    pub(super) side: Option<Side>,
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
    /// Over a table that is called after both of its sides: `keeper_animals`.
    Called,
    /// Not by the key that stands for the other side: in `friend`, `friend_id` is the friend.
    Owner,
    /// Without meeting several rows.
    Single,
}

impl Preference {
    const IN_ORDER: [Self; 5] = [
        Self::Mentioned,
        Self::Cued,
        Self::Called,
        Self::Owner,
        Self::Single,
    ];
}

impl Cues<'_> {
    fn score(&self, way: &[Edge], prefer: Preference) -> usize {
        match prefer {
            Preference::Mentioned => way
                .iter()
                .filter(|edge| self.mentioned.contains(&edge.to))
                .count(),
            Preference::Cued => way.iter().filter(|edge| self.cued(edge)).count(),
            Preference::Called => way
                .windows(2)
                .filter(|steps| self.is_called_after_both(&steps[0], &steps[1]))
                .count(),
            Preference::Owner => way
                .iter()
                .filter(|edge| !self.names_other_side(edge))
                .count(),
            Preference::Single => usize::from(way.iter().all(|edge| !edge.many)),
        }
    }

    /// Whether the table between two steps is a link with the names of both sides in its own.
    fn is_called_after_both(&self, there: &Edge, on: &Edge) -> bool {
        let stems = |table: usize| -> Vec<String> {
            let words = naming::segments(&self.index.table(table).name);
            words.iter().map(|word| stem(word)).collect()
        };
        let own = stems(there.to);
        there.many
            && !on.many
            && [there.from, on.to]
                .into_iter()
                .all(|side| stems(side).iter().all(|word| own.contains(word)))
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
        let side = Side::of_column(column, self.index.table(target));
        if side.is_some() && side == self.side {
            return true;
        }
        naming::segments(column)
            .iter()
            .filter(|word| !plain.iter().any(|known| stem(known) == stem(word)))
            .any(|word| word != "id" && self.stems.contains(&stem(word)))
    }
}
