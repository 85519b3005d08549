//! A server connection that one client owns.

use std::io;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use tokio::time::timeout;

use super::idle::Card;
use super::idle::Idle;
use super::idle::Reason;
use super::place::Place;
use super::shared::Local;
use crate::upstream::backend::Backend;
use crate::upstream::backend::MAX_CONTROL_MESSAGE;
use crate::wire::TransactionStatus;
use crate::wire::frontend;

/// How long a server connection may take to become clean before it is closed instead.
const RESET_PATIENCE: Duration = Duration::from_secs(5);

/// A server connection that one client owns. Dropping it closes the connection.
#[derive(Debug)]
pub struct Lease {
    /// The connection itself; boxed because it goes from hand to hand.
    pub backend: Box<Backend>,
    // Dropped in this order: the place is free when the socket is closed.
    card: Card,
    place: Place,
}

impl Lease {
    pub(super) fn new(idle: Idle, local: Arc<Local>) -> Self {
        Self {
            backend: idle.backend,
            card: idle.card,
            place: Place::of_idle(local),
        }
    }

    /// Gives a connection that is clean and idle to whoever waits for one, or keeps it for the next
    /// client here. No system call unless a client of another worker gets it.
    ///
    /// Call it only with nothing owed. A connection with bytes under way, or that is older than
    /// `server_lifetime`, is closed.
    pub fn release(self) {
        let Self {
            backend,
            mut card,
            place,
        } = self;
        let since = Instant::now();
        let too_old = card.is_too_old(since);
        if too_old || !backend.connection.is_settled() {
            card.closed_for = if too_old {
                Reason::Lifetime
            } else {
                Reason::Lost
            };
            drop((backend, card));
            return;
        }
        place.leave_to_idle().put(Idle {
            backend,
            card,
            since,
        });
    }

    /// Cleans the connection and releases it; closes it when it does not become clean in time. Call
    /// it only with nothing owed.
    pub async fn give_back(mut self, status: TransactionStatus) {
        let cleaned = timeout(RESET_PATIENCE, self.clean(status)).await;
        if matches!(cleaned, Ok(Ok(true))) {
            self.release();
        }
    }

    /// The same on this worker, whose runtime must be the current one; `None` when it got lost.
    pub(super) fn bring_home(self, local: &Arc<Local>) -> Option<Self> {
        if self.card.home == local.worker {
            return Some(self);
        }
        let Self {
            backend,
            card,
            place,
        } = self;
        drop(place.leave_to_idle());
        let since = Instant::now();
        let idle = local.bring_home(Idle {
            backend,
            card,
            since,
        })?;
        Some(Self::new(idle, Arc::clone(local)))
    }

    /// Rolls back what is open and runs the reset query.
    async fn clean(&mut self, status: TransactionStatus) -> io::Result<bool> {
        let rollback = (status != TransactionStatus::Idle).then(|| "ROLLBACK".to_owned());
        let reset = self.place.local().shared.limits.reset.clone();
        for step in rollback.into_iter().chain(reset) {
            let mut request = Vec::new();
            frontend::put_query(&mut request, step.as_bytes());
            let reply = self.backend.exchange(&request, MAX_CONTROL_MESSAGE).await?;
            if reply.error.is_some() || reply.status != Some(TransactionStatus::Idle) {
                return Ok(false);
            }
        }
        self.backend.forget();
        Ok(true)
    }
}
