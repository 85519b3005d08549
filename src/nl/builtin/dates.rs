//! Spans of time: `last month`, `in March 2024`, `the past 30 days`, resolved to days.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::civil::date;

use super::words::Form;
use super::words::Word;

/// A half-open span of days; an open side has no day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Period {
    /// The first day in it.
    pub(super) from: Option<Date>,
    /// The first day after it.
    pub(super) to: Option<Date>,
}

impl Period {
    pub(super) fn new(from: Date, to: Date) -> Self {
        Self {
            from: Some(from),
            to: Some(to),
        }
    }

    /// `January to March 2024`: the year that is said last is meant of both.
    pub(super) fn in_order(self) -> Self {
        let (Some(from), Some(to)) = (self.from, self.to) else {
            return self;
        };
        let last = to.yesterday().unwrap_or(to);
        let moved = Date::new(last.year(), from.month(), from.day()).ok();
        let from = moved.filter(|moved| from > last && *moved <= last);
        Self {
            from: from.or(self.from),
            ..self
        }
    }

    /// The calendar year that this is, when it is one.
    pub(super) fn whole_year(&self) -> Option<i16> {
        let from = self.from?;
        (from == date(from.year(), 1, 1) && self.to == next(from, Unit::Year))
            .then_some(from.year())
    }
}

/// The units that time is counted and grouped in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// A day.
    Day,
    /// A week, from Monday.
    Week,
    /// A month.
    Month,
    /// A quarter.
    Quarter,
    /// A year.
    Year,
}

impl Unit {
    /// The name that `date_trunc` knows.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// The unit that a word names: `months`, `monthly`.
    pub(super) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "day" | "days" | "daily" => Self::Day,
            "week" | "weeks" | "weekly" => Self::Week,
            "month" | "months" | "monthly" => Self::Month,
            "quarter" | "quarters" | "quarterly" => Self::Quarter,
            "year" | "years" | "yearly" | "annually" | "annual" => Self::Year,
            _ => return None,
        })
    }
}

/// The calendar year `year`, when it is a plausible one.
pub(super) fn year(digits: &str) -> Option<Period> {
    let year: i16 = digits.parse().ok()?;
    let plausible = digits.len() == 4 && (1800..=2199).contains(&year);
    plausible.then(|| Period::new(date(year, 1, 1), date(year + 1, 1, 1)))
}

/// A span of time at the front of `words`: how many words it takes, and its days.
pub(super) fn read(words: &[Word], today: Date) -> Option<(usize, Period)> {
    let lower: Vec<&str> = words
        .iter()
        .take(10)
        .map(|word| word.lower.as_str())
        .collect();
    if words.first()?.form == Form::Quoted {
        return None;
    }
    single(&lower, today)
        .or_else(|| relative(&lower, words, today))
        .or_else(|| quarter(&lower, today))
        .or_else(|| month_and_day(&lower, words, today))
}

fn single(words: &[&str], today: Date) -> Option<(usize, Period)> {
    let day = |day: Date| Some((1, Period::new(day, next(day, Unit::Day)?)));
    match *words.first()? {
        "today" => day(today),
        "yesterday" => day(today.yesterday().ok()?),
        "tomorrow" => day(today.tomorrow().ok()?),
        text => day(text.parse::<Date>().ok().filter(|_| text.len() == 10)?),
    }
}

