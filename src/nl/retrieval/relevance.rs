//! How much each table has to do with a question, by the words they share.
//!
//! Words are weighed by how few tables have them, and tables one foreign key away from a match
//! share in its score: a join often needs a table that the question does not name.

use std::cell::RefCell;
use std::collections::HashMap;

use rust_stemmers::Algorithm;
use rust_stemmers::Stemmer;

use crate::sql::schema::Schema;
use crate::sql::schema::Table;

const IN_TABLE_NAME: f64 = 3.0;
const IN_COLUMN_NAME: f64 = 2.0;
const IN_LABEL: f64 = 1.5;
const IN_COMMENT: f64 = 1.0;

/// What a table passes on to those it is joined with.
const PASSED_ON: f64 = 0.5;

/// The words of a question, reduced to their stems.
pub(in crate::nl) struct Words {
    stemmer: Stemmer,
    stems: Vec<String>,
    /// The place in `stems` of each word met so far: a schema has few words, many times over.
    met: RefCell<HashMap<String, Option<usize>>>,
}

impl Words {
    /// The words of `question`.
    pub(in crate::nl) fn new(question: &str) -> Self {
        let stemmer = Stemmer::create(Algorithm::English);
        let mut stems = Vec::new();
        each_word(question, |word| stems.push(stemmer.stem(word).into_owned()));
        stems.sort_unstable();
        stems.dedup();
        Self {
            stemmer,
            stems,
            met: RefCell::default(),
        }
    }

    /// Whether `text` has one of them.
    pub(in crate::nl) fn touch(&self, text: &str) -> bool {
        let mut touched = false;
        each_word(text, |word| touched |= self.place(word).is_some());
        touched
    }

    fn place(&self, word: &str) -> Option<usize> {
        let mut met = self.met.borrow_mut();
        if let Some(&place) = met.get(word) {
            return place;
        }
        let stem = self.stemmer.stem(word);
        let place = self
            .stems
            .binary_search_by(|own| own.as_str().cmp(&stem))
            .ok();
        met.insert(word.to_owned(), place);
        place
    }

    /// For each of them the weight of the best place it has in `table`, 0 if none.
    fn weights(&self, table: &Table) -> Vec<f64> {
        let mut weights = vec![0.0; self.stems.len()];
        let mut found = |text: &str, weight: f64| {
            each_word(text, |word| {
                if let Some(place) = self.place(word) {
                    weights[place] = weight.max(weights[place]);
                }
            });
        };
        found(&table.name, IN_TABLE_NAME);
        found(table.comment.as_deref().unwrap_or_default(), IN_COMMENT);
        for column in &table.columns {
            found(&column.name, IN_COLUMN_NAME);
            found(column.comment.as_deref().unwrap_or_default(), IN_COMMENT);
            for label in column.enum_labels.iter() {
                found(label, IN_LABEL);
            }
        }
        weights
    }
}

/// The score of each table of `schema`, in its order; 0 shares no word and no neighbour.
pub(in crate::nl) fn scores(words: &Words, schema: &Schema) -> Vec<f64> {
    let weights: Vec<_> = schema
        .tables
        .iter()
        .map(|table| words.weights(table))
        .collect();
    let total = schema.tables.len() as f64;
    let rarity: Vec<f64> = (0..words.stems.len())
        .map(|place| {
            let with = weights
                .iter()
                .filter(|weights| weights[place] > 0.0)
                .count();
            (1.0 + total / with.max(1) as f64).ln()
        })
        .collect();
    let own: Vec<f64> = weights
        .iter()
        .map(|weights| {
            weights
                .iter()
                .zip(&rarity)
                .map(|(weight, rarity)| weight * rarity)
                .sum()
        })
        .collect();
    with_neighbours(&own, schema)
}

fn with_neighbours(own: &[f64], schema: &Schema) -> Vec<f64> {
    let position: HashMap<u32, usize> = schema
        .tables
        .iter()
        .enumerate()
        .map(|(at, table)| (table.oid, at))
        .collect();
    let mut scores = own.to_vec();
    for (from, table) in schema.tables.iter().enumerate() {
        for key in &table.foreign_keys {
            let Some(&to) = position.get(&key.references) else {
                continue;
            };
            scores[from] = scores[from].max(own[from] + PASSED_ON * own[to]);
            scores[to] = scores[to].max(own[to] + PASSED_ON * own[from]);
        }
    }
    scores
}

/// Calls `take` with each word of a text or an identifier in lower case: `orderItems_2024` has
/// three.
fn each_word(text: &str, mut take: impl FnMut(&str)) {
    let mut word = String::new();
    let mut before = ' ';
    for character in text.chars() {
        let humps = before.is_lowercase() && character.is_uppercase();
        let counts = before.is_alphabetic() && character.is_numeric();
        if (humps || counts || !character.is_alphanumeric()) && !word.is_empty() {
            take(&word);
            word.clear();
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        }
        before = character;
    }
    if !word.is_empty() {
        take(&word);
    }
}

#[cfg(test)]
mod tests {
    use super::Words;
    use super::each_word;
    use super::scores;
    use crate::sql::schema::Column;
    use crate::sql::schema::ForeignKey;
    use crate::sql::schema::Schema;
    use crate::sql::schema::Table;

    fn table(oid: u32, name: &str, columns: &[&str]) -> Table {
        let column = |name: &&str| Column {
            name: (*name).to_owned(),
            ..Column::default()
        };
        Table {
            oid,
            schema: "public".to_owned(),
            name: name.to_owned(),
            columns: columns.iter().map(column).collect(),
            ..Table::default()
        }
    }

    #[test]
    fn identifiers_are_taken_apart() {
        let mut words = Vec::new();
        each_word("orderItems_2024 ÅrsKode", |word| {
            words.push(word.to_owned());
        });
        assert_eq!(words, ["order", "items", "2024", "års", "kode"]);
    }

    #[test]
    fn the_table_that_is_named_scores_highest_and_strangers_nothing() {
        let schema = Schema {
            tables: vec![
                table(1, "invoices", &["id", "customer_name"]),
                table(2, "customers", &["id", "name"]),
                table(3, "audit_log", &["line"]),
            ],
            ..Schema::default()
        };
        let scores = scores(&Words::new("which customer pays late?"), &schema);
        assert!(scores[1] > scores[0], "{scores:?}");
        assert!(scores[0] > 0.0);
        assert!(scores[2] <= 0.0);
    }

    #[test]
    fn a_joined_table_shares_in_the_score() {
        let mut schema = Schema {
            tables: vec![table(1, "customers", &["id"]), table(2, "regions", &["id"])],
            ..Schema::default()
        };
        schema.tables[0].foreign_keys = vec![ForeignKey {
            columns: vec![0],
            references: 2,
            referenced_columns: vec![0],
        }];
        let scores = scores(&Words::new("customers"), &schema);
        assert!(scores[1] > 0.0 && scores[1] < scores[0], "{scores:?}");
    }
}
