//! One database as one service account reads it: its connections, and one read at a time.

mod looking;
mod refresh;

use std::sync::Arc;
use std::sync::Mutex as Lock;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use deadpool_postgres::Manager;
use deadpool_postgres::ManagerConfig;
use deadpool_postgres::Pool;
use deadpool_postgres::RecyclingMethod;
use deadpool_postgres::Runtime;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::Config;
use tokio_postgres::NoTls;

use crate::sql::objects::Objects;
use crate::sql::schema::Facts;
use crate::sql::schema::Schema;

use super::Error;
use super::Service;
use super::facts;
use super::objects;
use super::probe;
use super::probe::Fingerprint;
use super::reader::Reader;
use super::role::Visible;
use super::snapshot::Snapshot;
use super::state::State;
use super::state::Viewer;
use refresh::Attention;

/// Reads one database. Whoever asks while a read is under way waits for it and shares its result.
#[derive(Debug)]
pub(super) struct Source {
    service: Service,
    database: String,
    pool: Pool,
    state: Mutex<State>,
    facts: Lock<KnownFacts>,
    objects: Lock<KnownObjects>,
    /// Held while the objects are read, so that they are read once.
    reading_objects: Mutex<()>,
    /// Held while values are looked at, so that one role at a time is.
    looking: Mutex<()>,
    attention: Lock<Attention>,
}

#[derive(Debug, Default)]
struct KnownFacts {
    facts: Option<Arc<Facts>>,
    /// When the last read was started, whether or not it succeeded.
    asked: Option<Instant>,
}

#[derive(Debug, Default)]
struct KnownObjects {
    objects: Option<Arc<Objects>>,
    fingerprint: String,
    /// When they were last known to be true.
    confirmed: Option<Instant>,
    /// When the last read was started, whether or not it succeeded.
    asked: Option<Instant>,
}

/// One connection for questions, one for values, one for facts and one for objects.
const CONNECTIONS: usize = 4;

/// How long facts are taken as they are before they are read again.
const FACTS_FRESH: Duration = Duration::from_secs(2);

/// How long objects are taken as they are before the server is asked whether they still are.
const OBJECTS_FRESH: Duration = Duration::from_secs(1);

/// How long objects hold that could not be confirmed.
const OBJECTS_HOLD: Duration = Duration::from_secs(3);

/// A server that has said nothing for so long is taken for gone. Longer than what its own
/// `statement_timeout` allows one of our queries.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

impl Source {
    /// Opens no connection yet.
    pub(super) fn new(service: Service, database: &str) -> Self {
        let pool = pool(&service, database);
        Self {
            service,
            database: database.to_owned(),
            pool,
            state: Mutex::default(),
            facts: Lock::default(),
            objects: Lock::default(),
            reading_objects: Mutex::default(),
            looking: Mutex::default(),
            attention: Lock::default(),
        }
    }

    /// Where and as whom it reads.
    pub(super) fn service(&self) -> &Service {
        &self.service
    }

    /// What `role` can read. Must run on the runtime that drives the pool's connections.
    pub(super) async fn schema_of(self: &Arc<Self>, role: &str) -> Result<Arc<Schema>, Error> {
        let viewer = Viewer {
            role: role.to_owned(),
            with_values: false,
        };
        self.attend(&viewer);
        self.schema(&viewer).await
    }

    /// The version of what `viewer` would see if nothing had changed.
    pub(super) fn known_version(&self, viewer: &Viewer) -> Option<u64> {
        let mut state = self.state.try_lock().ok()?;
        let view = state.view(viewer, Instant::now())?;
        Some(view.version)
    }

    /// What `viewer` sees now.
    async fn schema(&self, viewer: &Viewer) -> Result<Arc<Schema>, Error> {
        let asked = Instant::now();
        let mut state = self.state.lock().await;
        if let Some(answer) = state.answer(viewer, asked) {
            return answer;
        }
        let started = Instant::now();
        let answer = within(self.read(&mut state, viewer)).await;
        if let Err(error) = &answer
            && error.concerns_everyone()
        {
            state.fail(error.clone(), started);
        }
        answer
    }

    /// What is known, and nothing else.
    pub(super) fn known_facts(&self) -> Option<Arc<Facts>> {
        self.lock_facts().facts.clone()
    }

    /// Whether it is time for [`Source::refresh_facts`]; says so to one caller only.
    pub(super) fn facts_are_due(&self) -> bool {
        let mut known = self.lock_facts();
        let due = known
            .asked
            .is_none_or(|asked| asked.elapsed() > FACTS_FRESH);
        if due {
            known.asked = Some(Instant::now());
        }
        due
    }

    /// Reads the facts again. A failure leaves what is known.
    pub(super) async fn refresh_facts(&self) {
        match within(self.read_facts()).await {
            Ok(facts) => self.lock_facts().facts = Some(Arc::new(facts)),
            Err(error) => {
                tracing::warn!(database = %self.database, %error, "facts not read");
            }
        }
    }

    /// As [`Source::refresh_facts`], and waits for what it comes to.
    pub(super) async fn facts_now(&self) -> Result<Facts, Error> {
        within(self.read_facts()).await
    }

    /// The objects, if they were true a moment ago.
    pub(super) fn known_objects(&self) -> Option<Arc<Objects>> {
        let known = self.lock_objects();
        let holds = |confirmed: Instant| confirmed.elapsed() < OBJECTS_HOLD;
        known
            .objects
            .clone()
            .filter(|_| known.confirmed.is_some_and(holds))
    }

