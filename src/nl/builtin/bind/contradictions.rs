//! Conditions that no single row can meet: an error, or a question about several rows.

use crate::nl::Cannot;
use crate::nl::builtin::lexicon::Comparison;
use crate::nl::builtin::query::Expr;
use crate::nl::builtin::query::Filter;
use crate::nl::builtin::refusal;

use super::Binder;

impl Binder<'_, '_> {
    /// `before 1945 and after 1955` of one row cannot be; of what several rows share it is asked
    /// of two.
    pub(super) fn check_contradictions(&mut self) -> Result<(), Cannot> {
        if let Some((first, second)) = contradiction(&self.query.filters)
            && self.shows_shared()
        {
            let second = self.query.filters.remove(second);
            let first = self.query.filters.remove(first);
            self.query.shared = vec![first, second];
            self.query.group = self.query.outputs.clone();
        }
        let below = self.query.related.iter().map(|related| &related.filters);
        let mut groups = std::iter::once(&self.query.filters).chain(below);
        if groups.any(|filters| contradiction(filters).is_some()) {
            return Err(refusal::unsupported(
                "two conditions cannot hold for the same row",
                "Say \"or\", or ask in two questions.",
            ));
        }
        if self.draft.both && self.query.shared.is_empty() {
            return Err(refusal::dangling("both"));
        }
        Ok(())
    }

    /// Whether one column is asked for that several rows of the subject may share.
    fn shows_shared(&self) -> bool {
        let [Expr::Column(id)] = self.query.outputs[..] else {
            return false;
        };
        let facts = &self.index().facts[id.table];
        id.table == self.subject
            && !facts.naming.contains(&id.column)
            && facts.key != Some(id.column)
            && self.query.order.is_empty()
            && self.query.group.is_empty()
    }
}

/// The positions of two filters that no row meets together.
fn contradiction(filters: &[Filter]) -> Option<(usize, usize)> {
    (0..filters.len()).find_map(|first| {
        let second = (first + 1..filters.len())
            .find(|second| contradict(&filters[first], &filters[*second]))?;
        Some((first, second))
    })
}

fn contradict(a: &Filter, b: &Filter) -> bool {
    if let (
        Filter::Range {
            column: first,
            from: low,
            to: high,
        },
        Filter::Range {
            column: second,
            from: other_low,
            to: other_high,
        },
    ) = (a, b)
    {
        // Bounds of one column are written alike, so that their order is that of their text.
        let ends_before = |to: &Option<String>, from: &Option<String>| {
            to.is_some() && from.is_some() && to <= from
        };
        return first == second && (ends_before(high, other_low) || ends_before(other_high, low));
    }
    let bounds = |filter: &Filter| match filter {
        Filter::Compare(id, comparison, value) => {
            let number: f64 = value.trim_matches('\'').parse().ok()?;
            Some((*id, *comparison, number))
        }
        _ => None,
    };
    if let (
        Filter::Compare(first, Comparison::Equal, x),
        Filter::Compare(second, Comparison::Equal, y),
    ) = (a, b)
    {
        return first == second && x != y;
    }
    let (Some((first, x, low)), Some((second, y, high))) = (bounds(a), bounds(b)) else {
        return false;
    };
    let less = |c| matches!(c, Comparison::Less | Comparison::LessOrEqual);
    let more = |c| matches!(c, Comparison::Greater | Comparison::GreaterOrEqual);
    first == second && ((less(x) && more(y) && low <= high) || (more(x) && less(y) && low >= high))
}
