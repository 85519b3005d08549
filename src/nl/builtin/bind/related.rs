//! Where a condition belongs: to the rows asked for, or to rows that belong to them.

use crate::nl::Cannot;
use crate::nl::builtin::draft::Literal;
use crate::nl::builtin::draft::Role;
use crate::nl::builtin::index::ColumnId;
use crate::nl::builtin::items::Item;
use crate::nl::builtin::items::Kind;
use crate::nl::builtin::lexicon::Comparison;
use crate::nl::builtin::lexicon::Tag;
use crate::nl::builtin::query::Expr;
use crate::nl::builtin::query::Filter;
use crate::nl::builtin::query::Related;
use crate::nl::builtin::refusal;

use super::Binder;

impl Binder<'_, '_> {
    /// Another entity that must have rows, no rows, or so many.
    pub(super) fn relate(
        &mut self,
        entity: usize,
        negated: bool,
        count: Option<&(Comparison, Literal)>,
    ) -> Result<(), Cannot> {
        let table = self.entities[entity];
        let count = match count {
            Some((comparison, literal)) => {
                Some((*comparison, super::values::whole_number(literal)?))
            }
            None => None,
        };
        if let Some(size) = count.clone().filter(|_| self.groups_by_columns(negated)) {
            // `cities with more than one department`: a city may be of several rows.
            self.join(table);
            self.query.base = table;
            return self.relate_to_itself(false, Some(size));
        }
        if table == self.subject {
            return self.relate_to_itself(negated, count);
        }
        if self.main.contains(&table) && !negated && count.is_none() {
            return Ok(());
        }
        // A link that every row has anyway still joins: it may be NULL.
        if count.is_none() && !negated && self.follows_deed(entity) {
            // `returned a product`: what was returned is the product.
            if let Some(deed) = self.query.related.last_mut() {
                deed.also.push(table);
                return Ok(());
            }
        }
        self.query.related.push(Related {
            table,
            negated,
            count,
            ..Related::default()
        });
        Ok(())
    }

    /// Whether an entity stands right after another that must have rows: a verb and its object.
    fn follows_deed(&self, entity: usize) -> bool {
        let Some(deed) = entity
            .checked_sub(1)
            .map(|before| &self.draft.entities[before])
        else {
            return false;
        };
        let own = self.draft.entities[entity].mention.at;
        let between = self
            .around
            .items
            .get(deed.mention.at.saturating_add(1)..own);
        let filler = |item: &Item| matches!(item.kind, Kind::Tag(Tag::Filler));
        let last = self.query.related.last();
        deed.role == Role::Related
            && between.is_some_and(|items| items.iter().all(filler))
            && last.is_some_and(|last| {
                last.table == self.entities[entity - 1] && last.filters.is_empty() && !last.negated
            })
    }

    /// Whether plain columns are asked for, and no table is: then each of their values is a group.
    fn groups_by_columns(&self, negated: bool) -> bool {
        let named = self
            .draft
            .entities
            .iter()
            .zip(&self.entities)
            .any(|(entity, table)| *table == self.subject && entity.role != Role::Related);
        let names_row = self.query.outputs.iter().any(|output| match output {
            Expr::Column(id) => {
                let facts = &self.index().facts[id.table];
                facts.naming.contains(&id.column) || facts.key == Some(id.column)
            }
            Expr::Start(..) | Expr::Rows(_) | Expr::Share(_) | Expr::Aggregate(..) => true,
        });
        !negated && !named && !names_row
    }

    /// `cities with more than one employee`, where the city is a column of the employee.
    fn relate_to_itself(
        &mut self,
        negated: bool,
        count: Option<(Comparison, String)>,
    ) -> Result<(), Cannot> {
        let aggregated = self.query.outputs.iter().any(Expr::is_aggregate);
        match count {
            Some(size) if !negated && !aggregated && !self.shows_key() => {
                for output in self.query.outputs.clone() {
                    if !self.query.group.contains(&output) {
                        self.query.group.push(output);
                    }
                }
                self.query.size = Some(size);
                Ok(())
            }
            None if !negated => Ok(()),
            _ => {
                let name = &self.index().table(self.subject).name;
                Err(refusal::unsupported(
                    &format!("the question compares {name} with {name}"),
                    "Ask about one of them at a time.",
                ))
            }
        }
    }

    /// Groups of single rows are no groups.
    fn shows_key(&self) -> bool {
        let keys = &self.index().table(self.subject).primary_key;
        keys.iter().any(|column| {
            let key = ColumnId {
                table: self.subject,
                column: *column,
            };
            self.query.outputs.contains(&Expr::Column(key))
        })
    }

    /// Puts a filter to the rows it speaks of.
    pub(super) fn place(&mut self, filter: Filter, focus: Option<usize>) -> Result<(), Cannot> {
        let table = filter.table();
        if let Some(position) = self.related_for(table, focus) {
            self.query.related[position].filters.push(filter);
            return Ok(());
        }
        if self.main.contains(&table) {
            self.query.filters.push(filter);
            return Ok(());
        }
        let path = self
            .around
            .graph
            .path(&[self.query.base], table, &self.cues)?;
        if path.iter().any(|edge| edge.many) {
            // "students not owning a cat" own none; they may own something else as well.
            let (filter, negated) = match positive(&filter) {
                Some(positive) => (positive, true),
                None => (filter, false),
            };
            // `Ada Lovelace`, two values of one row, are found in one row.
            let same = |other: &&mut Related| other.table == table && other.implied;
            match self
                .query
                .related
                .iter_mut()
                .find(same)
                .filter(|other| other.negated == negated)
            {
                Some(other) if !negated => other.filters.push(filter),
                _ => self.query.related.push(Related {
                    table,
                    filters: vec![filter],
                    negated,
                    implied: true,
                    ..Related::default()
                }),
            }
        } else {
            self.join(table);
            self.query.filters.push(filter);
        }
        Ok(())
    }

    /// The relatives that a filter on `table` limits: those in focus, or those of that table.
    fn related_for(&self, table: usize, focus: Option<usize>) -> Option<usize> {
        let related = &self.query.related;
        let entity = focus.filter(|e| self.draft.entities[*e].role == Role::Related)?;
        let position = related
            .iter()
            .rposition(|other| other.table == self.entities[entity])?;
        if related[position].table == table {
            return Some(position);
        }
        if self.main.contains(&table) {
            return None;
        }
        let graph = self.around.graph;
        let beyond = graph.distance(related[position].table, table);
        let direct = graph.distance(self.subject, table);
        let nearer = match (beyond, direct) {
            (Some(beyond), Some(direct)) => beyond < direct,
            (beyond, None) => beyond.is_some(),
            (None, Some(_)) => false,
        };
        nearer.then_some(position)
    }
}

/// What a negated filter denies.
fn positive(filter: &Filter) -> Option<Filter> {
    match filter {
        Filter::Compare(column, Comparison::NotEqual, value) => {
            Some(Filter::Compare(*column, Comparison::Equal, value.clone()))
        }
        Filter::OneOf {
            column,
            values,
            negated: true,
        } => Some(Filter::OneOf {
            column: *column,
            values: values.clone(),
            negated: false,
        }),
        Filter::Like {
            column,
            part,
            text,
            negated: true,
        } => {
            let (column, part, text) = (*column, *part, text.clone());
            Some(Filter::Like {
                column,
                part,
                text,
                negated: false,
            })
        }
        _ => None,
    }
}
