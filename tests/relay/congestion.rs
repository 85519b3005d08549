//! Large values, slow readers, both directions full: bounded memory, and nobody waits for ever.

use std::io::Read;
use std::io::Write;
use std::thread;
use std::time::Duration;

use crate::expect;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Kind;
use crate::support::message::bind;
use crate::support::message::close_statement;
use crate::support::message::describe_portal;
use crate::support::message::execute;
use crate::support::message::parse;
use crate::support::message::query;
use crate::support::message::sync;
use crate::support::program::Program;
use crate::support::proxy::proxy;
use crate::support::proxy::wait_for;

const MEGABYTE: usize = 1024 * 1024;

/// What pgparley may have in memory at most, whatever passes through it.
const MEMORY: usize = 100 * MEGABYTE;

/// Sends from a thread of its own while the caller reads.
fn send_aside(client: &TestClient, bytes: Vec<u8>) -> thread::JoinHandle<()> {
    let mut stream = client.stream();
    thread::spawn(move || stream.write_all(&bytes).expect("the other end takes it"))
}

#[test]
fn value_of_a_hundred_megabytes_passes_both_ways_in_bounded_memory() {
    let database = database();
    let program = Program::serve(cluster());
    let mut client = TestClient::login(program.addr(), &database);
    let size = 100 * MEGABYTE;

    client.query(&format!("SELECT repeat('x', {size})"));
    expect!(client, RowDescription);
    let row = expect!(client, DataRow);
    assert_eq!(row.body.len(), 2 + 4 + size);
    assert!(row.body[6..].iter().all(|&byte| byte == b'x'));
    expect!(client, CommandComplete, "SELECT 1");
    expect!(client, ReadyForQuery, "I");

    client.send(&parse("", "SELECT length($1::text), md5($1)"));
    let value = vec![b'y'; size];
    client.send(&bind("", "", &[Some(&value)]));
    client.send(&[execute("", 0), sync()].concat());
    expect!(client, ParseComplete);
    expect!(client, BindComplete);
    let expected = client_md5(&mut TestClient::login(cluster().addr(), &database), size);
    expect!(client, DataRow, format!("{size}|{expected}"));
    expect!(client, CommandComplete);
    expect!(client, ReadyForQuery, "I");
    let peak = program.peak_memory();
    assert!(peak < MEMORY, "{} MB", peak / MEGABYTE);
}

fn client_md5(client: &mut TestClient, size: usize) -> String {
    client.row(&format!("SELECT md5(repeat('y', {size}))"))
}

#[test]
fn slow_reader_stops_the_server_and_fills_no_memory() {
    let database = database();
    let program = Program::serve(cluster());
    let mut client = TestClient::login(program.addr(), &database);
    let pid = client.row("SELECT pg_backend_pid()");
    let mut watcher = TestClient::login(cluster().addr(), &database);
    client.query("SELECT repeat('x', 1000) FROM generate_series(1, 1000000)");

    let waits = format!("SELECT wait_event FROM pg_stat_activity WHERE pid = {pid}");
    wait_for(&mut watcher, &waits, "ClientWrite");
    // A reader that merely lags lets the server go on now and then; one that has stopped does not,
    // once the system's own buffers are full.
    let mut stopped = 0;
    while stopped < 100 {
        match watcher.row(&waits).as_str() {
            "ClientWrite" => stopped += 1,
            "ClientRead" => panic!("the server has sent everything to a client that reads nothing"),
            _ => stopped = 0,
        }
    }
    let peak = program.peak_memory();
    assert!(peak < MEMORY, "{} MB", peak / MEGABYTE);

    let mut rows = 0;
    expect!(client, RowDescription);
    while client.recv().kind() == Kind::DataRow {
        rows += 1;
    }
    expect!(client, ReadyForQuery, "I");
    assert_eq!(rows, 1_000_000);
    assert!(program.peak_memory() < MEMORY);
}

