//! Expressions: every column that one names must be free to be used.

use std::ops::ControlFlow;

use sqlparser::ast::AccessExpr;
use sqlparser::ast::Expr;
use sqlparser::ast::Function;
use sqlparser::ast::FunctionArg;
use sqlparser::ast::FunctionArgExpr;
use sqlparser::ast::FunctionArguments;
use sqlparser::ast::Ident;
use sqlparser::ast::ObjectName;
use sqlparser::ast::Query;
use sqlparser::ast::Visit;
use sqlparser::ast::Visitor;
use sqlparser::tokenizer::Span;

use super::columns::Treatment;
use super::scope::Found;
use super::walk::Position;
use super::walk::Refused;
use super::walk::Walk;
use super::walk::refuse;

impl Walk<'_> {
    /// Walks whatever expressions a part of the tree holds.
    pub(super) fn read(&mut self, part: &impl Visit) -> Result<(), Refused> {
        let mut reader = Reader {
            walk: self,
            inside: 0,
            exists: false,
            qualifier: None,
        };
        match part.visit(&mut reader) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(refused) => Err(refused),
        }
    }

    /// What becomes of the column that a name without a qualifier may stand for. Any column in
    /// sight counts: which one is nearest is not always certain.
    pub(super) fn unqualified(&mut self, ident: &Ident) -> Result<Option<Treatment>, Refused> {
        let name = self.name(ident);
        self.look()?;
        if let Some(treatment) = self.named_column(&name) {
            return Ok(Some(treatment));
        }
        // Else perhaps the whole row of an item, unless a column of its own is called as it is.
        let items = || self.scopes.iter().flat_map(|scope| &scope.items);
        let mut named = items()
            .filter(|item| item.name.as_ref() == Some(&name) && !item.shape.has(self.rules, &name));
        if let Some(treatment) = named.find_map(|item| item.shape.treated(self.rules)) {
            return refuse(treatment);
        }
        let is_column = || items().any(|item| item.shape.has(self.rules, &name));
        if matches!(&*name, "old" | "new") && !is_column() {
            use_of(self.any_treated())?;
        }
        Ok(None)
    }

    /// What becomes of the column that a qualified name stands for.
    pub(super) fn qualified(&mut self, parts: &[Ident]) -> Result<Option<Treatment>, Refused> {
        let names: Vec<String> = parts.iter().map(|part| self.name(part)).collect();
        let [.., of, column] = &names[..] else {
            return Err(self.unresolved());
        };
        self.look()?;
        let items = self.scopes.iter().rev().flat_map(|scope| &scope.items);
        let (mut is_named, mut is_there) = (false, false);
        let mut row = None;
        for item in items.filter(|item| item.name.as_ref() == Some(of)) {
            is_named = true;
            match item.shape.find(self.rules, column) {
                Found::Treated(treatment) => return Ok(Some(treatment)),
                Found::Clean => is_there = true,
                Found::Nothing => row = row.or(item.shape.treated(self.rules)),
            }
        }
        if !is_named {
            // OLD and NEW in RETURNING, and whatever else may stand for a row of what is there.
            return Ok(self.named_column(column).map(Treatment::unusable));
        }
        // No column: a function of the whole row, written like one.
        if !is_there
            && !is_system_column(column)
            && let Some(treatment) = row
        {
            return refuse(treatment);
        }
        Ok(None)
    }

    /// The treatment of a column of this name that is in sight.
    pub(super) fn named_column(&self, name: &str) -> Option<Treatment> {
        let mut items = self.scopes.iter().flat_map(|scope| &scope.items);
        items.find_map(|item| match item.shape.find(self.rules, name) {
            Found::Treated(treatment) => Some(treatment),
            Found::Clean | Found::Nothing => None,
        })
    }

    /// Any treated column in sight.
    pub(super) fn any_treated(&self) -> Option<Treatment> {
        let mut items = self.scopes.iter().flat_map(|scope| &scope.items);
        items.find_map(|item| item.shape.treated(self.rules).cloned())
    }

    /// `f(t.*)` takes the whole row.
    fn call(&mut self, function: &Function) -> Result<(), Refused> {
        self.parts(&function.name)?;
        for arguments in [&function.parameters, &function.args] {
            let FunctionArguments::List(list) = arguments else {
                continue;
            };
            for argument in &list.args {
                let (FunctionArg::Unnamed(argument)
                | FunctionArg::Named { arg: argument, .. }
                | FunctionArg::ExprNamed { arg: argument, .. }) = argument;
                match argument {
                    FunctionArgExpr::QualifiedWildcard(name) => self.row(name)?,
                    FunctionArgExpr::Wildcard if list.args.len() == 1 => {}
                    FunctionArgExpr::Expr(_) => {}
                    _ => use_of(self.any_treated())?,
                }
            }
        }
        Ok(())
    }

    fn row(&mut self, name: &ObjectName) -> Result<(), Refused> {
        self.parts(name)?;
        use_of(self.any_treated())
    }
}

