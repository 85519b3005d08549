//! What a review comes to.

use std::ops::Range;
use std::sync::Arc;

use super::refusal::Refusal;
use super::shape::Shape;
use crate::sql::cursor::CursorAct;
use crate::sql::splice::Edit;

/// What happens to a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on as it is.
    Forward(Plan),
    /// Another text goes on in its place.
    Rewrite {
        /// That text.
        text: Vec<u8>,
        /// How its results are delivered.
        plan: Plan,
    },
    /// None of it runs.
    Refuse(Refusal),
}

/// What a review comes to for every text of one shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The text goes on as it is.
    Forward(Plan),
    /// It goes on with these edits.
    Edit(Box<[Edit]>, Plan),
    /// None of it runs.
    Refuse(Refusal),
}

impl Decision {
    /// What it is for a text that is its own shape.
    pub(super) fn verdict(&self, text: &[u8]) -> Verdict {
        self.verdict_by(&Shape::default(), text)
    }

    /// The bytes that it holds besides itself, about.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Forward(plan) => plan.size(),
            Self::Edit(edits, plan) => {
                let texts: usize = edits.iter().map(|edit| edit.with.len()).sum();
                size_of_val(&**edits) + texts + plan.size()
            }
            Self::Refuse(refusal) => {
                refusal.message.len() + refusal.hint.as_ref().map_or(0, String::len)
            }
        }
    }

    /// What it is for a text of this shape.
    pub(super) fn verdict_by(&self, shape: &Shape, text: &[u8]) -> Verdict {
        match self {
            Self::Forward(plan) => Verdict::Forward(plan.clone()),
            Self::Edit(edits, plan) => rewrite(text, shape, edits, plan.clone()),
            Self::Refuse(refusal) => Verdict::Refuse(refusal.clone()),
        }
    }
}

/// `text` with edits of its shape.
fn rewrite(text: &[u8], shape: &Shape, edits: &[Edit], mut plan: Plan) -> Verdict {
    let grown: usize = edits.iter().map(|edit| edit.with.len()).sum();
    let mut edited = Vec::with_capacity(text.len() + grown);
    let mut copied = 0;
    for edit in edits {
        let at = shape.place(edit.at.start)..shape.place(edit.at.end);
        edited.extend_from_slice(&text[copied..at.start]);
        edited.extend_from_slice(edit.with.as_bytes());
        copied = at.end;
        let with = edit.with.len();
        plan.changes.push(Change { at, with });
    }
    edited.extend_from_slice(&text[copied..]);
    Verdict::Rewrite { text: edited, plan }
}

/// How the results of a text are delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    limits: Limits,
    /// The text is one statement that reads and does nothing else, so that it may be cancelled
    /// once its rows are no longer wanted.
    pub cancellable: bool,
    /// It changes nothing to run the text in a transaction block, from which it can be taken back.
    pub fits_a_block: bool,
    /// What the text is, whatever its values are; `None` where it was not read.
    pub fingerprint: Option<u64>,
    /// What its statements do with cursors, one for each that the server runs; `None` when
    /// none does anything.
    pub(super) cursors: Option<Arc<[Option<CursorAct>]>>,
    /// What the text does to the session's row limit.
    pub bearing: Bearing,
    /// How the text that goes on differs from the client's, for mapping error positions back.
    changes: Vec<Change>,
}

/// What a text does to the session's row limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bearing {
    /// Its results have that limit.
    #[default]
    Obeys,
    /// Running it may change the limit.
    Changes,
    /// It asks for a limit of its own.
    Lifts,
    /// It says that there is none, to who has asked by SHOW.
    Shows,
}

/// The limits of the results of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Limits {
    /// The same for every result: most texts are one statement.
    Same(ResultLimit),
    /// For each statement that the server runs, in order; the last one holds for all after it.
    Each(Arc<[ResultLimit]>),
}

/// An edit that was made, without what it put in.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    /// The client's bytes that went.
    at: Range<usize>,
    /// How many came instead.
    with: usize,
}

impl Plan {
    /// Every result is delivered as it comes.
    pub fn unlimited() -> Self {
        Self::new(&[], false)
    }

    /// As [`unlimited`](Self::unlimited), for the query that stands for a SHOW.
    pub fn shown() -> Self {
        Self {
            bearing: Bearing::Shows,
            ..Self::unlimited()
        }
    }

    pub(super) fn new(limits: &[ResultLimit], cancellable: bool) -> Self {
        let first = limits.first().copied().unwrap_or(ResultLimit::None);
        let limits = if limits.iter().all(|limit| *limit == first) {
            Limits::Same(first)
        } else {
            Limits::Each(limits.into())
        };
        Self {
            limits,
            cancellable,
            fits_a_block: false,
            fingerprint: None,
            cursors: None,
            bearing: Bearing::Obeys,
            changes: Vec::new(),
        }
    }

    /// The bytes that it holds besides itself, about.
    fn size(&self) -> usize {
        let limits = match &self.limits {
            Limits::Same(_) => 0,
            Limits::Each(limits) => size_of_val(&**limits),
        };
        let cursors = self.cursors.iter().flat_map(|cursors| cursors.iter());
        let cursors = cursors.map(|act| {
            let name = act.as_ref().map_or(0, |act| act.name().len());
            size_of_val(act) + name
        });
        limits + cursors.sum::<usize>()
    }

    /// How the result of the statement at `index` is delivered; empty statements do not count.
    pub fn limit(&self, index: usize) -> ResultLimit {
        match &self.limits {
            Limits::Same(limit) => *limit,
            Limits::Each(limits) => limits[index.min(limits.len() - 1)],
        }
    }

    /// What the statement at `index` does with a cursor.
    pub fn cursor(&self, index: usize) -> Option<&CursorAct> {
        self.cursors.as_ref()?.get(index)?.as_ref()
    }

    /// No result needs to be looked at.
    pub fn is_unlimited(&self) -> bool {
        matches!(self.limits, Limits::Same(ResultLimit::None))
    }

    /// The client's byte offset for one in the text that went on; inside what was put in, the
    /// end of what it replaced.
    pub fn original_offset(&self, offset: usize) -> usize {
        // The ends of the last edit passed, in either text.
        let (mut theirs, mut ours) = (0, 0);
        for change in &self.changes {
            let start = ours + (change.at.start - theirs);
            if offset < start {
                break;
            }
            theirs = change.at.end;
            ours = start + change.with;
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
