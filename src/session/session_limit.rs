//! The session's row limit, which the server holds as a setting: it is asked behind texts that may
//! have changed it, before the client hears that they are done.

use super::End;
use super::Session;
use super::wrapper;
use super::wrapper::LONGEST_REPLY;
use crate::guard::session_limit::SETTING;
use crate::wire::TransactionStatus;
use crate::wire::backend;
use crate::wire::frontend;

impl Session {
    /// Asks for the limit, and says what the server has said behind the message that may have
    /// changed it.
    pub(super) async fn learn_limit(&mut self) -> Result<(), End> {
        self.ask_for_limit().await?;
        let dialogue = &self.dialogue;
        let is_over = dialogue.status == TransactionStatus::Idle;
        let footprint = &dialogue.footprint;
        if footprint.is_open() && is_over || footprint.resets {
            return self.look_for_traces().await;
        }
        let mut out = Vec::new();
        backend::put_ready_for_query(&mut out, self.dialogue.status);
        self.client.push(&out).map_err(|_| End::Client)
    }

    /// Asks when the limit may be another, and nothing else is owed.
    pub(super) async fn ask_for_limit(&mut self) -> Result<(), End> {
        if !self.dialogue.limit_in_doubt || !self.rules.has_session_limit() {
            return Ok(());
        }
        let mut request = Vec::new();
        // Unlike SELECT it takes no snapshot, so a transaction may still choose its isolation.
        wrapper::put_command(&mut request, format!("SHOW {SETTING}"));
        frontend::put_sync(&mut request);
        let reply = self.link.server().exchange(&request, LONGEST_REPLY).await;
        let reply = reply.map_err(|_| End::Server)?;
        self.pass_messages(&reply.messages)?;
        if let Some(status) = reply.status {
            self.dialogue.status = status;
        }
        let shown = reply.rows_of_bytes().next();
        let shown = shown.and_then(|columns| columns.first().copied().flatten());
        let shown = shown.map(String::from_utf8_lossy).unwrap_or_default();
        self.rules.set_row_limit(&shown);
        // Until the transaction is over, a ROLLBACK may take the change back.
        self.dialogue.limit_in_doubt = self.dialogue.status != TransactionStatus::Idle;
        Ok(())
    }
}
