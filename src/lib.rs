//! pgparley: a PostgreSQL proxy that can be talked to in plain language.
//!
//! Modules are public for the project's own tests, benches and fuzz targets; there is no API
//! promise. Imports point down only, in the order of this list; `tests/layering.rs` holds it.

pub mod cli;

pub mod server;

pub mod session;

pub mod catalog;
pub mod guard;
pub mod nl;
pub mod upstream;

pub mod sql;

pub mod wire;

pub mod config;
pub mod telemetry;
