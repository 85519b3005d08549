//! A schema prepared for look-ups: names, values, keys and joins by the words of a question.

mod fill;

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use crate::sql::references;
use crate::sql::schema::Column;
use crate::sql::schema::Schema;
use crate::sql::schema::Table;
use crate::sql::schema::TableKind;

use super::facts::TableFacts;
use super::facts::facts;
use super::lexicon::LEXICON;
use super::naming;
use super::shorter;
use super::shorter::Shorter;
use super::words::stem;

/// A column by its table's position in the schema and its own in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ColumnId {
    /// Position in `Schema::tables`.
    pub(super) table: usize,
    /// Position in `Table::columns`.
    pub(super) column: usize,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Target {
    /// A table.
    Table(usize),
    /// A column.
    Column(ColumnId),
}

/// How closely words match a name; greater is closer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Closeness {
    /// By the end of a table's name, if the question has the rest of it elsewhere.
    Part,
    /// By a synonym of the lexicon.
    Synonym,
    /// By the end of a longer name.
    Tail,
    /// By another way to say the whole name.
    Alias,
    /// By the whole name.
    Whole,
}

/// A name found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Hit {
    /// What it stands for.
    pub(super) target: Target,
    /// How closely.
    pub(super) closeness: Closeness,
}

/// A stored value found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ValueHit {
    /// Where it is stored.
    pub(super) column: ColumnId,
    /// As it is stored.
    pub(super) stored: String,
}

/// A schema ready for questions.
#[derive(Debug)]
pub(super) struct Index {
    /// What was indexed.
    pub(super) schema: Arc<Schema>,
    /// Per table, in the schema's order.
    pub(super) facts: Vec<TableFacts>,
    /// All words of names, once.
    vocabulary: HashSet<String>,
    /// How many columns that refer to something have each name, without their last word.
    roles: HashMap<String, usize>,
    /// What tables are called, as stems.
    tables: HashSet<String>,
    /// What columns refer to.
    targets: HashMap<ColumnId, usize>,
    names: HashMap<String, Vec<Hit>>,
    values: HashMap<String, Vec<ValueHit>>,
}

impl Index {
    /// Indexes every table, column, enum label and known value.
    pub(super) fn new(schema: &Arc<Schema>) -> Self {
        let mut index = Self {
            facts: schema.tables.iter().map(facts).collect(),
            schema: Arc::clone(schema),
            tables: schema
                .tables
                .iter()
                .map(|table| shorter::name(table).concat())
                .collect(),
            vocabulary: HashSet::new(),
            roles: HashMap::new(),
            targets: targets(schema),
            names: HashMap::new(),
            values: HashMap::new(),
        };
        for id in index.targets.keys() {
            let mut words = naming::segments(&index.column(*id).name);
            words.pop();
            *index.roles.entry(words.concat()).or_default() += 1;
        }
        let shorter = Shorter::new(schema);
        for (position, table) in schema.tables.iter().enumerate() {
            index.add_table(position, table, &shorter);
        }
        index
    }

    /// The table at a position.
    pub(super) fn table(&self, table: usize) -> &Table {
        &self.schema.tables[table]
    }

    /// Whether a table holds rows of its own, and is no view.
    pub(super) fn is_stored(&self, table: usize) -> bool {
        let kind = self.schema.tables[table].kind;
        !matches!(kind, TableKind::View | TableKind::MaterializedView)
    }

    /// The column behind an id.
    pub(super) fn column(&self, id: ColumnId) -> &Column {
        &self.schema.tables[id.table].columns[id.column]
    }

    /// The table that a column refers to.
    pub(super) fn target(&self, id: ColumnId) -> Option<usize> {
        self.targets.get(&id).copied()
    }

    /// Everything that these words may name directly.
    pub(super) fn named(&self, words: &[String]) -> Vec<Hit> {
        self.named_beside(words, &HashSet::new())
    }

