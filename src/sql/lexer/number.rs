//! Numeric constants and what begins with a dollar sign: `$1`, `$tag$…$tag$`.

use memchr::memmem;

use super::Cut;
use super::LexError;
use super::Scanner;
use super::TokenKind;
use super::begins_name;

impl Scanner<'_> {
    /// A numeric constant that begins at `at` with a digit, or with a dot and a digit.
    pub(super) fn number(&self, at: usize) -> Cut {
        let radix: Option<fn(&u8) -> bool> = match (self.text[at], self.peek(at + 1)) {
            (b'0', b'x' | b'X') => Some(u8::is_ascii_hexdigit),
            (b'0', b'o' | b'O') => Some(|byte| matches!(byte, b'0'..=b'7')),
            (b'0', b'b' | b'B') => Some(|byte| matches!(byte, b'0' | b'1')),
            _ => None,
        };
        if let Some(is_digit) = radix {
            let end = self.digits(at + 2, is_digit);
            if end == at + 2 || self.continues_number(end) {
                return Err(self.junk(at, "trailing junk after numeric literal"));
            }
            return Ok((TokenKind::Number, end));
        }
        self.decimal(at)
    }

    fn decimal(&self, at: usize) -> Cut {
        let mut end = self.decimal_digits(at);
        // `1..10` is a range, not `1.` and `.10`.
        if self.peek(end) == b'.' && self.peek(end + 1) != b'.' {
            end = self.decimal_digits(end + 1);
        }
        if matches!(self.peek(end), b'e' | b'E') {
            let sign = usize::from(matches!(self.peek(end + 1), b'+' | b'-'));
            let exponent = end + 1 + sign;
            if !self.peek(exponent).is_ascii_digit() {
                return Err(self.junk(at, "trailing junk after numeric literal"));
            }
            end = self.decimal_digits(exponent);
        }
        if self.continues_number(end) {
            return Err(self.junk(at, "trailing junk after numeric literal"));
        }
        Ok((TokenKind::Number, end))
    }

    fn decimal_digits(&self, at: usize) -> usize {
        if self.peek(at).is_ascii_digit() {
            self.digits(at, u8::is_ascii_digit)
        } else {
            at
        }
    }

    /// The end of digits that may be separated by single underscores.
    fn digits(&self, at: usize, is_digit: fn(&u8) -> bool) -> usize {
        let mut end = at;
        loop {
            let underscore = usize::from(self.peek(end) == b'_');
            if !is_digit(&self.peek(end + underscore)) {
                return end;
            }
            end += underscore + 1;
        }
    }

    fn continues_number(&self, at: usize) -> bool {
        begins_name(self.peek(at)) || (self.peek(at).is_ascii_digit())
    }

    /// `$1`, a dollar-quoted string, or a dollar sign that means nothing.
    pub(super) fn dollar(&self, at: usize) -> Cut {
        if self.peek(at + 1).is_ascii_digit() {
            let digits = self.text[at + 1..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            let end = at + 1 + digits;
            if begins_name(self.peek(end)) {
                return Err(self.junk(at, "trailing junk after parameter"));
            }
            return Ok((TokenKind::Parameter, end));
        }
        let mut end = at + 1;
        if begins_name(self.peek(end)) {
            while begins_name(self.peek(end)) || self.peek(end).is_ascii_digit() {
                end += 1;
            }
        }
        if self.peek(end) != b'$' {
            return Ok((TokenKind::Stray, at + 1));
        }
        let (tag, body) = (&self.text[at..=end], end + 1);
        let Some(length) = memmem::find(&self.text[body..], tag) else {
            return Err(self.junk(at, "unterminated dollar-quoted string"));
        };
        Ok((TokenKind::DollarString, body + length + tag.len()))
    }

    pub(super) fn junk(&self, at: usize, message: &'static str) -> LexError {
        debug_assert!(at < self.text.len(), "an error points into the text");
        LexError {
            message,
            position: at as u32,
        }
    }
}
