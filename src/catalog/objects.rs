//! What a database holds and what its views, functions and casts reach, for the guard.

use std::collections::HashMap;
use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;
use std::sync::Arc;

use tokio_postgres::Row;

use super::Error;
use super::reader::Reader;
use crate::sql::objects::Attribute;
use crate::sql::objects::Cast;
use crate::sql::objects::Column;
use crate::sql::objects::FIRST_NORMAL_OID;
use crate::sql::objects::Function;
use crate::sql::objects::NamedType;
use crate::sql::objects::Objects;
use crate::sql::objects::Operator;
use crate::sql::objects::Relation;

/// What changes whenever the objects do; much cheaper to ask for. `reader` must have begun.
pub(super) async fn fingerprint(reader: &Reader) -> Result<String, Error> {
    Ok(reader.text(FINGERPRINT).await?.unwrap_or_default())
}

/// Reads the objects; `reader` must have begun.
pub(super) async fn read(reader: &Reader) -> Result<Objects, Error> {
    let mut reading = Reading::default();
    reading.relations(reader).await?;
    reading.functions(reader).await?;
    reading.rules(reader).await?;
    reading.types(reader).await?;
    let mut objects = reading.objects;
    objects.version = version(&objects);
    objects.index();
    Ok(objects)
}

fn version(objects: &Objects) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&objects.relations, &objects.functions).hash(&mut hasher);
    (&objects.operators, &objects.casts, &objects.types).hash(&mut hasher);
    // 0 stands for no objects.
    hasher.finish().max(1)
}

/// The objects read so far, and where they are by their oids.
#[derive(Debug, Default)]
struct Reading {
    objects: Objects,
    relations: HashMap<u32, usize>,
    functions: HashMap<u32, usize>,
    names: HashMap<String, Arc<str>>,
}

impl Reading {
    async fn relations(&mut self, reader: &Reader) -> Result<(), Error> {
        for row in reader.query(RELATIONS, &[]).await? {
            let relation = Relation {
                oid: row.try_get(0)?,
                schema: self.name(&row, 1)?,
                name: self.name(&row, 2)?,
                ..Relation::default()
            };
            self.relations
                .insert(relation.oid, self.objects.relations.len());
            self.objects.relations.push(relation);
        }
        for row in reader.query(COLUMNS, &[]).await? {
            let column = Column {
                name: self.name(&row, 1)?,
                attnum: row.try_get(2)?,
                type_oid: row.try_get(3)?,
            };
            if let Some(at) = self.relation(&row, 0)? {
                self.objects.relations[at].columns.push(column);
            }
        }
        for row in reader.query(PARENTS, &[]).await? {
            if let (Some(child), Some(parent)) = (self.relation(&row, 0)?, self.relation(&row, 1)?)
            {
                self.objects.relations[child].parents.push(parent);
            }
        }
        for row in reader.query(GENERATED, &[]).await? {
            if let Some(at) = self.relation(&row, 0)? {
                let pair = (row.try_get(1)?, row.try_get(2)?);
                self.objects.relations[at].generated.push(pair);
            }
        }
        Ok(())
    }

    async fn functions(&mut self, reader: &Reader) -> Result<(), Error> {
        for row in reader.query(FUNCTIONS, &[]).await? {
            let oid: u32 = row.try_get(0)?;
            let function = Function {
                schema: self.name(&row, 1)?,
                name: self.name(&row, 2)?,
                transparent: row.try_get(3)?,
                attribute: match row.try_get::<_, i32>(4)? {
                    0 => Attribute::No,
                    1 => Attribute::OfValue,
                    _ => Attribute::OfRow,
                },
                volatile: row.try_get(5)?,
                body: row.try_get::<_, Option<&str>>(6)?.map(Arc::from),
                calls: Vec::new(),
            };
            self.functions.insert(oid, self.objects.functions.len());
            self.objects.functions.push(function);
        }
        let parts = reader.query(PARTS, &[]).await?;
        let defaults = reader.query(DEFAULTS, &[]).await?;
        for row in parts.iter().chain(&defaults) {
            if let (Some(whole), Some(part)) = (self.function(row, 0)?, self.function(row, 1)?) {
                self.objects.functions[whole].calls.push(part);
            }
        }
        for row in reader.query(OPERATORS, &[]).await? {
            let symbol = self.name(&row, 0)?;
            if let Some(function) = self.function(&row, 1)? {
                let operands = [row.try_get(2)?, row.try_get(3)?];
                self.objects.operators.push(Operator {
                    symbol,
                    function,
                    operands,
                });
            }
        }
        Ok(())
    }

