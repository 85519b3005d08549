//! What a session has set, so that the next server connection can be given the same.

/// Settings that differ from what a server connection was opened with: names as the server writes
/// them, values as `set_config` takes them. `session_authorization` and `role` are among them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Settings {
    /// In the order in which they must be set.
    entries: Vec<Entry>,
}

/// A name and a value.
type Entry = (Box<[u8]>, Box<[u8]>);

/// Set before all others: what follows is written in it.
const FIRST: &[u8] = b"client_encoding";

/// Set after all others, in this order: they take privileges away.
const LAST: [&[u8]; 2] = [b"session_authorization", b"role"];

impl Settings {
    /// These names and values; of a name that comes twice the last value.
    pub fn new(entries: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Self {
        let mut settings = Self::default();
        for (name, value) in entries {
            settings.set(&name, &value);
        }
        settings
    }

    /// Nothing differs.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of one. Names do not mind case.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        let mut entries = self.entries.iter();
        let found = entries.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| &**value)
    }

    /// Sets one more. Names do not mind case.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        self.entries
            .retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        let place = (rank(name), name);
        let behind = self
            .entries
            .partition_point(|(key, _)| (rank(key), &**key) < place);
        self.entries.insert(behind, (name.into(), value.into()));
    }

    /// These settings, and those of `defaults` that they say nothing about.
    #[must_use]
    pub fn or(&self, defaults: &Self) -> Self {
        let mut both = self.clone();
        for (name, value) in &defaults.entries {
            if !self.entries.iter().any(|(key, _)| key == name) {
                both.set(name, value);
            }
        }
        both
    }

    /// These settings but for those.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        let mut rest = self.clone();
        let is = |key: &[u8]| {
            names
                .iter()
                .any(|name| key.eq_ignore_ascii_case(name.as_bytes()))
        };
        rest.entries.retain(|(key, _)| !is(key));
        rest
    }

    /// One command that makes these settings out of `current`; nothing when they are equal. A role
    /// may not be allowed to change them, so it is left before and taken again behind.
    pub fn put_changes(&self, current: &Self) -> Option<Vec<u8>> {
        let has_role = current.entries.iter().any(|(name, _)| rank(name) > 1);
        if !has_role || self.without(&["role"]) == current.without(&["role"]) {
            return self.put_changes_as_is(current);
        }
        let [user, role] = LAST.map(|name| std::str::from_utf8(name).expect("it is ASCII"));
        self.put_changes_from(current, &current.without(&[user, role]))
    }

    /// As [`put_changes`](Self::put_changes), by the role that is there: inside a block it may be
    /// there for the transaction only.
    pub fn put_changes_as_is(&self, current: &Self) -> Option<Vec<u8>> {
        self.put_changes_from(current, current)
    }

    /// The same; of `current` only what is `kept` too need not be set again.
    fn put_changes_from(&self, current: &Self, kept: &Self) -> Option<Vec<u8>> {
        let stays = |name: &[u8]| {
            let mut entries = self.entries.iter().filter(|(key, _)| **key == *name);
            entries.any(|entry| kept.entries.contains(entry) || rank(name) <= 1)
        };
        let gone = current
            .entries
            .iter()
            .rev()
            .filter(|(name, _)| !stays(name))
            .map(|(name, _)| (name, None));
        let new = self
            .entries
            .iter()
            .filter(|entry| !kept.entries.contains(entry))
            .map(|(name, value)| (name, Some(value)));
        let mut command = Vec::new();
        for (name, value) in gone.chain(new) {
            command.extend_from_slice(if command.is_empty() {
                b"SELECT "
            } else {
                b", "
            });
            command.extend_from_slice(b"pg_catalog.set_config(");
            put_literal(&mut command, name);
            command.extend_from_slice(b", ");
            match value {
                Some(value) => put_literal(&mut command, value),
                // What the connection was opened with.
                None => command.extend_from_slice(b"NULL"),
            }
            command.extend_from_slice(b", false)");
        }
        (!command.is_empty()).then_some(command)
    }
}

