//! Figures written as words: `ten`, `a hundred thousand`, `1.5 million`.

use super::words::Form;
use super::words::Word;
use super::words::scaled;

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
const POWERS: [(&str, usize); 4] = [
    ("hundred", 2),
    ("thousand", 3),
    ("million", 6),
    ("billion", 9),
];

/// A number at the front of `words`: how many words it takes, and its digits.
pub(super) fn read(words: &[Word]) -> Option<(usize, String)> {
    let first = words.first()?;
    let (mut taken, mut digits) = match first.form {
        Form::Number => (1, first.text.clone()),
        Form::Plain | Form::Capital => spoken(words)?,
        _ => return None,
    };
    while let Some(power) = words.get(taken).and_then(power) {
        digits = scaled(&digits, power);
        taken += 1;
    }
    Some((taken, digits))
}

fn power(word: &Word) -> Option<usize> {
    POWERS
        .iter()
        .find(|(name, _)| *name == word.lower)
        .map(|(_, power)| *power)
}

fn spoken(words: &[Word]) -> Option<(usize, String)> {
    let first = words.first()?.lower.as_str();
    if matches!(first, "a" | "one") && words.get(1).and_then(power).is_some() {
        return Some((1, "1".to_owned()));
    }
    if first == "single" {
        return Some((1, "1".to_owned()));
    }
    if let Some(value) = small(first) {
        return Some((1, value.to_string()));
    }
    let tens = TENS
        .iter()
        .position(|name| !name.is_empty() && *name == first)?
        * 10;
    match words.get(1).and_then(|word| small(&word.lower)) {
        Some(ones @ 1..=9) => Some((2, (tens + ones).to_string())),
        _ => Some((1, tens.to_string())),
    }
}

fn small(word: &str) -> Option<usize> {
    SMALL.iter().position(|name| *name == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nl::builtin::words::split;

    fn digits(text: &str) -> Option<String> {
        read(&split(text)).map(|(_, digits)| digits)
    }

    #[test]
    fn spoken_numbers_are_read() {
        assert_eq!(digits("twenty one"), Some("21".to_owned()));
        assert_eq!(digits("a hundred thousand"), Some("100000".to_owned()));
        assert_eq!(digits("1.5 million"), Some("1500000".to_owned()));
        assert_eq!(digits("a customer"), None);
    }
}
