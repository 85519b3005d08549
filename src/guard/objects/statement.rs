//! Which statements the rules about objects look into, and how.

use std::sync::Arc;

use super::ObjectRules;
use super::tokens::Candidates;
use super::tree::Tree;
use super::walk::Position;
use super::walk::Refused;
use super::walk::Walk;
use crate::guard::refusal::Refusal;
use crate::guard::tree::DEEP_BYTES;
use crate::guard::tree::DEEP_STACK;
use crate::guard::tree::MOST_BYTES;
use crate::guard::tree::MOST_TOKENS;
use crate::sql::kind::CopyKind;
use crate::sql::kind::StatementKind;
use crate::sql::kind::classify;
use crate::sql::kind::inner;
use crate::sql::kind::nests_beyond_grammar;
use crate::sql::script::Script;
use crate::sql::tokens::Tokens;

impl ObjectRules {
    /// Every statement of `script` keeps to the rules.
    pub(in crate::guard) fn check(&self, script: &Script<'_>) -> Result<(), Refusal> {
        let mut runnable = script.runnable();
        let is_one = runnable
            .next()
            .is_some_and(|first| runs_at_once(first.kind));
        if self.path.is_some() && (!is_one || runnable.next().is_some()) {
            // It may look elsewhere when it runs.
            let anywhere = Self {
                path: None,
                ..self.clone()
            };
            return anywhere.check_at(script, Position::Result);
        }
        self.check_at(script, Position::Result)
    }

    /// Every statement of `text` keeps to the rules, and none delivers a column that is masked: for
    /// results that are delivered without a look at where they come from.
    pub fn check_plain(&self, text: &[u8]) -> Result<(), Refusal> {
        match Script::lex(text) {
            Ok(script) => self.check_at(&script, Position::Value),
            Err(_) => Err(self.unresolved()),
        }
    }

    fn check_at(&self, script: &Script<'_>, position: Position) -> Result<(), Refusal> {
        let mut resolved = 0;
        for statement in script.runnable() {
            let tokens = script.tokens(statement);
            let candidates = self.to_resolve(tokens, statement.kind);
            let Some(candidates) = candidates.map_err(Arc::unwrap_or_clone)? else {
                continue;
            };
            if resolved > 0 && resolved + tokens.written().len() > MOST_BYTES {
                return Err(self.too_long());
            }
            resolved += tokens.written().len();
            let checked = self.resolved(tokens, statement.kind, position, &candidates);
            checked.map_err(Arc::unwrap_or_clone)?;
        }
        Ok(())
    }

    /// What a statement may name that is out of bounds; `None` when it names nothing.
    fn to_resolve(
        &self,
        tokens: Tokens<'_>,
        kind: StatementKind,
    ) -> Result<Option<Candidates>, Refused> {
        self.known_purpose(tokens, kind)?;
        let candidates = self.candidates(tokens, kind)?;
        if candidates.is_empty() && !self.lists_tables {
            return Ok(None);
        }
        if nests_beyond_grammar(tokens) {
            return Err(Arc::new(self.unresolved()));
        }
        Ok(Some(candidates))
    }

    /// Statements of one text that must be resolved are so long that its worker would be kept from
    /// its other clients.
    fn too_long(&self) -> Refusal {
        let hint = format!(
            "Policy \"{}\" has rules about objects, and resolves those of {MOST_BYTES} bytes and \
             {MOST_TOKENS} tokens at most. Send fewer at once.",
            self.policy
        );
        let message = "statements that name guarded objects are too long to be resolved";
        Refusal::new("objects", "54000", message).hint(hint)
    }

