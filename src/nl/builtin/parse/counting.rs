//! Figures before what they count: `more than 3 orders`, `4 cylinders`, `5 customers`.

use crate::nl::Cannot;
use crate::nl::builtin::dates;
use crate::nl::builtin::draft::Left;
use crate::nl::builtin::draft::Literal;
use crate::nl::builtin::draft::Mention;
use crate::nl::builtin::draft::Role;
use crate::nl::builtin::draft::Test;
use crate::nl::builtin::index::Target;
use crate::nl::builtin::items::Kind;
use crate::nl::builtin::lexicon::Comparison;
use crate::nl::builtin::lexicon::Tag;
use crate::sql::schema::TypeKind;

use super::Link;
use super::Mode;
use super::Parser;

impl Parser<'_> {
    /// A figure without a comparison before it.
    pub(super) fn count_rows(&mut self) -> Result<bool, Cannot> {
        let at = self.at;
        let literal = match self.kind(at) {
            Some(Kind::Number(digits)) => Literal::Number(digits.clone()),
            Some(Kind::Parameter) => Literal::Parameter(self.items[at].text.clone()),
            _ => return Ok(false),
        };
        let mut next = self.skip(at + 1);
        let comparison = match self.tag(next) {
            Some(Tag::OrMore) => Some(Comparison::GreaterOrEqual),
            Some(Tag::OrLess) => Some(Comparison::LessOrEqual),
            _ => None,
        };
        if comparison.is_some() {
            next = self.skip(next + 1);
        }
        let thing = self.table_at(next).is_some() || self.figure_at(next).is_some();
        if self.mode == Mode::Select && comparison.is_none() {
            // `2024 orders` are of a year rather than so many.
            if matches!(&literal, Literal::Number(digits) if dates::year(digits).is_some()) {
                return Ok(false);
            }
            // `4 cylinder cars`.
            let describes = self.figure_at(next).is_some() && self.table_at(next + 1).is_some();
            if describes && self.table_at(next).is_none() {
                self.at = next;
                self.counted_thing(Comparison::Equal, literal, next)?;
                return Ok(true);
            }
            let ranks = matches!(self.kind(next), Some(Kind::Extreme(_)))
                || matches!(self.tag(next), Some(Tag::Most | Tag::Fewest));
            if !(ranks || self.table_at(next).is_some()) || self.draft.limit.is_some() {
                return Ok(false);
            }
            self.limit(literal);
            if ranks {
                self.rank = Some(crate::nl::builtin::lexicon::End::Max);
            }
            self.at = at + 1;
            return Ok(true);
        }
        if !thing && comparison.is_none() && self.tag(next) != Some(Tag::Times) {
            return Ok(false);
        }
        self.at = next;
        let comparison = comparison.unwrap_or(Comparison::Equal);
        if self.waiting.negated {
            // `not a single order` is none; `not 3 orders` would be said otherwise.
            let one = literal == Literal::Number("1".to_owned());
            let Some(table) = self.table_at(next).filter(|_| one) else {
                return Ok(false);
            };
            self.at = next + 1;
            let entity = self.register(table, Role::Related);
            self.add(Test::Has {
                entity,
                negated: true,
                count: None,
            })?;
            return Ok(true);
        }
        self.counted_thing(comparison, literal, next).map(|()| true)
    }

    /// A numeric column named at `at`.
    pub(super) fn figure_at(&self, at: usize) -> Option<Mention> {
        self.columns_at(at).filter(|mention| {
            mention.hits.iter().any(|hit| match hit.target {
                Target::Column(id) => {
                    matches!(
                        self.index.column(id).kind,
                        TypeKind::Integer | TypeKind::Number
                    )
                }
                Target::Table(_) => false,
            })
        })
    }

    /// What a compared figure counts: rows of a table, a figure of that name, or times.
    pub(super) fn counted_thing(
        &mut self,
        comparison: Comparison,
        literal: Literal,
        next: usize,
    ) -> Result<(), Cannot> {
        if let Some(table) = self.table_at(next) {
            self.at = next + 1;
            let entity = self.register(table, Role::Related);
            let count = Some((comparison, literal));
            return self.add(Test::Has {
                entity,
                negated: false,
                count,
            });
        }
        if let Some(column) = self.figure_at(next) {
            self.at = next + 1;
            return self.add(Test::Compare(Left::Name(column), comparison, literal));
        }
        let once = match self.tag(next) {
            Some(Tag::Times) => Some(literal.clone()),
            _ => None,
        };
        if let (Some(literal), Some(entity)) = (once, self.focus) {
            self.at = next + 1;
            return self.recount(entity, comparison, literal);
        }
        // `over 3000 and under 4000` speaks of the same column twice.
        let before = match self
            .draft
            .conditions
            .last()
            .map(|condition| &condition.test)
        {
            Some(Test::Compare(
                left @ (Left::Name(_) | Left::Hinted(..) | Left::OnlyFigure),
                ..,
            )) => Some(left.clone()),
            _ => None,
        };
        let left = before
            .filter(|_| self.link == Link::And || self.waiting.alternative)
            .unwrap_or(Left::OnlyFigure);
        self.add(Test::Compare(left, comparison, literal))
    }

    /// `visited museums more than twice` says how many of what was said before.
    pub(super) fn recount(
        &mut self,
        entity: usize,
        comparison: Comparison,
        literal: Literal,
    ) -> Result<(), Cannot> {
        let entity = self.deed_of(entity);
        let before = self
            .draft
            .conditions
            .iter_mut()
            .rev()
            .find_map(|condition| match &mut condition.test {
                Test::Has {
                    entity: other,
                    negated: false,
                    count,
                } if *other == entity => Some(count),
                _ => None,
            });
        if let Some(count) = before {
            *count = Some((comparison, literal));
            return Ok(());
        }
        let count = Some((comparison, literal));
        self.add(Test::Has {
            entity,
            negated: false,
            count,
        })
    }

    /// The verb right before its object: in `visited museums twice` the visits are counted.
    fn deed_of(&self, entity: usize) -> usize {
        let Some(before) = entity.checked_sub(1) else {
            return entity;
        };
        let deed = &self.draft.entities[before];
        let own = self.draft.entities[entity].mention.at;
        let adjacent = self.skip(deed.mention.at + 1) == own;
        if adjacent && deed.role == Role::Related {
            before
        } else {
            entity
        }
    }
}
