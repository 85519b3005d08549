//! Spellings of the texts in small tables, of which statistics may know nothing yet.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use crate::catalog::Error;
use crate::catalog::reader::Reader;
use crate::sql::identifier::quoted;
use crate::sql::schema::Schema;
use crate::sql::schema::Table;
use crate::sql::schema::TypeKind;

use super::Open;
use super::relation;

/// What a column of texts holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Spellings {
    /// Each text once, in order; empty when there are too many.
    pub(super) texts: Arc<[String]>,
    /// Every text that is stored is among them.
    pub(super) complete: bool,
    /// No text is stored twice.
    pub(super) unique: bool,
}

/// Rows that are read of a table.
const MOST_ROWS: usize = 1000;

/// Different texts of one column: more are no names that a question could be compared with.
const MOST_TEXTS: usize = 200;

/// Characters of a text that a question may mean.
const LONGEST: usize = 64;

/// Columns of one table, and bytes of all texts together.
const MOST_COLUMNS: usize = 60;
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Reads the texts of the small tables among `open`, until `end`.
pub(super) async fn read(
    reader: &Reader,
    schema: &Schema,
    open: &HashMap<u32, Open>,
    end: Instant,
) -> Result<HashMap<(u32, i16), Spellings>, Error> {
    let mut found = HashMap::new();
    let mut bytes = 0;
    for table in &schema.tables {
        let columns = texts(table);
        let is_small = open.get(&table.oid).is_some_and(|open| open.small);
        if columns.is_empty() || !is_small {
            continue;
        }
        if Instant::now() >= end || bytes > MOST_BYTES {
            break;
        }
        let Some(rows) = reader.try_query(&query(table, &columns)).await? else {
            continue;
        };
        let Some(row) = rows.first() else { continue };
        let total: i64 = row.try_get(0)?;
        for (place, &column) in columns.iter().enumerate() {
            let (stored, different): (i64, i64) =
                (row.try_get(place * 3 + 1)?, row.try_get(place * 3 + 2)?);
            let texts: Vec<String> = row.try_get(place * 3 + 3)?;
            let fits = texts.len() <= MOST_TEXTS;
            bytes += texts.iter().map(String::len).sum::<usize>();
            let spellings = Spellings {
                complete: total as usize <= MOST_ROWS && fits && texts.len() as i64 == different,
                unique: stored == different,
                texts: if fits { texts.into() } else { Arc::default() },
            };
            found.insert((table.oid, table.columns[column].attnum), spellings);
        }
    }
    Ok(found)
}

/// Positions of the columns that hold texts.
fn texts(table: &Table) -> Vec<usize> {
    let columns = table.columns.iter().enumerate();
    columns
        .filter(|(_, column)| column.kind == TypeKind::Text)
        .map(|(place, _)| place)
        .take(MOST_COLUMNS)
        .collect()
}

/// Per column: how many texts, how many different ones, and these.
fn query(table: &Table, columns: &[usize]) -> String {
    let mut read = String::new();
    let mut shown = String::from("(SELECT count(*) FROM s)");
    for (place, &column) in columns.iter().enumerate() {
        let comma = if place > 0 { ", " } else { "" };
        let name = quoted(&table.columns[column].name);
        write!(read, "{comma}t.{name}::text AS c{place}").expect("a string takes all");
        write!(
            shown,
            ", (SELECT count(c{place}) FROM s), (SELECT count(DISTINCT c{place}) FROM s), \
             ARRAY(SELECT DISTINCT c{place} COLLATE \"C\" FROM s \
                    WHERE length(c{place}) BETWEEN 1 AND {LONGEST} \
                    ORDER BY 1 LIMIT {})",
            MOST_TEXTS + 1
        )
        .expect("a string takes all");
    }
    format!(
        "WITH s AS MATERIALIZED (SELECT {read} FROM {} AS t LIMIT {}) SELECT {shown}",
        relation(table),
        MOST_ROWS + 1
    )
}
