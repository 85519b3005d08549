//! Queries: their WITH and their select lists.

use std::sync::Arc;

use sqlparser::ast::Distinct;
use sqlparser::ast::Expr;
use sqlparser::ast::ObjectName;
use sqlparser::ast::Query;
use sqlparser::ast::Select;
use sqlparser::ast::SelectItem;
use sqlparser::ast::SelectItemQualifiedWildcardKind;
use sqlparser::ast::SetExpr;
use sqlparser::ast::WildcardAdditionalOptions;
use sqlparser::ast::With;

use super::columns::Treatment;
use super::scope::Output;
use super::scope::Outputs;
use super::scope::Scope;
use super::walk::Position;
use super::walk::Refused;
use super::walk::Walk;
use super::walk::refuse;
use crate::guard::refusal::Refusal;

impl Walk<'_> {
    /// Walks a query; what it has for whoever reads it.
    pub(super) fn query(&mut self, query: &Query, position: Position) -> Result<Outputs, Refused> {
        let is_plain = query.for_clause.is_none()
            && query.settings.is_none()
            && query.format_clause.is_none()
            && query.pipe_operators.is_empty();
        if !is_plain {
            return Err(self.unresolved());
        }
        let (with, scopes) = (self.with.len(), self.scopes.len());
        if let Some(clause) = &query.with {
            self.with_clause(clause)?;
        }
        let outputs = self.body(&query.body, position)?;
        if let Some(order_by) = &query.order_by {
            self.order_by(order_by, &outputs)?;
        }
        self.read(&query.limit_clause)?;
        self.read(&query.fetch)?;
        for of in query.locks.iter().filter_map(|lock| lock.of.as_ref()) {
            self.parts(of)?;
        }
        self.scopes.truncate(scopes);
        self.with.truncate(with);
        deliver(outputs, position)
    }

    fn with_clause(&mut self, clause: &With) -> Result<(), Refused> {
        let begin = self.with.len();
        if clause.recursive {
            // Each sees all of them, so none may have anything to hide.
            for cte in &clause.cte_tables {
                let name = self.name(&cte.alias.name);
                self.with.push((name, Outputs::unknown()));
            }
        }
        for (index, cte) in clause.cte_tables.iter().enumerate() {
            if cte.from.is_some() {
                return Err(self.unresolved());
            }
            let position = if clause.recursive {
                Position::Value
            } else {
                Position::Derived
            };
            let outputs = self.apart(|walk| walk.query(&cte.query, position))?;
            let outputs = self.alias_columns(outputs, &cte.alias);
            let name = self.name(&cte.alias.name);
            if clause.recursive {
                self.with[begin + index].1 = outputs;
            } else {
                self.with.push((name, outputs));
            }
        }
        Ok(())
    }

    /// Leaves its FROM clause on the stack, for ORDER BY.
    fn body(&mut self, body: &SetExpr, position: Position) -> Result<Outputs, Refused> {
        match body {
            SetExpr::Select(select) => self.select(select, position),
            SetExpr::Query(query) => self.query(query, position),
            SetExpr::SetOperation { left, right, .. } => {
                let scopes = self.scopes.len();
                let left = self.body(left, position)?;
                self.scopes.truncate(scopes);
                let right = self.body(right, position)?;
                self.scopes.truncate(scopes);
                match left.treated().or(right.treated()) {
                    Some(treatment) => refuse(treatment),
                    None => Ok(left),
                }
            }
            SetExpr::Values(values) => {
                self.read(values)?;
                Ok(Outputs::unknown())
            }
            SetExpr::Insert(statement)
            | SetExpr::Update(statement)
            | SetExpr::Delete(statement)
            | SetExpr::Merge(statement) => self.statement(statement, position),
            // Its tree does not tell whether the name was quoted.
            SetExpr::Table(_) => {
                let hint = "Write SELECT * FROM instead of TABLE.".to_owned();
                Err(Arc::new(Refusal {
                    hint: Some(hint),
                    ..self.rules.unresolved()
                }))
            }
        }
    }

    fn select(&mut self, select: &Select, position: Position) -> Result<Outputs, Refused> {
        let is_plain = select.top.is_none()
            && select.exclude.is_none()
            && select.lateral_views.is_empty()
            && select.prewhere.is_none()
            && select.connect_by.is_empty()
            && select.cluster_by.is_empty()
            && select.distribute_by.is_empty()
            && select.sort_by.is_empty()
            && select.qualify.is_none()
            && select.value_table_mode.is_none();
        if !is_plain {
            return Err(self.unresolved());
        }
        self.scopes.push(Scope::default());
        self.from(&select.from)?;
        let outputs = self.select_list(&select.projection, position)?;
        self.read(&select.selection)?;
        self.group_by(&select.group_by, &outputs)?;
        self.read(&select.having)?;
        self.read(&select.named_window)?;
        match (&select.distinct, outputs.treated()) {
            (Some(Distinct::Distinct | Distinct::On(_)), Some(treatment)) => {
                return refuse(treatment);
            }
            (Some(Distinct::On(keys)), None) => {
                keys.iter()
                    .try_for_each(|key| self.sort_key(key, &outputs))?;
            }
            _ => {}
        }
        if select.into.is_some() {
            return deliver(outputs, Position::Value);
        }
        Ok(outputs)
    }

    /// The columns of a select list or RETURNING.
    pub(super) fn select_list(
        &mut self,
        items: &[SelectItem],
        position: Position,
    ) -> Result<Outputs, Refused> {
        let mut outputs = Outputs::default();
        for item in items {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let treatment = self.column(expr)?;
                    let name = self.implied_name(expr);
                    outputs.open |= name.is_none();
                    outputs.columns.push(Output { name, treatment });
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let treatment = self.column(expr)?;
                    let name = Some(self.name(alias).into());
                    outputs.columns.push(Output { name, treatment });
                }
                SelectItem::Wildcard(options) => {
                    self.no_options(options)?;
                    self.all_columns(&mut outputs, position)?;
                }
                SelectItem::QualifiedWildcard(of, options) => {
                    self.no_options(options)?;
                    match of {
                        SelectItemQualifiedWildcardKind::ObjectName(name) => {
                            self.columns_of(name, &mut outputs, position)?;
                        }
                        SelectItemQualifiedWildcardKind::Expr(expr) => {
                            self.read(expr)?;
                            outputs.open = true;
                        }
                    }
                }
                SelectItem::ExprWithAliases { .. } => return Err(self.unresolved()),
            }
        }
        deliver(outputs, position)
    }

    fn no_options(&self, options: &WildcardAdditionalOptions) -> Result<(), Refused> {
        let plain = options.opt_ilike.is_none()
            && options.opt_exclude.is_none()
            && options.opt_except.is_none()
            && options.opt_replace.is_none()
            && options.opt_rename.is_none();
        if plain {
            Ok(())
        } else {
            Err(self.unresolved())
        }
    }

    fn all_columns(&mut self, outputs: &mut Outputs, position: Position) -> Result<(), Refused> {
        let Some(scope) = self.scopes.last() else {
            return Err(self.unresolved());
        };
        // A join that merges columns shows them in another order.
        outputs.open |= scope.items.len() > 1;
        for item in &scope.items {
            let shown = item.shape.outputs(self.rules);
            self.spend(shown.columns.len())?;
            show(shown, outputs, position)?;
        }
        Ok(())
    }

    fn columns_of(
        &mut self,
        name: &ObjectName,
        outputs: &mut Outputs,
        position: Position,
    ) -> Result<(), Refused> {
        let parts = self.parts(name)?;
        let Some(name) = parts.last() else {
            return Err(self.unresolved());
        };
        // Any of those that are called so, whichever is nearest.
        let items = self.scopes.iter().rev().flat_map(|scope| &scope.items);
        let mut is_there = false;
        for item in items.filter(|item| item.name.as_ref() == Some(name)) {
            is_there = true;
            let shown = item.shape.outputs(self.rules);
            self.spend(shown.columns.len())?;
            show(shown, outputs, position)?;
        }
        if !is_there {
            outputs.open = true;
            // Perhaps a column that is a row itself.
            return match self.any_treated() {
                Some(treatment) => refuse(&treatment),
                None => Ok(()),
            };
        }
        Ok(())
    }

    /// The treatment of an expression that is nothing but a column; any other is read.
    fn column(&mut self, expr: &Expr) -> Result<Option<Treatment>, Refused> {
        let treatment = match expr {
            Expr::Identifier(ident) => self.unqualified(ident)?,
            Expr::CompoundIdentifier(parts) => self.qualified(parts)?,
            Expr::Nested(inner) => return self.column(inner),
            _ => {
                self.read(expr)?;
                None
            }
        };
        match treatment {
            Some(denied @ Treatment::Denied(_)) => refuse(&denied),
            other => Ok(other),
        }
    }

    /// What PostgreSQL calls a column without a name.
    fn implied_name(&mut self, expr: &Expr) -> Option<Arc<str>> {
        let ident = match expr {
            Expr::Identifier(ident) => ident,
            Expr::CompoundIdentifier(parts) => parts.last()?,
            Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => {
                return self.implied_name(inner);
            }
            Expr::Function(function) => function.name.0.last()?.as_ident()?,
            _ => return None,
        };
        Some(self.name(ident).into())
    }
}

