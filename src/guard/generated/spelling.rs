//! Texts that a query compares with columns which, as far as is known, hold them in other spellings
//! only: why an answer may be empty.

use std::collections::HashMap;
use std::collections::HashSet;
use std::ops::ControlFlow;

use sqlparser::ast::BinaryOperator;
use sqlparser::ast::Expr;
use sqlparser::ast::Ident;
use sqlparser::ast::Query;
use sqlparser::ast::TableFactor;
use sqlparser::ast::Value;
use sqlparser::ast::Visit;
use sqlparser::ast::Visitor;

use crate::sql::schema::Column;
use crate::sql::schema::Schema;
use crate::sql::schema::Table;

/// A text that no known value of its column equals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unstored {
    /// The column's name.
    pub column: String,
    /// What it is compared with.
    pub text: String,
    /// What it holds instead: the nearest spellings, or all when they are few.
    pub stored: Vec<String>,
}

/// So many stored spellings are shown.
const SHOWN: usize = 5;

/// A column of no more values than this is shown whole.
const FEW: usize = 8;

/// Spellings share this part of their three-letter pieces when they are near.
const NEAR: f32 = 0.3;

/// The texts that `query` compares with columns of `schema` that hold only others. Columns of
/// which no value is known are passed over.
pub(super) fn unstored(query: &Query, schema: &Schema) -> Vec<Unstored> {
    let mut reader = Reader {
        schema,
        tables: HashMap::new(),
        compared: Vec::new(),
    };
    let _: ControlFlow<()> = query.visit(&mut reader);
    let mut found: Vec<Unstored> = Vec::new();
    for (path, text) in &reader.compared {
        let Some(column) = reader.column(path) else {
            continue;
        };
        let unstored = spelled_otherwise(column, text).filter(|known| !found.contains(known));
        found.extend(unstored);
    }
    found
}

/// Remembers which tables are read and which texts are compared with which columns.
struct Reader<'a> {
    schema: &'a Schema,
    /// Tables by alias or name; `None` where one name stands for several.
    tables: HashMap<String, Option<&'a Table>>,
    /// Columns as they are written, with the texts.
    compared: Vec<(Vec<Ident>, String)>,
}

impl Visitor for Reader<'_> {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, .. } = factor {
            let parts: Vec<&Ident> = name.0.iter().filter_map(|part| part.as_ident()).collect();
            let table = match parts[..] {
                [schema, name] => self.schema.table(&stored(schema), &stored(name)),
                _ => None,
            };
            let called = alias.as_ref().map(|alias| stored(&alias.name));
            let called = called.or_else(|| parts.last().map(|name| stored(name)));
            if let Some(called) = called {
                let known = self.tables.entry(called).or_insert(table);
                if known.map(|known| known.oid) != table.map(|table| table.oid) {
                    *known = None;
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::BinaryOp {
                left,
                op: BinaryOperator::Eq,
                right,
            } => {
                self.compare(left, right);
                self.compare(right, left);
            }
            Expr::InList {
                expr,
                list,
                negated: false,
            } => {
                for value in list {
                    self.compare(expr, value);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl<'a> Reader<'a> {
    fn compare(&mut self, column: &Expr, value: &Expr) {
        let path = match column {
            Expr::Identifier(name) => vec![name.clone()],
            Expr::CompoundIdentifier(path) => path.clone(),
            _ => return,
        };
        if let Some(text) = text(value) {
            self.compared.push((path, text.to_owned()));
        }
    }

    /// The column that a path of names stands for, when only one can be meant.
    fn column(&self, path: &[Ident]) -> Option<&'a Column> {
        let of_table = |table: &'a Table, name: &Ident| {
            let position = table.column(&stored(name))?;
            table.columns.get(position)
        };
        match path {
            [name] => {
                let mut found = self.tables.values().flatten();
                let mut found = found.by_ref().filter_map(|table| of_table(table, name));
                found.next().filter(|_| found.next().is_none())
            }
            [table, name] => of_table((*self.tables.get(&stored(table))?)?, name),
            _ => None,
        }
    }
}

/// A name as PostgreSQL stores it.
fn stored(name: &Ident) -> String {
    match name.quote_style {
        Some(_) => name.value.clone(),
        None => name.value.to_lowercase(),
    }
}

fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => Some(text),
            _ => None,
        },
        Expr::Cast { expr, .. } | Expr::Nested(expr) => text(expr),
        _ => None,
    }
}

