//! Names as they must be written in SQL, where they can be shown at all.

use crate::sql::identifier::quoted;

/// `name` as SQL writes it: bare when that means the same, else in double quotes.
///
/// `None` when it holds a control character: no prompt line could show it.
pub(super) fn written(name: &str) -> Option<String> {
    if name.is_empty() || name.chars().any(char::is_control) {
        return None;
    }
    Some(quoted(name).into_owned())
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn names_are_quoted_where_they_must_be() {
        assert_eq!(written("order_items").as_deref(), Some("order_items"));
        assert_eq!(written("order").as_deref(), Some("\"order\""));
        assert_eq!(
            written("Billing Country").as_deref(),
            Some("\"Billing Country\"")
        );
        assert_eq!(written("2024").as_deref(), Some("\"2024\""));
        assert_eq!(written("a\"b").as_deref(), Some("\"a\"\"b\""));
        assert_eq!(written("größe").as_deref(), Some("\"größe\""));
    }

    #[test]
    fn a_name_with_a_line_break_is_not_written() {
        assert_eq!(written("a\nb"), None);
        assert_eq!(written(""), None);
    }
}
