//! `max_db_connections`: what the pools of all users of a database may have together.

use std::sync::Arc;
use std::time::Duration;

use futures::poll;
use pgparley::config::Database;
use pgparley::upstream::Error;
use pgparley::upstream::Login;
use pgparley::upstream::Pool;
use pgparley::upstream::Pools;

use crate::PATIENCE;
use crate::in_time;
use crate::on_workers;
use crate::runtime;
use crate::server::Server;
use crate::settings;

/// Pools of several users in front of one server.
struct Users {
    server: Server,
    pools: Arc<Pools>,
    settings: Database,
}

impl Users {
    fn new(most: usize, wait: Duration) -> Self {
        let server = Server::start();
        let mut settings = settings(&server.login());
        settings.pool_size = 5;
        settings.max_db_connections = Some(most);
        settings.query_wait_timeout = wait;
        Self {
            server,
            pools: Arc::new(Pools::new(2)),
            settings,
        }
    }

    fn pool(&self, user: &str) -> (Arc<Pool>, Login) {
        let mut login = self.server.login();
        login.user = user.as_bytes().to_vec();
        (self.pools.pool(&login, &self.settings), login)
    }
}

#[test]
fn idle_connection_of_another_user_makes_room() {
    let users = Users::new(2, PATIENCE);
    let ((ours, our_login), (theirs, their_login)) = (users.pool("us"), users.pool("them"));
    runtime().block_on(in_time(async {
        let one = ours.checkout(0, &our_login).await.expect("the first");
        let two = ours.checkout(0, &our_login).await.expect("the second");
        let mut waiting = Box::pin(theirs.checkout(0, &their_login));
        assert!(poll!(&mut waiting).is_pending());
        // Long enough to look around many times.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(poll!(&mut waiting).is_pending(), "nothing is idle");
        assert_eq!(users.server.accepted(), 2);
        two.release();
        let lease = waiting.await.expect("room was made");
        assert_eq!(users.pools.count(), (2, 0));
        lease.release();
        one.release();
        let again = ours.checkout(0, &our_login).await.expect("still there");
        assert_eq!(users.server.accepted(), 3, "what is idle is used");
        again.release();
    }));
    assert_eq!(users.server.most(), 2);
}

#[test]
fn own_idle_connection_with_other_parameters_makes_room() {
    let users = Users::new(1, PATIENCE);
    let (pool, login) = users.pool("us");
    let mut other = login.clone();
    let parameter = (b"log_connections".to_vec(), b"on".to_vec());
    other.parameters.push(parameter);
    runtime().block_on(in_time(async {
        for login in [&login, &other, &login] {
            pool.checkout(0, login).await.expect("room").release();
        }
    }));
    assert_eq!((users.server.most(), users.server.accepted()), (1, 3));
}

#[test]
fn who_finds_no_room_waits_no_longer_than_others() {
    let users = Users::new(1, Duration::from_secs(2));
    let ((ours, our_login), (theirs, their_login)) = (users.pool("us"), users.pool("them"));
    runtime().block_on(in_time(async {
        let held = ours.checkout(0, &our_login).await.expect("the only one");
        let refused = theirs.checkout(0, &their_login).await;
        let refused = refused.expect_err("it is in use");
        assert!(matches!(refused, Error::Exhausted), "{refused}");
        drop(held);
        let lease = theirs.checkout(0, &their_login).await;
        lease.expect("its place is free").release();
    }));
    assert_eq!(users.server.most(), 1);
}

#[test]
fn limit_holds_over_all_users_and_workers() {
    const ROUNDS: usize = 40;
    let users = Users::new(3, PATIENCE);
    let pools: Vec<_> = ["a", "b", "c"]
        .into_iter()
        .map(|user| users.pool(user))
        .collect();
    let client = |worker, (pool, login): (Arc<Pool>, Login)| async move {
        for round in 0..ROUNDS {
            let lease = pool.checkout(worker, &login).await.expect("its turn");
            tokio::task::yield_now().await;
            if round % 7 == worker {
                drop(lease);
            } else {
                lease.release();
            }
        }
    };
    let work = [0, 1].map(|worker| {
        let clients = pools.iter().chain(&pools);
        let clients: Vec<_> = clients.map(|pool| client(worker, pool.clone())).collect();
        async move {
            futures::future::join_all(clients).await;
        }
    });
    on_workers(work);
    assert_eq!(users.server.most(), 3);
    assert_eq!(users.pools.count().0, 0);
}
