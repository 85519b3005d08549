//! Finds the names of prepared statements that a text speaks of in SQL, and puts others there.
//!
//! PREPARE, EXECUTE, DEALLOCATE and DISCARD share their names with the statements of the extended
//! protocol. Nothing is printed anew: only the token of a name changes. Where the server might
//! read another name the whole text is in doubt.

mod decode;

use std::ops::Range;

use super::footprint::Footprint;
use super::footprint::besides_executed;
use super::footprint::has_wide_backslash;
use super::kind::inner;
use super::lexer::StandardStrings;
use super::script::Script;
use super::script::Statement;
use super::splice::Edit;
use super::splice::apply;
use super::tokens::Tokens;

/// The names of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// What speaks of prepared statements, in order.
    pub mentions: Vec<Mention>,
    /// The text holds one statement, no more.
    pub alone: bool,
    /// What the text may leave behind besides what the prepared statements leave that it
    /// executes: together that is less than [`footprint`](super::footprint::footprint) says.
    pub besides: Footprint,
}

/// A statement that speaks of a prepared one, or of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// Its place among the statements of the text that run, from 0.
    pub index: usize,
    /// Its bytes in the text, without the semicolon.
    pub statement: Range<usize>,
    /// What it does.
    pub verb: Verb,
}

/// What a statement does with prepared ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// `PREPARE name [(types)] AS …`.
    Prepare {
        /// The new statement's name.
        name: Name,
        /// The bytes behind the name: types, if any, AS and the body. No comment follows.
        rest: Range<usize>,
        /// The bytes of the body; empty when there is none.
        body: Range<usize>,
        /// What each EXECUTE of it may leave behind.
        leaves: Footprint,
    },
    /// `EXECUTE name`, inside EXPLAIN and CREATE TABLE … AS too.
    Execute(Name),
    /// `DEALLOCATE [PREPARE] name`.
    Deallocate(Name),
    /// `DEALLOCATE [PREPARE] ALL`, `DISCARD ALL`.
    ForgetAll,
    /// Any other DISCARD: the names stay.
    Keep,
}

impl Verb {
    /// The one name that it speaks of.
    pub fn name(&self) -> Option<&Name> {
        match self {
            Self::Prepare { name, .. } | Self::Execute(name) | Self::Deallocate(name) => Some(name),
            Self::ForgetAll | Self::Keep => None,
        }
    }
}

/// A name where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Its bytes in the text, quotes included.
    pub at: Range<usize>,
    /// As the server knows it: folded, without quotes, at most 63 bytes. In the client's encoding.
    pub decoded: Box<[u8]>,
}

/// The server may read other names in the text than we do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the names of prepared statements in the text are in doubt")]
pub struct InDoubt;

/// The prepared statements that `text` speaks of by name.
pub fn named(text: &[u8]) -> Result<Named, InDoubt> {
    let standard = read(text, StandardStrings::On)?;
    let has_backslash = memchr::memchr(b'\\', text).is_some();
    if has_backslash && (has_wide_backslash(text) || read(text, StandardStrings::Off)? != standard)
    {
        return Err(InDoubt);
    }
    Ok(standard)
}

/// `text` with other names. `names` are in the order of the text; each comes with the name that
/// is to stand there, as the server is to know it: not empty, at most 63 bytes.
pub fn renamed(text: &[u8], names: &[(&Name, &str)]) -> Vec<u8> {
    apply(text, &edits(names))
}

/// What [`renamed`] changes.
pub fn edits(names: &[(&Name, &str)]) -> Vec<Edit> {
    names
        .iter()
        .map(|(name, new)| Edit {
            at: name.at.clone(),
            // Always quoted: the word before may stand close to a quoted name.
            with: format!("\"{}\"", new.replace('"', "\"\"")),
        })
        .collect()
}

/// `tokens` are a PREPARE of a statement, not PREPARE TRANSACTION. The name may be `transaction`.
pub(super) fn is_prepare(tokens: Tokens<'_>) -> bool {
    tokens.is_word(0, "prepare")
        && (!tokens.is_word(1, "transaction")
            || tokens.is_word(2, "as")
            || tokens.is_symbol(2, b'('))
}

