//! What sorts and groups a query, which may speak of its select list by name or by place.

use sqlparser::ast::Expr;
use sqlparser::ast::GroupByExpr;
use sqlparser::ast::OrderBy;
use sqlparser::ast::OrderByKind;
use sqlparser::ast::Value;

use super::scope::Outputs;
use super::walk::Refused;
use super::walk::Walk;
use super::walk::refuse;

impl Walk<'_> {
    pub(super) fn order_by(
        &mut self,
        order_by: &OrderBy,
        outputs: &Outputs,
    ) -> Result<(), Refused> {
        let OrderByKind::Expressions(keys) = &order_by.kind else {
            return Err(self.unresolved());
        };
        keys.iter()
            .try_for_each(|key| self.sort_key(&key.expr, outputs))
    }

    /// A key of ORDER BY or DISTINCT ON: there a name of the select list comes before all columns.
    pub(super) fn sort_key(&mut self, key: &Expr, outputs: &Outputs) -> Result<(), Refused> {
        let key = unparenthesized(key);
        if let Expr::Identifier(ident) = key
            && !outputs.open
        {
            let name = self.name(ident);
            let columns = outputs.columns.iter();
            let mut named = columns.filter(|it| it.name.as_deref() == Some(&*name));
            if named.clone().next().is_some() && named.all(|it| it.treatment.is_none()) {
                return Ok(());
            }
        }
        self.key(key, outputs)
    }

    pub(super) fn group_by(
        &mut self,
        clause: &GroupByExpr,
        outputs: &Outputs,
    ) -> Result<(), Refused> {
        match clause {
            GroupByExpr::Expressions(keys, modifiers) if modifiers.is_empty() => {
                keys.iter().try_for_each(|key| self.key(key, outputs))
            }
            _ => match outputs.treated() {
                Some(treatment) => refuse(treatment),
                None => self.read(clause),
            },
        }
    }

    /// A key of ORDER BY, GROUP BY or DISTINCT ON may speak of the select list.
    fn key(&mut self, key: &Expr, outputs: &Outputs) -> Result<(), Refused> {
        let key = unparenthesized(key);
        match (key, outputs.treated()) {
            (Expr::Identifier(ident), Some(_)) => {
                let name = self.name(ident);
                let mut columns = outputs.columns.iter();
                let named = columns.find(|column| {
                    column.treatment.is_some() && column.name.as_deref().is_none_or(|it| it == name)
                });
                if let Some(treatment) = named.and_then(|column| column.treatment.as_ref()) {
                    return refuse(treatment);
                }
            }
            (Expr::Value(value), Some(treated)) => {
                let place = match &value.value {
                    Value::Number(digits, _) => digits.parse::<usize>().ok(),
                    _ => None,
                };
                let column = place.and_then(|place| outputs.columns.get(place.checked_sub(1)?));
                match column {
                    Some(column) if !outputs.open && column.treatment.is_none() => {}
                    _ => return refuse(treated),
                }
            }
            // GROUPING SETS and the like take places as well.
            (
                Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_) | Expr::Tuple(_),
                Some(it),
            ) => {
                return refuse(it);
            }
            _ => {}
        }
        self.read(key)
    }
}

/// To PostgreSQL's grammar `ORDER BY (2)` is `ORDER BY 2`.
fn unparenthesized(mut expr: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}
