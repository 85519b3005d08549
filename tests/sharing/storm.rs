//! Many clients who read, write, fail, cancel and leave at random: every answer is its client's own,
//! and every committed write is there once.

use std::collections::BTreeMap;
use std::net::Shutdown;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;

use rand::Rng;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::proxy::proxy_with;
use crate::support::proxy::wait_for;
use crate::waiting::cancelling;

const THREADS: u64 = 4;
const CLIENTS: u64 = 25;
const ROUNDS: usize = 250;
const POOL_SIZE: usize = 3;

/// How often a write must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Once,
    Never,
    /// Its client left before it was told.
    OnceOrNever,
}

/// One client, who has said in a setting who it is.
struct Somebody {
    id: u64,
    addr: SocketAddr,
    database: String,
    client: TestClient,
    writes: u64,
}

/// What one thread's clients have written: by client and number.
type Writes = BTreeMap<(u64, u64), Fate>;

impl Somebody {
    fn new(id: u64, addr: SocketAddr, database: &str) -> Self {
        Self {
            id,
            addr,
            database: database.to_owned(),
            client: Self::login(id, addr, database),
            writes: 0,
        }
    }

    fn login(id: u64, addr: SocketAddr, database: &str) -> TestClient {
        let mut client = TestClient::login(addr, database);
        client.rows(&format!("SET app.me = '{id}'"));
        // The same name for all, and another text for each.
        let named = format!("SELECT {id}, current_setting('app.me'), $1::text");
        client.send(&[message::parse("s", &named), message::sync()].concat());
        client.replies();
        client
    }

    /// Leaves without a word, and comes again.
    fn leave(&mut self) {
        let left = self.client.stream().shutdown(Shutdown::Both);
        left.expect("it was connected");
        self.client = Self::login(self.id, self.addr, &self.database);
    }

    /// A read that only this client asks.
    fn question(&self, n: usize) -> Vec<u8> {
        let id = self.id;
        message::query(&format!("SELECT {id}, current_setting('app.me'), {n}"))
    }

    fn check(&self, replies: &[Message], n: usize) {
        let rows: Vec<_> = replies
            .iter()
            .filter(|message| message.kind() == Kind::DataRow)
            .map(Message::text)
            .collect();
        assert_eq!(rows, [format!("{0}|{0}|{n}", self.id)], "{replies:?}");
    }

    fn read(&mut self, n: usize) {
        self.client.send(&self.question(n));
        let replies = self.client.replies();
        self.check(&replies, n);
    }

    fn read_prepared(&mut self, n: usize) {
        let value = n.to_string();
        let values = [Some(value.as_bytes())];
        let messages = [
            message::bind("", "s", &values),
            message::execute("", 0),
            message::sync(),
        ];
        self.client.send(&messages.concat());
        let replies = self.client.replies();
        self.check(&replies, n);
    }

    /// A new write, and its number.
    fn insert(&mut self) -> (u64, String) {
        self.writes += 1;
        let (id, n) = (self.id, self.writes);
        (n, format!("INSERT INTO written VALUES ({id}, {n})"))
    }

    fn write(&mut self, writes: &mut Writes) {
        let (n, insert) = self.insert();
        self.client.rows(&insert);
        writes.insert((self.id, n), Fate::Once);
    }

    /// A block with a write, which ends in one of four ways.
    fn transact(&mut self, how: u32, n: usize, writes: &mut Writes) {
        self.client.rows("BEGIN");
        let (number, insert) = self.insert();
        self.client.rows(&insert);
        self.read(n);
        let fate = match how {
            0 => {
                self.client.rows("COMMIT");
                Fate::Once
            }
            1 => {
                self.client.rows("ROLLBACK");
                Fate::Never
            }
            2 => {
                let error = self.client.error("SELECT 1 / 0");
                assert_eq!(error.text(), "22012");
                self.client.run("COMMIT");
                Fate::Never
            }
            _ => {
                self.leave();
                Fate::Never
            }
        };
        writes.insert((self.id, number), fate);
    }

    /// Leaves right behind a write.
    fn write_and_leave(&mut self, writes: &mut Writes) {
        let (n, insert) = self.insert();
        self.client.query(&insert);
        self.leave();
        writes.insert((self.id, n), Fate::OnceOrNever);
    }

