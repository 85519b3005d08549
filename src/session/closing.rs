//! The end of the service: clients leave one by one, and at last all who are still there.
//!
//! A session at rest waits for nothing but its client, so it is woken to learn of the end. Its
//! waker is the one of its task, which stays the same, so it is kept once and costs no message
//! anything.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

use super::End;
use super::Session;
use super::relay::Event;

/// How far the end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closing {
    /// Clients are welcome.
    NotYet,
    /// Each client leaves as soon as it has nothing open.
    AtRest,
    /// Whoever is there leaves now.
    Now,
}

/// Everybody who is to hear of the end.
#[derive(Debug, Default)]
pub struct Audience {
    /// A [`Closing`].
    closing: AtomicU8,
    seats: Mutex<Seats>,
    /// Somebody has left.
    left: Condvar,
}

/// Wakers, each in a place of its own; places are used again.
#[derive(Debug, Default)]
struct Seats {
    wakers: Vec<Option<Waker>>,
    free: Vec<usize>,
}

/// A place among those who are told; given up when dropped.
pub(super) struct Seat {
    audience: Arc<Audience>,
    number: usize,
}

impl Audience {
    /// How far the end has come.
    pub fn closing(&self) -> Closing {
        match self.closing.load(Ordering::Acquire) {
            0 => Closing::NotYet,
            1 => Closing::AtRest,
            _ => Closing::Now,
        }
    }

    /// Tells everybody; what has been told is not taken back.
    pub fn tell(&self, closing: Closing) {
        self.closing.fetch_max(closing as u8, Ordering::AcqRel);
        let wakers: Vec<Waker> =
            self.with(|seats| seats.wakers.iter().flatten().cloned().collect());
        for waker in wakers {
            waker.wake();
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.with(|seats| seats.wakers.len() - seats.free.len())
    }

    /// Nobody is there.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns when somebody leaves, or after so long.
    pub fn wait(&self, at_most: Duration) {
        let seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        // What is waited for is looked at by the one who waits.
        drop(self.left.wait_timeout(seats, at_most));
    }

    /// A place for the task that asks.
    pub(super) async fn sit_down(self: &Arc<Self>) -> Seat {
        let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
        let number = self.with(|seats| {
            let number = seats.free.pop().unwrap_or(seats.wakers.len());
            if number == seats.wakers.len() {
                seats.wakers.push(None);
            }
            seats.wakers[number] = Some(waker);
            number
        });
        Seat {
            audience: Arc::clone(self),
            number,
        }
    }

    /// What `life` comes to; `None` when everybody has to leave before that.
    pub(super) async fn unless_now<T>(&self, life: impl Future<Output = T>) -> Option<T> {
        let mut life = std::pin::pin!(life);
        poll_fn(|cx| match life.as_mut().poll(cx) {
            Poll::Pending if self.closing() == Closing::Now => Poll::Ready(None),
            polled => polled.map(Some),
        })
        .await
    }

    fn with<T>(&self, act: impl FnOnce(&mut Seats) -> T) -> T {
        act(&mut self.seats.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.audience.with(|seats| {
            seats.wakers[self.number] = None;
            seats.free.push(self.number);
        });
        self.audience.left.notify_all();
    }
}

impl Session {
    /// Ready when the client has to leave and has nothing open.
    pub(super) fn poll_closing(&self) -> Poll<Event> {
        if self.services.audience.closing() == Closing::NotYet || !self.dialogue.is_at_rest() {
            return Poll::Pending;
        }
        Poll::Ready(Event::End(End::Closing))
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Arc;
    use std::task::Context;
    use std::task::Poll;

    use super::Audience;
    use super::Closing;

    #[tokio::test]
    async fn everybody_is_woken_and_nobody_who_has_left() {
        let audience = Arc::new(Audience::default());
        let first = audience.sit_down().await;
        let second = audience.sit_down().await;
        assert_eq!(audience.len(), 2);
        drop(first);
        let third = audience.sit_down().await;
        assert_eq!(third.number, 0);
        drop((second, third));
        assert!(audience.is_empty());
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_the_end() {
        let audience = Arc::new(Audience::default());
        let waiting = tokio::spawn({
            let audience = Arc::clone(&audience);
            async move {
                let _seat = audience.sit_down().await;
                audience.unless_now(pending::<()>()).await
            }
        });
        while audience.is_empty() {
            tokio::task::yield_now().await;
        }
        audience.tell(Closing::AtRest);
        audience.tell(Closing::Now);
        assert_eq!(waiting.await.expect("it ends"), None);
    }

    #[test]
    fn the_end_is_not_taken_back() {
        let audience = Audience::default();
        audience.tell(Closing::Now);
        audience.tell(Closing::AtRest);
        assert_eq!(audience.closing(), Closing::Now);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let life = std::pin::pin!(audience.unless_now(std::future::ready(7)));
        // What is done is done.
        assert_eq!(life.poll(&mut cx), Poll::Ready(Some(7)));
    }
}
