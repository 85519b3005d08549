//! Words that are used for one another: `client` and `customer`.

use std::collections::HashMap;
use std::sync::LazyLock;

use rust_stemmers::Algorithm;
use rust_stemmers::Stemmer;

/// A circle of words a line; `#` begins a comment.
const CIRCLES: &str = include_str!("related.txt");

/// Each stem with those of the words used for it.
static RELATED: LazyLock<HashMap<String, Vec<String>>> = LazyLock::new(|| {
    let stemmer = Stemmer::create(Algorithm::English);
    let mut related: HashMap<String, Vec<String>> = HashMap::new();
    for line in CIRCLES.lines().filter(|line| !line.starts_with('#')) {
        let stems: Vec<String> = line
            .split_whitespace()
            .map(|word| stemmer.stem(word).into_owned())
            .collect();
        for stem in &stems {
            let others = stems.iter().filter(|other| *other != stem);
            let known = related.entry(stem.clone()).or_default();
            known.extend(others.cloned());
        }
    }
    related
});

/// The stems of words that are used for the one with this `stem`.
pub(super) fn related(stem: &str) -> &'static [String] {
    RELATED.get(stem).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::related;

    #[test]
    fn words_of_one_circle_are_related_both_ways() {
        assert!(related("client").contains(&"custom".to_owned()));
        assert!(related("custom").contains(&"client".to_owned()));
        assert!(!related("client").contains(&"client".to_owned()));
        assert!(related("sprocket").is_empty());
    }
}
