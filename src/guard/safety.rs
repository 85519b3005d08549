//! The rules that refuse, in the order in which they are asked.

use super::changes;
use super::read_only;
use super::refusal::Refusal;
use super::require_where;
use super::size;
use super::statements;
use crate::config::MultipleStatements;
use crate::config::Policy;
use crate::sql::lexer::LexError;
use crate::sql::parts::parts;
use crate::sql::schema::Facts;
use crate::sql::script::Script;

/// Some rule of `policy` asks what a text does: one that cannot be read is refused.
pub fn is_on(policy: &Policy) -> bool {
    policy.read_only
        || asks_for_parts(policy)
        || policy.multiple_statements == MultipleStatements::Deny
        || estimates(policy)
}

/// Some rule of `policy` asks what functions do, so that none may be called by its number.
pub fn refuses_function_calls(policy: &Policy) -> bool {
    policy.read_only || asks_for_parts(policy) || !policy.functions.is_open()
}

/// Some rule of `policy` asks the server what a statement would cost.
pub fn estimates(policy: &Policy) -> bool {
    policy.max_cost.is_some() || policy.max_plan_rows.is_some()
}

fn asks_for_parts(policy: &Policy) -> bool {
    !policy.statements.is_open() || policy.require_where || changes::restricts_start(policy)
}

/// Nothing in `script` is refused. `ambiguous` strings refuse all of it.
pub(super) fn check(
    script: &Script<'_>,
    ambiguous: bool,
    facts: Option<&Facts>,
    policy: &Policy,
) -> Result<(), Refusal> {
    if ambiguous {
        return Err(ambiguous_strings(policy));
    }
    size::check_count(script, policy)?;
    if asks_for_parts(policy) {
        for statement in script.runnable() {
            let tokens = script.tokens(statement);
            let parts = parts(tokens);
            statements::check(&parts, policy)?;
            require_where::check(&parts, policy)?;
            changes::check(tokens, &parts, policy)?;
        }
    }
    if policy.read_only {
        return read_only::check(script, facts, policy);
    }
    for statement in script.runnable() {
        changes::check_encoding(script.tokens(statement))?;
    }
    Ok(())
}

/// Why a text that has no tokens does not run.
pub(super) fn unreadable(error: LexError, policy: &Policy) -> Refusal {
    let hint = if policy.read_only {
        "Only text that reads as standard SQL runs in a read-only session.".to_owned()
    } else {
        format!(
            "Policy \"{}\" lets only text run that can be read.",
            policy.name
        )
    };
    Refusal::new(unreadable_rule(policy), "42601", error.to_string()).hint(hint)
}

fn ambiguous_strings(policy: &Policy) -> Refusal {
    let message = if policy.read_only {
        "a backslash in a plain string is not allowed in a read-only session"
    } else {
        "a backslash in a plain string is not allowed"
    };
    let hint = "Write E'…' with the backslash doubled.".to_owned();
    Refusal::new(unreadable_rule(policy), "42501", message).hint(hint)
}

fn unreadable_rule(policy: &Policy) -> &'static str {
    if policy.read_only {
        "read_only"
    } else {
        "unreadable"
    }
}
