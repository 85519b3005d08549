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
    pub(super) fn punctuation(&mut self) -> Result<bool, Cannot> {
        match self.kind(self.at) {
            Some(Kind::Comma) => {
                self.link = Link::And;
                self.verb = false;
            }
            Some(Kind::Stop) => {
                self.mode = Mode::Select;
                self.restart = true;
                self.link = Link::None;
                self.verb = false;
            }
            _ => return Ok(false),
        }
        self.at += 1;
        Ok(true)
    }

    fn follows_name(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.kind(at));
        matches!(before, Some(Kind::Name(_)))
    }

    /// Words of the lexicon that only change how the next ones are read.
    pub(super) fn word(&mut self) -> Result<bool, Cannot> {
        let Some(tag) = self.tag(self.at) else { return Ok(false) };
        let verb = self.verb;
        self.verb = false;
        match tag {
            Tag::Filler => self.verb = verb,
            Tag::Relation => {
                self.verb = true;
                self.clause = !self.draft.outputs.is_empty();
            }
            // `the years in which they were founded` asks nothing.
            Tag::Ask if self.link == Link::Owner || self.follows_name() => self.mode = Mode::Modify,
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
            Tag::Distinct => self.draft.distinct = true,
            Tag::Of | Tag::In | Tag::By => self.link = Link::Owner,
            // `who is the youngest employee` opens with it.
            Tag::With if self.draft.outputs.is_empty() && self.draft.entities.is_empty() => {}
            Tag::With => {
                self.mode = Mode::Modify;
                self.link = Link::None;
            }
            Tag::And => self.link = Link::And,
            Tag::Or if !self.draft.conditions.is_empty() => self.alternative = true,
            // `either a or b` opens with it.
            Tag::Or => {}
            Tag::Null => {
                let name = self.skip(self.at + 1);
                let Some(columns) = self.columns_at(name) else { return Ok(false) };
                let at = self.at;
                self.at = name + 1;
                let (left, negated) = (Left::Name(columns), self.negated);
                self.add(Test::Null { left, negated }, at)?;
                return Ok(true);
            }
            Tag::Not if !self.negated => {
                self.negated = true;
                self.mode = Mode::Modify;
            }
            _ => return Ok(false),
        }
        self.at += 1;
        Ok(true)
    }
}
