//! What a role can see of a database, read from the server's own catalog and kept fresh.
//!
//! Every answer is checked against the server when it is asked for, by a probe that costs a
//! fraction of a millisecond; the catalog is read again only when the probe says that it changed.

mod columns;
mod digest;
mod error;
mod facts;
mod families;
mod keys;
mod objects;
mod probe;
mod reader;
mod relations;
mod role;
mod samples;
mod snapshot;
mod source;
mod state;
mod type_kinds;
mod values;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use tokio::runtime::Handle;

use crate::config::Secret;
use crate::sql::objects::Objects;
use crate::sql::schema::Facts;
use crate::sql::schema::Schema;

pub use error::Error;

use source::Source;
use state::Viewer;

/// A server, and the account that reads its catalog there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Host name, address, or the directory of a Unix socket (begins with `/`).
    pub host: String,
    /// TCP port, or the number in the socket's name.
    pub port: u16,
    /// The account; it needs no privilege on any table.
    pub user: String,
    /// Its password, when the server asks for one.
    pub password: Option<Secret>,
    /// How long connecting may take, login included.
    pub connect_timeout: Duration,
}

/// The catalogs of every database that was asked about. Clones share everything.
#[derive(Debug, Clone)]
pub struct Catalog {
    control: Handle,
    sources: Arc<Mutex<HashMap<Address, Slot>>>,
}

impl Catalog {
    /// A catalog whose work, connections included, runs on `control`.
    pub fn new(control: Handle) -> Self {
        Self {
            control,
            sources: Arc::default(),
        }
    }

    /// What `role` can read of `database`, as it is at some moment after the call.
    ///
    /// A role that can read nothing gets a [`Schema`] without tables. May be awaited from any
    /// runtime. Cancel safe: the read goes on and serves whoever asks next.
    pub async fn schema(
        &self,
        service: &Service,
        database: &str,
        role: &str,
    ) -> Result<Arc<Schema>, Error> {
        let source = self.source(service, database);
        let role = role.to_owned();
        self.on_control(async move { source.schema_of(&role).await })
            .await
    }

    /// The version of what is remembered for `role`, without asking the server whether it is still
    /// true; `None` when nothing is. Never waits.
    pub fn remembered(&self, service: &Service, database: &str, role: &str) -> Option<u64> {
        let viewer = Viewer {
            role: role.to_owned(),
            with_values: false,
        };
        self.source(service, database).known_version(&viewer)
    }

    /// The same, with what stored values tell: spellings of texts, and references that nothing
    /// declares. They are read as `role`, in the background; `patience` is how long the first look
    /// at them is waited for.
    pub async fn schema_with_values(
        &self,
        service: &Service,
        database: &str,
        role: &str,
        patience: Duration,
    ) -> Result<Arc<Schema>, Error> {
        let source = self.source(service, database);
        let role = role.to_owned();
        self.on_control(async move { source.schema_with_values(&role, patience).await })
            .await
    }

    /// What is known about `database` at this moment, whoever asks; never waits.
    ///
    /// `None` until the first read has succeeded. A missing or old answer starts a read.
    pub fn facts(&self, service: &Service, database: &str) -> Option<Arc<Facts>> {
        let source = self.source(service, database);
        if source.facts_are_due() {
            let reading = Arc::clone(&source);
            self.control
                .spawn(async move { reading.refresh_facts().await });
        }
        source.known_facts()
    }

    /// What `database` is like at some moment after the call.
    pub async fn facts_now(&self, service: &Service, database: &str) -> Result<Facts, Error> {
        self.source(service, database).facts_now().await
    }

    /// What `database` holds, as it was at most so long ago as it is read again; never waits.
    ///
    /// `None` until the first read has succeeded, and while reads fail: whoever keeps secrets by it
    /// must not go on with what was.
    pub fn objects(&self, service: &Service, database: &str) -> Option<Arc<Objects>> {
        let source = self.source(service, database);
        if source.objects_are_due() {
            let reading = Arc::clone(&source);
            self.control
                .spawn(async move { reading.refresh_objects().await });
        }
        source.known_objects()
    }

    /// The same, read now if it is not known. May be awaited from any runtime. Cancel safe.
    pub async fn read_objects(
        &self,
        service: &Service,
        database: &str,
    ) -> Result<Arc<Objects>, Error> {
        if let Some(objects) = self.objects(service, database) {
            return Ok(objects);
        }
        let source = self.source(service, database);
        self.on_control(async move { source.refresh_objects().await })
            .await
    }

    async fn on_control<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        match self.control.spawn(work).await {
            Ok(answer) => answer,
            Err(end) if end.is_cancelled() => Err(Error::Stopped),
            Err(_) => Err(Error::unavailable("the read ended early")),
        }
    }

    fn source(&self, service: &Service, database: &str) -> Arc<Source> {
        let address = Address::new(service, database);
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Some(slot) = sources.get_mut(&address)
            && slot.source.service() == service
        {
            slot.used = now;
            return Arc::clone(&slot.source);
        }
        sources.retain(|_, slot| now.duration_since(slot.used) < KEEP_UNUSED);
        if sources.len() >= MAX_SOURCES {
            forget_oldest(&mut sources);
        }
        let source = Arc::new(Source::new(service.clone(), database));
        sources.insert(
            address,
            Slot {
                source: Arc::clone(&source),
                used: now,
            },
        );
        source
    }
}

/// Databases whose catalogs are kept at the same time, with their connections.
const MAX_SOURCES: usize = 256;

/// A database that nobody asked about for so long loses its connections when another one comes.
const KEEP_UNUSED: Duration = Duration::from_mins(10);

/// What tells one [`Source`] from another. The password does not: a new one replaces the source.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Address {
    host: String,
    port: u16,
    user: String,
    database: String,
}

impl Address {
    fn new(service: &Service, database: &str) -> Self {
        Self {
            host: service.host.clone(),
            port: service.port,
            user: service.user.clone(),
            database: database.to_owned(),
        }
    }
}

#[derive(Debug)]
struct Slot {
    source: Arc<Source>,
    used: Instant,
}

fn forget_oldest(sources: &mut HashMap<Address, Slot>) {
    let oldest = sources
        .iter()
        .min_by_key(|(_, slot)| slot.used)
        .map(|(address, _)| address);
    if let Some(address) = oldest.cloned() {
        sources.remove(&address);
    }
}
