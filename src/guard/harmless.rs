//! Whether a query provably does nothing but read, so that it may be stopped after some rows.
//!
//! Works on names alone: a name is good when every object that bears it is. What it does not
//! know it calls doubtful, and the rows are counted.

use std::cell::Cell;

use super::functions;
use crate::sql::clause::Clauses;
use crate::sql::kind::Cte;
use crate::sql::kind::ctes;
use crate::sql::lexer::TokenKind;
use crate::sql::schema::Facts;
use crate::sql::tokens::Tokens;

/// The query `tokens` calls only functions and reads only relations of which `facts` (or, without
/// them, PostgreSQL itself) say that stopping early changes nothing but the rows delivered.
pub(super) fn is_harmless(tokens: Tokens<'_>, facts: Option<&Facts>) -> bool {
    if facts.is_some_and(|facts| !facts.quiet_operators) {
        return false;
    }
    let tokens = tokens.unwrapped();
    let ctes = ctes(tokens).map_or(Vec::new(), |(ctes, _)| ctes);
    if ctes.len() > MOST_CTES {
        return false;
    }
    let budget = Cell::new(4 * tokens.len() + 1000);
    let walk = Walk {
        tokens,
        facts,
        ctes,
        budget,
    };
    let mut clauses = Clauses::new();
    for index in 0..tokens.len() {
        if !walk.token(index) || (clauses.begins_item(tokens, index) && !walk.item(index)) {
            return false;
        }
        clauses.pass(tokens, index);
    }
    true
}

struct Walk<'a> {
    tokens: Tokens<'a>,
    facts: Option<&'a Facts>,
    ctes: Vec<Cte>,
    /// Tokens that may still be looked at out of turn, so that the time stays linear.
    budget: Cell<usize>,
}

/// A query of more is in doubt: each relation is compared with each of them.
const MOST_CTES: usize = 32;

impl Walk<'_> {
    /// The token at `index` is no call, cast or clause that is in doubt.
    fn token(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else {
            return true;
        };
        match token.kind {
            TokenKind::Stray => false,
            TokenKind::Typecast => self.is_known_type(index + 1),
            TokenKind::Word | TokenKind::QuotedName | TokenKind::UnicodeName => {
                if self.tokens.is_symbol(index + 1, b'(') {
                    return self.call(index);
                }
                self.keyword(index)
            }
            _ => true,
        }
    }

    fn keyword(&self, index: usize) -> bool {
        let is_string = |index| {
            self.tokens.get(index).is_some_and(|token| {
                matches!(
                    token.kind,
                    TokenKind::String | TokenKind::EscapeString | TokenKind::DollarString
                )
            })
        };
        match self.tokens.keyword(index).as_bytes() {
            b"for" => !matches!(
                self.tokens.keyword(index + 1).as_bytes(),
                b"update" | b"share" | b"no" | b"key"
            ),
            b"table" if !self.tokens.is_label(index) => self.relation(index + 1),
            // `date '2026-01-01'` casts; a word of the grammar does not.
            _ if is_string(index + 1) => {
                PRECEDES_STRING.contains(&self.tokens.keyword(index).as_bytes())
                    || self.is_known_type(index)
            }
            _ => true,
        }
    }

    /// The name at `index`, before a parenthesis, is no call in doubt.
    fn call(&self, index: usize) -> bool {
        let Some(name) = self.tokens.name(index) else {
            return false;
        };
        let is_word = self
            .tokens
            .get(index)
            .is_some_and(|token| token.kind == TokenKind::Word);
        if is_word && name == "cast" {
            return self.cast(index + 1);
        }
        if is_word && SYNTAX.contains(&&*name) {
            return true;
        }
        if self.ctes.iter().any(|cte| cte.name == index) || self.names_columns(index) {
            return true;
        }
        let elsewhere = index >= 2
            && self.tokens.is_symbol(index - 1, b'.')
            && self.tokens.name(index - 2).as_deref() != Some("pg_catalog");
        match self.facts {
            Some(facts) => {
                facts.quiet_functions.contains(&*name)
                    || (!elsewhere && functions::is_harmless_volatile(&name))
            }
            None => !elsewhere && functions::is_harmless(&name),
        }
    }

    /// `CAST (… AS type)`, its parenthesis at `open`.
    fn cast(&self, open: usize) -> bool {
        let Some(close) = self.closing(open) else {
            return false;
        };
        let last_as = (open..close)
            .rev()
            .find(|&index| self.tokens.is_word(index, "as"));
        last_as.is_some_and(|index| self.is_known_type(index + 1))
    }

    /// The parenthesis that closes the one at `open`, as far as the budget reaches.
    fn closing(&self, open: usize) -> Option<usize> {
        let reach = self.tokens.len().min(open + self.budget.get());
        let close = self.tokens.between(0, reach).closing(open);
        self.budget
            .set(self.budget.get() - (close.unwrap_or(reach) - open));
        close
    }

    /// `AS t (a, b)`: an alias with names for the columns, without types.
    fn names_columns(&self, index: usize) -> bool {
        if index == 0 || !self.tokens.is_word(index - 1, "as") {
            return false;
        }
        let Some(close) = self.closing(index + 1) else {
            return false;
        };
        let list = self.tokens.between(index + 2, close);
        (0..list.len()).all(|at| {
            if at % 2 == 0 {
                list.is_name(at)
            } else {
                list.is_symbol(at, b',')
            }
        })
    }

    /// Converting to the type named at `index` runs no code in doubt. What types and domains of
    /// the database's users run is among the facts.
    fn is_known_type(&self, index: usize) -> bool {
        if self.facts.is_some() {
            return true;
        }
        let qualified = self.tokens.is_symbol(index + 1, b'.');
        if qualified && !self.tokens.is_word(index, "pg_catalog") {
            return false;
        }
        let index = if qualified { index + 2 } else { index };
        self.tokens
            .name(index)
            .is_some_and(|name| TYPES.contains(&&*name))
    }

    /// The item of a FROM clause that begins at `index` is no relation in doubt.
    fn item(&self, index: usize) -> bool {
        if self.tokens.is_symbol(index, b'(') {
            return true;
        }
        match self.tokens.keyword(index).as_bytes() {
            b"lateral" | b"select" | b"values" | b"table" => true,
            b"only" => self.relation(index + 1),
            _ => self.relation(index),
        }
    }

    /// The relation named at `index` is plain storage or a CTE; a function is judged as a call.
    fn relation(&self, index: usize) -> bool {
        let index = index + usize::from(self.tokens.is_word(index, "only"));
        let mut last = index;
        while self.tokens.is_symbol(last + 1, b'.') {
            last += 2;
        }
        if self.tokens.is_symbol(last + 1, b'(') {
            return true;
        }
        let Some(name) = self.tokens.name(last) else {
            return false;
        };
        if last == index && self.is_cte(&name, index) {
            return true;
        }
        self.facts
            .is_some_and(|facts| facts.plain_relations.contains(&*name))
    }

    /// `name` at `index` is a CTE that is complete there. Before that, the name stands for a
    /// relation of the database, unless the WITH is recursive.
    fn is_cte(&self, name: &str, index: usize) -> bool {
        let recursive = self.tokens.is_word(1, "recursive");
        self.ctes.iter().any(|cte| {
            let from = if recursive {
                cte.body.start
            } else {
                cte.body.end
            };
            from <= index && self.tokens.name(cte.name).as_deref() == Some(name)
        })
    }
}

