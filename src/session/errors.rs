//! Decides what a client may see of an error. Nothing is shown that is not said here.

use super::patience::Overdue;
use crate::catalog;
use crate::guard;
use crate::nl;
use crate::sql::question::Misplaced;
use crate::upstream;
use crate::wire::ErrorInfo;
use crate::wire::error;
use crate::wire::error::sqlstate;
use crate::wire::frame::HEADER;

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
        Error::Crowded => {
            let mut info = error::fatal(
                sqlstate::TOO_MANY_CONNECTIONS,
                "too many clients wait for a server connection: max_waiting",
            );
            info.hint = Some("Try again later, or raise pool_size.".to_owned());
            info
        }
    }
}

/// As [`connecting`], for a client that is logged in and stays so.
pub(super) fn no_server(problem: &upstream::Error) -> ErrorInfo {
    let mut info = match problem {
        upstream::Error::Refused(message) => error::read(&message[HEADER..]),
        problem => connecting(problem),
    };
    "ERROR".clone_into(&mut info.severity);
    info.severity_nonlocalized = Some("ERROR".to_owned());
    info
}

/// The server broke off.
pub(super) fn server_lost() -> ErrorInfo {
    error::fatal(
        sqlstate::CONNECTION_FAILURE,
        "server closed the connection unexpectedly",
    )
}

/// The server broke the protocol.
pub(super) fn server_garbled() -> ErrorInfo {
    error::fatal(
        sqlstate::PROTOCOL_VIOLATION,
        "the server sent something that is not of the protocol",
    )
}

/// A client has been waiting for a server connection for a while.
pub(super) fn waiting() -> ErrorInfo {
    let text = "no server connection available yet, waiting";
    let mut info = error::notice("NOTICE", sqlstate::SUCCESSFUL_COMPLETION, text);
    info.hint = Some("All connections of the pool are in use: pool_size.".to_owned());
    info
}

/// A server connection does not take what the client has set.
pub(super) fn settings_lost(said: ErrorInfo) -> ErrorInfo {
    let mut info = error::error(
        &said.code,
        format!("cannot restore the session's settings: {}", said.message),
    );
    info.detail = said.detail;
    info.hint = Some("Reset what was set, or connect anew.".to_owned());
    info
}

/// A Parse under a name that is taken, in PostgreSQL's words.
pub(super) fn statement_exists(name: &[u8]) -> ErrorInfo {
    let name = String::from_utf8_lossy(name);
    error::error(
        sqlstate::DUPLICATE_PREPARED_STATEMENT,
        format!("prepared statement \"{name}\" already exists"),
    )
}

/// Why a question got no SQL.
pub(super) fn cannot(why: &nl::Cannot) -> ErrorInfo {
    use nl::Reason;
    let code = match why.reason {
        Reason::Ambiguous => sqlstate::AMBIGUOUS,
        Reason::NotAnswerable => sqlstate::NOT_ANSWERABLE,
        Reason::NotVisible => sqlstate::NOT_VISIBLE,
        Reason::ModelUnavailable => sqlstate::MODEL_UNAVAILABLE,
        Reason::Refused => sqlstate::GENERATED_SQL_REFUSED,
        Reason::TooLong => sqlstate::PROGRAM_LIMIT_EXCEEDED,
        Reason::RateLimited => sqlstate::CONFIGURATION_LIMIT_EXCEEDED,
        Reason::Deadline => sqlstate::QUERY_CANCELED,
    };
    let mut info = error::error(code, &why.message);
    info.detail.clone_from(&why.detail);
    info.hint.clone_from(&why.hint);
    info
}

/// A question that stands where none may stand.
pub(super) fn misplaced(why: Misplaced) -> ErrorInfo {
    hinted(why.sqlstate(), &why.to_string(), why.hint())
}

/// A question where none are answered.
pub(super) fn nl_disabled() -> ErrorInfo {
    hinted(
        sqlstate::FEATURE_NOT_SUPPORTED,
        "questions in plain language are disabled",
        "Write SQL, or ask the administrator to set nl.enabled.",
    )
}

/// A question that needs saved questions or the last answer.
pub(super) fn no_store() -> ErrorInfo {
    hinted(
        sqlstate::FEATURE_NOT_SUPPORTED,
        "this pgparley keeps no questions",
        "Ask with \"nl:\", \"nl sql:\" or \"nl explain:\".",
    )
}

/// Anything but ROLLBACK in a failed transaction, in the server's own words.
pub(super) fn failed_transaction() -> ErrorInfo {
    error::error(
        sqlstate::IN_FAILED_TRANSACTION,
        "current transaction is aborted, commands ignored until end of transaction block",
    )
}

