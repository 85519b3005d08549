//! Shared by the integration tests: one cluster a test binary, one database a test.

pub mod client;
pub mod message;
pub mod pipeline;
pub mod program;
pub mod proxy;
pub mod random;
pub mod recipe;

use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use pgparley::cli::demo::cluster::Cluster;
use pgparley::cli::demo::cluster::Options;

/// The cluster that the tests of this binary share: trust, superuser `postgres`.
///
/// It is never dropped; the janitor removes it when the process ends.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let options = Options::default().set("max_connections", "200");
        Cluster::start(options).expect("a throwaway PostgreSQL starts")
    })
}

/// A new empty database on the shared cluster, for one test alone; its name.
pub fn database() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    cluster()
        .create_database(&name)
        .expect("a database can be created");
    name
}
