//! Names with wildcards, as policies list them.
//!
//! Written as PostgreSQL stores names, not folded: `Orders` is a table made as `"Orders"`. Parts
//! are separated by dots; a part with a dot in it is quoted as in SQL. `*` stands for any
//! characters, a part that was left out for all of them.

use std::fmt;

/// Text in which `*` stands for any characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Glob(String);

impl Glob {
    /// The pattern as it was written.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// All of `text` is like this.
    pub fn matches(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else {
            return false;
        };
        let mut parts: Vec<&str> = parts.collect();
        let Some(last) = parts.pop() else {
            return rest.is_empty();
        };
        for part in parts {
            let Some(at) = rest.find(part) else {
                return false;
            };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last)
    }

    /// It stands for one text only.
    pub fn is_exact(&self) -> bool {
        !self.0.contains('*')
    }

    /// It stands for anything.
    pub fn is_any(&self) -> bool {
        self.0 == "*"
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A relation or function: `name` in any schema, or `schema.name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectPattern {
    /// The schema; `*` when none was written.
    pub schema: Glob,
    /// The name in it.
    pub name: Glob,
}

impl ObjectPattern {
    /// Reads `name` or `schema.name`.
    pub fn parse(written: &str) -> Option<Self> {
        match &mut parts(written)?[..] {
            [name] => Some(Self {
                schema: Glob::new("*"),
                name: Glob::new(std::mem::take(name)),
            }),
            [schema, name] => Some(Self {
                schema: Glob::new(std::mem::take(schema)),
                name: Glob::new(std::mem::take(name)),
            }),
            _ => None,
        }
    }

    /// It stands for `schema.name`, among others.
    pub fn matches(&self, schema: &str, name: &str) -> bool {
        self.name.matches(name) && self.schema.matches(schema)
    }
}

impl fmt::Display for ObjectPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.schema.is_any() {
            write!(f, "{}", self.name)
        } else {
            write!(f, "{}.{}", self.schema, self.name)
        }
    }
}

/// A column: `table.column` in any schema, or `schema.table.column`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ColumnPattern {
    /// The relation that it is a column of.
    pub table: ObjectPattern,
    /// Its name.
    pub column: Glob,
}

impl ColumnPattern {
    /// Reads `table.column` or `schema.table.column`.
    pub fn parse(written: &str) -> Option<Self> {
        let mut parts = parts(written)?;
        let column = Glob::new(parts.pop()?);
        let name = Glob::new(parts.pop()?);
        let schema = Glob::new(parts.pop().unwrap_or_else(|| "*".to_owned()));
        parts.is_empty().then_some(Self {
            table: ObjectPattern { schema, name },
            column,
        })
    }
}

impl fmt::Display for ColumnPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.table, self.column)
    }
}

/// The parts between dots; nothing if one is empty or a quote is left open.
fn parts(written: &str) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut rest = written.trim().chars().peekable();
    let mut quoted = false;
    while let Some(letter) = rest.next() {
        let part = parts.last_mut()?;
        match letter {
            '"' if quoted && rest.next_if_eq(&'"').is_some() => part.push('"'),
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            letter => part.push(letter),
        }
    }
    (!quoted && parts.iter().all(|part| !part.is_empty())).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_characters() {
        for (pattern, text) in [
            ("a", "a"),
            ("*", ""),
            ("pg_*", "pg_sleep"),
            ("*_log", "audit_log"),
            ("a*b*c", "a1b2b3c"),
            ("a*b*", "ab"),
        ] {
            assert!(Glob::new(pattern).matches(text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("a", "A"),
            ("a", "ab"),
            ("", "a"),
            ("a*a", "a"),
            ("a*bc*c", "abc"),
            ("*b", "ba"),
        ] {
            assert!(!Glob::new(pattern).matches(text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_name_without_a_schema_is_in_any() {
        let pattern = ObjectPattern::parse("orders").expect("one part");
        assert!(pattern.matches("public", "orders") && pattern.matches("old", "orders"));
        let pattern = ObjectPattern::parse("\"My.Schema\".\"a\"\"b\"").expect("two parts");
        assert!(pattern.matches("My.Schema", "a\"b"));
        assert!(!pattern.matches("my.schema", "a\"b"), "not folded");
    }

    #[test]
    fn what_is_no_name_is_no_pattern() {
        for refused in ["", ".", "a.", "a..b", "a.b.c", "\"a"] {
            assert_eq!(ObjectPattern::parse(refused), None, "{refused}");
        }
        for refused in ["", "a", "a.b.c.d", "a."] {
            assert_eq!(ColumnPattern::parse(refused), None, "{refused}");
        }
    }
}
