//! What is sorted by, and the rows that are the first of another table's.

use crate::nl::Cannot;
use crate::nl::builtin::draft::Hint;
use crate::nl::builtin::draft::Literal;
use crate::nl::builtin::draft::Role;
use crate::nl::builtin::draft::Sort;
use crate::nl::builtin::draft::SortKey;
use crate::nl::builtin::index::ColumnId;
use crate::nl::builtin::lexicon::End;
use crate::nl::builtin::query::Expr;
use crate::nl::builtin::query::Filter;
use crate::nl::builtin::refusal;

use super::Binder;

impl Binder<'_, '_> {
    pub(super) fn bind_order(&mut self) -> Result<(), Cannot> {
        for sort in &self.draft.order {
            let (expr, end) = self.sort_key(sort)?;
            if let (Expr::Column(id), true) = (&expr, self.draft.order.len() == 1)
                && self.is_first_of(sort, *id)
            {
                self.keep_first(*id, end)?;
                continue;
            }
            if expr.is_aggregate() && !self.query.outputs.iter().any(Expr::is_aggregate) {
                self.query.base = expr.table();
            }
            self.join(expr.table());
            self.query.order.push((expr, end));
        }
        self.show_rank();
        Ok(())
    }

    fn sort_key(&mut self, sort: &Sort) -> Result<(Expr, End), Cannot> {
        Ok(match &sort.key {
            SortKey::Name(mention) | SortKey::Most(mention) => {
                let id = match sort.focus {
                    Some(_) => self.tested_column(mention, sort.focus)?,
                    None => self.asked_column(mention)?,
                };
                (Expr::Column(id), sort.end)
            }
            SortKey::Hinted(hint) => {
                let (end, id) = self.hinted_order(hint)?;
                self.readings.push(self.reading(&hint.text, id));
                (Expr::Column(id), end)
            }
            SortKey::Measure(measure) => (self.measure(measure)?, sort.end),
            SortKey::FirstOutput => {
                let first = self.query.outputs.first().cloned();
                let Some(first) = first else {
                    return Err(refusal::dangling("order"));
                };
                (first, sort.end)
            }
        })
    }

    /// The column that a superlative speaks about, with its end: of the table that it is said of,
    /// or else of the subject.
    fn hinted_order(&self, hint: &Hint) -> Result<(End, ColumnId), Cannot> {
        let of = hint.of.and_then(|at| self.entity_at(at));
        let said = of.map(|entity| self.entities[entity]);
        let table = said.unwrap_or(self.subject);
        for (end, columns) in &hint.readings {
            if let Some(id) = self.hinted_column(columns, table) {
                return Ok((*end, id));
            }
        }
        Err(self.no_hint(&hint.text, table))
    }

    fn entity_at(&self, at: usize) -> Option<usize> {
        let mut entities = self.draft.entities.iter();
        entities.position(|entity| entity.mention.at == at)
    }

    /// Whether the order keeps the first of another table's rows, to which those asked for belong:
    /// in `songs of the youngest singer` it is the singers that are compared.
    fn is_first_of(&self, sort: &Sort, id: ColumnId) -> bool {
        let said = match &sort.key {
            SortKey::Hinted(hint) => hint.of.and_then(|at| self.entity_at(at)),
            SortKey::Name(_) | SortKey::Most(_) => sort.focus,
            _ => None,
        };
        let base = self.query.base;
        let one = self.draft.limit == Some(Literal::Number("1".to_owned()));
        let of_other = said.is_some_and(|entity| {
            self.entities[entity] == id.table && self.draft.entities[entity].role != Role::Head
        });
        self.draft.limit.is_some()
            && of_other
            && id.table != base
            && id.table != self.subject
            && !(one && self.is_child(id.table))
    }

    /// Whether each row of a table belongs to one row of the subject: the first of them then says
    /// which of the subject's rows is meant.
    fn is_child(&self, table: usize) -> bool {
        let path = self.around.graph.path(&[self.subject], table, &self.cues);
        path.is_ok_and(|path| path.iter().all(|edge| edge.many))
    }

    fn keep_first(&mut self, by: ColumnId, end: End) -> Result<(), Cannot> {
        let Some(limit) = &self.draft.limit else {
            return Ok(());
        };
        let limit = super::values::whole_number(limit)?;
        self.limited = true;
        let first = Filter::First {
            by,
            end,
            limit,
            among: Vec::new(),
        };
        self.place(first, None)
    }

    /// `the largest stadium in London`: what else is said of the table is said of those compared.
    pub(super) fn narrow_first(&mut self) {
        let compared = self.query.filters.clone();
        for filter in &mut self.query.filters {
            if let Filter::Extreme { by, among, .. } = filter {
                let table = by.table;
                let others = compared.iter().filter(|other| {
                    other.table() == table && !matches!(other, Filter::Extreme { .. })
                });
                among.extend(others.cloned());
            }
        }
        let first = |filter: &Filter| matches!(filter, Filter::First { .. });
        for related in &mut self.query.related {
            if let Some(at) = related.filters.iter().position(first) {
                let kept = related.filters.swap_remove(at);
                let others = std::mem::take(&mut related.filters);
                related.filters.push(narrowed(kept, others));
            }
        }
        let Some(at) = self.query.filters.iter().position(first) else {
            return;
        };
        let kept = self.query.filters.remove(at);
        let table = kept.table();
        let filters = std::mem::take(&mut self.query.filters);
        let (own, others) = filters
            .into_iter()
            .partition(|filter| filter.table() == table);
        self.query.filters = others;
        self.query.filters.push(narrowed(kept, own));
    }
}

/// The first rows among those that meet other filters.
fn narrowed(mut first: Filter, filters: Vec<Filter>) -> Filter {
    if let Filter::First { among, .. } = &mut first {
        among.extend(filters);
    }
    first
}
