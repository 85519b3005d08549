//! The words of a schema as terms: stems with a number each, run-together words taken apart.

use std::collections::HashMap;

use rust_stemmers::Algorithm;
use rust_stemmers::Stemmer;

use super::segment::Dictionary;
use super::segment::is_common;
use super::words::each_word;

/// A term by its number.
pub(super) type Term = u32;

/// Every term of a schema.
pub(super) struct Terms {
    numbers: HashMap<Box<str>, Term>,
    texts: Vec<Box<str>>,
    /// Those of words that are not common: names run together, abbreviations.
    uncommon: Vec<Term>,
}

impl Terms {
    /// The number of a stem.
    pub(super) fn number(&self, stem: &str) -> Option<Term> {
        self.numbers.get(stem).copied()
    }

    /// The stem with a number.
    pub(super) fn text(&self, term: Term) -> &str {
        &self.texts[term as usize]
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// Those of words that are not common.
    pub(super) fn uncommon(&self) -> &[Term] {
        &self.uncommon
    }
}

/// Reads texts and identifiers as terms, and numbers those that are new.
pub(super) struct Reader {
    stemmer: Stemmer,
    dictionary: Dictionary,
    terms: Terms,
    /// What each word met so far was read as.
    met: HashMap<String, Vec<Term>>,
}

impl Reader {
    /// A reader that takes words apart by `dictionary`.
    pub(super) fn new(dictionary: Dictionary) -> Self {
        let terms = Terms {
            numbers: HashMap::new(),
            texts: Vec::new(),
            uncommon: Vec::new(),
        };
        Self {
            stemmer: Stemmer::create(Algorithm::English),
            dictionary,
            terms,
            met: HashMap::new(),
        }
    }

    /// The terms of `text`, with repetitions. A word that consists of others is both.
    pub(super) fn read(&mut self, text: &str) -> Vec<Term> {
        let mut read = Vec::new();
        each_word(text, |word| {
            if let Some(terms) = self.met.get(word) {
                read.extend(terms);
                return;
            }
            let terms = self.of_word(word);
            read.extend(&terms);
            self.met.insert(word.to_owned(), terms);
        });
        read
    }

    /// Ends the reading.
    pub(super) fn finish(self) -> Terms {
        self.terms
    }

    fn of_word(&mut self, word: &str) -> Vec<Term> {
        let mut words = vec![word.to_owned()];
        words.extend(self.dictionary.parts(word).into_iter().map(str::to_owned));
        words.iter().map(|word| self.term(word)).collect()
    }

    fn term(&mut self, word: &str) -> Term {
        let stem = self.stemmer.stem(word);
        if let Some(&term) = self.terms.numbers.get(stem.as_ref()) {
            return term;
        }
        let term = self.terms.texts.len() as Term;
        self.terms.numbers.insert(stem.as_ref().into(), term);
        self.terms.texts.push(stem.as_ref().into());
        if !is_common(word) {
            self.terms.uncommon.push(term);
        }
        term
    }
}
