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

/// `set_config` is spoken of otherwise than in a call with a plain literal name: which setting it
/// gives a value to is not known, nor can the server be asked.
pub fn sets_unknown(text: &[u8]) -> bool {
    if sets_inside(text) {
        return true;
    }
    let spoken_of = text
        .windows(SET_CONFIG.len())
        .filter(|window| window.eq_ignore_ascii_case(SET_CONFIG))
        .count();
    if spoken_of == 0 {
        return false;
    }
    let Ok(script) = Script::lex(text) else {
        return true;
    };
    let is_plain = |tokens: Tokens<'_>, index| plain_argument(tokens, index).is_some();
    let known = script.runnable().map(|statement| {
        let tokens = script.tokens(statement);
        let plain = (0..tokens.len()).filter(|&index| is_plain(tokens, index));
        plain.count()
    });
    known.sum::<usize>() < spoken_of
}

/// A DO whose body may hold a SET of a custom setting.
fn sets_inside(text: &[u8]) -> bool {
    let holds = |word: &[u8]| {
        let mut windows = text.windows(word.len());
        windows.any(|window| window.eq_ignore_ascii_case(word))
    };
    // A word that stands in no other place than a DO or a string is not worth telling apart.
    holds(b"do") && holds(b"set") && text.contains(&b'.') && {
        let script = Script::lex(text);
        script.is_err()
            || script.is_ok_and(|script| {
                let mut statements = script.runnable();
                statements.any(|statement| script.tokens(statement).is_word(0, "do"))
            })
    }
}

const SET_CONFIG: &[u8] = b"set_config";

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
    let name = plain_argument(tokens, index)?;
    let is_custom = name.contains(&b'.');
    is_custom.then(|| String::from_utf8_lossy(name).into_owned())
}

/// The name in `set_config('name', …` at `index`.
fn plain_argument(tokens: Tokens<'_>, index: usize) -> Option<&[u8]> {
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
    let ends = tokens.is_symbol(index + 3, b',');
    (ends && name.iter().all(is_plain)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_no_plain_literal_is_not_known() {
        assert!(!sets_unknown(
            b"SELECT set_config('a.b', $1, false), set_config('work_mem', '1', false)"
        ));
        assert!(sets_unknown(b"SELECT set_config($1, $2, false)"));
        assert!(sets_unknown(b"SELECT set_config('a' || '.b', 'x', false)"));
        assert!(sets_unknown(
            b"SELECT SET_CONFIG(name, 'x', false) FROM names"
        ));
        assert!(sets_unknown(
            b"DO $$ BEGIN PERFORM set_config('a.b', 'x', false); END $$"
        ));
        assert!(sets_unknown(b"DO $$ BEGIN SET a.b = 'x'; END $$"));
        assert!(!sets_unknown(b"DO $$ BEGIN RAISE NOTICE 'said'; END $$"));
        assert!(!sets_unknown(b"SET work_mem = 1"));
    }

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
