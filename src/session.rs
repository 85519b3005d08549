//! One client's life, from the first byte to the last; alone knows the order of the steps.
//!
//! ```text
//! login ─► relay: client message ─► ruling ─► server ─► replies, rows counted ─► client
//!              ▲                                                                   │
//!              └───────────────────────────────────────────────────────────────────┘
//! ```

mod answer;
mod asking;
mod attach;
mod audit;
pub mod cancel;
pub mod closing;
mod dialogue;
mod errors;
mod estimate;
mod excess;
mod from_client;
mod from_server;
mod functions;
mod generated;
mod guarded;
mod limit;
mod link;
mod login;
mod loss;
mod names;
mod outdated;
mod patience;
mod questions;
mod relay;
mod replies;
mod rows;
mod ruling;
mod session_limit;
mod shown;
mod start;
mod traces;
mod veil;
mod walls;
mod wording;
mod wrapper;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use self::cancel::CancelKeys;
use self::closing::Audience;
use self::dialogue::Broken;
use self::dialogue::Dialogue;
use self::dialogue::Heard;
use self::dialogue::Rest;
use self::functions::Databases;
use self::guarded::Ready;
use self::link::Link;
use self::login::LoggedIn;
use self::patience::Overdue;
use self::patience::Patience;
use self::relay::Event;
use self::ruling::Rules;
use self::start::Starts;
use crate::catalog::Catalog;
use crate::catalog::Service;
use crate::config::Config;
use crate::config::Policy;
use crate::guard::generated::Judge;
use crate::guard::generated::check;
use crate::nl;
use crate::nl::Translator;
use crate::telemetry::names::LOGINS;
use crate::upstream::Pools;
use crate::wire::Connection;
use crate::wire::ErrorInfo;
use crate::wire::Socket;
use crate::wire::error;
use crate::wire::error::sqlstate;
use crate::wire::frame;

/// How long a query may go on after its client is gone and its cancel was sent.
const FAREWELL: Duration = Duration::from_secs(5);

/// What all sessions share.
pub struct Services {
    /// The settings.
    pub config: Config,
    /// The settings' policies, shared by the sessions they hold for.
    policies: Vec<Arc<Policy>>,
    /// That of sessions which none holds for: everything goes.
    no_policy: Policy,
    /// Server connections.
    pub pools: Pools,
    /// Where CancelRequests find their sessions.
    pub cancel_keys: Arc<CancelKeys>,
    /// What roles can see.
    pub catalog: Catalog,
    /// From questions to SQL.
    pub translator: Translator,
    /// Which of that may run.
    pub judge: Judge,
    /// What is known of databases.
    databases: Databases,
    /// How sessions begin that share server connections.
    starts: Starts,
    /// Rules about objects, by policy and state of the database.
    ready: Arc<Ready>,
    /// Clients that are logging in or logged in.
    clients: Arc<Semaphore>,
    /// Who is to hear of the end.
    pub audience: Arc<Audience>,
}

impl Services {
    /// Services under these settings for so many workers, with nothing connected yet.
    pub fn new(config: Config, workers: usize, control: Handle) -> Result<Self, nl::Error> {
        let clients = config.server.max_client_conn;
        let translator = Translator::new(&config.nl, &config.llm, control.clone())?;
        let policies = config.policies.iter().cloned().map(Arc::new).collect();
        Ok(Self {
            config,
            policies,
            no_policy: Policy::default(),
            pools: Pools::new(workers),
            cancel_keys: Arc::default(),
            catalog: Catalog::new(control),
            translator,
            judge: check,
            databases: Databases::default(),
            starts: Starts::default(),
            ready: Arc::default(),
            clients: Arc::new(Semaphore::new(clients)),
            audience: Arc::default(),
        })
    }

    /// Clients that are logging in or logged in.
    pub fn clients(&self) -> usize {
        let most = self.config.server.max_client_conn;
        most.saturating_sub(self.clients.available_permits())
    }

    /// A place for one more client, given up when dropped.
    fn admit(&self) -> Result<OwnedSemaphorePermit, Box<ErrorInfo>> {
        Arc::clone(&self.clients).try_acquire_owned().map_err(|_| {
            let text = "no more connections allowed (max_client_conn)";
            Box::new(error::fatal(sqlstate::TOO_MANY_CONNECTIONS, text))
        })
    }
}

