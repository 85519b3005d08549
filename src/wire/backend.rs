//! Messages that a server sends: written by us where we answer, read where the relay must know.

use bytes::BytesMut;
use pgwire::messages::Message;
use pgwire::messages::data::DataRow;
use pgwire::messages::data::FieldDescription;
use pgwire::messages::data::RowDescription;
use pgwire::messages::response::CommandComplete;
use pgwire::messages::response::ReadyForQuery;
use pgwire::messages::startup::Authentication;
use pgwire::messages::startup::BackendKeyData;
use pgwire::messages::startup::NegotiateProtocolVersion;
use pgwire::messages::startup::SecretKey;

pub use pgwire::messages::response::TransactionStatus;

use super::frame;

/// `pg_type.oid` of `text`.
const TEXT_OID: u32 = 25;

/// Appends AuthenticationOk.
pub fn put_authentication_ok(out: &mut Vec<u8>) {
    put(out, &Authentication::Ok);
}

/// Appends BackendKeyData with a four-byte secret, as protocol 3.0 has it.
pub fn put_backend_key_data(out: &mut Vec<u8>, pid: i32, secret: i32) {
    put(out, &BackendKeyData::new(pid, SecretKey::I32(secret)));
}

/// Appends NegotiateProtocolVersion: the newest minor version we speak, and the `_pq_.` options
/// that we do not know.
pub fn put_negotiate_protocol_version(out: &mut Vec<u8>, version: i32, unknown: Vec<String>) {
    put(out, &NegotiateProtocolVersion::new(version, unknown));
}

/// Appends ParameterStatus. Servers may report bytes that are no UTF-8.
pub fn put_parameter_status(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    frame::put(out, frame::server::PARAMETER_STATUS, |body| {
        for part in [name, value] {
            body.extend_from_slice(part);
            body.push(0);
        }
    });
}

/// Appends ReadyForQuery.
pub fn put_ready_for_query(out: &mut Vec<u8>, status: TransactionStatus) {
    put(out, &ReadyForQuery::new(status));
}

/// Appends CommandComplete.
pub fn put_command_complete(out: &mut Vec<u8>, tag: &str) {
    put(out, &CommandComplete::new(tag.to_owned()));
}

/// Appends the RowDescription of text columns that belong to no table.
pub fn put_text_columns(out: &mut Vec<u8>, names: &[&str]) {
    let fields = names
        .iter()
        .map(|name| FieldDescription::new((*name).to_owned(), 0, 0, TEXT_OID, -1, -1, 0))
        .collect();
    put(out, &RowDescription::new(fields));
}

/// Appends a DataRow of text values.
pub fn put_text_row(out: &mut Vec<u8>, values: &[&str]) {
    let mut data = BytesMut::new();
    for value in values {
        data.extend_from_slice(&(value.len() as u32).to_be_bytes());
        data.extend_from_slice(value.as_bytes());
    }
    put(out, &DataRow::new(data, values.len() as i16));
}

/// Appends a message that is nothing but its header, such as ParseComplete.
pub fn put_bare(out: &mut Vec<u8>, tag: u8) {
    frame::put(out, tag, |_| ());
}

/// The status in the body of a ReadyForQuery; an unknown byte is no protocol that we know.
pub fn transaction_status(body: &[u8]) -> Option<TransactionStatus> {
    match body {
        [b'I'] => Some(TransactionStatus::Idle),
        [b'T'] => Some(TransactionStatus::Transaction),
        [b'E'] => Some(TransactionStatus::Error),
        _ => None,
    }
}

/// Name and value in the body of a ParameterStatus.
pub fn parameter_status(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, rest) = frame::cstr(body)?;
    let (value, _) = frame::cstr(rest)?;
    Some((name, value))
}

/// The columns of the first DataRow-shaped `body`; `None` inside is NULL. `None` outside when the
/// body is not well formed.
pub fn data_row(body: &[u8]) -> Option<Vec<Option<&[u8]>>> {
    let (count, mut rest) = body.split_first_chunk::<2>()?;
    let count = u16::from_be_bytes(*count);
    let mut columns = Vec::with_capacity(count.into());
    for _ in 0..count {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        let length = i32::from_be_bytes(*length);
        let Ok(length) = usize::try_from(length) else {
            columns.push(None);
            rest = behind;
            continue;
        };
        let (value, behind) = behind.split_at_checked(length)?;
        columns.push(Some(value));
        rest = behind;
    }
    Some(columns)
}

fn put(out: &mut Vec<u8>, message: &impl Message) {
    let mut buffer = BytesMut::new();
    message
        .encode(&mut buffer)
        .expect("a message of our own is below every size limit");
    out.extend_from_slice(&buffer);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_row_is_read_back() {
        let mut out = Vec::new();
        put_text_row(&mut out, &["a", ""]);
        let (_, body) = frame::messages(&out).next().unwrap();
        assert_eq!(data_row(body), Some(vec![Some(&b"a"[..]), Some(&b""[..])]));
    }

    #[test]
    fn a_row_longer_than_its_body_is_refused() {
        assert_eq!(data_row(b"\0\x01\0\0\0\x09ab"), None);
    }

    #[test]
    fn ready_for_query_carries_the_status() {
        let mut out = Vec::new();
        put_ready_for_query(&mut out, TransactionStatus::Error);
        assert_eq!(out, b"Z\0\0\0\x05E");
    }
}
