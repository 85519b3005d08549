//! Walks what the server sent: all passes, but for rows beyond a limit and errors of refusals.

use std::borrow::Cow;
use std::sync::Arc;

use memchr::memmem;

use super::dialogue::Dialogue;
use super::dialogue::Excess;
use super::dialogue::Lost;
use super::dialogue::Rest;
use super::dialogue::Skipping;
use super::errors;
use super::limit;
use super::names::Closed;
use super::names::Name;
use super::replies::Does;
use super::replies::Effect;
use super::replies::Owed;
use super::replies::Rows;
use super::replies::Settled;
use super::ruling::Rules;
use crate::config::OnExceed;
use crate::upstream::PREFIX;
use crate::upstream::Parameters;
use crate::upstream::Statements;
use crate::wire::ErrorInfo;
use crate::wire::Passage;
use crate::wire::TransactionStatus;
use crate::wire::backend;
use crate::wire::connection::Consumed;
use crate::wire::error;
use crate::wire::error::sqlstate;
use crate::wire::frame;
use crate::wire::frame::HEADER;
use crate::wire::frame::Next;
use crate::wire::frame::server;

/// A control message longer than this passes without being looked into.
const LONGEST_CONTROL: usize = 64 * 1024;

/// What the session must know after a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progressed {
    /// Nothing.
    Nothing,
    /// The server's stream has lost its frame.
    Malformed,
}

/// What is known of the server connection and changes with what it says.
pub(super) struct Known<'a> {
    /// What it reports.
    pub parameters: &'a mut Arc<Parameters>,
    /// What the client was told that it reports.
    pub told: &'a mut Arc<Parameters>,
    /// The shared statements that it holds.
    pub statements: &'a mut Statements,
    /// Its unnamed statement is the client's.
    pub holds_unnamed: &'a mut bool,
}

impl Known<'_> {
    fn note(&mut self, body: &[u8], is_told: bool) {
        let Some((name, value)) = backend::parameter_status(body) else {
            return;
        };
        let was_known = Arc::ptr_eq(self.parameters, self.told);
        Arc::make_mut(self.parameters).note(name, value);
        if is_told && was_known {
            *self.told = Arc::clone(self.parameters);
        } else if is_told {
            Arc::make_mut(self.told).note(name, value);
        }
    }

    /// What was owed did not happen.
    fn undo(&mut self, owed: &Owed) {
        match owed {
            Owed::Parse {
                prepared: Some(prepared),
                ..
            } => match prepared.1.as_ref().map(|prepared| &prepared.statement) {
                _ if prepared.0.is_empty() => *self.holds_unnamed = false,
                Some(Some(statement)) => self.statements.lost(statement),
                _ => {}
            },
            Owed::Query { effects, .. } => self.undo_effects(effects),
            Owed::Execute { effect, .. } => self.undo_effects(effect.as_deref()),
            Owed::Own { does, .. } => match does {
                Does::Prepare(statement) => self.statements.lost(statement),
                Does::Close(id) => self.statements.still_surplus(*id),
                Does::Nothing => *self.holds_unnamed = false,
            },
            _ => {}
        }
    }
}

impl Known<'_> {
    /// What SQL was to prepare may not be.
    fn undo_effects<'e>(&mut self, effects: impl IntoIterator<Item = &'e Effect>) {
        for effect in effects {
            if let Effect::Prepared(_, prepared) = effect
                && let Some(statement) = &prepared.statement
            {
                self.statements.lost(statement);
            }
        }
    }
}

