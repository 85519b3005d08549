//! One peer's byte stream: read in chunks through a buffer of the worker, written at once.
//!
//! An idle connection holds no buffer: what is read lies in the worker's scratch, and only the
//! unfinished end of a chunk, or what the peer is too slow to take, is kept.

mod overhear;

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::mem;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;

use super::frame;
use super::frame::HEADER;
use super::frame::Next;
use super::socket::Socket;
use super::startup;
use super::startup::StartupError;

pub use overhear::Ask;

/// Bytes read at once. Streaming cost falls until about here (64 KiB against 4 KiB: half).
const CHUNK: usize = 64 * 1024;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; CHUNK].into_boxed_slice());
}

/// How much of a chunk was dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumed {
    /// This many bytes; the rest waits until more arrives.
    Waiting(usize),
    /// This many bytes; the rest can be dealt with at once, after something else is done.
    Paused(usize),
}

/// A message that was received whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The type byte.
    pub tag: u8,
    /// What stands behind the length word.
    pub body: Vec<u8>,
}

/// A message that was received whole or thrown away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpTo {
    /// All of it.
    Whole(Message),
    /// It was too long; its type byte.
    Skipped(u8),
}

/// A socket with the bytes that are under way on our side of it.
#[derive(Debug)]
pub struct Connection {
    socket: Socket,
    /// Read from the peer, not dealt with.
    unread: Vec<u8>,
    /// `unread` may be dealt with before anything more arrives.
    paused: bool,
    /// For the peer, not taken by it yet.
    unsent: Vec<u8>,
    /// The runtime has not been told yet that the socket takes bytes.
    moved: bool,
}

impl Connection {
    /// A connection with nothing under way.
    pub fn new(socket: Socket) -> Self {
        Self {
            socket,
            unread: Vec::new(),
            paused: false,
            unsent: Vec::new(),
            moved: false,
        }
    }

    /// Nothing is under way on our side in either direction.
    pub fn is_settled(&self) -> bool {
        self.unread.is_empty() && self.unsent.is_empty()
    }

    /// Moves the connection to the current runtime; call it with nobody waiting on the connection.
    pub fn rebind(self) -> io::Result<Self> {
        let socket = self.socket.rebind()?;
        Ok(Self {
            socket,
            moved: true,
            ..self
        })
    }

