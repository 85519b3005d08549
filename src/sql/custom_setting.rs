//! Names of custom settings that a text sets: the server lists them nowhere.
//!
//! <https://www.postgresql.org/docs/current/runtime-config-custom.html>

use super::footprint::sets_for_the_session;
use super::lexer::TokenKind;
use super::routine::left_by_do;
use super::script::Script;
use super::tokens::Tokens;

/// The custom settings, with a dot in their names, that a text gives a value to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Custom {
    /// Their names.
    pub names: Vec<String>,
    /// Parameters of the text, from 1, whose values are the names of settings.
    pub parameters: Vec<usize>,
    /// There may be others, whose names the text does not tell.
    pub unknown: bool,
}

/// The custom settings that `text` sets, by SET, by `set_config` or in the body of a DO.
pub fn custom_settings(text: &[u8]) -> Custom {
    let mut custom = Custom::default();
    let Ok(script) = Script::lex(text) else {
        custom.unknown = holds(text, SET_CONFIG) || holds(text, b"set") && text.contains(&b'.');
        return custom;
    };
    for statement in script.runnable() {
        let tokens = script.tokens(statement);
        if tokens.is_word(0, "do") {
            custom.join(left_by_do(tokens).custom);
            continue;
        }
        custom.find_set(tokens);
        custom.find_calls(tokens);
    }
    custom
}

/// Settings of one text that are told; no session can have as many carried over.
const MOST_NAMES: usize = 256;

/// Longer names are not told, and not remembered.
pub const LONGEST_NAME: usize = 255;

/// PostgreSQL's own limit, <https://www.postgresql.org/docs/current/runtime-config-preset.html>.
const LONGEST_PART: usize = 63;

const SET_CONFIG: &[u8] = b"set_config";

impl Custom {
    /// Adds what another text sets.
    pub fn join(&mut self, other: Self) {
        for name in other.names {
            self.add(name);
        }
        self.parameters.extend(other.parameters);
        self.unknown |= other.unknown;
    }

    fn add(&mut self, name: String) {
        // The server cuts longer parts of a name where it stands in a SET.
        let is_cut = name.split('.').any(|part| part.len() > LONGEST_PART);
        if is_cut || name.len() > LONGEST_NAME || self.names.len() >= MOST_NAMES {
            self.unknown = true;
        } else if !self.names.contains(&name) {
            self.names.push(name);
        }
    }

    /// `tokens` may be `SET [SESSION] a.b …`.
    pub(super) fn find_set(&mut self, tokens: Tokens<'_>) {
        if let Some(name) = set(tokens) {
            self.add(name);
        }
    }

    /// Calls of `set_config` that outlast the transaction. A string that speaks of it may be run.
    pub(super) fn find_calls(&mut self, tokens: Tokens<'_>) {
        for index in 0..tokens.len() {
            let Some(token) = tokens.get(index) else {
                break;
            };
            let is_string = matches!(
                token.kind,
                TokenKind::String
                    | TokenKind::EscapeString
                    | TokenKind::UnicodeString
                    | TokenKind::DollarString
            );
            if is_string || token.kind == TokenKind::UnicodeName {
                self.unknown |= holds(token.of(tokens.text()), SET_CONFIG);
            } else if is_set_config(tokens, index) && sets_for_the_session(tokens, index + 1) {
                self.find_name(tokens, index + 2);
            }
        }
    }

    /// The first argument of `set_config` begins at `index`.
    fn find_name(&mut self, tokens: Tokens<'_>, index: usize) {
        let ends = tokens.is_symbol(index + 1, b',');
        if !ends {
            self.unknown = true;
        } else if let Some(name) = plain(tokens, index) {
            if name.contains(&b'.') {
                self.add(String::from_utf8_lossy(name).into_owned());
            }
        } else if let Some(number) = parameter(tokens, index) {
            self.parameters.push(number);
        } else {
            self.unknown = true;
        }
    }

    /// The strings of `tokens` are run as SQL, perhaps in pieces.
    pub(super) fn find_in_strings(&mut self, tokens: Tokens<'_>) {
        for token in tokens.as_slice() {
            if !matches!(token.kind, TokenKind::String | TokenKind::DollarString) {
                continue;
            }
            let inside = token.of(tokens.text());
            let inside = inside.strip_prefix(b"'").unwrap_or(inside);
            let inside = inside.strip_suffix(b"'").unwrap_or(inside);
            let Ok(script) = Script::lex(inside) else {
                self.unknown |= holds(inside, b"set");
                continue;
            };
            for statement in script.runnable() {
                let tokens = script.tokens(statement);
                let whole = set(tokens);
                let is_cut = tokens.is_word(0, "set")
                    && whole.is_none()
                    && (tokens.len() < 3 || inside.contains(&b'%'));
                self.unknown |= is_cut;
                if let Some(name) = whole {
                    self.add(name);
                }
            }
        }
    }
}

