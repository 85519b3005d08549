//! The CTEs of a WITH, and whether one of them writes.

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
    // A CTE may be called `recursive`.
    let recursive = tokens.is_word(1, "recursive") && tokens.is_name(2) && !tokens.is_word(2, "as");
    let mut at = if recursive { 2 } else { 1 };
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

/// Whether a statement that writes rows begins at `index`: INSERT, UPDATE, DELETE or MERGE, not a
/// name that is spelt alike.
pub(super) fn begins_write(tokens: Tokens<'_>, index: usize) -> bool {
    match tokens.keyword(index).as_bytes() {
        b"insert" | b"merge" => tokens.is_word(index + 1, "into"),
        b"delete" => tokens.is_word(index + 1, "from"),
        b"update" => tokens.is_name(index + 1),
        _ => false,
    }
}

/// How far the statement inside a pair of parentheses, or the whole one, has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Read {
    /// Nothing of it.
    Nothing,
    /// WITH, and maybe CTEs; the main statement is still to come.
    With,
    /// The main statement has begun, or it is none.
    Main,
}

/// The statements in `tokens` that write: those that begin at the start of parentheses, or as the
/// main statement of a WITH at any depth, each up to where its parentheses end. Finds some in texts
/// that are no valid SQL.
pub fn writes(tokens: Tokens<'_>) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut open = vec![(Read::Nothing, None)];
    for index in 0..tokens.len() {
        if tokens.is_symbol(index, b'(') {
            open.push((Read::Nothing, None));
            continue;
        }
        if tokens.is_symbol(index, b')') {
            if open.len() > 1
                && let Some((_, Some(write))) = open.pop()
            {
                close(&mut found, write, index);
            }
            continue;
        }
        let Some((read, write)) = open.last_mut() else {
            continue;
        };
        // After these words and a comma comes the name of a CTE.
        let names_cte = index > 0
            && (tokens.is_symbol(index - 1, b',')
                || matches!(tokens.keyword(index - 1).as_bytes(), b"with" | b"recursive"));
        if *read != Read::Main && !names_cte && begins_write(tokens, index) {
            *read = Read::Main;
            *write = Some(found.len());
            found.push(index..tokens.len());
            continue;
        }
        *read = match (*read, tokens.keyword(index).as_bytes()) {
            (Read::With, b"select" | b"values" | b"table") if !names_cte => Read::Main,
            (Read::Nothing, b"with") | (Read::With, _) => Read::With,
            (Read::Nothing | Read::Main, _) => Read::Main,
        };
    }
    found
}

fn close(found: &mut [Range<usize>], write: usize, end: usize) {
    if let Some(range) = found.get_mut(write) {
        range.end = end;
    }
}
