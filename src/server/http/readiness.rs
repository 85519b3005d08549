//! Whether clients should come: what the server tells its orchestrator.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;

/// A worker that takes longer to run an empty task is stuck.
const STUCK: Duration = Duration::from_secs(1);

/// Where in its life the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing listens yet.
    Starting,
    /// Clients are welcome.
    Ready,
    /// Clients are asked to leave.
    Stopping,
}

/// The server's phase, shared between who changes it and who is asked. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Readiness(Arc<watch::Sender<Known>>);

#[derive(Debug)]
struct Known {
    phase: Phase,
    workers: Vec<Handle>,
}

impl Readiness {
    /// Nothing listens yet.
    pub fn new() -> Self {
        let known = Known {
            phase: Phase::Starting,
            workers: Vec::new(),
        };
        Self(Arc::new(watch::Sender::new(known)))
    }

    /// The configuration is loaded and clients can connect; `workers` are who serves them.
    ///
    /// After [`Readiness::stopping`] it changes nothing: a shutdown is not taken back.
    pub fn ready(&self, workers: Vec<Handle>) {
        self.0.send_if_modified(|known| {
            let changes = known.phase == Phase::Starting;
            if changes {
                *known = Known {
                    phase: Phase::Ready,
                    workers,
                };
            }
            changes
        });
    }

    /// The shutdown has begun.
    pub fn stopping(&self) {
        self.0.send_modify(|known| known.phase = Phase::Stopping);
    }

    /// The phase now.
    pub fn phase(&self) -> Phase {
        self.0.borrow().phase
    }

    /// True unless a worker's event loop does not come round within a second.
    ///
    /// During a shutdown workers end one by one, so then it is always true.
    pub async fn is_alive(&self) -> bool {
        let workers = match &*self.0.borrow() {
            Known {
                phase: Phase::Starting | Phase::Stopping,
                ..
            } => return true,
            Known { workers, .. } => workers.clone(),
        };
        let answers = workers
            .iter()
            .map(|worker| timeout(STUCK, worker.spawn(async {})));
        let answered = futures::future::join_all(answers).await;
        answered.iter().all(|answer| matches!(answer, Ok(Ok(()))))
            || self.phase() == Phase::Stopping
    }
}

impl Default for Readiness {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime;

    use super::Readiness;

    #[tokio::test]
    async fn a_worker_that_never_comes_round_is_not_alive() {
        let stuck = runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        let readiness = Readiness::new();
        assert!(
            readiness.is_alive().await,
            "nothing has to answer before the start"
        );
        readiness.ready(vec![stuck.handle().clone()]);
        assert!(!readiness.is_alive().await);
        stuck.shutdown_background();
    }
}
