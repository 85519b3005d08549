//! `pgparley serve`: reads the settings, starts the server, waits for a signal.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use clap::Args;
use tokio::runtime;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use super::fail;
use crate::config;
use crate::config::Sources;
use crate::server::Server;
use crate::telemetry;

/// Settings may also be given as `PGPARLEY__SECTION__KEY` in the environment.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// An address that clients connect to; may be given several times.
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<String>,
    /// The server for every database name: `postgres://[user[:password]@]host[:port][/dbname]`.
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    /// One setting, such as `nl.enabled=false`; may be given several times.
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    set: Vec<String>,
}

/// Serves until SIGINT or SIGTERM.
pub(super) fn run(arguments: Arguments) -> ExitCode {
    let sources = Sources {
        file: arguments.config,
        set: arguments.set,
        listen: arguments.listen,
        upstream: arguments.upstream,
        ..Sources::from_process()
    };
    let config = match config::load(&sources) {
        Ok(config) => config,
        Err(faults) => {
            // A line for each, as they are: editors and people jump to file:line.
            eprintln!("{faults}");
            return ExitCode::FAILURE;
        }
    };
    telemetry::init(&config.server);
    match Server::start(config) {
        Ok(running) => {
            for address in running.addresses() {
                tracing::info!(%address, "listening");
            }
            if let Err(error) = wait_for_signal() {
                return fail(&error);
            }
            tracing::info!("shutting down: waiting for clients to end what they have open");
            let hurry = running.hurry();
            // Ends with the process at the latest.
            thread::spawn(move || {
                if wait_for_signal().is_ok() {
                    tracing::info!("closing all clients");
                    hurry.now();
                }
            });
            running.shutdown();
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

/// Returns at SIGINT or SIGTERM.
fn wait_for_signal() -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok(())
    })
}
