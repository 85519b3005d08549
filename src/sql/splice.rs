//! Puts a row limit into a query by changing as few of its bytes as possible.
//!
//! Works on tokens only and never prints SQL anew. Where the outcome would be in doubt it says
//! so, and the rows are counted instead.

mod bounds;

use std::ops::Range;

use self::bounds::Bounds;
use self::bounds::Clause;
use super::kind::StatementKind;
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
    let Some(bounds) = Bounds::find(query) else {
        return Splice::CountOnly;
    };
    match (bounds.limit, bounds.fetch, bounds.offset) {
        (Some(limit), None, _) => limit_clause(query, limit, rows),
        (None, Some(fetch), _) => fetch_clause(query, fetch, rows),
        (None, None, Some(offset)) => insert(offset, format!("LIMIT {rows} ")),
        (None, None, None) => append(query, rows),
        (Some(_), Some(_), _) => Splice::CountOnly,
    }
}

/// The clause `LIMIT …` of `query`.
fn limit_clause(query: Tokens<'_>, limit: Clause<'_>, rows: u64) -> Splice {
    let Clause { level, index } = limit;
    let ends = |index: usize| index == level.len() || level.is_word(index, "offset");
    if !ends(index + 2) {
        return Splice::CountOnly;
    }
    let Some(value) = level.get(index + 1) else {
        return Splice::CountOnly;
    };
    let at = value.start as usize..value.end as usize;
    match Value::read(query, level, index + 1) {
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

/// The clause `FETCH {FIRST | NEXT} [n] {ROW | ROWS} ONLY` of `query`.
fn fetch_clause(query: Tokens<'_>, fetch: Clause<'_>, rows: u64) -> Splice {
    let Clause { level, index } = fetch;
    let is_first = matches!(level.keyword(index + 1).as_bytes(), b"first" | b"next");
    let is_row = |index: usize| matches!(level.keyword(index).as_bytes(), b"row" | b"rows");
    let ends = |index: usize| {
        is_row(index)
            && level.is_word(index + 1, "only")
            && (index + 2 == level.len() || level.is_word(index + 2, "offset"))
    };
    if is_first && ends(index + 2) {
        return if rows >= 1 {
            Splice::Keep
        } else {
            Splice::CountOnly
        };
    }
    if is_first && has_ties(level, index) {
        return wrap(query, rows);
    }
    let Some(value) = level.get(index + 2) else {
        return Splice::CountOnly;
    };
    if !is_first || !ends(index + 3) {
        return Splice::CountOnly;
    }
    let at = value.start as usize..value.end as usize;
    match Value::read(query, level, index + 2) {
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
fn has_ties(level: Tokens<'_>, fetch: usize) -> bool {
    let with = level.len().checked_sub(2);
    with.is_some_and(|with| {
        with > fetch + 1
            && level.is_word(with, "with")
            && level.is_word(with + 1, "ties")
            && matches!(level.keyword(with - 1).as_bytes(), b"row" | b"rows")
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
    /// What stands at `index` of a level of `query`.
    fn read(query: Tokens<'_>, level: Tokens<'a>, index: usize) -> Self {
        let bytes = level.bytes(index);
        match level.get(index).map(|token| token.kind) {
            Some(TokenKind::Number) => match std::str::from_utf8(bytes).map(str::parse::<u64>) {
                // What is no bigint is an error of the server's, and must stay one.
                Ok(Ok(rows)) if i64::try_from(rows).is_ok() => Self::Rows(rows),
                _ => Self::Doubtful,
            },
            Some(TokenKind::Word) => match level.keyword(index).as_bytes() {
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

/// Before a clause.
fn insert(before: Clause<'_>, with: String) -> Splice {
    let Some(token) = before.level.get(before.index) else {
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
