//! The way from a text to a tree: its size, its tokens, its one statement.

use sqlparser::ast::Query;
use sqlparser::ast::Statement;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::parser::ParserError;

use crate::guard::Refusal;
use crate::sql::lexer::StandardStrings;
use crate::sql::lexer::Token;
use crate::sql::lexer::TokenKind;
use crate::sql::lexer::lex;

/// Bytes that a generated statement may have.
const MAX_BYTES: usize = 64 * 1024;

/// Tokens that it may have.
const MAX_TOKENS: usize = 10_000;

/// Brackets that may be open at the same time.
const MAX_NESTING: usize = 100;

/// What sqlparser may recurse; about 150 for 60 nested brackets.
const PARSER_RECURSION: usize = 300;

/// Looks at a text before it is parsed; the number of its tokens.
///
/// More than one statement is refused here, on the boundaries that PostgreSQL sees.
pub(super) fn text(sql: &str) -> Result<usize, Refusal> {
    if sql.len() > MAX_BYTES {
        return Err(too_big("generated query is longer than 64 kB"));
    }
    if sql
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        return Err(Refusal::new(
            "syntax",
            "42601",
            "generated query holds a control character",
        ));
    }
    let mut tokens = lex(sql.as_bytes(), StandardStrings::On)
        .map_err(|error| Refusal::new("syntax", "42601", error.message))?;
    tokens.retain(|token| !token.is_comment());
    while tokens
        .last()
        .is_some_and(|token| token.kind == TokenKind::Symbol(b';'))
    {
        tokens.pop();
    }
    if tokens.is_empty() {
        return Err(Refusal::new(
            "one-statement",
            "42601",
            "generated query is empty",
        ));
    }
    if tokens
        .iter()
        .any(|token| token.kind == TokenKind::Symbol(b';'))
    {
        let message = "generated query holds more than one statement";
        return Err(Refusal::new("one-statement", "42601", message));
    }
    if tokens.len() > MAX_TOKENS {
        return Err(too_big("generated query has more than 10000 tokens"));
    }
    if nesting(&tokens) > MAX_NESTING {
        return Err(too_big("generated query is nested too deeply"));
    }
    Ok(tokens.len())
}

/// The tree of a text that [`text`] has admitted, if it is a query.
pub(super) fn query(sql: &str) -> Result<Query, Refusal> {
    let statements = Parser::new(&PostgreSqlDialect {})
        .with_recursion_limit(PARSER_RECURSION)
        .try_with_sql(sql)
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| syntax(&error))?;
    let mut statements = statements.into_iter();
    let (Some(first), None) = (statements.next(), statements.next()) else {
        let message = "generated text is not exactly one statement";
        return Err(Refusal::new("one-statement", "42601", message));
    };
    match first {
        Statement::Query(query) => Ok(*query),
        _ => Err(Refusal::new(
            "read-only",
            "42501",
            "generated statement is not a query",
        )),
    }
}

/// Whether a text of ours lexes as it was meant, however the server is set.
pub(super) fn is_plain(sql: &str) -> bool {
    let on = lex(sql.as_bytes(), StandardStrings::On);
    on == lex(sql.as_bytes(), StandardStrings::Off)
        && on.is_ok_and(|tokens| {
            tokens.iter().all(|token| match token.kind {
                TokenKind::Symbol(symbol) => symbol != b';',
                TokenKind::LineComment | TokenKind::BlockComment | TokenKind::Stray => false,
                _ => true,
            })
        })
}

fn nesting(tokens: &[Token]) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for token in tokens {
        match token.kind {
            TokenKind::Symbol(b'(' | b'[') => open += 1,
            TokenKind::Symbol(b')' | b']') => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

fn syntax(error: &ParserError) -> Refusal {
    match error {
        ParserError::RecursionLimitExceeded => too_big("generated query is nested too deeply"),
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
            let message = format!("generated query does not parse: {message}");
            Refusal::new("syntax", "42601", message)
        }
    }
}

fn too_big(message: &str) -> Refusal {
    Refusal::new("size", "54000", message)
}
