//! Texts and identifiers as words: `orderItems_2024` has three.

/// Words that say how to ask, not what about.
const STOP: [&str; 117] = [
    "a", "about", "above", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be",
    "been", "being", "between", "both", "but", "by", "can", "could", "did", "do", "does", "down",
    "each", "either", "every", "find", "for", "from", "get", "give", "had", "has", "have",
    "having", "he", "her", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just",
    "less", "let", "list", "many", "me", "more", "most", "much", "my", "no", "nor", "not", "of",
    "on", "only", "or", "order", "other", "our", "out", "over", "per", "please", "return", "same",
    "say", "see", "she", "should", "show", "so", "some", "such", "tell", "than", "that", "the",
    "their", "them", "then", "there", "these", "they", "this", "those", "through", "to", "too",
    "top", "under", "up", "us", "using", "very", "was", "we", "were", "what", "which", "while",
    "whom", "whose", "will", "with", "within", "would", "you", "your",
];

/// Whether a word of a question, in lower case, says nothing about what it is about.
pub(super) fn is_stop(word: &str) -> bool {
    STOP.binary_search(&word).is_ok()
}

/// Calls `take` with each word of a text or an identifier in lower case.
///
/// Words end where letters do, at a hump, where figures begin, and before the last capital of
/// several: `HTTPServer2` is `http`, `server`, `2`.
pub(super) fn each_word(text: &str, mut take: impl FnMut(&str)) {
    let mut word = String::new();
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let next_is_small = rest.peek().is_some_and(|next| next.is_lowercase());
        let humps = character.is_uppercase()
            && (before.is_lowercase() || (before.is_uppercase() && next_is_small));
        let turns = before.is_numeric() != character.is_numeric();
        if (humps || turns || !character.is_alphanumeric()) && !word.is_empty() {
            take(&word);
            word.clear();
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        }
        before = character;
    }
    if !word.is_empty() {
        take(&word);
    }
}

/// The words of `text`, in their order.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    each_word(text, |word| words.push(word.to_owned()));
    words
}

#[cfg(test)]
mod tests {
    use super::STOP;
    use super::words;

    #[test]
    fn identifiers_are_taken_apart() {
        assert_eq!(
            words("orderItems_2024 ÅrsKode"),
            ["order", "items", "2024", "års", "kode"]
        );
        assert_eq!(words("HTTPServer2"), ["http", "server", "2"]);
        assert_eq!(words("CUSTOMERS"), ["customers"]);
    }

    #[test]
    fn stop_words_can_be_searched() {
        assert!(STOP.is_sorted());
    }
}
