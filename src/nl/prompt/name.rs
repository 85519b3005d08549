//! Names as they must be written in SQL.

/// Words that are no column or table name without quotes: PostgreSQL's reserved key words.
/// <https://www.postgresql.org/docs/17/sql-keywords-appendix.html>
const RESERVED: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "binary",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "natural",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "placing",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "session_user",
    "similar",
    "some",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
];

/// `name` as SQL writes it: bare when that means the same, else in double quotes.
///
/// `None` when it holds a control character: no prompt line could show it.
pub(super) fn written(name: &str) -> Option<String> {
    if name.is_empty() || name.chars().any(char::is_control) {
        return None;
    }
    if is_bare(name) && RESERVED.binary_search(&name).is_err() {
        return Some(name.to_owned());
    }
    Some(format!("\"{}\"", name.replace('"', "\"\"")))
}

fn is_bare(name: &str) -> bool {
    let mut bytes = name.bytes();
    let first = bytes.next();
    first.is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_')
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'$')
}

#[cfg(test)]
mod tests {
    use super::RESERVED;
    use super::written;

    #[test]
    fn names_are_quoted_where_they_must_be() {
        assert_eq!(written("order_items").as_deref(), Some("order_items"));
        assert_eq!(written("order").as_deref(), Some("\"order\""));
        assert_eq!(
            written("Billing Country").as_deref(),
            Some("\"Billing Country\"")
        );
        assert_eq!(written("2024").as_deref(), Some("\"2024\""));
        assert_eq!(written("a\"b").as_deref(), Some("\"a\"\"b\""));
        assert_eq!(written("größe").as_deref(), Some("\"größe\""));
    }

    #[test]
    fn a_name_with_a_line_break_is_not_written() {
        assert_eq!(written("a\nb"), None);
        assert_eq!(written(""), None);
    }

    #[test]
    fn the_reserved_words_are_in_order() {
        assert!(RESERVED.is_sorted());
    }
}
