//! What a prepared statement is that a Bind speaks of.

use crate::sql::kind::inner;
use crate::sql::script::Script;
use crate::upstream::Statement;
use crate::wire::frontend::Parse;

/// Where the text of a prepared statement is to be had.
#[derive(Debug, Clone)]
pub(in crate::session) enum Source {
    /// Here, with the types of its parameters as a Parse has them.
    Known {
        /// The text.
        text: Box<[u8]>,
        /// The count of types, and the types.
        types: Box<[u8]>,
    },
    /// From the server, by its name there.
    Server(Box<[u8]>),
}

/// No types, or as many values and formats.
pub(super) const NONE: &[u8] = &[0, 0];

impl Source {
    /// The text of a Parse.
    pub(in crate::session) fn of(parse: &Parse<'_>, text: &[u8]) -> Self {
        Self::Known {
            text: text.into(),
            types: parse.types.into(),
        }
    }

    /// The text, where it is here.
    pub(in crate::session) fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Known { text, .. } => Some(text),
            Self::Server(_) => None,
        }
    }

    /// The text of a statement that is shared.
    pub(in crate::session) fn of_shared(statement: &Statement) -> Self {
        if statement.is_sql() {
            let text = [b"PREPARE s ", statement.definition()].concat();
            return prepared_by_sql(&text);
        }
        let definition = statement.definition();
        Self::Known {
            text: statement.text().into(),
            types: definition[statement.text().len() + 1..].into(),
        }
    }
}

/// The statement inside of a PREPARE. Its types are inferred anew.
pub(super) fn prepared_by_sql(text: &[u8]) -> Source {
    let script = Script::lex(text).ok();
    let body = script.as_ref().and_then(|script| {
        let tokens = inner(script.tokens(script.runnable().next()?));
        let (first, last) = (tokens.get(0)?, tokens.last()?);
        Some(&text[first.start as usize..last.end as usize])
    });
    Source::Known {
        text: body.unwrap_or(text).into(),
        types: NONE.into(),
    }
}

/// `{23,25}` as a Parse has it.
pub(super) fn types_of(array: &str) -> Box<[u8]> {
    let numbers = array.trim_matches(['{', '}']).split(',');
    let oids: Vec<u32> = numbers.filter_map(|number| number.parse().ok()).collect();
    let mut types = (oids.len() as u16).to_be_bytes().to_vec();
    for oid in oids {
        types.extend_from_slice(&oid.to_be_bytes());
    }
    types.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_as_a_parse_has_them() {
        assert_eq!(&*types_of("{23,25}"), [0, 2, 0, 0, 0, 23, 0, 0, 0, 25]);
        assert_eq!(&*types_of("{}"), NONE);
    }
}
