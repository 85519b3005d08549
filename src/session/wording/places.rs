//! Where the words of a changed text stand in the client's own: errors tell a place.

use crate::sql::splice::Edit;

/// How places in a text that was sent are those of another. Counted in characters, from 1, as
/// PostgreSQL counts them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::session) struct Places {
    /// In order.
    edits: Vec<Edited>,
}

/// One piece that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Edited {
    /// Characters before it, in the text that was sent.
    before: usize,
    /// Its characters there.
    sent: usize,
    /// Its characters in the other.
    own: usize,
}

impl Places {
    /// Places in what `edits` make of `text`.
    pub(in crate::session) fn of(text: &[u8], edits: &[Edit]) -> Self {
        let counts = Counts::of(text);
        let mut grown = 0_isize;
        let edits = edits.iter().map(|edit| {
            let own = counts.count(&text[edit.at.clone()]);
            let sent = counts.count(edit.with.as_bytes());
            let before = counts
                .count(&text[..edit.at.start])
                .saturating_add_signed(grown);
            grown += sent as isize - own as isize;
            Edited { before, sent, own }
        });
        Self {
            edits: edits.collect(),
        }
    }

    /// The place in the client's text for one in the text that was sent.
    pub(in crate::session) fn back(&self, place: usize) -> usize {
        let mut moved = place as isize;
        for edit in &self.edits {
            // Places count from 1.
            if place <= edit.before {
                break;
            }
            if place <= edit.before + edit.sent {
                let inside = place - edit.before - 1;
                let start = moved - inside as isize;
                return start.max(1) as usize + inside.min(edit.own.saturating_sub(1));
            }
            moved += edit.own as isize - edit.sent as isize;
        }
        moved.max(1) as usize
    }
}

/// How characters are counted.
#[derive(Clone, Copy)]
enum Counts {
    Utf8,
    Bytes,
}

impl Counts {
    /// The encoding of the client shows in the text itself, as far as it matters.
    fn of(text: &[u8]) -> Self {
        if std::str::from_utf8(text).is_ok() {
            Self::Utf8
        } else {
            Self::Bytes
        }
    }

    fn count(self, text: &[u8]) -> usize {
        match self {
            Self::Utf8 => text.iter().filter(|&&byte| byte & 0xc0 != 0x80).count(),
            Self::Bytes => text.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(at: std::ops::Range<usize>, with: &str) -> Edit {
        let with = with.to_owned();
        Edit { at, with }
    }

    #[test]
    fn places_before_inside_and_behind_an_edit_are_found() {
        // `PREPARE é AS x` is sent as `PREPARE "name" AS x`.
        let places = Places::of("PREPARE é AS x".as_bytes(), &[edit(8..10, "\"name\"")]);
        assert_eq!([1, 8, 9, 11].map(|place| places.back(place)), [1, 8, 9, 9]);
        assert_eq!([15, 16, 19].map(|place| places.back(place)), [10, 11, 14]);
    }
}
