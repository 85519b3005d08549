//! What kind of statement a run of tokens is, told from keywords alone.
//!
//! Exact for statements that PostgreSQL accepts; for others any kind may come out, the server
//! refuses them. A `SELECT` that writes (`INTO`, a writing CTE) is never called a `Select`.

mod explain;
mod with;

pub use with::Cte;
pub use with::ctes;
pub use with::main_of_with;
pub use with::writes;

use self::explain::options as explain_options;
use self::with::begins_write;
use super::tokens::Tokens;

/// The kinds of statements that pgparley tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatementKind {
    /// Nothing but comments.
    Empty,
    /// SELECT, VALUES, TABLE, or WITH before one of them; parenthesised or not. It may still call
    /// functions that write.
    Select,
    /// `SELECT … INTO`, which makes a table.
    SelectInto,
    /// WITH where a CTE or the main statement is INSERT, UPDATE, DELETE or MERGE.
    WithWrite {
        /// The main statement is a query; only CTEs write.
        query: bool,
    },
    /// INSERT.
    Insert,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
    /// MERGE.
    Merge,
    /// EXPLAIN; with `analyze` the explained statement runs.
    Explain {
        /// ANALYZE is on, or the options leave it in doubt.
        analyze: bool,
    },
    /// COPY.
    Copy(CopyKind),
    /// BEGIN, START TRANSACTION.
    Begin,
    /// COMMIT, END.
    Commit,
    /// ROLLBACK, ABORT.
    Rollback,
    /// ROLLBACK TO SAVEPOINT.
    RollbackTo,
    /// SAVEPOINT.
    Savepoint,
    /// RELEASE SAVEPOINT.
    Release,
    /// PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED.
    TwoPhase,
    /// SET.
    Set(SetScope),
    /// RESET.
    Reset,
    /// SHOW.
    Show,
    /// DECLARE CURSOR.
    Declare,
    /// FETCH.
    Fetch,
    /// MOVE.
    Move,
    /// CLOSE.
    Close,
    /// PREPARE.
    Prepare,
    /// EXECUTE.
    Execute,
    /// DEALLOCATE.
    Deallocate,
    /// DISCARD.
    Discard,
    /// LISTEN.
    Listen,
    /// UNLISTEN.
    Unlisten,
    /// NOTIFY.
    Notify,
    /// CALL.
    Call,
    /// DO.
    Do,
    /// LOAD.
    Load,
    /// LOCK TABLE.
    Lock,
    /// CREATE.
    Create,
    /// Anything else: ALTER, DROP, GRANT, VACUUM, or no statement at all.
    Other,
}

/// Where the data of a COPY goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CopyKind {
    /// To the client.
    ToStdout,
    /// From the client.
    FromStdin,
    /// To a file or program of the server.
    ToServer,
    /// From a file or program of the server.
    FromServer,
}

/// What a SET sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SetScope {
    /// A setting, for the session.
    Session,
    /// A setting, for the transaction.
    Local,
    /// `SET TRANSACTION`, `SET SESSION CHARACTERISTICS`.
    Transaction,
    /// `SET CONSTRAINTS`.
    Constraints,
    /// `SET ROLE`, `SET SESSION AUTHORIZATION`, LOCAL or not.
    Identity,
}

/// The kind of the statement that `tokens` are, its semicolon left out.
pub fn classify(tokens: Tokens<'_>) -> StatementKind {
    use StatementKind as Kind;
    if tokens.is_empty() {
        return Kind::Empty;
    }
    if tokens.is_symbol(0, b'(') {
        return query(tokens);
    }
    match tokens.keyword(0).as_bytes() {
        b"select" | b"values" | b"table" | b"with" => query(tokens),
        b"insert" => Kind::Insert,
        b"update" => Kind::Update,
        b"delete" => Kind::Delete,
        b"merge" => Kind::Merge,
        b"explain" => explain_options(tokens).0,
        b"copy" => copy(tokens),
        b"begin" | b"start" => Kind::Begin,
        b"commit" | b"end" if !tokens.is_word(1, "prepared") => Kind::Commit,
        b"rollback" | b"abort" => rollback(tokens),
        b"savepoint" => Kind::Savepoint,
        b"release" => Kind::Release,
        b"commit" => Kind::TwoPhase,
        // A statement may be called `transaction`.
        b"prepare" if tokens.is_word(1, "transaction") && !begins_prepare(tokens) => Kind::TwoPhase,
        b"prepare" => Kind::Prepare,
        b"set" => Kind::Set(set_scope(tokens)),
        b"reset" => Kind::Reset,
        b"show" => Kind::Show,
        b"declare" => Kind::Declare,
        b"fetch" => Kind::Fetch,
        b"move" => Kind::Move,
        b"close" => Kind::Close,
        b"execute" => Kind::Execute,
        b"deallocate" => Kind::Deallocate,
        b"discard" => Kind::Discard,
        b"listen" => Kind::Listen,
        b"unlisten" => Kind::Unlisten,
        b"notify" => Kind::Notify,
        b"call" => Kind::Call,
        b"do" => Kind::Do,
        b"load" => Kind::Load,
        b"lock" => Kind::Lock,
        b"create" => Kind::Create,
        _ => Kind::Other,
    }
}

