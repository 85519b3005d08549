//! The English lexicon: a file of phrases and what they mean, read once.

use std::collections::HashMap;
use std::sync::LazyLock;

pub(super) use super::tag::Comparison;
pub(super) use super::tag::Tag;
use super::tag::tag;
use super::words::stem;

/// Which end of an order is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The greatest first.
    Max,
    /// The smallest first.
    Min,
}

/// `oldest`: an end of an order, and the columns that the word speaks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extreme {
    /// Readings, best first.
    pub(super) readings: Vec<(End, Vec<String>)>,
    /// The end when a measure is named beside the word; `None` when the word cannot take one.
    pub(super) end: Option<End>,
}

/// `older than`: a comparison with the columns that the phrase speaks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comparative {
    /// The comparison.
    pub(super) comparison: Comparison,
    /// Column names, best first.
    pub(super) columns: Vec<String>,
}

/// The whole lexicon.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    /// Phrases, their words joined by one space.
    pub(super) tags: HashMap<String, Tag>,
    /// Superlatives.
    pub(super) extremes: HashMap<String, Extreme>,
    /// Comparatives.
    pub(super) comparatives: HashMap<String, Comparative>,
    /// Words to try where a word names nothing, by stem.
    pub(super) synonyms: HashMap<String, Vec<String>>,
    /// Long forms of shortened identifiers.
    pub(super) abbreviations: HashMap<String, Vec<String>>,
    /// Nouns that say a sum by themselves.
    pub(super) sum_nouns: Vec<String>,
    /// Words that end an identifier without changing it.
    pub(super) units: Vec<String>,
    /// Words that end a table's name without changing it.
    pub(super) table_suffixes: Vec<String>,
    /// Words that begin a table's name without changing it.
    pub(super) table_prefixes: Vec<String>,
    /// Other spellings of values.
    pub(super) spellings: HashMap<String, Vec<String>>,
    /// Words in the longest phrase.
    pub(super) longest: usize,
}

/// The lexicon that is built in.
pub(super) static LEXICON: LazyLock<Lexicon> =
    LazyLock::new(|| Lexicon::read(include_str!("lexicon.txt")));

impl Lexicon {
    fn read(file: &str) -> Self {
        let mut lexicon = Self::default();
        let mut section = "";
        for line in file.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if line.starts_with('#') {
                continue;
            }
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']');
            } else if tag(section).is_none() && line.contains(" = ") {
                lexicon.pair(section, line);
            } else {
                lexicon.phrases(section, line);
            }
        }
        lexicon
    }

    fn phrases(&mut self, section: &str, line: &str) {
        for phrase in line
            .split(',')
            .map(str::trim)
            .filter(|phrase| !phrase.is_empty())
        {
            // The words of a question have lost their apostrophes by the time they are looked up.
            let phrase = phrase.replace("n't", " not").replace("'s", "");
            self.longest = self.longest.max(phrase.split(' ').count());
            match (section, tag(section)) {
                (_, Some(tag)) => drop(self.tags.insert(phrase, tag)),
                ("sum-noun", _) => self.sum_nouns.push(phrase),
                ("unit", _) => self.units.push(phrase),
                ("table-suffix", _) => self.table_suffixes.push(phrase),
                ("table-prefix", _) => self.table_prefixes.push(phrase),
                _ => unreachable!("the lexicon is part of the program and a test reads it whole"),
            }
        }
    }

    fn pair(&mut self, section: &str, line: &str) {
        let (phrase, meaning) = line.split_once(" = ").expect("the caller saw the sign");
        let words = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let phrase = phrase.to_owned();
        self.longest = self.longest.max(phrase.split(' ').count());
        match section {
            "extreme" => {
                // `the most` alone says something else than `the most expensive`.
                self.extremes
                    .insert(format!("the {phrase}"), extreme(meaning));
                self.extremes.insert(phrase, extreme(meaning));
            }
            "comparative" => {
                let columns = words(meaning).split_off(1);
                let comparison = match meaning.split(' ').next() {
                    Some("gt") => Comparison::Greater,
                    Some("lt") => Comparison::Less,
                    _ => Comparison::Equal,
                };
                self.comparatives.insert(
                    phrase,
                    Comparative {
                        comparison,
                        columns,
                    },
                );
            }
            "synonym" => drop(self.synonyms.insert(stem(&phrase), words(meaning))),
            "abbreviation" => drop(self.abbreviations.insert(phrase, words(meaning))),
            "spelling" => {
                let values = meaning
                    .split('|')
                    .map(|value| value.trim().to_owned())
                    .collect();
                self.spellings.insert(phrase, values);
            }
            _ => unreachable!("the lexicon is part of the program and a test reads it whole"),
        }
    }
}

fn extreme(meaning: &str) -> Extreme {
    let mut extreme = Extreme {
        readings: Vec::new(),
        end: None,
    };
    for reading in meaning.split('|') {
        let mut words = reading.split_whitespace().peekable();
        let end = match words.peek() {
            Some(&"max") => End::Max,
            Some(&"min") => End::Min,
            _ => extreme.end.unwrap_or(End::Max),
        };
        let columns: Vec<String> = words
            .filter(|word| !matches!(*word, "max" | "min" | "*"))
            .map(str::to_owned)
            .collect();
        if extreme.readings.is_empty() {
            extreme.end = Some(end);
        }
        extreme.readings.push((end, columns));
    }
    if !meaning.contains("* |") && !meaning.ends_with('*') {
        extreme.end = None;
    }
    extreme
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_whole() {
        assert_eq!(LEXICON.tags.get("how many"), Some(&Tag::Count));
        assert!(LEXICON.synonyms.contains_key(&stem("clients")));
        assert!(!LEXICON.units.is_empty() && !LEXICON.spellings.is_empty());
    }

    #[test]
    fn superlatives_know_their_ends() {
        let oldest = &LEXICON.extremes["oldest"];
        assert_eq!(oldest.readings[0], (End::Max, vec!["age".to_owned()]));
        assert_eq!(oldest.readings[1].0, End::Min);
        assert_eq!(oldest.end, None);
        assert_eq!(LEXICON.extremes["highest"].end, Some(End::Max));
    }
}