/// The index of the name in `CREATE TABLE … AS EXECUTE name`, where no AS stands before but in
/// parentheses.
pub(super) fn name_in_create(tokens: Tokens<'_>) -> Option<usize> {
    let mut depth = 0_usize;
    for index in 1..tokens.len() {
        if tokens.is_symbol(index, b'(') {
            depth += 1;
        } else if tokens.is_symbol(index, b')') {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && tokens.is_word(index, "as") {
            return tokens.is_word(index + 1, "execute").then_some(index + 2);
        }
    }
    None
}

fn read(text: &[u8], strings: StandardStrings) -> Result<Named, InDoubt> {
    let script = Script::lex_as(text, strings).map_err(|_| InDoubt)?;
    let mut mentions = Vec::new();
    let mut besides = Footprint::default();
    let mut count = 0;
    for (index, statement) in script.runnable().enumerate() {
        let tokens = script.tokens(statement);
        count += 1;
        besides = besides | besides_executed(tokens);
        if let Some(verb) = verb(tokens)? {
            mentions.push(mention(index, statement, verb));
        }
    }
    Ok(Named {
        mentions,
        alone: count == 1,
        besides,
    })
}

fn mention(index: usize, statement: &Statement, verb: Verb) -> Mention {
    Mention {
        index,
        statement: statement.bytes.clone(),
        verb,
    }
}

/// What the statement `tokens` does with prepared ones. One whose name is missing does nothing:
/// the server refuses it.
fn verb(tokens: Tokens<'_>) -> Result<Option<Verb>, InDoubt> {
    let verb = match tokens.keyword(0).as_bytes() {
        b"prepare" if is_prepare(tokens) => prepare(tokens)?,
        b"execute" => name(tokens, 1)?.map(Verb::Execute),
        b"explain" => {
            let explained = inner(tokens);
            match explained.keyword(0).as_bytes() {
                b"execute" => name(explained, 1)?.map(Verb::Execute),
                b"create" => created(explained)?,
                _ => None,
            }
        }
        b"create" => created(tokens)?,
        b"deallocate" => {
            // PREPARE alone is a name.
            let noise = usize::from(tokens.is_word(1, "prepare") && tokens.len() > 2);
            if tokens.is_word(1 + noise, "all") {
                Some(Verb::ForgetAll)
            } else {
                name(tokens, 1 + noise)?.map(Verb::Deallocate)
            }
        }
        b"discard" if tokens.is_word(1, "all") => Some(Verb::ForgetAll),
        b"discard" => Some(Verb::Keep),
        _ => None,
    };
    Ok(verb)
}

fn created(tokens: Tokens<'_>) -> Result<Option<Verb>, InDoubt> {
    let Some(index) = name_in_create(tokens) else {
        return Ok(None);
    };
    Ok(name(tokens, index)?.map(Verb::Execute))
}

fn prepare(tokens: Tokens<'_>) -> Result<Option<Verb>, InDoubt> {
    let (Some(name), Some(last)) = (name(tokens, 1)?, tokens.last()) else {
        return Ok(None);
    };
    let end = last.end as usize;
    let start = |tokens: Tokens<'_>| tokens.get(0).map_or(end, |token| token.start as usize);
    let body = inner(tokens);
    Ok(Some(Verb::Prepare {
        name,
        rest: start(tokens.from(2))..end,
        body: start(body)..end,
        leaves: besides_executed(body),
    }))
}

/// The name at token `index`, if there is one.
fn name(tokens: Tokens<'_>, index: usize) -> Result<Option<Name>, InDoubt> {
    let Some(token) = tokens.get(index).filter(|_| tokens.is_name(index)) else {
        return Ok(None);
    };
    let at = token.start as usize..token.end as usize;
    // Quoted in its place, a new name would go on in it.
    if tokens.text().get(at.end) == Some(&b'"') {
        return Err(InDoubt);
    }
    let decoded = decode::name(token, tokens.text()).ok_or(InDoubt)?;
    Ok(Some(Name { at, decoded }))
}

#[cfg(test)]
mod tests;
