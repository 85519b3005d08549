//! Logs and metrics.

use crate::config;

/// Starts logging to standard error.
pub fn init(server: &config::Server) -> Result<(), tracing_subscriber::filter::ParseError> {
    let filter = tracing_subscriber::EnvFilter::try_new(&server.log)?;
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    Ok(())
}