    async fn rules(&mut self, reader: &Reader) -> Result<(), Error> {
        for row in reader.query(RULES_READ, &[]).await? {
            if let (Some(view), Some(read)) = (self.relation(&row, 0)?, self.relation(&row, 1)?)
                && view != read
            {
                self.objects.relations[view].reads.push(read);
            }
        }
        for row in reader.query(RULES_CALL, &[]).await? {
            if let (Some(view), Some(called)) = (self.relation(&row, 0)?, self.function(&row, 1)?) {
                self.objects.relations[view].calls.push(called);
            }
        }
        for row in reader.query(RULES_OF_COLUMNS, &[]).await? {
            if let (Some(view), Some(read)) = (self.relation(&row, 0)?, self.relation(&row, 1)?) {
                let column = (read, row.try_get(2)?);
                self.objects.relations[view].reads_columns.push(column);
            }
        }
        for row in reader.query(RULES_OF_ROWS, &[]).await? {
            if let Some(view) = self.relation(&row, 0)? {
                self.objects.relations[view].reads_rows = true;
            }
        }
        Ok(())
    }

    async fn types(&mut self, reader: &Reader) -> Result<(), Error> {
        for row in reader.query(CASTS, &[]).await? {
            if let Some(function) = self.function(&row, 2)? {
                self.objects.casts.push(Cast {
                    source: row.try_get(0)?,
                    target: row.try_get(1)?,
                    function,
                    implicit: row.try_get(3)?,
                });
            }
        }
        let mut places = HashMap::new();
        for row in reader.query(TYPES, &[]).await? {
            let oid = row.try_get(0)?;
            places.insert(oid, self.objects.types.len());
            let name = self.name(&row, 1)?;
            self.objects.types.push(NamedType {
                oid,
                name,
                is_built_in: oid < FIRST_NORMAL_OID,
                checks: Vec::new(),
            });
        }
        for row in reader.query(CHECKS, &[]).await? {
            let place = places.get(&row.try_get::<_, u32>(0)?);
            if let (Some(&place), Some(called)) = (place, self.function(&row, 1)?) {
                self.objects.types[place].checks.push(called);
            }
        }
        Ok(())
    }

    /// Most names occur many times: one copy of each is enough.
    fn name(&mut self, row: &Row, index: usize) -> Result<Arc<str>, Error> {
        let name: &str = row.try_get(index)?;
        if let Some(known) = self.names.get(name) {
            return Ok(Arc::clone(known));
        }
        let shared: Arc<str> = Arc::from(name);
        self.names.insert(name.to_owned(), Arc::clone(&shared));
        Ok(shared)
    }

    fn relation(&self, row: &Row, index: usize) -> Result<Option<usize>, Error> {
        Ok(self.relations.get(&row.try_get(index)?).copied())
    }

    fn function(&self, row: &Row, index: usize) -> Result<Option<usize>, Error> {
        Ok(self.functions.get(&row.try_get(index)?).copied())
    }
}

/// Each change gives the row it touches a newer transaction id. Temporary tables come and go in
/// other sessions.
const FINGERPRINT: &str = "
WITH temporary AS MATERIALIZED (
  SELECT oid FROM pg_class WHERE relpersistence = 't'
), parts(place, entries, total) AS (
  SELECT 1, count(*), sum(xmin::text::int8 + hashtext(relname::text || relnamespace)) FROM pg_class
   WHERE relpersistence <> 't' AND relkind IN ('r','p','v','m','f','S')
  UNION ALL
  SELECT 2, count(*), sum(xmin::text::int8) FROM pg_attribute
   WHERE attrelid >= 16384 AND attnum > 0
     AND attrelid <> ALL (ARRAY(SELECT oid FROM temporary))
  UNION ALL SELECT 3, count(*), sum(xmin::text::int8) FROM pg_proc
  UNION ALL SELECT 4, count(*), sum(xmin::text::int8) FROM pg_rewrite
  UNION ALL SELECT 5, count(*), sum(xmin::text::int8) FROM pg_operator
  UNION ALL SELECT 6, count(*), sum(xmin::text::int8) FROM pg_cast
  UNION ALL SELECT 7, count(*), sum(xmin::text::int8) FROM pg_type
   WHERE typtype NOT IN ('c','b') OR typelem = 0 AND typtype <> 'c'
  UNION ALL SELECT 8, count(*), sum(xmin::text::int8 + hashtext(nspname::text)) FROM pg_namespace
   WHERE nspname !~ '^pg_(toast_)?temp_'
  UNION ALL SELECT 9, count(*), sum(xmin::text::int8) FROM pg_inherits
   WHERE inhrelid <> ALL (ARRAY(SELECT oid FROM temporary))
  UNION ALL SELECT 10, count(*), sum(xmin::text::int8) FROM pg_constraint WHERE contypid <> 0
  UNION ALL SELECT 11, count(*), sum(xmin::text::int8) FROM pg_attrdef
  UNION ALL SELECT 12, count(*), sum(xmin::text::int8) FROM pg_aggregate
)
SELECT string_agg(entries || ':' || coalesce(total, 0), ',' ORDER BY place) FROM parts";

const RELATIONS: &str = "
SELECT c.oid, n.nspname::text, c.relname::text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r','p','v','m','f','S') AND c.relpersistence <> 't'
 ORDER BY c.oid";

