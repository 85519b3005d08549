//! A throwaway PostgreSQL: private directory, free port of loopback, gone when dropped.
//!
//! The demo and every integration test use it. Whatever ends this process, a Ctrl-C, a panic or
//! a SIGKILL, no server and no file stays behind: the janitor sees to that.

mod directory;
mod install;
mod options;
mod postmaster;

use std::ffi::OsStr;
use std::io;
use std::io::Write;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

pub use options::Auth;
pub use options::Options;
pub use postmaster::Shutdown;

use directory::Directory;
use install::Install;
use postmaster::Postmaster;
use postmaster::StartError;

/// Ports tried before giving up; each is free when it is chosen, so one is nearly always enough.
const PORT_ATTEMPTS: usize = 20;

/// Why there is no cluster.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No PostgreSQL server programs on this machine.
    #[error("found no PostgreSQL server (looked for initdb and postgres)")]
    NotInstalled,
    /// A program could not be started, or a file not written.
    #[error("{what}")]
    Io {
        /// What was being done.
        what: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// `initdb`, `psql` or another client program failed; its own words are in `output`.
    #[error("{program} failed: {output}")]
    Program {
        /// The program's name.
        program: &'static str,
        /// Its standard error, trimmed.
        output: String,
    },
    /// `postgres` ended before it accepted connections.
    #[error("postgres did not start: {log}")]
    NotStarted {
        /// The last lines of its log.
        log: String,
    },
    /// No port could be had.
    #[error("no free port on 127.0.0.1 after {PORT_ATTEMPTS} attempts")]
    NoPort,
}

impl ClusterError {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// A running PostgreSQL of our own.
#[derive(Debug)]
pub struct Cluster {
    install: Install,
    options: Options,
    port: u16,
    // Dropped in this order: the server stops before its directory goes.
    postmaster: Mutex<Option<Postmaster>>,
    directory: Directory,
}

impl Cluster {
    /// Creates the cluster and returns when it accepts connections.
    pub fn start(options: Options) -> Result<Self, ClusterError> {
        let install = Install::find()?;
        let directory = Directory::create(install.account.as_ref())?;
        initdb(&install, &directory, &options)?;
        let (port, postmaster) = start_on_a_free_port(&install, &directory, &options)?;
        Ok(Self {
            install,
            options,
            port,
            postmaster: Mutex::new(Some(postmaster)),
            directory,
        })
    }

    /// The TCP port on 127.0.0.1; it stays the same over [`restart`](Self::restart).
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The TCP address.
    pub fn addr(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// The superuser's name.
    pub fn superuser(&self) -> &str {
        &self.options.superuser
    }

    /// `postgres://user@127.0.0.1:port/database`, without a password.
    pub fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    /// The directory of the Unix socket, where every user is trusted whatever [`Auth`] says.
    pub fn socket_dir(&self) -> &Path {
        self.directory.path()
    }

    /// A client or server program of this installation, for instance `psql` or `pgbench`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.install.bin.join(name)
    }

    /// The server's latest log lines, oldest first, at most 10,000.
    pub fn log(&self) -> Vec<String> {
        self.locked()
            .as_ref()
            .map(Postmaster::log)
            .unwrap_or_default()
    }

    /// Runs an SQL script by psql as superuser over the socket; stops at the first error.
    ///
    /// Returns what psql prints unaligned and without headers.
    pub fn run_sql(&self, database: &str, sql: &str) -> Result<String, ClusterError> {
        self.run_sql_as(self.superuser(), database, sql)
    }

    /// The same as `user`, whom the socket trusts.
    pub fn run_sql_as(
        &self,
        user: &str,
        database: &str,
        sql: &str,
    ) -> Result<String, ClusterError> {
        let mut command = Command::new(self.program("psql"));
        command
            .args([
                "--no-psqlrc",
                "--quiet",
                "--no-align",
                "--tuples-only",
                "--file=-",
            ])
            .args(["--set=ON_ERROR_STOP=1", "--username", user])
            .args(["--port", &self.port.to_string(), "--dbname", database])
            .arg("--host")
            .arg(self.socket_dir());
        run("psql", clean_environment(&mut command), sql)
    }

