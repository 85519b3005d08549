//! What is remembered of one database between two questions.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use crate::sql::schema::Schema;

use super::Error;
use super::probe::Fingerprint;
use super::snapshot::Snapshot;

/// The last snapshot, the views cut from it, and when they were last known to be true.
#[derive(Debug, Default)]
pub(super) struct State {
    moment: Option<String>,
    fingerprint: Option<Fingerprint>,
    snapshot: Option<(Arc<Snapshot>, Instant)>,
    checked: Option<Instant>,
    failed: Option<(Instant, Error)>,
    roles: HashMap<String, View>,
}

#[derive(Debug)]
struct View {
    schema: Arc<Schema>,
    used: Instant,
}

/// A probe of a catalog wider than this takes milliseconds, so one serves for [`WIDE_FRESH`].
const WIDE: usize = 10_000;

/// How old a probe of a wide catalog may be.
const WIDE_FRESH: Duration = Duration::from_millis(200);

/// New row estimates alone are read again at most this often.
const STATISTICS_FRESH: Duration = Duration::from_secs(10);

/// Roles whose views are kept for one database.
const MAX_ROLES: usize = 256;

/// Columns in all kept views together; about 200 bytes each.
const MAX_WIDTH: usize = 500_000;

impl State {
    /// The answer for someone who asked at `asked`, when what is known is new enough for that.
    pub(super) fn answer(
        &mut self,
        role: &str,
        asked: Instant,
    ) -> Option<Result<Arc<Schema>, Error>> {
        if let Some((when, error)) = &self.failed
            && *when >= asked
        {
            return Some(Err(error.clone()));
        }
        let slack = if self.width() > WIDE {
            WIDE_FRESH
        } else {
            Duration::ZERO
        };
        let checked = self.checked?;
        if checked + slack < asked {
            return None;
        }
        self.view(role, asked).map(Ok)
    }

    /// The kept view of `role`, however old.
    pub(super) fn view(&mut self, role: &str, now: Instant) -> Option<Arc<Schema>> {
        let view = self.roles.get_mut(role)?;
        view.used = now;
        Some(Arc::clone(&view.schema))
    }

    /// Whether nothing was committed since the last look, on this evidence.
    pub(super) fn same_moment(&self, moment: Option<&String>) -> bool {
        moment.is_some() && self.moment.as_ref() == moment && self.snapshot.is_some()
    }

    /// The snapshot, if it still shows what `fingerprint` stands for.
    pub(super) fn current(&self, fingerprint: &Fingerprint, now: Instant) -> Option<Arc<Snapshot>> {
        let (snapshot, read) = self.snapshot.as_ref()?;
        let last = self.fingerprint.as_ref()?;
        if last.structure != fingerprint.structure {
            return None;
        }
        if last.statistics != fingerprint.statistics && now.duration_since(*read) > STATISTICS_FRESH
        {
            return None;
        }
        Some(Arc::clone(snapshot))
    }

    /// Puts a new snapshot in the place of all that was known.
    pub(super) fn replace(&mut self, snapshot: Arc<Snapshot>, fingerprint: Fingerprint) {
        self.roles.clear();
        self.snapshot = Some((snapshot, Instant::now()));
        self.fingerprint = Some(fingerprint);
    }

    /// Notes that what is known was true at `moment`, and still at `started` by our clock.
    pub(super) fn confirm(&mut self, moment: Option<String>, started: Instant) {
        self.moment = moment;
        self.checked = Some(started);
        self.failed = None;
    }

    /// Notes that reading, begun at `started`, failed.
    pub(super) fn fail(&mut self, error: Error, started: Instant) {
        self.failed = Some((started, error));
    }

    /// Keeps the view of a role, and as many others as there is room for.
    pub(super) fn keep(&mut self, role: &str, schema: &Arc<Schema>, now: Instant) {
        let view = View {
            schema: Arc::clone(schema),
            used: now,
        };
        self.roles.insert(role.to_owned(), view);
        while self.roles.len() > 1 && (self.roles.len() > MAX_ROLES || self.kept() > MAX_WIDTH) {
            let oldest = self.roles.iter().min_by_key(|(_, view)| view.used);
            let Some(name) = oldest.map(|(name, _)| name.clone()) else {
                break;
            };
            self.roles.remove(&name);
        }
    }

    fn width(&self) -> usize {
        self.snapshot
            .as_ref()
            .map_or(0, |(snapshot, _)| snapshot.width())
    }

    fn kept(&self) -> usize {
        self.roles
            .values()
            .flat_map(|view| &view.schema.tables)
            .map(|t| t.columns.len())
            .sum()
    }
}
