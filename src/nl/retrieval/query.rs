//! A question as groups of terms: what each of its words may be called in a schema.

use rust_stemmers::Algorithm;
use rust_stemmers::Stemmer;

use super::index::Index;
use super::related::related;
use super::terms::Term;
use super::words::is_stop;

/// What a word counts that is used for another: less where the schema has the other, too.
const RELATED: f32 = 0.6;
const RELATED_BESIDE: f32 = 0.4;

/// Words in a row that a schema may write as one.
const RUN: usize = 3;

/// One word of a question, or several that a schema writes as one.
#[derive(Debug)]
pub(super) struct Group {
    /// Terms that it may stand for, each with how alike they are: 0 to 1.
    pub(super) terms: Vec<(Term, f32)>,
    /// The term that is the word itself.
    pub(super) exact: Option<Term>,
}

/// The groups of a question's words: those that the schema has a term for.
pub(super) fn groups(words: &[String], index: &Index) -> Vec<Group> {
    let stemmer = Stemmer::create(Algorithm::English);
    let mut groups = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if word.len() < 2 || is_stop(word) {
            continue;
        }
        let stem = stemmer.stem(word).into_owned();
        if seen.contains(&stem) {
            continue;
        }
        let exact = index.terms.number(&stem);
        let mut terms: Vec<(Term, f32)> = exact.map(|term| (term, 1.0)).into_iter().collect();
        index.grams.near(word, &stem, &index.terms, &mut terms);
        for other in related(&stem) {
            let term = index.terms.number(other);
            let alike = if exact.is_some() {
                RELATED_BESIDE
            } else {
                RELATED
            };
            terms.extend(term.map(|term| (term, alike)));
        }
        if !terms.is_empty() {
            groups.push(Group { terms, exact });
        }
        seen.push(stem);
        for length in 2..=RUN {
            let run = words.get(at..at + length).map(<[String]>::concat);
            let term = run.and_then(|run| index.terms.number(&stemmer.stem(&run)));
            groups.extend(term.map(|term| Group {
                terms: vec![(term, 1.0)],
                exact: Some(term),
            }));
        }
    }
    groups
}
