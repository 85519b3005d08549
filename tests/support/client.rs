//! A client that speaks the protocol by hand, one message at a time.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::time::Duration;

use super::message;
use super::message::Kind;
use super::message::Message;

/// Longer than anything here takes on a busy machine: running into it is a failure.
const PATIENCE: Duration = Duration::from_mins(1);

/// Receives the next message and fails unless it is of this kind and, when given, has this
/// [`text`](Message::text). The value is the message.
#[macro_export]
macro_rules! expect {
    ($client:expr, $kind:ident) => {
        $client.expect($crate::support::message::Kind::$kind)
    };
    ($client:expr, $kind:ident, $text:expr) => {{
        let message = $client.expect($crate::support::message::Kind::$kind);
        assert_eq!(message.text(), $text, "{message:?}");
        message
    }};
}

/// A connection to PostgreSQL or to a pgparley, whatever stands at its other end.
#[derive(Debug)]
pub struct TestClient {
    stream: TcpStream,
    /// Every `ParameterStatus` of the login.
    pub parameters: BTreeMap<String, String>,
    /// Process id and secret of `BackendKeyData`.
    pub key: (i32, Vec<u8>),
}

impl TestClient {
    /// Connects and says nothing yet.
    pub fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).expect("somebody listens");
        stream
            .set_nodelay(true)
            .expect("a socket option can be set");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a socket option can be set");
        stream
            .set_write_timeout(Some(PATIENCE))
            .expect("a socket option can be set");
        Self {
            stream,
            parameters: BTreeMap::new(),
            key: (0, Vec::new()),
        }
    }

    /// Logs in as superuser `postgres`, whom nobody asks for a password.
    pub fn login(addr: SocketAddr, database: &str) -> Self {
        Self::login_with(addr, &[("user", "postgres"), ("database", database)])
            .unwrap_or_else(|error| panic!("login failed: {error:?}"))
    }

    /// Logs in with these start-up parameters, or returns the error that came instead.
    pub fn login_with(addr: SocketAddr, parameters: &[(&str, &str)]) -> Result<Self, Message> {
        let mut client = Self::connect(addr);
        client.send(&message::startup(parameters));
        let greeting = client.greeting()?;
        for message in &greeting {
            match message.kind() {
                Kind::BackendKeyData => {
                    let (pid, secret) = message.body.split_first_chunk().expect("a process id");
                    client.key = (i32::from_be_bytes(*pid), secret.to_vec());
                }
                Kind::ParameterStatus => {
                    let text = message.text();
                    let (name, value) = text.split_once('=').unwrap_or((&text, ""));
                    client.parameters.insert(name.to_owned(), value.to_owned());
                }
                _ => {}
            }
        }
        Ok(client)
    }

    /// Every message up to the first `ReadyForQuery`, or the `ErrorResponse` that came instead.
    pub fn greeting(&mut self) -> Result<Vec<Message>, Message> {
        let mut messages = Vec::new();
        loop {
            let message = self.recv();
            match message.kind() {
                Kind::ErrorResponse => return Err(message),
                Kind::ReadyForQuery => {
                    messages.push(message);
                    return Ok(messages);
                }
                _ => messages.push(message),
            }
        }
    }

    /// Sends bytes as they are.
    #[track_caller]
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream
            .write_all(bytes)
            .expect("the other end takes it");
    }

    /// Sends bytes that the other end may have no ears for any more.
    pub fn try_send(&mut self, bytes: &[u8]) {
        // Refused or not: what matters is what comes back.
        let _ = self.stream.write_all(bytes);
    }

    /// The next message.
    #[track_caller]
    pub fn recv(&mut self) -> Message {
        self.try_recv()
            .unwrap_or_else(|| panic!("the connection was closed instead of a message"))
    }

    /// The next message, `None` when the other end has closed.
    #[track_caller]
    pub fn try_recv(&mut self) -> Option<Message> {
        let mut header = [0; 5];
        match self.stream.read_exact(&mut header) {
            Ok(()) => {}
            Err(error) if is_end(error.kind()) => return None,
            Err(error) => panic!("no message came: {error}"),
        }
        let [tag, length @ ..] = header;
        let length = u32::from_be_bytes(length) as usize;
        let mut body = vec![0; length.checked_sub(4).expect("the length counts itself")];
        if let Err(error) = self.stream.read_exact(&mut body) {
            panic!("{:?} of {length} bytes broke off: {error}", char::from(tag));
        }
        Some(Message { tag, body })
    }

    /// The next message, which must be of this kind; `expect!` reads better.
    #[track_caller]
    pub fn expect(&mut self, kind: Kind) -> Message {
        let message = self.recv();
        assert_eq!(message.kind(), kind, "got {message:?}");
        message
    }

    /// Sends a Query.
    #[track_caller]
    pub fn query(&mut self, sql: &str) {
        self.send(&message::query(sql));
    }

    /// Everything up to and with the next `ReadyForQuery`.
    #[track_caller]
    pub fn replies(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        while messages
            .last()
            .is_none_or(|last: &Message| last.kind() != Kind::ReadyForQuery)
        {
            messages.push(self.recv());
        }
        messages
    }

    /// Sends a Query and returns everything up to `ReadyForQuery`.
    #[track_caller]
    pub fn run(&mut self, sql: &str) -> Vec<Message> {
        self.query(sql);
        self.replies()
    }

    /// The rows of a Query that must not fail, their columns joined by `|`.
    #[track_caller]
    pub fn rows(&mut self, sql: &str) -> Vec<String> {
        let replies = self.run(sql);
        let error = replies
            .iter()
            .find(|message| message.kind() == Kind::ErrorResponse);
        assert!(error.is_none(), "{sql}: {error:?}");
        let rows = replies
            .iter()
            .filter(|message| message.kind() == Kind::DataRow);
        rows.map(Message::text).collect()
    }

    /// The only row of a Query that must not fail.
    #[track_caller]
    pub fn row(&mut self, sql: &str) -> String {
        let mut rows = self.rows(sql);
        assert_eq!(rows.len(), 1, "{sql}: {rows:?}");
        rows.remove(0)
    }

    /// The SQLSTATE with which a Query must fail.
    #[track_caller]
    pub fn error(&mut self, sql: &str) -> Message {
        let replies = self.run(sql);
        let error = replies
            .iter()
            .find(|message| message.kind() == Kind::ErrorResponse);
        error
            .unwrap_or_else(|| panic!("{sql} did not fail: {replies:?}"))
            .clone()
    }

    /// The other end must close without another message.
    #[track_caller]
    pub fn expect_closed(&mut self) {
        let message = self.try_recv();
        assert!(message.is_none(), "still open: {message:?}");
    }

    /// The stream itself, for what needs two threads.
    pub fn stream(&self) -> TcpStream {
        self.stream.try_clone().expect("a socket can be shared")
    }

    /// The answer of one byte to `SSLRequest` or `GSSENCRequest`.
    pub fn recv_byte(&mut self) -> u8 {
        let mut byte = [0];
        self.stream.read_exact(&mut byte).expect("an answer");
        byte[0]
    }
}

/// Asks `addr` to cancel and waits until it has taken notice.
pub fn cancel(addr: SocketAddr, pid: i32, secret: &[u8]) {
    let mut client = TestClient::connect(addr);
    client.send(&message::cancel_request(pid, secret));
    client.expect_closed();
}

fn is_end(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
    )
}
