//! What a statement does with a cursor: declares it, fetches from it, closes it.
//!
//! <https://www.postgresql.org/docs/current/sql-fetch.html>

use std::borrow::Cow;

use super::kind::StatementKind;
use super::lexer::TokenKind;
use super::tokens::Tokens;

/// Bytes of a name that PostgreSQL looks at.
const LONGEST_NAME: usize = 63;

/// Stands for every cursor whose name the text does not tell; no cursor can be called so.
const UNTOLD: &[u8] = b"\0";

/// What a statement does with a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CursorAct {
    /// DECLARE.
    Declare {
        /// The cursor.
        name: Box<[u8]>,
        /// It outlives its transaction.
        holds: bool,
    },
    /// FETCH from this cursor. MOVE brings no rows, and is none.
    Fetch(Box<[u8]>),
    /// CLOSE of this cursor.
    Close(Box<[u8]>),
    /// CLOSE ALL, or DISCARD ALL.
    CloseAll,
}

impl CursorAct {
    /// The cursor; empty where it is all of them.
    pub fn name(&self) -> &[u8] {
        match self {
            Self::Declare { name, .. } | Self::Fetch(name) | Self::Close(name) => name,
            Self::CloseAll => &[],
        }
    }

    /// What the statement `tokens` of `kind` does.
    pub fn of(tokens: Tokens<'_>, kind: StatementKind) -> Option<Self> {
        match kind {
            StatementKind::Declare => Some(Self::Declare {
                name: name(tokens, 1),
                holds: holds(tokens),
            }),
            StatementKind::Fetch => Some(Self::Fetch(name(tokens, last_name(tokens)))),
            StatementKind::Close | StatementKind::Discard if tokens.is_word(1, "all") => {
                Some(Self::CloseAll)
            }
            StatementKind::Close => Some(Self::Close(name(tokens, 1))),
            _ => None,
        }
    }
}

/// Where the name stands that ends the statement `tokens`, perhaps before its UESCAPE.
fn last_name(tokens: Tokens<'_>) -> usize {
    let last = tokens.len() - 1;
    let escaped = last >= 2 && tokens.is_word(last - 1, "uescape");
    if escaped && unicode_name(tokens, last - 2).is_some() {
        last - 2
    } else {
        last
    }
}

/// The name at `index` as far as PostgreSQL tells names apart.
fn name(tokens: Tokens<'_>, index: usize) -> Box<[u8]> {
    let name = tokens.name(index).map(Cow::into_owned);
    let Some(name) = name.or_else(|| unicode_name(tokens, index)) else {
        return UNTOLD.into();
    };
    let bytes = name.as_bytes();
    bytes[..name.floor_char_boundary(LONGEST_NAME)].into()
}

/// The name that `U&"…"` at `index` spells, with the escape character that stands behind it.
///
/// <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>
fn unicode_name(tokens: Tokens<'_>, index: usize) -> Option<String> {
    let token = tokens.get(index)?;
    if token.kind != TokenKind::UnicodeName {
        return None;
    }
    let spelled = std::str::from_utf8(token.of(tokens.text())).ok()?;
    let spelled = spelled.get(3..)?.strip_suffix('"')?.replace("\"\"", "\"");
    let escape = if tokens.is_word(index + 1, "uescape") {
        let told = std::str::from_utf8(tokens.bytes(index + 2)).ok()?;
        let told = told.strip_prefix('\'')?.strip_suffix('\'')?;
        told.parse().ok()?
    } else {
        '\\'
    };
    let mut units = Vec::with_capacity(spelled.len());
    let mut rest = spelled.chars();
    while let Some(letter) = rest.next() {
        let point = if letter != escape {
            letter as u32
        } else if rest.as_str().starts_with(escape) {
            rest.next().map(u32::from)?
        } else {
            let digits = if rest.as_str().starts_with('+') {
                1..7
            } else {
                0..4
            };
            let end = digits.end;
            let point = u32::from_str_radix(rest.as_str().get(digits)?, 16).ok()?;
            rest.nth(end - 1)?;
            point
        };
        match char::from_u32(point) {
            Some(letter) => units.extend_from_slice(letter.encode_utf16(&mut [0; 2])),
            // Half of a pair.
            None => units.push(u16::try_from(point).ok()?),
        }
    }
    String::from_utf16(&units).ok()
}

/// `WITH HOLD` stands before the query.
fn holds(tokens: Tokens<'_>) -> bool {
    let query = (2..tokens.len()).find(|&index| tokens.is_word(index, "for"));
    let mut options = 2..query.unwrap_or(tokens.len());
    options.any(|index| tokens.is_word(index, "with") && tokens.is_word(index + 1, "hold"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::script::Script;

    fn of(text: &str) -> Option<CursorAct> {
        let script = Script::lex(text.as_bytes()).unwrap();
        let statement = script.runnable().next().unwrap();
        CursorAct::of(script.tokens(statement), statement.kind)
    }

    fn fetches(text: &str, cursor: &[u8]) -> bool {
        of(text) == Some(CursorAct::Fetch(cursor.into()))
    }

    #[test]
    fn the_last_word_of_a_fetch_is_the_cursor() {
        assert!(fetches("FETCH c", b"c"));
        assert!(fetches("FETCH FORWARD 10 FROM C -- x", b"c"));
        assert!(fetches("fetch absolute -1 in \"My c\";", b"My c"));
        for spelled in [
            "U&\"c\"",
            "u&\"\\0063\"",
            "U&\"\\+000063\"",
            "U&\"!0063\" UESCAPE '!'",
        ] {
            assert!(fetches(&format!("FETCH ALL {spelled}"), b"c"), "{spelled}");
        }
        assert!(fetches(
            "FETCH U&\"\\d83d\\de00\"\"\\\\\"",
            "😀\"\\".as_bytes()
        ));
        assert!(fetches("FETCH ALL U&\"\\00\"", UNTOLD));
        assert!(fetches("FETCH uescape", b"uescape"));
        let long = "x".repeat(70);
        assert!(fetches(&format!("FETCH {long}"), &long.as_bytes()[..63]));
        assert_eq!(of("MOVE ALL c"), None);
    }

    #[test]
    fn a_cursor_holds_when_it_is_declared_so() {
        let declare = |holds| {
            Some(CursorAct::Declare {
                name: b"c"[..].into(),
                holds,
            })
        };
        let held = "DECLARE c BINARY SCROLL CURSOR WITH HOLD FOR SELECT 1";
        assert_eq!(of(held), declare(true));
        let with = "DECLARE c CURSOR FOR WITH hold AS (SELECT 1) SELECT 1 FROM hold";
        assert_eq!(of(with), declare(false));
    }

    #[test]
    fn cursors_are_closed_by_name_or_all() {
        assert_eq!(of("CLOSE c"), Some(CursorAct::Close(b"c"[..].into())));
        assert_eq!(of("CLOSE ALL"), Some(CursorAct::CloseAll));
        assert_eq!(of("DISCARD ALL"), Some(CursorAct::CloseAll));
        assert_eq!(of("DISCARD PLANS"), None);
    }
}
