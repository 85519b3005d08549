//! What operators see: log lines on standard error and metrics in Prometheus' text format.

mod log;
mod metrics;
pub mod names;

pub use log::init;
pub use metrics::Metrics;
