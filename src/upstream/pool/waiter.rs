//! A client that waits for a connection.

use std::mem;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Instant;

use super::idle::Idle;
use super::idle::Startup;
use super::lease::Lease;
use super::place::Place;
use super::shared::Local;
use crate::upstream::Error;

/// What others can give to a client that waits.
#[derive(Debug)]
pub(super) struct Waiter {
    /// Since when, in nanoseconds of the pool's clock.
    pub since: u64,
    /// When it is to be told that there is nothing.
    pub deadline: Instant,
    pub startup: Arc<Startup>,
    local: Arc<Local>,
    slot: Mutex<Slot>,
}

#[derive(Debug, Default)]
struct Slot {
    answer: Option<Result<Lease, Error>>,
    /// The place of a connection that was closed for it.
    place: Option<Place>,
    /// Answered or gone: takes nothing more.
    closed: bool,
    /// A connection is being opened on its behalf, or a place for it is about to be given.
    opening: bool,
    /// It shall look around once more.
    called: bool,
    waker: Option<Waker>,
}

impl Waiter {
    pub(super) fn new(
        asked: Instant,
        deadline: Instant,
        startup: Arc<Startup>,
        local: Arc<Local>,
    ) -> Self {
        Self {
            since: local.shared.clock(asked),
            deadline,
            startup,
            local,
            slot: Mutex::default(),
        }
    }

    /// Answers with this connection; it comes back when there is nobody to answer.
    #[must_use]
    pub(super) fn give(&self, idle: Idle) -> Option<Idle> {
        let mut slot = self.slot();
        if slot.closed {
            return Some(idle);
        }
        slot.answer = Some(Ok(Lease::new(idle, Arc::clone(&self.local))));
        slot.closed = true;
        wake(slot);
        None
    }

    /// Answers with an error.
    pub(super) fn fail(&self, error: Error) {
        let mut slot = self.slot();
        if !slot.closed {
            slot.answer = Some(Err(error));
            slot.closed = true;
            wake(slot);
        }
    }

    /// Claims the next opening for it; `false` when one goes on, or it needs none.
    pub(super) fn claim(&self) -> bool {
        let mut slot = self.slot();
        !slot.closed && !mem::replace(&mut slot.opening, true)
    }

    /// Gives it a place, which was claimed for it.
    pub(super) fn offer(&self, place: Place) {
        let mut slot = self.slot();
        if slot.closed {
            // Freeing it calls the next waiter, and looks at this one.
            drop(slot);
            drop(place);
            return;
        }
        slot.place = Some(place);
        slot.called = true;
        wake(slot);
    }

    /// The place that was given; the claim to it is over.
    pub(super) fn take_place(&self) -> Option<Place> {
        let mut slot = self.slot();
        let place = slot.place.take();
        if place.is_some() {
            slot.opening = false;
        }
        place
    }

    /// A connection is, or is not any more, being opened on its behalf.
    pub(super) fn set_opening(&self, opening: bool) {
        self.slot().opening = opening;
    }

    pub(super) fn is_opening(&self) -> bool {
        self.slot().opening
    }

    /// The pool as it sees it.
    pub(super) fn local(&self) -> Arc<Local> {
        Arc::clone(&self.local)
    }

    /// Answered or gone.
    pub(super) fn is_closed(&self) -> bool {
        self.slot().closed
    }

    /// It would open a connection if it were called.
    pub(super) fn is_stuck(&self) -> bool {
        let slot = self.slot();
        !slot.closed && !slot.opening && !slot.called
    }

    /// Lets it look around once more.
    pub(super) fn call(&self) {
        let mut slot = self.slot();
        if !slot.closed {
            slot.called = true;
            wake(slot);
        }
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(mut slot: MutexGuard<'_, Slot>) {
    let waker = slot.waker.take();
    drop(slot);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// A waiter in its queue. When dropped it leaves, and passes on what it was given.
#[derive(Debug)]
pub(super) struct Waiting(pub Arc<Waiter>);

impl Waiting {
    /// The answer, or `None` when it is time to look around.
    pub(super) fn poll(&self, cx: &Context<'_>) -> Poll<Option<Result<Lease, Error>>> {
        let mut slot = self.0.slot();
        if let Some(answer) = slot.answer.take() {
            return Poll::Ready(Some(answer));
        }
        if mem::take(&mut slot.called) {
            return Poll::Ready(None);
        }
        slot.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let left = {
            let mut slot = self.0.slot();
            let closed = Slot {
                closed: true,
                ..Slot::default()
            };
            mem::replace(&mut *slot, closed)
        };
        let local = &self.0.local;
        if !left.closed {
            local
                .shared
                .shard(local.worker, |state| state.remove(&self.0));
        }
        if let Some(Ok(lease)) = left.answer {
            lease.release();
        }
        drop(left.place);
        if left.called {
            local.shared.call_next();
        }
        if let Some(queued) = &local.shared.queued {
            queued.give_back();
        }
    }
}
