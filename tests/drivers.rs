//! Real drivers against pgparley; one that is not installed fails its test.

#[path = "drivers/checks.rs"]
mod checks;
#[path = "drivers/programs.rs"]
mod programs;
#[path = "drivers/rust.rs"]
mod rust;
pub mod support;
#[path = "drivers/target.rs"]
mod target;

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use pgparley::cli::demo::front;
use pgparley::cli::demo::shop;
use pgparley::server::Running;
use pgparley::server::Server;

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

/// A file of this project.
fn file(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Runs a driver's program, which asserts for itself; its output is in the panic.
fn passes(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| {
        panic!(
            "{}: {error}; scripts/install.sh test installs it",
            command.get_program().display()
        )
    });
    let (out, err) = (&output.stdout, &output.stderr);
    let told = [out.as_slice(), err.as_slice()].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&told)
    );
}

fn python(script: &str, target: &str) {
    passes(
        Command::new(file("target/venv/bin/python"))
            .arg(file(script))
            .arg(target),
    );
}

fn psycopg(script: &str) {
    let (host, port, database) = asked();
    let target = format!("host={host} port={port} user=postgres dbname={database}");
    python(script, &target);
}

fn asyncpg(script: &str) {
    let (host, port, database) = asked();
    let target = format!("postgres://postgres@{host}:{port}/{database}");
    python(script, &target);
}

fn jdbc(program: &str) {
    let (host, port, database) = asked();
    let driver = "/usr/share/java/postgresql.jar";
    assert!(
        Path::new(driver).exists(),
        "{driver}: scripts/install.sh test installs it"
    );
    let url = format!("jdbc:postgresql://{host}:{port}/{database}?user=postgres");
    passes(
        Command::new("java")
            .args(["-cp", driver])
            .arg(file(program))
            .arg(url),
    );
}

#[test]
fn psycopg_gets_rows() {
    psycopg("tests/drivers/psycopg_driver.py");
}

#[test]
fn psycopg_speaks_sql() {
    psycopg("tests/drivers/psycopg_sql.py");
}

#[test]
fn asyncpg_gets_rows() {
    asyncpg("tests/drivers/asyncpg_driver.py");
}

#[test]
fn asyncpg_speaks_sql() {
    asyncpg("tests/drivers/asyncpg_sql.py");
}

#[test]
fn jdbc_gets_rows() {
    jdbc("tests/drivers/JdbcDriver.java");
}

#[test]
fn jdbc_speaks_sql() {
    jdbc("tests/drivers/JdbcSql.java");
}

/// The checks of every driver in one pool mode.
macro_rules! as_directly_in {
    ($mode_name:ident, $mode:expr) => {
        mod $mode_name {
            as_directly_in! { $mode =>
                psql => programs::psql,
                pgbench => programs::pgbench,
                psycopg => programs::psycopg,
                asyncpg => programs::asyncpg,
                node_postgres => programs::node,
                jdbc => programs::jdbc,
                odbc => programs::odbc,
                tokio_postgres => rust::tokio_postgres::run,
                sqlx => rust::sqlx::run,
            }
        }
    };
    ($mode:expr => $($driver:ident => $run:path,)*) => {
        use crate::*;

        $(
            #[test]
            fn $driver() {
                let driver = checks::Driver { name: stringify!($driver), run: $run };
                checks::same_as_direct(driver, $mode);
            }
        )*
    };
}

as_directly_in!(session_mode, target::SESSION);
