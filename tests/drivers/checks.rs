//! The shared list of checks, and the comparison of what a driver saw on two ways.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;

use crate::target::Mode;
use crate::target::Target;

/// What a check's line begins with where a driver has no means for it.
pub(crate) const NOT_HERE: &str = "not in this driver";
/// What a check's line begins with that could not be carried out.
pub(crate) const FAILED: &str = "FAILED";
/// Bytes of a result that a failure shows.
const SHOWN: usize = 1500;

/// Checks that are known to end in another way than directly: driver, check, why. One that ends
/// as directly after all is a failure too.
const DIFFERENT: [(&str, &str, &str); 0] = [];

/// A driver's name and what runs all checks on a target: a line `name<TAB>result` each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Driver {
    /// What it is called in a failure.
    pub(crate) name: &'static str,
    /// Runs the checks; panics with what is missing when the driver is not installed.
    pub(crate) run: fn(&Target) -> String,
}

/// The names of the shared list, in its order.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    include_str!("checks.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_whitespace().next())
}

/// Runs the checks directly and through pgparley; every line must be the same.
#[track_caller]
pub(crate) fn same_as_direct(driver: Driver, mode: Mode) {
    let direct = directly(driver);
    let through = (driver.run)(&Target::through(mode));
    let direct = lines(&direct);
    let through = lines(&through);
    let mut faults = String::new();
    for name in names() {
        let expected = result(&direct, name);
        let got = result(&through, name);
        let mut known = DIFFERENT.iter();
        let may_be_equal = known.all(|(known, check, _)| (*known, *check) != (driver.name, name));
        if expected.starts_with(FAILED) {
            writeln!(faults, "{name} directly: {}", cut(expected)).expect("a string takes it");
        } else if (got == expected) != may_be_equal {
            let (expected, got) = (cut(expected), cut(got));
            writeln!(faults, "{name}\n  directly: {expected}\n  through:  {got}")
                .expect("a string takes it");
        }
    }
    let Mode { name: mode, .. } = mode;
    assert!(
        faults.is_empty(),
        "{} in {mode} mode is not as directly:\n{faults}",
        driver.name
    );
    assert_eq!(through.len(), names().count(), "lines of no check");
}

/// What the driver sees directly: looked at once for all modes.
fn directly(driver: Driver) -> Arc<str> {
    static SEEN: Mutex<BTreeMap<&str, Arc<OnceLock<Arc<str>>>>> = Mutex::new(BTreeMap::new());
    let mut all = SEEN.lock().expect("no panic while held");
    let seen = Arc::clone(all.entry(driver.name).or_default());
    drop(all);
    let output = seen.get_or_init(|| (driver.run)(&Target::direct()).into());
    Arc::clone(output)
}

fn lines(output: &str) -> Vec<(&str, &str)> {
    output
        .lines()
        .map(|line| line.split_once('\t').unwrap_or((line, "")))
        .collect()
}

/// The one result of a check.
#[track_caller]
fn result<'a>(lines: &[(&str, &'a str)], check: &str) -> &'a str {
    let mut results = lines.iter().filter(|(name, _)| *name == check);
    let Some((_, result)) = results.next() else {
        return "FAILED: no line";
    };
    assert!(results.next().is_none(), "{check} is there twice");
    if result.is_empty() {
        "FAILED: no result"
    } else {
        result
    }
}

fn cut(result: &str) -> &str {
    &result[..result.floor_char_boundary(SHOWN)]
}
