//! Moves one chunk at a time between the client and its server connection.
//!
//! Both directions wait at once, but each stops reading while the other side does not take what
//! was read: a slow reader stops the sender, and no more than a chunk lies here. A server that is
//! slow to take is still read from, so that two blocked writers do not wait for each other.

use std::future::poll_fn;
use std::io;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use tokio::time::timeout;

use super::End;
use super::Session;
use super::dialogue::Due;
use super::dialogue::Excess;
use super::dialogue::Skipping;
use super::estimate::Asked;
use super::from_client::Step;
use super::from_client::shared::Before;
use super::from_server::Progressed;
use super::limit::Cut;
use super::patience::Overdue;
use super::questions::Turn;
use super::wrapper::LONGEST_REPLY;
use crate::wire::Passage;
use crate::wire::backend;
use crate::wire::frame;
use crate::wire::frame::server as tag;
use crate::wire::frontend;
use crate::wire::frontend::Named;

/// Messages that may be owed before the client is not read any further.
const MOST_OWED: usize = 10_000;

/// How long a first cancel may take to show.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// How long each further one may.
const PAUSE: Duration = Duration::from_millis(500);

/// A statement that nobody prepares.
const MARKER: &[u8] = b"_pgparley_marker";

/// What happened.
#[derive(Debug)]
pub(super) enum Event {
    /// A chunk moved.
    Moved,
    /// The client's next message is to be looked at when the server owes nothing.
    Settle,
    /// A message of the client is to be answered here.
    Turn(Box<Turn>),
    /// The client has nothing more to say; what it asked for is still to be done.
    Terminate,
    /// The result that comes in is to be cancelled.
    Excess,
    /// Which Syncs the server answers is to be found out.
    LostSyncs,
    /// The client's next message is to be looked at when a block is open.
    Promote,
    /// The server is to fail because of rows beyond a limit.
    Exceeded(Cut),
    /// A block is to fail because of rows beyond a limit.
    Failed,
    /// A block is to be committed that the client knows nothing of.
    Commit,
    /// A server connection is to be had.
    Attach,
    /// The server is to be asked what the client's next message would cost.
    Estimate(Asked),
    /// The catalog is to be read for the client's next message.
    Learn,
    /// The server is to prepare what the client's next message speaks of.
    Prepare(Before),
    /// The server is to be asked what a transaction left.
    Traces,
    /// The server is to be asked for the session's row limit.
    Limit,
    /// A transaction block is open where none may be.
    OpenBlock,
    /// Something has taken too long.
    Overdue(Overdue),
    /// The session is over.
    End(End),
}

impl Session {
    /// Waits until something can move, and moves it.
    pub(super) async fn next(&mut self) -> Event {
        let event = poll_fn(|cx| self.poll_next(cx)).await;
        if matches!(event, Event::Moved) {
            self.let_go();
        }
        event
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let Poll::Ready(event) = self.poll_replies(cx) {
            return Poll::Ready(event);
        }
        let server = self.link.attached();
        let takes_more = !server.is_some_and(|server| server.connection.is_congested())
            && !self.client.is_congested()
            && self.dialogue.replies.len() < MOST_OWED;
        if takes_more && let Poll::Ready(event) = self.poll_client(cx) {
            return Poll::Ready(event);
        }
        self.poll_overdue(cx)
    }

    /// Moves what the server sends, the client not being read.
    pub(super) fn poll_settling(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let Poll::Ready(event) = self.poll_replies(cx) {
            return Poll::Ready(event);
        }
        self.poll_overdue(cx)
    }

    /// Lets out what was held up, and moves what the server sent.
    fn poll_replies(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let Some(server) = self.link.attached()
            && server.connection.is_congested()
        {
            // What a server that is gone has said last is read below.
            let _ = server.connection.poll_flush_or_lose(cx);
        }
        if self.client.is_congested()
            && let Poll::Ready(Err(_)) = self.client.poll_flush(cx)
        {
            return Poll::Ready(Event::End(End::Client));
        }
        if self.client.is_congested() || !self.link.is_attached() {
            return Poll::Pending;
        }
        self.poll_server(cx)
    }

    /// Gives the server connection to whoever is next, when the client has no more use for it.
    pub(super) fn let_go(&mut self) {
        if self.link.may_detach() && self.dialogue.is_finished() {
            self.link.detach();
        }
    }

