//! Gets a server connection for a client that has none, and makes it what the client's session
//! wants.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::End;
use super::Session;
use super::asking::MOST_AHEAD;
use super::errors;
use super::from_client::shared::Before;
use super::link::Link;
use super::link::Role;
use crate::upstream;
use crate::upstream::Lease;
use crate::upstream::Settings;
use crate::wire::Connection;
use crate::wire::ErrorInfo;
use crate::wire::error;
use crate::wire::frontend;

/// How long a client waits before it is told that it waits.
const NOTICE_AFTER: Duration = Duration::from_secs(5);

/// Why waiting for a server connection has brought none.
#[derive(Debug)]
pub(super) enum Waited {
    /// The client has left.
    Left,
    /// The client has cancelled.
    Canceled,
    /// There is none to be had.
    Failed(upstream::Error),
}

/// Waits for a server connection, as long as the client does.
pub(super) async fn lease(
    client: &mut Connection,
    most_ahead: usize,
    link: &Link,
) -> Result<Lease, Waited> {
    let access = &link.access;
    let checkout = access.pool.checkout(link.worker, &access.login);
    tokio::pin!(checkout);
    let mut is_told = false;
    let leased = loop {
        tokio::select! {
            leased = &mut checkout => break leased.map_err(Waited::Failed),
            () = link.key.requested() => break Err(Waited::Canceled),
            _ = client.closed(most_ahead) => break Err(Waited::Left),
            () = sleep(NOTICE_AFTER), if !is_told => {
                is_told = true;
                let mut out = Vec::new();
                error::put_notice(&mut out, errors::waiting());
                if client.push(&out).is_err() {
                    break Err(Waited::Left);
                }
            }
        }
    };
    client.resume();
    leased
}

impl Session {
    /// Makes sure that there is a server connection with the session's settings. The inner error
    /// is why there is none.
    pub(super) async fn attach(&mut self) -> Result<Result<(), Box<ErrorInfo>>, End> {
        loop {
            if let Err(denied) = self.lease().await? {
                return Ok(Err(denied));
            }
            if self.link.is_as_wanted() {
                break;
            }
            let wanted = Arc::clone(&self.link.settings);
            let Some(body) = self.adopt(&wanted).await? else {
                break;
            };
            if !self.link.server().settings.is_empty() {
                // What others have set there may be in the way, and must not be in anybody's.
                if self.adopt(&Arc::default()).await?.is_some() {
                    self.link.close();
                }
                continue;
            }
            // Whoever is next finds it as it was.
            self.link.detach();
            if !self.link.keep_role() {
                self.link.role = Role::Gone;
            }
            return Ok(Err(Box::new(errors::settings_lost(error::read(&body)))));
        }
        self.link.ready(&mut self.dialogue.replies);
        Ok(Ok(()))
    }

    /// Makes sure that there is a server connection. The inner error is why there is none.
    async fn lease(&mut self) -> Result<Result<(), Box<ErrorInfo>>, End> {
        if !self.link.is_attached() {
            match lease(&mut self.client, MOST_AHEAD, &self.link).await {
                Ok(lease) => self.link.own(lease),
                Err(Waited::Left) => return Err(End::Client),
                Err(Waited::Canceled) => {
                    self.link.keep_role();
                    return Ok(Err(Box::new(errors::canceled())));
                }
                Err(Waited::Failed(error)) => {
                    self.link.keep_role();
                    tracing::warn!(%error, "no server connection");
                    return Ok(Err(Box::new(errors::no_server(&error))));
                }
            }
        }
        Ok(Ok(()))
    }

    /// Has the server prepare what a Query speaks of. When it does not, the Query fails as it would
    /// have failed itself.
    pub(super) async fn prepare_first(&mut self, before: Before) -> Result<(), End> {
        let mut request = before.bytes;
        frontend::put_sync(&mut request);
        let reply = self.exchange_for_client(&request).await?;
        self.pass_messages(&reply.messages)?;
        if let Some(status) = reply.status {
            self.dialogue.status = status;
        }
        self.link.has_prepared = true;
        if let Some(body) = reply.error {
            let (_, mut known) = self.link.split();
            before.owed.iter().for_each(|owed| known.undo(owed));
            self.link.has_prepared = false;
            self.link.denied = Some(Box::new(error::read(&body)));
        }
        Ok(())
    }

    /// Makes the connection's settings what they ought to be; the body of the server's error when
    /// it does not take them.
    pub(super) async fn adopt(&mut self, wanted: &Arc<Settings>) -> Result<Option<Vec<u8>>, End> {
        let current = Arc::clone(&self.link.server().settings);
        if let Some(command) = wanted.put_changes(&current)
            && let Some(body) = self.change(&command).await?
        {
            return Ok(Some(body));
        }
        self.link.server().settings = Arc::clone(wanted);
        Ok(None)
    }
}
