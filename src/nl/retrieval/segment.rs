//! Takes run-together words apart: `haslasttradedvalue` is `has last traded value`.
//!
//! The dictionary is made when a schema is indexed: common English words and those words of the
//! schema that cannot be taken apart themselves.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Common words of databases and of English, by white space.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("words.txt").split_whitespace().collect());

/// Bytes of the longest word that is taken apart. The work is in the square of it.
const LONGEST: usize = 128;

/// Bytes of the shortest word that is taken apart.
const SHORTEST: usize = 6;

/// Bytes of the shortest word of a schema that may be a part of another.
const SHORTEST_PART: usize = 4;

/// What each part costs, for short ones by their length: the fewer and longer, the better.
const COST_OF_SHORT: [u32; 5] = [0, 0, 8, 4, 3];
const COST: u32 = 2;

/// Whether `word` is a common one.
pub(super) fn is_common(word: &str) -> bool {
    COMMON.contains(word)
}

/// The words that others may consist of.
pub(super) struct Dictionary {
    words: HashSet<Box<str>>,
    longest: usize,
}

impl Dictionary {
    /// Common words and those of `seen`, in lower case, that do not consist of others.
    pub(super) fn new<'a>(seen: impl Iterator<Item = &'a str>) -> Self {
        let longest = COMMON.iter().map(|word| word.len()).max().unwrap_or(0);
        let mut dictionary = Self {
            words: HashSet::new(),
            longest,
        };
        let plain = |word: &&str| {
            word.len() >= SHORTEST_PART
                && word.len() <= LONGEST
                && word.chars().all(char::is_alphabetic)
        };
        let mut seen: Vec<&str> = seen.filter(plain).collect();
        seen.sort_unstable_by_key(|word| (word.len(), *word));
        seen.dedup();
        for word in seen {
            if dictionary.parts(word).is_empty() {
                dictionary.longest = dictionary.longest.max(word.len());
                dictionary.words.insert(word.into());
            }
        }
        dictionary
    }

    /// Whether `word` is one of its words.
    fn has(&self, word: &str) -> bool {
        is_common(word) || self.words.contains(word)
    }

    /// The words that `word` consists of, when that are several.
    pub(super) fn parts<'w>(&self, word: &'w str) -> Vec<&'w str> {
        if word.len() < SHORTEST || word.len() > LONGEST || !word.is_ascii() || self.has(word) {
            return Vec::new();
        }
        // The cheapest way to write the first `end` bytes, and where its last part begins.
        let mut best: Vec<Option<(u32, usize)>> = vec![None; word.len() + 1];
        best[0] = Some((0, 0));
        for end in 2..=word.len() {
            for start in end.saturating_sub(self.longest)..end - 1 {
                let Some((before, _)) = best[start] else {
                    continue;
                };
                let length = end - start;
                let cost = before + COST_OF_SHORT.get(length).copied().unwrap_or(COST);
                if best[end].is_none_or(|(known, _)| cost < known) && self.has(&word[start..end]) {
                    best[end] = Some((cost, start));
                }
            }
        }
        let mut parts = Vec::new();
        let mut end = word.len();
        while let Some((_, start)) = best[end].filter(|_| end > 0) {
            parts.push(&word[start..end]);
            end = start;
        }
        parts.reverse();
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::Dictionary;

    #[test]
    fn words_run_together_are_taken_apart() {
        let dictionary = Dictionary::new(["monetary"].into_iter());
        let parts = |word| dictionary.parts(word);
        assert_eq!(
            parts("haslasttradedvalue"),
            ["has", "last", "traded", "value"]
        );
        assert_eq!(
            parts("financialserviceaccount"),
            ["financial", "service", "account"]
        );
        assert_eq!(parts("monetaryamount"), ["monetary", "amount"]);
    }

    #[test]
    fn words_of_the_schema_are_parts_of_its_longer_words() {
        let seen = ["sprocket", "sprocketorders", "widgetsprocket", "widget"];
        let dictionary = Dictionary::new(seen.into_iter());
        assert_eq!(dictionary.parts("widgetsprocket"), ["widget", "sprocket"]);
        assert!(!dictionary.has("widgetsprocket"));
    }

    #[test]
    fn a_word_stays_whole_when_a_rest_would_be_left() {
        let dictionary = Dictionary::new([].into_iter());
        assert!(dictionary.parts("warehouse").is_empty());
        assert!(dictionary.parts("zzaccount").is_empty());
        assert!(dictionary.parts("løpenummer").is_empty());
    }
}
