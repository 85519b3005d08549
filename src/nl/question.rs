//! A question as it is translated and remembered: one line of text, checked.

use std::sync::Arc;

use super::Cannot;
use super::Reason;

/// Characters that a question may have.
pub const MAX_CHARACTERS: usize = 2000;

/// One question, its white space made plain. Equal questions are equal values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    text: Arc<str>,
    parameters: Arc<[u32]>,
}

impl Question {
    /// Takes the text of a question and the type oids that `Parse` declared for its `$1`, `$2`, …
    /// (0 where it left the type open; empty in the simple protocol).
    ///
    /// Runs of white space become one space. Text that is empty, too long or holds control
    /// characters is no question.
    pub fn new(text: &str, parameters: &[u32]) -> Result<Self, Cannot> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            return Err(Cannot::new(Reason::NotAnswerable, "the question is empty")
                .hinted("Write it after the colon: nl: how many orders are there"));
        }
        let characters = text.chars().count();
        if characters > MAX_CHARACTERS {
            let message = format!("the question has more than {MAX_CHARACTERS} characters");
            return Err(Cannot::new(Reason::TooLong, message)
                .detailed(format!("It has {characters} characters."))
                .hinted("Ask a shorter question, or several."));
        }
        if text.chars().any(char::is_control) {
            let message = "the question holds a control character";
            return Err(
                Cannot::new(Reason::NotAnswerable, message).hinted("Write it as plain text.")
            );
        }
        Ok(Self {
            text: text.into(),
            parameters: parameters.into(),
        })
    }

    /// The text, on one line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The type oids of its parameters, 0 where the type is open.
    pub fn parameters(&self) -> &[u32] {
        &self.parameters
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::MAX_CHARACTERS;
    use super::Question;
    use crate::nl::Reason;

    fn reason(text: &str) -> Reason {
        Question::new(text, &[]).expect_err("no question").reason
    }

    #[test]
    fn white_space_does_not_tell_questions_apart() {
        let plain = Question::new("top 5 customers", &[]);
        assert_eq!(Question::new("  top\t5\n\u{a0} customers ", &[]), plain);
        assert_ne!(Question::new("top 6 customers", &[]), plain);
        assert_ne!(Question::new("top 5 customers", &[23]), plain);
    }

    #[test]
    fn an_empty_question_is_refused() {
        assert_eq!(reason(" \n "), Reason::NotAnswerable);
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert!(Question::new(&"å".repeat(MAX_CHARACTERS), &[]).is_ok());
        assert_eq!(reason(&"å".repeat(MAX_CHARACTERS + 1)), Reason::TooLong);
    }

    #[test]
    fn control_characters_are_refused() {
        assert_eq!(reason("count \u{1b}[2J orders"), Reason::NotAnswerable);
        assert_eq!(reason("count \0 orders"), Reason::NotAnswerable);
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in "\\PC{0,80}") {
            if let Ok(once) = Question::new(&text, &[]) {
                prop_assert_eq!(Question::new(once.text(), &[]), Ok(once));
            }
        }
    }
}
