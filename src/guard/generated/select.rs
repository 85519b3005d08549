//! One SELECT: its list, FROM, WHERE, GROUP BY, HAVING, WINDOW.

use sqlparser::ast::Distinct;
use sqlparser::ast::Expr;
use sqlparser::ast::GroupByExpr;
use sqlparser::ast::NamedWindowDefinition;
use sqlparser::ast::NamedWindowExpr;
use sqlparser::ast::OrderBy;
use sqlparser::ast::Select;
use sqlparser::ast::SelectFlavor;
use sqlparser::ast::SelectItem;
use sqlparser::ast::SelectItemQualifiedWildcardKind;
use sqlparser::ast::WildcardAdditionalOptions;

use crate::guard::Refusal;

use super::name;
use super::output;
use super::output::Output;
use super::output::Outputs;
use super::scope::Scope;
use super::writer::Writer;
use super::writer::not_allowed;

impl Writer<'_> {
    /// Writes a SELECT with the ORDER BY of its query; what it gives.
    pub(super) fn select(
        &mut self,
        select: &Select,
        order_by: Option<&OrderBy>,
    ) -> Result<Outputs, Refusal> {
        self.step()?;
        refuse_foreign_clauses(select)?;
        self.scopes.push(Scope::default());
        // What stands first names what stands behind it, so it is written last.
        let ((), from) = self.cut(|writer| writer.from(&select.from))?;
        let (outputs, list) = self.cut(|writer| writer.projection(&select.projection))?;
        self.word("SELECT");
        self.innermost().outputs.clone_from(&outputs.columns);
        self.distinct(select.distinct.as_ref())?;
        self.innermost().outputs.clear();
        self.word(&list);
        if !from.is_empty() {
            self.word("FROM");
            self.word(&from);
        }
        if let Some(condition) = &select.selection {
            self.word("WHERE");
            self.expression(condition)?;
        }
        self.innermost().outputs.clone_from(&outputs.columns);
        self.group_by(&select.group_by)?;
        self.innermost().outputs.clear();
        if let Some(condition) = &select.having {
            self.word("HAVING");
            self.expression(condition)?;
        }
        self.windows(&select.named_window)?;
        if let Some(order_by) = order_by {
            self.innermost().outputs.clone_from(&outputs.columns);
            self.order_by(order_by)?;
        }
        self.scopes.pop();
        Ok(outputs)
    }

    fn distinct(&mut self, distinct: Option<&Distinct>) -> Result<(), Refusal> {
        match distinct {
            None => Ok(()),
            Some(Distinct::All) => {
                self.word("ALL");
                Ok(())
            }
            Some(Distinct::Distinct) => {
                self.word("DISTINCT");
                Ok(())
            }
            Some(Distinct::On(keys)) => {
                self.word("DISTINCT ON");
                self.parenthesised(|writer| writer.expressions(keys))
            }
        }
    }

    fn projection(&mut self, items: &[SelectItem]) -> Result<Outputs, Refusal> {
        let mut outputs = Outputs::default();
        self.list(items, |writer, item| {
            writer.step()?;
            writer.item(item, &mut outputs)
        })?;
        Ok(outputs)
    }

    fn item(&mut self, item: &SelectItem, outputs: &mut Outputs) -> Result<(), Refusal> {
        match item {
            SelectItem::UnnamedExpr(expression) => {
                let opaque = self.bare(expression)?;
                outputs.columns.push(Output {
                    name: output::name_of(expression),
                    opaque,
                });
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                let opaque = self.bare(expr)?;
                self.word("AS");
                let name = self.ident(alias)?;
                outputs.columns.push(Output { name, opaque });
            }
            SelectItem::Wildcard(options) => {
                refuse_options(options)?;
                self.word("*");
                let scope = self.innermost();
                outputs.unordered |= scope.merges;
                outputs.columns.extend(scope.columns().cloned());
            }
            SelectItem::QualifiedWildcard(
                SelectItemQualifiedWildcardKind::ObjectName(source),
                options,
            ) => {
                refuse_options(options)?;
                let parts = name::parts(source)?;
                outputs.columns.extend(self.wildcard(&parts)?);
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(_), _) => {
                return not_allowed("a row expression with a star");
            }
            SelectItem::ExprWithAliases { .. } => return not_allowed("more than one alias"),
        }
        Ok(())
    }

    fn group_by(&mut self, group_by: &GroupByExpr) -> Result<(), Refusal> {
        match group_by {
            GroupByExpr::Expressions(keys, modifiers) if modifiers.is_empty() => {
                if keys.is_empty() {
                    return Ok(());
                }
                self.word("GROUP BY");
                self.put(" ");
                self.list(keys, Self::grouping)
            }
            GroupByExpr::Expressions(..) | GroupByExpr::All(_) => {
                not_allowed("this form of GROUP BY")
            }
        }
    }

    fn grouping(&mut self, key: &Expr) -> Result<(), Refusal> {
        let (word, sets) = match key {
            Expr::GroupingSets(sets) => ("GROUPING SETS", sets),
            Expr::Cube(sets) => ("CUBE", sets),
            Expr::Rollup(sets) => ("ROLLUP", sets),
            Expr::Tuple(keys) if keys.is_empty() => {
                self.word("()");
                return Ok(());
            }
            other => return self.expression(other),
        };
        self.word(word);
        let bare = word != "GROUPING SETS";
        self.parenthesised(|writer| {
            writer.list(sets, |writer, set| match &set[..] {
                [key] if bare => writer.expression(key),
                keys => writer.parenthesised(|writer| writer.expressions(keys)),
            })
        })
    }

    fn windows(&mut self, windows: &[NamedWindowDefinition]) -> Result<(), Refusal> {
        if windows.is_empty() {
            return Ok(());
        }
        self.word("WINDOW");
        self.put(" ");
        self.list(windows, |writer, NamedWindowDefinition(name, window)| {
            writer.ident(name)?;
            writer.word("AS");
            match window {
                NamedWindowExpr::WindowSpec(window) => writer.window(window),
                NamedWindowExpr::NamedWindow(_) => not_allowed("a window named by another"),
            }
        })
    }

    /// The scope of the SELECT that is being written.
    pub(super) fn innermost(&mut self) -> &mut Scope {
        self.scopes
            .last_mut()
            .expect("`select` pushed it and pops it at its end")
    }
}

