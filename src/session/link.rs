//! The client's way to a server: a connection of its own, for the session or for a transaction.

mod notes;

use std::sync::Arc;

use super::Origin;
use super::cancel::CancelKey;
use super::from_server::Known;
use super::functions;
use super::functions::Functions;
use super::replies::Owed;
use super::replies::Replies;
use crate::config::PoolMode;
use crate::sql::role::GivesUp;
use crate::sql::role::gives_up;
use crate::upstream::Backend;
use crate::upstream::Interner;
use crate::upstream::Lease;
use crate::upstream::Login;
use crate::upstream::Parameters;
use crate::upstream::Pool;
use crate::upstream::Settings;
use crate::wire::Connection;
use crate::wire::ErrorInfo;
use crate::wire::TransactionStatus;

/// Where sessions that begin alike get their server connections.
#[derive(Debug)]
pub(super) struct Access {
    /// The pool.
    pub pool: Arc<Pool>,
    /// How connections are opened.
    pub login: Login,
    /// Where the catalog behind them is read.
    pub origin: Origin,
    /// How long a connection stays with the client.
    pub mode: PoolMode,
    /// What clients prepare, by what it is.
    pub interner: Arc<Interner>,
    /// What functions leave behind.
    pub functions: Arc<Functions>,
    /// Shared statements that one connection may hold.
    pub max_prepared_statements: usize,
}

/// How a client's session began.
#[derive(Debug, Clone)]
pub(super) struct Start {
    /// Where it gets server connections.
    pub access: Arc<Access>,
    /// What its start-up packet set: RESET returns to it.
    pub settings: Arc<Settings>,
    /// What the server reported then.
    pub parameters: Arc<Parameters>,
}

/// A session's server connection, when it has one, and what the next one must be like.
#[derive(Debug)]
pub(super) struct Link {
    /// Where connections come from.
    pub access: Arc<Access>,
    /// The worker that the session is on.
    pub worker: usize,
    /// The client's key: CancelRequests reach the connection that is owned.
    pub key: CancelKey,
    lease: Option<Lease>,
    /// The connection has been made what the session wants.
    is_ready: bool,
    /// What the session's settings are.
    pub settings: Arc<Settings>,
    /// What RESET returns to.
    pub start: Arc<Settings>,
    /// What the client was told of parameters.
    pub told: Arc<Parameters>,
    /// What keeps the client on its connection.
    pub pin: Option<Pin>,
    /// Why there is no connection, for the message that is looked at next.
    pub denied: Option<Box<ErrorInfo>>,
    /// What the message that is looked at next speaks of was prepared.
    pub has_prepared: bool,
    /// The connection's unnamed statement is the client's.
    pub holds_unnamed: bool,
    /// Custom settings that the session has set: the server lists them nowhere.
    custom: Vec<Box<str>>,
    /// Whether the session's role is still there.
    pub role: Role,
    /// Functions that were called of which it is not known what they leave.
    pub suspects: Vec<functions::Name>,
    /// Connections that were lost since one was given back.
    losses: u8,
}

/// What a server connection holds that no other could be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pin {
    /// In words, for people.
    pub why: String,
    /// How long.
    pub lasts: Lasts,
}

/// Whether the role that a session has set can still be set.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// As far as is known.
    Held,
    /// The last server connection did not take the session's settings.
    Gone,
    /// The client is giving it up; these are the settings until it has done so.
    GivenUp(Arc<Settings>),
}

/// How long a pin lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lasts {
    /// Until the server says that the reason is gone.
    UntilUndone,
    /// Until the client leaves; the reset query undoes it then.
    UntilReset,
    /// Nothing can undo it: the connection ends with the session.
    ForGood,
}

/// Whether a server connection is at hand.
#[derive(Debug)]
pub(super) enum Reach {
    /// It is.
    Here,
    /// It must be waited for.
    Later,
    /// There is none to be had.
    Denied(Box<ErrorInfo>),
}

