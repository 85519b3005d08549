//! Whole sessions in which one side says whatever the fuzzer makes up, over real sockets.

use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pgparley::config::Config;
use pgparley::config::Database;
use pgparley::config::PoolMode;
use pgparley::config::UpstreamUrl;
use pgparley::session;
use pgparley::session::Services;
use pgparley::wire::frame;
use pgparley::wire::frame::HEADER;
use pgparley::wire::frame::Next;
use pgparley::wire::frame::server;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::net::UnixListener;
use tokio::net::UnixStream;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// A session takes milliseconds; one that goes on for so long never ends.
const ENDLESS: Duration = Duration::from_secs(8);

/// A server that hears nothing for so long closes, as one would whose client is gone.
const SILENCE: Duration = Duration::from_millis(50);

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
}

/// What the two sides say.
struct Script {
    mode: PoolMode,
    /// The client's bytes, in the pieces in which they are sent, the start-up packet first.
    client: Vec<Vec<u8>>,
    /// The server's answer to a start-up packet.
    greeting: Vec<u8>,
    /// Its answer to the client's first Query, behind which it closes; `None` answers everything.
    answer: Option<Vec<Vec<u8>>>,
}

/// What they have heard.
struct Heard {
    client: Vec<u8>,
    server: Vec<u8>,
}

/// Whatever a server sends behind its login, in two pieces: its whole messages reach the client as
/// they are, and behind them comes nothing but one last error.
pub fn from_server(bytes: &[u8]) {
    let Some((pieces, bytes)) = in_two(bytes) else {
        return;
    };
    let heard = talk(&Script {
        mode: PoolMode::Session,
        client: vec![startup(), query(b"SELECT 1")],
        greeting: greeting(),
        answer: Some(pieces.clone()),
    });
    let said = heard.client.strip_prefix(&*greeting_heard(&heard.client));
    let said = said.expect("it was greeted");
    let same = said.iter().zip(bytes).take_while(|(a, b)| a == b).count();
    let is_whole = |passed: &usize| said.len() == *passed || is_last_error(&said[*passed..]);
    let passed = (0..=same).rev().find(is_whole);
    let passed = passed.expect("something reaches the client that nobody said");
    assert!(passed >= well_formed(bytes), "a message gets lost");
    // In transaction mode the client may stay; nobody may panic for it.
    talk(&Script {
        mode: PoolMode::Transaction,
        client: vec![startup(), query(b"SELECT 1")],
        greeting: greeting(),
        answer: Some(pieces),
    });
}

/// Whatever a client sends behind its login, in two pieces: the server hears nothing but messages.
pub fn from_client(bytes: &[u8]) {
    let Some((pieces, _)) = in_two(bytes) else {
        return;
    };
    for mode in [PoolMode::Session, PoolMode::Transaction] {
        let mut client = vec![startup()];
        client.extend(pieces.iter().cloned());
        let heard = talk(&Script {
            mode,
            client,
            greeting: greeting(),
            answer: None,
        });
        let mut rest = &heard.server[..];
        while let Next::Message { size, .. } = frame::next(rest) {
            rest = rest.get(size..).unwrap_or_default();
        }
        assert_eq!(frame::next(rest), Next::Header, "the server lost its frame");
    }
}

/// Whatever a client sends first: the session ends with it.
pub fn login(bytes: &[u8]) {
    let Some((client, _)) = in_two(bytes) else {
        return;
    };
    talk(&Script {
        mode: PoolMode::Session,
        client,
        greeting: greeting(),
        answer: None,
    });
}

/// Whatever a server answers to a login: the client hears an end of it.
pub fn upstream_login(bytes: &[u8]) {
    let heard = talk(&Script {
        mode: PoolMode::Session,
        client: vec![startup()],
        greeting: bytes.to_vec(),
        answer: Some(Vec::new()),
    });
    assert!(!heard.client.is_empty(), "the client hears nothing");
}

/// The first byte says where the others are cut.
fn in_two(bytes: &[u8]) -> Option<(Vec<Vec<u8>>, &[u8])> {
    let (&cut, bytes) = bytes.split_first()?;
    let (head, tail) = bytes.split_at(usize::from(cut).min(bytes.len()));
    Some((vec![head.to_vec(), tail.to_vec()], bytes))
}

fn startup() -> Vec<u8> {
    let body = b"\0\x03\0\0user\0u\0database\0d\0\0";
    let length = body.len() as u32 + 4;
    [&length.to_be_bytes()[..], body].concat()
}

fn query(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    frame::put(&mut out, frame::client::QUERY, |body| {
        body.extend_from_slice(text);
        body.push(0);
    });
    out
}

fn greeting() -> Vec<u8> {
    let mut out = Vec::new();
    frame::put_body(&mut out, server::AUTHENTICATION, &[0; 4]);
    out.extend(ready());
    out
}

fn ready() -> Vec<u8> {
    let mut out = Vec::new();
    frame::put_body(&mut out, server::READY_FOR_QUERY, b"I");
    out
}

/// Everything up to the first ReadyForQuery.
fn greeting_heard(heard: &[u8]) -> Vec<u8> {
    let mut at = 0;
    while let Next::Message { tag, size } = frame::next(&heard[at..]) {
        at += size;
        if tag == server::READY_FOR_QUERY {
            break;
        }
    }
    heard[..at].to_vec()
}

