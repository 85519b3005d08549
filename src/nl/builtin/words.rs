//! Cuts a question into words, numbers, quoted texts, dates and marks.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use rust_stemmers::Algorithm;
use rust_stemmers::Stemmer;

/// One word of the question.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    /// As it was written, without quotes.
    pub(super) text: String,
    /// In lower case.
    pub(super) lower: String,
    /// What it is by its form.
    pub(super) form: Form,
    /// It ends in `'s`.
    pub(super) possessive: bool,
    /// Where it stands in the question, in characters.
    pub(super) place: Range<usize>,
}

/// What a word is by its form alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Letters, possibly with digits.
    Plain,
    /// The same, beginning with a capital.
    Capital,
    /// A figure, normalised so that it can stand in SQL.
    Number,
    /// Anything in quotes.
    Quoted,
    /// `$1`.
    Parameter,
    /// `2024-01-31`.
    Date,
    /// A comma or a semicolon inside a sentence.
    Comma,
    /// The end of a sentence.
    Stop,
}

impl Word {
    fn new(text: &str, form: Form) -> Self {
        Self {
            text: text.to_owned(),
            lower: text.to_lowercase(),
            form,
            possessive: false,
            place: 0..0,
        }
    }

    /// Letters, as opposed to figures, quotes and marks.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.form, Form::Plain | Form::Capital)
    }
}

/// So many stems are remembered on each thread.
const REMEMBERED: usize = 4096;

/// Words of more bytes than this are not remembered.
const LONG: usize = 24;

thread_local! {
    /// Names of a schema consist of few words, over and over.
    static STEMS: RefCell<HashMap<String, String>> = RefCell::default();
}

/// The Porter stem of a lower-case word.
pub(super) fn stem(word: &str) -> String {
    let fresh = || Stemmer::create(Algorithm::English).stem(word).into_owned();
    if word.len() > LONG {
        return fresh();
    }
    STEMS.with_borrow_mut(|stems| {
        if let Some(stem) = stems.get(word) {
            return stem.clone();
        }
        if stems.len() >= REMEMBERED {
            stems.clear();
        }
        let stem = fresh();
        stems.insert(word.to_owned(), stem.clone());
        stem
    })
}

/// The words of a question in order.
pub(super) fn split(question: &str) -> Vec<Word> {
    let text: Vec<char> = question.chars().map(plain_quote).collect();
    let mut scanner = Scanner {
        text,
        at: 0,
        words: Vec::new(),
    };
    scanner.run();
    scanner.words
}

fn plain_quote(c: char) -> char {
    match c {
        '‘' | '’' | '`' | '´' => '\'',
        '“' | '”' | '„' | '«' | '»' => '"',
        other => other,
    }
}

struct Scanner {
    text: Vec<char>,
    at: usize,
    words: Vec<Word>,
}

