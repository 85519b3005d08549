//! What one client and its server connection have said to each other, as far as the next message
//! depends on it.

use std::collections::HashMap;

use super::replies::Limits;
use super::replies::Owed;
use super::replies::Replies;
use super::replies::Rows;
use crate::wire::ErrorInfo;
use crate::wire::TransactionStatus;
use crate::wire::backend;
use crate::wire::error;

/// The state of a session between two messages.
#[derive(Debug)]
pub(super) struct Dialogue {
    /// What the server still owes.
    pub replies: Replies,
    /// What the last ReadyForQuery said.
    pub status: TransactionStatus,
    /// What the client has done since its last Sync or Query.
    pub progress: Progress,
    /// Who throws the client's messages away until Sync, when somebody does.
    pub skipping: Skipping,
    /// The server takes COPY data.
    pub copy_in: bool,
    /// A message of the client that is not all here yet.
    pub from_client: Rest,
    /// A message of the server that is not all here yet.
    pub from_server: Rest,
    /// Prepared statements with a row limit, by name.
    pub statements: HashMap<Box<[u8]>, Option<u64>>,
    /// Portals with a row limit, by name.
    pub portals: HashMap<Box<[u8]>, Rows>,
    /// The server said a FATAL error of its own; the client needs no other.
    pub told_fatal: bool,
    /// The client was told `pgparley.truncated = on`.
    pub told_truncated: bool,
}

/// How far the implicit transaction since the last Sync has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing was sent.
    Nothing,
    /// Statements were prepared or described: nothing that a rollback would undo.
    Prepared,
    /// A portal was bound or executed.
    Executed,
}

/// After an error in the extended protocol everything up to Sync is thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skipping {
    /// Nothing is.
    Nobody,
    /// The server has failed and throws away what it is sent.
    Server,
    /// The error was pgparley's own; the server was sent nothing.
    Here,
}

/// What happens to the bytes of a message that come later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// No message is unfinished.
    Nothing,
    /// This many bytes pass as they are.
    Pass(usize),
    /// This many bytes are left out.
    Drop(usize),
}

impl Rest {
    /// How many of `available` bytes belong to the unfinished message, and whether they pass.
    pub(super) fn take(&mut self, available: usize) -> Option<(usize, bool)> {
        let (left, passes) = match *self {
            Self::Nothing => return None,
            Self::Pass(left) => (left, true),
            Self::Drop(left) => (left, false),
        };
        let taken = left.min(available);
        *self = match (left - taken, passes) {
            (0, _) => Self::Nothing,
            (left, true) => Self::Pass(left),
            (left, false) => Self::Drop(left),
        };
        Some((taken, passes))
    }
}

impl Dialogue {
    /// A session that was just told it is ready.
    pub(super) fn new() -> Self {
        Self {
            replies: Replies::default(),
            status: TransactionStatus::Idle,
            progress: Progress::Nothing,
            skipping: Skipping::Nobody,
            copy_in: false,
            from_client: Rest::Nothing,
            from_server: Rest::Nothing,
            statements: HashMap::new(),
            portals: HashMap::new(),
            told_fatal: false,
            told_truncated: false,
        }
    }

    /// Nothing is open and nothing is owed: an error can be answered without the server.
    pub(super) fn is_at_rest(&self) -> bool {
        self.replies.is_empty()
            && self.status == TransactionStatus::Idle
            && self.progress == Progress::Nothing
    }

    /// Neither side is in the middle of anything but, perhaps, a transaction block.
    pub(super) fn is_whole(&self) -> bool {
        self.replies.is_empty()
            && self.progress == Progress::Nothing
            && self.skipping != Skipping::Server
            && self.from_client == Rest::Nothing
            && self.from_server == Rest::Nothing
            && !self.copy_in
    }

    /// Answers of pgparley's own whose turn it is, for the client.
    pub(super) fn take_locals(&mut self, out: &mut Vec<u8>) {
        if self.from_server != Rest::Nothing {
            return;
        }
        while let Some(bytes) = self.replies.take_local() {
            out.extend_from_slice(&bytes);
        }
    }

    /// A Query is on its way to the server.
    pub(super) fn query_sent(&mut self, limits: Limits, instead: Option<Box<ErrorInfo>>) {
        let rows = Rows::limited(limits.first().copied().flatten());
        self.replies.push(Owed::Query {
            limits,
            result: 0,
            rows,
            instead,
        });
        self.progress = Progress::Nothing;
        // A Query destroys the unnamed statement and the unnamed portal.
        self.statements.remove(&b""[..]);
        self.portals.remove(&b""[..]);
    }

    /// Answers a Query with an error where the server was not asked.
    pub(super) fn fail_query_here(&mut self, info: ErrorInfo) {
        let mut bytes = Vec::new();
        error::put_error(&mut bytes, info);
        backend::put_ready_for_query(&mut bytes, self.status);
        self.replies.push(Owed::Local(bytes));
    }

    /// Answers a message of the extended protocol with an error where the server was not asked.
    pub(super) fn fail_until_sync(&mut self, info: ErrorInfo) {
        let mut bytes = Vec::new();
        error::put_error(&mut bytes, info);
        self.replies.push(Owed::Local(bytes));
        self.skipping = Skipping::Here;
    }

    /// Remembers a statement's limit under its name, or that it has none.
    pub(super) fn prepared(&mut self, statement: &[u8], limit: Option<u64>) {
        if limit.is_some() {
            self.statements.insert(statement.into(), limit);
        } else if !self.statements.is_empty() {
            self.statements.remove(statement);
        }
    }

    /// Gives a portal the limit of its statement.
    pub(super) fn bound(&mut self, portal: &[u8], statement: &[u8]) {
        match self.statements.get(statement).copied().flatten() {
            Some(limit) => {
                self.portals
                    .insert(portal.into(), Rows::limited(Some(limit)));
            }
            None if self.portals.is_empty() => {}
            None => {
                self.portals.remove(portal);
            }
        }
    }

    /// The transaction is over: its portals are gone.
    pub(super) fn transaction_ended(&mut self) {
        self.portals.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_message_is_taken_in_pieces() {
        let mut rest = Rest::Pass(10);
        assert_eq!(rest.take(4), Some((4, true)));
        assert_eq!(rest.take(100), Some((6, true)));
        assert_eq!(rest.take(100), None);
    }

    #[test]
    fn a_portal_has_the_limit_of_its_statement() {
        let mut dialogue = Dialogue::new();
        dialogue.prepared(b"s", Some(3));
        dialogue.bound(b"", b"s");
        assert_eq!(dialogue.portals[&b""[..]].limit, Some(3));
        dialogue.prepared(b"s", None);
        dialogue.bound(b"", b"s");
        assert!(dialogue.portals.is_empty());
    }
}
