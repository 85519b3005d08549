//! The rules `max_cost` and `max_plan_rows`: what the server is asked before a text runs, and what
//! its answer means.

use super::refusal::Refusal;
use crate::config::Policy;
use crate::sql::kind::CopyKind;
use crate::sql::kind::StatementKind;
use crate::sql::kind::classify;
use crate::sql::kind::inner;
use crate::sql::kind::nests_beyond_grammar;
use crate::sql::lexer::TokenKind;
use crate::sql::parts::parts;
use crate::sql::script::Script;
use crate::sql::tokens::Tokens;

/// What stands before a statement to ask for its plan.
pub const EXPLAIN: &[u8] = b"EXPLAIN (FORMAT JSON) ";

/// What a plan comes to, as EXPLAIN says it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// `Total Cost` of the topmost node.
    pub cost: f64,
    /// `Plan Rows`: that are delivered, or written.
    pub rows: f64,
}

/// The EXPLAINs whose answers tell what `text` would cost, in the order of its statements; none
/// where nothing in it has a cost.
pub fn questions(text: &[u8], policy: &Policy) -> Result<Vec<Vec<u8>>, Refusal> {
    if !estimates(policy) {
        return Ok(Vec::new());
    }
    let Ok(script) = Script::lex(text) else {
        return Ok(Vec::new());
    };
    let mut questions = Vec::new();
    let mut is_changed = false;
    for statement in script.runnable() {
        let tokens = script.tokens(statement);
        if let Some(question) = question(tokens) {
            if is_changed {
                return Err(too_early(policy));
            }
            questions.push(question);
        }
        is_changed |= may_change_plans(tokens, statement.kind);
    }
    Ok(questions)
}

/// A statement that `estimate` is the plan of may run.
pub fn check_estimate(estimate: Estimate, policy: &Policy) -> Result<(), Refusal> {
    let Estimate { cost, rows } = estimate;
    let refused = |rule: &'static str, message: String, ceiling: String| {
        let hint = format!(
            "Policy \"{}\" has {rule} = {ceiling}; ask for less, or with a narrower WHERE.",
            policy.name
        );
        Err(Refusal::new(rule, "54000", message).hint(hint))
    };
    if let Some(most) = policy.max_cost.filter(|most| cost > *most) {
        let message = format!("estimated cost {cost:.0} is over max_cost {most:.0}");
        return refused("max_cost", message, format!("{most}"));
    }
    if let Some(most) = policy.max_plan_rows.filter(|most| rows > *most as f64) {
        let message = format!("estimated rows {rows:.0} are over max_plan_rows {most}");
        return refused("max_plan_rows", message, most.to_string());
    }
    Ok(())
}

/// Why a statement does not run of which nobody can say what it is.
pub fn not_estimated(why: &str, policy: &Policy) -> Refusal {
    let rule = any_rule(policy);
    let hint = format!("Policy \"{}\" has {rule}.", policy.name);
    let message = format!("the cost of this statement cannot be estimated: {why}");
    Refusal::new(rule, "54000", message).hint(hint)
}

/// Some rule of `policy` asks the server what a statement would cost.
pub fn estimates(policy: &Policy) -> bool {
    policy.max_cost.is_some() || policy.max_plan_rows.is_some()
}

/// The rule that has statements estimated.
pub(super) fn any_rule(policy: &Policy) -> &'static str {
    if policy.max_cost.is_some() {
        "max_cost"
    } else {
        "max_plan_rows"
    }
}

fn too_early(policy: &Policy) -> Refusal {
    let mut refusal = not_estimated("what stands before it may change its plan", policy);
    refusal.hint = Some("Send the statements one by one.".to_owned());
    refusal
}

/// The EXPLAIN of the statement `tokens`; `None` when nothing runs that has a plan.
fn question(tokens: Tokens<'_>) -> Option<Vec<u8>> {
    use StatementKind as Kind;
    if nests_beyond_grammar(tokens) {
        return None;
    }
    match classify(tokens) {
        Kind::Select
        | Kind::SelectInto
        | Kind::WithWrite { .. }
        | Kind::Insert
        | Kind::Update
        | Kind::Delete
        | Kind::Merge
        | Kind::Execute => Some(explain(tokens)),
        Kind::Explain { analyze: true } | Kind::Declare => question(inner(tokens)),
        Kind::Copy(CopyKind::ToStdout | CopyKind::ToServer) => {
            let query = inner(tokens);
            if query.is_empty() {
                return copied_table(tokens);
            }
            question(query)
        }
        // A table or materialized view that is filled by a query.
        Kind::Create => {
            let is_filled = !tokens.is_word(1, "view")
                && (1..6)
                    .any(|at| matches!(tokens.keyword(at).as_bytes(), b"table" | b"materialized"))
                && parts(tokens).len() > 1;
            is_filled.then(|| explain(tokens))
        }
        _ => None,
    }
}

