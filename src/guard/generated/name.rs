//! Names as PostgreSQL folds and quotes them.

use sqlparser::ast::Ident;
use sqlparser::ast::ObjectName;
use sqlparser::ast::ObjectNamePart;

use crate::guard::Refusal;

/// When a name is written in double quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    /// When it would not read back as the same name without.
    WhereNeeded,
    /// Always; for the rare name that only our parser takes for a keyword.
    Always,
}

/// The name that an identifier stands for: folded unless it was quoted.
pub(super) fn folded(ident: &Ident) -> Result<String, Refusal> {
    match ident.quote_style {
        None => Ok(ident.value.to_ascii_lowercase()),
        Some('"') => Ok(ident.value.clone()),
        Some(other) => {
            let message = format!("{other} does not quote names in PostgreSQL");
            let hint = "use double quotes".to_owned();
            Err(Refusal::new("syntax", "42601", message).hint(hint))
        }
    }
}

/// The parts of a dotted name, each folded.
pub(super) fn parts(name: &ObjectName) -> Result<Vec<String>, Refusal> {
    let part = |part: &ObjectNamePart| match part {
        ObjectNamePart::Identifier(ident) => folded(ident),
        ObjectNamePart::Function(_) => Err(Refusal::new(
            "node",
            "0A000",
            "a function call is not a name",
        )),
    };
    name.0.iter().map(part).collect()
}

/// The name as it is written.
pub(super) fn quoted(name: &str, quoting: Quoting) -> String {
    let mut bytes = name.bytes();
    let plain = bytes
        .next()
        .is_some_and(|first| first.is_ascii_lowercase() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !KEYWORDS
            .split_ascii_whitespace()
            .any(|keyword| keyword == name);
    if plain && quoting == Quoting::WhereNeeded {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Keywords that are not "non-reserved" in
/// <https://www.postgresql.org/docs/current/sql-keywords-appendix.html>, up to PostgreSQL 18.
const KEYWORDS: &str = "
    all analyse analyze and any array as asc asymmetric authorization between bigint binary
    bit boolean both case cast char character check coalesce collate collation column
    concurrently constraint create cross current_catalog current_date current_role
    current_schema current_time current_timestamp current_user dec decimal default
    deferrable desc distinct do else end except exists extract false fetch float for foreign
    freeze from full grant greatest group grouping having ilike in initially inner inout int
    integer intersect interval into is isnull join json json_array json_arrayagg json_exists
    json_object json_objectagg json_query json_scalar json_serialize json_table json_value
    lateral leading least left like limit localtime localtimestamp merge_action national
    natural nchar none normalize not notnull null nullif numeric offset on only or order out
    outer overlaps overlay placing position precision primary real references returning
    right row select session_user setof similar smallint some substring symmetric
    system_user table tablesample then time timestamp to trailing treat trim true union
    unique user using values varchar variadic verbose when where window with xmlattributes
    xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
    xmlserialize xmltable
";

#[cfg(test)]
mod tests {
    use super::Quoting;
    use super::quoted;

    #[test]
    fn names_are_quoted_only_where_they_need_it() {
        for (name, written) in [
            ("orders", "orders"),
            ("order", "\"order\""),
            ("Orders", "\"Orders\""),
            ("1st", "\"1st\""),
            ("größe", "\"größe\""),
            ("a\"b", "\"a\"\"b\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(name, Quoting::WhereNeeded), written);
        }
        assert_eq!(quoted("orders", Quoting::Always), "\"orders\"");
    }
}
