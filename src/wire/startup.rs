//! The packets that open a connection, which have no type byte.
//!
//! Source: <https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP>.

use super::frame::cstr;

/// The longest body of a start-up packet that PostgreSQL accepts (`MAX_STARTUP_PACKET_LENGTH`).
pub const MAX_STARTUP_PACKET: usize = 10_000;

/// Protocol 3.0.
pub const PROTOCOL_3_0: u32 = 3 << 16;

const CANCEL_REQUEST: u32 = (1234 << 16) + 5678;
const SSL_REQUEST: u32 = (1234 << 16) + 5679;
const GSSENC_REQUEST: u32 = (1234 << 16) + 5680;

/// What a client wants when it connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// Encryption by TLS, before anything else.
    SslRequest,
    /// Encryption by GSSAPI, before anything else.
    GssEncRequest,
    /// Another connection's query should end.
    CancelRequest {
        /// From that connection's BackendKeyData.
        pid: i32,
        /// From that connection's BackendKeyData; four bytes in protocol 3.0.
        secret: Vec<u8>,
    },
    /// A session.
    Startup(Startup),
}

/// Names and values in the order they came, byte for byte.
pub type Parameters = Vec<(Vec<u8>, Vec<u8>)>;

/// A StartupMessage of protocol 3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Startup {
    /// Major version in the upper 16 bits.
    pub protocol: u32,
    /// Names and values in the order they came, byte for byte.
    pub parameters: Parameters,
}

/// Why a start-up packet was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StartupError {
    /// The body is shorter than a version or longer than [`MAX_STARTUP_PACKET`].
    #[error("invalid length of startup packet")]
    Length,
    /// Not protocol 3.
    #[error("unsupported frontend protocol {}.{}: server supports 3.0 to 3.0", .0 >> 16, .0 & 0xffff)]
    Protocol(u32),
    /// Names and values do not end where the packet ends.
    #[error("invalid startup packet layout: expected terminator as last byte")]
    Layout,
}

impl Startup {
    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        let found = self
            .parameters
            .iter()
            .find(|(key, _)| key == name.as_bytes());
        found.map(|(_, value)| value.as_slice())
    }
}

/// How many bytes the body of a packet has, from its length word.
pub fn body_length(word: [u8; 4]) -> Result<usize, StartupError> {
    let length = u32::from_be_bytes(word) as usize;
    // PostgreSQL's limit is on what follows the length word.
    let body = length.checked_sub(4).ok_or(StartupError::Length)?;
    if !(4..=MAX_STARTUP_PACKET).contains(&body) {
        return Err(StartupError::Length);
    }
    Ok(body)
}

/// Reads a packet behind its length word.
pub fn read(body: &[u8]) -> Result<Packet, StartupError> {
    let (code, rest) = body.split_first_chunk::<4>().ok_or(StartupError::Length)?;
    match u32::from_be_bytes(*code) {
        SSL_REQUEST => Ok(Packet::SslRequest),
        GSSENC_REQUEST => Ok(Packet::GssEncRequest),
        CANCEL_REQUEST => {
            let (pid, secret) = rest.split_first_chunk::<4>().ok_or(StartupError::Length)?;
            Ok(Packet::CancelRequest {
                pid: i32::from_be_bytes(*pid),
                secret: secret.to_vec(),
            })
        }
        protocol if protocol >> 16 == 3 => parameters(rest).map(|parameters| {
            Packet::Startup(Startup {
                protocol,
                parameters,
            })
        }),
        protocol => Err(StartupError::Protocol(protocol)),
    }
}

fn parameters(mut rest: &[u8]) -> Result<Parameters, StartupError> {
    let mut parameters = Vec::new();
    while rest != [0] {
        let (name, behind) = cstr(rest).ok_or(StartupError::Layout)?;
        let (value, behind) = cstr(behind).ok_or(StartupError::Layout)?;
        if name.is_empty() {
            return Err(StartupError::Layout);
        }
        parameters.push((name.to_vec(), value.to_vec()));
        rest = behind;
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parameters_keep_their_bytes_and_order() {
        let Ok(Packet::Startup(startup)) = read(b"\0\x03\0\0user\0\xff\0database\0d\0\0") else {
            panic!("a start-up packet");
        };
        assert_eq!(startup.protocol, PROTOCOL_3_0);
        assert_eq!(startup.parameter("user"), Some(&b"\xff"[..]));
        assert_eq!(startup.parameters[1].0, b"database");
    }

    #[test]
    fn a_missing_terminator_is_refused() {
        assert_eq!(read(b"\0\x03\0\0user\0a\0"), Err(StartupError::Layout));
    }

    #[test]
    fn protocol_2_is_refused_by_name() {
        let error = read(b"\0\x02\0\0").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("unsupported frontend protocol 2.0")
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = read(&bytes);
        }
    }
}
