//! The part of one chunk that goes on to the other side.

use std::ops::Range;

/// What passes through: a stretch of the chunk itself as long as nothing was changed, a copy from
/// the first change on. One write sends it whole either way.
#[derive(Debug)]
pub struct Passage<'a> {
    chunk: &'a [u8],
    stretch: Range<usize>,
    edited: Vec<u8>,
}

impl<'a> Passage<'a> {
    /// Nothing of `chunk` passes yet.
    pub fn new(chunk: &'a [u8]) -> Self {
        Self {
            chunk,
            stretch: 0..0,
            edited: Vec::new(),
        }
    }

    /// Lets a stretch of the chunk pass as it is.
    pub fn pass(&mut self, range: Range<usize>) {
        if !self.edited.is_empty() {
            self.edited.extend_from_slice(&self.chunk[range]);
        } else if self.stretch.is_empty() {
            self.stretch = range;
        } else if self.stretch.end == range.start {
            self.stretch.end = range.end;
        } else {
            let chunk = self.chunk;
            self.edit().extend_from_slice(&chunk[range]);
        }
    }

    /// Where other bytes are added, behind what has passed so far.
    pub fn edit(&mut self) -> &mut Vec<u8> {
        if self.edited.is_empty() {
            self.edited
                .extend_from_slice(&self.chunk[self.stretch.clone()]);
            self.stretch = 0..0;
        }
        &mut self.edited
    }

    /// Puts `bytes` behind what has passed so far.
    pub fn put(&mut self, bytes: Vec<u8>) {
        if self.edited.is_empty() && self.stretch.is_empty() {
            // Nothing to copy: most chunks are one message.
            self.edited = bytes;
        } else {
            self.edit().extend_from_slice(&bytes);
        }
    }

    /// Everything that passes, in order.
    pub fn bytes(&self) -> &[u8] {
        if self.edited.is_empty() {
            &self.chunk[self.stretch.clone()]
        } else {
            &self.edited
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_stretches_are_not_copied() {
        let chunk = b"abcdef";
        let mut passage = Passage::new(chunk);
        passage.pass(0..2);
        passage.pass(2..5);
        assert_eq!(passage.bytes(), b"abcde");
        assert!(std::ptr::eq(passage.bytes().as_ptr(), chunk.as_ptr()));
    }

    #[test]
    fn bytes_put_first_and_later_keep_the_order() {
        let mut passage = Passage::new(b"abcdef");
        passage.put(b"--".to_vec());
        passage.pass(0..2);
        passage.put(b"++".to_vec());
        assert_eq!(passage.bytes(), b"--ab++");
        let mut passage = Passage::new(b"abcdef");
        passage.pass(0..1);
        passage.put(b"--".to_vec());
        assert_eq!(passage.bytes(), b"a--");
    }

    #[test]
    fn a_gap_and_an_insertion_keep_the_order() {
        let mut passage = Passage::new(b"abcdef");
        passage.pass(1..2);
        passage.edit().extend_from_slice(b"--");
        passage.pass(4..6);
        assert_eq!(passage.bytes(), b"b--ef");
        let mut passage = Passage::new(b"abcdef");
        passage.pass(0..1);
        passage.pass(5..6);
        assert_eq!(passage.bytes(), b"af");
    }
}
