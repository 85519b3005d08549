//! A name before what bears it: `the Physics department`, although nothing knows that it is stored.

use crate::nl::Cannot;
use crate::nl::builtin::draft::Left;
use crate::nl::builtin::draft::Literal;
use crate::nl::builtin::draft::Mention;
use crate::nl::builtin::draft::Output;
use crate::nl::builtin::draft::Role;
use crate::nl::builtin::draft::Test;
use crate::nl::builtin::index::Closeness;
use crate::nl::builtin::index::ColumnId;
use crate::nl::builtin::index::Hit;
use crate::nl::builtin::index::Target;
use crate::nl::builtin::items::Item;
use crate::nl::builtin::items::Kind;
use crate::nl::builtin::lexicon::Comparison;
use crate::nl::builtin::naming;
use crate::sql::schema::TypeKind;

use super::Mode;
use super::Parser;

impl Parser<'_> {
    /// Capitalised words right before one row's noun, whose rows have a name.
    pub(super) fn name_before(&mut self) -> Result<bool, Cannot> {
        let at = self.at;
        let is_name = |item: &Item| {
            let capital = item.text.starts_with(char::is_uppercase);
            matches!(item.kind, Kind::ProperName | Kind::Value) && capital
        };
        let run = self.items[at..].iter().take_while(|item| is_name(item));
        let end = at + run.count();
        let Some(table) = self.table_at(end).filter(|_| end > at) else {
            return Ok(false);
        };
        let one = !table.text.to_lowercase().ends_with('s');
        if !one || !self.bears(&table, &self.items[at..end]) {
            return Ok(false);
        }
        self.at = end + 1;
        let text = self.typed(at, end);
        self.entity(table)?;
        self.add(Test::Compare(
            Left::Naming,
            Comparison::Equal,
            Literal::Text(text, Vec::new()),
        ))?;
        Ok(true)
    }

    /// `strikers`, a kind of players, as the players: the table that alone stores the value, when
    /// it is no name of one of its rows.
    pub(super) fn kind_of_rows(&self, at: usize) -> Option<Mention> {
        let item = self.items.get(at)?;
        let plural = item.text.ends_with('s') && item.text.starts_with(char::is_lowercase);
        let first = item.values.first()?;
        let alone = item.values.iter().all(|value| {
            let table = value.column.table;
            table == first.column.table
                && !self.is_name_of_row(value.column)
                && self.index.is_stored(table)
        });
        let kind = matches!(item.kind, Kind::Value) && plural && alone;
        let stands = self.table_at(at + 1).is_none() && self.columns_at(at + 1).is_none();
        (kind && stands).then(|| Mention {
            hits: vec![Hit {
                target: Target::Table(first.column.table),
                closeness: Closeness::Alias,
            }],
            text: item.text.clone(),
            at,
        })
    }

    /// Whether a column's values name single rows: how many lions there are is nothing that a row
    /// of `species` called `Lion` tells.
    fn is_name_of_row(&self, id: ColumnId) -> bool {
        let column = self.index.column(id);
        let words = naming::expanded(&naming::segments(&column.name));
        let called = words
            .last()
            .is_some_and(|word| word == "name" || word == "title");
        let all_differ = self
            .index
            .table(id.table)
            .row_estimate
            .is_some_and(|rows| rows > 1 && column.common_values.len() as u64 >= rows);
        called || all_differ || self.index.facts[id.table].naming.contains(&id.column)
    }

    /// Asks for the rows of a kind, where no table is named: `list the strikers`.
    pub(super) fn ask_for_kind(&mut self) {
        let opens = self.draft.outputs.is_empty()
            && self.draft.entities.is_empty()
            && self.mode == Mode::Select
            && !self.waiting.negated;
        if let Some(mention) = self.kind_of_rows(self.at).filter(|_| opens) {
            self.output(Output::Name(mention.clone()));
            self.register(mention, Role::Head);
        }
    }

    /// Whether rows of a table may bear this name as far as is known: they have one column for it,
    /// and the name is no value of another that could be meant.
    fn bears(&self, table: &Mention, name: &[Item]) -> bool {
        let [hit] = table.hits[..] else { return false };
        let Target::Table(position) = hit.target else {
            return false;
        };
        let [column] = self.index.facts[position].naming[..] else {
            return false;
        };
        let id = ColumnId {
            table: position,
            column,
        };
        let definition = self.index.column(id);
        let words = naming::expanded(&naming::segments(&definition.name));
        let called = words.iter().any(|word| word == "name" || word == "title");
        let known = |item: &Item| {
            let here = item
                .values
                .iter()
                .any(|value| value.column.table == position);
            here || (!item.values.is_empty() && !definition.common_values.is_empty())
        };
        called && definition.kind == TypeKind::Text && !name.iter().any(known)
    }
}
