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
fn server_that_was_there_is_waited_for() {
    let mut scene = Scene::sized(2);
    let lease = scene.checkout_here();
    scene.server.crash();
    let Scene {
        here,
        pool,
        login,
        server,
        ..
    } = &mut scene;
    here.block_on(in_time(async {
        let mut waiting = Box::pin(pool.checkout(0, login));
        assert!(poll!(&mut waiting).is_pending());
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(poll!(&mut waiting).is_pending());
        drop(lease);
        // Long enough for several attempts, with nothing open.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(poll!(&mut waiting).is_pending());
        server.listen();
        waiting.await.expect("the server is back").release();
    }));
}

#[test]
fn server_that_was_there_is_waited_for_no_longer_than_for_a_connection() {
    let mut scene = Scene::new(|settings| {
        settings.query_wait_timeout = Duration::from_millis(300);
    });
    drop(scene.checkout_here());
    scene.server.crash();
    let since = std::time::Instant::now();
    let error = scene.take(0, &scene.login).expect_err("it is down");
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert!(since.elapsed() >= Duration::from_millis(300));
}

#[test]
fn server_that_begins_is_waited_for() {
    let scene = Scene::sized(2);
    drop(scene.checkout_here());
    for code in ["57P03", "57P02", "57P01"] {
        scene.server.refuse(Some(code));
        let accepted = scene.server.accepted();
        scene.here.block_on(in_time(async {
            let mut waiting = Box::pin(scene.pool.checkout(0, &scene.login));
            while scene.server.accepted() < accepted + 2 {
                assert!(poll!(&mut waiting).is_pending(), "{code}");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            scene.server.refuse(None);
            drop(waiting.await.expect("it has begun"));
        }));
    }
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
