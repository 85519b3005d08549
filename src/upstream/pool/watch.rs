//! Looks after a queue in which somebody waits: deadlines, and second attempts.
//!
//! One task for a queue, not one timer for a client: where every transaction waits a little, a timer
//! for each would cost as much as the waiting itself.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use tokio::time::timeout_at;

use super::hand_over::SHORT_WAIT;
use super::shared::Local;
use super::shared::Shared;
use super::state::State;
use super::waiter::Waiter;

/// How often those who wait look around where that may help.
const EAGER: Duration = SHORT_WAIT;

/// The same where all connections are in use: whoever gives one back looks for them.
const CALM: Duration = Duration::from_millis(5);

/// The same when they have waited for longer than [`LONG`].
const PATIENT: Duration = Duration::from_millis(10);

const LONG: Duration = Duration::from_millis(50);

/// Begins on the current runtime; ends soon after nobody waits any more.
pub(super) fn start(local: &Arc<Local>) {
    let watch = Watch {
        local: Arc::clone(local),
        ended: false,
    };
    tokio::spawn(watch.run());
}

struct Watch {
    local: Arc<Local>,
    /// The shard knows that nobody watches it.
    ended: bool,
}

impl Watch {
    async fn run(mut self) {
        let Local { shared, worker } = &*self.local;
        while let Some(next) = shared.inspect(*worker, Instant::now()) {
            // Either way it is time to look.
            let _ = timeout_at(next.into(), shared.alarm(*worker).notified()).await;
        }
        self.ended = true;
    }
}

impl Drop for Watch {
    /// The runtime may end first.
    fn drop(&mut self) {
        if !self.ended {
            let unwatch = |state: &mut State| state.watched = false;
            self.local.shared.shard(self.local.worker, unwatch);
        }
    }
}

impl Shared {
    /// Something other than a release may serve those who wait.
    pub(super) fn is_restless(&self) -> bool {
        !self.places.is_full() || self.connecting.used() > 0 || self.trouble.is_there()
    }

    /// Tells those whose time is up, and lets the others look around if that may help. When to do
    /// so again; `None` when nobody waits.
    fn inspect(&self, worker: usize, now: Instant) -> Option<Instant> {
        let restless = self.is_restless();
        let idle = self.idle();
        let (overdue, called, next) = self.shard(worker, |state| {
            let overdue = take_overdue(state, now);
            let Some(head) = state.queue.front() else {
                state.watched = false;
                return (overdue, Vec::new(), None);
            };
            let waited = self.clock(now).saturating_sub(head.since);
            let pause = if waited >= LONG.as_nanos() as u64 {
                PATIENT
            } else if restless || idle > 0 {
                EAGER
            } else {
                CALM
            };
            let next = head.deadline.min(now + pause);
            // One to open a connection, and one for each that lies idle.
            let helped = if restless { idle + 1 } else { idle };
            let called = state.queue.iter().take(helped).map(Arc::clone).collect();
            (overdue, called, Some(next))
        });
        for waiter in overdue {
            waiter.fail(self.waited_in_vain());
        }
        for waiter in called {
            waiter.call();
        }
        next
    }
}

/// All wait for the same time at most, so the first has the first deadline.
fn take_overdue(state: &mut State, now: Instant) -> Vec<Arc<Waiter>> {
    let mut overdue = Vec::new();
    while let Some(waiter) = state.queue.pop_front_if(|head| head.deadline <= now) {
        overdue.push(waiter);
    }
    overdue
}