/// A CancelRequest came while a model was asked; in the server's own words.
pub(super) fn canceled() -> ErrorInfo {
    error::error(
        sqlstate::QUERY_CANCELED,
        "canceling statement due to user request",
    )
}

/// The service ends, in the words of a server that does.
pub(super) fn closing() -> ErrorInfo {
    error::fatal(
        sqlstate::ADMIN_SHUTDOWN,
        "terminating connection due to administrator command",
    )
}

/// Something has taken too long.
pub(super) fn overdue(what: Overdue) -> ErrorInfo {
    let canceled = "canceling statement due to query_timeout";
    match what {
        Overdue::Query => error::error(sqlstate::QUERY_CANCELED, canceled),
        Overdue::Cancel => {
            let mut info = error::fatal(sqlstate::QUERY_CANCELED, canceled);
            info.detail = Some("The server does not react to the cancel request.".to_owned());
            info
        }
        Overdue::Transaction => error::fatal(
            sqlstate::IDLE_IN_TRANSACTION,
            "terminating connection due to idle_transaction_timeout",
        ),
        Overdue::Client => error::fatal(
            sqlstate::IDLE_SESSION,
            "terminating connection due to client_idle_timeout",
        ),
    }
}

/// A transaction block where connections change with each statement.
pub(super) fn block() -> ErrorInfo {
    hinted(
        sqlstate::FEATURE_NOT_SUPPORTED,
        "transaction blocks are not allowed in statement pooling mode",
        "Send what belongs together in one Query, or have pool_mode set to \"transaction\".",
    )
}

/// The generated SQL would be read in another encoding than it was written in.
pub(super) fn not_utf8() -> ErrorInfo {
    hinted(
        sqlstate::FEATURE_NOT_SUPPORTED,
        "the generated SQL cannot be sent in this client encoding",
        "SET client_encoding TO 'UTF8' and ask again.",
    )
}

/// The catalog could not be read for a question.
pub(super) fn catalog(problem: &catalog::Error) -> ErrorInfo {
    let mut info = error::error(problem.sqlstate(), problem.to_string());
    info.hint = Some("pgparley reads the catalog as the service user.".to_owned());
    info
}

/// The portals of a session's questions hold more than one answer may have.
pub(super) fn too_many_answers() -> ErrorInfo {
    hinted(
        sqlstate::PROGRAM_LIMIT_EXCEEDED,
        "the open portals of questions would hold too many bytes",
        "Close the portals that are read, or raise nl.max_bytes.",
    )
}

/// A client that does not say who it is.
pub(super) fn login_timeout() -> Box<ErrorInfo> {
    Box::new(error::fatal(
        sqlstate::CONNECTION_FAILURE,
        "login took too long: client_login_timeout",
    ))
}

/// A client encoding in which the guard could be shown other tokens than the server sees.
pub(super) fn unsafe_encoding(encoding: &[u8]) -> ErrorInfo {
    let encoding = String::from_utf8_lossy(encoding);
    let text = format!("client encoding \"{encoding}\" cannot be used under this policy");
    let mut info = error::fatal(sqlstate::FEATURE_NOT_SUPPORTED, text);
    info.hint = Some("Connect with client_encoding UTF8.".to_owned());
    info
}

fn hinted(code: &str, message: &str, hint: &str) -> ErrorInfo {
    let mut info = error::error(code, message);
    info.hint = Some(hint.to_owned());
    info
}

/// The guard's own words to a client that does not get in.
pub(super) fn refused_start(refusal: &guard::Refusal) -> ErrorInfo {
    let mut info = error::fatal(refusal.sqlstate, &refusal.message);
    info.detail = Some(format!("Rule \"{}\".", refusal.rule));
    info.hint.clone_from(&refusal.hint);
    info
}

/// A result with a column that the policy keeps back, in whatever way it was asked for.
pub(super) fn withheld() -> ErrorInfo {
    hinted(
        sqlstate::INSUFFICIENT_PRIVILEGE,
        "permission denied for a column of this result",
        "The policy has deny_columns; name the columns that you want.",
    )
}

/// The guard's own words.
pub(super) fn refused(refusal: &guard::Refusal) -> ErrorInfo {
    let mut info = error::error(refusal.sqlstate, &refusal.message);
    info.detail = Some(format!("Rule \"{}\".", refusal.rule));
    info.hint.clone_from(&refusal.hint);
    info
}
