//! Looks at stored values in the background, once for each role and structure of the database.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::catalog::Error;
use crate::catalog::samples::Samples;
use crate::catalog::state::Look;
use crate::catalog::state::Viewer;
use crate::sql::schema::Schema;

use super::Source;
use super::within;

impl Source {
    /// What `role` can read, with what is seen of the values, which are waited for so long.
    pub(in crate::catalog) async fn schema_with_values(
        self: &Arc<Self>,
        role: &str,
        patience: Duration,
    ) -> Result<Arc<Schema>, Error> {
        let viewer = Viewer {
            role: role.to_owned(),
            with_values: true,
        };
        self.attend(&viewer);
        self.values_seen_by(&viewer, patience).await
    }

    /// The same, whoever asks.
    pub(super) async fn values_seen_by(
        self: &Arc<Self>,
        viewer: &Viewer,
        patience: Duration,
    ) -> Result<Arc<Schema>, Error> {
        let role = viewer.role.as_str();
        let schema = self.schema(viewer).await?;
        let look = self.state.lock().await.look(role, Instant::now());
        let mut under_way = match look {
            Look::Known => return Ok(schema),
            Look::UnderWay(receiver) => receiver,
            Look::Due(sender, receiver) => {
                self.start_looking(role, sender);
                receiver
            }
            Look::DueAgain(sender) => {
                self.start_looking(role, sender);
                return Ok(schema);
            }
        };
        // Nothing is ever sent: the channel closes when the look is over.
        if timeout(patience, under_way.changed()).await.is_err() {
            return Ok(schema);
        }
        // It may be large, and the next one is made beside it.
        drop(schema);
        self.schema(viewer).await
    }

    fn start_looking(self: &Arc<Self>, role: &str, over: watch::Sender<()>) {
        let source = Arc::clone(self);
        let role = role.to_owned();
        tokio::spawn(async move {
            source.look(&role).await;
            drop(over);
        });
    }

    /// Looks at the values that `role` can read. What fails is as if nothing had been seen, and is
    /// tried again when that is old.
    async fn look(&self, role: &str) {
        let _looking = self.looking.lock().await;
        let structure = self.state.lock().await.structure().cloned();
        let started = Instant::now();
        let samples = within(self.read_samples(role)).await;
        let samples = samples.unwrap_or_else(|error| {
            tracing::warn!(database = %self.database, %error, "values not looked at");
            Samples::default()
        });
        tracing::debug!(database = %self.database, role, took = ?started.elapsed(), "values seen");
        let mut state = self.state.lock().await;
        state.seen(role, structure.as_ref(), samples);
    }

    async fn read_samples(&self, role: &str) -> Result<Samples, Error> {
        // As long as nothing was seen, who is shown values sees what the others see.
        let nothing_seen = self.state.lock().await.samples(role).is_none();
        let viewer = Viewer {
            role: role.to_owned(),
            with_values: nothing_seen,
        };
        let schema = self.schema(&viewer).await?;
        let (reader, _) = self.checkout().await?;
        let samples = Samples::read(&reader, &schema).await?;
        reader.release();
        Ok(samples)
    }
}
