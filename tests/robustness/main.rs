//! Faults on either side: whom they do not concern does not notice, and nothing is lost for good.

mod crowd;
mod cut;
mod disconnects;
mod hostile;
mod server_faults;
#[path = "../support/mod.rs"]
pub mod support;
