//! From one written value to one typed setting. An error says what was expected and what came.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::document::Node;
use super::document::quoted;

type Read<T> = Result<T, String>;

/// The longest duration: PostgreSQL counts its timeouts in milliseconds of an `int`.
const LONGEST: Duration = Duration::from_hours(24 * 24);

/// Any string.
pub(super) fn text(node: &Node) -> Read<String> {
    match node {
        Node::Text(text) | Node::Loose(text) if text.contains('\0') => {
            Err("expected a string without NUL".to_owned())
        }
        Node::Text(text) | Node::Loose(text) => Ok(text.clone()),
        other => Err(format!("expected a string, got {}", other.shown())),
    }
}

/// A string with something in it.
pub(super) fn word(node: &Node) -> Read<String> {
    let word = text(node)?;
    if word.trim().is_empty() {
        return Err("expected a string that is not empty".to_owned());
    }
    Ok(word)
}

/// `true` or `false`.
pub(super) fn boolean(node: &Node) -> Read<bool> {
    match node {
        Node::Boolean(yes) => Ok(*yes),
        Node::Loose(text) if text == "true" => Ok(true),
        Node::Loose(text) if text == "false" => Ok(false),
        other => Err(format!("expected true or false, got {}", other.shown())),
    }
}

/// A whole number within `range`.
pub(super) fn whole<T>(range: RangeInclusive<i64>) -> impl Fn(&Node) -> Read<T>
where
    T: TryFrom<i64>,
{
    move |node| {
        let number = match node {
            Node::Integer(number) => Some(*number),
            Node::Loose(text) => text.trim().parse().ok(),
            _ => None,
        };
        number
            .filter(|number| range.contains(number))
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| {
                let (least, most) = (range.start(), range.end());
                let got = node.shown();
                format!("expected a whole number from {least} to {most}, got {got}")
            })
    }
}

/// A number above zero.
pub(super) fn positive(node: &Node) -> Read<f64> {
    let number = match node {
        Node::Integer(number) => Some(*number as f64),
        Node::Float(number) => Some(*number),
        Node::Loose(text) => text.trim().parse().ok(),
        _ => None,
    };
    number
        .filter(|number: &f64| number.is_finite() && *number > 0.0)
        .ok_or_else(|| format!("expected a number above 0, got {}", node.shown()))
}

/// A duration: a whole number and PostgreSQL's name of a unit.
pub(super) fn duration(node: &Node) -> Read<Duration> {
    let refused = || {
        let units = "with a unit (ms, s, min, h, d) such as \"5s\"";
        format!("expected a duration above 0 {units}, got {}", node.shown())
    };
    let (Node::Text(written) | Node::Loose(written)) = node else {
        return Err(refused());
    };
    let (number, unit) = number_and_unit(written).ok_or_else(refused)?;
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(refused()),
    };
    let total = number.checked_mul(milliseconds).map(Duration::from_millis);
    match total {
        Some(Duration::ZERO) => Err(refused()),
        Some(total) if total <= LONGEST => Ok(total),
        _ => Err(format!("expected at most 24d, got {}", node.shown())),
    }
}

/// A duration, or `0s` for no limit.
pub(super) fn time_limit(node: &Node) -> Read<Option<Duration>> {
    match node {
        Node::Text(written) | Node::Loose(written) if written == "0s" => Ok(None),
        node => duration(node).map(Some),
    }
}

/// A size in bytes: a whole number, or a string with a binary unit.
pub(super) fn size(node: &Node) -> Read<usize> {
    let refused = || {
        let units = "above 0, in bytes or with a unit (B, KiB, MiB, GiB) such as \"16MiB\"";
        format!("expected a size {units}, got {}", node.shown())
    };
    let (number, unit) = match node {
        Node::Integer(number) => (u64::try_from(*number).map_err(|_| refused())?, ""),
        Node::Text(written) | Node::Loose(written) => {
            number_and_unit(written).ok_or_else(refused)?
        }
        _ => return Err(refused()),
    };
    let bytes: u64 = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(refused()),
    };
    number
        .checked_mul(bytes)
        .filter(|total| *total > 0)
        .and_then(|total| usize::try_from(total).ok())
        .ok_or_else(refused)
}

/// `"16 MiB"` as 16 and `MiB`.
fn number_and_unit(written: &str) -> Option<(u64, &str)> {
    let written = written.trim();
    let digits = written
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(written.len());
    let number = written[..digits].parse().ok()?;
    Some((number, written[digits..].trim_start()))
}

