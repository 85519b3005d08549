//! What an identifier says in words: `"unitPrice"` is `unit price`, `categories` are a `category`.

/// The words of an identifier in lower case: cut at marks and at changes of case.
pub fn segments(identifier: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut current = String::new();
    let mut previous: Option<char> = None;
    let mut letters = identifier.chars().peekable();
    while let Some(c) = letters.next() {
        let hump = c.is_uppercase()
            && previous.is_some_and(|p| {
                p.is_lowercase()
                    || (p.is_uppercase() && letters.peek().is_some_and(|n| n.is_lowercase()))
            });
        if (hump || !c.is_alphanumeric()) && !current.is_empty() {
            words.push(std::mem::take(&mut current));
        }
        if c.is_alphanumeric() {
            current.extend(c.to_lowercase());
        }
        previous = Some(c);
    }
    if !current.is_empty() {
        words.push(current);
    }
    words
}

/// What a lower-case word has in common with its plural or singular. No word by itself:
/// `diagnoses` and `diagnosis` are both `diagnos`, `movies` and `movie` are both `movi`.
pub fn common_form(word: &str) -> String {
    if let Some((_, singular)) = IRREGULAR.iter().find(|(plural, _)| *plural == word) {
        return common_form(singular);
    }
    if word.chars().count() < 4 {
        let short = word.strip_suffix('s').filter(|rest| rest.len() > 2);
        return short.unwrap_or(word).to_owned();
    }
    let plain = if let Some(rest) = word.strip_suffix("is") {
        rest
    } else if word.ends_with("ss") || word.ends_with("us") {
        word
    } else {
        word.strip_suffix('s').unwrap_or(word)
    };
    if plain.chars().count() < 4 {
        return plain.to_owned();
    }
    let plain = plain.strip_suffix('e').unwrap_or(plain);
    if let Some(rest) = plain.strip_suffix('y') {
        return format!("{rest}i");
    }
    if let Some(rest) = plain.strip_suffix('f') {
        return format!("{rest}v");
    }
    plain.to_owned()
}

/// Plurals that no ending tells.
const IRREGULAR: [(&str, &str); 14] = [
    ("people", "person"),
    ("children", "child"),
    ("men", "man"),
    ("women", "woman"),
    ("mice", "mouse"),
    ("feet", "foot"),
    ("teeth", "tooth"),
    ("data", "datum"),
    ("media", "medium"),
    ("criteria", "criterion"),
    ("indices", "index"),
    ("vertices", "vertex"),
    ("matrices", "matrix"),
    ("currencies", "currency"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_cut_at_marks_and_humps() {
        assert_eq!(segments("unitPrice"), ["unit", "price"]);
        assert_eq!(segments("HTTPCode_total"), ["http", "code", "total"]);
        assert_eq!(
            segments("official_ratings_(millions)"),
            ["official", "ratings", "millions"]
        );
    }

    #[test]
    fn singular_and_plural_share_their_form() {
        let pairs = [
            ("category", "categories"),
            ("movie", "movies"),
            ("box", "boxes"),
            ("address", "addresses"),
            ("status", "statuses"),
            ("diagnosis", "diagnoses"),
            ("analysis", "analyses"),
            ("house", "houses"),
            ("leaf", "leaves"),
            ("person", "people"),
            ("day", "days"),
            ("tax", "taxes"),
            ("index", "indices"),
        ];
        for (one, many) in pairs {
            assert_eq!(common_form(one), common_form(many), "{one}, {many}");
        }
    }

    #[test]
    fn different_words_keep_different_forms() {
        for (one, other) in [("state", "station"), ("course", "court"), ("user", "use")] {
            assert_ne!(common_form(one), common_form(other));
        }
    }
}
