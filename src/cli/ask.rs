//! `pgparley ask`: puts one question to a running pgparley, as any client would.

use std::fmt;
use std::io;
use std::io::Write;
use std::process::ExitCode;
use std::str::FromStr;

use clap::Args;
use comfy_table::Cell;
use comfy_table::CellAlignment;
use comfy_table::Table;
use comfy_table::presets;
use futures::future;
use tokio::runtime;
use tokio_postgres::AsyncMessage;
use tokio_postgres::Client;
use tokio_postgres::Connection;
use tokio_postgres::NoTls;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::DbError;
use tokio_postgres::tls::NoTlsStream;

/// Ask one question and print its rows; the SQL goes to standard error.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The pgparley to ask: postgres://USER@HOST:PORT/DATABASE.
    #[arg(long, value_name = "URL")]
    url: String,
    /// Print the SQL instead of running it.
    #[arg(long)]
    sql: bool,
    /// The question, in plain language.
    question: String,
}

/// Why there are no rows.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    /// The URL was not understood.
    #[error("cannot understand the URL")]
    Url(#[source] tokio_postgres::Error),
    /// pgparley or the server behind it did not let us in.
    #[error("cannot connect")]
    Connect(#[source] tokio_postgres::Error),
    /// The question got no answer.
    #[error("{0}")]
    Refused(Refusal),
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] tokio_postgres::Error),
    /// Standard output or the runtime failed.
    #[error("input or output failed")]
    Io(#[from] io::Error),
}

/// An error of the server, as psql shows it.
#[derive(Debug)]
pub(super) struct Refusal(Box<DbError>);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.code().code(), self.0.message())?;
        for (name, text) in [("detail", self.0.detail()), ("hint", self.0.hint())] {
            if let Some(text) = text {
                write!(f, "\n{name}: {text}")?;
            }
        }
        Ok(())
    }
}

/// Asks and prints.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, AskError> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let messages = runtime.block_on(ask(arguments))?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", table(&messages))?;
    Ok(ExitCode::SUCCESS)
}

async fn ask(arguments: &Arguments) -> Result<Vec<SimpleQueryMessage>, AskError> {
    let config = tokio_postgres::Config::from_str(&arguments.url).map_err(AskError::Url)?;
    let (client, connection) = config.connect(NoTls).await.map_err(AskError::Connect)?;
    let verb = if arguments.sql { "nl sql" } else { "nl" };
    // The plain spelling takes any text to its end; in a comment `*/` would end it.
    let query = format!("{verb}: {}", arguments.question);
    // The connection ends only when its client is dropped.
    match future::select(
        Box::pin(answer(client, &query)),
        Box::pin(notices(connection)),
    )
    .await
    {
        future::Either::Left((answer, _)) => answer,
        future::Either::Right((broken, answer)) => match broken {
            Ok(()) => answer.await,
            Err(error) => Err(AskError::Broken(error)),
        },
    }
}

async fn answer(client: Client, query: &str) -> Result<Vec<SimpleQueryMessage>, AskError> {
    client
        .simple_query(query)
        .await
        .map_err(|error| match error.as_db_error() {
            Some(refusal) => AskError::Refused(Refusal(Box::new(refusal.clone()))),
            None => AskError::Broken(error),
        })
}

/// Moves the connection's messages, and shows what is said beside the rows.
async fn notices(
    mut connection: Connection<tokio_postgres::Socket, NoTlsStream>,
) -> Result<(), tokio_postgres::Error> {
    while let Some(message) = future::poll_fn(|cx| connection.poll_message(cx)).await {
        if let AsyncMessage::Notice(notice) = message? {
            eprintln!("{}: {}", notice.severity(), notice.message());
            if let Some(detail) = notice.detail() {
                eprintln!("DETAIL: {detail}");
            }
        }
    }
    Ok(())
}

fn table(messages: &[SimpleQueryMessage]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    for message in messages {
        match message {
            SimpleQueryMessage::RowDescription(columns) => {
                table.set_header(columns.iter().map(tokio_postgres::SimpleColumn::name));
            }
            SimpleQueryMessage::Row(row) => {
                table.add_row((0..row.len()).map(|column| cell(row.get(column))));
            }
            _ => {}
        }
    }
    table
}

/// Numbers stand to the right, as in psql; NULL is empty.
fn cell(value: Option<&str>) -> Cell {
    let text = value.unwrap_or_default();
    let cell = Cell::new(text);
    if text.parse::<f64>().is_ok() {
        cell.set_alignment(CellAlignment::Right)
    } else {
        cell
    }
}
