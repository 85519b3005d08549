//! A schema prepared for look-ups: names, values, keys and joins by the words of a question.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use crate::sql::schema::Column;
use crate::sql::schema::Schema;
use crate::sql::schema::Table;
use crate::sql::schema::TypeKind;

use super::facts::TableFacts;
use super::facts::facts;
use super::lexicon::LEXICON;
use super::naming;
use super::shorter;
use super::shorter::Rest;
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

/// Words of generic tails: alone they say too little to mean a longer name.
const GENERIC: [&str; 10] = [
    "id", "code", "number", "key", "no", "type", "date", "name", "time", "at",
];

/// A schema ready for questions.
#[derive(Debug)]
pub(super) struct Index {
    /// What was indexed.
    pub(super) schema: Arc<Schema>,
    /// Per table, in the schema's order.
    pub(super) facts: Vec<TableFacts>,
    names: HashMap<String, Vec<Hit>>,
    values: HashMap<String, Vec<ValueHit>>,
}

impl Index {
    /// Indexes every table, column, enum label and known value.
    pub(super) fn new(schema: &Arc<Schema>) -> Self {
        let mut index = Self {
            facts: schema.tables.iter().map(facts).collect(),
            schema: Arc::clone(schema),
            names: HashMap::new(),
            values: HashMap::new(),
        };
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

    /// The column behind an id.
    pub(super) fn column(&self, id: ColumnId) -> &Column {
        &self.schema.tables[id.table].columns[id.column]
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

    /// All names known, for hints.
    pub(super) fn table_names(&self) -> impl Iterator<Item = &str> {
        self.schema.tables.iter().map(|table| table.name.as_str())
    }

    fn extend(&self, key: &str, hits: &mut Vec<Hit>) {
        for hit in self.names.get(key).into_iter().flatten() {
            match hits.iter_mut().find(|known| known.target == hit.target) {
                Some(known) => known.closeness = known.closeness.max(hit.closeness),
                None => hits.push(*hit),
            }
        }
    }

    fn add(&mut self, words: &[String], target: Target, closeness: Closeness) {
        if words.is_empty() {
            return;
        }
        for key in naming::keys(words) {
            let hits = self.names.entry(key).or_default();
            match hits.iter_mut().find(|known| known.target == target) {
                Some(known) => known.closeness = known.closeness.max(closeness),
                None => hits.push(Hit { target, closeness }),
            }
        }
    }

    fn add_table(&mut self, position: usize, table: &Table, shorter: &Shorter) {
        let words = naming::segments(&table.name);
        let target = Target::Table(position);
        self.add(&words, target, Closeness::Whole);
        let mut qualified = naming::segments(&table.schema);
        qualified.extend_from_slice(&words);
        self.add(&qualified, target, Closeness::Whole);
        let bare = naming::bare_table(&words);
        if let Some(bare) = &bare {
            self.add(bare, target, Closeness::Alias);
        }
        let words = naming::expanded(&bare.unwrap_or(words));
        self.add(&words, target, Closeness::Alias);
        let ends = shorter.ends(table, &words);
        for (end, rest) in &ends {
            self.add(end, target, closeness(*rest));
        }
        let whole = (words.as_slice(), Rest::Implied);
        if let ([doer], rest) = *ends.last().unwrap_or(&whole)
            && let Some(deed) = naming::deed(doer)
        {
            self.add(&[deed], target, closeness(rest));
        }
        for (column, definition) in table.columns.iter().enumerate() {
            self.add_column(
                ColumnId {
                    table: position,
                    column,
                },
                definition,
                &words,
            );
        }
    }

    fn add_column(&mut self, id: ColumnId, column: &Column, table: &[String]) {
        let target = Target::Column(id);
        let plain = naming::segments(&column.name);
        self.add(&plain, target, Closeness::Whole);
        let mut forms = vec![naming::expanded(&plain)];
        forms.extend(naming::without_table(&plain, table).map(|rest| naming::expanded(&rest)));
        for form in forms {
            self.add_forms(&form, target);
        }
        // `manager_id` that refers to an employee is the manager.
        let definition = &self.schema.tables[id.table];
        let refers = definition
            .foreign_keys
            .iter()
            .any(|key| key.columns == [id.column] && key.references == definition.oid);
        if let [base @ .., last] = plain.as_slice()
            && refers
            && last == "id"
        {
            self.add(base, target, Closeness::Alias);
        }
        if let [base @ .., last] = plain.as_slice()
            && matches!(last.as_str(), "name" | "type" | "code" | "yn" | "flag")
            && !(last == "type" && shorter::refers(self.table(id.table), base))
            && !base
                .first()
                .is_some_and(|word| LEXICON.tags.contains_key(word))
        {
            self.add(base, target, Closeness::Tail);
        }
        let is_date = matches!(
            column.kind,
            TypeKind::Date | TypeKind::Timestamp | TypeKind::TimestampTz
        );
        if let [deed, rest @ ..] = plain.as_slice()
            && (is_date || plain.contains(&"year".to_owned()))
            && rest
                .iter()
                .all(|word| GENERIC.contains(&word.as_str()) || word == "on" || word == "year")
        {
            self.add(std::slice::from_ref(deed), target, Closeness::Tail);
        }
        if let Some(rest) = naming::without_table(&plain, table) {
            // `flightno` of `flights` is the flight number.
            let mut whole = table.to_vec();
            whole.extend(naming::expanded(&rest));
            self.add(&whole, target, Closeness::Alias);
        }
        let facts = &self.facts[id.table];
        let is_key = facts.key == Some(id.column);
        if is_key && column.name.to_lowercase().ends_with("id") {
            self.add(&["id".to_owned()], target, Closeness::Alias);
        }
        if self.facts[id.table].naming.contains(&id.column) {
            self.add(&["name".to_owned()], target, Closeness::Alias);
        }
        for value in column.enum_labels.iter().chain(column.common_values.iter()) {
            self.add_value(id, value);
        }
    }

    fn add_forms(&mut self, words: &[String], target: Target) {
        self.add(words, target, Closeness::Alias);
        let bare = naming::without_unit(words).unwrap_or(words);
        self.add(bare, target, Closeness::Alias);
        let turned = naming::turned(bare).unwrap_or_else(|| {
            // `number_products` is asked for as `product number` too.
            let mut turned = bare.to_vec();
            if turned.first().is_some_and(|word| word == "number") {
                turned.rotate_left(1);
            }
            turned
        });
        self.add(&turned, target, Closeness::Alias);
        for form in [bare, &turned] {
            for start in 1..form.len() {
                let tail = &form[start..];
                if tail.len() > 1 || !GENERIC.contains(&tail[0].as_str()) {
                    self.add(tail, target, Closeness::Tail);
                }
            }
        }
    }

    fn add_value(&mut self, column: ColumnId, stored: &str) {
        let words: Vec<String> = super::words::split(stored)
            .into_iter()
            .flat_map(|word| word.lower.split(' ').map(str::to_owned).collect::<Vec<_>>())
            .filter(|word| !word.is_empty())
            .collect();
        if words.is_empty() || words.len() > 8 {
            return;
        }
        let hit = ValueHit {
            column,
            stored: stored.to_owned(),
        };
        let mut keys = vec![words.join(" "), value_stem(&words)];
        keys.dedup();
        for key in keys {
            let hits = self.values.entry(key).or_default();
            if !hits.contains(&hit) {
                hits.push(hit.clone());
            }
        }
    }
}

fn closeness(rest: Rest) -> Closeness {
    match rest {
        Rest::Implied => Closeness::Tail,
        Rest::Wanted => Closeness::Part,
    }
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
