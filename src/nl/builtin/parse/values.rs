//! Values that stand without their column: `singers from France`, `refunded orders`.

use crate::nl::Cannot;
use crate::nl::builtin::draft::Condition;
use crate::nl::builtin::draft::Left;
use crate::nl::builtin::draft::Literal;
use crate::nl::builtin::draft::Mention;
use crate::nl::builtin::draft::Output;
use crate::nl::builtin::draft::Part;
use crate::nl::builtin::draft::Role;
use crate::nl::builtin::draft::Test;
use crate::nl::builtin::index::Closeness;
use crate::nl::builtin::index::Hit;
use crate::nl::builtin::index::Target;
use crate::nl::builtin::index::ValueHit;
use crate::nl::builtin::items::Kind;
use crate::nl::builtin::lexicon::Comparison;
use crate::nl::builtin::lexicon::Tag;
use crate::nl::builtin::refusal;

use super::Link;
use super::Mode;
use super::Parser;

impl Parser<'_> {
    /// A value that stands without its column: `singers from France`, `refunded orders`.
    pub(super) fn state_value(&mut self) -> Result<bool, Cannot> {
        if self.text_within()? {
            return Ok(true);
        }
        let item = &self.items[self.at];
        let stated = match &item.kind {
            Kind::Value => true,
            Kind::Quoted => !item.values.is_empty() || self.follows_entity(),
            Kind::Name(hits) => {
                let weak = hits.iter().all(|hit| hit.closeness <= Closeness::Tail);
                // `average salary of managers`.
                let measured = matches!(self.draft.outputs.last(), Some(Output::Measure(_)));
                let described =
                    measured && self.link == Link::Owner && self.table_at(self.at).is_none();
                !item.values.is_empty() && (weak || described)
            }
            _ => false,
        };
        // `shipped in March` speaks of the date, not of the status.
        let dated = self.columns_at(self.at).is_some_and(|columns| {
            self.holds_dates(&columns) && self.condition_follows(self.at + 1, &columns)
        });
        if !stated || dated {
            return Ok(false);
        }
        self.check_deed()?;
        self.ask_for_kind();
        let at = self.at;
        let Some((literals, next)) = self.literals(at, None) else {
            return Ok(false);
        };
        self.at = next;
        let left = match &literals[0] {
            Literal::Text(_, values) if values.is_empty() => Left::Naming,
            _ => Left::OfValue,
        };
        if self.tag(self.skip_back(at)) == Some(Tag::Both) {
            return self.each_of(literals).map(|()| true);
        }
        self.check_lack(&literals)?;
        let literals = self.name_column(literals);
        self.own(&literals);
        let mut literals = literals;
        // `not owning a cat pet` denies the pet, not what kind it is.
        let negated = self.waiting.negated && self.table_at(self.at).is_none();
        let test = if literals.len() > 1 {
            Test::OneOf {
                left,
                values: literals,
                negated,
            }
        } else {
            let comparison = if negated {
                Comparison::NotEqual
            } else {
                Comparison::Equal
            };
            Test::Compare(left, comparison, literals.remove(0))
        };
        self.describe(&literals_of(&test))?;
        self.add(test)?;
        Ok(true)
    }

    /// `who paid by card` says what someone did, and `not shipped` what has no date yet: neither is
    /// surely the value that is spelled so.
    fn check_deed(&self) -> Result<(), Cannot> {
        let text = &self.items[self.at].text;
        let before = self.at.checked_sub(1).and_then(|at| self.items.get(at));
        let does = before.is_some_and(|item| {
            matches!(item.text.to_lowercase().as_str(), "who" | "that" | "which")
        });
        let participle = text.ends_with("ed") || text.ends_with("id");
        let done_by = self.tag(self.at + 1) == Some(Tag::By);
        if (does || done_by) && participle {
            return Err(refusal::dangling(text));
        }
        if self.waiting.negated && self.columns_at(self.at).is_some() {
            let alternatives = [
                format!("another value than '{text}'"),
                format!("without a {text} date"),
            ];
            return Err(refusal::ambiguous(&["not ", text].concat(), &alternatives));
        }
        Ok(())
    }

    /// `employees without manager`, where a manager is a title: what they lack is not said.
    fn check_lack(&self, literals: &[Literal]) -> Result<(), Cannot> {
        let Some(Literal::Text(text, values)) = literals.first() else {
            return Ok(());
        };
        let own = values.iter().any(|value| {
            let table = Target::Table(value.column.table);
            let first = self.draft.entities.first();
            first.is_some_and(|entity| entity.mention.hits.iter().any(|hit| hit.target == table))
        });
        let before = (0..self.at)
            .rev()
            .find(|at| self.tag(*at) == Some(Tag::Not));
        let lacks = before.is_some_and(|at| {
            let word = self.items[at].text.to_lowercase();
            word.contains("without") || word.ends_with("no") || word.contains("lack")
        });
        if self.waiting.negated && own && lacks {
            return Err(refusal::dangling(text));
        }
        Ok(())
    }

    /// `has 'Hey' in its name`.
    fn text_within(&mut self) -> Result<bool, Cannot> {
        let at = self.at;
        let linked = matches!(self.kind(at), Some(Kind::Quoted))
            && self
                .items
                .get(at + 1)
                .is_some_and(|item| item.text.eq_ignore_ascii_case("in"));
        let name = self.skip(at + 2);
        let Some(columns) = self.columns_at(name).filter(|_| linked) else {
            return Ok(false);
        };
        self.at = name + 1;
        let (text, negated) = (self.items[at].text.clone(), self.waiting.negated);
        self.add(Test::Like {
            left: Left::Name(columns),
            part: Part::Anywhere,
            text,
            negated,
        })?;
        Ok(true)
    }

    /// `CD as their record format`, `Aberdeen city`: the column may follow its value.
    fn name_column(&mut self, literals: Vec<Literal>) -> Vec<Literal> {
        let mut next = self.skip(self.at);
        let linked = self.tag(next) == Some(Tag::In) && self.items[next].text.starts_with("as");
        if linked {
            next = self.skip(next + 1);
        }
        let hits = self.hits(next).to_vec();
        let of_column = |value: &ValueHit| {
            let named = |hit: &Hit| hit.target == Target::Column(value.column);
            hits.iter().any(named)
        };
        let of_table = |value: &ValueHit| {
            hits.iter()
                .any(|hit| hit.target == Target::Table(value.column.table))
        };
        let every = |test: &dyn Fn(&ValueHit) -> bool| {
            literals.iter().all(|literal| match literal {
                Literal::Text(_, values) => values.iter().any(test),
                Literal::Number(_) | Literal::Parameter(_) => false,
            })
        };
        if linked && every(&of_table) && !every(&of_column) {
            self.at = next + 1;
            return literals;
        }
        if !every(&of_column) || self.table_at(next).is_some() {
            return literals;
        }
        self.at = next + 1;
        literals
            .into_iter()
            .map(|literal| match literal {
                Literal::Text(text, mut values) => {
                    values.retain(of_column);
                    Literal::Text(text, values)
                }
                other => other,
            })
            .collect()
    }

    /// `who has a cat` speaks of a pet without saying so; what follows may be said of the pet.
    fn own(&mut self, literals: &[Literal]) {
        let Some(Literal::Text(_, values)) = literals.first() else {
            return;
        };
        let mut tables: Vec<usize> = values.iter().map(|value| value.column.table).collect();
        tables.dedup();
        let [table] = tables[..] else { return };
        let target = Target::Table(table);
        let named = self.draft.entities.iter().any(|entity| {
            entity.mention.hits.iter().any(|hit| hit.target == target)
                && entity.role != Role::Related
        });
        let says_has = (0..self.at).rev().take(4).any(|at| {
            let text = self.items[at].text.to_lowercase();
            ["have", "has", "own", "owns", "had"]
                .iter()
                .any(|verb| text.ends_with(verb))
        });
        if named || self.mode != Mode::Modify || !says_has || self.draft.entities.is_empty() {
            return;
        }
        if self.table_at(self.at).is_some() {
            return;
        }
        self.relate_unsaid(table);
    }

    /// Rows of a table that is not named must be there, or must not.
    fn relate_unsaid(&mut self, table: usize) {
        let target = Target::Table(table);
        let hit = Hit {
            target,
            closeness: Closeness::Whole,
        };
        let text = self.index.table(table).name.clone();
        let entity = self.register(
            Mention {
                hits: vec![hit],
                text,
                at: self.at.saturating_sub(1),
            },
            Role::Related,
        );
        let has = Test::Has {
            entity,
            negated: self.waiting.negated,
            count: None,
        };
        self.draft.conditions.push(Condition {
            test: has,
            focus: Some(entity),
            at: self.start,
        });
        self.waiting.negated = false;
    }

    /// `a cat pet`: the value belongs to the table named right after it.
    fn describe(&mut self, values: &[ValueHit]) -> Result<(), Cannot> {
        let Some(table) = self.table_at(self.at) else {
            return Ok(());
        };
        let owns = table.hits.iter().any(|hit| {
            values
                .iter()
                .any(|value| hit.target == Target::Table(value.column.table))
        });
        if !owns {
            return Ok(());
        }
        self.at += 1;
        self.entity(table)
    }

    fn follows_entity(&self) -> bool {
        let before = (0..self.at)
            .rev()
            .find(|at| self.tag(*at) != Some(Tag::Filler));
        before.is_some_and(|at| self.tag(at) == Some(Tag::Named) || self.table_at(at).is_some())
    }

    /// The position before `at` that is not filler.
    fn skip_back(&self, at: usize) -> usize {
        let before = (0..at).rev().find(|at| self.tag(*at) != Some(Tag::Filler));
        before.unwrap_or(at)
    }

    /// Whether values of another table than the subject's stand at `at`.
    pub(super) fn several_values(&self, at: usize) -> bool {
        let Some((literals, _)) = self.literals(self.skip(at), None) else {
            return false;
        };
        literals.len() > 1 && self.value_table(&literals).is_some()
    }

    /// The one table that stores the values, when it is not the one asked about.
    fn value_table(&self, literals: &[Literal]) -> Option<usize> {
        let Some(Literal::Text(_, values)) = literals.first() else {
            return None;
        };
        let mut tables: Vec<usize> = values.iter().map(|value| value.column.table).collect();
        tables.dedup();
        let [table] = tables[..] else { return None };
        let asked = self.draft.entities.first()?;
        let own = asked
            .mention
            .hits
            .iter()
            .any(|hit| hit.target == Target::Table(table));
        (!own).then_some(table)
    }

    /// `both cats and dogs`: a row for each of them.
    fn each_of(&mut self, literals: Vec<Literal>) -> Result<(), Cannot> {
        let Some(table) = self
            .value_table(&literals)
            .filter(|_| !self.waiting.negated)
        else {
            return Err(refusal::dangling("both"));
        };
        let next = self.skip(self.at);
        let target = Target::Table(table);
        if self.hits(next).iter().any(|hit| hit.target == target) {
            self.at = next + 1;
        }
        for literal in literals {
            self.relate_unsaid(table);
            self.add(Test::Compare(Left::OfValue, Comparison::Equal, literal))?;
        }
        Ok(())
    }
}

fn literals_of(test: &Test) -> Vec<ValueHit> {
    match test {
        Test::Compare(_, _, Literal::Text(_, values)) => values.clone(),
        Test::OneOf { values, .. } => match values.first() {
            Some(Literal::Text(_, values)) => values.clone(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}
