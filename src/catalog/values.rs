//! Stored spellings of text columns, from the planner's statistics.

use tokio_postgres::types::Type;

use crate::sql::schema::Table;

use super::Error;
use super::reader::Reader;

/// Fills in `common_values` of the columns of `tables` whose type is in `text_types`.
pub(super) async fn read(
    reader: &Reader,
    tables: &mut [Table],
    text_types: &[u32],
) -> Result<(), Error> {
    let oids: Vec<u32> = tables.iter().map(|table| table.oid).collect();
    let parameters = [
        (&oids as _, Type::OID_ARRAY),
        (&text_types as _, Type::OID_ARRAY),
    ];
    let rows = reader.query(VALUES, &parameters).await?;
    let mut by_table = super::snapshot::by_oid(tables);
    let mut bytes = 0;
    for row in &rows {
        let table: u32 = row.try_get(0)?;
        let attnum: i16 = row.try_get(1)?;
        let values: Vec<String> = row.try_get(2)?;
        bytes += values.iter().map(String::len).sum::<usize>();
        if bytes > MOST_BYTES {
            break;
        }
        let column = by_table.get_mut(&table).and_then(|table| {
            table
                .columns
                .iter_mut()
                .find(|column| column.attnum == attnum)
        });
        if let Some(column) = column {
            column.common_values = values.into();
        }
    }
    Ok(())
}

/// What is kept of all columns together. Those that questions name come first.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// `pg_stats` shows the service account what it may read; what of that a role may read follows
/// from the columns that the role can see. Tables under row security are left out: which of their
/// values a role may see depends on the row. Columns of few distinct values come first, as they
/// are the ones that questions name.
const VALUES: &str = "
SELECT c.oid, a.attnum,
       ARRAY(SELECT v FROM unnest(s.most_common_vals::text::text[]) WITH ORDINALITY AS u(v, place)
              WHERE length(v) <= 64 AND place <= 100 ORDER BY place)
  FROM pg_stats s
  JOIN pg_namespace n ON n.nspname = s.schemaname
  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.tablename
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname
 WHERE c.oid = ANY ($1)
   AND a.atttypid = ANY ($2)
   AND NOT c.relrowsecurity
   AND s.most_common_vals IS NOT NULL
   AND s.inherited = (c.relkind = 'p')
 ORDER BY s.n_distinct < 0, abs(s.n_distinct)
 LIMIT 3000";
