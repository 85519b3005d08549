//! Where a driver connects: a fresh database, directly or through a pgparley in some pool mode.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use pgparley::cli::demo::cluster::Cluster;
use pgparley::cli::demo::cluster::Options;
use pgparley::config::Database;
use pgparley::config::Policy;
use pgparley::config::PoolMode;
use pgparley::server::Running;

use crate::support::proxy;

/// A pool mode to run the checks in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mode {
    /// What it is called in a failure.
    pub(crate) name: &'static str,
    /// Makes a database's pool one of this mode.
    set: fn(&mut Database),
}

/// A server connection for as long as a client stays, so as many as there are clients at once.
pub(crate) const SESSION: Mode = Mode {
    name: "session",
    set: |database| {
        database.pool_mode = PoolMode::Session;
        database.pool_size = 60;
    },
};

/// A server connection for as long as a transaction lasts, and fewer than there are clients.
pub(crate) const TRANSACTION: Mode = Mode {
    name: "transaction",
    set: |database| {
        database.pool_mode = PoolMode::Transaction;
        database.pool_size = 5;
    },
};

/// What a driver connects to.
#[derive(Debug)]
pub(crate) struct Target {
    /// The server's address, or pgparley's.
    pub(crate) addr: SocketAddr,
    /// A database that nobody else uses.
    pub(crate) database: String,
    /// Kept running for as long as it is connected to.
    _proxy: Option<Running>,
}

impl Target {
    /// The server itself.
    pub(crate) fn direct() -> Self {
        Self {
            addr: cluster().addr(),
            database: database(),
            _proxy: None,
        }
    }

    /// A pgparley of its own before the server.
    pub(crate) fn through(mode: Mode) -> Self {
        let mut config = proxy::config(cluster());
        config.databases.iter_mut().for_each(mode.set);
        let running = proxy::start(config);
        Self {
            addr: running.addr(),
            database: database(),
            _proxy: Some(running),
        }
    }

    /// A pgparley before the same database, which holds everybody to `policy`.
    pub(crate) fn under(&self, mode: Mode, policy: Policy) -> Self {
        let mut config = proxy::config(cluster());
        config.databases.iter_mut().for_each(mode.set);
        config.policies.push(policy);
        let running = proxy::start(config);
        Self {
            addr: running.addr(),
            database: self.database.clone(),
            _proxy: Some(running),
        }
    }

    /// Tells a program by libpq's variables, and by nothing else of this process's environment.
    pub(crate) fn tell(&self, command: &mut Command) {
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PG")) {
            command.env_remove(name);
        }
        command
            .env("PGHOST", self.addr.ip().to_string())
            .env("PGPORT", self.addr.port().to_string())
            .env("PGUSER", "postgres")
            .env("PGDATABASE", &self.database)
            .env("PSQL", cluster().program("psql"))
            .env("PGBENCH", cluster().program("pgbench"))
            .env("TZ", "UTC")
            .env("LC_ALL", "C.UTF-8");
    }
}

/// The cluster of the checks: many sessions at once, in as many tests as the machine has cores.
pub(crate) fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let options = Options::default().set("max_connections", "1000");
        Cluster::start(options).expect("a throwaway PostgreSQL starts")
    })
}

fn database() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let name = format!("checks_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    cluster()
        .create_database(&name)
        .expect("a database can be created");
    name
}
