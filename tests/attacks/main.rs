//! Attacks, over the wire and against a real PostgreSQL: what is refused, what is bounded, what
//! passes as it is, and that nothing of an attack is left in the database.

mod blocks;
mod contained;
mod generated;
mod messages;
#[path = "../support/model_server.rs"]
pub mod model_server;
mod passed;
mod recorder;
mod refused;
mod remains;
mod stage;
#[path = "../support/mod.rs"]
pub mod support;
mod unchecked;
mod ways;
