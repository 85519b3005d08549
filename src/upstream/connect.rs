//! Opens a server connection and logs in.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::BytesMut;
use memchr::memmem;
use postgres_protocol::message::frontend;
use tokio::net::TcpStream;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::Error;
use super::Parameters;
use super::authentication::Authentication;
use super::authentication::Step;
use super::backend::Backend;
use super::backend::MAX_CONTROL_MESSAGE;
use super::cancel::CancelTarget;
use crate::config::Secret;
use crate::wire::Connection;
use crate::wire::Socket;
use crate::wire::backend;
use crate::wire::error;
use crate::wire::error::sqlstate;
use crate::wire::frame;
use crate::wire::frame::HEADER;
use crate::wire::frame::server;

/// Where to log in, as whom, and with which start-up parameters.
#[derive(Debug, Clone)]
pub struct Login {
    /// Host name, address, or the directory of a Unix socket.
    pub host: String,
    /// TCP port, or the number in the socket's name.
    pub port: u16,
    /// The role's name, byte for byte.
    pub user: Vec<u8>,
    /// Its password, when one is configured.
    pub password: Option<Secret>,
    /// The database's name, byte for byte.
    pub database: Vec<u8>,
    /// Every further start-up parameter, byte for byte, in order.
    pub parameters: Vec<(Vec<u8>, Vec<u8>)>,
    /// For connecting and logging in together.
    pub connect_timeout: Duration,
}

impl Login {
    /// Host and port for messages.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// A logged-in connection, ready for queries.
    pub(super) async fn connect(&self) -> Result<Backend, Error> {
        match timeout(self.connect_timeout, self.connect_and_log_in()).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::TimedOut(self.address())),
        }
    }

    /// A pooler before the server may refuse settings that it does not know. Ours are only for the
    /// session to look at and change, so they are left out then.
    async fn connect_and_log_in(&self) -> Result<Backend, Error> {
        match self.log_in().await {
            Err(Error::Refused(message)) if refuses_ours(&message) => {
                self.without_ours().log_in().await
            }
            outcome => outcome,
        }
    }

    fn without_ours(&self) -> Self {
        let mut login = self.clone();
        let is_ours = |name: &[u8]| name.starts_with(OURS);
        login.parameters.retain(|(name, _)| !is_ours(name));
        login
    }

    async fn log_in(&self) -> Result<Backend, Error> {
        let socket = open(&self.host, self.port)
            .await
            .map_err(|error| self.unreachable(error))?;
        let mut connection = Connection::new(socket);
        connection
            .send(&self.startup_message())
            .await
            .map_err(|e| self.unreachable(e))?;
        self.authenticate(&mut connection).await?;
        self.settle(connection).await
    }

    async fn authenticate(&self, connection: &mut Connection) -> Result<(), Error> {
        let mut authentication = Authentication::new(&self.user, self.password.as_ref());
        loop {
            let message = self.recv(connection).await?;
            if message.tag != server::AUTHENTICATION {
                return Err(self.unexpected("an authentication request"));
            }
            match authentication.step(&message.body)? {
                Step::Answer(answer) => {
                    connection
                        .send(&answer)
                        .await
                        .map_err(|error| self.unreachable(error))?;
                }
                Step::Wait => {}
                Step::Done => return Ok(()),
            }
        }
    }

    /// Everything between AuthenticationOk and the first ReadyForQuery.
    async fn settle(&self, mut connection: Connection) -> Result<Backend, Error> {
        let mut parameters = Parameters::default();
        let mut notices = VecDeque::new();
        let mut kept = 0;
        let mut key = None;
        loop {
            let message = self.recv(&mut connection).await?;
            match message.tag {
                server::PARAMETER_STATUS => {
                    let (name, value) = backend::parameter_status(&message.body)
                        .ok_or_else(|| self.unexpected("a well-formed ParameterStatus"))?;
                    parameters.note(name, value);
                }
                server::BACKEND_KEY_DATA => key = Some(message.body),
                server::NOTICE => {
                    // Whatever a server has to say at a login, no more of it is kept.
                    kept += HEADER + message.body.len();
                    if kept <= MAX_CONTROL_MESSAGE {
                        notices.push_back(message);
                    }
                }
                server::READY_FOR_QUERY => {
                    let cancel =
                        key.map(|key| CancelTarget::new(self.host.clone(), self.port, key));
                    return Ok(Backend::new(connection, parameters, cancel, notices));
                }
                _ => return Err(self.unexpected("ReadyForQuery")),
            }
        }
    }

    /// The next message; an ErrorResponse ends the login with the server's own words.
    async fn recv(
        &self,
        connection: &mut Connection,
    ) -> Result<crate::wire::connection::Message, Error> {
        let message = connection.recv(MAX_CONTROL_MESSAGE).await;
        let message = message.map_err(|error| self.unreachable(error))?;
        if message.tag != server::ERROR {
            return Ok(message);
        }
        let mut bytes = Vec::new();
        frame::put_body(&mut bytes, server::ERROR, &message.body);
        Err(Error::Refused(bytes))
    }

    fn startup_message(&self) -> Vec<u8> {
        let mut out = vec![0; 4];
        out.extend_from_slice(&crate::wire::startup::PROTOCOL_3_0.to_be_bytes());
        let own = [
            (b"user".as_slice(), &self.user),
            (b"database".as_slice(), &self.database),
        ];
        let rest = self
            .parameters
            .iter()
            .map(|(name, value)| (name.as_slice(), value));
        for (name, value) in own.into_iter().chain(rest) {
            for part in [name, value.as_slice()] {
                out.extend_from_slice(part);
                out.push(0);
            }
        }
        out.push(0);
        let length = out.len() as u32;
        out[..4].copy_from_slice(&length.to_be_bytes());
        out
    }

    fn unreachable(&self, source: io::Error) -> Error {
        Error::Unreachable {
            address: self.address(),
            source,
        }
    }

    fn unexpected(&self, expected: &str) -> Error {
        let text = format!("the server sent something else where {expected} was expected");
        self.unreachable(io::Error::new(io::ErrorKind::InvalidData, text))
    }
}

/// How the names of settings begin that pgparley itself has.
const OURS: &[u8] = b"pgparley.";

/// The ErrorResponse says that a setting of ours is not known.
fn refuses_ours(message: &[u8]) -> bool {
    let body = &message[HEADER..];
    error::has_code(body, sqlstate::PROTOCOL_VIOLATION) && memmem::find(body, OURS).is_some()
}

/// Opens the stream itself: TCP, or a Unix socket when the host begins with `/`.
pub(super) async fn open(host: &str, port: u16) -> io::Result<Socket> {
    if host.starts_with('/') {
        let path = Path::new(host).join(format!(".s.PGSQL.{port}"));
        return Ok(Socket::Unix(UnixStream::connect(path).await?));
    }
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(Socket::Tcp(stream))
}

/// The bytes of a CancelRequest for the key in a BackendKeyData body.
pub(super) fn cancel_request(key: &[u8]) -> Option<Vec<u8>> {
    let (pid, secret) = key.split_first_chunk::<4>()?;
    let secret = secret.first_chunk::<4>()?;
    let mut out = BytesMut::new();
    frontend::cancel_request(
        i32::from_be_bytes(*pid),
        i32::from_be_bytes(*secret),
        &mut out,
    );
    Some(out.to_vec())
}
