//! Calls of functions that are not PostgreSQL's own: what they do in their bodies no text tells.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::sql::lexer::StandardStrings;
use crate::sql::lexer::TokenKind;
use crate::sql::script::Script;
use crate::sql::tokens::Tokens;

/// Names that tell no function to be looked at: functions of `pg_catalog`, and words of the grammar
/// that a parenthesis may follow and that are hardly a function's name. One that is missing here costs a question now and then, no more.
static OWN: LazyLock<HashSet<&[u8]>> = LazyLock::new(|| {
    let names = include_str!("own_functions.txt");
    names.split_ascii_whitespace().map(str::as_bytes).collect()
});

/// Words behind which a name before a parenthesis is no function that runs.
const NO_CALL_BEHIND: [&str; 16] = [
    "aggregate",
    "analyze",
    "as",
    "copy",
    "execute",
    "exists",
    "function",
    "into",
    "prepare",
    "procedure",
    "recursive",
    "references",
    "routine",
    "table",
    "type",
    "with",
];

/// `name`, in lower case, is PostgreSQL's own.
pub(super) fn is_own(name: &[u8]) -> bool {
    OWN.contains(name)
}

/// The functions that `text` calls and that may be somebody's own: the names without their schema,
/// as the server knows them. What cannot be cut into tokens calls nothing here.
pub fn called(text: &[u8]) -> Vec<Box<[u8]>> {
    let mut names = Vec::new();
    let mut add = |strings| {
        if let Ok(script) = Script::lex_as(text, strings) {
            called_in(script.all_tokens(), &mut names);
        }
    };
    add(StandardStrings::On);
    if memchr::memchr(b'\\', text).is_some() {
        add(StandardStrings::Off);
    }
    names
}

/// Functions of one text that are told; one more is given where there are others.
pub const MOST_CALLED: usize = 1024;

/// As [`called`], of tokens.
pub(in crate::sql) fn called_in(tokens: Tokens<'_>, names: &mut Vec<Box<[u8]>>) {
    let mut known: HashSet<Box<[u8]>> = names.iter().cloned().collect();
    for index in 0..tokens.len() {
        if tokens.is_symbol(index + 1, b'(') && is_call(tokens, index) {
            let name = decoded(tokens.bytes(index));
            if names.len() <= MOST_CALLED && known.insert(name.clone()) {
                names.push(name);
            }
        }
    }
}

/// The name at `index`, before a parenthesis, is that of a function that may be somebody's own.
pub(super) fn is_call(tokens: Tokens<'_>, index: usize) -> bool {
    let is_name = |index: usize| {
        tokens
            .get(index)
            .is_some_and(|token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedName))
    };
    if !is_name(index) {
        return false;
    }
    let mut start = index;
    while start >= 2 && tokens.is_symbol(start - 1, b'.') && is_name(start - 2) {
        start -= 2;
    }
    let is_qualified = start < index;
    let is_own = if is_qualified {
        *decoded(tokens.bytes(index - 2)) == *b"pg_catalog"
    } else {
        is_own(&decoded(tokens.bytes(index)))
    };
    // Where a statement begins stands a command.
    let Some(before) = start.checked_sub(1) else {
        return false;
    };
    let is_clause = tokens.is_symbol(before, b')')
        && (tokens.is_word(index, "over") || tokens.is_word(index, "filter"));
    let mut no_call = NO_CALL_BEHIND.iter();
    !is_own
        && !is_clause
        && !tokens.is_symbol(before, b';')
        && !no_call.any(|word| tokens.is_word(before, word))
}

/// A name as the server knows it: folded, without quotes, cut at 63 bytes.
fn decoded(name: &[u8]) -> Box<[u8]> {
    let mut name = match name {
        [b'"', inside @ .., b'"'] => {
            let mut name = Vec::with_capacity(inside.len());
            let mut bytes = inside.iter();
            while let Some(&byte) = bytes.next() {
                name.push(byte);
                if byte == b'"' {
                    bytes.next();
                }
            }
            name
        }
        name => name.to_ascii_lowercase(),
    };
    name.truncate(63);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> String {
        let names = called(text.as_bytes());
        let names: Vec<_> = names
            .iter()
            .map(|name| String::from_utf8_lossy(name))
            .collect();
        names.join(" ")
    }

    #[test]
    fn functions_of_somebodys_own_are_found() {
        assert_eq!(
            names("SELECT f(1), G (2), app.\"It's\"\"me\"(3)"),
            "f g It's\"me"
        );
        assert_eq!(names("SELECT other.count(*)"), "count");
        assert_eq!(names("CALL p(); SELECT * FROM f() f(a, b)"), "p f");
        assert_eq!(names("SELECT DISTINCT ON (a) f(a) FROM t"), "f");
        assert_eq!(names("SELECT 1 OPERATOR(pg_catalog.+) f(1)"), "f");
        // A name of somebody's own for columns looks like a call, and is asked after once.
        assert_eq!(names("SELECT * FROM (SELECT 1) x (a)"), "x");
        assert_eq!(names("INSERT INTO t (a) VALUES (f('x'))"), "f");
        assert_eq!(names("SELECT 1 FROM a JOIN b ON touches(a, b)"), "touches");
    }

    #[test]
    fn what_is_postgresqls_own_or_no_call_is_not() {
        for text in [
            "SELECT count(*), pg_catalog.whatever(1), \"lower\"('x'), coalesce(1, 2)",
            "INSERT INTO s.t (a, b) VALUES (1, 2) ON CONFLICT (a) DO NOTHING",
            "INSERT INTO \"T\" (\"a\") VALUES ($1) RETURNING \"a\"",
            "WITH t (a) AS (SELECT 1) SELECT x IN (1), y = ANY ($1) FROM t AS z (a)",
            "SELECT x::varchar(10), CAST(x AS numeric(10, 2)), 'f(x)' /* f(x) */",
            "SELECT sum(a) OVER (PARTITION BY b), sum(a) FILTER (WHERE b) FROM t",
            "CREATE TABLE t (a int PRIMARY KEY, CHECK (a > 0))",
        ] {
            assert_eq!(names(text), "", "{text}");
        }
    }
}
