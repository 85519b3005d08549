//! What too many rows take back where they are an error: all that an error of the server would.
//!
//! The server knows nothing of the error, so it is made to fail too. What stands behind the rows in
//! a pipeline waits until they are counted, and a Query that may write runs in a block of its own.

use super::End;
use super::Session;
use super::dialogue::Dialogue;
use super::dialogue::Due;
use super::from_client::CANNOT_PARSE;
use super::limit;
use super::limit::Cut;
use super::replies::Owed;
use super::rows::Rows;
use super::ruling::Rules;
use super::wrapper;
use crate::guard::Plan;
use crate::wire::TransactionStatus;
use crate::wire::backend;
use crate::wire::frame::client;
use crate::wire::frontend;

impl Dialogue {
    /// A message that an error of the rows before it would have the server skip.
    pub(super) fn waits_for_rows(&self, tag: u8) -> bool {
        let passes = matches!(
            tag,
            client::COPY_DATA
                | client::COPY_DONE
                | client::COPY_FAIL
                | client::FLUSH
                | client::TERMINATE
        );
        !passes && self.replies.hold_execute()
    }

    /// A Query that may do more than read, and that too many rows would end.
    pub(super) fn needs_block(&self, plan: &Plan, rules: &Rules) -> bool {
        rules.fails_on_excess()
            && !plan.is_unlimited()
            && plan.fits_a_block
            && !plan.cancellable
            && !self.promoted
            && self.status == TransactionStatus::Idle
    }

    /// Whether a result of an Execute fails for its rows.
    pub(super) fn fails(&mut self, is_executed: bool, rows: Rows, rules: &Rules) -> bool {
        let Some(cut) = rows
            .exceeded()
            .filter(|_| is_executed && rules.fails_on_excess())
        else {
            return false;
        };
        self.due = Some(Due::Exceeded(cut));
        true
    }
}

impl Session {
    /// Opens a block for a Query, when none is open.
    pub(super) async fn promote(&mut self) -> Result<(), End> {
        if self.settle().await? {
            self.dialogue.promoted = !self.begin().await.map_err(|_| End::Server)?;
        }
        Ok(())
    }

    /// Makes the server fail in the middle of a pipeline, and skip to the next Sync as it does.
    pub(super) fn fail_pipeline(&mut self, cut: Cut) -> Result<(), End> {
        let Some(policy) = self.rules.policy() else {
            unreachable!("only a policy limits rows");
        };
        let info = limit::exceeded(cut, policy);
        self.dialogue.replies.push(Owed::Parse {
            prepared: None,
            instead: Some(Box::new(info)),
            places: Box::default(),
        });
        let mut request = Vec::new();
        // Under a name of ours: the client's unnamed statement stays as it is.
        frontend::put_parse(&mut request, wrapper::OWN, CANNOT_PARSE);
        frontend::put_flush(&mut request);
        let pushed = self.link.server().connection.push(&request);
        pushed.map_err(|_| End::Server)
    }

    /// Takes back what a Query has done whose rows were too many: all of it in a block of ours; in
    /// one of the client's the block fails.
    pub(super) async fn fail_block(&mut self) -> Result<(), End> {
        let failed = if std::mem::take(&mut self.dialogue.promoted) {
            let mut request = Vec::new();
            wrapper::put_command(&mut request, "ROLLBACK");
            frontend::put_sync(&mut request);
            self.own_exchange(&request).await
        } else {
            self.fail_transaction().await
        };
        failed.map_err(|_| End::Server)?;
        let mut out = Vec::new();
        backend::put_ready_for_query(&mut out, self.dialogue.status);
        if self.dialogue.status == TransactionStatus::Idle {
            self.dialogue.names.transaction_ended();
        }
        self.client.push(&out).map_err(|_| End::Client)
    }
}
