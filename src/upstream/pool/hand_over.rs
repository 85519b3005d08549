//! What has become free goes to whoever waits for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::atomic::fence;
use std::time::Duration;
use std::time::Instant;

use super::idle::Idle;
use super::idle::Reason;
use super::place::Place;
use super::shared::Local;
use super::shared::NOBODY;
use super::shared::Shared;
use super::state::Next;
use super::waiter::Waiter;
use crate::upstream::Error;

/// How much longer somebody on another worker must have waited to be served before a worker's own
/// first. Moving a connection costs system calls; starving is worse.
const HANDICAP: Duration = Duration::from_millis(5);

/// How long a client waits before a connection is fetched from another worker, unless there are
/// few. Without it connections would go to and fro: one of its own worker is often free sooner.
pub(super) const SHORT_WAIT: Duration = Duration::from_millis(1);

/// What came of offering a connection to a queue.
enum Offered {
    Taken,
    /// Those who wait there cannot use it.
    Unwanted(Idle),
    /// Nobody waits there any more.
    NobodyThere(Idle),
}

impl Local {
    /// Gives a connection to whoever waits, or keeps it for the next one here.
    pub(super) fn put(&self, mut idle: Idle) {
        let shared = &*self.shared;
        let now = idle.since;
        loop {
            let Some(worker) = shared.first_in_line(self.worker, now) else {
                self.keep(idle);
                if shared.first_in_line(self.worker, now).is_none() {
                    return;
                }
                // Somebody queued up and may have looked around before this one was there.
                match shared.shard(self.worker, |state| state.idle.pop_back()) {
                    Some(kept) => idle = kept,
                    None => return,
                }
                continue;
            };
            match shared.offer(worker, idle) {
                Offered::Taken => return,
                Offered::NobodyThere(back) => idle = back,
                Offered::Unwanted(back) => match shared.serve_anybody(back) {
                    None => return,
                    Some(back) => return self.keep(back),
                },
            }
        }
    }

    /// Gives a connection to the first waiter here who can use it, else to whoever waits.
    pub(super) fn serve(&self, idle: Idle) {
        if let Some(idle) = self.shared.serve(self.worker, idle) {
            self.put(idle);
        }
    }

    fn keep(&self, idle: Idle) {
        self.shared
            .shard(self.worker, |state| state.idle.push_back(idle));
        fence(Ordering::SeqCst);
    }
}

impl Shared {
    /// Frees a place for the next connection.
    pub(super) fn vacate(&self) {
        self.places.give_back();
        if let Some(total) = &self.total {
            total.give_back();
        }
        self.call_next();
    }

    /// Lets those who have waited longest open connections, as many as now can be.
    pub(super) fn call_next(&self) {
        fence(Ordering::SeqCst);
        if self.nobody_waits() {
            return;
        }
        if let Some(error) = self.hopeless() {
            return self.fail_all(&error);
        }
        if self.trouble.lasts() {
            return;
        }
        for _ in 0..self.places.free().min(self.connecting.free()) {
            let Some(waiter) = self.longest_stuck() else {
                return;
            };
            waiter.call();
        }
    }

    /// Why nobody can be served: nothing is open, nothing is to be opened now, and nothing ever was.
    /// Where something was, the server is waited for.
    pub(super) fn hopeless(&self) -> Option<Error> {
        let nothing = self.places.used() == 0 && self.connecting.used() == 0;
        if nothing && self.trouble.is_there() && !self.has_worked.load(Ordering::SeqCst) {
            return self.trouble.last(Instant::now());
        }
        None
    }

    /// Why somebody has waited for too long.
    pub(super) fn waited_in_vain(&self) -> Error {
        let nothing_is_open = self.places.used() <= self.connecting.used();
        let trouble = self.trouble.latest().filter(|_| nothing_is_open);
        trouble.unwrap_or(Error::Exhausted)
    }

