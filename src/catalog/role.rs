//! The part of a snapshot that one role may read.

use std::collections::HashMap;

use tokio_postgres::types::Type;

use crate::sql::references;
use crate::sql::schema::ForeignKey;
use crate::sql::schema::Schema;
use crate::sql::schema::Table;

use super::Error;
use super::digest;
use super::families;
use super::reader::Reader;
use super::snapshot::Snapshot;

/// What a role may read, by `pg_class.oid`.
#[derive(Debug)]
pub(super) struct Visible {
    tables: HashMap<u32, Extent>,
}

/// How much of one table.
#[derive(Debug)]
enum Extent {
    /// SELECT on the table: every column.
    Whole,
    /// SELECT on these columns, by `attnum`.
    Columns(Vec<i16>),
}

impl Visible {
    /// Asks the server; `reader` must have begun.
    pub(super) async fn read(reader: &Reader, role: &str) -> Result<Self, Error> {
        let found = reader.query(ROLE, &[(&role, Type::TEXT)]).await?;
        let Some(row) = found.first() else {
            return Err(Error::UnknownRole {
                role: role.to_owned(),
            });
        };
        let oid: u32 = row.try_get(0)?;
        let mut tables = HashMap::new();
        for row in reader.query(VISIBLE, &[(&oid, Type::OID)]).await? {
            let columns: Option<Vec<i16>> = row.try_get(1)?;
            tables.insert(
                row.try_get(0)?,
                columns.map_or(Extent::Whole, Extent::Columns),
            );
        }
        Ok(Self { tables })
    }

    /// Cuts the view of `role` out of `snapshot`.
    pub(super) fn cut(&self, snapshot: &Snapshot, role: &str) -> Schema {
        let mut tables = Vec::with_capacity(self.tables.len());
        let mut kept = HashMap::new();
        for table in &snapshot.tables {
            let Some(extent) = self.tables.get(&table.oid) else {
                continue;
            };
            let places = extent.places(table);
            tables.push(narrowed(table, &places));
            kept.insert(table.oid, places);
        }
        for table in &mut tables {
            let own = &kept[&table.oid];
            table.foreign_keys = std::mem::take(&mut table.foreign_keys)
                .into_iter()
                .filter_map(|key| foreign_key(&key, own, kept.get(&key.references)?))
                .collect();
        }
        let (mut tables, folded) = families::fold(tables);
        references::infer(&mut tables);
        let mut schema = Schema {
            version: 0,
            database: snapshot.database.clone(),
            role: role.to_owned(),
            tables,
            folded,
        };
        schema.version = digest::schema(&schema);
        schema
    }
}

impl Extent {
    /// For each column of `table` its place among those that can be seen.
    fn places(&self, table: &Table) -> Vec<Option<usize>> {
        let mut next = 0;
        let mut place = |seen: bool| {
            seen.then(|| {
                next += 1;
                next - 1
            })
        };
        match self {
            Self::Whole => table.columns.iter().map(|_| place(true)).collect(),
            Self::Columns(attnums) => table
                .columns
                .iter()
                .map(|column| place(attnums.contains(&column.attnum)))
                .collect(),
        }
    }
}

/// `table` with the columns that have a place; foreign keys are still those of the whole table.
fn narrowed(table: &Table, places: &[Option<usize>]) -> Table {
    let columns = table.columns.iter().zip(places);
    Table {
        columns: columns
            .filter(|(_, place)| place.is_some())
            .map(|(c, _)| c.clone())
            .collect(),
        primary_key: moved(&table.primary_key, places).unwrap_or_default(),
        unique_keys: table
            .unique_keys
            .iter()
            .filter_map(|key| moved(key, places))
            .collect(),
        foreign_keys: table.foreign_keys.clone(),
        schema: table.schema.clone(),
        name: table.name.clone(),
        comment: table.comment.clone(),
        family: None,
        inferred_keys: Vec::new(),
        ..*table
    }
}

fn foreign_key(
    key: &ForeignKey,
    own: &[Option<usize>],
    target: &[Option<usize>],
) -> Option<ForeignKey> {
    Some(ForeignKey {
        columns: moved(&key.columns, own)?,
        references: key.references,
        referenced_columns: moved(&key.referenced_columns, target)?,
    })
}

/// `None` when a column of the key cannot be seen.
fn moved(key: &[usize], places: &[Option<usize>]) -> Option<Vec<usize>> {
    key.iter().map(|&column| places[column]).collect()
}

const ROLE: &str = "SELECT oid FROM pg_roles WHERE rolname = $1";

/// The functions answer NULL for what was dropped meanwhile. A null array stands for all columns.
const VISIBLE: &str = "
SELECT c.oid,
       CASE WHEN NOT has_table_privilege($1, c.oid, 'SELECT') THEN
         ARRAY(SELECT a.attnum FROM pg_attribute a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                  AND has_column_privilege($1, c.oid, a.attnum, 'SELECT'))
       END
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r','p','v','m','f')
   AND NOT c.relispartition
   AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_'
   AND n.nspname <> 'information_schema'
   AND has_schema_privilege($1, n.oid, 'USAGE')
   AND (has_table_privilege($1, c.oid, 'SELECT')
        OR has_any_column_privilege($1, c.oid, 'SELECT'))";
