//! The command line: arguments, parts, run.

mod ask;
mod check;
pub mod demo;
mod eval;
mod serve;

use std::error::Error;
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
    Demo(demo::DemoArgs),
    Ask(ask::Arguments),
    Check(check::Arguments),
    Eval(eval::Arguments),
}

/// Runs what the process's arguments ask for.
pub fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Check(arguments) => check::run(arguments).unwrap_or_else(|error| fail(&error)),
        Command::Eval(arguments) => eval::run(&arguments).unwrap_or_else(|error| fail(&error)),
        Command::Ask(arguments) => ask::run(&arguments).unwrap_or_else(|error| fail(&error)),
        Command::Demo(arguments) => demo::run(&arguments).unwrap_or_else(|error| fail(&error)),
    }
}

/// Says on standard error why there is nothing to run, with every cause.
fn fail(error: &dyn Error) -> ExitCode {
    eprintln!("pgparley: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
    ExitCode::FAILURE
}
