//! One question's dialogue between translator and session, up to checked SQL.
//!
//! ```text
//! Drafting ── a draft ──► Checking ── accepted ──► Accepted ── kept in the cache ──► Done
//!    ▲                        └────── rejected ──► Drafting (a repair) | Over
//!    └── model out of reach: the built-in translator drafts instead
//! ```

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio::time::timeout_at;

use super::Answer;
use super::Cannot;
use super::Context;
use super::Question;
use super::Reason;
use super::Rejection;
use super::Spent;
use super::Step;
use super::cache::Key;
use super::deadline::Deadline;
use super::draft;
use super::draft::Draft;
use super::draft::Request;
use super::flight::Attempt;
use super::flight::Flight;
use super::flight::Outcome;
use super::flight::Task;
use super::line::one_line;
use super::translator::Shared;
use crate::telemetry::names::QUESTIONS;

/// Repairs that a model is asked for after its first draft was rejected.
const MAX_REPAIRS: usize = 2;

/// Characters of a refused statement that its author is shown.
const MAX_SHOWN: usize = 1000;

/// What the built-in translator may take when a model has used up the deadline.
const BUILTIN_GRACE: Duration = Duration::from_millis(100);

/// One question being translated. Dropping it ends its share of the work.
pub struct Translation {
    shared: Arc<Shared>,
    question: Question,
    context: Context,
    key: Key,
    until: Instant,
    drafter: Drafter,
    attempts: Vec<Attempt>,
    spent: Spent,
    state: State,
}

/// Who is asked for the next draft.
enum Drafter {
    /// The configured model.
    Model,
    /// The built-in translator; after a model failed, with how.
    Builtin { instead: Option<Cannot> },
}

/// Where the dialogue stands between two calls.
enum State {
    /// The next step gets a draft.
    Drafting,
    /// The session is checking; the finished flight is held so that others can join it.
    Checking { draft: Draft, _flight: Arc<Flight> },
    /// The session took the draft; the next step keeps and hands out the answer.
    Accepted(Answer),
    /// The answer was handed out.
    Done(Answer),
    /// There will be no answer.
    Over(Cannot),
}

impl Translation {
    /// A dialogue about `question` whose time starts now.
    pub(super) fn new(shared: Arc<Shared>, question: Question, context: Context, key: Key) -> Self {
        let drafter = match shared.model {
            Some(_) => Drafter::Model,
            None => Drafter::Builtin { instead: None },
        };
        let until = Instant::now() + shared.deadline;
        let attempts = Vec::new();
        Self {
            shared,
            question,
            context,
            key,
            until,
            drafter,
            attempts,
            spent: Spent::default(),
            state: State::Drafting,
        }
    }

    /// What comes next. Cancel safe: dropping the future ends its share of a model call, and the
    /// next `step()` takes up where this one began.
    pub async fn step(&mut self) -> Step {
        match &self.state {
            State::Drafting => self.draft().await,
            State::Checking { draft, .. } => Step::Check(draft.sql.clone()),
            State::Accepted(answer) => {
                let answer = answer.clone();
                let key = self.key.put_to(&answer.model);
                self.shared.answers.keep(key, answer.clone()).await;
                self.hand_out(answer, "done")
            }
            State::Done(answer) => Step::Done(answer.clone()),
            State::Over(cannot) => Step::Cannot(cannot.clone()),
        }
    }

    /// The candidate passed every check; `sql` is the text to run, as the guard printed it.
    /// Does nothing when no candidate is being checked.
    pub fn accepted(&mut self, sql: &str) {
        let State::Checking { draft, .. } = &self.state else {
            return;
        };
        self.state = State::Accepted(Answer {
            sql: sql.into(),
            readings: draft.readings.clone().into(),
            model: Arc::clone(&draft.model),
            cached: false,
            spent: self.spent,
        });
    }

    /// The candidate did not pass. Does nothing when no candidate is being checked.
    pub fn rejected(&mut self, rejection: Rejection) {
        let State::Checking { draft, .. } = &self.state else {
            return;
        };
        let attempt = Attempt {
            sql: draft.sql.clone(),
            rejection,
        };
        if self.worth_a_repair(&attempt.rejection) {
            self.attempts.push(attempt);
            self.state = State::Drafting;
        } else {
            self.stop(refused(&attempt, &self.drafter));
        }
    }

    async fn draft(&mut self) -> Step {
        if self.attempts.is_empty()
            && let Some(answer) = self.shared.answers.find(&self.key).await
        {
            return self.hand_out(answer, "cached");
        }
        loop {
            match self.ask().await {
                Ok((draft, flight)) => {
                    let sql = draft.sql.clone();
                    self.spent += draft.spent;
                    self.state = State::Checking {
                        draft,
                        _flight: flight,
                    };
                    return Step::Check(sql);
                }
                Err(cannot) if self.can_fall_back_from(&cannot) => {
                    let (reason, detail) = (&cannot.message, &cannot.detail);
                    tracing::warn!(reason, detail, "model out of reach, asking builtin");
                    self.until = self.until.max(Instant::now() + BUILTIN_GRACE);
                    self.attempts.clear();
                    self.drafter = Drafter::Builtin {
                        instead: Some(cannot),
                    };
                }
                Err(cannot) => {
                    let cannot = match &self.drafter {
                        Drafter::Builtin {
                            instead: Some(model),
                        } => both(model, &cannot),
                        Drafter::Builtin { instead: None } | Drafter::Model => cannot,
                    };
                    self.stop(cannot.clone());
                    return Step::Cannot(cannot);
                }
            }
        }
    }

