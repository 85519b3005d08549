//! The server connection is lost: whom that concerns, and who gets another one.
//!
//! A client that has nothing on the connection but the one message, or pipeline up to a Sync, that
//! is under way gets an error for that and stays. It is the server's to say whether that was
//! carried out, so nothing is sent a second time. Who has more there (a transaction, what pins,
//! what follows behind) is shut out as PostgreSQL does: it must not take what it says next for a
//! part of what is gone.

use super::End;
use super::Session;
use super::dialogue::Broken;
use super::dialogue::Dialogue;
use super::dialogue::Excess;
use super::dialogue::Heard;
use super::dialogue::Rest;
use super::dialogue::Skipping;
use super::errors;
use crate::wire::ErrorInfo;
use crate::wire::Passage;
use crate::wire::TransactionStatus;
use crate::wire::backend;
use crate::wire::error;
use crate::wire::error::sqlstate;

/// Connections that may be lost one after the other while they are made ready for a message; a
/// server that ends more of them will end the next one as well.
const MOST_LOST: u8 = 3;

/// What a server says as it ends its connections, whatever is done on them.
const PARTING: [&str; 3] = [
    sqlstate::ADMIN_SHUTDOWN,
    sqlstate::CRASH_SHUTDOWN,
    sqlstate::CANNOT_CONNECT_NOW,
];

impl Session {
    /// Tells the client of its server's end, and goes on without it where nothing else is lost.
    pub(super) fn outlive(&mut self, end: End) -> Result<(), End> {
        let stays =
            self.link.is_exchangeable() && self.dialogue.may_outlive() && !self.client.has_unread();
        if !stays {
            return Err(end);
        }
        let mut bytes = Vec::new();
        match self.dialogue.broken.take() {
            Some(Broken::Parted(body)) => error::put_as(&mut bytes, &body, "ERROR"),
            Some(Broken::Garbled) | None => error::put_error(&mut bytes, lost(end)),
        }
        // What was under way is undone with the connection: nobody is asked what it has left.
        let footprint = std::mem::take(&mut self.dialogue.footprint);
        self.link.suspects.clear();
        if footprint.defines {
            self.link.access.functions.forget();
        }
        if self.dialogue.replies.holds_ready_for_query() {
            backend::put_ready_for_query(&mut bytes, TransactionStatus::Idle);
        }
        let Self {
            client,
            link,
            dialogue,
            rules,
            ..
        } = self;
        // It means to the dialogue what it would mean if the server had said it.
        let (_, mut known) = link.split();
        let mut passage = Passage::new(&bytes);
        dialogue.server_said(&bytes, rules, &mut known, &mut passage);
        if dialogue.skipping == Skipping::Server {
            dialogue.skipping = Skipping::Here;
        }
        link.lose();
        client.push(passage.bytes()).map_err(|_| End::Client)
    }

    /// Lets the client's next message, of which the server has heard nothing yet, have another
    /// connection.
    pub(super) fn reach_again(&mut self, end: End) -> Result<(), End> {
        if !self.link.is_exchangeable() || !self.dialogue.is_finished() {
            return Err(end);
        }
        self.link.lose();
        if self.link.losses() >= MOST_LOST {
            self.link.forget_losses();
            self.link.denied = Some(Box::new(lost(end)));
        }
        Ok(())
    }
}

/// The end of a server connection, to a client that stays.
fn lost(end: End) -> ErrorInfo {
    let mut info = match end {
        End::Garbled => errors::server_garbled(),
        _ => errors::server_lost(),
    };
    "ERROR".clone_into(&mut info.severity);
    info.severity_nonlocalized = Some("ERROR".to_owned());
    info
}

impl Dialogue {
    /// Nothing of the client is on the server connection but one Query, or one pipeline up to its
    /// Sync, that is not answered.
    pub(super) fn may_outlive(&self) -> bool {
        self.status == TransactionStatus::Idle
            && self.replies.is_one_unit()
            && self.heard != Heard::Fatal
            && self.skipping == Skipping::Nobody
            && self.copy_in.is_none()
            && self.doubtful_syncs == 0
            && self.from_client == Rest::Nothing
            && self.from_server == Rest::Nothing
            && !self.promoted
            && self.due.is_none()
            && self.excess == Excess::None
            && !self.footprint.asks
    }

    /// Whether this error is only that the connection ends, so that the client need not hear of it
    /// in these words.
    pub(super) fn is_parting(&self, body: &[u8]) -> bool {
        error::is_fatal(body)
            && PARTING.iter().any(|code| error::has_code(body, code))
            && self.may_outlive()
    }
}
