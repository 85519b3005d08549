//! Which date is meant, and spans of time as SQL writes them for it.

use jiff::civil::Date;

use crate::nl::Cannot;
use crate::nl::builtin::dates::Period;
use crate::nl::builtin::draft::Left;
use crate::nl::builtin::draft::Role;
use crate::nl::builtin::index::ColumnId;
use crate::nl::builtin::lexicon::Comparison;
use crate::nl::builtin::naming;
use crate::nl::builtin::print::quoted;
use crate::nl::builtin::query::Filter;
use crate::nl::builtin::refusal;
use crate::nl::builtin::words::stem;
use crate::sql::schema::TypeKind;

use super::Binder;

impl Binder<'_, '_> {
    /// A span of time as a filter, with a line that says which days.
    pub(super) fn within(
        &mut self,
        left: Option<&Left>,
        period: &Period,
        text: &str,
        focus: Option<usize>,
    ) -> Result<Filter, Cannot> {
        let id = match left {
            Some(Left::Name(mention)) => self.tested_column(mention, focus)?,
            _ => self.date_of(focus, period)?,
        };
        let kind = self.index().column(id).kind;
        let timeless = matches!(
            kind,
            TypeKind::Boolean | TypeKind::Enum | TypeKind::Uuid | TypeKind::Json | TypeKind::Other
        );
        if timeless || matches!(kind, TypeKind::Time | TypeKind::Interval) {
            return Err(refusal::no_condition(&self.index().column(id).name));
        }
        let column = &self.index().column(id).name;
        self.readings
            .push(format!("\"{text}\" = {column} {}", said(period)));
        if matches!(kind, TypeKind::Integer | TypeKind::Number | TypeKind::Text) {
            return self.years(id, period);
        }
        let bound = |day: Option<Date>| day.map(|day| self.moment(day, kind)).transpose();
        Ok(Filter::Range {
            column: id,
            from: bound(period.from)?,
            to: bound(period.to)?,
        })
    }

    /// A column of years takes whole years only.
    fn years(&self, id: ColumnId, period: &Period) -> Result<Filter, Cannot> {
        let whole = |day: Option<Date>| day.is_none_or(|day| day.month() == 1 && day.day() == 1);
        if !whole(period.from) || !whole(period.to) {
            let column = &self.index().column(id).name;
            return Err(refusal::unsupported(
                &format!("{column} holds years and nothing shorter"),
                "Ask for whole years.",
            ));
        }
        let text = self.index().column(id).kind == TypeKind::Text;
        let year = |day: Date, back: i16| {
            let year = (day.year() - back).to_string();
            if text { quoted(&year) } else { year }
        };
        if let Some(only) = period.whole_year() {
            let first = period
                .from
                .map(|day| year(day, 0))
                .unwrap_or(only.to_string());
            return Ok(Filter::Compare(id, Comparison::Equal, first));
        }
        Ok(match (period.from, period.to) {
            (Some(from), Some(to)) => Filter::Between(id, year(from, 0), year(to, 1)),
            (Some(from), None) => Filter::Compare(id, Comparison::GreaterOrEqual, year(from, 0)),
            (None, Some(to)) => Filter::Compare(id, Comparison::Less, year(to, 0)),
            (None, None) => Filter::Null {
                column: id,
                negated: true,
            },
        })
    }

    /// The first moment of a day in the client's time zone, typed for the column.
    fn moment(&self, day: Date, kind: TypeKind) -> Result<String, Cannot> {
        let out_of_range = || refusal::unsupported("the date is out of range", "Ask for another.");
        Ok(match kind {
            TypeKind::Date => format!("DATE '{day}'"),
            TypeKind::Timestamp => format!("TIMESTAMP '{day} 00:00:00'"),
            _ => {
                let zoned = day
                    .to_zoned(self.around.zone.clone())
                    .map_err(|_| out_of_range())?;
                let seconds = zoned.offset().seconds();
                let sign = if seconds < 0 { '-' } else { '+' };
                let minutes = seconds.abs() / 60;
                let time = zoned.time();
                format!(
                    "TIMESTAMPTZ '{day} {time}{sign}{:02}:{:02}'",
                    minutes / 60,
                    minutes % 60
                )
            }
        })
    }