/// Where a client's catalog is read: as whom, and of which database.
#[derive(Debug)]
struct Origin {
    service: Service,
    database: String,
}

/// A logged-in client and its way to the server.
struct Session {
    services: Arc<Services>,
    client: Connection,
    link: Link,
    dialogue: Dialogue,
    rules: Rules,
    /// `None` where no time is limited.
    patience: Option<Box<Patience>>,
    /// Held as long as the client is there.
    place: Option<OwnedSemaphorePermit>,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The client said so, or closed.
    Client,
    /// The server broke off; what it said was passed on.
    Server,
    /// The server speaks no protocol that we know.
    Garbled,
    /// The client speaks none.
    Protocol,
    /// Something has taken too long.
    Overdue(Overdue),
    /// The service ends.
    Closing,
}

/// Serves one client until it leaves.
pub async fn serve(stream: TcpStream, peer: SocketAddr, worker: usize, services: Arc<Services>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "client connection lost");
        return;
    }
    let mut client = Connection::new(Socket::Tcp(stream));
    let audience = Arc::clone(&services.audience);
    let _seat = audience.sit_down().await;
    // What is done once or seldom gets memory of its own, so that an idle client holds little.
    let login = Box::pin(login::log_in(&mut client, peer, worker, &services));
    let login = audience.unless_now(login).await;
    match login.unwrap_or_else(|| Err(Box::new(errors::closing()))) {
        Ok(Some(logged_in)) => {
            metrics::counter!(LOGINS).increment(1);
            let mut session = Box::new(Session::new(client, logged_in, services));
            match audience.unless_now(session.relay()).await {
                Some(end) => Box::pin(session.end(end)).await,
                None => Box::pin(session.break_off()).await,
            }
        }
        // A CancelRequest was dealt with, or the client went away.
        Ok(None) => {}
        Err(info) => Box::pin(refuse(&mut client, *info)).await,
    }
}

/// Sends a last error and closes.
async fn refuse(client: &mut Connection, info: ErrorInfo) {
    tracing::info!(
        sqlstate = info.code,
        message = info.message,
        "client refused"
    );
    let mut bytes = Vec::new();
    error::put_error(&mut bytes, info);
    // The client may be gone already; there is nobody else to tell.
    if client.send(&bytes).await.is_ok() {
        let _ = client.shutdown().await;
    }
}

impl Session {
    fn new(client: Connection, logged_in: LoggedIn, services: Arc<Services>) -> Self {
        let LoggedIn {
            link,
            policy,
            patience,
            place,
        } = logged_in;
        Self {
            rules: Rules::new(policy, &services, &link.access),
            dialogue: Dialogue::new(),
            services,
            client,
            link,
            patience,
            place: Some(place),
        }
    }

    async fn end(mut self: Box<Self>, end: End) {
        tracing::debug!(?end, "session ended");
        // Whoever sees this client gone finds its place free.
        drop(self.place.take());
        match end {
            End::Client => self.leave().await,
            End::Server => self.server_lost(errors::server_lost()).await,
            End::Garbled => self.server_lost(errors::server_garbled()).await,
            End::Protocol => {
                let info = error::fatal(sqlstate::PROTOCOL_VIOLATION, "invalid message length");
                refuse(&mut self.client, info).await;
                self.leave().await;
            }
            End::Closing => {
                let told = refuse(&mut self.client, errors::closing());
                let _ = timeout(FAREWELL, told).await;
                self.leave().await;
            }
            End::Overdue(what) => {
                // One that does not listen either is not waited for.
                let told = refuse(&mut self.client, errors::overdue(what));
                let _ = timeout(FAREWELL, told).await;
                if what != Overdue::Cancel {
                    self.leave().await;
                }
            }
        }
    }

    /// The service ends in the middle of something: what runs is cancelled, and its connection,
    /// of which nobody knows any more what it owes, is closed.
    async fn break_off(mut self: Box<Self>) {
        if self.link.is_attached() {
            self.cancel_query().await;
        }
        // Within a message nothing can be said.
        if matches!(self.dialogue.from_server, Rest::Pass(_)) {
            let _ = self.client.shutdown().await;
        } else {
            refuse(&mut self.client, errors::closing()).await;
        }
    }

