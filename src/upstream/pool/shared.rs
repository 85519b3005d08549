//! What the workers share of a pool, and the pool as one worker sees it.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::Notify;

use super::idle::Idle;
use super::idle::Reason;
use super::place::Bounded;
use super::state::State;
use super::total::Total;
use super::trouble::Trouble;
use crate::config::Database;
use crate::config::PoolMode;
use crate::upstream::connect::Login;
use crate::wire::connection::Ask;

/// Where nobody waits.
pub(super) const NOBODY: u64 = u64::MAX;

/// A runtime that has not been told of the server's last word after this long never ran meanwhile;
/// then the system is asked.
const TRUSTED_FOR: Duration = Duration::from_millis(100);

/// A pool without the references that would keep it alive.
#[derive(Debug)]
pub(super) struct Shared {
    shards: Box<[Shard]>,
    /// Since when the first waiter of each shard waits, in nanoseconds of [`Shared::clock`], or
    /// [`NOBODY`]. Close together, because a release looks at all of them, and changed only while
    /// somebody waits.
    heads: Box<[AtomicU64]>,
    /// Connections that are open or being opened.
    pub places: Bounded,
    /// The limit that it shares with the pools of other users; `None` where there is none.
    pub total: Option<Arc<Total>>,
    /// Those that are being opened.
    pub connecting: Bounded,
    /// Clients that wait; `None` where they are not limited.
    pub queued: Option<Bounded>,
    /// A connection was opened once: the server is there, and will be again.
    pub has_worked: AtomicBool,
    /// What keeps connections from being opened.
    pub trouble: Trouble,
    pub limits: Limits,
    /// How the last connection was logged in, for those that nobody has asked for.
    pub last_login: Mutex<Option<Login>>,
    birth: Instant,
}

/// The settings of a pool that hold for its whole life.
#[derive(Debug)]
pub(super) struct Limits {
    pub wait_timeout: Duration,
    pub idle_timeout: Duration,
    pub lifetime: Duration,
    pub min_idle: usize,
    /// What cleans a connection behind a client that has left something on it, in order.
    pub reset: Vec<String>,
}

/// The reset query, behind the one that forgets all that other clients must not find.
fn reset(settings: &Database) -> Vec<String> {
    const ALL: &str = "DISCARD ALL";
    let mut reset = vec![settings.reset_query.clone()];
    if settings.pool_mode != PoolMode::Session && settings.reset_query != ALL {
        reset.insert(0, ALL.to_owned());
    }
    reset.retain(|query| !query.is_empty());
    reset
}

/// One worker's share, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard {
    state: Mutex<State>,
    /// The number of idle connections, for the other workers.
    idle: AtomicUsize,
    /// Wakes the [`watch`](super::watch).
    alarm: Notify,
}

/// A pool as one worker sees it.
#[derive(Debug)]
pub(super) struct Local {
    pub shared: Arc<Shared>,
    pub worker: usize,
}

impl Shared {
    pub(super) fn new(workers: usize, settings: &Database, total: Option<Arc<Total>>) -> Self {
        Self {
            shards: (0..workers).map(|_| Shard::default()).collect(),
            heads: (0..workers).map(|_| AtomicU64::new(NOBODY)).collect(),
            places: Bounded::new(settings.pool_size),
            total,
            connecting: Bounded::new(settings.max_connecting),
            queued: settings.max_waiting.map(Bounded::new),
            has_worked: AtomicBool::new(false),
            trouble: Trouble::new(settings.server_login_retry),
            limits: Limits {
                wait_timeout: settings.query_wait_timeout,
                idle_timeout: settings.server_idle_timeout,
                lifetime: settings.server_lifetime,
                min_idle: settings.min_idle.min(settings.pool_size),
                reset: reset(settings),
            },
            last_login: Mutex::default(),
            birth: Instant::now(),
        }
    }

