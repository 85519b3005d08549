//! Rules about tables, columns and functions, against a real catalog: by text, and over the wire.

mod attacks;
mod columns;
mod functions;
mod later;
mod metadata;
mod random;
mod reach;
mod results;
mod search_path;
mod soup;
mod subject;
#[path = "../support/mod.rs"]
pub mod support;
mod tables;
mod utility;
mod visible;
