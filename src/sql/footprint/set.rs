//! What the forms of SET leave behind.

use super::Footprint;
use crate::sql::lexer::TokenKind;
use crate::sql::tokens::Tokens;

/// What `tokens`, a SET, leave behind.
///
/// <https://www.postgresql.org/docs/current/sql-set.html>
pub(super) fn footprint(tokens: Tokens<'_>) -> Footprint {
    let scope = tokens.keyword(1);
    let is_scope = !goes_on(tokens, 2);
    let defaults = goes_back(tokens);
    match scope.as_bytes() {
        // Undone, or of no effect any more, when the transaction ends.
        b"local" if is_scope => {
            return Footprint {
                defaults,
                ..Footprint::LOCAL
            };
        }
        b"transaction" | b"constraints" if is_scope => return Footprint::NONE,
        b"session" if tokens.is_word(2, "transaction") && !goes_on(tokens, 3) => {
            return Footprint::NONE;
        }
        _ => {}
    }
    if defaults {
        Footprint {
            defaults,
            ..Footprint::RESETS
        }
    } else {
        Footprint::ASKS
    }
}

/// The word before `index` is a setting or the beginning of one's name: `SET local.x = 1`.
fn goes_on(tokens: Tokens<'_>, index: usize) -> bool {
    tokens.is_symbol(index, b'.')
        || tokens.bytes(index) == b"="
        || matches!(tokens.keyword(index).as_bytes(), b"to" | b"from")
}

/// DEFAULT or what means the same: `TIME ZONE LOCAL`, `NAMES` alone, and 'default' as a value,
/// which `DateStyle` takes for it.
fn goes_back(tokens: Tokens<'_>) -> bool {
    let last = tokens.len() - 1;
    let is_default = |index| tokens.is_word(index, "default") || says_default(tokens, index);
    (1..=last).any(is_default)
        || tokens.is_word(last, "names")
        || (tokens.is_word(last, "local") && tokens.is_word(last.saturating_sub(1), "zone"))
}

/// The token at `index` is a string or a quoted name that holds the word `default`, or may.
pub(super) fn says_default(tokens: Tokens<'_>, index: usize) -> bool {
    let Some(token) = tokens.get(index) else {
        return false;
    };
    match token.kind {
        TokenKind::EscapeString | TokenKind::UnicodeString | TokenKind::UnicodeName => true,
        TokenKind::String | TokenKind::DollarString | TokenKind::QuotedName => {
            let word = b"default";
            let mut windows = token.of(tokens.text()).windows(word.len());
            windows.any(|window| window.eq_ignore_ascii_case(word))
        }
        _ => false,
    }
}
