//! What one client and its server connection have said to each other, as far as the next message
//! depends on it.

use std::collections::HashMap;
use std::sync::Arc;

use super::answer::Answer;
use super::generated::Generated;
use super::replies::Owed;
use super::replies::Replies;
use super::replies::Rows;
use crate::guard::Plan;
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
    /// The COPY FROM STDIN that is under way, when one is.
    pub copy_in: Option<CopyIn>,
    /// A message of the client that is not all here yet.
    pub from_client: Rest,
    /// A message of the server that is not all here yet.
    pub from_server: Rest,
    /// The transaction block is of pgparley's making: the client's Sync commits it.
    pub promoted: bool,
    /// Prepared statements that something is to be known of, by name.
    pub statements: HashMap<Box<[u8]>, Prepared>,
    /// Portals that something is to be known of, by name.
    pub portals: HashMap<Box<[u8]>, Portal>,
    /// The two sides may no longer mean the same by their next message.
    pub lost: Option<Lost>,
    /// The server said a FATAL error of its own; the client needs no other.
    pub told_fatal: bool,
    /// What becomes of a result of which the client has had enough.
    pub excess: Excess,
    /// The client was told `pgparley.truncated = on`.
    pub told_truncated: bool,
}

/// What is known of a prepared statement.
#[derive(Debug)]
pub(super) enum Prepared {
    /// Its results have a row limit.
    Limited(Rows),
    /// It was generated; it remembers until it is closed or prepared anew.
    Generated(Arc<Generated>),
}

/// What is known of a portal.
#[derive(Debug)]
pub(super) enum Portal {
    /// Its rows are counted, over all its Executes.
    Counted(Rows),
    /// Its rows are here.
    Answered(Answer),
}

/// What was known of a statement's name before its last Parse.
#[derive(Debug)]
pub(super) struct Undo {
    /// The name.
    pub statement: Box<[u8]>,
    /// What it stood for.
    pub previous: Option<Prepared>,
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
    /// The client broke the protocol of COPY. The server ends the session for that.
    Doomed,
}

/// How the count of what is owed was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// An error ended a COPY, and the server may yet answer Syncs that were sent during it.
    Syncs,
    /// The client broke the protocol, and the server did not end the session for it.
    Client,
}

/// A COPY FROM STDIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct CopyIn {
    /// The client has said that its data is complete, or that it gives up.
    pub is_over: bool,
    /// Syncs that the server ignores if it reads them while it copies, and answers if an error
    /// ended the copy before. Nobody but the server can tell which.
    pub doubtful_syncs: usize,
}

/// What becomes of a result that has more rows than the client may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excess {
    /// There is no such result, or its rows are read and left out.
    None,
    /// It is to be cancelled.
    ToCancel,
    /// Its cancel was asked for; the server's error for that is the end of the result.
    Cancelled,
    /// The client was told an error; nothing more of this Sync or Query is for it.
    Refused,
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
            copy_in: None,
            from_client: Rest::Nothing,
            from_server: Rest::Nothing,
            promoted: false,
            statements: HashMap::new(),
            portals: HashMap::new(),
            lost: None,
            told_fatal: false,
            excess: Excess::None,
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
            && self.copy_in.is_none()
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
    pub(super) fn query_sent(&mut self, plan: Plan, instead: Option<Box<ErrorInfo>>) {
        let rows = Rows::of(&plan, 0);
        self.replies.push(Owed::Query {
            plan,
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

    /// A Parse of the client's is on its way to the server; `instead` is the client's error when
    /// the server was sent something that must fail.
    pub(super) fn parse_sent(
        &mut self,
        statement: &[u8],
        prepared: Option<Prepared>,
        instead: Option<Box<ErrorInfo>>,
    ) {
        let undo = self.prepare(statement, prepared);
        self.replies.push(Owed::Parse { undo, instead });
        self.advance(Progress::Prepared);
    }

    fn prepare(&mut self, statement: &[u8], prepared: Option<Prepared>) -> Option<Undo> {
        let previous = match prepared {
            Some(prepared) => self.statements.insert(statement.into(), prepared),
            None if self.statements.is_empty() => return None,
            None => Some(self.statements.remove(statement)?),
        };
        Some(Undo {
            statement: statement.into(),
            previous,
        })
    }

    /// A Parse has failed: its name stands for what it stood for.
    pub(super) fn undo(&mut self, undo: Undo) {
        match undo.previous {
            Some(prepared) => self.statements.insert(undo.statement, prepared),
            None => self.statements.remove(&undo.statement),
        };
    }

    /// Gives a portal the limit of its statement.
    pub(super) fn bound(&mut self, portal: &[u8], statement: &[u8]) {
        match self.statements.get(statement) {
            Some(Prepared::Limited(rows)) => {
                self.portals.insert(portal.into(), Portal::Counted(*rows));
            }
            Some(Prepared::Generated(_)) | None if self.portals.is_empty() => {}
            Some(Prepared::Generated(_)) | None => {
                self.portals.remove(portal);
            }
        }
    }

    /// The implicit transaction has got at least this far.
    pub(super) fn advance(&mut self, progress: Progress) {
        if self.progress != Progress::Executed {
            self.progress = progress;
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
    use crate::session::replies::Settled;
    use crate::wire::frame::server;

    #[test]
    fn an_unfinished_message_is_taken_in_pieces() {
        let mut rest = Rest::Pass(10);
        assert_eq!(rest.take(4), Some((4, true)));
        assert_eq!(rest.take(100), Some((6, true)));
        assert_eq!(rest.take(100), None);
    }

    fn limited(rows: u64) -> Prepared {
        Prepared::Limited(Rows {
            limit: Some(rows),
            ..Rows::default()
        })
    }

    #[test]
    fn a_portal_has_the_limit_of_its_statement() {
        let mut dialogue = Dialogue::new();
        dialogue.parse_sent(b"s", Some(limited(3)), None);
        dialogue.bound(b"", b"s");
        assert!(
            matches!(dialogue.portals[&b""[..]], Portal::Counted(rows) if rows.limit == Some(3))
        );
        dialogue.parse_sent(b"s", None, None);
        dialogue.bound(b"", b"s");
        assert!(dialogue.portals.is_empty());
    }

    #[test]
    fn a_failed_parse_leaves_the_name_as_it_was() {
        let mut dialogue = Dialogue::new();
        dialogue.parse_sent(b"s", Some(limited(3)), None);
        dialogue.replies.settle(server::PARSE_COMPLETE);
        dialogue.parse_sent(b"s", Some(limited(9)), None);
        let Settled::Failed { undo, .. } = dialogue.replies.settle(server::ERROR) else {
            panic!("an error fails");
        };
        undo.into_iter().for_each(|undo| dialogue.undo(undo));
        assert!(matches!(
            dialogue.statements[&b"s"[..]],
            Prepared::Limited(Rows { limit: Some(3), .. })
        ));
    }
}
