//! Names of tables and columns where no other rule takes them.

use crate::nl::Cannot;
use crate::nl::builtin::draft::Entity;
use crate::nl::builtin::draft::Function;
use crate::nl::builtin::draft::Key;
use crate::nl::builtin::draft::Left;
use crate::nl::builtin::draft::Measure;
use crate::nl::builtin::draft::Mention;
use crate::nl::builtin::draft::Output;
use crate::nl::builtin::draft::Role;
use crate::nl::builtin::draft::SortKey;
use crate::nl::builtin::draft::Test;
use crate::nl::builtin::flags;
use crate::nl::builtin::index::Closeness;
use crate::nl::builtin::index::Target;
use crate::nl::builtin::items::Kind;
use crate::nl::builtin::lexicon::Tag;
use crate::nl::builtin::refusal;

use super::Link;
use super::Mode;
use super::Parser;

impl Parser<'_> {
    /// A table or a column.
    pub(super) fn name(&mut self) -> Result<bool, Cannot> {
        let at = self.at;
        if self.asked_unit() {
            return Ok(true);
        }
        if self.named_entity()? {
            return Ok(true);
        }
        let columns = self.columns_at(at);
        if let Some(columns) = columns.as_ref()
            && self.condition_follows(at + 1, columns)
        {
            self.at += 1;
            return self.test(Left::Name(columns.clone())).map(|()| true);
        }
        if let Some(columns) = columns.as_ref()
            && let Some((end, next)) = self.bare_frequency(at + 1)
        {
            self.at = next;
            self.most_frequent(columns.clone(), end);
            return Ok(true);
        }
        if let Some(columns) = columns.as_ref()
            && let Some((end, next)) = self.bare_superlative(at + 1).or_else(|| {
                let dated = self.holds_dates(columns);
                self.bare_place(at + 1).filter(|_| dated)
            })
        {
            self.at = next;
            self.rank_column(columns.clone(), end);
            return Ok(true);
        }
        if let Some(table) = self.table_at(at) {
            self.at += 1;
            self.table(table)?;
            return Ok(true);
        }
        let Some(columns) = columns else {
            return Ok(false);
        };
        self.at += 1;
        self.column(columns)?;
        Ok(true)
    }

    /// A table, with what names one of its rows right after it: `category Toys`, `order 17`.
    fn table(&mut self, table: Mention) -> Result<(), Cannot> {
        let at = table.at;
        if self.tag(self.at) == Some(Tag::CountAgain) && self.mode == Mode::Select {
            self.at += 1;
            let measure = Measure {
                function: Function::Count,
                of: Some(table),
            };
            self.register_measure(&measure);
            self.output(Output::Measure(measure));
            return Ok(());
        }
        let plural = table.text.to_lowercase().ends_with('s');
        self.entity(table)?;
        let left = match self.kind(self.at) {
            Some(Kind::ProperName) if self.table_at(self.at + 1).is_none() => Left::Naming,
            Some(Kind::Quoted) if self.items[self.at].values.is_empty() => Left::Naming,
            Some(Kind::Number(_) | Kind::Parameter) if !plural && !self.is_capital(at) => Left::Key,
            _ => return Ok(()),
        };
        self.test(left)
    }

    /// `Customer 7` may be a name; `customer 7` is the one of that number.
    fn is_capital(&self, at: usize) -> bool {
        at > 0 && self.items[at].text.starts_with(char::is_uppercase)
    }

    /// `which month had …` asks for the unit that rows are grouped by.
    fn asked_unit(&mut self) -> bool {
        let unit = self.items[self.at].unit.filter(|_| {
            matches!(self.kind(self.at), Some(Kind::Unit))
                && self.mode == Mode::Select
                && self.at > 0
                && self.tag(self.at - 1) == Some(Tag::Ask)
        });
        let Some(unit) = unit else { return false };
        self.draft.group.push(Key::Time(unit));
        self.at += 1;
        true
    }

    /// `named Kyle`.
    fn named_entity(&mut self) -> Result<bool, Cannot> {
        // `customers like jazz` is no search for a name; `products starting with 'A'` is one.
        let after_table = self.at > 0
            && self.table_at(self.at - 1).is_some()
            && matches!(self.kind(self.skip(self.at + 1)), Some(Kind::Quoted));
        match self.tag(self.at) {
            Some(Tag::Named) => self.at += 1,
            Some(Tag::Contains | Tag::Starts | Tag::Ends) if after_table => {}
            _ => return Ok(false),
        }
        self.test(Left::Naming)?;
        Ok(true)
    }

    /// Registers a table mentioned and makes it the focus.
    pub(super) fn register(&mut self, mention: Mention, role: Role) -> usize {
        self.draft.entities.push(Entity { mention, role });
        let entity = self.draft.entities.len() - 1;
        self.focus = Some(entity);
        self.link = Link::None;
        self.sentence.verb = false;
        entity
    }

    pub(super) fn entity(&mut self, mention: Mention) -> Result<(), Cannot> {
        let at = mention.at;
        // `order 17 items` may ask for the items or for the order.
        let keyed = at >= 2
            && matches!(self.kind(at - 1), Some(Kind::Number(_) | Kind::Parameter))
            && self.table_at(at - 2).is_some();
        if keyed {
            return Err(refusal::dangling(&self.items[at].text));
        }
        // `names of Kyle's friends` asks for the friends' names, not for Kyle's.
        let belongs = at.checked_sub(1).is_some_and(|before| {
            let item = &self.items[before];
            item.possessive && !matches!(item.kind, Kind::Name(_))
        });
        if belongs && !self.draft.outputs.is_empty() && !self.draft.entities.is_empty() {
            return Err(refusal::dangling(&self.items[at - 1].text));
        }
        if self.widens_denial(&mention) {
            return Ok(());
        }
        if self.waiting.negated {
            let entity = self.register(mention, Role::Related);
            return self.add(Test::Has {
                entity,
                negated: true,
                count: None,
            });
        }
        let has_subject = self
            .draft
            .entities
            .iter()
            .any(|entity| entity.role != Role::Grouped);
        if self.mode == Mode::Select && !self.sentence.verb {
            let asked = match self.link {
                Link::Owner => self.draft.outputs.is_empty() && !has_subject && !self.draft.rows,
                Link::None => self.draft.outputs.is_empty() || self.sentence.restart,
                Link::And => true,
            };
            let counts = |output: &Output| matches!(output, Output::Measure(_));
            if asked && self.link == Link::And && self.draft.outputs.iter().any(counts) {
                return Err(refusal::dangling(&mention.text));
            }
            if asked {
                self.output(Output::Name(self.whole_mention(at)));
                self.register(mention, Role::Head);
                return Ok(());
            }
        }
        let asked_of = self.mode == Mode::Modify && !self.draft.outputs.is_empty();
        if !has_subject && !asked_of {
            self.register(mention, Role::Owner);
            return Ok(());
        }
        let entity = self.register(mention, Role::Related);
        self.add(Test::Has {
            entity,
            negated: false,
            count: None,
        })
    }

    /// `shops that do not hire any employee` denies the employee, hired or not.
    fn widens_denial(&mut self, mention: &Mention) -> bool {
        let Some(Test::Has {
            entity,
            negated: true,
            ..
        }) = self
            .draft
            .conditions
            .last()
            .map(|condition| &condition.test)
        else {
            return false;
        };
        let entity = *entity;
        let verb_at = self.draft.entities[entity].mention.at;
        let adjacent = self.focus == Some(entity) && self.skip(verb_at + 1) == mention.at;
        if adjacent {
            self.draft.entities[entity].mention = mention.clone();
        }
        adjacent
    }

    /// The name with its tables and its columns; what it shows is decided later.
    fn whole_mention(&self, at: usize) -> Mention {
        Mention {
            hits: self.hits(at).to_vec(),
            text: self.items[at].text.clone(),
            at,
        }
    }

    /// Adds something to show; a later sentence that asks anew replaces what was asked before.
    pub(super) fn output(&mut self, output: Output) {
        if std::mem::take(&mut self.sentence.restart) {
            let measures = self.draft.outputs.drain(..);
            self.measured
                .extend(measures.filter(|output| matches!(output, Output::Measure(_))));
            self.draft.rows = false;
        }
        self.draft.outputs.push(output);
        self.link = Link::None;
        self.sentence.clause = false;
    }

    fn column(&mut self, mention: Mention) -> Result<(), Cannot> {
        let at = mention.at;
        let figure = self.figure_at(at).is_some() && !self.is_reference(&mention);
        let adjective = self.mode == Mode::Modify || self.describes(at) || self.hangs();
        if self.is_flag(&mention) && (adjective || self.waiting.negated) {
            let value = !self.waiting.negated;
            return self.add(Test::Truth {
                left: Left::Name(mention),
                value,
            });
        }
        if self.has_happened(&mention) && adjective {
            let negated = !self.waiting.negated;
            return self.add(Test::Null {
                left: Left::Name(mention),
                negated,
            });
        }
        if self.waiting.negated && figure {
            return Err(refusal::no_condition(&mention.text));
        }
        let said = mention
            .hits
            .iter()
            .any(|hit| hit.closeness >= Closeness::Alias);
        if self.waiting.negated && said {
            return self.add(Test::Null {
                left: Left::Name(mention),
                negated: false,
            });
        }
        let measured = matches!(self.draft.outputs.last(), Some(Output::Measure(_)));
        let distinct = at > 0 && self.tag(at - 1) == Some(Tag::Distinct);
        if self.link == Link::Owner && measured && self.mode == Mode::Select && !distinct {
            return Err(refusal::no_condition(&mention.text));
        }
        if self.is_had(at, &mention) {
            return self.add(Test::Null {
                left: Left::Name(mention),
                negated: true,
            });
        }
        let owner = self.link == Link::Owner && !self.draft.outputs.is_empty();
        let loose = mention
            .hits
            .iter()
            .all(|hit| hit.closeness <= Closeness::Tail);
        let deed = mention.text.ends_with("ed") && self.holds_dates(&mention);
        let doubtful = (loose && (owner || deed)) || self.hangs();
        if self.mode == Mode::Select && !doubtful {
            self.output(Output::Name(mention));
            return Ok(());
        }
        // `the years in which they were founded` says again what is known already.
        if self.known(&mention) {
            return Ok(());
        }
        Err(refusal::no_condition(&mention.text))
    }

    /// Whether a name is of columns that refer to other rows.
    pub(super) fn is_reference(&self, mention: &Mention) -> bool {
        mention.hits.iter().all(|hit| match hit.target {
            Target::Column(id) => self.index.target(id).is_some(),
            Target::Table(_) => false,
        })
    }

    /// `employees with a manager` have one, whoever that is.
    fn is_had(&self, at: usize, mention: &Mention) -> bool {
        let before = (0..at).rev().find(|at| self.tag(*at) != Some(Tag::Filler));
        let with = before.is_some_and(|at| self.tag(at) == Some(Tag::With));
        let ends = matches!(self.kind(at + 1), None | Some(Kind::Stop));
        let optional = mention.hits.iter().all(|hit| match hit.target {
            Target::Column(id) => !self.index.column(id).not_null,
            Target::Table(_) => false,
        });
        let plain = self.figure_at(at).is_none() || self.is_reference(mention);
        with && ends && optional && plain && self.mode == Mode::Modify
    }

    /// Whether nothing links the current column to what is asked: `how many rooms are unavailable`.
    fn hangs(&self) -> bool {
        let name = self.at - 1;
        let before = (0..name)
            .rev()
            .find(|at| !matches!(self.tag(*at), Some(Tag::Filler | Tag::Distinct)));
        let asks = before.is_none_or(|at| {
            matches!(
                self.tag(at),
                Some(Tag::Ask | Tag::List | Tag::Both | Tag::Of | Tag::In)
            ) || matches!(self.kind(at), Some(Kind::Stop))
        });
        self.link == Link::None && !self.draft.outputs.is_empty() && !self.sentence.restart && !asks
    }

    pub(super) fn is_flag(&self, mention: &Mention) -> bool {
        mention.hits.iter().all(|hit| match hit.target {
            Target::Column(id) => flags::is_flag(self.index.column(id)),
            Target::Table(_) => false,
        })
    }

    /// Whether a name says that something has been done, of columns that say when.
    pub(super) fn has_happened(&self, mention: &Mention) -> bool {
        let text = mention.text.to_lowercase();
        let done = !text.contains(' ') && (text.ends_with("ed") || text.ends_with("en"));
        done && mention.hits.iter().all(|hit| match hit.target {
            Target::Column(id) => self.index.facts[id.table].dates.contains(&id.column),
            Target::Table(_) => false,
        })
    }

    /// Whether the name at `at` stands before a table as an adjective.
    fn describes(&self, at: usize) -> bool {
        self.table_at(at + 1).is_some() || matches!(self.kind(at + 1), Some(Kind::Extreme(_)))
    }

    fn known(&self, mention: &Mention) -> bool {
        let shares = |other: &Mention| {
            other
                .hits
                .iter()
                .any(|hit| mention.hits.iter().any(|own| own.target == hit.target))
        };
        let shown = self.draft.outputs.iter().any(|output| match output {
            Output::Name(other) => shares(other),
            Output::Measure(measure) => measure.of.as_ref().is_some_and(shares),
        });
        let sorted = self.draft.order.iter().any(|sort| match &sort.key {
            SortKey::Name(other) | SortKey::Most(other) => shares(other),
            SortKey::Measure(measure) => measure.of.as_ref().is_some_and(shares),
            SortKey::Hinted(..) | SortKey::FirstOutput => false,
        });
        let grouped = self.draft.group.iter().any(|key| match key {
            Key::Name(other) => shares(other),
            Key::Time(_) | Key::Outputs => false,
        });
        shown || sorted || grouped
    }
}
