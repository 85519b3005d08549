//! The rule `require_where`: UPDATE and DELETE say which rows they are for.
//!
//! It catches what was forgotten, not what is meant: a condition that names a column and holds for
//! every row passes.

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
    holds_for_some(condition, DEEPEST)
}

/// Every branch of an OR restricts, and at least one of an AND.
fn holds_for_some(condition: Tokens<'_>, depth: usize) -> bool {
    let condition = condition.unwrapped();
    let either = split(condition, "or");
    let Some(depth) = depth.checked_sub(1) else {
        return names_column(condition);
    };
    if either.len() > 1 {
        return either
            .into_iter()
            .all(|branch| holds_for_some(branch, depth));
    }
    let both = split(condition, "and");
    if both.len() > 1 {
        return both.into_iter().any(|branch| holds_for_some(branch, depth));
    }
    names_column(condition) && !compares_with_itself(condition)
}

/// `tokens` cut at `word` outside of parentheses and of CASE.
fn split<'a>(tokens: Tokens<'a>, word: &str) -> Vec<Tokens<'a>> {
    let mut pieces = Vec::new();
    let (mut depth, mut cases, mut begin) = (0_usize, 0_usize, 0);
    for index in 0..tokens.len() {
        depth = depth_behind(tokens, index, depth);
        if depth > 0 || tokens.is_label(index) {
            continue;
        }
        match tokens.keyword(index).as_bytes() {
            b"case" => cases += 1,
            b"end" => cases = cases.saturating_sub(1),
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

/// Some name in `tokens` is no word of the grammar, no function and no type.
fn names_column(tokens: Tokens<'_>) -> bool {
    (0..tokens.len()).any(|index| {
        let is_call = tokens.is_symbol(index + 1, b'(');
        let is_type = index > 0
            && tokens.get(index - 1).is_some_and(|before| {
                before.kind == TokenKind::Typecast || tokens.is_word(index - 1, "as")
            });
        let is_literal = tokens
            .get(index + 1)
            .is_some_and(|next| next.kind == TokenKind::String);
        match tokens.get(index).map(|token| token.kind) {
            Some(TokenKind::QuotedName | TokenKind::UnicodeName) => !is_call && !is_type,
            // `WHERE CURRENT OF cursor` names one row.
            Some(TokenKind::Word) if tokens.is_word(index, "current") => {
                tokens.is_word(index + 1, "of")
            }
            Some(TokenKind::Word) => {
                let word = tokens.keyword(index);
                !is_call && !is_type && !is_literal && !WORDS.contains(&word.as_bytes())
            }
            _ => false,
        }
    })
}

/// `a = a` or `t.a = t.a`.
fn compares_with_itself(tokens: Tokens<'_>) -> bool {
    let compares = |index: &usize| matches!(tokens.bytes(*index), b"=" | b">=" | b"<=");
    let Some(operator) = (0..tokens.len()).find(compares) else {
        return false;
    };
    let left = tokens.between(0, operator).unwrapped();
    let right = tokens.from(operator + 1).unwrapped();
    let is_alike = |index: usize| {
        let is_name = left.is_name(index) || left.is_symbol(index, b'.');
        is_name && left.bytes(index).eq_ignore_ascii_case(right.bytes(index))
    };
    left.len() == right.len() && (0..left.len()).all(is_alike)
}

/// Words in a condition that stand for no column.
const WORDS: &[&[u8]] = &[
    b"all",
    b"and",
    b"any",
    b"array",
    b"between",
    b"case",
    b"cast",
    b"current_catalog",
    b"current_date",
    b"current_role",
    b"current_schema",
    b"current_time",
    b"current_timestamp",
    b"current_user",
    b"distinct",
    b"else",
    b"end",
    b"exists",
    b"false",
    b"from",
    b"ilike",
    b"in",
    b"is",
    b"isnull",
    b"like",
    b"localtime",
    b"localtimestamp",
    b"not",
    b"notnull",
    b"null",
    b"operator",
    b"or",
    b"pg_catalog",
    b"row",
    b"select",
    b"session_user",
    b"similar",
    b"some",
    b"symmetric",
    b"then",
    b"to",
    b"true",
    b"unknown",
    b"user",
    b"values",
    b"when",
    b"where",
];

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
            "DELETE FROM t WHERE now() = now()",
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
