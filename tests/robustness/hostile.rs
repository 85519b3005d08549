//! A server that logs clients in and then breaks the protocol.

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use pgparley::config::PoolMode;
use pgparley::server::Running;

use crate::expect;
use crate::support::client::TestClient;
use crate::support::message as m;
use crate::support::message::Kind;
use crate::support::program::Program;
use crate::support::proxy::proxy_with;

const MEGABYTE: usize = 1024 * 1024;

/// Where the answer to a query breaks off into something that is not of the protocol.
const GARBAGE: [(&str, &[u8]); 12] = [
    ("length without its own word", b"T\0\0\0\x03"),
    ("negative length", b"D\xff\xff\xff\xff"),
    ("length of no message", b"C\x7f\xff\xff\xff"),
    ("another protocol", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ("no message of a server", b"Q\0\0\0\x0dSELECT 1\0"),
    ("a login begins", b"R\0\0\0\x08\0\0\0\x03"),
    ("a new key", b"K\0\0\0\x0c\0\0\0\x01\0\0\0\x02"),
    ("no transaction status", b"Z\0\0\0\x05X"),
    ("two of them", b"Z\0\0\0\x06II"),
    (
        "within a result",
        b"T\0\0\0\x06\0\0D\0\0\0\x06\0\0D\0\0\0\0",
    ),
    ("within a copy", b"H\0\0\0\x07\0\0\0d\0\0\0\x05xd\0\0\0\x02"),
    (
        "behind a parameter without an end",
        b"S\0\0\0\x05xT\0\0\0\0",
    ),
];

/// Accepts every login. A query that names one of these gets these bytes for an answer.
struct Hostile {
    port: u16,
}

impl Hostile {
    fn new(answers: &'static [(&'static str, &'static [u8])]) -> Self {
        Self::with(move |sql, stream| {
            let garbage = answers.iter().find(|(name, _)| sql.contains(name));
            match garbage {
                Some((_, bytes)) => stream.write_all(bytes),
                None => stream.write_all(&ordinary()),
            }
        })
    }

    fn with(
        answer: impl Fn(&str, &mut TcpStream) -> io::Result<()> + Copy + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        // It ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // Its client goes away when it has had enough.
                thread::spawn(move || drop(converse(stream, answer)));
            }
        });
        Self { port }
    }

    fn proxy(&self, mode: PoolMode) -> Running {
        proxy_with(|config| {
            config.databases[0].upstream.port = self.port;
            config.databases[0].pool_mode = mode;
        })
    }
}

/// A row in answer to a query.
fn ordinary() -> Vec<u8> {
    let answer = [
        m::frame(
            b'T',
            b"\0\x01a\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0",
        ),
        m::frame(b'D', b"\0\x01\0\0\0\x06served"),
        m::frame(b'C', b"SELECT 1\0"),
        m::frame(b'Z', b"I"),
    ];
    answer.concat()
}

fn converse(
    mut stream: TcpStream,
    answer: impl Fn(&str, &mut TcpStream) -> io::Result<()>,
) -> io::Result<()> {
    let mut word = [0; 4];
    stream.read_exact(&mut word)?;
    stream.read_exact(&mut vec![0; u32::from_be_bytes(word) as usize - 4])?;
    let greeting = [
        m::frame(b'R', &[0; 4]),
        m::frame(b'S', b"server_version\x0015.0\0"),
        m::frame(b'K', &[0, 0, 0, 1, 0, 0, 0, 2]),
        m::frame(b'Z', b"I"),
    ];
    stream.write_all(&greeting.concat())?;
    loop {
        let mut tag = [0];
        stream.read_exact(&mut tag)?;
        stream.read_exact(&mut word)?;
        let mut body = vec![0; u32::from_be_bytes(word) as usize - 4];
        stream.read_exact(&mut body)?;
        match tag[0] {
            b'Q' => {
                body.pop();
                answer(&String::from_utf8_lossy(&body), &mut stream)?;
            }
            // Whatever pgparley asks for itself is done.
            b'S' => stream.write_all(&m::frame(b'Z', b"I"))?,
            _ => {}
        }
    }
}

/// What the client is told in the end.
fn last_error(client: &mut TestClient) -> Option<(String, String)> {
    let mut last = None;
    while let Some(message) = client.try_recv() {
        match message.kind() {
            Kind::ErrorResponse => last = Some((message.text(), message.field('S'))),
            Kind::ReadyForQuery => break,
            _ => {}
        }
    }
    last
}