fn holds(text: &[u8], word: &[u8]) -> bool {
    let mut windows = text.windows(word.len());
    windows.any(|window| window.eq_ignore_ascii_case(word))
}

/// `SET [SESSION] a.b …`.
fn set(tokens: Tokens<'_>) -> Option<String> {
    if !tokens.is_word(0, "set") {
        return None;
    }
    let at = if tokens.is_word(1, "session") && !tokens.is_symbol(2, b'.') {
        2
    } else {
        1
    };
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

/// `set_config(` stands at `index`.
fn is_set_config(tokens: Tokens<'_>, index: usize) -> bool {
    tokens.is_symbol(index + 1, b'(') && tokens.name(index).is_some_and(|name| name == "set_config")
}

/// The string at `index`, when it is a name that needs no quotes.
fn plain(tokens: Tokens<'_>, index: usize) -> Option<&[u8]> {
    let string = tokens.get(index)?;
    if string.kind != TokenKind::String {
        return None;
    }
    let name = string.of(tokens.text());
    let name = name.strip_prefix(b"'")?.strip_suffix(b"'")?;
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.$".contains(byte);
    name.iter().all(is_plain).then_some(name)
}

/// The number of the parameter at `index`: `$1`.
fn parameter(tokens: Tokens<'_>, index: usize) -> Option<usize> {
    let digits = tokens.bytes(index).strip_prefix(b"$")?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Custom {
        custom_settings(text.as_bytes())
    }

    fn found(text: &str) -> String {
        let custom = of(text);
        assert!(!custom.unknown && custom.parameters.is_empty(), "{text}");
        custom.names.join(" ")
    }

    #[test]
    fn a_name_that_is_no_plain_literal_is_not_known() {
        for text in [
            "SELECT set_config('a' || '.b', 'x', false)",
            "SELECT SET_CONFIG(name, 'x', false) FROM names",
            "SELECT set_config($1 || 'b', 'x', false)",
            "SELECT run('SELECT set_config(...)')",
        ] {
            assert!(of(text).unknown, "{text}");
        }
    }

    #[test]
    fn a_name_that_is_a_parameter_is_told_by_its_number() {
        let custom = of("SELECT set_config($2, $1, false), set_config($3, 'x', true)");
        assert_eq!(custom.parameters, [2]);
        assert!(!custom.unknown);
    }

    #[test]
    fn names_with_a_dot_are_found_where_they_are_set() {
        assert_eq!(found("SET app.user = 'x'"), "app.user");
        assert_eq!(found("SET session.user = 'x'"), "session.user");
        assert_eq!(found("set session App.\"User\" to 1; SELECT 1"), "app.User");
        assert_eq!(
            found("SELECT pg_catalog.set_config('a.b', $1, false)"),
            "a.b"
        );
        assert_eq!(
            found("SELECT set_config('a.b', $1, false), set_config('work_mem', '1', false)"),
            "a.b"
        );
        assert_eq!(found("SET work_mem = 'a.b'"), "");
        assert_eq!(found("SELECT current_setting('a.b')"), "");
        assert_eq!(found("SELECT set_config('a.b', $1, true)"), "");
    }

    #[test]
    fn names_that_the_server_cuts_and_too_many_of_them_are_in_doubt() {
        let cut = format!("SET a.{} = 1", "b".repeat(64));
        assert!(custom_settings(cut.as_bytes()).unknown);
        let whole = format!("SET a.{} = 1", "b".repeat(63));
        assert!(!custom_settings(whole.as_bytes()).unknown);
        let many: Vec<String> = (0..300)
            .map(|number| format!("SET a.b{number} = 1"))
            .collect();
        let many = many.join(";");
        let found = custom_settings(many.as_bytes());
        assert!(found.unknown && found.names.len() == MOST_NAMES);
    }

    #[test]
    fn the_body_of_a_do_is_looked_into() {
        assert_eq!(found("DO $$ BEGIN SET app.a = 'x'; END $$"), "app.a");
        assert_eq!(found("DO 'BEGIN SET app.a = ''x''; END'"), "app.a");
        assert_eq!(
            found("DO $x$ BEGIN PERFORM set_config('a.b', 'x', false); END $x$ LANGUAGE plpgsql"),
            "a.b"
        );
        assert_eq!(found("DO $$ BEGIN RAISE NOTICE 'set a.b'; END $$"), "");
    }
}
