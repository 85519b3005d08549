//! The rows of a result, from the first to what the client hears when they are over.

use crate::config::OnExceed;
use crate::session::dialogue::Dialogue;
use crate::session::dialogue::Ending;
use crate::session::dialogue::Excess;
use crate::session::limit;
use crate::session::limit::Cut;
use crate::session::names::Name;
use crate::session::rows::Rows;
use crate::session::ruling::Rules;
use crate::wire::Passage;
use crate::wire::TransactionStatus;
use crate::wire::backend;
use crate::wire::error;

/// Bytes of rows beyond a limit that are read and left out, before the statement is cancelled that
/// could not be stopped without undoing what it does.
const MOST_DRAINED: u64 = 256 * 1024 * 1024;

impl Dialogue {
    /// The count of a result that has ended, kept with its portal for the next Execute.
    pub(super) fn end_rows(&mut self, portal: Option<Name>, rules: &Rules) -> Rows {
        let rows = match (self.rows.take(), &portal) {
            (Some(rows), _) => rows,
            (None, Some(portal)) => self.names.rows(portal, rules.doubt()),
            (None, None) => Rows::default(),
        };
        self.limit_in_doubt |= rows.changes_limit();
        if let Some(portal) = portal {
            self.names.counted(portal, rows);
        }
        rows
    }

    /// The count of the result that is coming in.
    pub(super) fn result_rows(&mut self, rules: &Rules) -> &mut Rows {
        let (replies, names) = (&self.replies, &self.names);
        let begin = || replies.rows(names, rules.doubt());
        self.rows.get_or_insert_with(begin)
    }

    /// Whether a row goes on.
    pub(super) fn row(&mut self, size: usize, rules: &Rules) -> bool {
        let rows = self.result_rows(rules);
        let was_whole = rows.exceeded().is_none();
        if rows.admit(size, rules.max_bytes()) {
            return self.excess != Excess::Refused;
        }
        let rows = *rows;
        if was_whole && let Some(cut) = rows.exceeded() {
            rules.log_cut(cut, rows.fingerprint);
            self.drained = 0;
        }
        self.drained = self.drained.saturating_add(size as u64);
        if self.excess != Excess::None || !self.replies.is_last_result() {
            return false;
        }
        if rows.cancellable && self.status == TransactionStatus::Idle {
            self.excess = Excess::ToCancel(Ending::Cut);
        } else if self.drained > MOST_DRAINED {
            self.excess = Excess::ToCancel(Ending::Error);
        }
        false
    }

    /// Tells the client when its result was cut; whether the server's own tag goes on.
    pub(super) fn result_ended(
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
        if let Some(info) = self.unveil() {
            error::put_error(passage.edit(), info);
            self.excess = Excess::Refused;
            return false;
        }
        let Some(cut) = rows.exceeded() else {
            if std::mem::take(&mut self.told_truncated) {
                limit::put_complete(passage.edit());
            }
            if rows.are_shown() {
                backend::put_command_complete(passage.edit(), "SHOW");
            }
            return !rows.are_shown();
        };
        self.tell_exceeded(cut, rows.part, (rules, tag), passage);
        false
    }

    /// Tells that `cut` has ended a result of which `rows` went to the client.
    pub(super) fn tell_exceeded(
        &mut self,
        cut: Cut,
        rows: u64,
        by: (&Rules, &[u8]),
        passage: &mut Passage<'_>,
    ) {
        let (rules, tag) = by;
        let Some(policy) = rules.policy() else {
            unreachable!("only a policy limits rows");
        };
        limit::put_exceeded(passage.edit(), cut, rows, (policy, tag));
        if policy.on_exceed == OnExceed::Error {
            self.excess = Excess::Refused;
        } else {
            self.told_truncated = true;
        }
    }
}
