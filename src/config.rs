//! Settings: plain data, and the only reader of the environment and of secret files.

mod secret;
mod settings;

pub use secret::Secret;
pub use settings::*;