impl Link {
    pub(super) fn new(access: Arc<Access>, worker: usize, key: CancelKey) -> Self {
        Self {
            access,
            worker,
            key,
            lease: None,
            is_ready: false,
            settings: Arc::default(),
            start: Arc::default(),
            told: Arc::default(),
            pin: None,
            denied: None,
            has_prepared: false,
            holds_unnamed: false,
            custom: Vec::new(),
            role: Role::Held,
            suspects: Vec::new(),
            losses: 0,
        }
    }

    /// The session has begun so.
    pub(super) fn begin(&mut self, start: &Start) {
        self.settings = Arc::clone(&start.settings);
        self.start = Arc::clone(&start.settings);
        self.told = Arc::clone(&start.parameters);
    }

    /// How the session has begun.
    pub(super) fn begun(&self) -> Start {
        Start {
            access: Arc::clone(&self.access),
            settings: Arc::clone(&self.start),
            parameters: Arc::clone(&self.told),
        }
    }

    /// Connections change between transactions, so names of statements are translated.
    pub(super) fn is_shared(&self) -> bool {
        self.access.mode != PoolMode::Session
    }

    pub(super) fn is_attached(&self) -> bool {
        self.lease.is_some()
    }

    /// The connection, where the order of steps makes sure that there is one.
    pub(super) fn server(&mut self) -> &mut Backend {
        let lease = self.lease.as_mut();
        &mut lease
            .expect("a step that needs the server attaches first")
            .backend
    }

    /// The connection, when there is one.
    pub(super) fn attached(&mut self) -> Option<&mut Backend> {
        self.lease.as_mut().map(|lease| &mut *lease.backend)
    }

    /// The connection's stream, and what is known of it.
    pub(super) fn split(&mut self) -> (&mut Connection, Known<'_>) {
        let is_exchangeable = self.is_exchangeable();
        let Self {
            access,
            lease,
            holds_unnamed,
            told,
            ..
        } = self;
        let lease = lease.as_mut();
        let server = &mut lease
            .expect("only an attached session reads its server")
            .backend;
        let known = Known {
            parameters: &mut server.parameters,
            told,
            interner: &access.interner,
            statements: &mut server.statements,
            holds_unnamed,
            is_exchangeable,
        };
        (&mut server.connection, known)
    }

    /// The client has heard what the server reports.
    pub(super) fn has_told(&mut self) {
        if let Some(lease) = &self.lease
            && !Arc::ptr_eq(&self.told, &lease.backend.parameters)
        {
            self.told = Arc::clone(&lease.backend.parameters);
        }
    }

    /// The connection is the session's from now on.
    pub(super) fn own(&mut self, lease: Lease) {
        self.key.own(lease.backend.cancel_target());
        self.lease = Some(lease);
        self.holds_unnamed = false;
        self.is_ready = false;
    }

    /// The session's own lease, for good; `None` when there is none or a cancel is under way that
    /// would hit its next owner.
    pub(super) fn give_up(mut self) -> Option<Lease> {
        let lease = self.lease.take()?;
        let is_quiet = self.key.disown();
        let can_be_reset = self.pin.is_none_or(|pin| pin.lasts < Lasts::ForGood);
        (is_quiet && can_be_reset).then_some(lease)
    }

    /// A connection at once when the pool has one here that needs nothing done.
    pub(super) fn reach(&mut self, replies: &mut Replies) -> Reach {
        if let Some(info) = self.denied.take() {
            return Reach::Denied(info);
        }
        if self.is_ready {
            return Reach::Here;
        }
        if self.lease.is_none() {
            let Access { pool, login, .. } = &*self.access;
            let Some(lease) = pool.try_checkout(self.worker, login) else {
                return Reach::Later;
            };
            self.own(lease);
        }
        if !self.is_as_wanted() {
            return Reach::Later;
        }
        self.ready(replies);
        Reach::Here
    }

