//! Why a catalog could not be read, by what the caller does about it.

use std::error::Error as StdError;

/// Why there is no [`Schema`](crate::sql::schema::Schema). Cheap to clone: all who wait share it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The server does not know the role whose view was asked for.
    #[error("role \"{role}\" does not exist")]
    UnknownRole {
        /// The name as it was asked for.
        role: String,
    },
    /// The server answered with an error: login refused, no such database, out of time.
    #[error("{message}")]
    Refused {
        /// The server's SQLSTATE.
        sqlstate: String,
        /// The server's message, as it sent it.
        message: String,
    },
    /// The server could not be reached, or went away.
    #[error("could not read the catalog: {message}")]
    Unavailable {
        /// What failed, from the outermost cause to the innermost.
        message: String,
    },
    /// pgparley is shutting down.
    #[error("the catalog is shutting down")]
    Stopped,
}

impl Error {
    /// The SQLSTATE to tell a client.
    ///
    /// Codes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    pub fn sqlstate(&self) -> &str {
        match self {
            Self::UnknownRole { .. } => "42704",
            Self::Refused { sqlstate, .. } => sqlstate,
            Self::Unavailable { .. } => "08006",
            Self::Stopped => "57P01",
        }
    }

    /// Whether everyone who waits for the same database would get the same answer.
    pub(super) fn concerns_everyone(&self) -> bool {
        match self {
            Self::UnknownRole { .. } => false,
            Self::Refused { .. } | Self::Unavailable { .. } | Self::Stopped => true,
        }
    }

    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self::Unavailable {
            message: message.into(),
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(reply) = error.as_db_error() {
            return Self::Refused {
                sqlstate: reply.code().code().to_owned(),
                message: reply.message().to_owned(),
            };
        }
        Self::Unavailable {
            message: chain(&error),
        }
    }
}

impl From<deadpool_postgres::PoolError> for Error {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(cause) => cause.into(),
            other => Self::Unavailable {
                message: chain(&other),
            },
        }
    }
}

fn chain(error: &dyn StdError) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        message.push_str(": ");
        message.push_str(&inner.to_string());
        cause = inner.source();
    }
    message
}