#[test]
fn answers_of_pgparleys_own_wait_for_their_reader_too() {
    let program = Program::serve(cluster());
    let client = TestClient::login(program.addr(), &database());
    let mut stream = client.stream();
    // It stops taking more long before that, so what the timeout is does not matter.
    let timeout = Duration::from_millis(500);
    stream.set_write_timeout(Some(timeout)).expect("a timeout");
    let nothing = close_statement("nobody").repeat(10_000);
    let sent = (0..500).try_for_each(|_| stream.write_all(&nothing));
    assert!(
        sent.is_err(),
        "all was taken of a client that reads nothing"
    );
    let peak = program.peak_memory();
    assert!(peak < MEMORY, "{} MB", peak / MEGABYTE);
}

#[test]
fn both_directions_full_at_once_do_not_block_each_other() {
    let database = database();
    let mut client = TestClient::login(proxy(), &database);
    let value = vec![b'v'; MEGABYTE];
    let mut batch = parse("echo", "SELECT $1::text");
    for _ in 0..60 {
        batch.extend(bind("", "echo", &[Some(&value)]));
        batch.extend(describe_portal(""));
        batch.extend(execute("", 0));
    }
    batch.extend(sync());
    let sender = send_aside(&client, batch);
    expect!(client, ParseComplete);
    for _ in 0..60 {
        expect!(client, BindComplete);
        expect!(client, RowDescription);
        let row = expect!(client, DataRow);
        assert_eq!(row.body[6..], value);
        expect!(client, CommandComplete, "SELECT 1");
    }
    expect!(client, ReadyForQuery, "I");
    sender.join().expect("all was sent");
}

#[test]
fn error_is_told_while_the_client_still_sends() {
    let database = database();
    let mut client = TestClient::login(proxy(), &database);
    let value = vec![b'v'; MEGABYTE];
    let mut batch = parse("", "SELECT length($1::text) / 0");
    for _ in 0..50 {
        batch.extend(bind("", "", &[Some(&value)]));
        batch.extend(execute("", 0));
    }
    // No Sync yet: the error must come before the end of what is sent is reached.
    let sender = send_aside(&client, batch);
    expect!(client, ParseComplete);
    expect!(client, ErrorResponse, "22012");
    sender.join().expect("all was sent");
    client.send(&sync());
    expect!(client, ReadyForQuery, "I");
    assert_eq!(client.row("SELECT 1"), "1");
}

#[test]
fn query_text_of_thirty_megabytes_is_run() {
    let database = database();
    let mut client = TestClient::login(proxy(), &database);
    let text = format!("SELECT length('{}')", "z".repeat(30 * MEGABYTE));
    assert_eq!(client.row(&text), (30 * MEGABYTE).to_string());
    client.send(&[parse("", &text), bind("", "", &[]), execute("", 0), sync()].concat());
    expect!(client, ParseComplete);
    expect!(client, BindComplete);
    expect!(client, DataRow, (30 * MEGABYTE).to_string());
}

#[test]
fn ten_thousand_queries_in_one_write_are_answered_in_order() {
    let database = database();
    let mut client = TestClient::login(proxy(), &database);
    let batch: Vec<u8> = (0..10_000)
        .flat_map(|n| query(&format!("SELECT {n}")))
        .collect();
    let sender = send_aside(&client, batch);
    for n in 0..10_000 {
        expect!(client, RowDescription);
        expect!(client, DataRow, n.to_string());
        expect!(client, CommandComplete);
        expect!(client, ReadyForQuery);
    }
    sender.join().expect("all was sent");
}
#[test]
fn what_was_asked_before_terminate_is_answered() {
    let database = database();
    let mut client = TestClient::login(proxy(), &database);
    client.send(&[query("SELECT 1"), crate::support::message::terminate()].concat());
    let mut rest = Vec::new();
    client
        .stream()
        .read_to_end(&mut rest)
        .expect("the other end closes in order");
    let mut direct = TestClient::login(cluster().addr(), &database);
    direct.send(&[query("SELECT 1"), crate::support::message::terminate()].concat());
    let mut expected = Vec::new();
    direct
        .stream()
        .read_to_end(&mut expected)
        .expect("PostgreSQL closes in order");
    assert_eq!(rest, expected);
}