    /// Whether it is time for [`Source::refresh_objects`]; says so to one caller only.
    pub(super) fn objects_are_due(&self) -> bool {
        let mut known = self.lock_objects();
        let due = known
            .asked
            .is_none_or(|asked| asked.elapsed() > OBJECTS_FRESH);
        if due {
            known.asked = Some(Instant::now());
        }
        due
    }

    /// Reads the objects again, if they have changed. Whoever asks while a read is under way waits
    /// for it and shares its result.
    pub(super) async fn refresh_objects(&self) -> Result<Arc<Objects>, Error> {
        let asked = Instant::now();
        let _reading = self.reading_objects.lock().await;
        {
            let known = self.lock_objects();
            if let Some(objects) = &known.objects
                && known.confirmed.is_some_and(|confirmed| confirmed >= asked)
            {
                return Ok(Arc::clone(objects));
            }
        }
        let read = within(self.read_objects()).await;
        if let Err(error) = &read {
            tracing::warn!(database = %self.database, %error, "objects not read");
        }
        read
    }

    async fn read_objects(&self) -> Result<Arc<Objects>, Error> {
        let (reader, _) = self.checkout().await?;
        reader.begin().await?;
        // What is committed after this moment is seen next time.
        let started = Instant::now();
        let fingerprint = objects::fingerprint(&reader).await?;
        let known = {
            let known = self.lock_objects();
            let same = known.fingerprint == fingerprint;
            known.objects.clone().filter(|_| same)
        };
        let objects = match known {
            Some(objects) => objects,
            None => Arc::new(objects::read(&reader).await?),
        };
        reader.finish().await?;
        let mut known = self.lock_objects();
        known.objects = Some(Arc::clone(&objects));
        known.fingerprint = fingerprint;
        known.confirmed = Some(started);
        Ok(objects)
    }

    fn lock_objects(&self) -> MutexGuard<'_, KnownObjects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(&self, state: &mut State, viewer: &Viewer) -> Result<Arc<Schema>, Error> {
        let started = Instant::now();
        let (reader, moment) = self.checkout().await?;
        if state.same_moment(moment.as_ref())
            && let Some(schema) = state.view(viewer, started)
        {
            reader.release();
            state.confirm(moment, started);
            return Ok(schema);
        }
        reader.begin().await?;
        let snapshot = self.snapshot(state, &reader).await?;
        let schema = view(state, &reader, &snapshot, viewer).await?;
        reader.finish().await?;
        // `moment` was taken before the transaction began: what was committed in between is seen
        // again next time, never missed.
        state.confirm(moment, started);
        Ok(schema)
    }

    async fn snapshot(&self, state: &mut State, reader: &Reader) -> Result<Arc<Snapshot>, Error> {
        let fingerprint = Fingerprint::read(reader).await?;
        if let Some(snapshot) = state.current(&fingerprint, Instant::now()) {
            return Ok(snapshot);
        }
        let started = Instant::now();
        let snapshot = Arc::new(Snapshot::read(reader, &self.database).await?);
        tracing::debug!(
            database = %self.database,
            tables = snapshot.tables.len(),
            took = ?started.elapsed(),
            "catalog read"
        );
        state.replace(Arc::clone(&snapshot), fingerprint);
        Ok(snapshot)
    }

    async fn read_facts(&self) -> Result<Facts, Error> {
        let (reader, _) = self.checkout().await?;
        reader.begin().await?;
        let facts = facts::read(&reader).await?;
        reader.finish().await?;
        Ok(facts)
    }

    /// A connection that has just answered. One that the server closed while it was idle is
    /// found out by this first question, and the next one is tried.
    async fn checkout(&self) -> Result<(Reader, Option<String>), Error> {
        let mut attempt = 0;
        loop {
            let reader = Reader::checkout(&self.pool).await?;
            attempt += 1;
            match probe::moment(&reader).await {
                Ok(moment) => return Ok((reader, moment)),
                Err(error) if attempt > CONNECTIONS => return Err(error),
                Err(_) => {}
            }
        }
    }

    fn lock_facts(&self) -> MutexGuard<'_, KnownFacts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn view(
    state: &mut State,
    reader: &Reader,
    snapshot: &Snapshot,
    viewer: &Viewer,
) -> Result<Arc<Schema>, Error> {
    if let Some(schema) = state.view(viewer, Instant::now()) {
        return Ok(schema);
    }
    let visible = Visible::read(reader, &viewer.role).await?;
    let mut schema = visible.cut(snapshot, &viewer.role);
    if let Some(samples) = state.samples(&viewer.role).filter(|_| viewer.with_values) {
        schema = samples.applied(schema);
    }
    let schema = Arc::new(schema);
    state.keep(viewer, &schema, Instant::now());
    Ok(schema)
}

async fn within<T>(read: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(READ_TIMEOUT, read)
        .await
        .unwrap_or_else(|_| Err(Error::unavailable("the server did not answer in time")))
}

fn pool(service: &Service, database: &str) -> Pool {
    let mut config = Config::new();
    config
        .host(&service.host)
        .port(service.port)
        .user(&service.user)
        .dbname(database)
        .application_name("pgparley catalog")
        .connect_timeout(service.connect_timeout);
    if let Some(password) = &service.password {
        config.password(password.expose());
    }
    let recycling = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    Pool::builder(Manager::from_config(config, NoTls, recycling))
        .max_size(CONNECTIONS)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(service.connect_timeout))
        .create_timeout(Some(service.connect_timeout))
        .build()
        .expect("timeouts have the runtime that they need")
}
