//! Errors about a text that went on otherwise than the client wrote it, put back into its words.
//!
//! A limit that was spliced in moves what stands behind it, so the place that an error tells is
//! another; and where the client's text ends too early, the server stumbles over the limit.

use std::borrow::Cow;

use crate::guard::Plan;
use crate::sql::lexer::StandardStrings;
use crate::sql::lexer::Token;
use crate::sql::lexer::lex;

/// What an error says when a text ends too early, as far as it is not in another language.
const AT_END: &[u8] = b"syntax error at end of input";

/// The text of a prepared statement that went on in place of the client's.
#[derive(Debug)]
pub(in crate::session) struct Sent {
    text: Box<[u8]>,
    plan: Plan,
}

impl Sent {
    pub(in crate::session) fn new(text: &[u8], plan: &Plan) -> Self {
        Self {
            text: text.into(),
            plan: plan.clone(),
        }
    }

    pub(in crate::session) fn respelled(&self) -> Respelled<'_> {
        Respelled {
            sent: &self.text,
            plan: &self.plan,
        }
    }
}

/// A text that went on in place of the client's.
#[derive(Debug, Clone, Copy)]
pub(in crate::session) struct Respelled<'a> {
    /// That text.
    pub sent: &'a [u8],
    /// Knows what of it the client did not write.
    pub plan: &'a Plan,
}

impl Respelled<'_> {
    /// The body of an ErrorResponse or NoticeResponse as it would be had the client's text gone on.
    pub(in crate::session) fn restored<'a>(&self, body: &'a [u8]) -> Cow<'a, [u8]> {
        let mut fields = body.split(|&byte| byte == 0);
        let told = fields.find_map(|field| field.strip_prefix(b"P"));
        let Some(position) = told.and_then(number) else {
            return Cow::Borrowed(body);
        };
        let place = self.place(position);
        let mut out = Vec::with_capacity(body.len());
        for field in body.split(|&byte| byte == 0) {
            match (field.first(), place.stumbled_over) {
                (Some(b'P'), _) => out.extend_from_slice(format!("P{}", place.position).as_bytes()),
                (Some(b'M'), Some(next)) => {
                    out.push(b'M');
                    out.extend_from_slice(&without_limit(&field[1..], next));
                }
                _ => out.extend_from_slice(field),
            }
            out.push(0);
        }
        // Splitting has found one more piece than there are zeros.
        out.pop();
        Cow::Owned(out)
    }

    /// Where the character stands in the client's text that is the one at `position` in ours.
    fn place(&self, position: usize) -> Place<'_> {
        let sent = self.sent;
        let mut offset = offset_of(sent, position);
        let theirs = |offset| self.plan.original_offset(offset);
        let is_ours = |offset| theirs(offset) == theirs(offset + 1);
        let begins_limit = sent[offset..].starts_with(b"LIMIT");
        let mut stumbled_over = None;
        if offset < sent.len() && is_ours(offset) {
            while is_ours(offset) {
                offset += 1;
            }
            let tokens = lex(&sent[offset..], StandardStrings::On).unwrap_or_default();
            let next = tokens.iter().find(|token| !token.is_comment());
            let next: Option<&Token> = next;
            let word = next.map_or(&b""[..], |token| token.of(&sent[offset..]));
            offset = next.map_or(sent.len(), |token| offset + token.start as usize);
            stumbled_over = begins_limit.then_some(word);
        }
        // What is put in is ASCII, and so is what it replaces.
        let grown = offset.saturating_sub(theirs(offset));
        let shrunk = theirs(offset).saturating_sub(offset);
        Place {
            position: characters(&sent[..offset]) + shrunk - grown + 1,
            stumbled_over,
        }
    }
}

/// A place in the client's text.
struct Place<'a> {
    /// In characters, from 1.
    position: usize,
    /// The server stumbled over a limit that the client did not write, where this is what it would
    /// have met; empty at the end.
    stumbled_over: Option<&'a [u8]>,
}

fn without_limit(message: &[u8], next: &[u8]) -> Vec<u8> {
    const LIMIT: &[u8] = b"\"LIMIT\"";
    let Some(at) = memchr::memmem::find(message, LIMIT) else {
        return message.to_vec();
    };
    if next.is_empty() && message.starts_with(b"syntax error at or near ") {
        return AT_END.to_vec();
    }
    let behind = &message[at + LIMIT.len()..];
    [&message[..at], b"\"", next, b"\"", behind].concat()
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The byte where the character at `position` begins. The server counts as its encoding does: what
/// is not UTF-8 is taken for one byte a character.
fn offset_of(text: &[u8], position: usize) -> usize {
    let before = position.saturating_sub(1);
    let found = match std::str::from_utf8(text) {
        Ok(text) => text.char_indices().nth(before).map(|(offset, _)| offset),
        Err(_) => Some(before.min(text.len())),
    };
    found.unwrap_or(text.len())
}

fn characters(text: &[u8]) -> usize {
    std::str::from_utf8(text).map_or(text.len(), |text| text.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Policy;
    use crate::guard::Verdict;
    use crate::guard::review;
    use crate::sql::schema::Facts;

    /// `text` under a limit of 10 rows, and an error of the server's about what went on.
    fn restored(text: &str, message: &str, position: usize) -> String {
        let policy = Policy {
            row_limit: Some(10),
            ..Policy::default()
        };
        let facts = Facts {
            quiet_operators: true,
            ..Facts::default()
        };
        let verdict = review(text.as_bytes(), &policy, Some(&facts));
        let Verdict::Rewrite { text: sent, plan } = verdict else {
            panic!("{text} goes on as it is");
        };
        let body = format!("SERROR\0C42601\0M{message}\0P{position}\0\0");
        let restored = Sent::new(&sent, &plan)
            .respelled()
            .restored(body.as_bytes())
            .into_owned();
        let restored = String::from_utf8(restored).expect("it is text");
        let fields = restored
            .strip_prefix("SERROR\0C42601\0M")
            .expect("the code stays");
        fields
            .strip_suffix("\0\0")
            .expect("it ends as it did")
            .replace('\0', " ")
    }

    #[test]
    fn place_behind_a_limit_is_the_clients() {
        // SELECT 1 LIMIT 11; SELECT x
        assert_eq!(restored("SELECT 1; SELECT x", "no x", 27), "no x P18");
        assert_eq!(restored("SELECT 'ä'; SELECT x", "no x", 29), "no x P20");
        assert_eq!(restored("SELECT x", "no x", 8), "no x P8");
    }

    #[test]
    fn limit_that_the_server_stumbles_over_is_what_comes_behind() {
        let message = "syntax error at or near \"LIMIT\"";
        let end = "syntax error at end of input";
        // SELECT 1 + LIMIT 11
        assert_eq!(restored("SELECT 1 +", message, 12), format!("{end} P11"));
        assert_eq!(
            restored("SELECT 1 + -- x", message, 12),
            format!("{end} P16")
        );
        assert_eq!(
            restored("SELECT 1 + /* ; */ ;", message, 12),
            "syntax error at or near \";\" P20"
        );
        assert_eq!(
            restored("SELECT 1 + OFFSET 3", message, 12),
            "syntax error at or near \"OFFSET\" P12"
        );
        assert_eq!(
            restored("SELECT 1 +", "Syntaxfehler bei »LIMIT«", 12),
            "Syntaxfehler bei »LIMIT« P11"
        );
    }
}
