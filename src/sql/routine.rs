//! What a function may leave behind in the session of its caller, told from its body.
//!
//! A body in SQL or PL/pgSQL is cut into tokens, and what stands where a command can begin is looked
//! at. What it runs as dynamic SQL may leave anything.

use super::custom_setting::Custom;
use super::footprint::Footprint;
use super::footprint::MOST_CALLED;
use super::footprint::besides_executed;
use super::footprint::called_in;
use super::footprint::functions_left;
use super::lexer::TokenKind;
use super::script::Script;
use super::tokens::Tokens;

/// What a function may leave behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    /// What its commands leave, but for what the functions do that it calls.
    pub footprint: Footprint,
    /// Custom settings that it sets.
    pub custom: Custom,
    /// Functions that it calls and that may be somebody's own.
    pub calls: Vec<Box<[u8]>>,
}

/// What a function written in `language` with this body may leave behind.
pub fn left(language: &[u8], body: &[u8]) -> Left {
    match language {
        // Those of extensions: whoever writes one in C that changes the session is not seen.
        b"c" | b"internal" => Left::default(),
        b"sql" | b"plpgsql" => read(body),
        _ => unread(body),
    }
}

/// Both when it runs.
impl Left {
    /// Adds what another leaves.
    pub fn join(&mut self, other: Self) {
        self.footprint = self.footprint | other.footprint;
        self.custom.join(other.custom);
        for name in other.calls {
            if self.calls.len() <= MOST_CALLED && !self.calls.contains(&name) {
                self.calls.push(name);
            }
        }
        self.doubt_many_calls();
    }

    /// What so many functions leave behind is not looked into.
    fn doubt_many_calls(&mut self) {
        if self.calls.len() > MOST_CALLED {
            self.footprint = self.footprint | Footprint::DOUBT;
            self.custom.unknown = true;
        }
    }
}

/// The body is in a language that we do not read.
fn unread(body: &[u8]) -> Left {
    let word = b"set_config";
    let mut windows = body.windows(word.len());
    Left {
        footprint: Footprint::DOUBT,
        custom: Custom {
            unknown: windows.any(|window| window.eq_ignore_ascii_case(word)),
            ..Custom::default()
        },
        calls: Vec::new(),
    }
}

fn read(body: &[u8]) -> Left {
    let Ok(script) = Script::lex(body) else {
        return unread(body);
    };
    let tokens = script.all_tokens();
    let mut left = Left {
        footprint: functions_left(tokens),
        ..Left::default()
    };
    called_in(tokens, &mut left.calls);
    left.custom.find_calls(tokens);
    let mut is_dynamic = false;
    // One command may begin inside of another, so that tokens are read again.
    let mut budget = 8 * tokens.len() + 1000;
    let mut end = 0;
    for index in 0..tokens.len() {
        if runs_dynamic_sql(tokens, index) {
            is_dynamic = true;
        } else if begins_command(tokens, index) {
            if end <= index {
                let behind = (index..tokens.len()).find(|&at| tokens.is_symbol(at, b';'));
                end = behind.unwrap_or(tokens.len());
            }
            let command = tokens.between(index, end);
            let Some(rest) = budget.checked_sub(command.len()) else {
                return unread(body);
            };
            budget = rest;
            left.footprint = left.footprint | besides_executed(command);
            left.custom.find_set(command);
        }
    }
    if is_dynamic {
        left.footprint = left.footprint | Footprint::DOUBT;
        left.custom.find_in_strings(tokens);
    }
    left.doubt_many_calls();
    (left.footprint.calls, left.footprint.defaults) = (false, false);
    left
}

/// A command that may change the session begins at `index`.
fn begins_command(tokens: Tokens<'_>, index: usize) -> bool {
    let can_begin = index.checked_sub(1).is_none_or(|before| {
        let opens = ["begin", "then", "else", "loop", "atomic"];
        tokens.is_symbol(before, b';')
            || tokens.bytes(before) == b">>"
            || opens.iter().any(|word| tokens.is_word(before, word))
    });
    let changes = [
        "set", "reset", "discard", "listen", "unlisten", "load", "create", "do", "drop",
    ];
    can_begin && changes.iter().any(|word| tokens.is_word(index, word))
}

/// The EXECUTE of PL/pgSQL stands at `index`.
fn runs_dynamic_sql(tokens: Tokens<'_>, index: usize) -> bool {
    let others = ["function", "procedure", "on"];
    tokens.is_word(index, "execute")
        && !tokens.is_symbol(index + 1, b'.')
        && !others.iter().any(|word| tokens.is_word(index + 1, word))
}

/// The body of a DO, among the strings of `tokens`.
pub fn left_by_do(tokens: Tokens<'_>) -> Left {
    let mut left = Left::default();
    if !may_be_do(tokens) {
        return unread(tokens.written());
    }
    for token in tokens.as_slice() {
        let written = token.of(tokens.text());
        match token.kind {
            TokenKind::DollarString => {
                let tag = 2 + written[1..]
                    .iter()
                    .take_while(|&&byte| byte != b'$')
                    .count();
                left.join(read(&written[tag..written.len() - tag]));
            }
            TokenKind::String => {
                let inside = String::from_utf8_lossy(&written[1..written.len() - 1]);
                left.join(read(inside.replace("''", "'").as_bytes()));
            }
            TokenKind::EscapeString | TokenKind::UnicodeString => left.join(unread(written)),
            _ => {}
        }
    }
    left
}

