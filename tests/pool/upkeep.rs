//! What happens to connections that nobody uses.

use std::time::Duration;

use pgparley::wire::backend;
use pgparley::wire::error;

use crate::Scene;
use crate::number;

#[test]
fn idle_connections_are_closed_but_for_those_kept_at_hand() {
    let scene = Scene::new(|settings| {
        settings.min_idle = 2;
        settings.server_idle_timeout = Duration::from_millis(1);
    });
    let leases: Vec<_> = (0..5).map(|_| scene.checkout_here()).collect();
    for lease in leases {
        lease.release();
    }
    for _ in 0..3 {
        scene.until("it is idle for long enough", || {
            scene.here.block_on(async { scene.pools.reap() });
            scene.pools.count() == (0, 2)
        });
    }
    assert_eq!(scene.server.open(), 2);
    assert_eq!(scene.server.accepted(), 5, "none was closed to be opened");
}

#[test]
fn what_is_missing_at_hand_is_opened_once_the_pool_was_used() {
    let scene = Scene::new(|settings| settings.min_idle = 3);
    scene.there.block_on(async { scene.pools.reap() });
    assert_eq!(scene.server.accepted(), 0);
    let lease = scene.checkout_here();
    scene.here.block_on(async { scene.pools.reap() });
    scene.until("three are idle", || scene.pools.count() == (1, 3));
    // They were opened on a runtime that is no worker's, and are used on both.
    let more = [scene.checkout_there(), scene.checkout_there()];
    assert!(more.iter().all(|lease| number(lease) > 1));
    drop(lease);
    assert!(number(&scene.checkout_here()) > 1);
}

#[test]
fn old_connection_is_closed_when_it_is_released_and_not_before() {
    let scene = Scene::new(|settings| {
        settings.pool_size = 1;
        settings.server_lifetime = Duration::from_millis(1);
    });
    let lease = scene.checkout_here();
    scene.until("it is old", || {
        scene.here.block_on(async { scene.pools.reap() });
        scene.server.open() == 1
    });
    scene.here.block_on(async {
        tokio::time::sleep(Duration::from_millis(3)).await;
        scene.pools.reap();
    });
    assert_eq!(scene.server.open(), 1);
    lease.release();
    assert_eq!(scene.server.open(), 0);
    assert_eq!(number(&scene.checkout_here()), 2);
}

#[test]
fn connections_that_the_server_closed_are_replaced_silently() {
    let mut scene = Scene::sized(3);
    let leases: Vec<_> = (0..3).map(|_| scene.checkout_here()).collect();
    for lease in leases {
        lease.release();
    }
    let mut shutdown = Vec::new();
    error::put_error(&mut shutdown, error::fatal("57P01", "going down"));
    scene.server.say(&shutdown);
    scene.server.crash();
    scene.server.listen();
    scene.until("the runtime knows", || scene.server.open() == 0);
    let fresh = scene.take(0, &scene.login).expect("a new one");
    assert_eq!(number(&fresh), 4);
    assert_eq!(scene.pools.count(), (1, 0));
}

#[test]
fn what_the_server_says_while_idle_is_read() {
    let scene = Scene::sized(1);
    scene.checkout_here().release();
    let mut said = Vec::new();
    backend::put_parameter_status(&mut said, b"TimeZone", b"Asia/Tokyo");
    error::put_notice(&mut said, error::notice("WARNING", "01000", "hear, hear"));
    scene.server.say(&said);
    // The runtime of the worker is told in its own time.
    scene.until("it was read", || {
        let lease = scene
            .pool
            .try_checkout(0, &scene.login)
            .expect("it is kept");
        let heard = lease.backend.parameters.get("TimeZone") == Some(b"Asia/Tokyo");
        lease.release();
        heard
    });
    assert_eq!(scene.server.accepted(), 1);
}
