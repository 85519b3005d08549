//! What a server reports of its settings by ParameterStatus.

use crate::wire::backend;

/// Parameters that are remembered; PostgreSQL reports about fifteen.
const MOST: usize = 200;

/// Bytes that a remembered value may have.
const LONGEST: usize = 16 * 1024;

/// The newest value of each reported parameter, in the order of their first report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    entries: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Parameters {
    /// The value of one parameter.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let found = self.entries.iter().find(|(key, _)| key == name.as_bytes());
        found.map(|(_, value)| value.as_slice())
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let entries = self.entries.iter();
        entries.map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// Remembers one report, within limits: a server may make up names without end.
    pub fn note(&mut self, name: &[u8], value: &[u8]) {
        if name.len() > LONGEST || value.len() > LONGEST {
            return;
        }
        let is_room = self.entries.len() < MOST;
        match self.entries.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => value.clone_into(old),
            None if is_room => {
                self.entries.push((name.to_vec(), value.to_vec()));
            }
            None => {}
        }
    }

    /// Appends a ParameterStatus for everything that a client who was told `before` does not know.
    pub fn put_news(&self, out: &mut Vec<u8>, before: &Self) {
        for entry in &self.entries {
            if !before.entries.contains(entry) {
                backend::put_parameter_status(out, &entry.0, &entry.1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_that_reports_without_end_fills_no_memory() {
        let mut parameters = Parameters::default();
        for number in 0..10_000 {
            parameters.note(format!("name {number}").as_bytes(), b"value");
        }
        parameters.note(b"name 0", &vec![b'x'; LONGEST + 1]);
        parameters.note(b"name 1", b"new");
        assert_eq!(parameters.iter().count(), MOST);
        assert_eq!(parameters.get("name 0"), Some(&b"value"[..]));
        assert_eq!(parameters.get("name 1"), Some(&b"new"[..]));
    }

    #[test]
    fn only_what_differs_is_news() {
        let mut told = Parameters::default();
        told.note(b"TimeZone", b"UTC");
        told.note(b"DateStyle", b"ISO, MDY");
        let mut current = told.clone();
        current.note(b"TimeZone", b"Europe/Paris");
        let mut news = Vec::new();
        current.put_news(&mut news, &told);
        let mut expected = Vec::new();
        backend::put_parameter_status(&mut expected, b"TimeZone", b"Europe/Paris");
        assert_eq!(news, expected);
        assert_eq!(current.get("TimeZone"), Some(&b"Europe/Paris"[..]));
    }
}