/// Words that a parenthesis can follow without a call.
const SYNTAX: &[&str] = &[
    "all",
    "and",
    "any",
    "array",
    "as",
    "between",
    "bit",
    "by",
    "case",
    "char",
    "character",
    "coalesce",
    "cube",
    "dec",
    "decimal",
    "distinct",
    "else",
    "except",
    "exists",
    "extract",
    "filter",
    "float",
    "from",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "intersect",
    "interval",
    "join",
    "lateral",
    "least",
    "like",
    "limit",
    "materialized",
    "nchar",
    "not",
    "nullif",
    "numeric",
    "offset",
    "on",
    "or",
    "over",
    "overlay",
    "partition",
    "position",
    "rollup",
    "row",
    "select",
    "sets",
    "some",
    "substring",
    "symmetric",
    "then",
    "time",
    "timestamp",
    "trim",
    "union",
    "using",
    "values",
    "varchar",
    "varying",
    "when",
    "where",
    "with",
    "within",
];

/// Words of the grammar that a string can follow without a cast.
const PRECEDES_STRING: &[&[u8]] = &[
    b"all",
    b"and",
    b"as",
    b"asymmetric",
    b"between",
    b"both",
    b"by",
    b"case",
    b"distinct",
    b"else",
    b"escape",
    b"except",
    b"from",
    b"having",
    b"ilike",
    b"in",
    b"intersect",
    b"leading",
    b"like",
    b"limit",
    b"not",
    b"offset",
    b"on",
    b"or",
    b"select",
    b"similar",
    b"symmetric",
    b"then",
    b"to",
    b"trailing",
    b"uescape",
    b"union",
    b"when",
    b"where",
    b"zone",
];

/// Types of PostgreSQL itself, whose input runs no code of the database's users.
const TYPES: &[&str] = &[
    "bigint",
    "bit",
    "bool",
    "boolean",
    "bpchar",
    "bytea",
    "char",
    "character",
    "cidr",
    "date",
    "decimal",
    "double",
    "float",
    "float4",
    "float8",
    "inet",
    "int",
    "int2",
    "int4",
    "int8",
    "integer",
    "interval",
    "json",
    "jsonb",
    "money",
    "name",
    "numeric",
    "oid",
    "real",
    "regclass",
    "regproc",
    "regtype",
    "smallint",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "tsquery",
    "tsvector",
    "uuid",
    "varchar",
    "xml",
];
