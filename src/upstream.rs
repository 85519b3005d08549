//! Server connections: opened, pooled, reset, cancelled.

mod authentication;
mod backend;
mod cancel;
mod connect;
mod parameters;
mod pool;
mod settings;
mod statements;

pub use backend::Backend;
pub use backend::Reply;
pub use cancel::CancelTarget;
pub use connect::Login;
pub use parameters::Parameters;
pub use pool::Lease;
pub use pool::Pool;
pub use pool::Pools;
pub use settings::Settings;
pub use settings::put_literal;
pub use statements::Interner;
pub use statements::PREFIX;
pub use statements::Statement;
pub use statements::Statements;

use std::io;

/// Why there is no server connection, by what the client is told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server answered with an error of its own; the bytes of its ErrorResponse.
    #[error("the server refused the connection")]
    Refused(Vec<u8>),
    /// The server could not be reached or broke off.
    #[error("cannot connect to the server at {address}")]
    Unreachable {
        /// Host and port as configured.
        address: String,
        /// What the network said.
        #[source]
        source: io::Error,
    },
    /// Connecting or logging in took longer than `server_connect_timeout`.
    #[error("connecting to the server at {0} took too long")]
    TimedOut(String),
    /// The server wants a password and there is none for this user.
    #[error("the server asks for a password and none is configured for user \"{0}\"")]
    NoPassword(String),
    /// The server wants a way of authentication that is not spoken here.
    #[error("the server asks for an authentication method that is not supported: {0}")]
    UnsupportedAuthentication(&'static str),
    /// No server connection became free within `query_wait_timeout`.
    #[error("no server connection became free in time")]
    Exhausted,
    /// As many clients wait for a server connection as may: `max_waiting`.
    #[error("too many clients wait for a server connection")]
    Crowded,
}

impl Error {
    /// The same once more, for another client.
    fn again(&self) -> Self {
        match self {
            Self::Refused(bytes) => Self::Refused(bytes.clone()),
            Self::Unreachable { address, source } => Self::Unreachable {
                address: address.clone(),
                source: source.raw_os_error().map_or_else(
                    || io::Error::new(source.kind(), source.to_string()),
                    io::Error::from_raw_os_error,
                ),
            },
            Self::TimedOut(address) => Self::TimedOut(address.clone()),
            Self::NoPassword(user) => Self::NoPassword(user.clone()),
            Self::UnsupportedAuthentication(which) => Self::UnsupportedAuthentication(which),
            Self::Exhausted => Self::Exhausted,
            Self::Crowded => Self::Crowded,
        }
    }
}
