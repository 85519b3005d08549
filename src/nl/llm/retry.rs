//! Tries a call again while the fault, the count and the deadline allow it.

use std::time::Duration;

use rand::Rng;
use tokio::time::sleep;

use super::fault::Fault;
use crate::nl::Cannot;
use crate::nl::deadline::Deadline;

/// Calls for one completion, the first included.
const MAX_CALLS: u32 = 3;

/// What is waited after the first fault when the server does not say; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// The tries of one completion.
pub(super) struct Retries {
    calls: u32,
    backoff: Duration,
}

impl Retries {
    /// None made yet.
    pub(super) fn new() -> Self {
        Self {
            calls: 0,
            backoff: FIRST_WAIT,
        }
    }

    /// Waits until the call that ended in `fault` may be made again, or says why it may not.
    /// Cancel safe.
    pub(super) async fn wait(&mut self, fault: Fault, deadline: &Deadline) -> Result<(), Cannot> {
        let (after, cannot) = match fault {
            Fault::Stop(cannot) => return Err(cannot),
            Fault::Again { after, cannot } => (after, cannot),
        };
        self.calls += 1;
        let wait = jittered(after, self.backoff);
        if self.calls == MAX_CALLS || !deadline.allows(wait) {
            return Err(cannot);
        }
        tracing::debug!(
            reason = cannot.message,
            ?wait,
            "model call failed, trying again"
        );
        self.backoff *= 2;
        sleep(wait).await;
        Ok(())
    }
}

/// The wait that the server asks for and up to a tenth more, else `backoff` and up to a quarter
/// less: callers that failed together must not come back together.
fn jittered(after: Option<Duration>, backoff: Duration) -> Duration {
    let random = rand::rng().random_range(0.0..1.0);
    match after.filter(|after| !after.is_zero()) {
        Some(after) => {
            after.saturating_add(after.min(Duration::from_mins(1)).mul_f64(random / 10.0))
        }
        None => backoff.mul_f64(1.0 - random / 4.0),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::MAX_CALLS;
    use super::Retries;
    use super::jittered;
    use crate::nl::Cannot;
    use crate::nl::Reason;
    use crate::nl::deadline::Deadline;
    use crate::nl::llm::fault::Fault;

    fn cannot() -> Cannot {
        Cannot::new(Reason::ModelUnavailable, "down")
    }

    fn again(after: Option<Duration>) -> Fault {
        Fault::Again {
            after,
            cannot: cannot(),
        }
    }

    fn deadline(seconds: u64) -> Deadline {
        Deadline::new(Instant::now() + Duration::from_secs(seconds))
    }

    #[tokio::test]
    async fn a_fault_that_stops_is_not_retried() {
        let outcome = Retries::new()
            .wait(Fault::Stop(cannot()), &deadline(60))
            .await;
        assert_eq!(outcome, Err(cannot()));
    }

    #[tokio::test]
    async fn calls_are_counted() {
        let soon = Some(Duration::from_millis(1));
        let mut retries = Retries::new();
        for _ in 1..MAX_CALLS {
            assert_eq!(retries.wait(again(soon), &deadline(60)).await, Ok(()));
        }
        assert_eq!(
            retries.wait(again(soon), &deadline(60)).await,
            Err(cannot())
        );
    }

    #[tokio::test]
    async fn a_wait_beyond_the_deadline_is_not_begun() {
        let start = Instant::now();
        let day = Some(Duration::from_hours(24));
        assert_eq!(
            Retries::new().wait(again(day), &deadline(60)).await,
            Err(cannot())
        );
        let forever = Some(Duration::MAX);
        assert_eq!(
            Retries::new().wait(again(forever), &deadline(60)).await,
            Err(cannot())
        );
        assert!(start.elapsed() < Duration::from_mins(1));
    }

    #[test]
    fn the_server_is_given_at_least_the_time_it_asks_for() {
        let second = Duration::from_secs(1);
        for _ in 0..100 {
            let wait = jittered(Some(second), Duration::from_secs(8));
            assert!((second..=second.mul_f64(1.1)).contains(&wait), "{wait:?}");
            let own = jittered(None, second);
            assert!((second.mul_f64(0.75)..=second).contains(&own), "{own:?}");
            assert_eq!(
                jittered(Some(Duration::ZERO), Duration::ZERO),
                Duration::ZERO
            );
        }
    }
}
