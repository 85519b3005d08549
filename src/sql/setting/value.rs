//! Values of settings that are times.

/// Units and their milliseconds, each followed by the next smaller one.
///
/// <https://github.com/postgres/postgres/blob/master/src/backend/utils/misc/guc.c>, `time_unit_conversion_table`.
const UNITS: [(&str, f64); 6] = [
    ("d", 86_400_000.0),
    ("h", 3_600_000.0),
    ("min", 60_000.0),
    ("s", 1_000.0),
    ("ms", 1.0),
    ("us", 0.001),
];

/// The milliseconds that PostgreSQL reads in the value of a setting such as `statement_timeout`. It
/// rounds, so `400us` is 0. `None` for what is no time, and for spellings that nobody needs:
/// octal, hexadecimal, exponents.
///
/// <https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-NAMES-VALUES>
pub fn milliseconds(value: &str) -> Option<u64> {
    let value = value.trim_matches(is_space);
    let is_number = |letter: char| letter.is_ascii_digit() || letter == '.';
    let end = value
        .find(|letter| !is_number(letter))
        .unwrap_or(value.len());
    let (number, unit) = value.split_at(end);
    let is_octal = number.len() > 1 && number.starts_with('0') && !number.starts_with("0.");
    if is_octal || !number.starts_with(|digit: char| digit.is_ascii_digit()) {
        return None;
    }
    let mut count: f64 = number.parse().ok()?;
    let unit = unit.trim_start_matches(is_space);
    let place = if unit.is_empty() {
        Some(4)
    } else {
        UNITS.iter().position(|(name, _)| *name == unit)
    };
    let place = place?;
    let (_, factor) = UNITS[place];
    count *= factor;
    if let Some((_, smaller)) = UNITS.get(place + 1).filter(|_| !unit.is_empty()) {
        count = (count / smaller).round_ties_even() * smaller;
    }
    let count = count.round_ties_even();
    // Beyond an `int` the server refuses it.
    (count <= f64::from(i32::MAX)).then_some(count as u64)
}

fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_the_server_reads_them() {
        for (value, expected) in [
            ("0", 0),
            ("5000", 5_000),
            (" 5 s ", 5_000),
            ("1min", 60_000),
            ("1h", 3_600_000),
            ("3600s", 3_600_000),
            ("1d", 86_400_000),
            ("1.5s", 1_500),
            ("1.03min", 62_000),
            ("400us", 0),
            ("600us", 1),
            ("0.4", 0),
            ("2.5", 2),
        ] {
            assert_eq!(milliseconds(value), Some(expected), "{value}");
        }
    }

    #[test]
    fn what_is_no_time_or_in_doubt_is_none() {
        for value in [
            "",
            "s",
            "-1",
            "+1",
            "010",
            "0x10",
            "1e3",
            "1 H",
            "1sec",
            "1.2.3",
            "99999999999",
            "default",
        ] {
            assert_eq!(milliseconds(value), None, "{value}");
        }
    }
}
