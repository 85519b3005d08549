//! The relations of a database that a question may be about.

use tokio_postgres::Row;

use crate::sql::schema::Table;
use crate::sql::schema::TableKind;

use super::Error;
use super::reader::Reader;

/// Every relation of the database that is no system object, without its columns.
pub(super) async fn read(reader: &Reader) -> Result<Vec<Table>, Error> {
    let rows = reader.query(RELATIONS, &[]).await?;
    rows.iter().map(relation).collect()
}

fn relation(row: &Row) -> Result<Table, Error> {
    Ok(Table {
        oid: row.try_get(0)?,
        schema: row.try_get(1)?,
        name: row.try_get(2)?,
        kind: kind(row.try_get(3)?),
        comment: row.try_get(4)?,
        row_estimate: row.try_get::<_, Option<f64>>(5)?.map(|rows| rows as u64),
        ..Table::default()
    })
}

fn kind(relkind: i8) -> TableKind {
    match relkind.cast_unsigned() {
        b'p' => TableKind::Partitioned,
        b'v' => TableKind::View,
        b'm' => TableKind::MaterializedView,
        b'f' => TableKind::Foreign,
        _ => TableKind::Table,
    }
}

/// Partitions are left out: their parent stands for them, also for their rows where ANALYZE has
/// not counted it. What an extension owns (its settings, its statistics) is about the server, not
/// about what is stored. `reltuples` is -1 until the first VACUUM or ANALYZE.
const RELATIONS: &str = "
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind, d.description,
       CASE WHEN c.relkind = 'v' THEN NULL
            WHEN c.reltuples >= 0 THEN c.reltuples::float8
            ELSE parts.total END
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_description d
    ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
  LEFT JOIN (
    SELECT pg_partition_root(p.oid)::oid AS root,
           sum(p.reltuples::float8) FILTER (WHERE p.reltuples >= 0) AS total
      FROM pg_class p
     WHERE p.relispartition AND p.relkind IN ('r','f')
     GROUP BY 1
  ) parts ON parts.root = c.oid
 WHERE c.relkind IN ('r','p','v','m','f')
   AND NOT c.relispartition
   AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_'
   AND n.nspname <> 'information_schema'
   AND NOT EXISTS (
     SELECT FROM pg_depend e
      WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
 ORDER BY n.nspname, c.relname";
