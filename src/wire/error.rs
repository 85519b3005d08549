//! Errors and notices in PostgreSQL's own form.
//!
//! SQLSTATEs: <https://www.postgresql.org/docs/current/errcodes-appendix.html>; `PGN..` are ours.

use bytes::BytesMut;
use pgwire::messages::Message;
use pgwire::messages::response::ErrorResponse;
use pgwire::messages::response::NoticeResponse;

pub use pgwire::error::ErrorInfo;

use super::frame;

/// The SQLSTATEs that pgparley itself sends.
pub mod sqlstate {
    /// `protocol_violation`.
    pub const PROTOCOL_VIOLATION: &str = "08P01";
    /// `sqlclient_unable_to_establish_sqlconnection`.
    pub const CANNOT_CONNECT: &str = "08001";
    /// `connection_failure`.
    pub const CONNECTION_FAILURE: &str = "08006";
    /// `feature_not_supported`.
    pub const FEATURE_NOT_SUPPORTED: &str = "0A000";
    /// `active_sql_transaction`.
    pub const ACTIVE_TRANSACTION: &str = "25001";
    /// `idle_in_transaction_session_timeout`.
    pub const IDLE_IN_TRANSACTION: &str = "25P03";
    /// `in_failed_sql_transaction`.
    pub const IN_FAILED_TRANSACTION: &str = "25P02";
    /// `invalid_authorization_specification`.
    pub const INVALID_AUTHORIZATION: &str = "28000";
    /// `invalid_catalog_name`.
    pub const INVALID_CATALOG_NAME: &str = "3D000";
    /// `insufficient_privilege`.
    pub const INSUFFICIENT_PRIVILEGE: &str = "42501";
    /// `duplicate_prepared_statement`.
    pub const DUPLICATE_PREPARED_STATEMENT: &str = "42P05";
    /// `too_many_connections`.
    pub const TOO_MANY_CONNECTIONS: &str = "53300";
    /// `configuration_limit_exceeded`.
    pub const CONFIGURATION_LIMIT_EXCEEDED: &str = "53400";
    /// `program_limit_exceeded`.
    pub const PROGRAM_LIMIT_EXCEEDED: &str = "54000";
    /// `query_canceled`.
    pub const QUERY_CANCELED: &str = "57014";
    /// `admin_shutdown`.
    pub const ADMIN_SHUTDOWN: &str = "57P01";
    /// `crash_shutdown`.
    pub const CRASH_SHUTDOWN: &str = "57P02";
    /// `cannot_connect_now`.
    pub const CANNOT_CONNECT_NOW: &str = "57P03";
    /// `idle_session_timeout`.
    pub const IDLE_SESSION: &str = "57P05";
    /// `internal_error`.
    pub const INTERNAL_ERROR: &str = "XX000";
    /// A result was cut at the row limit (class 01, warning).
    pub const RESULT_TRUNCATED: &str = "01R01";
    /// `successful_completion`, as PostgreSQL's own NOTICEs have it.
    pub const SUCCESSFUL_COMPLETION: &str = "00000";
    /// The question can be read in two ways.
    pub const AMBIGUOUS: &str = "PGN01";
    /// The question cannot be answered.
    pub const NOT_ANSWERABLE: &str = "PGN02";
    /// The question needs what the role cannot see.
    pub const NOT_VISIBLE: &str = "PGN03";
    /// No model answered.
    pub const MODEL_UNAVAILABLE: &str = "PGN04";
    /// The generated SQL was refused.
    pub const GENERATED_SQL_REFUSED: &str = "PGN05";
}

/// An ERROR with nothing but code and message.
pub fn error(code: &str, message: impl Into<String>) -> ErrorInfo {
    with_severity("ERROR", code, message)
}

/// A FATAL error: the connection ends with it.
pub fn fatal(code: &str, message: impl Into<String>) -> ErrorInfo {
    with_severity("FATAL", code, message)
}

/// A NOTICE or WARNING.
pub fn notice(severity: &str, code: &str, message: impl Into<String>) -> ErrorInfo {
    with_severity(severity, code, message)
}

/// Appends `info` as ErrorResponse.
pub fn put_error(out: &mut Vec<u8>, info: ErrorInfo) {
    let mut buffer = BytesMut::new();
    ErrorResponse::from(info)
        .encode(&mut buffer)
        .expect("an ErrorResponse of our own is below every size limit");
    out.extend_from_slice(&buffer);
}

/// Appends `info` as NoticeResponse.
pub fn put_notice(out: &mut Vec<u8>, info: ErrorInfo) {
    let mut buffer = BytesMut::new();
    NoticeResponse::from(info)
        .encode(&mut buffer)
        .expect("a NoticeResponse of our own is below every size limit");
    out.extend_from_slice(&buffer);
}

