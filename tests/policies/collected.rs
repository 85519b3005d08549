//! Collected statements under row limits, message for message: without a limit that is reached the
//! stream is PostgreSQL's own, with one it is that without the rows beyond, and what is written is
//! the same in any case.

mod fixture;
#[path = "../support/collected.rs"]
mod statements;

use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use pgparley::config::Mechanism;
use pgparley::config::Policy;
use pgparley::config::PoolMode;
use pgparley::server::Running;

use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::message::bind;
use crate::support::message::describe_portal;
use crate::support::message::execute;
use crate::support::message::parse;
use crate::support::message::sync;
use crate::support::proxy::proxy_with;

use self::fixture::FIXTURE;
use self::fixture::RESTORE;
use self::fixture::WRITTEN;
use self::statements::COLLECTED;

/// More rows than anything has.
const EVERY: u64 = 1_000_000;

/// How a statement is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Simple,
    Extended,
}

/// A way to the server, to a database of its own.
struct Way {
    name: String,
    limit: Option<u64>,
    database: String,
    addr: SocketAddr,
    _running: Option<Running>,
}

impl Way {
    fn direct(origin: &str) -> Self {
        Self {
            name: "direct".to_owned(),
            limit: None,
            database: copy(origin),
            addr: cluster().addr(),
            _running: None,
        }
    }

    fn limited(origin: &str, limit: u64, how: (Mechanism, PoolMode)) -> Self {
        let (mechanism, mode) = how;
        let running = proxy_with(|config| {
            config.databases[0].pool_mode = mode;
            config.policies.push(Policy {
                name: "limited".to_owned(),
                row_limit: Some(limit),
                mechanism,
                ..Policy::default()
            });
        });
        let way = Self {
            name: format!("{limit} {how:?}"),
            limit: Some(limit),
            database: copy(origin),
            addr: running.addr(),
            _running: Some(running),
        };
        if mechanism != Mechanism::Count {
            way.wait_for_rewrites();
        }
        way
    }

    /// Waits until enough is known of the database to put limits into texts.
    fn wait_for_rewrites(&self) {
        let mut client = TestClient::login(self.addr, &self.database);
        let mut watcher = TestClient::login(cluster().addr(), &self.database);
        let spliced = self.limit.map_or(0, |limit| limit + 1);
        let seen = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
             AND query = 'SELECT 7 LIMIT {spliced}'"
        );
        let deadline = Instant::now() + Duration::from_mins(1);
        while watcher.row(&seen) == "0" {
            client.rows("SELECT 7");
            assert!(Instant::now() < deadline, "texts go on as they are");
        }
    }

    /// The replies to every statement, and what was written by it.
    fn run(&self, protocol: Protocol) -> Vec<(Vec<Message>, Vec<String>)> {
        let mut owner = TestClient::login(cluster().addr(), &self.database);
        owner.rows(RESTORE);
        let before = owner.rows(WRITTEN);
        let mut client = TestClient::login(self.addr, &self.database);
        client.rows("SET search_path TO s");
        let texts = COLLECTED.iter().map(|text| text.trim_start_matches('?'));
        let run = texts.map(|text| {
            client.send(&messages(text, protocol));
            let replies = client.replies();
            let written = owner.rows(WRITTEN);
            if written != before {
                owner.rows(RESTORE);
            }
            (replies, written)
        });
        run.collect()
    }
}

/// A copy of a database, with the same object ids.
fn copy(origin: &str) -> String {
    let name = database();
    let mut client = TestClient::login(cluster().addr(), "postgres");
    client.rows(&format!("DROP DATABASE {name}"));
    client.rows(&format!("CREATE DATABASE {name} TEMPLATE {origin}"));
    name
}

fn messages(text: &str, protocol: Protocol) -> Vec<u8> {
    if protocol == Protocol::Simple {
        return crate::support::message::query(text);
    }
    let values: &[Option<&[u8]>] = if text.contains("$1") {
        &[Some(b"7")]
    } else {
        &[]
    };
    let messages = [
        parse("", text),
        bind("", "", values),
        describe_portal(""),
        execute("", 0),
        sync(),
    ];
    messages.concat()
}

/// What a client sees of PostgreSQL's own replies under a limit.
struct Cutting {
    limit: u64,
    /// Rows of the portal or the cursor so far.
    rows: u64,
    /// Rows of this part were left out.
    lacks: bool,
    /// The client was told so, and not yet that a later result is whole.
    told: bool,
}

