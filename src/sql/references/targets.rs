//! All keys of a database by the names under which other tables may refer to them.

use std::collections::HashMap;

use crate::sql::schema::Table;

use super::keys;
use super::keys::Key;
use super::names::ColumnName;
use super::names::Names;

/// A way to read a column's name as that of a key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// Which key, for [`Targets::key`].
    pub(super) key: usize,
    /// How likely the name alone means it, from 0 to 1.
    pub(super) likelihood: f32,
    /// The name says more than the key's: `parent` of `parent_category_id`.
    pub(super) in_a_role: bool,
    /// The name does not say that it identifies anything.
    pub(super) bare: bool,
}

/// The keys of all tables.
#[derive(Debug)]
pub(super) struct Targets {
    keys: Vec<Key>,
    /// Keys of each table.
    by_table: Vec<Vec<usize>>,
    named_after_table: Vec<Vec<bool>>,
    schema_of: Vec<usize>,
    schemas: Vec<Forms>,
    everywhere: Forms,
    composite: HashMap<String, Vec<usize>>,
}

/// Keys by the ways to name them.
#[derive(Debug, Default)]
struct Forms {
    /// By the column's own name: `customer_id`.
    own: HashMap<String, Vec<usize>>,
    /// By the table's name.
    table: HashMap<String, Vec<usize>>,
    /// Names of tables of one word, by their first letter.
    words: HashMap<char, Vec<(String, usize)>>,
}

/// A name that so many keys of other schemas bear means none of them.
const EVERYWHERE: usize = 2;

/// Words by which a figure is no reference: `number_orders`, `order_count`.
const COUNTING: [&str; 14] = [
    "count", "total", "number", "num", "no", "qti", "quantiti", "amount", "sum", "avg", "min",
    "max", "nr", "cnt",
];

/// Words for another row of the same table.
const RELATIVES: [&str; 15] = [
    "parent",
    "manager",
    "supervisor",
    "boss",
    "previous",
    "prev",
    "next",
    "root",
    "original",
    "predecessor",
    "successor",
    "superior",
    "reports",
    "reportsto",
    "reply",
];

impl Targets {
    /// Collects the keys of `tables`, which bear `names`.
    pub(super) fn new(tables: &[Table], names: &[Names]) -> Self {
        let mut targets = Self {
            keys: Vec::new(),
            by_table: vec![Vec::new(); tables.len()],
            named_after_table: Vec::with_capacity(tables.len()),
            schema_of: Vec::with_capacity(tables.len()),
            schemas: Vec::new(),
            everywhere: Forms::default(),
            composite: HashMap::new(),
        };
        let mut schemas: HashMap<&str, usize> = HashMap::new();
        let shared = shared_prefix(names);
        for (position, (table, names)) in tables.iter().zip(names).enumerate() {
            let next = schemas.len();
            let schema = *schemas.entry(&table.schema).or_insert(next);
            if schema == targets.schemas.len() {
                targets.schemas.push(Forms::default());
            }
            targets.schema_of.push(schema);
            let after = (0..table.columns.len()).map(|column| keys::is_named_after(names, column));
            targets.named_after_table.push(after.collect());
            if (2..=4).contains(&table.primary_key.len()) {
                let composite = targets.composite.entry(table.schema.clone()).or_default();
                composite.push(position);
            }
            for key in keys::of(position, table, names) {
                let id = targets.keys.len();
                targets.keys.push(key);
                targets.by_table[position].push(id);
                targets.schemas[schema].add(id, key, names, shared);
                targets.everywhere.add(id, key, names, shared);
            }
        }
        targets
    }

    /// The key of a reading.
    pub(super) fn key(&self, key: usize) -> &Key {
        &self.keys[key]
    }

    /// Whether a column is the one that identifies the rows of its table.
    pub(super) fn is_key_of(&self, table: usize, column: usize) -> bool {
        let first = self.by_table[table].first().map(|key| &self.keys[*key]);
        first.is_some_and(|key| key.column == column && key.strength > 0.65)
    }

    /// Whether a column is called `id`, or as its table.
    pub(super) fn is_named_after_table(&self, table: usize, column: usize) -> bool {
        self.named_after_table[table][column]
    }

