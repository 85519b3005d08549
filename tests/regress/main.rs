//! PostgreSQL's regression suite over the extended protocol: every reply through pgparley must be
//! the direct one, byte for byte.
//!
//! `suite.py` fetches the files and starts this with their folder in `PGPARLEY_REGRESS_SQL`.

mod statements;
#[path = "../support/mod.rs"]
pub mod support;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use pgparley::cli::demo::cluster::Cluster;
use pgparley::cli::demo::cluster::Options;
use pgparley::config::Policy;
use pgparley::server::Running;

use statements::Statement;
use statements::statements;
use support::client::TestClient;
use support::message as m;
use support::message::Kind;
use support::message::Message;
use support::proxy;

/// Rows for the tables that the suite fills from files.
const ROWS: &str = "
    INSERT INTO onek SELECT i, i, i % 2, i % 4, i % 10, i % 20, i % 100, i % 1000, i, i, i,
        i % 100 * 2 + 1, i % 100 * 2, 'A' || i, 'B' || i, 'AAAAxx' FROM generate_series(0, 999) i;
    INSERT INTO tenk1 SELECT i, i, i % 2, i % 4, i % 10, i % 20, i % 100, i % 1000, i % 2000,
        i % 5000, i, i % 100 * 2 + 1, i % 100 * 2, 'A' || i, 'B' || i, 'HHHHxx'
        FROM generate_series(0, 9999) i;
    INSERT INTO tenk2 SELECT * FROM tenk1;
    INSERT INTO onek2 SELECT * FROM onek";

/// A way to a server of its own: what a file leaves must not be seen by the next way.
struct Way {
    cluster: Cluster,
    proxy: Option<Running>,
}

impl Way {
    fn new(folder: &Path) -> Self {
        let options = Options::default()
            .set("max_connections", "50")
            .set("max_prepared_transactions", "2")
            .set("autovacuum", "off");
        let cluster = Cluster::start(options).expect("a throwaway PostgreSQL starts");
        cluster.create_database("foundation").expect("a database");
        let mut client = TestClient::login(cluster.addr(), "foundation");
        for statement in file(folder, "test_setup") {
            client.run(&statement.sql);
        }
        cluster.run_sql("foundation", ROWS).expect("tables");
        Self {
            cluster,
            proxy: None,
        }
    }

    fn through(folder: &Path, row_limit: Option<u64>) -> Self {
        let mut way = Self::new(folder);
        let mut config = proxy::config(&way.cluster);
        config.databases[0].pool_size = 3;
        config.policies.extend(row_limit.map(|limit| Policy {
            name: "roomy".to_owned(),
            row_limit: Some(limit),
            ..Policy::default()
        }));
        way.proxy = Some(proxy::start(config));
        way
    }

    fn addr(&self) -> SocketAddr {
        let proxy = self.proxy.as_ref().map(Running::addr);
        proxy.unwrap_or_else(|| self.cluster.addr())
    }

    /// The replies to each statement of a file, in a database of its own.
    fn replies(&self, statements: &[Statement]) -> Vec<Vec<Message>> {
        let run = |sql: &str| {
            let deadline = Instant::now() + Duration::from_mins(1);
            // Some statements crash the server, which is back soon.
            while let Err(error) = self.cluster.run_sql("postgres", sql) {
                assert!(Instant::now() < deadline, "{error}");
            }
        };
        run("DROP DATABASE IF EXISTS regression WITH (FORCE)");
        run("CREATE DATABASE regression TEMPLATE foundation");
        let mut client = TestClient::login(self.addr(), "regression");
        let got = replies(&mut client, statements);
        client.try_send(&m::terminate());
        got
    }
}

fn replies(client: &mut TestClient, statements: &[Statement]) -> Vec<Vec<Message>> {
    let mut all = Vec::with_capacity(statements.len());
    for (number, statement) in statements.iter().enumerate() {
        client.try_send(&messages(number, statement));
        let mut got = Vec::new();
        while let Some(message) = client.try_recv() {
            let is_last = message.kind() == Kind::ReadyForQuery;
            got.push(message);
            if is_last {
                break;
            }
        }
        let closed = got.last().map(Message::kind) != Some(Kind::ReadyForQuery);
        all.push(got);
        if closed {
            break;
        }
    }
    all
}

/// Each shape in turn: unnamed; named and described; named and kept; rows in batches.
fn messages(number: usize, statement: &Statement) -> Vec<u8> {
    let sql = &statement.sql;
    let kept = format!("kept{}", number % 7);
    let mut out = match number % 4 {
        0 => m::unnamed(sql),
        1 => [
            m::close_statement("once"),
            m::parse("once", sql),
            m::describe_statement("once"),
            m::bind("", "once", &[]),
            m::execute("", 0),
        ]
        .concat(),
        2 => [
            m::close_statement(&kept),
            m::parse(&kept, sql),
            m::bind("cursor", &kept, &[]),
            m::describe_portal("cursor"),
            m::execute("cursor", 0),
            m::close_portal("cursor"),
        ]
        .concat(),
        _ => [
            m::parse("", sql),
            m::bind("batches", "", &[]),
            m::execute("batches", 2),
            // What gives no rows must not run twice.
            if is_read(sql) {
                m::execute("batches", 0)
            } else {
                m::flush()
            },
        ]
        .concat(),
    };
    if let Some(data) = &statement.data {
        out.extend(m::copy_data(data));
        out.extend(m::copy_done());
    } else if sql.to_ascii_lowercase().contains("stdin") {
        out.extend(m::copy_fail("there is no data"));
    }
    out.extend(m::sync());
    out
}

