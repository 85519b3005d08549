//! The rules `allow_settings`, `deny_settings`, `statement_timeout` and `lock_timeout`: which
//! settings a session may change, and how far. What estimates are made of is kept from changing too.

use std::time::Duration;

use super::code;
use super::estimate;
use super::refusal::Refusal;
use super::session_limit;
use super::settings::keeps_encoding;
use crate::config::Glob;
use crate::config::Policy;
use crate::sql::parts::Part;
use crate::sql::setting::Change;
use crate::sql::setting::NewValue;
use crate::sql::setting::changes;
use crate::sql::setting::milliseconds;
use crate::sql::tokens::Tokens;

/// What the statement `tokens`, which consists of `parts`, changes may be changed so.
pub(super) fn check(
    tokens: Tokens<'_>,
    parts: &[Part<'_>],
    policy: &Policy,
) -> Result<(), Refusal> {
    if !restricts_start(policy) {
        return Ok(());
    }
    for change in changes(tokens) {
        may_change(&change, policy)?;
    }
    if policy.settings.is_open() && ceilings(policy).is_empty() {
        return Ok(());
    }
    let code = parts.iter().find_map(code::hidden);
    match code.filter(|_| !code::is_vouched_for(policy)) {
        None => Ok(()),
        Some(code) => Err(in_code(&code, policy)),
    }
}

/// A session may begin with `name` set to `value`, by a parameter of its start-up packet.
pub fn check_start(name: &str, value: &str, policy: &Policy) -> Result<(), Refusal> {
    let name = name.to_ascii_lowercase();
    // Every driver says these of itself, whatever it is told.
    let is_usual = policy.settings.allow.is_some() && AT_START.contains(&name.as_str());
    if is_usual && !policy.settings.deny.iter().any(|glob| matches(glob, &name)) {
        return Ok(());
    }
    let to = NewValue::Literal(value.to_owned());
    let name = Some(name);
    may_change(&Change { name, to }, policy)
}

/// Why `options` of a start-up packet are refused that hold more than settings.
pub fn unread_options(policy: &Policy) -> Refusal {
    let hint = format!(
        "Policy \"{}\" takes only -c name=value and --name=value there.",
        policy.name
    );
    let message = "the start-up parameter \"options\" may hold settings only";
    Refusal::new(any_rule(policy), "42501", message).hint(hint)
}

/// No connection for replication, which sends what is written and not what a text asks for, where
/// `policy` has any rule.
pub fn check_replication(policy: &Policy) -> Result<(), Refusal> {
    let without_rules = Policy {
        name: policy.name.clone(),
        matches: policy.matches.clone(),
        ..Policy::default()
    };
    if *policy == without_rules {
        return Ok(());
    }
    let message = "replication connections are not allowed";
    let hint = format!(
        "Policy \"{}\" has rules, which hold for SQL only; give replication a user without any.",
        policy.name
    );
    Err(Refusal::new("replication", "42501", message).hint(hint))
}

/// The server would read the rest of the session in another way than we do.
pub(super) fn check_encoding(tokens: Tokens<'_>) -> Result<(), Refusal> {
    if keeps_encoding(tokens) {
        return Ok(());
    }
    let message = "the client encoding may be changed to one that hides no quotes only";
    let hint = "Give the name of the setting and its value as plain strings, such as 'UTF8'.";
    Err(Refusal::new("unreadable", "42501", message).hint(hint.to_owned()))
}

/// Whether any rule asks what a session begins with.
pub fn restricts_start(policy: &Policy) -> bool {
    !policy.settings.is_open() || !ceilings(policy).is_empty() || estimate::estimates(policy)
}

/// The settings that `policy` has every session begin with, and what they are.
pub fn imposed(policy: &Policy) -> Vec<(&'static str, String)> {
    let ceilings = ceilings(policy).into_iter();
    let mut imposed: Vec<_> = ceilings
        .map(|(name, most)| (name, most.as_millis().to_string()))
        .collect();
    if let Some(rows) = session_limit::row_limit(policy) {
        imposed.push((session_limit::SETTING, session_limit::shown(rows)));
    }
    if policy.read_only {
        imposed.push(("default_transaction_read_only", "on".to_owned()));
    }
    imposed
}

fn ceilings(policy: &Policy) -> Vec<(&'static str, Duration)> {
    let ceilings = [
        ("statement_timeout", policy.statement_timeout),
        ("lock_timeout", policy.lock_timeout),
    ];
    let set = ceilings.into_iter();
    set.filter_map(|(name, most)| Some((name, most?))).collect()
}

fn may_change(change: &Change, policy: &Policy) -> Result<(), Refusal> {
    let Some(name) = &change.name else {
        return Err(unknown(policy));
    };
    // It has a ceiling of its own.
    if name == session_limit::SETTING && session_limit::row_limit(policy).is_some() {
        return match &change.to {
            NewValue::Literal(value) => session_limit::check_value(value, policy),
            NewValue::Default | NewValue::Unknown => Ok(()),
        };
    }
    if !policy.settings.admit(|glob| matches(glob, name)) {
        return Err(not_allowed(name, policy));
    }
    if estimate::estimates(policy)
        && WEIGHTS.contains(&name.as_str())
        && change.to != NewValue::Default
    {
        return Err(weighs(name, policy));
    }
    let mut ceilings = ceilings(policy).into_iter();
    let Some((_, most)) = ceilings.find(|(setting, _)| setting == name) else {
        return Ok(());
    };
    let value = match &change.to {
        NewValue::Default => return Ok(()),
        NewValue::Literal(value) => milliseconds(value).map(u128::from),
        NewValue::Unknown => None,
    };
    match value {
        // 0 is no timeout at all.
        Some(value) if (1..=most.as_millis()).contains(&value) => Ok(()),
        _ => Err(beyond(name, most, policy)),
    }
}

/// Names of settings do not mind case.
pub(super) fn matches(glob: &Glob, name: &str) -> bool {
    Glob::new(glob.to_string().to_ascii_lowercase()).matches(name)
}

fn not_allowed(name: &str, policy: &Policy) -> Refusal {
    let is_denied = policy.settings.deny.iter().any(|glob| matches(glob, name));
    let rule = if is_denied {
        "deny_settings"
    } else {
        "allow_settings"
    };
    let hint = format!("Policy \"{}\" does not let it be changed.", policy.name);
    Refusal::new(
        rule,
        "42501",
        format!("setting \"{name}\" may not be changed"),
    )
    .hint(hint)
}

fn unknown(policy: &Policy) -> Refusal {
    let message = "a setting whose name the text does not tell may not be changed";
    let hint = "Write its name as a plain string.".to_owned();
    Refusal::new(any_rule(policy), "42501", message).hint(hint)
}

fn beyond(name: &str, most: Duration, policy: &Policy) -> Refusal {
    let rule = if name == "lock_timeout" {
        "lock_timeout"
    } else {
        "statement_timeout"
    };
    let hint = format!(
        "Policy \"{}\" has {rule} = {}ms: a plain value from 1ms to that is allowed.",
        policy.name,
        most.as_millis()
    );
    let message = format!("{rule} may be lowered only");
    Refusal::new(rule, "42501", message).hint(hint)
}

fn weighs(name: &str, policy: &Policy) -> Refusal {
    let rule = estimate::any_rule(policy);
    let message = format!("setting \"{name}\" may not be changed");
    let hint = format!(
        "Policy \"{}\" has {rule}, and estimates are made of it.",
        policy.name
    );
    Refusal::new(rule, "42501", message).hint(hint)
}

/// What the planner makes its estimates of, so that a session which changes it would pass any
/// ceiling.
///
/// <https://www.postgresql.org/docs/current/runtime-config-query.html#RUNTIME-CONFIG-QUERY-CONSTANTS>
const WEIGHTS: &[&str] = &[
    "cpu_index_tuple_cost",
    "cpu_operator_cost",
    "cpu_tuple_cost",
    "parallel_setup_cost",
    "parallel_tuple_cost",
    "random_page_cost",
    "recursive_worktable_factor",
    "seq_page_cost",
];

fn in_code(code: &str, policy: &Policy) -> Refusal {
    let rule = any_rule(policy);
    let message = format!("{code} is not allowed: it may change settings");
    let hint = format!(
        "Policy \"{}\" has {rule}; \"do\" in allow_statements allows code.",
        policy.name
    );
    Refusal::new(rule, "42501", message).hint(hint)
}

fn any_rule(policy: &Policy) -> &'static str {
    if !policy.settings.is_open() {
        return setting_rule(policy);
    }
    let ceilings = ceilings(policy);
    ceilings
        .first()
        .map_or_else(|| estimate::any_rule(policy), |(name, _)| name)
}

