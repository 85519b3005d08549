//! A session's rules about tables, columns and functions, kept to what the catalog says.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use super::End;
use super::Origin;
use super::Services;
use super::Session;
use super::asking::Failure;
use super::dialogue::Progress;
use super::link::Access;
use super::login::Governing;
use super::wrapper;
use super::wrapper::LONGEST_REPLY;
use crate::catalog::Catalog;
use crate::guard;
use crate::guard::ObjectRules;
use crate::sql::objects::Objects;
use crate::sql::schema::Schema;
use crate::wire::TransactionStatus;
use crate::wire::frontend;

/// How old what a decision is made with may be without anybody being asked.
const FRESH: Duration = Duration::from_secs(1);

/// In the order in which they are looked into, those included that need not be named.
const SCHEMAS: &str = "SELECT found FROM \
    pg_catalog.unnest(pg_catalog.current_schemas(true)) WITH ORDINALITY AS path(found, place) \
    ORDER BY place";

/// Rules that are kept ready, for all sessions together.
const MOST_READY: usize = 64;

/// The rules of every policy over every database, made once for each state of it.
#[derive(Debug, Default)]
pub(super) struct Ready {
    rules: Mutex<HashMap<(u64, u64), Arc<ObjectRules>>>,
}

impl Ready {
    fn rules(&self, governing: &Governing, objects: &Arc<Objects>) -> Arc<ObjectRules> {
        let key = (governing.number, objects.version);
        let known = self.lock().get(&key).cloned();
        if let Some(rules) = known {
            return rules;
        }
        let rules = Arc::new(ObjectRules::new(&governing.policy, objects));
        let mut ready = self.lock();
        if ready.len() >= MOST_READY {
            ready.clear();
        }
        ready.insert(key, Arc::clone(&rules));
        rules
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(u64, u64), Arc<ObjectRules>>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The rules of one session, looked up anew when they are old.
pub(super) struct Guarded {
    governing: Governing,
    catalog: Catalog,
    access: Arc<Access>,
    ready: Arc<Ready>,
    known: Option<Arc<ObjectRules>>,
    /// The last that were known.
    last: Option<Arc<ObjectRules>>,
    since: Option<Instant>,
    /// They were waited for; who comes next is told that they are not known.
    has_waited: bool,
    /// Where the session looks for names.
    path: SearchPath,
    visible: Option<Visible>,
}

/// What the last question could speak of.
struct Visible {
    /// Of all this,
    whole: Arc<Schema>,
    /// in this state of the database,
    version: u64,
    /// this part.
    part: Arc<Schema>,
}

/// The schemas in which a session looks for names, for the text that is judged next.
#[derive(Debug, Default)]
enum SearchPath {
    /// Nobody has asked.
    #[default]
    Unknown,
    /// The server is to be asked.
    Wanted,
    /// It was asked, and this is what it said, if anything.
    Asked(Option<Vec<Box<str>>>),
}

impl Guarded {
    pub(super) fn new(governing: Governing, services: &Services, access: &Arc<Access>) -> Self {
        Self {
            governing,
            catalog: services.catalog.clone(),
            access: Arc::clone(access),
            ready: Arc::clone(&services.ready),
            known: None,
            last: None,
            since: None,
            has_waited: false,
            path: SearchPath::Unknown,
            visible: None,
        }
    }

    /// The catalog must be read before the next text can be judged.
    pub(super) fn must_learn(&mut self) -> bool {
        self.refresh();
        self.known.is_none() && !self.has_waited
    }

    /// The rules as they are known; `None` when the catalog cannot be read.
    pub(super) fn rules(&mut self) -> Option<&ObjectRules> {
        self.refresh();
        self.has_waited = false;
        self.known.as_deref()
    }

    /// The rules where the session looks for names, if the server was asked for that.
    pub(super) fn rules_on_path(&mut self) -> Option<ObjectRules> {
        let SearchPath::Asked(path) = &mut self.path else {
            return None;
        };
        let path = path.take();
        Some(self.rules()?.seen_from(path?))
    }

    /// A verdict depends on where the session looks: whether the server is to be asked, and the text
    /// judged again.
    pub(super) fn wants_path(&mut self) -> bool {
        match self.path {
            SearchPath::Unknown => self.path = SearchPath::Wanted,
            SearchPath::Wanted => {}
            SearchPath::Asked(_) => return false,
        }
        true
    }

    /// The text was judged.
    pub(super) fn forget_path(&mut self) {
        self.path = SearchPath::Unknown;
    }

    /// The part of `schema` that the rules leave, the same one while neither changes; `None` when
    /// the catalog cannot be read.
    fn visible(&mut self, schema: &Arc<Schema>) -> Option<Arc<Schema>> {
        let rules = self.rules()?;
        let version = rules.version();
        let part = match &self.visible {
            Some(last) if last.version == version && Arc::ptr_eq(&last.whole, schema) => {
                Arc::clone(&last.part)
            }
            _ => Arc::new(self.rules()?.visible(schema)),
        };
        self.visible = Some(Visible {
            whole: Arc::clone(schema),
            version,
            part: Arc::clone(&part),
        });
        Some(part)
    }

    /// The same without looking whether they still hold, for results of what was let through.
    pub(super) fn last(&self) -> Option<&ObjectRules> {
        self.last.as_deref()
    }

    /// Results must be looked at.
    pub(super) fn treats_results(&self) -> bool {
        let policy = &self.governing.policy;
        !policy.deny_columns.is_empty() || !policy.mask_columns.is_empty()
    }

    fn refresh(&mut self) {
        if self.since.is_some_and(|since| since.elapsed() < FRESH) {
            return;
        }
        let Origin { service, database } = &self.access.origin;
        let objects = self.catalog.objects(service, database);
        self.since = objects.is_some().then(Instant::now);
        self.take(objects.as_ref());
    }

    fn take(&mut self, objects: Option<&Arc<Objects>>) {
        let Some(objects) = objects else {
            self.known = None;
            return;
        };
        let is_known = |known: &Arc<ObjectRules>| known.version() == objects.version;
        if !self.known.as_ref().is_some_and(is_known) {
            self.known = Some(self.ready.rules(&self.governing, objects));
            self.last.clone_from(&self.known);
        }
    }
}

impl Session {
    /// What a question may speak of, of all that its role can see.
    pub(super) async fn visible(&mut self, schema: Arc<Schema>) -> Result<Arc<Schema>, Failure> {
        if self.rules.must_learn() {
            self.learn().await.map_err(Failure::Ended)?;
        }
        let Some(guarded) = self.rules.guarded() else {
            return Ok(schema);
        };
        let visible = guarded.visible(&schema);
        visible.ok_or_else(|| self.rules.refused(&guard::unknown_objects(), None).into())
    }

    /// Reads the catalog for the message that the client has sent.
    pub(super) async fn learn(&mut self) -> Result<(), End> {
        let Some(guarded) = self.rules.guarded() else {
            return Ok(());
        };
        if matches!(guarded.path, SearchPath::Wanted) {
            return self.learn_path().await;
        }
        guarded.has_waited = true;
        let catalog = guarded.catalog.clone();
        let access = Arc::clone(&guarded.access);
        let Origin { service, database } = &access.origin;
        match catalog.read_objects(service, database).await {
            Ok(objects) => {
                guarded.take(Some(&objects));
                guarded.since = Some(Instant::now());
            }
            Err(error) => tracing::warn!(%error, "objects not known"),
        }
        Ok(())
    }

    /// Asks the server where the session looks for names.
    async fn learn_path(&mut self) -> Result<(), End> {
        let path = self.search_path().await?;
        if let Some(guarded) = self.rules.guarded() {
            guarded.path = SearchPath::Asked(path);
        }
        Ok(())
    }

    /// The schemas in which the session looks, when everything before is done; `None` where asking
    /// would end what the client is in the middle of.
    async fn search_path(&mut self) -> Result<Option<Vec<Box<str>>>, End> {
        let is_settled = self.settle().await?;
        let may_ask = is_settled
            && self.dialogue.progress == Progress::Nothing
            && self.dialogue.status != TransactionStatus::Error;
        if !may_ask || self.attached().await.is_err() {
            return Ok(None);
        }
        let mut request = Vec::new();
        wrapper::put_command(&mut request, SCHEMAS);
        frontend::put_sync(&mut request);
        let reply = self.link.server().exchange(&request, LONGEST_REPLY).await;
        let reply = reply.map_err(|_| End::Server)?;
        if reply.error.is_some() {
            return Ok(None);
        }
        let schemas = reply.rows().filter_map(|mut row| row.pop().flatten());
        Ok(Some(schemas.map(String::into_boxed_str).collect()))
    }
}
