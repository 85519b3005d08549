//! How much each table has to do with a question, by the words they share.
//!
//! Words are weighed by how few tables have them, and tables one foreign key away from a match
//! share in its score: a join often needs a table that the question does not name.

use std::collections::HashMap;
use std::collections::HashSet;

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
pub(super) struct Words {
    stemmer: Stemmer,
    stems: HashSet<String>,
}

impl Words {
    /// The words of `question`.
    pub(super) fn new(question: &str) -> Self {
        let stemmer = Stemmer::create(Algorithm::English);
        let stems = parts(question)
            .map(|word| stemmer.stem(&word).into_owned())
            .collect();
        Self { stemmer, stems }
    }

    /// Whether `text` has one of them.
    pub(super) fn touch(&self, text: &str) -> bool {
        self.shared(text).next().is_some()
    }

    fn shared<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> {
        parts(text).filter_map(|word| {
            let stem = self.stemmer.stem(&word);
            self.stems.get(stem.as_ref()).map(String::as_str)
        })
    }

    /// For each word that `table` has, the weight of the best place it stands in.
    fn places<'a>(&'a self, table: &'a Table) -> HashMap<&'a str, f64> {
        let mut places = HashMap::new();
        let mut found = |text: &'a str, weight: f64| {
            for word in self.shared(text) {
                let best: &mut f64 = places.entry(word).or_default();
                *best = best.max(weight);
            }
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
        places
    }
}

/// The score of each table of `schema`, in its order; 0 shares no word and no neighbour.
pub(super) fn scores(words: &Words, schema: &Schema) -> Vec<f64> {
    let places: Vec<_> = schema
        .tables
        .iter()
        .map(|table| words.places(table))
        .collect();
    let mut tables_with: HashMap<&str, usize> = HashMap::new();
    for word in places.iter().flat_map(HashMap::keys) {
        *tables_with.entry(word).or_default() += 1;
    }
    let total = schema.tables.len() as f64;
    let rarity = |word: &str| (1.0 + total / tables_with[word] as f64).ln();
    let own: Vec<f64> = places
        .iter()
        .map(|places| {
            places
                .iter()
                .map(|(word, weight)| weight * rarity(word))
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

/// The words of a text or an identifier in lower case: `orderItems_2024` has three.
fn parts(text: &str) -> impl Iterator<Item = String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut before = ' ';
    for character in text.chars() {
        let humps = before.is_lowercase() && character.is_uppercase();
        let counts = before.is_alphabetic() && character.is_numeric();
        if (humps || counts || !character.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        }
        before = character;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words.into_iter()
}

#[cfg(test)]
mod tests {
    use super::Words;
    use super::parts;
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
        let words: Vec<_> = parts("orderItems_2024 ÅrsKode").collect();
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