fn rank(name: &[u8]) -> usize {
    if name.eq_ignore_ascii_case(FIRST) {
        return 0;
    }
    LAST.iter()
        .position(|last| name.eq_ignore_ascii_case(last))
        .map_or(1, |place| place + 2)
}

/// Appends a string that means the same whatever `standard_conforming_strings` is.
pub fn put_literal(out: &mut Vec<u8>, value: &[u8]) {
    if value.contains(&b'\\') {
        out.push(b'E');
    }
    out.push(b'\'');
    for &byte in value {
        if matches!(byte, b'\'' | b'\\') {
            out.push(byte);
        }
        out.push(byte);
    }
    out.push(b'\'');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(entries: &[(&str, &str)]) -> Settings {
        let entries = entries.iter();
        Settings::new(
            entries.map(|(name, value)| (name.as_bytes().into(), value.as_bytes().into())),
        )
    }

    fn changes(wanted: &[(&str, &str)], current: &[(&str, &str)]) -> String {
        let command = settings(wanted).put_changes(&settings(current));
        String::from_utf8(command.unwrap_or_default()).unwrap()
    }

    #[test]
    fn equal_settings_need_nothing() {
        assert_eq!(
            changes(
                &[("a", "1"), ("b", "2")],
                &[("b", "2"), ("A", "3"), ("a", "1")]
            ),
            ""
        );
    }

    #[test]
    fn what_another_client_set_goes_back_before_anything_is_set() {
        assert_eq!(
            changes(&[("a", "1")], &[("b", "2")]),
            "SELECT pg_catalog.set_config('b', NULL, false), pg_catalog.set_config('a', '1', false)"
        );
    }

    #[test]
    fn the_role_is_taken_last_and_given_up_first() {
        let wanted = [
            ("role", "r"),
            ("session_authorization", "s"),
            ("work_mem", "1"),
            ("client_encoding", "LATIN1"),
        ];
        let command = changes(&wanted, &[]);
        let place = |name: &str| command.find(&format!("('{name}'")).unwrap();
        assert!(place("client_encoding") < place("work_mem"));
        assert!(place("work_mem") < place("session_authorization"));
        assert!(place("session_authorization") < place("role"));
        let back = changes(&[], &wanted);
        assert!(back.find("'role'").unwrap() < back.find("'session_authorization'").unwrap());
        assert!(back.find("'session_authorization'").unwrap() < back.find("'work_mem'").unwrap());
    }

    #[test]
    fn a_role_that_stays_is_left_while_others_change() {
        let role = ("role", "r");
        assert_eq!(
            changes(&[("a", "1"), role], &[role]),
            "SELECT pg_catalog.set_config('role', NULL, false), \
             pg_catalog.set_config('a', '1', false), pg_catalog.set_config('role', 'r', false)"
        );
        assert_eq!(changes(&[("a", "1"), role], &[("a", "1"), role]), "");
        let wanted = settings(&[("a", "1"), ("role", "r")]);
        let command = wanted.put_changes_as_is(&settings(&[role]));
        assert!(
            !String::from_utf8(command.expect("a differs"))
                .unwrap()
                .contains("role")
        );
    }

    #[test]
    fn values_cannot_leave_their_quotes() {
        assert_eq!(
            changes(&[("a", r"it's \' x")], &[]),
            r"SELECT pg_catalog.set_config('a', E'it''s \\'' x', false)"
        );
    }

    #[test]
    fn what_was_reset_returns_to_the_start() {
        let start = settings(&[("TimeZone", "UTC"), ("a", "1")]);
        let now = settings(&[("a", "2")]);
        assert_eq!(now.or(&start), settings(&[("TimeZone", "UTC"), ("a", "2")]));
    }
}