    /// A statement that may name something out of bounds.
    fn resolved(
        &self,
        tokens: Tokens<'_>,
        kind: StatementKind,
        position: Position,
        candidates: &Candidates,
    ) -> Result<(), Refused> {
        use StatementKind as Kind;
        match kind {
            Kind::Select if tokens.is_word(0, "table") => self.table(tokens, position),
            Kind::Select
            | Kind::SelectInto
            | Kind::WithWrite { .. }
            | Kind::Insert
            | Kind::Update
            | Kind::Delete
            | Kind::Merge => self.tree(tokens, position, candidates),
            Kind::Prepare | Kind::Declare | Kind::Explain { .. } => {
                let inner = inner(tokens);
                self.head(tokens, inner, candidates)?;
                self.resolved(inner, classify(inner), position, &candidates.within(inner))
            }
            Kind::Copy(CopyKind::ToStdout | CopyKind::FromStdin) if tokens.is_symbol(1, b'(') => {
                let inner = inner(tokens);
                self.head(tokens, inner, candidates)?;
                let candidates = candidates.within(inner);
                self.resolved(inner, classify(inner), Position::Value, &candidates)
            }
            Kind::Copy(CopyKind::ToStdout) => self.copy_out(tokens),
            Kind::Copy(CopyKind::FromStdin) => self.copy_in(tokens),
            Kind::Create => self.create(tokens, candidates),
            Kind::Empty
            | Kind::Begin
            | Kind::Commit
            | Kind::Rollback
            | Kind::RollbackTo
            | Kind::Savepoint
            | Kind::Release
            | Kind::TwoPhase
            | Kind::Set(_)
            | Kind::Reset
            | Kind::Show
            | Kind::Fetch
            | Kind::Move
            | Kind::Close
            | Kind::Deallocate
            | Kind::Discard
            | Kind::Execute
            | Kind::Listen
            | Kind::Unlisten
            | Kind::Notify => Ok(()),
            Kind::Lock => self.lock(tokens),
            Kind::Other if !self.lists_tables => self.utility(tokens),
            Kind::Copy(_) | Kind::Call | Kind::Do | Kind::Load | Kind::Other => {
                Err(Arc::new(self.unresolved()))
            }
        }
    }

    /// No name of a relation stands before `inner` in `tokens`: the head of an EXPLAIN or PREPARE.
    fn head(
        &self,
        tokens: Tokens<'_>,
        inner: Tokens<'_>,
        candidates: &Candidates,
    ) -> Result<(), Refused> {
        let begin = inner.get(0).map(|first| first.start);
        let in_head = |&&offset: &&u32| begin.is_none_or(|begin| offset < begin);
        if tokens.is_word(0, "prepare") || tokens.is_word(0, "declare") {
            // The name of the statement or cursor may be any.
            let name = tokens.get(1).map(|token| token.start);
            let mut others = candidates.relations.iter().filter(in_head);
            return if others.all(|&offset| Some(offset) == name) {
                Ok(())
            } else {
                Err(Arc::new(self.unresolved()))
            };
        }
        match candidates.relations.iter().find(in_head) {
            Some(_) => Err(Arc::new(self.unresolved())),
            None => Ok(()),
        }
    }

    fn tree(
        &self,
        tokens: Tokens<'_>,
        position: Position,
        candidates: &Candidates,
    ) -> Result<(), Refused> {
        let length = tokens.written().len();
        if length > MOST_BYTES || tokens.len() > MOST_TOKENS {
            return Err(Arc::new(self.too_long()));
        }
        let judge = || match Tree::read(tokens) {
            Some(tree) => Walk::new(self, &tree).all(position, &candidates.relations),
            None => Err(Arc::new(self.unresolved())),
        };
        if length > DEEP_BYTES {
            stacker::grow(DEEP_STACK, judge)
        } else {
            judge()
        }
    }

    /// CREATE TABLE AS, CREATE VIEW, CREATE MATERIALIZED VIEW store what a query reads; anything
    /// else must name nothing out of bounds.
    fn create(&self, tokens: Tokens<'_>, candidates: &Candidates) -> Result<(), Refused> {
        let mut depth = 0_usize;
        let body = (1..tokens.len()).find(|&index| {
            if tokens.is_symbol(index, b'(') {
                depth += 1;
            } else if tokens.is_symbol(index, b')') {
                depth = depth.saturating_sub(1);
            }
            depth == 0 && tokens.is_word(index, "as")
        });
        let stores = (1..tokens.len().min(6))
            .any(|index| matches!(tokens.keyword(index).as_bytes(), b"table" | b"view"));
        let Some(body) = body.filter(|_| stores) else {
            return if self.lists_tables {
                Err(Arc::new(self.unresolved()))
            } else {
                self.utility(tokens)
            };
        };
        let query = without_tail(tokens.from(body + 1));
        let candidates = candidates.within_only(query);
        let Some(candidates) = candidates else {
            return Err(Arc::new(self.unresolved()));
        };
        match classify(query) {
            kind @ StatementKind::Select => {
                self.resolved(query, kind, Position::Value, &candidates)
            }
            _ => Err(Arc::new(self.unresolved())),
        }
    }

