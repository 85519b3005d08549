//! Terms that look like a word: by the runs of three letters that they share, and as what is
//! left of it when it is shortened.

use std::collections::HashMap;

use super::terms::Term;
use super::terms::Terms;

/// Share of the runs of letters that two words must have in common (Dice's coefficient).
const NEAR: f32 = 0.5;

/// What likeness counts beside identity.
const LIKENESS: f32 = 0.7;

/// What a term counts that the word is a part of.
const INSIDE: f32 = 0.6;

/// What an abbreviation counts.
const SHORTENED: f32 = 0.6;

/// Letters of a word that may be taken for another, and of abbreviations.
const SHORTEST_WORD: usize = 4;
const SHORTEST_ABBREVIATION: usize = 3;
const LONGEST_ABBREVIATION: usize = 6;

/// Terms by the runs of three letters in them.
pub(super) struct Grams {
    by_gram: HashMap<[u8; 3], Vec<Term>>,
    /// How many runs each term has.
    counts: Vec<u8>,
    /// Short terms that are no common words, by their first letter.
    short: HashMap<u8, Vec<Term>>,
}

impl Grams {
    /// Indexes `terms`.
    pub(super) fn new(terms: &Terms) -> Self {
        let mut by_gram: HashMap<[u8; 3], Vec<Term>> = HashMap::new();
        let mut counts = Vec::with_capacity(terms.len());
        for term in 0..terms.len() as Term {
            let grams = grams(terms.text(term));
            counts.push(u8::try_from(grams.len()).unwrap_or(u8::MAX));
            for gram in grams {
                by_gram.entry(gram).or_default().push(term);
            }
        }
        let mut short: HashMap<u8, Vec<Term>> = HashMap::new();
        for &term in terms.uncommon() {
            let text = terms.text(term).as_bytes();
            if (SHORTEST_ABBREVIATION..=LONGEST_ABBREVIATION).contains(&text.len()) {
                short.entry(text[0]).or_default().push(term);
            }
        }
        Self {
            by_gram,
            counts,
            short,
        }
    }

    /// Adds to `found` the terms that look like `word` with its `stem`, and how much.
    pub(super) fn near(&self, word: &str, stem: &str, terms: &Terms, found: &mut Vec<(Term, f32)>) {
        let letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic());
        if stem.len() < SHORTEST_WORD || !letters(stem) {
            return;
        }
        let own = grams(stem);
        for (term, shared) in self.sharing(&own) {
            let text = terms.text(term);
            let both = own.len() + usize::from(self.counts[term as usize]);
            let likeness = 2.0 * shared as f32 / both as f32;
            if text == stem {
                continue;
            }
            if likeness >= NEAR {
                found.push((term, likeness * LIKENESS));
            } else if text.contains(stem) {
                found.push((term, INSIDE));
            }
        }
        let short = self.short.get(&word.as_bytes()[0]);
        for &term in short.map_or(&[][..], Vec::as_slice) {
            if is_short_for(terms.text(term), word) {
                found.push((term, SHORTENED));
            }
        }
    }

    /// Terms that share runs with `own`: enough of them to be near, or to have the word inside.
    fn sharing(&self, own: &[[u8; 3]]) -> Vec<(Term, usize)> {
        let mut shared = vec![0_u8; self.counts.len()];
        let mut met = Vec::new();
        for gram in own {
            for &term in self.by_gram.get(gram).map_or(&[][..], Vec::as_slice) {
                let count = &mut shared[term as usize];
                if *count == 0 {
                    met.push(term);
                }
                *count = count.saturating_add(1);
            }
        }
        // All but the first and last run of a word are in what holds it.
        let enough = own.len().saturating_sub(2).min(own.len() / 2).max(1);
        met.retain(|&term| usize::from(shared[term as usize]) >= enough);
        met.into_iter()
            .map(|term| (term, usize::from(shared[term as usize])))
            .collect()
    }
}

/// The different runs of three bytes of a text, its ends marked.
fn grams(text: &str) -> Vec<[u8; 3]> {
    let marked: Vec<u8> = [b'^']
        .into_iter()
        .chain(text.bytes())
        .chain([b'$'])
        .collect();
    let mut grams: Vec<[u8; 3]> = marked
        .windows(3)
        .map(|run| [run[0], run[1], run[2]])
        .collect();
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// Whether `short` is the beginning of `word`, or what is left of it without vowels: `dept` and
/// `dpt` of `department`.
fn is_short_for(short: &str, word: &str) -> bool {
    if short.len() >= word.len() {
        return false;
    }
    if word.starts_with(short) {
        return true;
    }
    let consonants = |text: &str| !text.bytes().skip(2).any(|byte| b"aeiou".contains(&byte));
    let mut rest = word.bytes();
    consonants(short) && short.bytes().all(|byte| rest.any(|other| other == byte))
}

#[cfg(test)]
mod tests {
    use super::is_short_for;

    #[test]
    fn abbreviations_are_beginnings_or_consonants_in_order() {
        assert!(is_short_for("cust", "customer"));
        assert!(is_short_for("qty", "quantity"));
        assert!(is_short_for("dept", "department"));
        assert!(!is_short_for("customers", "customer"));
        assert!(!is_short_for("coer", "customer"));
    }
}
