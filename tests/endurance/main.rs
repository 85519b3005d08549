//! Texts made to be too much: deep, long, or in need of much remembering. None of them ends the
//! process, or keeps it from going on.

mod alone;
pub mod readers;
mod remembered;
pub mod shapes;
#[path = "../support/mod.rs"]
pub mod support;
mod wire;
