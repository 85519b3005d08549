//! The first few: `top 5`, `the oldest`, `with the highest price`, `the most orders`.

use crate::nl::builtin::draft::Function;
use crate::nl::builtin::draft::Hint;
use crate::nl::builtin::draft::Key;
use crate::nl::builtin::draft::Limit;
use crate::nl::builtin::draft::Literal;
use crate::nl::builtin::draft::Measure;
use crate::nl::builtin::draft::Mention;
use crate::nl::builtin::draft::Output;
use crate::nl::builtin::draft::Role;
use crate::nl::builtin::draft::Sort;
use crate::nl::builtin::draft::SortKey;
use crate::nl::builtin::index::Target;
use crate::nl::builtin::items::Kind;
use crate::nl::builtin::lexicon::End;
use crate::nl::builtin::lexicon::Extreme;
use crate::nl::builtin::lexicon::LEXICON;
use crate::nl::builtin::lexicon::Tag;
use crate::sql::schema::TypeKind;

use super::Mode;
use super::Parser;

/// How many rows `top customers` gives when no number is said.
const UNSAID_TOP: &str = "10";

impl Parser<'_> {
    /// Everything that keeps only the first rows of an order.
    pub(super) fn rank(&mut self) -> bool {
        if let Some(Kind::Extreme(extreme)) = self.kind(self.at) {
            return self.extreme(extreme);
        }
        match self.tag(self.at) {
            Some(Tag::Top) => self.top(End::Max),
            Some(Tag::Bottom) => self.top(End::Min),
            Some(Tag::Most) => self.most(End::Max),
            Some(Tag::Fewest) => self.most(End::Min),
            Some(Tag::MostCommon) => self.most_common(End::Max),
            Some(Tag::LeastCommon) => self.most_common(End::Min),
            _ => false,
        }
    }

    fn number_at(&self, at: usize) -> Option<Limit> {
        match self.kind(at)? {
            Kind::Number(digits) => Some(Literal::Number(digits.clone())),
            Kind::Parameter => Some(Literal::Parameter(self.items[at].text.clone())),
            _ => None,
        }
    }

    fn top(&mut self, end: End) -> bool {
        let number = self.number_at(self.at + 1);
        let word = self.items[self.at].text.to_lowercase();
        if number.is_none() && self.table_at(self.skip(self.at + 1)).is_none() {
            return false;
        }
        // `the last order` is one, `the last orders` are nobody knows how many.
        let dated = matches!(word.as_str(), "first" | "last");
        let plural = self
            .items
            .get(self.skip(self.at + 1))
            .is_some_and(|item| item.text.to_lowercase().ends_with('s'));
        if number.is_none() && dated && (plural || !self.draft.entities.is_empty()) {
            return false;
        }
        self.at += if number.is_some() { 2 } else { 1 };
        if number.is_none() && !dated && plural {
            self.draft
                .readings
                .push(format!("\"top\" = the first {UNSAID_TOP}"));
        }
        let unsaid = if plural { UNSAID_TOP } else { "1" };
        self.limit(number.unwrap_or_else(|| Literal::Number(unsaid.to_owned())));
        self.rank = Some(end);
        // `the last 5 orders` are so by their date, if by nothing else.
        self.by_date = dated.then_some(match end {
            End::Max => End::Min,
            End::Min => End::Max,
        });
        if self.by_date.is_none() {
            self.draft.rows = false;
        }
        true
    }

    /// The end that is meant, when `top 5` said one already.
    fn ranked(&mut self, end: End) -> End {
        if self.rank.take().is_none() {
            self.unsaid |= self.draft.limit.is_none();
            self.limit(Literal::Number("1".to_owned()));
        }
        self.draft.rows = false;
        end
    }

    fn extreme(&mut self, extreme: &Extreme) -> bool {
        // `the cheapest 3 products`.
        if let Some(limit) = self.number_at(self.at + 1)
            && self.table_at(self.skip(self.at + 2)).is_some()
            && self.draft.limit.is_none()
            && self.hinted(extreme)
        {
            self.draft.limit = Some(limit);
            self.at += 1;
            return true;
        }
        let name = self.skip_glue(self.at + 1);
        // `the most recently hired employee` asks for the employee.
        let deed = self
            .items
            .get(name)
            .is_some_and(|item| item.text.ends_with("ed"))
            && self.table_at(name + 1).is_some();
        let asked =
            self.mode == Mode::Select && self.rank.is_none() && !self.sentence.clause && !deed;
        if let Some(end) = extreme.end {
            if asked && self.measures(self.at).is_some() {
                return false;
            }
            let key = if let Some((mut measures, next)) = self.measures(name) {
                self.at = next;
                SortKey::Measure(measures.remove(0))
            } else if let Some(columns) = self.columns_at(name).filter(|_| !asked) {
                self.at = name + 1;
                if LEXICON.sum_nouns.contains(&columns.text.to_lowercase()) {
                    SortKey::Most(columns)
                } else {
                    SortKey::Name(columns)
                }
            } else {
                return self.hinted(extreme);
            };
            let end = self.ranked(end);
            self.draft.order.push(Sort {
                key,
                end,
                focus: self.focus,
            });
            return true;
        }
        self.hinted(extreme)
    }

    /// `whose price is the highest`: a superlative with nothing to measure after it.
    pub(super) fn bare_superlative(&self, at: usize) -> Option<(End, usize)> {
        let at = self.skip(at);
        let end = match self.kind(at)? {
            Kind::Extreme(extreme) => extreme.end?,
            Kind::Tag(Tag::Most) => End::Max,
            Kind::Tag(Tag::Fewest) => End::Min,
            _ => return None,
        };
        let next = at + 1;
        matches!(
            self.kind(self.skip(next)),
            None | Some(Kind::Stop | Kind::Comma)
        )
        .then_some((end, next))
    }

    /// `which team was founded first`: the end of time that is meant behind a date.
    pub(super) fn bare_place(&self, at: usize) -> Option<(End, usize)> {
        let item = self.items.get(at)?;
        let end = match item.text.to_lowercase().as_str() {
            "first" | "earliest" => End::Min,
            "last" | "latest" => End::Max,
            _ => return None,
        };
        matches!(self.kind(at + 1), None | Some(Kind::Stop)).then_some((end, at + 1))
    }

    /// `which room type is the most popular`.
    pub(super) fn bare_frequency(&self, at: usize) -> Option<(End, usize)> {
        let at = self.skip(at);
        let end = match self.tag(at)? {
            Tag::MostCommon => End::Max,
            Tag::LeastCommon => End::Min,
            _ => return None,
        };
        matches!(self.kind(at + 1), None | Some(Kind::Stop)).then_some((end, at + 1))
    }

    /// Sorts by a column and keeps the first.
    pub(super) fn rank_column(&mut self, columns: Mention, end: End) {
        let most = self.at.checked_sub(1).and_then(|at| self.tag(at));
        let end = self.ranked(end);
        let key = match most {
            Some(Tag::Most | Tag::Fewest) => SortKey::Most(columns),
            _ => SortKey::Name(columns),
        };
        self.draft.order.push(Sort {
            key,
            end,
            focus: self.focus,
        });
    }

    fn hinted(&mut self, extreme: &Extreme) -> bool {
        if extreme
            .readings
            .iter()
            .all(|(_, columns)| columns.is_empty())
        {
            return false;
        }
        let next = self.skip(self.at + 1);
        let key = SortKey::Hinted(Hint {
            readings: extreme.readings.clone(),
            text: self.items[self.at].text.clone(),
            of: self.table_at(next).map(|_| next),
        });
        let plural = self.table_at(next).is_some()
            && self.items[next].text.to_lowercase().ends_with('s')
            && self.rank.is_none()
            && self.draft.limit.is_none();
        if plural {
            self.unsaid = true;
            self.limit(Literal::Number(UNSAID_TOP.to_owned()));
            let text = &self.items[self.at].text;
            self.draft
                .readings
                .push(format!("\"{text}\" = the first {UNSAID_TOP}"));
        }
        let end = self.ranked(extreme.readings[0].0);
        self.draft.order.push(Sort {
            key,
            end,
            focus: None,
        });
        self.at += 1;
        true
    }

    /// `the most orders`: by the number of rows, or by a figure of that name.
    fn most(&mut self, end: End) -> bool {
        let name = self.skip_glue(self.at + 1);
        let at = self.at;
        if let Some(table) = self.table_at(name) {
            self.at = name + 1;
            let measure = Measure {
                function: Function::Count,
                of: Some(table.clone()),
            };
            let end = self.ranked(end);
            self.register(table, Role::Counted);
            self.draft.order.push(Sort {
                key: SortKey::Measure(measure),
                end,
                focus: self.focus,
            });
            return true;
        }
        if let Some(columns) = self.columns_at(name) {
            let figure = columns.hits.iter().all(|hit| match hit.target {
                Target::Column(id) => matches!(
                    self.index.column(id).kind,
                    TypeKind::Integer | TypeKind::Number | TypeKind::Interval
                ),
                Target::Table(_) => false,
            });
            let asked = self.mode == Mode::Select
                && self.draft.outputs.is_empty()
                && self.draft.entities.is_empty()
                && self.rank.is_none()
                && !self.draft.rows;
            if figure && asked {
                self.at = name + 1;
                let function = match end {
                    End::Max => Function::Max,
                    End::Min => Function::Min,
                };
                self.output(Output::Measure(Measure {
                    function,
                    of: Some(columns),
                }));
                return true;
            }
            if figure {
                self.at = name + 1;
                let end = self.ranked(end);
                self.draft.order.push(Sort {
                    key: SortKey::Most(columns),
                    end,
                    focus: self.focus,
                });
                return true;
            }
        }
        // `was visited the most times`: what is counted stands before.
        let said_times =
            self.items[at].text.contains("times") || self.items[at].text.contains("often");
        let related = self
            .focus
            .filter(|focus| said_times && self.draft.entities[*focus].role == Role::Related);
        let Some(related) = related else { return false };
        let mention = self.draft.entities[related].mention.clone();
        let measure = Measure {
            function: Function::Count,
            of: Some(mention),
        };
        let end = self.ranked(end);
        self.draft.order.push(Sort {
            key: SortKey::Measure(measure),
            end,
            focus: self.focus,
        });
        self.at += 1;
        true
    }

    /// `the most common citizenship`: groups by what follows.
    fn most_common(&mut self, end: End) -> bool {
        let name = self.skip_glue(self.at + 1);
        let Some(columns) = self.columns_at(name) else {
            return false;
        };
        self.at = name + 1;
        self.most_frequent(columns, end);
        true
    }

    /// Groups by a column and keeps the group with the most rows.
    pub(super) fn most_frequent(&mut self, columns: Mention, end: End) {
        self.output(Output::Name(columns.clone()));
        self.draft.group.push(Key::Name(columns));
        let key = SortKey::Measure(Measure {
            function: Function::Count,
            of: None,
        });
        let end = self.ranked(end);
        self.draft.order.push(Sort {
            key,
            end,
            focus: self.focus,
        });
    }
}
