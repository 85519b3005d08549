//! The spelling of a question: `nl`, a verb, a colon, words.

use super::Misplaced;
use super::Verb;
use crate::sql::lexer::Token;
use crate::sql::lexer::TokenKind;
use crate::sql::lexer::continues_name;
use crate::sql::lexer::is_space;

/// What follows a marker: a verb and the question's bytes, trimmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marked<'a> {
    pub verb: MarkedVerb<'a>,
    pub words: &'a [u8],
}

/// A [`Verb`] whose name is still bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkedVerb<'a> {
    Answer,
    Sql,
    Explain,
    Tables,
    Prompt,
    Run(&'a [u8]),
    Save(&'a [u8]),
    Refine,
}

/// Verbs that need nothing but a question.
const PLAIN: [(&[u8], MarkedVerb<'_>); 4] = [
    (b"sql", MarkedVerb::Sql),
    (b"explain", MarkedVerb::Explain),
    (b"tables", MarkedVerb::Tables),
    (b"prompt", MarkedVerb::Prompt),
];

impl Marked<'_> {
    /// The verb and the words as text.
    pub(super) fn read(&self) -> Result<(Verb, String), Misplaced> {
        let owned = |bytes: &[u8]| {
            std::str::from_utf8(bytes)
                .map(str::to_owned)
                .map_err(|_| Misplaced::Encoding)
        };
        let verb = match self.verb {
            MarkedVerb::Answer => Verb::Answer,
            MarkedVerb::Sql => Verb::Sql,
            MarkedVerb::Explain => Verb::Explain,
            MarkedVerb::Tables => Verb::Tables,
            MarkedVerb::Prompt => Verb::Prompt,
            MarkedVerb::Run(name) => Verb::Run(owned(name)?),
            MarkedVerb::Save(name) => Verb::Save(owned(name)?),
            MarkedVerb::Refine => Verb::Refine,
        };
        let words = owned(self.words)?;
        if words.trim().is_empty() && !matches!(verb, Verb::Run(_)) {
            return Err(Misplaced::Empty);
        }
        Ok((verb, words.trim().to_owned()))
    }
}

/// The question in a comment of `text`.
pub(super) fn in_comment(text: &[u8], comment: Token) -> Option<Marked<'_>> {
    let bytes = comment.of(text);
    match comment.kind {
        TokenKind::BlockComment => marked(&bytes[2..bytes.len() - 2]),
        TokenKind::LineComment => marked(&bytes[2..]),
        _ => None,
    }
}

/// The question that `bytes` are, white space around it ignored.
pub(super) fn marked(bytes: &[u8]) -> Option<Marked<'_>> {
    let rest = trim(bytes);
    let (marker, rest) = rest.split_at_checked(2)?;
    if !marker.eq_ignore_ascii_case(b"nl") {
        return None;
    }
    let spaced = rest.first().is_some_and(|&byte| is_space(byte));
    let rest = trim(rest);
    if let Some(words) = rest.strip_prefix(b":") {
        return Some(Marked {
            verb: MarkedVerb::Answer,
            words: trim(words),
        });
    }
    if let Some(rest) = rest.strip_prefix(b"+") {
        let words = trim(rest).strip_prefix(b":")?;
        return Some(Marked {
            verb: MarkedVerb::Refine,
            words: trim(words),
        });
    }
    if !spaced {
        return None;
    }
    let (verb, rest) = word(rest);
    if let Some((_, verb)) = PLAIN
        .iter()
        .find(|(name, _)| verb.eq_ignore_ascii_case(name))
    {
        let words = rest.strip_prefix(b":")?;
        return Some(Marked {
            verb: *verb,
            words: trim(words),
        });
    }
    let (name, rest) = word(rest);
    if name.is_empty() {
        return None;
    }
    if verb.eq_ignore_ascii_case(b"run") && matches!(rest, b"" | b":" | b";") {
        return Some(Marked {
            verb: MarkedVerb::Run(name),
            words: b"",
        });
    }
    if verb.eq_ignore_ascii_case(b"save") {
        let words = rest.strip_prefix(b":")?;
        return Some(Marked {
            verb: MarkedVerb::Save(name),
            words: trim(words),
        });
    }
    None
}

/// A plain question that begins at the start of `text`, comments before it skipped, and goes to
/// the end; the offset is that of its marker. Found without a lexer: an apostrophe would open a
/// string.
pub(super) fn plain(text: &[u8]) -> Option<(usize, Marked<'_>)> {
    let start = skip_comments(text)?;
    let rest = trim(&text[start..]);
    let rest = rest.strip_suffix(b";").unwrap_or(rest);
    marked(rest).map(|marked| (start, marked))
}

/// The offset behind leading white space and comments; `None` when a comment does not end.
fn skip_comments(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        match rest {
            [b'-', b'-', ..] => {
                at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            }
            [b'/', b'*', ..] => at += block_comment(rest)?,
            [byte, ..] if is_space(*byte) => at += 1,
            _ => return Some(at),
        }
    }
}

/// The length of the comment that `text` begins with.
fn block_comment(text: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'*', b'/', text.get(at..)?)?;
        match text.get(at..at + 2)? {
            b"/*" => depth += 1,
            b"*/" if depth == 1 => return Some(at + 2),
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
    }
}

/// The leading run of bytes that are neither white space nor a colon, and the rest, trimmed.
fn word(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes
        .iter()
        .position(|&byte| is_space(byte) || matches!(byte, b':' | b';'));
    let (word, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
    (word, trim(rest))
}

fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_space(*first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && is_space(*last)
    {
        bytes = rest;
    }
    bytes
}

/// Whether the word `nl` stands in `text`, in any case, not as a part of a longer one.
pub(super) fn holds_word_nl(text: &[u8]) -> bool {
    const BLOCK: usize = 64;
    let mut from = 0;
    while from + 1 < text.len() {
        let end = (from + BLOCK + 1).min(text.len());
        let block = &text[from..end];
        // No early exit inside a block: this loop becomes vector instructions.
        let mut found = 0_u8;
        for (&first, &second) in block.iter().zip(&block[1..]) {
            found |= u8::from(first | 0x20 == b'n') & u8::from(second | 0x20 == b'l');
        }
        if found != 0 && word_in(text, from, end) {
            return true;
        }
        from += BLOCK;
    }
    false
}

fn word_in(text: &[u8], from: usize, end: usize) -> bool {
    let inside = |at: Option<usize>| {
        at.and_then(|at| text.get(at))
            .is_some_and(|&byte| continues_name(byte))
    };
    (from..end - 1).any(|at| {
        text[at..at + 2].eq_ignore_ascii_case(b"nl")
            && !inside(at.checked_sub(1))
            && !inside(Some(at + 2))
    })
}