/// A DO has a body and the name of a language, and no other string.
fn may_be_do(tokens: Tokens<'_>) -> bool {
    let strings = tokens.as_slice().iter().filter(|token| {
        matches!(
            token.kind,
            TokenKind::String
                | TokenKind::EscapeString
                | TokenKind::UnicodeString
                | TokenKind::DollarString
        )
    });
    strings.count() <= 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sql::custom_setting::custom_settings;
    use crate::sql::default_value::defaults;
    use crate::sql::footprint::called;
    use crate::sql::lexer::tests::sql_like;
    use crate::sql::role::gives_up;

    fn of(body: &str) -> Left {
        left(b"plpgsql", body.as_bytes())
    }

    #[test]
    fn bodies_that_leave_nothing_are_told() {
        for body in [
            "BEGIN UPDATE t SET a = 1 WHERE b = 2; RETURN NEW; END",
            "DECLARE n int := 0; BEGIN FOR i IN 1..10 LOOP n := n + i; END LOOP; RETURN n; END",
            "BEGIN INSERT INTO t (a) VALUES (lower('x')) ON CONFLICT (a) DO UPDATE SET a = 1; END",
            "SELECT a + b FROM t",
            "BEGIN RAISE NOTICE 'SET x = 1; %', 2; IF a THEN SELECT 1 INTO b; END IF; END",
        ] {
            assert_eq!(of(body), Left::default(), "{body}");
        }
        assert_eq!(left(b"c", b"set_config"), Left::default());
    }

    #[test]
    fn bodies_that_change_the_transaction_are_told() {
        for body in [
            "BEGIN SET LOCAL work_mem = '1MB'; END",
            "BEGIN PERFORM set_config('a.b', 'x', true); END",
        ] {
            let left = of(body);
            assert!(left.footprint.local && !left.footprint.is_open(), "{body}");
            assert_eq!(left.custom, Custom::default(), "{body}");
        }
    }

    #[test]
    fn bodies_that_change_the_session_are_told() {
        for body in [
            "BEGIN SET work_mem = '1MB'; END",
            "BEGIN IF a THEN SET ROLE b; END IF; END",
            "BEGIN RETURN set_config('work_mem', '1MB', false); END",
            "BEGIN CREATE TEMP TABLE t (a int); END",
            "BEGIN PERFORM pg_advisory_lock(1); END",
            "SELECT 1; LISTEN a",
            "BEGIN EXECUTE format('SELECT %s', a); END",
            "BEGIN RETURN QUERY EXECUTE a; END",
            "DECLARE unfinished text := 'x",
        ] {
            assert!(of(body).footprint.asks, "{body}");
        }
        assert!(left(b"plperl", b"x").footprint.asks);
        assert!(of("BEGIN LOAD 'x'; END").footprint.loads);
    }

    #[test]
    fn functions_that_it_calls_are_named() {
        let calls = of("BEGIN PERFORM f(1); RETURN lower(g(2)); END").calls;
        assert_eq!(calls, [Box::from(&b"f"[..]), Box::from(&b"g"[..])]);
    }

    proptest! {
        #[test]
        fn any_text_is_looked_at(
            text in prop_oneof![sql_like(), prop::collection::vec(any::<u8>(), 0..60)],
        ) {
            let called = called(&text);
            // A name is never longer than the server's.
            prop_assert!(called.iter().all(|name| name.len() < 64));
            for default in defaults(&text) {
                let word = text[default.at].to_ascii_lowercase();
                prop_assert!(word == b"default" || word == b"local");
            }
            let as_do = [&b"DO $x$"[..], &text, b"$x$"].concat();
            let custom = custom_settings(&as_do);
            prop_assert!(custom.names.iter().all(|name| name.contains('.')));
            prop_assert!(gives_up(&as_do).is_none());
            left(b"sql", &text);
        }
    }

    #[test]
    fn custom_settings_are_named() {
        let custom = |body| of(body).custom;
        let named = |names: &[&str]| Custom {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            ..Custom::default()
        };
        assert_eq!(
            custom("BEGIN SET app.a = 1; SET LOCAL app.b = 2; END"),
            named(&["app.a"])
        );
        assert_eq!(
            custom("BEGIN PERFORM set_config('app.a', x, false); END"),
            named(&["app.a"])
        );
        assert_eq!(
            custom("BEGIN EXECUTE 'SET app.a = 1'; END"),
            named(&["app.a"])
        );
        assert!(custom("BEGIN PERFORM set_config('app.' || x, y, false); END").unknown);
        assert!(custom("BEGIN EXECUTE format('SET %I.a = 1', x); END").unknown);
        assert!(!custom("BEGIN EXECUTE format('UPDATE %I SET a = 1', x); END").unknown);
    }
}