const COLUMNS: &str = "
SELECT a.attrelid, a.attname::text, a.attnum, a.atttypid
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
 WHERE a.attnum > 0 AND NOT a.attisdropped
   AND c.relkind IN ('r','p','v','m','f') AND c.relpersistence <> 't'
 ORDER BY a.attrelid, a.attnum";

const PARENTS: &str = "SELECT inhrelid, inhparent FROM pg_inherits ORDER BY 1, 2";

const GENERATED: &str = "
SELECT DISTINCT f.adrelid, d.refobjsubid::int2, f.adnum
  FROM pg_attrdef f
  JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum AND a.attgenerated <> ''
  JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
       AND d.refclassid = 'pg_class'::regclass AND d.refobjid = f.adrelid
 WHERE d.refobjsubid > 0 AND d.refobjsubid <> f.adnum
 ORDER BY 1, 2, 3";

/// Of an extension's functions those that are declared quiet are taken at their word. A type that
/// takes rows is composite, a pseudo-type, or a domain, which may be over either.
const FUNCTIONS: &str = "
SELECT p.oid, n.nspname::text, p.proname::text,
       p.oid < 16384 OR l.lanname IN ('c', 'internal')
         OR p.provolatile <> 'v' AND EXISTS (
              SELECT FROM pg_depend e
               WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
         OR p.prokind = 'a',
       CASE WHEN p.prokind IN ('p', 'w') OR p.pronargs = 0 OR p.pronargs - p.pronargdefaults > 1
            THEN 0
            WHEN t.typtype IN ('c', 'p', 'd') THEN 2
            ELSE 1 END,
       p.provolatile = 'v',
       CASE WHEN p.oid >= 16384 AND l.lanname IN ('sql', 'plpgsql') AND p.prosrc <> ''
                 AND length(p.prosrc) < 100000
            THEN p.prosrc END
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_language l ON l.oid = p.prolang
  LEFT JOIN pg_type t ON t.oid = p.proargtypes[0]
 ORDER BY p.oid";

const PARTS: &str = "
SELECT DISTINCT a.aggfnoid::oid, part
  FROM pg_aggregate a
 CROSS JOIN LATERAL unnest(ARRAY[a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn,
                                 a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn,
                                 a.aggmfinalfn]::oid[]) AS part
 WHERE part <> 0
 ORDER BY 1, 2";

const DEFAULTS: &str = r"
SELECT DISTINCT p.oid, found[1]::oid
  FROM pg_proc p
 CROSS JOIN LATERAL regexp_matches(p.proargdefaults::text,
                                   ':(?:funcid|opfuncid) (\d+)', 'g') AS found
 WHERE p.oid >= 16384
 ORDER BY 1, 2";

const OPERATORS: &str = "
SELECT o.oprname::text, o.oprcode::oid, o.oprleft, o.oprright
  FROM pg_operator o WHERE o.oprcode <> 0 ORDER BY o.oid";

/// What a rule names stands in its tree. PostgreSQL's own views have no dependencies to ask for.
const RULES_READ: &str = r"
SELECT DISTINCT r.ev_class, found[1]::oid
  FROM pg_rewrite r
 CROSS JOIN LATERAL regexp_matches(r.ev_action::text || r.ev_qual::text, ':relid (\d+)', 'g')
            AS found
 ORDER BY 1, 2";

const RULES_CALL: &str = r"
SELECT DISTINCT r.ev_class, found[1]::oid
  FROM pg_rewrite r
 CROSS JOIN LATERAL regexp_matches(r.ev_action::text || r.ev_qual::text,
                                   ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\d+)', 'g') AS found
 ORDER BY 1, 2";

const RULES_OF_COLUMNS: &str = "
SELECT DISTINCT r.ev_class, d.refobjid, d.refobjsubid::int2
  FROM pg_rewrite r
  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
       AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
 WHERE d.refobjsubid > 0
 ORDER BY 1, 2, 3";

/// A whole row depends on none of its columns.
const RULES_OF_ROWS: &str = "
SELECT DISTINCT r.ev_class FROM pg_rewrite r
 WHERE r.ev_action::text || r.ev_qual::text ~ ':varattno 0 '
 ORDER BY 1";

const CASTS: &str = "
SELECT k.castsource, k.casttarget, k.castfunc, k.castcontext <> 'e'
  FROM pg_cast k WHERE k.castfunc <> 0 ORDER BY k.oid";

const TYPES: &str = "
SELECT t.oid, t.typname::text
  FROM pg_type t
 WHERE t.typtype IN ('b', 'd', 'e', 'r', 'm')
    OR t.typtype = 'c' AND EXISTS (
         SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')
 ORDER BY t.oid";

const CHECKS: &str = r"
SELECT DISTINCT k.contypid, found[1]::oid
  FROM pg_constraint k
 CROSS JOIN LATERAL regexp_matches(k.conbin::text,
                                   ':(?:funcid|opfuncid) (\d+)', 'g') AS found
 WHERE k.contypid <> 0
 ORDER BY 1, 2";
