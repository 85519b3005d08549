//! What programs ask of the catalog for people passes under an analyst's policy.

use std::net::SocketAddr;
use std::process::Command;
use std::process::Stdio;

use pgparley::config::Policy;

use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::under;

fn analyst() -> Policy {
    Policy {
        name: "analysts".to_owned(),
        read_only: true,
        row_limit: Some(10_000),
        ..Policy::default()
    }
}

/// A database with some of everything that is listed.
fn described_database() -> String {
    let database = database();
    let mut owner = TestClient::login(cluster().addr(), &database);
    owner.rows(
        "CREATE TABLE parent (id int PRIMARY KEY, at date DEFAULT now()) ; \
         CREATE TABLE child (id int REFERENCES parent, note text CHECK (note <> '')) ; \
         CREATE INDEX by_note ON child (note); \
         CREATE VIEW looking AS SELECT * FROM parent; \
         CREATE FUNCTION f(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT $1'; \
         COMMENT ON TABLE parent IS 'the parent'; \
         CREATE TABLE parts (id int) PARTITION BY RANGE (id); \
         CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (9); \
         INSERT INTO parent SELECT g FROM generate_series(1, 20000) g",
    );
    database
}

fn program(name: &str, addr: SocketAddr, database: &str) -> Command {
    let mut command = Command::new(cluster().program(name));
    command
        .env("PGHOST", addr.ip().to_string())
        .env("PGPORT", addr.port().to_string())
        .env("PGUSER", "postgres")
        .env("PGDATABASE", database)
        .env("PGCONNECT_TIMEOUT", "60")
        .env("PSQLRC", "/dev/null")
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    command
}

#[track_caller]
fn printed(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && !told.contains("ERROR"),
        "{command:?}: {told}"
    );
    told + &String::from_utf8_lossy(&output.stdout)
}

/// It tells what the connection is like, or what other tests have made of the cluster.
fn is_of_the_moment(command: &str) -> bool {
    [
        "\\conninfo",
        "\\dconfig",
        "\\l",
        "\\du",
        "\\dg",
        "\\dt+",
        "\\drds",
    ]
    .iter()
    .any(|beginning| command.starts_with(beginning))
}

#[test]
fn psql_describes_everything() {
    let database = described_database();
    let commands = [
        "\\d",
        "\\dt",
        "\\dv",
        "\\di",
        "\\ds",
        "\\dm",
        "\\df",
        "\\dn",
        "\\du",
        "\\dg",
        "\\l",
        "\\dp",
        "\\z",
        "\\dx",
        "\\dT",
        "\\do",
        "\\da",
        "\\dc",
        "\\dC",
        "\\dD",
        "\\db",
        "\\dd",
        "\\des",
        "\\det",
        "\\dE",
        "\\dF",
        "\\dl",
        "\\dL",
        "\\dO",
        "\\dP",
        "\\drds",
        "\\dy",
        "\\dX",
        "\\dconfig",
        "\\d parent",
        "\\d child",
        "\\d looking",
        "\\d by_note",
        "\\d parts",
        "\\d+",
        "\\d+ child",
        "\\dt+ *.*",
        "\\df+ f",
        "\\dn+",
        "\\du+",
        "\\l+",
        "\\dp public.*",
        "\\sf f",
        "\\sv looking",
        "\\dA",
        "\\dAc",
        "\\dAf",
        "\\dAo",
        "\\dAp",
        "\\dRp",
        "\\dRs",
        "\\ddp",
        "\\conninfo",
        "\\encoding",
        "\\copy parent TO STDOUT",
    ];
    for running in under(&analyst()) {
        for command in commands {
            let print =
                |addr| printed(program("psql", addr, &database).args(["-X", "-c", command]));
            let through = print(running.addr());
            if !is_of_the_moment(command) {
                assert_eq!(through, print(cluster().addr()), "{command}");
            }
        }
    }
}

#[test]
fn pg_dump_dumps_whole() {
    let database = described_database();
    for running in under(&analyst()) {
        let dump = |addr| printed(&mut program("pg_dump", addr, &database));
        let is_plain =
            |line: &&str| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict");
        let (through, direct) = (dump(running.addr()), dump(cluster().addr()));
        let lines = |dump: &str| {
            dump.lines()
                .filter(is_plain)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(lines(&through), lines(&direct));
    }
}
