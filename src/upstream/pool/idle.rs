//! A connection that nobody uses, and what the pool knows of each connection.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use super::shared::Limits;
use super::shared::Shared;
use crate::telemetry::names;
use crate::upstream::backend::Backend;

/// The start-up parameters that a connection was opened with: what RESET returns to.
pub(super) type Startup = Vec<(Vec<u8>, Vec<u8>)>;

/// The `home` of a connection that was opened on no worker.
pub(super) const NO_WORKER: usize = usize::MAX;

/// A connection that waits for its next client. It has its place in the pool without a guard.
#[derive(Debug)]
pub(super) struct Idle {
    pub backend: Box<Backend>,
    pub card: Card,
    pub since: Instant,
}

/// What the pool knows of an open connection.
#[derive(Debug)]
pub(super) struct Card {
    pub startup: Arc<Startup>,
    /// The worker whose runtime the socket is registered with.
    pub home: usize,
    /// Not to be used any longer.
    retire_at: Instant,
    /// How long it may be idle.
    idle_limit: Duration,
    /// Why it is closed, if it is.
    pub closed_for: Reason,
}

/// Why a connection was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Its client left it in a state that could not be cleaned, or the pool ended.
    Abandoned,
    /// `server_idle_timeout`.
    Idle,
    /// `server_lifetime`.
    Lifetime,
    /// The server closed it, or said something that it says to nobody.
    Lost,
    /// For a connection with other start-up parameters.
    Room,
}

impl Idle {
    /// Closes the connection and frees its place.
    pub(super) fn close(mut self, reason: Reason, shared: &Shared) {
        self.card.closed_for = reason;
        drop(self);
        shared.vacate();
    }
}

impl Card {
    /// For a connection that was opened just now. What happens to many after the same time is
    /// spread by a tenth in both directions, so that they do not all come back together.
    pub(super) fn new(startup: Arc<Startup>, home: usize, limits: &Limits) -> Self {
        metrics::counter!(names::SERVERS_OPENED).increment(1);
        let spread = |time: Duration| time.mul_f64(rand::random_range(0.9..1.1));
        Self {
            startup,
            home,
            retire_at: Instant::now() + spread(limits.lifetime),
            idle_limit: spread(limits.idle_timeout),
            closed_for: Reason::Abandoned,
        }
    }

    pub(super) fn is_too_old(&self, now: Instant) -> bool {
        self.retire_at <= now
    }

    pub(super) fn is_idle_too_long(&self, since: Instant, now: Instant) -> bool {
        now.saturating_duration_since(since) >= self.idle_limit
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        let reason = match self.closed_for {
            Reason::Abandoned => "abandoned",
            Reason::Idle => "idle",
            Reason::Lifetime => "lifetime",
            Reason::Lost => "lost",
            Reason::Room => "room",
        };
        metrics::counter!(names::SERVERS_CLOSED, "reason" => reason).increment(1);
    }
}
