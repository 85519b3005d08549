//! Functions and names that leave something behind, wherever in a statement they stand.

use super::Footprint;
use super::called::is_call;
use super::glance::holds_telling_name;
use super::set::says_default;
use crate::sql::lexer::TokenKind;
use crate::sql::tokens::Tokens;

/// What the names in `tokens` leave behind.
pub(in crate::sql) fn footprint(tokens: Tokens<'_>) -> Footprint {
    let mut left = Footprint::NONE;
    for (index, token) in tokens.as_slice().iter().enumerate() {
        left = left
            | match token.kind {
                TokenKind::Word | TokenKind::QuotedName => name(tokens, index),
                // Spelt in escapes: it may be any of them.
                TokenKind::UnicodeName => Footprint::RESETS,
                TokenKind::String
                | TokenKind::EscapeString
                | TokenKind::UnicodeString
                | TokenKind::DollarString => string(token.of(tokens.text())),
                _ => Footprint::NONE,
            };
    }
    left
}

/// A string that speaks of such a name may be run as SQL, or be a search path.
fn string(bytes: &[u8]) -> Footprint {
    if holds_telling_name(bytes) {
        Footprint::RESETS
    } else {
        Footprint::NONE
    }
}

fn name(tokens: Tokens<'_>, index: usize) -> Footprint {
    let bytes = tokens.bytes(index);
    let mut lower = [0; LONGEST];
    let is_called = tokens.is_symbol(index + 1, b'(');
    let Some(letters) = lower.get_mut(..bytes.len()) else {
        return if is_called {
            unknown(tokens, index)
        } else {
            Footprint::NONE
        };
    };
    letters.copy_from_slice(bytes);
    // A quoted name is another one unless it is in lower case; the quotes are no part of it.
    let name = match letters {
        [b'"', name @ .., b'"'] => &*name,
        letters => {
            letters.make_ascii_lowercase();
            &*letters
        }
    };
    if name == b"pg_temp" || name.starts_with(b"pg_temp_") {
        return Footprint::ASKS;
    }
    if name == b"pg_settings" && follows_update(tokens, index) {
        return Footprint::RESETS;
    }
    if is_called {
        call(tokens, index, name)
    } else {
        Footprint::NONE
    }
}

/// More than any name that tells something has, quotes included.
const LONGEST: usize = 40;

/// The name at `index` is that of a relation to update: `UPDATE ONLY (db.pg_catalog.name)` at most.
fn follows_update(tokens: Tokens<'_>, index: usize) -> bool {
    (index.saturating_sub(7)..index).any(|before| tokens.is_word(before, "update"))
}

fn call(tokens: Tokens<'_>, index: usize, name: &[u8]) -> Footprint {
    match name {
        b"set_config" => set_config(tokens, index + 1),
        // That of pg_trgm sets `pg_trgm.similarity_threshold`.
        b"set_limit" => Footprint::ASKS,
        b"currval" | b"lastval" => Footprint {
            sequence: true,
            ..Footprint::NONE
        },
        // No query tells these, nor is there a statement that ends them all. A slot may be a
        // temporary one, which is the connection's own.
        b"dblink_connect"
        | b"dblink_connect_u"
        | b"pg_replication_origin_session_setup"
        | b"pg_create_logical_replication_slot"
        | b"pg_create_physical_replication_slot"
        | b"pg_copy_logical_replication_slot"
        | b"pg_copy_physical_replication_slot" => Footprint {
            loads: true,
            ..Footprint::ASKS
        },
        _ if is_session_lock(name) => Footprint::ASKS,
        _ if RUN_TEXT.contains(&name) => Footprint::RESETS,
        _ => unknown(tokens, index),
    }
}

/// Functions of PostgreSQL and its extensions that run a string as SQL, where anything may stand.
const RUN_TEXT: [&[u8]; 11] = [
    b"connectby",
    b"crosstab",
    b"crosstab2",
    b"crosstab3",
    b"crosstab4",
    b"query_to_xml",
    b"query_to_xml_and_xmlschema",
    b"query_to_xmlschema",
    b"ts_rewrite",
    b"ts_stat",
    b"xpath_table",
];

/// The function at `index` may be somebody's own.
fn unknown(tokens: Tokens<'_>, index: usize) -> Footprint {
    if is_call(tokens, index) {
        Footprint::CALLS
    } else {
        Footprint::NONE
    }
}

/// Takes or gives back an advisory lock of the session: `pg_advisory_lock`,
/// `pg_try_advisory_lock_shared`, `pg_advisory_unlock_all`, but not `pg_advisory_xact_lock`.
fn is_session_lock(name: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(b"pg_") else {
        return false;
    };
    let rest = rest.strip_prefix(b"try_").unwrap_or(rest);
    rest.strip_prefix(b"advisory_")
        .is_some_and(|rest| !rest.starts_with(b"xact"))
}

/// What the `set_config` sets whose parenthesis is at `open` outlasts the transaction.
pub(in crate::sql) fn sets_for_the_session(tokens: Tokens<'_>, open: usize) -> bool {
    set_config(tokens, open).asks
}

/// `set_config(name, value, is_local)`, whose parenthesis is at `open`.
fn set_config(tokens: Tokens<'_>, open: usize) -> Footprint {
    let Some([value, is_local]) = value_and_scope(tokens, open) else {
        return Footprint::RESETS;
    };
    let is_true = [&b"true"[..], b"'t'", b"'true'", b"'on'", b"'yes'", b"'1'"]
        .iter()
        .any(|written| is_local.eq_alone(written));
    if is_true {
        return Footprint::LOCAL;
    }
    let is_literal = value.alone().is_some_and(|index| {
        let kind = tokens.get(index).map(|token| token.kind);
        kind == Some(TokenKind::String) && !says_default(tokens, index)
    });
    if is_literal {
        Footprint::ASKS
    } else {
        Footprint::RESETS
    }
}

/// The second and the third of exactly three arguments.
fn value_and_scope(tokens: Tokens<'_>, open: usize) -> Option<[Argument<'_>; 2]> {
    let mut depth = 0_usize;
    let mut commas = [0; 2];
    let mut count = 0;
    for index in open..tokens.len().min(open + MOST_TOKENS) {
        match tokens.get(index)?.kind {
            TokenKind::Symbol(b'(' | b'[') => depth += 1,
            TokenKind::Symbol(b')' | b']') if depth == 1 => {
                let [first, second] = commas;
                let argument = |from, to| Argument { tokens, from, to };
                return (count == 2)
                    .then(|| [argument(first + 1, second), argument(second + 1, index)]);
            }
            TokenKind::Symbol(b')' | b']') => depth -= 1,
            TokenKind::Symbol(b',') if depth == 1 => {
                *commas.get_mut(count)? = index;
                count += 1;
            }
            _ => {}
        }
    }
    None
}

/// Arguments of more are in doubt, so that nested calls take no longer than their length.
const MOST_TOKENS: usize = 256;

/// One argument of a call: the tokens at `from..to`.
#[derive(Clone, Copy)]
struct Argument<'a> {
    tokens: Tokens<'a>,
    from: usize,
    to: usize,
}

impl Argument<'_> {
    /// The index of its token, if it is one.
    fn alone(self) -> Option<usize> {
        (self.to == self.from + 1).then_some(self.from)
    }

    /// It is the one token `written`, in any case.
    fn eq_alone(self, written: &[u8]) -> bool {
        self.alone()
            .is_some_and(|index| self.tokens.bytes(index).eq_ignore_ascii_case(written))
    }
}
