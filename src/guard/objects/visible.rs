//! What a question may speak of: the part of a role's tables and columns that the rules leave.

use std::collections::HashMap;
use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;

use super::ObjectRules;
use super::access::Access;
use crate::sql::schema::ForeignKey;
use crate::sql::schema::InferredKey;
use crate::sql::schema::Schema;
use crate::sql::schema::Table;

/// For each column of a table its position among those that are left, if it is.
type Places = Vec<Option<usize>>;

impl ObjectRules {
    /// `schema` without what is out of bounds: names, comments and values of it. A masked column is
    /// left out as well, for questions may not read one.
    pub fn visible(&self, schema: &Schema) -> Schema {
        let by_oid: HashMap<u32, &Access> = self
            .objects
            .relations
            .iter()
            .map(|relation| relation.oid)
            .zip(&self.access)
            .collect();
        let mut left = HashMap::new();
        for table in schema.all() {
            if let Some(places) = places(table, by_oid.get(&table.oid).copied()) {
                left.insert(table.oid, places);
            }
        }
        let cut = |tables: &[Table]| -> Vec<Table> {
            let tables = tables.iter().filter_map(|table| {
                let places = left.get(&table.oid)?;
                Some(without(table, places, &left))
            });
            tables.collect()
        };
        let mut visible = Schema {
            version: 0,
            database: schema.database.clone(),
            role: schema.role.clone(),
            tables: cut(&schema.tables),
            folded: cut(&schema.folded),
        };
        visible.version = version(schema.version, &visible);
        visible
    }
}

/// Two policies that leave other columns of the same schema need versions of their own.
fn version(of_whole: u64, visible: &Schema) -> u64 {
    let mut hasher = DefaultHasher::new();
    of_whole.hash(&mut hasher);
    for table in visible.all() {
        table.oid.hash(&mut hasher);
        let columns = table.columns.iter().map(|column| column.attnum);
        columns.collect::<Vec<_>>().hash(&mut hasher);
    }
    hasher.finish()
}

/// `None` for a table of which nothing is left, or that the rules know nothing of.
fn places(table: &Table, access: Option<&Access>) -> Option<Places> {
    let treated = match access? {
        Access::Refused(_) => return None,
        Access::Free => None,
        Access::Columns(treated) => Some(treated),
    };
    let mut count = 0;
    let place = |attnum: i16| {
        let is_left = treated.is_none_or(|treated| !treated.contains_key(&attnum));
        count += usize::from(is_left);
        is_left.then(|| count - 1)
    };
    let places: Places = table
        .columns
        .iter()
        .map(|it| it.attnum)
        .map(place)
        .collect();
    (count > 0).then_some(places)
}

/// `table` with the columns that are left, and the keys of which all columns are.
fn without(table: &Table, places: &Places, left: &HashMap<u32, Places>) -> Table {
    let columns = table.columns.iter().zip(places);
    let columns = columns.filter(|(_, place)| place.is_some());
    let foreign_key = |key: &ForeignKey| {
        let referenced = left.get(&key.references)?;
        Some(ForeignKey {
            columns: moved(&key.columns, places)?,
            references: key.references,
            referenced_columns: moved(&key.referenced_columns, referenced)?,
        })
    };
    let inferred_key = |inferred: &InferredKey| {
        Some(InferredKey {
            key: foreign_key(&inferred.key)?,
            confidence: inferred.confidence,
        })
    };
    let unique_keys = table.unique_keys.iter();
    let inferred_keys = table.inferred_keys.iter();
    Table {
        columns: columns.map(|(column, _)| column.clone()).collect(),
        primary_key: moved(&table.primary_key, places).unwrap_or_default(),
        unique_keys: unique_keys.filter_map(|key| moved(key, places)).collect(),
        foreign_keys: table.foreign_keys.iter().filter_map(foreign_key).collect(),
        inferred_keys: inferred_keys.filter_map(inferred_key).collect(),
        ..table.clone()
    }
}

/// Where columns are now; `None` when one is not there any more.
fn moved(columns: &[usize], places: &Places) -> Option<Vec<usize>> {
    let place = |&column: &usize| *places.get(column)?;
    columns.iter().map(place).collect()
}
