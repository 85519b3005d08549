//! Random pipelines of a client whose server connections another client uses between any two of
//! them: the replies must be equal to PostgreSQL's own, to the byte.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use pgparley::server::Running;
use rand::Rng;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::Other;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::pipeline;
use crate::support::proxy::proxy_with;
use crate::support::random::FIXTURE;
use crate::support::random::TABLE;
use crate::support::random::random_pipeline;

fn running(size: usize) -> Running {
    proxy_with(|config| {
        config.databases[0].pool_size = size;
        // The client under test may be pinned; then there is nothing to be made dirty.
        config.databases[0].query_wait_timeout = Duration::from_millis(500);
    })
}

/// A database with the table that all runs use.
fn prepared() -> String {
    let database = database();
    let made = cluster().run_sql(&database, TABLE);
    made.expect("the table can be made");
    database
}

/// The pipelines of one session.
fn pipelines(random: &mut StdRng) -> Vec<Vec<u8>> {
    let count = random.random_range(2..8);
    let pipelines = (0..count).map(|_| {
        let steps = random.random_range(1..12);
        random_pipeline(random, steps)
    });
    pipelines.collect()
}

/// The replies to each of `pipelines`, sent after the fixture is made anew.
fn replies(
    client: &mut TestClient,
    pipelines: &[Vec<u8>],
    random: &StdRng,
    mut between: impl FnMut(),
) -> Vec<Message> {
    client.rows(FIXTURE);
    let all = pipelines.iter().flat_map(|bytes| {
        between();
        pipeline::exchange(client, bytes, random.clone())
    });
    all.collect()
}

/// Equal, or both errors in a failed transaction: a statement that is not on the connection cannot
/// be prepared there then, so the server has no chance to find anything else wrong with a Bind.
fn is_alike(through: &Message, direct: &Message) -> bool {
    let error = |message: &Message| message.kind() == Kind::ErrorResponse;
    through == direct || error(through) && error(direct) && through.text() == "25P02"
}

/// Fails when one seed's session is answered differently through pgparley.
fn compare(seed: u64, pipelines: &[Vec<u8>], through: &[Message], direct: &[Message]) {
    if through.len() == direct.len() && through.iter().zip(direct).all(|(a, b)| is_alike(a, b)) {
        return;
    }
    let differs = through
        .iter()
        .zip(direct)
        .position(|(a, b)| !is_alike(a, b));
    let sent = pipeline::shown(&pipelines.concat());
    let at = differs.unwrap_or_default();
    let around = at.saturating_sub(5)..;
    let shown = |messages: &[Message]| format!("{:#?}", messages.get(around.clone()));
    panic!(
        "session {seed} differs at reply {differs:?}\nsent: {sent:#?}\n\
         through: {}\ndirect: {}",
        shown(through),
        shown(direct)
    );
}

/// Sessions between whose pipelines another client makes the connections dirty.
fn in_turns(size: usize, rounds: u64) {
    let database = prepared();
    let running = running(size);
    for seed in 0..rounds {
        let mut random = StdRng::seed_from_u64(seed);
        let pipelines = pipelines(&mut random);
        eprintln!("session {seed}");
        let mut client = TestClient::login(cluster().addr(), &database);
        let direct = replies(&mut client, &pipelines, &random, || ());
        let mut others: Vec<_> = (0..size)
            .map(|_| Other::login(running.addr(), &database))
            .collect();
        let mut client = TestClient::login(running.addr(), &database);
        let mut is_free = true;
        let through = replies(&mut client, &pipelines, &random, || {
            for other in &mut others {
                is_free = is_free && other.try_soil();
            }
        });
        compare(seed, &pipelines, &through, &direct);
    }
}

#[test]
fn sessions_on_one_dirty_connection_are_answered_as_directly() {
    in_turns(1, 60);
}

#[test]
fn sessions_on_three_dirty_connections_are_answered_as_directly() {
    in_turns(3, 60);
}

#[test]
fn sessions_beside_a_busy_client_are_answered_as_directly() {
    let database = prepared();
    let running = running(2);
    let addr = running.addr();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut other = Other::login(addr, &database);
                while !over.load(Ordering::Relaxed) {
                    other.try_soil();
                }
            });
        }
        // What fails must not leave the others running.
        let outcome = thread::Builder::new().spawn_scoped(scope, || {
            for seed in 1000..1060 {
                let mut random = StdRng::seed_from_u64(seed);
                let pipelines = pipelines(&mut random);
                eprintln!("session {seed}");
                let mut client = TestClient::login(cluster().addr(), &database);
                let direct = replies(&mut client, &pipelines, &random, || ());
                let mut client = TestClient::login(addr, &database);
                let through = replies(&mut client, &pipelines, &random, || ());
                compare(seed, &pipelines, &through, &direct);
            }
        });
        let outcome = outcome.expect("a thread").join();
        over.store(true, Ordering::Relaxed);
        outcome.expect("every session is answered as directly");
    });
}