    /// Creates an empty database.
    pub fn create_database(&self, name: &str) -> Result<(), ClusterError> {
        let name = name.replace('"', "\"\"");
        self.run_sql("postgres", &format!("CREATE DATABASE \"{name}\""))
            .map(drop)
    }

    /// Stops the server and keeps its data; does nothing when it is stopped.
    pub fn stop(&self, how: Shutdown) -> Result<(), ClusterError> {
        let Some(postmaster) = self.locked().take() else {
            return Ok(());
        };
        postmaster
            .stop(how)
            .map_err(ClusterError::io("could not stop postgres"))
    }

    /// Stops the server if it runs and starts it again on the same port.
    pub fn restart(&self, how: Shutdown) -> Result<(), ClusterError> {
        self.stop(how)?;
        let command = server_command(&self.install, &self.directory, &self.options, self.port);
        let postmaster = Postmaster::start(command).map_err(|error| match error {
            StartError::PortTaken => ClusterError::NoPort,
            StartError::Other(error) => error,
        })?;
        *self.locked() = Some(postmaster);
        Ok(())
    }

    fn locked(&self) -> MutexGuard<'_, Option<Postmaster>> {
        self.postmaster
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn initdb(install: &Install, directory: &Directory, options: &Options) -> Result<(), ClusterError> {
    let mut command = install.command("initdb");
    command
        .args([
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
        ])
        .args([
            "--auth-local=trust",
            &format!("--auth-host={}", options.auth.as_hba()),
        ])
        .args(["--username", &options.superuser])
        .arg("--pgdata")
        .arg(directory.data());
    if let Some(password) = &options.password {
        let file = directory.write("password", password)?;
        command.arg("--pwfile").arg(file);
    }
    run("initdb", clean_environment(&mut command), "")?;
    directory.prepend("data/pg_hba.conf", &options.hba_lines)
}

fn start_on_a_free_port(
    install: &Install,
    directory: &Directory,
    options: &Options,
) -> Result<(u16, Postmaster), ClusterError> {
    for _ in 0..PORT_ATTEMPTS {
        let port = install::free_port()?;
        match Postmaster::start(server_command(install, directory, options, port)) {
            Ok(postmaster) => return Ok((port, postmaster)),
            // Someone else took it since: the next one.
            Err(StartError::PortTaken) => {}
            Err(StartError::Other(error)) => return Err(error),
        }
    }
    Err(ClusterError::NoPort)
}

fn server_command(
    install: &Install,
    directory: &Directory,
    options: &Options,
    port: u16,
) -> Command {
    let mut command = install.command("postgres");
    let socket_dir = directory.path().display();
    let fixed = [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        format!("unix_socket_directories={socket_dir}"),
        // The data is thrown away, so a crash may as well lose it.
        "fsync=off".to_owned(),
        "synchronous_commit=off".to_owned(),
        "full_page_writes=off".to_owned(),
        // `Postmaster` reads these lines.
        "lc_messages=C".to_owned(),
        "log_destination=stderr".to_owned(),
        "logging_collector=off".to_owned(),
        "timezone=UTC".to_owned(),
        "log_timezone=UTC".to_owned(),
    ];
    let chosen = options
        .settings
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    for setting in fixed.into_iter().chain(chosen) {
        command.args(["-c", &setting]);
    }
    command.arg("-D").arg(directory.data());
    clean_environment(&mut command);
    command
}

/// Keeps `PGHOST`, `PGOPTIONS`, `LC_ALL` and their like from reaching the programs.
fn clean_environment(command: &mut Command) -> &mut Command {
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LC_ALL", "C")
}

/// Runs a program to its end with `input` on its standard input; its output on success.
fn run(program: &'static str, command: &mut Command, input: &str) -> Result<String, ClusterError> {
    let output = feed(command, input.as_bytes())
        .map_err(ClusterError::io(format!("could not run {program}")))?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(ClusterError::Program { program, output });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn feed(command: &mut Command, input: &[u8]) -> io::Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().expect("stdin is piped");
    std::thread::scope(|scope| {
        // A program that ends early closes the pipe; its exit status tells why.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output()
    })
}

/// Output of a program found on PATH, trimmed; `None` when it is missing or fails.
fn output_of<S: AsRef<OsStr>>(program: &str, args: &[S]) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}
