//! Syntax trees of statements whose objects must be resolved.

use sqlparser::ast::Ident;
use sqlparser::ast::Statement;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Location;
use sqlparser::tokenizer::Tokenizer;

use crate::guard::tree::boundaries;
use crate::sql::lexer::TokenKind;
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

/// Blanks words that sqlparser cannot read or takes for names, though they change only which rows
/// are read, or how they are locked, not of what; the indices of their tokens. Nothing may come out
/// as a bare column that was none.
fn blank_only(tokens: Tokens<'_>, text: &mut [u8]) -> Vec<usize> {
    let base = tokens.get(0).map_or(0, |first| first.start);
    let mut skipped = Vec::new();
    for index in 1..tokens.len() {
        let count = without_meaning(tokens, index);
        if tokens.is_word(index, "default") && tokens.is_symbol(index - 1, b'.') {
            // sqlparser takes it for no name; any other will do.
            let at = tokens.get(index).map_or(0, |token| token.start - base);
            text[at as usize] = b'_';
        }
        for index in index..index + count {
            let Some(token) = tokens.get(index) else {
                continue;
            };
            text[(token.start - base) as usize..(token.end - base) as usize].fill(b' ');
            skipped.push(index);
        }
    }
    skipped
}

/// How many tokens from `index` are such words.
fn without_meaning(tokens: Tokens<'_>, index: usize) -> usize {
    let word = |index: usize, words: &[&str]| words.iter().any(|it| tokens.is_word(index, it));
    let before = index - 1;
    match tokens.keyword(index).as_bytes() {
        b"only" => usize::from(is_only(tokens, index)),
        // FOR NO KEY UPDATE, FOR KEY SHARE.
        b"no" if word(before, &["for"]) && word(index + 1, &["key"]) => {
            2 * usize::from(word(index + 2, &["update"]))
        }
        b"key" if word(before, &["for"]) => usize::from(word(index + 1, &["share"])),
        // Of OPERATOR(schema.+) the operator is left.
        b"operator" if is_operator(tokens, index) => 4,
        b"" => usize::from(index > 4 && is_operator(tokens, index - 5)),
        // Of COLLATE schema.default the COLLATE must stay: what it stands behind is no bare column.
        _ if word(before, &["collate"]) && word(index + 2, &["default"]) => {
            2 * usize::from(tokens.is_symbol(index + 1, b'.'))
        }
        b"symmetric" => usize::from(word(before, &["between"])),
        b"variadic" => {
            usize::from(tokens.is_symbol(before, b'(') || tokens.is_symbol(before, b','))
        }
        b"overriding" if word(index + 1, &["system", "user"]) => {
            3 * usize::from(word(index + 2, &["value"]))
        }
        b"distinct" => {
            usize::from(word(before, &["by"]) && word(before.wrapping_sub(1), &["group"]))
        }
        b"exclude" if word(before, &["row", "following", "preceding"]) => {
            match tokens.keyword(index + 1).as_bytes() {
                b"ties" | b"group" => 2,
                b"current" if word(index + 2, &["row"]) => 3,
                b"no" if word(index + 2, &["others"]) => 3,
                _ => 0,
            }
        }
        _ => 0,
    }
}

/// `OPERATOR ( schema . + )` begins at `index`.
fn is_operator(tokens: Tokens<'_>, index: usize) -> bool {
    let operator = tokens.get(index + 4).map(|token| token.kind);
    tokens.is_word(index, "operator")
        && tokens.is_symbol(index + 1, b'(')
        && tokens.is_name(index + 2)
        && tokens.is_symbol(index + 3, b'.')
        && operator == Some(TokenKind::Operator)
        && tokens.is_symbol(index + 5, b')')
}

/// sqlparser takes ONLY for the name of a table.
fn is_only(tokens: Tokens<'_>, index: usize) -> bool {
    let follows = matches!(
        tokens.keyword(index - 1).as_bytes(),
        b"from" | b"join" | b"update" | b"into" | b"using" | b"table"
    ) || tokens.is_symbol(index - 1, b',');
    let names = tokens.is_name(index + 1) || tokens.is_symbol(index + 1, b'(');
    follows && names
}
