//! Names of custom settings that a text sets: the server lists them nowhere.
//!
//! <https://www.postgresql.org/docs/current/runtime-config-custom.html>

use super::lexer::TokenKind;
use super::script::Script;
use super::tokens::Tokens;

/// The names with a dot that SET or `set_config` gives a value to. One that `set_config` gets from
/// elsewhere than a plain literal is not found.
pub fn custom_settings(text: &[u8]) -> Vec<String> {
    let Ok(script) = Script::lex(text) else {
        return Vec::new();
    };
    let mut names = Vec::new();
    for statement in script.runnable() {
        let tokens = script.tokens(statement);
        names.extend(set(tokens));
        names.extend((0..tokens.len()).filter_map(|index| set_config(tokens, index)));
    }
    names
}

/// `SET [SESSION] a.b …`.
fn set(tokens: Tokens<'_>) -> Option<String> {
    if !tokens.is_word(0, "set") {
        return None;
    }
    let at = if tokens.is_word(1, "session") { 2 } else { 1 };
    if !tokens.is_symbol(at + 1, b'.') {
        return None;
    }
    let mut name = tokens.name(at)?.into_owned();
    for index in (at + 1..).step_by(2) {
        if !tokens.is_symbol(index, b'.') {
            break;
        }
        name.push('.');
        name.push_str(&tokens.name(index + 1)?);
    }
    Some(name)
}

/// `set_config('a.b', …` at `index`.
fn set_config(tokens: Tokens<'_>, index: usize) -> Option<String> {
    let is_call = tokens.name(index)? == "set_config" && tokens.is_symbol(index + 1, b'(');
    let name = tokens.get(index + 2).filter(|_| is_call)?;
    if name.kind != TokenKind::String {
        return None;
    }
    let name = name
        .of(tokens.text())
        .strip_prefix(b"'")?
        .strip_suffix(b"'")?;
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.$".contains(byte);
    let is_custom = name.contains(&b'.') && name.iter().all(is_plain);
    is_custom.then(|| String::from_utf8_lossy(name).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_dot_are_found_where_they_are_set() {
        let found = |text: &str| custom_settings(text.as_bytes()).join(" ");
        assert_eq!(found("SET app.user = 'x'"), "app.user");
        assert_eq!(found("set session App.\"User\" to 1; SELECT 1"), "app.User");
        assert_eq!(
            found("SELECT pg_catalog.set_config('a.b', $1, false)"),
            "a.b"
        );
        assert_eq!(found("SET work_mem = 'a.b'"), "");
        assert_eq!(found("SELECT current_setting('a.b')"), "");
        assert_eq!(found("SELECT set_config($1, $2, false)"), "");
    }
}
