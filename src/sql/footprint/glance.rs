//! Tells most texts by their first words and a search for a few bytes, without cutting them.
//!
//! Sound however strings, comments and quoted names lie: every place where a statement could
//! begin is looked at, and every place where a telling word could stand.

use memchr::memchr_iter;
use memchr::memchr2_iter;
use memchr::memchr3_iter;

use super::called::is_own;
use crate::sql::lexer::begins_name;
use crate::sql::lexer::continues_name;
use crate::sql::lexer::is_space;

/// What a glance at a text shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Glance {
    /// It leaves nothing behind.
    Ordinary,
    /// Nothing but the transaction that it begins.
    Begins,
    /// Something in it must be looked at.
    Telling,
}

/// A glance at `text`.
pub(super) fn at(text: &[u8]) -> Glance {
    let Some(start) = behind_comments(text) else {
        return Glance::Telling;
    };
    let first = Head::of(&text[start..]);
    let mut holds_query = first == Head::Query;
    if first == Head::Other {
        return Glance::Telling;
    }
    for at in memchr3_iter(b';', b'_', b'&', text) {
        if text[at] != b';' {
            if is_telling(text, at) {
                return Glance::Telling;
            }
            continue;
        }
        match Head::of(trimmed(&text[at + 1..])) {
            Head::Quiet => {}
            Head::Query => holds_query = true,
            // The semicolon may stand in a string: no transaction begins there.
            Head::Begin | Head::Other => return Glance::Telling,
        }
    }
    if (holds_query && holds_into(text)) || holds_sequence_value(text) || may_call(text) {
        return Glance::Telling;
    }
    if first == Head::Begin {
        Glance::Begins
    } else {
        Glance::Ordinary
    }
}

/// A statement that begins a transaction may stand in `text`, whatever else it holds.
pub(super) fn may_begin(text: &[u8]) -> bool {
    let first = behind_comments(text).is_none_or(|start| Head::of(&text[start..]) == Head::Begin);
    first || memchr_iter(b';', text).any(|at| Head::of(trimmed(&text[at + 1..])) == Head::Begin)
}

/// `text` holds a name that tells, wherever: as a name or in a string that may be run as SQL.
pub(super) fn holds_telling_name(text: &[u8]) -> bool {
    memchr2_iter(b'_', b'&', text).any(|at| is_telling(text, at))
}

/// What a statement begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Head {
    /// Nothing, or a word whose statements leave nothing behind but by the functions they call.
    Quiet,
    /// As [`Head::Quiet`], unless it is `SELECT … INTO`.
    Query,
    /// BEGIN, START TRANSACTION.
    Begin,
    /// Anything else.
    Other,
}

impl Head {
    fn of(statement: &[u8]) -> Self {
        match statement.first() {
            None | Some(b';') => return Self::Quiet,
            Some(b'(') => return Self::Query,
            Some(_) => {}
        }
        let mut word = [0; LONGEST_HEAD];
        let mut length = 0;
        for &byte in statement.iter().take_while(|&&byte| continues_name(byte)) {
            let Some(letter) = word.get_mut(length) else {
                return Self::Other;
            };
            *letter = byte.to_ascii_lowercase();
            length += 1;
        }
        match &word[..length] {
            b"select" | b"with" => Self::Query,
            b"begin" | b"start" => Self::Begin,
            word if QUIET.contains(&word) => Self::Quiet,
            _ => Self::Other,
        }
    }
}

/// The length of the longest word in [`QUIET`].
const LONGEST_HEAD: usize = 10;

/// Words that begin statements which leave nothing behind, the most frequent first. What is not
/// among them is looked at.
pub(super) const QUIET: [&[u8]; 29] = [
    b"insert",
    b"update",
    b"delete",
    b"commit",
    b"rollback",
    b"savepoint",
    b"release",
    b"copy",
    b"show",
    b"end",
    b"values",
    b"table",
    b"merge",
    b"fetch",
    b"move",
    b"abort",
    b"lock",
    b"notify",
    b"truncate",
    b"analyze",
    b"vacuum",
    b"grant",
    b"revoke",
    b"comment",
    b"refresh",
    b"reindex",
    b"cluster",
    b"reassign",
    b"checkpoint",
];

/// The offset of what stands behind white space and comments; `None` when a comment has no end.
fn behind_comments(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        match rest {
            [byte, ..] if is_space(*byte) => at += 1,
            [b'-', b'-', ..] => at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len()),
            [b'/', b'*', ..] => at += block_comment(rest)?,
            _ => return Some(at),
        }
    }
}

