//! Takes a client from its first packet to ReadyForQuery.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::Origin;
use super::Services;
use super::attach;
use super::attach::Waited;
use super::audit;
use super::errors;
use super::limit::Cut;
use super::link::Access;
use super::link::Link;
use super::patience::Patience;
use super::start::Asked;
use super::traces;
use super::walls;
use crate::catalog::Service;
use crate::config::Database;
use crate::config::OnExceed;
use crate::config::Policy;
use crate::config::PoolMode;
use crate::guard;
use crate::sql::fingerprint::fingerprint;
use crate::upstream;
use crate::upstream::Login;
use crate::wire::Connection;
use crate::wire::ErrorInfo;
use crate::wire::TransactionStatus;
use crate::wire::backend;
use crate::wire::connection::Message;
use crate::wire::error;
use crate::wire::error::sqlstate;
use crate::wire::frame;
use crate::wire::startup;
use crate::wire::startup::Packet;
use crate::wire::startup::Startup;
use crate::wire::startup::StartupError;

/// Bytes that a client may send ahead while it waits for a server connection.
const MOST_AHEAD: usize = 64 * 1024;

/// What a login came to.
pub(super) struct LoggedIn {
    /// The client's way to the server.
    pub link: Link,
    /// The policy that holds for it.
    pub policy: Option<Governing>,
    /// How long it may take for what.
    pub patience: Option<Box<Patience>>,
    /// The client's place among `max_client_conn`.
    pub place: OwnedSemaphorePermit,
}

/// Talks to the client until it is logged in. `None` when the connection was for something else or
/// the client went away.
pub(super) async fn log_in(
    client: &mut Connection,
    peer: SocketAddr,
    worker: usize,
    services: &Services,
) -> Result<Option<LoggedIn>, Box<ErrorInfo>> {
    let patience = services.config.server.client_login_timeout;
    let packet = timeout(patience, first_packet(client)).await;
    let Some(packet) = packet.map_err(|_| errors::login_timeout())?? else {
        return Ok(None);
    };
    let startup = match packet {
        Packet::Startup(startup) => startup,
        Packet::CancelRequest { pid, secret } => {
            services.cancel_keys.cancel(pid, &secret).await;
            return Ok(None);
        }
        Packet::SslRequest | Packet::GssEncRequest => return Ok(None),
    };
    let place = services.admit()?;
    let who = Who::read(&startup)?;
    trust(peer, &who)?;
    let settings = database(&services.config.databases, &who)?;
    let mut policy = policy(&services.policies, &who);
    let login = login(settings, &who, startup.parameters.clone());
    if let Some(governing) = &mut policy {
        governing.admit(&login)?;
        governing.rows = walls::row_limit(&login.parameters, &governing.policy);
    }
    let governing = policy.as_ref().map(|governing| &*governing.policy);
    let opening = Opening {
        login,
        settings,
        policy: governing,
    };
    let Some((link, notices)) = link(client, worker, opening, services).await? else {
        return Ok(None);
    };
    if let Some(governing) = &policy {
        governing.admit_encoding(&link)?;
    }
    let greeting = greeting(&startup, &link, &notices);
    tracing::debug!(%peer, user = %who.user_text(), database = %who.database_text(), "login");
    Ok(client.send(&greeting).await.is_ok().then_some(LoggedIn {
        link,
        policy,
        patience: Patience::new(settings),
        place,
    }))
}

/// How a client's server connection is opened.
struct Opening<'a> {
    /// With all parameters of the client's.
    login: Login,
    settings: &'a Database,
    policy: Option<&'a Policy>,
}

/// The client's way to the server, tried once; `None` when it has left or was told the server's own
/// error.
async fn link(
    client: &mut Connection,
    worker: usize,
    opening: Opening<'_>,
    services: &Services,
) -> Result<Option<(Link, Vec<Message>)>, Box<ErrorInfo>> {
    let Opening {
        mut login,
        settings,
        policy,
    } = opening;
    let pool = services.pools.pool(&login, settings);
    let is_shared = settings.pool_mode != PoolMode::Session;
    let policy = policy.unwrap_or(&services.no_policy);
    let parameters = std::mem::take(&mut login.parameters);
    let asked = if is_shared {
        walls::shared(parameters, policy)
    } else {
        login.parameters = walls::own(parameters, policy);
        Asked::default()
    };
    if is_shared {
        login.parameters.clone_from(&asked.opened_with);
    }
    let key = services.cancel_keys.register();
    let known = is_shared.then(|| services.starts.get(&pool, &asked));
    if let Some(start) = known.flatten() {
        let mut link = Link::new(Arc::clone(&start.access), worker, key);
        link.begin(&start);
        return Ok(Some((link, Vec::new())));
    }
    let common = services.databases.of(&login);
    let access = Access {
        pool: Arc::clone(&pool),
        origin: origin(settings, &login),
        functions: common.functions,
        login,
        mode: settings.pool_mode,
        interner: common.interner,
        max_prepared_statements: settings.max_prepared_statements,
    };
    let mut link = Link::new(Arc::new(access), worker, key);
    match begin(client, &mut link, &asked).await {
        Ok(notices) => {
            if link.is_shared() {
                services.starts.put(&pool, &asked, &link.begun());
                link.detach();
            }
            Ok(Some((link, notices)))
        }
        Err(Waited::Failed(upstream::Error::Refused(bytes))) => {
            // In the server's own words; the client may be gone, and then nobody reads them.
            let _ = client.send(&bytes).await;
            Ok(None)
        }
        Err(Waited::Failed(error)) => {
            tracing::warn!(%error, "no server connection");
            Err(Box::new(errors::connecting(&error)))
        }
        Err(Waited::Left | Waited::Canceled) => Ok(None),
    }
}

