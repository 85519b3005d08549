//! Quoted strings and names, and comments.

use memchr::memchr;
use memchr::memchr2;

use super::Cut;
use super::Scanner;
use super::StandardStrings;
use super::TokenKind;
use super::is_space;

impl Scanner<'_> {
    /// `'…'`: the quote is at `quote`, the token begins at `at`.
    pub(super) fn plain_string(&self, at: usize, quote: usize) -> Cut {
        match self.strings {
            StandardStrings::On => self.doubled(at, quote, TokenKind::String),
            StandardStrings::Off => {
                let (_, end) = self.escape_string(at, quote)?;
                Ok((TokenKind::String, end))
            }
        }
    }

    /// `U&'…'`; the server takes none while `standard_conforming_strings` is off.
    pub(super) fn unicode_string(&self, at: usize) -> Cut {
        if self.strings == StandardStrings::Off {
            return Err(self.junk(at, "unsafe use of string constant with Unicode escapes"));
        }
        self.doubled(at, at + 2, TokenKind::UnicodeString)
    }

    /// A string in which only a doubled quote is special.
    fn doubled(&self, at: usize, quote: usize, kind: TokenKind) -> Cut {
        let mut from = quote + 1;
        while let Some(length) = memchr(b'\'', &self.text[from..]) {
            let behind = from + length + 1;
            if self.peek(behind) == b'\'' {
                from = behind + 1;
            } else if let Some(inside) = self.continuation(behind) {
                from = inside;
            } else {
                return Ok((kind, behind));
            }
        }
        Err(self.junk(at, "unterminated quoted string"))
    }

    /// A string in which a backslash takes the next byte with it.
    pub(super) fn escape_string(&self, at: usize, quote: usize) -> Cut {
        let mut from = quote + 1;
        while let Some(length) = self
            .text
            .get(from..)
            .and_then(|rest| memchr2(b'\'', b'\\', rest))
        {
            let found = from + length;
            let behind = found + 1;
            if self.text[found] == b'\\' || self.peek(behind) == b'\'' {
                from = behind + 1;
            } else if let Some(inside) = self.continuation(behind) {
                from = inside;
            } else {
                return Ok((TokenKind::EscapeString, behind));
            }
        }
        Err(self.junk(at, "unterminated quoted string"))
    }

    /// `B'…'` or `X'…'`, in which nothing is special: `b'1''0'` is two strings.
    pub(super) fn bit_string(&self, at: usize) -> Cut {
        let mut from = at + 2;
        while let Some(length) = memchr(b'\'', &self.text[from..]) {
            let behind = from + length + 1;
            match self.continuation(behind) {
                Some(inside) => from = inside,
                None => return Ok((TokenKind::BitString, behind)),
            }
        }
        Err(self.junk(
            at,
            match self.text[at] {
                b'b' | b'B' => "unterminated bit string literal",
                _ => "unterminated hexadecimal string literal",
            },
        ))
    }

    /// Where a string goes on after its closing quote: white space with at least one line end in
    /// it, line comments among it, and another quote.
    fn continuation(&self, behind: usize) -> Option<usize> {
        let mut at = behind;
        let mut new_line = false;
        loop {
            match self.peek(at) {
                b'\'' if new_line => return Some(at + 1),
                b'-' if self.peek(at + 1) == b'-' => (_, at) = self.line_comment(at),
                byte if is_space(byte) => {
                    new_line |= matches!(byte, b'\n' | b'\r');
                    at += 1;
                }
                _ => return None,
            }
        }
    }

    /// `"…"`, whose first byte inside is at `inside`.
    pub(super) fn quoted_name(&self, at: usize, inside: usize, kind: TokenKind) -> Cut {
        let mut from = inside;
        while let Some(length) = memchr(b'"', &self.text[from..]) {
            let behind = from + length + 1;
            if self.peek(behind) == b'"' {
                from = behind + 1;
            } else if behind == inside + 1 {
                return Err(self.junk(at, "zero-length delimited identifier"));
            } else {
                return Ok((kind, behind));
            }
        }
        Err(self.junk(at, "unterminated quoted identifier"))
    }

    /// `--` to the end of the line.
    pub(super) fn line_comment(&self, at: usize) -> (TokenKind, usize) {
        let rest = &self.text[at..];
        let length = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        (TokenKind::LineComment, at + length)
    }

    /// `/* … */`, in which comments nest.
    pub(super) fn block_comment(&self, at: usize) -> Cut {
        let mut depth = 1_u32;
        let mut from = at + 2;
        while let Some(length) = self
            .text
            .get(from..)
            .and_then(|rest| memchr2(b'*', b'/', rest))
        {
            let found = from + length;
            match (self.text[found], self.peek(found + 1)) {
                (b'*', b'/') if depth == 1 => return Ok((TokenKind::BlockComment, found + 2)),
                (b'*', b'/') => depth -= 1,
                (b'/', b'*') => depth += 1,
                _ => {
                    from = found + 1;
                    continue;
                }
            }
            from = found + 2;
        }
        Err(self.junk(at, "unterminated /* comment"))
    }
}
