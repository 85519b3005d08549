//! What the tokens of a statement may name; for most statements nothing.

use std::borrow::Cow;
use std::sync::Arc;

use super::About;
use super::ObjectRules;
use super::words::Called;
use super::words::Word;
use crate::guard::refusal::Refusal;
use crate::guard::suspects;
use crate::sql::kind::StatementKind;
use crate::sql::lexer::TokenKind;
use crate::sql::objects::Attribute;
use crate::sql::tokens::Tokens;

/// Where a statement may name something out of bounds that is not a function.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// Offsets of words that may be relations.
    pub relations: Vec<u32>,
    /// Some word may be the schema of such a relation, and no name of a relation follows it.
    pub schema: bool,
}

/// PostgreSQL cuts longer names.
const LONGEST_NAME: usize = 63;

impl ObjectRules {
    /// The candidates among `tokens`; a call of something out of bounds is refused at once.
    pub(super) fn candidates(
        &self,
        tokens: Tokens<'_>,
        kind: StatementKind,
    ) -> Result<Candidates, Arc<Refusal>> {
        let mut candidates = Candidates::default();
        if let Some(refusal) = &self.everywhere {
            return Err(Arc::clone(refusal));
        }
        for (index, token) in tokens.as_slice().iter().enumerate() {
            match token.kind {
                TokenKind::Word | TokenKind::QuotedName => {}
                TokenKind::UnicodeName => return Err(Arc::new(self.unreadable("Unicode escapes"))),
                TokenKind::Operator if !self.symbols.is_empty() => {
                    self.symbol(tokens.bytes(index))?;
                    continue;
                }
                _ => continue,
            }
            let word = self.word(tokens, index)?;
            let Some((word, name)) = word else { continue };
            if word.relation {
                candidates.relations.push(token.start);
            }
            candidates.schema |=
                word.schema && self.about != About::Writes && !tokens.is_symbol(index + 1, b'.');
            At {
                tokens,
                index,
                kind,
                path: self.path.as_deref(),
            }
            .judge(word, &name)?;
        }
        Ok(candidates)
    }

    /// What the word at `index` may stand for.
    pub(super) fn word<'a>(
        &self,
        tokens: Tokens<'a>,
        index: usize,
    ) -> Result<Option<(&Word, Cow<'a, str>)>, Arc<Refusal>> {
        let short = tokens.keyword(index);
        if !short.as_bytes().is_empty()
            && let Ok(name) = std::str::from_utf8(short.as_bytes())
            && name.is_ascii()
        {
            let Some(word) = self.words.get(name) else {
                return self.check_storage(name).map(|()| None);
            };
            return Ok(Some((word, name.to_owned().into())));
        }
        let Some(name) = tokens.name(index) else {
            if self.about == About::Writes && !self.foreign_words {
                return Ok(None);
            }
            return Err(Arc::new(self.unreadable("bytes that are not UTF-8")));
        };
        let name = clipped(name);
        if let Some(word) = self.words.get(&*name) {
            return Ok(Some((word, name)));
        }
        // In another client encoding the same bytes may be the name of something else.
        if self.foreign_words && !name.is_ascii() && !self.knows(&name) {
            return Err(Arc::new(
                self.unreadable("letters beyond ASCII that nothing here bears"),
            ));
        }
        self.check_storage(&name).map(|()| None)
    }

    /// Long values are kept in tables of their own, whose names tell no one whose they are.
    fn check_storage(&self, name: &str) -> Result<(), Arc<Refusal>> {
        if !name.starts_with("pg_toast_") || !self.guards_data {
            return Ok(());
        }
        let message = "permission denied for the storage of relations";
        let hint = format!(
            "Policy \"{}\" has rules about tables or columns, whose values it may hold.",
            self.policy
        );
        let refusal = Refusal::new("deny_tables", "42501", message).hint(hint);
        Err(Arc::new(refusal))
    }

    /// Some relation or column bears this name.
    fn knows(&self, name: &str) -> bool {
        let mut relations = self.objects.relations.iter();
        relations.any(|relation| {
            &*relation.name == name || relation.columns.iter().any(|column| &*column.name == name)
        })
    }

    fn symbol(&self, symbol: &[u8]) -> Result<(), Arc<Refusal>> {
        // `!=` is an operator of the scanner's, the catalog knows it as `<>`.
        let symbol = if symbol == b"!=" { b"<>" } else { symbol };
        let found = std::str::from_utf8(symbol)
            .ok()
            .and_then(|symbol| self.symbols.get(symbol));
        found.map_or(Ok(()), |refusal| Err(Arc::clone(refusal)))
    }

    fn unreadable(&self, what: &str) -> Refusal {
        let message = format!("a name with {what} cannot be examined");
        let hint = format!(
            "Policy \"{}\" has rules about objects. Write names as they are, in UTF-8.",
            self.policy
        );
        Refusal::new("objects", "42501", message).hint(hint)
    }
}

