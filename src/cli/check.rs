//! `pgparley check`: says everything that is wrong with the settings, or what they would do to some
//! SQL, and starts nothing.

mod judge;
mod report;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::config;
use crate::config::Sources;

/// Say everything that is wrong with the settings, the environment's included; with --sql also what
/// the policies would do to statements. Fails if any of it is refused.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, such as `nl.enabled=false`; may be given several times.
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    set: Vec<String>,
    /// Statements to judge, each as if it were sent alone; `-` is standard input.
    #[arg(long, value_name = "FILE", requires = "who")]
    sql: Option<PathBuf>,
    /// Who would send them.
    #[arg(long = "as", value_name = "USER@DATABASE")]
    who: Option<judge::Who>,
    /// The `application_name` that they would come with.
    #[arg(long, value_name = "NAME", default_value = "", requires = "sql")]
    application: String,
    /// The database that they would run in, for what is known of its functions and tables:
    /// postgres://USER@HOST:PORT/DATABASE.
    #[arg(long, value_name = "URL", requires = "sql")]
    url: Option<String>,
}

/// Fails if anything is wrong, with a line for each fault on standard error.
pub(super) fn run(arguments: Arguments) -> Result<ExitCode, judge::JudgeError> {
    let sources = Sources {
        file: arguments.config,
        set: arguments.set,
        ..Sources::from_process()
    };
    let config = match config::load(&sources) {
        Ok(config) => config,
        Err(faults) => {
            eprintln!("{faults}");
            return Ok(ExitCode::FAILURE);
        }
    };
    let (Some(file), Some(who)) = (arguments.sql, arguments.who) else {
        return Ok(ExitCode::SUCCESS);
    };
    let judged = judge::judge(
        &config.policies,
        &judge::Sent {
            file,
            who,
            application: arguments.application,
            url: arguments.url,
        },
    )?;
    report::print(&judged, &mut io::stdout().lock())?;
    Ok(if judged.is_refused() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
