//! Rules about tables, columns and functions, against a real catalog: by text, and over the wire.

mod columns;
mod functions;
mod results;
mod subject;
#[path = "../support/mod.rs"]
pub mod support;
mod tables;
