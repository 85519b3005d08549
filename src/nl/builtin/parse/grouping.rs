//! Groups: `per region`, `for each customer`, `by month`.

use crate::nl::Cannot;
use crate::nl::builtin::dates::Unit;
use crate::nl::builtin::draft::Key;
use crate::nl::builtin::draft::Output;
use crate::nl::builtin::draft::Role;
use crate::nl::builtin::draft::Sort;
use crate::nl::builtin::draft::SortKey;
use crate::nl::builtin::items::Kind;
use crate::nl::builtin::lexicon::End;
use crate::nl::builtin::lexicon::Tag;
use crate::nl::builtin::refusal;

use super::Mode;
use super::Parser;

impl Parser<'_> {
    /// `each …` and `by …`.
    pub(super) fn group(&mut self) -> Result<bool, Cannot> {
        let at = self.at;
        if self.tag(at) == Some(Tag::By) && self.counts_or_sorts() {
            let end = self.skip(at + 1) + 1;
            return Err(refusal::count_or_sort(&self.words_from(at, end)));
        }
        Ok(match self.tag(at) {
            Some(Tag::Each) => self.each(),
            Some(Tag::By) if self.waiting.sorting => self.sort_by(at + 1),
            Some(Tag::By) if self.rank.is_some() => self.rank_by(),
            Some(Tag::By) if !self.sentence.verb && self.measures_something() => self.each(),
            Some(Tag::By) if !self.sentence.verb && self.table_at(self.skip(at + 1)).is_none() => {
                self.sort_by(at + 1)
            }
            // `monthly revenue`.
            None if matches!(self.kind(at), Some(Kind::Unit)) && self.is_adverb(at) => {
                let unit = self.items[at].unit.unwrap_or(Unit::Month);
                self.draft.group.push(Key::Time(unit));
                self.at += 1;
                true
            }
            _ => false,
        })
    }

    /// Whether nothing says what `by` means: `customers by region`.
    fn counts_or_sorts(&self) -> bool {
        let name = self.skip(self.at + 1);
        let ends = matches!(self.kind(name + 1), None | Some(Kind::Stop));
        let plain = !self.waiting.sorting && self.rank.is_none() && !self.sentence.verb;
        let unit = self.items.get(name).is_some_and(|item| item.unit.is_some());
        let keyed = unit || self.table_at(name).is_some() || self.columns_at(name).is_some();
        plain && ends && keyed && !self.measures_something() && self.draft.order.is_empty()
    }

    fn is_adverb(&self, at: usize) -> bool {
        let text = self.items[at].text.to_lowercase();
        text.ends_with("ly") || text == "annual"
    }

    fn measures_something(&self) -> bool {
        self.draft
            .outputs
            .iter()
            .any(|output| matches!(output, Output::Measure(_)))
    }

    fn each(&mut self) -> bool {
        let mut at = self.skip(self.at + 1);
        // `each of the five regions` and `each one` add nothing.
        if self.tag(at) == Some(Tag::Distinct) {
            at = self.skip(at + 1);
        }
        if !self.group_key(at) {
            // `the number of friends corresponding to each`.
            if self
                .items
                .get(at)
                .is_some_and(|item| item.text.eq_ignore_ascii_case("one"))
            {
                at += 1;
            }
            let ends = matches!(self.kind(at), None | Some(Kind::Stop))
                || matches!(self.tag(at), Some(Tag::With));
            if ends && !self.draft.outputs.is_empty() {
                self.draft.group.push(Key::Outputs);
                self.at = at;
                return true;
            }
            return false;
        }
        // `by region and month`: only what follows directly belongs to it.
        while self.tag(self.at) == Some(Tag::And) || matches!(self.kind(self.at), Some(Kind::Comma))
        {
            if !self.group_key(self.at + 1) {
                break;
            }
        }
        true
    }

    fn group_key(&mut self, at: usize) -> bool {
        // `by customer region` says by whose region.
        if let (Some(owner), true) = (self.table_at(at), self.table_at(at + 1).is_some()) {
            self.register(owner, Role::Related);
            return self.group_key(at + 1);
        }
        if let Some(table) = self.table_at(at) {
            self.draft.group.push(Key::Name(table.clone()));
            self.register(table, Role::Grouped);
        } else if let Some(columns) = self.columns_at(at) {
            self.draft.group.push(Key::Name(columns));
        } else if let Some(unit) = self.items.get(at).and_then(|item| item.unit) {
            self.draft.group.push(Key::Time(unit));
        } else {
            return false;
        }
        self.at = at + 1;
        true
    }

    /// `top 5 customers by …`.
    fn rank_by(&mut self) -> bool {
        let at = self.skip(self.at + 1);
        let end = self.rank.take().unwrap_or(End::Max);
        let key = if let Some((mut measures, next)) = self.measures(at) {
            self.at = next;
            let measure = measures.remove(0);
            self.register_measure(&measure);
            SortKey::Measure(measure)
        } else if let Some(columns) = self.columns_at(at) {
            self.at = at + 1;
            SortKey::Most(columns)
        } else {
            self.rank = Some(end);
            return false;
        };
        let focus = self.focus;
        self.draft.order.push(Sort { key, end, focus });
        self.mode = Mode::Modify;
        true
    }
}
