//! What one client and its server connection have said to each other, as far as the next message
//! depends on it.

use super::limit::Cut;
use super::names::Closed;
use super::names::Name;
use super::names::Names;
use super::names::Prepared;
use super::outdated::Judged;
use super::patience::Overdue;
use super::replies::Effect;
use super::replies::Owed;
use super::replies::Pending;
use super::replies::Replies;
use super::rows::Rows;
use super::veil::Veil;
use super::wording::Places;
use crate::guard::Plan;
use crate::sql::footprint::Footprint;
use crate::wire::ErrorInfo;
use crate::wire::TransactionStatus;
use crate::wire::backend;
use crate::wire::error;
use crate::wire::frame::server;

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
    /// Syncs sent during a COPY that has failed, which the server may answer or have ignored.
    pub doubtful_syncs: usize,
    /// A message of the client that is not all here yet.
    pub from_client: Rest,
    /// A message of the server that is not all here yet.
    pub from_server: Rest,
    /// The transaction block is of pgparley's making: the client's Sync commits it.
    pub promoted: bool,
    /// What statements and portals stand for.
    pub names: Names,
    /// What of the result that is coming in is for the client.
    pub veil: Veil,
    /// The count of the result that is coming in, once a row of it has come.
    pub rows: Option<Rows>,
    /// What is to be done before anything more that the server says reaches the client.
    pub due: Option<Due>,
    /// The worst that the server has said since it was last asked what a transaction left.
    pub heard: Heard,
    /// What the server has said that ends its connection.
    pub broken: Option<Broken>,
    /// What becomes of a result of which the client has had enough.
    pub excess: Excess,
    /// Bytes of rows beyond its limit that the result has brought.
    pub drained: u64,
    /// The session's row limit may be another than is known.
    pub limit_in_doubt: bool,
    /// What runs was cancelled because it takes too long.
    pub overdue: Option<Overdue>,
    /// The client was told `pgparley.truncated = on`.
    pub told_truncated: bool,
    /// What the SQL that goes on next does to the client's names.
    pub effects: Vec<Effect>,
    /// How places in the text that goes on next are those in the client's, one change behind the
    /// other.
    pub places: Vec<Places>,
    /// The portal bound last, when places in its text are not those in the client's.
    pub placed: Option<Box<(Name, Box<[Places]>)>>,
    /// Whether the message that is looked at next may go on, once the server has said what it would
    /// cost.
    pub estimated: Option<Result<(), Box<ErrorInfo>>>,
    /// What SQL has prepared, as far as it was judged.
    pub judged: Judged,
    /// What the texts that were run since the server was last asked may have left behind.
    pub footprint: Footprint,
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

/// What the server has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// No error.
    Nothing,
    /// An error.
    Error,
    /// A FATAL error of its own; the client needs no other.
    Fatal,
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
    /// The client broke the protocol, of COPY or altogether. The server ends the session for that.
    Doomed,
}

/// What `session` has to do before it goes on with what the server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// An error ended a COPY, and the server may yet answer Syncs that were sent during it.
    Syncs,
    /// The client broke the protocol, and the server did not end the session for it.
    Client,
    /// An Execute has brought too many rows, which is an error: the server is to fail too.
    Exceeded(Cut),
    /// A Query has brought too many rows, which is an error: its block is to fail before the client
    /// hears that the Query has ended.
    Failed,
    /// A transaction has ended that may have left something behind: the server is to be asked
    /// before the client hears of the end.
    Traces,
    /// The session's row limit may have changed: the server is to be asked before the client hears
    /// that its message is done.
    Limit,
    /// A transaction block is open where none may be: it is rolled back before the client hears of
    /// it.
    Block,
    /// A Query has ended in a block that a question made of the client's implicit transaction: it
    /// ends that transaction, so the block must be committed before the client hears of it.
    Commit,
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
    /// It is to be cancelled, and ends so.
    ToCancel(Ending),
    /// Its cancel was asked for; the server's error for that is the end of the result.
    Cancelled(Ending),
    /// The client was told an error; nothing more of this Sync or Query is for it.
    Refused,
}

/// What a result that was cancelled ends with for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// What the policy says: a result that is cut loses nothing by it.
    Cut,
    /// An error: what the statement has done is undone.
    Error,
}

