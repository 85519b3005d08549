//! Accepts clients and deals each to the worker that has fewest.

use std::io;
use std::time::Duration;

use tokio::net::TcpListener;

use super::worker::Desk;

/// How long to wait when the system has no descriptor for another client.
const BREATHER: Duration = Duration::from_millis(100);

/// Accepts until the runtime ends.
pub(super) async fn accept(listener: TcpListener, desks: Vec<Desk>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let Ok(stream) = stream.into_std() else {
                    continue;
                };
                let Some(desk) = desks.iter().min_by_key(|desk| desk.load()) else {
                    return;
                };
                desk.hand_over(stream, peer);
            }
            Err(error) if is_the_clients(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept clients");
                tokio::time::sleep(BREATHER).await;
            }
        }
    }
}

/// The client gave up before it was accepted.
fn is_the_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}
