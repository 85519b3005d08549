//! wire.

pub mod crypto;
