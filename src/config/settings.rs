//! Every setting the code obeys, as plain data with its default.
//!
//! Reading files, the environment and `--set` is the business of the other files of this module.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::time::Duration;

use super::policy::Policy;
use super::secret::Secret;

/// The whole configuration of one pgparley.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Config {
    /// `[server]`.
    pub server: Server,
    /// `[[database]]`, first match wins.
    pub databases: Vec<Database>,
    /// `[[policy]]`, first match wins; none means forward as is.
    pub policies: Vec<Policy>,
    /// `[nl]`.
    pub nl: Nl,
    /// `[llm.NAME]`.
    pub llm: BTreeMap<String, Llm>,
}

/// `[server]`: where pgparley listens and how it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// Addresses that PostgreSQL clients connect to.
    pub listen: Vec<SocketAddr>,
    /// Address of `/livez`, `/readyz` and `/metrics`; `None` (written `"off"`) serves none.
    pub http_listen: Option<SocketAddr>,
    /// Worker threads; 0 is one per core.
    pub workers: usize,
    /// Clients beyond this many are answered `53300`.
    pub max_client_conn: usize,
    /// How long a client may take from connecting to being logged in.
    pub client_login_timeout: Duration,
    /// How long clients may take to end what they have open when pgparley is told to end.
    pub shutdown_timeout: Duration,
    /// `text` or `json`.
    pub log_format: LogFormat,
    /// A filter in `tracing`'s syntax, for instance `info` or `pgparley=debug`.
    pub log: String,
}

impl Default for Server {
    fn default() -> Self {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Self {
            listen: vec![SocketAddr::new(loopback, 6432)],
            http_listen: Some(SocketAddr::new(loopback, 6433)),
            workers: 0,
            max_client_conn: 10_000,
            client_login_timeout: Duration::from_mins(1),
            shutdown_timeout: Duration::from_secs(25),
            log_format: LogFormat::Text,
            log: "info".to_owned(),
        }
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// `[[database]]`: a name that clients ask for and the server behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Database {
    /// What the client calls it; `*` is any name, passed on as it is.
    pub name: String,
    /// The server behind it.
    pub upstream: UpstreamUrl,
    /// How long a client keeps a server connection.
    pub pool_mode: PoolMode,
    /// Server connections per (database, user), over all workers.
    pub pool_size: usize,
    /// Server connections per database, over the pools of all users and all workers; `None` is no
    /// limit.
    pub max_db_connections: Option<usize>,
    /// Clients that may wait for a server connection of one pool; `None` is no limit.
    pub max_waiting: Option<usize>,
    /// Statements of the extended protocol that one server connection holds for all clients, where
    /// connections are shared.
    pub max_prepared_statements: usize,
    /// How long a client waits for a server connection before `53300`.
    pub query_wait_timeout: Duration,
    /// What runs for longer is cancelled; `None` is no limit.
    pub query_timeout: Option<Duration>,
    /// A client that says nothing for longer in the middle of a transaction is shut out; `None` is
    /// no limit.
    pub idle_transaction_timeout: Option<Duration>,
    /// A client that says nothing for longer outside of a transaction is shut out; `None` is no
    /// limit.
    pub client_idle_timeout: Option<Duration>,
    /// How long connecting to the server may take, login included.
    pub server_connect_timeout: Duration,
    /// A server connection idle for longer is closed, give or take a tenth.
    pub server_idle_timeout: Duration,
    /// A server connection older than this is closed when nobody uses it, give or take a tenth.
    pub server_lifetime: Duration,
    /// Idle server connections kept at hand in a pool that was used.
    pub min_idle: usize,
    /// Server connections of a pool that may be logging in at the same time.
    pub max_connecting: usize,
    /// The longest pause between attempts to connect to a server that cannot be reached.
    pub server_login_retry: Duration,
    /// Run on a server connection before it is given to the next client.
    pub reset_query: String,
    /// Who reads the catalog; `None` is the URL's user, else the client's own name.
    pub service_user: Option<String>,
    /// The password of `service_user`.
    pub service_password: Option<Secret>,
}

impl Database {
    /// A database with every optional setting at its default.
    pub fn new(name: impl Into<String>, upstream: UpstreamUrl) -> Self {
        Self {
            name: name.into(),
            upstream,
            pool_mode: PoolMode::default(),
            pool_size: 20,
            max_db_connections: None,
            max_waiting: None,
            max_prepared_statements: 200,
            query_wait_timeout: Duration::from_mins(2),
            query_timeout: None,
            idle_transaction_timeout: None,
            client_idle_timeout: None,
            server_connect_timeout: Duration::from_secs(15),
            server_idle_timeout: Duration::from_mins(10),
            server_lifetime: Duration::from_hours(1),
            min_idle: 0,
            max_connecting: 8,
            server_login_retry: Duration::from_secs(15),
            reset_query: "DISCARD ALL".to_owned(),
            service_user: None,
            service_password: None,
        }
    }
}

/// How long a client keeps a server connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PoolMode {
    /// Until it leaves.
    Session,
    /// Until its transaction is over.
    #[default]
    Transaction,
    /// As for a transaction, and transaction blocks are refused.
    Statement,
}

