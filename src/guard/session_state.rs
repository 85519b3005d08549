//! The rule `session_state`: what a read-only session may not make of itself, so that neither rows
//! that it is not to see come into its reach, nor the next client finds it otherwise than it was.

use super::changes::matches;
use super::refusal::Refusal;
use crate::config::Policy;
use crate::config::SessionState;
use crate::sql::script::Script;
use crate::sql::setting::Change;
use crate::sql::setting::NewValue;
use crate::sql::setting::call;
use crate::sql::setting::changes;
use crate::sql::tokens::Tokens;

/// No statement of `script` changes who the session is, what it has or how it sees the database.
pub(super) fn check(script: &Script<'_>, policy: &Policy) -> Result<(), Refusal> {
    if !is_denied(policy) {
        return Ok(());
    }
    for statement in script.runnable() {
        let judged = judge(script.tokens(statement), policy);
        judged.map_err(|what| refused(&what, policy))?;
    }
    Ok(())
}

/// A session may begin as `name`, a parameter of its start-up packet, says.
pub fn check_role(name: &str, policy: &Policy) -> Result<(), Refusal> {
    let name = name.trim().to_ascii_lowercase();
    let is_role = matches!(&*name, "role" | "session_authorization");
    let change = Change {
        name: Some(name),
        to: NewValue::Unknown,
    };
    if !is_role || !is_denied(policy) || is_vouched_for(&change, policy) {
        return Ok(());
    }
    Err(refused("beginning with another role", policy))
}

/// Whether a session stays what it began as.
pub fn is_denied(policy: &Policy) -> bool {
    policy.read_only && policy.session_state == SessionState::Deny
}

fn judge(tokens: Tokens<'_>, policy: &Policy) -> Result<(), String> {
    let second = tokens.keyword(1);
    match tokens.keyword(0).as_bytes() {
        b"discard" => return Err("DISCARD".to_owned()),
        b"deallocate" => {
            let name = 1 + usize::from(second.as_bytes() == b"prepare" && tokens.len() > 2);
            if tokens.is_word(name, "all") {
                return Err("DEALLOCATE ALL".to_owned());
            }
        }
        b"declare" if is_held(tokens) => return Err("DECLARE … WITH HOLD".to_owned()),
        b"set" => identity(tokens, policy)?,
        _ => {}
    }
    for index in 0..tokens.len() {
        if tokens.is_symbol(index + 1, b'(')
            && let Some(change) = call(tokens, index)
            && !is_harmless(&change)
            && !is_vouched_for(&change, policy)
        {
            return Err("this set_config".to_owned());
        }
    }
    Ok(())
}

/// `DECLARE name … WITH HOLD FOR`.
fn is_held(tokens: Tokens<'_>) -> bool {
    let options = (2..tokens.len()).take_while(|&index| !tokens.is_word(index, "for"));
    let mut held = options.filter(|&index| tokens.is_word(index, "hold"));
    held.any(|index| tokens.is_word(index - 1, "with"))
}

/// SET ROLE and SET SESSION AUTHORIZATION, however they are written.
fn identity(tokens: Tokens<'_>, policy: &Policy) -> Result<(), String> {
    for change in changes(tokens) {
        let what = match change.name.as_deref() {
            Some("role") => "SET ROLE",
            Some("session_authorization") => "SET SESSION AUTHORIZATION",
            Some(_) => continue,
            None => "SET of a name that the text does not tell",
        };
        if change.to != NewValue::Default && !is_vouched_for(&change, policy) {
            return Err(what.to_owned());
        }
    }
    Ok(())
}

/// What drivers and tools set by `set_config`: it decides neither what the session may do nor which
/// objects its names stand for.
fn is_harmless(change: &Change) -> bool {
    let Some(name) = change.name.as_deref() else {
        return false;
    };
    match (name, &change.to) {
        // `pg_dump` and its relatives write every name with its schema.
        ("search_path", NewValue::Literal(path)) => path.is_empty() || path == "pg_catalog",
        _ => HARMLESS.contains(&name),
    }
}

/// The policy lists the setting among those that may be changed.
fn is_vouched_for(change: &Change, policy: &Policy) -> bool {
    let (Some(name), Some(allowed)) = (&change.name, &policy.settings.allow) else {
        return false;
    };
    allowed.iter().any(|glob| matches(glob, name))
}

fn refused(what: &str, policy: &Policy) -> Refusal {
    let message = format!("{what} is not allowed in a read-only session");
    let hint = format!(
        "Policy \"{}\" has read_only = true; session_state = \"allow\" there lets sessions change \
         who they are and what they keep.",
        policy.name
    );
    Refusal::new("session_state", "42501", message).hint(hint)
}

