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

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::runtime::Handle;
    use tokio::sync::oneshot;
    use tokio::time::Instant;

    use super::Flight;
    use super::Flights;
    use super::MAX_FLIGHTS;
    use super::Outcome;
    use super::Task;
    use crate::nl::Cannot;
    use crate::nl::Context;
    use crate::nl::Question;
    use crate::nl::Reason;
    use crate::nl::Spent;
    use crate::nl::cache::Key;
    use crate::nl::deadline::Deadline;
    use crate::nl::draft::Draft;

    fn task(text: &str) -> Task {
        let question = Question::new(text, &[]).expect("a question");
        let now = "2026-11-20T12:00:00Z".parse().expect("a timestamp");
        let context = Context {
            schema: Arc::default(),
            time_zone: "UTC".to_owned(),
            now,
        };
        Task {
            key: Key::new(&question, &context, &"builtin".into()),
            attempts: Vec::new(),
        }
    }

    fn flights() -> Arc<Flights> {
        Arc::new(Flights::new(Handle::current()))
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_mins(1)
    }

    async fn forever(_: Deadline) -> Outcome {
        pending().await
    }

    fn join(flights: &Arc<Flights>, text: &str) -> Result<Arc<Flight>, Cannot> {
        flights.join(task(text), soon(), forever)
    }

    #[tokio::test]
    async fn work_ends_with_the_last_who_waits() {
        let (alive, gone) = oneshot::channel::<()>();
        let flights = flights();
        let work = async move |_: Deadline| {
            let _alive = alive;
            pending().await
        };
        let first = flights.join(task("q"), soon(), work).expect("room");
        let second = join(&flights, "q").expect("room");
        assert!(Arc::ptr_eq(&first, &second));
        drop(first);
        assert_eq!(flights.lock().len(), 1);
        drop(second);
        assert!(flights.lock().is_empty());
        gone.await.expect_err("the work was dropped");
    }

    #[tokio::test]
    async fn one_with_more_time_gives_it_to_the_work() {
        let flights = flights();
        let first = join(&flights, "q").expect("room");
        let later = soon() + Duration::from_mins(5);
        flights.join(task("q"), later, forever).expect("room");
        assert_eq!(first.deadline.at(), later);
    }

    #[tokio::test]
    async fn a_result_is_there_for_those_who_come_while_it_is_held() {
        let draft = || Draft {
            sql: "SELECT 1".into(),
            readings: vec![],
            model: "builtin".into(),
            spent: Spent::default(),
        };
        let flights = flights();
        let work = async move |_: Deadline| Ok(draft());
        let first = flights.join(task("q"), soon(), work).expect("room");
        assert_eq!(first.outcome().await, Ok(draft()));
        assert_eq!(
            join(&flights, "q").expect("room").outcome().await,
            Ok(draft())
        );
    }

    #[tokio::test]
    async fn too_many_at_once_are_refused_until_there_is_room() {
        let flights = flights();
        let mut under_way: Vec<_> = (0..MAX_FLIGHTS)
            .map(|n| join(&flights, &n.to_string()).expect("room"))
            .collect();
        let refused = join(&flights, "one more").map(drop).expect_err("no room");
        assert_eq!(refused.reason, Reason::RateLimited);
        under_way.pop();
        assert!(join(&flights, "one more").is_ok());
    }
}