    /// Tables of a schema whose primary key has several columns.
    pub(super) fn with_composite_key(&self, schema: &str) -> &[usize] {
        self.composite.get(schema).map_or(&[], Vec::as_slice)
    }

    /// Every way to read the name of a column of table `from`: in its own schema, or else in any.
    pub(super) fn readings(&self, names: &Names, column: usize, from: usize) -> Vec<Reading> {
        let home = &self.schemas[self.schema_of[from]];
        let mut readings = home.readings(names, column, usize::MAX);
        if readings.is_empty() {
            readings = self.relative(names, column, from).into_iter().collect();
        }
        // `patient_id` is that of `med.patient`, though `bill.holders` is keyed by one too.
        if !self.says_whose(&readings) && self.schemas.len() > 1 {
            let mut abroad = self.everywhere.readings(names, column, EVERYWHERE);
            abroad.retain(|reading| !reading.bare && !reading.in_a_role);
            if readings.is_empty() || self.says_whose(&abroad) {
                readings = abroad;
            }
        }
        // `person_id` is that of `people` where `passports` is keyed by it too.
        if self.says_whose(&readings) {
            readings.retain(|reading| self.key(reading.key).named_after_table);
        }
        readings
    }

    /// Some of the keys are named after their tables.
    fn says_whose(&self, readings: &[Reading]) -> bool {
        let mut readings = readings.iter();
        readings.any(|reading| self.key(reading.key).named_after_table)
    }

    /// `parent_id`: another row of the same table.
    fn relative(&self, names: &Names, column: usize, from: usize) -> Option<Reading> {
        let name = &names.columns[column];
        let first = name.word(0);
        let short = name.len() == 1 || (name.len() == 2 && name.identifies);
        let to = first == "reports" && name.len() == 2;
        let key = *self.by_table[from].first()?;
        let relative = RELATIVES.contains(&first) && (short || to);
        relative.then_some(Reading {
            key,
            likelihood: 0.7,
            in_a_role: true,
            bare: false,
        })
    }
}

impl Forms {
    fn add(&mut self, id: usize, key: Key, names: &Names, shared: usize) {
        let column = &names.columns[key.column];
        let mut put = |form: &str| {
            let known = self.own.entry(form.to_owned()).or_default();
            if !known.contains(&id) {
                known.push(id);
            }
        };
        if keys::is_specific(names, key.column) {
            put(column.text());
            if shared > 0
                && let Some(rest) = column.joined.get(shared..)
                && rest.len() > 3
            {
                put(rest);
            }
        }
        // One name means one key of its table: the first, which is the surest.
        let table = names.table.concat();
        if names.table.len() == 1 && table.len() > 3 {
            let first = table.chars().next().expect("it is longer than three bytes");
            self.words
                .entry(first)
                .or_default()
                .push((table.clone(), id));
        }
        self.table.entry(table).or_default().push(id);
    }

    fn readings(&self, names: &Names, column: usize, most: usize) -> Vec<Reading> {
        let name = &names.columns[column];
        let mut found = self.by_words(name, most);
        if found.is_empty() {
            found = self.by_letters(name, most);
        }
        if found.is_empty() && names.prefix > 0 {
            found = self.behind_prefix(name, names.prefix, most);
        }
        if found.is_empty() {
            found = self.shortened(name, most);
        }
        found
    }

