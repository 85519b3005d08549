//! Which documents have a term, and with what weight: one flat array.

use super::terms::Term;

/// BM25's saturation and length normalisation.
const K1: f32 = 1.2;
const B: f32 = 0.5;

/// One document that has a term.
#[derive(Debug, Clone, Copy)]
pub(super) struct Posting {
    /// The document's number.
    pub(super) document: u32,
    /// BM25's weight of the term in it, without the rarity of the term: 0 to 2.2.
    pub(super) weight: f32,
}

/// The postings of all terms.
pub(super) struct Postings {
    starts: Vec<u32>,
    all: Vec<Posting>,
    documents: usize,
}

impl Postings {
    /// From how often each term is in each document, weighed by where: `(term, document, count)`.
    /// Counts of the same term and document add up.
    pub(super) fn new(mut counts: Vec<(Term, u32, f32)>, terms: usize, documents: usize) -> Self {
        counts.sort_unstable_by_key(|&(term, document, _)| (term, document));
        counts.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            if same {
                kept.2 += next.2;
            }
            same
        });
        let mut lengths = vec![0.0; documents];
        for &(_, document, count) in &counts {
            lengths[document as usize] += count;
        }
        let mean = lengths.iter().sum::<f32>() / documents.max(1) as f32;
        let mut starts = vec![0; terms + 1];
        for &(term, _, _) in &counts {
            starts[term as usize + 1] += 1;
        }
        for term in 0..terms {
            starts[term + 1] += starts[term];
        }
        let weigh = |(_, document, count): (Term, u32, f32)| {
            let length = lengths[document as usize] / mean.max(f32::MIN_POSITIVE);
            let weight = count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length));
            Posting { document, weight }
        };
        Self {
            starts,
            all: counts.into_iter().map(weigh).collect(),
            documents,
        }
    }

    /// The documents that have `term`.
    pub(super) fn of(&self, term: Term) -> &[Posting] {
        let (start, end) = (self.starts[term as usize], self.starts[term as usize + 1]);
        &self.all[start as usize..end as usize]
    }

    /// How many documents there are.
    pub(super) fn documents(&self) -> usize {
        self.documents
    }

    /// How rare it is to have one of `with` documents.
    pub(super) fn rarity(&self, with: usize) -> f32 {
        let (all, with) = (self.documents as f32, with as f32);
        (1.0 + (all - with + 0.5) / (with + 0.5)).ln()
    }
}
