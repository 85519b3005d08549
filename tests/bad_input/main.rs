//! What cannot be right gets a clear error in PostgreSQL's form, and harms nobody else.

mod hostile;
mod login;
mod messages;
#[path = "../support/mod.rs"]
pub mod support;
mod upstream;
