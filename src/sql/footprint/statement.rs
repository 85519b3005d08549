//! What one statement may leave behind, told from its tokens.

use super::Footprint;
use super::calls;
use super::glance::QUIET;
use super::set;
use crate::sql::kind::StatementKind;
use crate::sql::kind::classify;
use crate::sql::kind::inner;
use crate::sql::kind::main_of_with;
use crate::sql::lexer::TokenKind;
use crate::sql::lexer::begins_name;
use crate::sql::prepared_name::is_prepare;
use crate::sql::prepared_name::name_in_create;
use crate::sql::tokens::Tokens;

/// What the statement that `tokens` are, its semicolon left out, may leave behind.
pub(super) fn of_statement(tokens: Tokens<'_>) -> Footprint {
    if executes(tokens) {
        Footprint::DOUBT | besides_executed(tokens)
    } else {
        besides_executed(tokens)
    }
}

/// As [`of_statement`], but for what a prepared statement leaves that it executes.
pub(in crate::sql) fn besides_executed(tokens: Tokens<'_>) -> Footprint {
    match tokens.keyword(0).as_bytes() {
        // The statement inside of these does not run, or only by a name.
        b"prepare" if is_prepare(tokens) => Footprint::NAMES,
        b"explain" => explain(tokens),
        _ => of_itself(tokens) | calls::footprint(tokens),
    }
}

/// A prepared statement runs.
fn executes(tokens: Tokens<'_>) -> bool {
    let runs = |tokens: Tokens<'_>| match tokens.keyword(0).as_bytes() {
        b"execute" => true,
        b"create" => name_in_create(tokens).is_some(),
        _ => false,
    };
    runs(tokens) || (tokens.is_word(0, "explain") && analyzes(tokens) && runs(inner(tokens)))
}

/// What the statement does by being what it is.
fn of_itself(tokens: Tokens<'_>) -> Footprint {
    if tokens.is_empty() {
        return Footprint::NONE;
    }
    if tokens.is_symbol(0, b'(') {
        return query(tokens);
    }
    let head = tokens.keyword(0);
    match head.as_bytes() {
        b"select" | b"with" => query(tokens),
        b"begin" | b"start" => Footprint {
            begins: true,
            ..Footprint::NONE
        },
        b"set" => set::footprint(tokens),
        b"reset" | b"call" => Footprint::RESETS,
        b"discard" => discard(tokens),
        b"load" => Footprint {
            loads: true,
            ..Footprint::ASKS
        },
        b"do" => Footprint {
            loads: holds_load(tokens),
            ..Footprint::RESETS
        },
        b"execute" | b"deallocate" => Footprint::NAMES,
        b"declare" => declare(tokens),
        b"create" => create(tokens),
        // What must be left over of these is PREPARE TRANSACTION.
        b"prepare" | b"security" => Footprint::NONE,
        // An extension's script may load a library.
        b"alter" if !tokens.is_word(1, "extension") => Footprint {
            defines: defines(tokens),
            ..Footprint::NONE
        },
        b"alter" => Footprint {
            defines: true,
            ..Footprint::ASKS
        },
        word if QUIET.contains(&word) => Footprint::NONE,
        // LISTEN, UNLISTEN, CLOSE, DROP, IMPORT, and what is not known.
        _ => Footprint::ASKS,
    }
}

/// A query, which may make a table. That is a temporary one if the search path says so, too.
fn query(tokens: Tokens<'_>) -> Footprint {
    let query = tokens.unwrapped();
    let main = if query.is_word(0, "with") {
        main_of_with(query).unwrap_or(0)
    } else {
        0
    };
    let writes = matches!(
        query.keyword(main).as_bytes(),
        b"insert" | b"update" | b"delete" | b"merge"
    );
    let makes_table = !writes
        && (main..query.len()).any(|index| {
            query.is_word(index, "into") && !query.is_label(index) && !is_write(query, index)
        });
    if makes_table {
        Footprint::ASKS
    } else {
        Footprint::NONE
    }
}

/// The INTO at `index` belongs to an INSERT or MERGE that begins inside parentheses.
fn is_write(query: Tokens<'_>, index: usize) -> bool {
    index >= 2
        && matches!(query.keyword(index - 1).as_bytes(), b"insert" | b"merge")
        && query.is_symbol(index - 2, b'(')
}

fn discard(tokens: Tokens<'_>) -> Footprint {
    let keeps_settings = matches!(
        tokens.keyword(1).as_bytes(),
        b"plans" | b"sequences" | b"temp" | b"temporary"
    );
    Footprint {
        resets: !keeps_settings,
        names: true,
        ..Footprint::ASKS
    }
}

fn declare(tokens: Tokens<'_>) -> Footprint {
    // Behind the name of the cursor, which may be `hold`, up to its query.
    let holds = (2..tokens.len())
        .take_while(|&index| !tokens.is_word(index, "for"))
        .any(|index| tokens.is_word(index, "hold") && tokens.is_word(index - 1, "with"));
    if holds {
        Footprint::ASKS
    } else {
        Footprint::NONE
    }
}

/// Whatever is made may be temporary, by its own words or by the search path, and event triggers
/// and an extension's script run.
fn create(tokens: Tokens<'_>) -> Footprint {
    Footprint {
        names: name_in_create(tokens).is_some(),
        defines: defines(tokens),
        ..Footprint::ASKS
    }
}

/// The CREATE, ALTER or DROP that `tokens` are is one of a function, or of what brings functions.
fn defines(tokens: Tokens<'_>) -> bool {
    const WHAT: [&str; 6] = [
        "function",
        "procedure",
        "routine",
        "aggregate",
        "extension",
        "schema",
    ];
    // `CREATE OR REPLACE FUNCTION` at most.
    (1..tokens.len().min(4)).any(|index| WHAT.iter().any(|word| tokens.is_word(index, word)))
}

fn explain(tokens: Tokens<'_>) -> Footprint {
    let explained = inner(tokens);
    if explained.is_word(0, "explain") {
        return Footprint::DOUBT;
    }
    let explained = besides_executed(explained);
    if analyzes(tokens) {
        explained
    } else {
        Footprint {
            names: explained.names,
            ..Footprint::NONE
        }
    }
}

/// The EXPLAIN `tokens` runs its statement.
fn analyzes(tokens: Tokens<'_>) -> bool {
    classify(tokens) != StatementKind::Explain { analyze: false }
}

/// A string of a DO holds what reads as LOAD and the name of a library.
fn holds_load(tokens: Tokens<'_>) -> bool {
    tokens.as_slice().iter().any(|token| {
        let is_text = matches!(
            token.kind,
            TokenKind::String | TokenKind::EscapeString | TokenKind::DollarString
        );
        is_text && loads_library(token.of(tokens.text()))
    })
}

fn loads_library(code: &[u8]) -> bool {
    let word = b"load";
    (0..code.len().saturating_sub(word.len())).any(|at| {
        let end = at + word.len();
        let is_word =
            code[at..end].eq_ignore_ascii_case(word) && (at == 0 || !begins_name(code[at - 1]));
        let next = code[end..].iter().find(|byte| !byte.is_ascii_whitespace());
        is_word && matches!(next, Some(b'\'' | b'$' | b'/' | b'-'))
    })
}
