//! Sets the SQL of questions into the client's text.

use super::Asked;
use super::Setting;
use crate::sql::lexer::continues_name;

/// `text` with each question replaced by its SQL, in order of their spans; everything else stays
/// as the client wrote it.
pub fn splice_answers(text: &[u8], answers: &[(&Asked, &str)]) -> Vec<u8> {
    let grown: usize = answers.iter().map(|(_, sql)| sql.len() + 16).sum();
    let mut composed = Vec::with_capacity(text.len() + grown);
    let mut copied = 0;
    let mut aliases = 0_usize;
    for (asked, sql) in answers {
        composed.extend_from_slice(&text[copied..asked.span.start]);
        copied = asked.span.end;
        match asked.setting {
            Setting::Bare => composed.extend_from_slice(sql.as_bytes()),
            Setting::Parenthesised | Setting::Aliased => {
                composed.push(b'(');
                composed.extend_from_slice(sql.as_bytes());
                composed.push(b')');
            }
        }
        if asked.setting == Setting::Aliased {
            aliases += 1;
            composed.extend_from_slice(b" AS nl");
            if aliases > 1 {
                composed.extend_from_slice(format!("_{aliases}").as_bytes());
            }
        }
        if text.get(copied).is_some_and(|&byte| continues_name(byte)) {
            composed.push(b' ');
        }
    }
    composed.extend_from_slice(&text[copied..]);
    composed
}
