//! The columns that a relation or a query gives, with the names that PostgreSQL gives them.

use sqlparser::ast::Expr;
use sqlparser::ast::FunctionArguments;
use sqlparser::ast::SelectItem;
use sqlparser::ast::SetExpr;
use sqlparser::ast::TrimWhereField;

use super::name;
use super::type_names;

/// One column that can be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    /// Its name.
    pub(super) name: String,
    /// Its type has code of its own: somebody's casts and operators would run with it.
    pub(super) opaque: bool,
}

/// What a query gives.
#[derive(Debug, Clone, Default)]
pub(super) struct Outputs {
    /// In order.
    pub(super) columns: Vec<Output>,
    /// `*` over USING or NATURAL: which columns there are is known, not in which order.
    pub(super) unordered: bool,
}

impl Output {
    /// A column of a built-in type.
    pub(super) fn plain(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            opaque: false,
        }
    }
}

/// The name of an output column without alias.
///
/// As `FigureColname` does it in PostgreSQL's `src/backend/parser/parse_target.c`.
pub(super) fn name_of(expression: &Expr) -> String {
    strong(expression)
        .or_else(|| weak(expression))
        .unwrap_or_else(|| "?column?".to_owned())
}

fn strong(expression: &Expr) -> Option<String> {
    let fixed = match expression {
        Expr::Identifier(ident) => return name::folded(ident).ok(),
        Expr::CompoundIdentifier(parts) => return name::folded(parts.last()?).ok(),
        Expr::CompoundFieldAccess { root, .. } => return strong(root),
        Expr::Nested(inner) => return strong(inner),
        Expr::Collate { expr, .. } | Expr::Cast { expr, .. } => return strong(expr),
        Expr::Case { else_result, .. } => return strong(else_result.as_deref()?),
        Expr::Function(function) => {
            return match function.args {
                FunctionArguments::Subquery(_) => Some("array".to_owned()),
                _ => name::parts(&function.name).ok()?.pop(),
            };
        }
        Expr::Subquery(query) => return first_of(&query.body),
        Expr::Exists { .. } => "exists",
        Expr::Array(_) => "array",
        Expr::Extract { .. } => "extract",
        Expr::AtTimeZone { .. } => "timezone",
        Expr::Substring {
            shorthand: true, ..
        } => "substr",
        Expr::Substring { .. } => "substring",
        Expr::Position { .. } => "position",
        Expr::Overlay { .. } => "overlay",
        Expr::Ceil { .. } => "ceil",
        Expr::Floor { .. } => "floor",
        Expr::Trim {
            trim_where: Some(TrimWhereField::Leading),
            ..
        } => "ltrim",
        Expr::Trim {
            trim_where: Some(TrimWhereField::Trailing),
            ..
        } => "rtrim",
        Expr::Trim { .. } => "btrim",
        _ => return None,
    };
    Some(fixed.to_owned())
}

fn weak(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Nested(inner) => weak(inner),
        Expr::Collate { expr, .. } => weak(expr),
        Expr::Cast { data_type, .. } => type_names::short_name(data_type),
        Expr::TypedString(typed) => type_names::short_name(&typed.data_type),
        Expr::Interval(_) => Some("interval".to_owned()),
        Expr::Case { .. } => Some("case".to_owned()),
        _ => None,
    }
}

fn first_of(body: &SetExpr) -> Option<String> {
    match body {
        SetExpr::Select(select) => match select.projection.first()? {
            SelectItem::UnnamedExpr(expression) => Some(name_of(expression)),
            SelectItem::ExprWithAlias { alias, .. } => name::folded(alias).ok(),
            _ => None,
        },
        SetExpr::Query(query) => first_of(&query.body),
        SetExpr::SetOperation { left, .. } => first_of(left),
        _ => None,
    }
}
