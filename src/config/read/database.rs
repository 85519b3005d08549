//! Reads `[[database]]`.

use super::Environment;
use super::Keys;
use super::list;
use crate::config::credential;
use crate::config::document::Entry;
use crate::config::document::Node;
use crate::config::document::quoted;
use crate::config::fault::Faults;
use crate::config::section::Section;
use crate::config::settings::Database;
use crate::config::settings::PoolMode;
use crate::config::settings::UpstreamUrl;
use crate::config::url::UrlError;
use crate::config::value::choice;
use crate::config::value::duration;
use crate::config::value::text;
use crate::config::value::time_limit;
use crate::config::value::whole;
use crate::config::value::word;

pub(super) fn databases(
    entry: Option<Entry>,
    environment: &Environment,
    faults: &mut Faults,
) -> Vec<Database> {
    let mut databases: Vec<Database> = Vec::new();
    for entry in list("[[database]]", entry, faults) {
        let origin = entry.origin.clone();
        let section = Section::open("[[database]]", Some(entry), faults);
        let Some(database) = database(section, environment).0 else {
            continue;
        };
        let name = quoted(&database.name);
        if databases
            .iter()
            .any(|earlier| earlier.name == database.name)
        {
            faults.add(&origin, format!("a [[database]] {name} is there already"));
        } else if databases.iter().any(|earlier| earlier.name == "*") {
            faults.add(
                &origin,
                format!("[[database]] {name} is never reached: \"*\" is above it"),
            );
        }
        databases.push(database);
    }
    databases
}

pub(super) fn database(
    mut section: Section<'_>,
    environment: &Environment,
) -> (Option<Database>, Keys) {
    const POOL_MODE: [(&str, PoolMode); 3] = [
        ("session", PoolMode::Session),
        ("transaction", PoolMode::Transaction),
        ("statement", PoolMode::Statement),
    ];
    let name = section.required("name", word);
    let upstream = section.required("upstream", upstream_url);
    let pool_mode = section.optional("pool_mode", choice(&POOL_MODE));
    let max_prepared_statements = section.optional("max_prepared_statements", whole(1..=100_000));
    let pool_size = section.optional("pool_size", whole(1..=100_000));
    let max_db_connections = section.optional("max_db_connections", whole(0..=100_000));
    let max_waiting = section.optional("max_waiting", whole(0..=100_000));
    let query_wait_timeout = section.optional("query_wait_timeout", duration);
    let query_timeout = section.optional("query_timeout", time_limit);
    let idle_transaction_timeout = section.optional("idle_transaction_timeout", time_limit);
    let client_idle_timeout = section.optional("client_idle_timeout", time_limit);
    let server_connect_timeout = section.optional("server_connect_timeout", duration);
    let server_idle_timeout = section.optional("server_idle_timeout", duration);
    let server_lifetime = section.optional("server_lifetime", duration);
    let min_idle = section.optional("min_idle", whole(0..=100_000));
    let max_connecting = section.optional("max_connecting", whole(1..=100_000));
    let server_login_retry = section.optional("server_login_retry", duration);
    let reset_query = section.optional("reset_query", text);
    let service_user = section.optional("service_user", word);
    let service_password = section.optional("service_password_env", |node| {
        credential::from_variable(node, environment)
    });
    if section.holds("service_password_env") && !section.holds("service_user") {
        section.fault("service_password_env", "a password needs \"service_user\"");
    }
    let database = name.zip(upstream).map(|(name, upstream)| {
        let default = Database::new(name, upstream);
        Database {
            pool_mode: pool_mode.unwrap_or(default.pool_mode),
            max_prepared_statements: max_prepared_statements
                .unwrap_or(default.max_prepared_statements),
            pool_size: pool_size.unwrap_or(default.pool_size),
            max_db_connections: max_db_connections.and_then(limit),
            max_waiting: max_waiting.and_then(limit),
            query_wait_timeout: query_wait_timeout.unwrap_or(default.query_wait_timeout),
            query_timeout: query_timeout.flatten(),
            idle_transaction_timeout: idle_transaction_timeout.flatten(),
            client_idle_timeout: client_idle_timeout.flatten(),
            server_connect_timeout: server_connect_timeout
                .unwrap_or(default.server_connect_timeout),
            server_idle_timeout: server_idle_timeout.unwrap_or(default.server_idle_timeout),
            server_lifetime: server_lifetime.unwrap_or(default.server_lifetime),
            min_idle: min_idle.unwrap_or(default.min_idle),
            max_connecting: max_connecting.unwrap_or(default.max_connecting),
            server_login_retry: server_login_retry.unwrap_or(default.server_login_retry),
            reset_query: reset_query.unwrap_or(default.reset_query),
            service_user,
            service_password,
            ..default
        }
    });
    (database, section.finish())
}

/// Nought is no limit.
fn limit(number: usize) -> Option<usize> {
    (number > 0).then_some(number)
}

fn upstream_url(node: &Node) -> Result<UpstreamUrl, String> {
    match node {
        Node::Text(url) | Node::Loose(url) => {
            url.parse().map_err(|error: UrlError| error.to_string())
        }
        _ => Err(UrlError::Scheme.to_string()),
    }
}
