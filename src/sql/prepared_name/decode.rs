//! A name as the server knows it.

use crate::sql::lexer::Token;
use crate::sql::lexer::TokenKind;

/// The bytes of the longest name; the server cuts off the rest.
///
/// <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>
const LONGEST: usize = 63;

/// The name that `token` of `text` is, or `None` if the server's encoding decides about it: case
/// and length of letters that are not ASCII. So do escapes, which nobody needs here.
pub(super) fn name(token: Token, text: &[u8]) -> Option<Box<[u8]>> {
    let bytes = token.of(text);
    let mut name = match token.kind {
        TokenKind::Word if bytes.is_ascii() => bytes.to_ascii_lowercase(),
        TokenKind::QuotedName => undoubled(&bytes[1..bytes.len() - 1]),
        _ => return None,
    };
    if name.len() > LONGEST {
        if !name.is_ascii() {
            return None;
        }
        name.truncate(LONGEST);
    }
    Some(name.into_boxed_slice())
}

/// `inside` with one quote for each pair of them.
fn undoubled(inside: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(inside.len());
    let mut after_quote = false;
    for &byte in inside {
        after_quote = byte == b'"' && !after_quote;
        if !after_quote {
            name.push(byte);
        }
    }
    name
}
