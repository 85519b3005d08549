//! Reads one section key by key; what was never asked for is an unknown key.

use super::document::Entry;
use super::document::Node;
use super::document::Table;
use super::document::quoted;
use super::fault::Faults;
use super::fault::Origin;

/// A section being read. Every reader notes its fault and goes on, so that all faults come at once.
pub(super) struct Section<'f> {
    /// As faults name it: `[server]`, `[[database]]`, `[llm.local]`.
    label: String,
    origin: Origin,
    entries: Table,
    known: Vec<&'static str>,
    faults: &'f mut Faults,
}

impl<'f> Section<'f> {
    /// Opens `entry` as a section; anything but a table is a fault and reads as an empty one.
    pub(super) fn open(label: &str, entry: Option<Entry>, faults: &'f mut Faults) -> Self {
        let origin = entry
            .as_ref()
            .map_or(Origin::Nowhere, |entry| entry.origin.clone());
        let entries = match entry.map(|entry| entry.node) {
            None => Table::new(),
            Some(Node::Table(entries)) => entries,
            Some(other) => {
                let got = other.shown();
                faults.add(&origin, format!("expected the section {label}, got {got}"));
                Table::new()
            }
        };
        Self {
            label: label.to_owned(),
            origin,
            entries,
            known: Vec::new(),
            faults,
        }
    }

    /// The value of `key`, or nothing if it is not set or faulty.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Node) -> Result<T, String>,
    ) -> Option<T> {
        self.known.push(key);
        let entry = self.entries.get(key)?;
        match read(&entry.node) {
            Ok(value) => Some(value),
            Err(message) => {
                self.fault(key, &message);
                None
            }
        }
    }

    /// The value of `key`, else `default`.
    pub(super) fn or<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Node) -> Result<T, String>,
        default: T,
    ) -> T {
        self.optional(key, read).unwrap_or(default)
    }

    /// The value of `key`, which must be there.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Node) -> Result<T, String>,
    ) -> Option<T> {
        if !self.entries.contains_key(key) {
            self.faults.add(
                &self.origin,
                format!("\"{key}\" is missing in {}", self.label),
            );
        }
        self.optional(key, read)
    }

    /// Reads the table under `key` as a section of its own.
    pub(super) fn within<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> T {
        self.known.push(key);
        let label = format!("{key} of {}", self.label);
        let mut inner = Section::open(&label, self.entries.get(key).cloned(), self.faults);
        let value = read(&mut inner);
        inner.finish();
        value
    }

    /// Adds a fault at `key` where it is set, else at the section.
    pub(super) fn fault(&mut self, key: &str, message: &str) {
        let origin = self
            .entries
            .get(key)
            .map_or(&self.origin, |entry| &entry.origin);
        self.faults
            .add(origin, format!("\"{key}\" in {}: {message}", self.label));
    }

    /// True if `key` is written, be it faulty.
    pub(super) fn holds(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Reports the keys that nobody asked for; gives back those that were.
    pub(super) fn finish(self) -> Vec<&'static str> {
        for (key, entry) in &self.entries {
            if self.known.contains(&key.as_str()) {
                continue;
            }
            let meant = did_you_mean(key, &self.known);
            let key = quoted(key);
            self.faults.add(
                &entry.origin,
                format!("unknown key {key} in {}{meant}", self.label),
            );
        }
        self.known
    }
}

/// `, did you mean "pool_size"?` if one of `known` is near, else nothing.
pub(super) fn did_you_mean(word: &str, known: &[&str]) -> String {
    const NEAR: f64 = 0.85;
    let word = word.to_ascii_lowercase();
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(&word, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| format!(", did you mean \"{candidate}\"?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn only_a_near_key_is_suggested() {
        let known = ["pool_size", "api_key_env", "name"];
        assert_eq!(
            did_you_mean("poolsize", &known),
            ", did you mean \"pool_size\"?"
        );
        assert_eq!(
            did_you_mean("API_KEY", &known),
            ", did you mean \"api_key_env\"?"
        );
        assert_eq!(did_you_mean("colour", &known), "");
    }
}
