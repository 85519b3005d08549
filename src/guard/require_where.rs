//! The rule `require_where`: UPDATE and DELETE say which rows they are for.
//!
//! It catches what was forgotten, not what is meant: a condition that names a column and holds for
//! every row passes.

mod columns;

use super::refusal::Refusal;
use crate::config::Policy;
use crate::sql::lexer::TokenKind;
use crate::sql::parts::Part;
use crate::sql::parts::Verb;
use crate::sql::tokens::Tokens;

/// Each UPDATE and DELETE among `parts` has a WHERE that restricts it, each MERGE that does such
/// things an ON.
pub(super) fn check(parts: &[Part<'_>], policy: &Policy) -> Result<(), Refusal> {
    if !policy.require_where {
        return Ok(());
    }
    for part in parts {
        let (what, condition) = match part.verb {
            Verb::Named("update") => ("UPDATE", condition(part.tokens, "where", &[b"returning"])),
            Verb::Named("delete") => ("DELETE", condition(part.tokens, "where", &[b"returning"])),
            Verb::Named("merge update" | "merge delete") => {
                ("MERGE", condition(part.tokens, "on", &[b"when"]))
            }
            _ => continue,
        };
        let restricts = condition.is_some_and(restricts);
        if restricts {
            continue;
        }
        let clause = if what == "MERGE" { "an ON" } else { "a WHERE" };
        let message = format!("{what} without {clause} that names a column is not allowed");
        let hint = format!(
            "Policy \"{}\" has require_where = true; say which rows are meant.",
            policy.name
        );
        return Err(Refusal::new("require_where", "42501", message).hint(hint));
    }
    Ok(())
}

/// The tokens behind `word` outside of all parentheses, up to one of `ends`.
fn condition<'a>(tokens: Tokens<'a>, word: &str, ends: &[&[u8]]) -> Option<Tokens<'a>> {
    let mut depth = 0_usize;
    let mut begin = None;
    for index in 0..tokens.len() {
        depth = depth_behind(tokens, index, depth);
        if depth > 0 || tokens.is_label(index) {
            continue;
        }
        match begin {
            None if tokens.is_word(index, word) => begin = Some(index + 1),
            Some(begin) if ends.contains(&tokens.keyword(index).as_bytes()) => {
                return Some(tokens.between(begin, index));
            }
            _ => {}
        }
    }
    begin.map(|begin| tokens.from(begin))
}

fn depth_behind(tokens: Tokens<'_>, index: usize, depth: usize) -> usize {
    match tokens.get(index).map(|token| token.kind) {
        Some(TokenKind::Symbol(b'(' | b'[')) => depth + 1,
        Some(TokenKind::Symbol(b')' | b']')) => depth.saturating_sub(1),
        _ => depth,
    }
}

/// Conditions inside of one another that are looked into; deeper ones count as they stand.
const DEEPEST: usize = 32;

fn restricts(condition: Tokens<'_>) -> bool {
    holds_for_some(condition, Sense::Plain, DEEPEST)
}

/// Whether a condition stands behind NOT, which makes an OR of an AND.
#[derive(Debug, Clone, Copy)]
enum Sense {
    Plain,
    Negated,
}

impl Sense {
    fn turned(self) -> Self {
        match self {
            Self::Plain => Self::Negated,
            Self::Negated => Self::Plain,
        }
    }
}

/// Every branch of an OR restricts, and at least one of an AND.
fn holds_for_some(condition: Tokens<'_>, sense: Sense, depth: usize) -> bool {
    let condition = condition.unwrapped();
    let Some(depth) = depth.checked_sub(1) else {
        return columns::restrict(condition);
    };
    let restricts = |branch| holds_for_some(branch, sense, depth);
    for word in ["or", "and"] {
        let branches = split(condition, word);
        if branches.len() == 1 {
            continue;
        }
        let mut branches = branches.into_iter();
        return match (word, sense) {
            ("or", Sense::Plain) | ("and", Sense::Negated) => branches.all(restricts),
            _ => branches.any(restricts),
        };
    }
    if condition.is_word(0, "not") {
        return holds_for_some(condition.from(1), sense.turned(), depth);
    }
    columns::restrict(condition)
}

/// `tokens` cut at `word` outside of parentheses and of CASE; the AND of a BETWEEN is none.
fn split<'a>(tokens: Tokens<'a>, word: &str) -> Vec<Tokens<'a>> {
    let mut pieces = Vec::new();
    let (mut depth, mut cases, mut ranges, mut begin) = (0_usize, 0_usize, 0_usize, 0);
    for index in 0..tokens.len() {
        depth = depth_behind(tokens, index, depth);
        if depth > 0 || tokens.is_label(index) {
            continue;
        }
        match tokens.keyword(index).as_bytes() {
            b"case" => cases += 1,
            b"end" => cases = cases.saturating_sub(1),
            b"between" if cases == 0 => ranges += 1,
            b"and" if cases == 0 && ranges > 0 => ranges -= 1,
            _ if cases == 0 && tokens.is_word(index, word) => {
                pieces.push(tokens.between(begin, index));
                begin = index + 1;
            }
            _ => {}
        }
    }
    pieces.push(tokens.from(begin));
    pieces
}

#[cfg(test)]
mod tests {
    use crate::config::Policy;
    use crate::guard::Verdict;
    use crate::guard::review;