fn is_read(sql: &str) -> bool {
    let start = sql.trim_start().to_ascii_lowercase();
    ["select", "values", "table", "with"]
        .iter()
        .any(|word| start.starts_with(word))
}

/// The statements of a file; `\` commands of psql are left out.
fn file(folder: &Path, name: &str) -> Vec<Statement> {
    let text = fs::read(folder.join(format!("{name}.sql"))).expect("the file can be read");
    statements(&text)
}

/// The variable's value.
fn variable(name: &str) -> Option<String> {
    let mut variables = std::env::vars();
    variables.find_map(|(key, value)| (key == name).then_some(value))
}

#[test]
#[ignore = "needs the suite's files: `make test-regress`"]
fn each_statement_of_the_suite_is_answered_as_directly() {
    let folder = variable("PGPARLEY_REGRESS_SQL").expect("PGPARLEY_REGRESS_SQL is set");
    let folder = PathBuf::from(folder);
    let chosen = variable("PGPARLEY_REGRESS_FILES").unwrap_or_default();
    let chosen: Vec<_> = chosen.split_whitespace().collect();
    let ways = [
        Way::new(&folder),
        Way::new(&folder),
        Way::through(&folder, None),
        Way::through(&folder, Some(1_000_000)),
    ];
    let mut names: Vec<_> = fs::read_dir(&folder)
        .expect("a folder")
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()))
        // The one waits for what psql would do, what the other leaves holds its database.
        .filter(|name| !["psql_pipeline", "subscription"].contains(&name.as_str()))
        .filter(|name| chosen.is_empty() || chosen.contains(&name.as_str()))
        .collect();
    names.sort();
    let (mut count, mut differing) = (0, 0);
    for name in names {
        let statements = file(&folder, &name);
        let [direct, again, through @ ..] = all(&ways, &statements);
        eprintln!("{name}: {} statements", statements.len());
        count += statements.len();
        for got in through {
            differing += compare(&name, &statements, [&direct, &again, &got]);
        }
    }
    eprintln!("{count} statements, {differing} differ");
    assert_eq!(differing, 0, "replies that differ");
}

fn all(ways: &[Way; 4], statements: &[Statement]) -> [Vec<Vec<Message>>; 4] {
    thread::scope(|scope| {
        let started = ways
            .each_ref()
            .map(|way| scope.spawn(|| way.replies(statements)));
        started.map(|way| way.join().expect("the statements are answered"))
    })
}

/// Replies without the number of a backend, which no two runs need have in common, the line of the
/// server's source, and the error with which pgparley tells of a server that has crashed.
fn told(replies: &[Message]) -> Vec<(u8, Vec<u8>)> {
    let without = |body: &[u8]| {
        let mut body = body.to_vec();
        if let Some(at) = memchr::memmem::find(&body, b"\0Fscan.l\0L") {
            body.truncate(at);
        }
        while let Some(at) = memchr::memmem::find(&body, b"pg_temp_") {
            body[at + 7] = b'#';
            let digits = body[at + 8..].iter_mut();
            digits
                .take_while(|byte| byte.is_ascii_digit())
                .for_each(|byte| *byte = b'#');
        }
        body
    };
    let told = replies
        .iter()
        .filter(|reply| reply.kind() != Kind::ErrorResponse || reply.text() != "08006");
    told.map(|reply| (reply.tag, without(&reply.body)))
        .collect()
}

/// Prints what was answered otherwise than both times directly; how many statements that were.
fn compare(name: &str, statements: &[Statement], got: [&Vec<Vec<Message>>; 3]) -> usize {
    let [direct, again, through] = got;
    let mut differing = 0;
    for (number, statement) in statements.iter().enumerate() {
        let [direct, again, through] = [direct, again, through].map(|got| got.get(number));
        if direct.is_some_and(Vec::is_empty) {
            // The server has crashed, and nothing came behind.
            break;
        }
        if direct == again && through.map(|got| told(got)) != direct.map(|got| told(got)) {
            differing += 1;
            eprintln!(
                "== {name} {number} (shape {}): {}\n direct  {direct:?}\n through {through:?}",
                number % 4,
                statement.sql.chars().take(300).collect::<String>()
            );
            if let (Some(direct), Some(through)) = (direct, through)
                && format!("{direct:?}") == format!("{through:?}")
            {
                let differs = direct.iter().zip(through).find(|(a, b)| a != b);
                let bodies = differs.map(|(a, b)| (&a.body, &b.body));
                let shown = bodies.map(|(a, b)| [a, b].map(|body| body.escape_ascii().to_string()));
                eprintln!(" bytes {shown:#?}");
            }
        }
    }
    differing
}
