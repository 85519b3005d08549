//! Keeps server connections for the next client, never more than the configured number.
//!
//! A pool has one shard per worker, so that taking a connection and giving it back is the business
//! of one thread: nobody else touches its lock in the ordinary case. What the shards share are a
//! few atomics: how many connections there are, and since when somebody waits at each shard.
//!
//! ```text
//! try_checkout ── newest idle of this worker ──────────────────────────────► Lease
//! checkout ────── the same, else queue up and:                                 ▲
//!                   below the limit   open one (opening)                       │
//!                   at the limit      steal the longest idle of another worker │
//!                                     or close one with other parameters       │
//! release ─────── first waiter here, or one elsewhere who waits longer ────────┘
//!                 nobody waits: idle, newest first
//! ```
//!
//! No wake-up is lost: who queues up shows it and then looks for idle connections, who puts one
//! down shows that and then looks for waiters, each with a full fence in between.

mod checkout;
mod hand_over;
mod idle;
mod lease;
mod opening;
mod place;
mod shared;
mod state;
mod total;
mod trouble;
mod upkeep;
mod waiter;
mod watch;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

use self::shared::Local;
use self::shared::Shared;
use self::total::Total;
use super::Error;
use super::connect::Login;
use crate::config::Database;
use crate::config::Secret;
use crate::telemetry::names;

pub use self::lease::Lease;

/// All pools of one pgparley, by place, database, user and the settings' entry.
#[derive(Debug)]
pub struct Pools {
    workers: usize,
    made: Mutex<HashMap<Key, Arc<Pool>>>,
    /// What the pools of one database share, where it is limited.
    totals: Mutex<HashMap<Whole, Arc<Total>>>,
}

/// One database of one server, as far as an entry of the settings goes.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Whole {
    host: String,
    port: u16,
    database: Vec<u8>,
    entry: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    host: String,
    port: u16,
    database: Vec<u8>,
    user: Vec<u8>,
    /// Whoever gives another password must log in with it.
    password: Option<Secret>,
    /// The entry whose limits and pool mode hold.
    entry: String,
}

impl Pools {
    /// No pools yet; each will have a shard for every one of `workers`.
    pub fn new(workers: usize) -> Self {
        Self {
            workers: workers.max(1),
            made: Mutex::default(),
            totals: Mutex::default(),
        }
    }

    /// The pool that serves this login, made at first use.
    pub fn pool(&self, login: &Login, settings: &Database) -> Arc<Pool> {
        let key = Key {
            host: login.host.clone(),
            port: login.port,
            database: login.database.clone(),
            user: login.user.clone(),
            password: login.password.clone(),
            entry: settings.name.clone(),
        };
        let mut pools = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || {
            let total = self.total(login, settings);
            Arc::new(Pool::new(self.workers, settings, total))
        };
        Arc::clone(pools.entry(key).or_insert_with(made))
    }

    /// Closes what was idle for too long or is too old, and opens what is to be kept at hand. Call
    /// it about once a second, on a runtime that is not a worker's.
    pub fn reap(&self) {
        for pool in self.all() {
            pool.reap();
        }
    }

    /// Server connections in use and idle, over all pools. What is being opened is in use.
    pub fn count(&self) -> (usize, usize) {
        self.all().iter().fold((0, 0), |(used, idle), pool| {
            let its_idle = pool.shared.idle();
            let its_used = pool.shared.places.used().saturating_sub(its_idle);
            (used + its_used, idle + its_idle)
        })
    }

    /// Clients that wait for a server connection, over all pools.
    pub fn waiting(&self) -> usize {
        self.all().iter().map(|pool| pool.shared.waiting()).sum()
    }

    /// What limits all pools of the login's database together, when something does.
    fn total(&self, login: &Login, settings: &Database) -> Option<Arc<Total>> {
        let limit = settings.max_db_connections?;
        let whole = Whole {
            host: login.host.clone(),
            port: login.port,
            database: login.database.clone(),
            entry: settings.name.clone(),
        };
        let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        let total = totals.entry(whole);
        Some(Arc::clone(
            total.or_insert_with(|| Arc::new(Total::new(limit))),
        ))
    }

    fn all(&self) -> Vec<Arc<Pool>> {
        let pools = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        pools.values().map(Arc::clone).collect()
    }
}

/// The server connections of one (database, user).
#[derive(Debug)]
pub struct Pool {
    shared: Arc<Shared>,
    /// The pool as each worker sees it. Leases count their references on it, not on the pool: that
    /// number would travel between the cores with every transaction.
    locals: Box<[Arc<Local>]>,
}

impl Pool {
    fn new(workers: usize, settings: &Database, total: Option<Arc<Total>>) -> Self {
        let shared = Arc::new(Shared::new(workers, settings, total));
        if let Some(total) = &shared.total {
            total.join(&shared);
        }
        let local = |worker| {
            let shared = Arc::clone(&shared);
            Arc::new(Local { shared, worker })
        };
        Self {
            locals: (0..workers).map(local).collect(),
            shared,
        }
    }

    /// An idle connection of this worker that was opened with these start-up parameters, at once.
    /// Nobody who has been waiting here is overtaken.
    pub fn try_checkout(self: &Arc<Self>, worker: usize, login: &Login) -> Option<Lease> {
        let local = self.local(worker);
        loop {
            let idle = local.take_newest(&login.parameters)?;
            if let Some(idle) = local.wake(idle) {
                return Some(Lease::new(idle, Arc::clone(local)));
            }
        }
    }

    /// A connection that was opened with these start-up parameters: idle here, else stolen, opened
    /// or waited for. Cancel safe: what was being opened goes to the pool.
    ///
    /// Must be called on the runtime of `worker`, and always on the same one.
    pub async fn checkout(self: &Arc<Self>, worker: usize, login: &Login) -> Result<Lease, Error> {
        let asked = Instant::now();
        let lease = match self.try_checkout(worker, login) {
            Some(lease) => Ok(lease),
            None => self.local(worker).wait(login, asked).await,
        };
        metrics::histogram!(names::WAIT_SECONDS).record(asked.elapsed());
        lease
    }

    fn local(&self, worker: usize) -> &Arc<Local> {
        &self.locals[worker % self.locals.len()]
    }
}