/// The parts of `postgres://[user[:password]@]host[:port][/dbname]`.
///
/// A host that begins with `/` is the directory of a Unix socket.
#[derive(Debug, Clone, PartialEq)]
pub struct UpstreamUrl {
    /// Host name, address or socket directory.
    pub host: String,
    /// TCP port, or the number in the socket's name.
    pub port: u16,
    /// Every client runs as this user; `None` is the client's own name.
    pub user: Option<String>,
    /// That user's password.
    pub password: Option<Secret>,
    /// The server's name of the database; `None` is the name that the client asked for.
    pub dbname: Option<String>,
}

/// `[nl]`: questions in plain language.
#[derive(Debug, Clone, PartialEq)]
pub struct Nl {
    /// Off: an nl comment is answered `0A000`.
    pub enabled: bool,
    /// `builtin`, or the NAME of an `[llm.NAME]`.
    pub model: String,
    /// Rows that the answer to a question may have.
    pub row_limit: u64,
    /// Bytes that the answer to a question may have.
    pub max_bytes: usize,
    /// `statement_timeout` of a generated query.
    pub statement_timeout: Duration,
    /// A generated query whose EXPLAIN cost is higher is refused; `None` is no ceiling.
    pub max_cost: Option<f64>,
    /// How long a question may take until its SQL is ready, all stages together.
    pub deadline: Duration,
    /// Translated questions kept in memory.
    pub cache_size: u64,
    /// How long a translated question is kept.
    pub cache_ttl: Duration,
    /// Stored values are looked at, as the asking role, to match words and to confirm joins.
    pub sample_values: bool,
}

impl Default for Nl {
    fn default() -> Self {
        Self {
            enabled: true,
            model: BUILTIN.to_owned(),
            row_limit: 1000,
            max_bytes: 16 * 1024 * 1024,
            statement_timeout: Duration::from_secs(10),
            max_cost: None,
            deadline: Duration::from_secs(30),
            cache_size: 10_000,
            cache_ttl: Duration::from_hours(1),
            sample_values: true,
        }
    }
}

/// The name of the translator that needs no model.
pub const BUILTIN: &str = "builtin";

/// `[llm.NAME]`: a language model that can be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Llm {
    /// Which wire format it speaks.
    pub kind: LlmKind,
    /// Everything before `/chat/completions`.
    pub base_url: String,
    /// The model's name for the provider.
    pub model: String,
    /// From `api_key_env` or `api_key_file`; `None` sends no key, as local servers want it.
    pub api_key: Option<Secret>,
    /// Requests per minute; `None` is no limit.
    pub rpm: Option<u32>,
    /// Tokens per minute, prompt and answer; `None` is no limit.
    pub tpm: Option<u32>,
    /// Calls at the same time.
    pub max_concurrent: usize,
    /// Tokens that an answer may have.
    pub max_tokens: u32,
    /// Tokens that a prompt may have, by an estimate that is rather too high; a schema that does
    /// not fit is cut to the tables nearest to the question.
    pub max_prompt_tokens: usize,
    /// What a million tokens of prompts cost, in any currency.
    pub prompt_price: Option<f64>,
    /// What a million tokens of answers cost; there are both prices or neither.
    pub completion_price: Option<f64>,
}

impl Llm {
    /// A model with every optional setting at its default.
    pub fn new(kind: LlmKind, base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            kind,
            base_url: base_url.into(),
            model: model.into(),
            api_key: None,
            rpm: None,
            tpm: None,
            max_concurrent: 8,
            max_tokens: 1000,
            max_prompt_tokens: 24_000,
            prompt_price: None,
            completion_price: None,
        }
    }
}

/// Wire formats of model providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LlmKind {
    /// `POST {base_url}/chat/completions` as OpenAI defined it.
    Openai,
}
