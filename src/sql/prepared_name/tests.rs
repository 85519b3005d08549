//! Where names of prepared statements stand, how they are read, and that others can stand there.

use proptest::prelude::*;

use super::InDoubt;
use super::Name;
use super::Named;
use super::Verb;
use super::named;
use super::renamed;
use crate::sql::footprint::Footprint;
use crate::sql::footprint::footprint;

/// Each mention in words.
fn told(text: &str) -> Vec<String> {
    let found = named(text.as_bytes()).expect("nothing is in doubt");
    found
        .mentions
        .iter()
        .map(|mention| {
            let verb = match &mention.verb {
                Verb::Prepare { rest, .. } => {
                    format!("prepare <{}>", &text[rest.clone()])
                }
                Verb::Execute(_) => "execute".to_owned(),
                Verb::Deallocate(_) => "deallocate".to_owned(),
                Verb::ForgetAll => "forget all".to_owned(),
                Verb::Keep => "keep".to_owned(),
            };
            let name = mention.verb.name();
            let name = name.map(|name| String::from_utf8_lossy(&name.decoded));
            format!("{} {verb} {}", mention.index, name.unwrap_or_default())
        })
        .collect()
}

#[test]
fn every_statement_with_a_name_is_found() {
    for (text, expected) in [
        ("PREPARE a AS SELECT 1", "0 prepare <AS SELECT 1> a"),
        (
            "prepare \"A\" (int, text) as select $1 -- c\n;",
            "0 prepare <(int, text) as select $1> A",
        ),
        (
            "PREPARE transaction AS SELECT 1",
            "0 prepare <AS SELECT 1> transaction",
        ),
        ("PREPARE a", "0 prepare <> a"),
        ("EXECUTE a", "0 execute a"),
        ("EXECUTE A (1, 'b; EXECUTE c')", "0 execute a"),
        ("EXPLAIN EXECUTE a", "0 execute a"),
        ("EXPLAIN (ANALYZE, VERBOSE) EXECUTE a(1)", "0 execute a"),
        ("CREATE TEMP TABLE t AS EXECUTE a(1)", "0 execute a"),
        (
            "EXPLAIN ANALYZE CREATE TABLE t (x, y) WITH (a = 1) AS EXECUTE a WITH NO DATA",
            "0 execute a",
        ),
        ("DEALLOCATE a", "0 deallocate a"),
        ("DEALLOCATE PREPARE a", "0 deallocate a"),
        ("DEALLOCATE prepare", "0 deallocate prepare"),
        ("DEALLOCATE \"all\"", "0 deallocate all"),
        ("DEALLOCATE ALL", "0 forget all "),
        ("DEALLOCATE PREPARE ALL", "0 forget all "),
        ("DISCARD ALL", "0 forget all "),
        ("DISCARD PLANS", "0 keep "),
    ] {
        assert_eq!(told(text), [expected], "{text}");
    }
}

