//! Remembers verdicts, so that a text that comes again is not read again, whatever its values are.
//!
//! One for each worker, used by it alone. An entry is found by a hash and believed only if the
//! text's shape is the same byte for byte. Bounded in entries and in bytes: the cache is two halves, and
//! when the younger one is full the older one is dropped, so that what is used stays.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::hash::Hasher;
use std::hash::RandomState;

use super::shape::Shape;
use super::verdict::Decision;
use super::verdict::Verdict;

/// What, besides the text, a verdict depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CacheKey {
    /// The policy, by a number that changes when it does.
    pub policy: u64,
    /// [`Facts::version`](crate::sql::schema::Facts), or 0 without facts.
    pub facts: u64,
    /// [`Objects::version`](crate::sql::objects::Objects), or 0 without objects.
    pub objects: u64,
    /// The session's row limit, which is not always the policy's.
    pub rows: Option<u64>,
}

/// A bounded map from the shapes of texts to verdicts.
#[derive(Debug)]
pub struct DecisionCache {
    hasher: RandomState,
    /// Of the text that is looked up.
    shape: Shape,
    young: Half,
    old: Half,
    /// Hashes of shapes that came once, each in the place that it has by itself. Most texts whose
    /// values are not left out never come again: they are not worth an entry.
    seen: Box<[u64]>,
    most_entries: usize,
    most_bytes: usize,
}

#[derive(Debug, Default)]
struct Half {
    /// By the hash of key and shape: two shapes with one hash take turns.
    entries: HashMap<u64, Entry, Identity>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    key: CacheKey,
    shape: Box<[u8]>,
    decision: Decision,
}

/// Longer texts are reviewed each time: reading them costs more than reviewing them.
const LONGEST_TEXT: usize = 16 * 1024;
/// Shapes of which it is remembered that they came.
const SEEN: usize = 4096;
/// What an entry takes besides its text, about.
const OVERHEAD: usize = 256;

impl DecisionCache {
    /// A cache of at most `entries` verdicts in at most `bytes`.
    pub fn new(entries: usize, bytes: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            shape: Shape::default(),
            young: Half::default(),
            old: Half::default(),
            seen: vec![0; SEEN].into_boxed_slice(),
            most_entries: entries / 2,
            most_bytes: bytes / 2,
        }
    }

    /// The verdict on `text`, by `decide` if none on a text of its shape is known. `decide` is given
    /// the shape.
    pub fn verdict(
        &mut self,
        key: CacheKey,
        text: &[u8],
        decide: impl FnOnce(&[u8]) -> Decision,
    ) -> Verdict {
        if text.len() > LONGEST_TEXT {
            return decide(text).verdict(text);
        }
        self.shape.become_of(text);
        let hash = self.hash(key);
        if let Some(entry) = self.young.entries.get(&hash)
            && entry.is_for(key, self.shape.bytes())
        {
            return entry.decision.verdict_by(&self.shape, text);
        }
        if let Some(entry) = self.old.take(hash, key, self.shape.bytes()) {
            let verdict = entry.decision.verdict_by(&self.shape, text);
            self.keep(hash, entry);
            return verdict;
        }
        let decision = decide(self.shape.bytes());
        let verdict = decision.verdict_by(&self.shape, text);
        if self.has_seen(hash) {
            let shape = self.shape.bytes().into();
            let entry = Entry {
                key,
                shape,
                decision,
            };
            self.keep(hash, entry);
        }
        verdict
    }

    /// The hash of the key and the shape that are looked up.
    fn hash(&self, key: CacheKey) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        // In two pieces: each one that is hashed costs something.
        hasher.write(self.shape.bytes());
        let versions = key.facts ^ key.objects.rotate_left(16);
        hasher.write_u64(key.policy.rotate_left(32) ^ versions);
        hasher.finish()
    }

    /// Whether a shape with this hash has come before.
    fn has_seen(&mut self, hash: u64) -> bool {
        let place = hash as usize % SEEN;
        std::mem::replace(&mut self.seen[place], hash) == hash
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.young = Half::default();
        self.old = Half::default();
    }

    /// The bytes that its entries take, about.
    pub fn bytes(&self) -> usize {
        self.young.bytes + self.old.bytes
    }

    /// How many verdicts it holds.
    pub fn len(&self) -> usize {
        self.young.entries.len() + self.old.entries.len()
    }

    /// It holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn keep(&mut self, hash: u64, entry: Entry) {
        let size = entry.size();
        if size > self.most_bytes || self.most_entries == 0 {
            return;
        }
        let full = self.young.entries.len() >= self.most_entries
            || self.young.bytes + size > self.most_bytes;
        if full {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.put(hash, entry);
    }
}

