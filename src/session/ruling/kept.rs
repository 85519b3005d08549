//! A text that is looked at twice, because it has to wait for a server connection, is ruled on once.

use super::Ruling;

/// Longer texts are looked at again when they have waited.
const LONGEST: usize = 4096;

/// A text that waits for a server connection, and what becomes of it.
#[derive(Default)]
pub(super) struct Kept(Option<Box<(Vec<u8>, Ruling)>>);

impl Kept {
    /// Remembers what becomes of `text`.
    pub(super) fn keep(&mut self, text: &[u8], ruling: Ruling) {
        if text.len() <= LONGEST {
            self.0 = Some(Box::new((text.to_vec(), ruling)));
        }
    }

    /// What becomes of `text`, if that is the one; either way nothing is kept any more.
    pub(super) fn take(&mut self, text: &[u8]) -> Option<Ruling> {
        let (kept, ruling) = *self.0.take()?;
        (kept == text).then_some(ruling)
    }
}

#[cfg(test)]
mod tests {
    use super::Kept;
    use super::LONGEST;
    use crate::guard::Plan;
    use crate::session::ruling::Ruling;

    #[test]
    fn what_is_kept_holds_for_its_own_text_and_once() {
        let mut kept = Kept::default();
        kept.keep(b"SELECT 1", Ruling::Forward(Plan::unlimited()));
        assert!(matches!(kept.take(b"SELECT 1"), Some(Ruling::Forward(_))));
        assert!(kept.take(b"SELECT 1").is_none());
        kept.keep(b"SELECT 1", Ruling::Forward(Plan::unlimited()));
        assert!(kept.take(b"SELECT 2").is_none());
        assert!(kept.take(b"SELECT 1").is_none());
        kept.keep(&[b' '; LONGEST + 1], Ruling::Forward(Plan::unlimited()));
        assert!(kept.take(&[b' '; LONGEST + 1]).is_none());
    }
}