/// Gets the session its first server connection and makes it what the client asks for; the notices
/// of the server's login.
async fn begin(
    client: &mut Connection,
    link: &mut Link,
    asked: &Asked,
) -> Result<Vec<Message>, Waited> {
    let lease = attach::lease(client, MOST_AHEAD, link).await?;
    link.own(lease);
    if link.is_shared() {
        let start = traces::start(link, &asked.settings).await;
        link.begin(&start.map_err(Waited::Failed)?);
    } else {
        link.has_told();
    }
    Ok(link.server().take_notices().collect())
}

/// The first packet that is not a request for encryption.
async fn first_packet(client: &mut Connection) -> Result<Option<Packet>, Box<ErrorInfo>> {
    loop {
        let packet = match client.recv_startup().await {
            Ok(body) => startup::read(&body),
            Err(error) => match error.downcast::<StartupError>() {
                Ok(error) => Err(error),
                Err(_) => return Ok(None),
            },
        };
        match packet {
            Ok(Packet::SslRequest | Packet::GssEncRequest) => {
                if client.send(b"N").await.is_err() {
                    return Ok(None);
                }
            }
            Ok(packet) => return Ok(Some(packet)),
            Err(error @ StartupError::Protocol(_)) => {
                let info = error::fatal(sqlstate::FEATURE_NOT_SUPPORTED, error.to_string());
                return Err(Box::new(info));
            }
            Err(error) => {
                let info = error::fatal(sqlstate::PROTOCOL_VIOLATION, error.to_string());
                return Err(Box::new(info));
            }
        }
    }
}

/// Who a client says it is.
struct Who<'a> {
    user: &'a [u8],
    database: &'a [u8],
    application: &'a [u8],
}

impl<'a> Who<'a> {
    fn read(startup: &'a Startup) -> Result<Self, Box<ErrorInfo>> {
        let user = startup.parameter("user").filter(|user| !user.is_empty());
        let user = user.ok_or_else(|| {
            let text = "no PostgreSQL user name specified in startup packet";
            Box::new(error::fatal(sqlstate::INVALID_AUTHORIZATION, text))
        })?;
        let database = startup
            .parameter("database")
            .filter(|database| !database.is_empty());
        let application = startup.parameter("application_name").unwrap_or_default();
        Ok(Self {
            user,
            database: database.unwrap_or(user),
            application,
        })
    }

    fn user_text(&self) -> String {
        String::from_utf8_lossy(self.user).into_owned()
    }

    fn database_text(&self) -> String {
        String::from_utf8_lossy(self.database).into_owned()
    }
}

/// Nobody is asked for a password, so nobody from elsewhere is let in.
fn trust(peer: SocketAddr, who: &Who<'_>) -> Result<(), Box<ErrorInfo>> {
    if peer.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    let mut info = error::fatal(
        sqlstate::INVALID_AUTHORIZATION,
        format!(
            "no entry lets user \"{}\" in from host \"{}\"",
            who.user_text(),
            peer.ip()
        ),
    );
    info.hint = Some("Clients are trusted on the loopback addresses only.".to_owned());
    Err(Box::new(info))
}

fn database<'a>(databases: &'a [Database], who: &Who<'_>) -> Result<&'a Database, Box<ErrorInfo>> {
    let serves = |entry: &&Database| entry.name == "*" || entry.name.as_bytes() == who.database;
    databases.iter().find(serves).ok_or_else(|| {
        let text = format!("database \"{}\" does not exist", who.database_text());
        Box::new(error::fatal(sqlstate::INVALID_CATALOG_NAME, text))
    })
}

/// The policy that holds for a session.
#[derive(Debug, Clone)]
pub(super) struct Governing {
    /// The policy.
    pub policy: Arc<Policy>,
    /// Its place among all, from 1: what decisions are cached by.
    pub number: u64,
    /// Rows that results may have in this session, which may have asked for fewer or more.
    pub rows: Option<u64>,
    /// Whose session it is.
    pub client: Arc<audit::Client>,
}

impl Governing {
    /// The client may log in with these parameters.
    fn admit(&self, login: &Login) -> Result<(), Box<ErrorInfo>> {
        walls::check(&login.parameters, &self.policy).map_err(|refusal| {
            self.log(&refusal, None);
            Box::new(errors::refused_start(&refusal))
        })
    }

