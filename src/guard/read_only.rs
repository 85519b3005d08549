//! The rule `read_only`: nothing runs but what is known to read.
//!
//! One of two walls: the server's `default_transaction_read_only` is the other. This one stops
//! what READ ONLY lets through (large objects, files, `EXPLAIN ANALYZE CREATE TABLE AS`) and what
//! would turn READ ONLY off.

use super::functions;
use super::refusal::Refusal;
use super::settings;
use super::tree;
use crate::config::Policy;
use crate::sql::kind::CopyKind;
use crate::sql::kind::StatementKind;
use crate::sql::kind::classify;
use crate::sql::kind::inner;
use crate::sql::lexer::TokenKind;
use crate::sql::schema::Facts;
use crate::sql::script::Script;
use crate::sql::tokens::Tokens;

/// What a read-only session tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    what: String,
    advice: Option<&'static str>,
}

impl Refused {
    pub(super) fn new(what: &str) -> Self {
        Self {
            what: what.to_owned(),
            advice: None,
        }
    }

    #[must_use]
    pub(super) fn advice(mut self, advice: &'static str) -> Self {
        self.advice = Some(advice);
        self
    }
}

/// Every statement of `script` reads.
pub(super) fn check(
    script: &Script<'_>,
    facts: Option<&Facts>,
    policy: &Policy,
) -> Result<(), Refusal> {
    let mut left = tree::MOST_BYTES;
    for statement in script.runnable() {
        let tokens = script.tokens(statement);
        let length = tokens.written().len();
        let second = (length <= left).then_some(Second { facts });
        left = left.saturating_sub(length);
        let judged = judge(tokens, statement.kind, second);
        judged.map_err(|refused| {
            let message = format!("cannot execute {} in a read-only session", refused.what);
            let mut hint = format!("Policy \"{}\" has read_only = true.", policy.name);
            hint.extend(refused.advice.iter().flat_map(|advice| [" ", advice]));
            Refusal::new("read_only", "25006", message).hint(hint)
        })?;
    }
    Ok(())
}

/// What a second opinion is formed with, from a tree; the trees of one text are bounded, as the
/// worker has other clients.
#[derive(Debug, Clone, Copy)]
struct Second<'a> {
    facts: Option<&'a Facts>,
}

fn judge(
    tokens: Tokens<'_>,
    kind: StatementKind,
    second: Option<Second<'_>>,
) -> Result<(), Refused> {
    use StatementKind as Kind;
    match kind {
        Kind::Select => query(tokens, second),
        Kind::Prepare | Kind::Declare => match classify(inner(tokens)) {
            Kind::Select => query(inner(tokens), second),
            other => Err(named(inner(tokens), other)),
        },
        Kind::Explain { analyze } => explain(inner(tokens), analyze, second),
        Kind::Copy(CopyKind::ToStdout) => match classify(inner(tokens)) {
            Kind::Empty => calls(tokens),
            Kind::Select => query(inner(tokens), second),
            other => Err(named(inner(tokens), other)),
        },
        Kind::Begin => settings::transaction_mode(tokens),
        Kind::Set(scope) => settings::set(tokens, scope),
        Kind::Reset => settings::reset(tokens),
        Kind::Execute => calls(tokens.from(2)),
        // No more than any SELECT takes.
        Kind::Lock if locks_as_a_select(tokens) => Ok(()),
        Kind::Empty
        | Kind::Commit
        | Kind::Rollback
        | Kind::RollbackTo
        | Kind::Savepoint
        | Kind::Release
        | Kind::Show
        | Kind::Fetch
        | Kind::Move
        | Kind::Close
        | Kind::Deallocate
        | Kind::Discard
        | Kind::Unlisten => Ok(()),
        Kind::SelectInto
        | Kind::WithWrite { .. }
        | Kind::Insert
        | Kind::Update
        | Kind::Delete
        | Kind::Merge
        | Kind::Copy(_)
        | Kind::TwoPhase
        | Kind::Listen
        | Kind::Notify
        | Kind::Call
        | Kind::Do
        | Kind::Load
        | Kind::Lock
        | Kind::Create
        | Kind::Other => Err(named(tokens, kind)),
    }
}

/// Plain EXPLAIN plans only; with ANALYZE what it explains runs.
fn explain(
    explained: Tokens<'_>,
    analyze: bool,
    second: Option<Second<'_>>,
) -> Result<(), Refused> {
    use StatementKind as Kind;
    match classify(explained) {
        Kind::Select => query(explained, second),
        Kind::Insert | Kind::Update | Kind::Delete | Kind::Merge | Kind::Execute if !analyze => {
            calls(explained)
        }
        other => {
            let refused = named(explained, other);
            Err(Refused::new(&format!("EXPLAIN of {}", refused.what)))
        }
    }
}

