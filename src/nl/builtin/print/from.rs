//! The FROM clause: which tables are joined by which columns, and what that repeats.

use std::collections::HashMap;

use crate::nl::Cannot;
use crate::nl::builtin::index::Index;
use crate::nl::builtin::joins::Cues;
use crate::nl::builtin::joins::Edge;
use crate::nl::builtin::joins::Graph;
use crate::nl::builtin::query::Query;
use crate::sql::identifier;

use super::names::Aliases;
use super::names::qualified;

/// What decides how tables are joined.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ways<'a> {
    /// The joins of the schema.
    pub(super) graph: &'a Graph,
    /// What speaks for one of them rather than another.
    pub(super) cues: &'a Cues<'a>,
}

/// Joined tables with their aliases.
#[derive(Debug)]
pub(super) struct From {
    /// As SQL writes it, without the key word.
    pub(super) text: String,
    aliases: HashMap<usize, String>,
    edges: Vec<Edge>,
}

impl From {
    /// Joins `tables` to `base`, each by its own shortest way.
    pub(super) fn plan(
        base: usize,
        tables: &[usize],
        ways: Ways<'_>,
        aliases: &mut Aliases,
    ) -> Result<Self, Cannot> {
        let index = ways.cues.index;
        let mut joined = vec![base];
        let mut edges: Vec<Edge> = Vec::new();
        let mut pending: Vec<usize> = tables
            .iter()
            .copied()
            .filter(|table| *table != base)
            .collect();
        // The nearest first: the way to a far table often leads over a near one.
        pending.sort_by_key(|table| ways.graph.distance(base, *table).unwrap_or(usize::MAX));
        for table in pending {
            for edge in ways.graph.path(&joined.clone(), table, ways.cues)? {
                if !joined.contains(&edge.to) {
                    joined.push(edge.to);
                    edges.push(edge);
                }
            }
        }
        let named: HashMap<usize, String> = joined
            .iter()
            .map(|table| (*table, aliases.take(&index.table(*table).name)))
            .collect();
        let mut text = format!("{} AS {}", qualified(index.table(base)), named[&base]);
        for edge in &edges {
            let on: Vec<String> = edge
                .columns
                .iter()
                .map(|(own, other)| {
                    format!(
                        "{}.{} = {}.{}",
                        named[&edge.to],
                        identifier::quoted(&index.table(edge.to).columns[*other].name),
                        named[&edge.from],
                        identifier::quoted(&index.table(edge.from).columns[*own].name)
                    )
                })
                .collect();
            let table = qualified(index.table(edge.to));
            let alias = &named[&edge.to];
            let join = [" JOIN ", &table, " AS ", alias, " ON ", &on.join(" AND ")];
            text.push_str(&join.concat());
        }
        Ok(Self {
            text,
            aliases: named,
            edges,
        })
    }

    /// The alias of a table that is in it.
    pub(super) fn alias(&self, table: usize) -> &str {
        self.aliases.get(&table).map_or("", String::as_str)
    }

    /// Whether a row of the table may come more than once.
    pub(super) fn repeats(&self, table: usize) -> bool {
        !self.repeating(table).is_empty()
    }

    /// The steps away from a table that meet several rows, by the table they lead to.
    fn repeating(&self, table: usize) -> Vec<usize> {
        let mut seen = vec![table];
        let mut found = Vec::new();
        let mut position = 0;
        while let Some(here) = seen.get(position).copied() {
            position += 1;
            for edge in &self.edges {
                let (next, many) = if edge.from == here {
                    (edge.to, edge.many)
                } else if edge.to == here {
                    (edge.from, !edge.many)
                } else {
                    continue;
                };
                if seen.contains(&next) {
                    continue;
                }
                seen.push(next);
                if many {
                    found.push(next);
                }
            }
        }
        found
    }

    /// Whether each group still meets a row of the table once: the only step that repeats leads to
    /// a table that does nothing but pair it with what is grouped by.
    pub(super) fn pairs(&self, table: usize, query: &Query, index: &Index) -> bool {
        let [bridge] = self.repeating(table)[..] else {
            return false;
        };
        let definition = index.table(bridge);
        let steps = self
            .edges
            .iter()
            .filter(|edge| edge.many == (edge.to == bridge));
        let joined: Vec<usize> = steps
            .filter(|edge| edge.to == bridge || edge.from == bridge)
            .flat_map(|edge| {
                let own = |(from, to): &(usize, usize)| if edge.to == bridge { *to } else { *from };
                edge.columns.iter().map(own).collect::<Vec<_>>()
            })
            .collect();
        let is_reference = |column: &usize| {
            joined.contains(column)
                || definition
                    .foreign_keys
                    .iter()
                    .any(|key| key.columns.contains(column))
        };
        // Where no key is declared, a table of nothing but two references is one of pairs.
        let all: Vec<usize> = (0..definition.columns.len()).collect();
        let key = match definition.primary_key.as_slice() {
            [] => all.as_slice(),
            declared => declared,
        };
        !query.group.is_empty() && key.len() > 1 && key.iter().all(is_reference)
    }
}
