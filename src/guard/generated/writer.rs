//! The text that is being written, and what is known at the place reached.

use sqlparser::ast::Ident;
use sqlparser::ast::Query;

use crate::guard::Refusal;
use crate::sql::schema::NameIndex;
use crate::sql::schema::Schema;

use super::Checked;
use super::functions;
use super::functions::Calls;
use super::name;
use super::name::Quoting;
use super::scope::Cte;
use super::scope::Scope;

/// Walks a tree and writes what it allows. The other files of this module each teach it one kind
/// of node; what none of them matches is refused.
pub(super) struct Writer<'a> {
    /// What can be read.
    pub(super) sight: Sight<'a>,
    /// Open SELECTs, the innermost last.
    pub(super) scopes: Vec<Scope>,
    /// Common table expressions that can be named, the innermost last.
    pub(super) ctes: Vec<Cte>,
    style: Style,
    out: String,
    relations: Vec<u32>,
    steps: usize,
}

/// How things are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Names of columns and relations.
    pub(super) quoting: Quoting,
    /// Names of functions.
    pub(super) calls: Calls,
}

/// What the role can read.
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    /// All of it.
    pub(super) schema: &'a Schema,
    /// Its relations by name.
    pub(super) tables: &'a NameIndex<'a>,
}

/// Nodes that one statement may have, counted as often as they are looked at.
const MAX_STEPS: usize = 100_000;

/// Relations that one statement may name.
const MAX_RELATIONS: usize = 60;

impl<'a> Writer<'a> {
    /// Writes `query` anew.
    pub(super) fn write(query: &Query, sight: Sight<'a>, style: Style) -> Result<Checked, Refusal> {
        let mut writer = Self {
            sight,
            scopes: Vec::new(),
            ctes: Vec::new(),
            style,
            out: String::new(),
            relations: Vec::new(),
            steps: 0,
        };
        writer.query(query)?;
        Ok(Checked {
            sql: writer.out,
            relations: writer.relations,
        })
    }

    /// Counts a node.
    pub(super) fn step(&mut self) -> Result<(), Refusal> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(Refusal::new(
                "size",
                "54000",
                "generated query is too complex",
            ));
        }
        Ok(())
    }

    /// Notes that a relation is read.
    pub(super) fn reads(&mut self, oid: u32) -> Result<(), Refusal> {
        if !self.relations.contains(&oid) {
            self.relations.push(oid);
        }
        if self.relations.len() > MAX_RELATIONS {
            let message = format!("generated query reads more than {MAX_RELATIONS} relations");
            return Err(Refusal::new("size", "54000", message));
        }
        Ok(())
    }

    /// Writes `text` right behind what stands there.
    pub(super) fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Writes `text` behind a space, where one is needed.
    pub(super) fn word(&mut self, text: &str) {
        if !self.out.is_empty() && !self.out.ends_with(['(', '[', ' ', '.']) {
            self.out.push(' ');
        }
        self.out.push_str(text);
    }

    /// Writes a name that stands for itself.
    pub(super) fn name(&mut self, name: &str) {
        let quoted = name::quoted(name, self.style.quoting);
        self.word(&quoted);
    }

    /// Writes the name of a function of `pg_catalog`.
    pub(super) fn called(&mut self, name: &'static str) {
        match self.style.calls {
            Calls::Qualified if !functions::is_grammar(name) => {
                self.word("pg_catalog.");
                self.word(&functions::behind_a_dot(name));
            }
            Calls::Qualified | Calls::Bare => self.word(name),
        }
    }

    /// Writes a name as it came, folded; the name.
    pub(super) fn ident(&mut self, ident: &Ident) -> Result<String, Refusal> {
        let name = name::folded(ident)?;
        self.name(&name);
        Ok(name)
    }

    /// Writes each of `items` by `each`, with commas between.
    pub(super) fn list<T>(
        &mut self,
        items: &[T],
        mut each: impl FnMut(&mut Self, &T) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                self.put(", ");
            }
            each(self, item)?;
        }
        Ok(())
    }

    /// Writes what `inside` writes, in parentheses.
    pub(super) fn parenthesised<T>(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.word("(");
        let result = inside(self)?;
        self.put(")");
        Ok(result)
    }

    /// Runs `part`; what it gives and, for later, what it wrote.
    pub(super) fn cut<T>(
        &mut self,
        part: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<(T, String), Refusal> {
        let begin = self.out.len();
        let result = part(self)?;
        let text = self.out.split_off(begin);
        Ok((result, text.trim_start().to_owned()))
    }
}

/// Refuses a node that is on no list.
pub(super) fn not_allowed<T>(what: &str) -> Result<T, Refusal> {
    let message = format!("{what} is not allowed in a generated query");
    Err(Refusal::new("node", "0A000", message))
}