    /// When the session's role is gone, or what another setting names, a text that gives it up is run
    /// without it: PostgreSQL would let it, too.
    pub(super) fn let_give_up(&mut self, text: &[u8]) -> bool {
        if self.role != Role::Gone || self.denied.is_none() {
            return false;
        }
        let rest = match gives_up(text) {
            Some(GivesUp::Role) => self.settings.without(&["role"]),
            Some(GivesUp::SessionAuthorization) => {
                self.settings.without(&["role", "session_authorization"])
            }
            Some(GivesUp::Setting(name)) => self.settings.without(&[&name]),
            Some(GivesUp::Settings) => {
                let mut rest = (*self.start).clone();
                for name in ["session_authorization", "role"].map(str::as_bytes) {
                    if let Some(value) = self.settings.get(name) {
                        rest.set(name, value);
                    }
                }
                rest
            }
            Some(GivesUp::All) => self.start.without(&["role", "session_authorization"]),
            None => return false,
        };
        let differs = rest != *self.settings;
        if differs {
            self.denied = None;
            let former = std::mem::replace(&mut self.settings, Arc::new(rest));
            self.role = Role::GivenUp(former);
        }
        differs
    }

    /// The role is not given up after all; whether it was about to be.
    pub(super) fn keep_role(&mut self) -> bool {
        match std::mem::replace(&mut self.role, Role::Held) {
            Role::GivenUp(former) => {
                self.settings = former;
                true
            }
            Role::Held | Role::Gone => false,
        }
    }

    /// The connection has the session's settings.
    pub(super) fn is_as_wanted(&mut self) -> bool {
        let wanted = Arc::clone(&self.settings);
        let server = self.server();
        if Arc::ptr_eq(&server.settings, &wanted) {
            return true;
        }
        let equal = *server.settings == *wanted;
        if equal {
            // Compared by address from now on.
            server.settings = wanted;
        }
        equal
    }

    /// The connection is as wanted; what it reports differently the client is told in turn.
    pub(super) fn ready(&mut self, replies: &mut Replies) {
        self.is_ready = true;
        let news = self.news();
        if !news.is_empty() {
            replies.push(Owed::Local(news));
        }
    }

    /// ParameterStatus messages for what the client was told otherwise.
    pub(super) fn news(&mut self) -> Vec<u8> {
        let mut news = Vec::new();
        let told = Arc::clone(&self.told);
        let server = self.server();
        if !Arc::ptr_eq(&server.parameters, &told) {
            if *server.parameters == *told {
                server.parameters = told;
            } else {
                server.parameters.put_news(&mut news, &told);
                self.told = Arc::clone(&self.server().parameters);
            }
        }
        news
    }

    /// Lets the connection go to the next client. Only with nothing owed and nothing open.
    pub(super) fn detach(&mut self) {
        let Some(lease) = self.lease.take() else {
            return;
        };
        self.is_ready = false;
        self.losses = 0;
        if self.key.disown() {
            lease.release();
            return;
        }
        // A CancelRequest is under way: whoever is next must not be hit by it.
        tokio::spawn(async move {
            if let Some(target) = lease.backend.cancel_target() {
                target.quiet().await;
            }
            lease.release();
        });
    }

    /// The connection is of no use any more, and is closed.
    pub(super) fn lose(&mut self) {
        self.key.disown();
        self.lease = None;
        self.is_ready = false;
        self.holds_unnamed = false;
        self.has_prepared = false;
        self.losses = self.losses.saturating_add(1);
    }

    /// The connection is closed: nobody is to have it as it is.
    pub(super) fn close(&mut self) {
        let losses = self.losses;
        self.lose();
        self.losses = losses;
    }

    /// Connections that were lost since one was given back.
    pub(super) fn losses(&self) -> u8 {
        self.losses
    }

    /// The next loss is counted as the first.
    pub(super) fn forget_losses(&mut self) {
        self.losses = 0;
    }

    /// The connection holds nothing that another would not be given.
    pub(super) fn is_exchangeable(&self) -> bool {
        self.is_shared() && self.is_attached() && self.pin.is_none()
    }

    /// What the transaction left is known: the connection may go, or it is pinned.
    pub(super) fn may_detach(&self) -> bool {
        self.is_exchangeable()
    }

    /// Gives the connection back clean, or not at all.
    pub(super) async fn leave(self, status: TransactionStatus) {
        let shared = self.is_shared();
        let touched = self.pin.is_some() || status != TransactionStatus::Idle;
        if let Some(lease) = self.give_up() {
            if shared && !touched {
                lease.release();
            } else {
                lease.give_back(status).await;
            }
        }
    }
}
