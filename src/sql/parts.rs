//! What one statement consists of: itself, and the statements that it prepares, declares, explains,
//! copies from, stores, or has in its WITH.

use super::kind::CopyKind;
use super::kind::SetScope;
use super::kind::StatementKind;
use super::kind::classify;
use super::kind::inner;
use super::kind::writes;
use super::lexer::TokenKind;
use super::tokens::Tokens;
use crate::config::Command;

/// What a part does, by the word that PostgreSQL's reference lists it under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// This, in lower case; COPY is `copy to` or `copy from`.
    Named(&'static str),
    /// It begins, ends or marks a transaction, or uses what was prepared or declared before.
    Control,
    /// No statement that is known.
    Unknown,
}

/// One command of a statement.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// What it does.
    pub verb: Verb,
    /// The tokens of the statement that does it.
    pub tokens: Tokens<'a>,
}

/// The parts of the statement that `tokens` are, the outermost first.
///
/// Exact for statements that PostgreSQL accepts. The bodies of functions are not looked into.
pub fn parts(tokens: Tokens<'_>) -> Vec<Part<'_>> {
    let mut parts = Vec::with_capacity(2);
    add(tokens, &mut parts, 0);
    parts
}

/// Statements inside of one another that are followed; PostgreSQL accepts no more than EXPLAIN of a
/// DECLARE or CREATE TABLE AS of a query.
const DEEPEST: usize = 8;

/// Writes in one statement that are looked at: one may hold another, so that each is read again.
const MOST_WRITES: usize = 100;

fn add<'a>(tokens: Tokens<'a>, parts: &mut Vec<Part<'a>>, depth: usize) {
    use StatementKind as Kind;
    if depth > DEEPEST {
        return parts.push(part(Verb::Unknown, tokens));
    }
    let kind = classify(tokens);
    match kind {
        Kind::Empty => {}
        Kind::Select => parts.push(part(Verb::Named("select"), tokens)),
        Kind::SelectInto => {
            parts.push(part(Verb::Named("select"), tokens));
            parts.push(part(Verb::Named("create"), tokens));
        }
        Kind::WithWrite { query } => {
            if query {
                parts.push(part(Verb::Named("select"), tokens));
            }
            if query && makes_table(tokens.unwrapped()) {
                parts.push(part(Verb::Named("create"), tokens));
            }
            add_writes(tokens, parts);
        }
        Kind::Insert | Kind::Update | Kind::Delete | Kind::Merge => add_writes(tokens, parts),
        Kind::Explain { .. } | Kind::Prepare | Kind::Declare => {
            parts.push(part(own_verb(tokens, kind), tokens));
            let inside = inner(tokens);
            if inside.is_empty() {
                parts.push(part(Verb::Unknown, inside));
            }
            add(inside, parts, depth + 1);
        }
        Kind::Copy(_) => {
            parts.push(part(own_verb(tokens, kind), tokens));
            add(inner(tokens), parts, depth + 1);
        }
        Kind::Create => {
            parts.push(part(Verb::Named("create"), tokens));
            add_stored(tokens, parts, depth);
        }
        _ => parts.push(part(own_verb(tokens, kind), tokens)),
    }
}

fn part(verb: Verb, tokens: Tokens<'_>) -> Part<'_> {
    Part { verb, tokens }
}

/// INSERT, UPDATE, DELETE and MERGE, wherever in a statement they stand, with what else they do:
/// `ON CONFLICT DO UPDATE` updates, and a MERGE does what its actions do.
fn add_writes<'a>(tokens: Tokens<'a>, parts: &mut Vec<Part<'a>>) {
    let found = parts.len();
    let statement = tokens.unwrapped();
    let ranges = writes(statement);
    if ranges.len() > MOST_WRITES {
        return parts.push(part(Verb::Unknown, tokens));
    }
    for range in ranges {
        let write = statement.between(range.start, range.end);
        let verb = first_word(write);
        parts.push(part(verb, write));
        match verb {
            Verb::Named("insert") if updates_on_conflict(write) => {
                parts.push(part(Verb::Named("on conflict do update"), write));
            }
            Verb::Named("merge") => parts.extend(actions(write)),
            _ => {}
        }
    }
    if parts.len() == found {
        parts.push(part(first_word(tokens), tokens));
    }
}

/// INTO stands in a query outside of what its CTEs write.
fn makes_table(query: Tokens<'_>) -> bool {
    let mut writes = writes(query).into_iter().peekable();
    let mut written_to = 0;
    (0..query.len()).any(|index| {
        while let Some(write) = writes.next_if(|write| write.start <= index) {
            written_to = written_to.max(write.end);
        }
        index >= written_to && query.is_word(index, "into") && !query.is_label(index)
    })
}

fn updates_on_conflict(insert: Tokens<'_>) -> bool {
    (1..insert.len())
        .any(|index| insert.is_word(index, "update") && insert.is_word(index - 1, "do"))
}

