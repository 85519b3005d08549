//! Constants, written so that no server setting reads them otherwise.

use sqlparser::ast::Value;

use crate::guard::Refusal;

/// The constant as it is written.
pub(super) fn written(value: &Value) -> Result<String, Refusal> {
    if let Some(text) = text(value) {
        return Ok(quoted(text));
    }
    match value {
        Value::Number(digits, false) if is_number(digits) => Ok(digits.clone()),
        Value::Boolean(true) => Ok("TRUE".to_owned()),
        Value::Boolean(false) => Ok("FALSE".to_owned()),
        Value::Null => Ok("NULL".to_owned()),
        Value::Placeholder(name) if is_parameter(name) => Ok(name.clone()),
        _ => {
            let message = "generated query holds a constant of a kind that is not allowed";
            Err(Refusal::new("node", "0A000", message))
        }
    }
}

/// The characters of a string constant.
pub(super) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::SingleQuotedString(text)
        | Value::EscapedStringLiteral(text)
        | Value::UnicodeStringLiteral(text) => Some(text),
        Value::DollarQuotedString(string) => Some(&string.value),
        _ => None,
    }
}

/// A string constant. A backslash means the same only inside `E''`, whatever
/// `standard_conforming_strings` says.
pub(super) fn quoted(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if text.contains('\\') {
        return format!("E'{}'", doubled.replace('\\', "\\\\"));
    }
    format!("'{doubled}'")
}

fn is_number(digits: &str) -> bool {
    digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.parse::<f64>().is_ok()
        && digits
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
}

fn is_parameter(name: &str) -> bool {
    name.strip_prefix('$')
        .is_some_and(|n| n.parse::<u16>().is_ok_and(|n| n > 0))
        && name.bytes().skip(1).all(|byte| byte.is_ascii_digit())
}
