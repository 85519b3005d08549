//! A text without the values that no rule looks at, so that one verdict holds for all texts which
//! differ in nothing else.
//!
//! The shape is a text itself, `0` in the place of a number and `''` in that of a string: what is
//! decided of it holds of the text. A value stays where somebody may look at it: behind a word
//! (`LIMIT 5`), before a cast, in a list behind BY, as the argument of a function when it is a
//! string. A text has no shape where a byte could mean something else than it seems to: comments, escapes, dollar quotes,
//! strings side by side, semicolons in the middle.

use memchr::memchr;
use memchr::memchr2_iter;

use super::session_limit;
use crate::sql::lexer::begins_name;
use crate::sql::lexer::continues_name;
use crate::sql::lexer::is_space;

/// Longer texts hold more than a few values: two of them seldom have one shape.
const LONGEST: usize = 2048;

/// Digits of a number that may be left out: it fits wherever an integer is read.
const MOST_DIGITS: usize = 18;

/// A shape; its memory is used again for the next text.
#[derive(Debug, Default)]
pub(super) struct Shape {
    bytes: Vec<u8>,
    values: Vec<Value>,
}

/// A value that was left out.
#[derive(Debug, Clone, Copy)]
struct Value {
    /// Behind what stands for it, in the shape.
    end: usize,
    /// How many bytes longer it is.
    longer: usize,
}

impl Shape {
    /// Becomes the shape of `text`; the text itself when it has none.
    pub(super) fn become_of(&mut self, text: &[u8]) {
        self.bytes.clear();
        self.values.clear();
        if text.len() > LONGEST || !begins_statement(text) || self.read(text).is_none() {
            self.bytes.clear();
            self.values.clear();
            self.bytes.extend_from_slice(text);
        }
    }

    /// The shape as a text.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A place of the shape in the text; what is left out ends before it.
    pub(super) fn place(&self, at: usize) -> usize {
        let before = self.values.iter().take_while(|value| value.end <= at);
        at + before.map(|value| value.longer).sum::<usize>()
    }

    /// `None` when `text` has no shape.
    fn read(&mut self, text: &[u8]) -> Option<()> {
        let mut copied = 0;
        let mut at = 0;
        let mut places = None;
        while let Some(next) = text[at..].iter().position(|&byte| TELLS[usize::from(byte)]) {
            at += next;
            let (end, stands_for_it): (_, &[u8]) = match text[at] {
                b'0'..=b'9' => {
                    let end = digits_end(text, at);
                    let mut may_be_place = || {
                        is_listed(text, at)
                            && at > *places.get_or_insert_with(|| places_begin(text))
                    };
                    (
                        end,
                        if stands_alone(text, at, end) && !may_be_place() {
                            b"0"
                        } else {
                            b""
                        },
                    )
                }
                b'\'' => {
                    let end = string_end(text, at)?;
                    (
                        end,
                        if is_compared(text, at, end) {
                            b"''"
                        } else {
                            b""
                        },
                    )
                }
                b'"' => (at + 2 + memchr(b'"', &text[at + 1..])?, b""),
                _ => (is_what_it_seems(text, at).then_some(at + 1)?, b""),
            };
            if !stands_for_it.is_empty() {
                self.leave_out(&text[copied..at], end - at, stands_for_it);
                copied = end;
            }
            at = end;
        }
        self.bytes.extend_from_slice(&text[copied..]);
        Some(())
    }

    /// `kept` and, for a value of so many bytes, what stands for it.
    fn leave_out(&mut self, kept: &[u8], length: usize, stands_for_it: &[u8]) {
        self.bytes.extend_from_slice(kept);
        self.bytes.extend_from_slice(stands_for_it);
        self.values.push(Value {
            end: self.bytes.len(),
            longer: length - stands_for_it.len(),
        });
    }
}

/// The text begins with a word whose statements hold values that nobody looks at; SET does not.
fn begins_statement(text: &[u8]) -> bool {
    const WORDS: [&[u8]; 5] = [b"select", b"insert", b"update", b"delete", b"with"];
    WORDS.iter().any(|word| {
        text.get(..word.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(word))
            && text.get(word.len()).is_some_and(|&byte| is_space(byte))
    })
}

/// Bytes at which a value begins, or something in which none does.
const TELLS: [bool; 256] = {
    let mut tells = [false; 256];
    let bytes = b"0123456789'\"-/\\$;";
    let mut index = 0;
    while index < bytes.len() {
        tells[bytes[index] as usize] = true;
        index += 1;
    }
    tells
};

