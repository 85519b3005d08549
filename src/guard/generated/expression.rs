//! Expressions, node by node.

use sqlparser::ast::AccessExpr;
use sqlparser::ast::Array;
use sqlparser::ast::BinaryOperator;
use sqlparser::ast::CastKind;
use sqlparser::ast::CeilFloorKind;
use sqlparser::ast::DataType;
use sqlparser::ast::DateTimeField;
use sqlparser::ast::Expr;
use sqlparser::ast::ExtractSyntax;
use sqlparser::ast::Ident;
use sqlparser::ast::Interval;
use sqlparser::ast::Subscript;
use sqlparser::ast::TrimWhereField;
use sqlparser::ast::UnaryOperator;

use crate::guard::Refusal;
use crate::sql::schema::TypeKind;

use super::literal;
use super::name;
use super::operator;
use super::types;
use super::writer::Writer;
use super::writer::not_allowed;

/// What EXTRACT takes out of a date.
const FIELDS: &[&str] = &[
    "century",
    "day",
    "decade",
    "dow",
    "doy",
    "epoch",
    "hour",
    "isodow",
    "isoyear",
    "julian",
    "microseconds",
    "millennium",
    "milliseconds",
    "minute",
    "month",
    "quarter",
    "second",
    "timezone",
    "timezone_hour",
    "timezone_minute",
    "week",
    "year",
];

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
            Expr::Case {
                operand,
                conditions,
                else_result,
                case_token: _,
                end_token: _,
            } => {
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
            Expr::Exists { subquery, negated } => {
                self.word(if *negated { "NOT EXISTS" } else { "EXISTS" });
                self.parenthesised(|writer| writer.query(subquery))
                    .map(drop)
            }
            Expr::Subquery(query) => self.parenthesised(|writer| writer.query(query)).map(drop),
            Expr::Tuple(items) => self.parenthesised(|writer| writer.expressions(items)),
            Expr::Array(array) => self.array(array),
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

    fn infix(&mut self, left: &Expr, written: &str, right: &Expr) -> Result<(), Refusal> {
        self.expression(left)?;
        self.word(written);
        self.expression(right)
    }

    fn comparison(&mut self, comparison: &Expr) -> Result<(), Refusal> {
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

    fn cast(&mut self, kind: &CastKind, operand: &Expr, to: &DataType) -> Result<(), Refusal> {
        let written = match types::built_in(to)? {
            Some(built_in) => built_in,
            None => self.enum_constant(operand, to)?,
        };
        match kind {
            CastKind::Cast => {
                self.word("CAST(");
                self.expression(operand)?;
                self.word("AS");
                self.word(&written);
                self.put(")");
            }
            CastKind::DoubleColon => {
                self.expression(operand)?;
                self.put("::");
                self.put(&written);
            }
            CastKind::TryCast | CastKind::SafeCast => return not_allowed("TRY_CAST"),
        }
        Ok(())
    }

    /// The enum that a constant is cast to, if it has a label that reads so. Casts of anything
    /// else to a type that is not built in may run code.
    fn enum_constant(&self, operand: &Expr, to: &DataType) -> Result<String, Refusal> {
        let refused = || {
            let message = format!("a cast to type {to} is not allowed in a generated query");
            Refusal::new("type", "42501", message)
        };
        let (DataType::Custom(custom, _), Expr::Value(value)) = (to, operand) else {
            return Err(refused());
        };
        let (parts, label) = (name::parts(custom)?, literal::text(&value.value));
        self.schema
            .tables
            .iter()
            .flat_map(|table| &table.columns)
            .filter(|column| column.kind == TypeKind::Enum)
            .find(|column| types::is_named(&column.type_name, &parts))
            .filter(|column| {
                column
                    .enum_labels
                    .iter()
                    .any(|own| Some(own.as_str()) == label)
            })
            .map(|column| column.type_name.clone())
            .ok_or_else(refused)
    }

    fn typed(&mut self, data_type: &DataType, text: &str) -> Result<(), Refusal> {
        let Some(written) = types::built_in(data_type)? else {
            return not_allowed("a constant of this type");
        };
        match data_type {
            DataType::Date => self.word("DATE"),
            DataType::Timestamp(None, _) => self.word(&written.to_ascii_uppercase()),
            _ => {
                self.word(&format!("CAST({} AS {written})", literal::quoted(text)));
                return Ok(());
            }
        }
        self.word(&literal::quoted(text));
        Ok(())
    }

    fn interval(&mut self, interval: &Interval) -> Result<(), Refusal> {
        let Interval {
            value,
            leading_field,
            leading_precision: None,
            last_field: None,
            fractional_seconds_precision: None,
        } = interval
        else {
            return not_allowed("this form of INTERVAL");
        };
        let Expr::Value(value) = &**value else {
            return not_allowed("INTERVAL without a constant");
        };
        let Some(text) = literal::text(&value.value) else {
            return not_allowed("INTERVAL without a string");
        };
        self.word("INTERVAL");
        self.word(&literal::quoted(text));
        if let Some(field) = leading_field {
            let field = field_name(field)?;
            self.word(&field.to_ascii_uppercase());
        }
        Ok(())
    }

    fn array(&mut self, array: &Array) -> Result<(), Refusal> {
        if array.named {
            self.word("ARRAY[");
        } else {
            self.word("[");
        }
        self.expressions(&array.elem)?;
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

    /// Functions that SQL gives a grammar of their own.
    fn special_call(&mut self, call: &Expr) -> Result<(), Refusal> {
        match call {
            Expr::Extract {
                field,
                syntax: ExtractSyntax::From,
                expr,
            } => {
                let field = field_name(field)?;
                self.word(&format!("EXTRACT({} FROM", field.to_ascii_uppercase()));
                self.expression(expr)?;
            }
            Expr::Ceil {
                expr,
                field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => {
                self.word("ceil(");
                self.expression(expr)?;
            }
            Expr::Floor {
                expr,
                field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => {
                self.word("floor(");
                self.expression(expr)?;
            }
            Expr::Position { expr, r#in } => {
                self.word("position(");
                self.infix(expr, "IN", r#in)?;
            }
            Expr::Substring {
                expr,
                substring_from,
                substring_for,
                special,
                shorthand,
            } => {
                self.word(if *shorthand { "substr(" } else { "substring(" });
                self.expression(expr)?;
                let words = if *special {
                    [",", ","]
                } else {
                    [" FROM", " FOR"]
                };
                for (word, bound) in words.into_iter().zip([substring_from, substring_for]) {
                    if let Some(bound) = bound {
                        self.put(word);
                        self.expression(bound)?;
                    }
                }
            }
            Expr::Trim {
                trim_where,
                trim_what,
                expr,
                trim_characters,
            } => {
                self.word("trim(");
                match trim_where {
                    None => {}
                    Some(TrimWhereField::Both) => self.word("BOTH"),
                    Some(TrimWhereField::Leading) => self.word("LEADING"),
                    Some(TrimWhereField::Trailing) => self.word("TRAILING"),
                }
                if let Some(what) = trim_what {
                    self.expression(what)?;
                }
                if trim_where.is_some() || trim_what.is_some() {
                    self.word("FROM");
                }
                self.expression(expr)?;
                if let Some(characters) = trim_characters {
                    self.put(", ");
                    self.expressions(characters)?;
                }
            }
            Expr::Overlay {
                expr,
                overlay_what,
                overlay_from,
                overlay_for,
            } => {
                self.word("overlay(");
                self.infix(expr, "PLACING", overlay_what)?;
                self.word("FROM");
                self.expression(overlay_from)?;
                if let Some(length) = overlay_for {
                    self.word("FOR");
                    self.expression(length)?;
                }
            }
            _ => return not_allowed("this form of call"),
        }
        self.put(")");
        Ok(())
    }
}

fn field_name(field: &DateTimeField) -> Result<&'static str, Refusal> {
    let shown = field.to_string().to_ascii_lowercase();
    let shown = shown.trim_matches(['\'', '"']);
    match FIELDS.binary_search(&shown) {
        Ok(place) => Ok(FIELDS[place]),
        Err(_) => not_allowed("this date field"),
    }
}