/// What the WHEN clauses of a MERGE do.
fn actions(merge: Tokens<'_>) -> impl Iterator<Item = Part<'_>> {
    (1..merge.len())
        .filter(move |&index| merge.is_word(index - 1, "then"))
        .filter_map(move |index| match merge.keyword(index).as_bytes() {
            b"insert" => Some("merge insert"),
            b"update" => Some("merge update"),
            b"delete" => Some("merge delete"),
            _ => None,
        })
        .map(move |verb| part(Verb::Named(verb), merge))
}

/// What a CREATE stores to be run: the query of a table or view, the commands of a rule, the grants
/// of a schema.
fn add_stored<'a>(create: Tokens<'a>, parts: &mut Vec<Part<'a>>, depth: usize) {
    let Some(what) = (1..create.len().min(8)).find(|&index| {
        matches!(
            create.keyword(index).as_bytes(),
            b"table" | b"view" | b"rule" | b"schema" | b"function" | b"procedure"
        )
    }) else {
        return;
    };
    match create.keyword(what).as_bytes() {
        b"table" | b"view" => {
            let query = top_level(create, what).find(|&index| begins_stored(create, index));
            if let Some(index) = query {
                add(create.from(index), parts, depth + 1);
            }
        }
        b"rule" => add_rule(create, what, parts, depth),
        b"schema" => {
            let grants = top_level(create, what).any(|index| create.is_word(index, "grant"));
            if grants {
                parts.push(part(Verb::Named("grant"), create));
            }
        }
        _ => {}
    }
}

/// A query begins at `index`, behind the AS of a table or view.
fn begins_stored(create: Tokens<'_>, index: usize) -> bool {
    create.is_word(index - 1, "as")
        && (create.is_symbol(index, b'(')
            || matches!(
                create.keyword(index).as_bytes(),
                b"select" | b"values" | b"table" | b"with" | b"execute"
            ))
}

/// `DO [ALSO | INSTEAD] {NOTHING | command | (command; …)}`.
fn add_rule<'a>(create: Tokens<'a>, from: usize, parts: &mut Vec<Part<'a>>, depth: usize) {
    let Some(word) = top_level(create, from).find(|&index| create.is_word(index, "do")) else {
        return;
    };
    let modes: &[&[u8]] = &[b"also", b"instead"];
    let mode = usize::from(modes.contains(&create.keyword(word + 1).as_bytes()));
    let commands = create.from(word + 1 + mode);
    if commands.is_word(0, "nothing") {
        return;
    }
    if !commands.is_symbol(0, b'(') {
        return add(commands, parts, depth + 1);
    }
    let inside = commands.between(1, commands.len().saturating_sub(1));
    let ends = top_level(inside, 0).filter(|&index| inside.is_symbol(index, b';'));
    let mut begin = 0;
    for end in ends.chain([inside.len()]) {
        add(inside.between(begin, end), parts, depth + 1);
        begin = end + 1;
    }
}

/// Indexes from `from` on that stand in no parentheses.
fn top_level(tokens: Tokens<'_>, from: usize) -> impl Iterator<Item = usize> {
    let mut depth = 0_usize;
    (from..tokens.len()).filter(move |&index| {
        let is_outside = depth == 0;
        match tokens.get(index).map(|token| token.kind) {
            Some(TokenKind::Symbol(b'(' | b'[')) => depth += 1,
            Some(TokenKind::Symbol(b')' | b']')) => depth = depth.saturating_sub(1),
            _ => {}
        }
        is_outside
    })
}

/// The verb of a statement that consists of nothing else, or apart from what it consists of.
fn own_verb(tokens: Tokens<'_>, kind: StatementKind) -> Verb {
    use StatementKind as Kind;
    match kind {
        Kind::Begin
        | Kind::Commit
        | Kind::Rollback
        | Kind::RollbackTo
        | Kind::Savepoint
        | Kind::Release
        | Kind::Fetch
        | Kind::Move
        | Kind::Close
        | Kind::Execute
        | Kind::Set(SetScope::Constraints)
        | Kind::Empty => Verb::Control,
        Kind::Set(SetScope::Transaction) if !sets_characteristics(tokens) => Verb::Control,
        Kind::Copy(CopyKind::ToStdout | CopyKind::ToServer) => Verb::Named("copy to"),
        Kind::Copy(CopyKind::FromStdin | CopyKind::FromServer) => Verb::Named("copy from"),
        // A transaction that outlives its session, whichever of its commands this is.
        Kind::TwoPhase => Verb::Named("prepare"),
        _ => first_word(tokens),
    }
}

/// `SET SESSION CHARACTERISTICS`, which outlives the transaction.
fn sets_characteristics(tokens: Tokens<'_>) -> bool {
    (1..4).any(|index| tokens.is_word(index, "characteristics"))
}

fn first_word(tokens: Tokens<'_>) -> Verb {
    let word = tokens.keyword(0);
    let word = match word.as_bytes() {
        b"analyse" => b"analyze",
        word => word,
    };
    let command = str::from_utf8(word).ok().and_then(Command::named);
    command.map_or(Verb::Unknown, |command| Verb::Named(command.name()))
}

#[cfg(test)]
mod tests;
