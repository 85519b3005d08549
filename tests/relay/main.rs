//! Through pgparley everything is as it is without: dialogues held with PostgreSQL over the wire.

mod cancel;
mod congestion;
mod copy;
mod differential;
mod excess;
mod flows;
mod limits;
mod login;
mod pool;
mod programs;
mod shutdown;
mod statement_mode;
#[path = "../support/mod.rs"]
pub mod support;
mod timeouts;
mod upstream;