impl Dialogue {
    /// Deals with a chunk from the server; what goes on to the client is left in `passage`, what it
    /// says of the connection in `known`.
    pub(super) fn server_said(
        &mut self,
        chunk: &[u8],
        rules: &Rules,
        known: &mut Known<'_>,
        passage: &mut Passage<'_>,
    ) -> (Consumed, Progressed) {
        let mut at = 0;
        if let Some((taken, passes)) = self.from_server.take(chunk.len()) {
            if passes {
                passage.pass(0..taken);
            }
            at = taken;
        }
        loop {
            let (tag, size) = match frame::next(&chunk[at..]) {
                Next::Header => return (Consumed::Waiting(at), Progressed::Nothing),
                Next::Malformed => return (Consumed::Waiting(at), Progressed::Malformed),
                Next::Message { tag, size } => (tag, size),
            };
            let end = chunk.len().min(at + size);
            let missing = at + size - end;
            if missing > 0 && is_control(tag) && size <= LONGEST_CONTROL {
                return (Consumed::Waiting(at), Progressed::Nothing);
            }
            let body = if missing == 0 {
                &chunk[at + HEADER..end]
            } else {
                &[]
            };
            let passes = self.server_message(tag, body, rules, known, passage);
            if passes {
                passage.pass(at..end);
            }
            self.from_server = match (missing, passes) {
                (0, _) => Rest::Nothing,
                (missing, true) => Rest::Pass(missing),
                (missing, false) => Rest::Drop(missing),
            };
            at = end;
            if self.lost.is_some() {
                return (Consumed::Paused(at), Progressed::Nothing);
            }
            if !self.replies.is_empty() && missing == 0 {
                self.pass_locals(passage);
            }
        }
    }

    /// Whether the message itself goes on to the client.
    fn server_message(
        &mut self,
        tag: u8,
        body: &[u8],
        rules: &Rules,
        known: &mut Known<'_>,
        passage: &mut Passage<'_>,
    ) -> bool {
        match tag {
            server::DATA_ROW => self.row(rules),
            server::PARAMETER_STATUS => {
                // What a RESET leaves is not yet what the client's session returns to.
                let passes = !(self.footprint.resets && self.replies.len() <= 1);
                known.note(body, passes);
                passes
            }
            server::COPY_IN => {
                match self.replies.begin_copy_in() {
                    Some(copy) => self.copy_in = Some(copy),
                    None => self.skipping = Skipping::Doomed,
                }
                true
            }
            server::READY_FOR_QUERY => self.ready_for_query(body, rules, known),
            // The client's own BEGIN behind ours: to the client it is the first.
            server::NOTICE if self.promoted => !error::has_code(body, sqlstate::ACTIVE_TRANSACTION),
            _ => self.reply(tag, body, rules, known, passage),
        }
    }

    /// Whether a message that may be a reply goes on.
    fn reply(
        &mut self,
        tag: u8,
        body: &[u8],
        rules: &Rules,
        known: &mut Known<'_>,
        passage: &mut Passage<'_>,
    ) -> bool {
        match self.replies.settle(tag) {
            Settled::Nothing | Settled::Query { .. } => {}
            Settled::Own => return false,
            Settled::Prepared(name, prepared) => self.names.prepared(name, prepared),
            Settled::Bound(portal, statement) => {
                self.names.bound(portal, &statement, rules.doubt());
            }
            Settled::Closed(closed) => self.names.closed(&closed),
            Settled::Result { portal, effect } => {
                let effect = effect.map(|effect| *effect);
                if let Some(effect) = effect.or_else(|| self.effect(body)) {
                    self.names.affected(effect);
                }
                let is_executed = portal.is_some();
                let rows = self.end_rows(portal, rules);
                if self.promoted && begins_a_block(body) {
                    // As with PostgreSQL the block is the client's from now on.
                    self.promoted = false;
                }
                if gives_names_another_meaning(body) {
                    self.names.doubt(rules.doubt());
                }
                if deallocates_all(body) {
                    self.names.deallocated();
                    // What was prepared behind it is there; preparing it anew does no harm.
                    known.statements.all_lost();
                }
                if self.fails(is_executed, rows, rules) {
                    return false;
                }
                return self.result_ended(rows, body, rules, passage);
            }
            Settled::Suspended(portal) => {
                let rows = self.end_rows(portal, rules);
                if self.fails(true, rows, rules) {
                    return false;
                }
                if rows.exceeded().is_some() {
                    return self.result_ended(rows, b"", rules, passage);
                }
            }
            Settled::Failed {
                instead,
                skips,
                skipped,
            } => {
                self.rows = None;
                self.undo(&skipped, body, known);
                self.failed(body, skips);
                let renamed = self.renamed(body, skipped.first());
                return self.error_passes(&renamed, body, instead, rules, passage);
            }
        }
        self.excess != Excess::Refused || is_unasked(tag)
    }

    /// What the statement of a Query with this CommandComplete did to the client's names.
    fn effect(&mut self, tag: &[u8]) -> Option<Effect> {
        matches!(tag, b"PREPARE\0" | b"DEALLOCATE\0")
            .then(|| self.replies.take_effect())
            .flatten()
    }

