//! What holds for a whole database, for the guard: which names run no code of their own.

use std::collections::HashSet;

use crate::sql::schema::Facts;

use super::Error;
use super::digest;
use super::reader::Reader;

/// Reads the facts; `reader` must have begun.
pub(super) async fn read(reader: &Reader) -> Result<Facts, Error> {
    let mut facts = Facts {
        version: 0,
        plain_relations: names(reader, PLAIN_RELATIONS).await?,
        quiet_functions: names(reader, QUIET_FUNCTIONS).await?,
        quiet_operators: reader.text(QUIET_OPERATORS).await?.as_deref() == Some("t"),
    };
    facts.version = digest::facts(&facts);
    Ok(facts)
}

async fn names(reader: &Reader, sql: &str) -> Result<HashSet<String>, Error> {
    let rows = reader.query(sql, &[]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// A table under row security runs its policies, so it is not plain. Indexes, composite types and
/// TOAST tables cannot stand in FROM under a name that a relation of another kind bears.
const PLAIN_RELATIONS: &str = "
SELECT c.relname::text
  FROM pg_class c
 WHERE c.relkind IN ('r','p','m','f','v','S')
 GROUP BY c.relname
HAVING bool_and(c.relkind IN ('r','p','m','f') AND NOT c.relrowsecurity)";

/// An aggregate is marked immutable whatever its parts are, so the parts are asked. Procedures
/// cannot be called from a query.
const QUIET_FUNCTIONS: &str = "
SELECT p.proname::text
  FROM pg_proc p
  LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid
 WHERE p.prokind <> 'p'
 GROUP BY p.proname
HAVING bool_and(p.provolatile <> 'v' AND NOT EXISTS (
         SELECT FROM pg_proc part
          WHERE part.provolatile = 'v'
            AND part.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn,
                             a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn)))";

/// Casts, and the checks of domains as far as they name a function, count as operators: they too
/// run where a query shows no function.
const QUIET_OPERATORS: &str = "
SELECT NOT EXISTS (
         SELECT FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode
          WHERE o.oid >= 16384 AND p.provolatile = 'v')
   AND NOT EXISTS (
         SELECT FROM pg_cast k JOIN pg_proc p ON p.oid = k.castfunc
          WHERE k.oid >= 16384 AND p.provolatile = 'v')
   AND NOT EXISTS (
         SELECT FROM pg_constraint k
           JOIN pg_depend d ON d.classid = 'pg_constraint'::regclass AND d.objid = k.oid
                           AND d.refclassid = 'pg_proc'::regclass
           JOIN pg_proc p ON p.oid = d.refobjid
          WHERE k.contypid <> 0 AND p.provolatile = 'v')";
