//! What a read-only session may set: everything but what would make it something else.

use super::read_only::Refused;
use crate::sql::kind::SetScope;
use crate::sql::lexer::TokenKind;
use crate::sql::tokens::Tokens;

/// SET, with what it sets.
pub(super) fn set(tokens: Tokens<'_>, scope: SetScope) -> Result<(), Refused> {
    match scope {
        SetScope::Transaction => transaction_mode(tokens),
        SetScope::Constraints | SetScope::Identity => Ok(()),
        SetScope::Session | SetScope::Local => {
            let modifiers = usize::from(matches!(
                tokens.keyword(1).as_bytes(),
                b"session" | b"local"
            ));
            let is_modifier = modifiers == 1 && !assigns(tokens, 2);
            let name = 1 + usize::from(is_modifier);
            variable(tokens, name)?;
            encoding(tokens, name)
        }
    }
}

/// RESET.
pub(super) fn reset(tokens: Tokens<'_>) -> Result<(), Refused> {
    variable(tokens, 1)
}

/// BEGIN, START TRANSACTION, SET TRANSACTION, SET SESSION CHARACTERISTICS.
pub(super) fn transaction_mode(tokens: Tokens<'_>) -> Result<(), Refused> {
    let writes = |index| tokens.is_word(index, "read") && tokens.is_word(index + 1, "write");
    if (0..tokens.len()).any(writes) {
        Err(Refused::new("READ WRITE"))
    } else {
        Ok(())
    }
}

/// `set_config(…)`, its name at `index`: the setting must be a plain string, and none of those
/// that keep the session read-only.
pub(super) fn set_config(tokens: Tokens<'_>, index: usize) -> Result<(), Refused> {
    let refused = Err(Refused::new("set_config"));
    let Some(name) = tokens.get(index + 2) else {
        return refused;
    };
    let bytes = name.of(tokens.text());
    let literal = name.kind == TokenKind::String
        && bytes[0] == b'\''
        && tokens.is_symbol(index + 3, b',')
        && !bytes[1..bytes.len() - 1]
            .iter()
            .any(|byte| b"'\\\n\r".contains(byte));
    let setting = bytes
        .get(1..bytes.len().saturating_sub(1))
        .unwrap_or_default();
    if !literal || is_protected(setting) || setting.eq_ignore_ascii_case(b"client_encoding") {
        return refused;
    }
    Ok(())
}

/// `set_config(…)`, its name at `index`, may change how the server reads texts: its setting is the
/// client encoding, or cannot be told.
pub(super) fn may_hide_quotes(tokens: Tokens<'_>, index: usize) -> bool {
    let name = tokens.get(index + 2);
    let is_plain = name.is_some_and(|token| token.kind == TokenKind::String)
        && tokens.is_symbol(index + 3, b',');
    let bytes = tokens.bytes(index + 2);
    !is_plain
        || bytes.contains(&b'\\')
        || bytes.contains(&b'\n')
        || bytes[1..].eq_ignore_ascii_case(b"client_encoding'")
}

/// The names of settings do not mind case, quoted or not.
fn variable(tokens: Tokens<'_>, index: usize) -> Result<(), Refused> {
    let Some(name) = tokens.name(index) else {
        return Err(Refused::new("SET"));
    };
    if is_protected(name.as_bytes()) {
        return Err(Refused::new(&format!("SET {}", name.to_ascii_lowercase())));
    }
    Ok(())
}

fn is_protected(name: &[u8]) -> bool {
    [
        &b"transaction_read_only"[..],
        b"default_transaction_read_only",
        b"session_replication_role",
    ]
    .iter()
    .any(|protected| name.eq_ignore_ascii_case(protected))
}

/// A SET, of which only the client encoding matters, leaves texts meaning what they seem to.
pub(super) fn safe_encoding(tokens: Tokens<'_>, scope: SetScope) -> bool {
    if !matches!(scope, SetScope::Session | SetScope::Local) {
        return true;
    }
    let is_modifier =
        matches!(tokens.keyword(1).as_bytes(), b"session" | b"local") && !assigns(tokens, 2);
    encoding(tokens, 1 + usize::from(is_modifier)).is_ok()
}

/// In some encodings the second byte of a letter looks like a backslash or a quote's neighbour,
/// so that the server would see other tokens than we do.
fn encoding(tokens: Tokens<'_>, index: usize) -> Result<(), Refused> {
    let value = match tokens.keyword(index).as_bytes() {
        b"names" => index + 1,
        _ if tokens
            .name(index)
            .is_some_and(|name| name.eq_ignore_ascii_case("client_encoding")) =>
        {
            index + 2
        }
        _ => return Ok(()),
    };
    let is_default = value >= tokens.len() || tokens.is_word(value, "default");
    if is_default || !hides_quotes(tokens.bytes(value)) {
        return Ok(());
    }
    Err(Refused::new(
        "SET client_encoding to an encoding that hides quotes",
    ))
}

/// Whether a letter of the client encoding `name` may end in a byte that is ASCII by itself, so
/// that the server sees other tokens than we do. An unknown encoding may.
///
/// <https://www.postgresql.org/docs/current/multibyte.html>
pub fn hides_quotes(name: &[u8]) -> bool {
    let letters = name.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let name: String = letters
        .map(|&byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    let safe = [
        "utf8", "unicode", "sqlascii", "latin", "win125", "win866", "win874", "iso8859", "koi8",
        "euc", "mule",
    ];
    !safe.iter().any(|prefix| name.starts_with(prefix))
}

fn assigns(tokens: Tokens<'_>, index: usize) -> bool {
    tokens.is_word(index, "to") || tokens.bytes(index) == b"="
}
