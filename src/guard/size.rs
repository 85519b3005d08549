//! The rules `max_statement_bytes` and `multiple_statements`: how much one text may hold.

use super::refusal::Refusal;
use crate::config::MultipleStatements;
use crate::config::Policy;
use crate::sql::script::Script;

/// A text of so many bytes may be read at all.
pub fn check_bytes(bytes: usize, policy: &Policy) -> Result<(), Refusal> {
    let Some(most) = policy.max_statement_bytes.filter(|most| bytes > *most) else {
        return Ok(());
    };
    let message = format!("statement of {bytes} bytes is too long");
    let hint = format!(
        "Policy \"{}\" has max_statement_bytes = {most}.",
        policy.name
    );
    Err(Refusal::new("max_statement_bytes", "54000", message).hint(hint))
}

/// `script` holds no more statements than one text may.
pub(super) fn check_count(script: &Script<'_>, policy: &Policy) -> Result<(), Refusal> {
    let is_denied = policy.multiple_statements == MultipleStatements::Deny;
    if !is_denied || script.runnable().nth(1).is_none() {
        return Ok(());
    }
    let hint = format!(
        "Policy \"{}\" has multiple_statements = deny; send them one by one.",
        policy.name
    );
    let message = "several statements in one query are not allowed";
    Err(Refusal::new("multiple_statements", "42501", message).hint(hint))
}
