//! Names as PostgreSQL folds and quotes them.

use sqlparser::ast::Ident;
use sqlparser::ast::ObjectName;
use sqlparser::ast::ObjectNamePart;

use crate::guard::Refusal;
use crate::sql::identifier;

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
    match quoting {
        Quoting::WhereNeeded => identifier::quoted(name).into_owned(),
        Quoting::Always => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

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
