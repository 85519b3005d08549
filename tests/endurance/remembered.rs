//! The verdict that is remembered for a text's shape is the verdict on the text.

use std::sync::Arc;

use pgparley::guard::ObjectRules;
use pgparley::guard::cache::CacheKey;
use pgparley::guard::cache::DecisionCache;
use pgparley::guard::decide_objects;
use pgparley::guard::review_objects;
use rand::Rng;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use crate::readers::facts;
use crate::readers::objects;
use crate::readers::policies;

/// Statements in whose places of values (`?`) a rule might look at them.
const STATEMENTS: &[&str] = &[
    "SELECT a FROM t WHERE a = ? AND b IN (?, ?, ?)",
    "SELECT a, masked FROM t WHERE a < ? ORDER BY ?",
    "SELECT a, masked FROM t ORDER BY a, ?",
    "SELECT a, masked FROM t ORDER BY (?)",
    "SELECT a, b, masked FROM t ORDER BY b DESC, ? LIMIT ?",
    "SELECT a, masked FROM t GROUP BY a, ?",
    "SELECT a, masked FROM t GROUP BY (?), a",
    "SELECT a, masked FROM t GROUP BY a, (?, ?)",
    "SELECT DISTINCT ON (?) a, masked FROM t",
    "SELECT DISTINCT ON (a, ?) a, masked FROM t",
    "SELECT a, sum(a) OVER (PARTITION BY b, ? ORDER BY a, ?) FROM t",
    "SELECT a FROM t LIMIT ?",
    "SELECT a FROM t LIMIT (?)",
    "SELECT a FROM t LIMIT -?",
    "SELECT a FROM t LIMIT ? + ?",
    "SELECT a FROM t OFFSET ? LIMIT ?",
    "SELECT a FROM t WHERE a > ? FETCH FIRST ? ROWS ONLY",
    "SELECT a FROM t FETCH FIRST (?) ROWS WITH TIES",
    "(SELECT a FROM t WHERE a = ?) UNION (SELECT b FROM t WHERE b = ? LIMIT ?)",
    "SELECT a FROM t WHERE a = ? UNION ALL SELECT a FROM t WHERE a <> ? ORDER BY ?",
    "SELECT set_config(?, ?, true) FROM t WHERE a = ?",
    "SELECT set_config(name, ?, true) FROM pg_settings WHERE name = ?",
    "SELECT set_config(x.name, ?, true) FROM pg_settings x WHERE ? = x.name",
    "SELECT set_config(n, ?, true) FROM (SELECT name FROM pg_settings WHERE name = ?) x (n)",
    "SELECT set_config(name, ?, false) FROM pg_settings WHERE name <= ? AND name >= ?",
    "SELECT set_config(n, ?, false) FROM (VALUES (?), (?)) x (n) WHERE n = ?",
    "SELECT set_config(CASE WHEN a = ? THEN ? ELSE ? END, ?, false) FROM t",
    "SELECT current_setting(?) = ?",
    "SELECT nextval(?), lower(?) = ?, to_regclass(?)",
    "SELECT a FROM t WHERE a = ?::regclass OR a = CAST(? AS regclass)",
    "SELECT a FROM t WHERE regclass ? = ?",
    "SELECT query_to_xml(?, true, true, ?) = ?",
    "SELECT lo_export(?, ?) = ?",
    "SELECT pg_sleep(?) WHERE ? = ?",
    "SELECT lower(a => ?), sum(a) FILTER (WHERE b = ?) FROM t",
    "SELECT denied FROM t WHERE a = ?",
    "SELECT a FROM t WHERE denied = ?",
    "SELECT * FROM secrets WHERE a = ?",
    "SELECT a FROM t TABLESAMPLE system (?) REPEATABLE (?)",
    "SELECT a FROM t WHERE b LIKE ? ESCAPE ? AND b ~ ?",
    "SELECT a FROM t WHERE b BETWEEN ? AND ? AND a NOT IN (?)",
    "SELECT a FROM t WHERE (a, b) = (?, ?) AND b = ANY (ARRAY[?, ?])",
    "SELECT a[?], (a)[?:?] FROM t WHERE a - ? = -?",
    "SELECT CASE a WHEN ? THEN ? ELSE ? END FROM t WHERE b = date ?",
    "SELECT interval ? = interval ? year, extract(year FROM date ?) = ?",
    "SELECT a ?, b FROM t x WHERE x.a=? ",
    "SELECT a FROM t WHERE a=?AND b=?OR b<?",
    "SELECT a INTO x FROM t WHERE a = ?",
    "SELECT a FROM t WHERE a = ? FOR UPDATE",
    "SELECT a FROM t WHERE a = ?; ",
    "SELECT a FROM t WHERE a = ?; DROP TABLE t",
    "SELECT xmlelement(name x, ?) = ?, json_value(a, ? RETURNING int DEFAULT ? ON EMPTY) FROM t",
    "INSERT INTO t (a, b) VALUES (?, ?), (?, ?)",
    "INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT (a) DO UPDATE SET b = ? WHERE t.a = ?",
    "INSERT INTO t SELECT a, ? FROM t WHERE b = ? RETURNING a, masked",
    "INSERT INTO pg_db_role_setting VALUES (?, ?, ?)",
    "UPDATE t SET b = ?, a = ? WHERE a = ?",
    "UPDATE t SET b = ? WHERE ? = ?",
    "UPDATE t SET b = ? WHERE (?) = ? OR a = ?",
    "UPDATE t SET b = ? WHERE true OR a = ?",
    "UPDATE pg_settings SET setting = ? WHERE name = ?",
    "UPDATE pg_settings SET setting = ? WHERE ? = name",
    "UPDATE pg_settings SET setting = ? WHERE \"name\" = ?",
    "UPDATE pg_settings SET setting = ? WHERE lower(name) = ?",
    "UPDATE pg_settings SET setting = ? WHERE name IN (?, ?) AND a = ?",
    "UPDATE pg_catalog.pg_settings s SET setting = ? WHERE s.name = ?",
    "DELETE FROM t WHERE a = ? AND b = ?",
    "DELETE FROM t WHERE ?=?",
    "DELETE FROM t WHERE a = ? OR ? < ? RETURNING *",
    "DELETE FROM t",
    "WITH x AS (SELECT a FROM t WHERE a = ? ORDER BY b, ?) SELECT a FROM x LIMIT ?",
    "WITH x AS (DELETE FROM t WHERE a = ? RETURNING a) SELECT a FROM x WHERE a > ?",
    "WITH x (c) AS (VALUES (?)) SELECT set_config(c, ?, true) FROM x WHERE c = ?",
    "WITH RECURSIVE x AS (SELECT ? UNION SELECT a + ? FROM x WHERE a < ?) SELECT * FROM x",
    "SET statement_timeout = ?",
    "SET pgparley.row_limit = ?",
    "SET timezone = ?",
    "SELECT set_config('pgparley.row_limit', ?, true) WHERE a = ?",
    "FETCH ? FROM c",
    "EXECUTE p (?, ?)",
    "VALUES (?), (?) ORDER BY ?",
    "EXPLAIN SELECT a FROM t WHERE a = ?",
    "MERGE INTO t USING t x ON t.a = ? WHEN MATCHED AND t.b = ? THEN DELETE",
];

