//! Which settings a statement changes, and to what, whatever form of SET it uses.

mod names;
mod value;

pub use self::value::milliseconds;

use self::names::canonical;
use super::lexer::TokenKind;
use super::tokens::Tokens;

/// A setting that gets another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its name in lower case; `None` when the text does not tell.
    pub name: Option<String>,
    /// What it gets.
    pub to: NewValue,
}

/// What a setting gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewValue {
    /// This, as it would be written in `postgresql.conf`.
    Literal(String),
    /// What the session began with, or the server's own default.
    Default,
    /// The text does not tell.
    Unknown,
}

impl Change {
    fn new(name: &str, to: NewValue) -> Self {
        Self {
            name: Some(name.to_owned()),
            to,
        }
    }

    const UNKNOWN: Self = Self {
        name: None,
        to: NewValue::Unknown,
    };
}

/// What the statement that `tokens` are changes: by SET, RESET, ALTER … SET, the modes of a
/// transaction, `set_config`, or UPDATE of `pg_settings`. RESET ALL and DISCARD are none: they lead
/// back to where the session began.
pub fn changes(tokens: Tokens<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    match tokens.keyword(0).as_bytes() {
        b"set" => set(tokens.from(1), &mut changes),
        b"reset" => reset(tokens.from(1), &mut changes),
        b"begin" | b"start" => modes(tokens, "transaction_", &mut changes),
        b"alter" | b"create" => clauses(tokens, &mut changes),
        _ => {}
    }
    for index in 0..tokens.len() {
        if tokens.is_symbol(index + 1, b'(') {
            changes.extend(call(tokens, index));
        }
        if updates_settings(tokens, index) {
            changes.push(Change::UNKNOWN);
        }
    }
    changes
}

/// What stands behind SET: `[SESSION | LOCAL] …`.
fn set(tokens: Tokens<'_>, changes: &mut Vec<Change>) {
    let scoped =
        matches!(tokens.keyword(0).as_bytes(), b"session" | b"local") && !goes_on(tokens, 1);
    let special = scoped
        && !goes_on(tokens, 2)
        && matches!(
            tokens.keyword(1).as_bytes(),
            b"authorization" | b"characteristics"
        );
    let tokens = tokens.from(usize::from(scoped && !special));
    if goes_on(tokens, 1) {
        return changes.push(assignment(tokens));
    }
    let (first, second) = (tokens.keyword(0), tokens.keyword(1));
    match (first.as_bytes(), second.as_bytes()) {
        (b"constraints", _) => {}
        (b"transaction", b"snapshot") => {
            changes.push(Change::new("transaction_snapshot", NewValue::Unknown));
        }
        (b"transaction", _) => modes(tokens, "transaction_", changes),
        (b"session", b"characteristics") => modes(tokens, "default_transaction_", changes),
        (b"session", b"authorization") => {
            changes.push(Change::new("session_authorization", value(tokens.from(2))));
        }
        (b"role", _) => changes.push(Change::new("role", value(tokens.from(1)))),
        (b"names", _) if tokens.len() == 1 => {
            changes.push(Change::new("client_encoding", NewValue::Default));
        }
        (b"time", b"zone") if tokens.is_word(2, "local") => {
            changes.push(Change::new("timezone", NewValue::Default));
        }
        (b"names", _) => changes.push(Change::new("client_encoding", value(tokens.from(1)))),
        (b"schema", _) => changes.push(Change::new("search_path", value(tokens.from(1)))),
        (b"time", b"zone") => changes.push(Change::new("timezone", value(tokens.from(2)))),
        (b"xml", b"option") => changes.push(Change::new("xmloption", value(tokens.from(2)))),
        _ => changes.push(Change::UNKNOWN),
    }
}

/// What stands behind RESET.
fn reset(tokens: Tokens<'_>, changes: &mut Vec<Change>) {
    let name = match (tokens.keyword(0).as_bytes(), tokens.keyword(1).as_bytes()) {
        (b"all", b"") if tokens.len() == 1 => return,
        (b"time", b"zone") => Some("timezone".to_owned()),
        (b"session", b"authorization") => Some("session_authorization".to_owned()),
        (b"transaction", b"isolation") => Some("transaction_isolation".to_owned()),
        _ => name(tokens).map(|(name, _)| name),
    };
    changes.push(Change {
        name,
        to: NewValue::Default,
    });
}

