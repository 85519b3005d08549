//! A client's text cut into statements as the server cuts it: at semicolons of the top level.

use std::ops::Range;

use super::kind::StatementKind;
use super::kind::classify;
use super::lexer::LexError;
use super::lexer::StandardStrings;
use super::lexer::Token;
use super::lexer::TokenKind;
use super::lexer::lex;
use super::tokens::Tokens;

/// A text and its statements.
#[derive(Debug, Clone)]
pub struct Script<'a> {
    text: &'a [u8],
    /// Significant tokens.
    tokens: Vec<Token>,
    comments: Vec<Token>,
    statements: Vec<Statement>,
}

/// One piece between semicolons, which may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it is.
    pub kind: StatementKind,
    /// Its bytes in the text, white space and comments around it included, without the semicolon.
    pub bytes: Range<usize>,
    /// It ends in a semicolon.
    pub terminated: bool,
    tokens: Range<usize>,
    comments: Range<usize>,
}

impl<'a> Script<'a> {
    /// Lexes `text` with standard strings, and splits it.
    pub fn lex(text: &'a [u8]) -> Result<Self, LexError> {
        Self::lex_as(text, StandardStrings::On)
    }

    /// Lexes `text` and splits it.
    pub fn lex_as(text: &'a [u8], strings: StandardStrings) -> Result<Self, LexError> {
        let mut tokens = lex(text, strings)?;
        let mut comments = Vec::new();
        if tokens.iter().any(Token::is_comment) {
            comments = tokens.iter().copied().filter(Token::is_comment).collect();
            tokens.retain(|token| !token.is_comment());
        }
        let mut script = Self {
            text,
            tokens,
            comments,
            statements: Vec::with_capacity(1),
        };
        script.split();
        Ok(script)
    }

    /// The text.
    pub fn text(&self) -> &'a [u8] {
        self.text
    }

    /// The pieces between semicolons; what stands behind the last one only if it is more than
    /// white space.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The pieces that the server runs.
    pub fn runnable(&self) -> impl Iterator<Item = &Statement> {
        self.statements
            .iter()
            .filter(|statement| statement.kind != StatementKind::Empty)
    }

    /// The significant tokens of `statement`.
    pub fn tokens(&self, statement: &Statement) -> Tokens<'_> {
        Tokens::new(self.text, &self.tokens[statement.tokens.clone()])
    }

    /// The significant tokens of the whole text, semicolons included.
    pub fn all_tokens(&self) -> Tokens<'_> {
        Tokens::new(self.text, &self.tokens)
    }

    /// The comments of `statement`.
    pub fn comments(&self, statement: &Statement) -> &[Token] {
        &self.comments[statement.comments.clone()]
    }

    fn split(&mut self) {
        let mut piece = Piece::default();
        let mut depth = 0_usize;
        let mut body = RoutineBody::default();
        for index in 0..self.tokens.len() {
            let token = self.tokens[index];
            match token.kind {
                TokenKind::Symbol(b'(') => depth += 1,
                TokenKind::Symbol(b')') => depth = depth.saturating_sub(1),
                TokenKind::Symbol(b';') if depth == 0 && body.is_open() => body.statement_ended(),
                TokenKind::Symbol(b';') if depth == 0 => {
                    piece = self.end_piece(&piece, index, token.start as usize);
                    self.statements
                        .last_mut()
                        .expect("a piece was just ended")
                        .terminated = true;
                    body = RoutineBody::default();
                }
                TokenKind::Word if depth == 0 && self.creates_routine(piece.token) => {
                    body.word(token.of(self.text));
                }
                _ => {}
            }
        }
        let leftover = piece.token < self.tokens.len() || piece.comment < self.comments.len();
        if leftover {
            self.end_piece(&piece, self.tokens.len(), self.text.len());
        }
    }

    /// CREATE FUNCTION or CREATE PROCEDURE begins at the token `index`. Nothing else has a body: a view
    /// may read a table `begin` under the alias `atomic`.
    fn creates_routine(&self, index: usize) -> bool {
        let is_word = |at: usize, word| {
            let token = self.tokens.get(at);
            token.is_some_and(|token| token.is_word(self.text, word))
        };
        let replaces = is_word(index + 1, "or") && is_word(index + 2, "replace");
        let what = index + if replaces { 3 } else { 1 };
        is_word(index, "create") && (is_word(what, "function") || is_word(what, "procedure"))
    }

    /// Closes the piece before the token at `index`, whose offset is `end`; returns the next.
    fn end_piece(&mut self, piece: &Piece, index: usize, end: usize) -> Piece {
        let comments = &self.comments[piece.comment..];
        let comment = piece.comment
            + comments
                .iter()
                .take_while(|c| (c.start as usize) < end)
                .count();
        let tokens = piece.token..index;
        self.statements.push(Statement {
            kind: classify(Tokens::new(self.text, &self.tokens[tokens.clone()])),
            bytes: piece.byte..end,
            terminated: false,
            tokens,
            comments: piece.comment..comment,
        });
        Piece {
            byte: end + 1,
            token: index + 1,
            comment,
        }
    }
}

/// Where the piece being read begins.
#[derive(Debug, Default)]
struct Piece {
    byte: usize,
    token: usize,
    comment: usize,
}

/// Follows `CREATE … BEGIN ATOMIC …; …; END`, whose semicolons do not end the statement.
#[derive(Debug, Default)]
struct RoutineBody {
    depth: usize,
    after_begin: bool,
}

impl RoutineBody {
    fn is_open(&self) -> bool {
        self.depth > 0
    }

    /// No CASE is open at the end of a statement: what looked like one was a label.
    fn statement_ended(&mut self) {
        self.depth = 1;
    }

    fn word(&mut self, word: &[u8]) {
        let after_begin = std::mem::take(&mut self.after_begin);
        if self.depth == 0 {
            self.depth = usize::from(after_begin && word.eq_ignore_ascii_case(b"atomic"));
            self.after_begin = word.eq_ignore_ascii_case(b"begin");
        } else if word.eq_ignore_ascii_case(b"case") {
            self.depth += 1;
        } else if word.eq_ignore_ascii_case(b"end") {
            self.depth -= 1;
        }
    }
}

#[cfg(test)]
mod tests;
