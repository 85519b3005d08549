//! `pgparley eval`: puts a file of questions to a pgparley and tells how many it gets right.
//!
//! A client on the wire like any other. Where the URL leads to a PostgreSQL server, a pgparley of
//! its own is put in front of it for as long as it runs.

mod asked;
mod file;
mod report;
mod rows;
mod target;

use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use futures::StreamExt;
use futures::stream;
use indicatif::ProgressBar;
use indicatif::ProgressStyle;
use tokio::runtime;

use asked::Outcome;
use asked::Stage;
use file::Question;
use target::Target;
use target::Wanted;

/// Judge a translator on questions whose answers are known.
///
/// A line of the file is a JSON object: `id`, `db`, `question`, `gold_sql`,
/// `gold_sql_alternatives`, `gold_tables`, `gold_tables_any`, `ordered`, `executable`, `expect`
/// ("abstain"); all but `id` and `question` may be missing.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A PostgreSQL server, or a pgparley: `postgres://USER[:PASSWORD]@HOST:PORT/DATABASE`. A
    /// question's db takes the place of DATABASE.
    #[arg(long, value_name = "URL")]
    url: String,
    /// The questions.
    #[arg(long, value_name = "FILE")]
    questions: PathBuf,
    /// How far to take each question.
    #[arg(long, value_enum, default_value_t = Stage::Run)]
    stage: Stage,
    /// "builtin", or the NAME of an [llm.NAME] of --config.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// The configuration whose [nl] and [llm] hold, where the URL is that of a PostgreSQL server.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write what became of each question, a line of JSON each.
    #[arg(long, value_name = "OUT")]
    json: Option<PathBuf>,
    /// Members of the questions that make the groups of the figures.
    #[arg(
        long,
        value_name = "MEMBER,…",
        value_delimiter = ',',
        default_value = "db"
    )]
    by: Vec<String>,
    /// Questions asked at the same time.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    jobs: u16,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub(super) enum EvalError {
    /// The questions cannot be read.
    #[error(transparent)]
    File(#[from] file::Error),
    /// Nobody can be asked.
    #[error(transparent)]
    Target(#[from] target::Error),
    /// Asking broke off.
    #[error(transparent)]
    Asked(#[from] asked::Error),
    /// The results cannot be written, or the runtime failed.
    #[error("input or output failed")]
    Io(#[from] io::Error),
}

/// Asks everything and prints the figures.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, EvalError> {
    let questions = file::read(&arguments.questions)?;
    // Before anything is asked: hours later would be late for a path that cannot be written.
    let mut lines = arguments
        .json
        .as_ref()
        .map(File::create)
        .transpose()?
        .map(BufWriter::new);
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let wanted = Wanted {
        config: arguments.config.clone(),
        model: arguments.model.clone(),
    };
    let database = questions[0].db.as_deref();
    let target = Target::find(&arguments.url, database, wanted, &runtime)?;
    let results = runtime.block_on(ask_all(&target, questions, arguments))?;
    if let Some(out) = &mut lines {
        for (question, outcome) in &results {
            report::line(out, question, outcome)?;
        }
        out.flush()?;
    }
    let table = report::table(&results, &arguments.by, arguments.stage);
    writeln!(io::stdout().lock(), "{table}")?;
    Ok(ExitCode::SUCCESS)
}

/// In the order of the file.
async fn ask_all(
    target: &Target,
    questions: Vec<Question>,
    arguments: &Arguments,
) -> Result<Vec<(Question, Outcome)>, EvalError> {
    let progress = progress(questions.len());
    let asking = questions.into_iter().map(async |question| {
        let outcome = asked::ask(target, &question, arguments.stage).await?;
        Ok::<_, EvalError>((question, outcome))
    });
    let mut asking = stream::iter(asking).buffered(usize::from(arguments.jobs));
    let mut results = Vec::new();
    while let Some(result) = asking.next().await {
        results.push(result?);
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(results)
}

/// On standard error, and only where that is a terminal.
fn progress(questions: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} questions, {eta} left");
    let bar = ProgressBar::new(questions as u64);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
