//! Identifiers and aliases as SQL writes them.

use crate::sql::schema::Table;

/// Aliases given out so far, over all levels of one statement.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    taken: Vec<String>,
}

impl Aliases {
    /// A short alias for a table: its first letter, with a number from the second on.
    pub(super) fn take(&mut self, table: &str) -> String {
        let first = table.chars().find(char::is_ascii_alphabetic).unwrap_or('t');
        let letter = first.to_ascii_lowercase().to_string();
        let mut alias = letter.clone();
        let mut number = 2;
        while self.taken.contains(&alias) {
            alias = format!("{letter}{number}");
            number += 1;
        }
        self.taken.push(alias.clone());
        alias
    }
}

/// `schema.table`, each part quoted where it must be.
pub(super) fn qualified(table: &Table) -> String {
    format!("{}.{}", identifier(&table.schema), identifier(&table.name))
}

/// A name, quoted unless it is plain lower case and no key word.
pub(super) fn identifier(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !KEY_WORDS.contains(&name);
    if plain {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// Words that `PostgreSQL` reserves, and those a parser may take for a clause.
/// <https://www.postgresql.org/docs/current/sql-keywords-appendix.html>
const KEY_WORDS: [&str; 128] = [
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
    "between",
    "binary",
    "both",
    "by",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "commit",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "cube",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "date",
    "day",
    "default",
    "deferrable",
    "delete",
    "desc",
    "distinct",
    "do",
    "drop",
    "else",
    "end",
    "escape",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "filter",
    "first",
    "following",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "group",
    "groups",
    "having",
    "hour",
    "ilike",
    "in",
    "initially",
    "inner",
    "insert",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "key",
    "last",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "minute",
    "month",
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
    "over",
    "overlaps",
    "partition",
    "placing",
    "position",
    "primary",
    "range",
    "references",
    "returning",
    "right",
    "row",
    "rows",
    "second",
    "select",
    "session_user",
    "set",
    "similar",
    "some",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_stand_unquoted() {
        assert_eq!(identifier("unit_price"), "unit_price");
        assert_eq!(identifier("Unit Price"), "\"Unit Price\"");
        assert_eq!(identifier("order"), "\"order\"");
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
    }

    #[test]
    fn aliases_are_never_given_twice() {
        let mut aliases = Aliases::default();
        assert_eq!(aliases.take("orders"), "o");
        assert_eq!(aliases.take("\"Ort\""), "o2");
        assert_eq!(aliases.take("ähre"), "h");
    }
}
