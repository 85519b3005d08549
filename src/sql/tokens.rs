//! A run of significant tokens, read by keyword without allocation.

use std::borrow::Cow;

use super::lexer::Token;
use super::lexer::TokenKind;

/// Tokens of one statement or a part of it, comments left out, with the text they are of.
#[derive(Debug, Clone, Copy)]
pub struct Tokens<'a> {
    text: &'a [u8],
    tokens: &'a [Token],
}

impl<'a> Tokens<'a> {
    /// `tokens` of `text`.
    pub fn new(text: &'a [u8], tokens: &'a [Token]) -> Self {
        Self { text, tokens }
    }

    /// The whole text that offsets count in.
    pub fn text(&self) -> &'a [u8] {
        self.text
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The token at `index`.
    pub fn get(&self, index: usize) -> Option<Token> {
        self.tokens.get(index).copied()
    }

    /// The last token.
    pub fn last(&self) -> Option<Token> {
        self.tokens.last().copied()
    }

    /// The tokens as they are.
    pub fn as_slice(&self) -> &'a [Token] {
        self.tokens
    }

    /// The tokens from `from` on; none when there are fewer.
    #[must_use]
    pub fn from(&self, from: usize) -> Self {
        Self {
            text: self.text,
            tokens: self.tokens.get(from..).unwrap_or(&[]),
        }
    }

    /// The tokens from `from` up to `to`; none when that is no range.
    #[must_use]
    pub fn between(&self, from: usize, to: usize) -> Self {
        Self {
            text: self.text,
            tokens: self.tokens.get(from..to).unwrap_or(&[]),
        }
    }

    /// The text from the first of them to the last, what stands between them included.
    pub fn written(&self) -> &'a [u8] {
        match (self.get(0), self.last()) {
            (Some(first), Some(last)) => &self.text[first.start as usize..last.end as usize],
            _ => &[],
        }
    }

    /// The bytes of the token at `index`; empty when there is none.
    pub fn bytes(&self, index: usize) -> &'a [u8] {
        self.get(index).map_or(&[], |token| token.of(self.text))
    }

    /// The token at `index` is the unquoted word `word` (in lower case), in any case.
    pub fn is_word(&self, index: usize, word: &str) -> bool {
        self.get(index)
            .is_some_and(|token| token.is_word(self.text, word))
    }

    /// The unquoted word at `index` in lower case; [`Keyword::NONE`] when it is anything else.
    pub fn keyword(&self, index: usize) -> Keyword {
        match self.get(index) {
            Some(token) if token.kind == TokenKind::Word => Keyword::new(token.of(self.text)),
            _ => Keyword::NONE,
        }
    }

    /// The token at `index` is this one of `( ) [ ] , ; : .`.
    pub fn is_symbol(&self, index: usize, symbol: u8) -> bool {
        self.get(index)
            .is_some_and(|token| token.kind == TokenKind::Symbol(symbol))
    }

    /// The token at `index` can be a name that is no keyword for sure: a word or quoted.
    pub fn is_name(&self, index: usize) -> bool {
        self.get(index).is_some_and(|token| {
            matches!(
                token.kind,
                TokenKind::Word | TokenKind::QuotedName | TokenKind::UnicodeName
            )
        })
    }

    /// The name at `index` as PostgreSQL stores it: unquoted ones in lower case, quoted ones as they
    /// are. `None` for anything else, for names with Unicode escapes and such that are not UTF-8.
    pub fn name(&self, index: usize) -> Option<Cow<'a, str>> {
        let token = self.get(index)?;
        let bytes = token.of(self.text);
        match token.kind {
            TokenKind::Word => {
                let word = std::str::from_utf8(bytes).ok()?;
                let is_lower = !bytes.iter().any(u8::is_ascii_uppercase);
                Some(if is_lower {
                    word.into()
                } else {
                    word.to_ascii_lowercase().into()
                })
            }
            TokenKind::QuotedName => {
                let inside = std::str::from_utf8(&bytes[1..bytes.len() - 1]).ok()?;
                let doubled = inside.contains('"');
                Some(if doubled {
                    inside.replace("\"\"", "\"").into()
                } else {
                    inside.into()
                })
            }
            _ => None,
        }
    }

    /// The word at `index` is a label or part of a qualified name, not a keyword: it stands after
    /// `AS` or a dot. An `as` may be such a label itself: `SELECT t.as AS as INTO x`.
    pub fn is_label(&self, index: usize) -> bool {
        /// As many as a statement can have side by side.
        const MOST_AS: usize = 3;
        let Some(before) = index.checked_sub(1) else {
            return false;
        };
        if !self.is_word(before, "as") {
            return self.is_symbol(before, b'.');
        }
        let run = (0..=MOST_AS)
            .take_while(|back| before >= *back && self.is_word(before - back, "as"))
            .count();
        let follows_dot = index > run && self.is_symbol(index - run - 1, b'.');
        run <= MOST_AS && (run % 2 == 1) != follows_dot
    }

    /// The index of the parenthesis that closes the one at `open`.
    pub fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for index in open..self.len() {
            if self.is_symbol(index, b'(') {
                depth += 1;
            } else if self.is_symbol(index, b')') {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index);
                }
            }
        }
        None
    }

    /// The tokens inside all parentheses that enclose every one of them.
    #[must_use]
    pub fn unwrapped(self) -> Self {
        let count = self.len();
        let open = (0..count)
            .take_while(|&index| self.is_symbol(index, b'('))
            .count();
        let close = (0..count)
            .rev()
            .take_while(|&index| self.is_symbol(index, b')'))
            .count();
        // A leading parenthesis that closes before the tail encloses only a part.
        let (mut depth, mut lowest) = (open, open.min(close));
        for index in open..count.saturating_sub(close) {
            if self.is_symbol(index, b'(') {
                depth += 1;
            } else if self.is_symbol(index, b')') {
                depth = depth.saturating_sub(1);
                lowest = lowest.min(depth);
            }
        }
        self.between(lowest, count - lowest)
    }
}

/// An unquoted word in lower case, short enough to be one of PostgreSQL's keywords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keyword {
    bytes: [u8; Self::LONGEST],
    length: u8,
}

impl Keyword {
    /// `current_timestamp` and `session_authorization`-like words fit.
    const LONGEST: usize = 24;

    /// No keyword: something else, or nothing.
    pub const NONE: Self = Self {
        bytes: [0; Self::LONGEST],
        length: 0,
    };

    fn new(word: &[u8]) -> Self {
        let mut keyword = Self::NONE;
        if let Some(bytes) = keyword.bytes.get_mut(..word.len()) {
            bytes.copy_from_slice(word);
            bytes.make_ascii_lowercase();
            keyword.length = word.len() as u8;
        }
        keyword
    }

    /// Its letters, for `match`; empty for [`Keyword::NONE`].
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}
