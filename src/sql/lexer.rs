//! Cuts a text into tokens exactly where PostgreSQL's scanner does.
//!
//! Follows the chapter "[Lexical Structure]" as of PostgreSQL 16 and later. Where older servers
//! were laxer (`1a`, `$1a`) the text is an error here, so that nothing is decided on boundaries
//! which the server may see elsewhere. One pass, no recursion, one allocation.
//!
//! [Lexical Structure]: https://www.postgresql.org/docs/current/sql-syntax-lexical.html

mod number;
mod quoted;

/// One token of a text; white space is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// The offset of its first byte.
    pub start: u32,
    /// The offset behind its last byte.
    pub end: u32,
}

impl Token {
    /// The token's bytes in the text it was cut from.
    pub fn of<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        &text[self.start as usize..self.end as usize]
    }

    /// It is the unquoted word `word` (given in lower case), in any case.
    pub fn is_word(&self, text: &[u8], word: &str) -> bool {
        self.kind == TokenKind::Word && self.of(text).eq_ignore_ascii_case(word.as_bytes())
    }

    /// It is a comment of either kind.
    pub fn is_comment(&self) -> bool {
        matches!(self.kind, TokenKind::LineComment | TokenKind::BlockComment)
    }
}

/// The kinds of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// An unquoted identifier or a keyword.
    Word,
    /// `"…"`.
    QuotedName,
    /// `U&"…"`.
    UnicodeName,
    /// `'…'` or `N'…'`, with its continuations on further lines.
    String,
    /// `E'…'`.
    EscapeString,
    /// `B'…'` or `X'…'`.
    BitString,
    /// `U&'…'`.
    UnicodeString,
    /// `$tag$…$tag$`.
    DollarString,
    /// A numeric constant, without a sign.
    Number,
    /// `$n`.
    Parameter,
    /// One of the operators, of one character or more.
    Operator,
    /// One of `( ) [ ] , ; : .`.
    Symbol(u8),
    /// `::`.
    Typecast,
    /// `:=`.
    ColonEquals,
    /// `..`.
    DotDot,
    /// `--` to the end of the line, which is not part of it.
    LineComment,
    /// `/* … */`, nested ones included.
    BlockComment,
    /// A byte that begins no token; the server answers a syntax error.
    Stray,
}

/// The setting `standard_conforming_strings`: off, a backslash escapes in plain strings too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandardStrings {
    /// The default since PostgreSQL 9.1.
    On,
    /// As before 9.1.
    Off,
}

/// Why a text has no tokens; the server refuses it with the same message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LexError {
    /// The server's words.
    pub message: &'static str,
    /// The offset that the server's message points at.
    pub position: u32,
}

/// The tokens of `text`, comments included, in order.
pub fn lex(text: &[u8], strings: StandardStrings) -> Result<Vec<Token>, LexError> {
    if u32::try_from(text.len()).is_err() {
        return Err(LexError {
            message: "query text is too long",
            position: 0,
        });
    }
    let mut tokens = Vec::with_capacity(text.len() / 4 + 4);
    let mut scanner = Scanner {
        text,
        strings,
        run: Run::default(),
    };
    let mut at = 0;
    while at < text.len() {
        if is_space(text[at]) {
            at += 1;
            continue;
        }
        let (kind, end) = scanner.token(at)?;
        tokens.push(Token {
            kind,
            start: at as u32,
            end: end as u32,
        });
        at = end;
    }
    Ok(tokens)
}

/// White space to the scanner. Before PostgreSQL 16 a vertical tab was not; there it is an error.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c | 0x0b)
}

/// May begin an unquoted identifier.
pub(crate) fn begins_name(byte: u8) -> bool {
    CLASS[byte as usize] == Class::Letter
}

/// May continue an unquoted identifier.
pub(crate) fn continues_name(byte: u8) -> bool {
    matches!(
        CLASS[byte as usize],
        Class::Letter | Class::Digit | Class::Dollar
    )
}

/// What a byte can begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Dollar,
    Operator,
    Symbol,
    Dot,
    Colon,
    Quote,
    DoubleQuote,
    Stray,
}

const CLASS: [Class; 256] = classes();

const fn classes() -> [Class; 256] {
    let mut table = [Class::Stray; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'A'..=b'Z' | b'a'..=b'z' | b'_' | 0x80..=0xff => Class::Letter,
            b'0'..=b'9' => Class::Digit,
            b'$' => Class::Dollar,
            b'~' | b'!' | b'@' | b'#' | b'^' | b'&' | b'|' | b'`' | b'?' | b'+' | b'-' | b'*'
            | b'/' | b'%' | b'<' | b'>' | b'=' => Class::Operator,
            b'(' | b')' | b'[' | b']' | b',' | b';' => Class::Symbol,
            b'.' => Class::Dot,
            b':' => Class::Colon,
            b'\'' => Class::Quote,
            b'"' => Class::DoubleQuote,
            _ => Class::Stray,
        };
        byte += 1;
    }
    table
}