/// One address, or a list of at least one.
pub(super) fn addresses(node: &Node) -> Read<Vec<SocketAddr>> {
    let found: Vec<SocketAddr> = match node {
        Node::List(items) => items
            .iter()
            .map(|item| address(&item.node))
            .collect::<Read<_>>()?,
        Node::Loose(text) => text
            .split(',')
            .map(|part| parse_address(part.trim()))
            .collect::<Read<_>>()?,
        one => vec![address(one)?],
    };
    for (place, one) in found.iter().enumerate() {
        // Port 0 asks the system for any free port, so two of them are two ports.
        if one.port() != 0 && found[..place].contains(one) {
            return Err(format!("{one} is given twice"));
        }
    }
    if found.is_empty() {
        return Err("expected at least one address such as \"127.0.0.1:6432\"".to_owned());
    }
    Ok(found)
}

/// An address, or `"off"`.
pub(super) fn address_or_off(node: &Node) -> Read<Option<SocketAddr>> {
    match node {
        Node::Text(text) | Node::Loose(text) if text == "off" => Ok(None),
        _ => address(node)
            .map(Some)
            .map_err(|message| format!("{message}; \"off\" is none")),
    }
}

fn address(node: &Node) -> Read<SocketAddr> {
    match node {
        Node::Text(text) | Node::Loose(text) => parse_address(text),
        other => Err(no_address(&other.shown())),
    }
}

fn parse_address(written: &str) -> Read<SocketAddr> {
    written.parse().map_err(|_| no_address(&quoted(written)))
}

fn no_address(got: &str) -> String {
    format!(
        "expected an address and a port such as \"127.0.0.1:6432\" or \"[::1]:6432\", got {got}"
    )
}

/// A list of what `read` reads; from the environment or an option, separated by commas.
pub(super) fn list_of<T>(read: impl Fn(&str) -> Read<T>) -> impl Fn(&Node) -> Read<Vec<T>> {
    move |node| match node {
        Node::List(items) => items
            .iter()
            .map(|item| word(&item.node).and_then(|written| read(&written)))
            .collect(),
        Node::Loose(text) => text.split(',').map(|part| read(part.trim())).collect(),
        other => Err(format!("expected a list of strings, got {}", other.shown())),
    }
}

/// One of a few words.
pub(super) fn choice<T: Copy>(words: &'static [(&'static str, T)]) -> impl Fn(&Node) -> Read<T> {
    move |node| {
        let written = match node {
            Node::Text(text) | Node::Loose(text) => text.as_str(),
            _ => "",
        };
        words
            .iter()
            .find(|(word, _)| *word == written)
            .map(|(_, value)| *value)
            .ok_or_else(|| {
                let all: Vec<String> = words
                    .iter()
                    .map(|(word, _)| format!("\"{word}\""))
                    .collect();
                format!("expected {}, got {}", all.join(" or "), node.shown())
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loose(text: &str) -> Node {
        Node::Loose(text.to_owned())
    }

    #[test]
    fn durations_have_a_unit_and_an_end() {
        assert_eq!(duration(&loose("250ms")), Ok(Duration::from_millis(250)));
        assert_eq!(duration(&loose("2min")), Ok(Duration::from_mins(2)));
        assert_eq!(duration(&loose("1 h")), Ok(Duration::from_hours(1)));
        for refused in [
            "5",
            "0s",
            "-1s",
            "1.5s",
            "5sec",
            "",
            "s",
            "25d",
            "99999999999999999999s",
        ] {
            assert!(duration(&loose(refused)).is_err(), "{refused}");
        }
        assert!(duration(&Node::Integer(5)).is_err());
    }

    #[test]
    fn sizes_are_bytes_or_binary_units() {
        assert_eq!(size(&loose("16MiB")), Ok(16 << 20));
        assert_eq!(size(&Node::Integer(512)), Ok(512));
        for refused in ["16MB", "0", "-1", "17179869184GiB", "MiB"] {
            assert!(size(&loose(refused)).is_err(), "{refused}");
        }
    }

    #[test]
    fn whole_numbers_stay_within_their_range() {
        let read = whole::<usize>(1..=10);
        assert_eq!(read(&loose("10")), Ok(10));
        assert_eq!(
            read(&Node::Integer(0)),
            Err("expected a whole number from 1 to 10, got 0".to_owned())
        );
        assert!(
            read(&Node::Text("3".to_owned())).is_err(),
            "a TOML string is not a number"
        );
    }

    #[test]
    fn the_same_address_twice_is_refused() {
        assert!(addresses(&loose("127.0.0.1:1, 127.0.0.1:1")).is_err());
        assert_eq!(
            addresses(&loose("127.0.0.1:0,127.0.0.1:0")).map(|all| all.len()),
            Ok(2)
        );
    }
}