fn explain(tokens: Tokens<'_>) -> Vec<u8> {
    let mut question = EXPLAIN.to_vec();
    question.extend_from_slice(tokens.written());
    question
}

/// `COPY [BINARY] table [(columns)] TO`: what reading the table would cost.
fn copied_table(copy: Tokens<'_>) -> Option<Vec<u8>> {
    let begin = if copy.is_word(1, "binary") && copy.is_name(2) && !copy.is_word(2, "to") {
        2
    } else {
        1
    };
    let mut end = begin + 1;
    while copy.is_symbol(end, b'.') {
        end += 2;
    }
    let mut question = [EXPLAIN, b"TABLE "].concat();
    question.extend_from_slice(copy.between(begin, end).written());
    copy.is_name(begin).then_some(question)
}

/// Behind the statement a text may have another plan than the server would tell of it now.
fn may_change_plans(tokens: Tokens<'_>, kind: StatementKind) -> bool {
    use StatementKind as Kind;
    let sets = (0..tokens.len()).any(|index| {
        let token = tokens.get(index);
        token.is_some_and(|token| token.kind == TokenKind::UnicodeName)
            || tokens
                .name(index)
                .is_some_and(|name| name == "set_config" || name == "pg_settings")
    });
    sets || !matches!(
        kind,
        Kind::Empty
            | Kind::Select
            | Kind::WithWrite { .. }
            | Kind::Insert
            | Kind::Update
            | Kind::Delete
            | Kind::Merge
            | Kind::Explain { .. }
            | Kind::Copy(_)
            | Kind::Begin
            | Kind::Savepoint
            | Kind::Release
            | Kind::Show
            | Kind::Declare
            | Kind::Fetch
            | Kind::Move
            | Kind::Close
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy {
            max_cost: Some(100.0),
            max_plan_rows: Some(10),
            ..Policy::default()
        }
    }

    fn asked(text: &str) -> Vec<String> {
        let questions = questions(text.as_bytes(), &policy()).expect("it can be estimated");
        let text = |question: Vec<u8>| String::from_utf8(question).expect("text");
        let questions = questions.into_iter().map(text);
        questions
            .map(|question| question.replace("EXPLAIN (FORMAT JSON) ", ""))
            .collect()
    }

    #[test]
    fn the_server_is_asked_about_what_has_a_plan() {
        for (text, expected) in [
            ("SELECT 1 -- x", "SELECT 1"),
            (
                "BEGIN; /* y */ UPDATE t SET a = 1; COMMIT",
                "UPDATE t SET a = 1",
            ),
            ("EXPLAIN ANALYZE DELETE FROM t", "DELETE FROM t"),
            ("DECLARE c CURSOR FOR TABLE t", "TABLE t"),
            ("COPY (SELECT 1) TO STDOUT", "SELECT 1"),
            ("COPY s.t (a) TO STDOUT", "TABLE s.t"),
            ("CREATE TABLE x AS SELECT 1", "CREATE TABLE x AS SELECT 1"),
            ("EXECUTE p(1)", "EXECUTE p(1)"),
        ] {
            assert_eq!(asked(text), [expected], "{text}");
        }
        for text in [
            "EXPLAIN SELECT 1",
            "SET a = 1",
            "CREATE TABLE t (a int)",
            "PREPARE p AS SELECT 1",
            "FETCH c",
        ] {
            assert!(asked(text).is_empty(), "{text}");
        }
        assert_eq!(asked("SELECT 1; SELECT 2"), ["SELECT 1", "SELECT 2"]);
    }

    #[test]
    fn what_may_get_another_plan_is_not_guessed() {
        for text in [
            "SET search_path = b; SELECT * FROM t",
            "CREATE TABLE t AS SELECT 1; SELECT * FROM t",
            "SELECT set_config('search_path', 'b', false); SELECT * FROM t",
            "ROLLBACK; SELECT * FROM t",
            "COMMIT; SELECT * FROM t",
        ] {
            let refused = questions(text.as_bytes(), &policy()).expect_err(text);
            assert_eq!(refused.rule, "max_cost");
        }
    }

    #[test]
    fn only_what_is_over_a_ceiling_is_refused() {
        let check = |cost, rows| check_estimate(Estimate { cost, rows }, &policy());
        assert!(check(100.0, 10.0).is_ok());
        assert_eq!(check(100.5, 1.0).expect_err("too much").rule, "max_cost");
        let refusal = check(1.0, 11.0).expect_err("too many");
        assert_eq!(refusal.rule, "max_plan_rows");
        assert_eq!(refusal.sqlstate, "54000");
    }
}
