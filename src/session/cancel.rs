//! Routes a CancelRequest to the session whose key it carries.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicI32;
use std::sync::atomic::Ordering;

use tokio::sync::Notify;

use crate::upstream::CancelTarget;

/// The keys of all sessions of one pgparley.
#[derive(Debug, Default)]
pub struct CancelKeys {
    sessions: Mutex<HashMap<i32, Entry>>,
    next_pid: AtomicI32,
}

#[derive(Debug)]
struct Entry {
    secret: i32,
    shared: Arc<Shared>,
}

/// What a CancelRequest can reach of a session.
#[derive(Debug, Default)]
struct Shared {
    /// The server connection that the session owns. A request under way holds a second reference.
    target: Mutex<Option<Arc<CancelTarget>>>,
    /// Wakes a question that waits for a model.
    question: Notify,
}

/// One session's key; forgotten when dropped.
#[derive(Debug)]
pub struct CancelKey {
    keys: Arc<CancelKeys>,
    /// The process id that the client is told.
    pub pid: i32,
    /// The secret that the client is told.
    pub secret: i32,
    shared: Arc<Shared>,
}

impl CancelKeys {
    /// A new key. All 32 bits of the secret are random; the pid only has to be unique.
    pub fn register(self: &Arc<Self>) -> CancelKey {
        let secret = rand::random();
        let shared = Arc::new(Shared::default());
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let pid = loop {
            let pid = self.next_pid.fetch_add(1, Ordering::Relaxed) & i32::MAX;
            if pid != 0 && !sessions.contains_key(&pid) {
                break pid;
            }
        };
        sessions.insert(
            pid,
            Entry {
                secret,
                shared: Arc::clone(&shared),
            },
        );
        CancelKey {
            keys: Arc::clone(self),
            pid,
            secret,
            shared,
        }
    }

    /// Does what a CancelRequest asks for; nothing when no session has this key. As with
    /// PostgreSQL the sender is never told which.
    pub async fn cancel(&self, pid: i32, secret: &[u8]) {
        let Some(shared) = self.find(pid, secret) else {
            return;
        };
        shared.question.notify_waiters();
        let target = shared
            .target
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let Some(target) = target else { return };
        if let Err(error) = target.cancel().await {
            tracing::info!(%error, "cancel request not delivered");
        }
    }

    fn find(&self, pid: i32, secret: &[u8]) -> Option<Arc<Shared>> {
        let secret = i32::from_be_bytes(secret.try_into().ok()?);
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = sessions.get(&pid)?;
        // One word compared at once takes the same time whatever it holds.
        (entry.secret == secret).then(|| Arc::clone(&entry.shared))
    }
}

impl CancelKey {
    /// The session now owns this server connection.
    pub fn own(&self, target: Option<&Arc<CancelTarget>>) {
        *self.target() = target.cloned();
    }

    /// The session gives its server connection up. `false` when a request for it is still under
    /// way: it would hit the next client.
    pub fn disown(&self) -> bool {
        // The connection itself holds the second reference; a request under way a third.
        let target = self.target().take();
        target.is_none_or(|target| Arc::strong_count(&target) <= 2)
    }

    fn target(&self) -> MutexGuard<'_, Option<Arc<CancelTarget>>> {
        let target = self.shared.target.lock();
        target.unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a CancelRequest. Cancel safe.
    pub async fn requested(&self) {
        self.shared.question.notified().await;
    }
}

impl Drop for CancelKey {
    fn drop(&mut self) {
        let mut sessions = self
            .keys
            .sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        sessions.remove(&self.pid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wrong_secret_reaches_nobody() {
        let keys = Arc::new(CancelKeys::default());
        let key = keys.register();
        assert!(keys.find(key.pid, &key.secret.to_be_bytes()).is_some());
        assert!(
            keys.find(key.pid, &key.secret.wrapping_add(1).to_be_bytes())
                .is_none()
        );
        assert!(keys.find(key.pid, b"").is_none());
    }

    #[tokio::test]
    async fn a_dropped_key_is_forgotten() {
        let keys = Arc::new(CancelKeys::default());
        let key = keys.register();
        let (pid, secret) = (key.pid, key.secret.to_be_bytes());
        drop(key);
        assert!(keys.find(pid, &secret).is_none());
    }

    #[tokio::test]
    async fn a_request_wakes_the_question_that_waits() {
        let keys = Arc::new(CancelKeys::default());
        let key = keys.register();
        let secret = key.secret.to_be_bytes();
        let waiting = key.requested();
        tokio::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending());
        keys.cancel(key.pid, &secret).await;
        waiting.await;
    }
}