    fn is_refused(text: &str) -> bool {
        let policy = Policy {
            require_where: true,
            ..Policy::default()
        };
        match review(text.as_bytes(), &policy, None) {
            Verdict::Refuse(refusal) => refusal.rule == "require_where",
            Verdict::Forward(_) | Verdict::Rewrite { .. } => false,
        }
    }

    #[test]
    fn writes_that_say_which_rows_they_are_for_run() {
        for text in [
            "DELETE FROM t WHERE id = 5",
            "DELETE FROM t WHERE id = $1 RETURNING *",
            "UPDATE t SET a = 1 WHERE id BETWEEN 1 AND 5",
            "UPDATE t SET a = (SELECT 1) WHERE CURRENT OF c",
            "WITH x AS (SELECT 1 AS id) DELETE FROM t USING x WHERE t.id = x.id",
            "DELETE FROM t WHERE 1 = 1 AND id = 5",
            "DELETE FROM t WHERE EXISTS (SELECT FROM u WHERE u.id = t.id)",
            "DELETE FROM t WHERE CASE WHEN a OR true THEN b ELSE c END",
            "DELETE FROM t WHERE \"true\"",
            "DELETE FROM t WHERE a BETWEEN 1 AND 5 AND true",
            "DELETE FROM t WHERE NOT (false OR a = 1)",
            "DELETE FROM t WHERE id IN (SELECT id FROM doomed)",
            "DELETE FROM t USING s WHERE t.id = s.id",
            "DELETE FROM t WHERE (a, b) = ($1, $2)",
            "DELETE FROM t WHERE timestamp < now() - interval '1' day",
            "DELETE FROM t WHERE extract(year FROM day) = 2020",
            "DELETE FROM t WHERE document IS NULL",
            "DELETE FROM t WHERE trim(both FROM name) = ''",
            "DELETE FROM t WHERE year::double precision > 5",
            "DELETE FROM t WHERE CAST(zone AS text) COLLATE \"C\" = 'x'",
            "DELETE FROM t WHERE NOT EXISTS (SELECT 1 FROM u x WHERE x.t_id = t.id)",
            "DELETE FROM t WHERE date '2020-01-01' > t.\"at\" AT TIME ZONE 'UTC'",
            "DELETE FROM t WHERE active",
            "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE",
            "MERGE INTO t USING s ON true WHEN NOT MATCHED THEN INSERT VALUES (1)",
            "INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = 1",
            "SELECT 1",
        ] {
            assert!(!is_refused(text), "{text}");
        }
    }

    #[test]
    fn writes_for_every_row_do_not() {
        for text in [
            "DELETE FROM t",
            "DELETE FROM t RETURNING id",
            "UPDATE t SET a = 1",
            "UPDATE t SET a = (SELECT b FROM u WHERE u.id = t.id)",
            "UPDATE t SET \"where\" = 1",
            "DELETE FROM t WHERE true",
            "DELETE FROM t WHERE (1 = 1)",
            "DELETE FROM t WHERE 'a' = 'a' AND NOT false",
            "DELETE FROM t WHERE 't'::bool",
            "DELETE FROM t WHERE bool 't'",
            "DELETE FROM t WHERE id = 5 OR true",
            "DELETE FROM t WHERE (id = 5 OR (1 = 1)) AND true",
            "DELETE FROM t WHERE id = id",
            "DELETE FROM t WHERE t.id = id",
            "DELETE FROM t WHERE s.t.id = t.id AND \"id\" = ID",
            "DELETE FROM t WHERE NOT id <> id",
            "DELETE FROM t WHERE id IS NOT DISTINCT FROM id",
            "DELETE FROM t WHERE id BETWEEN id AND id",
            "DELETE FROM t WHERE id IN (id)",
            "DELETE FROM t WHERE id = ANY (ARRAY[id])",
            "DELETE FROM t WHERE NOT (id = 1 AND false)",
            "DELETE FROM t WHERE now() = now()",
            "DELETE FROM t WHERE 1 = CAST(1 AS int)",
            "DELETE FROM t WHERE 1::double precision = 1",
            "DELETE FROM t WHERE now()::timestamp with time zone = now()",
            "DELETE FROM t WHERE now() AT TIME ZONE 'UTC' IS NOT NULL",
            "DELETE FROM t WHERE interval '1' day > interval '0' day to hour",
            "DELETE FROM t WHERE timestamp with time zone '2020-01-01' < now()",
            "DELETE FROM t WHERE extract(year FROM now()) > 0",
            "DELETE FROM t WHERE 'a' COLLATE \"C\" = 'a' AND 'a' IS NFC NORMALIZED",
            "DELETE FROM t WHERE '{}' IS JSON AND '<a/>' IS NOT DOCUMENT",
            "DELETE FROM t WHERE trim(both FROM 'x') = substring('a' FROM 1 FOR 1)",
            "DELETE FROM t WHERE EXISTS (SELECT 1 FROM u)",
            "DELETE FROM t WHERE EXISTS (SELECT FROM s.u AS x, \"V\" y JOIN w ON true)",
            "DELETE FROM t WHERE pg_catalog.now() OPERATOR(pg_catalog.=) now()",
            "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d WHERE id = 1",
            "EXPLAIN ANALYZE DELETE FROM t",
            "PREPARE p AS DELETE FROM t",
            "SELECT 1; UPDATE t SET a = 1",
            "MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE",
        ] {
            assert!(is_refused(text), "{text}");
        }
    }
}