    /// Refuses statements whose purpose is to run or read what nobody can see in them.
    fn known_purpose(&self, tokens: Tokens<'_>, kind: StatementKind) -> Result<(), Refused> {
        use StatementKind as Kind;
        let what = match kind {
            Kind::Do => "DO",
            Kind::Load => "LOAD",
            Kind::Copy(CopyKind::ToServer | CopyKind::FromServer) => {
                "COPY with a file or program of the server"
            }
            Kind::Create | Kind::Other if is_opaque(tokens) => "this statement",
            // The rows of a prepared statement may have columns that only results may have.
            Kind::Create | Kind::Explain { .. }
                if stores_executed(tokens) && !self.origins.is_empty() =>
            {
                "CREATE TABLE AS EXECUTE"
            }
            _ => return Ok(()),
        };
        Err(Arc::new(self.purpose(what)))
    }

    fn purpose(&self, what: &str) -> Refusal {
        let hint = format!(
            "Policy \"{}\" has rules about objects, and what it touches cannot be seen.",
            self.policy
        );
        let message = format!("permission denied for {what}");
        Refusal::new("objects", "42501", message).hint(hint)
    }
}

/// A statement finds what its names stand for when it comes, not when it is executed later.
fn runs_at_once(kind: StatementKind) -> bool {
    use StatementKind as Kind;
    matches!(
        kind,
        Kind::Select
            | Kind::SelectInto
            | Kind::WithWrite { .. }
            | Kind::Insert
            | Kind::Update
            | Kind::Delete
            | Kind::Merge
            | Kind::Explain { .. }
            | Kind::Copy(_)
            | Kind::Declare
            | Kind::Create
            | Kind::Lock
            | Kind::Other
    )
}

/// CREATE TABLE … AS EXECUTE, explained or not.
fn stores_executed(tokens: Tokens<'_>) -> bool {
    (1..tokens.len())
        .any(|index| tokens.is_word(index - 1, "as") && tokens.is_word(index, "execute"))
}

/// It makes, changes or brings in what runs code or reaches other data: functions and what is made
/// of them, extensions, servers.
fn is_opaque(tokens: Tokens<'_>) -> bool {
    let first = tokens.keyword(0);
    let is_kind = |index: usize, of: &[&[u8]]| of.contains(&tokens.keyword(index).as_bytes());
    match first.as_bytes() {
        b"import" => true,
        // What stands between CREATE and its object: OR REPLACE, TRUSTED PROCEDURAL, CONSTRAINT …
        b"create" => (1..tokens.len().min(6)).any(|index| {
            let ends = (1..index).any(|before| is_kind(before, &[b"table", b"view", b"index"]));
            !ends && is_kind(index, CODE)
        }),
        // Which of another server's tables a foreign table shows is an option of it.
        b"alter" if (2..tokens.len()).any(|index| tokens.is_word(index, "options")) => true,
        b"alter" => is_kind(
            1,
            &[
                b"extension",
                b"server",
                b"foreign",
                b"subscription",
                b"publication",
                b"user",
                b"operator",
                b"language",
                b"event",
            ],
        ),
        _ => false,
    }
}

const CODE: &[&[u8]] = &[
    b"function",
    b"procedure",
    b"trigger",
    b"rule",
    b"aggregate",
    b"operator",
    b"cast",
    b"language",
    b"extension",
    b"server",
    b"foreign",
    b"mapping",
    b"subscription",
    b"publication",
    b"transform",
    b"conversion",
    b"method",
    b"type",
];

/// The query of a CREATE … AS without what may stand behind it.
fn without_tail(tokens: Tokens<'_>) -> Tokens<'_> {
    let count = tokens.len();
    let word = |back: usize, word: &str| {
        count
            .checked_sub(back)
            .is_some_and(|index| tokens.is_word(index, word))
    };
    let tail = if word(3, "with") && word(2, "no") && word(1, "data") {
        3
    } else if word(2, "with") && word(1, "data") {
        2
    } else if word(3, "with") && word(2, "check") && word(1, "option") {
        3
    } else if word(4, "with") && word(2, "check") && word(1, "option") {
        4
    } else {
        0
    };
    tokens.between(0, count - tail)
}

impl Candidates {
    pub(super) fn is_empty(&self) -> bool {
        self.relations.is_empty() && !self.schema
    }

    /// Those in `tokens`.
    fn within(&self, tokens: Tokens<'_>) -> Self {
        let (first, last) = (
            tokens.get(0).map_or(u32::MAX, |first| first.start),
            tokens.last().map_or(0, |last| last.end),
        );
        let relations = self.relations.iter().copied();
        Self {
            relations: relations
                .filter(|offset| (first..last).contains(offset))
                .collect(),
            schema: self.schema,
        }
    }

    /// Those in `tokens`, when there are no others.
    fn within_only(&self, tokens: Tokens<'_>) -> Option<Self> {
        let within = self.within(tokens);
        (within.relations.len() == self.relations.len()).then_some(within)
    }
}
