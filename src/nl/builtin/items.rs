//! Matches the words of a question to what they may mean, the longest phrase first.

mod lookup;

use std::collections::HashSet;
use std::ops::Range;

use jiff::civil::Date;

use super::dates;
use super::dates::Period;
use super::dates::Unit;
use super::flags;
use super::index::Closeness;
use super::index::Hit;
use super::index::Index;
use super::index::Target;
use super::index::ValueHit;
use super::lexicon::Comparative;
use super::lexicon::Extreme;
use super::lexicon::LEXICON;
use super::lexicon::Tag;
use super::numbers;
use super::words::Form;
use super::words::Word;
use super::words::split;
use super::words::stem;

/// Some words of the question with what they may mean.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Which words.
    pub(super) words: Range<usize>,
    /// As they were written.
    pub(super) text: String,
    /// What they mean.
    pub(super) kind: Kind,
    /// Stored values that they spell as well.
    pub(super) values: Vec<ValueHit>,
    /// The unit of time that they name as well.
    pub(super) unit: Option<Unit>,
    /// What stands between it and the next item, as it was typed.
    pub(super) gap: String,
    /// What follows belongs to it: `Kyle's`.
    pub(super) possessive: bool,
}

/// What words mean.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// A part of speech of the lexicon.
    Tag(Tag),
    /// A superlative.
    Extreme(&'static Extreme),
    /// A comparative.
    Comparative(&'static Comparative),
    /// Tables or columns.
    Name(Vec<Hit>),
    /// A text in quotes.
    Quoted,
    /// Stored values, unquoted.
    Value,
    /// A figure, as SQL writes it.
    Number(String),
    /// `$1`.
    Parameter,
    /// A span of days.
    Period(Period),
    /// A unit of time.
    Unit,
    /// A comma.
    Comma,
    /// The end of a sentence.
    Stop,
    /// A capitalised word that is in no list: perhaps a value.
    ProperName,
    /// Not understood.
    Unknown,
}

/// The longest phrase that is looked up.
const LONGEST: usize = 10;

/// The items of a question in order; every word is in exactly one.
pub(super) fn match_words(question: &str, index: &Index, today: Date) -> Vec<Item> {
    let words = &shared(denied(split(question), index), index);
    let typed: Vec<char> = question.chars().collect();
    let matcher = Matcher {
        words,
        index,
        today,
        stems: words.iter().map(|word| stem(&word.lower)).collect(),
    };
    let mut items: Vec<Item> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let opens = items.iter().all(|item| opens_sentence(&item.kind))
            || items
                .last()
                .is_some_and(|item| matches!(item.kind, Kind::Stop));
        let mut item = matcher.longest(at, opens);
        at = item.words.end;
        if let Some(next) = words.get(at) {
            let end = words[at - 1].place.end;
            item.gap = typed
                .get(end..next.place.start)
                .unwrap_or_default()
                .iter()
                .collect();
        }
        items.push(item);
    }
    items
}

/// `first and last names` as `first names and last names`, where both are names of columns.
fn shared(words: Vec<Word>, index: &Index) -> Vec<Word> {
    let names = |first: &Word, last: &Word| {
        let named = index.named(&[first.lower.clone(), last.lower.clone()]);
        named
            .iter()
            .any(|hit| matches!(hit.target, Target::Column(_)) && hit.closeness > Closeness::Tail)
    };
    let open =
        |word: &Word| word.is_plain() && index.named(std::slice::from_ref(&word.lower)).is_empty();
    let shares = |four: &[Word]| match four {
        [first, and, second, last] => {
            and.lower == "and" && open(first) && names(first, last) && names(second, last)
        }
        _ => false,
    };
    let Some(at) = words.windows(4).position(shares) else {
        return words;
    };
    let mut read = words;
    let last = read[at + 3].clone();
    read.insert(at + 1, last);
    read
}

/// `unshipped` as `not shipped`, where only the latter says something.
fn denied(words: Vec<Word>, index: &Index) -> Vec<Word> {
    let known = |word: &str| {
        let word = [word.to_owned()];
        !index.named(&word).is_empty() || !index.stored(&word).is_empty()
    };
    let flag = |word: &str| {
        let hits = index.named(&[word.to_owned()]);
        hits.iter().any(|hit| match hit.target {
            Target::Column(id) => flags::is_flag(index.column(id)),
            Target::Table(_) => false,
        })
    };
    let mut read = Vec::with_capacity(words.len());
    for word in words {
        let rest = word.lower.strip_prefix("un").filter(|rest| known(rest));
        let rest = rest.or_else(|| word.lower.strip_prefix("in").filter(|rest| flag(rest)));
        let rest = rest.filter(|rest| {
            let long = rest.len() > 3 && word.is_plain();
            long && !LEXICON.tags.contains_key(&word.lower) && !known(&word.lower)
        });
        let Some(rest) = rest.map(str::to_owned) else {
            read.push(word);
            continue;
        };
        let part = |text: &str| Word {
            text: text.to_owned(),
            lower: text.to_owned(),
            form: Form::Plain,
            possessive: false,
            place: word.place.clone(),
        };
        read.extend([part("not"), part(&rest)]);
    }
    read
}

/// Before the first content word a command is a command, whatever tables are called.
fn opens_sentence(kind: &Kind) -> bool {
    matches!(kind, Kind::Tag(Tag::Filler) | Kind::Stop)
}

struct Matcher<'a> {
    words: &'a [Word],
    index: &'a Index,
    today: Date,
    /// The stems of all words.
    stems: HashSet<String>,
}

