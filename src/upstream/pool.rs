//! Keeps server connections for the next client, never more than the configured number.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::Error;
use super::backend::Backend;
use super::backend::MAX_CONTROL_MESSAGE;
use super::connect::Login;
use crate::config::Database;
use crate::config::Secret;
use crate::telemetry::names;
use crate::wire::Connection;
use crate::wire::TransactionStatus;
use crate::wire::frontend;
use crate::wire::socket::DetachedSocket;

/// How long a server connection may take to become clean before it is closed instead.
const RESET_PATIENCE: Duration = Duration::from_secs(5);

/// All pools of one pgparley, by place, database, user and the settings' entry.
#[derive(Debug, Default)]
pub struct Pools {
    pools: Mutex<HashMap<Key, Arc<Pool>>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    host: String,
    port: u16,
    database: Vec<u8>,
    user: Vec<u8>,
    /// Whoever gives another password must log in with it.
    password: Option<Secret>,
    /// The entry whose limits hold.
    entry: String,
}

impl Pools {
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
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(
            pools
                .entry(key)
                .or_insert_with(|| Arc::new(Pool::new(settings))),
        )
    }

    /// Closes what was idle for too long.
    pub fn reap(&self) {
        let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        for pool in pools.values() {
            pool.reap();
        }
    }

    /// Server connections in use and idle, over all pools.
    pub fn count(&self) -> (usize, usize) {
        let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.values().fold((0, 0), |(used, idle), pool| {
            (
                used + pool.limit - pool.permits.available_permits(),
                idle + pool.idle().len(),
            )
        })
    }
}

/// The server connections of one (database, user).
#[derive(Debug)]
pub struct Pool {
    limit: usize,
    /// One permit per connection in use; fair.
    permits: Arc<Semaphore>,
    /// The most recently used last, and taken first.
    idle: Mutex<Vec<Idle>>,
    wait_timeout: Duration,
    idle_timeout: Duration,
    reset_query: String,
}

#[derive(Debug)]
struct Idle {
    socket: DetachedSocket,
    backend: Parked,
    /// The start-up parameters that it was opened with: what RESET returns to.
    startup: Vec<(Vec<u8>, Vec<u8>)>,
    since: Instant,
}

/// A [`Backend`] without its stream.
#[derive(Debug)]
struct Parked {
    parameters: std::sync::Arc<super::Parameters>,
    settings: std::sync::Arc<super::Settings>,
    statements: super::Statements,
    cancel: Option<Arc<super::CancelTarget>>,
}

impl Pool {
    fn new(settings: &Database) -> Self {
        Self {
            limit: settings.pool_size,
            permits: Arc::new(Semaphore::new(settings.pool_size)),
            idle: Mutex::default(),
            wait_timeout: settings.query_wait_timeout,
            idle_timeout: settings.server_idle_timeout,
            reset_query: settings.reset_query.clone(),
        }
    }

    /// A server connection for one client: an idle one that was opened with the same start-up
    /// parameters, else a new one.
    pub async fn checkout(self: &Arc<Self>, _worker: usize, login: &Login) -> Result<Lease, Error> {
        let asked = Instant::now();
        let permit = timeout(self.wait_timeout, Arc::clone(&self.permits).acquire_owned()).await;
        metrics::histogram!(names::WAIT_SECONDS).record(asked.elapsed());
        let permit = permit
            .map_err(|_| Error::Exhausted)?
            .map_err(|_| Error::Exhausted)?;
        while let Some(idle) = self.take_idle(&login.parameters) {
            if let Some(backend) = idle.wake() {
                return Ok(self.lease(backend, permit, login));
            }
        }
        self.make_room();
        let backend = login.connect().await?;
        Ok(self.lease(backend, permit, login))
    }

