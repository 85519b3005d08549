//! Where the clauses that limit a query stand: behind it, or behind a part of it that is all of it
//! but for parentheses.
//!
//! `(SELECT … LIMIT 5) ORDER BY 1` is one query to PostgreSQL's grammar, as if no parentheses were
//! there; clauses that limit it at two levels are an error.

use super::super::kind::main_of_with;
use super::super::lexer::TokenKind;
use super::super::tokens::Tokens;

/// A query in more parentheses with clauses between them is in doubt: each level is read anew.
const MOST_LEVELS: usize = 8;

/// A clause: the level that it stands at, and its first token there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clause<'a> {
    pub(super) level: Tokens<'a>,
    pub(super) index: usize,
}

/// The clauses that limit a query.
#[derive(Debug, Default)]
pub(super) struct Bounds<'a> {
    pub(super) limit: Option<Clause<'a>>,
    pub(super) fetch: Option<Clause<'a>>,
    pub(super) offset: Option<Clause<'a>>,
}

impl<'a> Bounds<'a> {
    /// `None` when a limit cannot be put in: the query locks rows, has a clause twice or at two
    /// levels, or more levels than anybody writes.
    pub(super) fn find(query: Tokens<'a>) -> Option<Self> {
        let mut bounds = Self::default();
        let mut level = query;
        for _ in 0..MOST_LEVELS {
            let combines = bounds.read(level)?;
            let main = if level.is_word(0, "with") {
                main_of_with(level)?
            } else {
                0
            };
            if combines || !level.is_symbol(main, b'(') {
                return Some(bounds);
            }
            let close = level.closing(main)?;
            level = level.between(main + 1, close).unwrapped();
        }
        None
    }

    /// Takes the clauses of one level; whether it combines queries.
    fn read(&mut self, level: Tokens<'a>) -> Option<bool> {
        let is_bound = self.limit.or(self.fetch).or(self.offset).is_some();
        let mut depth = 0_usize;
        let mut combines = false;
        for index in 0..level.len() {
            match level.get(index)?.kind {
                TokenKind::Symbol(b'(' | b'[') => depth += 1,
                TokenKind::Symbol(b')' | b']') => depth = depth.checked_sub(1)?,
                TokenKind::Word if depth == 0 && !level.is_label(index) => {
                    let clause = match level.keyword(index).as_bytes() {
                        b"limit" => &mut self.limit,
                        b"fetch" => &mut self.fetch,
                        b"offset" => &mut self.offset,
                        b"into" => return None,
                        b"for" if !follows_collation(level, index) => return None,
                        b"union" | b"except" | b"intersect" => {
                            combines = true;
                            continue;
                        }
                        _ => continue,
                    };
                    if is_bound || clause.replace(Clause { level, index }).is_some() {
                        return None;
                    }
                }
                _ => {}
            }
        }
        (depth == 0).then_some(combines)
    }
}

fn follows_collation(level: Tokens<'_>, index: usize) -> bool {
    index > 0 && level.is_word(index - 1, "collation")
}
