//! How long a client may be idle, and how long what it runs may take.
//!
//! Of no cost where nothing is limited. Where something is, one timer a session is moved only when
//! it goes off or an earlier end is due: most messages touch no timer at all.

use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;
use tokio::time::Sleep;
use tokio::time::sleep;
use tokio::time::sleep_until;
use tokio::time::timeout;

use super::End;
use super::Session;
use super::asking::MOST_AHEAD;
use super::dialogue::Dialogue;
use super::dialogue::Progress;
use super::errors;
use super::relay::Event;
use super::wrapper::LONGEST_REPLY;
use crate::config::Database;
use crate::upstream::Reply;
use crate::wire::TransactionStatus;
use crate::wire::error;
use crate::wire::error::sqlstate;
use crate::wire::frame::HEADER;

/// How long after a cancel the next is sent: a signal that comes before the server has begun with
/// the query is lost.
const PAUSE: Duration = Duration::from_millis(500);

/// How long a server may take to end what was cancelled.
const GRACE: Duration = Duration::from_secs(5);

/// What a session waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// For the client, which has nothing open.
    Idle,
    /// For the client, in the middle of a transaction.
    InTransaction,
    /// For the server, to answer the message with this number.
    Busy(usize),
}

/// What has taken too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// What the server runs: it is to be cancelled.
    Query,
    /// The end of what was cancelled: the server does not react.
    Cancel,
    /// The client's next word in its transaction.
    Transaction,
    /// The client's next word.
    Client,
}

/// The limits of one session, of which there is at least one.
#[derive(Debug)]
pub(super) struct Patience {
    query: Option<Duration>,
    transaction: Option<Duration>,
    client: Option<Duration>,
    phase: Phase,
    /// When the phase began, or the client last said something in it.
    since: Instant,
    /// The client has said something that `since` does not know of.
    has_heard: bool,
    /// When the query that takes too long is cancelled again.
    again: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl Patience {
    /// For a client that was just told it is ready; `None` when nothing is limited.
    pub(super) fn new(settings: &Database) -> Option<Box<Self>> {
        let (query, transaction, client) = (
            settings.query_timeout,
            settings.idle_transaction_timeout,
            settings.client_idle_timeout,
        );
        let shortest = [query, transaction, client].into_iter().flatten().min()?;
        let now = Instant::now();
        Some(Box::new(Self {
            query,
            transaction,
            client,
            phase: Phase::Idle,
            since: now,
            has_heard: false,
            again: None,
            timer: Box::pin(sleep_until(now + shortest)),
        }))
    }

    /// The client has said something, or was waited for by pgparley itself.
    pub(super) fn heard(&mut self) {
        self.has_heard = true;
    }

    /// Ready when the session is in this phase for too long.
    pub(super) fn poll(&mut self, phase: Phase, cx: &mut Context<'_>) -> Poll<Overdue> {
        if self.is_new(phase) {
            self.enter(phase, Instant::now());
        }
        let Some(due) = self.due() else {
            return Poll::Pending;
        };
        if self.timer.deadline() > due {
            self.timer.as_mut().reset(due);
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if now >= due {
                return Poll::Ready(self.overdue(now));
            }
            self.timer.as_mut().reset(due);
        }
        Poll::Pending
    }

    /// Whether this is not what was waited for before.
    fn is_new(&mut self, phase: Phase) -> bool {
        // What the client says meanwhile does not make its query any younger.
        let begins_anew = std::mem::take(&mut self.has_heard) && !matches!(phase, Phase::Busy(_));
        self.phase != phase || begins_anew
    }

    fn enter(&mut self, phase: Phase, now: Instant) {
        self.phase = phase;
        self.since = now;
        self.again = None;
    }

    /// When this phase has taken too long.
    fn due(&self) -> Option<Instant> {
        let limit = match self.phase {
            Phase::Idle => self.client,
            Phase::InTransaction => self.transaction,
            Phase::Busy(_) => self.query,
        };
        let due = self.since + limit?;
        Some(self.again.map_or(due, |again| again.min(due + GRACE)))
    }

    fn overdue(&mut self, now: Instant) -> Overdue {
        match self.phase {
            Phase::Idle => Overdue::Client,
            Phase::InTransaction => Overdue::Transaction,
            Phase::Busy(_)
                if self
                    .query
                    .is_some_and(|limit| now >= self.since + limit + GRACE) =>
            {
                Overdue::Cancel
            }
            Phase::Busy(_) => {
                self.again = Some(now + PAUSE);
                Overdue::Query
            }
        }
    }
}

impl Dialogue {
    /// What the session waits for.
    fn phase(&self) -> Phase {
        if !self.replies.is_empty() {
            Phase::Busy(self.replies.answered())
        } else if self.status == TransactionStatus::Idle && self.progress == Progress::Nothing {
            Phase::Idle
        } else {
            Phase::InTransaction
        }
    }
}

impl Session {
    /// Ready when something has taken too long, or the client has to leave.
    pub(super) fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let Poll::Ready(event) = self.poll_closing() {
            return Poll::Ready(event);
        }
        match &mut self.patience {
            None => Poll::Pending,
            Some(patience) => patience.poll(self.dialogue.phase(), cx).map(Event::Overdue),
        }
    }

