//! Whether a condition without AND and OR restricts anything, by the columns that it names.

use std::borrow::Cow;

use crate::sql::clause::Clauses;
use crate::sql::lexer::TokenKind;
use crate::sql::tokens::Tokens;

/// `condition` names a column, and does more than compare it with itself.
pub(super) fn restrict(condition: Tokens<'_>) -> bool {
    let mut walk = Walk {
        tokens: condition,
        columns: Vec::new(),
        has_values: false,
    };
    walk.all();
    !walk.columns.is_empty() && !walk.compares_with_itself()
}

struct Walk<'a> {
    tokens: Tokens<'a>,
    /// Columns, each with what stands before its dot.
    columns: Vec<(Option<Cow<'a, str>>, Cow<'a, str>)>,
    /// Something else has a value: a literal, a parameter, a call, a subquery.
    has_values: bool,
}

impl Walk<'_> {
    fn all(&mut self) {
        let mut clauses = Clauses::new();
        let mut index = 0;
        while index < self.tokens.len() {
            let begins_item = clauses.begins_item(self.tokens, index);
            let next = if begins_item && self.is_relation(index) {
                self.behind_relation(index)
            } else {
                self.token(index)
            };
            for passed in index..next {
                clauses.pass(self.tokens, passed);
            }
            index = next;
        }
    }

    /// Takes the token at `index` and what belongs to it; where it goes on.
    fn token(&mut self, index: usize) -> usize {
        match self.tokens.get(index).map(|token| token.kind) {
            Some(TokenKind::Typecast) => self.behind_type(index + 1),
            Some(TokenKind::QuotedName | TokenKind::UnicodeName) => self.name(index),
            Some(TokenKind::Word) => self.word(index),
            Some(TokenKind::Operator | TokenKind::Symbol(_)) | None => index + 1,
            Some(_) => {
                self.has_values = true;
                self.behind_words(index + 1, UNITS)
            }
        }
    }

    fn word(&mut self, index: usize) -> usize {
        let (word, next) = (self.tokens.keyword(index), self.tokens.keyword(index + 1));
        match (word.as_bytes(), next.as_bytes()) {
            (b"as", _) => self.behind_type(index + 1),
            (b"collate", _) => self.behind_name(index + 1),
            (b"extract", _) if self.tokens.is_symbol(index + 1, b'(') => {
                self.has_values = true;
                index + 3
            }
            (b"at", b"time") => index + 3,
            (b"is", b"not") => self.behind_words(index + 2, FORMS),
            (b"is", _) => self.behind_words(index + 1, FORMS),
            // `WHERE CURRENT OF cursor` names one row.
            (b"current", b"of") => {
                self.columns.push((None, Cow::Borrowed("current of")));
                self.tokens.len()
            }
            (b"double", b"precision") | (b"timestamp" | b"time", b"with" | b"without") => {
                self.behind_type(index)
            }
            (b"select" | b"values" | b"table", _) => {
                self.has_values = true;
                index + 1
            }
            (word, _) if WORDS.contains(&word) => {
                self.has_values |= VALUES.contains(&word);
                index + 1
            }
            _ => self.name(index),
        }
    }

    /// A name that is a column's unless it is a function's or a type's.
    fn name(&mut self, index: usize) -> usize {
        let end = self.behind_name(index);
        let is_type = self
            .tokens
            .get(end)
            .is_some_and(|next| next.kind == TokenKind::String);
        if is_type || self.tokens.is_symbol(end, b'(') {
            self.has_values = true;
            return end;
        }
        let Some(name) = self.spelt(end - 1) else {
            return end;
        };
        let qualifier = (end - index > 2).then(|| self.spelt(end - 3)).flatten();
        self.columns.push((qualifier, name));
        end
    }

    fn spelt(&self, index: usize) -> Option<Cow<'static, str>> {
        if !self.tokens.is_name(index) {
            return None;
        }
        let name = self.tokens.name(index);
        let bytes = || String::from_utf8_lossy(self.tokens.bytes(index)).into_owned();
        Some(Cow::Owned(name.map_or_else(bytes, Cow::into_owned)))
    }

    /// One column, however qualified, is all that is compared.
    fn compares_with_itself(&self) -> bool {
        let [(_, first), .., _] = &self.columns[..] else {
            return false;
        };
        let mut qualifiers = self.columns.iter().filter_map(|(table, _)| table.as_ref());
        let table = qualifiers.next();
        !self.has_values
            && self.columns.iter().all(|(_, name)| name == first)
            && qualifiers.all(|other| Some(other) == table)
    }

    /// A relation is named at `index`, where an item of a FROM clause begins.
    fn is_relation(&self, index: usize) -> bool {
        let word = self.tokens.keyword(index);
        self.tokens.is_name(index) && !WORDS.contains(&word.as_bytes())
    }

    /// Behind a relation and its alias.
    fn behind_relation(&self, index: usize) -> usize {
        let end = self.behind_name(index);
        let alias = end + usize::from(self.tokens.is_word(end, "as"));
        if self.is_relation(alias) {
            alias + 1
        } else {
            end
        }
    }

    /// Behind a name with all of its dots.
    fn behind_name(&self, index: usize) -> usize {
        let mut end = index + 1;
        while self.tokens.is_symbol(end, b'.') {
            end += 2;
        }
        end.min(self.tokens.len())
    }

    /// Behind a type of one word or more.
    fn behind_type(&self, index: usize) -> usize {
        let mut end = self.behind_words(self.behind_name(index), TYPES);
        if self.tokens.is_symbol(end, b'(') {
            end = self.tokens.closing(end).map_or(end, |close| close + 1);
        }
        self.behind_words(end, TYPES)
    }

    fn behind_words(&self, from: usize, words: &[&[u8]]) -> usize {
        let is_one = |index: &usize| words.contains(&self.tokens.keyword(*index).as_bytes());
        let more = (from..self.tokens.len()).take_while(is_one).count();
        from + more
    }
}