    fn cancel(&mut self) {
        let key = self.client.key.clone();
        self.client.query("SELECT pg_sleep(600)");
        let replies = cancelling(self.addr, &key, || self.client.replies());
        let canceled = replies.iter().any(|message| message.text() == "57014");
        assert!(canceled, "{replies:?}");
    }
}

/// One thread's clients, one after the other and sometimes all at once.
fn run(thread: u64, addr: SocketAddr, database: &str) -> Writes {
    let mut random = StdRng::seed_from_u64(thread);
    let mut writes = Writes::new();
    let ids = thread * CLIENTS..(thread + 1) * CLIENTS;
    let mut clients: Vec<_> = ids.map(|id| Somebody::new(id, addr, database)).collect();
    for n in 0..ROUNDS {
        let chosen = random.random_range(0..clients.len());
        let client = &mut clients[chosen];
        match random.random_range(0..100) {
            0..30 => client.read(n),
            30..50 => client.read_prepared(n),
            50..65 => client.write(&mut writes),
            65..80 => client.transact(random.random_range(0..4), n, &mut writes),
            80..88 => assert_eq!(client.client.error("SELECT nothing").text(), "42703"),
            88..93 => client.write_and_leave(&mut writes),
            93..95 => client.cancel(),
            _ => {
                for client in &mut clients {
                    let question = client.question(n);
                    client.client.send(&question);
                }
                for client in &mut clients {
                    let replies = client.client.replies();
                    client.check(&replies, n);
                }
            }
        }
    }
    writes
}

const CONNECTIONS: &str = "SELECT count(*) FROM pg_stat_activity \
    WHERE datname = current_database() AND pid <> pg_backend_pid() \
    AND backend_type = 'client backend'";

#[test]
fn every_answer_is_its_clients_own_and_every_write_is_there_once() {
    let database = database();
    let table = "CREATE TABLE written (client int, n int)";
    cluster().run_sql(&database, table).expect("a table");
    let running = proxy_with(|config| {
        config.databases[0].pool_size = POOL_SIZE;
        config.server.workers = 3;
    });
    let addr = running.addr();
    let over = AtomicBool::new(false);
    let mut watcher = TestClient::login(cluster().addr(), &database);
    let (writes, database) = thread::scope(|scope| {
        let (database, over) = (&database, &over);
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || run(thread, addr, database)))
            .collect();
        let bounded = format!("{CONNECTIONS} HAVING count(*) > {POOL_SIZE}");
        let watcher = &mut watcher;
        let watching = scope.spawn(move || {
            while !over.load(Ordering::Relaxed) {
                if !watcher.rows(&bounded).is_empty() {
                    // One that was closed may take its time to go.
                    let bounded = format!("SELECT ({CONNECTIONS}) <= {POOL_SIZE}");
                    wait_for(watcher, &bounded, "t");
                }
            }
        });
        let outcomes: Vec<_> = threads
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect();
        over.store(true, Ordering::Relaxed);
        watching
            .join()
            .expect("there are never too many connections");
        let mut writes = Writes::new();
        for outcome in outcomes {
            writes.extend(outcome.expect("every client was served"));
        }
        (writes, database)
    });
    check_writes(&mut watcher, &writes);

    // Every place is free.
    let mut all: Vec<_> = (0..POOL_SIZE)
        .map(|_| TestClient::login(addr, database))
        .collect();
    for client in &mut all {
        client.rows("BEGIN");
    }
    for client in &mut all {
        assert_eq!(client.row("SELECT 1"), "1");
    }
}

fn check_writes(watcher: &mut TestClient, writes: &Writes) {
    let mut found: BTreeMap<String, u32> = BTreeMap::new();
    for row in watcher.rows("SELECT client, n FROM written") {
        *found.entry(row).or_default() += 1;
    }
    for ((id, n), fate) in writes {
        let times = found.remove(&format!("{id}|{n}")).unwrap_or_default();
        let is_right = match fate {
            Fate::Once => times == 1,
            Fate::Never => times == 0,
            Fate::OnceOrNever => times <= 1,
        };
        assert!(
            is_right,
            "write {n} of client {id} is there {times} times: {fate:?}"
        );
    }
    assert!(found.is_empty(), "nobody wrote {found:?}");
}
