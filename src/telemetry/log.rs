//! Log lines, one event each, on standard error.

use std::fmt;
use std::io;
use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use crate::config;
use crate::config::LogFormat;

/// Starts writing log lines as `server` says. A second call changes nothing: the first one stays.
pub fn init(server: &config::Server) {
    // `config` has refused a filter that does not parse.
    let filter = EnvFilter::builder().parse_lossy(&server.log);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let started = match server.log_format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Text if io::stderr().is_terminal() => lines.with_timer(Clock).try_init(),
        LogFormat::Text => lines.with_timer(Clock).with_ansi(false).try_init(),
    };
    if started.is_err() {
        tracing::debug!("log lines are written already");
    }
}

/// Local time as PostgreSQL's own log lines have it: `2026-11-20 16:35:31.123 UTC`.
struct Clock;

impl FormatTime for Clock {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        write!(
            w,
            "{}",
            jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S%.3f %Z")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_start_leaves_the_first_in_place() {
        let text = config::Server {
            log: "warn".to_owned(),
            ..config::Server::default()
        };
        let json = config::Server {
            log_format: LogFormat::Json,
            ..config::Server::default()
        };
        init(&text);
        init(&json);
        tracing::warn!(rows = 3, "shown as text");
        assert!(tracing::enabled!(tracing::Level::WARN));
        assert!(!tracing::enabled!(tracing::Level::INFO));
    }

    #[test]
    fn times_are_written_as_postgresql_writes_them() {
        let mut line = String::new();
        Clock.format_time(&mut Writer::new(&mut line)).unwrap();
        let shape: String = line
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        assert!(shape.starts_with("0000-00-00 00:00:00.000 "), "{line}");
    }
}
