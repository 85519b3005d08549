//! Where something comes from and where it goes: two references of one table to another.

use crate::sql::schema::Table;

use super::naming;
use super::words::stem;

/// An end of a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Side {
    /// Where it begins.
    Origin,
    /// Where it ends.
    Destination,
}

/// Words that begin the name of a reference to where something comes from.
const ORIGINS: [&str; 12] = [
    "origin",
    "source",
    "departure",
    "depart",
    "from",
    "start",
    "sender",
    "pickup",
    "orig",
    "src",
    "dep",
    "seller",
];

/// The same for where it goes.
const DESTINATIONS: [&str; 13] = [
    "destination",
    "arrival",
    "arrive",
    "to",
    "end",
    "receiver",
    "recipient",
    "target",
    "dropoff",
    "dest",
    "arr",
    "dst",
    "buyer",
];

/// Beginnings of the words by which questions tell them apart.
const FROM: [&str; 8] = [
    "from", "depart", "leav", "left", "origin", "sourc", "sent by", "sender",
];

/// The same for where it goes.
const TO: [&str; 9] = [
    "to",
    "into",
    "toward",
    "arriv",
    "land",
    "destin",
    "reach",
    "bound for",
    "headed for",
];

impl Side {
    /// The side that a column's name speaks of, as a reference to `target`.
    pub(super) fn of_column(name: &str, target: &Table) -> Option<Self> {
        let words = naming::segments(name);
        let first = words.first()?;
        let of = |list: &[&str]| {
            let run_together = |word: &&str| {
                first.strip_prefix(*word).is_some_and(|rest| {
                    let table = stem(&target.name.to_lowercase());
                    word.len() > 2 && !rest.is_empty() && rest.starts_with(&table)
                })
            };
            list.contains(&first.as_str()) || list.iter().any(run_together)
        };
        Self::one(of(&ORIGINS), of(&DESTINATIONS))
    }

    /// The side that words of a question speak of.
    pub(super) fn said(words: &str) -> Option<Self> {
        let lower = words.to_lowercase();
        let of = |list: &[&str]| {
            lower.split(' ').any(|word| {
                let begins =
                    |start: &&str| word == *start || (start.len() > 3 && word.starts_with(*start));
                list.iter().any(begins)
            })
        };
        Self::one(of(&FROM), of(&TO))
    }

    /// What people call it.
    pub(super) fn nouns(self) -> [&'static str; 2] {
        match self {
            Self::Origin => ["origin", "source"],
            Self::Destination => ["destination", "target"],
        }
    }

    fn one(origin: bool, destination: bool) -> Option<Self> {
        match (origin, destination) {
            (true, false) => Some(Self::Origin),
            (false, true) => Some(Self::Destination),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_say_their_side() {
        let airports = Table {
            name: "airports".to_owned(),
            ..Table::default()
        };
        let side = |name| Side::of_column(name, &airports);
        assert_eq!(side("origin_airport_id"), Some(Side::Origin));
        assert_eq!(side("DestAirport"), Some(Side::Destination));
        assert_eq!(side("sourceairport"), Some(Side::Origin));
        assert_eq!(side("airport_id"), None);
    }

    #[test]
    fn verbs_and_prepositions_say_a_side() {
        assert_eq!(Side::said("departing from"), Some(Side::Origin));
        assert_eq!(Side::said("arriving"), Some(Side::Destination));
        assert_eq!(Side::said("in"), None);
    }
}
