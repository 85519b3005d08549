//! Casts and constants with a type.

use sqlparser::ast::CastKind;
use sqlparser::ast::DataType;
use sqlparser::ast::Expr;
use sqlparser::ast::Interval;

use crate::guard::Refusal;
use crate::sql::schema::TypeKind;

use super::literal;
use super::name;
use super::special;
use super::type_names;
use super::writer::Writer;
use super::writer::not_allowed;

impl Writer<'_> {
    /// Writes a cast.
    pub(super) fn cast(
        &mut self,
        kind: &CastKind,
        operand: &Expr,
        to: &DataType,
    ) -> Result<(), Refusal> {
        let written = match type_names::built_in(to)? {
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
        self.sight
            .schema
            .tables
            .iter()
            .flat_map(|table| &table.columns)
            .filter(|column| column.kind == TypeKind::Enum)
            .find(|column| type_names::is_named(&column.type_name, &parts))
            .filter(|column| {
                column
                    .enum_labels
                    .iter()
                    .any(|own| Some(own.as_str()) == label)
            })
            .map(|column| column.type_name.clone())
            .ok_or_else(refused)
    }

    /// Writes `DATE '…'` and the like.
    pub(super) fn typed(&mut self, data_type: &DataType, text: &str) -> Result<(), Refusal> {
        let Some(written) = type_names::built_in(data_type)? else {
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

    /// Writes `INTERVAL '…'`.
    pub(super) fn interval(&mut self, interval: &Interval) -> Result<(), Refusal> {
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
            let field = special::field_name(field)?;
            self.word(&field.to_ascii_uppercase());
        }
        Ok(())
    }
}