impl Cutting {
    /// What EXECUTE brings is limited whatever it executes.
    fn cut(&mut self, replies: &[Message], executes: bool) -> Vec<String> {
        let kind = |message: &&Message| message.kind() == Kind::CommandComplete;
        let tags: Vec<String> = replies.iter().filter(kind).map(Message::text).collect();
        let mut tags = tags.iter();
        let mut tag = tags.next();
        let mut out = Vec::new();
        self.rows = 0;
        for message in replies {
            match message.kind() {
                Kind::DataRow if executes || tag.is_none_or(|tag| is_limited(tag)) => {
                    if self.rows < self.limit {
                        self.rows += 1;
                        out.push(shown(message));
                    } else {
                        self.lacks = true;
                    }
                }
                Kind::CommandComplete => {
                    self.complete(message, &mut out);
                    // A cursor's rows are one result.
                    if !message.text().starts_with("FETCH") && !message.text().starts_with("MOVE") {
                        self.rows = 0;
                    }
                    tag = tags.next();
                }
                _ => out.push(shown(message)),
            }
        }
        out
    }

    fn complete(&mut self, message: &Message, out: &mut Vec<String>) {
        if std::mem::take(&mut self.lacks) {
            self.told = true;
            let part = out
                .iter()
                .rev()
                .take_while(|shown| shown.starts_with("DataRow"));
            let tag = match message.text().split_once(' ') {
                Some((command @ ("SELECT" | "FETCH"), _)) => format!("{command} {}", part.count()),
                // How many rows were written is another matter.
                _ => message.text(),
            };
            out.push("NoticeResponse 01R01".to_owned());
            out.push("ParameterStatus pgparley.truncated=on".to_owned());
            out.push(format!("CommandComplete {tag}"));
            return;
        }
        if std::mem::take(&mut self.told) {
            out.push("ParameterStatus pgparley.truncated=off".to_owned());
        }
        out.push(shown(message));
    }
}

fn is_limited(tag: &str) -> bool {
    tag.starts_with("SELECT") || tag.starts_with("FETCH")
}

/// A message in all its bytes, but for what is told of a cut.
fn shown(message: &Message) -> String {
    let kind = message.kind();
    match kind {
        Kind::NoticeResponse if message.field('C') == "01R01" => format!("{kind:?} 01R01"),
        Kind::CommandComplete | Kind::ParameterStatus => format!("{kind:?} {}", message.text()),
        // The server's source line is another where it stumbles over another word.
        Kind::ErrorResponse => {
            let fields = ['S', 'C', 'M', 'D', 'H', 'P', 'W'];
            format!("{kind:?} {:?}", fields.map(|field| message.field(field)))
        }
        _ => format!("{kind:?} {:?}", message.body),
    }
}

#[test]
fn what_goes_beyond_a_limit_is_missing_and_nothing_else() {
    let origin = database();
    TestClient::login(cluster().addr(), &origin).rows(FIXTURE);
    let direct = Way::direct(&origin);
    let (auto, count) = (Mechanism::Auto, Mechanism::Count);
    let (shared, own) = (PoolMode::Transaction, PoolMode::Session);
    let ways = [
        (1, (auto, shared)),
        (3, (auto, shared)),
        (3, (auto, own)),
        (3, (count, shared)),
        (EVERY, (auto, shared)),
        (EVERY, (count, own)),
    ]
    .map(|(limit, how)| Way::limited(&origin, limit, how));
    for protocol in [Protocol::Simple, Protocol::Extended] {
        let expected = direct.run(protocol);
        for way in &ways {
            compare(way, protocol, &expected);
        }
    }
}

fn compare(way: &Way, protocol: Protocol, expected: &[(Vec<Message>, Vec<String>)]) {
    let mut cutting = Cutting {
        limit: way.limit.unwrap_or(EVERY),
        rows: 0,
        lacks: false,
        told: false,
    };
    let got = way.run(protocol);
    for (text, (direct, through)) in COLLECTED.iter().zip(expected.iter().zip(&got)) {
        let context = format!("{text:?} by {protocol:?} under {}", way.name);
        let mut wanted = cutting.cut(&direct.0, text.contains("EXECUTE"));
        let mut replies: Vec<String> = through.0.iter().map(shown).collect();
        if text.starts_with('?') && cutting.limit < EVERY {
            for shown in [&mut wanted, &mut replies] {
                let rows = shown
                    .iter_mut()
                    .filter(|shown| shown.starts_with("DataRow"));
                rows.for_each(|row| "DataRow".clone_into(row));
            }
        }
        assert_eq!(replies, wanted, "{context}");
        assert_eq!(through.1, direct.1, "written by {context}");
    }
}