/// A name as PostgreSQL stores it.
pub(super) fn clipped(name: Cow<'_, str>) -> Cow<'_, str> {
    if name.len() <= LONGEST_NAME {
        return name;
    }
    let mut end = LONGEST_NAME;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].to_owned().into()
}

/// A word in its place.
#[derive(Clone, Copy)]
struct At<'a> {
    tokens: Tokens<'a>,
    index: usize,
    kind: StatementKind,
    /// Where functions without a schema are looked for.
    path: Option<&'a [Box<str>]>,
}

impl At<'_> {
    fn judge(self, word: &Word, name: &str) -> Result<(), Arc<Refusal>> {
        if let Some(refusal) = &word.bare {
            return Err(Arc::clone(refusal));
        }
        if let Some(refusal) = &word.grammar
            && self.is_grammar(name)
        {
            return Err(Arc::clone(refusal));
        }
        let mut functions = word.functions.iter();
        let Some(called) = functions.find(|called| self.calls(called)) else {
            return Ok(());
        };
        let may_be_elsewhere = self.path.is_none() && &*called.schema != "pg_catalog";
        Err(if may_be_elsewhere {
            let mut refusal = Refusal::clone(&called.refusal);
            refusal.depends_on_path = true;
            Arc::new(refusal)
        } else {
            Arc::clone(&called.refusal)
        })
    }

    /// It stands where it is a keyword.
    fn is_grammar(self, name: &str) -> bool {
        let before = |word: &str| self.index > 0 && self.tokens.is_word(self.index - 1, word);
        let is_word = self
            .tokens
            .get(self.index)
            .is_some_and(|it| it.kind == TokenKind::Word);
        let is_keyword = match name {
            "zone" => before("time"),
            "local" => before("at"),
            _ => true,
        };
        is_word && is_keyword && !(self.index > 0 && self.tokens.is_symbol(self.index - 1, b'.'))
    }

    /// It may call this function.
    fn calls(self, called: &Called) -> bool {
        let Self {
            tokens,
            index,
            kind,
            path,
        } = self;
        let behind_dot = index > 0 && tokens.is_symbol(index - 1, b'.');
        if !matches!(
            kind,
            StatementKind::Select
                | StatementKind::SelectInto
                | StatementKind::WithWrite { .. }
                | StatementKind::Insert
                | StatementKind::Update
                | StatementKind::Delete
                | StatementKind::Merge
        ) && is_about_functions(tokens)
        {
            // ALTER FUNCTION, DROP AGGREGATE: parentheses may be missing.
            return true;
        }
        if tokens.is_symbol(index + 1, b'(') {
            if behind_dot {
                let schema = index.checked_sub(2).and_then(|before| tokens.name(before));
                return schema.is_none_or(|schema| schema == *called.schema);
            }
            // PostgreSQL's own may be what the grammar calls, as `extract` does.
            let is_grammar = &*called.schema != "pg_catalog" && suspects::is_keyword(tokens, index);
            return !is_grammar && !self.is_no_call() && may_find(path, &called.schema);
        }
        if !behind_dot || index < 2 {
            return false;
        }
        match called.attribute {
            Attribute::No => false,
            Attribute::OfRow => may_find(path, &called.schema),
            Attribute::OfValue => {
                tokens.is_symbol(index - 2, b')') || tokens.is_symbol(index - 2, b']')
            }
        }
    }

    /// The parenthesis behind it holds columns, or the length of a type.
    fn is_no_call(self) -> bool {
        let Some(before) = self.index.checked_sub(1) else {
            return false;
        };
        let is_type = self
            .tokens
            .get(before)
            .is_some_and(|token| token.kind == TokenKind::Typecast);
        is_type
            || matches!(
                self.tokens.keyword(before).as_bytes(),
                b"into" | b"as" | b"references"
            )
    }
}

/// Something in `schema` may be found without being written with it.
fn may_find(path: Option<&[Box<str>]>, schema: &str) -> bool {
    path.is_none_or(|path| {
        schema == "pg_catalog" || path.iter().any(|on_path| **on_path == *schema)
    })
}

/// The statement changes or grants functions.
fn is_about_functions(tokens: Tokens<'_>) -> bool {
    (1..tokens.len()).any(|index| {
        matches!(
            tokens.keyword(index).as_bytes(),
            b"function" | b"procedure" | b"routine" | b"aggregate"
        )
    })
}
