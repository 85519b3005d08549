//! Comparisons: IN, BETWEEN, LIKE and its kin, ANY and ALL.

use sqlparser::ast::BinaryOperator;
use sqlparser::ast::Expr;

use crate::guard::Refusal;

use super::operator;
use super::writer::Writer;
use super::writer::not_allowed;

impl Writer<'_> {
    /// Writes a comparison that is more than an operator between two operands.
    pub(super) fn comparison(&mut self, comparison: &Expr) -> Result<(), Refusal> {
        match comparison {
            Expr::InList {
                expr,
                list,
                negated,
            } => {
                self.expression(expr)?;
                self.word(if *negated { "NOT IN" } else { "IN" });
                self.parenthesised(|writer| writer.expressions(list))
            }
            Expr::InSubquery {
                expr,
                subquery,
                negated,
            } => {
                self.expression(expr)?;
                self.word(if *negated { "NOT IN" } else { "IN" });
                self.parenthesised(|writer| writer.query(subquery))
                    .map(drop)
            }
            Expr::Between {
                expr,
                negated,
                low,
                high,
            } => {
                self.infix(expr, if *negated { "NOT BETWEEN" } else { "BETWEEN" }, low)?;
                self.word("AND");
                self.expression(high)
            }
            Expr::Like {
                negated,
                any,
                expr,
                pattern,
                escape_char,
            } => {
                let written = if *negated { "NOT LIKE" } else { "LIKE" };
                self.pattern((expr, written, *any), pattern, escape_char.as_deref())
            }
            Expr::ILike {
                negated,
                any,
                expr,
                pattern,
                escape_char,
            } => {
                let written = if *negated { "NOT ILIKE" } else { "ILIKE" };
                self.pattern((expr, written, *any), pattern, escape_char.as_deref())
            }
            Expr::SimilarTo {
                negated,
                expr,
                pattern,
                escape_char,
            } => {
                let written = if *negated {
                    "NOT SIMILAR TO"
                } else {
                    "SIMILAR TO"
                };
                self.pattern((expr, written, false), pattern, escape_char.as_deref())
            }
            Expr::AnyOp {
                left,
                compare_op,
                right,
                is_some: _,
            } => self.quantified((left, compare_op), "ANY", right),
            Expr::AllOp {
                left,
                compare_op,
                right,
            } => self.quantified((left, compare_op), "ALL", right),
            _ => not_allowed("this comparison"),
        }
    }

    fn pattern(
        &mut self,
        (operand, written, any): (&Expr, &str, bool),
        pattern: &Expr,
        escape: Option<&Expr>,
    ) -> Result<(), Refusal> {
        self.expression(operand)?;
        self.word(written);
        if any {
            let (Expr::Nested(_) | Expr::Subquery(_)) = pattern else {
                return not_allowed("this form of ANY");
            };
            self.word("ANY");
        }
        self.expression(pattern)?;
        if let Some(escape) = escape {
            self.word("ESCAPE");
            self.expression(escape)?;
        }
        Ok(())
    }

    fn quantified(
        &mut self,
        (left, op): (&Expr, &BinaryOperator),
        quantifier: &str,
        right: &Expr,
    ) -> Result<(), Refusal> {
        self.expression(left)?;
        self.word(operator::binary(op)?);
        self.word(quantifier);
        match right {
            Expr::Subquery(query) => self.parenthesised(|writer| writer.query(query)).map(drop),
            Expr::Nested(inner) => self.parenthesised(|writer| writer.expression(inner)),
            other => self.parenthesised(|writer| writer.expression(other)),
        }
    }
}
