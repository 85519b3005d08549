//! Statements that give up a role, whatever it was.

use super::script::Script;
use super::tokens::Tokens;

/// What a text gives up when it succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivesUp {
    /// The current role.
    Role,
    /// The session's user, and the role with it.
    SessionAuthorization,
}

/// What `text` gives up, when it is one statement that does that and nothing else.
pub fn gives_up(text: &[u8]) -> Option<GivesUp> {
    let script = Script::lex(text).ok()?;
    let mut statements = script.runnable();
    let (Some(statement), None) = (statements.next(), statements.next()) else {
        return None;
    };
    let tokens = script.tokens(statement);
    let sets = tokens.is_word(0, "set");
    if !sets && !tokens.is_word(0, "reset") {
        let discards = tokens.is_word(0, "discard") && tokens.is_word(1, "all");
        return discards.then_some(GivesUp::SessionAuthorization);
    }
    let is_authorization = |at: usize| {
        tokens.is_word(at, "session")
            && tokens.is_word(at + 1, "authorization")
            && !is_setting(tokens, at + 2)
    };
    let scope = usize::from(sets && tokens.is_word(1, "session"));
    if is_authorization(1) || is_authorization(1 + scope) {
        return Some(GivesUp::SessionAuthorization);
    }
    (tokens.is_word(1 + scope, "role") && !is_setting(tokens, 2 + scope)).then_some(GivesUp::Role)
}

/// What stands before `index` is the beginning of a longer name.
fn is_setting(tokens: Tokens<'_>, index: usize) -> bool {
    tokens.is_symbol(index, b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_statement_that_gives_up_a_role_is_told() {
        for text in [
            "RESET ROLE",
            "SET ROLE a;",
            "set session role none",
            "SET ROLE = 'a'",
        ] {
            assert_eq!(gives_up(text.as_bytes()), Some(GivesUp::Role), "{text}");
        }
        for text in [
            "DISCARD ALL",
            "RESET SESSION AUTHORIZATION",
            "SET SESSION AUTHORIZATION DEFAULT",
            "SET SESSION SESSION AUTHORIZATION a",
        ] {
            let both = Some(GivesUp::SessionAuthorization);
            assert_eq!(gives_up(text.as_bytes()), both, "{text}");
        }
        for text in [
            "SELECT 1",
            "RESET ALL",
            "SET LOCAL ROLE a",
            "RESET ROLE; SELECT 1",
            "SET role.x = 1",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            "",
        ] {
            assert_eq!(gives_up(text.as_bytes()), None, "{text}");
        }
    }
}
