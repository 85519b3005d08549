//! Values to compare with, alone or in a list.

use crate::nl::builtin::draft::Literal;
use crate::nl::builtin::draft::Mention;
use crate::nl::builtin::index::Target;
use crate::nl::builtin::index::ValueHit;
use crate::nl::builtin::items::Item;
use crate::nl::builtin::items::Kind;
use crate::nl::builtin::lexicon::Tag;

use super::Parser;

impl Parser<'_> {
    /// The value at `at` and the position after it, for a column that is known.
    pub(super) fn literal(&self, at: usize, of: Option<&Mention>) -> Option<(Literal, usize)> {
        let at = self.skip(at);
        let item = self.items.get(at)?;
        let fitting = self.fitting(item, of);
        let text = || Literal::Text(item.text.clone(), fitting.clone());
        let literal = match &item.kind {
            Kind::Number(digits) => Literal::Number(digits.clone()),
            Kind::Parameter => Literal::Parameter(item.text.clone()),
            Kind::Quoted => text(),
            Kind::Value | Kind::Name(_) if !fitting.is_empty() => text(),
            Kind::ProperName if of.is_some() => return Some(self.proper_name(at)),
            _ => return None,
        };
        let mut next = at + 1;
        if self.tag(next) == Some(Tag::Measure) && matches!(literal, Literal::Number(_)) {
            next += 1;
        }
        Some((literal, next))
    }

    /// Capitalised words in a row are one value.
    fn proper_name(&self, at: usize) -> (Literal, usize) {
        let is_proper = |item: &Item| matches!(item.kind, Kind::ProperName);
        let end = at
            + self.items[at..]
                .iter()
                .take_while(|item| is_proper(item))
                .count();
        (Literal::Text(self.typed(at, end), Vec::new()), end)
    }

    /// Some items as they were typed, with what stood between them.
    pub(super) fn typed(&self, from: usize, to: usize) -> String {
        let mut text = String::new();
        for (position, item) in self.items[from..to].iter().enumerate() {
            text.push_str(&item.text);
            if from + position + 1 < to {
                text.push_str(&item.gap);
            }
        }
        text
    }

    /// A value and those that follow it after commas, `and` or `or`.
    pub(super) fn literals(
        &self,
        at: usize,
        of: Option<&Mention>,
    ) -> Option<(Vec<Literal>, usize)> {
        let (first, mut next) = self.literal(at, of)?;
        let mut literals = vec![first];
        loop {
            let mut after = next;
            while matches!(self.kind(after), Some(Kind::Comma))
                || matches!(self.tag(after), Some(Tag::And | Tag::Or | Tag::Filler))
            {
                after += 1;
            }
            let found = self
                .literal(after, of)
                .or_else(|| self.other_name(&literals[0], after));
            let Some((literal, end)) = found.filter(|_| after > next) else {
                break;
            };
            let stands_alone = !matches!(literal, Literal::Number(_)) || !self.names_thing(end);
            if !stands_alone || !alike(&literals[0], &literal) {
                break;
            }
            literals.push(literal);
            next = end;
        }
        Some((literals, next))
    }

    /// The stored values that the item spells, of the column when one is known, or of what the
    /// column refers to.
    pub(super) fn fitting(&self, item: &Item, of: Option<&Mention>) -> Vec<ValueHit> {
        let Some(mention) = of else {
            return item.values.clone();
        };
        let columns = || {
            mention.hits.iter().filter_map(|hit| match hit.target {
                Target::Column(id) => Some(id),
                Target::Table(_) => None,
            })
        };
        let fits = |value: &&ValueHit| {
            columns()
                .any(|id| id == value.column || self.index.target(id) == Some(value.column.table))
        };
        item.values.iter().filter(fits).cloned().collect()
    }

    /// `Berlin or Narnia`: a name behind `or` is of the same kind as the value before it, although
    /// nobody knows that it is stored.
    fn other_name(&self, first: &Literal, at: usize) -> Option<(Literal, usize)> {
        let stored = matches!(first, Literal::Text(_, values) if !values.is_empty());
        let or = at > 0 && self.tag(at - 1) == Some(Tag::Or);
        let named = matches!(self.kind(at), Some(Kind::ProperName));
        if !(stored && or && named) {
            return None;
        }
        let (literal, end) = self.proper_name(at);
        self.table_at(end).is_none().then_some((literal, end))
    }

    fn names_thing(&self, at: usize) -> bool {
        matches!(self.kind(self.skip(at)), Some(Kind::Name(_)))
    }
}

/// Whether two values may stand in one list: both figures, or texts that share a column.
fn alike(first: &Literal, other: &Literal) -> bool {
    match (first, other) {
        (Literal::Text(_, a), Literal::Text(_, b)) => {
            (a.is_empty() && b.is_empty())
                || b.is_empty()
                || a.iter().any(|x| b.iter().any(|y| x.column == y.column))
        }
        (Literal::Text(..), _) | (_, Literal::Text(..)) => false,
        _ => true,
    }
}
