//! Writes a bound query as one SELECT: names qualified, no semicolon, nothing from `search_path`.

mod filters;
mod from;
mod names;

use crate::nl::Cannot;
use crate::sql::identifier;

use super::dates::Unit;
use super::draft::Function;
use super::index::ColumnId;
use super::index::Index;
use super::joins::Cues;
use super::joins::Graph;
use super::lexicon::End;
use super::query::Expr;
use super::query::Filter;
use super::query::Query;
use super::query::Whole;
use super::refusal;
use crate::sql::schema::TypeKind;

use from::From;
use from::Ways;
use names::Aliases;

/// The SELECT that answers the query.
pub(super) fn print(query: &Query, graph: &Graph, cues: &Cues<'_>) -> Result<String, Cannot> {
    let index = cues.index;
    let mut printer = Printer {
        index,
        ways: Ways { graph, cues },
        aliases: Aliases::default(),
        share: String::new(),
    };
    let tables = main_tables(query);
    let from = From::plan(query.base, &tables, printer.ways, &mut printer.aliases)?;
    printer.select(query, &from)
}

/// Every table that the main query reads.
fn main_tables(query: &Query) -> Vec<usize> {
    let mut tables = vec![query.base, query.subject];
    tables.extend(query.outputs.iter().map(Expr::table));
    tables.extend(
        query
            .filters
            .iter()
            .chain(&query.share)
            .chain(&query.shared)
            .map(Filter::table),
    );
    tables.extend(query.group.iter().map(Expr::table));
    tables.extend(query.order.iter().map(|(expr, _)| expr.table()));
    let mut unique = Vec::new();
    for table in tables {
        if !unique.contains(&table) {
            unique.push(table);
        }
    }
    unique
}

/// A text as a SQL literal that reads the same whatever `standard_conforming_strings` is.
pub(super) fn quoted(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if doubled.contains('\\') {
        return format!("E'{}'", doubled.replace('\\', "\\\\"));
    }
    format!("'{doubled}'")
}

struct Printer<'a> {
    index: &'a Index,
    ways: Ways<'a>,
    aliases: Aliases,
    /// What puts a row into the share that is asked for.
    share: String,
}