/// The byte at `at` does not change the meaning of bytes behind it, and no statement follows it.
fn is_what_it_seems(text: &[u8], at: usize) -> bool {
    let rest = &text[at + 1..];
    match (text[at], rest.first()) {
        (b'-', Some(b'-')) | (b'/', Some(b'*')) | (b'\\', _) => false,
        (b'$', next) => next.is_some_and(u8::is_ascii_digit),
        (b';', _) => rest.iter().all(|&byte| is_space(byte)),
        _ => true,
    }
}

/// What stands before `at`, without white space.
fn before(text: &[u8], at: usize) -> &[u8] {
    let spaces = text[..at].iter().rev().take_while(|&&byte| is_space(byte));
    &text[..at - spaces.count()]
}

fn digits_end(text: &[u8], at: usize) -> usize {
    let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit());
    at + digits.count()
}

/// The digits from `at` to `end` are an integer behind an operator, a comma or a parenthesis.
fn stands_alone(text: &[u8], at: usize, end: usize) -> bool {
    let follows = matches!(
        before(text, at).last(),
        Some(b'=' | b'<' | b'>' | b'+' | b'-' | b'*' | b'/' | b'(' | b',')
    );
    let goes_on = text
        .get(end)
        .is_some_and(|&byte| continues_name(byte) || byte == b'.');
    follows && !goes_on && end - at <= MOST_DIGITS && !is_cast(text, end)
}

/// The number at `at` is one of a list, or the first thing in a parenthesis.
fn is_listed(text: &[u8], at: usize) -> bool {
    matches!(before(text, at).last(), Some(b'(' | b','))
}

/// From where on a number in a list may be a place in the select list, which is looked at: behind BY
/// or DISTINCT ON.
fn places_begin(text: &[u8]) -> usize {
    let by = words(text, b"by").next();
    let on = words(text, b"distinct").find(|&end| {
        let spaces = text[end..].iter().take_while(|&&byte| is_space(byte));
        let next = &text[end + spaces.count()..];
        next.get(..2)
            .is_some_and(|word| word.eq_ignore_ascii_case(b"on"))
    });
    by.into_iter().chain(on).min().unwrap_or(usize::MAX)
}

/// The ends of `word`, which is in lower case, wherever it stands in `text`.
fn words<'a>(text: &'a [u8], word: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let first = word[0];
    let begins = memchr2_iter(first, first.to_ascii_uppercase(), text);
    begins.filter_map(move |begin| {
        let end = begin + word.len();
        let is_word = text.get(begin..end)?.eq_ignore_ascii_case(word);
        let goes_on = |byte: Option<&u8>| byte.is_some_and(|&byte| continues_name(byte));
        let stands_alone = !goes_on(text[..begin].last()) && !goes_on(text.get(end));
        (is_word && stands_alone).then_some(end)
    })
}

/// The end of the string whose quote is at `at`; `None` for one with a prefix, with escapes or that
/// may go on.
fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let has_prefix = text[..at]
        .last()
        .is_some_and(|&byte| continues_name(byte) || byte == b'"');
    if has_prefix || before(text, at).last() == Some(&b'\'') {
        return None;
    }
    let inside = at + 1;
    let length = memchr(b'\'', &text[inside..])?;
    let end = inside + length + 1;
    let next = text.get(end).copied().unwrap_or(0);
    let goes_on = next == b'\'' || next.is_ascii_digit() || begins_name(next);
    let has_escape = memchr(b'\\', &text[inside..end]).is_some();
    (!goes_on && !has_escape).then_some(end)
}

/// The string from `at` to `end`, its quotes included, is what something is compared with or set
/// to, and is nothing but printable ASCII.
fn is_compared(text: &[u8], at: usize, end: usize) -> bool {
    let is_operator = |byte: &u8| b"~!@#^&|`?+-*/%<>=:".contains(byte);
    let before = before(text, at);
    let operands = before.iter().rposition(|byte| !is_operator(byte));
    let operator = &before[operands.map_or(0, |last| last + 1)..];
    let compares = matches!(operator, b"=" | b"<>" | b"!=" | b"<" | b">" | b"<=" | b">=");
    let inside = &text[at + 1..end - 1];
    compares
        && inside.iter().all(|byte| (b' '..=b'~').contains(byte))
        && !is_cast(text, end)
        && !session_limit::mentions(inside, b"row_limit")
        && !names_a_setting(text, before.len() - operator.len())
}

