//! Where a SET says DEFAULT: the server's default is not always what a session began with.

use std::borrow::Cow;
use std::ops::Range;

use super::identifier::quoted;
use super::script::Script;
use super::tokens::Tokens;

/// A setting that goes back to its default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Default {
    /// The setting, in lower case where that does not matter.
    pub name: String,
    /// The bytes of the word that stands for the default.
    pub at: Range<usize>,
}

/// What `text` sets to its default by SET, with LOCAL or without.
pub fn defaults(text: &[u8]) -> Vec<Default> {
    let Ok(script) = Script::lex(text) else {
        return Vec::new();
    };
    let statements = script.runnable();
    statements
        .filter_map(|statement| default(script.tokens(statement)))
        .collect()
}

fn default(tokens: Tokens<'_>) -> Option<Default> {
    if !tokens.is_word(0, "set") {
        return None;
    }
    let is_scope = tokens.is_word(1, "local") || tokens.is_word(1, "session");
    let has_value = |at: usize| tokens.is_word(at, "to") || tokens.bytes(at) == b"=";
    let at = if is_scope && !has_value(2) && !tokens.is_symbol(2, b'.') {
        2
    } else {
        1
    };
    let (name, value) = if tokens.is_word(at, "time") && tokens.is_word(at + 1, "zone") {
        ("timezone".to_owned(), at + 2)
    } else if tokens.is_word(at, "names") && !has_value(at + 1) {
        ("client_encoding".to_owned(), at + 1)
    } else {
        let (name, behind) = setting(tokens, at)?;
        (name, has_value(behind).then_some(behind + 1)?)
    };
    let is_default = tokens.is_word(value, "default")
        || name == "timezone" && value == at + 2 && tokens.is_word(value, "local");
    let token = tokens
        .last()
        .filter(|_| is_default && tokens.len() == value + 1)?;
    let at = token.start as usize..token.end as usize;
    Some(Default { name, at })
}

/// The name of a setting at `at`, and the index behind it.
fn setting(tokens: Tokens<'_>, at: usize) -> Option<(String, usize)> {
    let mut name = tokens.name(at)?.into_owned();
    let mut behind = at + 1;
    while tokens.is_symbol(behind, b'.') {
        name.push('.');
        name.push_str(&tokens.name(behind + 1)?);
        behind += 2;
    }
    Some((name, behind))
}

/// The value of a setting as it stands behind `SET name TO`; `None` when it cannot be written for
/// sure.
pub fn written<'v>(name: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let is_list = ["search_path", "temp_tablespaces"]
        .iter()
        .any(|list| name.eq_ignore_ascii_case(list));
    if !is_list || value.is_empty() {
        let escape = if value.contains('\\') { "E" } else { "" };
        let value = value.replace('\\', "\\\\").replace('\'', "''");
        return Some(format!("{escape}'{value}'").into());
    }
    // Each name is written by itself: in one literal all of them would be one.
    let mut names = Vec::new();
    for name in value.split(',') {
        let name = name.trim();
        let inside = name
            .strip_prefix('"')
            .and_then(|name| name.strip_suffix('"'));
        match inside {
            Some(inside) if !inside.is_empty() && !inside.contains('"') => names.push(name.into()),
            None if !name.is_empty() && !name.contains('"') => {
                names.push(quoted(&name.to_lowercase()).into_owned());
            }
            _ => return None,
        }
    }
    Some(names.join(", ").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_go_back_are_found() {
        let found = |text: &str| {
            let defaults = defaults(text.as_bytes());
            let shown: Vec<_> = defaults
                .iter()
                .map(|default| format!("{}:{}", default.name, &text[default.at.clone()]))
                .collect();
            shown.join(" ")
        };
        assert_eq!(found("SET Work_Mem TO DEFAULT"), "work_mem:DEFAULT");
        assert_eq!(found("SET LOCAL a.b = default; SELECT 1"), "a.b:default");
        assert_eq!(found("SET SESSION TIME ZONE LOCAL"), "timezone:LOCAL");
        assert_eq!(found("SET TIME ZONE DEFAULT"), "timezone:DEFAULT");
        assert_eq!(found("SET NAMES DEFAULT"), "client_encoding:DEFAULT");
        assert_eq!(found("SET local TO DEFAULT"), "local:DEFAULT");
        for text in [
            "SET a TO b",
            "SET SESSION AUTHORIZATION DEFAULT",
            "SET NAMES",
            "RESET a",
            "SET a TO 'DEFAULT'",
            "INSERT INTO t VALUES (DEFAULT)",
        ] {
            assert_eq!(found(text), "", "{text}");
        }
    }

    #[test]
    fn values_are_written_so_that_they_mean_the_same() {
        assert_eq!(written("work_mem", "4MB").unwrap(), "'4MB'");
        assert_eq!(written("a.b", "it's \\ me").unwrap(), "E'it''s \\\\ me'");
        assert_eq!(
            written("search_path", "\"$user\", Public, \"B c\",select").unwrap(),
            "\"$user\", public, \"B c\", \"select\""
        );
        assert_eq!(written("search_path", "").unwrap(), "''");
        assert_eq!(written("search_path", "\"a\"\"b\""), None);
    }
}