    /// Changes a shard and shows the others what they need to know of it. Never call it within
    /// itself, nor drop a lease or a place in it.
    pub(super) fn shard<T>(&self, worker: usize, change: impl FnOnce(&mut State) -> T) -> T {
        let shard = &self.shards[worker];
        let mut state = shard.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut state);
        shard.idle.store(state.idle.len(), Ordering::Relaxed);
        let head = state.queue.front().map_or(NOBODY, |head| head.since);
        // A line that all workers read is not written without need.
        if self.heads[worker].load(Ordering::Relaxed) != head {
            self.heads[worker].store(head, Ordering::Relaxed);
        }
        result
    }

    /// The numbers of all shards.
    pub(super) fn workers(&self) -> std::ops::Range<usize> {
        0..self.shards.len()
    }

    /// Since when the first waiter of a shard waits, or [`NOBODY`].
    pub(super) fn head(&self, worker: usize) -> u64 {
        self.heads[worker].load(Ordering::Relaxed)
    }

    /// The idle connections of one worker.
    pub(super) fn idle_of(&self, worker: usize) -> usize {
        self.shards[worker].idle.load(Ordering::Relaxed)
    }

    /// All idle connections.
    pub(super) fn idle(&self) -> usize {
        self.workers().map(|worker| self.idle_of(worker)).sum()
    }

    /// All waiting clients.
    pub(super) fn waiting(&self) -> usize {
        let queue = |worker| self.shard(worker, |state| state.queue.len());
        self.workers().map(queue).sum()
    }

    /// Counts one more connection; `false` when that would be over a limit.
    pub(super) fn occupy(&self) -> bool {
        if !self.places.take() {
            return false;
        }
        let fits = self.total.as_ref().is_none_or(|total| total.take());
        if !fits {
            self.places.give_back();
        }
        fits
    }

    /// There may be no more connections.
    pub(super) fn is_full(&self) -> bool {
        self.places.is_full() || self.total.as_ref().is_some_and(|total| total.is_full())
    }

    /// Since when the longest idle connection of any worker that fits is idle, and whose it is.
    pub(super) fn longest_idle(&self, fits: &impl Fn(&Idle) -> bool) -> Option<(Instant, usize)> {
        let with_idle = self.workers().filter(|&worker| self.idle_of(worker) > 0);
        let since = |worker| {
            let since = self.shard(worker, |state| state.longest_idle(fits))?;
            Some((since, worker))
        };
        with_idle.filter_map(since).min()
    }

    /// Nanoseconds of the pool's own clock.
    pub(super) fn clock(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.birth).as_nanos() as u64
    }

    pub(super) fn alarm(&self, worker: usize) -> &Notify {
        &self.shards[worker].alarm
    }
}

impl Local {
    /// The newest idle connection of this worker with these parameters, when nobody waits for one.
    pub(super) fn take_newest(&self, startup: &[(Vec<u8>, Vec<u8>)]) -> Option<Idle> {
        self.shared.shard(self.worker, |state| {
            if !state.queue.is_empty() {
                return None;
            }
            state.take_newest(startup)
        })
    }

    /// The longest idle connection of any worker that fits.
    pub(super) fn take_longest_idle(&self, fits: impl Fn(&Idle) -> bool) -> Option<Idle> {
        let shared = &*self.shared;
        loop {
            let (_, worker) = shared.longest_idle(&fits)?;
            // Its own worker may have been faster.
            let taken = shared.shard(worker, |state| state.take_longest_idle(&fits));
            if taken.is_some() {
                return taken;
            }
        }
    }

    /// Makes an idle connection ready for use on this worker; closes it when the server has gone.
    pub(super) fn wake(&self, mut idle: Idle) -> Option<Idle> {
        let ask = if idle.since.elapsed() > TRUSTED_FOR {
            Ask::System
        } else {
            Ask::Runtime
        };
        if !idle.backend.is_usable(ask) {
            idle.close(Reason::Lost, &self.shared);
            return None;
        }
        self.bring_home(idle)
    }

    /// Moves a connection to the runtime of this worker, which must be the current one.
    pub(super) fn bring_home(&self, idle: Idle) -> Option<Idle> {
        if idle.card.home == self.worker {
            return Some(idle);
        }
        let Idle {
            backend,
            mut card,
            since,
        } = idle;
        match backend.rebind() {
            Ok(backend) => {
                card.home = self.worker;
                Some(Idle {
                    backend: Box::new(backend),
                    card,
                    since,
                })
            }
            Err(error) => {
                tracing::debug!(%error, "server connection lost on its way to another worker");
                card.closed_for = Reason::Lost;
                drop(card);
                self.shared.vacate();
                None
            }
        }
    }
}
