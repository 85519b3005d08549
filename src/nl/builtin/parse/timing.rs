//! Times: `in 2024`, `last month`, `since March`, `between 2019 and 2021`.

use crate::nl::Cannot;
use crate::nl::builtin::dates;
use crate::nl::builtin::dates::Period;
use crate::nl::builtin::dates::Unit;
use crate::nl::builtin::draft::Left;
use crate::nl::builtin::draft::Test;
use crate::nl::builtin::items::Kind;
use crate::nl::builtin::lexicon::Comparison;
use crate::nl::builtin::lexicon::Tag;
use crate::nl::builtin::refusal;

use super::Parser;

impl Parser<'_> {
    /// A time that stands without its column.
    pub(super) fn time(&mut self) -> Result<bool, Cannot> {
        let at = self.at;
        let tag = self.tag(at);
        let bounds = matches!(
            tag,
            Some(Tag::After | Tag::Since | Tag::Before | Tag::Until)
        );
        let next = self.skip(at + 1);
        let starts = match tag {
            Some(Tag::In) => self.period_at(next).is_some(),
            // `each month of 2025`.
            Some(Tag::Of) => {
                let before = at.checked_sub(1).and_then(|at| self.items.get(at));
                before.is_some_and(|item| item.unit.is_some()) && self.period_at(next).is_some()
            }
            Some(Tag::Between) => self.span_between(next).is_some(),
            _ => bounds || matches!(self.kind(at), Some(Kind::Period(_))) || self.says_year(at),
        };
        if !starts {
            return Ok(false);
        }
        self.bounded(None)?;
        Ok(true)
    }

    /// `year 2014`, where no column is called so.
    fn says_year(&self, at: usize) -> bool {
        matches!(self.kind(at), Some(Kind::Unit)) && self.year_at(at).is_some()
    }

    /// `2014`, `year 2014`, `the year of 2014`: the year and the position after it.
    pub(super) fn year_at(&self, at: usize) -> Option<(Period, usize)> {
        let mut next = self.skip(at);
        if self
            .items
            .get(next)
            .is_some_and(|item| item.unit == Some(Unit::Year))
        {
            next = self.skip_glue(next + 1);
        }
        match self.kind(next)? {
            Kind::Number(digits) => dates::year(digits).map(|period| (period, next + 1)),
            _ => None,
        }
    }

    fn period_at(&self, at: usize) -> Option<(Period, usize)> {
        let at = self.skip(at);
        match self.kind(at)? {
            Kind::Period(period) => Some((period.clone(), at + 1)),
            _ => self.year_at(at),
        }
    }

    /// `2019 and 2021`, `March and June 2024`.
    pub(super) fn span_between(&self, at: usize) -> Option<(Period, usize)> {
        let (first, next) = self.period_at(at)?;
        let and = self.skip(next);
        if !matches!(self.tag(and), Some(Tag::And | Tag::In | Tag::Until)) {
            return None;
        }
        let (last, end) = self.period_at(and + 1)?;
        let span = Period {
            from: first.from,
            to: last.to,
        };
        Some((span.in_order(), end))
    }

    /// The words of some items as they were asked.
    pub(super) fn words_from(&self, from: usize, to: usize) -> String {
        let words = self.items[from..to].iter().map(|item| item.text.as_str());
        words.collect::<Vec<_>>().join(" ")
    }

    /// Takes a time with what bounds it, of `left` or of the date that belongs to the focus.
    pub(super) fn bounded(&mut self, left: Option<Left>) -> Result<(), Cannot> {
        let start = self.at;
        let tag = self.tag(start);
        let first = if tag.is_some() {
            self.skip(start + 1)
        } else {
            start
        };
        if let Some((period, next)) = self.span_between(first)
            && matches!(tag, Some(Tag::Between | Tag::In))
        {
            return self.within(left, period, next);
        }
        let Some((period, next)) = self.period_at(first) else {
            return self.bounded_figure(left, tag, first);
        };
        let period = match tag {
            Some(Tag::After) => Period {
                from: period.to,
                to: None,
            },
            Some(Tag::Since) => Period {
                from: period.from,
                to: None,
            },
            Some(Tag::Before) => Period {
                from: None,
                to: period.from,
            },
            Some(Tag::Until) => Period {
                from: None,
                to: period.to,
            },
            _ => period,
        };
        let onwards = match self.tag(next) {
            Some(Tag::OrMore) => Some(Period {
                from: period.from,
                to: None,
            }),
            Some(Tag::OrLess) => Some(Period {
                from: None,
                to: period.to,
            }),
            _ => None,
        };
        match onwards {
            Some(period) => self.within(left, period, next + 1),
            None => self.within(left, period, next),
        }
    }

    fn within(&mut self, left: Option<Left>, period: Period, next: usize) -> Result<(), Cannot> {
        if self.waiting.negated {
            return Err(refusal::dangling("not"));
        }
        let text = self.words_from(self.at, next);
        self.at = next;
        self.add(Test::Within { left, period, text })
    }

    /// `birth year before 45`: a figure that is no year, compared as one.
    fn bounded_figure(
        &mut self,
        left: Option<Left>,
        tag: Option<Tag>,
        first: usize,
    ) -> Result<(), Cannot> {
        let comparison = match tag {
            Some(Tag::After) => Comparison::Greater,
            Some(Tag::Since) => Comparison::GreaterOrEqual,
            Some(Tag::Before) => Comparison::Less,
            Some(Tag::Until) => Comparison::LessOrEqual,
            _ => return Err(refusal::not_understood(self.items, self.at, self.index)),
        };
        match (left, self.literal(first, None)) {
            (Some(left), Some((literal, next))) => {
                self.at = next;
                self.add(Test::Compare(left, comparison, literal))
            }
            _ => Err(refusal::not_understood(self.items, self.at, self.index)),
        }
    }
}
