//! Calls: arguments, FILTER, WITHIN GROUP, OVER.

use sqlparser::ast::DuplicateTreatment;
use sqlparser::ast::Expr;
use sqlparser::ast::Function;
use sqlparser::ast::FunctionArg;
use sqlparser::ast::FunctionArgExpr;
use sqlparser::ast::FunctionArgOperator;
use sqlparser::ast::FunctionArgumentClause;
use sqlparser::ast::FunctionArgumentList;
use sqlparser::ast::FunctionArguments;
use sqlparser::ast::Value;
use sqlparser::ast::WindowFrame;
use sqlparser::ast::WindowFrameBound;
use sqlparser::ast::WindowFrameUnits;
use sqlparser::ast::WindowSpec;
use sqlparser::ast::WindowType;

use crate::guard::Refusal;

use super::functions;
use super::literal;
use super::name;
use super::writer::Writer;
use super::writer::not_allowed;

/// Characters that `lpad` and `rpad` may pad to.
const MAX_PADDING: u32 = 1000;

impl Writer<'_> {
    /// Writes a call.
    pub(super) fn function(&mut self, function: &Function) -> Result<(), Refusal> {
        let Function {
            name,
            uses_odbc_syntax: false,
            parameters: FunctionArguments::None,
            args,
            within_group,
            filter,
            null_treatment: None,
            over,
        } = function
        else {
            return not_allowed("this form of call");
        };
        let parts = name::parts(name)?;
        match args {
            FunctionArguments::None => {
                let bare = functions::bare(&parts).ok_or_else(|| functions::refused(&parts))?;
                self.word(&bare.to_ascii_uppercase());
            }
            FunctionArguments::Subquery(query) if parts == ["array"] => {
                self.word("ARRAY(");
                self.query(query)?;
                self.put(")");
            }
            FunctionArguments::Subquery(_) => return not_allowed("a query as an argument"),
            FunctionArguments::List(arguments) => {
                let called = functions::called(&parts).ok_or_else(|| functions::refused(&parts))?;
                refuse_large_values(called, arguments)?;
                self.called(called);
                self.arguments(arguments)?;
            }
        }
        if !within_group.is_empty() {
            self.word("WITHIN GROUP (ORDER BY");
            self.sort_keys(within_group)?;
            self.put(")");
        }
        if let Some(condition) = filter {
            self.word("FILTER (WHERE");
            self.expression(condition)?;
            self.put(")");
        }
        match over {
            None => Ok(()),
            Some(WindowType::WindowSpec(window)) => {
                self.word("OVER");
                self.window(window)
            }
            Some(WindowType::NamedWindow(window)) => {
                self.word("OVER");
                self.ident(window).map(drop)
            }
        }
    }

    fn arguments(&mut self, list: &FunctionArgumentList) -> Result<(), Refusal> {
        let FunctionArgumentList {
            duplicate_treatment,
            args,
            clauses,
        } = list;
        self.put("(");
        match duplicate_treatment {
            None => {}
            Some(DuplicateTreatment::Distinct) => self.word("DISTINCT"),
            Some(DuplicateTreatment::All) => self.word("ALL"),
        }
        self.list(args, Self::argument)?;
        for clause in clauses {
            let FunctionArgumentClause::OrderBy(keys) = clause else {
                return not_allowed("this clause of an argument list");
            };
            self.word("ORDER BY");
            self.sort_keys(keys)?;
        }
        self.put(")");
        Ok(())
    }

    fn argument(&mut self, argument: &FunctionArg) -> Result<(), Refusal> {
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => self.expression(expression),
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => {
                self.word("*");
                Ok(())
            }
            FunctionArg::Named {
                name,
                arg: FunctionArgExpr::Expr(expression),
                operator: FunctionArgOperator::RightArrow,
            } => {
                self.ident(name)?;
                self.word("=>");
                self.expression(expression)
            }
            _ => not_allowed("this form of argument"),
        }
    }

    /// Writes a window in its parentheses.
    pub(super) fn window(&mut self, window: &WindowSpec) -> Result<(), Refusal> {
        let WindowSpec {
            window_name,
            partition_by,
            order_by,
            window_frame,
        } = window;
        self.parenthesised(|writer| {
            if let Some(base) = window_name {
                writer.ident(base)?;
            }
            if !partition_by.is_empty() {
                writer.word("PARTITION BY");
                writer.put(" ");
                writer.expressions(partition_by)?;
            }
            if !order_by.is_empty() {
                writer.word("ORDER BY");
                writer.sort_keys(order_by)?;
            }
            match window_frame {
                None => Ok(()),
                Some(frame) => writer.frame(frame),
            }
        })
    }

    fn frame(&mut self, frame: &WindowFrame) -> Result<(), Refusal> {
        let WindowFrame {
            units,
            start_bound,
            end_bound,
        } = frame;
        self.word(match units {
            WindowFrameUnits::Rows => "ROWS",
            WindowFrameUnits::Range => "RANGE",
            WindowFrameUnits::Groups => "GROUPS",
        });
        let Some(end_bound) = end_bound else {
            return self.bound(start_bound);
        };
        self.word("BETWEEN");
        self.bound(start_bound)?;
        self.word("AND");
        self.bound(end_bound)
    }

    fn bound(&mut self, bound: &WindowFrameBound) -> Result<(), Refusal> {
        let (distance, side) = match bound {
            WindowFrameBound::CurrentRow => {
                self.word("CURRENT ROW");
                return Ok(());
            }
            WindowFrameBound::Preceding(distance) => (distance, "PRECEDING"),
            WindowFrameBound::Following(distance) => (distance, "FOLLOWING"),
        };
        match distance {
            None => self.word("UNBOUNDED"),
            Some(distance) => self.expression(distance)?,
        }
        self.word(side);
        Ok(())
    }
}

/// A few harmless functions make huge values when asked to; they must be asked with constants.
fn refuse_large_values(function: &str, list: &FunctionArgumentList) -> Result<(), Refusal> {
    let constant = |place: usize| match list.args.get(place) {
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value)))) => Some(&value.value),
        _ => None,
    };
    match function {
        "lpad" | "rpad" => match constant(1) {
            Some(Value::Number(digits, _))
                if digits
                    .parse::<u32>()
                    .is_ok_and(|width| width <= MAX_PADDING) =>
            {
                Ok(())
            }
            _ => {
                let message = format!("{function} needs a constant width up to {MAX_PADDING}");
                Err(Refusal::new("function", "54000", message))
            }
        },
        "format" => match constant(0).and_then(literal::text) {
            Some(pattern) if pads_nothing(pattern) => Ok(()),
            _ => {
                let message = "format needs a constant pattern without widths";
                Err(Refusal::new("function", "54000", message))
            }
        },
        _ => Ok(()),
    }
}

/// Whether each `%` of a pattern stands before its letter.
fn pads_nothing(pattern: &str) -> bool {
    let mut rest = pattern.chars();
    while let Some(next) = rest.next() {
        if next == '%'
            && !rest
                .next()
                .is_some_and(|letter| matches!(letter, 's' | 'I' | 'L' | '%'))
        {
            return false;
        }
    }
    true
}
