//! Reads a changed catalog again before the next question needs it.
//!
//! Questions ask the server themselves whether what is known is true; this only makes it likely
//! that they find it so.

use std::sync::Arc;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use crate::catalog::state::Viewer;

use super::Source;

/// The last question, and whether somebody looks after it.
#[derive(Debug, Default)]
pub(super) struct Attention {
    last: Option<(Instant, Viewer)>,
    watched: bool,
}

/// Time between two looks.
const PERIOD: Duration = Duration::from_secs(2);

/// A database that nobody asked about for so long is left alone.
const IDLE: Duration = Duration::from_mins(1);

impl Source {
    /// Keeps what `viewer` sees fresh for a while. Must run on the runtime that drives the pool's
    /// connections.
    pub(super) fn attend(self: &Arc<Self>, viewer: &Viewer) {
        let mut attention = self.attention();
        attention.last = Some((Instant::now(), viewer.clone()));
        if attention.watched {
            return;
        }
        attention.watched = true;
        let source = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(PERIOD).await;
                let Some(source) = source.upgrade() else {
                    return;
                };
                let Some(viewer) = source.attended() else {
                    return;
                };
                source.refresh(&viewer).await;
            }
        });
    }

    async fn refresh(self: &Arc<Self>, viewer: &Viewer) {
        let read = if viewer.with_values {
            self.values_seen_by(viewer, Duration::ZERO).await
        } else {
            self.schema(viewer).await
        };
        if let Err(error) = read {
            tracing::debug!(database = %self.database, %error, "catalog not refreshed");
        }
    }

    /// Who asked last, if that is not long ago; nobody is looked after otherwise.
    fn attended(&self) -> Option<Viewer> {
        let mut attention = self.attention();
        let last = attention.last.take_if(|(asked, _)| asked.elapsed() < IDLE);
        attention.watched = last.is_some();
        attention.last.clone_from(&last);
        last.map(|(_, viewer)| viewer)
    }

    fn attention(&self) -> std::sync::MutexGuard<'_, Attention> {
        self.attention
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
