//! Statements that give up a role or another setting, whatever it was.

use super::script::Script;
use super::tokens::Tokens;

/// What a text gives up when it succeeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivesUp {
    /// The current role.
    Role,
    /// The session's user, and the role with it.
    SessionAuthorization,
    /// The setting of this name, in lower case.
    Setting(String),
    /// All settings but the two above.
    Settings,
    /// Everything.
    All,
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
        return discards.then_some(GivesUp::All);
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
    if tokens.is_word(1 + scope, "role") && !is_setting(tokens, 2 + scope) {
        return Some(GivesUp::Role);
    }
    setting(tokens, sets, 1 + scope)
}

/// The setting whose name stands at `index` and nothing behind it, or what it is SET to.
fn setting(tokens: Tokens<'_>, sets: bool, index: usize) -> Option<GivesUp> {
    if !sets && tokens.is_word(index, "all") {
        return Some(GivesUp::Settings);
    }
    let behind = index + 1;
    let is_whole = if sets {
        tokens.bytes(behind) == b"=" || tokens.is_word(behind, "to")
    } else {
        behind == tokens.len()
    };
    let name = std::str::from_utf8(tokens.bytes(index)).ok()?;
    let is_plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_whole && is_plain && !name.is_empty()).then(|| GivesUp::Setting(name.to_ascii_lowercase()))
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
            "RESET SESSION AUTHORIZATION",
            "SET SESSION AUTHORIZATION DEFAULT",
            "SET SESSION SESSION AUTHORIZATION a",
        ] {
            let both = Some(GivesUp::SessionAuthorization);
            assert_eq!(gives_up(text.as_bytes()), both, "{text}");
        }
        for text in [
            "RESET Work_Mem",
            "SET work_mem TO 1",
            "SET SESSION work_mem = '1MB';",
        ] {
            let work_mem = Some(GivesUp::Setting("work_mem".to_owned()));
            assert_eq!(gives_up(text.as_bytes()), work_mem, "{text}");
        }
        assert_eq!(gives_up(b"RESET ALL"), Some(GivesUp::Settings));
        assert_eq!(gives_up(b"DISCARD ALL"), Some(GivesUp::All));
        for text in [
            "SELECT 1",
            "SET LOCAL ROLE a",
            "SET LOCAL a = 1",
            "RESET a.b",
            "SET a.b = 1",
            "RESET ROLE; SELECT 1",
            "SET role.x = 1",
            "RESET a; SELECT 1",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            "",
        ] {
            assert_eq!(gives_up(text.as_bytes()), None, "{text}");
        }
    }
}
