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
const PATIENCE: Duration = Duration::from_mins(3);

/// Where Debian puts pgjdbc.
pub(crate) const JDBC_JAR: &str = "/usr/share/java/postgresql.jar";

/// A file of this project.
pub(crate) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What every driver needs but the compiler does not bring.
#[track_caller]
pub(crate) fn installed(path: &Path) {
    assert!(
        path.exists(),
        "{} is missing; scripts/install.sh test installs it",
        path.display()
    );
}

/// psycopg 3.
pub(crate) fn psycopg(target: &Target) -> String {
    python("tests/drivers/psycopg_checks.py", target)
}

/// asyncpg.
pub(crate) fn asyncpg(target: &Target) -> String {
    python("tests/drivers/asyncpg_checks.py", target)
}

/// psqlODBC, by pyodbc.
pub(crate) fn odbc(target: &Target) -> String {
    python("tests/drivers/odbc_checks.py", target)
}

/// psql, which a program of Python talks to.
pub(crate) fn psql(target: &Target) -> String {
    python("tests/drivers/psql_checks.py", target)
}

/// pgbench, which a program of Python starts.
pub(crate) fn pgbench(target: &Target) -> String {
    python("tests/drivers/pgbench_checks.py", target)
}

/// node-postgres.
pub(crate) fn node(target: &Target) -> String {
    let modules = file("target/node/node_modules");
    installed(&modules);
    let mut command = Command::new("node");
    command
        .arg(file("tests/drivers/node_checks.js"))
        .env("NODE_PATH", modules);
    output(command, target)
}

/// pgjdbc.
pub(crate) fn jdbc(target: &Target) -> String {
    installed(Path::new(JDBC_JAR));
    let classes = classes().display();
    let mut command = Command::new("java");
    command
        .arg("-cp")
        .arg(format!("{classes}:{JDBC_JAR}"))
        .arg("Checks")
        .arg(file("tests/drivers/checks.txt"));
    output(command, target)
}

/// The directory with the program of pgjdbc, which is compiled once.
fn classes() -> &'static Path {
    static CLASSES: OnceLock<PathBuf> = OnceLock::new();
    CLASSES.get_or_init(|| {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("jdbc");
        let sources = fs::read_dir(file("tests/drivers/jdbc")).expect("it is there");
        let sources = sources.map(|entry| entry.expect("it can be read").path());
        let compiled = Command::new("javac")
            .args(["-encoding", "UTF-8", "-cp", JDBC_JAR, "-d"])
            .arg(&directory)
            .args(sources)
            .output();
        let compiled = compiled
            .unwrap_or_else(|error| panic!("javac: {error}; scripts/install.sh test installs it"));
        let told = String::from_utf8_lossy(&compiled.stderr);
        assert!(compiled.status.success(), "{told}");
        directory
    })
}

fn python(script: &str, target: &Target) -> String {
    let mut command = Command::new(file("target/venv/bin/python"));
    command.arg(file(script));
    output(command, target)
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
        Err(error) => panic!("{program}: {error}; scripts/install.sh test installs it"),
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