/// The modes of a transaction, by the settings that they are: `ISOLATION LEVEL …, READ ONLY, …`.
fn modes(tokens: Tokens<'_>, prefix: &str, changes: &mut Vec<Change>) {
    let literal = |text: &str| NewValue::Literal(text.to_owned());
    let mode = |name: &str, to| Change::new(&format!("{prefix}{name}"), to);
    for index in 0..tokens.len() {
        let change = match tokens.keyword(index).as_bytes() {
            b"isolation" => mode("isolation", NewValue::Unknown),
            b"read" if tokens.is_word(index + 1, "only") => mode("read_only", literal("on")),
            b"read" if tokens.is_word(index + 1, "write") => mode("read_only", literal("off")),
            b"deferrable" => mode("deferrable", NewValue::Unknown),
            // The next clause of an ALTER FUNCTION.
            b"set" | b"reset" => break,
            _ => continue,
        };
        changes.push(change);
    }
}

/// `SET name …` and `RESET name` in an ALTER ROLE, DATABASE, SYSTEM or FUNCTION, or a CREATE
/// FUNCTION. Settings are also what ALTER TABLE has in parentheses: those are the table's.
fn clauses(tokens: Tokens<'_>, changes: &mut Vec<Change>) {
    let is_about = |index: usize| {
        matches!(
            tokens.keyword(index).as_bytes(),
            b"role"
                | b"user"
                | b"group"
                | b"database"
                | b"system"
                | b"function"
                | b"procedure"
                | b"routine"
        )
    };
    let replaces = tokens.is_word(0, "create") && tokens.is_word(1, "or");
    if !is_about(if replaces { 3 } else { 1 }) {
        return;
    }
    let mut depth = 0_usize;
    for index in 2..tokens.len() {
        match tokens.get(index).map(|token| token.kind) {
            Some(TokenKind::Symbol(b'(')) => depth += 1,
            Some(TokenKind::Symbol(b')')) => depth = depth.saturating_sub(1),
            _ => {}
        }
        // What has a setting may be called `set` or `reset` itself: better one clause too many.
        if depth > 0 || tokens.is_label(index) {
            continue;
        }
        let rest = tokens.from(index + 1);
        match tokens.keyword(index).as_bytes() {
            b"set" if moves(rest) => {}
            b"set" => set(rest, changes),
            b"reset" if rest.is_word(0, "all") => {}
            b"reset" => reset(rest, changes),
            _ => {}
        }
    }
}

/// `SET SCHEMA s` and `SET TABLESPACE t` move a function or a database; `SET SCHEMA 's'` is a
/// setting.
fn moves(rest: Tokens<'_>) -> bool {
    !goes_on(rest, 1)
        && rest.is_name(1)
        && matches!(rest.keyword(0).as_bytes(), b"schema" | b"tablespace")
}

/// The word before `index` is a setting, or the beginning of its name.
fn goes_on(tokens: Tokens<'_>, index: usize) -> bool {
    tokens.is_word(index, "to")
        || tokens.bytes(index) == b"="
        || tokens.is_symbol(index, b'.')
        || tokens.is_word(index, "from") && tokens.is_word(index + 1, "current")
}

/// `name TO value`, `name = value` or `name FROM CURRENT`.
fn assignment(tokens: Tokens<'_>) -> Change {
    let Some((name, end)) = name(tokens) else {
        return Change::UNKNOWN;
    };
    let to = if tokens.is_word(end, "from") {
        NewValue::Unknown
    } else {
        value(tokens.from(end + 1))
    };
    Change {
        name: Some(name),
        to,
    }
}

/// The name of a setting, and the index behind it.
fn name(tokens: Tokens<'_>) -> Option<(String, usize)> {
    let mut name = tokens.name(0)?.into_owned();
    let mut end = 1;
    while tokens.is_symbol(end, b'.') {
        name.push('.');
        name.push_str(&tokens.name(end + 1)?);
        end += 2;
    }
    Some((canonical(&name), end))
}

/// One value; what goes on behind it is another clause or a list, which is no single value.
fn value(tokens: Tokens<'_>) -> NewValue {
    let sign = usize::from(matches!(tokens.bytes(0), b"-" | b"+"));
    let ends = tokens.len() == sign + 1 || !tokens.is_symbol(sign + 1, b',');
    let Some(token) = tokens.get(sign).filter(|_| ends) else {
        return NewValue::Unknown;
    };
    let bytes = token.of(tokens.text());
    match token.kind {
        TokenKind::Number => match std::str::from_utf8(bytes) {
            Ok(number) if tokens.bytes(0) == b"-" => NewValue::Literal(format!("-{number}")),
            Ok(number) => NewValue::Literal(number.to_owned()),
            Err(_) => NewValue::Unknown,
        },
        _ if sign == 1 => NewValue::Unknown,
        TokenKind::String => plain(bytes).map_or(NewValue::Unknown, NewValue::Literal),
        TokenKind::Word if tokens.is_word(0, "default") => NewValue::Default,
        TokenKind::Word | TokenKind::QuotedName => {
            tokens.name(0).map_or(NewValue::Unknown, |name| {
                NewValue::Literal(name.into_owned())
            })
        }
        _ => NewValue::Unknown,
    }
}

