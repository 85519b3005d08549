//! Stored spellings that a question holds, matched inside this process: nothing is shown or sent.

use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;

use super::words::each_word;
use super::words::is_stop;
use crate::sql::schema::Column;

/// Words of the longest spelling that is matched.
const LONGEST: usize = 5;

/// Columns by hashes of the spellings stored in them.
#[derive(Default)]
pub(super) struct Values {
    columns: Vec<(u64, u32)>,
}

impl Values {
    /// Adds what is known to be stored in `column`, and its labels.
    pub(super) fn add(&mut self, number: u32, column: &Column) {
        for value in column.common_values.iter().chain(column.enum_labels.iter()) {
            let mut words = Vec::new();
            each_word(value, |word| {
                if words.len() <= LONGEST {
                    words.push(word.to_owned());
                }
            });
            if (1..=LONGEST).contains(&words.len()) && says_something(&words) {
                self.columns.push((hash(&words), number));
            }
        }
    }

    /// Makes what was added ready to be looked up.
    pub(super) fn finish(&mut self) {
        self.columns.sort_unstable();
        self.columns.dedup();
        self.columns.shrink_to_fit();
    }

    /// Calls `take` with each spelling that stands in the words of a question: how many words it
    /// has, and the columns where it is stored.
    pub(super) fn each_in(&self, words: &[String], mut take: impl FnMut(usize, &[(u64, u32)])) {
        if self.columns.is_empty() {
            return;
        }
        for start in 0..words.len() {
            for length in 1..=LONGEST.min(words.len() - start) {
                let run = &words[start..start + length];
                if !says_something(run) {
                    continue;
                }
                let hash = hash(run);
                let first = self.columns.partition_point(|&(known, _)| known < hash);
                let rest = &self.columns[first..];
                let found = rest.partition_point(|&(known, _)| known == hash);
                if found > 0 {
                    take(length, &rest[..found]);
                }
            }
        }
    }
}

/// Whether words could mean a stored value: not figures alone, not `the` or `y`.
fn says_something(words: &[String]) -> bool {
    words
        .iter()
        .any(|word| word.len() > 1 && !is_stop(word) && word.chars().any(char::is_alphabetic))
}

fn hash(words: &[String]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Values;
    use crate::nl::retrieval::words::words;
    use crate::sql::schema::Column;

    #[test]
    fn spellings_are_found_whatever_their_case() {
        let mut values = Values::default();
        let stored = ["New York", "the", "12"].map(str::to_owned);
        let column = Column {
            common_values: Arc::from(stored),
            ..Column::default()
        };
        values.add(7, &column);
        values.finish();
        let mut found = Vec::new();
        values.each_in(&words("the 12 largest in new york?"), |length, columns| {
            found.push((length, columns[0].1));
        });
        assert_eq!(found, [(2, 7)]);
    }
}
