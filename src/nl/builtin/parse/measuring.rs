//! Aggregates: `how many orders`, `average and maximum age`, `total order amount`.

use crate::nl::Cannot;
use crate::nl::builtin::draft::Function;
use crate::nl::builtin::draft::Literal;
use crate::nl::builtin::draft::Measure;
use crate::nl::builtin::draft::Mention;
use crate::nl::builtin::draft::Output;
use crate::nl::builtin::draft::Role;
use crate::nl::builtin::draft::Test;
use crate::nl::builtin::index::Closeness;
use crate::nl::builtin::index::Hit;
use crate::nl::builtin::index::Target;
use crate::nl::builtin::items::Kind;
use crate::nl::builtin::lexicon::End;
use crate::nl::builtin::lexicon::LEXICON;
use crate::nl::builtin::lexicon::Tag;
use crate::nl::builtin::naming;
use crate::nl::builtin::refusal;
use crate::sql::schema::TypeKind;

use super::Mode;
use super::Parser;

impl Parser<'_> {
    /// An aggregate that is asked for.
    pub(super) fn measure(&mut self) -> Result<bool, Cannot> {
        if self.tag(self.at) == Some(Tag::CountAgain) {
            return Ok(self.count_again());
        }
        if let Some(sum) = self.stored_total() {
            self.at += 1;
            self.output(Output::Measure(sum));
            return Ok(true);
        }
        if let Some(sum) = self.total_of_table() {
            self.at = self.skip_glue(self.at + 1);
            self.output(Output::Measure(sum));
            return Ok(true);
        }
        self.check_total()?;
        let counts = matches!(
            self.tag(self.at),
            Some(Tag::Count | Tag::Percent | Tag::Fraction)
        );
        if (self.mode == Mode::Modify || self.sentence.clause) && !counts {
            return self.compared_measure();
        }
        let Some((measures, next)) = self.measures(self.at) else {
            return Ok(false);
        };
        self.at = next;
        self.mode = Mode::Select;
        for measure in measures {
            self.register_measure(&measure);
            self.output(Output::Measure(measure));
        }
        Ok(true)
    }

    /// `the total amount`, where a column is called so, is the sum of it when nothing else is asked.
    fn stored_total(&self) -> Option<Measure> {
        let item = &self.items[self.at];
        let alone = self.mode == Mode::Select
            && !self.sentence.clause
            && self.rank.is_none()
            && self
                .draft
                .outputs
                .iter()
                .all(|output| matches!(output, Output::Measure(_)))
            && self
                .draft
                .entities
                .iter()
                .all(|entity| matches!(entity.role, Role::Grouped | Role::Counted));
        let text = item.text.to_lowercase();
        if !alone || !(text.starts_with("total ") || LEXICON.sum_nouns.contains(&text)) {
            return None;
        }
        let columns = self.total_of_owner().or_else(|| self.figure_at(self.at))?;
        let more = matches!(self.kind(self.at + 1), Some(Kind::Comma | Kind::Name(_)))
            || self.tag(self.at + 1) == Some(Tag::And);
        (!more).then_some(Measure {
            function: Function::Sum,
            of: Some(columns),
        })
    }

    /// `total amount of payments`, where an order has a `total_amount` and a payment an `amount`.
    fn total_of_owner(&self) -> Option<Mention> {
        let owner = self.table_at(self.skip_glue(self.at + 1))?;
        let owns = |hit: &Hit| match hit.target {
            Target::Column(id) => owner
                .hits
                .iter()
                .any(|table| table.target == Target::Table(id.table)),
            Target::Table(_) => false,
        };
        if self.hits(self.at).iter().any(owns) {
            return None;
        }
        let text = self.items[self.at].text.clone();
        let words: Vec<String> = text
            .to_lowercase()
            .split(' ')
            .skip(1)
            .map(str::to_owned)
            .collect();
        let mut hits = self.index.named(&words);
        hits.retain(owns);
        (!hits.is_empty()).then_some(Mention {
            hits,
            text,
            at: self.at,
        })
    }

    /// `the total of all invoices`, where an invoice has a column of that name.
    fn total_of_table(&self) -> Option<Measure> {
        if self.tag(self.at) != Some(Tag::Sum) {
            return None;
        }
        let name = self.skip_glue(self.at + 1);
        let table = self
            .table_at(name)
            .filter(|_| self.columns_at(name).is_none())?;
        let mut hits = self.index.named(&["total".to_owned()]);
        hits.retain(|hit| match hit.target {
            Target::Column(id) => {
                hit.closeness == Closeness::Whole
                    && table
                        .hits
                        .iter()
                        .any(|owner| owner.target == Target::Table(id.table))
            }
            Target::Table(_) => false,
        });
        let text = self.items[self.at].text.clone();
        let of = (!hits.is_empty()).then_some(Mention {
            hits,
            text,
            at: self.at,
        })?;
        Some(Measure {
            function: Function::Sum,
            of: Some(of),
        })
    }

    /// Whether a table has figures that are no keys, so that a total could be of them.
    fn has_figures(&self, table: &Mention) -> bool {
        table.hits.iter().any(|hit| match hit.target {
            Target::Table(id) => {
                let definition = self.index.table(id);
                let is_key = |column: usize| {
                    definition.primary_key.contains(&column)
                        || definition
                            .foreign_keys
                            .iter()
                            .any(|key| key.columns.contains(&column))
                };
                definition
                    .columns
                    .iter()
                    .enumerate()
                    .any(|(position, column)| {
                        matches!(column.kind, TypeKind::Integer | TypeKind::Number)
                            && !is_key(position)
                    })
            }
            Target::Column(_) => false,
        })
    }

    /// `total payments` may be their number or their sum.
    fn check_total(&self) -> Result<(), Cannot> {
        let name = self.skip_glue(self.at + 1);
        if self.tag(self.at) != Some(Tag::Sum) || self.columns_at(name).is_some() {
            return Ok(());
        }
        let Some(table) = self.table_at(name) else {
            return Ok(());
        };
        if !self.has_figures(&table) {
            return Ok(());
        }
        let text = table.text;
        let alternatives = [
            format!("the number of {text}"),
            format!("a sum over {text}"),
        ];
        Err(refusal::ambiguous(
            &self.words_from(self.at, name + 1),
            &alternatives,
        ))
    }

    /// `whose total order amount is over 3000`.
    fn compared_measure(&mut self) -> Result<bool, Cannot> {
        let Some((mut measures, next)) = self.measures(self.at) else {
            return Ok(false);
        };
        let compare = self.skip(next);
        let adds =
            |measure: &Measure| matches!(measure.function, Function::Sum | Function::Average);
        if !measures.iter().all(adds) {
            return Ok(false);
        }
        let (Some(Tag::Compare(comparison)), 1) = (self.tag(compare), measures.len()) else {
            return Ok(false);
        };
        let Some((literal, end)) = self.literal(compare + 1, None) else {
            return Ok(false);
        };
        if self.waiting.negated || matches!(literal, Literal::Text(..)) {
            return Ok(false);
        }
        self.at = end;
        self.add(Test::Measured(measures.remove(0), comparison, literal))?;
        Ok(true)
    }

    /// `and the number` asks for what was counted before, or for the rows.
    fn count_again(&mut self) -> bool {
        let after_table = self
            .at
            .checked_sub(1)
            .is_some_and(|at| self.table_at(at).is_some());
        if self.mode == Mode::Modify || (after_table && self.counted.is_none()) {
            return false;
        }
        let measure = self.counted.clone().unwrap_or(Measure {
            function: Function::Count,
            of: None,
        });
        self.output(Output::Measure(measure));
        self.at += 1;
        true
    }

    /// Makes a counted table the focus, so that what follows speaks of it.
    pub(super) fn register_measure(&mut self, measure: &Measure) {
        if matches!(
            measure.function,
            Function::Count | Function::Share | Function::Fraction
        ) && let Some(mention) = measure.of.as_ref()
            && let Some(table) = self
                .table_at(mention.at)
                .or_else(|| self.kind_of_rows(mention.at))
        {
            self.register(table, Role::Counted);
        }
        if matches!(measure.function, Function::Count | Function::CountDistinct) {
            self.counted = Some(measure.clone());
        }
    }

    /// The aggregates at `at` and the position after them: several functions may share one name.
    pub(super) fn measures(&self, at: usize) -> Option<(Vec<Measure>, usize)> {
        let total_rows = self.tag(at) == Some(Tag::Sum) && {
            let name = self.skip_glue(at + 1);
            let table = self
                .table_at(name)
                .filter(|_| self.columns_at(name).is_none());
            table.is_some_and(|table| !self.has_figures(&table))
        };
        let counts = matches!(
            self.tag(at),
            Some(Tag::Count | Tag::Percent | Tag::Fraction)
        );
        if counts || total_rows {
            return self.counting(at);
        }
        let mut functions = vec![self.function(at)?];
        let mut next = at + 1;
        loop {
            let mut after = self.skip_glue(next);
            while matches!(self.kind(after), Some(Kind::Comma)) || self.tag(after) == Some(Tag::And)
            {
                after = self.skip_glue(after + 1);
            }
            let Some(function) = self.function(after) else {
                break;
            };
            functions.push(function);
            next = after + 1;
        }
        let mut name = self.skip_glue(next);
        // `average number of beds`, where each row has a number of beds.
        let counted = self.skip_glue(name + 1);
        if self.tag(name) == Some(Tag::Count) && self.figure_at(counted).is_some() {
            name = counted;
        }
        let mention = self.columns_at(name)?;
        let measures = functions
            .into_iter()
            .map(|function| Measure {
                function,
                of: Some(mention.clone()),
            })
            .collect();
        Some((measures, name + 1))
    }

    /// `number of orders`, `how many different cities`.
    pub(super) fn counting(&self, at: usize) -> Option<(Vec<Measure>, usize)> {
        let mut name = self.skip_glue(at + 1);
        let distinct = self.tag(name) == Some(Tag::Distinct);
        if distinct {
            name = self.skip_glue(name + 1);
        }
        let function = match self.tag(at) {
            Some(Tag::Percent) => Function::Share,
            Some(Tag::Fraction) => Function::Fraction,
            _ => Function::Count,
        };
        let shares = function != Function::Count;
        let one = |function, of, next| Some((vec![Measure { function, of }], next));
        // Values may stand before what is counted: `how many French singers`.
        let mut noun = name;
        while self.describes_noun(noun) {
            noun += 1;
        }
        if let Some(table) = self.table_at(noun)
            && !(distinct && self.columns_at(noun).is_some())
        {
            // What stands between is read again as a condition; the table is then known.
            let next = if noun == name { noun + 1 } else { name };
            return one(function, Some(table), next);
        }
        if let Some(kind) = self.kind_of_rows(name).filter(|_| !distinct) {
            // The value is read again as a condition.
            return one(function, Some(kind), name);
        }
        // `the number of years worked` is a figure that is stored, not one to count.
        let stored = !distinct && self.figure_at(name).is_some();
        if let Some(columns) = self.figure_at(name).filter(|_| stored && !shares)
            && self.adds_up(at, &columns)
        {
            return one(Function::Sum, Some(columns), name + 1);
        }
        if let Some(columns) = self.columns_at(name).filter(|_| !stored && !shares) {
            return one(Function::CountDistinct, Some(columns), name + 1);
        }
        None
    }

    /// `how many beds are there`, where each row has a number of beds: whether what is asked for at
    /// `at` is the sum of a figure that already counts something.
    fn adds_up(&self, at: usize, figure: &Mention) -> bool {
        let asked = self.items[at].text.to_lowercase();
        let whole = asked.contains("total") || asked.starts_with("how many");
        let counts = |hit: &Hit| match hit.target {
            Target::Column(id) => {
                let words = naming::expanded(&naming::segments(&self.index.column(id).name));
                let first = words.first().map_or("", String::as_str);
                let last = words.last().map_or("", String::as_str);
                matches!(first, "number" | "total" | "count")
                    || matches!(last, "count" | "quantity" | "population")
                    || (last.ends_with('s') && !last.ends_with("ss") && last != "years")
            }
            Target::Table(_) => false,
        };
        whole && figure.hits.iter().all(counts) && !self.is_reference(figure)
    }

    /// Whether the item at `at` is a value, or links two, before what is counted.
    fn describes_noun(&self, at: usize) -> bool {
        match self.kind(at) {
            Some(
                Kind::Value | Kind::Quoted | Kind::Comma | Kind::Tag(Tag::And | Tag::Or | Tag::Not),
            ) => true,
            Some(Kind::Name(hits)) => {
                let weak = hits.iter().all(|hit| hit.closeness <= Closeness::Tail);
                let spells = weak && !self.items[at].values.is_empty();
                let flag = self
                    .columns_at(at)
                    .is_some_and(|columns| self.is_flag(&columns) || self.has_happened(&columns));
                spells || (flag && self.table_at(at + 1).is_some())
            }
            _ => false,
        }
    }

    fn function(&self, at: usize) -> Option<Function> {
        match self.kind(at)? {
            Kind::Tag(Tag::Sum) => Some(Function::Sum),
            Kind::Tag(Tag::Average) => Some(Function::Average),
            Kind::Extreme(extreme) => match extreme.end? {
                End::Max => Some(Function::Max),
                End::Min => Some(Function::Min),
            },
            _ => None,
        }
    }
}