/// How results look and are computed, and what is told of them; `restrict_nonsystem_relation_kind`
/// takes rights away. The row limit has a ceiling of its own.
const HARMLESS: &[&str] = &[
    "application_name",
    "bytea_output",
    "client_encoding",
    "client_min_messages",
    "datestyle",
    "extra_float_digits",
    "intervalstyle",
    "jit",
    "pgparley.row_limit",
    "restrict_nonsystem_relation_kind",
    "timezone",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Glob;
    use crate::config::Rules;
    use crate::guard::Verdict;
    use crate::guard::review;

    fn read_only() -> Policy {
        Policy {
            name: "readers".to_owned(),
            read_only: true,
            ..Policy::default()
        }
    }

    fn rule(text: &str, policy: &Policy) -> Option<&'static str> {
        match review(text.as_bytes(), policy, None) {
            Verdict::Refuse(refusal) => Some(refusal.rule),
            Verdict::Forward(_) | Verdict::Rewrite { .. } => None,
        }
    }

    const REFUSED: &[&str] = &[
        "SET ROLE owner",
        "set local role 'owner'",
        "SET SESSION ROLE owner",
        "SET \"Role\" = owner",
        "SET role TO owner",
        "SET ROLE NONE",
        "SET SESSION AUTHORIZATION owner",
        "SET LOCAL SESSION AUTHORIZATION 'owner'",
        "SET session_authorization = owner",
        "DISCARD ALL",
        "discard temp",
        "DISCARD PLANS",
        "DISCARD SEQUENCES",
        "DEALLOCATE ALL",
        "DEALLOCATE PREPARE all",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "DECLARE c BINARY NO SCROLL CURSOR WITH/**/HOLD FOR SELECT 1",
        "SELECT 1; DISCARD ALL",
        "SELECT set_config('role', 'owner', true)",
        "SELECT set_config('session_authorization', 'owner', true)",
        "SELECT set_config('app.tenant', 'b', true)",
        "SELECT set_config('row_security', 'off', false)",
        "SELECT set_config('search_path', 'hr', false)",
        "SELECT set_config('search_path', ' pg_catalog, hr', false)",
        "SELECT set_config('search_path', $1, false)",
        "SELECT set_config('search_path', NULL, false)",
        "SELECT set_config('timezone', 'UTC', false), set_config('statement_timeout', '0', false)",
        "SELECT pg_catalog . \"set_config\" ('work_mem', '1', false)",
        "WITH t AS MATERIALIZED (SELECT set_config('app.tenant', 'b', true)) TABLE t",
        "SELECT * FROM a, LATERAL set_config('app.tenant', a.b, true)",
        "SELECT set_config(name, 'x', false) FROM pg_settings WHERE name = 'work_mem'",
        "PREPARE p AS SELECT set_config('app.tenant', $1, true)",
        "EXPLAIN ANALYZE SELECT set_config('app.tenant', 'b', true)",
        "EXECUTE p(set_config('app.tenant', 'b', true))",
        "COPY (SELECT set_config('app.tenant', 'b', true)) TO STDOUT",
        "DECLARE c CURSOR FOR SELECT set_config('app.tenant', 'b', true)",
        "VALUES (set_config('app.tenant', 'b', true))",
    ];

    #[test]
    fn a_read_only_session_stays_what_it_is() {
        for text in REFUSED {
            assert_eq!(rule(text, &read_only()), Some("session_state"), "{text}");
        }
    }

    #[test]
    fn a_policy_can_leave_a_session_to_its_client() {
        let allowing = Policy {
            session_state: SessionState::Allow,
            ..read_only()
        };
        for policy in [allowing, Policy::default()] {
            for text in REFUSED {
                assert_eq!(rule(text, &policy), None, "{text}");
            }
        }
    }

    #[test]
    fn what_drivers_and_tools_set_passes() {
        for text in [
            "SELECT pg_catalog.set_config('search_path', '', false)",
            "SELECT set_config('search_path', 'pg_catalog', true)",
            "SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new",
            "SELECT set_config('bytea_output', 'hex', false) FROM pg_show_all_settings() \
             WHERE name = 'bytea_output'",
            "SELECT set_config('TimeZone', $1, false)",
            "SELECT set_config('application_name', $1, false)",
            "SELECT set_config('client_encoding', 'UTF8', false)",
            "SELECT set_config('pgparley.row_limit', '5', false)",
            "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings \
             WHERE name = 'restrict_nonsystem_relation_kind'",
            "SET search_path = hr",
            "SET row_security = off",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            "RESET ROLE",
            "RESET SESSION AUTHORIZATION",
            "SET SESSION AUTHORIZATION DEFAULT",
            "DEALLOCATE a",
            "DEALLOCATE \"all\"",
            "DEALLOCATE prepare",
            "DECLARE c CURSOR FOR SELECT hold FROM t",
            "DECLARE \"with\" CURSOR WITHOUT HOLD FOR SELECT 1",
            "SELECT discard, role FROM t WHERE deallocate = 'all'",
            "SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL",
        ] {
            assert_eq!(rule(text, &read_only()), None, "{text}");
        }
    }

    #[test]
    fn a_setting_that_a_policy_lists_may_be_set_in_either_way() {
        let policy = Policy {
            settings: Rules {
                allow: Some(vec![Glob::new("ROLE"), Glob::new("app.*")]),
                deny: Vec::new(),
            },
            ..read_only()
        };
        for text in [
            "SET ROLE reader",
            "SELECT set_config('role', 'reader', true)",
            "SELECT set_config('app.tenant', $1, true)",
        ] {
            assert_eq!(rule(text, &policy), None, "{text}");
        }
        let text = "SELECT set_config('App.Tenant', $1, true), set_config('work_mem', '1', true)";
        assert_eq!(rule(text, &policy), Some("allow_settings"));
    }
}