/// What a string is compared with at `end` may be the `name` in `SELECT set_config(name, …) … WHERE
/// name = '…'`: which setting is changed there is looked at.
fn names_a_setting(text: &[u8], end: usize) -> bool {
    let compared = before(text, end);
    let is_name = compared
        .len()
        .checked_sub(NAME.len())
        .is_some_and(|start| compared[start..].eq_ignore_ascii_case(NAME));
    is_name && holds(text, b"set_config")
}

/// A column of `pg_settings`.
const NAME: &[u8] = b"name";

fn holds(text: &[u8], word: &[u8]) -> bool {
    let mut windows = text.windows(word.len());
    windows.any(|window| window.eq_ignore_ascii_case(word))
}

/// A cast stands at `at`, perhaps behind white space.
fn is_cast(text: &[u8], at: usize) -> bool {
    let mut rest = text[at..].iter();
    rest.find(|&&byte| !is_space(byte)) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> String {
        let mut shape = Shape::default();
        shape.become_of(text.as_bytes());
        String::from_utf8(shape.bytes).expect("a shape of UTF-8")
    }

    #[test]
    fn values_that_nobody_looks_at_are_left_out() {
        for (text, expected) in [
            (
                "SELECT abalance FROM pgbench_accounts WHERE aid = 4711;",
                "SELECT abalance FROM pgbench_accounts WHERE aid = 0;",
            ),
            (
                "select f(1, 22), a1 from t2 where a <= 'x' and b = '' limit 5",
                "select f(0, 0), a1 from t2 where a <= '' and b = '' limit 5",
            ),
            (
                "update t set a = a + 12, b = 'x' where id in (1,2)",
                "update t set a = a + 0, b = '' where id in (0,0)",
            ),
            (
                "select \"a = 'x'\" from t where b = 'x'",
                "select \"a = 'x'\" from t where b = ''",
            ),
        ] {
            assert_eq!(shape(text), expected);
        }
    }

    #[test]
    fn values_that_somebody_may_look_at_stay() {
        for text in [
            "select * from t limit 10",
            "select * from t fetch first 10 rows only",
            "select set_config('a.b', 'x', true)",
            "select f(a => 'x'), f(a := 'x')",
            "select a from t where b = 'lo_import'::regproc",
            "select a from t where b = 'x' :: text or b = 12::text",
            "select date '2026-01-01', 1.5, 0x1f, 1e5, $1, a1, a.1, _2",
            "select a from t where b = 1234567890123456789",
            "select a from t where b = 'é'",
            "select a ->> 'b', 'c' || 'd'",
            "set client_encoding = 'SJIS'",
            "fetch 5 from c",
            "select a, b from t order by a, 2 desc",
            "select a, b from t group by (1), 2",
            "select distinct on (1) a, b from t",
            "select set_config(name, 'a', true) from pg_settings where name = 'b'",
            "update pg_settings set setting = now() where name = 'pgparley.row_limit'",
            "select SET_CONFIG(NAME, 'a', true) from pg_settings where NAME='b'",
        ] {
            assert_eq!(shape(text), text);
        }
    }

    #[test]
    fn text_that_may_not_be_what_it_seems_has_no_shape() {
        for text in [
            "select 1 where a = 5 -- 'b'",
            "select 1 where a = 5 /* b */",
            "select 1 where a = 5 and b = 'c\\'",
            "select 1 where a = 5 and b = E'c'",
            "select 1 where a = 5 and b = 'c'\n'd'",
            "select 1 where a = 5 and b = 'c''d'",
            "select 1 where a = 5 and b = $$c$$",
            "select 1 where a = 5; select 2",
            "select 1 where a = 5 and b = 'c",
            "select 1 where a = 5 and b = \"c",
        ] {
            assert_eq!(shape(text), text);
        }
    }

    #[test]
    fn place_behind_a_value_is_one_of_the_text() {
        let text = "select 1 where a = 4711 and b = 'x' and c = 1";
        let mut shape = Shape::default();
        shape.become_of(text.as_bytes());
        for word in ["where", "and b", "and c"] {
            let place = memchr::memmem::find(shape.bytes(), word.as_bytes()).expect("a word");
            assert_eq!(text.find(word), Some(shape.place(place)));
        }
        assert_eq!(shape.place(shape.bytes().len()), text.len());
    }
}
