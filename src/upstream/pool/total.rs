//! `max_db_connections`: the limit on the connections to one database, over the pools of all users.
//!
//! A pool that may open no connection because of it has an idle one of another pool closed. Where
//! none is idle it looks again soon, as everybody does who waits: a busy pool keeps what it uses.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::Weak;

use super::idle::Reason;
use super::place::Bounded;
use super::shared::Shared;

/// The connections to one database of one server, as far as one entry of the settings goes.
#[derive(Debug)]
pub(super) struct Total {
    /// Connections that are open or being opened.
    places: Bounded,
    /// Whose they are.
    pools: Mutex<Vec<Weak<Shared>>>,
}

impl Total {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            places: Bounded::new(limit),
            pools: Mutex::default(),
        }
    }

    /// Takes in a pool, whose connections count from the first one on.
    pub(super) fn join(&self, pool: &Arc<Shared>) {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.push(Arc::downgrade(pool));
    }

    /// Counts one more connection; `false` when that would be over the limit.
    pub(super) fn take(&self) -> bool {
        self.places.take()
    }

    /// Counts one less.
    pub(super) fn give_back(&self) {
        self.places.give_back();
    }

    pub(super) fn is_full(&self) -> bool {
        self.places.is_full()
    }

    /// Closes the longest idle connection of all pools but one; `false` when none is idle.
    pub(super) fn evict_for(&self, pool: &Shared) -> bool {
        let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let others = pools.iter().filter_map(Weak::upgrade);
        let others: Vec<_> = others
            .filter(|other| !std::ptr::eq(&raw const **other, pool))
            .collect();
        // Closing it calls those who wait in its pool, and one of them may look for room here.
        drop(pools);
        loop {
            let idle_longest = others
                .iter()
                .filter_map(|other| Some((other.longest_idle(&|_| true)?, other)))
                .min_by_key(|((since, _), _)| *since);
            let Some(((_, worker), other)) = idle_longest else {
                return false;
            };
            // Its own worker may have been faster.
            let taken = other.shard(worker, |state| state.take_longest_idle(&|_| true));
            if let Some(idle) = taken {
                idle.close(Reason::Room, other);
                return true;
            }
        }
    }
}