    /// The same in a question of these stems.
    pub(super) fn named_beside(&self, words: &[String], stems: &HashSet<String>) -> Vec<Hit> {
        let mut hits = Vec::new();
        for key in naming::keys(words) {
            self.extend(&key, &mut hits);
        }
        if let Some(turned) = naming::turned(words) {
            self.extend(&naming::keys(&turned)[1], &mut hits);
        }
        let said = |word: &String| stems.contains(word) || words.iter().any(|w| stem(w) == *word);
        hits.retain_mut(|hit| {
            let (Closeness::Part, Target::Table(table)) = (hit.closeness, hit.target) else {
                return true;
            };
            hit.closeness = Closeness::Tail;
            shorter::name(self.table(table)).iter().all(said)
        });
        hits
    }

    /// What a word may name through the synonyms of the lexicon, only when it names nothing itself.
    pub(super) fn named_by_synonym(&self, word: &str, stems: &HashSet<String>) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        for synonym in LEXICON.synonyms.get(&stem(word)).into_iter().flatten() {
            if hits
                .iter()
                .any(|hit| matches!(hit.target, Target::Column(_)))
            {
                break;
            }
            let words = naming::segments(synonym);
            for mut hit in self.named_beside(&words, stems) {
                // The items of an order are no products, although they are synonyms: each has one.
                if let Target::Table(table) = hit.target
                    && shorter::refers(self.table(table), &[word.to_owned()])
                {
                    continue;
                }
                let new = !hits.iter().any(|known| known.target == hit.target);
                hit.closeness = Closeness::Synonym;
                if new {
                    hits.push(hit);
                }
            }
        }
        hits
    }

    /// Where a value is stored, compared without case and with the last word's stem.
    pub(super) fn stored(&self, words: &[String]) -> Vec<ValueHit> {
        let mut hits = self
            .values
            .get(&words.join(" "))
            .cloned()
            .unwrap_or_default();
        if hits.is_empty() {
            hits = self
                .values
                .get(&value_stem(words))
                .cloned()
                .unwrap_or_default();
        }
        hits
    }

    /// The word of a name that a word of the question may be a misspelling of.
    pub(super) fn spelled_like(&self, word: &str) -> Option<&str> {
        let length = word.chars().count();
        let allowed = match length {
            0..=3 => return None,
            4..=6 => 1,
            _ => 2,
        };
        let near =
            |known: &&String| known.len().abs_diff(word.len()) <= allowed && known.as_str() != word;
        let distances = self.vocabulary.iter().filter(near).map(|known| {
            let distance = strsim::damerau_levenshtein(word, known);
            (distance, known.as_str())
        });
        let best = distances.min()?;
        (best.0 <= allowed).then_some(best.1)
    }

    fn extend(&self, key: &str, hits: &mut Vec<Hit>) {
        for hit in self.names.get(key).into_iter().flatten() {
            match hits.iter_mut().find(|known| known.target == hit.target) {
                Some(known) => known.closeness = known.closeness.max(hit.closeness),
                None => hits.push(*hit),
            }
        }
    }
}

/// The table that each column refers to, by a declared key or a likely one.
fn targets(schema: &Schema) -> HashMap<ColumnId, usize> {
    let tables = schema.tables.iter().enumerate();
    let positions: HashMap<u32, usize> = tables.clone().map(|(i, table)| (table.oid, i)).collect();
    let mut targets = HashMap::new();
    for (position, table) in tables {
        let likely = table
            .inferred_keys
            .iter()
            .filter(|inferred| inferred.confidence >= references::SURE);
        for key in table
            .foreign_keys
            .iter()
            .chain(likely.map(|inferred| &inferred.key))
        {
            if let ([column], Some(to)) = (&key.columns[..], positions.get(&key.references)) {
                let id = ColumnId {
                    table: position,
                    column: *column,
                };
                targets.entry(id).or_insert(*to);
            }
        }
    }
    targets
}

fn value_stem(words: &[String]) -> String {
    let Some((last, rest)) = words.split_last() else {
        return String::new();
    };
    let mut key = rest.join(" ");
    if !key.is_empty() {
        key.push(' ');
    }
    key + &stem(last)
}