    /// An exchange that the client's next message needs and that may wait for locks as the message
    /// itself: cancelled when it takes longer than a query may, or the client leaves.
    pub(super) async fn exchange_for_client(&mut self, request: &[u8]) -> Result<Reply, End> {
        let limit = self.patience.as_ref().and_then(|patience| patience.query);
        let server = self.link.server();
        let target = server.cancel_target().cloned();
        let why = {
            let exchange = server.exchange_patiently(request, LONGEST_REPLY);
            tokio::pin!(exchange);
            let why = tokio::select! {
                reply = &mut exchange => return reply.map_err(|_| End::Server),
                () = sleep(limit.unwrap_or_default()), if limit.is_some() => {
                    End::Overdue(Overdue::Cancel)
                }
                _ = self.client.closed(MOST_AHEAD) => End::Client,
            };
            if let Some(target) = target
                && let Err(error) = target.cancel().await
            {
                tracing::info!(%error, "cancel request not delivered");
            }
            if why != End::Client
                && let Ok(reply) = timeout(GRACE, exchange).await
            {
                return reply.map(told_overdue).map_err(|_| End::Server);
            }
            why
        };
        // What it answers later is for nobody.
        self.link.lose();
        Err(why)
    }

    /// Ends what has taken too long: a query alone, or the session.
    pub(super) async fn overdue(&mut self, what: Overdue) -> Result<(), End> {
        if what != Overdue::Query || !self.link.is_attached() {
            return Err(End::Overdue(what));
        }
        self.dialogue.overdue = Some(what);
        self.cancel_query().await;
        Ok(())
    }
}

/// A reply whose error is that of a query that took too long, when the server was told to end it.
fn told_overdue(mut reply: Reply) -> Reply {
    if let Some(body) = &mut reply.error
        && error::has_code(body, sqlstate::QUERY_CANCELED)
    {
        let mut message = Vec::new();
        error::put_error(&mut message, errors::overdue(Overdue::Query));
        *body = message.split_off(HEADER);
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::UpstreamUrl;

    const SECOND: Duration = Duration::from_secs(1);

    fn settings() -> Database {
        let upstream: UpstreamUrl = "postgres://localhost".parse().unwrap();
        Database::new("*", upstream)
    }

    /// 10 seconds for a query, a minute for a client.
    #[expect(clippy::unnecessary_box_returns, reason = "it is made in a box")]
    fn patience() -> Box<Patience> {
        let mut limited = settings();
        limited.query_timeout = Some(10 * SECOND);
        limited.client_idle_timeout = Some(60 * SECOND);
        Patience::new(&limited).expect("two limits")
    }

    #[test]
    fn where_nothing_is_limited_there_is_nothing() {
        assert!(Patience::new(&settings()).is_none());
    }

    #[tokio::test]
    async fn each_word_of_the_client_begins_its_idleness_anew() {
        let mut patience = patience();
        assert!(!patience.is_new(Phase::Idle));
        patience.heard();
        assert!(patience.is_new(Phase::Idle));
        let now = patience.since + 59 * SECOND;
        patience.enter(Phase::Idle, now);
        assert_eq!(patience.due(), Some(now + 60 * SECOND));
        assert!(!patience.is_new(Phase::Idle));
    }

    #[tokio::test]
    async fn what_the_client_says_does_not_make_its_query_younger() {
        let mut patience = patience();
        assert!(patience.is_new(Phase::Busy(1)));
        patience.enter(Phase::Busy(1), patience.since);
        patience.heard();
        assert!(!patience.is_new(Phase::Busy(1)));
        assert!(patience.is_new(Phase::Busy(2)));
    }

    #[tokio::test]
    async fn server_that_does_not_react_is_cancelled_again_and_then_given_up() {
        let mut patience = patience();
        let since = patience.since;
        patience.enter(Phase::Busy(1), since);
        let mut cancels = 0;
        loop {
            let due = patience.due().expect("a limit");
            match patience.overdue(due) {
                Overdue::Query => cancels += 1,
                overdue => {
                    assert_eq!(overdue, Overdue::Cancel);
                    assert_eq!(due, since + 10 * SECOND + GRACE);
                    break;
                }
            }
        }
        assert_eq!(cancels, 10);
    }

    #[tokio::test]
    async fn what_is_not_limited_has_no_end() {
        let mut patience = patience();
        patience.enter(Phase::InTransaction, patience.since);
        assert_eq!(patience.due(), None);
    }
}
