//! What must hold of any bytes, for the fuzz targets and for the test that replays their corpus.

#[path = "../../tests/endurance/readers.rs"]
pub mod readers;
pub mod rules;
pub mod wire;

use pgparley::config::Policy;
use pgparley::guard::ResultLimit;
use pgparley::guard::Verdict;
use pgparley::sql::footprint::Footprint;
use pgparley::sql::footprint::footprint;
use pgparley::sql::kind::StatementKind;
use pgparley::sql::lexer::StandardStrings;
use pgparley::sql::lexer::lex;
use pgparley::sql::prepared_name::Name;
use pgparley::sql::prepared_name::named;
use pgparley::sql::prepared_name::renamed;
use pgparley::sql::question::Asked;
use pgparley::sql::question::Placement;
use pgparley::sql::question::may_hold_question;
use pgparley::sql::question::place;
use pgparley::sql::question::splice_answers;
use pgparley::sql::script::Script;
use pgparley::sql::splice::Splice;
use pgparley::sql::splice::apply;
use pgparley::sql::splice::limit;

const ROWS: u64 = 10;

/// Tokens are in order, and nothing but white space lies between them.
pub fn lexer(text: &[u8]) {
    for strings in [StandardStrings::On, StandardStrings::Off] {
        let Ok(tokens) = lex(text, strings) else {
            continue;
        };
        let mut end = 0;
        for token in &tokens {
            assert!(token.start < token.end, "a token is empty");
            assert_white(&text[end..token.start as usize]);
            end = token.end as usize;
        }
        assert_white(&text[end..]);
    }
}

fn assert_white(bytes: &[u8]) {
    assert!(
        bytes.iter().all(|byte| b" \t\n\r\x0b\x0c".contains(byte)),
        "a byte has no token"
    );
}

/// A limited query is a query still, one that needs no further change.
pub fn splice(text: &[u8]) {
    let Ok(script) = Script::lex(text) else {
        return;
    };
    for statement in script.statements() {
        let Splice::Edits(edits) = limit(script.tokens(statement), statement.kind, ROWS) else {
            continue;
        };
        let edited = apply(text, &edits);
        let again = Script::lex(&edited).expect("a splice breaks no token");
        let kinds = |script: &Script<'_>| {
            script
                .statements()
                .iter()
                .map(|statement| statement.kind)
                .collect::<Vec<_>>()
        };
        assert_eq!(kinds(&script), kinds(&again), "a splice moves no boundary");
        let place = script.statements().iter().position(|one| one == statement);
        let place = place.expect("the statement is one of its script");
        let spliced = &again.statements()[place];
        let settled = limit(again.tokens(spliced), spliced.kind, ROWS);
        assert!(
            !matches!(settled, Splice::Edits(_)),
            "a splice is spliced again"
        );
    }
}

/// A review ends, is stable, and leaves no query without a limit.
pub fn review(text: &[u8]) {
    let limited = Policy {
        row_limit: Some(ROWS),
        ..Policy::default()
    };
    let read_only = Policy {
        read_only: true,
        ..limited.clone()
    };
    for policy in [limited, read_only] {
        let (after, plan) = match pgparley::guard::review(text, &policy, None) {
            Verdict::Forward(plan) => (text.to_vec(), plan),
            Verdict::Rewrite { text: after, plan } => {
                assert_eq!(
                    plan.original_offset(after.len()),
                    text.len(),
                    "offsets lead back"
                );
                (after, plan)
            }
            Verdict::Refuse(_) => continue,
        };
        let again = pgparley::guard::review(&after, &policy, None);
        assert!(
            matches!(again, Verdict::Forward(_)),
            "a review changes its own text"
        );
        let Ok(script) = Script::lex(&after) else {
            continue;
        };
        for (index, statement) in script.runnable().enumerate() {
            if statement.kind == StatementKind::Select {
                assert_eq!(
                    plan.limit(index),
                    ResultLimit::Rows(ROWS),
                    "a query has no limit"
                );
            }
        }
    }
}

/// Questions are found only where the cheap test lets one look, and answers can be set in.
pub fn question(text: &[u8]) {
    let placement = place(text);
    assert!(
        placement == Placement::None || may_hold_question(text),
        "a question is missed"
    );
    let Placement::Inside(asked) = placement else {
        return;
    };
    let answers: Vec<(&Asked, &str)> = asked.iter().map(|asked| (asked, "SELECT 1")).collect();
    let composed = splice_answers(text, &answers);
    let script = Script::lex(&composed).expect("an answer breaks no token");
    assert_eq!(script.runnable().count(), 1, "an answer adds no statement");
}

/// A script leaves behind what its statements leave, however each of them is looked at.
pub fn leaves(text: &[u8]) {
    let whole = footprint(text);
    // Where strings may end elsewhere, so may statements.
    let Some(script) = Script::lex(text).ok().filter(|_| !text.contains(&b'\\')) else {
        return;
    };
    let parts = script
        .runnable()
        .map(|one| footprint(&text[one.bytes.clone()]));
    let parts = parts.fold(Footprint::default(), |all, one| all | one);
    assert_eq!(
        whole, parts,
        "a statement leaves something else in a script"
    );
}

/// Names are found where others were put, and nothing is named that a footprint does not tell.
pub fn prepared_name(text: &[u8]) {
    let Ok(found) = named(text) else {
        return;
    };
    assert!(
        found.mentions.is_empty() || footprint(text).names,
        "a name is missed"
    );
    let names: Vec<(&Name, &str)> = found
        .mentions
        .iter()
        .filter_map(|mention| mention.verb.name())
        .map(|name| (name, "a \"b\""))
        .collect();
    let edited = renamed(text, &names);
    let again = named(&edited).expect("a name brings no doubt");
    assert_eq!(
        again.mentions.len(),
        found.mentions.len(),
        "a name moves no boundary"
    );
    let names = again
        .mentions
        .iter()
        .filter_map(|mention| mention.verb.name());
    for name in names {
        assert_eq!(&*name.decoded, b"a \"b\"", "another name is found");
    }
}
