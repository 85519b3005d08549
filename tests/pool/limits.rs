//! How long somebody waits, and what is left when nobody does any more.

use std::time::Duration;
use std::time::Instant;

use futures::poll;
use pgparley::upstream::Error;
use pgparley::wire::TransactionStatus;

use crate::Scene;
use crate::in_time;
use crate::number;

#[test]
fn waiting_ends_with_an_error_and_takes_nothing_away() {
    let scene = Scene::new(|settings| {
        settings.pool_size = 1;
        settings.query_wait_timeout = Duration::from_millis(500);
    });
    let lease = scene.checkout_here();
    let since = Instant::now();
    let refused = scene.take(1, &scene.login).expect_err("there is none");
    assert!(matches!(refused, Error::Exhausted), "{refused}");
    assert!(since.elapsed() >= Duration::from_millis(500));
    assert_eq!(scene.pools.waiting(), 0);
    lease.release();
    assert_eq!(number(&scene.checkout_there()), 1);
}

#[test]
fn opening_counts_as_waiting() {
    let scene = Scene::new(|settings| {
        settings.query_wait_timeout = Duration::from_millis(100);
    });
    scene.server.hold_logins();
    let refused = scene.take(0, &scene.login).expect_err("no login ends");
    assert!(matches!(refused, Error::Exhausted), "{refused}");
    scene.server.answer_logins();
    scene.until("it goes to the pool", || scene.pools.count() == (0, 1));
}

#[test]
fn client_that_gives_up_leaves_what_was_being_opened_to_the_pool() {
    let scene = Scene::sized(3);
    scene.server.hold_logins();
    scene.here.block_on(in_time(async {
        let mut waiting = Box::pin(scene.pool.checkout(0, &scene.login));
        assert!(poll!(&mut waiting).is_pending());
    }));
    assert_eq!(scene.pools.waiting(), 0);
    scene.server.answer_logins();
    scene.until("it goes to the pool", || scene.pools.count() == (0, 1));
    assert_eq!(number(&scene.checkout_here()), 1);
}

#[test]
fn connection_given_to_a_client_that_gives_up_goes_to_the_next() {
    let scene = Scene::sized(1);
    let lease = scene.checkout_here();
    scene.here.block_on(in_time(async {
        let mut first = Box::pin(scene.pool.checkout(0, &scene.login));
        let mut second = Box::pin(scene.pool.checkout(0, &scene.login));
        assert!(poll!(&mut first).is_pending());
        assert!(poll!(&mut second).is_pending());
        lease.release();
        drop(first);
        assert_eq!(number(&second.await.expect("its turn")), 1);
    }));
}

#[test]
fn dropped_lease_closes_the_connection_and_makes_room() {
    let scene = Scene::sized(1);
    let lease = scene.checkout_here();
    scene.here.block_on(in_time(async {
        let mut waiting = Box::pin(scene.pool.checkout(0, &scene.login));
        assert!(poll!(&mut waiting).is_pending());
        drop(lease);
        assert_eq!(number(&waiting.await.expect("there is room")), 2);
    }));
    assert_eq!(scene.server.most(), 1);
}

#[test]
fn given_back_connection_was_cleaned() {
    let scene = Scene::sized(1);
    for status in [TransactionStatus::Idle, TransactionStatus::Error] {
        let lease = scene.checkout_here();
        scene.here.block_on(in_time(lease.give_back(status)));
        let again = scene.checkout_here();
        assert_eq!(number(&again), 1);
        again.release();
    }
}

#[test]
fn pool_that_nobody_has_any_more_leaves_nothing_behind() {
    let scene = Scene::sized(3);
    let (one, two) = (scene.checkout_here(), scene.checkout_there());
    one.release();
    let Scene {
        server,
        pools,
        pool,
        here: _here,
        there: _there,
        ..
    } = scene;
    drop((pools, pool));
    two.release();
    assert_eq!(server.open(), 0);
}

#[test]
fn no_more_than_max_waiting_wait() {
    let scene = Scene::new(|settings| {
        settings.pool_size = 1;
        settings.max_waiting = Some(2);
    });
    let lease = scene.checkout_here();
    scene.here.block_on(in_time(async {
        let mut first = Box::pin(scene.pool.checkout(0, &scene.login));
        let mut second = Box::pin(scene.pool.checkout(1, &scene.login));
        assert!(poll!(&mut first).is_pending());
        assert!(poll!(&mut second).is_pending());
        let third = scene.pool.checkout(0, &scene.login).await;
        let refused = third.expect_err("two wait");
        assert!(matches!(refused, Error::Crowded), "{refused}");
        drop(second);
        let mut third = Box::pin(scene.pool.checkout(0, &scene.login));
        assert!(poll!(&mut third).is_pending(), "one has given up");
        lease.release();
        first.await.expect("its turn").release();
        third.await.expect("its turn").release();
    }));
    // Nobody waits any more.
    let lease = scene.checkout_here();
    lease.release();
}