impl Printer<'_> {
    fn select(&mut self, query: &Query, from: &From) -> Result<String, Cannot> {
        let mut sql = String::from("SELECT ");
        if query.distinct {
            let sorted_by_shown = query
                .order
                .iter()
                .all(|(expr, _)| query.outputs.contains(expr));
            if !sorted_by_shown {
                return Err(refusal::unsupported(
                    "different values cannot be sorted by something that is not shown",
                    "Ask for the column sorted by as well.",
                ));
            }
            sql.push_str("DISTINCT ");
        }
        let mut tests: Vec<String> = Vec::new();
        for related in &query.related {
            tests.push(self.related(related, query.subject, from)?);
        }
        if query.has_share() {
            for filter in &query.share {
                tests.push(self.filter(filter, from)?);
            }
            self.share = std::mem::take(&mut tests).join(" AND ");
        }
        sql.push_str(&self.outputs(query, from)?.join(", "));
        sql.push_str(" FROM ");
        sql.push_str(&from.text);
        let mut own: Vec<String> = Vec::new();
        for filter in &query.filters {
            own.push(self.filter(filter, from)?);
        }
        tests.splice(0..0, own);
        push_list(&mut sql, " WHERE ", &tests, " AND ");
        let group: Result<Vec<String>, Cannot> = query
            .group
            .iter()
            .map(|expr| self.expr(expr, from, query))
            .collect();
        push_list(&mut sql, " GROUP BY ", &group?, ", ");
        let mut having: Vec<String> = Vec::new();
        having.extend(
            query
                .size
                .iter()
                .map(|(comparison, size)| format!("count(*) {} {size}", comparison.sql())),
        );
        for filter in &query.shared {
            having.push(format!("bool_or({})", self.filter(filter, from)?));
        }
        push_list(&mut sql, " HAVING ", &having, " AND ");
        let order: Result<Vec<String>, Cannot> = query
            .order
            .iter()
            .map(|(expr, end)| self.sort(expr, *end, from, query))
            .collect();
        push_list(&mut sql, " ORDER BY ", &order?, ", ");
        if let Some(limit) = &query.limit {
            push_list(&mut sql, " LIMIT ", std::slice::from_ref(limit), "");
        }
        Ok(sql)
    }

    fn sort(&self, expr: &Expr, end: End, from: &From, query: &Query) -> Result<String, Cannot> {
        let text = self.expr(expr, from, query)?;
        Ok(match end {
            End::Max => format!("{text} DESC NULLS LAST"),
            End::Min => text,
        })
    }

    /// The select list; a name that comes twice gets its table's name in front.
    fn outputs(&self, query: &Query, from: &From) -> Result<Vec<String>, Cannot> {
        let mut taken: Vec<String> = Vec::new();
        let mut texts = Vec::new();
        for expr in &query.outputs {
            let text = self.expr(expr, from, query)?;
            let plain = self.label(expr);
            let mut label = plain.clone();
            if taken.contains(&label) {
                label = format!("{}_{plain}", self.index.table(expr.table()).name);
            }
            let mut number = 2;
            while taken.contains(&label) {
                label = format!("{plain}_{number}");
                number += 1;
            }
            let same = matches!(expr, Expr::Column(_)) && label == plain;
            texts.push(if same {
                text
            } else {
                format!("{text} AS {}", identifier::quoted(&label))
            });
            taken.push(label);
        }
        Ok(texts)
    }

    fn label(&self, expr: &Expr) -> String {
        let name = |id: &ColumnId| self.index.column(*id).name.clone();
        match expr {
            Expr::Column(id) => name(id),
            Expr::Start(unit, _) => unit.name().to_owned(),
            Expr::Rows(_) => "count".to_owned(),
            Expr::Share(_, Whole::Hundred) => "percentage".to_owned(),
            Expr::Share(_, Whole::One) => "fraction".to_owned(),
            Expr::Aggregate(function, id) => match function {
                Function::Count
                | Function::CountDistinct
                | Function::Share
                | Function::Fraction => "count".to_owned(),
                Function::Sum if name(id).starts_with("total") => name(id),
                Function::Sum => format!("total_{}", name(id)),
                Function::Average => format!("average_{}", name(id)),
                Function::Min => format!("min_{}", name(id)),
                Function::Max => format!("max_{}", name(id)),
            },
        }
    }

    fn column(&self, id: ColumnId, from: &From) -> String {
        format!(
            "{}.{}",
            from.alias(id.table),
            identifier::quoted(&self.index.column(id).name)
        )
    }

    fn expr(&self, expr: &Expr, from: &From, query: &Query) -> Result<String, Cannot> {
        Ok(match expr {
            Expr::Column(id) => self.column(*id, from),
            Expr::Start(unit, id) => self.start(*unit, *id, from),
            Expr::Rows(table) if !from.repeats(*table) => "count(*)".to_owned(),
            Expr::Rows(table) => self.count_distinct(*table, from)?,
            Expr::Share(table, _) if from.repeats(*table) => return Err(self.repeated(*table)),
            Expr::Share(_, whole) => {
                let unit = match whole {
                    Whole::Hundred => "100.0",
                    Whole::One => "1.0",
                };
                format!(
                    "{unit} * count(*) FILTER (WHERE {}) / nullif(count(*), 0)",
                    self.share
                )
            }
            Expr::Aggregate(function, id) => {
                let adds = matches!(
                    function,
                    Function::Sum | Function::Average | Function::Count
                );
                if adds && from.repeats(id.table) && !from.pairs(id.table, query, self.index) {
                    return Err(self.repeated(id.table));
                }
                let column = self.column(*id, from);
                match function {
                    Function::Count | Function::Share | Function::Fraction => {
                        format!("count({column})")
                    }
                    Function::CountDistinct => format!("count(DISTINCT {column})"),
                    Function::Sum => format!("sum({column})"),
                    Function::Average => format!("avg({column})"),
                    Function::Min => format!("min({column})"),
                    Function::Max => format!("max({column})"),
                }
            }
        })
    }

    fn keyless(&self, table: usize) -> Cannot {
        let name = &self.index.table(table).name;
        refusal::unsupported(
            &format!("{name} has no primary key to count by"),
            "Count a column instead: how many different …",
        )
    }

    fn repeated(&self, table: usize) -> Cannot {
        let name = &self.index.table(table).name;
        refusal::unsupported(
            &format!("rows of {name} would be counted several times"),
            "Add up a column of the table that has one row for each.",
        )
    }

    /// A date's year is a number, any other unit the day it starts with.
    fn start(&self, unit: Unit, id: ColumnId, from: &From) -> String {
        let column = self.column(id, from);
        let kind = self.index.column(id).kind;
        if unit == Unit::Year {
            return format!("CAST(EXTRACT(YEAR FROM {column}) AS integer)");
        }
        if unit == Unit::Day && kind == TypeKind::Date {
            return column;
        }
        let moment = match kind {
            TypeKind::Date => format!("CAST({column} AS timestamp)"),
            _ => column,
        };
        format!("CAST(date_trunc('{}', {moment}) AS date)", unit.name())
    }

    /// Rows that the joins repeat are counted once, by their key.
    fn count_distinct(&self, table: usize, from: &From) -> Result<String, Cannot> {
        let definition = self.index.table(table);
        let mut columns = definition.primary_key.clone();
        if columns.is_empty() {
            columns.extend(self.index.facts[table].key);
        }
        let keys: Vec<String> = columns
            .into_iter()
            .map(|column| self.column(ColumnId { table, column }, from))
            .collect();
        match keys.as_slice() {
            [] => Err(self.keyless(table)),
            [one] => Ok(format!("count(DISTINCT {one})")),
            several => Ok(format!("count(DISTINCT ({}))", several.join(", "))),
        }
    }
}

fn push_list(sql: &mut String, keyword: &str, parts: &[String], between: &str) {
    if !parts.is_empty() {
        sql.push_str(keyword);
        sql.push_str(&parts.join(between));
    }
}
