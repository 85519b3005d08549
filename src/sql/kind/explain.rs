//! The options of EXPLAIN.

use super::StatementKind;
use crate::sql::lexer::Token;
use crate::sql::lexer::TokenKind;
use crate::sql::tokens::Tokens;

/// The kind of an EXPLAIN and the index behind its options.
pub(super) fn options(tokens: Tokens<'_>) -> (StatementKind, usize) {
    let explain = |analyze| StatementKind::Explain { analyze };
    if tokens.is_symbol(1, b'(') && !begins_query(tokens.from(2)) {
        let Some(close) = tokens.closing(1) else {
            return (explain(true), tokens.len());
        };
        return (
            explain(!leaves_analyze_off(tokens.between(2, close))),
            close + 1,
        );
    }
    let mut at = 1;
    let mut analyze = false;
    while let b"analyze" | b"analyse" | b"verbose" = tokens.keyword(at).as_bytes() {
        analyze |= !tokens.is_word(at, "verbose");
        at += 1;
    }
    (explain(analyze), at)
}

fn begins_query(tokens: Tokens<'_>) -> bool {
    tokens.is_symbol(0, b'(')
        || match tokens.keyword(0).as_bytes() {
            b"select" | b"with" | b"table" => true,
            b"values" => tokens.is_symbol(1, b'('),
            _ => false,
        }
}

/// Every option is spelt plainly and ANALYZE, if among them, is given as false.
fn leaves_analyze_off(options: Tokens<'_>) -> bool {
    let is_comma = |token: &Token| token.kind == TokenKind::Symbol(b',');
    options.as_slice().split(is_comma).all(|option| {
        let option = Tokens::new(options.text(), option);
        match option.keyword(0).as_bytes() {
            b"" => false,
            b"analyze" | b"analyse" => {
                option.len() == 2
                    && [&b"off"[..], b"false", b"0", b"'off'", b"'false'"]
                        .iter()
                        .any(|value| option.bytes(1).eq_ignore_ascii_case(value))
            }
            _ => true,
        }
    })
}