    fn poll_server(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let Self {
            client,
            link,
            dialogue,
            rules,
            ..
        } = self;
        let (connection, mut known) = link.split();
        let moved = connection.poll_chunk(cx, |chunk| {
            let mut passage = Passage::new(chunk);
            let (consumed, progressed) =
                dialogue.server_said(chunk, rules, &mut known, &mut passage);
            (consumed, (progressed, client.push(passage.bytes())))
        });
        let Poll::Ready(moved) = moved else {
            return Poll::Pending;
        };
        Poll::Ready(match moved {
            Ok(Some((Progressed::Nothing, Ok(())))) if dialogue.due.is_some() => {
                match dialogue.due.take() {
                    Some(Due::Syncs) => Event::LostSyncs,
                    Some(Due::Commit) => Event::Commit,
                    Some(Due::Exceeded(cut)) => Event::Exceeded(cut),
                    Some(Due::Limit) => Event::Limit,
                    Some(Due::Failed) => Event::Failed,
                    Some(Due::Traces) => Event::Traces,
                    Some(Due::Block) => Event::OpenBlock,
                    Some(Due::Client) | None => Event::End(End::Protocol),
                }
            }
            Ok(Some((Progressed::Nothing, Ok(()))))
                if matches!(dialogue.excess, Excess::ToCancel(_)) =>
            {
                Event::Excess
            }
            Ok(Some((Progressed::Nothing, Ok(())))) => Event::Moved,
            Ok(Some((Progressed::Nothing, Err(_)))) => Event::End(End::Client),
            Ok(Some((Progressed::Malformed, _))) => Event::End(End::Garbled),
            Ok(Some((Progressed::Parted, _)) | None) | Err(_) => Event::End(End::Server),
        })
    }

    fn poll_client(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let Self {
            client,
            link,
            dialogue,
            rules,
            patience,
            ..
        } = self;
        let moved = client.poll_chunk(cx, |chunk| {
            let mut passage = Passage::new(chunk);
            let (consumed, step) = dialogue.client_said(chunk, rules, link, &mut passage);
            if let Some(server) = link.attached() {
                server.connection.push_or_lose(passage.bytes());
            }
            (consumed, step)
        });
        let Poll::Ready(moved) = moved else {
            return Poll::Pending;
        };
        if let Some(patience) = patience {
            patience.heard();
        }
        let mut locals = Vec::new();
        dialogue.take_locals(&mut locals);
        let told = client.push(&locals);
        Poll::Ready(match moved {
            Ok(Some(Step::Terminate)) => Event::Terminate,
            Ok(None) | Err(_) => Event::End(End::Client),
            Ok(Some(Step::Malformed)) => Event::End(End::Protocol),
            Ok(Some(Step::Turn(turn))) => Event::Turn(turn),
            Ok(Some(Step::Settle)) => Event::Settle,
            Ok(Some(Step::Promote)) => Event::Promote,
            Ok(Some(Step::Attach)) => Event::Attach,
            Ok(Some(Step::Learn)) => Event::Learn,
            Ok(Some(Step::Prepare(before))) => Event::Prepare(before),
            Ok(Some(Step::Estimate(asked))) => Event::Estimate(asked),
            Ok(Some(Step::Next)) if told.is_err() => Event::End(End::Client),
            Ok(Some(Step::Next)) => Event::Moved,
        })
    }

    /// Cancels a result of which the client has had enough. Returns when the server has the signal,
    /// so that it cannot hit the client's next query.
    pub(super) async fn cut_short(&mut self) {
        if let Excess::ToCancel(ending) = self.dialogue.excess {
            self.dialogue.excess = Excess::Cancelled(ending);
        }
        self.cancel_query().await;
    }

    /// Asks the server to cancel what it runs, and returns when it has the signal.
    pub(super) async fn cancel_query(&mut self) {
        let Some(target) = self.link.server().cancel_target().cloned() else {
            return;
        };
        if let Err(error) = target.cancel().await {
            // What runs is waited for instead.
            tracing::info!(%error, "cancel request not delivered");
        }
    }

