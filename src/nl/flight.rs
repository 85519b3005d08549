//! Translations under way: who asks the same thing at the same time shares the work.
//!
//! Work runs on the control runtime and is aborted when the last one who waits for it is gone.
//! Its result can be joined for as long as somebody holds on to it, which a session does while
//! it checks a candidate: one who asks then is served without a second call.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::Weak;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::Cannot;
use super::Reason;
use super::Rejection;
use super::cache::Key;
use super::deadline::Deadline;
use super::draft::Draft;

/// Different drafts that may be under way; the bound on memory and calls.
const MAX_FLIGHTS: usize = 1000;

/// A candidate that a session did not take.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Attempt {
    /// The candidate.
    pub(super) sql: String,
    /// Why it was not taken.
    pub(super) rejection: Rejection,
}

/// What makes two drafts the same work.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Task {
    /// The question and what it depends on.
    pub(super) key: Key,
    /// What was tried before.
    pub(super) attempts: Vec<Attempt>,
}

/// A draft, or why there is none.
pub(super) type Outcome = Result<Draft, Cannot>;

/// One draft under way or just finished; held by everybody who waits for it.
pub(super) struct Flight {
    outcome: watch::Receiver<Option<Outcome>>,
    deadline: Deadline,
    work: AbortHandle,
    task: Task,
    flights: Weak<Flights>,
}

impl Flight {
    /// Waits for the result. Cancel safe.
    pub(super) async fn outcome(&self) -> Outcome {
        let mut outcome = self.outcome.clone();
        let Ok(outcome) = outcome.wait_for(Option::is_some).await else {
            let message = "the translation ended without a result";
            return Err(Cannot::new(Reason::ModelUnavailable, message).hinted("Ask again."));
        };
        outcome.clone().expect("waited until it is there")
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.work.abort();
        if let Some(flights) = self.flights.upgrade() {
            flights.forget(&self.task);
        }
    }
}

/// All drafts under way.
pub(super) struct Flights {
    control: Handle,
    open: Mutex<HashMap<Task, Weak<Flight>>>,
}

impl Flights {
    /// None under way; work will run on `control`.
    pub(super) fn new(control: Handle) -> Self {
        Self {
            control,
            open: Mutex::default(),
        }
    }

    /// Joins the work on `task`, or starts it with what `work` makes of the deadline.
    pub(super) fn join<F>(
        self: &Arc<Self>,
        task: Task,
        until: Instant,
        work: impl FnOnce(Deadline) -> F,
    ) -> Result<Arc<Flight>, Cannot>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let mut open = self.lock();
        if let Some(flight) = open.get(&task).and_then(Weak::upgrade) {
            // Unlocked first: if this became the last holder, its drop takes the lock.
            drop(open);
            flight.deadline.extend(until);
            return Ok(flight);
        }
        if open.len() >= MAX_FLIGHTS {
            let message = "too many questions are being translated";
            return Err(Cannot::new(Reason::RateLimited, message).hinted("Ask again in a moment."));
        }
        let deadline = Deadline::new(until);
        let (sender, outcome) = watch::channel(None);
        let work = work(deadline.clone());
        let work = self.control.spawn(async move {
            sender.send_replace(Some(work.await));
        });
        let flight = Arc::new(Flight {
            outcome,
            deadline,
            work: work.abort_handle(),
            task: task.clone(),
            flights: Arc::downgrade(self),
        });
        open.insert(task, Arc::downgrade(&flight));
        Ok(flight)
    }

    /// Removes the entry of `task`, unless new work on it has begun since.
    fn forget(&self, task: &Task) {
        let mut open = self.lock();
        if open
            .get(task)
            .is_some_and(|flight| flight.strong_count() == 0)
        {
            open.remove(task);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Task, Weak<Flight>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
