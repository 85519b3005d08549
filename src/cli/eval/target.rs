//! Whom the questions are put to: the pgparley of the URL, or one of our own in front of it.

use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use futures::future;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_postgres::AsyncMessage;
use tokio_postgres::Client;
use tokio_postgres::NoTls;
use tokio_postgres::config::Host;
use tokio_postgres::error::DbError;
use tokio_postgres::error::SqlState;

use crate::config;
use crate::config::Config;
use crate::config::Database;
use crate::config::Faults;
use crate::config::Policy;
use crate::config::Secret;
use crate::config::Sources;
use crate::config::UpstreamUrl;
use crate::server;
use crate::server::Running;
use crate::server::Server;
use crate::telemetry;

/// Rows and bytes that an answer may have: whether it is right shows only in the whole.
const ROW_LIMIT: u64 = 1_000_000;
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// Why nobody can be asked.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum Error {
    /// The URL was not understood.
    #[error("cannot understand the URL")]
    Url(#[source] tokio_postgres::Error),
    /// The URL names no server.
    #[error("the URL names no host")]
    NoHost,
    /// Nobody let us in.
    #[error("cannot connect to database {database:?}")]
    Connect {
        database: String,
        #[source]
        source: tokio_postgres::Error,
    },
    /// The settings for a pgparley of our own have faults.
    #[error("{0}")]
    Config(Faults),
    /// That pgparley did not start.
    #[error("pgparley did not start")]
    Start(#[from] server::Error),
    /// A running pgparley has its own model.
    #[error(
        "--model and --config need the URL of a PostgreSQL server, and that of a pgparley was given"
    )]
    ForeignModel,
}

/// What the pgparley of our own, if there has to be one, is to be like.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// A file whose `[nl]` and `[llm]` hold.
    pub(super) config: Option<PathBuf>,
    /// `nl.model`.
    pub(super) model: Option<String>,
}

/// Where to connect to.
pub(super) struct Target {
    base: tokio_postgres::Config,
    _own: Option<Running>,
}

impl Target {
    /// The server of `url`, which is asked by way of `database`; a pgparley is put in front of it
    /// unless it is one.
    ///
    /// Not to be called on a runtime: a pgparley starts runtimes of its own.
    pub(super) fn find(
        url: &str,
        database: Option<&str>,
        wanted: Wanted,
        runtime: &Runtime,
    ) -> Result<Self, Error> {
        let base = tokio_postgres::Config::from_str(url).map_err(Error::Url)?;
        let given = Self { base, _own: None };
        let is_pgparley = runtime.block_on(async {
            let conversation = given.connect(database).await?;
            Ok::<_, Error>(conversation.is_pgparley().await)
        })?;
        if is_pgparley {
            if wanted.config.is_some() || wanted.model.is_some() {
                return Err(Error::ForeignModel);
            }
            return Ok(given);
        }
        let config = in_front(&given.base, wanted)?;
        telemetry::init(&config.server);
        let running = Server::start(config)?;
        Ok(Self {
            base: reached(&given.base, running.addr()),
            _own: Some(running),
        })
    }

    /// A connection to `database`, or to that of the URL.
    pub(super) async fn connect(&self, database: Option<&str>) -> Result<Conversation, Error> {
        let mut config = self.base.clone();
        if let Some(database) = database {
            config.dbname(database);
        }
        let connecting = config.connect(NoTls).await;
        let (client, mut connection) = connecting.map_err(|source| Error::Connect {
            database: config.get_dbname().unwrap_or_default().to_owned(),
            source,
        })?;
        let (sender, notices) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            // What breaks the connection fails the query that waits for it, which tells it.
            while let Some(Ok(message)) = future::poll_fn(|cx| connection.poll_message(cx)).await {
                if let AsyncMessage::Notice(notice) = message {
                    // Nobody listens any more: nobody asks either.
                    let _ = sender.send(notice);
                }
            }
        });
        Ok(Conversation { client, notices })
    }
}

/// One connection, and what is said beside its results.
pub(super) struct Conversation {
    pub(super) client: Client,
    notices: mpsc::UnboundedReceiver<DbError>,
}

impl Conversation {
    /// What has been said since the last call.
    pub(super) fn notices(&mut self) -> Vec<DbError> {
        let mut said = Vec::new();
        while let Ok(notice) = self.notices.try_recv() {
            said.push(notice);
        }
        said
    }

    /// PostgreSQL takes the question for SQL, and finds an error in it.
    async fn is_pgparley(&self) -> bool {
        let asked = self.client.simple_query("nl tables: anything").await;
        !asked.is_err_and(|error| error.code() == Some(&SqlState::SYNTAX_ERROR))
    }
}

/// The settings of a pgparley in front of the server that `base` leads to.
fn in_front(base: &tokio_postgres::Config, wanted: Wanted) -> Result<Config, Error> {
    let host = match base.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        Some(Host::Unix(directory)) => directory.display().to_string(),
        None => return Err(Error::NoHost),
    };
    let password = base.get_password().map(String::from_utf8_lossy);
    let upstream = UpstreamUrl {
        host,
        port: base.get_ports().first().copied().unwrap_or(5432),
        user: base.get_user().map(str::to_owned),
        password: password.map(|password| Secret::new(password.into_owned())),
        dbname: None,
    };
    let mut set = Vec::new();
    // The file is asked for models only, but it must be a whole one.
    let placeholder = Some(String::from("postgres://127.0.0.1"));
    if let Some(model) = wanted.model {
        set.push(format!("nl.model={model}"));
    }
    let sources = Sources {
        file: wanted.config,
        set,
        upstream: placeholder,
        ..Sources::from_process()
    };
    let mut config = config::load(&sources).map_err(Error::Config)?;
    config.server.listen = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
    config.server.http_listen = None;
    config.server.log = String::from("error");
    config.nl.enabled = true;
    config.nl.row_limit = ROW_LIMIT;
    config.nl.max_bytes = MAX_BYTES;
    config.databases = vec![Database::new("*", upstream)];
    config.policies = Vec::<Policy>::new();
    Ok(config)
}

/// `base` by way of `address`.
fn reached(base: &tokio_postgres::Config, address: SocketAddr) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    config.host(address.ip().to_string()).port(address.port());
    if let Some(user) = base.get_user() {
        config.user(user);
    }
    if let Some(database) = base.get_dbname() {
        config.dbname(database);
    }
    config
}