/// `this month`, `last 30 days`, `the past year`, `year to date`, `3 months ago` is not one.
fn relative(lower: &[&str], words: &[Word], today: Date) -> Option<(usize, Period)> {
    let unit = |at: usize| lower.get(at).and_then(|word| Unit::of(word));
    if let Some(unit) = unit(0)
        && lower.get(1..3) == Some(&["to", "date"])
    {
        return Some((3, Period::new(start(today, unit), today.tomorrow().ok()?)));
    }
    let back = match *lower.first()? {
        "this" | "current" => 0,
        "last" | "previous" | "past" => -1,
        "next" => 1,
        _ => return None,
    };
    if let Some(unit) = unit(1) {
        let from = moved(start(today, unit), unit, back)?;
        return Some((2, Period::new(from, next(from, unit)?)));
    }
    let (taken, digits) = super::numbers::read(words.get(1..)?)?;
    let unit = unit(1 + taken)?;
    let count: i64 = digits
        .parse()
        .ok()
        .filter(|count| (1..=100_000).contains(count))?;
    let period = match back {
        -1 => {
            if let Some(more) = without_current(lower.get(2 + taken..)?, unit) {
                let to = start(today, unit);
                return Some((2 + taken + more, Period::new(moved(to, unit, -count)?, to)));
            }
            Period::new(moved(today, unit, -count)?, today.tomorrow().ok()?)
        }
        1 => Period::new(today, moved(today, unit, count)?),
        _ => return None,
    };
    Some((2 + taken, period))
}

/// `, not including the current month`: how many words say that only whole units are meant.
fn without_current(words: &[&str], unit: Unit) -> Option<usize> {
    let mut at = usize::from(matches!(words.first(), Some(&"," | &"(")));
    match words.get(at)? {
        &"excluding" | &"except" => at += 1,
        &"not" if matches!(words.get(at + 1), Some(&"including" | &"counting")) => at += 2,
        _ => return None,
    }
    at += usize::from(words.get(at) == Some(&"the"));
    let current = matches!(words.get(at), Some(&"current" | &"this"));
    let same = words.get(at + 1).and_then(|word| Unit::of(word)) == Some(unit);
    (current && same).then_some(at + 2)
}

/// `Q1 2024`, `first quarter of 2024`.
fn quarter(words: &[&str], today: Date) -> Option<(usize, Period)> {
    let (number, mut taken) = match *words.first()? {
        "q1" => (1, 1),
        "q2" => (2, 1),
        "q3" => (3, 1),
        "q4" => (4, 1),
        "first" | "1st" | "1" if words.get(1) == Some(&"quarter") => (1, 2),
        "second" | "2nd" | "2" if words.get(1) == Some(&"quarter") => (2, 2),
        "third" | "3rd" | "3" if words.get(1) == Some(&"quarter") => (3, 2),
        "fourth" | "4th" | "4" if words.get(1) == Some(&"quarter") => (4, 2),
        _ => return None,
    };
    if matches!(words.get(taken), Some(&"of" | &"in")) {
        taken += 1;
    }
    let of_year = words
        .get(taken)
        .and_then(|word| year(word))
        .and_then(|period| period.from);
    let year = of_year.map_or(today.year(), Date::year);
    let taken = if of_year.is_some() {
        taken + 1
    } else {
        taken.min(2)
    };
    let from = date(year, number * 3 - 2, 1);
    Some((taken, Period::new(from, next(from, Unit::Quarter)?)))
}

/// `March`, `March 2024`, `5 March 2024`, `March 5, 2024`.
fn month_and_day(lower: &[&str], words: &[Word], today: Date) -> Option<(usize, Period)> {
    let day_of = |at: usize| {
        let word = words.get(at).filter(|word| word.form == Form::Number)?;
        word.text
            .parse::<i8>()
            .ok()
            .filter(|day| (1..=31).contains(day))
    };
    let day_first = day_of(0).filter(|_| lower.len() > 1);
    let mut at = usize::from(day_first.is_some());
    if day_first.is_some() && lower.get(at) == Some(&"of") {
        at += 1;
    }
    let month = month(lower.get(at)?)?;
    // "may" alone is a verb and "march" a noun: in lower case they need a year or a day.
    let bare_verb =
        words[at].form == Form::Plain && matches!(words[at].lower.as_str(), "may" | "march");
    at += 1;
    let day = day_first.or_else(|| day_of(at).inspect(|_| at += 1));
    let comma = usize::from(words.get(at).is_some_and(|word| word.form == Form::Comma));
    let of_word = usize::from(lower.get(at) == Some(&"of"));
    let skip = comma + of_word;
    let named_year = lower
        .get(at + skip)
        .and_then(|word| year(word))
        .and_then(|p| p.from);
    if named_year.is_some() {
        at += skip + 1;
    } else if bare_verb && day.is_none() {
        return None;
    }
    // Without a year the latest such month that has begun is meant.
    let year = named_year.map_or_else(
        || today.year() - i16::from(month > today.month()),
        Date::year,
    );
    let from = Date::new(year, month, day.unwrap_or(1)).ok()?;
    let unit = if day.is_some() {
        Unit::Day
    } else {
        Unit::Month
    };
    Some((at, Period::new(from, next(from, unit)?)))
}

