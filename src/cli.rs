//! The command line: arguments, parts, run.

pub mod demo;
mod serve;

use std::process::ExitCode;

use clap::Parser;
use clap::Subcommand;

/// A PostgreSQL proxy that can be talked to in plain language.
#[derive(Debug, Parser)]
#[command(name = "pgparley", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve PostgreSQL clients until told to stop.
    Serve(serve::Arguments),
}

/// Runs what the process's arguments ask for.
pub fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Serve(arguments) => serve::run(arguments),
    }
}
