//! The small words: asking, linking, stopping.

use crate::nl::Cannot;
use crate::nl::builtin::draft::Left;
use crate::nl::builtin::draft::Test;
use crate::nl::builtin::items::Kind;
use crate::nl::builtin::lexicon::Tag;

use super::Link;
use super::Mode;
use super::Parser;

impl Parser<'_> {
    /// Commas and ends of sentences.
    pub(super) fn punctuation(&mut self) -> bool {
        match self.kind(self.at) {
            Some(Kind::Comma) => {
                self.link = Link::And;
                self.sentence.verb = false;
            }
            Some(Kind::Stop) => {
                self.mode = Mode::Select;
                self.sentence.restart = true;
                self.link = Link::None;
                self.sentence.verb = false;
            }
            _ => return false,
        }
        self.at += 1;
        true
    }

    /// Whether `with` stands before something of what is asked for: `with their salaries`.
    fn shows_beside(&self) -> bool {
        let next = self
            .items
            .get(self.at + 1)
            .map(|item| item.text.to_lowercase());
        self.items[self.at].text.eq_ignore_ascii_case("with")
            && matches!(next.as_deref(), Some("their" | "its"))
            && self.mode == Mode::Select
    }

    fn follows_name(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.kind(at));
        matches!(before, Some(Kind::Name(_)))
    }

    /// Words of the lexicon that only change how the next ones are read.
    pub(super) fn word(&mut self) -> Result<bool, Cannot> {
        let Some(tag) = self.tag(self.at) else {
            return Ok(false);
        };
        let verb = self.sentence.verb;
        self.sentence.verb = false;
        match tag {
            Tag::Filler => self.sentence.verb = verb,
            Tag::Relation => {
                self.sentence.verb = true;
                self.sentence.clause = !self.draft.outputs.is_empty();
            }
            // `the years in which they were founded` asks nothing.
            Tag::Ask
                if (self.link == Link::Owner && !self.draft.outputs.is_empty())
                    || self.follows_name() =>
            {
                self.mode = Mode::Modify;
            }
            Tag::Ask => self.mode = Mode::Select,
            Tag::List => {
                self.mode = Mode::Select;
                if self.draft.outputs.is_empty() {
                    self.draft.rows = true;
                }
            }
            // `records` after `sales` are the sales.
            Tag::Everything if self.mode == Mode::Modify || self.follows_name() => {}
            Tag::Everything => self.draft.rows = true,
            // `both cat and dog` asks for two rows at once, `both name and age` for two columns.
            Tag::Both
                if self.mode == Mode::Select
                    && self.columns_at(self.skip(self.at + 1)).is_some() => {}
            Tag::Both
                if (verb || self.mode == Mode::Modify) && self.several_values(self.at + 1) => {}
            Tag::Both if self.table_at(self.skip(self.at + 1)).is_some() => self.draft.both = true,
            Tag::Distinct => self.draft.distinct = true,
            // `in meters` says nothing new.
            Tag::In if self.tag(self.at + 1) == Some(Tag::Measure) => self.at += 1,
            Tag::Of | Tag::In | Tag::By => self.link = Link::Owner,
            // `who is the youngest employee` opens with it.
            Tag::With if self.draft.outputs.is_empty() && self.draft.entities.is_empty() => {
                if self.items[self.at].text.eq_ignore_ascii_case("where") {
                    return Ok(false);
                }
            }
            // `customers with their orders` shows both.
            Tag::With if self.shows_beside() => self.link = Link::And,
            Tag::With => {
                self.mode = Mode::Modify;
                self.link = Link::None;
            }
            Tag::And => self.link = Link::And,
            Tag::Or if !self.draft.conditions.is_empty() => self.waiting.alternative = true,
            // `either a or b` opens with it.
            Tag::Or => {}
            Tag::Null => {
                let name = self.skip(self.at + 1);
                let Some(columns) = self.columns_at(name) else {
                    return Ok(false);
                };
                self.at = name + 1;
                let (left, negated) = (Left::Name(columns), self.waiting.negated);
                self.add(Test::Null { left, negated })?;
                return Ok(true);
            }
            Tag::Not if !self.waiting.negated => {
                self.waiting.negated = true;
                self.mode = Mode::Modify;
            }
            _ => return Ok(false),
        }
        self.at += 1;
        Ok(true)
    }
}