    /// The longest end of the name that means a key.
    fn by_words(&self, name: &ColumnName, most: usize) -> Vec<Reading> {
        let mut words = (0..name.len()).map(|place| name.word(place));
        let counts = !name.identifies && words.any(|word| COUNTING.contains(&word));
        for start in 0..name.len() {
            let role = if start == 0 { 1.0 } else { 0.88 };
            let whole = name.from(start);
            let mut found = Vec::new();
            if start == 0 || whole.len() > 3 {
                let own = if name.identifies { 0.95 } else { 0.84 };
                push(
                    &mut found,
                    self.own.get(whole),
                    (own * role, start > 0),
                    most,
                );
            }
            let (base, likelihood) = if name.identifies {
                (name.between(start, name.len() - 1), 0.92)
            } else {
                (whole, 0.8)
            };
            if !counts && !base.is_empty() {
                let known = found.len();
                let likelihood = (likelihood * role, start > 0);
                push(&mut found, self.table.get(base), likelihood, most);
                for reading in &mut found[known..] {
                    reading.bare = !name.identifies;
                }
            }
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// The same for a name that runs its words together: `citingpaperid`.
    fn by_letters(&self, name: &ColumnName, most: usize) -> Vec<Reading> {
        let Some(only) = name.only() else {
            return Vec::new();
        };
        let ends = keys::base_of(only).is_some();
        let places = only.char_indices().map(|(place, _)| place);
        for start in places.take_while(|place| place + 5 <= only.len()) {
            let rest = &only[start..];
            let likelihood = (if start == 0 { 0.9 } else { 0.72 }, start > 0);
            let mut found = Vec::new();
            push(&mut found, self.own.get(rest), likelihood, most);
            if let Some(base) = keys::base_of(rest) {
                push(&mut found, self.table.get(&base), likelihood, most);
            }
            // `sourceairport`.
            if !ends && start > 0 {
                let known = found.len();
                push(&mut found, self.table.get(rest), (0.68, true), most);
                for reading in &mut found[known..] {
                    reading.bare = true;
                }
            }
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// `sbtxcustid` among `sbtxid`, `sbtxdate`: what stands behind what all columns begin with.
    fn behind_prefix(&self, name: &ColumnName, prefix: usize, most: usize) -> Vec<Reading> {
        let mut found = Vec::new();
        if let Some(rest) = name.joined.get(prefix..)
            && rest.len() > 3
        {
            push(&mut found, self.own.get(rest), (0.85, true), most);
            if let Some(base) = keys::base_of(rest) {
                push(&mut found, self.table.get(&base), (0.8, true), most);
            }
        }
        found
    }

    /// `dept_id` of `departments`: the table's name, shortened.
    fn shortened(&self, name: &ColumnName, most: usize) -> Vec<Reading> {
        if !name.identifies || name.len() < 2 {
            return Vec::new();
        }
        let short = name.word(name.len() - 2);
        if short.len() < 3 {
            return Vec::new();
        }
        let in_a_role = name.len() > 2;
        let first = short.chars().next().expect("it has three bytes");
        let tables = self.words.get(&first).into_iter().flatten();
        let ids: Vec<usize> = tables
            .filter(|(table, _)| shortens(short, table))
            .map(|(_, id)| *id)
            .collect();
        let mut found = Vec::new();
        let likelihood = if in_a_role { 0.6 } else { 0.7 };
        push(&mut found, Some(&ids), (likelihood, in_a_role), most);
        found
    }
}

fn push(
    found: &mut Vec<Reading>,
    keys: Option<&Vec<usize>>,
    (likelihood, in_a_role): (f32, bool),
    most: usize,
) {
    let keys = keys.map_or(&[][..], Vec::as_slice);
    if keys.len() <= most {
        found.extend(keys.iter().map(|&key| Reading {
            key,
            likelihood,
            in_a_role,
            bare: false,
        }));
    }
}

/// Whether `short` has its letters in `long` in order, beginning with the same.
fn shortens(short: &str, long: &str) -> bool {
    let mut letters = long.chars();
    short.len() < long.len()
        && short.chars().zip(long.chars()).take(2).all(|(a, b)| a == b)
        && short.chars().all(|c| letters.any(|letter| letter == c))
}

/// Letters that every column of every table begins with: `sb` of `sbcustid`, `sbtxid`.
fn shared_prefix(names: &[Names]) -> usize {
    if names.len() < 3 {
        return 0;
    }
    let mut columns = names.iter().flat_map(|names| &names.columns);
    let Some(first) = columns.next() else {
        return 0;
    };
    let shared = |name: &ColumnName| {
        let pairs = first.joined.bytes().zip(name.joined.bytes());
        pairs.take_while(|(a, b)| a == b).count()
    };
    columns.map(shared).min().filter(|n| *n >= 2).unwrap_or(0)
}