/// The length of the comment that `text` begins with; comments nest.
fn block_comment(text: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while at + 1 < text.len() {
        match (text[at], text[at + 1]) {
            (b'/', b'*') => depth += 1,
            (b'*', b'/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// `text` without white space before it. A comment stays: it is looked at.
fn trimmed(text: &[u8]) -> &[u8] {
    let spaces = text.iter().take_while(|&&byte| is_space(byte)).count();
    &text[spaces..]
}

/// The underscore or ampersand at `at` stands in a name that tells.
fn is_telling(text: &[u8], at: usize) -> bool {
    let (before, after) = (&text[..at], &text[at + 1..]);
    if text[at] == b'&' {
        return after.first() == Some(&b'"') && ends_with_word(before, b"u");
    }
    match before.last() {
        Some(b't' | b'T') if ends_with_word(before, b"set") => {
            begins_with(after, b"config") || begins_with(after, b"limit")
        }
        Some(b'g' | b'G') if ends_with_word(before, b"pg") => is_telling_pg(after),
        Some(b'k' | b'K') if ends_with_word(before, b"dblink") => begins_with(after, b"connect"),
        _ => false,
    }
}

/// `name` is what stands behind `pg_`.
fn is_telling_pg(name: &[u8]) -> bool {
    const OTHERS: [&[u8]; 6] = [
        b"settings",
        b"replication_origin_session",
        b"create_logical",
        b"create_physical",
        b"copy_logical",
        b"copy_physical",
    ];
    if begins_with(name, b"temp") {
        return name.get(4).is_none_or(|&next| !next.is_ascii_alphabetic());
    }
    let tried = if begins_with(name, b"try_") {
        &name[4..]
    } else {
        name
    };
    if begins_with(tried, b"advisory_") {
        return !begins_with(&tried[9..], b"xact");
    }
    OTHERS.iter().any(|other| begins_with(name, other))
}

/// The word `into` stands somewhere.
fn holds_into(text: &[u8]) -> bool {
    memchr2_iter(b'o', b'O', text)
        .any(|at| ends_with_word(&text[..at], b"int") && ends_here(text, at + 1))
}

/// `currval` or `lastval` stands somewhere.
fn holds_sequence_value(text: &[u8]) -> bool {
    memchr2_iter(b'v', b'V', text).any(|at| {
        let before = &text[..at];
        begins_with(&text[at + 1..], b"al")
            && ends_here(text, at + 3)
            && (ends_with_word(before, b"curr") || ends_with_word(before, b"last"))
    })
}

/// A function may be called that is not PostgreSQL's own.
fn may_call(text: &[u8]) -> bool {
    memchr_iter(b'(', text).any(|at| may_be_called(&text[..at]))
}

/// `before` ends in the name of such a function, or in a comment behind which it may stand.
fn may_be_called(before: &[u8]) -> bool {
    let spaces = before.iter().rev().take_while(|&&byte| is_space(byte));
    let (before, spaces) = before.split_at(before.len() - spaces.count());
    if memchr::memchr2(b'\n', b'\r', spaces).is_some() && ends_in_comment(before) {
        return true;
    }
    let start = match before {
        [.., b'*', b'/'] => return true,
        [inside @ .., b'"'] => memchr::memrchr(b'"', inside).unwrap_or(0),
        [.., byte] if continues_name(*byte) => {
            let word = before
                .iter()
                .rev()
                .take_while(|&&byte| continues_name(byte));
            let start = before.len() - word.count();
            let mut lower = [0; LONGEST_NAME];
            if let Some(name) = lower.get_mut(..before.len() - start)
                && before[..start].last() != Some(&b'.')
            {
                name.copy_from_slice(&before[start..]);
                name.make_ascii_lowercase();
                if is_own(name) {
                    return false;
                }
            }
            start
        }
        _ => return false,
    };
    let (before, name) = before.split_at(start);
    // `sum(a) OVER (…)`; but in `DISTINCT ON (a) f(b)` a function is called.
    let is_clause = [b"over".as_slice(), b"filter"]
        .iter()
        .any(|word| name.eq_ignore_ascii_case(word))
        && trimmed_end(before).last() == Some(&b')');
    !is_clause && !is_inserted_into(before)
}

/// `text` without blanks behind it. A line break stays: a comment may end there.
fn trimmed_end(text: &[u8]) -> &[u8] {
    let blanks = text.iter().rev().take_while(|&&byte| byte == b' ');
    &text[..text.len() - blanks.count()]
}

/// Longer than any name is.
const LONGEST_NAME: usize = 64;

/// The line in which `before` ends may end in a comment.
fn ends_in_comment(before: &[u8]) -> bool {
    let line = before
        .iter()
        .rposition(|byte| matches!(byte, b'\n' | b'\r'));
    let line = &before[line.map_or(0, |at| at + 1)..];
    line.windows(2).any(|pair| pair == b"--")
}

/// What stands before a name says that rows are put into what it names: the most frequent name
/// before a parenthesis that is none of a function.
fn is_inserted_into(before: &[u8]) -> bool {
    let mut before = before;
    // Its schema, in either spelling.
    while let [schema @ .., b'.'] = before {
        let start = match schema {
            [inside @ .., b'"'] => memchr::memrchr(b'"', inside).unwrap_or(0),
            schema => {
                let word = schema
                    .iter()
                    .rev()
                    .take_while(|&&byte| continues_name(byte));
                schema.len() - word.count()
            }
        };
        if start == schema.len() {
            return false;
        }
        before = &schema[..start];
    }
    let word = trimmed_end(before);
    word.len() < before.len() && ends_with_word(word, b"into")
}

/// No name goes on at `at`.
fn ends_here(text: &[u8], at: usize) -> bool {
    text.get(at).is_none_or(|&byte| !continues_name(byte))
}

fn begins_with(text: &[u8], lower: &[u8]) -> bool {
    text.get(..lower.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(lower))
}

/// `text` ends in `lower`, in any case, and no name goes on into it for sure: a dollar sign may
/// end a string, and before PostgreSQL 15 a number ended where a letter came.
fn ends_with_word(text: &[u8], lower: &[u8]) -> bool {
    let Some(start) = text.len().checked_sub(lower.len()) else {
        return false;
    };
    text[start..].eq_ignore_ascii_case(lower) && (start == 0 || !begins_name(text[start - 1]))
}
