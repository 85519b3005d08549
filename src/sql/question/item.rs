//! Reads what stands around an item of a FROM clause: its alias, its argument.

use crate::sql::lexer::TokenKind;
use crate::sql::tokens::Tokens;

/// The token at `index` names the derived table before it.
pub(super) fn is_alias(tokens: Tokens<'_>, index: usize) -> bool {
    match tokens.get(index).map(|token| token.kind) {
        Some(TokenKind::QuotedName | TokenKind::UnicodeName) => true,
        Some(TokenKind::Word) => !NEVER_ALIAS.contains(&tokens.keyword(index).as_bytes()),
        _ => false,
    }
}

/// Reserved words that can follow an item of a FROM clause; `AS` is none of them.
const NEVER_ALIAS: &[&[u8]] = &[
    b"where",
    b"group",
    b"having",
    b"window",
    b"order",
    b"limit",
    b"offset",
    b"fetch",
    b"for",
    b"union",
    b"except",
    b"intersect",
    b"join",
    b"inner",
    b"left",
    b"right",
    b"full",
    b"cross",
    b"natural",
    b"on",
    b"using",
    b"tablesample",
    b"into",
    b"to",
    b"with",
    b"returning",
    b"when",
];

/// What a string constant without exotic escapes stands for.
pub(super) fn string_value(tokens: Tokens<'_>, index: usize) -> Option<Vec<u8>> {
    let token = tokens.get(index)?;
    let bytes = token.of(tokens.text());
    match token.kind {
        TokenKind::String if bytes.first() == Some(&b'\'') => {
            Some(unquoted(&bytes[1..bytes.len() - 1]))
        }
        TokenKind::DollarString => {
            let tag = bytes[1..].iter().position(|&byte| byte == b'$')? + 2;
            Some(bytes[tag..bytes.len() - tag].to_vec())
        }
        TokenKind::EscapeString if !bytes.contains(&b'\\') => {
            Some(unquoted(&bytes[2..bytes.len() - 1]))
        }
        _ => None,
    }
}

/// `bytes` with doubled quotes made single.
fn unquoted(bytes: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(bytes.len());
    let mut quoted = false;
    for &byte in bytes {
        quoted = byte == b'\'' && !quoted;
        if !quoted {
            value.push(byte);
        }
    }
    value
}
