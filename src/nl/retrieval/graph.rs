//! How tables join: by declared keys, and by those that names and values speak for.

use std::collections::HashMap;

use crate::sql::schema::Schema;

/// Tables between two that a join may lead through.
const MAX_BETWEEN: usize = 2;

/// A join seen from one of its ends.
#[derive(Debug, Clone, Copy)]
struct Edge {
    /// Position of the table at the other end.
    to: u32,
    /// How likely it is meant: 1 when declared.
    weight: f32,
}

/// The joins of a schema, whichever side refers to the other.
pub(super) struct Graph {
    edges: Vec<Box<[Edge]>>,
}

impl Graph {
    /// The joins of `schema`.
    pub(super) fn new(schema: &Schema) -> Self {
        let places: HashMap<u32, u32> = (0..)
            .zip(&schema.tables)
            .map(|(place, table)| (table.oid, place))
            .collect();
        let mut joins: HashMap<(u32, u32), f32> = HashMap::new();
        for (from, table) in (0..).zip(&schema.tables) {
            let declared = table.foreign_keys.iter().map(|key| (key, 1.0));
            let inferred = table.inferred_keys.iter();
            let inferred = inferred.map(|inferred| (&inferred.key, inferred.confidence));
            for (key, weight) in declared.chain(inferred) {
                let Some(&to) = places.get(&key.references).filter(|to| **to != from) else {
                    continue;
                };
                for ends in [(from, to), (to, from)] {
                    let known = joins.entry(ends).or_default();
                    *known = known.max(weight);
                }
            }
        }
        let mut edges = vec![Vec::new(); schema.tables.len()];
        let mut joins: Vec<_> = joins.into_iter().collect();
        joins.sort_unstable_by_key(|(ends, _)| *ends);
        for ((from, to), weight) in joins {
            edges[from as usize].push(Edge { to, weight });
        }
        Self {
            edges: edges.into_iter().map(Vec::into_boxed_slice).collect(),
        }
    }

    /// Calls `take` with each table joined with `table` and its part of `score`: less of it the
    /// more there are, and the less certain the join is.
    pub(super) fn pass_on(&self, table: usize, score: f32, mut take: impl FnMut(usize, f32)) {
        let edges = &self.edges[table];
        let damping = 1.0 + (edges.len() as f32).ln();
        for edge in edges {
            take(edge.to as usize, score * edge.weight / damping);
        }
    }

    /// The tables that the likeliest short join of two tables leads through; none when they join
    /// directly, or not at all.
    pub(super) fn between(&self, from: usize, to: usize) -> Vec<usize> {
        // The likeliest way to each table with so many joins, and where it comes from.
        let mut ways: Vec<HashMap<usize, (f32, usize)>> =
            vec![HashMap::from([(from, (1.0, from))])];
        for joins in 0..=MAX_BETWEEN {
            let mut next: HashMap<usize, (f32, usize)> = HashMap::new();
            let mut reached: Vec<_> = ways[joins]
                .iter()
                .map(|(&at, &(sure, _))| (at, sure))
                .collect();
            reached.sort_unstable_by_key(|&(at, _)| at);
            for (at, sure) in reached {
                for edge in &self.edges[at] {
                    let way = (sure * edge.weight, at);
                    let known = next.entry(edge.to as usize).or_insert(way);
                    if way.0 > known.0 {
                        *known = way;
                    }
                }
            }
            ways.push(next);
            if ways[joins + 1].contains_key(&to) {
                break;
            }
        }
        let mut between = Vec::new();
        let mut at = to;
        for way in ways.iter().skip(1).rev() {
            let Some(&(_, before)) = way.get(&at) else {
                return Vec::new();
            };
            between.push(before);
            at = before;
        }
        between.pop();
        between.reverse();
        between
    }
}
