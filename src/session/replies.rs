//! What the server still owes the client, in the order of the client's messages.
//!
//! Source of the pairing: <https://www.postgresql.org/docs/current/protocol-flow.html>.

use std::collections::VecDeque;
use std::sync::Arc;

use super::dialogue::CopyIn;
use super::names::Closed;
use super::names::Name;
use super::names::Names;
use super::names::Prepared;
use super::rows::Rows;
use super::wording::Places;
use super::wording::Respelled;
use crate::guard::Plan;
use crate::sql::cursor::CursorAct;
use crate::upstream::Statement;
use crate::wire::ErrorInfo;
use crate::wire::frame::server;

/// One reply, or group of replies, that a message of the client asked for.
#[derive(Debug)]
pub(super) enum Owed {
    /// Parse: ParseComplete.
    Parse {
        /// The statement's name, and what it stands for from then on; `None` when nobody will ask,
        /// and the inner one when the name is taken.
        prepared: Option<Box<(Name, Option<Prepared>)>>,
        /// The server was sent a text that cannot parse; the client gets this error.
        instead: Option<Box<ErrorInfo>>,
        /// How places in the text that was sent are those in the client's.
        places: Box<[Places]>,
    },
    /// Bind: BindComplete.
    Bind {
        /// The portal and its statement; `None` when nobody will ask.
        bound: Option<(Name, Name)>,
    },
    /// Describe: RowDescription or NoData, behind ParameterDescription for a statement.
    Describe,
    /// Describe of a portal, which pgparley asks for itself: what comes next shows where its columns
    /// come from. RowDescription or NoData, not for the client.
    Outline,
    /// Execute: rows, then CommandComplete, EmptyQueryResponse or PortalSuspended.
    Execute {
        /// The portal; `None` when its rows are not counted.
        portal: Option<Name>,
        /// What its SQL does to the client's names.
        effect: Option<Box<Effect>>,
        /// How places in the text that was sent are those in the client's.
        places: Box<[Places]>,
    },
    /// Close: CloseComplete.
    Close {
        /// What is closed; `None` when nobody will ask.
        closed: Option<Closed>,
    },
    /// Query: any number of results, then ReadyForQuery.
    Query {
        /// How each statement's result is delivered.
        plan: Plan,
        /// The text, when it is not the client's.
        sent: Option<Box<[u8]>>,
        /// The result that comes next.
        result: usize,
        /// What its statements do to the client's names, in order.
        effects: VecDeque<Effect>,
        /// The server was sent a text that cannot parse; the client gets this error.
        instead: Option<Box<ErrorInfo>>,
        /// How places in the text that was sent are those in the client's.
        places: Box<[Places]>,
    },
    /// FunctionCall: FunctionCallResponse, then ReadyForQuery.
    FunctionCall,
    /// Sync: ReadyForQuery.
    Sync,
    /// Answered by pgparley itself: these bytes, when their turn comes.
    Local(Vec<u8>),
    /// A Close of a statement that other clients may go on using: answered here, in its turn.
    Forget(Name),
    /// A message of pgparley's own: the reply with this type byte is not for the client.
    Own {
        /// The type byte of its last reply.
        reply: u8,
        /// What it does to the server connection's statements, undone when it is not done.
        does: Does,
    },
}

/// What SQL does to the client's names of prepared statements.
#[derive(Debug)]
pub(super) enum Effect {
    /// PREPARE: the name stands for this.
    Prepared(Name, Box<Prepared>),
    /// DEALLOCATE: the name is gone.
    Deallocated(Name),
    /// DEALLOCATE ALL, DISCARD ALL: every name is gone.
    AllGone,
}

/// What is owed for the name of a statement.
#[derive(Debug)]
pub(super) enum Pending<'a> {
    /// Nothing.
    Nothing,
    /// It will stand for this when the next message is looked at, or that is skipped too.
    Defined(Option<&'a Prepared>),
    /// Only the replies will tell.
    InDoubt,
}

