//! Functions that SQL gives a grammar of their own: EXTRACT, SUBSTRING, TRIM and their like.

use sqlparser::ast::CeilFloorKind;
use sqlparser::ast::DateTimeField;
use sqlparser::ast::Expr;
use sqlparser::ast::ExtractSyntax;
use sqlparser::ast::TrimWhereField;

use crate::guard::Refusal;

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
    /// Writes such a call.
    pub(super) fn special_call(&mut self, call: &Expr) -> Result<(), Refusal> {
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
                self.called("ceil");
                self.put("(");
                self.expression(expr)?;
            }
            Expr::Floor {
                expr,
                field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => {
                self.called("floor");
                self.put("(");
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
                match (shorthand, special) {
                    (true, _) => self.called("substr"),
                    (false, true) => self.called("substring"),
                    (false, false) => self.word("substring"),
                }
                self.put("(");
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

/// A field of a date or an interval, as it is written.
pub(super) fn field_name(field: &DateTimeField) -> Result<&'static str, Refusal> {
    let shown = field.to_string().to_ascii_lowercase();
    let shown = shown.trim_matches(['\'', '"']);
    match FIELDS.binary_search(&shown) {
        Ok(place) => Ok(FIELDS[place]),
        Err(_) => not_allowed("this date field"),
    }
}
