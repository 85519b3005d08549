//! What a pool promises to the workers that share it, held against a server of the test's own that
//! does nothing but log in: with it a test says when a login ends, and counts to the connection.

mod limits;
mod opening;
mod server;
mod sharing;
mod storm;
mod total;
mod upkeep;

use std::future::Future;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use pgparley::config::Database;
use pgparley::config::UpstreamUrl;
use pgparley::upstream::Error;
use pgparley::upstream::Lease;
use pgparley::upstream::Login;
use pgparley::upstream::Pool;
use pgparley::upstream::Pools;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;

use server::Server;

/// Longer than anything here takes on a busy machine: running into it is a failure.
const PATIENCE: Duration = Duration::from_mins(1);

/// A pool of two workers in front of a server, and the runtimes of the workers, which make progress
/// while they are driven.
struct Scene {
    server: Server,
    pools: Pools,
    pool: Arc<Pool>,
    login: Login,
    here: Runtime,
    there: Runtime,
}

impl Scene {
    fn new(change: impl FnOnce(&mut Database)) -> Self {
        let server = Server::start();
        let login = server.login();
        let mut settings = settings(&login);
        change(&mut settings);
        let pools = Pools::new(2);
        Self {
            pool: pools.pool(&login, &settings),
            server,
            pools,
            login,
            here: runtime(),
            there: runtime(),
        }
    }

    fn sized(size: usize) -> Self {
        Self::new(|settings| settings.pool_size = size)
    }

    /// A connection for the first worker.
    fn checkout_here(&self) -> Lease {
        self.take(0, &self.login).expect("a connection")
    }

    /// A connection for the second worker.
    fn checkout_there(&self) -> Lease {
        self.take(1, &self.login).expect("a connection")
    }

    /// A connection for a worker and a client with start-up parameters of its own.
    fn take(&self, worker: usize, login: &Login) -> Result<Lease, Error> {
        let runtime = [&self.here, &self.there][worker];
        runtime.block_on(in_time(self.pool.checkout(worker, login)))
    }

    /// The same login under another `application_name`.
    fn login_as(&self, name: &str) -> Login {
        let mut login = self.login.clone();
        let parameter = (b"application_name".to_vec(), name.as_bytes().to_vec());
        login.parameters.push(parameter);
        login
    }

    /// Drives the first worker until something holds.
    #[track_caller]
    fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let since = Instant::now();
        loop {
            self.here.block_on(async {
                tokio::time::sleep(Duration::from_millis(1)).await;
            });
            if holds() {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "in vain: {what}");
        }
    }
}

fn settings(login: &Login) -> Database {
    let url = UpstreamUrl {
        host: login.host.clone(),
        port: login.port,
        user: None,
        password: None,
        dbname: None,
    };
    Database::new("*", url)
}

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Fails rather than hang.
async fn in_time<T>(waiting: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.expect("somebody waits for ever")
}

/// Which of the server's connections this is, by the order of their logins.
fn number(lease: &Lease) -> usize {
    let number = lease.backend.parameters.get("number").expect("it was told");
    String::from_utf8_lossy(number).parse().expect("a number")
}

/// Runs each piece on a thread and runtime of its own, as workers do.
fn on_workers<F>(work: impl IntoIterator<Item = F>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let threads: Vec<_> = work
        .into_iter()
        .map(|work| thread::spawn(move || runtime().block_on(in_time(work))))
        .collect();
    for thread in threads {
        thread.join().expect("no worker panics");
    }
}