impl Scanner {
    fn run(&mut self) {
        while let Some(&c) = self.text.get(self.at) {
            let (start, known) = (self.at, self.words.len());
            match c {
                '"' | '\'' if self.quoted(c) => {}
                '$' => self.dollar(),
                '0'..='9' => self.number(),
                '.' | '?' | '!' if self.peek(1) != Some('=') => self.mark(".", Form::Stop),
                ',' | ':' | ';' => self.mark(",", Form::Comma),
                '<' | '>' | '=' | '!' => self.comparison(),
                '&' => self.mark("and", Form::Plain),
                '%' => self.mark("percent", Form::Plain),
                c if c.is_alphanumeric() => self.word(),
                _ => self.at += 1,
            }
            let end = self.at;
            for word in &mut self.words[known..] {
                let shown = start + word.text.chars().count();
                word.place = start..if word.is_plain() { shown.min(end) } else { end };
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.text.get(self.at + ahead).copied()
    }

    fn mark(&mut self, text: &str, form: Form) {
        self.words.push(Word::new(text, form));
        self.at += 1;
    }

    /// Takes a quoted text; an apostrophe that closes nothing is no quote.
    fn quoted(&mut self, quote: char) -> bool {
        let follows_letter = self.at > 0 && self.text[self.at - 1].is_alphanumeric();
        if quote == '\'' && follows_letter {
            return false;
        }
        let rest = &self.text[self.at + 1..];
        let closes = |(i, c): (usize, &char)| {
            *c == quote
                && (quote == '"' || !rest.get(i + 1).is_some_and(|next| next.is_alphanumeric()))
        };
        let Some(end) = rest.iter().enumerate().position(closes) else {
            return false;
        };
        let inner: String = rest[..end].iter().collect();
        self.words.push(Word::new(
            inner.trim_end_matches([',']).trim(),
            Form::Quoted,
        ));
        self.at += end + 2;
        true
    }

    /// `$1` is a parameter, `$1,000` and `$100` are money.
    fn dollar(&mut self) {
        let digits = self.text[self.at + 1..]
            .iter()
            .take_while(|c| c.is_ascii_digit())
            .count();
        let after = self.peek(1 + digits);
        let money = matches!(after, Some(',' | '.'))
            && self.peek(2 + digits).is_some_and(|c| c.is_ascii_digit());
        if digits == 0 || digits > 2 || money || after.is_some_and(char::is_alphabetic) {
            self.at += 1;
            return;
        }
        let text: String = self.text[self.at..=self.at + digits].iter().collect();
        self.words.push(Word::new(&text, Form::Parameter));
        self.at += digits + 1;
    }

    fn number(&mut self) {
        if self.date() {
            return;
        }
        let start = self.at;
        while let Some(c) = self.peek(0) {
            let inside =
                matches!(c, ',' | '.') && self.peek(1).is_some_and(|next| next.is_ascii_digit());
            if !c.is_ascii_digit() && !inside {
                break;
            }
            self.at += 1;
        }
        let digits: String = self.text[start..self.at]
            .iter()
            .filter(|c| **c != ',')
            .collect();
        let suffix: String = self.text[self.at..]
            .iter()
            .take_while(|c| c.is_alphanumeric())
            .collect();
        self.at += suffix.chars().count();
        match suffix.to_lowercase().as_str() {
            "" | "st" | "nd" | "rd" | "th" => self.words.push(Word::new(&digits, Form::Number)),
            "k" => self
                .words
                .push(Word::new(&scaled(&digits, 3), Form::Number)),
            "m" | "mn" | "mio" => self
                .words
                .push(Word::new(&scaled(&digits, 6), Form::Number)),
            "bn" | "b" => self
                .words
                .push(Word::new(&scaled(&digits, 9), Form::Number)),
            _ => self
                .words
                .push(Word::new(&format!("{digits}{suffix}"), Form::Plain)),
        }
    }

    /// `2024-01-31`, and only that: other orders of day and month cannot be told apart.
    fn date(&mut self) -> bool {
        const SHAPE: &str = "dddd-dd-dd";
        let Some(slice) = self.text.get(self.at..self.at + SHAPE.len()) else {
            return false;
        };
        let fits = slice.iter().zip(SHAPE.chars()).all(|(c, want)| match want {
            'd' => c.is_ascii_digit(),
            other => *c == other,
        });
        if !fits || self.peek(SHAPE.len()).is_some_and(char::is_alphanumeric) {
            return false;
        }
        let text: String = slice.iter().collect();
        self.words.push(Word::new(&text, Form::Date));
        self.at += SHAPE.len();
        true
    }

    fn comparison(&mut self) {
        let text: String = self.text[self.at..]
            .iter()
            .take_while(|c| matches!(c, '<' | '>' | '=' | '!'))
            .take(2)
            .collect();
        self.at += text.len();
        self.words.push(Word::new(&text, Form::Plain));
    }

    /// A word: identifiers fall into their parts, `don't` into `do not`, `Kyle's` into `Kyle`.
    fn word(&mut self) {
        let start = self.at;
        while self.peek(0).is_some_and(char::is_alphanumeric) {
            self.at += 1;
        }
        let mut text: String = self.text[start..self.at].iter().collect();
        let possessive = self.peek(0) == Some('\'');
        if possessive {
            let tail: String = self.text[self.at + 1..]
                .iter()
                .take_while(|c| c.is_alphanumeric())
                .collect();
            self.at += 1 + tail.chars().count();
            if tail == "t" && text.ends_with('n') {
                let base = if text == "can" { 3 } else { text.len() - 1 };
                text.truncate(base);
                self.push(&text);
                "not".clone_into(&mut text);
            } else if !matches!(tail.as_str(), "s" | "" | "re" | "ve") {
                text.push('\'');
                text.push_str(&tail);
            }
        }
        self.push(&text);
        if let Some(word) = self.words.last_mut() {
            word.possessive = possessive;
        }
    }

    fn push(&mut self, text: &str) {
        let capital = text.chars().next().is_some_and(char::is_uppercase);
        self.words.push(Word::new(
            text,
            if capital { Form::Capital } else { Form::Plain },
        ));
    }
}

/// `1.5` and 6 are `1500000`: moves the decimal point without floating-point rounding.
pub(super) fn scaled(digits: &str, power: usize) -> String {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut result = whole.to_owned();
    for place in 0..power {
        result.push(fraction.chars().nth(place).unwrap_or('0'));
    }
    let rest: String = fraction.chars().skip(power).collect();
    let trimmed = result.trim_start_matches('0');
    let whole = if trimmed.is_empty() { "0" } else { trimmed };
    if rest.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{rest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(question: &str) -> Vec<String> {
        split(question).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn contractions_become_two_words() {
        assert_eq!(texts("don't"), ["do", "not"]);
        assert_eq!(texts("Kyle's id"), ["Kyle", "id"]);
    }

    #[test]
    fn quotes_of_every_kind_hold_one_text() {
        let words = split("whose name is ‘O Neil’ or \"Ada B\"");
        assert_eq!(words[3].text, "O Neil");
        assert_eq!(words[3].form, Form::Quoted);
        assert_eq!(words[5].text, "Ada B");
    }

    #[test]
    fn figures_are_normalised() {
        assert_eq!(
            texts("1,000 2k 1.5m $30,000"),
            ["1000", "2000", "1500000", "30000"]
        );
    }

    #[test]
    fn a_dollar_and_a_small_number_is_a_parameter() {
        let words = split("over $1 or $250");
        assert_eq!(words[1].form, Form::Parameter);
        assert_eq!(words[3].form, Form::Number);
    }

    #[test]
    fn identifiers_fall_into_their_parts() {
        assert_eq!(texts("customer_id"), ["customer", "id"]);
    }

    #[test]
    fn iso_dates_stay_whole() {
        assert_eq!(split("since 2024-01-31")[1].form, Form::Date);
    }
}
