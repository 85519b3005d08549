//! Random pipelines, sent to PostgreSQL and through pgparley: the replies must be equal to the byte.

use std::net::SocketAddr;

use pgparley::config::OnExceed;
use pgparley::config::Policy;
use rand::Rng;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Message;
use crate::support::pipeline;
use crate::support::proxy::proxy;
use crate::support::proxy::proxy_with;
use crate::support::random::FIXTURE;
use crate::support::random::TABLE;
use crate::support::random::random_pipeline;

/// The replies to `bytes`, sent after the fixture is made anew.
fn replies(addr: SocketAddr, database: &str, bytes: &[u8], random: StdRng) -> Vec<Message> {
    let mut client = TestClient::login(addr, database);
    client.rows(FIXTURE);
    pipeline::exchange(&mut client, bytes, random)
}

/// Holds `rounds` random pipelines with PostgreSQL and with `addr`.
fn compare(addr: SocketAddr, rounds: u64) {
    let database = database();
    let made = cluster().run_sql(&database, TABLE);
    made.expect("the table can be made");
    for seed in 0..rounds {
        let mut random = StdRng::seed_from_u64(seed);
        let steps = random.random_range(5..40);
        let bytes = random_pipeline(&mut random, steps);
        // Seen only when the test fails, which may be by waiting in vain.
        let sent = pipeline::shown(&bytes);
        eprintln!("pipeline {seed}: {sent:#?}");
        let direct = replies(cluster().addr(), &database, &bytes, random.clone());
        let through = replies(addr, &database, &bytes, random);
        if through != direct {
            let differs = through.iter().zip(&direct).position(|(a, b)| a != b);
            panic!(
                "pipeline {seed} differs at reply {differs:?}\nsent: {sent:#?}\n\
                 through: {through:#?}\ndirect: {direct:#?}"
            );
        }
    }
}

#[test]
fn random_pipelines_are_answered_as_directly() {
    compare(proxy(), 150);
}

#[test]
fn row_limit_that_is_not_reached_changes_no_byte() {
    for on_exceed in [OnExceed::Truncate, OnExceed::Error] {
        let running = proxy_with(|config| {
            config.policies.push(Policy {
                name: "roomy".to_owned(),
                row_limit: Some(100_000),
                on_exceed,
                ..Policy::default()
            });
        });
        compare(running.addr(), 100);
    }
}

#[test]
fn no_pipeline_brings_more_rows_than_the_limit() {
    let running = crate::limits::limited();
    let database = database();
    let made = cluster().run_sql(&database, TABLE);
    made.expect("the table can be made");
    for seed in 0..150 {
        let mut random = StdRng::seed_from_u64(seed);
        let steps = random.random_range(5..40);
        let bytes = random_pipeline(&mut random, steps);
        // Seen only when the test fails, which may be by waiting in vain.
        let sent = pipeline::shown(&bytes);
        eprintln!("pipeline {seed}: {sent:#?}");
        let replies = replies(running.addr(), &database, &bytes, random);
        let longest = crate::limits::longest(&replies);
        assert!(
            longest <= crate::limits::LIMIT,
            "pipeline {seed}: {longest} rows\nsent: {sent:#?}\ngot: {replies:#?}"
        );
    }
}