impl Half {
    fn put(&mut self, hash: u64, entry: Entry) {
        self.bytes += entry.size();
        if let Some(replaced) = self.entries.insert(hash, entry) {
            self.bytes -= replaced.size();
        }
    }

    fn take(&mut self, hash: u64, key: CacheKey, shape: &[u8]) -> Option<Entry> {
        if !self.entries.get(&hash)?.is_for(key, shape) {
            return None;
        }
        let entry = self.entries.remove(&hash)?;
        self.bytes -= entry.size();
        Some(entry)
    }
}

impl Entry {
    fn is_for(&self, key: CacheKey, shape: &[u8]) -> bool {
        self.key == key && *self.shape == *shape
    }

    fn size(&self) -> usize {
        OVERHEAD + self.shape.len() + self.decision.size()
    }
}

/// The keys of the map are hashes already, made with a secret of this process.
#[derive(Debug, Clone, Copy, Default)]
struct Identity;

impl BuildHasher for Identity {
    type Hasher = IdentityHasher;

    fn build_hasher(&self) -> IdentityHasher {
        IdentityHasher(0)
    }
}

#[derive(Debug)]
struct IdentityHasher(u64);

impl Hasher for IdentityHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Policy;
    use crate::guard::Plan;
    use crate::guard::decide;

    fn forward(_: &[u8]) -> Decision {
        Decision::Forward(Plan::unlimited())
    }

    #[test]
    fn a_text_that_comes_a_third_time_is_not_reviewed_again() {
        let mut cache = DecisionCache::new(10, 1 << 20);
        cache.verdict(CacheKey::default(), b"SELECT 1", forward);
        assert!(cache.is_empty(), "most texts come once");
        cache.verdict(CacheKey::default(), b"SELECT 1", forward);
        let again = cache.verdict(CacheKey::default(), b"SELECT 1", |_| {
            panic!("reviewed again")
        });
        assert_eq!(again, Verdict::Forward(Plan::unlimited()));
    }

    #[test]
    fn another_policy_other_facts_or_other_objects_are_reviewed() {
        let mut cache = DecisionCache::new(10, 1 << 20);
        let mut reviews = 0;
        for (policy, facts, objects) in [
            (1, 1, 1),
            (1, 1, 1),
            (2, 1, 1),
            (1, 2, 1),
            (1, 1, 2),
            (1, 1, 1),
        ] {
            let key = CacheKey {
                policy,
                facts,
                objects,
                rows: None,
            };
            cache.verdict(key, b"SELECT 1", |shape| {
                reviews += 1;
                forward(shape)
            });
        }
        assert_eq!(reviews, 5);
    }

    #[test]
    fn a_flood_of_texts_stays_within_bounds_and_spares_what_is_used() {
        let mut cache = DecisionCache::new(100, 1 << 16);
        let mut reviews = 0;
        for number in 0..10_000 {
            let text = format!("SELECT {number}");
            cache.verdict(CacheKey::default(), text.as_bytes(), forward);
            cache.verdict(CacheKey::default(), b"SELECT now()", |shape| {
                reviews += 1;
                forward(shape)
            });
            cache.verdict(CacheKey::default(), text.as_bytes(), forward);
            assert!(cache.len() <= 100 && cache.bytes() <= 1 << 16);
        }
        assert_eq!(reviews, 2);
    }

    #[test]
    fn what_a_verdict_holds_counts_as_its_text_does() {
        let policy = Policy {
            row_limit: Some(10),
            ..Policy::default()
        };
        for statement in [
            "FETCH c;",
            "SELECT 1;",
            "INSERT INTO t VALUES (1); SELECT 1;",
        ] {
            let text = statement.repeat(100);
            let mut cache = DecisionCache::new(10, 1 << 20);
            for _ in 0..2 {
                let decide = |shape: &[u8]| decide(shape, &policy, None);
                cache.verdict(CacheKey::default(), text.as_bytes(), decide);
            }
            let besides = cache.bytes() - OVERHEAD - text.len();
            assert!(besides >= 100 * 8, "{statement}: {besides}");
        }
    }

    #[test]
    fn long_texts_are_not_kept() {
        let mut cache = DecisionCache::new(10, 1 << 20);
        cache.verdict(CacheKey::default(), &vec![b' '; LONGEST_TEXT + 1], forward);
        assert!(cache.is_empty());
    }
}
