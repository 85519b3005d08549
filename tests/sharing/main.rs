//! Clients that share server connections, a transaction at a time, do not notice each other.

mod differential;
mod functions;
mod neighbours;
mod pins;
mod settings;
mod shapes;
mod state;
mod statements;
mod storm;
#[path = "../support/mod.rs"]
pub mod support;
mod waiting;

use std::net::SocketAddr;

use pgparley::server::Running;

use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::support::proxy::proxy_with;

/// The process at the other end of the server connection.
pub const PID: &str = "SELECT pg_backend_pid()";

/// What another client leaves behind, in turns. Whatever follows must not find any of it.
const DIRT: [&str; 4] = [
    "SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'; SET work_mem = '7MB'; \
     SET search_path = pg_catalog; SET app.me = 'the other'; SET application_name = 'the other'",
    "DISCARD ALL",
    "SET TimeZone = 'America/Lima'; SET app.other = 'x'; SET standard_conforming_strings = off; \
     SET client_encoding = 'LATIN1'; SET bytea_output = 'escape'; \
     PREPARE p AS SELECT 'the other'; SET SESSION AUTHORIZATION other_user",
    "RESET SESSION AUTHORIZATION; RESET ALL; DEALLOCATE ALL; SET ROLE other_user",
];

/// What it prepares besides.
const UNNAMED: &str = "SELECT 'the other', 1, 2";

/// A pgparley with `size` server connections for each database and user.
pub fn sharing(size: usize) -> Running {
    proxy_with(|config| config.databases[0].pool_size = size)
}

/// A client that makes the only server connection dirty between any two transactions of another.
pub struct Other {
    client: TestClient,
    turn: usize,
}

impl Other {
    /// Logs in.
    pub fn login(addr: SocketAddr, database: &str) -> Self {
        let made = "DO $$ BEGIN CREATE ROLE other_user; EXCEPTION \
                    WHEN duplicate_object OR unique_violation THEN NULL; END $$";
        cluster().run_sql("postgres", made).expect("a role");
        Self {
            client: TestClient::login(addr, database),
            turn: 0,
        }
    }

    /// Leaves something behind.
    #[track_caller]
    pub fn soil(&mut self) {
        assert!(self.try_soil(), "no server connection came");
    }

    /// Leaves something behind, if there is a server connection for it before long.
    #[track_caller]
    pub fn try_soil(&mut self) -> bool {
        let statements = [
            ("", UNNAMED),
            ("a", "SELECT 'the other a', $1::text"),
            ("s", UNNAMED),
        ];
        let mut messages = message::query(DIRT[self.turn % DIRT.len()]);
        for (name, sql) in statements {
            messages.extend(message::close_statement(name));
            messages.extend(message::parse(name, sql));
        }
        messages.extend(message::sync());
        self.client.send(&messages);
        self.turn += 1;
        for replies in [self.client.replies(), self.client.replies()] {
            let failed = replies
                .iter()
                .find(|message| message.kind() == Kind::ErrorResponse);
            match failed {
                Some(error) if error.text() == "53300" => return false,
                Some(error) => panic!("{error:?}"),
                None => {}
            }
        }
        true
    }
}

/// A client beside [`Other`], on one server connection.
pub struct Shared {
    /// The client.
    pub client: TestClient,
    other: Other,
    is_idle: bool,
    /// The pgparley that both talk to.
    pub running: Running,
}

impl Shared {
    /// A client with these start-up parameters.
    pub fn login(parameters: &[(&str, &str)]) -> Self {
        let running = sharing(1);
        let database = of(parameters, "database").expect("a database is named");
        let client = TestClient::login_with(running.addr(), parameters);
        Self {
            client: client.unwrap_or_else(|error| panic!("login failed: {error:?}")),
            other: Other::login(running.addr(), database),
            is_idle: true,
            running,
        }
    }

    /// The replies up to `ReadyForQuery`, after the other has used the connection when it could.
    #[track_caller]
    pub fn ask(&mut self, messages: &[u8]) -> Vec<Message> {
        if self.is_idle {
            self.other.soil();
        }
        self.client.send(messages);
        let replies = self.client.replies();
        self.is_idle = replies.last().is_some_and(|ready| ready.text() == "I");
        replies
    }
}

fn of<'a>(parameters: &[(&str, &'a str)], wanted: &str) -> Option<&'a str> {
    let mut found = parameters.iter().filter(|(name, _)| *name == wanted);
    found.next().map(|(_, value)| *value)
}

/// A way to send a statement.
pub type Flow = fn(&str) -> Vec<u8>;

/// The simple protocol and the extended one.
pub const FLOWS: [Flow; 2] = [message::query, |sql| {
    [message::unnamed(sql), message::sync()].concat()
}];

/// Runs the same messages directly and on a connection that another client makes dirty between any
/// two transactions: each must be answered alike, to the byte.
#[track_caller]
pub fn alike(parameters: &[(&str, &str)], fixture: &str, steps: &[Vec<u8>]) {
    let ours = database();
    let theirs = format!("{ours}_direct");
    let with = |database| {
        let mut all = vec![("database", database)];
        all.extend_from_slice(parameters);
        if of(parameters, "user").is_none() {
            all.push(("user", "postgres"));
        }
        all
    };
    cluster().run_sql(&ours, fixture).expect("the fixture");
    // A copy has the same object ids.
    let copy = format!("CREATE DATABASE {theirs} TEMPLATE {ours}");
    cluster().run_sql("postgres", &copy).expect("a copy");
    let direct = TestClient::login_with(cluster().addr(), &with(&theirs));
    let mut direct = direct.expect("a direct login");
    let mut shared = Shared::login(&with(&ours));
    assert_eq!(shared.client.parameters, direct.parameters);
    for (index, step) in steps.iter().enumerate() {
        direct.send(step);
        let expected = direct.replies();
        let so_far = support::pipeline::shown(&steps[..=index].concat());
        assert_eq!(shared.ask(step), expected, "behind {so_far:#?}");
    }
}
