//! Keeps calls within what a provider allows: at the same time, and in a minute.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::DefaultDirectRateLimiter;
use governor::Quota;
use governor::RateLimiter;
use governor::clock::Clock;
use governor::clock::DefaultClock;
use tokio::sync::Semaphore;
use tokio::sync::SemaphorePermit;
use tokio::time::sleep;

use super::fault::Fault;
use crate::config;
use crate::nl::Cannot;
use crate::nl::Reason;
use crate::nl::deadline::Deadline;

/// The limits of one model.
pub(super) struct Limits {
    calls: Semaphore,
    requests: Option<PerMinute>,
    tokens: Option<PerMinute>,
}

impl Limits {
    /// The limits that `settings` name.
    pub(super) fn new(settings: &config::Llm) -> Self {
        let per_minute = |limit| NonZeroU32::new(limit).map(PerMinute::new);
        Self {
            calls: Semaphore::new(settings.max_concurrent.clamp(1, Semaphore::MAX_PERMITS)),
            requests: settings.rpm.and_then(per_minute),
            tokens: settings.tpm.and_then(per_minute),
        }
    }

    /// Waits for room for a call of `tokens`, or stops when there is none before `deadline`.
    /// Cancel safe: what was taken of a minute's room stays taken.
    pub(super) async fn admit(
        &self,
        tokens: u32,
        deadline: &Deadline,
    ) -> Result<SemaphorePermit<'_>, Fault> {
        if let Some(limit) = &self.tokens {
            limit.take(tokens, deadline).await?;
        }
        if let Some(limit) = &self.requests {
            limit.take(1, deadline).await?;
        }
        Ok(self
            .calls
            .acquire()
            .await
            .expect("the semaphore is never closed"))
    }
}

/// So many in a minute, all at once after a quiet minute.
struct PerMinute(DefaultDirectRateLimiter);

impl PerMinute {
    fn new(limit: NonZeroU32) -> Self {
        Self(RateLimiter::direct(Quota::per_minute(limit)))
    }

    async fn take(&self, amount: u32, deadline: &Deadline) -> Result<(), Fault> {
        let amount = NonZeroU32::new(amount).unwrap_or(NonZeroU32::MIN);
        loop {
            let Ok(room) = self.0.check_n(amount) else {
                let message = "the question needs more tokens than a minute may use";
                let hint = "Raise tpm of the model, or lower its max_tokens.";
                return Err(stop(message, hint));
            };
            let Err(full) = room else { return Ok(()) };
            let wait = full.wait_time_from(DefaultClock::default().now());
            if !deadline.allows(wait) {
                let message = "the rate limit of the model is reached";
                return Err(stop(message, &again_in(wait)));
            }
            sleep(wait).await;
        }
    }
}

fn stop(message: &str, hint: &str) -> Fault {
    Fault::Stop(Cannot::new(Reason::RateLimited, message).hinted(hint))
}

fn again_in(wait: Duration) -> String {
    format!(
        "Ask again in {} s, or raise rpm and tpm of the model.",
        wait.as_secs_f64().ceil()
    )
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::PerMinute;
    use crate::nl::deadline::Deadline;
    use crate::nl::llm::fault::Fault;

    /// A hundred a second, all of a minute's room taken.
    async fn exhausted() -> PerMinute {
        let limit = PerMinute::new(NonZeroU32::new(6_000).expect("not zero"));
        limit
            .take(6_000, &within(Duration::ZERO))
            .await
            .expect("a quiet minute before");
        limit
    }

    fn within(time: Duration) -> Deadline {
        Deadline::new(Instant::now() + time)
    }

    #[tokio::test]
    async fn who_has_time_waits_for_room() {
        let limit = exhausted().await;
        let start = Instant::now();
        limit
            .take(5, &within(Duration::from_mins(1)))
            .await
            .expect("room after 50 ms");
        assert!(
            start.elapsed() >= Duration::from_millis(30),
            "{:?}",
            start.elapsed()
        );
    }

    #[tokio::test]
    async fn who_has_no_time_is_refused_at_once() {
        let limit = exhausted().await;
        let Err(Fault::Stop(cannot)) = limit.take(500, &within(Duration::from_secs(1))).await
        else {
            panic!("five seconds in one");
        };
        assert_eq!(cannot.message, "the rate limit of the model is reached");
        let hint = "Ask again in 5 s, or raise rpm and tpm of the model.";
        assert_eq!(cannot.hint.as_deref(), Some(hint));
    }
}
