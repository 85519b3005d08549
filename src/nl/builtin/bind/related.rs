//! Where a condition belongs: to the rows asked for, or to rows that belong to them.

use crate::nl::Cannot;
use crate::nl::builtin::draft::Function;
use crate::nl::builtin::draft::Literal;
use crate::nl::builtin::draft::Measure;
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
        if let Some(size) = count.clone().filter(|_| self.refers_to_one(table)) {
            // `languages spoken in more than 5 countries`, where each row pairs one with one.
            return self.relate_to_itself(false, Some(size));
        }
        if self.main.contains(&table) && !negated && count.is_none() {
            return Ok(());
        }
        // A link that every row has anyway still joins: it may be NULL.
        let related = Related {
            table,
            via: self.reference_said(table, self.draft.entities[entity].mention.at),
            entity: Some(entity),
            negated,
            count,
            ..Related::default()
        };
        match self
            .owner_of(entity)
            .and_then(|owner| self.related_mut(owner))
        {
            Some(owner) => owner.nested.push(related),
            None => self.query.related.push(related),
        }
        Ok(())
    }

    /// Whether each row of the subject belongs to one row of a table only.
    fn refers_to_one(&self, table: usize) -> bool {
        let path = self.around.graph.path(&[self.subject], table, &self.cues);
        path.is_ok_and(|path| !path.is_empty() && path.iter().all(|edge| !edge.many))
    }

    /// The relatives of a mention.
    fn related_mut(&mut self, entity: usize) -> Option<&mut Related> {
        self.query
            .related
            .iter_mut()
            .find_map(|related| related.find(entity))
    }

    /// The relatives that an entity belongs to, rather than to the subject: in `customers with
    /// orders without payments` it is the orders that have none.
    fn owner_of(&self, entity: usize) -> Option<usize> {
        let owner = entity.checked_sub(1)?;
        let (before, own) = (&self.draft.entities[owner], &self.draft.entities[entity]);
        let between = self
            .around
            .items
            .get(before.mention.at + 1..own.mention.at)?;
        let parts = |item: &Item| {
            matches!(item.kind, Kind::Comma | Kind::Stop)
                || matches!(
                    item.kind,
                    Kind::Tag(Tag::And | Tag::Or | Tag::By | Tag::Each | Tag::Ask)
                )
        };
        let graph = self.around.graph;
        let table = self.entities[entity];
        let near = graph.distance(self.entities[owner], table)?;
        let direct = graph.distance(self.subject, table);
        let nearer = direct.is_none_or(|direct| near <= direct) && near > 0;
        (before.role == Role::Related && nearer && !between.iter().any(parts)).then_some(owner)
    }

    /// An aggregate over the rows that belong to the subject.
    pub(super) fn relate_measure(
        &mut self,
        measure: &Measure,
        comparison: Comparison,
        literal: &Literal,
    ) -> Result<(), Cannot> {
        let Expr::Aggregate(function, id) = self.measure(measure)? else {
            return Err(refusal::dangling("total"));
        };
        let path = self
            .around
            .graph
            .path(&[self.subject], id.table, &self.cues)?;
        if path.is_empty() && function == Function::Average {
            // The average of one figure is that figure.
            if let Literal::Number(value) = literal {
                self.query
                    .filters
                    .push(Filter::Compare(id, comparison, value.clone()));
                return Ok(());
            }
        }
        if !path.iter().any(|edge| edge.many) {
            return Err(refusal::unsupported(
                "the question compares a total of single rows",
                "Compare the column itself.",
            ));
        }
        let value = match literal {
            Literal::Number(text) | Literal::Parameter(text) => text.clone(),
            Literal::Text(text, _) => return Err(refusal::dangling(text)),
        };
        self.query.related.push(Related {
            table: id.table,
            count: Some((comparison, value)),
            measure: Some((function, id)),
            ..Related::default()
        });
        Ok(())
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
            Expr::Start(..) | Expr::Rows(_) | Expr::Share(..) | Expr::Aggregate(..) => true,
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
        // `products in categories with more than 5 products` speaks of other products.
        let mentions = self
            .entities
            .iter()
            .filter(|table| **table == self.subject)
            .count();
        let once = mentions < 2;
        match count {
            Some(size) if !negated && !aggregated && !self.shows_key() && once => {
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

    /// Rows of a table that nothing names are reached over many only by a verb or `have`.
    fn check_link(&self, table: usize) -> Result<(), Cannot> {
        let links = |item: &Item| match item.kind {
            Kind::Tag(Tag::Relation | Tag::By | Tag::In | Tag::Of) => true,
            Kind::Tag(Tag::With | Tag::Not) => {
                let text = item.text.to_lowercase();
                text.contains("ha") || text.contains("with")
            }
            _ => item.possessive,
        };
        if self.around.items.iter().any(links) || self.cues.mentioned.contains(&table) {
            return Ok(());
        }
        let name = &self.index().table(table).name;
        Err(refusal::unsupported(
            &format!("the question does not say how {name} are linked with what is asked"),
            "Name them, for instance: customers with orders that are paid.",
        ))
    }

    /// Groups of single rows are no groups.
    fn shows_key(&self) -> bool {
        let keys = &self.index().table(self.subject).primary_key;
        !keys.is_empty()
            && keys.iter().all(|column| {
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
        if let Some(related) = self
            .related_for(table, focus)
            .and_then(|e| self.related_mut(e))
        {
            related.filters.push(filter);
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
            self.check_link(table)?;
            let same = |other: &&mut Related| {
                other.table == table && other.entity.is_none() && other.measure.is_none()
            };
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
        let entity = focus.filter(|e| self.draft.entities[*e].role == Role::Related)?;
        let own = self.entities[entity];
        if !self
            .query
            .related
            .iter()
            .any(|related| related.mentions(entity))
        {
            return None;
        }
        if own == table {
            return Some(entity);
        }
        if self.main.contains(&table) {
            return None;
        }
        let graph = self.around.graph;
        let nearer = match (
            graph.distance(own, table),
            graph.distance(self.subject, table),
        ) {
            (Some(beyond), Some(direct)) => beyond < direct,
            (beyond, None) => beyond.is_some(),
            (None, Some(_)) => false,
        };
        nearer.then_some(entity)
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