/// What a message of pgparley's own does on the server connection.
#[derive(Debug)]
pub(super) enum Does {
    /// Prepares a statement.
    Prepare(Arc<Statement>),
    /// Closes the statement with this number.
    Close(u64),
    /// Nothing that has to be remembered.
    Nothing,
}

/// What a message of the server settled.
#[derive(Debug)]
pub(super) enum Settled {
    /// Nothing that anything depends on.
    Nothing,
    /// A message of pgparley's own: its reply is not for the client.
    Own,
    /// A statement's name stands for this.
    Prepared(Name, Prepared),
    /// A portal was made of a statement.
    Bound(Name, Name),
    /// A name is gone.
    Closed(Closed),
    /// A result ended.
    Result {
        /// Its portal, when it was one that is counted.
        portal: Option<Name>,
        /// What its SQL did to the client's names.
        effect: Option<Box<Effect>>,
    },
    /// A portal was suspended.
    Suspended(Option<Name>),
    /// A Query is over.
    Query {
        /// What statements of it that were not run would have done to the client's names.
        undone: VecDeque<Effect>,
    },
    /// An error ended a group.
    Failed {
        /// The error that the client gets in place of the server's.
        instead: Option<Box<ErrorInfo>>,
        /// The server skips what is sent to it until a Sync.
        skips: bool,
        /// What was owed behind it and will not come.
        skipped: Vec<Owed>,
    },
}

/// The queue of what is owed.
#[derive(Debug, Default)]
pub(super) struct Replies {
    queue: VecDeque<Owed>,
    /// How many were ever owed.
    pushed: usize,
}

impl Replies {
    pub(super) fn push(&mut self, owed: Owed) {
        self.pushed = self.pushed.wrapping_add(1);
        self.queue.push_back(owed);
    }

    pub(super) fn extend(&mut self, owed: Vec<Owed>) {
        self.pushed = self.pushed.wrapping_add(owed.len());
        self.queue.extend(owed);
    }

    /// How many are no longer owed; wraps around.
    pub(super) fn answered(&self) -> usize {
        self.pushed.wrapping_sub(self.queue.len())
    }

    /// What is owed first.
    pub(super) fn front(&self) -> Option<&Owed> {
        self.queue.front()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// How the rows of the result that is coming in are counted, before any has come.
    pub(super) fn rows(&self, names: &Names, doubt: Rows) -> Rows {
        match self.queue.front() {
            Some(Owed::Query { plan, result, .. }) => match plan.cursor(*result) {
                Some(CursorAct::Fetch(cursor)) => names.rows(cursor, Rows::of(plan, *result)),
                _ => Rows::of(plan, *result),
            },
            Some(Owed::Execute {
                portal: Some(portal),
                ..
            }) => names.rows(portal, doubt),
            _ => Rows::default(),
        }
    }

    /// What the statement that is answered now does with a cursor.
    pub(super) fn cursor<'a>(&'a self, names: &'a Names) -> Option<&'a CursorAct> {
        match self.queue.front()? {
            Owed::Query { plan, result, .. } => plan.cursor(*result),
            Owed::Execute {
                portal: Some(portal),
                ..
            } => names.cursor(portal),
            _ => None,
        }
    }

    /// How places in the text that is answered now are those in the client's.
    pub(super) fn places(&self) -> &[Places] {
        match self.queue.front() {
            Some(
                Owed::Query { places, .. }
                | Owed::Parse { places, .. }
                | Owed::Execute { places, .. },
            ) => places,
            _ => &[],
        }
    }

    /// Nothing is owed but answers of pgparley's own, so everything else is confirmed.
    pub(super) fn are_local(&self) -> bool {
        self.queue.iter().all(is_local)
    }

    /// What will have become of the name of a statement when all that is owed has come.
    pub(super) fn pending(&self, name: &[u8]) -> Pending<'_> {
        let mut behind_its_sync = false;
        for owed in self.queue.iter().rev() {
            let defined = match owed {
                Owed::Parse {
                    prepared: Some(parsed),
                    ..
                } if *parsed.0 == *name => parsed.1.as_ref().map(Some),
                Owed::Forget(forgotten) if **forgotten == *name => Some(None),
                Owed::Query { effects, .. } if !effects.is_empty() => return Pending::InDoubt,
                // It destroys the unnamed statement.
                Owed::Query { .. } if name.is_empty() => return Pending::InDoubt,
                Owed::Execute {
                    effect: Some(_), ..
                } => return Pending::InDoubt,
                _ => None,
            };
            match defined {
                // If it is skipped, so is what comes behind it up to Sync.
                Some(defined) if !behind_its_sync => return Pending::Defined(defined),
                Some(_) => return Pending::InDoubt,
                None => behind_its_sync |= ends_with_ready(owed),
            }
        }
        Pending::Nothing
    }

