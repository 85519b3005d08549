//! Which tables a question is about, among thousands, without any model.
//!
//! ```text
//! words of the question ─► terms of the schema: the same, alike, shortened, run together
//!   ─► rankings: all texts, names, best columns, stored values, neighbours, namespaces, extras
//!   ─► fused by places ─► spread over joins ─► order, with the tables between two that join
//! ```
//!
//! Deterministic: the same question and schema give the same order.

mod evidence;
mod fusion;
mod grams;
mod graph;
mod index;
mod kept;
mod postings;
mod query;
mod related;
mod segment;
mod terms;
#[cfg(test)]
mod tests;
mod values;
mod words;

use std::fmt;

use crate::sql::schema::Schema;

use evidence::Evidence;
use graph::Graph;
use index::Index;

pub(super) use kept::Kept;

/// What each kind of evidence counts.
const BY_TEXT: f32 = 1.0;
const BY_NAME: f32 = 1.0;
const BY_COLUMNS: f32 = 0.5;
const BY_VALUES: f32 = 1.0;
const BY_NEIGHBOURS: f32 = 1.0;
const BY_NAMESPACE: f32 = 1.5;
const BY_MEANING: f32 = 1.5;
const BY_EXAMPLES: f32 = 1.5;

/// What a table passes on to those it is joined with.
const SPREAD: f32 = 0.4;

/// Tables at the top that others are looked for between, and the share of the best score that
/// they must have.
const TO_CONNECT: usize = 3;
const WORTH_CONNECTING: f32 = 0.6;

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
pub struct Why(u8);

impl Why {
    const NAME: Self = Self(1);
    const COLUMNS: Self = Self(2);
    const TEXT: Self = Self(4);
    const VALUES: Self = Self(8);
    const MEANING: Self = Self(16);
    const EXAMPLES: Self = Self(32);
    const JOINED: Self = Self(64);
    const BETWEEN: Self = Self(128);

    const WORDS: [(Self, &'static str); 8] = [
        (Self::NAME, "name"),
        (Self::COLUMNS, "columns"),
        (Self::TEXT, "text"),
        (Self::VALUES, "values"),
        (Self::MEANING, "meaning"),
        (Self::EXAMPLES, "examples"),
        (Self::JOINED, "joined"),
        (Self::BETWEEN, "between"),
    ];

    fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = Self::WORDS.iter().filter(|(why, _)| self.has(*why));
        for (at, (_, word)) in words.enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            write!(f, "{separator}{word}")?;
        }
        Ok(())
    }
}

/// What is known of a question beside its words.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extras<'a> {
    /// How near each table is in meaning, by embeddings, in the order of `Schema::tables`; empty
    /// when there are none. What is not above 0 counts as far.
    pub meaning: &'a [f32],
    /// Positions of the tables that similar verified questions used, and how similar those are.
    pub examples: &'a [(usize, f32)],
}

/// What a question is about: tables in order, and a score for each column.
pub struct Found<'r> {
    index: &'r Index,
    ranked: Vec<Ranked>,
    columns: Vec<f32>,
}

impl Found<'_> {
    /// All tables of the schema, the nearest first.
    pub fn tables(&self) -> &[Ranked] {
        &self.ranked
    }

    /// How near the column at a position of a table is; 0 when nothing speaks for it.
    pub fn column(&self, table: usize, position: usize) -> f32 {
        self.columns[self.index.column(table, position)]
    }
}

/// A schema ready to be searched. Takes about 300 bytes a column.
pub struct Retrieval {
    index: Index,
    graph: Graph,
}

impl Retrieval {
    /// Indexes `schema`: about 0.15 s for 50,000 columns.
    pub fn new(schema: &Schema) -> Self {
        Self {
            index: Index::new(schema),
            graph: Graph::new(schema),
        }
    }

    /// The tables of the schema, nearest to `question` first: all of them.
    pub fn rank(&self, question: &str, extras: &Extras<'_>) -> Vec<Ranked> {
        self.search(question, extras).ranked
    }

