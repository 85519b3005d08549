//! Types that a generated query may name.

use sqlparser::ast::ArrayElemTypeDef;
use sqlparser::ast::CharacterLength;
use sqlparser::ast::DataType;
use sqlparser::ast::ExactNumberInfo;
use sqlparser::ast::TimezoneInfo;

use crate::guard::Refusal;
use crate::sql::schema::Column;
use crate::sql::schema::TypeKind;

use super::name;

/// Characters that `char(n)` and `varchar(n)` may ask for: the server pads up to ten million.
const MAX_LENGTH: u64 = 10_000;

/// Built-in types without a node of their own in the tree, by their names in `pg_type`.
const NAMED: &[&str] = &[
    "bpchar",
    "cidr",
    "daterange",
    "inet",
    "int4range",
    "int8range",
    "jsonpath",
    "macaddr",
    "money",
    "name",
    "numrange",
    "timetz",
    "tsrange",
    "tstzrange",
];

/// Whether values of the column's type run code that is not the server's own: composite types,
/// types of extensions. A domain counts by the type beneath it, an enum is plain.
pub(super) fn is_opaque(column: &Column) -> bool {
    // What is not in `pg_catalog` has its schema in front.
    column.kind == TypeKind::Other && column.type_name.contains('.')
}

/// A built-in type as it is written; `None` when it is none.
pub(super) fn built_in(data_type: &DataType) -> Result<Option<String>, Refusal> {
    if let DataType::Array(ArrayElemTypeDef::SquareBracket(element, None)) = data_type {
        return Ok(built_in(element)?.map(|element| format!("{element}[]")));
    }
    if let DataType::Custom(custom, modifiers) = data_type {
        let parts = name::parts(custom)?;
        let named = match &parts[..] {
            [schema, named] if schema == "pg_catalog" => named,
            [named] => named,
            _ => return Ok(None),
        };
        let known = modifiers.is_empty() && NAMED.binary_search(&named.as_str()).is_ok();
        return Ok(known.then(|| named.clone()));
    }
    let Some((written, _)) = spellings(data_type) else {
        return Ok(None);
    };
    Ok(Some(format!("{written}{}", modifier(data_type)?)))
}

/// The name in `pg_type`, which an output column takes from a cast.
pub(super) fn short_name(data_type: &DataType) -> Option<String> {
    match data_type {
        DataType::Custom(custom, _) => name::parts(custom).ok()?.pop(),
        DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) => short_name(element),
        other => spellings(other).map(|(_, short)| short.to_owned()),
    }
}

/// How a type is written, and its name in `pg_type`.
fn spellings(data_type: &DataType) -> Option<(&'static str, &'static str)> {
    use DataType as T;
    Some(match data_type {
        T::Bool | T::Boolean => ("boolean", "bool"),
        T::SmallInt(None) | T::Int2(None) => ("smallint", "int2"),
        T::Int(None) | T::Integer(None) | T::Int4(None) => ("integer", "int4"),
        T::BigInt(None) | T::Int8(None) => ("bigint", "int8"),
        T::Real | T::Float4 => ("real", "float4"),
        T::DoublePrecision | T::Float8 => ("double precision", "float8"),
        T::Float(_) => ("float", "float8"),
        T::Numeric(_) | T::Decimal(_) | T::Dec(_) => ("numeric", "numeric"),
        T::Text => ("text", "text"),
        T::Varchar(_) | T::CharacterVarying(_) | T::CharVarying(_) => ("varchar", "varchar"),
        T::Char(_) | T::Character(_) => ("char", "bpchar"),
        T::Date => ("date", "date"),
        T::Time(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => ("time", "time"),
        T::Timestamp(_, zone) => match zone {
            TimezoneInfo::None | TimezoneInfo::WithoutTimeZone => ("timestamp", "timestamp"),
            TimezoneInfo::WithTimeZone | TimezoneInfo::Tz => ("timestamptz", "timestamptz"),
        },
        T::Interval {
            fields: None,
            precision: None,
        } => ("interval", "interval"),
        T::Uuid => ("uuid", "uuid"),
        T::JSON => ("json", "json"),
        T::JSONB => ("jsonb", "jsonb"),
        T::TsVector => ("tsvector", "tsvector"),
        T::TsQuery => ("tsquery", "tsquery"),
        _ => return None,
    })
}

fn modifier(data_type: &DataType) -> Result<String, Refusal> {
    use DataType as T;
    Ok(match data_type {
        T::Varchar(length)
        | T::CharacterVarying(length)
        | T::CharVarying(length)
        | T::Char(length)
        | T::Character(length) => match length {
            None => String::new(),
            Some(CharacterLength::IntegerLength { length, unit: None })
                if *length <= MAX_LENGTH =>
            {
                format!("({length})")
            }
            Some(_) => {
                let message = format!("a length over {MAX_LENGTH} is not allowed");
                return Err(Refusal::new("type", "54000", message));
            }
        },
        T::Numeric(info) | T::Decimal(info) | T::Dec(info) | T::Float(info) => match info {
            ExactNumberInfo::None => String::new(),
            ExactNumberInfo::Precision(precision) => format!("({precision})"),
            ExactNumberInfo::PrecisionAndScale(precision, scale) => {
                format!("({precision}, {scale})")
            }
        },
        T::Time(Some(precision), _) | T::Timestamp(Some(precision), _) => format!("({precision})"),
        _ => String::new(),
    })
}

/// Whether a name as `format_type` prints it is that of these parts.
pub(super) fn is_named(type_name: &str, parts: &[String]) -> bool {
    let dotted = match parts {
        [name] => return split(type_name).is_some_and(|(_, own)| own == *name),
        [schema, name] => (schema.clone(), name.clone()),
        _ => return false,
    };
    split(type_name) == Some(dotted)
}

/// The two parts of `schema.name`, either of which may be quoted.
fn split(type_name: &str) -> Option<(String, String)> {
    let (schema, rest) = part(type_name)?;
    let (own, rest) = part(rest.strip_prefix('.')?)?;
    rest.is_empty().then_some((schema, own))
}

fn part(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find('.').unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let mut inside = String::new();
    let mut rest = quoted;
    loop {
        let end = rest.find('"')?;
        inside.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(more) => {
                inside.push('"');
                rest = more;
            }
            None => return Some((inside, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NAMED;
    use super::is_named;

    fn parts(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn names_are_sorted_for_the_binary_search() {
        assert!(NAMED.is_sorted());
    }

    #[test]
    fn a_printed_type_name_is_read_with_its_quotes() {
        assert!(is_named("public.status", &parts(&["status"])));
        assert!(is_named("public.status", &parts(&["public", "status"])));
        assert!(is_named(
            "\"A.b\".\"say \"\"x\"\"\"",
            &parts(&["A.b", "say \"x\""])
        ));
        assert!(!is_named("public.status", &parts(&["sales", "status"])));
        assert!(!is_named("status", &parts(&["status"])));
    }
}