/// What can follow the first word of a type.
const TYPES: &[&[u8]] = &[
    b"precision",
    b"varying",
    b"with",
    b"without",
    b"time",
    b"zone",
    b"year",
    b"month",
    b"day",
    b"hour",
    b"minute",
    b"second",
    b"to",
];

/// What can follow the literal of an interval.
const UNITS: &[&[u8]] = &[
    b"year", b"month", b"day", b"hour", b"minute", b"second", b"to",
];

/// What can follow IS [NOT] and is no expression.
const FORMS: &[&[u8]] = &[
    b"nfc",
    b"nfd",
    b"nfkc",
    b"nfkd",
    b"normalized",
    b"document",
    b"json",
    b"value",
    b"scalar",
    b"array",
    b"object",
    b"unknown",
];

/// Words without parentheses that have a value.
const VALUES: &[&[u8]] = &[
    b"current_catalog",
    b"current_date",
    b"current_role",
    b"current_schema",
    b"current_time",
    b"current_timestamp",
    b"current_user",
    b"localtime",
    b"localtimestamp",
    b"session_user",
    b"system_user",
    b"user",
];

/// Words in a condition and its subqueries that stand for no column.
const WORDS: &[&[u8]] = &[
    b"all",
    b"and",
    b"any",
    b"array",
    b"as",
    b"asc",
    b"asymmetric",
    b"between",
    b"both",
    b"by",
    b"case",
    b"cast",
    b"collate",
    b"cross",
    b"current_catalog",
    b"current_date",
    b"current_role",
    b"current_schema",
    b"current_time",
    b"current_timestamp",
    b"current_user",
    b"desc",
    b"distinct",
    b"else",
    b"end",
    b"escape",
    b"except",
    b"exists",
    b"false",
    b"fetch",
    b"for",
    b"from",
    b"full",
    b"group",
    b"having",
    b"ilike",
    b"in",
    b"inner",
    b"intersect",
    b"is",
    b"isnull",
    b"join",
    b"lateral",
    b"leading",
    b"left",
    b"like",
    b"limit",
    b"localtime",
    b"localtimestamp",
    b"natural",
    b"not",
    b"notnull",
    b"null",
    b"offset",
    b"on",
    b"only",
    b"operator",
    b"or",
    b"order",
    b"outer",
    b"overlaps",
    b"placing",
    b"right",
    b"row",
    b"select",
    b"session_user",
    b"similar",
    b"some",
    b"symmetric",
    b"system_user",
    b"table",
    b"tablesample",
    b"then",
    b"to",
    b"trailing",
    b"true",
    b"union",
    b"user",
    b"using",
    b"values",
    b"variadic",
    b"when",
    b"where",
    b"window",
    b"with",
];
