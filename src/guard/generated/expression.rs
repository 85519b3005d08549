//! Expressions, node by node.

use sqlparser::ast::AccessExpr;
use sqlparser::ast::Array;
use sqlparser::ast::Expr;
use sqlparser::ast::Ident;
use sqlparser::ast::Subscript;
use sqlparser::ast::UnaryOperator;

use crate::guard::Refusal;

use super::literal;
use super::operator;
use super::writer::Writer;
use super::writer::not_allowed;

impl Writer<'_> {
    /// Writes expressions with commas between.
    pub(super) fn expressions(&mut self, expressions: &[Expr]) -> Result<(), Refusal> {
        self.list(expressions, Self::expression)
    }

    /// Writes an expression that is nothing but a column, or any other; whether it is a column of
    /// a type with code of its own, which may be shown but not computed with.
    pub(super) fn bare(&mut self, expression: &Expr) -> Result<bool, Refusal> {
        match expression {
            Expr::Identifier(ident) => self.column(std::slice::from_ref(ident)),
            Expr::CompoundIdentifier(parts) => self.column(parts),
            other => self.expression(other).map(|()| false),
        }
    }

    /// Writes an expression.
    pub(super) fn expression(&mut self, expression: &Expr) -> Result<(), Refusal> {
        self.step()?;
        match expression {
            Expr::Identifier(ident) => self.computable(std::slice::from_ref(ident)),
            Expr::CompoundIdentifier(parts) => self.computable(parts),
            Expr::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain),
            Expr::Value(value) => {
                let written = literal::written(&value.value)?;
                self.word(&written);
                Ok(())
            }
            Expr::Nested(inner) => self.parenthesised(|writer| writer.expression(inner)),
            Expr::BinaryOp { left, op, right } => {
                self.expression(left)?;
                self.word(operator::binary(op)?);
                self.expression(right)
            }
            Expr::UnaryOp { op, expr } => self.unary(*op, expr),
            Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsUnknown(_)
            | Expr::IsNotUnknown(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..) => self.test(expression),
            Expr::InList { .. }
            | Expr::InSubquery { .. }
            | Expr::Between { .. }
            | Expr::Like { .. }
            | Expr::ILike { .. }
            | Expr::SimilarTo { .. }
            | Expr::AnyOp { .. }
            | Expr::AllOp { .. } => self.comparison(expression),
            Expr::Cast {
                kind,
                expr,
                data_type,
                format: None,
            } => self.cast(kind, expr, data_type),
            Expr::TypedString(typed) if !typed.uses_odbc_syntax => {
                let Some(text) = literal::text(&typed.value.value) else {
                    return not_allowed("this form of constant");
                };
                self.typed(&typed.data_type, text)
            }
            Expr::Interval(interval) => self.interval(interval),
            Expr::Function(function) => self.function(function),
            Expr::Case { .. } => self.case(expression),
            Expr::Exists { subquery, negated } => {
                self.word(if *negated { "NOT EXISTS" } else { "EXISTS" });
                self.parenthesised(|writer| writer.query(subquery))
                    .map(drop)
            }
            Expr::Subquery(query) => self.parenthesised(|writer| writer.query(query)).map(drop),
            Expr::Tuple(items) => self.parenthesised(|writer| writer.expressions(items)),
            Expr::Array(array) if array.named => self.array(array),
            Expr::AtTimeZone {
                timestamp,
                time_zone,
            } => {
                self.expression(timestamp)?;
                self.word("AT TIME ZONE");
                self.expression(time_zone)
            }
            Expr::Extract { .. }
            | Expr::Ceil { .. }
            | Expr::Floor { .. }
            | Expr::Position { .. }
            | Expr::Substring { .. }
            | Expr::Trim { .. }
            | Expr::Overlay { .. } => self.special_call(expression),
            _ => not_allowed("this kind of expression"),
        }
    }

    fn case(&mut self, case: &Expr) -> Result<(), Refusal> {
        let Expr::Case {
            operand,
            conditions,
            else_result,
            case_token: _,
            end_token: _,
        } = case
        else {
            return not_allowed("this form of CASE");
        };
        self.word("CASE");
        if let Some(operand) = operand {
            self.expression(operand)?;
        }
        for branch in conditions {
            self.word("WHEN");
            self.expression(&branch.condition)?;
            self.word("THEN");
            self.expression(&branch.result)?;
        }
        if let Some(result) = else_result {
            self.word("ELSE");
            self.expression(result)?;
        }
        self.word("END");
        Ok(())
    }

    fn computable(&mut self, parts: &[Ident]) -> Result<(), Refusal> {
        if self.column(parts)? {
            let shown = parts
                .iter()
                .map(|part| part.value.as_str())
                .collect::<Vec<_>>()
                .join(".");
            let message = format!("column {shown} is of a type that generated queries only show");
            return Err(Refusal::new("type", "42501", message));
        }
        Ok(())
    }

    fn unary(&mut self, op: UnaryOperator, operand: &Expr) -> Result<(), Refusal> {
        let written = operator::unary(op)?;
        if let (UnaryOperator::Minus, Expr::Value(value)) = (op, operand) {
            self.step()?;
            self.word(&format!("-{}", literal::written(&value.value)?));
            return Ok(());
        }
        self.word(written);
        self.expression(operand)
    }

    fn test(&mut self, test: &Expr) -> Result<(), Refusal> {
        let (operand, written) = match test {
            // Neither looks at the value, so any column will do.
            Expr::IsNull(operand) => {
                self.bare(operand)?;
                self.word("IS NULL");
                return Ok(());
            }
            Expr::IsNotNull(operand) => {
                self.bare(operand)?;
                self.word("IS NOT NULL");
                return Ok(());
            }
            Expr::IsTrue(operand) => (operand, "IS TRUE"),
            Expr::IsNotTrue(operand) => (operand, "IS NOT TRUE"),
            Expr::IsFalse(operand) => (operand, "IS FALSE"),
            Expr::IsNotFalse(operand) => (operand, "IS NOT FALSE"),
            Expr::IsUnknown(operand) => (operand, "IS UNKNOWN"),
            Expr::IsNotUnknown(operand) => (operand, "IS NOT UNKNOWN"),
            Expr::IsDistinctFrom(left, right) => {
                return self.infix(left, "IS DISTINCT FROM", right);
            }
            Expr::IsNotDistinctFrom(left, right) => {
                return self.infix(left, "IS NOT DISTINCT FROM", right);
            }
            _ => return not_allowed("this test"),
        };
        self.expression(operand)?;
        self.word(written);
        Ok(())
    }

    /// Writes `left written right`.
    pub(super) fn infix(
        &mut self,
        left: &Expr,
        written: &str,
        right: &Expr,
    ) -> Result<(), Refusal> {
        self.expression(left)?;
        self.word(written);
        self.expression(right)
    }

    /// `ARRAY[…]`; the brackets of further dimensions need no word.
    fn array(&mut self, array: &Array) -> Result<(), Refusal> {
        self.word(if array.named { "ARRAY[" } else { "[" });
        self.list(&array.elem, |writer, element| match element {
            Expr::Array(inner) => writer.array(inner),
            other => writer.expression(other),
        })?;
        self.put("]");
        Ok(())
    }

    /// Subscripts. A field of a row is refused: it may as well be a call.
    fn access(&mut self, root: &Expr, chain: &[AccessExpr]) -> Result<(), Refusal> {
        let dots = chain
            .iter()
            .take_while(|access| matches!(access, AccessExpr::Dot(_)))
            .count();
        let (dotted, subscripts) = chain.split_at(dots);
        if dotted.is_empty() {
            self.expression(root)?;
        } else {
            let mut parts = match root {
                Expr::Identifier(ident) => vec![ident.clone()],
                Expr::CompoundIdentifier(parts) => parts.clone(),
                _ => return not_allowed("a field of a row"),
            };
            for access in dotted {
                let AccessExpr::Dot(Expr::Identifier(ident)) = access else {
                    return not_allowed("a field of a row");
                };
                parts.push(ident.clone());
            }
            self.computable(&parts)?;
        }
        for access in subscripts {
            let AccessExpr::Subscript(subscript) = access else {
                return not_allowed("a field of a row");
            };
            self.subscript(subscript)?;
        }
        Ok(())
    }

    fn subscript(&mut self, subscript: &Subscript) -> Result<(), Refusal> {
        self.put("[");
        match subscript {
            Subscript::Index { index } => self.expression(index)?,
            Subscript::Slice {
                lower_bound,
                upper_bound,
                stride: None,
            } => {
                if let Some(bound) = lower_bound {
                    self.expression(bound)?;
                }
                self.put(" :");
                if let Some(bound) = upper_bound {
                    self.expression(bound)?;
                }
            }
            Subscript::Slice { .. } => return not_allowed("a slice with a stride"),
        }
        self.put("]");
        Ok(())
    }
}
