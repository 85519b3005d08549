//! Questions in plain language, asked through drivers.

use std::process::Command;
use std::sync::OnceLock;

use pgparley::cli::demo::front;
use pgparley::cli::demo::shop;
use pgparley::server::Running;
use pgparley::server::Server;

use crate::programs;
use crate::programs::file;
use crate::support;

/// A pgparley in front of a shop, for all tests of this file; host, port and database.
fn asked() -> (String, u16, &'static str) {
    static FRONT: OnceLock<(Running, String)> = OnceLock::new();
    let (running, database) = FRONT.get_or_init(|| {
        let cluster = support::cluster();
        let database = support::database();
        shop::fill(cluster, cluster.superuser(), &database, 1).expect("the shop loads");
        let listen = "127.0.0.1:0".parse().expect("an address");
        let running = Server::start(front::config(cluster, listen)).expect("pgparley starts");
        (running, database)
    });
    (
        running.addr().ip().to_string(),
        running.addr().port(),
        database,
    )
}

/// Runs a driver's program, which asserts for itself; its output is in the panic.
fn passes(command: &mut Command) {
    let output = command.output().expect("it was there just before");
    let (out, err) = (&output.stdout, &output.stderr);
    let told = [out.as_slice(), err.as_slice()].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&told)
    );
}

fn python(script: &str, target: &str) {
    let mut command = programs::python();
    passes(command.arg(file(script)).arg(target));
}

#[test]
fn psycopg_gets_rows() {
    let (host, port, database) = asked();
    let target = format!("host={host} port={port} user=postgres dbname={database}");
    python("tests/drivers/python/psycopg_questions.py", &target);
}

#[test]
fn asyncpg_gets_rows() {
    let (host, port, database) = asked();
    let target = format!("postgres://postgres@{host}:{port}/{database}");
    python("tests/drivers/python/asyncpg_questions.py", &target);
}

#[test]
fn jdbc_gets_rows() {
    let (host, port, database) = asked();
    let url = format!("jdbc:postgresql://{host}:{port}/{database}?user=postgres");
    passes(programs::java("Questions").arg(url));
}