/// A treated column may not be used.
fn use_of(treatment: Option<Treatment>) -> Result<(), Refused> {
    treatment.map_or(Ok(()), |treatment| refuse(&treatment))
}

/// <https://www.postgresql.org/docs/current/ddl-system-columns.html>
fn is_system_column(name: &str) -> bool {
    matches!(
        name,
        "tableoid" | "ctid" | "xmin" | "xmax" | "cmin" | "cmax"
    )
}

/// Visits expressions; a subquery is walked as a query, not visited any further.
struct Reader<'w, 'a> {
    walk: &'w mut Walk<'a>,
    /// Subqueries that the visit is inside of.
    inside: usize,
    /// The next subquery is that of an EXISTS.
    exists: bool,
    /// A name that was looked at together with the column behind it.
    qualifier: Option<Span>,
}

impl Reader<'_, '_> {
    /// In `t.c[1]` the name before the dot is a qualifier; the row of `(t).c` is in parentheses.
    fn element(&mut self, root: &Expr, first: Option<&AccessExpr>) -> Result<(), Refused> {
        if let (Expr::Identifier(of), Some(AccessExpr::Dot(Expr::Identifier(column)))) =
            (root, first)
        {
            self.qualifier = Some(of.span);
            let treatment = self.walk.qualified(&[of.clone(), column.clone()])?;
            return use_of(treatment);
        }
        Ok(())
    }

    fn expr(&mut self, expr: &Expr) -> Result<(), Refused> {
        match expr {
            Expr::Identifier(ident) if self.qualifier == Some(ident.span) => Ok(()),
            Expr::Identifier(ident) => {
                let treatment = self.walk.unqualified(ident)?;
                use_of(treatment)
            }
            Expr::CompoundIdentifier(parts) => {
                let treatment = self.walk.qualified(parts)?;
                use_of(treatment)
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                self.element(root, access_chain.first())
            }
            Expr::Function(function) => self.walk.call(function),
            Expr::Exists { .. } => {
                self.exists = true;
                Ok(())
            }
            Expr::QualifiedWildcard(name, _) => self.walk.row(name),
            Expr::Wildcard(_) => use_of(self.walk.any_treated()),
            Expr::Lambda(_)
            | Expr::Map(_)
            | Expr::Dictionary(_)
            | Expr::Struct { .. }
            | Expr::Prior(_)
            | Expr::OuterJoin(_)
            | Expr::MatchAgainst { .. }
            | Expr::MemberOf(_) => Err(self.walk.unresolved()),
            _ => Ok(()),
        }
    }
}

impl Visitor for Reader<'_, '_> {
    type Break = Refused;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Refused> {
        if self.inside == 0 {
            let position = if std::mem::take(&mut self.exists) {
                Position::Exists
            } else {
                Position::Value
            };
            if let Err(refused) = self.walk.apart(|walk| walk.query(query, position)) {
                return ControlFlow::Break(refused);
            }
        }
        self.inside += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<Refused> {
        self.inside -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Refused> {
        if self.inside > 0 {
            return ControlFlow::Continue(());
        }
        match self.expr(expr) {
            Ok(()) => ControlFlow::Continue(()),
            Err(refused) => ControlFlow::Break(refused),
        }
    }
}
