//! One state of a database's catalog, complete, before any role's view is cut from it.

use std::collections::HashMap;

use crate::sql::schema::Table;

use super::Error;
use super::columns;
use super::keys;
use super::reader::Reader;
use super::relations;
use super::values;

/// Every table of a database with everything that is known about it.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    /// The database's name.
    pub(super) database: String,
    /// Ordered by schema and name.
    pub(super) tables: Vec<Table>,
}

impl Snapshot {
    /// Reads the whole catalog; `reader` must have begun.
    pub(super) async fn read(reader: &Reader, database: &str) -> Result<Self, Error> {
        let mut tables = relations::read(reader).await?;
        let types = columns::read(reader, &mut tables).await?;
        keys::read(reader, &mut tables).await?;
        values::read(reader, &mut tables, &types.text()).await?;
        Ok(Self {
            database: database.to_owned(),
            tables,
        })
    }

    /// Columns of all tables together, which is what reading and memory cost follows.
    pub(super) fn width(&self) -> usize {
        self.tables.iter().map(|table| table.columns.len()).sum()
    }
}

/// The tables by their oid, to fill something in.
pub(super) fn by_oid(tables: &mut [Table]) -> HashMap<u32, &mut Table> {
    tables.iter_mut().map(|table| (table.oid, table)).collect()
}