    /// An idle one, at once.
    pub fn try_checkout(self: &Arc<Self>, _worker: usize, login: &Login) -> Option<Lease> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        while let Some(idle) = self.take_idle(&login.parameters) {
            if let Some(backend) = idle.wake() {
                return Some(self.lease(backend, permit, login));
            }
        }
        None
    }

    fn lease(
        self: &Arc<Self>,
        backend: Backend,
        permit: OwnedSemaphorePermit,
        login: &Login,
    ) -> Lease {
        let startup = login.parameters.clone();
        Lease {
            backend,
            pool: Arc::clone(self),
            startup,
            permit,
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_idle(&self, startup: &[(Vec<u8>, Vec<u8>)]) -> Option<Idle> {
        let mut idle = self.idle();
        let position = idle.iter().rposition(|idle| idle.startup == startup)?;
        Some(idle.remove(position))
    }

    /// Closes the longest idle connection when one more would be over the limit.
    fn make_room(&self) {
        let in_use = self.limit - self.permits.available_permits();
        let mut idle = self.idle();
        while !idle.is_empty() && in_use + idle.len() > self.limit {
            idle.remove(0);
        }
    }

    fn reap(&self) {
        self.idle()
            .retain(|idle| idle.since.elapsed() < self.idle_timeout);
    }
}

impl Idle {
    /// Brings the connection onto the current runtime; `None` when the server has closed it.
    fn wake(self) -> Option<Backend> {
        if !self.socket.is_quiet() {
            return None;
        }
        let socket = self.socket.attach().ok()?;
        let Parked { parameters, settings, statements, cancel } = self.backend;
        let mut backend = Backend::new(
            Connection::new(socket),
            super::Parameters::default(),
            None,
            std::collections::VecDeque::new(),
        );
        backend.parameters = parameters;
        backend.settings = settings;
        backend.statements = statements;
        backend.cancel = cancel;
        Some(backend)
    }
}

/// A server connection that one client owns.
#[derive(Debug)]
pub struct Lease {
    /// The connection itself.
    pub backend: Backend,
    pool: Arc<Pool>,
    startup: Vec<(Vec<u8>, Vec<u8>)>,
    permit: OwnedSemaphorePermit,
}

impl Lease {
    /// Cleans the connection and keeps it for the next client; closes it when it does not become
    /// clean in time. Call it only with nothing owed; dropping the lease instead closes the
    /// connection.
    pub async fn give_back(mut self, status: TransactionStatus) {
        let cleaned = timeout(RESET_PATIENCE, self.clean(status)).await;
        if !matches!(cleaned, Ok(Ok(true))) {
            return;
        }
        self.release();
    }

    /// Gives a clean, idle connection to the next.
    pub fn release(self) {
        let Self {
            backend,
            pool,
            startup,
            permit,
        } = self;
        let parked = Parked {
            parameters: backend.parameters.clone(),
            settings: backend.settings.clone(),
            statements: backend.statements,
            cancel: backend.cancel.clone(),
        };
        let socket = backend
            .connection
            .into_socket()
            .map(crate::wire::Socket::detach);
        if let Some(Ok(socket)) = socket {
            pool.idle().push(Idle {
                socket,
                backend: parked,
                startup,
                since: Instant::now(),
            });
        }
        drop(permit);
    }

    /// Rolls back what is open and runs the reset query.
    async fn clean(&mut self, status: TransactionStatus) -> std::io::Result<bool> {
        let mut steps = Vec::new();
        if status != TransactionStatus::Idle {
            steps.push("ROLLBACK".to_owned());
        }
        if !self.pool.reset_query.is_empty() {
            steps.push(self.pool.reset_query.clone());
        }
        for step in steps {
            let mut request = Vec::new();
            frontend::put_query(&mut request, step.as_bytes());
            let reply = self.backend.exchange(&request, MAX_CONTROL_MESSAGE).await?;
            if reply.error.is_some() || reply.status != Some(TransactionStatus::Idle) {
                return Ok(false);
            }
        }
        self.backend.forget();
        Ok(true)
    }
}
