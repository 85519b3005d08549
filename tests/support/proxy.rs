//! A pgparley in this process, in front of a throwaway cluster.

use std::fmt::Debug;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;
use std::time::Instant;

use pgparley::cli::demo::cluster::Cluster;
use pgparley::cli::demo::front;
use pgparley::config::Config;
use pgparley::config::PoolMode;
use pgparley::server::Running;
use pgparley::server::Server;

use super::client::TestClient;
use super::cluster;

/// Longer than anything here takes on a busy machine: running into it is a failure.
const PATIENCE: Duration = Duration::from_mins(1);

/// The address of the pgparley that the tests of this binary share, in front of [`cluster`].
pub fn proxy() -> SocketAddr {
    static PROXY: OnceLock<Running> = OnceLock::new();
    PROXY.get_or_init(|| start(config(cluster()))).addr()
}

/// A pgparley of the test's own.
pub fn start(config: Config) -> Running {
    Server::start(config).expect("pgparley starts")
}

/// In front of the shared cluster, with settings of the test's own.
pub fn proxy_with(change: impl FnOnce(&mut Config)) -> Running {
    let mut config = config(cluster());
    change(&mut config);
    start(config)
}

/// As [`proxy_with`], and each client keeps its server connection until it leaves.
pub fn proxy_of_sessions(change: impl FnOnce(&mut Config)) -> Running {
    proxy_with(|config| {
        config.databases[0].pool_mode = PoolMode::Session;
        change(config);
    })
}

/// Any database of `cluster`, as the client's own user, on a port that the system chooses.
pub fn config(cluster: &Cluster) -> Config {
    front::config(cluster, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
}

/// Holds the same dialogue with PostgreSQL itself and through pgparley. What both came to must be
/// equal; it is returned.
#[track_caller]
pub fn same<T: PartialEq + Debug>(database: &str, dialogue: impl Fn(&mut TestClient) -> T) -> T {
    let held_with = |addr| dialogue(&mut TestClient::login(addr, database));
    let direct = held_with(cluster().addr());
    let through = held_with(proxy());
    assert_eq!(
        through, direct,
        "through pgparley (left) is not as direct (right)"
    );
    through
}

/// Asks again until `row` is what `sql` answers: for what the server does in its own time.
#[track_caller]
pub fn wait_for(client: &mut TestClient, sql: &str, row: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let rows = client.rows(sql);
        if rows == [row] {
            return;
        }
        assert!(Instant::now() < deadline, "{sql}: {rows:?}, not {row}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
