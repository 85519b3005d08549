//! Decides what may run. Pure: no clock, no network, no configuration lookup.

pub mod generated;
mod refusal;

pub use refusal::Refusal;
