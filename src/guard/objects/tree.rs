//! Syntax trees of statements whose objects must be resolved.

use sqlparser::ast::Ident;
use sqlparser::ast::Statement;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Location;
use sqlparser::tokenizer::Tokenizer;

use crate::guard::tree::MOST_BYTES;
use crate::guard::tree::MOST_TOKENS;
use crate::guard::tree::boundaries;
use crate::sql::tokens::Tokens;

/// The tree of a statement, and where its words stand in the client's text.
pub(super) struct Tree {
    pub(super) statement: Statement,
    /// Offsets of our tokens, by sqlparser's places of them.
    places: Vec<(Location, u32)>,
}

impl Tree {
    /// The tree of `tokens`; `None` when sqlparser cannot read them or reads other tokens.
    pub(super) fn read(tokens: Tokens<'_>) -> Option<Self> {
        let (first, last) = (tokens.get(0)?, tokens.last()?);
        let range = first.start as usize..last.end as usize;
        if range.len() > MOST_BYTES || tokens.len() > MOST_TOKENS {
            return None;
        }
        let mut text = tokens.text()[range].to_vec();
        let skipped = blank_only(tokens, &mut text);
        let text = String::from_utf8(text).ok()?;
        let dialect = PostgreSqlDialect {};
        let theirs = Tokenizer::new(&dialect, &text)
            .tokenize_with_location()
            .ok()?;
        let places = boundaries(&text, &theirs, tokens, &skipped)?;
        let parser = Parser::new(&dialect).with_recursion_limit(DEEPEST);
        let parsed = parser.with_tokens_with_locations(theirs).parse_statements();
        let [statement] = <[Statement; 1]>::try_from(parsed.ok()?).ok()?;
        Some(Self { statement, places })
    }

    /// The offset of a name in the client's text.
    pub(super) fn offset(&self, ident: &Ident) -> Option<u32> {
        let place = |(location, _): &(Location, u32)| *location;
        let found = self.places.binary_search_by_key(&ident.span.start, place);
        found.ok().map(|index| self.places[index].1)
    }
}

/// How deep a statement may be nested.
const DEEPEST: usize = 200;

/// sqlparser takes ONLY for the name of a table. It changes which rows are read, not of what, so
/// it is left out; the indices of the tokens that are.
fn blank_only(tokens: Tokens<'_>, text: &mut [u8]) -> Vec<usize> {
    let base = tokens.get(0).map_or(0, |first| first.start);
    let mut skipped = Vec::new();
    for index in 1..tokens.len() {
        if !tokens.is_word(index, "only") {
            continue;
        }
        let follows = matches!(
            tokens.keyword(index - 1).as_bytes(),
            b"from" | b"join" | b"update" | b"into" | b"using" | b"table"
        ) || tokens.is_symbol(index - 1, b',');
        let names = tokens.is_name(index + 1) || tokens.is_symbol(index + 1, b'(');
        if let Some(token) = tokens.get(index)
            && follows
            && names
        {
            text[(token.start - base) as usize..(token.end - base) as usize].fill(b' ');
            skipped.push(index);
        }
    }
    skipped
}