    /// An Execute is not answered yet.
    pub(super) fn hold_execute(&self) -> bool {
        let mut queue = self.queue.iter();
        queue.any(|owed| matches!(owed, Owed::Execute { .. }))
    }

    /// The result that is coming in is the last thing owed but for its ReadyForQuery.
    pub(super) fn is_last_result(&self) -> bool {
        match self.queue.front() {
            Some(Owed::Query { .. }) => self.queue.len() == 1,
            Some(Owed::Execute { .. }) => {
                self.queue.len() == 2 && matches!(self.queue.back(), Some(Owed::Sync))
            }
            _ => false,
        }
    }

    /// A ReadyForQuery is among what is owed, so the server will answer without being asked again.
    pub(super) fn holds_ready_for_query(&self) -> bool {
        self.queue.iter().any(ends_with_ready)
    }

    /// All that is owed is for one Query, or for one pipeline up to a Sync, which may be to come.
    pub(super) fn is_one_unit(&self) -> bool {
        let last = self.queue.len().checked_sub(1);
        let ready = self.queue.iter().position(ends_with_ready);
        last.is_some() && ready.is_none_or(|ready| Some(ready) == last)
    }

    /// The last of what the server owes comes only when it is asked to flush.
    pub(super) fn needs_flush(&self) -> bool {
        let mut latest = self.queue.iter().rev();
        let last = latest.find(|owed| !is_local(owed));
        last.is_some_and(|owed| !ends_with_ready(owed))
    }