fn month(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let long = MONTHS.iter().position(|name| *name == word);
    let short = || {
        MONTHS
            .iter()
            .position(|name| word.len() == 3 && name.starts_with(word))
    };
    let sept = || (word == "sept").then_some(8);
    long.or_else(short)
        .or_else(sept)
        .map(|month| month as i8 + 1)
}

/// The first day of the unit that holds `day`.
fn start(day: Date, unit: Unit) -> Date {
    match unit {
        Unit::Day => day,
        Unit::Week => day
            .checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days())
            .unwrap_or(day),
        Unit::Month => date(day.year(), day.month(), 1),
        Unit::Quarter => date(day.year(), (day.month() - 1) / 3 * 3 + 1, 1),
        Unit::Year => date(day.year(), 1, 1),
    }
}

fn next(day: Date, unit: Unit) -> Option<Date> {
    moved(day, unit, 1)
}

fn moved(day: Date, unit: Unit, count: i64) -> Option<Date> {
    let span = match unit {
        Unit::Day => jiff::Span::new().try_days(count),
        Unit::Week => jiff::Span::new().try_weeks(count),
        Unit::Month => jiff::Span::new().try_months(count),
        Unit::Quarter => jiff::Span::new().try_months(count * 3),
        Unit::Year => jiff::Span::new().try_years(count),
    };
    day.checked_add(span.ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nl::builtin::words::split;

    fn days(text: &str) -> (Date, Date) {
        let (_, period) = read(&split(text), date(2026, 11, 20)).expect("a period");
        (
            period.from.expect("a first day"),
            period.to.expect("a last day"),
        )
    }

    #[test]
    fn relative_periods_are_half_open() {
        assert_eq!(days("today"), (date(2026, 11, 20), date(2026, 11, 21)));
        assert_eq!(days("last month"), (date(2026, 10, 1), date(2026, 11, 1)));
        assert_eq!(days("this week"), (date(2026, 11, 16), date(2026, 11, 23)));
        assert_eq!(days("last quarter"), (date(2026, 7, 1), date(2026, 10, 1)));
        assert_eq!(
            days("last 30 days"),
            (date(2026, 10, 21), date(2026, 11, 21))
        );
        assert_eq!(days("year to date"), (date(2026, 1, 1), date(2026, 11, 21)));
    }

    #[test]
    fn months_without_a_year_are_the_latest_begun() {
        assert_eq!(days("March 2024"), (date(2024, 3, 1), date(2024, 4, 1)));
        assert_eq!(days("December"), (date(2025, 12, 1), date(2026, 1, 1)));
        assert_eq!(days("March 5, 2024"), (date(2024, 3, 5), date(2024, 3, 6)));
        assert_eq!(days("5 March 2024"), (date(2024, 3, 5), date(2024, 3, 6)));
    }

    #[test]
    fn a_verb_is_no_month() {
        assert_eq!(read(&split("may have"), date(2026, 11, 20)), None);
    }

    #[test]
    fn quarters_are_read() {
        assert_eq!(days("Q1 2024"), (date(2024, 1, 1), date(2024, 4, 1)));
        assert_eq!(
            days("first quarter of 2024"),
            (date(2024, 1, 1), date(2024, 4, 1))
        );
    }
}