#[test]
fn garbage_is_an_error_to_its_query_and_to_nobody_else() {
    let server = Hostile::new(&GARBAGE);
    let running = server.proxy(PoolMode::Transaction);
    let mut other = TestClient::login(running.addr(), "postgres");
    let mut client = TestClient::login(running.addr(), "postgres");
    for (garbage, _) in GARBAGE {
        client.query(&format!("SELECT '{garbage}'"));
        let told = last_error(&mut client);
        let expected = Some(("08P01".to_owned(), "ERROR".to_owned()));
        assert_eq!(told, expected, "{garbage}");
        assert_eq!(client.row("SELECT 1"), "served", "{garbage}");
        assert_eq!(other.row("SELECT 1"), "served", "{garbage}");
    }
}

#[test]
fn garbage_ends_the_session_whose_connection_it_is() {
    let server = Hostile::new(&GARBAGE);
    let running = server.proxy(PoolMode::Session);
    let mut other = TestClient::login(running.addr(), "postgres");
    for (garbage, _) in GARBAGE {
        let mut client = TestClient::login(running.addr(), "postgres");
        client.query(&format!("SELECT '{garbage}'"));
        let told = last_error(&mut client);
        let expected = Some(("08P01".to_owned(), "FATAL".to_owned()));
        assert_eq!(told, expected, "{garbage}");
        assert_eq!(other.row("SELECT 1"), "served", "{garbage}");
    }
}

#[test]
fn server_that_ends_within_a_message_ends_the_session_without_a_word() {
    let server = Hostile::with(|sql, stream| {
        if sql == "SELECT half" {
            stream.write_all(b"T\0\0\0\x06\0\0D\0\x01\0\0half of it")?;
            return Err(io::ErrorKind::Other.into());
        }
        stream.write_all(&ordinary())
    });
    let running = server.proxy(PoolMode::Transaction);
    let mut client = TestClient::login(running.addr(), "postgres");
    client.query("SELECT half");
    expect!(client, RowDescription);
    let mut rest = Vec::new();
    let mut stream = client.stream();
    stream.read_to_end(&mut rest).expect("it is closed");
    assert_eq!(rest, b"D\0\x01\0\0half of it");
    let mut next = TestClient::login(running.addr(), "postgres");
    assert_eq!(next.row("SELECT 1"), "served");
}

#[test]
fn what_a_server_says_without_end_fills_no_memory() {
    const ROUNDS: usize = 3000;
    let server = Hostile::with(|sql, stream| {
        if sql != "SELECT flood" {
            return stream.write_all(&ordinary());
        }
        let notice = m::frame(b'N', &vec![b'x'; 30_000]);
        let listened = m::frame(b'A', &vec![b'x'; 30_000]);
        for round in 0..ROUNDS {
            let parameter = format!("{round}{}\0value\0", "x".repeat(10_000));
            stream.write_all(&notice)?;
            stream.write_all(&listened)?;
            stream.write_all(&m::frame(b'S', parameter.as_bytes()))?;
        }
        stream.write_all(&ordinary())
    });
    let program = Program::serve_port(server.port, &[]);
    let mut client = TestClient::login(program.addr(), "postgres");
    assert_eq!(client.row("SELECT 1"), "served");
    let before = program.peak_memory();
    client.query("SELECT flood");
    let told = client.replies();
    assert_eq!(told.len(), 3 * ROUNDS + 4);
    let more = program.peak_memory() - before;
    assert!(more < 16 * MEGABYTE, "{} MB", more / MEGABYTE);
}

#[test]
fn server_that_ends_whatever_is_made_ready_is_given_up() {
    // It closes as soon as pgparley asks for anything of its own on a second connection.
    let server = Hostile::with(|_, _| Err(io::ErrorKind::Other.into()));
    let running = server.proxy(PoolMode::Transaction);
    let mut client = TestClient::login(running.addr(), "postgres");
    for _ in 0..3 {
        let error = client.error("SELECT 1");
        assert_eq!(
            (error.text().as_str(), error.field('S').as_str()),
            ("08006", "ERROR")
        );
    }
}

#[test]
fn login_that_never_ends_is_given_up() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let notice = m::frame(b'N', &vec![b'x'; 100_000]);
            let mut sent = stream.write_all(&m::frame(b'R', &[0; 4]));
            // Until pgparley closes it.
            while sent.is_ok() {
                sent = stream.write_all(&notice);
            }
        }
    });
    let program = Program::serve_port(port, &["database.0.server_connect_timeout=1s"]);
    let before = program.peak_memory();
    let parameters = [("user", "postgres"), ("database", "postgres")];
    let begun = std::time::Instant::now();
    let error = TestClient::login_with(program.addr(), &parameters).expect_err("no login");
    assert_eq!(error.text(), "08001");
    assert!(begun.elapsed() < Duration::from_secs(30));
    let more = program.peak_memory() - before;
    assert!(more < 16 * MEGABYTE, "{} MB", more / MEGABYTE);
}
