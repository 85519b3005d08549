//! A number for what a role can see, equal for equal content: in every process, after a restart.

use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;

use crate::sql::schema::Column;
use crate::sql::schema::Facts;
use crate::sql::schema::InferredKey;
use crate::sql::schema::Schema;

/// The version of a schema with this content.
///
/// Of row estimates only the magnitude counts: VACUUM moves them all the time, and a number that
/// follows would empty every cache that is keyed by it.
pub(super) fn schema(schema: &Schema) -> u64 {
    let mut hasher = DefaultHasher::new();
    for table in schema.all() {
        (
            table.oid,
            &table.schema,
            &table.name,
            table.kind,
            &table.comment,
        )
            .hash(&mut hasher);
        (&table.primary_key, &table.unique_keys, &table.family).hash(&mut hasher);
        table
            .row_estimate
            .map(u64::checked_ilog10)
            .hash(&mut hasher);
        table.columns.len().hash(&mut hasher);
        for column in &table.columns {
            hash_column(column, &mut hasher);
        }
        for key in &table.foreign_keys {
            (&key.columns, key.references, &key.referenced_columns).hash(&mut hasher);
        }
        for InferredKey { key, confidence } in &table.inferred_keys {
            (&key.columns, key.references, &key.referenced_columns).hash(&mut hasher);
            confidence.to_bits().hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// The version of these facts.
pub(super) fn facts(facts: &Facts) -> u64 {
    let mut hasher = DefaultHasher::new();
    for names in [&facts.plain_relations, &facts.quiet_functions] {
        let mut names: Vec<&String> = names.iter().collect();
        names.sort_unstable();
        names.hash(&mut hasher);
    }
    facts.quiet_operators.hash(&mut hasher);
    hasher.finish()
}

fn hash_column(column: &Column, hasher: &mut DefaultHasher) {
    (column.attnum, &column.name, &column.type_name, column.kind).hash(hasher);
    (
        column.not_null,
        &column.comment,
        &column.enum_labels,
        &column.common_values,
    )
        .hash(hasher);
}
