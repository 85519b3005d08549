//! Puts a row limit into a query by changing as few of its bytes as possible.
//!
//! Works on tokens only and never prints SQL anew. Where the outcome would be in doubt it says
//! so, and the rows are counted instead.

use std::ops::Range;

use super::kind::StatementKind;
use super::kind::main_of_with;
use super::lexer::TokenKind;
use super::tokens::Tokens;

/// What to do with a query so that it delivers no more rows than allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Splice {
    /// Its own limit is tight enough.
    Keep,
    /// Change these bytes, in this order.
    Edits(Vec<Edit>),
    /// Leave it and count its rows.
    CountOnly,
}

/// One change of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that go; empty to insert only.
    pub at: Range<usize>,
    /// What comes instead.
    pub with: String,
}

/// `text` with `edits`, which are in order and do not overlap.
pub fn apply(text: &[u8], edits: &[Edit]) -> Vec<u8> {
    let grown: usize = edits.iter().map(|edit| edit.with.len()).sum();
    let mut edited = Vec::with_capacity(text.len() + grown);
    let mut copied = 0;
    for edit in edits {
        edited.extend_from_slice(&text[copied..edit.at.start]);
        edited.extend_from_slice(edit.with.as_bytes());
        copied = edit.at.end;
    }
    edited.extend_from_slice(&text[copied..]);
    edited
}

/// How a query of at most `rows` rows is made of `statement`, which is of `kind`.
pub fn limit(statement: Tokens<'_>, kind: StatementKind, rows: u64) -> Splice {
    if kind != StatementKind::Select {
        return Splice::CountOnly;
    }
    let query = statement.unwrapped();
    let Some(clauses) = Clauses::find(query) else {
        return Splice::CountOnly;
    };
    match (clauses.limit, clauses.fetch, clauses.offset) {
        (Some(limit), None, _) => limit_clause(query, limit, rows),
        (None, Some(fetch), _) => fetch_clause(query, fetch, rows),
        (None, None, Some(offset)) => insert(query, offset, format!("LIMIT {rows} ")),
        (None, None, None) => append(query, rows),
        (Some(_), Some(_), _) => Splice::CountOnly,
    }
}

/// Where the clauses that limit a query stand, by token index.
#[derive(Debug, Default)]
struct Clauses {
    limit: Option<usize>,
    fetch: Option<usize>,
    offset: Option<usize>,
}

