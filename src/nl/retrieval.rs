//! Which tables a question is about, among thousands, without any model.
//!
//! Deterministic: the same question and schema give the same order.

pub(super) mod relevance;

use std::fmt;

use crate::sql::schema::Schema;

/// One table of a schema as a candidate for a question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// Its position in `Schema::tables`.
    pub table: usize,
    /// How near it is to the question; comparable within one ranking only, 0 when nothing speaks
    /// for it.
    pub score: f32,
    /// What speaks for it.
    pub why: Why,
}

/// What speaks for a table; written as words: `name, columns, joined`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Why {
    joined: bool,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.joined { "joined" } else { "words" })
    }
}

/// The tables of `schema`, nearest to `question` first: all of them.
pub fn rank(schema: &Schema, question: &str) -> Vec<Ranked> {
    let scores = relevance::scores(&relevance::Words::new(question), schema);
    let mut ranked: Vec<Ranked> = scores
        .iter()
        .enumerate()
        .map(|(table, score)| Ranked {
            table,
            score: *score as f32,
            why: Why::default(),
        })
        .collect();
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
    ranked
}
