//! A pause after a server could not be reached, longer each time until it can.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use crate::upstream::Error;

/// The first pause.
const FIRST: Duration = Duration::from_millis(100);

/// What keeps connections from being opened.
#[derive(Debug)]
pub(super) struct Trouble {
    /// There has been one since the last success. Saves the lock when all is well.
    there_is: AtomicBool,
    last: Mutex<Option<Last>>,
    longest: Duration,
}

#[derive(Debug)]
struct Last {
    error: Error,
    pause: Duration,
    until: Instant,
}

impl Trouble {
    /// Pauses grow to `longest`.
    pub(super) fn new(longest: Duration) -> Self {
        Self {
            there_is: AtomicBool::new(false),
            last: Mutex::default(),
            longest,
        }
    }

    /// An attempt failed. Those that began at the same time and fail too do not add to the pause.
    pub(super) fn note(&self, error: Error, now: Instant) {
        let mut last = self.lock();
        let (pause, until) = match &*last {
            Some(last) if now < last.until => (last.pause, last.until),
            Some(last) => self.pause(last.pause * 2, now),
            None => self.pause(FIRST, now),
        };
        *last = Some(Last {
            error,
            pause,
            until,
        });
        self.there_is.store(true, Ordering::SeqCst);
    }

    /// An attempt succeeded.
    pub(super) fn clear(&self) {
        if self.is_there() {
            *self.lock() = None;
            self.there_is.store(false, Ordering::SeqCst);
        }
    }

    /// There was no success since the last failure.
    pub(super) fn is_there(&self) -> bool {
        self.there_is.load(Ordering::SeqCst)
    }

    /// No attempt is to be made now.
    pub(super) fn lasts(&self) -> bool {
        self.is_there() && self.lasts_at(Instant::now())
    }

    fn lasts_at(&self, now: Instant) -> bool {
        self.lock().as_ref().is_some_and(|last| now < last.until)
    }

    /// Why no attempt is to be made now.
    pub(super) fn last(&self, now: Instant) -> Option<Error> {
        let last = self.lock();
        let last = last.as_ref().filter(|last| now < last.until)?;
        Some(last.error.again())
    }

    /// Why the last attempt failed, when none has succeeded since.
    pub(super) fn latest(&self) -> Option<Error> {
        self.lock().as_ref().map(|last| last.error.again())
    }

    /// A pause and its end, which is spread so that many pgparleys do not come back together.
    fn pause(&self, pause: Duration, now: Instant) -> (Duration, Instant) {
        let pause = pause.min(self.longest);
        (pause, now + pause.mul_f64(rand::random_range(0.8..1.2)))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Last>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error() -> Error {
        Error::TimedOut("nowhere:1".to_owned())
    }

    #[test]
    fn pauses_grow_to_the_longest_and_end_with_a_success() {
        let trouble = Trouble::new(Duration::from_secs(1));
        let mut now = Instant::now();
        let mut pauses = Vec::new();
        for _ in 0..6 {
            trouble.note(error(), now);
            assert!(trouble.lasts_at(now));
            let until = trouble.lock().as_ref().map(|last| last.until).unwrap();
            pauses.push(trouble.lock().as_ref().map(|last| last.pause).unwrap());
            assert!(!trouble.lasts_at(until));
            now = until;
        }
        let expected = [100, 200, 400, 800, 1000, 1000].map(Duration::from_millis);
        assert_eq!(pauses, expected);
        trouble.clear();
        trouble.note(error(), now);
        assert_eq!(trouble.lock().as_ref().map(|last| last.pause), Some(FIRST));
    }

    #[test]
    fn failures_at_the_same_time_are_one() {
        let trouble = Trouble::new(Duration::from_secs(1));
        let now = Instant::now();
        for _ in 0..8 {
            trouble.note(error(), now);
        }
        assert!(!trouble.lasts_at(now + FIRST.mul_f64(1.2)));
        assert!(matches!(trouble.last(now), Some(Error::TimedOut(_))));
    }
}
