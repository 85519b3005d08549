//! Functions in FROM.

use sqlparser::ast::Expr;
use sqlparser::ast::FunctionArg;
use sqlparser::ast::FunctionArgExpr;
use sqlparser::ast::ObjectName;
use sqlparser::ast::TableAlias;

use crate::guard::Refusal;

use super::functions;
use super::name;
use super::output::Output;
use super::output::Outputs;
use super::writer::Writer;
use super::writer::not_allowed;

/// A function in FROM.
pub(super) struct Call<'a> {
    /// Its name.
    pub(super) name: &'a ObjectName,
    /// Its arguments.
    pub(super) args: &'a [FunctionArg],
    /// Whether a column numbers its rows.
    pub(super) with_ordinality: bool,
}

impl Writer<'_> {
    /// Writes a call in FROM, with its alias.
    pub(super) fn call(
        &mut self,
        call: &Call<'_>,
        alias: Option<&TableAlias>,
    ) -> Result<(), Refusal> {
        let parts = name::parts(call.name)?;
        let Some(function) = functions::in_from(&parts) else {
            return Err(functions::refused(&parts));
        };
        self.sees(true);
        self.called(function.name);
        self.put("(");
        self.list(call.args, |writer, argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => {
                writer.expression(expression)
            }
            _ => not_allowed("this form of argument"),
        })?;
        self.put(")");
        self.table_function(function, (call.with_ordinality, alias))
    }

    /// Writes `unnest(…)` in FROM, which the parser knows by itself.
    pub(super) fn unnest(
        &mut self,
        arrays: &[Expr],
        (with_ordinality, alias): (bool, Option<&TableAlias>),
    ) -> Result<(), Refusal> {
        self.sees(true);
        self.called("unnest");
        self.put("(");
        self.expressions(arrays)?;
        self.put(")");
        let columns: &[&str] = if arrays.len() > 1 {
            &["unnest"; 8]
        } else {
            &[]
        };
        let columns = &columns[..arrays.len().min(columns.len())];
        let function = functions::InFrom {
            name: "unnest",
            columns,
        };
        self.table_function(function, (with_ordinality, alias))
    }

    /// The columns of a function in FROM: those that it declares, else one that has the name of
    /// the alias, else its own.
    fn table_function(
        &mut self,
        function: functions::InFrom,
        (with_ordinality, alias): (bool, Option<&TableAlias>),
    ) -> Result<(), Refusal> {
        let own = alias.map(|alias| name::folded(&alias.name)).transpose()?;
        let own = own.unwrap_or_else(|| function.name.to_owned());
        let mut columns: Vec<_> = function
            .columns
            .iter()
            .copied()
            .map(Output::plain)
            .collect();
        if columns.is_empty() {
            columns.push(Output::plain(own.clone()));
        }
        if with_ordinality {
            self.word("WITH ORDINALITY");
            columns.push(Output::plain("ordinality"));
        }
        if alias.is_some() {
            return self.aliased(
                Outputs {
                    columns,
                    unordered: false,
                },
                alias,
            );
        }
        self.source(Some(own), None, columns);
        Ok(())
    }
}
