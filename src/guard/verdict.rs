//! What a review comes to.

use std::sync::Arc;

use super::refusal::Refusal;
use crate::sql::splice::Edit;

/// What happens to a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on as it is.
    Forward(Plan),
    /// Another text goes on in its place.
    Rewrite {
        /// That text.
        text: Arc<[u8]>,
        /// How its results are delivered.
        plan: Plan,
    },
    /// None of it runs.
    Refuse(Refusal),
}

/// How the results of a text are delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// For each statement that the server runs, in order; the last one holds for all after it.
    limits: Arc<[ResultLimit]>,
    /// The text is one statement that reads and does nothing else, so that it may be cancelled
    /// once its rows are no longer wanted.
    pub cancellable: bool,
    /// It changes nothing to run the text in a transaction block, from which it can be taken back.
    pub fits_a_block: bool,
    /// How the text that goes on differs from the client's, for mapping error positions back.
    edits: Arc<[Edit]>,
}

impl Plan {
    /// Every result is delivered as it comes.
    pub fn unlimited() -> Self {
        Self::new(&[], false)
    }

    pub(super) fn new(limits: &[ResultLimit], cancellable: bool) -> Self {
        Self {
            limits: limits.into(),
            cancellable,
            fits_a_block: false,
            edits: Arc::new([]),
        }
    }

    #[must_use]
    pub(super) fn with_edits(mut self, edits: Vec<Edit>) -> Self {
        self.edits = edits.into();
        self
    }

    /// How the result of the statement at `index` is delivered; empty statements do not count.
    pub fn limit(&self, index: usize) -> ResultLimit {
        self.limits
            .get(index)
            .or(self.limits.last())
            .copied()
            .unwrap_or(ResultLimit::None)
    }

    /// No result needs to be looked at.
    pub fn is_unlimited(&self) -> bool {
        self.limits.iter().all(|limit| *limit == ResultLimit::None)
    }

    /// The client's byte offset for one in the text that went on; inside what was put in, the
    /// end of what it replaced.
    pub fn original_offset(&self, offset: usize) -> usize {
        // The ends of the last edit passed, in either text.
        let (mut theirs, mut ours) = (0, 0);
        for edit in &*self.edits {
            let start = ours + (edit.at.start - theirs);
            if offset < start {
                break;
            }
            theirs = edit.at.end;
            ours = start + edit.with.len();
            if offset < ours {
                return theirs;
            }
        }
        theirs + (offset - ours)
    }
}

/// Whether the rows of one result are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResultLimit {
    /// They are not.
    None,
    /// No more than so many are delivered.
    Rows(u64),
}
