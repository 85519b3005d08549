//! The rules `allow_statements` and `deny_statements`: which commands run.

use super::code;
use super::refusal::Refusal;
use crate::config::Command;
use crate::config::Policy;
use crate::config::Rules;
use crate::sql::parts::Part;
use crate::sql::parts::Verb;

/// What a statement consists of may run, all of it.
pub(super) fn check(parts: &[Part<'_>], policy: &Policy) -> Result<(), Refusal> {
    if policy.statements.is_open() {
        return Ok(());
    }
    for part in parts {
        match part.verb {
            Verb::Control => {}
            Verb::Unknown => return Err(refused("this statement", policy)),
            Verb::Named(verb) => {
                let is_allowed = policy
                    .statements
                    .admit(|command| command.name() == command_of(verb));
                if !is_allowed {
                    return Err(refused(&verb.to_ascii_uppercase(), policy));
                }
            }
        }
        // It could be any command.
        if let Some(code) = code::hidden(part)
            && !code::is_vouched_for(policy)
        {
            let hint = format!(
                "Policy \"{}\" restricts statements, and what this runs cannot be told; \
                 \"do\" in allow_statements allows it.",
                policy.name
            );
            return Err(refused(&code, policy).hint(hint));
        }
    }
    Ok(())
}

/// The command that a verb is listed under: what a statement does besides counts as if it stood
/// alone.
fn command_of(verb: &str) -> &str {
    match verb {
        "on conflict do update" | "merge update" => "update",
        "merge insert" => "insert",
        "merge delete" => "delete",
        verb => verb,
    }
}

fn refused(what: &str, policy: &Policy) -> Refusal {
    let names = |commands: &[Command]| {
        let names: Vec<_> = commands.iter().map(|command| command.name()).collect();
        names.join(", ")
    };
    let Rules { allow, deny } = &policy.statements;
    let is_denied = deny
        .iter()
        .any(|command| what.eq_ignore_ascii_case(command.name()));
    let (rule, hint) = match allow {
        Some(allowed) if !is_denied => ("allow_statements", format!("allows: {}", names(allowed))),
        _ => ("deny_statements", format!("denies: {}", names(deny))),
    };
    let hint = format!("Policy \"{}\" {hint}.", policy.name);
    Refusal::new(rule, "42501", format!("{what} is not allowed")).hint(hint)
}

#[cfg(test)]
mod tests {
    use crate::config::Command;
    use crate::config::Policy;
    use crate::config::Rules;
    use crate::guard::Verdict;
    use crate::guard::review;

    fn commands(names: &[&str]) -> Vec<Command> {
        let command = |name: &&str| Command::named(name).expect("a command");
        names.iter().map(command).collect()
    }

    fn refused(text: &str, policy: &Policy) -> Option<String> {
        match review(text.as_bytes(), policy, None) {
            Verdict::Refuse(refusal) => Some(refusal.message),
            Verdict::Forward(_) | Verdict::Rewrite { .. } => None,
        }
    }

    fn allowing(names: &[&str]) -> Policy {
        Policy {
            statements: Rules {
                allow: Some(commands(names)),
                deny: Vec::new(),
            },
            ..Policy::default()
        }
    }

    fn denying(names: &[&str]) -> Policy {
        Policy {
            statements: Rules {
                allow: None,
                deny: commands(names),
            },
            ..Policy::default()
        }
    }

    #[test]
    fn only_what_is_allowed_runs() {
        let policy = allowing(&["select", "explain", "show", "prepare", "declare"]);
        for text in [
            "SELECT 1; TABLE t",
            "BEGIN; SAVEPOINT a; ROLLBACK TO a; COMMIT",
            "PREPARE p AS SELECT 1; EXECUTE p",
            "DECLARE c CURSOR FOR SELECT 1; FETCH c; MOVE c; CLOSE c",
            "EXPLAIN ANALYZE SELECT 1",
            "SHOW ALL",
            "-- nothing",
        ] {
            assert_eq!(refused(text, &policy), None, "{text}");
        }
        for (text, message) in [
            ("SELECT 1; DELETE FROM t", "DELETE is not allowed"),
            ("PREPARE p AS DELETE FROM t", "DELETE is not allowed"),
            (
                "PREPARE transaction AS DELETE FROM t",
                "DELETE is not allowed",
            ),
            ("EXPLAIN INSERT INTO t VALUES (1)", "INSERT is not allowed"),
            (
                "WITH d AS (DELETE FROM t RETURNING 1) SELECT 1",
                "DELETE is not allowed",
            ),
            ("SELECT insert INTO t FROM s", "CREATE is not allowed"),
            ("SET a = 1", "SET is not allowed"),
            ("REPACK t", "this statement is not allowed"),
            (
                "SELECT query_to_xml('x', true, true, '')",
                "query_to_xml() is not allowed",
            ),
            (
                "SELECT 1 <=/*'*/ 2; DELETE FROM t; --'",
                "DELETE is not allowed",
            ),
        ] {
            assert_eq!(refused(text, &policy).as_deref(), Some(message), "{text}");
        }
    }

    #[test]
    fn what_is_denied_runs_in_no_disguise() {
        let policy = denying(&["delete", "drop"]);
        for text in [
            "UPDATE t SET a = 1",
            "COPY t TO STDOUT",
            "SELECT 1",
            "CALL p()",
        ] {
            assert_eq!(refused(text, &policy), None, "{text}");
        }
        for text in [
            "DELETE FROM t",
            "COPY (DELETE FROM t RETURNING 1) TO STDOUT",
            "MERGE INTO t USING s ON a = b WHEN MATCHED THEN DELETE",
            "CREATE RULE r AS ON INSERT TO t DO DELETE FROM u",
            "DO $$ BEGIN DELETE FROM t; END $$",
            "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'x'",
            "EXPLAIN (ANALYZE) WITH x AS (DELETE FROM t RETURNING 1) TABLE x",
            "DROP TABLE t",
            "SELECT dblink_exec('x', 'y')",
        ] {
            assert!(refused(text, &policy).is_some(), "{text}");
        }
    }

    #[test]
    fn do_among_the_allowed_vouches_for_code() {
        let policy = allowing(&["do", "create", "select"]);
        for text in [
            "DO $$ BEGIN END $$",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'x'",
            "SELECT ts_stat('x')",
        ] {
            assert_eq!(refused(text, &policy), None, "{text}");
        }
    }

    #[test]
    fn an_upsert_needs_both_rights() {
        let upsert = "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2";
        assert_eq!(refused(upsert, &allowing(&["insert", "update"])), None);
        let message = refused(upsert, &allowing(&["insert"]));
        assert_eq!(
            message.as_deref(),
            Some("ON CONFLICT DO UPDATE is not allowed")
        );
    }
}