/// Clauses that other databases know, and INTO.
fn refuse_foreign_clauses(select: &Select) -> Result<(), Refusal> {
    let Select {
        select_token: _,
        optimizer_hints,
        distinct: _,
        select_modifiers: None,
        top: None,
        top_before_distinct: _,
        projection: _,
        exclude: None,
        into,
        from: _,
        lateral_views,
        prewhere: None,
        selection: _,
        connect_by,
        group_by: _,
        cluster_by,
        distribute_by,
        sort_by,
        having: _,
        named_window: _,
        qualify: None,
        window_before_qualify: _,
        value_table_mode: None,
        flavor: SelectFlavor::Standard,
    } = select
    else {
        return not_allowed("this form of SELECT");
    };
    if into.is_some() {
        let message = "SELECT INTO is not allowed in a generated query";
        return Err(Refusal::new("read-only", "42501", message));
    }
    let none = optimizer_hints.is_empty()
        && lateral_views.is_empty()
        && connect_by.is_empty()
        && cluster_by.is_empty()
        && distribute_by.is_empty()
        && sort_by.is_empty();
    if none {
        Ok(())
    } else {
        not_allowed("this form of SELECT")
    }
}

fn refuse_options(options: &WildcardAdditionalOptions) -> Result<(), Refusal> {
    let WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike: None,
        opt_exclude: None,
        opt_except: None,
        opt_replace: None,
        opt_rename: None,
        opt_alias: None,
    } = options
    else {
        return not_allowed("a star with options");
    };
    Ok(())
}
