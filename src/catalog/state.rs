//! What is remembered of one database between two questions.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::watch;

use crate::sql::schema::Schema;

use super::Error;
use super::probe::Fingerprint;
use super::samples::Samples;
use super::snapshot::Snapshot;

/// The last snapshot, the views cut from it, and when they were last known to be true.
#[derive(Debug, Default)]
pub(super) struct State {
    moment: Option<String>,
    fingerprint: Option<Fingerprint>,
    snapshot: Option<(Arc<Snapshot>, Instant)>,
    checked: Option<Instant>,
    failed: Option<(Instant, Error)>,
    views: HashMap<Viewer, View>,
    looks: HashMap<String, Looks>,
}

/// Whose view, and whether it shows what was seen of stored values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Viewer {
    /// The role.
    pub(super) role: String,
    /// With what [`Samples`] say.
    pub(super) with_values: bool,
}

/// The looks at the values that one role can read.
#[derive(Debug)]
struct Looks {
    seen: Option<(Arc<Samples>, Instant)>,
    /// Statistics have changed since.
    outdated: bool,
    /// Closed when the look that is under way is over.
    under_way: Option<watch::Receiver<()>>,
}

/// What is to be done about the values that a role can read.
#[derive(Debug)]
pub(super) enum Look {
    /// They were looked at not long ago, or are looked at again while the last look serves.
    Known,
    /// They are looked at for the first time.
    UnderWay(watch::Receiver<()>),
    /// They are to be looked at; the sender is dropped when that is over.
    Due(watch::Sender<()>, watch::Receiver<()>),
    /// They are to be looked at again, and nobody waits.
    DueAgain(watch::Sender<()>),
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

/// How long what was seen of stored values serves.
const VALUES_FRESH: Duration = Duration::from_mins(10);

/// The same after statistics changed, which tells that values did.
const OUTDATED_FRESH: Duration = Duration::from_mins(1);

/// Roles whose views are kept for one database.
const MAX_ROLES: usize = 256;

/// Columns in all kept views together; about 200 bytes each.
const MAX_WIDTH: usize = 500_000;

impl State {
    /// The answer for someone who asked at `asked`, when what is known is new enough for that.
    pub(super) fn answer(
        &mut self,
        viewer: &Viewer,
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
        self.view(viewer, asked).map(Ok)
    }

    /// The kept view of `viewer`, however old.
    pub(super) fn view(&mut self, viewer: &Viewer, now: Instant) -> Option<Arc<Schema>> {
        let view = self.views.get_mut(viewer)?;
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

    /// Puts a new snapshot in the place of all that was known. What was seen of values is kept
    /// only where nothing but statistics changed.
    pub(super) fn replace(&mut self, snapshot: Arc<Snapshot>, fingerprint: Fingerprint) {
        self.views.clear();
        if self.structure() != Some(&fingerprint.structure) {
            self.looks.clear();
        }
        for looks in self.looks.values_mut() {
            looks.outdated = true;
        }
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

    /// What the structure of the snapshot is known by.
    pub(super) fn structure(&self) -> Option<&String> {
        self.fingerprint.as_ref().map(|last| &last.structure)
    }

    /// What was seen of the values that `role` can read.
    pub(super) fn samples(&self, role: &str) -> Option<&Arc<Samples>> {
        let (samples, _) = self.looks.get(role)?.seen.as_ref()?;
        Some(samples)
    }

    /// What is to be done about the values that `role` can read.
    pub(super) fn look(&mut self, role: &str, now: Instant) -> Look {
        let looks = self.looks.entry(role.to_owned()).or_insert(Looks {
            seen: None,
            outdated: false,
            under_way: None,
        });
        let fresh = if looks.outdated {
            OUTDATED_FRESH
        } else {
            VALUES_FRESH
        };
        let seen = looks.seen.as_ref().map(|(_, when)| *when);
        // A channel that is closed although nothing was seen is that of a look that broke off.
        let under_way = looks.under_way.clone();
        let under_way = under_way.filter(|channel| channel.has_changed().is_ok());
        match (seen, under_way) {
            (None, Some(under_way)) => Look::UnderWay(under_way),
            (Some(_), Some(_)) => Look::Known,
            (Some(when), None) if now.duration_since(when) < fresh => Look::Known,
            (seen, None) => {
                let (sender, receiver) = watch::channel(());
                looks.under_way = Some(receiver.clone());
                if seen.is_some() {
                    Look::DueAgain(sender)
                } else {
                    Look::Due(sender, receiver)
                }
            }
        }
    }

    /// Remembers what was seen for `role` while the structure was `structure`; after a change of
    /// it nothing is, and whoever asks next looks again.
    pub(super) fn seen(&mut self, role: &str, structure: Option<&String>, samples: Samples) {
        if self.structure() != structure {
            self.looks.remove(role);
            return;
        }
        if self.looks.len() > MAX_ROLES {
            self.looks.retain(|_, looks| looks.under_way.is_some());
        }
        let looks = Looks {
            seen: Some((Arc::new(samples), Instant::now())),
            outdated: false,
            under_way: None,
        };
        self.looks.insert(role.to_owned(), looks);
        self.views.remove(&Viewer {
            role: role.to_owned(),
            with_values: true,
        });
    }

    /// Keeps a view, and as many others as there is room for.
    pub(super) fn keep(&mut self, viewer: &Viewer, schema: &Arc<Schema>, now: Instant) {
        let view = View {
            schema: Arc::clone(schema),
            used: now,
        };
        self.views.insert(viewer.clone(), view);
        while self.views.len() > 1 && (self.views.len() > MAX_ROLES || self.kept() > MAX_WIDTH) {
            let oldest = self.views.iter().min_by_key(|(_, view)| view.used);
            let Some(viewer) = oldest.map(|(viewer, _)| viewer.clone()) else {
                break;
            };
            self.views.remove(&viewer);
        }
    }

    fn width(&self) -> usize {
        self.snapshot
            .as_ref()
            .map_or(0, |(snapshot, _)| snapshot.width())
    }

    fn kept(&self) -> usize {
        self.views
            .values()
            .flat_map(|view| &view.schema.tables)
            .map(|t| t.columns.len())
            .sum()
    }
}
