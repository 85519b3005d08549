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
use super::link::Access;
use super::login::Governing;
use crate::catalog::Catalog;
use crate::guard::ObjectRules;
use crate::sql::objects::Objects;

/// How old what a decision is made with may be without anybody being asked.
const FRESH: Duration = Duration::from_secs(1);

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
    /// Reads the catalog for the message that the client has sent.
    pub(super) async fn learn(&mut self) -> Result<(), End> {
        let Some(guarded) = self.rules.guarded() else {
            return Ok(());
        };
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
}