/// A SELECT, VALUES, TABLE or WITH without DML.
fn query(tokens: Tokens<'_>, second: Option<Second<'_>>) -> Result<(), Refused> {
    locks(tokens)?;
    calls(tokens)?;
    // What sqlparser cannot read is left to the server's wall.
    second.map_or(Ok(()), |second| tree::check(tokens, second.facts))
}

/// `LOCK … IN ACCESS SHARE MODE`.
fn locks_as_a_select(tokens: Tokens<'_>) -> bool {
    let end = tokens.len() - usize::from(tokens.is_word(tokens.len() - 1, "nowait"));
    let mode = ["in", "access", "share", "mode"];
    let begin = end.saturating_sub(mode.len());
    let mut words = mode.iter().enumerate();
    words.all(|(place, word)| tokens.is_word(begin + place, word))
}

fn locks(tokens: Tokens<'_>) -> Result<(), Refused> {
    for index in 0..tokens.len() {
        if !tokens.is_word(index, "for") {
            continue;
        }
        let what = match (
            tokens.keyword(index + 1).as_bytes(),
            tokens.keyword(index + 2).as_bytes(),
        ) {
            (b"update", _) => "SELECT FOR UPDATE",
            (b"share", _) => "SELECT FOR SHARE",
            (b"no", b"key") => "SELECT FOR NO KEY UPDATE",
            (b"key", b"share") => "SELECT FOR KEY SHARE",
            _ => continue,
        };
        return Err(Refused::new(what));
    }
    Ok(())
}

/// No function is called by a name that is denied. By tokens, so that it holds for what has no
/// tree as well.
fn calls(tokens: Tokens<'_>) -> Result<(), Refused> {
    for index in 0..tokens.len() {
        if !tokens.is_symbol(index + 1, b'(') || !tokens.is_name(index) {
            continue;
        }
        if tokens
            .get(index)
            .is_some_and(|token| token.kind == TokenKind::UnicodeName)
        {
            return Err(Refused::new("a function whose name has Unicode escapes"));
        }
        let Some(name) = tokens.name(index) else {
            continue;
        };
        if name == "set_config" {
            settings::set_config(tokens, index)?;
        }
        let qualified = index >= 2 && tokens.is_symbol(index - 1, b'.');
        let schema = tokens.name(index.saturating_sub(2)).filter(|_| qualified);
        if functions::is_denied(&name) || schema.is_some_and(|it| functions::is_denied_schema(&it))
        {
            return Err(Refused::new(&format!("{name}()")));
        }
    }
    Ok(())
}

/// A statement as its refusal calls it: the first words, without anything of the client's own.
fn named(tokens: Tokens<'_>, kind: StatementKind) -> Refused {
    use StatementKind as Kind;
    Refused::new(match kind {
        Kind::SelectInto => "SELECT INTO",
        Kind::WithWrite { .. } => "a WITH that writes",
        Kind::Insert => "INSERT",
        Kind::Update => "UPDATE",
        Kind::Delete => "DELETE",
        Kind::Merge => "MERGE",
        Kind::Copy(CopyKind::FromStdin | CopyKind::FromServer) => "COPY FROM",
        Kind::Copy(_) => "COPY to a file or program",
        Kind::TwoPhase => "PREPARE TRANSACTION",
        Kind::Listen => "LISTEN",
        Kind::Notify => "NOTIFY",
        Kind::Call => "CALL",
        Kind::Do => "DO",
        Kind::Load => "LOAD",
        Kind::Lock => "LOCK TABLE",
        Kind::Create => "CREATE",
        _ => {
            let word = tokens.keyword(0);
            let word = std::str::from_utf8(word.as_bytes()).unwrap_or_default();
            return if VERBS.contains(&word) {
                Refused::new(&word.to_ascii_uppercase())
            } else {
                Refused::new("this statement")
            };
        }
    })
}

const VERBS: &[&str] = &[
    "alter",
    "analyze",
    "checkpoint",
    "cluster",
    "comment",
    "drop",
    "grant",
    "import",
    "reassign",
    "refresh",
    "reindex",
    "revoke",
    "security",
    "truncate",
    "vacuum",
];

#[cfg(test)]
mod tests;
