//! Identifiers and aliases as SQL writes them.

use crate::sql::identifier::quoted;
use crate::sql::schema::Table;

/// Aliases given out so far, over all levels of one statement.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    taken: Vec<String>,
}

impl Aliases {
    /// A short alias for a table: its first letter, with a number from the second on.
    pub(super) fn take(&mut self, table: &str) -> String {
        let first = table.chars().find(char::is_ascii_alphabetic).unwrap_or('t');
        let letter = first.to_ascii_lowercase().to_string();
        let mut alias = letter.clone();
        let mut number = 2;
        while self.taken.contains(&alias) {
            alias = format!("{letter}{number}");
            number += 1;
        }
        self.taken.push(alias.clone());
        alias
    }
}

/// `schema.table`, each part quoted where it must be.
pub(super) fn qualified(table: &Table) -> String {
    format!("{}.{}", quoted(&table.schema), quoted(&table.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_never_given_twice() {
        let mut aliases = Aliases::default();
        assert_eq!(aliases.take("orders"), "o");
        assert_eq!(aliases.take("\"Ort\""), "o2");
        assert_eq!(aliases.take("ähre"), "h");
    }
}