/// What a column holds that is near a text which it does not hold.
fn spelled_otherwise(column: &Column, text: &str) -> Option<Unstored> {
    let known = || column.enum_labels.iter().chain(column.common_values.iter());
    let count = known().count();
    if count == 0 || known().any(|value| value == text) {
        return None;
    }
    let wanted = text.to_lowercase();
    let mut near: Vec<(f32, &String)> = known()
        .map(|value| (likeness(&wanted, &value.to_lowercase()), value))
        .filter(|(likeness, _)| *likeness >= NEAR || count <= FEW)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let best = near.first().map_or(0.0, |(likeness, _)| *likeness);
    let shown = if best >= NEAR && count > FEW {
        SHOWN
    } else {
        FEW
    };
    let stored: Vec<String> = near
        .iter()
        .take(shown)
        .map(|(_, value)| (*value).clone())
        .collect();
    (!stored.is_empty()).then(|| Unstored {
        column: column.name.clone(),
        text: text.to_owned(),
        stored,
    })
}

/// How alike two spellings in lower case are, from 0 to 1.
fn likeness(a: &str, b: &str) -> f32 {
    if a == b || a.trim() == b.trim() {
        return 1.0;
    }
    if a.len() > 2 && b.len() > 2 && (a.contains(b) || b.contains(a)) {
        return 0.9;
    }
    let (a, b) = (pieces(a), pieces(b));
    let shared = a.intersection(&b).count();
    let all = a.len() + b.len() - shared;
    shared as f32 / all.max(1) as f32
}

/// All pieces of three letters, with the ends marked.
fn pieces(text: &str) -> HashSet<[char; 3]> {
    let letters: Vec<char> = format!("  {text} ").chars().collect();
    letters
        .windows(3)
        .map(|three| [three[0], three[1], three[2]])
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::guard::generated::unstored;
    use crate::sql::schema::Column;
    use crate::sql::schema::Schema;
    use crate::sql::schema::Table;

    fn schema(values: &[&str]) -> Schema {
        let status = Column {
            name: "status".to_owned(),
            common_values: values.iter().map(|value| (*value).to_owned()).collect(),
            ..Column::default()
        };
        let orders = Table {
            oid: 1,
            schema: "public".to_owned(),
            name: "orders".to_owned(),
            columns: vec![status],
            ..Table::default()
        };
        Schema {
            tables: vec![orders],
            ..Schema::default()
        }
    }

    fn said(condition: &str, values: &[&str]) -> Vec<(String, Vec<String>)> {
        let sql = format!("SELECT count(*) FROM public.orders AS o WHERE {condition}");
        let found = unstored(&sql, &schema(values)).into_iter();
        found
            .map(|unstored| (unstored.text, unstored.stored))
            .collect()
    }

    #[test]
    fn few_stored_values_are_all_shown_the_nearest_first() {
        let found = said("o.status = 'Paid'", &["open", "paid", "refunded"]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "Paid");
        assert_eq!(found[0].1[0], "paid");
        assert_eq!(found[0].1.len(), 3);
    }

    #[test]
    fn of_many_stored_values_only_near_ones_are_shown() {
        let many = [
            "Oslo", "Bergen", "Paris", "Rome", "Lyon", "Bonn", "Kiel", "Turin", "Genoa",
        ];
        assert_eq!(said("o.status IN ('Osloo')", &many)[0].1, ["Oslo"]);
        assert!(said("o.status = 'Xanadu'", &many).is_empty());
    }

    #[test]
    fn a_stored_text_or_an_unknown_column_raises_nothing() {
        assert!(said("o.status = 'paid'", &["paid"]).is_empty());
        assert!(said("o.status = 'paid'", &[]).is_empty());
        assert!(said("o.state = 'paid'", &["open"]).is_empty());
    }
}
