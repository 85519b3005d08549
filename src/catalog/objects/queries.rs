//! The queries that tell what a database holds.

/// Each change gives the row it touches a newer transaction id. Temporary tables come and go in
/// other sessions.
pub(super) const FINGERPRINT: &str = "
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
  UNION ALL SELECT 13, count(*), sum(xmin::text::int8) FROM pg_foreign_table
)
SELECT string_agg(entries || ':' || coalesce(total, 0), ',' ORDER BY place) FROM parts";

pub(super) const RELATIONS: &str = "
SELECT c.oid, n.nspname::text, c.relname::text, c.reltype
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r','p','v','m','f','S') AND c.relpersistence <> 't'
 ORDER BY c.oid";

pub(super) const COLUMNS: &str = "
SELECT a.attrelid, a.attname::text, a.attnum, a.atttypid
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
 WHERE a.attnum > 0 AND NOT a.attisdropped
   AND c.relkind IN ('r','p','v','m','f') AND c.relpersistence <> 't'
 ORDER BY a.attrelid, a.attnum";

pub(super) const PARENTS: &str = "SELECT inhrelid, inhparent FROM pg_inherits ORDER BY 1, 2";

pub(super) const GENERATED: &str = "
SELECT DISTINCT f.adrelid, d.refobjsubid::int2, f.adnum
  FROM pg_attrdef f
  JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum AND a.attgenerated <> ''
  JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
       AND d.refclassid = 'pg_class'::regclass AND d.refobjid = f.adrelid
 WHERE d.refobjsubid > 0 AND d.refobjsubid <> f.adnum
 ORDER BY 1, 2, 3";

/// Of an extension's functions those that are declared quiet are taken at their word. A type that
/// takes rows is composite, a pseudo-type, or a domain, which may be over either.
pub(super) const FUNCTIONS: &str = "
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

pub(super) const PARTS: &str = "
SELECT DISTINCT a.aggfnoid::oid, part
  FROM pg_aggregate a
 CROSS JOIN LATERAL unnest(ARRAY[a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn,
                                 a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn,
                                 a.aggmfinalfn]::oid[]) AS part
 WHERE part <> 0
 ORDER BY 1, 2";

pub(super) const DEFAULTS: &str = r"
SELECT DISTINCT p.oid, found[1]::oid
  FROM pg_proc p
 CROSS JOIN LATERAL regexp_matches(p.proargdefaults::text,
                                   ':(?:funcid|opfuncid) (\d+)', 'g') AS found
 WHERE p.oid >= 16384
 ORDER BY 1, 2";

/// PostgreSQL's own functions in SQL: what they call stands in their trees. Before version 14 there
/// are none.
pub(super) const BODIES_CALL: &str = r"
SELECT DISTINCT p.oid, found[1]::oid
  FROM pg_proc p
  JOIN pg_language l ON l.oid = p.prolang AND l.lanname = 'sql'
 CROSS JOIN LATERAL regexp_matches(to_jsonb(p) ->> 'prosqlbody',
                                   ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\d+)', 'g') AS found
 WHERE p.oid < 16384
 ORDER BY 1, 2";

pub(super) const OPERATORS: &str = "
SELECT o.oprname::text, o.oprcode::oid, o.oprleft, o.oprright
  FROM pg_operator o WHERE o.oprcode <> 0 ORDER BY o.oid";

/// What a rule names stands in its tree. PostgreSQL's own views have no dependencies to ask for.
pub(super) const RULES_READ: &str = r"
SELECT DISTINCT r.ev_class, found[1]::oid
  FROM pg_rewrite r
 CROSS JOIN LATERAL regexp_matches(r.ev_action::text || r.ev_qual::text, ':relid (\d+)', 'g')
            AS found
 ORDER BY 1, 2";

pub(super) const RULES_CALL: &str = r"
SELECT DISTINCT r.ev_class, found[1]::oid
  FROM pg_rewrite r
 CROSS JOIN LATERAL regexp_matches(r.ev_action::text || r.ev_qual::text,
                                   ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\d+)', 'g') AS found
 ORDER BY 1, 2";

pub(super) const RULES_OF_COLUMNS: &str = "
SELECT DISTINCT r.ev_class, d.refobjid, d.refobjsubid::int2
  FROM pg_rewrite r
  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
       AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
 WHERE d.refobjsubid > 0
 ORDER BY 1, 2, 3";

/// A whole row depends on none of its columns.
pub(super) const RULES_OF_ROWS: &str = "
SELECT DISTINCT r.ev_class FROM pg_rewrite r
 WHERE r.ev_action::text || r.ev_qual::text ~ ':varattno 0 '
 ORDER BY 1";

pub(super) const CASTS: &str = "
SELECT k.castsource, k.casttarget, k.castfunc, k.castcontext <> 'e'
  FROM pg_cast k WHERE k.castfunc <> 0 ORDER BY k.oid";

pub(super) const TYPES: &str = "
SELECT t.oid, t.typname::text
  FROM pg_type t
 WHERE t.typtype IN ('b', 'd', 'e', 'r', 'm')
    OR t.typtype = 'c' AND EXISTS (
         SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')
 ORDER BY t.oid";

pub(super) const CHECKS: &str = r"
SELECT DISTINCT k.contypid, found[1]::oid
  FROM pg_constraint k
 CROSS JOIN LATERAL regexp_matches(k.conbin::text,
                                   ':(?:funcid|opfuncid) (\d+)', 'g') AS found
 WHERE k.contypid <> 0
 ORDER BY 1, 2";

/// What the values of a type are made of. The rows of tables are left out: their columns tell.
pub(super) const HOLDS: &str = "
SELECT t.oid, t.typelem FROM pg_type t
 WHERE t.typtype = 'b' AND t.typelem >= 16384
 UNION
SELECT t.oid, t.typbasetype FROM pg_type t WHERE t.typtype = 'd'
 UNION
SELECT c.reltype, a.atttypid
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relkind = 'c' AND a.attnum > 0 AND a.atttypid >= 16384
 UNION
SELECT r.rngtypid, r.rngsubtype FROM pg_range r WHERE r.rngsubtype >= 16384
 ORDER BY 1, 2";

/// What foreign tables show, by the options that wrappers have for it.
pub(super) const FOREIGN: &str = "
SELECT f.ftrelid,
       (SELECT option_value FROM pg_options_to_table(f.ftoptions)
         WHERE option_name IN ('schema_name', 'schema') LIMIT 1),
       (SELECT option_value FROM pg_options_to_table(f.ftoptions)
         WHERE option_name IN ('table_name', 'table') LIMIT 1)
  FROM pg_foreign_table f
 ORDER BY 1";

pub(super) const FOREIGN_COLUMNS: &str = "
SELECT a.attrelid, a.attnum, o.option_value
  FROM pg_attribute a
 CROSS JOIN LATERAL pg_options_to_table(a.attfdwoptions) o
 WHERE o.option_name IN ('column_name', 'column') AND NOT a.attisdropped
 ORDER BY 1, 2";
