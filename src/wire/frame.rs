//! Finds message boundaries in a stream of bytes without copying or decoding them.

/// A message's type byte and length word.
pub const HEADER: usize = 5;

/// The longest message that PostgreSQL itself accepts (`PQ_LARGE_MESSAGE_LIMIT`).
///
/// <https://github.com/postgres/postgres/blob/REL_15_STABLE/src/include/libpq/libpq.h>
pub const LARGE_MESSAGE_LIMIT: usize = 0x3fff_ffff - 1;

/// Type bytes of messages from a client.
pub mod client {
    /// Bind.
    pub const BIND: u8 = b'B';
    /// Close.
    pub const CLOSE: u8 = b'C';
    /// CopyData.
    pub const COPY_DATA: u8 = b'd';
    /// CopyDone.
    pub const COPY_DONE: u8 = b'c';
    /// CopyFail.
    pub const COPY_FAIL: u8 = b'f';
    /// Describe.
    pub const DESCRIBE: u8 = b'D';
    /// Execute.
    pub const EXECUTE: u8 = b'E';
    /// Flush.
    pub const FLUSH: u8 = b'H';
    /// FunctionCall.
    pub const FUNCTION_CALL: u8 = b'F';
    /// Parse.
    pub const PARSE: u8 = b'P';
    /// Query.
    pub const QUERY: u8 = b'Q';
    /// Sync.
    pub const SYNC: u8 = b'S';
    /// Terminate.
    pub const TERMINATE: u8 = b'X';
}

/// Type bytes of messages from a server.
pub mod server {
    /// Authentication, all kinds.
    pub const AUTHENTICATION: u8 = b'R';
    /// BackendKeyData.
    pub const BACKEND_KEY_DATA: u8 = b'K';
    /// BindComplete.
    pub const BIND_COMPLETE: u8 = b'2';
    /// CloseComplete.
    pub const CLOSE_COMPLETE: u8 = b'3';
    /// CommandComplete.
    pub const COMMAND_COMPLETE: u8 = b'C';
    /// CopyBothResponse.
    pub const COPY_BOTH: u8 = b'W';
    /// CopyData.
    pub const COPY_DATA: u8 = b'd';
    /// CopyDone.
    pub const COPY_DONE: u8 = b'c';
    /// CopyInResponse.
    pub const COPY_IN: u8 = b'G';
    /// CopyOutResponse.
    pub const COPY_OUT: u8 = b'H';
    /// DataRow.
    pub const DATA_ROW: u8 = b'D';
    /// EmptyQueryResponse.
    pub const EMPTY_QUERY: u8 = b'I';
    /// ErrorResponse.
    pub const ERROR: u8 = b'E';
    /// FunctionCallResponse.
    pub const FUNCTION_CALL: u8 = b'V';
    /// NegotiateProtocolVersion.
    pub const NEGOTIATE_PROTOCOL_VERSION: u8 = b'v';
    /// NoData.
    pub const NO_DATA: u8 = b'n';
    /// NoticeResponse.
    pub const NOTICE: u8 = b'N';
    /// NotificationResponse.
    pub const NOTIFICATION: u8 = b'A';
    /// ParameterDescription.
    pub const PARAMETER_DESCRIPTION: u8 = b't';
    /// ParameterStatus.
    pub const PARAMETER_STATUS: u8 = b'S';
    /// ParseComplete.
    pub const PARSE_COMPLETE: u8 = b'1';
    /// PortalSuspended.
    pub const PORTAL_SUSPENDED: u8 = b's';
    /// ReadyForQuery.
    pub const READY_FOR_QUERY: u8 = b'Z';
    /// RowDescription.
    pub const ROW_DESCRIPTION: u8 = b'T';
}

/// What stands at the beginning of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Fewer bytes than a header.
    Header,
    /// A header whose length cannot be: the stream has lost its frame.
    Malformed,
    /// A message of this type and whole size, header included; all of it may not be there yet.
    Message {
        /// The type byte.
        tag: u8,
        /// Bytes from the type byte to the end of the body.
        size: usize,
    },
}

/// Reads the header at the beginning of `bytes`.
pub fn next(bytes: &[u8]) -> Next {
    let Some(header) = bytes.first_chunk::<HEADER>() else {
        return Next::Header;
    };
    let [tag, length @ ..] = *header;
    let length = u32::from_be_bytes(length) as usize;
    if !(4..=LARGE_MESSAGE_LIMIT).contains(&length) {
        return Next::Malformed;
    }
    Next::Message {
        tag,
        size: length + 1,
    }
}

/// Whole messages at the beginning of `bytes`, as (type byte, body); stops at the first that is
/// not all there.
pub fn messages(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let Next::Message { tag, size } = next(&bytes[at..]) else {
            return None;
        };
        let frame = bytes.get(at..at + size)?;
        at += size;
        Some((tag, &frame[HEADER..]))
    })
}

/// Appends one message to `out`; `body` writes what stands behind the length word.
pub fn put(out: &mut Vec<u8>, tag: u8, body: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    body(out);
    let length = (out.len() - at) as u32;
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
}

/// Appends one message with this body.
pub fn put_body(out: &mut Vec<u8>, tag: u8, body: &[u8]) {
    put(out, tag, |out| out.extend_from_slice(body));
}

/// Splits a zero-terminated string off the beginning of `bytes`.
pub fn cstr(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(0, bytes)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_length_below_its_own_word_is_malformed() {
        assert_eq!(next(b"Q\0\0\0\x03"), Next::Malformed);
        assert_eq!(next(b"Q\x7f\xff\xff\xff"), Next::Malformed);
    }

    #[test]
    fn a_short_header_asks_for_more() {
        assert_eq!(next(b"Q\0\0"), Next::Header);
    }

    #[test]
    fn put_then_messages_gives_the_same() {
        let mut out = Vec::new();
        put(&mut out, b'Q', |body| body.extend_from_slice(b"SELECT 1\0"));
        put(&mut out, b'S', |_| ());
        let read: Vec<_> = messages(&out).collect();
        assert_eq!(read, [(b'Q', &b"SELECT 1\0"[..]), (b'S', &b""[..])]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_walked_without_panic(bytes: Vec<u8>) {
            let walked: usize = messages(&bytes).map(|(_, body)| body.len() + HEADER).sum();
            prop_assert!(walked <= bytes.len());
        }
    }
}
