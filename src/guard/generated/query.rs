//! Queries: WITH, set operations, VALUES, ORDER BY, LIMIT.

use sqlparser::ast::Cte;
use sqlparser::ast::CteAsMaterialized;
use sqlparser::ast::Expr;
use sqlparser::ast::Fetch;
use sqlparser::ast::LimitClause;
use sqlparser::ast::OffsetRows;
use sqlparser::ast::OrderBy;
use sqlparser::ast::OrderByExpr;
use sqlparser::ast::OrderByKind;
use sqlparser::ast::OrderBySort;
use sqlparser::ast::Query;
use sqlparser::ast::SetExpr;
use sqlparser::ast::SetOperator;
use sqlparser::ast::SetQuantifier;
use sqlparser::ast::TableAlias;
use sqlparser::ast::Values;
use sqlparser::ast::With;

use crate::guard::Refusal;

use super::name;
use super::output::Output;
use super::output::Outputs;
use super::scope;
use super::scope::Scope;
use super::writer::Writer;
use super::writer::not_allowed;

impl Writer<'_> {
    /// Writes a query without its parentheses; what it gives.
    pub(super) fn query(&mut self, query: &Query) -> Result<Outputs, Refusal> {
        self.step()?;
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause: None,
            settings: None,
            format_clause: None,
            pipe_operators,
        } = query
        else {
            return not_allowed("this clause");
        };
        if !locks.is_empty() {
            return not_allowed("a locking clause");
        }
        if !pipe_operators.is_empty() {
            return not_allowed("a pipe operator");
        }
        let known = self.ctes.len();
        if let Some(with) = with {
            self.with(with)?;
        }
        let outputs = self.body(body, order_by.as_ref())?;
        if let Some(limit) = limit_clause {
            self.limit(limit)?;
        }
        if let Some(fetch) = fetch {
            self.fetch(fetch)?;
        }
        self.ctes.truncate(known);
        Ok(outputs)
    }

    /// A body with the ORDER BY that belongs to it. That of a SELECT sees what its FROM names;
    /// that of a set operation only the columns that come out.
    fn body(&mut self, body: &SetExpr, order_by: Option<&OrderBy>) -> Result<Outputs, Refusal> {
        if let SetExpr::Select(select) = body {
            return self.select(select, order_by);
        }
        let outputs = self.set_expression(body)?;
        if let Some(order_by) = order_by {
            let scope = Scope {
                outputs: outputs.columns.clone(),
                ..Scope::default()
            };
            self.scopes.push(scope);
            self.order_by(order_by)?;
            self.scopes.pop();
        }
        Ok(outputs)
    }

    fn set_expression(&mut self, expression: &SetExpr) -> Result<Outputs, Refusal> {
        self.step()?;
        match expression {
            SetExpr::Select(select) => self.select(select, None),
            SetExpr::Query(query) => self.parenthesised(|writer| writer.query(query)),
            SetExpr::SetOperation {
                left,
                op,
                set_quantifier,
                right,
            } => {
                let outputs = self.set_expression(left)?;
                self.word(match op {
                    SetOperator::Union => "UNION",
                    SetOperator::Except => "EXCEPT",
                    SetOperator::Intersect => "INTERSECT",
                    SetOperator::Minus => return not_allowed("MINUS"),
                });
                match set_quantifier {
                    SetQuantifier::None => {}
                    SetQuantifier::All => self.word("ALL"),
                    SetQuantifier::Distinct => self.word("DISTINCT"),
                    SetQuantifier::ByName
                    | SetQuantifier::AllByName
                    | SetQuantifier::DistinctByName => return not_allowed("BY NAME"),
                }
                let right = self.set_expression(right)?;
                Ok(combined(outputs, &right))
            }
            SetExpr::Values(values) => self.values(values),
            SetExpr::Insert(_) => refused_write("INSERT"),
            SetExpr::Update(_) => refused_write("UPDATE"),
            SetExpr::Delete(_) => refused_write("DELETE"),
            SetExpr::Merge(_) => refused_write("MERGE"),
            SetExpr::Table(_) => not_allowed("TABLE"),
        }
    }

    fn values(&mut self, values: &Values) -> Result<Outputs, Refusal> {
        let Values {
            explicit_row: false,
            value_keyword: false,
            rows,
        } = values
        else {
            return not_allowed("this form of VALUES");
        };
        self.word("VALUES");
        self.put(" ");
        self.list(rows, |writer, row| {
            writer.parenthesised(|writer| writer.expressions(&row.content))
        })?;
        let width = rows.first().map_or(0, |row| row.content.len());
        let columns = (1..=width)
            .map(|place| Output::plain(format!("column{place}")))
            .collect();
        Ok(Outputs {
            columns,
            unordered: false,
        })
    }

    fn with(&mut self, with: &With) -> Result<(), Refusal> {
        self.word("WITH");
        if with.recursive {
            self.word("RECURSIVE");
        }
        self.put(" ");
        self.list(&with.cte_tables, |writer, cte| {
            writer.cte(cte, with.recursive)
        })
    }

    fn cte(&mut self, cte: &Cte, recursive: bool) -> Result<(), Refusal> {
        let Cte {
            alias,
            query,
            from: None,
            materialized,
            closing_paren_token: _,
        } = cte
        else {
            return not_allowed("this form of WITH");
        };
        let own = name::folded(&alias.name)?;
        if recursive && let SetExpr::SetOperation { left, .. } = &*query.body {
            self.first_part(alias, (query.with.as_ref(), left))?;
        }
        // The list of columns stands before the query that says how many there are.
        let (outputs, body) = self.cut(|writer| writer.query(query))?;
        self.name(&own);
        let columns = self.renamed(outputs, &alias.columns)?;
        self.word("AS");
        match materialized {
            None => {}
            Some(CteAsMaterialized::Materialized) => self.word("MATERIALIZED"),
            Some(CteAsMaterialized::NotMaterialized) => self.word("NOT MATERIALIZED"),
        }
        self.parenthesised(|writer| {
            writer.put(&body);
            Ok(())
        })?;
        self.ctes.push(scope::Cte { name: own, columns });
        Ok(())
    }

    /// The first part of a recursive query gives the columns that the second one may name.
    fn first_part(
        &mut self,
        alias: &TableAlias,
        (with, first): (Option<&With>, &SetExpr),
    ) -> Result<(), Refusal> {
        let known = self.ctes.len();
        let (columns, _) = self.cut(|writer| {
            if let Some(with) = with {
                writer.with(with)?;
            }
            let outputs = writer.set_expression(first)?;
            writer.renamed(outputs, &alias.columns)
        })?;
        self.ctes.truncate(known);
        self.ctes.push(scope::Cte {
            name: name::folded(&alias.name)?,
            columns,
        });
        Ok(())
    }

    /// Writes an ORDER BY clause.
    pub(super) fn order_by(&mut self, order_by: &OrderBy) -> Result<(), Refusal> {
        let OrderBy {
            kind: OrderByKind::Expressions(keys),
            interpolate: None,
        } = order_by
        else {
            return not_allowed("this form of ORDER BY");
        };
        self.word("ORDER BY");
        self.sort_keys(keys)
    }

    /// Writes what stands behind ORDER BY.
    pub(super) fn sort_keys(&mut self, keys: &[OrderByExpr]) -> Result<(), Refusal> {
        self.put(" ");
        self.list(keys, |writer, key| {
            let OrderByExpr {
                expr,
                options,
                with_fill: None,
            } = key
            else {
                return not_allowed("WITH FILL");
            };
            writer.expression(expr)?;
            match &options.sort {
                None => {}
                Some(OrderBySort::Asc) => writer.word("ASC"),
                Some(OrderBySort::Desc) => writer.word("DESC"),
                Some(OrderBySort::Using(_)) => return not_allowed("ORDER BY USING"),
            }
            match options.nulls_first {
                None => {}
                Some(true) => writer.word("NULLS FIRST"),
                Some(false) => writer.word("NULLS LAST"),
            }
            Ok(())
        })
    }

    fn limit(&mut self, limit: &LimitClause) -> Result<(), Refusal> {
        let LimitClause::LimitOffset {
            limit,
            offset,
            limit_by,
        } = limit
        else {
            return not_allowed("LIMIT with a comma");
        };
        if !limit_by.is_empty() {
            return not_allowed("LIMIT BY");
        }
        if let Some(limit) = limit {
            self.word("LIMIT");
            self.expression(limit)?;
        }
        let Some(offset) = offset else {
            return Ok(());
        };
        self.word("OFFSET");
        self.expression(&offset.value)?;
        match offset.rows {
            OffsetRows::None => {}
            OffsetRows::Row | OffsetRows::Rows => self.word("ROWS"),
        }
        Ok(())
    }

    fn fetch(&mut self, fetch: &Fetch) -> Result<(), Refusal> {
        let Fetch {
            with_ties,
            percent: false,
            quantity,
        } = fetch
        else {
            return not_allowed("FETCH PERCENT");
        };
        self.word("FETCH FIRST");
        match quantity {
            None => {}
            Some(count @ Expr::Value(_)) => self.expression(count)?,
            Some(Expr::Nested(count)) => {
                self.parenthesised(|writer| writer.expression(count))?;
            }
            Some(_) => return not_allowed("this form of FETCH"),
        }
        self.word("ROWS");
        self.word(if *with_ties { "WITH TIES" } else { "ONLY" });
        Ok(())
    }
}

/// The columns of a set operation: the names are those of the left side.
fn combined(left: Outputs, right: &Outputs) -> Outputs {
    let mut columns = left.columns;
    for (column, other) in columns.iter_mut().zip(&right.columns) {
        column.opaque |= other.opaque;
    }
    Outputs {
        columns,
        unordered: left.unordered || right.unordered,
    }
}

fn refused_write<T>(what: &str) -> Result<T, Refusal> {
    let message = format!("{what} is not allowed in a generated query");
    Err(Refusal::new("read-only", "42501", message))
}