    /// Something was read that is not dealt with.
    pub fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// The peer has not taken everything yet.
    pub fn is_congested(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Writes `bytes` behind what is already under way; keeps what the peer does not take now.
    pub fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while self.unsent.is_empty() && !rest.is_empty() {
            let written = if mem::take(&mut self.moved) {
                self.socket.write_now(rest)
            } else {
                self.socket.try_write(rest)
            };
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(taken) => rest = &rest[taken..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.unsent.extend_from_slice(rest);
        Ok(())
    }

    /// As [`push`](Self::push), but what the peer does not take any more is lost without an error:
    /// why it has closed may be among what it sent before, and reading comes to the end behind that.
    pub fn push_or_lose(&mut self, bytes: &[u8]) {
        if self.push(bytes).is_err() {
            self.unsent = Vec::new();
        }
    }

    /// As [`poll_flush`](Self::poll_flush), with the same exception.
    pub fn poll_flush_or_lose(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if ready!(self.poll_flush(cx)).is_err() {
            self.unsent = Vec::new();
        }
        Poll::Ready(())
    }

    /// Ready when the peer has taken everything.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut sent = 0;
        while sent < self.unsent.len() {
            match Pin::new(&mut self.socket).poll_write(cx, &self.unsent[sent..]) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(taken)) => sent += taken,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.unsent.drain(..sent);
                    return Poll::Pending;
                }
            }
        }
        // The memory goes back too: a client that was slow once may be idle for days.
        self.unsent = Vec::new();
        Poll::Ready(Ok(()))
    }

    /// Writes `bytes` and waits until the peer has taken them. Cancel safe: what was not sent goes
    /// first with the next write.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.push(bytes)?;
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Gives the next chunk to `deal`, which says how much of it was dealt with. `None` when the
    /// peer has closed.
    pub fn poll_chunk<T>(
        &mut self,
        cx: &mut Context<'_>,
        deal: impl FnOnce(&[u8]) -> (Consumed, T),
    ) -> Poll<io::Result<Option<T>>> {
        if mem::take(&mut self.paused) && !self.unread.is_empty() {
            return Poll::Ready(Ok(Some(self.deal_unread(deal))));
        }
        if self.unread.len() > CHUNK / 2 {
            return self.poll_long(cx, deal);
        }
        SCRATCH.with_borrow_mut(|scratch| {
            let kept = self.unread.len();
            scratch[..kept].copy_from_slice(&self.unread);
            let mut buffer = ReadBuf::new(&mut scratch[kept..]);
            ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer))?;
            let read = buffer.filled().len();
            if read == 0 {
                return Poll::Ready(Ok(None));
            }
            let chunk = &scratch[..kept + read];
            let (consumed, value) = deal(chunk);
            self.keep(chunk, consumed);
            Poll::Ready(Ok(Some(value)))
        })
    }

    /// Sends what the peer takes of what is under way, beside whatever else is waited for.
    fn keep_sending(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.is_congested().then(|| self.poll_flush(cx)) {
            Some(Poll::Ready(sent)) => sent,
            Some(Poll::Pending) | None => Ok(()),
        }
    }

    /// The next message, whole. Cancel safe. End of stream is an error: a peer of ours that still
    /// owes us a message must not close.
    pub async fn recv(&mut self, limit: usize) -> io::Result<Message> {
        self.paused = true;
        loop {
            let received = poll_fn(|cx| {
                self.keep_sending(cx)?;
                self.poll_chunk(cx, |chunk| first_message(chunk, limit))
            });
            match received.await? {
                Some(Received::Whole(message)) => return Ok(message),
                Some(Received::Unfinished) => {}
                Some(Received::Refused(why)) => {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, why));
                }
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }

    /// The next message; of one that is longer than `limit` only the type byte, while the rest of it
    /// is read and thrown away. Not cancel safe while that goes on.
    pub async fn recv_up_to(&mut self, limit: usize) -> io::Result<UpTo> {
        self.paused = true;
        let (tag, mut left) = loop {
            let received = poll_fn(|cx| {
                self.keep_sending(cx)?;
                self.poll_chunk(cx, |chunk| match frame::next(chunk) {
                    Next::Message { tag, size } if size > limit => {
                        let taken = size.min(chunk.len());
                        (Consumed::Paused(taken), Ok((tag, size - taken)))
                    }
                    _ => {
                        let (consumed, received) = first_message(chunk, limit);
                        (consumed, Err(received))
                    }
                })
            });
            match received.await?.ok_or(io::ErrorKind::UnexpectedEof)? {
                Ok(skipped) => break skipped,
                Err(Received::Whole(message)) => return Ok(UpTo::Whole(message)),
                Err(Received::Unfinished) => {}
                Err(Received::Refused(why)) => {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, why));
                }
            }
        };
        while left > 0 {
            let taken = poll_fn(|cx| {
                self.poll_chunk(cx, |chunk| {
                    let taken = left.min(chunk.len());
                    (Consumed::Paused(taken), taken)
                })
            });
            left -= taken.await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        }
        Ok(UpTo::Skipped(tag))
    }

    /// The next start-up packet behind its length word. Cancel safe. A length that cannot be is a
    /// [`StartupError`] inside the error.
    pub async fn recv_startup(&mut self) -> io::Result<Vec<u8>> {
        self.paused = true;
        loop {
            let received = poll_fn(|cx| self.poll_chunk(cx, startup_packet)).await?;
            match received.ok_or(io::ErrorKind::UnexpectedEof)? {
                Ok(Some(body)) => return Ok(body),
                Ok(None) => {}
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
        }
    }

    /// Waits until the peer closes; bytes that arrive meanwhile are kept for later. Cancel safe.
    pub async fn closed(&mut self, keep_at_most: usize) -> io::Result<()> {
        let mut seen = self.unread.len();
        loop {
            if seen >= keep_at_most {
                // A peer that floods while it must wait is not read any further.
                return std::future::pending().await;
            }
            self.paused = false;
            let more =
                poll_fn(|cx| self.poll_chunk(cx, |chunk| (Consumed::Paused(0), chunk.len())));
            match more.await? {
                Some(length) => seen = length,
                None => return Ok(()),
            }
        }
    }

    /// What was read but not dealt with may be dealt with now.
    pub fn resume(&mut self) {
        self.paused = !self.unread.is_empty();
    }

    /// Shuts our side down and waits until that is done.
    pub async fn shutdown(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_flush(cx)).await?;
        poll_fn(|cx| Pin::new(&mut self.socket).poll_shutdown(cx)).await
    }

    /// A message longer than the scratch is gathered in memory of its own.
    fn poll_long<T>(
        &mut self,
        cx: &mut Context<'_>,
        deal: impl FnOnce(&[u8]) -> (Consumed, T),
    ) -> Poll<io::Result<Option<T>>> {
        let read = SCRATCH.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(scratch);
            ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer))?;
            self.unread.extend_from_slice(buffer.filled());
            Poll::Ready(Ok::<_, io::Error>(buffer.filled().len()))
        });
        if ready!(read)? == 0 {
            return Poll::Ready(Ok(None));
        }
        Poll::Ready(Ok(Some(self.deal_unread(deal))))
    }

    fn deal_unread<T>(&mut self, deal: impl FnOnce(&[u8]) -> (Consumed, T)) -> T {
        let chunk = mem::take(&mut self.unread);
        let (consumed, value) = deal(&chunk);
        let (Consumed::Waiting(length) | Consumed::Paused(length)) = consumed;
        if length == 0 {
            self.unread = chunk;
            self.paused = matches!(consumed, Consumed::Paused(_));
        } else {
            self.keep(&chunk, consumed);
        }
        value
    }

    fn keep(&mut self, chunk: &[u8], consumed: Consumed) {
        let (Consumed::Waiting(length) | Consumed::Paused(length)) = consumed;
        self.unread.clear();
        if length < chunk.len() {
            self.unread.extend_from_slice(&chunk[length..]);
        } else if self.unread.capacity() > 0 {
            self.unread = Vec::new();
        }
        self.paused = matches!(consumed, Consumed::Paused(_)) && !self.unread.is_empty();
    }
}

