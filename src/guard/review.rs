//! The order in which a text is judged.

use super::harmless::is_harmless;
use super::objects::ObjectRules;
use super::refusal::Refusal;
use super::row_limit;
use super::row_limit::Treatment;
use super::safety;
use super::session_limit;
use super::size;
use super::verdict::Bearing;
use super::verdict::Decision;
use super::verdict::Plan;
use super::verdict::ResultLimit;
use super::verdict::Verdict;
use crate::config::Mechanism;
use crate::config::OnExceed;
use crate::config::Policy;
use crate::sql::cursor::CursorAct;
use crate::sql::fingerprint::of_tokens;
use crate::sql::kind::StatementKind;
use crate::sql::lexer::StandardStrings;
use crate::sql::lexer::TokenKind;
use crate::sql::lexer::lex;
use crate::sql::schema::Facts;
use crate::sql::script::Script;

/// What happens to `text` under `policy`. `facts` are those of the database, if known.
pub fn review(text: &[u8], policy: &Policy, facts: Option<&Facts>) -> Verdict {
    if let Err(refusal) = size::check_bytes(text.len(), policy) {
        return Verdict::Refuse(refusal);
    }
    decide(text, policy, facts).verdict(text)
}

/// As [`review`], with the policy's rules about tables, columns and functions, which it must have
/// been given when it has any: what is not known is refused.
pub fn review_objects(
    text: &[u8],
    policy: &Policy,
    facts: Option<&Facts>,
    objects: Option<&ObjectRules>,
) -> Verdict {
    decide_objects(text, policy, facts, objects).verdict(text)
}

/// As [`review`], for every text of the shape `text`; how long it is is another matter.
pub fn decide(text: &[u8], policy: &Policy, facts: Option<&Facts>) -> Decision {
    decide_objects(text, policy, facts, None)
}

/// As [`review_objects`], for every text of the shape `text`.
pub fn decide_objects(
    text: &[u8],
    policy: &Policy,
    facts: Option<&Facts>,
    objects: Option<&ObjectRules>,
) -> Decision {
    let limit = session_limit::row_limit(policy).or_else(|| counted_for_bytes(policy));
    let is_safe = !safety::is_on(policy);
    if limit.is_none() && is_safe {
        return Decision::Forward(Plan::unlimited());
    }
    let script = match Script::lex(text) {
        Ok(script) => script,
        Err(_) if is_safe => return Decision::Forward(counted(limit)),
        Err(error) => return Decision::Refuse(safety::unreadable(error, policy)),
    };
    let ambiguous = has_ambiguous_strings(&script);
    if !is_safe && let Err(refusal) = safety::check(&script, ambiguous, facts, policy) {
        return Decision::Refuse(refusal);
    }
    if let Err(refusal) = objects_kept(&script, policy, objects) {
        return Decision::Refuse(refusal);
    }
    match limit {
        None => Decision::Forward(Plan::unlimited()),
        Some(_) if ambiguous => Decision::Forward(counted(limit)),
        Some(own) => {
            let (rows, is_lifted) = match session_limit::lifted(text, own, policy) {
                None => (own, false),
                Some(Ok(rows)) => (rows, true),
                Some(Err(refusal)) => return Decision::Refuse(refusal),
            };
            limited(
                &script,
                Limits {
                    policy,
                    facts,
                    rows,
                    is_lifted,
                },
            )
        }
    }
}

/// The refusal of any text while the catalog cannot be read.
pub fn unknown_objects() -> Refusal {
    let message = "the objects of the database are not known";
    let hint = "The policy has rules about objects, and the catalog cannot be read now.".to_owned();
    Refusal::new("objects", "57P03", message).hint(hint)
}

/// `script` touches no object that the policy keeps back. To be read-only alone, nothing need be
/// known of them: the server's wall stands as well.
fn objects_kept(
    script: &Script<'_>,
    policy: &Policy,
    objects: Option<&ObjectRules>,
) -> Result<(), Refusal> {
    match objects {
        Some(objects) => objects.check(script),
        None if policy.guards_objects() => Err(unknown_objects()),
        None => Ok(()),
    }
}

/// Where only bytes are limited, rows are counted all the same, against a number that none reach.
fn counted_for_bytes(policy: &Policy) -> Option<u64> {
    let limits_bytes = policy.max_bytes.is_some() && policy.on_exceed != OnExceed::Off;
    limits_bytes.then_some(u64::MAX)
}

/// What every statement of a text is limited by.
#[derive(Clone, Copy)]
struct Limits<'a> {
    policy: &'a Policy,
    facts: Option<&'a Facts>,
    rows: u64,
    /// The text asks for these itself.
    is_lifted: bool,
}

/// Counts whatever comes.
fn counted(limit: Option<u64>) -> Plan {
    Plan::new(&[limit.map_or(ResultLimit::None, ResultLimit::Rows)], false)
}

fn limited(script: &Script<'_>, limits: Limits<'_>) -> Decision {
    let mut results = Vec::with_capacity(script.statements().len());
    let mut edits = Vec::new();
    let mut cursors = Vec::new();
    let mut harmless = true;
    let mut changes_limit = false;
    for statement in script.runnable() {
        let tokens = script.tokens(statement);
        if let Err(refusal) = session_limit::check(tokens, limits.policy) {
            return Decision::Refuse(refusal);
        }
        changes_limit |= session_limit::is_changed(tokens);
        cursors.push(CursorAct::of(tokens, statement.kind));
        let treatment = match row_limit::treatment(statement.kind, limits.policy) {
            Ok(treatment) => treatment,
            Err(refusal) => return Decision::Refuse(refusal),
        };
        let reads = statement.kind == StatementKind::Select && is_harmless(tokens, limits.facts);
        harmless &= reads;
        results.push(match treatment {
            Treatment::Pass => ResultLimit::None,
            Treatment::Count => ResultLimit::Rows(limits.rows),
        });
        if reads && limits.policy.mechanism != Mechanism::Count {
            edits.extend(row_limit::edits(tokens, limits.rows));
        }
    }
    let mut plan = Plan::new(&results, harmless && results.len() == 1);
    plan.fingerprint = Some(of_tokens(script.all_tokens()));
    plan.bearing = match (changes_limit, limits.is_lifted) {
        (true, _) => Bearing::Changes,
        (false, true) => Bearing::Lifts,
        (false, false) => Bearing::Obeys,
    };
    if cursors.iter().any(Option::is_some) {
        plan.cursors = Some(cursors.into());
    }
    plan.fits_a_block = script
        .runnable()
        .all(|statement| row_limit::fits_a_block(statement.kind));
    if edits.is_empty() {
        return Decision::Forward(plan);
    }
    Decision::Edit(edits.into(), plan)
}

/// A backslash in a plain string makes the text read otherwise while
/// `standard_conforming_strings` is off, which cannot be known: a pipelined SET changes it before
/// any `ParameterStatus` arrives.
fn has_ambiguous_strings(script: &Script<'_>) -> bool {
    let text = script.text();
    let tokens = script.all_tokens().as_slice();
    let has_backslash = tokens.iter().any(|token| {
        token.kind == TokenKind::String && memchr::memchr(b'\\', token.of(text)).is_some()
    });
    if !has_backslash {
        return false;
    }
    let Ok(mut otherwise) = lex(text, StandardStrings::Off) else {
        return true;
    };
    otherwise.retain(|token| !token.is_comment());
    otherwise != tokens
}

#[cfg(test)]
mod tests;
