//! The rules that refuse, in the order in which they are asked.

use super::changes;
use super::read_only;
use super::refusal::Refusal;
use super::require_where;
use super::session_state;
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
        || policy.guards_objects()
}

/// Some rule of `policy` asks what functions do, so that none may be called by its number.
pub fn refuses_function_calls(policy: &Policy) -> bool {
    policy.read_only || asks_for_parts(policy) || policy.guards_objects()
}

fn asks_for_parts(policy: &Policy) -> bool {
    // What restricts the start of a session asks for settings, estimates among the rest.
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
        read_only::check(script, facts, policy)?;
        return session_state::check(script, policy);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::config::Command;
    use crate::config::Glob;
    use crate::config::Policy;
    use crate::config::Rules;
    use crate::guard::questions;
    use crate::guard::review;

    const MANY: usize = 20_000;

    #[test]
    fn very_long_and_very_deep_texts_are_judged() {
        let policy = Policy {
            require_where: true,
            statements: Rules {
                allow: None,
                deny: Command::named("drop").into_iter().collect(),
            },
            settings: Rules {
                allow: Some(vec![Glob::new("a*")]),
                deny: Vec::new(),
            },
            statement_timeout: Some(Duration::from_secs(5)),
            max_cost: Some(5.0),
            ..Policy::default()
        };
        for text in [
            format!("DELETE FROM t WHERE a = 1{}", " OR a = 1".repeat(MANY)),
            format!("DELETE FROM t WHERE {}a", "(a = 1 OR ".repeat(MANY)),
            format!("DELETE FROM t WHERE {}a", "case when ".repeat(MANY)),
            format!("SELECT {}1{}", "(".repeat(MANY), ")".repeat(MANY)),
            format!("SELECT 1 {}INTO x", "as ".repeat(MANY)),
            format!("SELECT {}1", "set_config('ab', '1', false), ".repeat(MANY)),
            format!("CREATE TABLE x AS {}1", "as select ".repeat(MANY)),
            "CREATE RULE r AS ON INSERT TO t DO ".repeat(MANY),
            "WITH x AS (SELECT 1), ".repeat(MANY),
            "WITH x AS (".repeat(MANY),
            "explain ".repeat(MANY),
            "SELECT 1;".repeat(MANY),
        ] {
            review(text.as_bytes(), &policy, None);
            // Whatever it says: it comes back.
            let _ = questions(text.as_bytes(), &policy);
        }
    }
}