    /// The count of a result that has ended, kept with its portal for the next Execute.
    fn end_rows(&mut self, portal: Option<Name>, rules: &Rules) -> Rows {
        let rows = match (self.rows.take(), &portal) {
            (Some(rows), _) => rows,
            (None, Some(portal)) => self.names.rows(portal, rules.doubt()),
            (None, None) => Rows::default(),
        };
        if let Some(portal) = portal {
            self.names.counted(portal, rows);
        }
        rows
    }

    /// Whether a row goes on.
    fn row(&mut self, rules: &Rules) -> bool {
        let Self {
            rows,
            replies,
            names,
            ..
        } = self;
        let rows = rows.get_or_insert_with(|| replies.rows(names, rules.doubt()));
        if rows.admit() {
            return self.excess != Excess::Refused;
        }
        let cancellable = rows.cancellable
            && self.status == TransactionStatus::Idle
            && self.replies.is_last_result();
        if cancellable && self.excess == Excess::None {
            self.excess = Excess::ToCancel;
        }
        false
    }

    /// An error in which statements have the client's names again.
    fn renamed<'a>(&self, body: &'a [u8], failed: Option<&Owed>) -> Cow<'a, [u8]> {
        let failed = match failed {
            Some(Owed::Parse {
                prepared: Some(prepared),
                ..
            }) => Some(&*prepared.0),
            Some(Owed::Bind { bound: Some(bound) }) => Some(&*bound.1),
            _ => None,
        };
        let mut out = Vec::new();
        let mut rest = body;
        while let Some(at) = memmem::find(rest, PREFIX.as_bytes()) {
            let number = &rest[at + PREFIX.len()..];
            let digits = number.iter().take_while(|byte| byte.is_ascii_digit());
            let (number, behind) = number.split_at(digits.count());
            out.extend_from_slice(&rest[..at]);
            match failed.or_else(|| self.names.name_of(number)) {
                Some(name) => out.extend_from_slice(name),
                None => out.extend_from_slice(&rest[at..rest.len() - behind.len()]),
            }
            rest = behind;
        }
        if out.is_empty() {
            return Cow::Borrowed(body);
        }
        out.extend_from_slice(rest);
        Cow::Owned(out)
    }

    /// The first of these has failed, the others were skipped.
    fn undo(&mut self, skipped: &[Owed], body: &[u8], known: &mut Known<'_>) {
        if let Some(Owed::Parse { prepared, .. }) = skipped.first()
            && prepared.as_ref().is_none_or(|prepared| prepared.0.is_empty())
        {
            // A Parse destroys the unnamed statement even if it fails.
            self.names.closed(&Closed::Statement(Name::default()));
        }
        if error::is_stale_plan(body)
            && let Some(Owed::Bind { bound: Some(bound) }) = skipped.first()
            && let Some(statement) = self.names.statement(&bound.1)
            && let Some(statement) = &statement.statement
        {
            statement.outdate();
        }
        for owed in skipped {
            known.undo(owed);
        }
    }

    /// An error ended what was under way.
    fn failed(&mut self, body: &[u8], skips: bool) {
        self.told_fatal = error::is_fatal(body);
        let copy = self.copy_in.take().unwrap_or_default();
        if copy.doubtful_syncs > 0 && !self.told_fatal {
            self.lost = Some(Lost::Syncs);
        } else if skips {
            self.skipping = Skipping::Server;
        }
    }

    /// Whether the server's own error goes on.
    fn error_passes(
        &mut self,
        renamed: &[u8],
        body: &[u8],
        instead: Option<Box<ErrorInfo>>,
        rules: &Rules,
        passage: &mut Passage<'_>,
    ) -> bool {
        if self.excess == Excess::Cancelled && error::has_code(body, sqlstate::QUERY_CANCELED) {
            let limit = rules.row_limit();
            self.tell_exceeded(limit.unwrap_or_default(), b"", rules, passage);
            return false;
        }
        if self.excess == Excess::Refused {
            return false;
        }
        if let Some(overdue) = self.overdue
            && instead.is_none()
            && error::has_code(body, sqlstate::QUERY_CANCELED)
        {
            error::put_error(passage.edit(), errors::overdue(overdue));
            return false;
        }
        match instead {
            Some(info) => error::put_error(passage.edit(), *info),
            None if renamed == body => return true,
            None => frame::put_body(passage.edit(), server::ERROR, renamed),
        }
        false
    }

    /// Whether it goes on: not when a block of ours is to be committed first.
    fn ready_for_query(&mut self, body: &[u8], rules: &Rules, known: &mut Known<'_>) -> bool {
        if let Settled::Query { undone } = self.replies.settle(server::READY_FOR_QUERY) {
            self.names.query_ended();
            known.undo_effects(&undone);
        }
        let has_failed = self.excess == Excess::Refused;
        self.rows = None;
        self.copy_in = None;
        if self.skipping == Skipping::Doomed {
            self.lost = Some(Lost::Client);
        }
        self.excess = Excess::None;
        self.overdue = None;
        if let Some(status) = backend::transaction_status(body) {
            self.status = status;
        }
        if self.status == TransactionStatus::Idle {
            self.names.transaction_ended();
        }
        if has_failed && self.status == TransactionStatus::Transaction {
            self.lost = Some(Lost::Failed);
            return false;
        }
        if self.promoted {
            self.lost = Some(Lost::Commit);
            return false;
        }
        if rules.refuses_blocks()
            && self.status != TransactionStatus::Idle
            && self.replies.is_empty()
        {
            self.lost = Some(Lost::Block);
            return false;
        }
        let is_over = self.status == TransactionStatus::Idle;
        if self.replies.is_empty() && (self.footprint.asks && is_over || self.footprint.resets) {
            self.lost = Some(Lost::Traces);
            return false;
        }
        true
    }

    /// Tells the client when its result was cut; whether the server's own tag goes on.
    fn result_ended(
        &mut self,
        rows: Rows,
        tag: &[u8],
        rules: &Rules,
        passage: &mut Passage<'_>,
    ) -> bool {
        self.copy_in = None;
        if self.excess == Excess::Refused {
            return false;
        }
        let Some(limit) = rows.exceeded() else {
            if std::mem::take(&mut self.told_truncated) {
                limit::put_complete(passage.edit());
            }
            return true;
        };
        self.tell_exceeded(limit, tag, rules, passage);
        false
    }

    fn tell_exceeded(&mut self, limit: u64, tag: &[u8], rules: &Rules, passage: &mut Passage<'_>) {
        let Some(policy) = rules.policy() else {
            unreachable!("only a policy limits rows");
        };
        limit::put_exceeded(passage.edit(), limit, policy, tag);
        if policy.on_exceed == OnExceed::Error {
            self.excess = Excess::Refused;
        } else {
            self.told_truncated = true;
        }
    }

    fn pass_locals(&mut self, passage: &mut Passage<'_>) {
        let mut locals = Vec::new();
        self.put_locals(&mut locals);
        if !locals.is_empty() && self.excess != Excess::Refused {
            passage.edit().extend_from_slice(&locals);
        }
    }
}

