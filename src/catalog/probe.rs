//! Tells cheaply whether anything that a [`Schema`](crate::sql::schema::Schema) shows has changed.

use super::Error;
use super::reader::Reader;

/// The set of committed transactions, as text; the same text means that nothing was committed.
///
/// `None` on a standby, where the text leaves out transactions that are still running.
/// See `pg_current_snapshot` in
/// <https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT>.
pub(super) async fn moment(reader: &Reader) -> Result<Option<String>, Error> {
    const MOMENT: &str = "SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery() \
         THEN pg_catalog.pg_current_snapshot()::pg_catalog.text END";
    reader.text(MOMENT).await
}

/// What the catalog's rows add up to. Each change gives the row it touches a newer transaction
/// id, so that two states with the same count and sum are the same state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fingerprint {
    /// Everything that is written by DDL, COMMENT and GRANT.
    pub(super) structure: String,
    /// Row estimates, which VACUUM and ANALYZE change in place.
    pub(super) statistics: String,
}

impl Fingerprint {
    /// Reads the fingerprint; `reader` must have begun.
    pub(super) async fn read(reader: &Reader) -> Result<Self, Error> {
        let text = reader.text(FINGERPRINT).await?.unwrap_or_default();
        let (structure, statistics) = text.split_once('|').unwrap_or((&text, ""));
        Ok(Self {
            structure: structure.to_owned(),
            statistics: statistics.to_owned(),
        })
    }
}

/// Objects of `initdb` have oids below 16384. Temporary tables come and go in other sessions and
/// are never shown, so their rows are left out where most of them would be. `pg_roles` is summed by
/// content, because its view hides the transaction id.
const FINGERPRINT: &str = "
WITH temporary AS MATERIALIZED (
  SELECT oid FROM pg_class WHERE relpersistence = 't'
), parts(place, entries, total) AS (
  SELECT 1, count(*), sum(xmin::text::int8) FROM pg_class
   WHERE relpersistence <> 't' AND relkind IN ('r','p','v','m','f')
  UNION ALL
  SELECT 2, count(*), sum(xmin::text::int8) FROM pg_attribute
   WHERE attrelid >= 16384 AND attnum > 0
     AND attrelid <> ALL (ARRAY(SELECT oid FROM temporary))
  UNION ALL
  SELECT 3, count(*), sum(xmin::text::int8) FROM pg_constraint
   WHERE conrelid <> ALL (ARRAY(SELECT oid FROM temporary))
  UNION ALL
  SELECT 4, count(*), sum(xmin::text::int8) FROM pg_description WHERE objoid >= 16384
  UNION ALL
  SELECT 5, count(*), sum(xmin::text::int8) FROM pg_enum
  UNION ALL
  SELECT 6, count(*), sum(xmin::text::int8) FROM pg_type WHERE typtype IN ('d','e')
  UNION ALL
  SELECT 7, count(*), sum(xmin::text::int8) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'
  UNION ALL
  SELECT 8, count(*), sum(xmin::text::int8) FROM pg_inherits
   WHERE inhrelid <> ALL (ARRAY(SELECT oid FROM temporary))
  UNION ALL
  SELECT 9, count(*), sum(xmin::text::int8) FROM pg_auth_members
  UNION ALL
  SELECT 10, count(*), sum(hashtext(rolname::text || oid || rolsuper || rolinherit)::int8)
    FROM pg_roles
)
SELECT (SELECT string_agg(entries || ':' || coalesce(total, 0), ',' ORDER BY place) FROM parts)
    || '|' ||
       (SELECT coalesce(sum(hashfloat4(reltuples)::int8), 0) FROM pg_class
         WHERE relkind IN ('r','p','m','f') AND oid >= 16384 AND relpersistence <> 't')";