    /// Joins or starts the draft that is due and waits for it. Cancel safe.
    async fn ask(&self) -> Result<(Draft, Arc<Flight>), Cannot> {
        if Instant::now() >= self.until {
            return Err(too_late());
        }
        let request = Request {
            question: self.question.clone(),
            context: self.context.clone(),
            attempts: self.attempts.clone(),
            indexes: Arc::clone(&self.shared.indexes),
        };
        let flight = match (&self.drafter, &self.shared.model) {
            (Drafter::Model, Some(model)) => {
                let model = Arc::clone(model);
                self.join(self.key.clone(), |until| {
                    draft::by_model(model, request, until)
                })?
            }
            (Drafter::Builtin { .. }, _) | (Drafter::Model, None) => {
                let builtin = Arc::clone(&self.shared.builtin);
                let key = self.key.put_to(&self.shared.builtin_name);
                self.join(key, |_| draft::by_builtin(builtin, request))?
            }
        };
        let draft = match timeout_at(self.until, flight.outcome()).await {
            Ok(outcome) => outcome?,
            Err(_) => return Err(too_late()),
        };
        Ok((draft, flight))
    }

    fn join<F>(&self, key: Key, work: impl FnOnce(Deadline) -> F) -> Result<Arc<Flight>, Cannot>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let task = Task {
            key,
            attempts: self.attempts.clone(),
        };
        self.shared.flights.join(task, self.until, work)
    }

    /// Whether the built-in translator is to be tried after a model ended with `cannot`.
    fn can_fall_back_from(&self, cannot: &Cannot) -> bool {
        let out_of_reach = match cannot.reason {
            Reason::ModelUnavailable | Reason::RateLimited | Reason::Deadline => true,
            Reason::Ambiguous
            | Reason::NotAnswerable
            | Reason::NotVisible
            | Reason::Refused
            | Reason::TooLong => false,
        };
        out_of_reach && matches!(self.drafter, Drafter::Model)
    }

    fn worth_a_repair(&self, rejection: &Rejection) -> bool {
        let repeats = self
            .attempts
            .iter()
            .any(|attempt| attempt.rejection == *rejection);
        matches!(self.drafter, Drafter::Model)
            && self.attempts.len() < MAX_REPAIRS
            && !repeats
            && !is_the_servers_own_trouble(&rejection.sqlstate)
    }

    fn hand_out(&mut self, answer: Answer, outcome: &'static str) -> Step {
        self.count(outcome);
        self.state = State::Done(answer.clone());
        Step::Done(answer)
    }

    fn stop(&mut self, cannot: Cannot) {
        self.count(outcome_label(cannot.reason));
        self.state = State::Over(cannot);
    }

    fn count(&self, outcome: &'static str) {
        let model = self.key.model().to_owned();
        metrics::counter!(QUESTIONS, "model" => model, "outcome" => outcome).increment(1);
    }
}

impl Drop for Translation {
    fn drop(&mut self) {
        match self.state {
            State::Drafting | State::Checking { .. } | State::Accepted(_) => {
                self.count("abandoned");
            }
            State::Done(_) | State::Over(_) => {}
        }
    }
}

fn too_late() -> Cannot {
    Cannot::new(
        Reason::Deadline,
        "canceling translation of the question due to its deadline",
    )
    .hinted("Ask again, ask something simpler, or raise nl.deadline.")
}

/// Why neither the model nor the built-in translator could.
fn both(model: &Cannot, builtin: &Cannot) -> Cannot {
    let mut detail = model.detail.clone().unwrap_or_default();
    if !detail.is_empty() {
        detail.push('\n');
    }
    detail.push_str("The built-in translator was tried instead: ");
    detail.push_str(&builtin.message);
    detail.push('.');
    Cannot {
        detail: Some(detail),
        ..model.clone()
    }
}

/// The last word after a rejection that is not worth a repair.
fn refused(attempt: &Attempt, drafter: &Drafter) -> Cannot {
    let Rejection {
        sqlstate,
        message,
        by_guard,
    } = &attempt.rejection;
    let judge = if *by_guard { "guard" } else { "server" };
    let (writer, hint) = match drafter {
        Drafter::Model => (
            "the model",
            "Name the tables and columns, or ask in other words.",
        ),
        Drafter::Builtin { .. } => (
            "the built-in translator",
            "This is a defect of the translator; please report the question and this error.",
        ),
    };
    let message = format!("SQL written by {writer} was refused by the {judge}: {message}");
    Cannot::new(Reason::Refused, message)
        .detailed(format!(
            "SQLSTATE {sqlstate}, in: {}",
            one_line(&attempt.sql, MAX_SHOWN)
        ))
        .hinted(hint)
}

/// Classes of SQLSTATE that no other SQL would avoid: connection, resources, operator
/// intervention, system, internal.
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn is_the_servers_own_trouble(sqlstate: &str) -> bool {
    ["08", "53", "57", "58", "XX"]
        .iter()
        .any(|class| sqlstate.starts_with(class))
}

fn outcome_label(reason: Reason) -> &'static str {
    match reason {
        Reason::Ambiguous => "ambiguous",
        Reason::NotAnswerable => "not_answerable",
        Reason::NotVisible => "not_visible",
        Reason::ModelUnavailable => "model_unavailable",
        Reason::Refused => "refused",
        Reason::TooLong => "too_long",
        Reason::RateLimited => "rate_limited",
        Reason::Deadline => "deadline",
    }
}