/// Messages that are looked into, so all of them must be here.
fn is_control(tag: u8) -> bool {
    matches!(
        tag,
        server::READY_FOR_QUERY
            | server::COMMAND_COMPLETE
            | server::ERROR
            | server::NOTICE
            | server::PARAMETER_STATUS
    )
}

/// SQL with this CommandComplete has begun a transaction block.
fn begins_a_block(tag: &[u8]) -> bool {
    tag.starts_with(b"BEGIN") || tag.starts_with(b"START TRANSACTION")
}

/// Messages that come whatever the client has sent.
fn is_unasked(tag: u8) -> bool {
    matches!(
        tag,
        server::NOTICE | server::NOTIFICATION | server::PARAMETER_STATUS
    )
}

/// SQL with this CommandComplete has destroyed every prepared statement.
fn deallocates_all(tag: &[u8]) -> bool {
    tag.starts_with(b"DEALLOCATE ALL") || tag.starts_with(b"DISCARD ALL")
}

/// SQL with this CommandComplete may have given names of statements or portals another meaning.
fn gives_names_another_meaning(tag: &[u8]) -> bool {
    [
        &b"PREPARE"[..],
        b"DEALLOCATE",
        b"DISCARD",
        b"DECLARE",
        b"DO",
        b"CALL",
    ]
    .iter()
    .any(|command| tag.starts_with(command))
}
