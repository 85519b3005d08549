//! One question at one stage: what came back, and whether that is right.

use std::time::Duration;
use std::time::Instant;

use clap::ValueEnum;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::SimpleQueryRow;
use tokio_postgres::error::DbError;

use super::file::Question;
use super::rows::Rows;
use super::target;
use super::target::Conversation;
use super::target::Target;

/// How far a question is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Stage {
    /// The tables it is about; no translator is asked.
    Retrieve,
    /// What a model would be told; none is asked.
    Prompt,
    /// Its SQL.
    Translate,
    /// Its rows, compared with those of the gold SQL.
    Run,
}

impl Stage {
    /// The words before a question.
    fn verb(self) -> &'static str {
        match self {
            Self::Retrieve => "nl tables",
            Self::Prompt => "nl prompt",
            Self::Translate => "nl sql",
            Self::Run => "nl",
        }
    }
}

/// What became of one question.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// How long it took.
    pub(super) took: Duration,
    /// The rank by which the tables of gold are all there; `None` where they never are.
    pub(super) found: Option<usize>,
    /// Tokens of the prompt, by our own estimate.
    pub(super) prompt: Option<u64>,
    /// The SQL.
    pub(super) sql: Option<String>,
    /// Its rows are those of gold; `None` where that cannot be told.
    pub(super) right: Option<bool>,
    /// Why it is not right, or cannot be told.
    pub(super) why: Option<String>,
    /// The error instead of an answer.
    pub(super) refusal: Option<Refusal>,
    /// Tokens and cost by the provider's count.
    pub(super) spent: Spent,
}

/// An error of pgparley's or the server's.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) sqlstate: String,
    pub(super) message: String,
}

/// The SQLSTATE of the warning that not all rows were delivered.
const CUT: &str = "01R01";

/// What a notice tells of the calls of a model.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Spent {
    pub(super) prompt: u64,
    pub(super) completion: u64,
    pub(super) cost: Option<f64>,
}

impl Refusal {
    fn of(error: &DbError) -> Self {
        Self {
            sqlstate: error.code().code().to_owned(),
            message: error.message().to_owned(),
        }
    }

    /// The question was understood to have no answer, or not understood; anything else is trouble.
    pub(super) fn is_deliberate(&self) -> bool {
        matches!(self.sqlstate.as_str(), "PGN01" | "PGN02" | "PGN03")
    }
}

/// Why the evaluation cannot go on.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum Error {
    /// Nobody could be asked.
    #[error(transparent)]
    Target(#[from] target::Error),
    /// The connection broke.
    #[error("the connection broke at question {id}")]
    Broken {
        id: String,
        #[source]
        source: tokio_postgres::Error,
    },
}

/// Puts `question` to `target`.
pub(super) async fn ask(
    target: &Target,
    question: &Question,
    stage: Stage,
) -> Result<Outcome, Error> {
    let mut conversation = target.connect(question.db.as_deref()).await?;
    let broken = |source| Error::Broken {
        id: question.id.clone(),
        source,
    };
    let text = format!("{}: {}", stage.verb(), question.text);
    let started = Instant::now();
    let answer = conversation.client.simple_query(&text).await;
    let mut outcome = Outcome {
        took: started.elapsed(),
        ..Outcome::default()
    };
    let messages = match answer {
        Ok(messages) => messages,
        Err(error) => {
            let refusal = error.as_db_error().map(Refusal::of);
            let Some(refusal) = refusal else {
                return Err(broken(error));
            };
            outcome.right = question.gold_sql.is_some().then_some(false);
            outcome.refusal = Some(refusal);
            return Ok(outcome);
        }
    };
    outcome.take_notices(&mut conversation);
    match stage {
        Stage::Retrieve => outcome.found = found(question, &messages),
        Stage::Prompt => {
            let tokens = rows(&messages).filter_map(|row| row.get("tokens")?.parse::<u64>().ok());
            outcome.prompt = Some(tokens.sum());
        }
        Stage::Translate => {
            let shown = rows(&messages).next();
            outcome.sql = shown.and_then(|row| Some(row.get(0)?.to_owned()));
        }
        Stage::Run => {
            outcome
                .compare(&conversation, question, &Rows::of(&messages))
                .await
                .map_err(broken)?;
        }
    }
    Ok(outcome)
}

