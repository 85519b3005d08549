//! Reads `[server]`.

use tracing_subscriber::EnvFilter;

use super::Keys;
use crate::config::document::Node;
use crate::config::document::quoted;
use crate::config::section::Section;
use crate::config::settings::LogFormat;
use crate::config::settings::Server;
use crate::config::value::address_or_off;
use crate::config::value::addresses;
use crate::config::value::choice;
use crate::config::value::duration;
use crate::config::value::whole;
use crate::config::value::word;

pub(super) fn server(mut section: Section<'_>) -> (Server, Keys) {
    const FORMATS: [(&str, LogFormat); 2] = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    let default = Server::default();
    let server = Server {
        listen: section.or("listen", addresses, default.listen),
        http_listen: section.or("http_listen", address_or_off, default.http_listen),
        workers: section.or("workers", whole(0..=1024), default.workers),
        max_client_conn: section.or(
            "max_client_conn",
            whole(1..=1_000_000),
            default.max_client_conn,
        ),
        client_login_timeout: section.or(
            "client_login_timeout",
            duration,
            default.client_login_timeout,
        ),
        shutdown_timeout: section.or("shutdown_timeout", duration, default.shutdown_timeout),
        log_format: section.or("log_format", choice(&FORMATS), default.log_format),
        log: section.or("log", log_filter, default.log),
    };
    let taken = server
        .http_listen
        .filter(|http| http.port() != 0 && server.listen.contains(http));
    if let Some(address) = taken {
        section.fault(
            "http_listen",
            &format!("{address} is an address of \"listen\" already"),
        );
    }
    (server, section.finish())
}

fn log_filter(node: &Node) -> Result<String, String> {
    let filter = word(node)?;
    match EnvFilter::builder().parse(&filter) {
        Ok(_) => Ok(filter),
        Err(_) => Err(format!(
            "expected a log filter such as \"info\" or \"pgparley=debug\", got {}",
            quoted(&filter)
        )),
    }
}