/// A token's kind and the offset behind it.
type Cut = Result<(TokenKind, usize), LexError>;

#[derive(Clone, Copy)]
struct Scanner<'a> {
    text: &'a [u8],
    strings: StandardStrings,
    run: Run,
}

impl Scanner<'_> {
    /// The byte at `at`; 0, which no message can hold, behind the end.
    fn peek(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(0)
    }

    fn token(&mut self, at: usize) -> Cut {
        let byte = self.text[at];
        match CLASS[byte as usize] {
            Class::Letter => self.word(at),
            Class::Digit => self.number(at),
            Class::Dollar => self.dollar(at),
            Class::Operator => self.operator(at),
            Class::Symbol => Ok((TokenKind::Symbol(byte), at + 1)),
            Class::Dot => self.dot(at),
            Class::Colon => Ok(match self.peek(at + 1) {
                b':' => (TokenKind::Typecast, at + 2),
                b'=' => (TokenKind::ColonEquals, at + 2),
                _ => (TokenKind::Symbol(b':'), at + 1),
            }),
            Class::Quote => self.plain_string(at, at),
            Class::DoubleQuote => self.quoted_name(at, at + 1, TokenKind::QuotedName),
            Class::Stray => Ok((TokenKind::Stray, at + 1)),
        }
    }

    /// An identifier, or the string whose prefix it looks like.
    fn word(&self, at: usize) -> Cut {
        match (self.text[at], self.peek(at + 1)) {
            (b'e' | b'E', b'\'') => return self.escape_string(at, at + 1),
            (b'b' | b'B' | b'x' | b'X', b'\'') => return self.bit_string(at),
            (b'n' | b'N', b'\'') => return self.plain_string(at, at + 1),
            (b'u' | b'U', b'&') => match self.peek(at + 2) {
                b'\'' => return self.unicode_string(at),
                b'"' => return self.quoted_name(at, at + 3, TokenKind::UnicodeName),
                _ => {}
            },
            _ => {}
        }
        let rest = &self.text[at..];
        let length = rest
            .iter()
            .position(|&byte| !continues_name(byte))
            .unwrap_or(rest.len());
        Ok((TokenKind::Word, at + length))
    }

    fn dot(&self, at: usize) -> Cut {
        match self.peek(at + 1) {
            b'0'..=b'9' => self.number(at),
            b'.' => Ok((TokenKind::DotDot, at + 2)),
            _ => Ok((TokenKind::Symbol(b'.'), at + 1)),
        }
    }

    /// An operator or a comment. An operator stops where a comment begins inside it, and ends in
    /// `+` or `-` only if it holds a character that no operator of the SQL standard has.
    fn operator(&mut self, at: usize) -> Cut {
        match (self.text[at], self.peek(at + 1)) {
            (b'-', b'-') => return Ok(self.line_comment(at)),
            (b'/', b'*') => return self.block_comment(at),
            _ => {}
        }
        if at >= self.run.end {
            self.run = self.measure(at);
        }
        let run = self.run;
        let beyond_standard = run.last_special.is_some_and(|special| special >= at);
        let end = if beyond_standard {
            run.end
        } else {
            run.signs_from.max(at + 1)
        };
        Ok((TokenKind::Operator, end))
    }

    /// The characters of operators from `at` on, up to a comment.
    fn measure(&self, at: usize) -> Run {
        let mut run = Run {
            end: at,
            signs_from: at,
            last_special: None,
        };
        while CLASS[self.peek(run.end) as usize] == Class::Operator {
            let byte = self.text[run.end];
            if matches!((byte, self.peek(run.end + 1)), (b'-', b'-') | (b'/', b'*')) {
                break;
            }
            if b"~!@#^&|`?%".contains(&byte) {
                run.last_special = Some(run.end);
            }
            run.end += 1;
            if !matches!(byte, b'+' | b'-') {
                run.signs_from = run.end;
            }
        }
        run
    }
}

/// Characters of operators side by side, which may be several operators: measured once, or a
/// long run of signs would be read again for each of them.
#[derive(Clone, Copy, Default)]
struct Run {
    end: usize,
    /// Where the signs that it ends in begin.
    signs_from: usize,
    /// The last character that no operator of the SQL standard has.
    last_special: Option<usize>,
}

#[cfg(test)]
pub(crate) mod tests;
