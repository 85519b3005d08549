//! One draft: the SQL that the built-in translator or a model offers for a question.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::Cannot;
use super::Context;
use super::Question;
use super::Reason;
use super::Spent;
use super::answer;
use super::answer::Reply;
use super::deadline::Deadline;
use super::flight::Attempt;
use super::flight::Outcome;
use super::llm::Message;
use super::llm::Model;
use super::prompt;
use super::retrieval::Kept;

/// SQL that nobody has checked yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draft {
    /// The statement, to be treated as hostile.
    pub(super) sql: String,
    /// How words were read, a line each.
    pub(super) readings: Vec<String>,
    /// Who wrote it.
    pub(super) model: Arc<str>,
    /// What it has cost.
    pub(super) spent: Spent,
}

/// The built-in translator: pure, and done within milliseconds.
pub(super) type Builtin =
    Arc<dyn Fn(&Question, &Context) -> Result<Draft, Cannot> + Send + Sync + 'static>;

/// All that a draft is made from.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// What was asked.
    pub(super) question: Question,
    /// By whom, of what.
    pub(super) context: Context,
    /// What was tried before, oldest first.
    pub(super) attempts: Vec<Attempt>,
    /// Indexes of schemas.
    pub(super) indexes: Arc<Kept>,
}

/// Asks the built-in translator, away from the threads that drive I/O.
pub(super) async fn by_builtin(builtin: Builtin, request: Request) -> Outcome {
    let work = move || builtin(&request.question, &request.context);
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => {
            tracing::error!(%error, "built-in translator stopped");
            Err(Cannot::new(
                Reason::NotAnswerable,
                "the built-in translator failed",
            ))
        }
    }
}

/// Asks `model`, and once more when its answer has not the form that was asked for.
pub(super) async fn by_model(model: Arc<Model>, request: Request, deadline: Deadline) -> Outcome {
    let mut messages = messages(Handle::current(), request, model.max_prompt_tokens()).await?;
    let first = model.complete(&messages, &deadline).await?;
    let mut spent = first.spent;
    let reply = match answer::parse(&first.text) {
        Ok(reply) => reply,
        Err(flaw) => {
            tracing::debug!(%flaw, "model answer not understood, asking again");
            messages.extend(prompt::again(&first.text, &flaw));
            let second = model.complete(&messages, &deadline).await?;
            spent += second.spent;
            answer::parse(&second.text).map_err(|flaw| nonsense(&flaw))?
        }
    };
    match reply {
        Reply::Sql { sql, readings } => Ok(Draft {
            sql,
            readings,
            model: Arc::clone(model.name()),
            spent,
        }),
        Reply::Cannot(why) => {
            let message = "the model cannot answer this from the tables that you can read";
            Err(Cannot::new(Reason::NotAnswerable, message)
                .detailed(why)
                .hinted("Name the tables and columns that the answer should come from."))
        }
    }
}

/// The prompt: scoring a large schema takes milliseconds, so it is done on a blocking thread of
/// `control`.
pub(super) async fn messages(
    control: Handle,
    request: Request,
    budget: usize,
) -> Result<Vec<Message>, Cannot> {
    let work = move || {
        let Request {
            question,
            context,
            attempts,
            indexes,
        } = request;
        let index = || indexes.of(&context.schema);
        let mut messages = prompt::messages(&question, &context, budget, index)?;
        messages.extend(attempts.iter().flat_map(prompt::repair));
        Ok(messages)
    };
    let Ok(messages) = control.spawn_blocking(work).await else {
        tracing::error!("building a prompt stopped");
        let message = "no prompt could be built for the question";
        return Err(Cannot::new(Reason::ModelUnavailable, message));
    };
    messages
}

fn nonsense(flaw: &answer::Flaw) -> Cannot {
    let message = "the model did not answer in the form that was asked for";
    Cannot::new(Reason::ModelUnavailable, message)
        .detailed(format!("It was asked twice; the last answer {flaw}."))
        .hinted("Ask in other words, or configure a model that follows instructions better.")
}
