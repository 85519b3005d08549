//! Where the words of a changed text stand in the client's own: errors tell a place.

use crate::sql::splice::Edit;

/// How places in a text that was sent are those of another. Counted in characters, from 1, as
/// PostgreSQL counts them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
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

/// Bytes that must be equal for two texts to go on alike.
const ALIKE: usize = 8;

/// Bytes that may have gone at one place: a number's.
const LONGEST_NUMBER: usize = 32;

/// Bytes that may have been put in at one place.
const LONGEST_PIECE: usize = 200;

impl Places {
    /// Places in what `edits` make of `text`.
    pub(super) fn of(text: &[u8], edits: &[Edit]) -> Self {
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

    /// Places in `sent`, which is `text` with pieces put in and numbers changed, as far as it shows.
    pub(super) fn between(text: &[u8], sent: &[u8]) -> Self {
        let counts = Counts::of(text);
        let mut edits = Vec::new();
        let (mut own, mut there) = (0, 0);
        loop {
            let alike = text[own..].iter().zip(&sent[there..]);
            let alike = alike.take_while(|(a, b)| a == b).count();
            (own, there) = (own + alike, there + alike);
            if own == text.len() && there == sent.len() {
                return Self { edits };
            }
            let before = counts.count(&sent[..there]);
            let (gone, put) = piece(&text[own..], &sent[there..]);
            edits.push(Edited {
                before,
                sent: counts.count(&sent[there..there + put]),
                own: counts.count(&text[own..own + gone]),
            });
            (own, there) = (own + gone, there + put);
        }
    }

    /// The place in the client's text for one in the text that was sent.
    pub(super) fn back(&self, place: usize) -> usize {
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

/// How long the piece is that `text` and `sent` begin with in place of one another, in bytes.
fn piece(text: &[u8], sent: &[u8]) -> (usize, usize) {
    let near = &sent[..sent.len().min(LONGEST_PIECE)];
    for gone in 0..text.len().min(LONGEST_NUMBER) {
        let next = &text[gone..text.len().min(gone + ALIKE)];
        if let Some(put) = memchr::memmem::find(near, next) {
            return (gone, put);
        }
    }
    // All the rest differs.
    (text.len(), sent.len())
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

    #[test]
    fn places_behind_several_pieces_are_found() {
        let own = "SELECT a FROM t; SELECT b FROM t";
        let sent = "SELECT a FROM t LIMIT 10; SELECT b FROM t LIMIT 10";
        let places = Places::between(own.as_bytes(), sent.as_bytes());
        assert_eq!(places.back(8), 8);
        assert_eq!(places.back(34), 25);
        let sent = "SELECT a FROM t LIMIT 2; SELECT b FROM t";
        let own = "SELECT a FROM t LIMIT 900; SELECT b FROM t";
        let places = Places::between(own.as_bytes(), sent.as_bytes());
        assert_eq!(places.back(33), 35);
        let sent = "SELECT 1 LIMIT 6; SELECT 'a' LIMIT 6; SELECT b LIMIT 6";
        let own = "SELECT 1; SELECT 'a' LIMIT 100; SELECT b";
        let places = Places::between(own.as_bytes(), sent.as_bytes());
        assert_eq!([46, 47].map(|place| places.back(place)), [40, 41]);
    }
}
