//! Reads what a model answered: one JSON object, bare or in a fenced block. Never trusts it.
//!
//! The SQL in it is taken as it stands; judging it is the guard's business.

use serde_json::Map;
use serde_json::Value;

use super::line::one_line;

/// Bytes that the SQL of an answer may have.
const MAX_SQL: usize = 32 * 1024;

/// Assumptions that are passed on, and characters of each.
const MAX_READINGS: usize = 8;
const MAX_READING: usize = 200;

/// Characters of a model's own explanation why it cannot answer.
const MAX_REASON: usize = 300;

/// Below this confidence the asker is told so.
const UNSURE: f64 = 0.5;

/// What a model answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A statement to be checked.
    Sql {
        /// The statement, without a closing semicolon.
        sql: String,
        /// What the model assumed, a line each.
        readings: Vec<String>,
    },
    /// It says that there is no statement, and why.
    Cannot(String),
}

/// How an answer misses the form that was asked for. Its text completes "the answer …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It is not one JSON object.
    #[error("is not one JSON object")]
    NotAnObject,
    /// A member has another type than asked for.
    #[error("has a \"{0}\" of the wrong type")]
    WrongType(&'static str),
    /// It says nothing.
    #[error("has neither \"sql\" nor \"cannot\"")]
    Neither,
    /// It contradicts itself.
    #[error("has both \"sql\" and \"cannot\"")]
    Both,
    /// The statement would end before its end on the wire, where a zero byte closes a text.
    #[error("has a statement with a zero byte")]
    ZeroByte,
    /// The statement is too long.
    #[error("has a statement of more than 32 KiB")]
    TooLong,
}

/// Reads a model's answer.
pub fn parse(text: &str) -> Result<Reply, Flaw> {
    let object = object(text)?;
    let sql = member(&object, "sql")?
        .map(statement)
        .filter(|sql| !sql.is_empty());
    let cannot = member(&object, "cannot")?.map(|why| one_line(why, MAX_REASON));
    let cannot = cannot.filter(|why| !why.is_empty());
    match (sql, cannot) {
        (Some(sql), None) if sql.len() > MAX_SQL => Err(Flaw::TooLong),
        (Some(sql), None) if sql.contains('\0') => Err(Flaw::ZeroByte),
        (Some(sql), None) => Ok(Reply::Sql {
            sql: sql.to_owned(),
            readings: readings(&object)?,
        }),
        (None, Some(why)) => Ok(Reply::Cannot(why)),
        (None, None) => Err(Flaw::Neither),
        (Some(_), Some(_)) => Err(Flaw::Both),
    }
}

/// The object that is the whole answer, or the whole of its one fenced block.
fn object(text: &str) -> Result<Map<String, Value>, Flaw> {
    let text = after_thoughts(text).trim();
    let text = fenced(text).unwrap_or(text);
    serde_json::from_str(text).map_err(|_| Flaw::NotAnObject)
}

/// What follows the `<think>…</think>` that local reasoning models put before their answer.
fn after_thoughts(text: &str) -> &str {
    let Some(thoughts) = text.trim_start().strip_prefix("<think>") else {
        return text;
    };
    thoughts
        .split_once("</think>")
        .map_or(text, |(_, answer)| answer)
}

/// The inside of a Markdown block, when there is exactly one and it is marked as JSON or not
/// marked at all. Its end is the last fence: the SQL inside may hold one.
fn fenced(text: &str) -> Option<&str> {
    let (_, block) = text.split_once("```")?;
    let (mark, block) = block.split_once('\n')?;
    if !matches!(mark.trim(), "" | "json" | "JSON") {
        return None;
    }
    block.rsplit_once("```").map(|(inside, _)| inside)
}

/// A text member; `null` is as good as none.
fn member<'a>(object: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, Flaw> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Flaw::WrongType(name)),
    }
}

fn statement(sql: &str) -> &str {
    let sql = sql.trim();
    sql.strip_suffix(';').unwrap_or(sql).trim_end()
}

