//! Primary, unique and foreign keys of the relations of a snapshot.

use std::collections::HashMap;

use tokio_postgres::types::Type;

use crate::sql::schema::ForeignKey;
use crate::sql::schema::Table;

use super::Error;
use super::reader::Reader;

/// Fills in the keys of `tables`, whose columns must be there.
pub(super) async fn read(reader: &Reader, tables: &mut [Table]) -> Result<(), Error> {
    let oids: Vec<u32> = tables.iter().map(|table| table.oid).collect();
    let rows = reader.query(KEYS, &[(&oids, Type::OID_ARRAY)]).await?;
    let places: HashMap<u32, usize> = tables
        .iter()
        .enumerate()
        .map(|(place, table)| (table.oid, place))
        .collect();
    for row in &rows {
        let Some(&owner) = places.get(&row.try_get(0)?) else {
            continue;
        };
        let Some(columns) = positions(&tables[owner], row.try_get(2)?) else {
            continue;
        };
        let contype: i8 = row.try_get(1)?;
        match contype.cast_unsigned() {
            b'p' => tables[owner].primary_key = columns,
            b'u' => tables[owner].unique_keys.push(columns),
            _ => {
                let target: u32 = row.try_get(3)?;
                let key = places
                    .get(&target)
                    .zip(row.try_get(4)?)
                    .and_then(|(&place, attnums)| positions(&tables[place], attnums))
                    .map(|referenced_columns| ForeignKey {
                        columns,
                        references: target,
                        referenced_columns,
                    });
                tables[owner].foreign_keys.extend(key);
            }
        }
    }
    Ok(())
}

fn positions(table: &Table, attnums: Vec<i16>) -> Option<Vec<usize>> {
    let place = |attnum| {
        table
            .columns
            .binary_search_by_key(&attnum, |column| column.attnum)
            .ok()
    };
    attnums.into_iter().map(place).collect()
}

/// `conparentid` is set on the copies that partitions carry of their parent's constraints.
const KEYS: &str = "
SELECT k.conrelid, k.contype, k.conkey, k.confrelid, k.confkey
  FROM pg_constraint k
 WHERE k.conrelid = ANY ($1) AND k.contype IN ('p','u','f') AND k.conparentid = 0
 ORDER BY k.conrelid, k.contype, k.conname";
