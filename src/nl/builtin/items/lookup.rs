//! What words may name in the schema, alone, beside each other, or by a synonym.

use std::ops::Range;

use crate::nl::builtin::index::Closeness;
use crate::nl::builtin::index::Hit;
use crate::nl::builtin::index::Target;
use crate::nl::builtin::index::ValueHit;
use crate::nl::builtin::lexicon::LEXICON;
use crate::nl::builtin::lexicon::Tag;
use crate::nl::builtin::naming;
use crate::nl::builtin::numbers;

use super::Kind;
use super::Matcher;
use super::is_glue;
use super::lower;
use super::tables;

impl Matcher<'_> {
    /// What words may name; when a comparison follows, a plural before a verb is no part of a name:
    /// `products cost more than 50`.
    pub(super) fn names(&self, words: &[String], compared: bool) -> Vec<Hit> {
        let glue = |word: &String| LEXICON.tags.get(word).is_some_and(|tag| is_glue(*tag));
        if words.first().is_some_and(glue) || words.last().is_some_and(glue) {
            return Vec::new();
        }
        let mut hits = self.named(words);
        if words.len() > 2 && words[0] == "number" && words[1] == "of" {
            hits.retain(|hit| self.counts(*hit, &words[2..]));
        }
        if compared && words[0].ends_with('s') {
            return hits;
        }
        if let Some(of) = words.iter().position(|word| word == "of") {
            let owners = tables(&self.named(&words[of + 1..]));
            let whose =
                |hit: &Hit| matches!(hit.target, Target::Column(c) if owners.contains(&c.table));
            // `names of drugs` are two names, of which the second may be spoken of further.
            if self.named(&words[..of]).iter().any(whose) {
                return Vec::new();
            }
            if !owners.is_empty() {
                hits.retain(
                    |hit| matches!(hit.target, Target::Column(c) if owners.contains(&c.table)),
                );
            }
            return hits;
        }
        // `products priced above` names no column: a participle begins what is said of them.
        if words.last().is_some_and(|word| word.ends_with("ed")) {
            return hits;
        }
        for cut in 1..words.len() {
            let owners = tables(&self.direct_or_synonym(&words[..cut]));
            if owners.is_empty() {
                continue;
            }
            let columns = self
                .direct_or_synonym(&words[cut..])
                .into_iter()
                .filter(|hit| matches!(hit.target, Target::Column(c) if owners.contains(&c.table)));
            for mut hit in columns {
                if !hits.iter().any(|known| known.target == hit.target) {
                    if hit.closeness >= Closeness::Alias {
                        hit.closeness = Closeness::Whole;
                    }
                    hits.push(hit);
                }
            }
        }
        hits
    }

    /// Whether a column called like `number of …` holds a number of them, rather than the number by
    /// which each of them is known: `emp_no`.
    fn counts(&self, hit: Hit, counted: &[String]) -> bool {
        let Target::Column(id) = hit.target else {
            return true;
        };
        let words = naming::expanded(&naming::segments(&self.index.column(id).name));
        let last = words.last().map_or("", String::as_str);
        !matches!(last, "number" | "id" | "code" | "key") || tables(&self.named(counted)).is_empty()
    }

    /// What words name directly in this question.
    pub(super) fn named(&self, words: &[String]) -> Vec<Hit> {
        self.index.named_beside(words, &self.stems)
    }

    fn direct_or_synonym(&self, words: &[String]) -> Vec<Hit> {
        let hits = self.named(words);
        match words {
            [word] if hits.is_empty() && !LEXICON.tags.contains_key(word) => {
                self.index.named_by_synonym(word, &self.stems)
            }
            _ => hits,
        }
    }

    /// `maximum number of products`, where a column is called `number_products`: the phrase ends
    /// where the column's name begins.
    pub(super) fn opens_name(&self, kind: &Kind, range: &Range<usize>) -> bool {
        // `over 80 or under 3` goes on with another figure.
        let more = matches!(kind, Kind::Tag(Tag::OrMore | Tag::OrLess));
        if more {
            return numbers::read(&self.words[range.end..]).is_some();
        }
        let sums = matches!(kind, Kind::Tag(Tag::Sum | Tag::Average)) && range.len() > 2;
        if sums && self.total_amount(range) {
            return true;
        }
        let counts = matches!(kind, Kind::Tag(Tag::Most | Tag::Fewest | Tag::Count));
        let Some(start) = range
            .end
            .checked_sub(2)
            .filter(|start| counts && *start >= range.start)
        else {
            return false;
        };
        (1..=3).any(|length| {
            let Some(words) = self.words.get(start..range.end + length) else {
                return false;
            };
            words[0].lower.starts_with("number")
                && self.names(&lower(words), false).iter().any(|hit| {
                    matches!(hit.target, Target::Column(_)) && hit.closeness >= Closeness::Alias
                })
        })
    }

    /// `total amount of`, where a column is called `total_amount` or `amount`.
    fn total_amount(&self, range: &Range<usize>) -> bool {
        let end = range.end - 1;
        [2, 1].into_iter().any(|length| {
            let hits = self.named(&lower(&self.words[end - length..end]));
            hits.iter().any(|hit| {
                matches!(hit.target, Target::Column(_)) && hit.closeness > Closeness::Tail
            })
        })
    }

    /// Whether a comparison begins at a word, or a value that is introduced by `in`: a plural that
    /// stands before is the one of which something is said.
    pub(super) fn compares(&self, at: usize) -> bool {
        let word = |at: usize| self.words.get(at).map(|word| word.lower.clone());
        let tag = word(at).and_then(|word| LEXICON.tags.get(&word).copied());
        let figure = || numbers::read(self.words.get(at + 1..).unwrap_or_default()).is_some();
        let stored = || word(at + 1).is_some_and(|value| !self.values(&[value]).is_empty());
        let bounded = matches!(
            tag,
            Some(Tag::After | Tag::Since | Tag::Before | Tag::Until)
        );
        if bounded || (tag == Some(Tag::In) && (stored() || figure())) {
            return true;
        }
        (1..=3).any(|length| {
            let Some(words) = self.words.get(at..at + length) else {
                return false;
            };
            let phrase = lower(words).join(" ");
            matches!(
                LEXICON.tags.get(&phrase),
                Some(Tag::Compare(_) | Tag::Between)
            )
        })
    }

    /// The values that a verb or a word without content spells, beside a table that stores them:
    /// `buy transactions`, `rooms that are available`.
    pub(super) fn kinds(&self, range: &Range<usize>) -> Vec<ValueHit> {
        let word = &self.words[range.start].lower;
        let tag = LEXICON.tags.get(word);
        let hollow = matches!(tag, Some(Tag::Relation | Tag::Filler));
        if !hollow || range.len() != 1 || word.len() < 3 {
            return Vec::new();
        }
        let mut hits = self.index.stored(std::slice::from_ref(word));
        if hits.is_empty() {
            return hits;
        }
        let beside = match self.words.get(range.end) {
            Some(next) if next.is_plain() => range.end..range.end + 1,
            _ if self.is_said_of_something(range.start) => 0..range.start,
            _ => return Vec::new(),
        };
        let owners: Vec<usize> = self.words[beside]
            .iter()
            .flat_map(|word| tables(&self.named(std::slice::from_ref(&word.lower))))
            .collect();
        hits.retain(|hit| owners.contains(&hit.column.table));
        hits
    }

    /// Whether a form of `be` stands before a word, or before a `not` before it.
    fn is_said_of_something(&self, at: usize) -> bool {
        let mut before = self.words[..at].iter().rev().map(|word| &*word.lower);
        let last = before.find(|word| *word != "not");
        last.is_some_and(|word| matches!(word, "is" | "are" | "was" | "were" | "been"))
    }

    pub(super) fn values(&self, words: &[String]) -> Vec<ValueHit> {
        let tiny = words.len() == 1 && words[0].chars().count() < 2;
        if tiny || words.iter().all(|word| LEXICON.tags.contains_key(word)) {
            return Vec::new();
        }
        let mut hits = self.index.stored(words);
        if hits.is_empty() {
            let other = LEXICON.spellings.get(&words.join(" "));
            for spelling in other.into_iter().flatten() {
                let spelled: Vec<String> = spelling
                    .to_lowercase()
                    .split(' ')
                    .map(str::to_owned)
                    .collect();
                hits.extend(self.index.stored(&spelled));
            }
        }
        hits
    }
}
