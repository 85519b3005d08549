//! What can be done with a type: its family, its labels, and the type beneath a domain.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::sql::schema::TypeKind;

use super::Error;
use super::reader::Reader;

/// Types by their oid, domains already seen through.
#[derive(Debug, Default)]
pub(super) struct Types {
    by_oid: HashMap<u32, Base>,
}

/// What stands beneath a type, however many domains lie between.
#[derive(Debug, Clone)]
pub(super) struct Base {
    /// The family.
    pub(super) kind: TypeKind,
    /// A domain on the way is declared NOT NULL.
    pub(super) not_null: bool,
    /// Labels of an enum in their declared order, else empty.
    pub(super) labels: Arc<[String]>,
    /// `COMMENT ON TYPE` or `COMMENT ON DOMAIN`, of the type itself.
    pub(super) comment: Option<String>,
}

impl Types {
    /// Reads the types with these oids.
    pub(super) async fn read(
        reader: &Reader,
        oids: impl Iterator<Item = u32>,
    ) -> Result<Self, Error> {
        let oids: Vec<u32> = oids.collect::<BTreeSet<_>>().into_iter().collect();
        let rows = reader.query(TYPES, &[(&oids, Type::OID_ARRAY)]).await?;
        let by_oid = rows.iter().map(base).collect::<Result<_, _>>()?;
        Ok(Self { by_oid })
    }

    /// The type beneath this one.
    pub(super) fn base(&self, oid: u32) -> Option<&Base> {
        self.by_oid.get(&oid)
    }

    /// Oids of the types whose values are text.
    pub(super) fn text(&self) -> Vec<u32> {
        self.by_oid
            .iter()
            .filter(|(_, base)| base.kind == TypeKind::Text)
            .map(|(oid, _)| *oid)
            .collect()
    }
}

fn base(row: &Row) -> Result<(u32, Base), Error> {
    let labels: Option<Vec<String>> = row.try_get(5)?;
    let base = Base {
        kind: kind(row.try_get(1)?, row.try_get(2)?, row.try_get(3)?),
        not_null: row.try_get(4)?,
        labels: labels.unwrap_or_default().into(),
        comment: row.try_get(6)?,
    };
    Ok((row.try_get(0)?, base))
}

/// `typtype` and `typcategory` are letters of
/// <https://www.postgresql.org/docs/current/catalog-pg-type.html>.
fn kind(oid: u32, typtype: i8, typcategory: i8) -> TypeKind {
    if typtype.cast_unsigned() == b'e' {
        return TypeKind::Enum;
    }
    match Type::from_oid(oid) {
        Some(Type::BOOL) => TypeKind::Boolean,
        Some(Type::INT2 | Type::INT4 | Type::INT8) => TypeKind::Integer,
        Some(Type::NUMERIC | Type::FLOAT4 | Type::FLOAT8 | Type::MONEY) => TypeKind::Number,
        Some(Type::DATE) => TypeKind::Date,
        Some(Type::TIMESTAMP) => TypeKind::Timestamp,
        Some(Type::TIMESTAMPTZ) => TypeKind::TimestampTz,
        Some(Type::TIME | Type::TIMETZ) => TypeKind::Time,
        Some(Type::INTERVAL) => TypeKind::Interval,
        Some(Type::UUID) => TypeKind::Uuid,
        Some(Type::JSON | Type::JSONB) => TypeKind::Json,
        _ if typcategory.cast_unsigned() == b'S' => TypeKind::Text,
        _ => TypeKind::Other,
    }
}

/// PostgreSQL's own types, whose oids are below 16384, have comments that say nothing new.
const TYPES: &str = "
WITH RECURSIVE chain(oid, base, strict) AS (
  SELECT t.oid, t.oid, t.typnotnull FROM pg_type t WHERE t.oid = ANY ($1)
  UNION ALL
  SELECT chain.oid, t.typbasetype, chain.strict OR t.typnotnull
    FROM chain JOIN pg_type t ON t.oid = chain.base
   WHERE t.typtype = 'd'
)
SELECT chain.oid, t.oid, t.typtype, t.typcategory, chain.strict,
       (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
          FROM pg_enum e WHERE e.enumtypid = t.oid),
       (SELECT d.description FROM pg_description d
         WHERE chain.oid >= 16384 AND d.objoid = chain.oid
           AND d.classoid = 'pg_type'::regclass AND d.objsubid = 0)
  FROM chain JOIN pg_type t ON t.oid = chain.base
 WHERE t.typtype <> 'd'";
