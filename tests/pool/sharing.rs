//! Who gets a connection that is free.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use futures::poll;
use pgparley::wire::frontend;

use crate::Scene;
use crate::in_time;
use crate::number;
use crate::on_workers;

#[test]
fn newest_is_taken_first() {
    let scene = Scene::sized(3);
    let (one, two) = (scene.checkout_here(), scene.checkout_here());
    one.release();
    two.release();
    let again = scene.pool.try_checkout(0, &scene.login).expect("there are");
    assert_eq!(number(&again), 2);
    let again = scene.pool.try_checkout(0, &scene.login).expect("one more");
    assert_eq!(number(&again), 1);
    assert!(scene.pool.try_checkout(0, &scene.login).is_none());
}

#[test]
fn only_connection_is_used_from_both_workers_in_turn() {
    let scene = Scene::sized(1);
    for _ in 0..3 {
        for (worker, runtime) in [&scene.here, &scene.there].into_iter().enumerate() {
            let mut lease = scene.take(worker, &scene.login).expect("it moves");
            let mut request = Vec::new();
            frontend::put_query(&mut request, b"anything");
            let reply = runtime.block_on(in_time(lease.backend.exchange(&request, 1000)));
            assert!(reply.expect("it works here").error.is_none());
            lease.release();
        }
    }
    assert_eq!(scene.server.accepted(), 1);
}

#[test]
fn each_worker_soon_has_a_connection_of_its_own() {
    let scene = Scene::sized(20);
    let round = || {
        let (here, there) = (scene.checkout_here(), scene.checkout_there());
        let numbers = (number(&here), number(&there));
        here.release();
        there.release();
        numbers
    };
    scene.until("nothing moves any more", || {
        let first = round();
        (0..10).all(|_| round() == first)
    });
    assert!(scene.server.accepted() <= 4, "no more than are needed");
}

#[test]
fn idle_connection_of_another_worker_is_fetched_when_opening_takes_long() {
    let scene = Scene::sized(2);
    scene.checkout_here().release();
    scene.server.hold_logins();
    let fetched = scene.checkout_there();
    assert_eq!(number(&fetched), 1);
    scene.there.block_on(in_time(async {
        // It also began to open one.
        while scene.server.accepted() < 2 {
            tokio::task::yield_now().await;
        }
    }));
}

#[test]
fn longest_idle_is_stolen() {
    let scene = Scene::sized(2);
    let (one, two) = (scene.checkout_here(), scene.checkout_here());
    one.release();
    two.release();
    assert_eq!(number(&scene.checkout_there()), 1);
}

#[test]
fn first_to_wait_is_served_first() {
    let scene = Scene::sized(1);
    let lease = scene.checkout_here();
    scene.here.block_on(in_time(async {
        let mut waiting: Vec<_> = (0..5)
            .map(|_| Box::pin(scene.pool.checkout(0, &scene.login)))
            .collect();
        for waiting in &mut waiting {
            assert!(poll!(waiting).is_pending());
        }
        assert_eq!(scene.pools.waiting(), 5);
        lease.release();
        for position in 0..5 {
            assert!(scene.pool.try_checkout(0, &scene.login).is_none());
            for later in &mut waiting[position + 1..] {
                assert!(poll!(later).is_pending());
            }
            let served = waiting[position].as_mut().await;
            served.expect("its turn").release();
        }
    }));
    assert_eq!(scene.pools.waiting(), 0);
}

#[test]
fn released_connection_goes_to_the_worker_where_somebody_waits() {
    let scene = Scene::sized(1);
    let lease = scene.checkout_here();
    let Scene {
        pool,
        login,
        server,
        pools,
        ..
    } = scene;
    let pools = Arc::new(pools);
    let waiting = {
        let (pool, login) = (Arc::clone(&pool), login.clone());
        async move {
            let lease = pool.checkout(1, &login).await.expect("its turn");
            assert_eq!(number(&lease), 1);
        }
    };
    let releasing = async move {
        while pools.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        lease.release();
    };
    on_workers([
        Box::pin(waiting) as std::pin::Pin<Box<dyn Future<Output = ()> + Send>>,
        Box::pin(releasing),
    ]);
    assert_eq!(server.accepted(), 1);
}

#[test]
fn busy_worker_does_not_starve_the_other() {
    let scene = Scene::sized(1);
    let Scene {
        pool,
        login,
        server,
        ..
    } = scene;
    let served = Arc::new(AtomicBool::new(false));
    let busy = {
        let (pool, login, served) = (Arc::clone(&pool), login.clone(), Arc::clone(&served));
        async move {
            // Two that always wait for each other: the queue here is never empty.
            let client = || async {
                while !served.load(Ordering::Relaxed) {
                    let lease = pool.checkout(0, &login).await.expect("its turn");
                    tokio::task::yield_now().await;
                    lease.release();
                }
            };
            tokio::join!(client(), client(), client());
        }
    };
    let other = async move {
        for _ in 0..20 {
            pool.checkout(1, &login).await.expect("its turn").release();
        }
        served.store(true, Ordering::Relaxed);
    };
    on_workers([
        Box::pin(busy) as std::pin::Pin<Box<dyn Future<Output = ()> + Send>>,
        Box::pin(other),
    ]);
    assert_eq!(server.most(), 1);
}

#[test]
fn connection_with_other_start_up_parameters_makes_room_wherever_it_is() {
    let scene = Scene::sized(2);
    let (one, two) = (scene.checkout_here(), scene.checkout_here());
    one.release();
    two.release();
    let other = scene.login_as("other");
    let lease = scene.take(1, &other).expect("there is room");
    assert_eq!(number(&lease), 3);
    assert_eq!(scene.server.open(), 2);
    assert_eq!(number(&scene.checkout_here()), 2, "the longest idle went");
}

#[test]
fn whoever_waits_with_other_start_up_parameters_has_its_turn() {
    let scene = Scene::sized(1);
    let lease = scene.checkout_here();
    let other = scene.login_as("other");
    scene.here.block_on(in_time(async {
        let mut first = Box::pin(scene.pool.checkout(0, &other));
        let mut second = Box::pin(scene.pool.checkout(0, &scene.login));
        assert!(poll!(&mut first).is_pending());
        assert!(poll!(&mut second).is_pending());
        lease.release();
        let lease = first.await.expect("its turn");
        assert_eq!(number(&lease), 2);
        assert!(poll!(&mut second).is_pending());
        lease.release();
        assert_eq!(number(&second.await.expect("its turn")), 3);
    }));
    assert_eq!(scene.server.most(), 1);
}