    /// Cancels what runs for a client that is gone, and reads the server until nothing is owed.
    pub(super) async fn abandon(&mut self) -> io::Result<()> {
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(target) = self.link.server().cancel_target().cloned() {
                target.cancel().await?;
            }
            // A signal that comes before the server has begun with the query is lost.
            match timeout(pause, self.drain()).await {
                Ok(drained) => return drained,
                Err(_) => pause = PAUSE,
            }
        }
    }

    /// Does what the client has asked for before it said Terminate, as a server would: what was
    /// sent is run, and answered as long as the client listens.
    pub(super) async fn finish(&mut self) -> End {
        while self.dialogue.replies.holds_ready_for_query() {
            match poll_fn(|cx| self.poll_settling(cx)).await {
                Event::Moved | Event::Terminate => {}
                Event::Excess => self.cut_short().await,
                Event::Commit => {
                    if let Err(end) = self.commit_block().await {
                        return end;
                    }
                }
                Event::Limit => {
                    if let Err(end) = self.learn_limit().await {
                        return end;
                    }
                }
                Event::Exceeded(cut) => {
                    if let Err(end) = self.fail_pipeline(cut) {
                        return end;
                    }
                }
                Event::Failed => {
                    if let Err(end) = self.fail_block().await {
                        return end;
                    }
                }
                Event::Traces => {
                    if let Err(end) = self.look_for_traces().await {
                        return end;
                    }
                }
                Event::OpenBlock => {
                    if let Err(end) = self.undo_block().await {
                        return end;
                    }
                }
                Event::Overdue(what) => {
                    if let Err(end) = self.overdue(what).await {
                        return end;
                    }
                }
                Event::LostSyncs
                | Event::Settle
                | Event::Promote
                | Event::Attach
                | Event::Learn
                | Event::Prepare(_)
                | Event::Estimate(_)
                | Event::Turn(_) => {
                    return End::Client;
                }
                Event::End(End::Client) => {
                    return self.drain().await.map_or(End::Server, |()| End::Client);
                }
                Event::End(end) => return end,
            }
        }
        End::Client
    }

    /// Reads the server until nothing is owed, for nobody.
    async fn drain(&mut self) -> io::Result<()> {
        while self.dialogue.replies.holds_ready_for_query() {
            if self.dialogue.copies() {
                // A server that reads a COPY heeds no cancel, only the end of its connection.
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            let Self {
                link,
                dialogue,
                rules,
                ..
            } = self;
            let (connection, mut known) = link.split();
            let read = poll_fn(|cx| {
                connection.poll_chunk(cx, |chunk| {
                    let mut passage = Passage::new(chunk);
                    dialogue.server_said(chunk, rules, &mut known, &mut passage)
                })
            });
            if !matches!(read.await?, Some(Progressed::Nothing)) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// Finds out which of the Syncs that were sent during a failed COPY the server answers: behind
    /// a Sync of our own it answers a Close, and whatever it answers before that is the client's.
    pub(super) async fn find_syncs(&mut self) -> Result<(), End> {
        if self.dialogue.skipping == Skipping::Doomed {
            return Err(End::Protocol);
        }
        self.dialogue.doubtful_syncs = 0;
        let mut request = Vec::new();
        frontend::put_sync(&mut request);
        frontend::put_close(&mut request, Named::Statement(MARKER));
        frontend::put_sync(&mut request);
        let server = self.link.server();
        server.connection.push(&request).map_err(|_| End::Server)?;
        let mut answered = 0;
        let mut out = Vec::new();
        let mut ready = Vec::new();
        loop {
            let message = server.connection.recv(LONGEST_REPLY).await;
            let message = message.map_err(|_| End::Server)?;
            match message.tag {
                tag::CLOSE_COMPLETE => break,
                tag::READY_FOR_QUERY => {
                    answered += 1;
                    // The last before the marker answers our own Sync.
                    out.append(&mut ready);
                    frame::put_body(&mut ready, message.tag, &message.body);
                }
                _ => {
                    out.append(&mut ready);
                    frame::put_body(&mut out, message.tag, &message.body);
                }
            }
        }
        let last = server
            .connection
            .recv(LONGEST_REPLY)
            .await
            .map_err(|_| End::Server)?;
        if let Some(status) = backend::transaction_status(&last.body) {
            self.dialogue.status = status;
        }
        if self.dialogue.skipping == Skipping::Server {
            self.dialogue.skipping = if answered > 1 {
                Skipping::Nobody
            } else {
                Skipping::Here
            };
        }
        server.connection.resume();
        self.client.push(&out).map_err(|_| End::Client)
    }
}