/// One ErrorResponse of pgparley's own and nothing else.
fn is_last_error(bytes: &[u8]) -> bool {
    let whole = matches!(frame::next(bytes), Next::Message { tag: server::ERROR, size } if size == bytes.len());
    let fields = bytes.get(HEADER..).unwrap_or_default();
    let mut fields = fields.split(|&byte| byte == 0);
    whole && fields.any(|field| matches!(field, b"C08P01" | b"C08006"))
}

/// The length of the messages at the beginning that a server may send in answer to a Query.
fn well_formed(bytes: &[u8]) -> usize {
    let mut at = 0;
    for (tag, body) in frame::messages(bytes) {
        if !b"23CWdcHGDIEVnNAtS1sZT".contains(&tag) {
            break;
        }
        let is_end = tag == server::READY_FOR_QUERY;
        if is_end && !matches!(body, b"I" | b"T" | b"E") {
            break;
        }
        at += HEADER + body.len();
        if is_end {
            break;
        }
    }
    at
}

/// Holds one session from the client's first byte to its end.
fn talk(script: &Script) -> Heard {
    RUNTIME.with(|runtime| {
        let talked = runtime.block_on(async {
            let held = hold(script, runtime);
            timeout(ENDLESS, held).await
        });
        talked.expect("the session does not end")
    })
}

async fn hold(script: &Script, runtime: &Runtime) -> Heard {
    let directory = Directory::new();
    let upstream = UnixListener::bind(directory.0.join(".s.PGSQL.5432")).expect("a socket");
    let heard = Arc::<Mutex<Vec<u8>>>::default();
    let (greeting, answer) = (script.greeting.clone(), script.answer.clone());
    let server = tokio::spawn(serve(upstream, greeting, answer, Arc::clone(&heard)));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.expect("a port");
    let addr = listener.local_addr().expect("it is bound");
    let services = services(script, &directory, runtime);
    let session = async {
        let (stream, peer) = listener.accept().await.expect("a client");
        session::serve(stream, peer, 0, services).await;
    };
    let client = async {
        let stream = TcpStream::connect(addr).await.expect("it listens");
        converse(stream, script).await
    };
    let ((), client) = tokio::join!(session, client);
    server.abort();
    let server = heard.lock().expect("nobody panics").clone();
    Heard { client, server }
}

fn services(script: &Script, directory: &Directory, runtime: &Runtime) -> Arc<Services> {
    let url = UpstreamUrl {
        host: directory.0.display().to_string(),
        port: 5432,
        user: None,
        password: None,
        dbname: None,
    };
    let mut database = Database::new("*", url);
    database.pool_mode = script.mode;
    database.query_wait_timeout = Duration::from_millis(500);
    let config = Config {
        databases: vec![database],
        ..Config::default()
    };
    Arc::new(Services::new(config, 1, runtime.handle().clone()).expect("no model is asked"))
}

/// The client's side: says its pieces, and hears everything.
async fn converse(stream: TcpStream, script: &Script) -> Vec<u8> {
    // Closed at once, so that no port stays taken for a while.
    let _ = stream.set_zero_linger();
    let (mut reads, mut writes) = stream.into_split();
    let mut heard = Vec::new();
    let stays = script.answer.is_some();
    // There the session may go on without its server.
    let patience = if stays && script.mode == PoolMode::Transaction {
        SILENCE / 2
    } else {
        ENDLESS
    };
    let saying = async {
        for piece in &script.client {
            if writes.write_all(piece).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        if !stays {
            let _ = writes.shutdown().await;
        }
    };
    let hearing = async {
        let mut buffer = [0; 4096];
        loop {
            let read = reads.read(&mut buffer);
            match timeout(patience, read).await {
                Ok(Ok(length)) if length > 0 => heard.extend_from_slice(&buffer[..length]),
                // Closed, or nothing more comes.
                _ => break,
            }
        }
    };
    tokio::join!(saying, hearing);
    heard
}

/// The server's side, one connection after the other.
async fn serve(
    listener: UnixListener,
    greeting: Vec<u8>,
    answer: Option<Vec<Vec<u8>>>,
    heard: Arc<Mutex<Vec<u8>>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        // However it ends, the next one may come.
        let _ = attend(stream, &greeting, answer.as_deref(), &heard).await;
    }
}

async fn attend(
    mut stream: UnixStream,
    greeting: &[u8],
    answer: Option<&[Vec<u8>]>,
    heard: &Mutex<Vec<u8>>,
) -> std::io::Result<()> {
    let length = stream.read_u32().await? as usize;
    stream.read_exact(&mut vec![0; length - 4]).await?;
    stream.write_all(greeting).await?;
    if answer.is_some_and(<[_]>::is_empty) {
        return Ok(());
    }
    let mut unread = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(length) = timeout(SILENCE, stream.read(&mut buffer)).await {
        let length = length?;
        if length == 0 {
            break;
        }
        heard
            .lock()
            .expect("nobody panics")
            .extend_from_slice(&buffer[..length]);
        unread.extend_from_slice(&buffer[..length]);
        while let Next::Message { tag, size } = frame::next(&unread) {
            if size > unread.len() {
                break;
            }
            unread.drain(..size);
            match (tag, answer) {
                (frame::client::QUERY, Some(pieces)) => {
                    for piece in pieces {
                        stream.write_all(piece).await?;
                        tokio::task::yield_now().await;
                    }
                    return stream.shutdown().await;
                }
                (frame::client::QUERY | frame::client::SYNC | frame::client::FUNCTION_CALL, _) => {
                    stream.write_all(&ready()).await?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// A directory for one socket, removed when dropped.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("pgparley-fuzz-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("a directory");
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