/// Treated columns go no further than `position` lets them.
fn deliver(outputs: Outputs, position: Position) -> Result<Outputs, Refused> {
    match (position, outputs.treated()) {
        (Position::Value, Some(treatment)) => refuse(treatment),
        _ => Ok(outputs),
    }
}

/// Adds the columns that `*` shows.
fn show(shown: Outputs, outputs: &mut Outputs, position: Position) -> Result<(), Refused> {
    if position == Position::Exists {
        outputs.open = true;
        return Ok(());
    }
    let denied = shown
        .columns
        .iter()
        .find_map(|column| match &column.treatment {
            Some(Treatment::Denied(refusal)) => Some(refusal),
            _ => None,
        });
    if let Some(refusal) = denied {
        let allowed = shown
            .columns
            .iter()
            .filter(|column| column.treatment.is_none());
        let names: Vec<&str> = allowed
            .filter_map(|column| column.name.as_deref())
            .collect();
        let rule = refusal.hint.clone().unwrap_or_default();
        let hint = format!("{rule} These can be selected: {}.", names.join(", "));
        return Err(Arc::new(Refusal {
            hint: Some(hint),
            ..Refusal::clone(refusal)
        }));
    }
    outputs.open |= shown.open;
    outputs.columns.extend(shown.columns);
    Ok(())
}
