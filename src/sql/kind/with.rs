//! The CTEs of a WITH.

use std::ops::Range;

use crate::sql::tokens::Tokens;

/// One common table expression of the WITH that a statement begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cte {
    /// The index of its name.
    pub name: usize,
    /// The indexes of the tokens inside the parentheses of its body.
    pub body: Range<usize>,
}

/// The index of the main statement behind a WITH and its CTEs.
pub fn main_of_with(tokens: Tokens<'_>) -> Option<usize> {
    ctes(tokens).map(|(_, main)| main)
}

/// The CTEs of the WITH that `tokens` begin with, and the index of the main statement; `None`
/// when they begin otherwise or are no valid SQL.
pub fn ctes(tokens: Tokens<'_>) -> Option<(Vec<Cte>, usize)> {
    if !tokens.is_word(0, "with") {
        return None;
    }
    let mut found = Vec::new();
    let mut at = if tokens.is_word(1, "recursive") { 2 } else { 1 };
    loop {
        let name = at;
        at += 1;
        if tokens.is_symbol(at, b'(') {
            at = tokens.closing(at)? + 1;
        }
        at += usize::from(tokens.is_word(at, "as"));
        at += usize::from(tokens.is_word(at, "not"));
        at += usize::from(tokens.is_word(at, "materialized"));
        if !tokens.is_symbol(at, b'(') {
            return None;
        }
        let close = tokens.closing(at)?;
        found.push(Cte {
            name,
            body: at + 1..close,
        });
        at = behind_clauses(tokens, close + 1)?;
        if !tokens.is_symbol(at, b',') {
            return Some((found, at));
        }
        at += 1;
    }
}

/// The index behind the SEARCH and CYCLE clauses at `at`.
fn behind_clauses(tokens: Tokens<'_>, mut at: usize) -> Option<usize> {
    let find = |from: usize, word| (from..tokens.len()).find(|&index| tokens.is_word(index, word));
    if tokens.is_word(at, "search") {
        at = find(at, "set")? + 2;
    }
    if tokens.is_word(at, "cycle") {
        at = find(at, "using")? + 2;
    }
    Some(at)
}