impl Matcher<'_> {
    fn longest(&self, at: usize, opens: bool) -> Item {
        let word = &self.words[at];
        let by_form = match word.form {
            Form::Comma => Some(Kind::Comma),
            Form::Stop => Some(Kind::Stop),
            Form::Parameter => Some(Kind::Parameter),
            Form::Quoted => Some(Kind::Quoted),
            _ => None,
        };
        if let Some(kind) = by_form {
            let mut item = self.item(at..at + 1, kind);
            if word.form == Form::Quoted {
                let spelled: Vec<String> =
                    word.lower.split_whitespace().map(str::to_owned).collect();
                item.values = self.index.stored(&spelled);
            }
            return item;
        }
        let limit = LONGEST.min(self.words.len() - at);
        (1..=limit)
            .rev()
            .find_map(|length| self.phrase(at..at + length, opens))
            .unwrap_or_else(|| self.alone(at))
    }

    fn item(&self, words: Range<usize>, kind: Kind) -> Item {
        let text = self.words[words.clone()]
            .iter()
            .map(|word| word.text.as_str())
            .collect::<Vec<_>>()
            .join(" ");
        let possessive = self.words[words.clone()]
            .last()
            .is_some_and(|word| word.possessive);
        Item {
            words,
            text,
            kind,
            values: Vec::new(),
            unit: None,
            gap: String::new(),
            possessive,
        }
    }

    fn phrase(&self, range: Range<usize>, opens: bool) -> Option<Item> {
        let words = &self.words[range.clone()];
        if let Some((length, period)) = dates::read(&self.words[range.start..], self.today)
            && length == words.len()
        {
            return Some(self.item(range, Kind::Period(period)));
        }
        if let Some((length, digits)) = numbers::read(&self.words[range.start..])
            && length == words.len()
        {
            let mut item = self.item(range, Kind::Number(digits));
            item.values = self.values(&lower(words));
            return Some(item);
        }
        if words
            .iter()
            .any(|word| !(word.is_plain() || word.form == Form::Number))
        {
            return None;
        }
        let lower = lower(words);
        let phrase = lower.join(" ");
        let function = Self::function(&phrase).filter(|kind| !self.opens_name(kind, &range));
        let participle = |kind: &Kind| {
            matches!(kind, Kind::Tag(Tag::Relation))
                && phrase.ends_with("ed")
                && tables(&self.named(&lower)).is_empty()
        };
        let kinds = self.kinds(&range);
        let strong = function
            .as_ref()
            .is_some_and(|kind| kinds.is_empty() && (is_strong(kind, opens) || participle(kind)));
        if let Some(kind) = function.as_ref().filter(|_| strong) {
            return Some(self.item(range, kind.clone()));
        }
        let hits = self.names(&lower, self.compares(range.end));
        let mut values = self.values(&lower);
        values.extend(kinds);
        let unit = Unit::of(&phrase);
        if !hits.is_empty() || !values.is_empty() || unit.is_some() {
            let kind = match (hits.is_empty(), values.is_empty()) {
                (false, _) => Kind::Name(hits),
                (true, false) => Kind::Value,
                _ => Kind::Unit,
            };
            let mut item = self.item(range, kind);
            item.values = values;
            item.unit = unit;
            return Some(item);
        }
        function.map(|kind| self.item(range, kind))
    }

    fn function(phrase: &str) -> Option<Kind> {
        if let Some(extreme) = LEXICON.extremes.get(phrase) {
            return Some(Kind::Extreme(extreme));
        }
        if let Some(comparative) = LEXICON.comparatives.get(phrase) {
            return Some(Kind::Comparative(comparative));
        }
        LEXICON.tags.get(phrase).copied().map(Kind::Tag)
    }

    /// A word that is the start of no phrase: a synonym, a name of something, or nothing.
    fn alone(&self, at: usize) -> Item {
        let word = &self.words[at];
        let hits = self.index.named_by_synonym(&word.lower, &self.stems);
        let kind = match word.form {
            _ if !hits.is_empty() => Kind::Name(hits),
            Form::Capital => Kind::ProperName,
            _ => Kind::Unknown,
        };
        self.item(at..at + 1, kind)
    }
}

fn lower(words: &[Word]) -> Vec<String> {
    words.iter().map(|word| word.lower.clone()).collect()
}

/// The tables among hits that are named closely enough to own a column named beside them.
fn tables(hits: &[Hit]) -> Vec<usize> {
    hits.iter()
        .filter_map(|hit| match hit.target {
            Target::Table(table) => Some(table),
            Target::Column(_) => None,
        })
        .collect()
}

/// Whether a phrase keeps its function even where a table or column is called the same.
fn is_strong(kind: &Kind, opens: bool) -> bool {
    match kind {
        Kind::Tag(Tag::Ask | Tag::List) => opens,
        Kind::Tag(
            Tag::Relation
            | Tag::Everything
            | Tag::CountAgain
            | Tag::Order
            | Tag::Null
            | Tag::NotNull
            | Tag::Top
            | Tag::Times
            | Tag::Measure
            | Tag::Percent
            | Tag::Fraction,
        ) => false,
        Kind::Comparative(_) | Kind::Extreme(_) | Kind::Tag(_) => true,
        _ => false,
    }
}

/// Words that never begin or end a name.
fn is_glue(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::Filler
            | Tag::Of
            | Tag::In
            | Tag::With
            | Tag::And
            | Tag::Or
            | Tag::By
            | Tag::Each
            | Tag::Not
    )
}
