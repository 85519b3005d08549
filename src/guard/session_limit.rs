//! The setting `pgparley.row_limit`: how a session changes its own row limit, and how far.
//!
//! The server holds it, as any setting whose name has a dot, so that SHOW, RESET, SET LOCAL and
//! ROLLBACK mean what they mean. What it says counts as far as the ceiling goes.

use super::refusal::Refusal;
use crate::config::Ceiling;
use crate::config::OnExceed;
use crate::config::Policy;
use crate::sql::script::Script;
use crate::sql::setting::Change;
use crate::sql::setting::NewValue;
use crate::sql::setting::changes;
use crate::sql::tokens::Tokens;

/// The setting's name.
pub const SETTING: &str = "pgparley.row_limit";

/// The value that means no limit.
const UNLIMITED: &str = "unlimited";

/// Rows that no result has.
const EVERY_ROW: u64 = u64::MAX;

/// The limit that sessions under `policy` begin with; `None` when there is none.
pub fn row_limit(policy: &Policy) -> Option<u64> {
    policy
        .row_limit
        .filter(|_| policy.on_exceed != OnExceed::Off)
}

/// How the limit is shown.
pub fn shown(rows: u64) -> String {
    if rows == EVERY_ROW {
        UNLIMITED.to_owned()
    } else {
        rows.to_string()
    }
}

/// The limit that `value` of the setting means under `policy`: no more than the ceiling, and what
/// the policy says for what is no limit at all.
pub fn allowed(value: &str, policy: &Policy) -> u64 {
    let own = row_limit(policy).unwrap_or(EVERY_ROW);
    read(value).map_or(own, |rows| rows.min(most(own, policy)))
}

/// The statement `tokens` changes the limit, or may: RESET ALL and DISCARD ALL do so too.
pub(super) fn is_changed(tokens: Tokens<'_>) -> bool {
    let leads_back =
        matches!(tokens.keyword(0).as_bytes(), b"reset" | b"discard") && tokens.is_word(1, "all");
    leads_back
        || mentions(tokens.written(), b"row_limit")
        || tokens.is_word(0, "set") && mentions(tokens.written(), b"u&\"")
        || mentions(tokens.written(), b"set_config")
        || tokens.is_word(0, "do")
}

/// The statement `tokens` sets the limit to what it may be set to.
pub(super) fn check(tokens: Tokens<'_>, policy: &Policy) -> Result<(), Refusal> {
    if !mentions(tokens.written(), b"row_limit") {
        return Ok(());
    }
    for Change { name, to } in changes(tokens) {
        if let (Some(SETTING), NewValue::Literal(value)) = (name.as_deref(), &to) {
            check_value(value, policy)?;
        }
    }
    Ok(())
}

/// The limit may be set to `value`.
pub fn check_value(value: &str, policy: &Policy) -> Result<(), Refusal> {
    let Some(own) = row_limit(policy) else {
        return Ok(());
    };
    let Some(rows) = read(value) else {
        let message = format!("invalid value for parameter \"{SETTING}\": \"{value}\"");
        let hint = format!("Give a number of rows above 0, or {UNLIMITED}.");
        return Err(Refusal::new("row_limit", "22023", message).hint(hint));
    };
    if rows <= most(own, policy) {
        return Ok(());
    }
    let message = format!("the row limit may not be raised to {}", shown(rows));
    Err(beyond(message, own, policy))
}

/// What is asked instead of `text`, which is SHOW of the limit, where there is none: the server
/// knows no such setting then.
pub fn shown_without(text: &[u8]) -> Option<&'static [u8]> {
    if text.len() > LONGEST_SHOW {
        return None;
    }
    let script = Script::lex(text).ok()?;
    let mut statements = script.runnable();
    let (Some(statement), None) = (statements.next(), statements.next()) else {
        return None;
    };
    let tokens = script.tokens(statement);
    let is_shown = tokens.is_word(0, "show")
        && tokens.len() == 4
        && tokens.name(1)?.eq_ignore_ascii_case("pgparley")
        && tokens.is_symbol(2, b'.')
        && tokens.name(3)?.eq_ignore_ascii_case("row_limit");
    is_shown.then_some(b"SELECT 'unlimited' AS \"pgparley.row_limit\"")
}

/// Longer texts are no such SHOW, or need not be one.
const LONGEST_SHOW: usize = 64;

/// The comment in front of a text that lifts the limit as far as may be.
const NO_LIMIT: &[u8] = b"pgparley: nolimit";

