<<<<<<< HEAD
//! Logs and metrics.

use crate::config;

/// Starts logging to standard error.
pub fn init(server: &config::Server) -> Result<(), tracing_subscriber::filter::ParseError> {
    let filter = tracing_subscriber::EnvFilter::try_new(&server.log)?;
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    Ok(())
}
=======
//! What operators see: log lines on standard error and metrics in Prometheus' text format.

mod log;
mod metrics;
pub mod names;

pub use log::init;
pub use metrics::Metrics;
>>>>>>> de443ac (Write logs, record metrics and answer orchestrators over HTTP)
