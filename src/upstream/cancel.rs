//! Ends the query that runs on a server connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::sync::RwLock;
use tokio::time::timeout;

use super::connect::cancel_request;
use super::connect::open;

/// How long the server may take to accept and close the connection of a CancelRequest.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a CancelRequest for one server connection needs.
#[derive(Debug)]
pub struct CancelTarget {
    host: String,
    port: u16,
    key: Vec<u8>,
    /// Read by requests that are under way.
    gate: RwLock<()>,
}

impl CancelTarget {
    /// From the body of the server's BackendKeyData.
    pub(super) fn new(host: String, port: u16, key: Vec<u8>) -> Self {
        Self {
            host,
            port,
            key,
            gate: RwLock::new(()),
        }
    }

    /// Asks the server to cancel and waits until it has taken notice: it closes the connection
    /// after it has sent the signal.
    pub async fn cancel(&self) -> io::Result<()> {
        let Some(request) = cancel_request(&self.key) else {
            return Ok(());
        };
        let _under_way = self.gate.read().await;
        let ask = async {
            let mut socket = open(&self.host, self.port).await?;
            socket.write_all(&request).await?;
            socket.read(&mut [0]).await.map(|_| ())
        };
        timeout(PATIENCE, ask).await?
    }

    /// Waits until no request is under way.
    pub async fn quiet(self: &Arc<Self>) {
        // The connection holds one reference; whoever is about to send a request another.
        while Arc::strong_count(self) > 1 {
            drop(self.gate.write().await);
            tokio::task::yield_now().await;
        }
    }
}
