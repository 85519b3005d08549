//! What one role can see of one database, as plain data.
//!
//! `catalog` fills it in, `nl` reads it to translate, `guard` reads it to resolve names; none of
//! them knows the others. Nothing here talks to a server.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

/// The part of a database that one role may read, at one moment.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// Grows or changes whenever anything below may have changed; part of every cache key.
    pub version: u64,
    /// The database's name.
    pub database: String,
    /// The role whose view this is.
    pub role: String,
    /// Tables, views, materialized views and foreign tables, ordered by schema and name.
    pub tables: Vec<Table>,
    /// Further members of families; one of `tables` stands for each family.
    pub folded: Vec<Table>,
}

impl Schema {
    /// The table that a qualified name stands for, written exactly as PostgreSQL stores it.
    pub fn table(&self, schema: &str, name: &str) -> Option<&Table> {
        self.all()
            .find(|table| table.schema == schema && table.name == name)
    }

    /// The table with this `pg_class.oid`.
    pub fn table_by_oid(&self, oid: u32) -> Option<&Table> {
        self.all().find(|table| table.oid == oid)
    }

    /// Every table, those included that another one stands for.
    pub fn all(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().chain(&self.folded)
    }
}

/// One relation that can stand in a FROM clause.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// `pg_class.oid`.
    pub oid: u32,
    /// The schema (namespace) it is in.
    pub schema: String,
    /// Its name, unquoted.
    pub name: String,
    /// What kind of relation it is.
    pub kind: TableKind,
    /// `COMMENT ON TABLE`, when there is one.
    pub comment: Option<String>,
    /// The columns that the role may read, in `attnum` order.
    pub columns: Vec<Column>,
    /// Positions in `columns` of the primary key; empty when there is none or it is not readable.
    pub primary_key: Vec<usize>,
    /// Positions in `columns` of each further unique key.
    pub unique_keys: Vec<Vec<usize>>,
    /// Foreign keys of this table, to tables of the same [`Schema`].
    pub foreign_keys: Vec<ForeignKey>,
    /// References that nothing declares, likeliest first; never one that a foreign key declares.
    pub inferred_keys: Vec<InferredKey>,
    /// `pg_class.reltuples`; `None` when the table was never analyzed.
    pub row_estimate: Option<u64>,
    /// The tables of the same shape that this one stands for.
    pub family: Option<Family>,
}

/// Many tables of one schema with the same columns, as `events_2024_01` and its like.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Family {
    /// What their names have in common, with `*` for what they have not: `events_*`.
    pub pattern: String,
    /// How many they are, the one that stands for them included.
    pub members: usize,
}

impl Table {
    /// The position of a column, by its exact stored name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// `pg_class.relkind`, as far as a question can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TableKind {
    /// An ordinary table (`r`).
    #[default]
    Table,
    /// A partitioned table (`p`); its partitions are folded into it.
    Partitioned,
    /// A view (`v`).
    View,
    /// A materialized view (`m`).
    MaterializedView,
    /// A foreign table (`f`).
    Foreign,
}

/// One column of a [`Table`].
#[derive(Debug, Clone, Default)]
pub struct Column {
    /// Its name, unquoted.
    pub name: String,
    /// `pg_attribute.attnum`.
    pub attnum: i16,
    /// Its type as `format_type` prints it, for instance `numeric(10,2)` or `public.order_status`.
    pub type_name: String,
    /// What can be done with its values; a domain has its base type's kind.
    pub kind: TypeKind,
    /// Declared NOT NULL or part of the primary key.
    pub not_null: bool,
    /// `COMMENT ON COLUMN`, or else that on its enum type or domain, when there is one.
    pub comment: Option<String>,
    /// Labels in their declared order when the type is an enum, else empty.
    pub enum_labels: Arc<[String]>,
    /// Stored spellings known from statistics (`pg_stats.most_common_vals`) that the role may
    /// read, for matching the question's words inside this process; empty when not allowed.
    pub common_values: Arc<[String]>,
}

/// The families of types that translation and checking tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TypeKind {
    /// `boolean`.
    Boolean,
    /// `smallint`, `integer`, `bigint`.
    Integer,
    /// `numeric`, `real`, `double precision`, `money`.
    Number,
    /// `text`, `varchar`, `char`, `citext`, `name`.
    Text,
    /// An enum type.
    Enum,
    /// `date`.
    Date,
    /// `timestamp without time zone`.
    Timestamp,
    /// `timestamp with time zone`.
    TimestampTz,
    /// `time`, with or without time zone.
    Time,
    /// `interval`.
    Interval,
    /// `uuid`.
    Uuid,
    /// `json`, `jsonb`.
    Json,
    /// Anything else: arrays, ranges, geometry, bytea, extension types.
    #[default]
    Other,
}

/// A declared reference from one table to another.
#[derive(Debug, Clone, Default)]
pub struct ForeignKey {
    /// Positions of the referencing columns in the owning table.
    pub columns: Vec<usize>,
    /// `pg_class.oid` of the referenced table.
    pub references: u32,
    /// Positions of the referenced columns in that table, pairwise with `columns`.
    pub referenced_columns: Vec<usize>,
}

/// A reference from one table to another that names, types and stored values speak for.
#[derive(Debug, Clone, Default)]
pub struct InferredKey {
    /// What would be declared.
    pub key: ForeignKey,
    /// How likely it is meant, from 0 to 1.
    pub confidence: f32,
}

/// What holds for a whole database whoever asks, for deciding whether a limit may be spliced in.
///
/// Names only, so that no search path needs to be known: a name is in a set when *every* object
/// that bears it, in any schema, has the property.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Changes whenever the sets may have changed; part of the guard's cache key.
    pub version: u64,
    /// Relations that are plain storage: reading them runs no code of a view.
    pub plain_relations: HashSet<String>,
    /// Functions of which every overload is immutable or stable.
    pub quiet_functions: HashSet<String>,
    /// No operator outside `pg_catalog` calls a volatile function.
    pub quiet_operators: bool,
}

/// Looks tables up by the two parts of their name without walking the list.
#[derive(Debug, Default)]
pub struct NameIndex<'a> {
    by_name: HashMap<&'a str, Vec<&'a Table>>,
}

impl<'a> NameIndex<'a> {
    /// Indexes every table of `schema`.
    pub fn new(schema: &'a Schema) -> Self {
        let mut by_name: HashMap<&str, Vec<&Table>> = HashMap::new();
        for table in schema.all() {
            by_name.entry(&table.name).or_default().push(table);
        }
        Self { by_name }
    }

    /// All tables with this unqualified name, in any schema.
    pub fn named(&self, name: &str) -> &[&'a Table] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }
    /// Every unqualified name, in no order.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.by_name.keys().copied()
    }
}