    /// The date that belongs to what is in focus, to the subject, or to what either refers to.
    fn date_of(&self, focus: Option<usize>, period: &Period) -> Result<ColumnId, Cannot> {
        self.check_event(focus)?;
        let mut tables: Vec<usize> = focus
            .map(|entity| self.entities[entity])
            .into_iter()
            .collect();
        // `orders of customers in Berlin last month` are of last month; the customers may be older.
        if let [focus] = tables[..]
            && self.is_parent(focus)
        {
            tables.insert(0, self.query.base);
        }
        tables.push(self.query.base);
        tables.push(self.subject);
        tables.extend(self.entities.iter().chain(&self.main).copied());
        for table in &tables {
            if let Some(id) = self.date_in(*table, period)? {
                return Ok(id);
            }
        }
        self.date_beyond(&tables, Some(period))
    }

    /// `who bought products in 2025`: the year of the purchase or of the product?
    fn check_event(&self, focus: Option<usize>) -> Result<(), Cannot> {
        let Some(entity) = focus.filter(|e| self.draft.entities[*e].role == Role::Related) else {
            return Ok(());
        };
        let table = self.entities[entity];
        let path = self.around.graph.path(&[self.subject], table, &self.cues)?;
        let mut dated = Vec::new();
        for edge in &path {
            let facts = &self.index().facts[edge.to];
            let first = facts.dates.first();
            dated.extend(first.map(|column| ColumnId {
                table: edge.to,
                column: *column,
            }));
        }
        let far = path.len() > 1 && dated.last().is_some_and(|id| id.table == table);
        if far && dated.len() > 1 && path.iter().any(|edge| edge.many) {
            return Err(refusal::ambiguous("date", &self.column_names(&dated)));
        }
        Ok(())
    }

    /// Whether each row of the base refers to one row of the table.
    fn is_parent(&self, table: usize) -> bool {
        let path = self
            .around
            .graph
            .path(&[self.query.base], table, &self.cues);
        path.is_ok_and(|path| !path.is_empty() && path.iter().all(|edge| !edge.many))
    }

    /// The same, for grouping.
    pub(super) fn date_for_group(&self) -> Result<ColumnId, Cannot> {
        let mut tables = vec![self.query.base, self.subject];
        tables.extend(self.entities.iter().chain(&self.main).copied());
        for table in &tables {
            if let Some(column) = self.only_date(*table)? {
                return Ok(ColumnId {
                    table: *table,
                    column,
                });
            }
        }
        self.date_beyond(&tables, None)
    }

    /// `order items last month`: the date is one step away, in the order.
    fn date_beyond(&self, tables: &[usize], period: Option<&Period>) -> Result<ColumnId, Cannot> {
        let graph = self.around.graph;
        for table in tables {
            let mut found = Vec::new();
            for next in graph.parents(*table) {
                found.extend(match period {
                    Some(period) => self.date_in(next, period)?,
                    None => self.only_date(next)?.map(|column| ColumnId {
                        table: next,
                        column,
                    }),
                });
            }
            match found.as_slice() {
                [] => {}
                [one] => return Ok(*one),
                several => return Err(refusal::ambiguous("date", &self.column_names(several))),
            }
        }
        let subject = &self.index().table(self.subject).name;
        Err(refusal::unsupported(
            &format!("{subject} has no date"),
            "Ask about a table that has one.",
        ))
    }