/// What a plain string of one piece says, when it holds nothing that has two readings.
fn plain(bytes: &[u8]) -> Option<String> {
    let inside = bytes.strip_prefix(b"'")?.strip_suffix(b"'")?;
    let is_doubtful = |byte: &u8| matches!(byte, b'\'' | b'\\' | b'\n' | b'\r');
    let text = std::str::from_utf8(inside).ok()?;
    (!inside.iter().any(is_doubtful)).then(|| text.to_owned())
}

/// What the call at `index`, before a parenthesis, changes.
pub fn call(tokens: Tokens<'_>, index: usize) -> Option<Change> {
    let token = tokens.get(index)?;
    if token.kind == TokenKind::UnicodeName {
        // It may spell any name.
        return Some(Change::UNKNOWN);
    }
    if tokens.name(index)? != "set_config" {
        return None;
    }
    let argument = |index| {
        let token = tokens.get(index)?;
        let is_alone = tokens.is_symbol(index + 1, b',');
        (token.kind == TokenKind::String && is_alone)
            .then(|| plain(token.of(tokens.text())))
            .flatten()
    };
    let name = argument(index + 2).or_else(|| selected_name(tokens, index));
    let Some(name) = name else {
        return Some(Change::UNKNOWN);
    };
    let to = match argument(index + 4) {
        Some(value) => NewValue::Literal(value),
        None if tokens.is_word(index + 4, "null") && tokens.is_symbol(index + 5, b',') => {
            NewValue::Default
        }
        None => NewValue::Unknown,
    };
    Some(Change::new(&canonical(&name), to))
}

/// The name in `SELECT set_config(name, …, …) FROM pg_settings WHERE name = '…'`, which sets what
/// the server may not have: `pg_dump` does that.
fn selected_name(tokens: Tokens<'_>, index: usize) -> Option<String> {
    let begins = match index {
        1 => true,
        3 => tokens.is_word(1, "pg_catalog"),
        _ => false,
    };
    let values = tokens.is_word(index + 2, "name")
        && tokens.is_symbol(index + 3, b',')
        && tokens.is_symbol(index + 5, b',')
        && tokens.is_symbol(index + 7, b')');
    let view = usize::from(tokens.is_word(index + 9, "pg_catalog")) * 2 + index + 9;
    let names = tokens.is_word(0, "select")
        && tokens.is_word(index + 8, "from")
        && tokens.is_word(view, "pg_settings")
        && tokens.is_word(view + 1, "where")
        && tokens.is_word(view + 2, "name")
        && tokens.bytes(view + 3) == b"="
        && tokens.len() == view + 5;
    let name = tokens.get(view + 4)?;
    let is_plain = begins && values && names && name.kind == TokenKind::String;
    is_plain
        .then(|| plain(name.of(tokens.text())))
        .flatten()
        .map(|name| canonical(&name))
}

/// `UPDATE … pg_settings`, whose rule calls `set_config`, or a view of it, which is updated alike.
fn updates_settings(tokens: Tokens<'_>, index: usize) -> bool {
    let is_view = tokens
        .get(index)
        .is_some_and(|token| token.kind == TokenKind::UnicodeName)
        || tokens.name(index).is_some_and(|name| name == "pg_settings");
    is_view
        && (creates_view(tokens)
            || (index.saturating_sub(7)..index).any(|before| tokens.is_word(before, "update")))
}

/// CREATE [OR REPLACE] [TEMPORARY] [RECURSIVE] VIEW; a materialized one is not updated.
fn creates_view(tokens: Tokens<'_>) -> bool {
    let is_view = |index: &usize| tokens.is_word(*index, "view");
    let view = tokens.is_word(0, "create").then(|| (1..8).find(is_view));
    let view = view.flatten();
    view.is_some_and(|view| !tokens.is_word(view - 1, "materialized"))
}

#[cfg(test)]
mod tests;
