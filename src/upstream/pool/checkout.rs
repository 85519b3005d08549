//! How a client waits: it queues up, and does what it can to be served soon.

use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::atomic::fence;
use std::time::Instant;

use super::idle::Idle;
use super::idle::Reason;
use super::lease::Lease;
use super::opening::Opening;
use super::place::Connecting;
use super::place::Place;
use super::shared::Local;
use super::waiter::Waiter;
use super::waiter::Waiting;
use super::watch;
use crate::upstream::Error;
use crate::upstream::connect::Login;

impl Local {
    /// Waits for a connection. Cancel safe.
    pub(super) async fn wait(
        self: &Arc<Self>,
        login: &Login,
        asked: Instant,
    ) -> Result<Lease, Error> {
        loop {
            let waiting = self.queue_up(login, asked)?;
            let lease = loop {
                self.look_around(&waiting.0, login)?;
                if let Some(answer) = poll_fn(|cx| waiting.poll(cx)).await {
                    break answer?;
                }
            };
            if let Some(lease) = lease.bring_home(self) {
                return Ok(lease);
            }
        }
    }

    fn queue_up(self: &Arc<Self>, login: &Login, asked: Instant) -> Result<Waiting, Error> {
        if let Some(queued) = &self.shared.queued
            && !queued.take()
        {
            return Err(Error::Crowded);
        }
        let deadline = asked + self.shared.limits.wait_timeout;
        let (waiter, watched) = self.shared.shard(self.worker, |state| {
            let startup = state.remember(&login.parameters);
            let waiter = Arc::new(Waiter::new(asked, deadline, startup, Arc::clone(self)));
            state.queue.push_back(Arc::clone(&waiter));
            (waiter, mem::replace(&mut state.watched, true))
        });
        fence(Ordering::SeqCst);
        if !watched {
            watch::start(self);
        }
        Ok(Waiting(waiter))
    }

    /// Takes, steals or opens a connection for the waiter, as the pool stands. An error says that
    /// there is nothing to wait for.
    ///
    /// Where every transaction waits for another one's end, all of this is found to be of no use
    /// without a lock or a write that another worker would notice.
    fn look_around(self: &Arc<Self>, waiter: &Arc<Waiter>, login: &Login) -> Result<(), Error> {
        let shared = &*self.shared;
        self.take_own(waiter);
        if let Some(error) = shared.hopeless() {
            return Err(error);
        }
        let may_open = !shared.trouble.lasts();
        let given = waiter.take_place();
        if may_open && (given.is_some() || !shared.places.is_full()) {
            self.open_for(waiter, login, || {
                given.or_else(|| Place::take_or_evict(self))
            });
        }
        let cannot_open = !shared.places.is_full() && !waiter.is_opening();
        if shared.is_scarce() || cannot_open || shared.has_waited(waiter) {
            self.steal(waiter);
        }
        if may_open && shared.is_full() && shared.idle() > 0 {
            self.open_for(waiter, login, || self.make_room(waiter));
        }
        if shared.is_restless() {
            shared.alarm(self.worker).notify_one();
        }
        Ok(())
    }

    /// Serves the waiter from this worker's idle connections: those in front of it may not have
    /// been able to use them.
    fn take_own(&self, waiter: &Waiter) {
        while self.shared.idle_of(self.worker) > 0 && !waiter.is_closed() {
            let taken = self
                .shared
                .shard(self.worker, |state| state.take_newest(&waiter.startup));
            let Some(idle) = taken else { return };
            if let Some(idle) = self.wake(idle) {
                self.serve(idle);
            }
        }
    }

    /// Serves the waiter, and those like it who came before, from other workers.
    fn steal(&self, waiter: &Waiter) {
        let fits = |idle: &Idle| idle.card.startup == waiter.startup;
        while !waiter.is_closed() {
            let Some(idle) = self.take_longest_idle(fits) else {
                return;
            };
            if let Some(idle) = self.wake(idle) {
                self.serve(idle);
            }
        }
    }

    /// The place of the longest idle connection that the waiter cannot use, which is closed.
    fn make_room(self: &Arc<Self>, waiter: &Waiter) -> Option<Place> {
        let mut idle = self.take_longest_idle(|idle| idle.card.startup != waiter.startup)?;
        idle.card.closed_for = Reason::Room;
        drop(idle);
        Some(Place::of_idle(Arc::clone(self)))
    }

    /// Opens a connection on the waiter's behalf in the place that `find` finds, unless that goes on
    /// already or too many are being opened.
    fn open_for(
        self: &Arc<Self>,
        waiter: &Arc<Waiter>,
        login: &Login,
        find: impl FnOnce() -> Option<Place>,
    ) {
        if !waiter.claim() {
            return;
        }
        let connecting = Connecting::take(self);
        let Some((connecting, place)) = connecting.and_then(|held| Some((held, find()?))) else {
            waiter.set_opening(false);
            return;
        };
        Opening {
            local: Arc::clone(self),
            login: login.clone(),
            startup: Arc::clone(&waiter.startup),
            waiter: Some(Arc::clone(waiter)),
            home: self.worker,
            place,
            connecting,
        }
        .start();
    }
}
