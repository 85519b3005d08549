//! A schema ready to be searched: what each table and column is called, by terms.

use std::collections::HashMap;

use super::grams::Grams;
use super::postings::Postings;
use super::segment::Dictionary;
use super::terms::Reader;
use super::terms::Term;
use super::terms::Terms;
use super::values::Values;
use super::words::each_word;
use crate::sql::schema::Column;
use crate::sql::schema::Schema;
use crate::sql::schema::Table;

/// What a term counts by where it stands: in the document of a table.
const IN_NAME: f32 = 3.0;
const IN_COLUMN: f32 = 1.0;
const IN_COMMENT: f32 = 0.5;
const IN_NAMESPACE: f32 = 0.5;

/// And in that of a column.
const COLUMN_NAME: f32 = 2.0;
const COLUMN_COMMENT: f32 = 1.0;

/// Everything that can be looked up. Tables have their positions in the schema as numbers,
/// columns are numbered through all tables.
pub(super) struct Index {
    /// The words.
    pub(super) terms: Terms,
    /// Words by what they look like.
    pub(super) grams: Grams,
    /// Tables by their names.
    pub(super) names: Postings,
    /// Tables by all that is known of them.
    pub(super) tables: Postings,
    /// Columns by their names, comments and labels.
    pub(super) columns: Postings,
    /// Columns by stored spellings.
    pub(super) values: Values,
    /// The number of each table's first column, and of one beyond the last.
    first_columns: Vec<u32>,
    /// The table of each column.
    table_of: Vec<u32>,
    /// The namespace of each table, numbered.
    namespaces: Vec<u32>,
    /// How many terms each table's name has.
    name_lengths: Vec<f32>,
}

impl Index {
    /// Indexes `schema`.
    pub(super) fn new(schema: &Schema) -> Self {
        let mut counts = Counts::new(schema);
        let mut values = Values::default();
        let mut first_columns = vec![0];
        let mut table_of = Vec::new();
        for (position, table) in schema.tables.iter().enumerate() {
            counts.add_table(position as u32, table);
            for column in &table.columns {
                let number = table_of.len() as u32;
                counts.add_column(position as u32, number, column);
                values.add(number, column);
                table_of.push(position as u32);
            }
            first_columns.push(table_of.len() as u32);
        }
        values.finish();
        let tables = schema.tables.len();
        let terms = counts.reader.finish();
        let names = Postings::new(counts.names, terms.len(), tables);
        let mut name_lengths = vec![0.0; tables];
        for term in 0..terms.len() as Term {
            for posting in names.of(term) {
                name_lengths[posting.document as usize] += 1.0;
            }
        }
        Self {
            grams: Grams::new(&terms),
            tables: Postings::new(counts.tables, terms.len(), tables),
            columns: Postings::new(counts.columns, terms.len(), table_of.len()),
            terms,
            names,
            values,
            first_columns,
            table_of,
            namespaces: namespaces(schema),
            name_lengths,
        }
    }

    /// The table of a column.
    pub(super) fn table_of(&self, column: u32) -> usize {
        self.table_of[column as usize] as usize
    }

    /// The number of the column at a position of a table.
    pub(super) fn column(&self, table: usize, position: usize) -> usize {
        self.first_columns[table] as usize + position
    }

    /// The namespace of each table: numbers from 0, each below the number of tables.
    pub(super) fn namespaces(&self) -> &[u32] {
        &self.namespaces
    }

    /// How many terms a table's name has.
    pub(super) fn name_length(&self, table: usize) -> f32 {
        self.name_lengths[table]
    }
}

/// How often terms stand where, while a schema is read.
struct Counts {
    reader: Reader,
    names: Vec<(Term, u32, f32)>,
    tables: Vec<(Term, u32, f32)>,
    columns: Vec<(Term, u32, f32)>,
}

impl Counts {
    fn new(schema: &Schema) -> Self {
        let mut seen = Vec::new();
        let mut see = |text: &str| each_word(text, |word| seen.push(word.to_owned()));
        for table in &schema.tables {
            see(&table.schema);
            see(&table.name);
            see(table.comment.as_deref().unwrap_or_default());
            for column in &table.columns {
                see(&column.name);
                see(column.comment.as_deref().unwrap_or_default());
            }
        }
        seen.sort_unstable();
        seen.dedup();
        let dictionary = Dictionary::new(seen.iter().map(String::as_str));
        Self {
            reader: Reader::new(dictionary),
            names: Vec::new(),
            tables: Vec::new(),
            columns: Vec::new(),
        }
    }

    fn add_table(&mut self, table: u32, of: &Table) {
        for term in self.reader.read(&of.name) {
            self.names.push((term, table, 1.0));
            self.tables.push((term, table, IN_NAME));
        }
        for term in self.reader.read(&of.schema) {
            self.tables.push((term, table, IN_NAMESPACE));
        }
        for term in self.reader.read(of.comment.as_deref().unwrap_or_default()) {
            self.tables.push((term, table, IN_COMMENT));
        }
    }

    fn add_column(&mut self, table: u32, number: u32, column: &Column) {
        for term in self.reader.read(&column.name) {
            self.tables.push((term, table, IN_COLUMN));
            self.columns.push((term, number, COLUMN_NAME));
        }
        let comment = column.comment.as_deref().unwrap_or_default();
        for text in column
            .enum_labels
            .iter()
            .map(String::as_str)
            .chain([comment])
        {
            for term in self.reader.read(text) {
                self.tables.push((term, table, IN_COMMENT));
                self.columns.push((term, number, COLUMN_COMMENT));
            }
        }
    }
}

fn namespaces(schema: &Schema) -> Vec<u32> {
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    schema
        .tables
        .iter()
        .map(|table| {
            let next = numbers.len() as u32;
            *numbers.entry(&table.schema).or_insert(next)
        })
        .collect()
}
