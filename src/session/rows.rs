//! The rows of one result, counted against what its policy lets through.

use super::limit::Cut;
use crate::guard::Bearing;
use crate::guard::Plan;
use crate::guard::ResultLimit;

/// Rows of one result, which may come in several parts: a portal's by several Executes, a cursor's
/// by FETCH after FETCH. Where no row may be missing, nothing is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rows {
    /// Rows that may be delivered; `None` is all, however many bytes they are.
    pub limit: Option<u64>,
    /// Rows that were delivered, of all parts.
    pub delivered: u64,
    /// Rows that were delivered of the part that is coming in.
    pub part: u64,
    /// Bytes of the rows that were delivered.
    bytes: u64,
    /// What ended it for the client.
    cut: Option<Cut>,
    /// Rows of the part that is coming in were left out.
    lacks: bool,
    /// The statement may be cancelled once its rows are no longer wanted: it is alone, reads only,
    /// and the server would go on.
    pub cancellable: bool,
    /// What the text is that they are a result of, where that is known.
    pub fingerprint: Option<u64>,
    /// What running the text does to the session's row limit.
    bearing: Bearing,
}

impl Rows {
    /// None seen yet, and so many may be delivered.
    pub(super) fn up_to(limit: Option<u64>) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// None seen yet.
    pub(super) fn of(plan: &Plan, result: usize) -> Self {
        let limit = match plan.limit(result) {
            ResultLimit::None => None,
            ResultLimit::Rows(rows) => Some(rows),
        };
        Self {
            limit,
            cancellable: plan.cancellable,
            fingerprint: plan.fingerprint,
            bearing: plan.bearing,
            ..Self::default()
        }
    }

    /// Counts one more row, a message of `size` bytes; whether the client gets it. All rows of a
    /// result together may have `most_bytes`.
    pub(super) fn admit(&mut self, size: usize, most_bytes: Option<usize>) -> bool {
        let Some(limit) = self.limit else { return true };
        let bytes = self.bytes.saturating_add(size as u64);
        if self.cut.is_none() {
            let too_long = most_bytes.filter(|&most| bytes > most as u64);
            self.cut = if self.delivered >= limit {
                Some(Cut::Rows(limit))
            } else {
                too_long.map(Cut::Bytes)
            };
        }
        if self.cut.is_some() {
            self.lacks = true;
            return false;
        }
        self.bytes = bytes;
        self.delivered += 1;
        self.part += 1;
        true
    }

    /// Running the text may have changed the session's row limit.
    pub(super) fn changes_limit(&self) -> bool {
        self.bearing == Bearing::Changes
    }

    /// The query stands for a SHOW.
    pub(super) fn are_shown(&self) -> bool {
        self.bearing == Bearing::Shows
    }

    /// What cut the part that is coming in, when rows of it were left out.
    pub(super) fn exceeded(&self) -> Option<Cut> {
        self.cut.filter(|_| self.lacks)
    }

    /// The same before its next part.
    #[must_use]
    pub(super) fn resumed(self) -> Self {
        Self {
            part: 0,
            lacks: false,
            ..self
        }
    }

    /// The same under the limit of the session, which may have changed since. In a text that was
    /// `spliced` stands the limit that it had then, so it cannot become higher.
    #[must_use]
    pub(super) fn under(self, limit: Option<u64>, spliced: bool) -> Self {
        let now = match (self.limit, limit) {
            (Some(own), Some(limit)) if self.bearing != Bearing::Lifts => {
                Some(if spliced { limit.min(own) } else { limit })
            }
            (own, _) => own,
        };
        Self { limit: now, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(rows: u64) -> Rows {
        Rows::up_to(Some(rows))
    }

    #[test]
    fn parts_are_counted_together_and_told_apart() {
        let mut rows = limited(3);
        assert!(rows.admit(10, None) && rows.admit(10, None));
        assert_eq!((rows.part, rows.exceeded()), (2, None));
        let mut rows = rows.resumed();
        assert!(rows.admit(10, None) && !rows.admit(10, None));
        assert_eq!((rows.part, rows.exceeded()), (1, Some(Cut::Rows(3))));
        let rows = rows.resumed();
        assert_eq!((rows.part, rows.exceeded()), (0, None));
    }

    #[test]
    fn bytes_end_a_result_with_whole_rows() {
        let mut rows = limited(100);
        assert!(rows.admit(60, Some(100)));
        assert!(!rows.admit(60, Some(100)));
        // What would fit is left out too: the rows delivered are the first ones.
        assert!(!rows.admit(10, Some(100)));
        assert_eq!(rows.exceeded(), Some(Cut::Bytes(100)));
        assert_eq!(rows.delivered, 1);
    }

    #[test]
    fn what_has_no_limit_stays_so() {
        let mut rows = Rows::default().under(Some(1), false);
        assert!(rows.admit(1000, Some(10)) && rows.admit(1000, Some(10)));
    }

    #[test]
    fn a_limit_in_the_text_does_not_rise() {
        assert_eq!(limited(5).under(Some(2), false).limit, Some(2));
        assert_eq!(limited(5).under(Some(2), true).limit, Some(2));
        assert_eq!(limited(5).under(Some(9), false).limit, Some(9));
        assert_eq!(limited(5).under(Some(9), true).limit, Some(5));
        assert_eq!(limited(5).under(None, false).limit, Some(5));
    }
}
