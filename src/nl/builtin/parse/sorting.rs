//! Orders: `ordered by age`, `in descending order of price`, `alphabetically`.

use crate::nl::builtin::draft::Function;
use crate::nl::builtin::draft::Kept;
use crate::nl::builtin::draft::Measure;
use crate::nl::builtin::draft::Sort;
use crate::nl::builtin::draft::SortKey;
use crate::nl::builtin::items::Kind;
use crate::nl::builtin::lexicon::End;
use crate::nl::builtin::lexicon::Tag;

use super::Mode;
use super::Parser;

impl Parser<'_> {
    /// Everything that says in which order.
    pub(super) fn sort(&mut self) -> bool {
        let Some(tag) = self.tag(self.at) else {
            return false;
        };
        match tag {
            // `ordered by each customer` is a deed.
            Tag::Order if self.is_deed() => {
                self.at += 1;
                self.sentence.verb = true;
                true
            }
            Tag::Order => {
                self.waiting.sorting = true;
                if self.says_key(self.at) || self.direction.is_some() {
                    return self.sort_by(self.at + 1);
                }
                self.at += 1;
                true
            }
            Tag::Ascending => self.direct(End::Min),
            Tag::Descending => self.direct(End::Max),
            Tag::Alphabetical => {
                self.waiting.sorting = false;
                if self.items[self.at].text.ends_with("of") {
                    return self.sort_by(self.at + 1);
                }
                self.at += 1;
                self.push_sort(SortKey::FirstOutput, End::Min);
                true
            }
            _ => false,
        }
    }

    /// `products ordered by customers`, by whom rather than by what.
    fn is_deed(&self) -> bool {
        let next = self.skip(self.at + 1);
        let table = self.table_at(next).is_some() && self.columns_at(next).is_none();
        self.tag(next) == Some(Tag::Each) || (table && self.says_key(self.at))
    }

    fn says_key(&self, at: usize) -> bool {
        let text = self.items[at].text.to_lowercase();
        text.ends_with(" by") || text.ends_with(" of")
    }

    /// A direction belongs to the key before it, or else to the one that comes.
    fn direct(&mut self, end: End) -> bool {
        let at = self.at;
        if self.says_key(at) {
            self.direction = Some(end);
            return self.sort_by(at + 1);
        }
        self.at += 1;
        match self.draft.order.last_mut() {
            // `the longest rivers, from longest to shortest` are all of them.
            Some(sort) => {
                sort.end = end;
                if std::mem::take(&mut self.unsaid) {
                    self.draft.limit = None;
                    self.draft.kept = Kept::All;
                    self.draft
                        .readings
                        .retain(|line| !line.contains("= the first"));
                }
            }
            None => self.direction = Some(end),
        }
        true
    }

    /// Takes the sort keys from `at` on.
    pub(super) fn sort_by(&mut self, at: usize) -> bool {
        let mut at = at;
        let mut found = false;
        loop {
            let mut name = self.skip_glue(at);
            match self.tag(name) {
                Some(Tag::Ascending) => self.direction = Some(End::Min),
                Some(Tag::Descending) => self.direction = Some(End::Max),
                _ => {}
            }
            if matches!(self.tag(name), Some(Tag::Ascending | Tag::Descending)) {
                name = self.skip_glue(name + 1);
            }
            let key = if let Some((mut measures, next)) = self.measures(name) {
                at = next;
                SortKey::Measure(measures.remove(0))
            } else if self.tag(name) == Some(Tag::CountAgain) {
                at = name + 1;
                let rows = Measure {
                    function: Function::Count,
                    of: None,
                };
                SortKey::Measure(self.counted.clone().unwrap_or(rows))
            } else if let Some(columns) = self
                .columns_at(self.skip_glue(name + 1))
                .filter(|_| self.tag(name) == Some(Tag::Count))
            {
                at = self.skip_glue(name + 1) + 1;
                SortKey::Name(columns)
            } else if let Some(columns) = self.columns_at(name) {
                at = name + 1;
                SortKey::Name(columns)
            } else if self.table_at(name).is_some() && !found {
                at = name + 1;
                SortKey::FirstOutput
            } else {
                break;
            };
            found = true;
            self.push_sort(key, End::Min);
            self.at = at;
            let more = self.tag(at) == Some(Tag::And) || matches!(self.kind(at), Some(Kind::Comma));
            if !more {
                break;
            }
            at += 1;
        }
        if found {
            self.waiting.sorting = false;
            self.mode = Mode::Modify;
        }
        found
    }

    fn push_sort(&mut self, key: SortKey, end: End) {
        let end = self.direction.take().unwrap_or(end);
        self.waiting.sorting = false;
        self.draft.order.push(Sort {
            key,
            end,
            focus: self.focus,
        });
    }
}