    /// The text of the Query or Parse that is being answered, when it is not the client's.
    pub(super) fn respelled(&self) -> Option<Respelled<'_>> {
        match self.queue.front()? {
            Owed::Query { sent, plan, .. } => sent.as_deref().map(|sent| Respelled { sent, plan }),
            Owed::Parse {
                prepared: Some(parsed),
                ..
            } => Some(parsed.1.as_ref()?.respelled.as_ref()?.respelled()),
            _ => None,
        }
    }

    /// The next answer of pgparley's own whose turn it is.
    pub(super) fn take_local(&mut self) -> Option<Owed> {
        self.queue.pop_front_if(|owed| is_local(owed))
    }

    /// The server now takes COPY data. What the client has sent behind the COPY must be Syncs, as
    /// some drivers send them; `None` when it is anything else.
    pub(super) fn begin_copy_in(&mut self) -> Option<CopyIn> {
        let mut behind = self.queue.drain(1.min(self.queue.len())..);
        let doubtful_syncs = behind.len();
        let only_syncs = behind.all(|owed| matches!(owed, Owed::Sync));
        only_syncs.then_some(CopyIn {
            is_over: false,
            doubtful_syncs,
        })
    }

    /// What the statement of a Query that has just ended did to the client's names.
    pub(super) fn take_effect(&mut self) -> Option<Effect> {
        match self.queue.front_mut() {
            Some(Owed::Query { effects, .. }) => effects.pop_front(),
            _ => None,
        }
    }

    /// What is owed first does not end with a ReadyForQuery, or something else must come before.
    pub(super) fn is_too_early_to_be_ready(&self) -> bool {
        match self.queue.front() {
            Some(Owed::Query { result, .. }) => *result == 0,
            Some(owed) => !ends_with_ready(owed),
            None => true,
        }
    }

    /// Strikes off what a message with this type byte answers.
    pub(super) fn settle(&mut self, tag: u8) -> Settled {
        if tag == server::ERROR {
            return self.fail();
        }
        if let (server::COMMAND_COMPLETE | server::EMPTY_QUERY, Some(Owed::Query { result, .. })) =
            (tag, self.queue.front_mut())
        {
            *result += 1;
            return Settled::Result {
                portal: None,
                effect: None,
            };
        }
        match self.queue.pop_front_if(|owed| answers(tag, owed)) {
            Some(Owed::Parse {
                prepared: Some(parsed),
                ..
            }) => match *parsed {
                (name, Some(prepared)) => Settled::Prepared(name, prepared),
                (_, None) => Settled::Nothing,
            },
            Some(Owed::Own { .. } | Owed::Outline) => Settled::Own,
            Some(Owed::Bind {
                bound: Some((portal, statement)),
            }) => Settled::Bound(portal, statement),
            Some(Owed::Close {
                closed: Some(closed),
            }) => Settled::Closed(closed),
            Some(Owed::Execute { portal, .. }) if tag == server::PORTAL_SUSPENDED => {
                Settled::Suspended(portal)
            }
            Some(Owed::Execute { portal, effect, .. }) => Settled::Result { portal, effect },
            Some(Owed::Query { effects, .. }) => Settled::Query { undone: effects },
            _ => Settled::Nothing,
        }
    }

    /// An error in a Query ends that Query. Any other makes the server skip everything up to the
    /// next Sync, Queries among it.
    fn fail(&mut self) -> Settled {
        let instead = match self.queue.front_mut() {
            Some(Owed::Query {
                instead, result, ..
            }) => {
                // The error is its last one.
                *result += 1;
                instead.take()
            }
            Some(Owed::Parse { instead, .. }) => instead.take(),
            _ => None,
        };
        if matches!(
            self.queue.front(),
            Some(Owed::Query { .. } | Owed::FunctionCall)
        ) {
            return Settled::Failed {
                instead,
                skips: false,
                skipped: Vec::new(),
            };
        }
        let group = self
            .queue
            .iter()
            .position(|owed| matches!(owed, Owed::Sync));
        let group = group.unwrap_or(self.queue.len());
        let skipped = self.queue.drain(..group).collect();
        let skips = self.queue.is_empty();
        Settled::Failed {
            instead,
            skips,
            skipped,
        }
    }
}

/// A message with this type byte is the last that answers `owed`.
fn answers(tag: u8, owed: &Owed) -> bool {
    match owed {
        Owed::Parse { .. } => tag == server::PARSE_COMPLETE,
        Owed::Bind { .. } => tag == server::BIND_COMPLETE,
        Owed::Describe | Owed::Outline => matches!(tag, server::ROW_DESCRIPTION | server::NO_DATA),
        Owed::Execute { .. } => matches!(
            tag,
            server::COMMAND_COMPLETE | server::EMPTY_QUERY | server::PORTAL_SUSPENDED
        ),
        Owed::Close { .. } => tag == server::CLOSE_COMPLETE,
        Owed::Query { .. } | Owed::FunctionCall | Owed::Sync => tag == server::READY_FOR_QUERY,
        Owed::Own { reply, .. } => tag == *reply,
        Owed::Local(_) | Owed::Forget(_) => false,
    }
}

/// pgparley itself answers it.
fn is_local(owed: &Owed) -> bool {
    matches!(owed, Owed::Local(_) | Owed::Forget(_))
}

fn ends_with_ready(owed: &Owed) -> bool {
    matches!(owed, Owed::Query { .. } | Owed::FunctionCall | Owed::Sync)
}

#[cfg(test)]
mod tests;