impl Outcome {
    /// The notice of an answer is its SQL; the detail tells the rest.
    fn take_notices(&mut self, conversation: &mut Conversation) {
        for notice in conversation.notices() {
            let detail = notice.detail().unwrap_or_default();
            if notice.code().code() == CUT {
                self.why = Some(notice.message().to_owned());
            } else if detail.starts_with("Translated by ") {
                self.sql.get_or_insert_with(|| notice.message().to_owned());
                self.spent = spent(detail);
            }
        }
    }

    async fn compare(
        &mut self,
        conversation: &Conversation,
        question: &Question,
        rows: &Rows,
    ) -> Result<(), tokio_postgres::Error> {
        let is_cut = self.why.is_some();
        if is_cut || !question.executable {
            return Ok(());
        }
        for (number, gold) in question.gold().enumerate() {
            match run_gold(conversation, gold).await {
                Ok(expected) if rows.equal(&expected, question.ordered) => {
                    self.right = Some(true);
                    return Ok(());
                }
                Ok(expected) if number == 0 => {
                    self.right = Some(false);
                    let told = format!("{} rows, gold has {}", rows.len(), expected.len());
                    self.why = Some(told);
                }
                Ok(_) => {}
                Err(error) => match error.as_db_error() {
                    Some(told) if number == 0 => {
                        self.why = Some(format!("gold cannot be run: {}", told.message()));
                    }
                    Some(_) => {}
                    None => return Err(error),
                },
            }
        }
        Ok(())
    }
}

/// The rows of gold. It comes from a file, so it may only read, and not for ever.
async fn run_gold(conversation: &Conversation, gold: &str) -> Result<Rows, tokio_postgres::Error> {
    let client = &conversation.client;
    client
        .batch_execute("BEGIN READ ONLY; SET LOCAL statement_timeout = '60s'")
        .await?;
    let answer = client.simple_query(gold).await;
    client.batch_execute("ROLLBACK").await?;
    answer.map(|messages| Rows::of(&messages))
}

fn rows(messages: &[SimpleQueryMessage]) -> impl Iterator<Item = &SimpleQueryRow> {
    messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    })
}

/// The rank by which one of the sets of gold tables is complete.
fn found(question: &Question, messages: &[SimpleQueryMessage]) -> Option<usize> {
    let ranked: Vec<(String, String)> = rows(messages)
        .filter_map(|row| {
            let name = |column| Some(row.get::<&str>(column)?.to_lowercase());
            Some((name("table_schema")?, name("table_name")?))
        })
        .collect();
    let rank = |gold: &String| {
        let gold = gold.to_lowercase();
        let is_it = |(schema, name): &(String, String)| {
            gold == *name
                || gold
                    .strip_suffix(name)
                    .is_some_and(|rest| rest == format!("{schema}."))
        };
        ranked.iter().position(is_it).map(|at| at + 1)
    };
    let complete = question.gold_sets().filter_map(|set| {
        set.iter()
            .map(rank)
            .try_fold(0, |last, rank| Some(last.max(rank?)))
    });
    complete.min()
}

/// `Translated by MODEL: 812 + 64 tokens, cost 0.000123.` and more lines.
fn spent(detail: &str) -> Spent {
    let line = detail
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches('.');
    let Some((_, told)) = line.rsplit_once(": ") else {
        return Spent::default();
    };
    let mut parts = told.split(", cost ");
    let tokens = parts
        .next()
        .and_then(|tokens| tokens.strip_suffix(" tokens"));
    let Some((prompt, completion)) = tokens.and_then(|tokens| tokens.split_once(" + ")) else {
        return Spent::default();
    };
    Spent {
        prompt: prompt.parse().unwrap_or(0),
        completion: completion.parse().unwrap_or(0),
        cost: parts.next().and_then(|cost| cost.parse().ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::Spent;
    use super::spent;
    use crate::nl;

    #[test]
    fn the_notice_of_an_answer_tells_what_was_spent() {
        let told = nl::Spent {
            prompt_tokens: 812,
            completion_tokens: 64,
            cost: Some(0.000_5),
        };
        let read = spent(&format!(
            "Translated by gpt: {told}.\n\"today\" = 2026-11-20"
        ));
        let expected = Spent {
            prompt: 812,
            completion: 64,
            cost: Some(0.000_5),
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn without_calls_nothing_was_spent() {
        assert_eq!(spent("Translated by builtin, cached."), Spent::default());
        assert_eq!(
            spent("Translated by builtin.\nx: 1 + 1 tokens"),
            Spent::default()
        );
    }
}
