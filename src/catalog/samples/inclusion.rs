//! Whether the values of a column are among those that it seems to refer to.

use std::collections::HashMap;
use std::time::Instant;

use crate::catalog::Error;
use crate::catalog::reader::Reader;
use crate::sql::identifier::quoted;
use crate::sql::schema::InferredKey;
use crate::sql::schema::Schema;
use crate::sql::schema::Table;

use super::Open;
use super::Pair;
use super::by_oid;
use super::relation;

/// What a look at a reference's values told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inclusion {
    /// Different values that were looked for.
    pub(super) sought: i64,
    /// How many of them are in the referenced columns.
    pub(super) found: i64,
    /// No value that was seen stands twice in the referenced columns.
    pub(super) unique: bool,
}

/// References that are looked at, the likeliest first.
const MOST: usize = 256;

/// Different values of one reference.
const MOST_VALUES: usize = 200;

/// Looks at the inferred references between tables that are `open`, until `end`.
pub(super) async fn read(
    reader: &Reader,
    schema: &Schema,
    open: &HashMap<u32, Open>,
    end: Instant,
) -> Result<HashMap<Pair, Inclusion>, Error> {
    let tables = by_oid(&schema.tables);
    let mut wanted: Vec<(&Table, &Table, &InferredKey)> = Vec::new();
    for table in &schema.tables {
        for inferred in &table.inferred_keys {
            let target = tables.get(&inferred.key.references);
            let Some(&target) = target.filter(|target| open.contains_key(&target.oid)) else {
                continue;
            };
            if open.contains_key(&table.oid) {
                wanted.push((table, target, inferred));
            }
        }
    }
    wanted.sort_by(|a, b| b.2.confidence.total_cmp(&a.2.confidence));
    let mut seen = HashMap::new();
    for (table, target, inferred) in wanted.into_iter().take(MOST) {
        if Instant::now() >= end {
            break;
        }
        let rows = reader.try_query(&query(table, target, inferred)).await?;
        if let Some(row) = rows.as_ref().and_then(|rows| rows.first()) {
            let inclusion = Inclusion {
                sought: row.try_get(0)?,
                found: row.try_get(1)?,
                unique: row.try_get(2)?,
            };
            seen.insert(pair(table, target, inferred), inclusion);
        }
    }
    Ok(seen)
}

/// What a reference is known by.
pub(super) fn pair(table: &Table, target: &Table, inferred: &InferredKey) -> Pair {
    let columns = inferred.key.columns.iter();
    let columns = columns.zip(&inferred.key.referenced_columns);
    Pair {
        from: table.oid,
        to: target.oid,
        columns: columns
            .map(|(&own, &other)| (table.columns[own].attnum, target.columns[other].attnum))
            .collect(),
    }
}

/// Values are taken from the first rows: a reference that holds, holds there.
fn query(table: &Table, target: &Table, inferred: &InferredKey) -> String {
    let key = &inferred.key;
    let names = |table: &Table, columns: &[usize], alias: &str| -> Vec<String> {
        let columns = columns.iter().enumerate();
        columns
            .map(|(place, &column)| {
                let name = quoted(&table.columns[column].name).into_owned();
                format!("{alias}.{name} AS v{place}")
            })
            .collect()
    };
    let places = 0..key.columns.len();
    let given: Vec<String> = places
        .clone()
        .map(|i| format!("v{i} IS NOT NULL"))
        .collect();
    let equal: Vec<String> = key
        .referenced_columns
        .iter()
        .enumerate()
        .map(|(place, &column)| {
            let name = quoted(&target.columns[column].name);
            format!("p.{name} = s.v{place}")
        })
        .collect();
    let values: Vec<String> = places.map(|place| format!("v{place}")).collect();
    let (given, equal, values) = (given.join(" AND "), equal.join(" AND "), values.join(", "));
    let (from, to) = (relation(table), relation(target));
    let own = names(table, &key.columns, "t").join(", ");
    let other = names(target, &key.referenced_columns, "t").join(", ");
    format!(
        "WITH s AS MATERIALIZED (
           SELECT DISTINCT {values} FROM (
             SELECT * FROM (SELECT {own} FROM {from} AS t) AS r WHERE {given} LIMIT 5000) AS r
            LIMIT {MOST_VALUES}),
         k AS MATERIALIZED (
           SELECT * FROM (SELECT {other} FROM {to} AS t) AS r WHERE {given} LIMIT 2000)
         SELECT (SELECT count(*) FROM s),
                (SELECT count(*) FROM s WHERE EXISTS (SELECT FROM {to} AS p WHERE {equal})),
                (SELECT count(*) FROM k) = (SELECT count(*) FROM (SELECT DISTINCT * FROM k) AS d)"
    )
}