fn startup_packet(chunk: &[u8]) -> (Consumed, Result<Option<Vec<u8>>, StartupError>) {
    let unfinished = (Consumed::Waiting(0), Ok(None));
    let Some((word, rest)) = chunk.split_first_chunk::<4>() else {
        return unfinished;
    };
    match startup::body_length(*word) {
        Err(error) => (Consumed::Waiting(0), Err(error)),
        Ok(length) => match rest.get(..length) {
            None => unfinished,
            Some(body) => (Consumed::Paused(4 + length), Ok(Some(body.to_vec()))),
        },
    }
}

enum Received {
    Whole(Message),
    Unfinished,
    Refused(&'static str),
}

fn first_message(chunk: &[u8], limit: usize) -> (Consumed, Received) {
    match frame::next(chunk) {
        Next::Header => (Consumed::Waiting(0), Received::Unfinished),
        Next::Malformed => (
            Consumed::Waiting(0),
            Received::Refused("malformed message length"),
        ),
        Next::Message { size, .. } if size > limit => (
            Consumed::Waiting(0),
            Received::Refused("message over its size limit"),
        ),
        Next::Message { size, .. } if size > chunk.len() => {
            (Consumed::Waiting(0), Received::Unfinished)
        }
        Next::Message { tag, size } => {
            let body = chunk[HEADER..size].to_vec();
            (
                Consumed::Paused(size),
                Received::Whole(Message { tag, body }),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::io::AsyncWriteExt;
    use tokio::net::UnixStream;

    use super::*;

    pub(super) fn pair() -> (Connection, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Connection::new(Socket::Unix(ours)), theirs)
    }

    pub(super) fn query(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        super::super::frontend::put_query(&mut out, text);
        out
    }

    #[tokio::test]
    async fn messages_in_one_chunk_are_received_one_by_one() {
        let (mut connection, mut peer) = pair();
        peer.write_all(&[query(b"a"), query(b"b")].concat())
            .await
            .unwrap();
        assert_eq!(connection.recv(1000).await.unwrap().body, b"a\0");
        assert_eq!(connection.recv(1000).await.unwrap().body, b"b\0");
        assert!(connection.is_settled());
    }

    #[tokio::test]
    async fn a_message_longer_than_the_scratch_is_received_whole() {
        let (mut connection, mut peer) = pair();
        let text = vec![b'x'; 3 * CHUNK];
        let message = query(&text);
        let writing = tokio::spawn(async move { peer.write_all(&message).await.map(|()| peer) });
        let received = connection.recv(10 * CHUNK).await.unwrap();
        assert_eq!(received.body.len(), text.len() + 1);
        writing.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_message_over_the_limit_is_refused_before_it_is_read() {
        let (mut connection, mut peer) = pair();
        peer.write_all(b"Q\x00\x10\x00\x00").await.unwrap();
        let error = connection.recv(1000).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn what_a_slow_peer_does_not_take_goes_later_in_order() {
        let (mut connection, mut peer) = pair();
        let bytes: Vec<u8> = (0..1_000_000_u32).map(|i| i as u8).collect();
        connection.push(&bytes).unwrap();
        assert!(connection.is_congested());
        let expected = bytes.clone();
        let reading = tokio::spawn(async move {
            let mut read = vec![0; bytes.len()];
            peer.read_exact(&mut read).await.map(|_| read)
        });
        connection.send(b"").await.unwrap();
        assert!(!connection.is_congested());
        assert_eq!(reading.await.unwrap().unwrap(), expected);
    }

    #[tokio::test]
    async fn bytes_that_come_while_waiting_for_the_end_are_kept() {
        let (mut connection, mut peer) = pair();
        peer.write_all(&query(b"a")).await.unwrap();
        drop(peer);
        connection.closed(10_000).await.unwrap();
        assert_eq!(connection.recv(1000).await.unwrap().body, b"a\0");
    }

    #[test]
    fn a_connection_moves_to_another_runtime() {
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap()
        };
        let (first, second) = (runtime(), runtime());
        let (connection, mut peer) = first.block_on(async { pair() });
        let moved = second.block_on(async { connection.rebind() });
        let mut connection = moved.unwrap();
        connection.push(&query(b"b")).unwrap();
        assert!(connection.is_settled(), "it takes bytes at once");
        first.block_on(async { peer.write_all(&query(b"a")).await.unwrap() });
        drop(first);
        let message = second.block_on(connection.recv(1000)).unwrap();
        assert_eq!(message.body, b"a\0");
    }
}
