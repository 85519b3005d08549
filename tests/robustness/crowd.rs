//! Clients that say nothing, and one that says very much.

use std::time::Duration;
use std::time::Instant;

use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::process::getrlimit;
use rustix::process::setrlimit;

use crate::expect;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::query;
use crate::support::program::Program;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

const MEGABYTE: usize = 1024 * 1024;

/// Connections that are opened and say nothing.
const CROWD: usize = 2000;

/// This process and those that it starts may have as many descriptors as the system lets them.
fn allow_descriptors() {
    let limits = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limits.maximum,
        ..limits
    };
    setrlimit(Resource::Nofile, raised).expect("up to the hard limit anybody may go");
}

#[test]
fn crowd_that_says_nothing_disturbs_nobody_and_leaves_nothing() {
    allow_descriptors();
    let database = database();
    let settings = ["server.client_login_timeout=5s", "server.max_client_conn=5"];
    let program = Program::serve_with(cluster(), &settings);
    let mut client = TestClient::login(program.addr(), &database);
    assert_eq!(client.row("SELECT 1"), "1");
    let (before, memory) = (program.descriptors(), program.peak_memory());

    let mut crowd: Vec<TestClient> = Vec::with_capacity(CROWD);
    for number in 0..CROWD {
        let mut silent = TestClient::connect(program.addr());
        if number % 2 == 0 {
            // The beginning of a packet is no more than nothing.
            silent.send(&[0, 0, 0]);
        }
        crowd.push(silent);
    }
    assert_eq!(client.row("SELECT 'served'"), "served");
    let mut other = TestClient::login(program.addr(), &database);
    assert_eq!(other.row("SELECT 'served'"), "served");
    for silent in &mut crowd {
        expect!(silent, ErrorResponse, "08006");
        silent.expect_closed();
    }
    drop(crowd);
    let deadline = Instant::now() + PATIENCE;
    // The other client and its server connection are there as well.
    while program.descriptors() > before + 5 {
        let left = program.descriptors() - before;
        assert!(Instant::now() < deadline, "{left} descriptors are left");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let more = program.peak_memory() - memory;
    assert!(more < 32 * MEGABYTE, "{} MB", more / MEGABYTE);
    assert_eq!(client.row("SELECT 1"), "1");
}

#[test]
fn query_of_two_hundred_megabytes_passes_in_bounded_memory() {
    let database = database();
    let program = Program::serve(cluster());
    let mut client = TestClient::login(program.addr(), &database);
    let size = 200 * MEGABYTE;
    client.send(&query(&format!("SELECT length('{}')", "x".repeat(size))));
    expect!(client, RowDescription);
    expect!(client, DataRow, size.to_string());
    expect!(client, CommandComplete);
    expect!(client, ReadyForQuery, "I");
    let peak = program.peak_memory();
    assert!(peak < 100 * MEGABYTE, "{} MB", peak / MEGABYTE);
}
