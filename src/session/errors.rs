//! Decides what a client may see of an error. Nothing is shown that is not said here.

use crate::upstream;
use crate::wire::ErrorInfo;
use crate::wire::error;
use crate::wire::error::sqlstate;

/// Why a client could not be given a server connection, in PostgreSQL's form. An error of the
/// server itself is not passed through here: its bytes go on as they are.
pub(super) fn connecting(problem: &upstream::Error) -> ErrorInfo {
    use upstream::Error;
    match problem {
        Error::Refused(_) => error::fatal(
            sqlstate::CANNOT_CONNECT,
            "the server refused the connection",
        ),
        Error::Unreachable { source, .. } => {
            let mut info = error::fatal(sqlstate::CANNOT_CONNECT, "cannot connect to the server");
            info.detail = Some(source.to_string());
            info.hint = Some("Is the upstream server running, and is its URL right?".to_owned());
            info
        }
        Error::TimedOut(_) => {
            let mut info = error::fatal(
                sqlstate::CANNOT_CONNECT,
                "cannot connect to the server: server_connect_timeout",
            );
            info.hint = Some("The upstream server does not answer in time.".to_owned());
            info
        }
        Error::NoPassword(user) => {
            let mut info = error::fatal(
                sqlstate::INVALID_AUTHORIZATION,
                format!("no password is known for user \"{user}\""),
            );
            info.hint = Some(
                "The upstream server asks for one: put user and password into the upstream URL."
                    .to_owned(),
            );
            info
        }
        Error::UnsupportedAuthentication(method) => {
            let mut info = error::fatal(
                sqlstate::INVALID_AUTHORIZATION,
                format!("the server asks for {method} authentication, which is not supported"),
            );
            info.hint = Some("trust, password, md5 and scram-sha-256 are.".to_owned());
            info
        }
        Error::Exhausted => {
            let mut info = error::fatal(
                sqlstate::TOO_MANY_CONNECTIONS,
                "no server connection became free: query_wait_timeout",
            );
            info.hint = Some("Raise pool_size, or close idle clients.".to_owned());
            info
        }
    }
}
