//! Outside text made fit to stand on one line of a prompt, a notice or an error.

/// `text` on one line: white space and control characters become single spaces, and what is
/// longer than `max` characters ends in `…`.
pub(super) fn one_line(text: &str, max: usize) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words = words.filter(|word| !word.is_empty());
    let mut line = String::new();
    let mut length = 0;
    for word in words {
        for character in (!line.is_empty())
            .then_some(' ')
            .into_iter()
            .chain(word.chars())
        {
            if length == max {
                return cut(line);
            }
            line.push(character);
            length += 1;
        }
    }
    line
}

/// `line`, which is full, with `…` in place of its end.
fn cut(mut line: String) -> String {
    line.pop();
    line.truncate(line.trim_end().len());
    line.push('…');
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::one_line;

    #[test]
    fn white_space_and_control_characters_become_single_spaces() {
        assert_eq!(one_line(" a\r\n\tb\u{1b}[31m  c ", 80), "a b [31m c");
    }

    #[test]
    fn what_is_too_long_ends_in_an_ellipsis() {
        assert_eq!(one_line("one two three", 8), "one two…");
        assert_eq!(one_line("one two three", 9), "one two…");
        assert_eq!(one_line("one two three", 10), "one two t…");
        assert_eq!(one_line("one two", 3), "on…");
        assert_eq!(one_line("one two three", 13), "one two three");
    }

    proptest! {
        #[test]
        fn a_line_is_never_longer_than_asked(text in ".{0,60}", max in 1_usize..30) {
            let line = one_line(&text, max);
            prop_assert!(line.chars().count() <= max);
            prop_assert!(!line.chars().any(char::is_control));
        }
    }
}