/// What a server says that ends its connection.
#[derive(Debug)]
pub(super) enum Broken {
    /// An error, of which this is the body, that the client was not told: it may stay.
    Parted(Vec<u8>),
    /// Something that it cannot mean.
    Garbled,
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
            doubtful_syncs: 0,
            from_client: Rest::Nothing,
            from_server: Rest::Nothing,
            promoted: false,
            names: Names::default(),
            veil: Veil::default(),
            rows: None,
            due: None,
            heard: Heard::Nothing,
            broken: None,
            excess: Excess::None,
            drained: 0,
            limit_in_doubt: false,
            overdue: None,
            told_truncated: false,
            effects: Vec::new(),
            places: Vec::new(),
            placed: None,
            estimated: None,
            judged: Judged::default(),
            footprint: Footprint::default(),
        }
    }

    /// Nothing is open and nothing is owed: an error can be answered without the server.
    pub(super) fn is_at_rest(&self) -> bool {
        self.replies.is_empty()
            && self.status == TransactionStatus::Idle
            && self.progress == Progress::Nothing
    }

    /// The client is sending COPY data.
    pub(super) fn copies(&self) -> bool {
        self.copy_in.is_some_and(|copy| !copy.is_over)
    }

    /// Neither side is in the middle of anything but, perhaps, a transaction block, and nothing will
    /// come that was not asked for.
    pub(super) fn is_whole(&self) -> bool {
        self.replies.is_empty()
            && self.progress == Progress::Nothing
            && matches!(self.skipping, Skipping::Nobody | Skipping::Here)
            && self.from_client == Rest::Nothing
            && self.from_server == Rest::Nothing
            && self.copy_in.is_none()
            && self.doubtful_syncs == 0
            && self.due.is_none()
            && self.excess == Excess::None
    }

    /// Answers of pgparley's own whose turn it is, for the client.
    pub(super) fn take_locals(&mut self, out: &mut Vec<u8>) {
        if self.from_server != Rest::Nothing {
            return;
        }
        self.put_locals(out);
    }

    /// Appends the answers whose turn it is, and does what they say.
    pub(super) fn put_locals(&mut self, out: &mut Vec<u8>) {
        while let Some(local) = self.replies.take_local() {
            match local {
                Owed::Local(bytes) => out.extend_from_slice(&bytes),
                Owed::Forget(name) => {
                    self.names.closed(&Closed::Statement(name));
                    backend::put_bare(out, server::CLOSE_COMPLETE);
                }
                _ => unreachable!("the server answers it"),
            }
        }
    }

    /// What the name of a statement stands for, once everything that is owed has come; only where
    /// that is not [in doubt](Self::is_in_doubt).
    pub(super) fn statement(&self, name: &[u8]) -> Option<&Prepared> {
        match self.replies.pending(name) {
            Pending::Defined(prepared) => prepared,
            Pending::Nothing | Pending::InDoubt => self.names.statement(name),
        }
    }

    /// What the name of a statement stands for is not known before the server has replied.
    pub(super) fn is_in_doubt(&self, name: &[u8]) -> bool {
        matches!(self.replies.pending(name), Pending::InDoubt)
    }

    /// Nothing of the client is on the server connection or on its way there: the connection may go
    /// to another client.
    pub(super) fn is_finished(&self) -> bool {
        self.is_at_rest()
            && self.is_whole()
            && self.skipping == Skipping::Nobody
            && !self.promoted
            && !self.footprint.is_open()
    }

    /// A Query is on its way to the server.
    pub(super) fn query_sent(
        &mut self,
        plan: Plan,
        sent: Option<Box<[u8]>>,
        instead: Option<Box<ErrorInfo>>,
    ) {
        self.replies.push(Owed::Query {
            plan,
            sent,
            result: 0,
            effects: std::mem::take(&mut self.effects).into(),
            instead,
            places: std::mem::take(&mut self.places).into(),
        });
        self.progress = Progress::Nothing;
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

    /// The implicit transaction has got at least this far.
    pub(super) fn advance(&mut self, progress: Progress) {
        if self.progress != Progress::Executed {
            self.progress = progress;
        }
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
    fn what_may_still_come_belongs_to_nobody_else() {
        assert!(Dialogue::new().is_whole());
        let unfinished: [fn(&mut Dialogue); 4] = [
            |dialogue| dialogue.doubtful_syncs = 1,
            |dialogue| dialogue.due = Some(Due::Syncs),
            |dialogue| dialogue.excess = Excess::Cancelled(Ending::Cut),
            |dialogue| dialogue.skipping = Skipping::Doomed,
        ];
        for begin in unfinished {
            let mut dialogue = Dialogue::new();
            begin(&mut dialogue);
            assert!(!dialogue.is_whole() && !dialogue.is_finished());
        }
    }
}
