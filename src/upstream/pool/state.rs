//! One worker's share of a pool: its idle connections and the clients that wait there.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::idle::Idle;
use super::idle::Startup;
use super::waiter::Waiter;

/// How many different start-up parameters are remembered.
const REMEMBERED: usize = 16;

/// What the lock of a shard protects. Nothing in here is closed under the lock: that calls the next
/// waiter, who may be here.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The longest idle first; the newest is taken first, because it is the warmest.
    pub idle: VecDeque<Idle>,
    /// First come, first served.
    pub queue: VecDeque<Arc<Waiter>>,
    /// A [`watch`](super::watch) looks after the queue.
    pub watched: bool,
    startups: Vec<Arc<Startup>>,
}

/// Who gets a connection that has become free.
pub(super) enum Next {
    /// This waiter, who is not in the queue any more.
    Serve(Arc<Waiter>),
    /// This waiter, but only its place: it needs other start-up parameters.
    MakeRoom(Arc<Waiter>),
    /// Nobody here can use it.
    Unwanted,
    /// Nobody is here.
    Nobody,
}

impl State {
    /// The newest connection with these parameters.
    pub(super) fn take_newest(&mut self, startup: &[(Vec<u8>, Vec<u8>)]) -> Option<Idle> {
        let newest = self.idle.back()?;
        if *newest.card.startup == startup {
            return self.idle.pop_back();
        }
        let fits = |idle: &Idle| *idle.card.startup == startup;
        let position = self.idle.iter().rposition(fits)?;
        self.idle.remove(position)
    }

    /// Since when the longest idle connection that fits is idle.
    pub(super) fn longest_idle(&self, fits: &impl Fn(&Idle) -> bool) -> Option<Instant> {
        let found = self.idle.iter().find(|idle| fits(idle))?;
        Some(found.since)
    }

    /// The longest idle connection that fits.
    pub(super) fn take_longest_idle(&mut self, fits: &impl Fn(&Idle) -> bool) -> Option<Idle> {
        let position = self.idle.iter().position(fits)?;
        self.idle.remove(position)
    }

    /// Who is first, for a connection with these parameters. `may_close` it for one with others?
    pub(super) fn next(&mut self, startup: &Startup, may_close: bool) -> Next {
        let Some(head) = self.queue.front() else {
            return Next::Nobody;
        };
        if *head.startup != *startup && may_close && head.claim() {
            return Next::MakeRoom(Arc::clone(head));
        }
        match self.take_matching(startup) {
            Some(waiter) => Next::Serve(waiter),
            None => Next::Unwanted,
        }
    }

    /// The first waiter that needs these parameters, taken out of the queue.
    pub(super) fn take_matching(&mut self, startup: &Startup) -> Option<Arc<Waiter>> {
        let fits = |waiter: &Arc<Waiter>| *waiter.startup == *startup;
        let position = self.queue.iter().position(fits)?;
        self.queue.remove(position)
    }

    /// Takes a waiter out of the queue; `false` when somebody has done so.
    pub(super) fn remove(&mut self, waiter: &Arc<Waiter>) -> bool {
        let is_it = |other: &Arc<Waiter>| Arc::ptr_eq(other, waiter);
        let position = self.queue.iter().position(is_it);
        position.is_some_and(|position| self.queue.remove(position).is_some())
    }

    /// One copy of these parameters for all who wait with them.
    pub(super) fn remember(&mut self, startup: &[(Vec<u8>, Vec<u8>)]) -> Arc<Startup> {
        if let Some(known) = self.startups.iter().find(|known| ***known == startup) {
            return Arc::clone(known);
        }
        if self.startups.len() == REMEMBERED {
            self.startups.remove(0);
        }
        let startup = Arc::new(startup.to_vec());
        self.startups.push(Arc::clone(&startup));
        startup
    }
}