    /// A text must mean the same to the guard as to the server.
    fn admit_encoding(&self, link: &Link) -> Result<(), Box<ErrorInfo>> {
        let encoding = link.told.get("client_encoding").unwrap_or(b"UTF8");
        if !guard::is_on(&self.policy) || !guard::hides_quotes(encoding) {
            return Ok(());
        }
        let act = audit::Act {
            policy: &self.policy.name,
            rule: "unreadable",
            verdict: "refused",
            sqlstate: sqlstate::FEATURE_NOT_SUPPORTED,
        };
        audit::log(&self.client, act, None);
        Err(Box::new(errors::unsafe_encoding(encoding)))
    }

    /// Writes to the audit log that a result of the text with this fingerprint was cut.
    pub(super) fn log_cut(&self, cut: Cut, fingerprint: Option<u64>) {
        let (verdict, sqlstate) = match self.policy.on_exceed {
            OnExceed::Error => ("failed", sqlstate::PROGRAM_LIMIT_EXCEEDED),
            OnExceed::Truncate | OnExceed::Off => ("truncated", sqlstate::RESULT_TRUNCATED),
        };
        let act = audit::Act {
            policy: &self.policy.name,
            rule: match cut {
                Cut::Rows(_) => "row_limit",
                Cut::Bytes(_) => "max_bytes",
            },
            verdict,
            sqlstate,
        };
        audit::log(&self.client, act, fingerprint);
    }

    /// Writes to the audit log that `text` was refused.
    pub(super) fn log(&self, refusal: &guard::Refusal, text: Option<&[u8]>) {
        let act = audit::Act {
            policy: &self.policy.name,
            rule: refusal.rule,
            verdict: "refused",
            sqlstate: refusal.sqlstate,
        };
        audit::log(&self.client, act, text.and_then(fingerprint));
    }
}

fn policy(policies: &[Arc<Policy>], who: &Who<'_>) -> Option<Governing> {
    let holds = |policy: &Arc<Policy>| {
        policy
            .matches
            .holds(who.user, who.database, who.application)
    };
    let place = policies.iter().position(holds)?;
    Some(Governing {
        policy: Arc::clone(&policies[place]),
        number: place as u64 + 1,
        rows: None,
        client: Arc::new(audit::Client {
            user: who.user_text(),
            database: who.database_text(),
            application: String::from_utf8_lossy(who.application).into_owned(),
        }),
    })
}

/// How the server is logged in to for this client.
fn login(settings: &Database, who: &Who<'_>, mut parameters: Vec<(Vec<u8>, Vec<u8>)>) -> Login {
    let url = &settings.upstream;
    parameters.retain(|(name, _)| {
        !matches!(name.as_slice(), b"user" | b"database") && !name.starts_with(b"_pq_.")
    });
    Login {
        host: url.host.clone(),
        port: url.port,
        user: url
            .user
            .as_ref()
            .map_or(who.user, String::as_bytes)
            .to_vec(),
        password: url.password.clone(),
        database: url
            .dbname
            .as_ref()
            .map_or(who.database, String::as_bytes)
            .to_vec(),
        parameters,
        connect_timeout: settings.server_connect_timeout,
    }
}

/// As whom the catalog behind this login is read: the service user, else the URL's, else the
/// client's own name.
fn origin(settings: &Database, login: &Login) -> Origin {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (user, password) = match &settings.service_user {
        Some(user) => (user.clone(), settings.service_password.clone()),
        None => (text(&login.user), login.password.clone()),
    };
    Origin {
        service: Service {
            host: login.host.clone(),
            port: login.port,
            user,
            password,
            connect_timeout: login.connect_timeout,
        },
        database: text(&login.database),
    }
}

/// Everything from AuthenticationOk to ReadyForQuery, as the server itself would say it.
fn greeting(startup: &Startup, link: &Link, notices: &[Message]) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    let unknown: Vec<String> = startup
        .parameters
        .iter()
        .filter(|(name, _)| name.starts_with(b"_pq_."))
        .map(|(name, _)| String::from_utf8_lossy(name).into_owned())
        .collect();
    if startup.protocol > startup::PROTOCOL_3_0 || !unknown.is_empty() {
        let version = startup::PROTOCOL_3_0 as i32;
        backend::put_negotiate_protocol_version(&mut out, version, unknown);
    }
    backend::put_authentication_ok(&mut out);
    for (name, value) in link.told.iter() {
        backend::put_parameter_status(&mut out, name, value);
    }
    backend::put_backend_key_data(&mut out, link.key.pid, link.key.secret);
    for notice in notices {
        frame::put_body(&mut out, notice.tag, &notice.body);
    }
    backend::put_ready_for_query(&mut out, TransactionStatus::Idle);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_trusted() {
        let who = Who {
            user: b"a",
            database: b"a",
            application: b"",
        };
        for trusted in ["127.0.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(trust(trusted.parse().unwrap(), &who).is_ok());
        }
        let refused = trust("192.0.2.1:1".parse().unwrap(), &who).unwrap_err();
        assert_eq!(refused.code, "28000");
    }
}
