//! Statements that are no queries but name relations: each name must stand for one that they may
//! touch.

use std::sync::Arc;

use super::ObjectRules;
use super::access::Access;
use super::columns::Treatment;
use super::tokens::clipped;
use super::walk::Position;
use super::walk::Refused;
use super::walk::refuse;
use crate::sql::tokens::Tokens;

/// Commands that neither deliver values nor make anything that would, by their first word.
const VALUELESS: [&[u8]; 6] = [
    b"analyze",
    b"comment",
    b"lock",
    b"reindex",
    b"truncate",
    b"vacuum",
];

/// A name as it is written, and what comes behind it.
struct Named {
    schema: Option<String>,
    name: String,
    behind: usize,
}

impl ObjectRules {
    /// `TABLE name` is `SELECT * FROM name`.
    pub(super) fn table(&self, tokens: Tokens<'_>, position: Position) -> Result<(), Refused> {
        let named = named(tokens, 1 + usize::from(tokens.is_word(1, "only")));
        let is_whole = |named: &Named| {
            let star = named.behind < tokens.len() && tokens.bytes(named.behind) == b"*";
            named.behind + usize::from(star) == tokens.len()
        };
        let Some(named) = named.filter(is_whole) else {
            return Err(Arc::new(self.unresolved()));
        };
        let Some(relation) = self.resolve_one(named.schema.as_deref(), &named.name)? else {
            return Ok(());
        };
        let Access::Columns(treated) = &self.access[relation] else {
            return Ok(());
        };
        let may_show = |treatment: &Treatment| {
            position == Position::Result && matches!(treatment, Treatment::Masked(..))
        };
        match treated.values().find(|treatment| !may_show(treatment)) {
            Some(treatment) => refuse(treatment),
            None => Ok(()),
        }
    }

    /// LOCK names nothing but relations.
    pub(super) fn lock(&self, tokens: Tokens<'_>) -> Result<(), Refused> {
        let mut at = 1 + usize::from(tokens.is_word(1, "table"));
        loop {
            at += usize::from(tokens.is_word(at, "only") && tokens.is_name(at + 1));
            let Some(named) = named(tokens, at) else {
                return Err(Arc::new(self.unresolved()));
            };
            self.resolve_one(named.schema.as_deref(), &named.name)?;
            at = named.behind;
            if !tokens.is_symbol(at, b',') {
                break;
            }
            at += 1;
        }
        let ends = at == tokens.len() || matches!(tokens.keyword(at).as_bytes(), b"in" | b"nowait");
        if ends {
            Ok(())
        } else {
            Err(Arc::new(self.unresolved()))
        }
    }

    /// Every word that may name a relation is taken to name one.
    pub(super) fn utility(&self, tokens: Tokens<'_>) -> Result<(), Refused> {
        let is_valueless = VALUELESS.contains(&tokens.keyword(0).as_bytes());
        for index in (0..tokens.len()).filter(|&index| tokens.is_name(index)) {
            let Some((word, name)) = self.word(tokens, index)? else {
                continue;
            };
            if word.schema && !tokens.is_symbol(index + 1, b'.') {
                return Err(Arc::new(self.unresolved()));
            }
            if !word.relation {
                continue;
            }
            let schema = (index >= 2 && tokens.is_symbol(index - 1, b'.'))
                .then(|| tokens.name(index - 2).map(clipped));
            let relation = match schema {
                None => self.resolve_one(None, &name)?,
                Some(Some(schema)) => self.resolve_one(Some(&schema), &name)?,
                Some(None) => return Err(Arc::new(self.unresolved())),
            };
            let is_free = relation.is_none_or(|at| self.access[at].is_free());
            if !is_free && !is_valueless {
                return Err(Arc::new(self.unresolved()));
            }
        }
        Ok(())
    }
}

/// `name` or `schema.name` at `at`.
fn named(tokens: Tokens<'_>, at: usize) -> Option<Named> {
    let name = |index| Some(clipped(tokens.name(index)?).into_owned());
    let first = name(at)?;
    if !tokens.is_symbol(at + 1, b'.') {
        return Some(Named {
            schema: None,
            name: first,
            behind: at + 1,
        });
    }
    Some(Named {
        schema: Some(first),
        name: name(at + 2)?,
        behind: at + 3,
    })
}
