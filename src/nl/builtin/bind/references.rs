//! Conditions on what a named reference refers to: `with destination Lyon`, `shipped from Hamburg`.

use crate::nl::builtin::draft::Condition;
use crate::nl::builtin::draft::Left;
use crate::nl::builtin::draft::Literal;
use crate::nl::builtin::draft::Test;
use crate::nl::builtin::index::ColumnId;
use crate::nl::builtin::index::Target;
use crate::nl::builtin::items::Kind;
use crate::nl::builtin::lexicon::Comparison;
use crate::nl::builtin::print::quoted;
use crate::nl::builtin::query::Filter;
use crate::nl::builtin::query::Related;
use crate::nl::builtin::sides::Side;
use crate::sql::schema::TypeKind;

use super::Binder;

impl Binder<'_, '_> {
    /// The column by which the subject refers to a table, where it does so by several and the words
    /// before `at` say which.
    pub(super) fn reference_said(&self, table: usize, at: usize) -> Option<usize> {
        let steps = self.around.graph.references(self.subject, table);
        if steps.len() < 2 || self.query.base != self.subject {
            return None;
        }
        let side = self.side_before(at)?;
        let definition = self.index().table(self.subject);
        let target = self.index().table(table);
        let mut fitting = steps.into_iter().filter(|column| {
            Side::of_column(&definition.columns[*column].name, target) == Some(side)
        });
        fitting.next().filter(|_| fitting.next().is_none())
    }

    /// The side that the words just before an item speak of.
    fn side_before(&self, at: usize) -> Option<Side> {
        for item in self.around.items[..at.min(self.around.items.len())]
            .iter()
            .rev()
            .take(5)
        {
            if let Some(side) = Side::said(&item.text) {
                return Some(side);
            }
            if matches!(
                item.kind,
                Kind::Value | Kind::Quoted | Kind::ProperName | Kind::Stop
            ) {
                return None;
            }
        }
        None
    }

    /// A value of another table said of a column that refers to it.
    pub(super) fn referenced(&self, condition: &Condition) -> Option<Related> {
        let Test::Compare(Left::Name(mention), comparison, Literal::Text(text, values)) =
            &condition.test
        else {
            return None;
        };
        if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            return None;
        }
        let Ok(id) = self.tested_column(mention, condition.focus) else {
            return None;
        };
        let target = self
            .index()
            .target(id)
            .filter(|_| id.table == self.subject)?;
        let own = values.iter().any(|value| value.column == id);
        let stored = values.iter().find(|value| value.column.table == target);
        let of_name = mention
            .hits
            .iter()
            .any(|hit| hit.target == Target::Column(id));
        if own || !of_name {
            return None;
        }
        let (column, text) = match (stored, self.index().facts[target].naming.as_slice()) {
            (Some(value), _) => (value.column, value.stored.as_str()),
            (None, [naming]) if self.index().column(id).kind != TypeKind::Text => {
                let column = ColumnId {
                    table: target,
                    column: *naming,
                };
                (column, text.as_str())
            }
            _ => return None,
        };
        Some(Related {
            table: target,
            via: Some(id.column),
            filters: vec![Filter::Compare(column, Comparison::Equal, quoted(text))],
            negated: *comparison == Comparison::NotEqual,
            ..Related::default()
        })
    }
}
