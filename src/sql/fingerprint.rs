//! Tells statements apart by what they are, whatever values they hold.

use super::lexer::StandardStrings;
use super::lexer::Token;
use super::lexer::TokenKind;
use super::lexer::lex;
use super::tokens::Tokens;

/// A number that is equal for texts which differ in literals, parameters, comments, white space and
/// the case of their words only; lists of values count as one. `None` for a text without tokens.
/// It stays the same from one process to the next.
pub fn fingerprint(text: &[u8]) -> Option<u64> {
    let mut tokens = lex(text, StandardStrings::On).ok()?;
    tokens.retain(|token| !token.is_comment());
    Some(of_tokens(Tokens::new(text, &tokens)))
}

/// As [`fingerprint`], of a text that these are all tokens of.
pub fn of_tokens(tokens: Tokens<'_>) -> u64 {
    let text = tokens.text();
    let mut hash = Hash::default();
    let mut last = Last::Other;
    for token in tokens.as_slice() {
        last = match (is_value(token), last) {
            (true, Last::Comma) => Last::Value,
            (true, _) => {
                hash.put(b"?");
                Last::Value
            }
            (false, Last::Value) if token.kind == TokenKind::Symbol(b',') => Last::Comma,
            (false, last) => {
                if last == Last::Comma {
                    hash.put(b",");
                }
                hash.put_word(token, text);
                Last::Other
            }
        };
    }
    hash.0
}

/// What the last token was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Value,
    /// A comma behind a value.
    Comma,
    Other,
}

fn is_value(token: &Token) -> bool {
    matches!(
        token.kind,
        TokenKind::String
            | TokenKind::EscapeString
            | TokenKind::BitString
            | TokenKind::UnicodeString
            | TokenKind::DollarString
            | TokenKind::Number
            | TokenKind::Parameter
    )
}

/// FNV-1a of 64 bits: <https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>.
struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    fn put(&mut self, bytes: &[u8]) {
        for &byte in bytes.iter().chain(b" ") {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn put_word(&mut self, token: &Token, text: &[u8]) {
        let bytes = token.of(text);
        if token.kind == TokenKind::Word {
            self.put(&bytes.to_ascii_lowercase());
        } else {
            self.put(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_do_not_tell_statements_apart() {
        let first = fingerprint(b"SELECT a FROM t WHERE b = 'secret' AND c IN (1, 2)");
        assert_eq!(
            first,
            fingerprint(b"select a from t /* x */ where b = $1 and c in ($2)")
        );
        assert_eq!(
            first,
            fingerprint(b"SELECT a FROM t WHERE b=E'x' AND c IN (1,2,3,4)")
        );
    }

    #[test]
    fn names_do() {
        let first = fingerprint(b"SELECT a FROM t");
        for other in [
            "SELECT b FROM t",
            "SELECT a FROM \"T\"",
            "SELECT a, 1 FROM t",
            "SELECT 1, a FROM t",
        ] {
            assert_ne!(first, fingerprint(other.as_bytes()), "{other}");
        }
        assert_eq!(fingerprint(b"SELECT 'a"), None);
    }
}
