//! Conditions on a column: `age over 20`, `between 5 and 10`, `is null`, `contains 'x'`.

use crate::nl::Cannot;
use crate::nl::builtin::draft::Left;
use crate::nl::builtin::draft::Literal;
use crate::nl::builtin::draft::Mention;
use crate::nl::builtin::draft::Part;
use crate::nl::builtin::draft::Test;
use crate::nl::builtin::index::Target;
use crate::nl::builtin::items::Kind;
use crate::nl::builtin::lexicon::Comparison;
use crate::nl::builtin::lexicon::Tag;
use crate::nl::builtin::refusal;
use crate::sql::schema::TypeKind;

use super::Parser;

impl Parser<'_> {
    /// Whether the words at `at` say something about a column named just before.
    pub(super) fn condition_follows(&self, at: usize, of: &Mention) -> bool {
        let at = self.skip(at);
        match self.kind(at) {
            Some(Kind::Comparative(_) | Kind::Quoted | Kind::Parameter) => true,
            Some(Kind::Number(_)) => self.holds_figures(of) && !self.counts_thing(at + 1),
            Some(Kind::Value | Kind::Name(_)) => self.literal(at, Some(of)).is_some(),
            Some(Kind::ProperName) => !self.describes_table(at),
            Some(Kind::Period(_)) => self.holds_dates(of),
            Some(Kind::Tag(tag)) => self.tag_tests(*tag, at, of),
            _ => false,
        }
    }

    fn tag_tests(&self, tag: Tag, at: usize, of: &Mention) -> bool {
        match tag {
            Tag::Compare(_) => {
                let number = self.skip(at + 1);
                let counted = matches!(self.kind(number), Some(Kind::Number(_)));
                !(counted && self.counts_thing(number + 1))
            }
            Tag::Between | Tag::Contains | Tag::Starts | Tag::Ends => true,
            Tag::Null | Tag::NotNull | Tag::After | Tag::Since | Tag::Before | Tag::Until => true,
            Tag::Named => true,
            Tag::Of | Tag::Or | Tag::Not | Tag::With => {
                let next = self.skip(at + 1);
                let value = match self.kind(next) {
                    Some(Kind::ProperName) => !self.describes_table(next) && tag == Tag::Of,
                    Some(Kind::Quoted) => true,
                    _ => false,
                };
                let null = tag == Tag::Not && self.tag(next) == Some(Tag::Null);
                let figure = matches!(self.kind(next), Some(Kind::Number(_)));
                let compared = match self.tag(next) {
                    Some(Tag::Compare(_)) => matches!(tag, Tag::Not | Tag::Of),
                    Some(Tag::Contains | Tag::Starts | Tag::Ends) => true,
                    _ => false,
                };
                value
                    || null
                    || compared
                    || (figure
                        && tag != Tag::With
                        && self.holds_figures(of)
                        && !self.counts_thing(next + 1))
                    || self.literal(next, Some(of)).is_some_and(|(literal, _)| {
                        !matches!(literal, Literal::Number(_))
                    })
            }
            Tag::In => {
                let next = self.skip(at + 1);
                match self.kind(next) {
                    Some(Kind::Quoted) => true,
                    Some(Kind::Period(_)) => self.holds_dates(of),
                    Some(Kind::Number(digits)) => {
                        self.holds_dates(of) && crate::nl::builtin::dates::year(digits).is_some()
                    }
                    Some(Kind::Unit | Kind::Name(_)) => self.holds_dates(of) && self.year_at(next).is_some(),
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// Whether the figure before `at` counts something: `4 or more students`, `3 cylinders`.
    fn counts_thing(&self, at: usize) -> bool {
        let mut at = self.skip(at);
        if matches!(self.tag(at), Some(Tag::OrMore | Tag::OrLess)) {
            at = self.skip(at + 1);
        }
        self.table_at(at).is_some()
    }

    /// Whether the capitalised words at `at` stand before a table as an adjective.
    fn describes_table(&self, at: usize) -> bool {
        let run = self.items[at..].iter().take_while(|item| matches!(item.kind, Kind::ProperName));
        self.table_at(at + run.count()).is_some()
    }

    fn any_column(&self, of: &Mention, test: impl Fn(usize, usize) -> bool) -> bool {
        of.hits.iter().any(|hit| match hit.target {
            Target::Column(id) => test(id.table, id.column),
            Target::Table(_) => false,
        })
    }

    /// Figures, or texts that hold years.
    fn holds_figures(&self, of: &Mention) -> bool {
        self.any_column(of, |table, column| {
            let kind = self.index.table(table).columns[column].kind;
            matches!(kind, TypeKind::Integer | TypeKind::Number | TypeKind::Text)
        })
    }

    pub(super) fn holds_dates(&self, of: &Mention) -> bool {
        self.any_column(of, |table, column| {
            let facts = &self.index.facts[table];
            facts.dates.contains(&column) || facts.years.contains(&column)
        })
    }

    /// Takes the test that stands at the current position, of `left`.
    pub(super) fn test(&mut self, left: Left, at: usize) -> Result<(), Cannot> {
        let of = match &left {
            Left::Name(mention) => Some(mention.clone()),
            _ => None,
        };
        self.at = self.skip(self.at);
        if matches!(self.tag(self.at), Some(Tag::Of | Tag::Named | Tag::With)) {
            self.at = self.skip(self.at + 1);
        }
        if self.tag(self.at) == Some(Tag::Not) {
            self.negated = !self.negated;
            self.at = self.skip(self.at + 1);
        }
        // `is either 5 or 6` opens its list with the word.
        if self.tag(self.at) == Some(Tag::Or) {
            self.at = self.skip(self.at + 1);
        }
        let negated = self.negated;
        match self.tag(self.at) {
            Some(Tag::Compare(comparison)) => {
                self.at += 1;
                let comparison = if negated { comparison.negated() } else { comparison };
                self.right(left, comparison, at)
            }
            Some(Tag::Between) => self.between(left, at),
            Some(Tag::Contains) => self.like(left, Part::Anywhere, at),
            Some(Tag::Starts) => self.like(left, Part::Start, at),
            Some(Tag::Ends) => self.like(left, Part::End, at),
            Some(tag @ (Tag::Null | Tag::NotNull)) => {
                self.at += 1;
                let negated = negated != (tag == Tag::NotNull);
                self.add(Test::Null { left, negated }, at)
            }
            Some(Tag::After | Tag::Since | Tag::Before | Tag::Until | Tag::In) => {
                self.bounded(Some(left), at)
            }
            _ if matches!(self.kind(self.at), Some(Kind::Period(_))) => self.bounded(Some(left), at),
            _ => self.equal(left, of.as_ref(), at),
        }
    }

    fn equal(&mut self, left: Left, of: Option<&Mention>, at: usize) -> Result<(), Cannot> {
        if let Some(Kind::Comparative(comparative)) = self.kind(self.at) {
            let comparison = comparative.comparison;
            self.at += 1;
            return self.right(left, comparison, at);
        }
        let found = match (&left, self.kind(self.at)) {
            // Any name may follow `named`.
            (Left::Naming, Some(Kind::Value | Kind::Name(_) | Kind::Unknown)) => {
                let item = &self.items[self.at];
                let literal = Literal::Text(item.text.clone(), item.values.clone());
                Some((vec![literal], self.at + 1))
            }
            (Left::Naming, Some(Kind::ProperName)) => self.name_in_full(),
            _ => self.literals(self.at, of),
        };
        let Some((mut literals, next)) = found else {
            return Err(refusal::not_understood(self.items, self.at.min(self.items.len() - 1), self.index));
        };
        self.at = next;
        let negated = self.negated;
        if literals.len() > 1 {
            return self.add(Test::OneOf { left, values: literals, negated }, at);
        }
        let mut comparison = if negated { Comparison::NotEqual } else { Comparison::Equal };
        match self.tag(self.at) {
            Some(Tag::OrMore) => comparison = Comparison::GreaterOrEqual,
            Some(Tag::OrLess) => comparison = Comparison::LessOrEqual,
            _ => {}
        }
        if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            self.at += 1;
        }
        self.add(Test::Compare(left, comparison, literals.remove(0)), at)
    }

    fn name_in_full(&self) -> Option<(Vec<Literal>, usize)> {
        let run = self.items[self.at..].iter().take_while(|item| {
            matches!(item.kind, Kind::ProperName | Kind::Value)
                && item.text.chars().next().is_some_and(char::is_uppercase)
        });
        let texts: Vec<&str> = run.map(|item| item.text.as_str()).collect();
        let end = self.at + texts.len();
        Some((vec![Literal::Text(texts.join(" "), Vec::new())], end))
    }

    /// What stands right of a comparison: a figure, or an average.
    fn right(&mut self, left: Left, comparison: Comparison, at: usize) -> Result<(), Cannot> {
        let mut next = self.skip(self.at);
        if self.tag(next) == Some(Tag::Average) {
            next = self.skip_glue(next + 1);
            // `below the average weight` says the column again.
            if self.columns_at(next).is_some() {
                next += 1;
            }
            self.at = next;
            return self.add(Test::Average(left, comparison), at);
        }
        let of = match &left {
            Left::Name(mention) => Some(mention.clone()),
            _ => None,
        };
        let Some((literal, next)) = self.literal(next, of.as_ref()) else {
            return Err(refusal::not_understood(self.items, next.min(self.items.len() - 1), self.index));
        };
        self.at = next;
        self.add(Test::Compare(left, comparison, literal), at)
    }

    fn between(&mut self, left: Left, at: usize) -> Result<(), Cannot> {
        let first = self.skip(self.at + 1);
        if let Some((period, next)) = self.span_between(first)
            && self.is_date_like(&left)
        {
            let text = self.words_from(first, next);
            self.at = next;
            return self.add(Test::Within { left: Some(left), period, text }, at);
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
        self.add(Test::Between(left, low, high), at)
    }

    fn is_date_like(&self, left: &Left) -> bool {
        match left {
            Left::Name(mention) => self.any_column(mention, |table, column| {
                self.index.facts[table].dates.contains(&column)
            }),
            _ => false,
        }
    }

    fn like(&mut self, left: Left, part: Part, at: usize) -> Result<(), Cannot> {
        let mut text = self.skip(self.at + 1);
        // `starts with the letter "J"`.
        while self.items.get(text).is_some_and(|item| {
            matches!(item.text.to_lowercase().as_str(), "letter" | "word" | "substring" | "string" | "with")
        }) {
            text += 1;
        }
        let wanted = match self.kind(text) {
            Some(Kind::Stop | Kind::Comma) | None => return Err(refusal::dangling("contains")),
            Some(_) => self.items[text].text.clone(),
        };
        self.at = text + 1;
        let negated = self.negated;
        self.add(Test::Like { left, part, text: wanted, negated }, at)
    }

    /// A comparison without its column before it: `over 20 years`, `above average age`.
    pub(super) fn compare(&mut self) -> Result<bool, Cannot> {
        let at = self.at;
        match self.kind(at) {
            Some(Kind::Comparative(comparative)) => {
                let left =
                    Left::Hinted(comparative.columns.clone(), self.items[at].text.clone());
                let comparison = comparative.comparison;
                self.at += 1;
                self.right(left, comparison, at).map(|()| true)
            }
            Some(Kind::Tag(Tag::Compare(comparison))) => {
                let comparison =
                    if self.negated { comparison.negated() } else { *comparison };
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
            self.at = if named.is_some() { column + 1 } else { next + 1 };
            let left = named.map_or(Left::OnlyFigure, Left::Name);
            self.add(Test::Average(left, comparison), at)?;
            return Ok(true);
        }
        // `above age 20`, `a greater weight than 10`.
        if let Some(mention) = self.columns_at(next) {
            let mut value = self.skip(next + 1);
            if self.items.get(value).is_some_and(|item| item.text == "than") {
                value += 1;
            }
            if let Some((literal, end)) = self.literal(value, Some(&mention)) {
                self.at = end;
                self.add(Test::Compare(Left::Name(mention), comparison, literal), at)?;
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
            self.recount(entity, comparison, Literal::Number(often.to_owned()), at)?;
            return Ok(true);
        }
        let Some((literal, end)) = self.literal(next, None) else { return Ok(false) };
        if matches!(literal, Literal::Text(..)) {
            return Ok(false);
        }
        next = self.skip_glue(end);
        self.at = end;
        self.counted_thing(comparison, literal, next, at).map(|()| true)
    }
}
