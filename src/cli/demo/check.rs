//! Asks questions as clients ask them and compares the answers with hand-written SQL.

use std::error::Error;
use std::time::Duration;
use std::time::Instant;

use tokio_postgres::Client;
use tokio_postgres::NoTls;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::types::FromSql;
use tokio_postgres::types::Type;

use super::compare::Row;
use super::compare::difference;
use super::questions::Order;
use super::questions::Question;

/// How a question is put to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// `/* nl: … */;`, as it is typed in psql.
    Block,
    /// `-- nl: …`, as `psql -c` sends it.
    Line,
    /// A named prepared statement of the extended protocol, results in binary.
    Prepared,
    /// `SELECT count(*) FROM (/* nl: … */) t`.
    Wrapped,
}

impl Spelling {
    const ALL: [Self; 4] = [Self::Block, Self::Line, Self::Prepared, Self::Wrapped];

    fn statement(self, question: &str) -> String {
        match self {
            Self::Block => format!("/* nl: {question} */;"),
            Self::Line => format!("-- nl: {question}"),
            Self::Prepared => format!("/* nl: {question} */"),
            Self::Wrapped => format!("SELECT count(*) FROM (/* nl: {question} */) t"),
        }
    }

    fn gold(self, gold: &str) -> String {
        match self {
            Self::Wrapped => format!("SELECT count(*) FROM ({gold}) t"),
            Self::Block | Self::Line | Self::Prepared => gold.to_owned(),
        }
    }
}

/// What came of one question.
#[derive(Debug)]
pub struct Outcome {
    /// The statement as it was sent.
    pub statement: String,
    /// What is wrong with the answer; `None` when it is right.
    pub fault: Option<String>,
    /// From sending the question to the last row.
    pub took: Duration,
}

/// Where the two sides of the comparison are.
#[derive(Debug, Clone)]
pub struct Sides {
    /// Through pgparley.
    pub asked: tokio_postgres::Config,
    /// The server itself.
    pub direct: tokio_postgres::Config,
}

/// Asks every question as psql does, and the first one in every other spelling as well.
pub async fn check(
    sides: &Sides,
    questions: &[Question],
) -> Result<Vec<Outcome>, tokio_postgres::Error> {
    let asked = connect(&sides.asked).await?;
    let direct = connect(&sides.direct).await?;
    let mut outcomes = Vec::new();
    for (place, question) in questions.iter().enumerate() {
        let spellings: &[Spelling] = if place == 0 {
            &Spelling::ALL
        } else {
            &[Spelling::Block]
        };
        for spelling in spellings {
            outcomes.push(compare(&asked, &direct, question, *spelling).await?);
        }
    }
    Ok(outcomes)
}

/// Fails only when the hand-written SQL does.
async fn compare(
    asked: &Client,
    direct: &Client,
    question: &Question,
    spelling: Spelling,
) -> Result<Outcome, tokio_postgres::Error> {
    let statement = spelling.statement(&question.text);
    let gold = rows(direct, &spelling.gold(&question.gold), spelling).await?;
    let start = Instant::now();
    let answer = rows(asked, &statement, spelling).await;
    let took = start.elapsed();
    let order = if spelling == Spelling::Wrapped {
        Order::Any
    } else {
        question.order
    };
    let fault = match answer {
        Ok(answer) => difference(&answer, &gold, order),
        Err(error) => Some(told(&error)),
    };
    Ok(Outcome {
        statement,
        fault,
        took,
    })
}

async fn connect(config: &tokio_postgres::Config) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    // It ends with the client; an error of its own reaches the client's next call.
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

async fn rows(
    client: &Client,
    sql: &str,
    spelling: Spelling,
) -> Result<Vec<Row>, tokio_postgres::Error> {
    if spelling == Spelling::Prepared {
        let statement = client.prepare(sql).await?;
        let rows = client.query(&statement, &[]).await?;
        return Ok(rows.iter().map(binary_row).collect());
    }
    let messages = client.simple_query(sql).await?;
    Ok(messages.iter().filter_map(text_row).collect())
}

fn text_row(message: &SimpleQueryMessage) -> Option<Row> {
    let SimpleQueryMessage::Row(row) = message else {
        return None;
    };
    Some(
        (0..row.len())
            .map(|column| row.get(column).map(|text| text.as_bytes().to_vec()))
            .collect(),
    )
}

fn binary_row(row: &tokio_postgres::Row) -> Row {
    (0..row.len())
        .map(|column| row.get::<_, Option<Raw>>(column).map(|raw| raw.0))
        .collect()
}

/// A value of any type as it came over the wire.
struct Raw(Vec<u8>);

impl<'a> FromSql<'a> for Raw {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The server's words with its SQLSTATE; the driver's own when it was not the server.
fn told(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("{}: {}", error.code().code(), error.message()),
        None => error.to_string(),
    }
}
