//! Many clients on several workers, who come, go and give up at random.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pgparley::upstream::Error;
use pgparley::upstream::Login;
use pgparley::upstream::Pool;
use pgparley::upstream::Pools;
use pgparley::wire::frontend;
use rand::Rng;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::on_workers;
use crate::server::Server;
use crate::settings;

const WORKERS: usize = 3;

/// What the clients of one worker share.
#[derive(Clone)]
struct Crowd {
    worker: usize,
    pool: Arc<Pool>,
    logins: Vec<Login>,
    answers: Arc<AtomicUsize>,
}

impl Crowd {
    /// One client: takes connections, uses them or not, and keeps, drops or gives up on them.
    async fn client(self, seed: u64, rounds: usize) {
        let mut random = StdRng::seed_from_u64(seed);
        for _ in 0..rounds {
            let login = &self.logins[random.random_range(0..self.logins.len())];
            let checkout = self.pool.checkout(self.worker, login);
            let mut lease = if random.random_ratio(1, 5) {
                let patience = Duration::from_micros(random.random_range(0..2000));
                match tokio::time::timeout(patience, checkout).await {
                    Ok(lease) => lease.expect("a connection"),
                    Err(_) => continue,
                }
            } else {
                checkout.await.expect("a connection")
            };
            let mut request = Vec::new();
            frontend::put_query(&mut request, b"anything");
            let reply = lease.backend.exchange(&request, 1000).await;
            assert!(reply.expect("the server is well").error.is_none());
            self.answers.fetch_add(1, Ordering::Relaxed);
            match random.random_range(0..20) {
                0 => drop(lease),
                1..5 => {
                    tokio::task::yield_now().await;
                    lease.release();
                }
                _ => lease.release(),
            }
        }
    }

    async fn all(self, clients: u64, rounds: usize) {
        let clients = (0..clients).map(|client| {
            let seed = self.worker as u64 * 1000 + client;
            tokio::spawn(self.clone().client(seed, rounds))
        });
        for client in clients.collect::<Vec<_>>() {
            client.await.expect("no client panics");
        }
    }
}

/// So many connections for so many clients on each worker, in this many flavours of start-up.
fn storm(size: usize, clients: u64, flavours: usize) {
    let server = Server::start();
    let mut entry = settings(&server.login());
    entry.pool_size = size;
    entry.max_connecting = 2;
    entry.query_wait_timeout = Duration::from_secs(50);
    let pools = Pools::new(WORKERS);
    let pool = pools.pool(&server.login(), &entry);
    let logins: Vec<_> = (0..flavours)
        .map(|flavour| {
            let mut login = server.login();
            let parameter = (b"flavour".to_vec(), flavour.to_string().into_bytes());
            login.parameters.push(parameter);
            login
        })
        .collect();
    let answers = Arc::new(AtomicUsize::new(0));
    on_workers((0..WORKERS).map(|worker| {
        let crowd = Crowd {
            worker,
            pool: Arc::clone(&pool),
            logins: logins.clone(),
            answers: Arc::clone(&answers),
        };
        crowd.all(clients, 40)
    }));
    assert!(answers.load(Ordering::Relaxed) > WORKERS * clients as usize * 20);
    assert!(server.most() <= size, "{} are too many", server.most());
    assert_eq!(pools.waiting(), 0);
    let (used, idle) = pools.count();
    assert_eq!(used, 0, "no place is lost");
    assert!(idle <= size);
    // What is there was left by workers that are no more, and makes room for what is asked for.
    on_workers([async move {
        let leases = (0..size).map(|_| pool.checkout(0, &logins[0]));
        let leases = futures::future::join_all(leases).await;
        assert!(leases.iter().all(Result::is_ok), "every place is there");
        let one_more = pool.checkout(0, &logins[0]);
        let one_more = tokio::time::timeout(Duration::from_millis(20), one_more).await;
        assert!(!matches!(one_more, Ok(Ok(_))), "and no more");
        assert!(!matches!(one_more, Ok(Err(Error::Exhausted))));
    }]);
    assert!(server.most() <= size);
}

#[test]
fn one_connection_serves_all() {
    storm(1, 20, 1);
}

#[test]
fn fewer_connections_than_workers_have_clients() {
    storm(5, 40, 1);
}

#[test]
fn more_connections_than_are_needed() {
    storm(100, 10, 1);
}

#[test]
fn start_up_parameters_of_many_kinds() {
    storm(4, 15, 3);
}
