//! `pgparley check`: says everything that is wrong with the settings and starts nothing.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::config;
use crate::config::Sources;

/// Say everything that is wrong with the settings, the environment's included.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, such as `nl.enabled=false`; may be given several times.
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    set: Vec<String>,
}

/// Fails if anything is wrong, with a line for each fault on standard error.
pub(super) fn run(arguments: Arguments) -> ExitCode {
    let sources = Sources {
        file: arguments.config,
        set: arguments.set,
        ..Sources::from_process()
    };
    match config::load(&sources) {
        Ok(_) => ExitCode::SUCCESS,
        Err(faults) => {
            eprintln!("{faults}");
            ExitCode::FAILURE
        }
    }
}