fn setting_rule(policy: &Policy) -> &'static str {
    if policy.settings.allow.is_some() {
        "allow_settings"
    } else {
        "deny_settings"
    }
}

/// What drivers set at the start of a session without being asked to.
const AT_START: &[&str] = &[
    "application_name",
    "client_encoding",
    "datestyle",
    "extra_float_digits",
    "intervalstyle",
    "timezone",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Rules;
    use crate::guard::Verdict;
    use crate::guard::review;

    fn refused(text: &str, policy: &Policy) -> Option<&'static str> {
        match review(text.as_bytes(), policy, None) {
            Verdict::Refuse(refusal) => {
                assert_eq!(refusal.sqlstate, "42501", "{text}");
                Some(refusal.rule)
            }
            Verdict::Forward(_) | Verdict::Rewrite { .. } => None,
        }
    }

    fn rules(allow: Option<&[&str]>, deny: &[&str]) -> Policy {
        let globs = |names: &[&str]| names.iter().map(|&name| Glob::new(name)).collect();
        Policy {
            settings: Rules {
                allow: allow.map(globs),
                deny: globs(deny),
            },
            ..Policy::default()
        }
    }

    #[test]
    fn only_settings_that_are_allowed_change() {
        let policy = rules(Some(&["search_path", "TimeZone", "app.*"]), &["app.secret"]);
        for text in [
            "SET search_path = a, b",
            "SET LOCAL TIME ZONE 'UTC'",
            "SET app.\"User\" = 'x'",
            "SELECT set_config('app.user', $1, false)",
            "RESET timezone",
            "RESET ALL; DISCARD ALL",
            "SHOW work_mem",
            "BEGIN; COMMIT",
        ] {
            assert_eq!(refused(text, &policy), None, "{text}");
        }
        assert_eq!(
            refused("SET APP.SECRET = 1", &policy),
            Some("deny_settings")
        );
        assert_eq!(refused("RESET app.secret", &policy), Some("deny_settings"));
        for text in [
            "SET work_mem = 1",
            "SET ROLE admin",
            "SET SESSION AUTHORIZATION bob",
            "SET NAMES 'latin1'",
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "BEGIN READ ONLY",
            "SELECT set_config('work_mem', '1', false)",
            "SELECT set_config(name, '1', false) FROM pg_settings",
            "UPDATE pg_settings SET setting = '1' WHERE name = 'timezone'",
            "ALTER ROLE bob SET work_mem = 1",
            "ALTER SYSTEM SET work_mem = 1",
            "DO 'BEGIN END'",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'x'",
            "CREATE AGGREGATE a (text, bool) (sfunc = set_config, stype = text)",
        ] {
            assert_eq!(refused(text, &policy), Some("allow_settings"), "{text}");
        }
    }

    fn limited() -> Policy {
        Policy {
            statement_timeout: Some(Duration::from_hours(1)),
            lock_timeout: Some(Duration::from_secs(5)),
            ..Policy::default()
        }
    }

    #[test]
    fn timeouts_are_lowered_in_any_spelling() {
        for text in [
            "SET statement_timeout = '1h'",
            "SET statement_timeout TO 3600000",
            "SET LOCAL statement_timeout = '3600s'",
            "SET statement_timeout = \"60min\"",
            "SET statement_timeout = DEFAULT",
            "RESET statement_timeout",
            "RESET ALL",
            "SELECT set_config('lock_timeout', '5s', true)",
            "SELECT set_config('lock_timeout', NULL, true)",
            "ALTER ROLE bob SET lock_timeout = 10",
            "SET work_mem = 1",
        ] {
            assert_eq!(refused(text, &limited()), None, "{text}");
        }
    }

    #[test]
    fn timeouts_are_not_lifted_in_any() {
        for text in [
            "SET statement_timeout = 0",
            "SET statement_timeout = '400us'",
            "SET statement_timeout = 3600001",
            "SET statement_timeout = '2h'",
            "SET statement_timeout = -1",
            "SET statement_timeout = E'1'",
            "SET LOCAL \"STATEMENT_TIMEOUT\" TO '0'",
            "SELECT set_config('statement_timeout', '0', false)",
            "SELECT set_config('statement_timeout', $1, false)",
            "SELECT 1; SET statement_timeout = 0",
            "EXPLAIN ANALYZE SELECT set_config('statement_timeout', '0', false)",
            "PREPARE p AS SELECT set_config('statement_timeout', '0', false)",
            "ALTER DATABASE d SET statement_timeout = 0",
            "ALTER FUNCTION f() SET statement_timeout = 0",
        ] {
            assert_eq!(
                refused(text, &limited()),
                Some("statement_timeout"),
                "{text}"
            );
        }
        let refusal = refused("SET lock_timeout = '6s'", &limited());
        assert_eq!(refusal, Some("lock_timeout"));
    }

    #[test]
    fn a_session_begins_with_what_it_may_set() {
        let policy = rules(Some(&["work_mem"]), &["timezone"]);
        for name in ["work_mem", "application_name", "DateStyle"] {
            assert!(check_start(name, "1", &policy).is_ok(), "{name}");
        }
        for name in ["search_path", "TimeZone"] {
            assert!(check_start(name, "1", &policy).is_err(), "{name}");
        }
        assert!(check_start("Lock_Timeout", "4s", &limited()).is_ok());
        for value in ["0", "6s", "x"] {
            assert!(check_start("lock_timeout", value, &limited()).is_err());
        }
    }

    #[test]
    fn what_estimates_are_made_of_does_not_change() {
        let policy = Policy {
            max_plan_rows: Some(10),
            ..Policy::default()
        };
        for text in [
            "SET Seq_Page_Cost = 0",
            "SELECT set_config('cpu_tuple_cost', '0', false)",
            "UPDATE pg_settings SET setting = 0",
        ] {
            assert_eq!(refused(text, &policy), Some("max_plan_rows"), "{text}");
        }
        for text in ["RESET seq_page_cost", "SET work_mem = '1MB'", "DO 'x'"] {
            assert_eq!(refused(text, &policy), None, "{text}");
        }
        assert!(check_start("random_page_cost", "0", &policy).is_err());
        assert!(check_start("work_mem", "1MB", &policy).is_ok());
    }
}
