//! What a read-only session may set: everything but what would make it something else.

use super::read_only::Refused;
use crate::sql::kind::SetScope;
use crate::sql::setting::Change;
use crate::sql::setting::NewValue;
use crate::sql::setting::call;
use crate::sql::setting::changes;
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
            encoding(tokens)
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

/// `set_config(…)`, its name at `index`: the setting must be told, and none of those that
/// keep the session read-only.
pub(super) fn set_config(tokens: Tokens<'_>, index: usize) -> Result<(), Refused> {
    let change = call(tokens, index).filter(is_safe_encoding);
    let name = change.and_then(|change| change.name);
    if name.is_some_and(|name| !is_protected(name.as_bytes())) {
        Ok(())
    } else {
        Err(Refused::new("set_config"))
    }
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

/// In some encodings the second byte of a letter looks like a backslash or a quote's neighbour,
/// so that the server would see other tokens than we do.
fn encoding(tokens: Tokens<'_>) -> Result<(), Refused> {
    if keeps_encoding(tokens) {
        return Ok(());
    }
    Err(Refused::new(
        "SET client_encoding to an encoding that hides quotes",
    ))
}

/// Behind the statement `tokens` the client encoding is none that hides quotes. Its value must be
/// told plainly: the server leaves out whatever is no ASCII letter or digit of the name that it gets.
pub(super) fn keeps_encoding(tokens: Tokens<'_>) -> bool {
    changes(tokens).iter().all(is_safe_encoding)
}

/// The change is of another setting, or to an encoding that hides no quotes.
fn is_safe_encoding(change: &Change) -> bool {
    match &change.name {
        None => false,
        Some(name) if name != "client_encoding" => true,
        Some(_) => match &change.to {
            NewValue::Literal(value) => !hides_quotes(value.as_bytes()),
            NewValue::Default => true,
            NewValue::Unknown => false,
        },
    }
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
        "utf8",
        "unicode",
        "sqlascii",
        "latin",
        "win125",
        "win866",
        "win874",
        "windows125",
        "windows866",
        "windows874",
        "iso8859",
        "koi8",
        "euc",
        "mule",
    ];
    !safe.iter().any(|prefix| name.starts_with(prefix))
}

fn assigns(tokens: Tokens<'_>, index: usize) -> bool {
    tokens.is_word(index, "to") || tokens.bytes(index) == b"="
}
