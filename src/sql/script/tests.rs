//! Where statements end.

use proptest::prelude::*;

use super::Script;
use crate::sql::kind::StatementKind;

fn split(text: &str) -> Vec<&str> {
    let script = Script::lex(text.as_bytes()).expect("the text lexes");
    script
        .statements()
        .iter()
        .map(|statement| &text[statement.bytes.clone()])
        .collect()
}

#[test]
fn statements_end_at_semicolons_outside_of_everything() {
    assert_eq!(split("a; b ;"), ["a", " b "]);
    assert_eq!(
        split("a ';' \";\" $$;$$ /* ; */ -- ;\n; b"),
        ["a ';' \";\" $$;$$ /* ; */ -- ;\n", " b"]
    );
    assert_eq!(
        split("CREATE RULE r AS ON INSERT TO t DO (a; b); c").len(),
        2
    );
    assert_eq!(split(""), Vec::<&str>::new());
    assert_eq!(split(" ;; "), [" ", ""]);
}

#[test]
fn the_body_of_a_routine_is_one_statement() {
    let text = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; \
                SELECT 2; END; SELECT 3";
    assert_eq!(split(text).len(), 2);
    let text = "CREATE OR REPLACE PROCEDURE f() BEGIN ATOMIC SELECT 1 AS case; END; SELECT 3";
    assert_eq!(split(text).len(), 2);
    assert_eq!(split("BEGIN; SELECT atomic; END").len(), 3);
}

#[test]
fn only_a_routine_has_a_body() {
    for text in [
        "CREATE VIEW v AS SELECT 1 FROM begin atomic; DELETE FROM t",
        "CREATE TABLE t AS TABLE begin; SELECT 1 atomic",
        "CREATE TRIGGER f BEFORE INSERT ON begin atomic; DELETE FROM t",
    ] {
        assert_eq!(split(text).len(), 2, "{text}");
    }
}

#[test]
fn a_text_of_comments_is_empty() {
    let script = Script::lex(b"-- a\n/* b */").expect("the text lexes");
    assert_eq!(script.statements()[0].kind, StatementKind::Empty);
    assert_eq!(script.comments(&script.statements()[0]).len(), 2);
    assert_eq!(script.runnable().count(), 0);
}

#[test]
fn comments_belong_to_the_statement_they_stand_in() {
    let script = Script::lex(b"/* a */ b; -- c\nd; /* e */").expect("the text lexes");
    let counts = script
        .statements()
        .iter()
        .map(|one| script.comments(one).len());
    assert_eq!(counts.collect::<Vec<_>>(), [1, 1, 1]);
}

proptest! {
    #[test]
    fn splitting_and_joining_loses_nothing(text in crate::sql::lexer::tests::sql_like()) {
        let Ok(script) = Script::lex(&text) else { return Ok(()) };
        let mut joined = Vec::new();
        for statement in script.statements() {
            joined.extend_from_slice(&text[statement.bytes.clone()]);
            joined.extend(statement.terminated.then_some(b';'));
        }
        let rest = &text[joined.len()..];
        prop_assert!(text.starts_with(&joined));
        prop_assert!(rest.iter().all(u8::is_ascii_whitespace));
        let tokens: usize = script.statements().iter().map(|one| script.tokens(one).len()).sum();
        let semicolons = script.statements().iter().filter(|one| one.terminated).count();
        prop_assert_eq!(tokens + semicolons, script.all_tokens().len());
    }
}
