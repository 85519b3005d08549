//! A server on a Unix socket that logs everybody in and says OK to every query.

use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use pgparley::upstream::Login;
use pgparley::wire::TransactionStatus;
use pgparley::wire::backend;
use pgparley::wire::error;
use socket2::SockRef;
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixListener;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::oneshot;
use tokio::sync::watch;

/// Stops when dropped.
pub(crate) struct Server {
    directory: TempDir,
    state: Arc<Mutex<State>>,
    /// Whether logins are answered.
    answering: watch::Sender<bool>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    connections: Vec<Connection>,
    accepted: usize,
    most: usize,
    refusal: Option<Vec<u8>>,
}

struct Connection {
    number: usize,
    /// A second descriptor, to see whether it is open.
    stream: UnixStream,
    writes: Arc<tokio::sync::Mutex<OwnedWriteHalf>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut server = Self {
            directory,
            state: Arc::default(),
            answering: watch::channel(true).0,
            stop: None,
            thread: None,
        };
        server.listen();
        server
    }

    /// How to log in to it.
    pub(crate) fn login(&self) -> Login {
        Login {
            host: self.directory.path().to_str().expect("ASCII").to_owned(),
            port: 5432,
            user: b"somebody".to_vec(),
            password: None,
            database: b"something".to_vec(),
            parameters: Vec::new(),
            connect_timeout: Duration::from_mins(1),
        }
    }

    /// Connections that are open now.
    pub(crate) fn open(&self) -> usize {
        let mut state = self.state();
        state.forget_closed();
        state.connections.len()
    }

    /// Connections that there ever were at the same time.
    pub(crate) fn most(&self) -> usize {
        self.state().most
    }

    /// Connections that there ever were.
    pub(crate) fn accepted(&self) -> usize {
        self.state().accepted
    }

    /// Leaves logins without an answer until [`Server::answer_logins`].
    pub(crate) fn hold_logins(&self) {
        self.answering.send_replace(false);
    }

    pub(crate) fn answer_logins(&self) {
        self.answering.send_replace(true);
    }

    /// Refuses logins with this SQLSTATE from now on, or accepts them again.
    pub(crate) fn refuse(&self, code: Option<&str>) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Some(code) = code {
            error::put_error(&mut bytes, error::fatal(code, "because"));
        }
        self.state().refusal = code.map(|_| bytes.clone());
        bytes
    }

    /// Says something on every connection.
    pub(crate) fn say(&self, bytes: &[u8]) {
        for connection in &self.state().connections {
            let writes = connection.writes.try_lock().expect("nobody writes");
            assert_eq!(writes.try_write(bytes).expect("it is open"), bytes.len());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Closes every connection and listens no more.
    pub(crate) fn crash(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server has not panicked");
        }
        self.state().connections.clear();
    }

    /// Listens, at the beginning or after a crash.
    pub(crate) fn listen(&mut self) {
        let path = self.directory.path().join(".s.PGSQL.5432");
        let _ = std::fs::remove_file(&path);
        let (state, answering) = (Arc::clone(&self.state), self.answering.subscribe());
        let (stop, stopped) = oneshot::channel();
        let listener = std::os::unix::net::UnixListener::bind(path).expect("a socket");
        listener.set_nonblocking(true).expect("a socket");
        self.thread = Some(thread::spawn(move || {
            super::runtime().block_on(async {
                let listener = UnixListener::from_std(listener).expect("a socket");
                tokio::select! {
                    _ = stopped => {}
                    () = accept(listener, state, answering) => {}
                }
            });
        }));
        self.stop = Some(stop);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("nobody panics in here")
}

impl Drop for Server {
    fn drop(&mut self) {
        self.crash();
    }
}

impl State {
    /// A client that opens one connection after it closed another has closed it by now.
    fn forget_closed(&mut self) {
        // The system tells a sender of its peer's end at once, whatever it has not read yet.
        self.connections
            .retain(|connection| SockRef::from(&connection.stream).send(&[]).is_ok());
    }
}

async fn accept(
    listener: UnixListener,
    state: Arc<Mutex<State>>,
    answering: watch::Receiver<bool>,
) {
    loop {
        let (stream, _) = listener.accept().await.expect("a client");
        tokio::spawn(serve(stream, Arc::clone(&state), answering.clone()));
    }
}

/// Serves one client until it closes.
async fn serve(stream: UnixStream, state: Arc<Mutex<State>>, answering: watch::Receiver<bool>) {
    let stream = stream.into_std().expect("a stream");
    let second = stream.try_clone().expect("a descriptor");
    let back = |stream| UnixStream::from_std(stream).expect("a stream");
    let (reads, writes) = back(stream).into_split();
    let writes = Arc::new(tokio::sync::Mutex::new(writes));
    let number = {
        let mut state = lock(&state);
        state.forget_closed();
        state.accepted += 1;
        let number = state.accepted;
        state.connections.push(Connection {
            number,
            stream: back(second),
            writes: Arc::clone(&writes),
        });
        state.most = state.most.max(state.connections.len());
        number
    };
    // The client may go away at any time.
    let _ = converse(reads, &writes, &state, (number, answering)).await;
    let mut state = lock(&state);
    state.connections.retain(|other| other.number != number);
}

async fn converse(
    mut reads: OwnedReadHalf,
    writes: &tokio::sync::Mutex<OwnedWriteHalf>,
    state: &Mutex<State>,
    (number, mut answering): (usize, watch::Receiver<bool>),
) -> io::Result<()> {
    let length = reads.read_u32().await?;
    reads.read_exact(&mut vec![0; length as usize - 4]).await?;
    let _ = answering.wait_for(|answering| *answering).await;
    let refusal = lock(state).refusal.clone();
    if let Some(refusal) = refusal {
        writes.lock().await.write_all(&refusal).await?;
        return Ok(());
    }
    let mut greeting = Vec::new();
    backend::put_authentication_ok(&mut greeting);
    backend::put_parameter_status(&mut greeting, b"number", number.to_string().as_bytes());
    backend::put_ready_for_query(&mut greeting, TransactionStatus::Idle);
    writes.lock().await.write_all(&greeting).await?;
    let mut reply = Vec::new();
    backend::put_command_complete(&mut reply, "OK");
    backend::put_ready_for_query(&mut reply, TransactionStatus::Idle);
    loop {
        reads.read_u8().await?;
        let length = reads.read_u32().await?;
        reads.read_exact(&mut vec![0; length as usize - 4]).await?;
        writes.lock().await.write_all(&reply).await?;
    }
}
