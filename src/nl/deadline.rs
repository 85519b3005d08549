//! The moment by which shared work must be done: that of whoever waits longest.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;

/// A moment that moves later when somebody with more time joins.
#[derive(Debug, Clone)]
pub(crate) struct Deadline(Arc<Mutex<Instant>>);

impl Deadline {
    /// A deadline at `at`, until it is extended.
    pub(crate) fn new(at: Instant) -> Self {
        Self(Arc::new(Mutex::new(at)))
    }

    /// The moment itself.
    pub(crate) fn at(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves it to `at` when that is later.
    pub(crate) fn extend(&self, at: Instant) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *current = at.max(*current);
    }

    /// Whether something is left after waiting for `wait`.
    pub(crate) fn allows(&self, wait: Duration) -> bool {
        Instant::now()
            .checked_add(wait)
            .is_some_and(|then| then < self.at())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Deadline;

    #[test]
    fn a_deadline_moves_later_and_never_earlier() {
        let start = Instant::now();
        let deadline = Deadline::new(start + Duration::from_secs(10));
        deadline.extend(start + Duration::from_secs(5));
        assert_eq!(deadline.at(), start + Duration::from_secs(10));
        deadline.extend(start + Duration::from_secs(20));
        assert_eq!(deadline.at(), start + Duration::from_secs(20));
    }

    #[test]
    fn a_wait_that_overflows_the_clock_is_not_allowed() {
        let deadline = Deadline::new(Instant::now() + Duration::from_hours(1));
        assert!(deadline.allows(Duration::from_mins(1)));
        assert!(!deadline.allows(Duration::from_hours(2)));
        assert!(!deadline.allows(Duration::MAX));
    }
}
