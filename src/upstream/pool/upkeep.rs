//! What is done about once a second: old and idle connections closed, a few kept at hand.

use std::sync::Arc;
use std::sync::PoisonError;
use std::time::Instant;

use super::Pool;
use super::idle::Idle;
use super::idle::NO_WORKER;
use super::idle::Reason;
use super::opening::Opening;
use super::place::Connecting;
use super::place::Place;
use super::state::State;
use crate::wire::connection::Ask;

impl Pool {
    /// Closes what is to be closed and opens what is to be kept at hand, on the current runtime.
    pub(super) fn reap(&self) {
        let shared = &*self.shared;
        let now = Instant::now();
        let mut spare = shared.idle().saturating_sub(shared.limits.min_idle);
        for worker in shared.workers() {
            let overdue = shared.shard(worker, |state| take_overdue(state, now, &mut spare));
            for (idle, reason) in overdue {
                idle.close(reason, shared);
            }
        }
        self.fill_up();
    }

    /// Opens what is missing of `min_idle`, where the fewest are idle.
    fn fill_up(&self) {
        let shared = &*self.shared;
        let at_hand = shared.idle() + shared.connecting.used();
        let missing = shared.limits.min_idle.saturating_sub(at_hand);
        if missing == 0 || shared.trouble.lasts() {
            return;
        }
        let last_login = shared
            .last_login
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let Some(login) = last_login else { return };
        let startup = Arc::new(login.parameters.clone());
        let mut locals: Vec<_> = self.locals.iter().collect();
        locals.sort_by_key(|local| shared.idle_of(local.worker));
        for local in locals.into_iter().cycle().take(missing) {
            let Some(connecting) = Connecting::take(local) else {
                return;
            };
            let Some(place) = Place::take(local) else {
                return;
            };
            Opening {
                local: Arc::clone(local),
                login: login.clone(),
                startup: Arc::clone(&startup),
                waiter: None,
                home: NO_WORKER,
                place,
                connecting,
            }
            .start();
        }
    }
}

/// Takes out what is too old or lost, and as many as can be spared of those idle for too long.
fn take_overdue(state: &mut State, now: Instant, spare: &mut usize) -> Vec<(Idle, Reason)> {
    let mut overdue = Vec::new();
    let mut position = 0;
    while let Some(idle) = state.idle.get_mut(position) {
        let reason = if idle.card.is_too_old(now) {
            Reason::Lifetime
        } else if !idle.backend.is_usable(Ask::Runtime) {
            Reason::Lost
        } else if *spare > 0 && idle.card.is_idle_too_long(idle.since, now) {
            Reason::Idle
        } else {
            position += 1;
            continue;
        };
        *spare = spare.saturating_sub(1);
        overdue.extend(state.idle.remove(position).map(|idle| (idle, reason)));
    }
    overdue
}