    fn date_in(&self, table: usize, period: &Period) -> Result<Option<ColumnId>, Cannot> {
        let facts = &self.index().facts[table];
        let whole = |day: Option<Date>| day.is_none_or(|day| day.month() == 1 && day.day() == 1);
        if facts.dates.is_empty()
            && let [column] = facts.years.as_slice()
            && whole(period.from)
            && whole(period.to)
        {
            return Ok(Some(ColumnId {
                table,
                column: *column,
            }));
        }
        Ok(self
            .only_date(table)?
            .map(|column| ColumnId { table, column }))
    }

    /// The date of a table: the only one, the one the question's verb names, or the plainest.
    fn only_date(&self, table: usize) -> Result<Option<usize>, Cannot> {
        let dates = &self.index().facts[table].dates;
        let [_, _, ..] = dates.as_slice() else {
            return Ok(dates.first().copied());
        };
        let definition = self.index().table(table);
        let words = |column: &usize| naming::segments(&definition.columns[*column].name);
        let own: Vec<String> = naming::segments(&definition.name)
            .iter()
            .map(|word| stem(word))
            .collect();
        let says = |column: &&usize| {
            words(column).iter().any(|word| {
                let stem = stem(word);
                !matches!(
                    word.as_str(),
                    "date" | "at" | "on" | "time" | "in" | "out" | "by" | "of" | "to" | "from"
                ) && !own.contains(&stem)
                    && self.cues.stems.contains(&stem)
            })
        };
        let of_table = |column: &&usize| words(column).iter().any(|word| own.contains(&stem(word)));
        let plain = |column: &&usize| words(column) == ["date"];
        let created = |column: &&usize| {
            words(column)
                .iter()
                .any(|word| matches!(word.as_str(), "created" | "ordered" | "placed" | "raised"))
        };
        let mandatory = |column: &&usize| definition.columns[**column].not_null;
        let tests: [&dyn Fn(&&usize) -> bool; 5] = [&says, &of_table, &plain, &created, &mandatory];
        for (position, test) in tests.iter().enumerate() {
            let fitting: Vec<usize> = dates.iter().filter(|c| test(c)).copied().collect();
            if let [one] = fitting[..] {
                if position > 0 {
                    for column in dates.iter().copied().filter(|column| *column != one) {
                        self.could_be("date", ColumnId { table, column });
                    }
                }
                return Ok(Some(one));
            }
        }
        let ids: Vec<ColumnId> = dates
            .iter()
            .map(|column| ColumnId {
                table,
                column: *column,
            })
            .collect();
        Err(refusal::ambiguous("date", &self.column_names(&ids)))
    }

    /// The first of these columns that a table has; `*date` is its only date.
    pub(super) fn hinted_column(&self, columns: &[String], table: usize) -> Option<ColumnId> {
        columns.iter().find_map(|name| {
            if name == "*date" {
                let column = self.only_date(table).ok().flatten()?;
                return Some(ColumnId { table, column });
            }
            let hits = self.index().named(&naming::segments(name));
            let best = hits
                .iter()
                .filter_map(|hit| match hit.target {
                    crate::nl::builtin::index::Target::Column(id) if id.table == table => {
                        Some((hit.closeness, id))
                    }
                    _ => None,
                })
                .max_by_key(|(closeness, _)| *closeness)?;
            Some(best.1)
        })
    }

    pub(super) fn no_hint(&self, text: &str, table: usize) -> Cannot {
        let table = &self.index().table(table).name;
        refusal::unsupported(
            &format!("the question does not say by what {table} are \"{text}\""),
            "Name the column, for instance: with the highest price.",
        )
    }
}

fn said(period: &Period) -> String {
    let last = period.to.and_then(|day| day.yesterday().ok());
    match (period.from, last) {
        (Some(from), Some(last)) if from == last => format!("on {from}"),
        (Some(from), Some(last)) => format!("{from} to {last}"),
        (Some(from), None) => format!("from {from} on"),
        (None, Some(last)) => format!("until {last}"),
        (None, None) => "at any time".to_owned(),
    }
}