fn readings(object: &Map<String, Value>) -> Result<Vec<String>, Flaw> {
    let mut readings = match object.get("assumptions") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(assumptions)) => assumptions
            .iter()
            .take(MAX_READINGS)
            .map(|assumption| assumption.as_str().ok_or(Flaw::WrongType("assumptions")))
            .map(|assumption| assumption.map(|text| one_line(text, MAX_READING)))
            .collect::<Result<Vec<_>, _>>()?,
        Some(_) => return Err(Flaw::WrongType("assumptions")),
    };
    readings.retain(|reading| !reading.is_empty());
    match object.get("confidence") {
        None | Some(Value::Null) => {}
        Some(Value::Number(confidence)) => {
            let confidence = confidence.as_f64().unwrap_or_default();
            if confidence < UNSURE {
                readings.push(format!(
                    "the model is not sure of this (confidence {confidence:.2})"
                ));
            }
        }
        Some(_) => return Err(Flaw::WrongType("confidence")),
    }
    Ok(readings)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Flaw;
    use super::Reply;
    use super::parse;

    fn sql(sql: &str, readings: &[&str]) -> Reply {
        let readings = readings.iter().map(|&reading| reading.to_owned()).collect();
        Reply::Sql {
            sql: sql.to_owned(),
            readings,
        }
    }

    #[test]
    fn the_form_asked_for_is_read() {
        let answer =
            r#"{"sql": "SELECT 1", "assumptions": ["one", "is\nenough"], "confidence": 1}"#;
        assert_eq!(parse(answer), Ok(sql("SELECT 1", &["one", "is enough"])));
        let answer = r#"{"cannot": "there are no\n orders"}"#;
        assert_eq!(
            parse(answer),
            Ok(Reply::Cannot("there are no orders".to_owned()))
        );
    }

    #[test]
    fn a_closing_semicolon_is_dropped_and_no_other() {
        assert_eq!(
            parse(r#"{"sql": " SELECT 1 ; "}"#),
            Ok(sql("SELECT 1", &[]))
        );
        assert_eq!(
            parse(r#"{"sql": "SELECT 1; DELETE FROM t;"}"#),
            Ok(sql("SELECT 1; DELETE FROM t", &[]))
        );
    }

    #[test]
    fn a_null_member_is_as_good_as_none() {
        assert_eq!(
            parse(r#"{"sql": "SELECT 1", "cannot": null}"#),
            Ok(sql("SELECT 1", &[]))
        );
        assert_eq!(
            parse(r#"{"sql": "", "cannot": "no"}"#),
            Ok(Reply::Cannot("no".to_owned()))
        );
    }

    #[test]
    fn a_fenced_block_is_opened() {
        assert_eq!(
            parse("```json\n{\"sql\": \"SELECT 1\"}\n```"),
            Ok(sql("SELECT 1", &[]))
        );
        assert_eq!(
            parse("Sure!\n```\n{\"sql\": \"SELECT '```'\"}\n```\nDone."),
            Ok(sql("SELECT '```'", &[]))
        );
    }

    #[test]
    fn a_reasoning_models_thoughts_are_skipped() {
        assert_eq!(
            parse("<think>{hm}</think>\n{\"sql\": \"SELECT 1\"}"),
            Ok(sql("SELECT 1", &[]))
        );
    }

    #[test]
    fn doubt_is_passed_on() {
        let reading = "the model is not sure of this (confidence 0.30)";
        assert_eq!(
            parse(r#"{"sql": "SELECT 1", "confidence": 0.3}"#),
            Ok(sql("SELECT 1", &[reading]))
        );
    }

    #[test]
    fn nonsense_is_named() {
        assert_eq!(parse("SELECT 1"), Err(Flaw::NotAnObject));
        assert_eq!(parse(""), Err(Flaw::NotAnObject));
        assert_eq!(parse("[1]"), Err(Flaw::NotAnObject));
        assert_eq!(parse("```sql\nSELECT 1\n```"), Err(Flaw::NotAnObject));
        assert_eq!(
            parse(r#"{"sql": "SELECT 1"} {"sql": "SELECT 2"}"#),
            Err(Flaw::NotAnObject)
        );
        assert_eq!(parse(r#"{"sql": "SELECT"#), Err(Flaw::NotAnObject));
        assert_eq!(parse("{}"), Err(Flaw::Neither));
        assert_eq!(parse(r#"{"sql": ";"}"#), Err(Flaw::Neither));
        assert_eq!(parse(r#"{"sql": 1}"#), Err(Flaw::WrongType("sql")));
        assert_eq!(
            parse(r#"{"sql": "SELECT 1", "assumptions": "x"}"#),
            Err(Flaw::WrongType("assumptions"))
        );
        assert_eq!(
            parse(r#"{"sql": "SELECT 1", "confidence": "high"}"#),
            Err(Flaw::WrongType("confidence"))
        );
        assert_eq!(
            parse(r#"{"sql": "SELECT 1", "cannot": "no"}"#),
            Err(Flaw::Both)
        );
    }

    #[test]
    fn a_statement_cannot_carry_a_zero_byte_to_the_wire() {
        assert_eq!(
            parse(r#"{"sql": "SELECT 1\u0000DELETE"}"#),
            Err(Flaw::ZeroByte)
        );
    }

    #[test]
    fn a_statement_without_end_is_refused() {
        let answer = serde_json::json!({ "sql": "x".repeat(super::MAX_SQL + 1) });
        assert_eq!(parse(&answer.to_string()), Err(Flaw::TooLong));
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(parse(&deep), Err(Flaw::NotAnObject));
        assert_eq!(
            parse(&format!("{{\"sql\": {deep}}}")),
            Err(Flaw::NotAnObject)
        );
    }

    proptest! {
        #[test]
        fn no_answer_breaks_parsing(text in ".*") {
            let _ = parse(&text);
        }

        #[test]
        fn no_near_miss_breaks_parsing(
            text in r#"(<think>)?(```)?(json\n)?[{}\[\]":,;\\a-z0-9 ]{0,40}(sql|cannot)?.{0,20}(```)?"#
        ) {
            let _ = parse(&text);
        }

        #[test]
        fn sql_comes_through_as_it_was_written(text in "[^;\\s\\pC]{1,5}\\PC{0,60}[^;\\s\\pC]") {
            let answer = serde_json::json!({ "sql": text }).to_string();
            prop_assert_eq!(parse(&answer), Ok(sql(text.trim(), &[])));
        }
    }
}
