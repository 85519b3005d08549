//! The drivers that are programs of other languages, each told by `PG…` where to connect.

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::target::Target;

/// Longer than all checks of a driver take on a busy machine: running into it is a failure.
const PATIENCE: Duration = Duration::from_mins(2);

/// What installs every driver.
const INSTALLER: &str = "scripts/install.sh test";

/// Where Debian puts pgjdbc.
const JDBC: &str = "/usr/share/java/postgresql.jar";

/// A file of this project.
pub(crate) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// psycopg 3.
pub(crate) fn psycopg(target: &Target) -> String {
    run_python("psycopg_checks.py", target)
}

/// asyncpg.
pub(crate) fn asyncpg(target: &Target) -> String {
    run_python("asyncpg_checks.py", target)
}

/// psqlODBC, by pyodbc.
pub(crate) fn odbc(target: &Target) -> String {
    let known = Command::new("odbcinst")
        .args(["-q", "-d", "-n", "PostgreSQL Unicode"])
        .output();
    let known = known.is_ok_and(|output| output.status.success());
    assert!(
        known,
        "odbcinst knows no driver of PostgreSQL; {INSTALLER} installs it"
    );
    run_python("odbc_checks.py", target)
}

/// pgjdbc asks for all that it can tell of a database.
pub(crate) fn jdbc_metadata(target: &Target) -> String {
    output(java("Metadata"), target)
}

/// psqlODBC does.
pub(crate) fn odbc_metadata(target: &Target) -> String {
    run_python("odbc_metadata.py", target)
}

/// pgjdbc reads a result in parts.
pub(crate) fn jdbc_limits(target: &Target) -> String {
    output(java("Limits"), target)
}

/// Another driver does.
pub(crate) fn limits(driver: &str, target: &Target) -> String {
    let mut command = python();
    command.arg(file("tests/drivers/python/limits.py"));
    command.arg(driver);
    output(command, target)
}

/// psql, which a program of Python talks to.
pub(crate) fn psql(target: &Target) -> String {
    run_python("psql_checks.py", target)
}

/// pgbench, which a program of Python starts.
pub(crate) fn pgbench(target: &Target) -> String {
    run_python("pgbench_checks.py", target)
}

/// node-postgres.
pub(crate) fn node(target: &Target) -> String {
    installed(
        "tests/drivers/node/package-lock.json",
        "target/node/package-lock.json",
    );
    let mut command = Command::new("node");
    command
        .arg(file("tests/drivers/node/checks.js"))
        .env("NODE_PATH", file("target/node/node_modules"));
    output(command, target)
}

/// pgjdbc.
pub(crate) fn jdbc(target: &Target) -> String {
    let mut command = java("Checks");
    command.arg(file("tests/drivers/checks.txt"));
    output(command, target)
}

/// A class of the programs of pgjdbc.
pub(crate) fn java(class: &str) -> Command {
    let path = format!("{}:{JDBC}", classes().display());
    let mut command = Command::new("java");
    // For a program of seconds the best compiler and collector are the smallest.
    command.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]);
    command.args(["-cp", &path, class]);
    command
}

/// The directory with the programs of pgjdbc, which are compiled once.
fn classes() -> &'static Path {
    static CLASSES: OnceLock<PathBuf> = OnceLock::new();
    CLASSES.get_or_init(|| {
        let there = Path::new(JDBC).exists();
        assert!(there, "{JDBC} is missing; {INSTALLER} installs it");
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("jdbc");
        let sources = fs::read_dir(file("tests/drivers/jdbc")).expect("it is there");
        let sources = sources.map(|entry| entry.expect("it can be read").path());
        let compiled = Command::new("javac")
            .args(["-encoding", "UTF-8", "-cp", JDBC, "-d"])
            .arg(&directory)
            .args(sources)
            .output();
        let compiled =
            compiled.unwrap_or_else(|error| panic!("javac: {error}; {INSTALLER} installs it"));
        let told = String::from_utf8_lossy(&compiled.stderr);
        assert!(compiled.status.success(), "{told}");
        directory
    })
}

/// The Python that has the drivers.
pub(crate) fn python() -> Command {
    installed(
        "tests/drivers/python/requirements.txt",
        "target/venv/requirements.txt",
    );
    Command::new(file("target/venv/bin/python"))
}

fn run_python(script: &str, target: &Target) -> String {
    let mut command = python();
    command.arg(file("tests/drivers/python").join(script));
    output(command, target)
}

/// The installer leaves a copy of each list that it has worked off.
#[track_caller]
fn installed(wanted: &str, done: &str) {
    let read = |path| fs::read(file(path)).ok();
    assert!(
        read(wanted) == read(done),
        "not everything of {wanted} is installed; {INSTALLER} installs it"
    );
}

/// What a program prints that must succeed within [`PATIENCE`].
#[track_caller]
fn output(mut command: Command, target: &Target) -> String {
    let program = command.get_program().display().to_string();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (out, err) = (directory.path().join("out"), directory.path().join("err"));
    let create = |path| File::create(path).expect("a temporary file");
    command
        .stdin(Stdio::null())
        .stdout(create(&out))
        .stderr(create(&err));
    target.tell(&mut command);
    let ended = wait(command);
    let told = |path| fs::read(path).expect("it was created");
    let told = |path| String::from_utf8_lossy(&told(path)).into_owned();
    let (out, err) = (told(&out), told(&err));
    match ended {
        Ok(Some(status)) if status.success() => out,
        Ok(Some(status)) => panic!("{program}: {status}\n{out}\n{err}"),
        Ok(None) => panic!("{program} hangs after\n{out}\n{err}"),
        Err(error) => panic!("{program}: {error}; {INSTALLER} installs it"),
    }
}

/// How a program ended; `None` when it had to be ended.
fn wait(command: Command) -> io::Result<Option<ExitStatus>> {
    runtime().block_on(async {
        let mut command = tokio::process::Command::from(command);
        let mut child = command.kill_on_drop(true).spawn()?;
        timeout(PATIENCE, child.wait()).await.ok().transpose()
    })
}

/// A runtime for one driver.
pub(crate) fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts")
}
