//! The running program: listeners, workers, the control runtime, and how they end.
//!
//! Each worker is one thread with a runtime of its own: a client and the server connection that it
//! uses never leave it. What may take long (models, catalog, HTTP) runs on the control runtime.

mod acceptor;
pub mod http;
mod worker;

use std::io;
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use tokio::net::TcpListener;
use tokio::runtime;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use self::http::Readiness;
use self::worker::Worker;
use crate::config::Config;
use crate::guard;
use crate::guard::generated::Judge;
use crate::nl;
use crate::session::Services;
use crate::session::closing::Audience;
use crate::session::closing::Closing;
use crate::telemetry::Metrics;
use crate::telemetry::names;

/// How often idle server connections are looked through.
const REAP_INTERVAL: Duration = Duration::from_secs(1);

/// How long the control runtime's tasks may take to end, and clients to hear of it.
const GRACE: Duration = Duration::from_secs(2);

/// How often it is looked at least whether clients are still there.
const GLANCE: Duration = Duration::from_millis(5);

/// Why pgparley could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address could not be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address as configured.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A language model is not configured as it must be.
    #[error("cannot prepare the language models")]
    Models(#[source] nl::Error),
    /// A thread or runtime could not be made.
    #[error("cannot start a worker")]
    Worker(#[source] io::Error),
}

/// Starts pgparleys.
#[derive(Debug)]
pub struct Server;

/// A pgparley that accepts clients until it is shut down or dropped.
#[derive(Debug)]
pub struct Running {
    addresses: Vec<SocketAddr>,
    acceptors: Vec<JoinHandle<()>>,
    workers: Vec<Worker>,
    audience: Arc<Audience>,
    patience: Duration,
    readiness: Readiness,
    /// Taken when shut down; always there before.
    control: Option<Runtime>,
}

impl Server {
    /// Listens and serves. Returns when every listener is up.
    pub fn start(config: Config) -> Result<Running, Error> {
        Self::start_judging(config, guard::generated::check)
    }

    /// The same with another judge of what models write. No setting leads here: what stands behind
    /// the judge, the read-only transaction that is always rolled back, can be tried without it.
    pub fn start_judging(config: Config, judge: Judge) -> Result<Running, Error> {
        let control = control_runtime().map_err(Error::Worker)?;
        let listeners = control.block_on(listen(&config.server.listen))?;
        let addresses = listeners
            .iter()
            .filter_map(|listener| listener.local_addr().ok());
        let addresses = addresses.collect();
        let count = match config.server.workers {
            0 => std::thread::available_parallelism().map_or(1, NonZero::get),
            count => count,
        };
        let http_listen = config.server.http_listen;
        let patience = config.server.shutdown_timeout;
        let mut services =
            Services::new(config, count, control.handle().clone()).map_err(Error::Models)?;
        services.judge = judge;
        let services = Arc::new(services);
        let audience = Arc::clone(&services.audience);
        let workers = (0..count).map(|index| Worker::start(index, Arc::clone(&services)));
        let workers = workers
            .collect::<io::Result<Vec<_>>>()
            .map_err(Error::Worker)?;
        let accept = |listener| {
            let desks = workers.iter().map(Worker::desk).collect();
            control.spawn(acceptor::accept(listener, desks))
        };
        let acceptors = listeners.into_iter().map(accept).collect();
        control.spawn(reap(services));
        let readiness = Readiness::new();
        readiness.ready(workers.iter().map(Worker::runtime).collect());
        if let Some(address) = http_listen {
            let listener = control.block_on(listen(&[address]))?.swap_remove(0);
            let metrics = Metrics::install();
            control.spawn(http::serve(listener, metrics, readiness.clone()));
        }
        Ok(Running {
            addresses,
            acceptors,
            workers,
            audience,
            patience,
            readiness,
            control: Some(control),
        })
    }
}

impl Running {
    /// The first address that clients connect to, its port filled in.
    pub fn addr(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Every address that clients connect to.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Stops accepting, and closes each client as soon as it has nothing open; whoever is there
    /// when `shutdown_timeout` is over is closed then. Returns when all are gone.
    pub fn shutdown(mut self) {
        self.stop(self.patience);
    }

    /// What makes a [`Running::shutdown`] that is under way end at once.
    pub fn hurry(&self) -> Hurry {
        Hurry(Arc::clone(&self.audience))
    }

    fn stop(&mut self, patience: Duration) {
        let Some(control) = self.control.take() else {
            return;
        };
        self.readiness.stopping();
        for acceptor in self.acceptors.drain(..) {
            acceptor.abort();
        }
        let audience = &self.audience;
        audience.tell(Closing::AtRest);
        self.wait_for_clients(patience, || audience.closing() == Closing::Now);
        audience.tell(Closing::Now);
        self.wait_for_clients(GRACE, || false);
        control.shutdown_timeout(GRACE);
        for worker in self.workers.drain(..) {
            worker.stop();
        }
    }

    /// Returns when there is no client any more, after so long, or when it is `enough`.
    fn wait_for_clients(&self, patience: Duration, enough: impl Fn() -> bool) {
        let until = Instant::now() + patience;
        let are_there = || self.workers.iter().any(|worker| worker.desk().load() > 0);
        while are_there() && !enough() && Instant::now() < until {
            self.audience.wait(GLANCE);
        }
    }
}

/// Makes a shutdown end at once.
#[derive(Debug)]
pub struct Hurry(Arc<Audience>);

impl Hurry {
    /// Closes everybody now.
    pub fn now(&self) {
        self.0.tell(Closing::Now);
    }
}

/// Without any patience.
impl Drop for Running {
    fn drop(&mut self) {
        self.stop(Duration::ZERO);
    }
}

fn control_runtime() -> io::Result<Runtime> {
    runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("control")
        .enable_all()
        .build()
}

async fn listen(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, Error> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for &address in addresses {
        let listener = TcpListener::bind(address).await;
        listeners.push(listener.map_err(|source| Error::Listen { address, source })?);
    }
    Ok(listeners)
}

/// Looks after the pools and counts all connections.
async fn reap(services: Arc<Services>) {
    let mut interval = tokio::time::interval(REAP_INTERVAL);
    loop {
        interval.tick().await;
        services.pools.reap();
        let (active, idle) = services.pools.count();
        metrics::gauge!(names::SERVERS, "state" => "active").set(active as f64);
        metrics::gauge!(names::SERVERS, "state" => "idle").set(idle as f64);
        metrics::gauge!(names::WAITING).set(services.pools.waiting() as f64);
        metrics::gauge!(names::CLIENTS).set(services.clients() as f64);
    }
}