    /// Moves messages until one side ends the session.
    async fn relay(&mut self) -> End {
        loop {
            let event = self.next().await;
            let is_for_a_message = matches!(
                event,
                Event::Attach
                    | Event::Learn
                    | Event::Prepare(_)
                    | Event::Estimate(_)
                    | Event::Settle
                    | Event::Promote
            );
            let begins_a_message = matches!(
                event,
                Event::Attach | Event::Prepare(_) | Event::Estimate(_)
            );
            let dealt_with = match event {
                Event::Moved => continue,
                Event::End(end @ (End::Server | End::Garbled)) => self.outlive(end),
                Event::End(end) => Err(end),
                // Where many share few connections, this happens with every message.
                Event::Attach => Box::pin(self.reach_server()).await,
                event => Box::pin(self.deal_with(event)).await,
            };
            let dealt_with = match dealt_with {
                Err(end @ (End::Server | End::Garbled)) if begins_a_message => {
                    self.reach_again(end)
                }
                dealt_with => dealt_with,
            };
            if let Err(end) = dealt_with {
                return end;
            }
            if !is_for_a_message {
                self.let_go();
            }
            if let Some(patience) = &mut self.patience {
                patience.heard();
            }
            // What was read before but had to wait is dealt with now.
            self.client.resume();
            if let Some(server) = self.link.attached() {
                server.connection.resume();
            }
        }
    }

    /// What does not happen with every message.
    async fn deal_with(&mut self, event: Event) -> Result<(), End> {
        match event {
            Event::Moved => Ok(()),
            Event::Turn(turn) => self.take_turn(*turn).await,
            Event::Settle => self.settle().await.map(|_| ()),
            Event::Promote => self.promote().await,
            Event::Commit => self.commit_block().await,
            Event::Excess => {
                self.cut_short().await;
                Ok(())
            }
            Event::Exceeded(cut) => self.fail_pipeline(cut),
            Event::Limit => self.learn_limit().await,
            Event::Failed => self.fail_block().await,
            Event::LostSyncs => self.find_syncs().await,
            Event::Attach => self.reach_server().await,
            Event::Learn => self.learn().await,
            Event::Prepare(before) => self.prepare_first(before).await,
            Event::Estimate(asked) => self.estimate(asked).await,
            Event::Traces => self.look_for_traces().await,
            Event::OpenBlock => self.undo_block().await,
            Event::Overdue(what) => self.overdue(what).await,
            Event::Terminate => Err(self.finish().await),
            Event::End(end) => Err(end),
        }
    }

    /// Gets a server connection for the message that the client has sent, or an error.
    async fn reach_server(&mut self) -> Result<(), End> {
        if let Err(info) = self.attach().await? {
            self.link.denied = Some(info);
        }
        Ok(())
    }

    /// The client is gone: what still runs for it is cancelled, and the server connection goes
    /// back clean or not at all.
    async fn leave(mut self: Box<Self>) {
        if self.link.is_attached() && self.dialogue.replies.holds_ready_for_query() {
            let drained = timeout(FAREWELL, self.abandon()).await;
            if !matches!(drained, Ok(Ok(()))) {
                return;
            }
        }
        let Self {
            client,
            mut link,
            dialogue,
            ..
        } = *self;
        drop(client);
        if dialogue.footprint.is_open() {
            // It left before the server was asked.
            link.pin_in_doubt();
        }
        if link.is_attached() && dialogue.is_whole() {
            link.leave(dialogue.status).await;
        }
    }

    /// The server broke off in the middle; the client is told if the server did not.
    async fn server_lost(mut self: Box<Self>, info: ErrorInfo) {
        if let Some(Broken::Parted(body)) = self.dialogue.broken.take() {
            let mut last = Vec::new();
            frame::put_body(&mut last, frame::server::ERROR, &body);
            // The client may be gone already.
            if self.client.push(&last).is_ok() {
                self.dialogue.heard = Heard::Fatal;
            }
        }
        // Within a message nothing can be said.
        let is_in_a_message = matches!(self.dialogue.from_server, Rest::Pass(_));
        if self.dialogue.heard == Heard::Fatal || is_in_a_message {
            let _ = self.client.shutdown().await;
        } else {
            refuse(&mut self.client, info).await;
        }
    }
}