/// The limit of `text`, which begins with a comment that lifts it; `None` when it does not.
pub(super) fn lifted(text: &[u8], own: u64, policy: &Policy) -> Option<Result<u64, Refusal>> {
    let comment = text.trim_ascii_start().strip_prefix(b"/*")?;
    let end = comment.windows(2).position(|bytes| bytes == b"*/")?;
    if !comment[..end].trim_ascii().eq_ignore_ascii_case(NO_LIMIT) {
        return None;
    }
    if policy.row_limit_ceiling.is_some() {
        return Some(Ok(most(own, policy)));
    }
    let message = "the row limit may not be lifted".to_owned();
    Some(Err(beyond(message, own, policy)))
}

fn beyond(message: String, own: u64, policy: &Policy) -> Refusal {
    let most = shown(most(own, policy));
    let hint = format!(
        "Policy \"{}\" allows no more than {most} rows.",
        policy.name
    );
    Refusal::new("row_limit", "42501", message).hint(hint)
}

fn most(own: u64, policy: &Policy) -> u64 {
    match policy.row_limit_ceiling {
        None => own,
        Some(Ceiling::Rows(rows)) => rows.max(own),
        Some(Ceiling::Unlimited) => EVERY_ROW,
    }
}

fn read(value: &str) -> Option<u64> {
    let value = value.trim();
    if value.eq_ignore_ascii_case(UNLIMITED) {
        return Some(EVERY_ROW);
    }
    let rows: u64 = value.parse().ok()?;
    (rows > 0).then_some(rows)
}

/// `word`, of which one byte is no letter, stands in `text` in any case.
pub(super) fn mentions(text: &[u8], word: &[u8]) -> bool {
    let sign = word.iter().position(|byte| !byte.is_ascii_alphabetic());
    let sign = sign.expect("all words that are looked for have a sign in them");
    let is_there = |at: usize| {
        let begin = at.checked_sub(sign)?;
        let found = text.get(begin..begin + word.len())?;
        Some(found.eq_ignore_ascii_case(word))
    };
    let mut signs = memchr::memchr_iter(word[sign], text);
    signs.any(|at| is_there(at) == Some(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(ceiling: Option<Ceiling>) -> Policy {
        Policy {
            name: "analysts".to_owned(),
            row_limit: Some(1000),
            row_limit_ceiling: ceiling,
            ..Policy::default()
        }
    }

    fn code(value: &str, ceiling: Option<Ceiling>) -> Option<&'static str> {
        let checked = check_value(value, &policy(ceiling));
        checked.err().map(|refusal| refusal.sqlstate)
    }

    #[test]
    fn a_session_may_always_lower_its_limit() {
        for ceiling in [None, Some(Ceiling::Rows(5000)), Some(Ceiling::Unlimited)] {
            assert_eq!(code("1000", ceiling), None);
            assert_eq!(code(" 1 ", ceiling), None);
        }
    }

    #[test]
    fn no_session_goes_beyond_its_ceiling() {
        assert_eq!(code("1001", None), Some("42501"));
        assert_eq!(code("5000", Some(Ceiling::Rows(5000))), None);
        assert_eq!(code("5001", Some(Ceiling::Rows(5000))), Some("42501"));
        assert_eq!(code("Unlimited", Some(Ceiling::Rows(5000))), Some("42501"));
        assert_eq!(code("unlimited", Some(Ceiling::Unlimited)), None);
        let set_behind_our_back = allowed("unlimited", &policy(Some(Ceiling::Rows(5000))));
        assert_eq!(set_behind_our_back, 5000);
        assert_eq!(allowed("all of it", &policy(None)), 1000);
    }

    #[test]
    fn what_is_no_number_of_rows_is_refused() {
        for value in ["0", "-1", "", "many", "1.5", "99999999999999999999"] {
            assert_eq!(
                code(value, Some(Ceiling::Unlimited)),
                Some("22023"),
                "{value}"
            );
        }
    }

    #[test]
    fn a_comment_in_front_lifts_the_limit() {
        let lift = |text: &str, ceiling| {
            let lifted = lifted(text.as_bytes(), 1000, &policy(ceiling));
            lifted.map(|lifted| lifted.map_err(|refusal| refusal.sqlstate))
        };
        let text = " /* pgparley: nolimit */ SELECT 1";
        assert_eq!(lift(text, None), Some(Err("42501")));
        assert_eq!(lift(text, Some(Ceiling::Rows(5000))), Some(Ok(5000)));
        assert_eq!(lift(text, Some(Ceiling::Unlimited)), Some(Ok(EVERY_ROW)));
        for text in [
            "SELECT 1 /* pgparley: nolimit */",
            "/* nolimit */ SELECT 1",
            "/*",
        ] {
            assert_eq!(lift(text, Some(Ceiling::Unlimited)), None, "{text}");
        }
    }
}
