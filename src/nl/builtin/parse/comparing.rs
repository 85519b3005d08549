//! Conditions on a column: `age over 20`, `between 5 and 10`, `is null`, `contains 'x'`.

use crate::nl::Cannot;
use crate::nl::builtin::draft::Left;
use crate::nl::builtin::draft::Literal;
use crate::nl::builtin::draft::Mention;
use crate::nl::builtin::draft::Output;
use crate::nl::builtin::draft::Part;
use crate::nl::builtin::draft::Test;
use crate::nl::builtin::items::Item;
use crate::nl::builtin::items::Kind;
use crate::nl::builtin::lexicon::Comparison;
use crate::nl::builtin::lexicon::Tag;
use crate::nl::builtin::refusal;

use super::Parser;

impl Parser<'_> {
    /// Takes the test that stands at the current position, of `left`.
    pub(super) fn test(&mut self, left: Left) -> Result<(), Cannot> {
        let of = match &left {
            Left::Name(mention) => Some(mention.clone()),
            _ => None,
        };
        self.at = self.skip(self.at);
        let listed = self.tag(self.at) == Some(Tag::In)
            && matches!(
                self.kind(self.skip(self.at + 1)),
                Some(Kind::Quoted | Kind::Value)
            );
        if listed || matches!(self.tag(self.at), Some(Tag::Of | Tag::Named | Tag::With)) {
            self.at = self.skip(self.at + 1);
        }
        if self.tag(self.at) == Some(Tag::Not) {
            self.waiting.negated = !self.waiting.negated;
            self.at = self.skip(self.at + 1);
        }
        // `is either 5 or 6` opens its list with the word.
        if self.tag(self.at) == Some(Tag::Or) {
            self.at = self.skip(self.at + 1);
        }
        let negated = self.waiting.negated;
        match self.tag(self.at) {
            Some(Tag::Compare(comparison)) => {
                self.at += 1;
                let comparison = if negated {
                    comparison.negated()
                } else {
                    comparison
                };
                self.right(left, comparison)
            }
            Some(Tag::Between) => self.between(left),
            Some(Tag::Contains) => self.like(left, Part::Anywhere),
            Some(Tag::Starts) => self.like(left, Part::Start),
            Some(Tag::Ends) => self.like(left, Part::End),
            Some(tag @ (Tag::Null | Tag::NotNull)) => {
                self.at += 1;
                let negated = negated != (tag == Tag::NotNull);
                self.add(Test::Null { left, negated })
            }
            Some(Tag::After | Tag::Since | Tag::Before | Tag::Until | Tag::In) => {
                self.bounded(Some(left))
            }
            _ if matches!(self.kind(self.at), Some(Kind::Period(_))) => self.bounded(Some(left)),
            _ => self.equal(left, of.as_ref()),
        }
    }

    fn equal(&mut self, left: Left, of: Option<&Mention>) -> Result<(), Cannot> {
        if let Some(Kind::Comparative(comparative)) = self.kind(self.at) {
            let comparison = comparative.comparison;
            self.at += 1;
            return self.right(left, comparison);
        }
        let found = match (&left, self.kind(self.at)) {
            // Any name may follow `named`.
            (Left::Naming, Some(Kind::Value | Kind::Name(_) | Kind::Unknown)) => {
                let item = &self.items[self.at];
                let literal = Literal::Text(item.text.clone(), item.values.clone());
                Some((vec![literal], self.at + 1))
            }
            (Left::Naming, Some(Kind::ProperName)) => Some(self.name_in_full()),
            _ => self.literals(self.at, of),
        };
        let Some((mut literals, next)) = found else {
            return Err(refusal::not_understood(
                self.items,
                self.at.min(self.items.len() - 1),
                self.index,
            ));
        };
        self.at = next;
        let negated = self.waiting.negated;
        if literals.len() > 1 {
            return self.add(Test::OneOf {
                left,
                values: literals,
                negated,
            });
        }
        let mut comparison = if negated {
            Comparison::NotEqual
        } else {
            Comparison::Equal
        };
        match self.tag(self.at) {
            Some(Tag::OrMore) => comparison = Comparison::GreaterOrEqual,
            Some(Tag::OrLess) => comparison = Comparison::LessOrEqual,
            _ => {}
        }
        if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            self.at += 1;
        }
        self.add(Test::Compare(left, comparison, literals.remove(0)))
    }

    fn name_in_full(&self) -> (Vec<Literal>, usize) {
        let is_part = |item: &Item| {
            matches!(item.kind, Kind::ProperName | Kind::Value)
                && item.text.chars().next().is_some_and(char::is_uppercase)
        };
        let end = self.at
            + self.items[self.at..]
                .iter()
                .take_while(|item| is_part(item))
                .count();
        (
            vec![Literal::Text(self.typed(self.at, end), Vec::new())],
            end,
        )
    }

    /// What stands right of a comparison: a figure, or an average.
    fn right(&mut self, left: Left, comparison: Comparison) -> Result<(), Cannot> {
        let mut next = self.skip(self.at);
        if self.tag(next) == Some(Tag::Average) {
            next = self.skip_glue(next + 1);
            // `below the average weight` says the column again.
            if self.columns_at(next).is_some() {
                next += 1;
            }
            self.at = next;
            return self.add(Test::Average(left, comparison));
        }
        let of = match &left {
            Left::Name(mention) => Some(mention.clone()),
            _ => None,
        };
        let Some((literal, next)) = self.literal(next, of.as_ref()) else {
            return Err(refusal::not_understood(
                self.items,
                next.min(self.items.len() - 1),
                self.index,
            ));
        };
        self.at = next;
        self.add(Test::Compare(left, comparison, literal))
    }

    fn between(&mut self, left: Left) -> Result<(), Cannot> {
        let first = self.skip(self.at + 1);
        if let Some((period, next)) = self.span_between(first)
            && self.is_date_like(&left)
        {
            let text = self.words_from(first, next);
            self.at = next;
            return self.add(Test::Within {
                left: Some(left),
                period,
                text,
            });
        }
        let low = self.literal(first, None);
        let high = low.as_ref().and_then(|(_, next)| {
            let and = self.skip(*next);
            let joined = matches!(self.tag(and), Some(Tag::And | Tag::In));
            joined.then(|| self.literal(and + 1, None)).flatten()
        });
        let (Some((low, _)), Some((high, next))) = (low, high) else {
            return Err(refusal::dangling("between"));
        };
        self.at = next;
        self.add(Test::Between(left, low, high))
    }

    fn is_date_like(&self, left: &Left) -> bool {
        match left {
            Left::Name(mention) => Self::any_column(mention, |table, column| {
                self.index.facts[table].dates.contains(&column)
            }),
            _ => false,
        }
    }

    fn like(&mut self, left: Left, part: Part) -> Result<(), Cannot> {
        let mut text = self.skip(self.at + 1);
        // `starts with the letter "J"`.
        while self.items.get(text).is_some_and(|item| {
            matches!(
                item.text.to_lowercase().as_str(),
                "letter" | "word" | "substring" | "string" | "with"
            )
        }) {
            text += 1;
        }
        let wanted = match self.kind(text) {
            Some(Kind::Stop | Kind::Comma) | None => return Err(refusal::dangling("contains")),
            Some(_) => self.items[text].text.clone(),
        };
        self.at = text + 1;
        let negated = self.waiting.negated;
        self.add(Test::Like {
            left,
            part,
            text: wanted,
            negated,
        })
    }

    /// A comparison without its column before it: `over 20 years`, `above average age`.
    pub(super) fn compare(&mut self) -> Result<bool, Cannot> {
        let at = self.at;
        match self.kind(at) {
            Some(Kind::Comparative(comparative)) => {
                let left = Left::Hinted(comparative.columns.clone(), self.items[at].text.clone());
                let comparison = comparative.comparison;
                self.at += 1;
                self.right(left, comparison).map(|()| true)
            }
            Some(Kind::Tag(Tag::Compare(comparison))) => {
                let comparison = if self.waiting.negated {
                    comparison.negated()
                } else {
                    *comparison
                };
                self.compare_backwards(comparison)
            }
            _ => Ok(false),
        }
    }

    fn compare_backwards(&mut self, comparison: Comparison) -> Result<bool, Cannot> {
        let at = self.at;
        let mut next = self.skip(at + 1);
        if self.tag(next) == Some(Tag::Average) {
            let column = self.skip_glue(next + 1);
            let named = self.columns_at(column);
            self.at = if named.is_some() {
                column + 1
            } else {
                next + 1
            };
            let left = named.map_or(Left::OnlyFigure, Left::Name);
            self.add(Test::Average(left, comparison))?;
            return Ok(true);
        }
        // `above age 20`, `a greater weight than 10`.
        if let Some(mention) = self.columns_at(next) {
            let mut value = self.skip(next + 1);
            if self
                .items
                .get(value)
                .is_some_and(|item| item.text == "than")
            {
                value += 1;
            }
            if let Some((literal, end)) = self.literal(value, Some(&mention)) {
                self.at = end;
                self.add(Test::Compare(Left::Name(mention), comparison, literal))?;
                return Ok(true);
            }
        }
        // `visited more than once`.
        let often = match self.tag(next) {
            Some(Tag::Once) => Some("1"),
            Some(Tag::Twice) => Some("2"),
            _ => None,
        };
        if let (Some(often), Some(entity)) = (often, self.focus) {
            self.at = next + 1;
            self.recount(entity, comparison, Literal::Number(often.to_owned()))?;
            return Ok(true);
        }
        if let (Some(often), [Output::Name(_)], true) = (
            often,
            &self.draft.outputs[..],
            self.draft.entities.is_empty(),
        ) {
            self.at = next + 1;
            self.add(Test::Often(comparison, Literal::Number(often.to_owned())))?;
            return Ok(true);
        }
        let Some((literal, end)) = self.literal(next, None) else {
            return Ok(false);
        };
        if matches!(literal, Literal::Text(..)) {
            return Ok(false);
        }
        next = self.skip_glue(end);
        if self.tag(next) == Some(Tag::Distinct) {
            next = self.skip_glue(next + 1);
        }
        self.at = end;
        self.counted_thing(comparison, literal, next).map(|()| true)
    }
}
