//! One thread that serves its share of the clients.

use std::io;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use crate::session;
use crate::session::Services;

/// How long a worker sleeps at most.
const TICK: Duration = Duration::from_secs(1);

/// A worker thread.
#[derive(Debug)]
pub(super) struct Worker {
    desk: Desk,
    runtime: runtime::Handle,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// Where clients are handed to a worker.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    clients: mpsc::UnboundedSender<(TcpStream, SocketAddr)>,
    load: Arc<AtomicUsize>,
}

impl Desk {
    /// Clients that the worker has.
    pub(super) fn load(&self) -> usize {
        self.load.load(Ordering::Relaxed)
    }

    /// Gives the worker one more. A worker that has stopped closes it.
    pub(super) fn hand_over(&self, stream: TcpStream, peer: SocketAddr) {
        self.load.fetch_add(1, Ordering::Relaxed);
        if self.clients.send((stream, peer)).is_err() {
            tracing::debug!(%peer, "client came after the end");
        }
    }
}

impl Worker {
    /// Starts the thread.
    pub(super) fn start(index: usize, services: Arc<Services>) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let (clients, arriving) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();
        let desk = Desk {
            clients,
            load: Arc::default(),
        };
        let load = Arc::clone(&desk.load);
        let thread = thread::Builder::new()
            .name(format!("worker-{index}"))
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        // The sender is dropped only after it has sent.
                        _ = stopped => {}
                        () = serve(index, arriving, load, services) => {}
                        () = tick() => {}
                    }
                });
            })?;
        Ok(Self {
            desk,
            runtime: handle,
            stop,
            thread,
        })
    }

    /// The runtime of the thread.
    pub(super) fn runtime(&self) -> runtime::Handle {
        self.runtime.clone()
    }

    /// Where to hand clients over.
    pub(super) fn desk(&self) -> Desk {
        self.desk.clone()
    }

    /// Ends the thread and with it every session that is still there.
    pub(super) fn stop(self) {
        // The thread may have ended by itself.
        let _ = self.stop.send(());
        if self.thread.join().is_err() {
            tracing::error!("a worker panicked");
        }
    }
}

/// Lets the runtime wake up once a second, without end. A timer that goes off later than the next
/// one wakes the runtime when it is set, by a system call: with a tick before it, that is spared.
async fn tick() {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
    }
}

async fn serve(
    index: usize,
    mut arriving: mpsc::UnboundedReceiver<(TcpStream, SocketAddr)>,
    load: Arc<AtomicUsize>,
    services: Arc<Services>,
) {
    while let Some((stream, peer)) = arriving.recv().await {
        let seat = Seat(Arc::clone(&load));
        let stream = match tokio::net::TcpStream::from_std(stream) {
            Ok(stream) => stream,
            Err(error) => {
                tracing::debug!(%peer, %error, "client connection lost");
                continue;
            }
        };
        let services = Arc::clone(&services);
        tokio::spawn(async move {
            let _seat = seat;
            session::serve(stream, peer, index, services).await;
        });
    }
}

/// Counts one client as long as it is there.
struct Seat(Arc<AtomicUsize>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
