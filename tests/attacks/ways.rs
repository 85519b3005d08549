//! The ways in which a program sends a text to the server.

use crate::support::client::TestClient;
use crate::support::message as m;
use crate::support::message::Kind;
use crate::support::message::Message;

/// The answer to the last query; no other can be like it.
const END: &str = "the end";

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// One Query.
    Query,
    /// One Parse, Bind, Execute, Sync.
    Parse,
    /// As drivers pipeline: a Parse, Bind and Execute for each statement before one Sync.
    Pipeline,
    /// A Query for each statement.
    Apart,
    /// In a transaction block.
    Block,
}

impl Way {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [
        Self::Query,
        Self::Parse,
        Self::Pipeline,
        Self::Apart,
        Self::Block,
    ];

    /// The messages for `text`.
    fn messages(self, text: &str) -> Vec<u8> {
        match self {
            Self::Query => m::query(text),
            Self::Parse => [m::unnamed(text), m::sync()].concat(),
            Self::Pipeline => {
                let statements = split(text).into_iter().map(m::unnamed);
                [statements.collect::<Vec<_>>().concat(), m::sync()].concat()
            }
            Self::Apart => {
                let statements = split(text).into_iter().map(m::query);
                statements.collect::<Vec<_>>().concat()
            }
            Self::Block => [m::query("BEGIN"), m::query(text)].concat(),
        }
    }

    /// Sends `text` so, then closes whatever it may have left open; every reply up to that end.
    /// A session that does not come to its end has been lost, which is `None`.
    pub(crate) fn send(self, client: &mut TestClient, text: &str) -> Option<Vec<Message>> {
        let end = [
            m::copy_fail(END),
            m::sync(),
            m::query("ROLLBACK"),
            m::query(&format!("SELECT '{END}'")),
        ];
        client.try_send(&[self.messages(text), end.concat()].concat());
        let mut replies = Vec::new();
        loop {
            let message = client.try_recv()?;
            if message.kind() == Kind::DataRow && message.text() == END {
                client.replies();
                return Some(replies);
            }
            replies.push(message);
        }
    }
}

/// The statements of a text as PostgreSQL's own scanner splits it; what it cannot read stays whole.
pub(crate) fn split(text: &str) -> Vec<&str> {
    match pg_query::split_with_scanner(text) {
        Ok(statements) if !statements.is_empty() => statements,
        _ => vec![text],
    }
}

/// The errors among `replies`.
pub(crate) fn errors(replies: &[Message]) -> impl Iterator<Item = &Message> {
    replies
        .iter()
        .filter(|message| message.kind() == Kind::ErrorResponse)
}
