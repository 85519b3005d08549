//! The limits of a pool: how many connections there may be, and how many of them logging in.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use super::shared::Local;

/// Counts up to a limit, exactly.
#[derive(Debug)]
pub(super) struct Bounded {
    used: AtomicUsize,
    limit: usize,
}

impl Bounded {
    pub(super) fn new(limit: usize) -> Self {
        let used = AtomicUsize::new(0);
        Self { used, limit }
    }

    /// Counts one more; `false` when that would be over the limit.
    pub(super) fn take(&self) -> bool {
        let more = |used| (used < self.limit).then_some(used + 1);
        self.used
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, more)
            .is_ok()
    }

    /// Counts one less.
    pub(super) fn give_back(&self) {
        self.used.fetch_sub(1, Ordering::SeqCst);
    }

    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::SeqCst)
    }

    /// How many more there may be.
    pub(super) fn free(&self) -> usize {
        self.limit.saturating_sub(self.used())
    }

    pub(super) fn is_full(&self) -> bool {
        self.free() == 0
    }
}

/// The right to one connection, open or being opened. Freed when dropped.
#[derive(Debug)]
pub(super) struct Place(Option<Arc<Local>>);

impl Place {
    /// A new one; `None` at a limit.
    pub(super) fn take(local: &Arc<Local>) -> Option<Self> {
        let there_is_one = local.shared.occupy();
        there_is_one.then(|| Self::of_idle(Arc::clone(local)))
    }

    /// The same, and where the limit is that of all pools of the database, another pool makes room.
    pub(super) fn take_or_evict(local: &Arc<Local>) -> Option<Self> {
        loop {
            let place = Self::take(local);
            let total = local.shared.total.as_ref();
            let Some(total) = total.filter(|_| place.is_none() && !local.shared.places.is_full())
            else {
                return place;
            };
            // Somebody else may take the room that was made.
            if total.is_full() && !total.evict_for(&local.shared) {
                return None;
            }
        }
    }

    /// That of a connection which was idle until now.
    pub(super) fn of_idle(local: Arc<Local>) -> Self {
        Self(Some(local))
    }

    /// Leaves the right to a connection that becomes idle.
    pub(super) fn leave_to_idle(mut self) -> Arc<Local> {
        self.0.take().expect("it is there until it is left")
    }

    pub(super) fn local(&self) -> &Arc<Local> {
        self.0.as_ref().expect("it is there until it is left")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(local) = &self.0 {
            local.shared.vacate();
        }
    }
}

/// The right to log in. Freed when dropped.
#[derive(Debug)]
pub(super) struct Connecting(Arc<Local>);

impl Connecting {
    /// `None` when as many as may are logging in already.
    pub(super) fn take(local: &Arc<Local>) -> Option<Self> {
        let there_is_one = local.shared.connecting.take();
        there_is_one.then(|| Self(Arc::clone(local)))
    }
}

impl Drop for Connecting {
    fn drop(&mut self) {
        self.0.shared.connecting.give_back();
        self.0.shared.call_next();
    }
}
