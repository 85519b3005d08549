//! What speaks for each table and column: one list of scores per kind of evidence.

use super::graph::Graph;
use super::index::Index;
use super::query::Group;

/// What a neighbour's match of a word counts.
const OF_NEIGHBOUR: f32 = 0.55;

/// What further columns of a table count after its best.
const SECOND: f32 = 0.5;
const THIRD: f32 = 0.25;

/// Scores by kind; 0 is no evidence.
pub(super) struct Evidence {
    /// Tables by all that is known of them.
    pub(super) text: Vec<f32>,
    /// Tables by their names.
    pub(super) name: Vec<f32>,
    /// Tables by the words that they or tables joined with them match, each word once.
    pub(super) around: Vec<f32>,
    /// Tables by the words that the tables of their namespace match, each word once.
    pub(super) namespace: Vec<f32>,
    /// Tables by their best columns.
    pub(super) columns: Vec<f32>,
    /// Tables by stored values.
    pub(super) values: Vec<f32>,
    /// Each column, by its number.
    pub(super) column: Vec<f32>,
}

/// The best match of one word in each document, used again for every word.
struct Best {
    tables: Vec<f32>,
    names: Vec<f32>,
    columns: Vec<f32>,
    namespaces: Vec<f32>,
    around: Vec<f32>,
}

impl Evidence {
    /// All the evidence for a question of these groups and words.
    pub(super) fn gather(index: &Index, graph: &Graph, groups: &[Group], words: &[String]) -> Self {
        let tables = index.namespaces().len();
        let columns = index.columns.documents();
        let mut evidence = Self {
            text: vec![0.0; tables],
            name: vec![0.0; tables],
            around: vec![0.0; tables],
            namespace: vec![0.0; tables],
            columns: vec![0.0; tables],
            values: vec![0.0; tables],
            column: vec![0.0; columns],
        };
        let mut best = Best {
            tables: vec![0.0; tables],
            names: vec![0.0; tables],
            columns: vec![0.0; columns],
            namespaces: vec![0.0; tables],
            around: vec![0.0; tables],
        };
        let mut namespaces = vec![0.0; tables];
        for group in groups {
            let rarity = best.match_tables(index, group);
            best.look_around(graph);
            evidence.add(&best, rarity);
            for (sum, match_) in namespaces.iter_mut().zip(&best.namespaces) {
                *sum += match_ * rarity;
            }
            evidence.add_columns(index, group, &mut best.columns);
        }
        for table in 0..tables {
            evidence.name[table] /= index.name_length(table).max(1.0).sqrt();
            if evidence.around[table] > 0.0 {
                evidence.namespace[table] = namespaces[index.namespaces()[table] as usize];
            }
        }
        evidence.sum_up_columns(index);
        evidence.add_values(index, words);
        evidence
    }

    fn add(&mut self, best: &Best, rarity: f32) {
        for (sums, matches) in [
            (&mut self.text, &best.tables),
            (&mut self.name, &best.names),
            (&mut self.around, &best.around),
        ] {
            for (sum, match_) in sums.iter_mut().zip(matches) {
                *sum += match_ * rarity;
            }
        }
    }

    fn add_columns(&mut self, index: &Index, group: &Group, best: &mut [f32]) {
        let mut matched = Vec::new();
        for &(term, likeness) in &group.terms {
            for posting in index.columns.of(term) {
                let known = &mut best[posting.document as usize];
                if *known <= 0.0 {
                    matched.push(posting.document as usize);
                }
                *known = known.max(posting.weight * likeness);
            }
        }
        let rarity = index.columns.rarity(matched.len());
        for column in matched {
            self.column[column] += best[column] * rarity;
            best[column] = 0.0;
        }
    }

    fn add_values(&mut self, index: &Index, words: &[String]) {
        index.values.each_in(words, |length, columns| {
            let score = length as f32 * index.columns.rarity(columns.len());
            for &(_, column) in columns {
                self.values[index.table_of(column)] += score;
                self.column[column as usize] += score;
            }
        });
    }

    fn sum_up_columns(&mut self, index: &Index) {
        let mut best = vec![[0.0; 3]; self.columns.len()];
        for (column, &score) in self.column.iter().enumerate() {
            if score > 0.0 {
                insert(&mut best[index.table_of(column as u32)], score);
            }
        }
        for (sum, [first, second, third]) in self.columns.iter_mut().zip(best) {
            *sum = first + SECOND * second + THIRD * third;
        }
    }
}

impl Best {
    /// Matches `group` with tables and returns how rare it is.
    fn match_tables(&mut self, index: &Index, group: &Group) -> f32 {
        self.tables.fill(0.0);
        self.names.fill(0.0);
        self.namespaces.fill(0.0);
        let mut matched = 0;
        for &(term, likeness) in &group.terms {
            for posting in index.tables.of(term) {
                let known = &mut self.tables[posting.document as usize];
                matched += usize::from(*known <= 0.0);
                *known = known.max(posting.weight * likeness);
            }
            for posting in index.names.of(term) {
                let known = &mut self.names[posting.document as usize];
                *known = known.max(likeness);
            }
        }
        for (&match_, &namespace) in self.tables.iter().zip(index.namespaces()) {
            let known = &mut self.namespaces[namespace as usize];
            *known = known.max(match_);
        }
        let exact = group.exact.map(|term| index.tables.of(term).len());
        index.tables.rarity(exact.unwrap_or(matched))
    }

    /// Passes matches on to the tables joined with those that have them.
    fn look_around(&mut self, graph: &Graph) {
        self.around.copy_from_slice(&self.tables);
        for (table, &match_) in self.tables.iter().enumerate() {
            if match_ > 0.0 {
                graph.pass_on(table, OF_NEIGHBOUR * match_, |to, passed| {
                    self.around[to] = self.around[to].max(passed);
                });
            }
        }
    }
}

fn insert(best: &mut [f32; 3], score: f32) {
    let [first, second, third] = *best;
    *best = if score > first {
        [score, first, second]
    } else if score > second {
        [first, score, second]
    } else {
        [first, second, third.max(score)]
    };
}
