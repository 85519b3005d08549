//! The database that is attacked, on a server where much can go wrong.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use pgparley::cli::demo::cluster::Cluster;
use pgparley::cli::demo::cluster::Options;
use pgparley::config::Config;
use pgparley::config::Policy;
use pgparley::server::Running;
use tempfile::TempDir;

use crate::blocks::beside;
use crate::recorder::Recorder;
use crate::support::client::TestClient;
use crate::support::proxy;

/// What our own attacks need.
const FIXTURE: &str = include_str!("fixture.sql");

/// The ordinary role of the fixture.
pub(crate) const READER: &str = "app_ro";

/// A server of this test's own, its database, and a directory that the server may write.
pub(crate) struct Stage {
    pub cluster: &'static Cluster,
    pub database: String,
    pub recorder: Recorder,
    pub directory: TempDir,
}

impl Stage {
    /// A new database with everything in it.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let cluster = cluster();
        let database = format!("attacked_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let copy = format!("CREATE DATABASE {database} TEMPLATE attackdb");
        cluster.run_sql("postgres", &copy).expect("a copy");
        let directory = tempfile::tempdir().expect("a directory");
        let everybody = fs::Permissions::from_mode(0o777);
        fs::set_permissions(directory.path(), everybody).expect("it is ours");
        Self {
            cluster,
            database,
            recorder: Recorder::in_front_of(cluster.addr()),
            directory,
        }
    }

    /// A pgparley with one server connection and these settings besides.
    pub(crate) fn proxy(&self, change: impl FnOnce(&mut Config)) -> Running {
        proxy::start(self.config(change))
    }

    /// The settings of [`proxy`](Self::proxy).
    pub(crate) fn config(&self, change: impl FnOnce(&mut Config)) -> Config {
        let mut config = proxy::config(self.cluster);
        config.databases[0].upstream.port = self.recorder.addr().port();
        config.databases[0].pool_size = 1;
        change(&mut config);
        config
    }

    /// A pgparley that holds everybody to `policy`.
    pub(crate) fn under(&self, policy: &Policy) -> Running {
        let mut policy = policy.clone();
        policy.matches = pgparley::config::Match::default();
        self.proxy(|config| config.policies.push(policy))
    }

    /// A client of whatever listens at `addr`.
    pub(crate) fn login(&self, addr: SocketAddr, user: &str) -> TestClient {
        TestClient::login_with(addr, &[("user", user), ("database", &self.database)])
            .unwrap_or_else(|error| panic!("login failed: {error:?}"))
    }

    /// An attack with what it leaves open filled in.
    pub(crate) fn filled(&self, text: &str) -> String {
        let directory = self.directory.path().to_str().expect("UTF-8");
        text.replace("@DIR@", directory)
            .replace("@PORT@", &self.cluster.port().to_string())
            .replace("@DATABASE@", &self.database)
    }

    /// The files that an attack has written.
    pub(crate) fn files(&self) -> usize {
        let files = fs::read_dir(self.directory.path());
        files.expect("it is there").count()
    }
}

/// A server where prepared transactions, replication slots and files are to be had, and where
/// nothing changes by itself.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let settings = [
            ("wal_level", "logical"),
            ("max_prepared_transactions", "5"),
            ("max_replication_slots", "40"),
            ("max_connections", "200"),
            ("autovacuum", "off"),
            ("temp_file_limit", "64MB"),
        ];
        let options = settings
            .iter()
            .fold(Options::default(), |options, (name, value)| {
                options.set(name, value)
            });
        let cluster = Cluster::start(options).expect("a throwaway PostgreSQL starts");
        cluster.create_database("attackdb").expect("a database");
        if let Some(fixture) = beside("attacks/fixture.sql") {
            let fixture = fs::read_to_string(fixture).expect("it can be read");
            cluster.run_sql("attackdb", &fixture).expect("it runs");
        }
        cluster.run_sql("attackdb", FIXTURE).expect("it runs");
        cluster
    })
}
