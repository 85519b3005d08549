//! From a question to SQL. Never runs any: translation is a dialogue that `session` drives.
//!
//! ```text
//! begin(question, context) ─► step() ─► Check(sql)  the session checks and EXPLAINs it, then
//!                              ▲           │         accepted(sql) or rejected(why)
//!                              └───────────┘
//!                             step() ─► Done(answer) | Cannot(why)
//! ```

pub mod answer;
pub mod builtin;
mod cache;
mod deadline;
mod draft;
mod flight;
mod line;
pub mod llm;
pub mod prompt;
pub mod question;
pub mod retrieval;
mod spent;
mod translation;
mod translator;

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::sql::schema::Schema;

pub use question::Question;
pub use spent::Spent;
pub use translation::Translation;
pub use translator::Error;
pub use translator::Translator;

/// What is known about the one who asks.
#[derive(Debug, Clone)]
pub struct Context {
    /// The tables the asking role can read.
    pub schema: Arc<Schema>,
    /// The session's `TimeZone`, as its `ParameterStatus` says.
    pub time_zone: String,
    /// The moment that "today" is taken from.
    pub now: jiff::Timestamp,
}

impl Context {
    /// The session's time zone; UTC when its name is not known here.
    pub fn zone(&self) -> TimeZone {
        zone(&self.time_zone)
    }

    /// What `CURRENT_DATE` is for the session.
    pub fn today(&self) -> Day {
        today(&self.time_zone, self.now)
    }
}

/// A calendar day.
pub type Day = Date;

/// The day that it is at `now` for a session with this `TimeZone`.
pub fn today(time_zone: &str, now: jiff::Timestamp) -> Day {
    now.to_zoned(zone(time_zone)).date()
}

/// The time zone of this name; UTC when it is not known here.
fn zone(name: &str) -> TimeZone {
    TimeZone::get(name)
        .or_else(|_| TimeZone::posix(name))
        .unwrap_or(TimeZone::UTC)
}

/// What translation needs next.
#[derive(Debug)]
pub enum Step {
    /// Check this text as hostile and EXPLAIN it, then say `accepted` or `rejected`.
    Check(String),
    /// The question is translated.
    Done(Answer),
    /// The question gets no SQL.
    Cannot(Cannot),
}

/// A question's SQL, checked and ready to run.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The statement, as the guard printed it: names qualified, no semicolon.
    pub sql: Arc<str>,
    /// How words were read, a line each: `"last month" = 2026-10-01 to 2026-10-31`.
    pub readings: Arc<[String]>,
    /// Who translated: `builtin` or the model's name.
    pub model: Arc<str>,
    /// It came from the cache.
    pub cached: bool,
    /// What it has cost; nothing when it came from the cache.
    pub spent: Spent,
}

/// Why the session did not take a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rejection {
    /// The guard's or the server's SQLSTATE.
    pub sqlstate: String,
    /// The message; from the server it may name identifiers, never data.
    pub message: String,
    /// The guard refused it, not the server.
    pub by_guard: bool,
}

/// Why a question gets no SQL, with what helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cannot {
    /// The kind, which decides the SQLSTATE.
    pub reason: Reason,
    /// One line in PostgreSQL's style: lower case, no full stop.
    pub message: String,
    /// More about it, for the DETAIL field.
    pub detail: Option<String>,
    /// What to do instead, for the HINT field.
    pub hint: Option<String>,
}

impl Cannot {
    /// A reason with its message, nothing more.
    pub(crate) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            detail: None,
            hint: None,
        }
    }

    /// The same with a DETAIL.
    #[must_use]
    pub(crate) fn detailed(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same with a HINT.
    #[must_use]
    pub(crate) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The kinds of [`Cannot`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Two readings are equally good (`PGN01`).
    Ambiguous,
    /// Not understood, or not answerable from this database (`PGN02`).
    NotAnswerable,
    /// It needs tables that the role cannot see (`PGN03`).
    NotVisible,
    /// The model did not answer (`PGN04`).
    ModelUnavailable,
    /// What the model wrote was refused by the guard (`PGN05`).
    Refused,
    /// The question is too long (`54000`).
    TooLong,
    /// The rate or budget is used up (`53400`).
    RateLimited,
    /// The deadline passed (`57014`).
    Deadline,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Context;

    fn context(time_zone: &str, now: &str) -> Context {
        let now = now.parse().expect("a timestamp");
        Context {
            schema: Arc::default(),
            time_zone: time_zone.to_owned(),
            now,
        }
    }

    #[test]
    fn today_is_the_date_in_the_sessions_time_zone() {
        let late = "2026-11-20T23:30:00Z";
        assert_eq!(context("UTC", late).today().to_string(), "2026-11-20");
        assert_eq!(
            context("Europe/Oslo", late).today().to_string(),
            "2026-11-21"
        );
        assert_eq!(context("<+02>-02", late).today().to_string(), "2026-11-21");
    }

    #[test]
    fn a_time_zone_that_nobody_knows_is_utc() {
        let late = "2026-11-20T23:30:00Z";
        assert_eq!(
            context("Mars/Olympus", late).today().to_string(),
            "2026-11-20"
        );
    }
}
