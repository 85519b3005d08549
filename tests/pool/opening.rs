//! How connections are opened, and what happens when they cannot be.

use std::time::Duration;

use futures::poll;
use pgparley::upstream::Error;

use crate::Scene;
use crate::in_time;
use crate::number;

#[test]
fn no_more_than_max_connecting_log_in_at_the_same_time() {
    let scene = Scene::new(|settings| {
        settings.pool_size = 10;
        settings.max_connecting = 3;
    });
    scene.server.hold_logins();
    let leases = scene.here.block_on(in_time(async {
        let mut waiting: Vec<_> = (0..10)
            .map(|_| Box::pin(scene.pool.checkout(0, &scene.login)))
            .collect();
        for waiting in &mut waiting {
            assert!(poll!(waiting).is_pending());
        }
        while scene.server.accepted() < 3 {
            tokio::task::yield_now().await;
        }
        // Long enough for those who wait to look around many times.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(scene.server.accepted(), 3);
        scene.server.answer_logins();
        futures::future::join_all(waiting).await
    }));
    assert!(leases.iter().all(Result::is_ok));
    assert_eq!(scene.server.accepted(), 10);
}

#[test]
fn what_the_server_says_of_a_login_is_passed_on_and_holds_nobody_up() {
    let scene = Scene::sized(2);
    let fatal = scene.server.refuse(Some("28P01"));
    match scene.take(0, &scene.login).expect_err("it is refused") {
        Error::Refused(bytes) => assert_eq!(bytes, fatal),
        other => panic!("{other}"),
    }
    scene.server.refuse(None);
    scene.take(0, &scene.login_as("other")).expect("no pause");
}

#[test]
fn server_that_cannot_be_reached_is_said_at_once_when_nothing_is_open() {
    let mut scene = Scene::sized(2);
    scene.server.crash();
    for worker in [0, 1, 0] {
        let error = scene.take(worker, &scene.login).expect_err("it is down");
        assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    }
    scene.server.listen();
    scene.until("the pause ends", || scene.take(0, &scene.login).is_ok());
}

#[test]
fn while_something_is_open_those_who_wait_do_so_until_it_is_released() {
    let mut scene = Scene::sized(2);
    let lease = scene.checkout_here();
    scene.server.crash();
    let error = scene.here.block_on(in_time(async {
        let mut waiting = Box::pin(scene.pool.checkout(0, &scene.login));
        assert!(poll!(&mut waiting).is_pending());
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(poll!(&mut waiting).is_pending());
        drop(lease);
        waiting.await.expect_err("now nothing is open")
    }));
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
}

#[test]
fn server_that_is_full_lets_us_wait_for_what_we_have() {
    let scene = Scene::sized(2);
    let lease = scene.checkout_here();
    scene.server.refuse(Some("53300"));
    scene.here.block_on(in_time(async {
        let mut waiting = Box::pin(scene.pool.checkout(0, &scene.login));
        assert!(poll!(&mut waiting).is_pending());
        while scene.server.accepted() < 2 {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(poll!(&mut waiting).is_pending());
        lease.release();
        assert_eq!(number(&waiting.await.expect("its turn")), 1);
    }));
}

#[test]
fn full_server_of_which_nothing_is_ours_says_so_itself() {
    let scene = Scene::sized(2);
    let fatal = scene.server.refuse(Some("53300"));
    let error = scene.take(0, &scene.login).expect_err("it is full");
    assert!(matches!(error, Error::Refused(bytes) if bytes == fatal));
}

#[test]
fn those_who_wait_are_served_when_the_server_is_back() {
    let mut scene = Scene::sized(2);
    let lease = scene.checkout_here();
    scene.server.refuse(Some("53300"));
    let accepted = scene.here.block_on(in_time(async {
        let mut waiting = Box::pin(scene.pool.checkout(0, &scene.login));
        assert!(poll!(&mut waiting).is_pending());
        while scene.server.accepted() < 2 || scene.server.open() > 1 {
            tokio::task::yield_now().await;
        }
        scene.server.refuse(None);
        number(&waiting.await.expect("a second attempt"))
    }));
    assert!(accepted > 2);
    drop(lease);
    scene.server.crash();
}
