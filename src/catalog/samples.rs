//! Stored values, looked at as the role that asks: spellings of texts, and whether references that
//! nothing declares hold.
//!
//! Nothing is read that the role could not read itself, each look is a short read-only query, and
//! what is seen stays in this process. Where the service account may not act as the role, and under
//! row security, nothing is looked at.

mod evidence;
mod inclusion;
mod spellings;

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use tokio_postgres::types::Type;

use crate::sql::identifier::quoted;
use crate::sql::schema::Schema;
use crate::sql::schema::Table;

use super::Error;
use super::reader::Reader;

use inclusion::Inclusion;
use spellings::Spellings;

/// How long one role's looks may take together.
const LOOKING: Duration = Duration::from_secs(4);

/// What was seen of the values that a role can read.
#[derive(Debug, Default)]
pub(super) struct Samples {
    spellings: HashMap<(u32, i16), Spellings>,
    inclusions: HashMap<Pair, Inclusion>,
}

/// A reference: the referencing table, the referenced one, and their columns by `attnum`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Pair {
    from: u32,
    to: u32,
    columns: Vec<(i16, i16)>,
}

impl Samples {
    /// Looks at the values behind `schema`, as its role; what cannot be read is left out.
    pub(super) async fn read(reader: &Reader, schema: &Schema) -> Result<Self, Error> {
        let end = Instant::now() + LOOKING;
        reader.begin().await?;
        let open = open_tables(reader, schema).await?;
        let mut samples = Self::default();
        let role = format!("{LIMITS}; SET LOCAL ROLE {}", quoted(&schema.role));
        if reader.try_command(&role).await? {
            samples.spellings = spellings::read(reader, schema, &open, end).await?;
            samples.inclusions = inclusion::read(reader, schema, &open, end).await?;
        }
        reader.undo().await?;
        Ok(samples)
    }

    /// `schema` with what was seen: spellings of texts, and references confirmed, refuted or found.
    pub(super) fn applied(&self, mut schema: Schema) -> Schema {
        for table in &mut schema.tables {
            let oid = table.oid;
            for column in &mut table.columns {
                let seen = self.spellings.get(&(oid, column.attnum));
                if let Some(seen) = seen.filter(|seen| !seen.texts.is_empty()) {
                    column.common_values = Arc::clone(&seen.texts);
                }
            }
        }
        evidence::weigh(&mut schema.tables, self);
        schema.version = super::digest::schema(&schema);
        schema
    }
}

/// A table whose rows may be looked at.
#[derive(Debug, Clone, Copy)]
struct Open {
    /// It is so small that it may be read whole.
    small: bool,
}

/// Tables without row security that are stored here and not empty: reading them runs no code, and
/// reaches no other server.
async fn open_tables(reader: &Reader, schema: &Schema) -> Result<HashMap<u32, Open>, Error> {
    let oids: Vec<u32> = schema.tables.iter().map(|table| table.oid).collect();
    let rows = reader.query(OPEN, &[(&oids, Type::OID_ARRAY)]).await?;
    let open = |row: &tokio_postgres::Row| {
        let small: bool = row.try_get(1)?;
        Ok((row.try_get(0)?, Open { small }))
    };
    rows.iter().map(open).collect()
}

/// The name of a table, qualified, for a FROM clause.
fn relation(table: &Table) -> String {
    format!("{}.{}", quoted(&table.schema), quoted(&table.name))
}

/// Tables of a schema by their oid.
fn by_oid(tables: &[Table]) -> HashMap<u32, &Table> {
    tables.iter().map(|table| (table.oid, table)).collect()
}

/// Columns of `table` that a declared or inferred reference of its own speaks for.
fn referring(table: &Table) -> HashSet<usize> {
    let declared = table.foreign_keys.iter();
    let inferred = table.inferred_keys.iter().map(|inferred| &inferred.key);
    let keys = declared.chain(inferred);
    keys.flat_map(|key| key.columns.iter().copied()).collect()
}

/// Whoever changes a table does not wait for us, nor we for them.
const LIMITS: &str = "SET LOCAL statement_timeout = '250ms'; \
     SET LOCAL lock_timeout = '50ms'; \
     SET LOCAL max_parallel_workers_per_gather = 0; \
     SET LOCAL synchronize_seqscans = off";

/// Partitioned tables have no pages of their own and are not small. The limit is 128 pages, 1 MiB.
const OPEN: &str = "
SELECT c.oid, c.relkind IN ('r','m') AND pg_relation_size(c.oid) <= 1048576
  FROM pg_class c
 WHERE c.oid = ANY ($1)
   AND (c.relkind = 'p' OR c.relkind IN ('r','m') AND pg_relation_size(c.oid) > 0)
   AND NOT c.relrowsecurity
   AND NOT EXISTS (
     SELECT FROM pg_inherits i JOIN pg_class k ON k.oid = i.inhrelid
      WHERE i.inhparent = c.oid AND k.relkind = 'f')";
