//! The PostgreSQL wire protocol: frames, messages, start-up packets, errors.
//!
//! Source: <https://www.postgresql.org/docs/current/protocol-message-formats.html>.

pub mod backend;
pub mod connection;
pub mod crypto;
pub mod error;
pub mod frame;
pub mod frontend;

mod passage;
pub mod socket;
pub mod startup;

pub use backend::TransactionStatus;
pub use connection::Connection;
pub use error::ErrorInfo;
pub use passage::Passage;
pub use socket::Socket;
