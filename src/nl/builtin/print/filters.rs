//! The WHERE clause: tests of columns, and subqueries over rows that belong to the current one.

use crate::nl::Cannot;
use crate::nl::builtin::draft::Function;
use crate::nl::builtin::draft::Part;
use crate::nl::builtin::index::ColumnId;
use crate::nl::builtin::joins::Edge;
use crate::nl::builtin::lexicon::Comparison;
use crate::nl::builtin::lexicon::End;
use crate::nl::builtin::query::Filter;
use crate::nl::builtin::query::Related;
use crate::nl::builtin::refusal;
use crate::sql::identifier;

use super::Printer;
use super::from::From;
use super::names::qualified;
use super::push_list;
use super::quoted;

impl Printer<'_> {
    pub(super) fn filter(&mut self, filter: &Filter, from: &From) -> Result<String, Cannot> {
        Ok(match filter {
            Filter::Compare(id, comparison, value) => {
                format!("{} {} {value}", self.column(*id, from), comparison.sql())
            }
            Filter::Between(id, low, high) => {
                format!("{} BETWEEN {low} AND {high}", self.column(*id, from))
            }
            Filter::OneOf {
                column,
                values,
                negated,
            } => format!(
                "{} {}IN ({})",
                self.column(*column, from),
                if *negated { "NOT " } else { "" },
                values.join(", ")
            ),
            Filter::Like {
                column,
                part,
                text,
                negated,
            } => format!(
                "{} {}ILIKE {}",
                self.column(*column, from),
                if *negated { "NOT " } else { "" },
                pattern(*part, text)
            ),
            Filter::Null { column, negated } => format!(
                "{} IS {}NULL",
                self.column(*column, from),
                if *negated { "NOT " } else { "" }
            ),
            Filter::Truth { column, value } => format!(
                "{}{}",
                if *value { "" } else { "NOT " },
                self.column(*column, from)
            ),
            Filter::Range {
                column,
                from: low,
                to,
            } => {
                let column = self.column(*column, from);
                let bounds = low.iter().map(|low| format!("{column} >= {low}"));
                let bounds = bounds.chain(to.iter().map(|to| format!("{column} < {to}")));
                bounds.collect::<Vec<_>>().join(" AND ")
            }
            Filter::Average(id, comparison) => {
                let table = self.index.table(id.table);
                let inner = self.aliases.take(&table.name);
                let name = identifier::quoted(&self.index.column(*id).name);
                format!(
                    "{} {} (SELECT avg({inner}.{name}) FROM {} AS {inner})",
                    self.column(*id, from),
                    comparison.sql(),
                    qualified(table)
                )
            }
            Filter::First { .. } => self.first(filter, from)?,
            Filter::Extreme { .. } => self.extreme(filter, from)?,
            Filter::Any(filters) => {
                let any: Result<Vec<String>, Cannot> = filters
                    .iter()
                    .map(|filter| self.filter(filter, from))
                    .collect();
                format!("({})", any?.join(" OR "))
            }
        })
    }

    /// The greatest or smallest value among the rows of the same group.
    fn extreme(&mut self, filter: &Filter, from: &From) -> Result<String, Cannot> {
        let Filter::Extreme {
            by,
            end,
            within,
            among,
        } = filter
        else {
            return self.filter(filter, from);
        };
        let inner = From::plan(by.table, &[by.table], self.ways, &mut self.aliases)?;
        let group = ColumnId {
            table: by.table,
            column: *within,
        };
        let mut tests = vec![format!(
            "{} = {}",
            self.column(group, &inner),
            self.column(group, from)
        )];
        for filter in among {
            tests.push(self.filter(filter, &inner)?);
        }
        let function = match end {
            End::Max => "max",
            End::Min => "min",
        };
        Ok(format!(
            "{} = (SELECT {function}({}) FROM {} WHERE {})",
            self.column(*by, from),
            self.column(*by, &inner),
            inner.text,
            tests.join(" AND ")
        ))
    }

    /// One of the first rows of its table, told by its key.
    fn first(&mut self, filter: &Filter, from: &From) -> Result<String, Cannot> {
        let Filter::First {
            by,
            end,
            limit,
            among,
        } = filter
        else {
            return self.filter(filter, from);
        };
        let Some(column) = self.index.facts[by.table].key else {
            return Err(self.keyless(by.table));
        };
        let key = ColumnId {
            table: by.table,
            column,
        };
        let inner = From::plan(by.table, &[by.table], self.ways, &mut self.aliases)?;
        let mut sql = format!(
            "{} IN (SELECT {} FROM {}",
            self.column(key, from),
            self.column(key, &inner),
            inner.text
        );
        let tests: Result<Vec<String>, Cannot> = among
            .iter()
            .map(|filter| self.filter(filter, &inner))
            .collect();
        push_list(&mut sql, " WHERE ", &tests?, " AND ");
        let sort = match end {
            End::Max => " DESC NULLS LAST",
            End::Min => "",
        };
        let order = [
            " ORDER BY ",
            &self.column(*by, &inner),
            sort,
            " LIMIT ",
            limit,
            ")",
        ];
        Ok(sql + &order.concat())
    }

    /// A subquery over the rows that belong to the current one.
    pub(super) fn related(
        &mut self,
        related: &Related,
        subject: usize,
        outer: &From,
    ) -> Result<String, Cannot> {
        let graph = self.ways.graph;
        let step = related.via.and_then(|column| graph.step(subject, column));
        let path = match step {
            Some(step) => vec![step.clone()],
            None => graph.path(&[subject], related.table, self.ways.cues)?,
        };
        let mut tables: Vec<usize> = path.iter().map(|edge| edge.to).collect();
        tables.extend(related.filters.iter().map(Filter::table));
        tables.dedup();
        let Some(first) = path.first() else {
            return Err(refusal::dangling("with"));
        };
        let inner = From::plan(first.to, &tables, self.ways, &mut self.aliases)?;
        if let Some(groups) = self.grouped(related, &path, &inner, outer)? {
            return Ok(groups);
        }
        let mut tests: Vec<String> = first
            .columns
            .iter()
            .map(|(own, other)| {
                let own = ColumnId {
                    table: subject,
                    column: *own,
                };
                let other = ColumnId {
                    table: first.to,
                    column: *other,
                };
                format!(
                    "{} = {}",
                    self.column(other, &inner),
                    self.column(own, outer)
                )
            })
            .collect();
        for filter in &related.filters {
            tests.push(self.filter(filter, &inner)?);
        }
        for nested in &related.nested {
            tests.push(self.related(nested, related.table, &inner)?);
        }
        let tests = tests.join(" AND ");
        Ok(match (&related.count, related.negated) {
            (Some((comparison, count)), _) => {
                let rows = self.counted(related, &inner)?;
                let rows = format!("(SELECT {rows} FROM {} WHERE {tests})", inner.text);
                format!("{rows} {} {count}", comparison.sql())
            }
            (None, negated) => format!(
                "{}EXISTS (SELECT 1 FROM {} WHERE {tests})",
                if negated { "NOT " } else { "" },
                inner.text
            ),
        })
    }

    /// `key IN (SELECT … GROUP BY … HAVING …)`: the relatives of all rows are counted in one pass.
    /// Not where none at all would do, because those without relatives are in no group.
    fn grouped(
        &mut self,
        related: &Related,
        path: &[Edge],
        inner: &From,
        outer: &From,
    ) -> Result<Option<String>, Cannot> {
        let Some((comparison, count)) = &related.count else {
            return Ok(None);
        };
        let ([first, ..], [(own, other)]) = (path, &path[0].columns[..]) else {
            return Ok(None);
        };
        let some = count.parse::<f64>().is_ok_and(|count| match comparison {
            Comparison::Greater => count >= 0.0,
            Comparison::GreaterOrEqual | Comparison::Equal => count > 0.0,
            _ => false,
        });
        if !some && related.measure.is_none() {
            return Ok(None);
        }
        let key = self.column(
            ColumnId {
                table: first.to,
                column: *other,
            },
            inner,
        );
        let own = self.column(
            ColumnId {
                table: first.from,
                column: *own,
            },
            outer,
        );
        let mut tests = Vec::new();
        for filter in &related.filters {
            tests.push(self.filter(filter, inner)?);
        }
        for nested in &related.nested {
            tests.push(self.related(nested, related.table, inner)?);
        }
        let tests = if tests.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", tests.join(" AND "))
        };
        let rows = self.counted(related, inner)?;
        let having = format!("{rows} {} {count}", comparison.sql());
        Ok(Some(format!(
            "{own} IN (SELECT {key} FROM {}{tests} GROUP BY {key} HAVING {having})",
            inner.text
        )))
    }

    /// The number of relatives, or what is measured of them.
    fn counted(&self, related: &Related, inner: &From) -> Result<String, Cannot> {
        let repeats = inner.repeats(related.table);
        let Some((function, id)) = related.measure else {
            return if repeats {
                self.count_distinct(related.table, inner)
            } else {
                Ok("count(*)".to_owned())
            };
        };
        if repeats {
            return Err(self.repeated(related.table));
        }
        let name = if function == Function::Sum {
            "sum"
        } else {
            "avg"
        };
        Ok(format!("{name}({})", self.column(id, inner)))
    }
}

/// The pattern that finds a text as it is written, whatever signs are in it.
fn pattern(part: Part, text: &str) -> String {
    let special = text.contains(['%', '_', '\\', '!']);
    let escaped = if special {
        text.replace('!', "!!")
            .replace('%', "!%")
            .replace('_', "!_")
    } else {
        text.to_owned()
    };
    let pattern = match part {
        Part::Anywhere => format!("%{escaped}%"),
        Part::Start => format!("{escaped}%"),
        Part::End => format!("%{escaped}"),
    };
    let escape = if special { " ESCAPE '!'" } else { "" };
    format!("{}{escape}", quoted(&pattern))
}
