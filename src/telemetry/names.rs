//! The metrics that pgparley records: their names, labels and what they count.

/// Questions that ended. Labels: `model` (the configured one), and `outcome` (`done`, `cached`,
/// `abandoned`, or why there is no SQL).
pub const QUESTIONS: &str = "pgparley_questions_total";
/// Seconds that calls of a model took. Label: `model`.
pub const MODEL_SECONDS: &str = "pgparley_model_seconds";
/// Tokens that models counted. Labels: `model`, and `kind` (`prompt` or `completion`).
pub const MODEL_TOKENS: &str = "pgparley_model_tokens_total";
/// Clients connected now.
pub const CLIENTS: &str = "pgparley_clients";
/// Clients that logged in.
pub const LOGINS: &str = "pgparley_logins_total";
/// Server connections open now. Label: `state` (`active` or `idle`).
pub const SERVERS: &str = "pgparley_servers";
/// Server connections that were opened and logged in.
pub const SERVERS_OPENED: &str = "pgparley_servers_opened_total";
/// Server connections that were closed. Label: `reason` (`abandoned` by a client in a state that
/// could not be cleaned, `idle` or `lifetime` as configured, `lost` to the server, `room` for other
/// start-up parameters).
pub const SERVERS_CLOSED: &str = "pgparley_servers_closed_total";
/// Attempts to open a server connection that failed.
pub const CONNECT_FAILURES: &str = "pgparley_connect_failures_total";
/// Clients that wait for a server connection now.
pub const WAITING: &str = "pgparley_clients_waiting";
/// Statements that did not go to the server. Label: `sqlstate`.
pub const REFUSALS: &str = "pgparley_refusals_total";
/// Results that a limit cut or failed. Label: `policy`.
pub const TRUNCATED: &str = "pgparley_results_truncated_total";
/// Seconds that clients waited for a server connection.
pub const WAIT_SECONDS: &str = "pgparley_query_wait_seconds";

/// What a metric is, which decides how Prometheus reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Seconds, in buckets.
    Seconds,
}

/// Every metric with its kind and its help line.
pub const ALL: [(&str, Kind, &str); 13] = [
    (
        QUESTIONS,
        Kind::Counter,
        "Questions in plain language that ended, by model and outcome.",
    ),
    (MODEL_SECONDS, Kind::Seconds, "Duration of model calls."),
    (
        MODEL_TOKENS,
        Kind::Counter,
        "Tokens that models counted, by kind.",
    ),
    (CLIENTS, Kind::Gauge, "Clients connected now."),
    (LOGINS, Kind::Counter, "Clients that logged in."),
    (
        SERVERS,
        Kind::Gauge,
        "Server connections open now, by state.",
    ),
    (
        SERVERS_OPENED,
        Kind::Counter,
        "Server connections that were opened and logged in.",
    ),
    (
        SERVERS_CLOSED,
        Kind::Counter,
        "Server connections that were closed, by reason.",
    ),
    (
        CONNECT_FAILURES,
        Kind::Counter,
        "Attempts to open a server connection that failed.",
    ),
    (
        WAITING,
        Kind::Gauge,
        "Clients that wait for a server connection now.",
    ),
    (
        REFUSALS,
        Kind::Counter,
        "Statements that did not go to the server, by SQLSTATE.",
    ),
    (
        TRUNCATED,
        Kind::Counter,
        "Results that a limit cut or failed, by policy.",
    ),
    (
        WAIT_SECONDS,
        Kind::Seconds,
        "Time that clients waited for a server connection.",
    ),
];