    /// Whether a waiter has waited for long enough that a connection is fetched from afar.
    pub(super) fn has_waited(&self, waiter: &Waiter) -> bool {
        let now = self.clock(Instant::now());
        now.saturating_sub(waiter.since) >= SHORT_WAIT.as_nanos() as u64
    }

    /// There are so few connections that a worker may well have none of its own.
    pub(super) fn is_scarce(&self) -> bool {
        self.places.is_full() && self.places.used() < 2 * self.workers().len()
    }

    /// Tells a waiter that there is nothing for it, unless it was served meanwhile.
    pub(super) fn dismiss(&self, worker: usize, waiter: &Arc<Waiter>, error: Error) {
        if self.shard(worker, |state| state.remove(waiter)) {
            waiter.fail(error);
        }
    }

    /// Whose turn it is, seen from a worker that has a connection to give: the shard.
    fn first_in_line(&self, own: usize, now: Instant) -> Option<usize> {
        let others = self.workers().filter(|&worker| worker != own);
        let (longest, other) = others
            .map(|worker| (self.head(worker), worker))
            .min()
            .unwrap_or((NOBODY, own));
        let own_head = self.head(own);
        if own_head != NOBODY {
            let handicap = HANDICAP.as_nanos() as u64;
            let overdue = longest.saturating_add(handicap) < own_head;
            return Some(if overdue { other } else { own });
        }
        if longest == NOBODY {
            return None;
        }
        let waited = self.clock(now).saturating_sub(longest);
        let fetch = self.is_scarce() || waited >= SHORT_WAIT.as_nanos() as u64;
        fetch.then_some(other)
    }

    fn offer(&self, worker: usize, mut idle: Idle) -> Offered {
        // While others can be opened, or none can, an open connection is worth more than its place.
        let may_close = self.is_full() && !self.trouble.lasts();
        loop {
            match self.shard(worker, |state| state.next(&idle.card.startup, may_close)) {
                Next::Serve(waiter) => match waiter.give(idle) {
                    None => return Offered::Taken,
                    Some(back) => idle = back,
                },
                Next::MakeRoom(waiter) => {
                    idle.card.closed_for = Reason::Room;
                    drop(idle);
                    waiter.offer(Place::of_idle(waiter.local()));
                    return Offered::Taken;
                }
                Next::Unwanted => return Offered::Unwanted(idle),
                Next::Nobody => return Offered::NobodyThere(idle),
            }
        }
    }

    /// Gives a connection to the first waiter of a shard who can use it; it comes back when there
    /// is none.
    fn serve(&self, worker: usize, mut idle: Idle) -> Option<Idle> {
        loop {
            let waiter = self.shard(worker, |state| state.take_matching(&idle.card.startup));
            let Some(waiter) = waiter else {
                return Some(idle);
            };
            idle = waiter.give(idle)?;
        }
    }

    /// The same for the waiters of all shards.
    fn serve_anybody(&self, mut idle: Idle) -> Option<Idle> {
        for worker in self.workers() {
            if self.head(worker) != NOBODY {
                idle = self.serve(worker, idle)?;
            }
        }
        Some(idle)
    }

    fn nobody_waits(&self) -> bool {
        self.workers().all(|worker| self.head(worker) == NOBODY)
    }

    /// The one who has waited longest of those that would open a connection.
    fn longest_stuck(&self) -> Option<Arc<Waiter>> {
        let waited_for = self.workers().filter(|&worker| self.head(worker) != NOBODY);
        let stuck = waited_for.filter_map(|worker| {
            self.shard(worker, |state| {
                let stuck = state.queue.iter().find(|waiter| waiter.is_stuck());
                stuck.map(Arc::clone)
            })
        });
        stuck.min_by_key(|waiter| waiter.since)
    }

    fn fail_all(&self, error: &Error) {
        for worker in self.workers() {
            let queue = self.shard(worker, |state| std::mem::take(&mut state.queue));
            for waiter in queue {
                waiter.fail(error.again());
            }
        }
    }
}