    /// The tables and columns of the schema that `question` is about.
    pub fn search(&self, question: &str, extras: &Extras<'_>) -> Found<'_> {
        let words = words::words(question);
        let groups = query::groups(&words, &self.index);
        let evidence = Evidence::gather(&self.index, &self.graph, &groups, &words);
        let lists = Lists::new(evidence, extras);
        let own = lists.fused();
        let spread = self.spread(&own);
        let mut ranked: Vec<Ranked> = (0..own.len())
            .map(|table| {
                let mut why = lists.why(table);
                if spread[table] > own[table] {
                    why.add(Why::JOINED);
                }
                let score = spread[table];
                Ranked { table, score, why }
            })
            .collect();
        // Stable, so that tables with equal scores stay in the schema's order.
        ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
        Found {
            index: &self.index,
            ranked: self.connected(ranked),
            columns: lists.evidence.column,
        }
    }

    /// Scores with what tables get from those they are joined with.
    fn spread(&self, own: &[f32]) -> Vec<f32> {
        let mut spread = own.to_vec();
        for (table, &score) in own.iter().enumerate() {
            if score > 0.0 {
                self.graph.pass_on(table, SPREAD * score, |to, passed| {
                    spread[to] = spread[to].max(own[to] + passed);
                });
            }
        }
        spread
    }

    /// The same with tables that joins of the first ones lead through right behind these.
    fn connected(&self, mut ranked: Vec<Ranked>) -> Vec<Ranked> {
        let worth = ranked
            .first()
            .map_or(0.0, |best| best.score * WORTH_CONNECTING);
        let ends: Vec<usize> = ranked
            .iter()
            .take(TO_CONNECT)
            .take_while(|ranked| ranked.score > 0.0 && ranked.score >= worth)
            .map(|ranked| ranked.table)
            .collect();
        for (at, &to) in ends.iter().enumerate() {
            for &from in &ends[..at] {
                for table in self.graph.between(from, to) {
                    put_behind(&mut ranked, table, to);
                }
            }
        }
        ranked
    }
}

/// Moves `table` right behind `end`, unless it is before that already.
fn put_behind(ranked: &mut [Ranked], table: usize, end: usize) {
    let place = |table| ranked.iter().position(|ranked| ranked.table == table);
    let (Some(from), Some(end)) = (place(table), place(end)) else {
        return;
    };
    ranked[from].why.add(Why::BETWEEN);
    if from > end {
        ranked[end + 1..=from].rotate_right(1);
    }
}

/// All that is known of a question, table by table.
struct Lists {
    evidence: Evidence,
    meaning: Vec<f32>,
    examples: Vec<f32>,
}

impl Lists {
    fn new(evidence: Evidence, extras: &Extras<'_>) -> Self {
        let tables = evidence.text.len();
        let mut meaning = extras.meaning.to_vec();
        meaning.resize(tables, 0.0);
        let mut examples = vec![0.0; tables];
        for &(table, similarity) in extras.examples {
            if let Some(known) = examples.get_mut(table) {
                *known += similarity.max(0.0);
            }
        }
        Self {
            evidence,
            meaning,
            examples,
        }
    }

    fn fused(&self) -> Vec<f32> {
        let evidence = &self.evidence;
        let mut fused = vec![0.0; evidence.text.len()];
        for (scores, weight) in [
            (&evidence.text, BY_TEXT),
            (&evidence.name, BY_NAME),
            (&evidence.columns, BY_COLUMNS),
            (&evidence.values, BY_VALUES),
            (&evidence.around, BY_NEIGHBOURS),
            (&evidence.namespace, BY_NAMESPACE),
            (&self.meaning, BY_MEANING),
            (&self.examples, BY_EXAMPLES),
        ] {
            fusion::add(&mut fused, scores, weight);
        }
        fused
    }

    fn why(&self, table: usize) -> Why {
        let evidence = &self.evidence;
        let mut why = Why::default();
        for (scores, reason) in [
            (&evidence.name, Why::NAME),
            (&evidence.columns, Why::COLUMNS),
            (&evidence.text, Why::TEXT),
            (&evidence.values, Why::VALUES),
            (&self.meaning, Why::MEANING),
            (&self.examples, Why::EXAMPLES),
        ] {
            if scores[table] > 0.0 {
                why.add(reason);
            }
        }
        why
    }
}
