//! Opens a connection in a task of its own, so that nothing is lost when its client goes away.

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::idle::Card;
use super::idle::Idle;
use super::idle::Startup;
use super::place::Connecting;
use super::place::Place;
use super::shared::Local;
use super::waiter::Waiter;
use crate::telemetry::names;
use crate::upstream::Error;
use crate::upstream::backend::Backend;
use crate::upstream::connect::Login;
use crate::wire::error::has_code;
use crate::wire::error::sqlstate;
use crate::wire::frame::HEADER;

/// A connection that is being opened.
pub(super) struct Opening {
    pub local: Arc<Local>,
    pub login: Login,
    pub startup: Arc<Startup>,
    /// On whose behalf; `None` is to be kept at hand.
    pub waiter: Option<Arc<Waiter>>,
    /// The worker on whose runtime this is.
    pub home: usize,
    pub place: Place,
    pub connecting: Connecting,
}

impl Opening {
    /// Begins on the current runtime.
    pub(super) fn start(self) {
        tokio::spawn(async move {
            match self.login.connect().await {
                Ok(backend) => self.opened(backend),
                Err(error) => self.failed(error),
            }
        });
    }

    /// Whoever is first gets the connection; the waiter may have been served long ago.
    fn opened(self, backend: Backend) {
        let shared = &*self.local.shared;
        shared.trouble.clear();
        shared.has_worked.store(true, Ordering::SeqCst);
        let card = Card::new(self.startup, self.home, &shared.limits);
        let mut last_login = shared
            .last_login
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last_login = Some(self.login);
        drop(last_login);
        drop(self.place.leave_to_idle());
        self.local.serve(Idle {
            backend: Box::new(backend),
            card,
            since: Instant::now(),
        });
        end(self.waiter.as_deref());
        drop(self.connecting);
    }

    fn failed(self, error: Error) {
        let shared = &*self.local.shared;
        metrics::counter!(names::CONNECT_FAILURES).increment(1);
        tracing::debug!(%error, "no server connection was opened");
        // Its own place is counted too.
        let others = shared.places.used() > shared.connecting.used();
        if concerns_everybody(&error, others) {
            shared.trouble.note(error, Instant::now());
        } else if let Some(waiter) = &self.waiter {
            shared.dismiss(self.local.worker, waiter, error);
        }
        end(self.waiter.as_deref());
        // In this order: with the last attempt over and nothing open, those who wait are told.
        drop(self.place);
        drop(self.connecting);
    }
}

/// The waiter may open another one.
fn end(waiter: Option<&Waiter>) {
    if let Some(waiter) = waiter {
        waiter.set_opening(false);
        waiter.call();
    }
}

/// What a server says to everybody while it ends or begins.
const NOT_NOW: [&str; 3] = [
    sqlstate::ADMIN_SHUTDOWN,
    sqlstate::CRASH_SHUTDOWN,
    sqlstate::CANNOT_CONNECT_NOW,
];

/// The next attempt would fail in the same way, whoever makes it. What the server says of a login
/// is between it and that client, except that it is about to end or to begin, or has no more room
/// while some of it is ours.
fn concerns_everybody(error: &Error, others_are_open: bool) -> bool {
    match error {
        Error::Unreachable { .. } | Error::TimedOut(_) => true,
        Error::Refused(bytes) => {
            let body = bytes.get(HEADER..).unwrap_or_default();
            NOT_NOW.iter().any(|code| has_code(body, code))
                || others_are_open && has_code(body, sqlstate::TOO_MANY_CONNECTIONS)
        }
        Error::NoPassword(_)
        | Error::UnsupportedAuthentication(_)
        | Error::Exhausted
        | Error::Crowded => false,
    }
}