/// As PostgreSQL and others write values.
const VALUES: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "17",
    "007",
    "999999999999999999",
    "9223372036854775807",
    "9223372036854775808",
    "99999999999999999999999",
    "1.5",
    ".5",
    "1.",
    "1e5",
    "1E-5",
    "0x1f",
    "0o17",
    "0b11",
    "1_000",
    "1__0",
    "1_",
    "1a",
    "$1",
    "$2",
    "$1a",
    "1::int",
    "1 ::bigint",
    "+1",
    "-1",
    "- 1",
    "--1\n1",
    "null",
    "true",
    "a",
    "'x'",
    "''",
    "'1'",
    "'secrets'",
    "'t'",
    "'é'",
    "'it''s'",
    "'back\\slash'",
    "'x'::text",
    "'x' :: regclass",
    "'lo_import'::regproc",
    "'x' COLLATE \"C\"",
    "'x'\n'y'",
    "'x' 'y'",
    "'x' -- c\n'y'",
    "E'x'",
    "e'\\x'",
    "E'\\''",
    "B'101'",
    "X'1f'",
    "N'x'",
    "U&'x'",
    "U&'\\0041'",
    "u&'x' UESCAPE '!'",
    "$$x$$",
    "$a$x'$a$",
    "\"a\"",
    "\"a\"\"'b\"",
    "U&\"a\"",
    "'default_transaction_read_only'",
    "'off'",
    "'on'",
    "'timezone'",
    "'abc'",
    "'abd'",
    "'role'",
    "'search_path'",
    "'statement_timeout'",
    "'client_encoding'",
    "'SJIS'",
    "'pgparley.row_limit'",
    "'select * from secrets'",
    "'%'",
    "';'",
    "'--'",
    "'/*'",
    "'$$'",
    "'\"'",
    "(1)",
    "('x')",
    "(SELECT 1)",
    "ARRAY[1, 2]",
    "/* 1 */ 2",
    "/* ' */ 3",
    "\u{a0}1",
    "１",
    "1;",
    "'\u{0}'",
    "lower('X')",
    "date '2026-01-01'",
];

/// What may stand between two words.
const SPACES: &[&str] = &[
    " ", " ", " ", "\n", "\t", "\r\n", "\x0b", "\x0c", "  ", "/**/", "/* ' */", " -- '\n",
];

#[test]
fn verdict_by_shape_is_the_verdict_on_the_text() {
    let objects = Arc::new(objects());
    let facts = facts();
    let policies = policies();
    let rules: Vec<_> = policies
        .iter()
        .map(|(_, policy)| {
            policy
                .guards_objects()
                .then(|| ObjectRules::new(policy, &objects))
        })
        .collect();
    let mut random = StdRng::seed_from_u64(7);
    for statement in STATEMENTS {
        for _ in 0..ROUNDS {
            let text = written(statement, &mut random);
            for ((name, policy), rules) in policies.iter().zip(&rules) {
                let text = text.as_bytes();
                let fresh = review_objects(text, policy, Some(&facts), rules.as_ref());
                let by_shape =
                    DecisionCache::new(0, 0).verdict(CacheKey::default(), text, |shape| {
                        decide_objects(shape, policy, Some(&facts), rules.as_ref())
                    });
                assert_eq!(by_shape, fresh, "{name}: {}", String::from_utf8_lossy(text));
            }
        }
    }
}

/// Texts of each statement.
const ROUNDS: usize = 40;

/// The statement with values, white space and case as it comes.
fn written(statement: &str, random: &mut StdRng) -> String {
    let is_plain = random.random_bool(0.5);
    let mut text = String::new();
    for letter in statement.chars() {
        match letter {
            '?' => text.push_str(VALUES.choose(random).expect("there are values")),
            ' ' if !is_plain => text.push_str(SPACES.choose(random).expect("there are spaces")),
            letter if !is_plain && random.random_bool(0.1) => {
                text.extend(letter.to_uppercase());
            }
            letter => text.push(letter),
        }
    }
    text
}
