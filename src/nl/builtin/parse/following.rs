//! Whether what follows a column says something about it.

use crate::nl::builtin::draft::Literal;
use crate::nl::builtin::draft::Mention;
use crate::nl::builtin::index::ColumnId;
use crate::nl::builtin::index::Target;
use crate::nl::builtin::items::Kind;
use crate::nl::builtin::lexicon::Tag;
use crate::sql::schema::TypeKind;

use super::Parser;

impl Parser<'_> {
    /// Whether the words at `at` say something about a column named just before.
    pub(super) fn condition_follows(&self, at: usize, of: &Mention) -> bool {
        let at = self.skip(at);
        match self.kind(at) {
            Some(Kind::Comparative(_) | Kind::Quoted | Kind::Parameter) => true,
            Some(Kind::Number(_)) => self.holds_figures(of) && !self.counts_thing(at + 1),
            Some(Kind::Value | Kind::Name(_)) => self.literal(at, Some(of)).is_some(),
            Some(Kind::ProperName) => !self.describes_table(at),
            Some(Kind::Period(_)) => self.holds_dates(of),
            Some(Kind::Tag(tag)) => self.tag_tests(*tag, at, of),
            _ => false,
        }
    }

    fn tag_tests(&self, tag: Tag, at: usize, of: &Mention) -> bool {
        match tag {
            Tag::Compare(_) => {
                let number = self.skip(at + 1);
                let counted = matches!(self.kind(number), Some(Kind::Number(_)));
                !(counted && self.counts_thing(number + 1))
            }
            Tag::Between
            | Tag::Contains
            | Tag::Starts
            | Tag::Ends
            | Tag::Null
            | Tag::NotNull
            | Tag::After
            | Tag::Since
            | Tag::Before
            | Tag::Until
            | Tag::Named => true,
            Tag::Of | Tag::Or | Tag::Not | Tag::With => {
                let next = self.skip(at + 1);
                // `publisher id of Marvel` asks for the id.
                let stored = self.items.get(next).map_or(&[][..], |item| &item.values);
                if tag == Tag::Of && !stored.is_empty() {
                    return Self::any_column(of, |table, column| {
                        let id = ColumnId { table, column };
                        stored.iter().any(|value| value.column == id)
                    });
                }
                let value = match self.kind(next) {
                    Some(Kind::ProperName) => !self.describes_table(next) && tag == Tag::Of,
                    Some(Kind::Quoted) => tag != Tag::With,
                    _ => false,
                };
                let null = tag == Tag::Not && self.tag(next) == Some(Tag::Null);
                let figure = matches!(self.kind(next), Some(Kind::Number(_)));
                let compared = match self.tag(next) {
                    Some(Tag::Compare(_)) => matches!(tag, Tag::Not | Tag::Of),
                    Some(Tag::Contains | Tag::Starts | Tag::Ends) => true,
                    _ => false,
                };
                value
                    || null
                    || compared
                    || (figure
                        && tag != Tag::With
                        && self.holds_figures(of)
                        && !self.counts_thing(next + 1))
                    || self
                        .literal(next, Some(of))
                        .is_some_and(|(literal, _)| !matches!(literal, Literal::Number(_)))
            }
            Tag::In => {
                let next = self.skip(at + 1);
                match self.kind(next) {
                    Some(Kind::Quoted) => {
                        self.items[next].values.is_empty() || self.literal_fits(next, of)
                    }
                    Some(Kind::Value) => self.literal_fits(next, of),
                    Some(Kind::Period(_)) => self.holds_dates(of),
                    Some(Kind::Number(digits)) => {
                        self.holds_dates(of) && crate::nl::builtin::dates::year(digits).is_some()
                    }
                    Some(Kind::Unit | Kind::Name(_)) => {
                        self.holds_dates(of) && self.year_at(next).is_some()
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// Whether the figure before `at` counts something: `4 or more students`, `3 cylinders`.
    fn counts_thing(&self, at: usize) -> bool {
        let mut at = self.skip(at);
        if matches!(self.tag(at), Some(Tag::OrMore | Tag::OrLess)) {
            at = self.skip(at + 1);
        }
        self.table_at(at).is_some()
    }

    /// Whether the capitalised words at `at` stand before a table as an adjective.
    fn describes_table(&self, at: usize) -> bool {
        let run = self.items[at..]
            .iter()
            .take_while(|item| matches!(item.kind, Kind::ProperName));
        self.table_at(at + run.count()).is_some()
    }

    pub(super) fn any_column(of: &Mention, test: impl Fn(usize, usize) -> bool) -> bool {
        of.hits.iter().any(|hit| match hit.target {
            Target::Column(id) => test(id.table, id.column),
            Target::Table(_) => false,
        })
    }

    /// Whether the value at `at` is stored in the column, or in what it refers to.
    fn literal_fits(&self, at: usize, of: &Mention) -> bool {
        let item = &self.items[at];
        let own = Self::any_column(of, |table, column| {
            let id = ColumnId { table, column };
            item.values.iter().any(|value| value.column == id)
        });
        own || (self.table_at(of.at).is_none() && !self.fitting(item, Some(of)).is_empty())
    }

    /// Figures, or texts that hold years.
    fn holds_figures(&self, of: &Mention) -> bool {
        Self::any_column(of, |table, column| {
            let kind = self.index.table(table).columns[column].kind;
            matches!(kind, TypeKind::Integer | TypeKind::Number | TypeKind::Text)
        })
    }

    pub(super) fn holds_dates(&self, of: &Mention) -> bool {
        Self::any_column(of, |table, column| {
            let facts = &self.index.facts[table];
            facts.dates.contains(&column) || facts.years.contains(&column)
        })
    }
}
