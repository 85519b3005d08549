//! One logged-in server connection and the dialogues that pgparley itself holds on it.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::Parameters;
use super::Settings;
use super::Statements;
use super::cancel::CancelTarget;
use crate::wire::Connection;
use crate::wire::TransactionStatus;
use crate::wire::backend;
use crate::wire::connection::Ask;
use crate::wire::connection::Message;
use crate::wire::frame::HEADER;
use crate::wire::frame::server;

/// The longest message taken from a server where no row can come.
pub(super) const MAX_CONTROL_MESSAGE: usize = 1024 * 1024;

/// How long an exchange of pgparley's own may take. Each is done in milliseconds by a server that
/// works; as much is left to one that is overloaded as `server_connect_timeout` leaves to a login,
/// four times over.
const SILENCE: Duration = Duration::from_mins(1);

/// A connection whose peer is PostgreSQL.
#[derive(Debug)]
pub struct Backend {
    /// The stream; the relay moves bytes over it directly.
    pub connection: Connection,
    /// What the server reports; shared with the clients that know it.
    pub parameters: Arc<Parameters>,
    /// What was set since the connection was opened; shared with the clients that want it so.
    pub settings: Arc<Settings>,
    /// The shared statements that it holds.
    pub statements: Statements,
    pub(super) cancel: Option<Arc<CancelTarget>>,
    /// Notices of the login, for the first client.
    notices: VecDeque<Message>,
}

/// What one dialogue of pgparley's own came to.
#[derive(Debug, Default)]
pub struct Reply {
    /// Every message but those below, in order.
    pub messages: Vec<Message>,
    /// The body of the ErrorResponse that ended it, when one did.
    pub error: Option<Vec<u8>>,
    /// The status that ReadyForQuery told.
    pub status: Option<TransactionStatus>,
}

impl Reply {
    /// The columns of each DataRow, as text; NULL is `None`.
    pub fn rows(&self) -> impl Iterator<Item = Vec<Option<String>>> + '_ {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        self.rows_of_bytes()
            .map(move |columns| columns.into_iter().map(|value| value.map(text)).collect())
    }

    /// The columns of each DataRow as the server sent them; NULL is `None`.
    pub fn rows_of_bytes(&self) -> impl Iterator<Item = Vec<Option<&[u8]>>> + '_ {
        let rows = self
            .messages
            .iter()
            .filter(|message| message.tag == server::DATA_ROW);
        rows.filter_map(|row| backend::data_row(&row.body))
    }
}

impl Backend {
    pub(super) fn new(
        connection: Connection,
        parameters: Parameters,
        cancel: Option<CancelTarget>,
        notices: VecDeque<Message>,
    ) -> Self {
        Self {
            connection,
            parameters: Arc::new(parameters),
            settings: Arc::default(),
            statements: Statements::default(),
            cancel: cancel.map(Arc::new),
            notices,
        }
    }

    /// Remembers what the body of a ParameterStatus says.
    pub fn note_parameter(&mut self, body: &[u8]) {
        let Some((name, value)) = backend::parameter_status(body) else {
            return;
        };
        Arc::make_mut(&mut self.parameters).note(name, value);
    }

    /// Everything was reset to what the connection was opened with.
    pub fn forget(&mut self) {
        self.settings = Arc::default();
        self.statements.clear();
    }

    /// For a CancelRequest; `None` when the server gave no key.
    pub fn cancel_target(&self) -> Option<&Arc<CancelTarget>> {
        self.cancel.as_ref()
    }

    /// The notices of the login, once.
    pub fn take_notices(&mut self) -> impl Iterator<Item = Message> + '_ {
        self.notices.drain(..)
    }

    /// Moves the connection to the current runtime; call it while nothing is owed.
    pub(super) fn rebind(self) -> io::Result<Self> {
        let connection = self.connection.rebind()?;
        Ok(Self { connection, ..self })
    }

    /// Whether an idle connection can be used. What the server may say to nobody is read; a server
    /// that says more than that, or has closed, is of no use.
    pub(super) fn is_usable(&mut self, ask: Ask) -> bool {
        let mut changed = Vec::new();
        let usable = self.connection.overhear(ask, |tag, body| match tag {
            server::PARAMETER_STATUS => {
                changed.push(body.to_vec());
                true
            }
            server::NOTICE => true,
            _ => false,
        });
        for body in changed {
            self.note_parameter(&body);
        }
        usable
    }

    /// Sends `request`, which must end in a Query or Sync, and gathers everything up to
    /// ReadyForQuery, which may be `limit` bytes altogether. It must ask for nothing that a
    /// server needs long for: a server that is silent for a minute is given up.
    pub async fn exchange(&mut self, request: &[u8], limit: usize) -> io::Result<Reply> {
        self.exchange_within(SILENCE, request, limit).await
    }

    async fn exchange_within(
        &mut self,
        patience: Duration,
        request: &[u8],
        limit: usize,
    ) -> io::Result<Reply> {
        let exchanged = timeout(patience, self.exchange_patiently(request, limit)).await;
        exchanged.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// The same, for what may wait for a lock or for other servers.
    pub async fn exchange_patiently(&mut self, request: &[u8], limit: usize) -> io::Result<Reply> {
        self.connection.send(request).await?;
        let mut reply = Reply::default();
        let mut left = limit;
        loop {
            let message = self.connection.recv(left).await?;
            left -= HEADER + message.body.len();
            match message.tag {
                server::READY_FOR_QUERY => {
                    reply.status = backend::transaction_status(&message.body);
                    return Ok(reply);
                }
                server::ERROR => reply.error = Some(message.body),
                server::PARAMETER_STATUS => self.note_parameter(&message.body),
                _ => reply.messages.push(message),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::UnixStream;

    use super::*;
    use crate::wire::Socket;
    use crate::wire::frontend;

    #[tokio::test]
    async fn server_that_is_silent_is_given_up() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let connection = Connection::new(Socket::Unix(ours));
        let mut backend = Backend::new(connection, Parameters::default(), None, VecDeque::new());
        let mut request = Vec::new();
        frontend::put_sync(&mut request);
        let patience = Duration::from_millis(20);
        let error = backend.exchange_within(patience, &request, 1000).await;
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::TimedOut);
        let mut heard = vec![0; request.len()];
        theirs.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, request);
    }
}