/// Appends an ErrorResponse with these fields of another and this severity.
pub fn put_as(out: &mut Vec<u8>, body: &[u8], severity: &str) {
    frame::put(out, frame::server::ERROR, |out| {
        for field in body.split(|&byte| byte == 0) {
            if let Some(kind @ (b'S' | b'V')) = field.first() {
                out.push(*kind);
                out.extend_from_slice(severity.as_bytes());
            } else if field.is_empty() {
                continue;
            } else {
                out.extend_from_slice(field);
            }
            out.push(0);
        }
        out.push(0);
    });
}

/// Reads the body of an ErrorResponse or NoticeResponse. Unknown fields are left out, and what
/// is not UTF-8 is shown with replacement characters: this is for looking at, not for passing on.
pub fn read(body: &[u8]) -> ErrorInfo {
    let mut info = ErrorInfo::new(String::new(), String::new(), String::new());
    let mut rest = body;
    while let Some((&field, behind)) = rest.split_first() {
        let Some((value, behind)) = frame::cstr(behind) else {
            break;
        };
        let text = || String::from_utf8_lossy(value).into_owned();
        match field {
            b'S' => info.severity = text(),
            b'V' => info.severity_nonlocalized = Some(text()),
            b'C' => info.code = text(),
            b'M' => info.message = text(),
            b'D' => info.detail = Some(text()),
            b'H' => info.hint = Some(text()),
            b'P' => info.position = Some(text()),
            _ => {}
        }
        rest = behind;
    }
    info
}

/// The body of an ErrorResponse or NoticeResponse with another place in the client's text; `None`
/// when it tells no place.
pub fn with_position(body: &[u8], place: impl Fn(usize) -> usize) -> Option<Vec<u8>> {
    let mut at = 0;
    while let Some(value) = frame::cstr(body.get(at + 1..)?).map(|(value, _)| value) {
        let end = at + 1 + value.len();
        if body[at] == b'P' {
            let told: usize = std::str::from_utf8(value).ok()?.parse().ok()?;
            let place = place(told).to_string();
            return Some([&body[..=at], place.as_bytes(), &body[end..]].concat());
        }
        at = end + 1;
    }
    None
}

/// The body of an ErrorResponse has this SQLSTATE.
pub fn has_code(body: &[u8], code: &str) -> bool {
    let mut fields = body.split(|&byte| byte == 0);
    fields.any(|field| field.strip_prefix(b"C") == Some(code.as_bytes()))
}

/// The body of an ErrorResponse says that a prepared statement no longer returns what it did:
/// `cached plan must not change result type`, told by the place in the server's source because the
/// message is in the server's language.
pub fn is_stale_plan(body: &[u8]) -> bool {
    let mut fields = body.split(|&byte| byte == 0);
    has_code(body, sqlstate::FEATURE_NOT_SUPPORTED)
        && fields.any(|field| field == b"RRevalidateCachedQuery")
}

/// The body of an ErrorResponse says that the connection ends with it.
pub fn is_fatal(body: &[u8]) -> bool {
    let mut fields = body.split(|&byte| byte == 0);
    fields.any(|field| matches!(field, b"VFATAL" | b"VPANIC"))
}

fn with_severity(severity: &str, code: &str, message: impl Into<String>) -> ErrorInfo {
    let mut info = ErrorInfo::new(severity.to_owned(), code.to_owned(), message.into());
    info.severity_nonlocalized = Some(severity.to_owned());
    info
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut info = error(sqlstate::NOT_ANSWERABLE, "the question is not understood");
        info.hint = Some("ask about orders".to_owned());
        let mut out = Vec::new();
        put_error(&mut out, info);
        let (tag, body) = frame::messages(&out).next().unwrap();
        assert_eq!(tag, frame::server::ERROR);
        let back = read(body);
        assert_eq!(
            (back.code.as_str(), back.hint.as_deref()),
            ("PGN02", Some("ask about orders"))
        );
    }

    #[test]
    fn a_place_is_told_anew() {
        let body = b"SERROR\0P12\0Mx\0\0";
        assert_eq!(
            with_position(body, |place| place + 88).as_deref(),
            Some(&b"SERROR\0P100\0Mx\0\0"[..])
        );
        assert_eq!(with_position(b"SERROR\0MP1\0\0", |_| 1), None);
        assert_eq!(with_position(b"", |_| 1), None);
    }

    #[test]
    fn a_cut_body_is_read_as_far_as_it_goes() {
        assert_eq!(read(b"SERROR\0C42P01\0Mrel").code, "42P01");
    }
}