#[test]
fn statements_without_a_name_are_not_found() {
    for text in [
        "SELECT execute FROM t",
        "PREPARE TRANSACTION 'a'",
        "GRANT EXECUTE ON FUNCTION f TO a",
        "CREATE TRIGGER a AFTER INSERT ON t EXECUTE FUNCTION f()",
        "CREATE TABLE t AS SELECT a AS execute FROM s",
        "EXPLAIN SELECT 1",
        "EXECUTE",
        "DEALLOCATE",
        "EXECUTE (1)",
        "",
    ] {
        assert_eq!(told(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn the_place_among_the_statements_is_told() {
    let text = "; PREPARE a AS SELECT 1;; SELECT 2; EXECUTE a; -- c";
    assert_eq!(
        told(text),
        ["0 prepare <AS SELECT 1> a", "2 execute a"],
        "empty statements do not count"
    );
    let found = named(text.as_bytes()).expect("nothing is in doubt");
    assert!(!found.alone);
    assert_eq!(&text[found.mentions[1].statement.clone()], " EXECUTE a");
    let alone = |text: &str| named(text.as_bytes()).map(|found| found.alone);
    assert_eq!(alone("EXECUTE a;;"), Ok(true));
    assert_eq!(alone("-- c"), Ok(false));
}

#[test]
fn names_are_read_as_the_server_reads_them() {
    let decoded = |text: &str| -> Result<String, InDoubt> {
        let found = named(format!("EXECUTE {text}").as_bytes())?;
        let name = found.mentions[0].verb.name().expect("a name").clone();
        Ok(String::from_utf8(name.decoded.into_vec()).expect("the test's own text"))
    };
    let long = "x".repeat(63);
    for (text, expected) in [
        ("Abc", "abc"),
        ("\"Abc\"", "Abc"),
        ("\"a\"\"b\"\"\"\"\"", "a\"b\"\""),
        ("\"é\"", "é"),
        (&format!("{long}yz"), &*long),
        (&format!("\"{long}yz\""), &long),
    ] {
        assert_eq!(decoded(text).as_deref(), Ok(expected), "{text}");
    }
    let wide = format!("\"{}\"", "é".repeat(32));
    for text in ["U&\"\\0061\"", "É", "a\"b\"", &wide] {
        assert_eq!(decoded(text), Err(InDoubt), "{text}");
    }
}

#[test]
fn a_text_that_may_read_otherwise_is_in_doubt() {
    for text in [
        "EXECUTE a('b",
        "EXECUTE a('\\'); EXECUTE b('\\')",
        "EXECUTE a(E'é\\n')",
    ] {
        assert_eq!(named(text.as_bytes()), Err(InDoubt), "{text}");
    }
    assert_eq!(told("EXECUTE a('C:\\temp', E'\\n')"), ["0 execute a"]);
}

#[test]
fn what_is_prepared_leaves_what_its_body_leaves() {
    let text = "PREPARE a (int, text) AS SELECT set_config('a', $2, false) -- c";
    let found = named(text.as_bytes()).expect("nothing is in doubt");
    let Verb::Prepare { body, leaves, .. } = &found.mentions[0].verb else {
        panic!("no PREPARE: {found:?}");
    };
    let body = &text[body.clone()];
    assert_eq!(body, "SELECT set_config('a', $2, false)");
    assert_eq!(*leaves, footprint(body.as_bytes()));
    assert!(leaves.asks && leaves.resets);
}

#[test]
fn what_is_executed_is_told_apart_from_the_rest_of_a_text() {
    let besides = |text: &str| named(text.as_bytes()).expect("no doubt").besides;
    let names = Footprint {
        names: true,
        ..Footprint::default()
    };
    let asks = Footprint {
        asks: true,
        ..names
    };
    for (text, expected) in [
        ("EXECUTE a", names),
        ("EXPLAIN ANALYZE EXECUTE a(1)", names),
        ("EXPLAIN CREATE TABLE t AS EXECUTE a", names),
        ("CREATE TABLE t AS EXECUTE a", asks),
        ("EXPLAIN ANALYZE CREATE TABLE t AS EXECUTE a", asks),
        ("EXECUTE a(set_config('b', 'c', false))", asks),
        ("SET b = 'c'; EXECUTE a", asks),
        ("SELECT 1", Footprint::default()),
    ] {
        assert_eq!(besides(text), expected, "{text}");
    }
}

#[test]
fn only_the_names_change() {
    for (before, after) in [
        ("EXECUTE a(1)", "EXECUTE \"_p1\"(1)"),
        ("EXECUTE\"A\"/* c */ (1);", "EXECUTE\"_p1\"/* c */ (1);"),
        (
            "PREPARE a AS SELECT 'a'; EXPLAIN EXECUTE a",
            "PREPARE \"_p1\" AS SELECT 'a'; EXPLAIN EXECUTE \"_p1\"",
        ),
        ("DEALLOCATE PREPARE a", "DEALLOCATE PREPARE \"_p1\""),
    ] {
        let found = named(before.as_bytes()).expect("nothing is in doubt");
        let edited = renamed(before.as_bytes(), &with(&found, "_p1"));
        assert_eq!(String::from_utf8_lossy(&edited), after);
    }
}

/// Every name of `found` with `new`.
fn with<'a>(found: &'a Named, new: &'a str) -> Vec<(&'a Name, &'a str)> {
    let names = found.mentions.iter().filter_map(|one| one.verb.name());
    names.map(|name| (name, new)).collect()
}

/// Statements that speak of prepared ones, and what may stand around them.
fn speaking() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "prepare ",
        "execute ",
        "EXECUTE\"a\"",
        "deallocate ",
        "explain ",
        "analyze ",
        "create table t ",
        "as ",
        "(1)",
        "select 1 ",
        "a ",
        "\"b\"\"c\" ",
        "all ",
        "; ",
        "/* c */",
        "-- d\n",
        "'e' ",
        "\\",
        "é ",
        "transaction ",
    ]);
    prop::collection::vec(pieces, 0..16).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn a_name_that_is_put_there_is_found_there(text in speaking(), new in "[ -~é]{1,20}") {
        prop_assume!(!new.is_empty());
        let Ok(found) = named(text.as_bytes()) else { return Ok(()) };
        let edited = renamed(text.as_bytes(), &with(&found, &new));
        let Ok(again) = named(&edited) else {
            // A backslash behind `é` in the new name.
            prop_assert!(new.contains('\\'));
            return Ok(());
        };
        prop_assert_eq!(again.mentions.len(), found.mentions.len());
        prop_assert_eq!(again.alone, found.alone);
        // A word behind which nothing is called is none between quotes.
        let besides = |named: &Named| Footprint { calls: false, ..named.besides };
        prop_assert_eq!(besides(&again), besides(&found));
        let (mut old_end, mut new_end) = (0, 0);
        for (before, after) in found.mentions.iter().zip(&again.mentions) {
            prop_assert_eq!(before.index, after.index);
            let (Some(before), Some(after)) = (before.verb.name(), after.verb.name()) else {
                prop_assert_eq!(&before.verb, &after.verb);
                continue;
            };
            prop_assert_eq!(&*after.decoded, new.as_bytes());
            prop_assert_eq!(
                &text.as_bytes()[old_end..before.at.start],
                &edited[new_end..after.at.start]
            );
            (old_end, new_end) = (before.at.end, after.at.end);
        }
        prop_assert_eq!(&text.as_bytes()[old_end..], &edited[new_end..]);
    }

    #[test]
    fn no_text_is_too_odd(text in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(found) = named(&text) {
            for name in found.mentions.iter().filter_map(|one| one.verb.name()) {
                prop_assert!(name.at.start < name.at.end && name.at.end <= text.len());
            }
        }
    }

    #[test]
    fn a_footprint_covers_whatever_is_named(text in speaking()) {
        if let Ok(found) = named(text.as_bytes()) {
            let left = footprint(text.as_bytes());
            prop_assert!(found.mentions.is_empty() || left.names);
            prop_assert_eq!(left | found.besides, left);
        }
    }
}
