//! The command line: arguments, parts, run.

pub mod demo;
