//! Walks what the server sent: all passes, but for rows beyond a limit and errors of refusals.

mod failure;
mod known;
mod results;
mod tags;

use self::failure::Failing;
pub(super) use self::known::Known;
use self::tags::begins_a_block;
use self::tags::deallocates_all;
use self::tags::gives_names_another_meaning;
use self::tags::is_control;
use self::tags::is_of_a_session;
use self::tags::is_unasked;
use self::tags::reshapes;
use super::dialogue::Broken;
use super::dialogue::Dialogue;
use super::dialogue::Due;
use super::dialogue::Excess;
use super::dialogue::Progress;
use super::dialogue::Rest;
use super::dialogue::Skipping;
use super::replies::Effect;
use super::replies::Settled;
use super::ruling::Rules;
use super::veil::LONGEST_ROW;
use super::veil::Veil;
use super::veil::without_values;
use super::wording::Places;
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
    /// The server ends the connection, and the client was not told.
    Parted,
    /// The server's stream has lost its frame, or says what it cannot mean.
    Malformed,
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
            if missing > 0 && self.must_be_whole(tag, rules) {
                if size > LONGEST_ROW {
                    return (Consumed::Waiting(at), Progressed::Malformed);
                }
                return (Consumed::Waiting(at), Progressed::Nothing);
            }
            let body = if missing == 0 {
                &chunk[at + HEADER..end]
            } else {
                &[]
            };
            let passes = if tag == server::DATA_ROW {
                self.row(size, rules) && (!rules.treats_results() || self.unveiled(body, passage))
            } else {
                self.server_message(tag, body, rules, known, passage)
            };
            match self.broken {
                None => {}
                Some(Broken::Parted(_)) => return (Consumed::Waiting(at), Progressed::Parted),
                Some(Broken::Garbled) => return (Consumed::Waiting(at), Progressed::Malformed),
            }
            if passes {
                passage.pass(at..end);
            }
            self.from_server = match (missing, passes) {
                (0, _) => Rest::Nothing,
                (missing, true) => Rest::Pass(missing),
                (missing, false) => Rest::Drop(missing),
            };
            at = end;
            if self.due.is_some() {
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
            server::ERROR if known.is_exchangeable && self.is_parting(body) => {
                self.broken = Some(Broken::Parted(body.to_vec()));
                false
            }
            // The client's own BEGIN behind ours: to the client it is the first.
            server::NOTICE if self.promoted => !error::has_code(body, sqlstate::ACTIVE_TRANSACTION),
            _ if !is_of_a_session(tag) => {
                self.broken = Some(Broken::Garbled);
                false
            }
            server::ROW_DESCRIPTION if rules.treats_results() => {
                self.described(body, rules);
                self.reply(tag, body, rules, known, passage)
            }
            _ => self.reply(tag, body, rules, known, passage),
        }
    }

    /// The client has sent nothing that a ReadyForQuery could answer.
    fn expects_nothing(&self) -> bool {
        self.replies.is_empty()
            && self.doubtful_syncs == 0
            && self.copy_in.is_none()
            && self.progress == Progress::Nothing
            && self.skipping == Skipping::Nobody
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
        let placed = if matches!(tag, server::ERROR | server::NOTICE) {
            placed(body, self.replies.places())
        } else {
            None
        };
        if tag == server::NOTICE && (placed.is_some() || self.replies.respelled().is_some()) {
            let placed = placed.as_deref().unwrap_or(body);
            frame::put_body(passage.edit(), tag, &self.respelled(placed, None));
            return false;
        }
        let act = match tag {
            server::COMMAND_COMPLETE => self.replies.cursor(&self.names).cloned(),
            _ => None,
        };
        if act.is_some() {
            // A FETCH that brings no row leaves the cursor's count as it is.
            self.result_rows(rules);
        }
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
                if let Some(act) = act {
                    self.names.acted(&act, rows, rules.doubt());
                }
                if self.promoted && begins_a_block(body) {
                    // As with PostgreSQL the block is the client's from now on.
                    self.promoted = false;
                }
                if reshapes(body) {
                    self.names.reshaped = true;
                    known.interner.reshaped();
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
                if let Some(info) = self.unveil() {
                    error::put_error(passage.edit(), info);
                    self.excess = Excess::Refused;
                    return false;
                }
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
                let rows = self.rows.take();
                self.undo(&skipped, body, known);
                self.failed(body, skips);
                self.veil = Veil::default();
                let placed = placed.as_deref().unwrap_or(body);
                let stripped = rules.treats_results().then(|| without_values(placed));
                let stripped = stripped.flatten();
                let placed = stripped.as_deref().unwrap_or(placed);
                let renamed = self.renamed(placed, skipped.first());
                let restored = self.respelled(&renamed, skipped.first());
                let error = Failing {
                    body,
                    restored: &restored,
                    instead,
                    rows: rows.unwrap_or_default(),
                };
                return self.error_passes(error, rules, passage);
            }
        }
        self.excess != Excess::Refused || is_unasked(tag)
    }

    /// What the statement of a Query with this CommandComplete did to the client's names.
    fn effect(&mut self, tag: &[u8]) -> Option<Effect> {
        (matches!(tag, b"PREPARE\0" | b"DEALLOCATE\0") || deallocates_all(tag))
            .then(|| self.replies.take_effect())
            .flatten()
    }

    /// Whether it goes on: not when a block of ours is to be committed first.
    fn ready_for_query(&mut self, body: &[u8], rules: &Rules, known: &mut Known<'_>) -> bool {
        let status = backend::transaction_status(body);
        if status.is_none() || self.expects_nothing() {
            self.broken = Some(Broken::Garbled);
            return false;
        }
        if self.doubtful_syncs > 0 && self.replies.is_too_early_to_be_ready() {
            self.doubtful_syncs -= 1;
            return true;
        }
        if let Settled::Query { undone } = self.replies.settle(server::READY_FOR_QUERY) {
            self.names.query_ended();
            known.undo_effects(&undone);
        }
        self.look_for_syncs();
        let has_failed = self.excess == Excess::Refused;
        self.rows = None;
        self.veil = Veil::default();
        self.copy_in = None;
        if self.skipping == Skipping::Doomed {
            self.due = Some(Due::Client);
        }
        self.excess = Excess::None;
        self.overdue = None;
        if let Some(status) = status {
            self.status = status;
        }
        if self.status == TransactionStatus::Idle {
            self.names.transaction_ended();
            if std::mem::take(&mut self.names.reshaped) {
                // What was prepared meanwhile was still of the old shape.
                known.interner.reshaped();
            }
        }
        if has_failed && self.status == TransactionStatus::Transaction {
            self.due = Some(Due::Failed);
            return false;
        }
        if self.promoted {
            self.due = Some(Due::Commit);
            return false;
        }
        if rules.refuses_blocks()
            && self.status != TransactionStatus::Idle
            && self.replies.is_empty()
        {
            self.due = Some(Due::Block);
            return false;
        }
        let is_over = self.status == TransactionStatus::Idle;
        let is_done = self.replies.is_empty() && self.doubtful_syncs == 0;
        if is_done && is_over {
            self.footprint.local = false;
        }
        let asks_limit = self.limit_in_doubt && self.status != TransactionStatus::Error;
        if is_done && asks_limit && rules.has_session_limit() {
            self.due = Some(Due::Limit);
            return false;
        }
        if is_done && (self.footprint.is_open() && is_over || self.footprint.resets) {
            self.due = Some(Due::Traces);
            return false;
        }
        true
    }

    fn pass_locals(&mut self, passage: &mut Passage<'_>) {
        let mut locals = Vec::new();
        self.put_locals(&mut locals);
        if !locals.is_empty() && self.excess != Excess::Refused {
            passage.edit().extend_from_slice(&locals);
        }
    }
}

/// An error or notice that tells the place in the client's own text; `None` when it is as it was.
fn placed(body: &[u8], places: &[Places]) -> Option<Vec<u8>> {
    if places.is_empty() {
        return None;
    }
    let back = |place| {
        let latest = places.iter().rev();
        latest.fold(place, |place, places| places.back(place))
    };
    error::with_position(body, back)
}