impl Clauses {
    /// `None` when a limit cannot be put in: the query locks rows, or its body is parenthesised
    /// so that the clauses inside and outside would meet.
    fn find(query: Tokens<'_>) -> Option<Self> {
        let mut clauses = Self::default();
        let mut depth = 0_usize;
        let mut combines = false;
        for index in 0..query.len() {
            match query.get(index)?.kind {
                TokenKind::Symbol(b'(' | b'[') => depth += 1,
                TokenKind::Symbol(b')' | b']') => depth = depth.checked_sub(1)?,
                TokenKind::Word if depth == 0 && !query.is_label(index) => {
                    match query.keyword(index).as_bytes() {
                        b"limit" if clauses.limit.is_none() => clauses.limit = Some(index),
                        b"fetch" if clauses.fetch.is_none() => clauses.fetch = Some(index),
                        b"offset" if clauses.offset.is_none() => clauses.offset = Some(index),
                        b"limit" | b"fetch" | b"offset" | b"into" => return None,
                        b"union" | b"except" | b"intersect" => combines = true,
                        b"for" if !follows_collation(query, index) => return None,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        let main = if query.is_word(0, "with") {
            main_of_with(query)?
        } else {
            0
        };
        let nested = query.is_symbol(main, b'(');
        (depth == 0 && (!nested || combines)).then_some(clauses)
    }
}

fn follows_collation(query: Tokens<'_>, index: usize) -> bool {
    index > 0 && query.is_word(index - 1, "collation")
}

/// `LIMIT …` at token `limit`.
fn limit_clause(query: Tokens<'_>, limit: usize, rows: u64) -> Splice {
    let ends = |index: usize| index == query.len() || query.is_word(index, "offset");
    if !ends(limit + 2) {
        return Splice::CountOnly;
    }
    let Some(value) = query.get(limit + 1) else {
        return Splice::CountOnly;
    };
    let at = value.start as usize..value.end as usize;
    match Value::read(query, limit + 1) {
        Value::Rows(own) if own <= rows => Splice::Keep,
        Value::Rows(_) | Value::Unlimited => Splice::Edits(vec![Edit {
            at,
            with: rows.to_string(),
        }]),
        Value::Parameter(name) => Splice::Edits(vec![Edit {
            at,
            with: least(name, rows),
        }]),
        Value::Doubtful => Splice::CountOnly,
    }
}

/// `FETCH {FIRST | NEXT} [n] {ROW | ROWS} ONLY` at token `fetch`.
fn fetch_clause(query: Tokens<'_>, fetch: usize, rows: u64) -> Splice {
    let is_first = matches!(query.keyword(fetch + 1).as_bytes(), b"first" | b"next");
    let is_row = |index: usize| matches!(query.keyword(index).as_bytes(), b"row" | b"rows");
    let ends = |index: usize| {
        is_row(index)
            && query.is_word(index + 1, "only")
            && (index + 2 == query.len() || query.is_word(index + 2, "offset"))
    };
    if is_first && ends(fetch + 2) {
        return if rows >= 1 {
            Splice::Keep
        } else {
            Splice::CountOnly
        };
    }
    if is_first && has_ties(query, fetch) {
        return wrap(query, rows);
    }
    let Some(value) = query.get(fetch + 2) else {
        return Splice::CountOnly;
    };
    if !is_first || !ends(fetch + 3) {
        return Splice::CountOnly;
    }
    let at = value.start as usize..value.end as usize;
    match Value::read(query, fetch + 2) {
        Value::Rows(own) if own <= rows => Splice::Keep,
        Value::Rows(_) => Splice::Edits(vec![Edit {
            at,
            with: rows.to_string(),
        }]),
        Value::Parameter(name) => Splice::Edits(vec![Edit {
            at,
            with: format!("({})", least(name, rows)),
        }]),
        Value::Unlimited | Value::Doubtful => Splice::CountOnly,
    }
}

/// `{ROW | ROWS} WITH TIES` ends the clause at token `fetch`, whatever its number is: rows that tie
/// with the last one come on top of that.
fn has_ties(query: Tokens<'_>, fetch: usize) -> bool {
    let with = query.len().checked_sub(2);
    with.is_some_and(|with| {
        with > fetch + 1
            && query.is_word(with, "with")
            && query.is_word(with + 1, "ties")
            && matches!(query.keyword(with - 1).as_bytes(), b"row" | b"rows")
    })
}

/// Makes a subquery of it, whose columns come from where they came from before.
fn wrap(query: Tokens<'_>, rows: u64) -> Splice {
    let (Some(first), Some(last)) = (query.get(0), query.last()) else {
        return Splice::CountOnly;
    };
    let (start, end) = (first.start as usize, last.end as usize);
    Splice::Edits(vec![
        Edit {
            at: start..start,
            with: "SELECT * FROM (".to_owned(),
        },
        Edit {
            at: end..end,
            with: format!(") _pgparley LIMIT {rows}"),
        },
    ])
}

/// A limit as the client gave it.
enum Value<'a> {
    Rows(u64),
    Unlimited,
    Parameter(&'a [u8]),
    Doubtful,
}

impl<'a> Value<'a> {
    fn read(query: Tokens<'a>, index: usize) -> Self {
        let bytes = query.bytes(index);
        match query.get(index).map(|token| token.kind) {
            Some(TokenKind::Number) => match std::str::from_utf8(bytes).map(str::parse::<u64>) {
                // What is no bigint is an error of the server's, and must stay one.
                Ok(Ok(rows)) if i64::try_from(rows).is_ok() => Self::Rows(rows),
                _ => Self::Doubtful,
            },
            Some(TokenKind::Word) => match query.keyword(index).as_bytes() {
                b"all" | b"null" => Self::Unlimited,
                _ => Self::Doubtful,
            },
            // Used elsewhere too, the cast could change the type that the server infers for it.
            Some(TokenKind::Parameter) if uses(query, bytes) == 1 => Self::Parameter(bytes),
            _ => Self::Doubtful,
        }
    }
}

fn uses(query: Tokens<'_>, parameter: &[u8]) -> usize {
    let tokens = query.as_slice().iter();
    let parameters = tokens.filter(|token| token.kind == TokenKind::Parameter);
    parameters
        .filter(|token| token.of(query.text()) == parameter)
        .count()
}

/// LEAST passes over NULL, which as a limit means none.
fn least(parameter: &[u8], rows: u64) -> String {
    format!(
        "LEAST(({})::bigint, {rows})",
        String::from_utf8_lossy(parameter)
    )
}

fn insert(query: Tokens<'_>, index: usize, with: String) -> Splice {
    let Some(token) = query.get(index) else {
        return Splice::CountOnly;
    };
    let start = token.start as usize;
    Splice::Edits(vec![Edit {
        at: start..start,
        with,
    }])
}

/// Behind the last token, before any comment: a line comment would swallow the limit. After `AS`
/// or a dot it would be a name.
fn append(query: Tokens<'_>, rows: u64) -> Splice {
    let Some(last) = query.last().filter(|_| !query.is_label(query.len())) else {
        return Splice::CountOnly;
    };
    let end = last.end as usize;
    Splice::Edits(vec![Edit {
        at: end..end,
        with: format!(" LIMIT {rows}"),
    }])
}

#[cfg(test)]
mod tests;
