//! The columns of the relations of a snapshot.

use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::sql::schema::Column;
use crate::sql::schema::Table;

use super::Error;
use super::reader::Reader;
use super::type_kinds::Types;

/// One column and the table and type that it belongs to.
struct Found {
    table: u32,
    type_oid: u32,
    column: Column,
}

/// Fills in the columns of `tables`, in `attnum` order, with the labels of enums. A column without
/// a comment has that of its enum or domain.
pub(super) async fn read(reader: &Reader, tables: &mut [Table]) -> Result<Types, Error> {
    let oids: Vec<u32> = tables.iter().map(|table| table.oid).collect();
    let mut found = Vec::new();
    for oids in oids.chunks(AT_ONCE) {
        let rows = reader.query(COLUMNS, &[(&oids, Type::OID_ARRAY)]).await?;
        for row in &rows {
            found.push(column(row)?);
        }
    }

    let types = Types::read(reader, found.iter().map(|found| found.type_oid)).await?;
    let mut by_table = super::snapshot::by_oid(tables);
    for Found {
        table,
        type_oid,
        mut column,
    } in found
    {
        let Some(table) = by_table.get_mut(&table) else {
            continue;
        };
        if let Some(base) = types.base(type_oid) {
            column.kind = base.kind;
            column.not_null |= base.not_null;
            column.enum_labels = Arc::clone(&base.labels);
            column.comment = column.comment.or_else(|| base.comment.clone());
        }
        table.columns.push(column);
    }
    for table in by_table.into_values() {
        table.columns.shrink_to_fit();
    }
    Ok(types)
}

/// Tables whose columns are read at once: the server's rows take more memory than what is kept.
const AT_ONCE: usize = 64;

fn column(row: &Row) -> Result<Found, Error> {
    Ok(Found {
        table: row.try_get(0)?,
        type_oid: row.try_get(4)?,
        column: Column {
            attnum: row.try_get(1)?,
            name: row.try_get(2)?,
            type_name: row.try_get(3)?,
            not_null: row.try_get(5)?,
            comment: row.try_get(6)?,
            ..Column::default()
        },
    })
}

const COLUMNS: &str = "
SELECT a.attrelid, a.attnum, a.attname::text, format_type(a.atttypid, a.atttypmod), a.atttypid,
       a.attnotnull, d.description
  FROM unnest($1) AS r(oid)
  JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_description d
    ON d.objoid = a.attrelid AND d.classoid = 'pg_class'::regclass AND d.objsubid = a.attnum
 ORDER BY a.attrelid, a.attnum";
