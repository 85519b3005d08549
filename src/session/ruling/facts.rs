//! What is known of the database that a session is in.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use crate::catalog::Catalog;
use crate::session::Origin;
use crate::session::link::Access;
use crate::sql::schema::Facts;

/// How old the facts may be that a decision is made with.
const FRESH: Duration = Duration::from_secs(1);

/// What is known of the database, looked up anew when it is old.
pub(super) struct FactsOfDatabase {
    catalog: Catalog,
    access: Arc<Access>,
    known: Option<Arc<Facts>>,
    since: Option<Instant>,
}

impl FactsOfDatabase {
    /// Of the database that `access` leads to; nothing is known yet.
    pub(super) fn new(catalog: &Catalog, access: &Arc<Access>) -> Self {
        Self {
            catalog: catalog.clone(),
            access: Arc::clone(access),
            known: None,
            since: None,
        }
    }

    /// Never waits: what is not known yet lets rows be counted instead.
    pub(super) fn fresh(&mut self) -> Option<&Facts> {
        if self.since.is_none_or(|since| since.elapsed() > FRESH) {
            let Origin { service, database } = &self.access.origin;
            self.known = self.catalog.facts(service, database);
            self.since = self.known.is_some().then(Instant::now);
        }
        self.known.as_deref()
    }
}
