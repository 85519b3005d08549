//! Questions in plain language inside a client's text: what they look like and where they stand.
//!
//! ```text
//! (a) /* nl: … */;   -- nl: …        a statement that is nothing but comments
//! (b) nl: …;                         plain, the whole text
//! (c) FROM (/* nl: … */) t           a parenthesised query that is nothing but an nl comment
//! (d) FROM nl('…') t                 the function form
//! (e) SELECT -- nl: …                an empty select list
//! ```
//!
//! An nl comment beside SQL is documentation.

mod compose;
mod item;
mod marker;
mod place;

use std::ops::Range;

pub use compose::splice_answers;
pub use place::find;
pub use place::place;

/// What is wanted of a question.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Verb {
    /// `nl:`: its rows.
    Answer,
    /// `nl sql:`: its SQL, as a row.
    Sql,
    /// `nl explain:`: its SQL and how the words were read.
    Explain,
    /// `nl tables:`: the tables that it is about, as rows; no translator is asked.
    Tables,
    /// `nl prompt:`: what a model would be told, as rows; none is asked.
    Prompt,
    /// `nl run NAME`: the rows of a saved question.
    Run(String),
    /// `nl save NAME:`: its rows, and keep it by that name.
    Save(String),
    /// `nl+:`: the last answer, refined.
    Refine,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What is wanted.
    pub verb: Verb,
    /// The question's words, trimmed; empty for [`Verb::Run`] only.
    pub text: String,
    /// The bytes of the client's text that its SQL takes the place of.
    pub span: Range<usize>,
    /// What has to be written around its SQL there.
    pub setting: Setting,
}

/// How a question's SQL is set into the client's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// As it is.
    Bare,
    /// In parentheses.
    Parenthesised,
    /// In parentheses, with an alias: servers before 16 want one for a derived table.
    Aliased,
}

/// Where a text's questions stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    /// There is none: the text is SQL.
    None,
    /// The whole text is one question.
    Whole(Asked),
    /// Parts of the only statement are questions, in order.
    Inside(Vec<Asked>),
    /// There is one where none may stand.
    Refused(Misplaced),
}

/// Why a question is refused before it is read. All but `Lines`, `Empty` and `Encoding` are `0A000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Misplaced {
    /// The text holds other statements too.
    #[error("a question cannot stand beside other statements")]
    Mixed,
    /// The statement around it is not a read.
    #[error("a question can stand only in SELECT, COPY TO STDOUT and EXPLAIN")]
    Outer,
    /// A cursor is declared for it.
    #[error("a cursor cannot be declared for a question")]
    Cursor,
    /// Two nl comments in one place.
    #[error("a statement can hold one question only")]
    Several,
    /// A verb that gives no rows of its own, inside another statement.
    #[error("only \"nl:\" and \"nl run\" can stand inside a statement")]
    Verb,
    /// It is not UTF-8.
    #[error("a question must be written in UTF-8")]
    Encoding,
    /// A line comment goes on in another one.
    #[error("a question in a line comment ends with its line")]
    Lines,
    /// There are no words.
    #[error("the question is empty")]
    Empty,
}

impl Misplaced {
    /// The SQLSTATE to answer with.
    pub fn sqlstate(self) -> &'static str {
        match self {
            Self::Mixed | Self::Outer | Self::Cursor | Self::Several | Self::Verb => "0A000",
            Self::Encoding => "22021",
            Self::Lines | Self::Empty => "42601",
        }
    }

    /// What to do instead.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Mixed => "Send the question as a query of its own.",
            Self::Outer => "Ask the question alone, or inside the FROM clause of a SELECT.",
            Self::Cursor => "Ask without a cursor; in psql, \\unset FETCH_COUNT.",
            Self::Several => "Send each question as a query of its own.",
            Self::Verb => "Send this question as a query of its own.",
            Self::Encoding => "SET client_encoding TO 'UTF8' and ask again.",
            Self::Lines => "Write it in one line, or as /* nl: … */.",
            Self::Empty => "Write what you want to know, as in /* nl: count orders */;",
        }
    }
}

/// Whether `text` may hold a question: a word `nl` stands somewhere in it. Meant for every text
/// that passes; says yes too often, never no when there is one.
pub fn may_hold_question(text: &[u8]) -> bool {
    marker::holds_word_nl(text)
}

#[cfg(test)]
mod tests;
