//! The objects of one database, and what each of them reaches, as plain data.
//!
//! `catalog` fills it in; `guard` finds out with it what a text would touch under a name that says
//! nothing about it: a view over a denied table, an operator over a denied function.

use std::collections::HashMap;
use std::sync::Arc;

/// What a database holds, whoever asks, at one moment. Other sessions' temporary tables are left
/// out.
#[derive(Debug, Clone, Default)]
pub struct Objects {
    /// Changes whenever anything below may have changed; part of the guard's cache key.
    pub version: u64,
    /// Tables, views, sequences: whatever a query can name.
    pub relations: Vec<Relation>,
    /// Functions, aggregates, window functions and procedures.
    pub functions: Vec<Function>,
    /// Operators that have a function.
    pub operators: Vec<Operator>,
    /// Casts that have a function.
    pub casts: Vec<Cast>,
    /// Types that are not PostgreSQL's own, and those that casts speak of.
    pub types: Vec<NamedType>,
    /// Positions in `relations`, by name.
    by_name: HashMap<Arc<str>, Vec<usize>>,
}

/// Something with columns, or a sequence.
#[derive(Debug, Clone, Default, Hash)]
pub struct Relation {
    /// `pg_class.oid`.
    pub oid: u32,
    /// The schema it is in.
    pub schema: Arc<str>,
    /// Its name, unquoted.
    pub name: Arc<str>,
    /// Its columns that were not dropped, in `attnum` order.
    pub columns: Vec<Column>,
    /// Positions of what it inherits from or is a partition of.
    pub parents: Vec<usize>,
    /// Positions of the relations that its rules read or write, for a view what it shows.
    pub reads: Vec<usize>,
    /// Positions and `attnum`s of the columns that its rules name.
    pub reads_columns: Vec<(usize, i16)>,
    /// Its rules use whole rows, so columns that they do not name as well.
    pub reads_rows: bool,
    /// Positions of the functions that its rules call.
    pub calls: Vec<usize>,
    /// `attnum`s of generated columns, each behind one that it is computed from.
    pub generated: Vec<(i16, i16)>,
    /// `pg_type.oid` of its rows; 0 for none.
    pub row_type: u32,
    /// What it shows, for a foreign table.
    pub foreign: Option<Box<Foreign>>,
}

/// What a foreign table shows on its server, as far as its options say; else the names are its own.
#[derive(Debug, Clone, Default, Hash)]
pub struct Foreign {
    /// The schema there.
    pub schema: Option<Arc<str>>,
    /// The table there.
    pub name: Option<Arc<str>>,
    /// What its columns are called there, by `attnum`.
    pub columns: Vec<(i16, Arc<str>)>,
}

impl Relation {
    /// Its schema and name, and those of what it shows on another server.
    pub fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = (&*self.schema, &*self.name);
        let there = self.foreign.as_ref().map(|foreign| {
            let schema = foreign.schema.as_deref().unwrap_or(own.0);
            (schema, foreign.name.as_deref().unwrap_or(own.1))
        });
        std::iter::once(own).chain(there)
    }

    /// The name of one of its columns, and that of what it shows on another server.
    pub fn names_of<'a>(&'a self, column: &'a Column) -> impl Iterator<Item = &'a str> {
        let foreign = self.foreign.iter().flat_map(|foreign| &foreign.columns);
        let there = foreign.filter(|(attnum, _)| *attnum == column.attnum);
        std::iter::once(&*column.name).chain(there.map(|(_, name)| &**name))
    }
}

/// A column of a [`Relation`].
#[derive(Debug, Clone, Hash)]
pub struct Column {
    /// Its name, unquoted.
    pub name: Arc<str>,
    /// `pg_attribute.attnum`.
    pub attnum: i16,
    /// `pg_type.oid` of its type.
    pub type_oid: u32,
}

/// Something that can be called.
#[derive(Debug, Clone, Default, Hash)]
pub struct Function {
    /// The schema it is in.
    pub schema: Arc<str>,
    /// Its name, unquoted.
    pub name: Arc<str>,
    /// What it reads is known from what it is given: it is PostgreSQL's own, or written in C, or
    /// quiet and of an extension. The body of any other may read whatever it likes.
    pub transparent: bool,
    /// PostgreSQL takes it for one that may do anything.
    pub volatile: bool,
    /// Its source, when it is not transparent and written in SQL or PL/pgSQL.
    pub body: Option<Arc<str>>,
    /// It can be called as an attribute of a row or, with parentheses, of any value.
    pub attribute: Attribute,
    /// Positions of the functions that an aggregate is made of, that defaults of arguments call, and
    /// that those of PostgreSQL's own call which are written in SQL.
    pub calls: Vec<usize>,
}

/// Whether `x.f` calls a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Attribute {
    /// It takes more arguments than one, or none.
    #[default]
    No,
    /// It takes a value that is no row.
    OfValue,
    /// It takes a row, or anything.
    OfRow,
}

/// An operator.
#[derive(Debug, Clone, Hash)]
pub struct Operator {
    /// Its symbol.
    pub symbol: Arc<str>,
    /// Position of its function.
    pub function: usize,
    /// `pg_type.oid` of what stands on either side; 0 for nothing.
    pub operands: [u32; 2],
}

/// A cast by a function.
#[derive(Debug, Clone, Copy, Hash)]
pub struct Cast {
    /// `pg_type.oid` of what is cast.
    pub source: u32,
    /// `pg_type.oid` of what it becomes.
    pub target: u32,
    /// Position of its function.
    pub function: usize,
    /// It happens without being written, if only where a value is stored.
    pub implicit: bool,
}

/// A type by its name.
#[derive(Debug, Clone, Hash)]
pub struct NamedType {
    /// `pg_type.oid`.
    pub oid: u32,
    /// Its name, unquoted.
    pub name: Arc<str>,
    /// It is PostgreSQL's own.
    pub is_built_in: bool,
    /// Positions of the functions that the checks of a domain call.
    pub checks: Vec<usize>,
    /// `pg_type.oid` of what its values are made of, for an array, domain, range or composite type.
    pub holds: Vec<u32>,
}

/// The first oid that no object of PostgreSQL's own has.
pub const FIRST_NORMAL_OID: u32 = 16384;

impl Objects {
    /// These relations and nothing else.
    pub fn of(version: u64, relations: Vec<Relation>) -> Self {
        let mut objects = Self {
            version,
            relations,
            ..Self::default()
        };
        objects.index();
        objects
    }

    /// Makes [`named`](Self::named) find the relations that are there now.
    pub fn index(&mut self) {
        self.by_name.clear();
        for (position, relation) in self.relations.iter().enumerate() {
            let positions = self.by_name.entry(Arc::clone(&relation.name)).or_default();
            positions.push(position);
        }
    }

    /// The positions of all relations with this name, in any schema.
    pub fn named(&self, name: &str) -> &[usize] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }
}
