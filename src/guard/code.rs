//! Code that nobody can read beforehand: what it does is known to no rule that reads texts.

use crate::config::Command;
use crate::config::Policy;
use crate::sql::lexer::TokenKind;
use crate::sql::parts::Part;
use crate::sql::parts::Verb;
use crate::sql::tokens::Tokens;

/// What in `part` is code that its author wrote himself, or a function that runs SQL from strings,
/// in words for a refusal. What functions do that are there already is their authors' doing.
pub(super) fn hidden(part: &Part<'_>) -> Option<String> {
    let tokens = part.tokens;
    match part.verb {
        Verb::Named("do") => return Some("DO".to_owned()),
        Verb::Named("create") if makes_code(tokens) => {
            return Some("CREATE of a function".to_owned());
        }
        _ => {}
    }
    (0..tokens.len())
        .find_map(|index| runs_text(tokens, index))
        .map(|name| format!("{name}()"))
}

/// `do` among the allowed statements vouches for code.
pub(super) fn is_vouched_for(policy: &Policy) -> bool {
    let allowed = policy.statements.allow.iter().flatten();
    allowed.copied().map(Command::name).any(|name| name == "do")
}

/// CREATE FUNCTION, PROCEDURE, AGGREGATE or what brings some.
fn makes_code(tokens: Tokens<'_>) -> bool {
    let words = (1..tokens.len().min(8)).map(|index| tokens.keyword(index));
    words
        .take_while(|word| !word.as_bytes().is_empty())
        .any(|word| {
            matches!(
                word.as_bytes(),
                b"function" | b"procedure" | b"aggregate" | b"extension" | b"language"
            )
        })
}

/// The function called at `index` runs SQL that it gets as a string.
fn runs_text(tokens: Tokens<'_>, index: usize) -> Option<String> {
    if !tokens.is_symbol(index + 1, b'(') {
        return None;
    }
    if tokens.get(index)?.kind == TokenKind::UnicodeName {
        return Some("a function whose name has Unicode escapes".to_owned());
    }
    let name = tokens.name(index)?;
    let is_one = NAMES.contains(&&*name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    is_one.then(|| name.into_owned())
}

const NAMES: &[&str] = &["connectby", "ts_stat", "ts_rewrite", "xpath_table"];

const PREFIXES: &[&str] = &[
    "crosstab",
    "database_to_xml",
    "dblink",
    "pg_background_",
    "query_to_xml",
    "schema_to_xml",
];