/// `tokens` hold a statement inside of a statement inside of more than the grammar has, where EXPLAIN
/// of a DECLARE is the deepest: the server takes none of it.
pub fn nests_beyond_grammar(tokens: Tokens<'_>) -> bool {
    const DEEPEST: usize = 4;
    let mut inside = tokens;
    for _ in 0..DEEPEST {
        inside = inner(inside);
    }
    !inside.is_empty()
}

/// The statement inside an EXPLAIN, PREPARE or DECLARE, or the query of a COPY; empty when there
/// is none.
pub fn inner(tokens: Tokens<'_>) -> Tokens<'_> {
    let none = tokens.between(0, 0);
    match tokens.keyword(0).as_bytes() {
        b"explain" => tokens.from(explain_options(tokens).1),
        b"prepare" => {
            let types = if tokens.is_symbol(2, b'(') {
                tokens.closing(2)
            } else {
                Some(1)
            };
            let Some(types) = types else { return none };
            if tokens.is_word(types + 1, "as") {
                tokens.from(types + 2)
            } else {
                none
            }
        }
        b"declare" => match (2..tokens.len()).find(|&index| tokens.is_word(index, "for")) {
            Some(word) => tokens.from(word + 1),
            None => none,
        },
        b"copy" if tokens.is_symbol(1, b'(') => match tokens.closing(1) {
            Some(close) => tokens.between(2, close),
            None => none,
        },
        _ => none,
    }
}

/// A statement that begins with SELECT, VALUES, TABLE, WITH or a parenthesis.
fn query(tokens: Tokens<'_>) -> StatementKind {
    let body = tokens.unwrapped();
    let first = (0..body.len())
        .find(|&index| !body.is_symbol(index, b'('))
        .unwrap_or(0);
    let begins_query = matches!(
        body.keyword(first).as_bytes(),
        b"select" | b"values" | b"table" | b"with"
    );
    if !begins_query {
        return StatementKind::Other;
    }
    let mut with = false;
    let mut into = false;
    for index in first..body.len() {
        match body.keyword(index).as_bytes() {
            b"with" => with = true,
            b"into" => into |= !body.is_label(index),
            _ => {}
        }
    }
    if with && !writes(body).is_empty() {
        let main = main_of_with(body).unwrap_or(0);
        return StatementKind::WithWrite {
            query: !begins_write(body, main),
        };
    }
    if into {
        StatementKind::SelectInto
    } else {
        StatementKind::Select
    }
}

/// What is behind the name in `PREPARE name (types) AS` or `PREPARE name AS`.
fn begins_prepare(tokens: Tokens<'_>) -> bool {
    tokens.is_symbol(2, b'(') || tokens.is_word(2, "as")
}

fn rollback(tokens: Tokens<'_>) -> StatementKind {
    let noise = usize::from(matches!(
        tokens.keyword(1).as_bytes(),
        b"work" | b"transaction"
    ));
    match tokens.keyword(1 + noise).as_bytes() {
        b"to" => StatementKind::RollbackTo,
        b"prepared" => StatementKind::TwoPhase,
        _ => StatementKind::Rollback,
    }
}

fn copy(tokens: Tokens<'_>) -> StatementKind {
    let mut depth = 0_usize;
    for index in 1..tokens.len() {
        if tokens.is_symbol(index, b'(') {
            depth += 1;
        } else if tokens.is_symbol(index, b')') {
            depth = depth.saturating_sub(1);
        }
        if depth > 0 || tokens.is_label(index) {
            continue;
        }
        // The server takes STDIN and STDOUT in either direction.
        let client = matches!(tokens.keyword(index + 1).as_bytes(), b"stdin" | b"stdout");
        return StatementKind::Copy(match (tokens.keyword(index).as_bytes(), client) {
            (b"to", true) => CopyKind::ToStdout,
            (b"to", false) => CopyKind::ToServer,
            (b"from", true) => CopyKind::FromStdin,
            (b"from", false) => CopyKind::FromServer,
            _ => continue,
        });
    }
    StatementKind::Other
}

fn set_scope(tokens: Tokens<'_>) -> SetScope {
    let (local, at) = match tokens.keyword(1).as_bytes() {
        b"local" if !goes_on(tokens, 2) => (true, 2),
        b"session" if !goes_on(tokens, 2) => (false, 2),
        _ => (false, 1),
    };
    let setting = if local {
        SetScope::Local
    } else {
        SetScope::Session
    };
    if goes_on(tokens, at + 1) {
        return setting;
    }
    match tokens.keyword(at).as_bytes() {
        b"transaction" | b"characteristics" => SetScope::Transaction,
        b"constraints" => SetScope::Constraints,
        b"role" | b"authorization" => SetScope::Identity,
        b"session" if tokens.is_word(at + 1, "authorization") => SetScope::Identity,
        b"session" if tokens.is_word(at + 1, "characteristics") => SetScope::Transaction,
        _ => setting,
    }
}

/// The word before `index` is a setting or the beginning of its name.
fn goes_on(tokens: Tokens<'_>, index: usize) -> bool {
    tokens.is_word(index, "to") || tokens.bytes(index) == b"=" || tokens.is_symbol(index, b'.')
}

#[cfg(test)]
mod tests;
