//! Follows, token by token, in which clause of which query one is.

use super::tokens::Tokens;

/// The clauses of the parentheses that are open, the innermost last.
#[derive(Debug)]
pub struct Clauses {
    open: Vec<Clause>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clause {
    /// No query has begun here yet: the start of a statement, or of a function's arguments.
    Outside,
    /// The FROM clause.
    From,
    /// Any other clause of a query.
    Other,
}

impl Default for Clauses {
    fn default() -> Self {
        Self {
            open: vec![Clause::Outside],
        }
    }
}

impl Clauses {
    /// At the beginning of a statement.
    pub fn new() -> Self {
        Self {
            open: vec![Clause::Outside],
        }
    }

    /// The token at `index` stands where an item of a FROM clause begins. Everything before it
    /// has been passed.
    pub fn begins_item(&self, tokens: Tokens<'_>, index: usize) -> bool {
        let Some(before) = index.checked_sub(1) else {
            return false;
        };
        let separates = tokens.is_symbol(before, b',')
            || tokens.is_symbol(before, b'(')
            || matches!(
                tokens.keyword(before).as_bytes(),
                b"from" | b"join" | b"lateral"
            );
        separates && self.open.last() == Some(&Clause::From)
    }

    /// Takes the token at `index` into account.
    pub fn pass(&mut self, tokens: Tokens<'_>, index: usize) {
        if tokens.is_symbol(index, b'(') {
            // Parentheses around a part of a FROM clause are of that clause.
            let joins = self.begins_item(tokens, index);
            self.open
                .push(if joins { Clause::From } else { Clause::Outside });
            return;
        }
        if tokens.is_symbol(index, b')') {
            if self.open.len() > 1 {
                self.open.pop();
            }
            return;
        }
        let keyword = tokens.keyword(index);
        let Some(current) = self.open.last_mut() else {
            return;
        };
        if keyword.as_bytes().is_empty() || tokens.is_label(index) {
            return;
        }
        match (keyword.as_bytes(), *current) {
            // `extract(year FROM …)` is no query, `a IS DISTINCT FROM b` no clause.
            (b"from", Clause::Outside) => {}
            (b"from", _) if ends_comparison(tokens, index) => {}
            (b"from", _) => *current = Clause::From,
            (
                b"select" | b"values" | b"where" | b"group" | b"having" | b"window" | b"order"
                | b"limit" | b"offset" | b"fetch" | b"union" | b"except" | b"intersect",
                _,
            ) => *current = Clause::Other,
            _ => {}
        }
    }
}

/// The tokens before `index` are `IS [NOT] DISTINCT`.
fn ends_comparison(tokens: Tokens<'_>, index: usize) -> bool {
    index >= 2
        && tokens.is_word(index - 1, "distinct")
        && matches!(tokens.keyword(index - 2).as_bytes(), b"is" | b"not")
}
