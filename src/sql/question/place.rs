//! Finds the questions of a text, and says when one stands where none may.

use super::Asked;
use super::Misplaced;
use super::Placement;
use super::Setting;
use super::Verb;
use super::item::is_alias;
use super::item::string_value;
use super::marker;
use super::marker::Marked;
use super::marker::MarkedVerb;
use crate::sql::clause::Clauses;
use crate::sql::kind::CopyKind;
use crate::sql::kind::StatementKind;
use crate::sql::kind::classify;
use crate::sql::kind::inner;
use crate::sql::lexer::Token;
use crate::sql::lexer::TokenKind;
use crate::sql::script::Script;
use crate::sql::script::Statement;
use crate::sql::tokens::Tokens;

/// The questions of `text`. A text that cannot be lexed and is no plain question has none: the
/// server says what is wrong with it.
pub fn place(text: &[u8]) -> Placement {
    if let Some(placement) = plain(text) {
        return placement;
    }
    Script::lex(text).map_or(Placement::None, |script| find(&script))
}

/// The questions of a text that has been lexed.
pub fn find(script: &Script<'_>) -> Placement {
    if let Some(placement) = plain(script.text()) {
        return placement;
    }
    match search(script) {
        Ok(placement) => placement,
        Err(misplaced) => Placement::Refused(misplaced),
    }
}

fn plain(text: &[u8]) -> Option<Placement> {
    let (start, marked) = marker::plain(text)?;
    Some(match asked(&marked, start..text.len(), Setting::Bare) {
        Ok(asked) => Placement::Whole(asked),
        Err(misplaced) => Placement::Refused(misplaced),
    })
}

fn search(script: &Script<'_>) -> Result<Placement, Misplaced> {
    let mut whole = None;
    let mut inside = Vec::new();
    for statement in script.statements() {
        if let Some(asked) = alone(script, statement)? {
            if whole.replace(asked).is_some() {
                return Err(Misplaced::Mixed);
            }
        } else {
            let found = within(script, statement)?;
            if !found.is_empty() && !inside.is_empty() {
                return Err(Misplaced::Mixed);
            }
            inside.extend(found);
        }
    }
    let runnable = script.runnable().count();
    match (whole, inside.is_empty()) {
        (None, true) => Ok(Placement::None),
        (Some(_), false) => Err(Misplaced::Mixed),
        (Some(asked), true) => {
            let own = usize::from(script.runnable().any(|one| is_select_alone(script, one)));
            if runnable > own {
                Err(Misplaced::Mixed)
            } else {
                Ok(Placement::Whole(asked))
            }
        }
        (None, false) if runnable > 1 => Err(Misplaced::Mixed),
        (None, false) => Ok(Placement::Inside(inside)),
    }
}

/// The question that is the whole of `statement`: places (a) and (e).
fn alone(script: &Script<'_>, statement: &Statement) -> Result<Option<Asked>, Misplaced> {
    let behind = match statement.kind {
        StatementKind::Empty => 0,
        _ if is_select_alone(script, statement) => script
            .tokens(statement)
            .last()
            .map_or(0, |select| select.end),
        _ => return Ok(None),
    };
    // What follows the last semicolon belongs to the statement before it, as documentation.
    let trails = statement.kind == StatementKind::Empty
        && !statement.terminated
        && script.runnable().next().is_some();
    if trails {
        return Ok(None);
    }
    let comments = script
        .comments(statement)
        .iter()
        .filter(|comment| comment.start >= behind);
    let Some(marked) = only(script.text(), comments.clone())? else {
        return Ok(None);
    };
    if goes_on(script.text(), comments) {
        return Err(Misplaced::Lines);
    }
    asked(&marked, statement.bytes.clone(), Setting::Bare).map(Some)
}

fn is_select_alone(script: &Script<'_>, statement: &Statement) -> bool {
    let tokens = script.tokens(statement);
    tokens.len() == 1 && tokens.is_word(0, "select")
}

/// The questions that are parts of `statement`: places (c) and (d).
fn within(script: &Script<'_>, statement: &Statement) -> Result<Vec<Asked>, Misplaced> {
    let tokens = script.tokens(statement);
    if marks_plain(tokens) {
        return Err(Misplaced::Mixed);
    }
    let mut found = Vec::new();
    let mut clauses = Clauses::new();
    for index in 0..tokens.len() {
        let in_from = clauses.begins_item(tokens, index);
        if tokens.is_symbol(index, b'(') && tokens.is_symbol(index + 1, b')') {
            found.extend(in_parentheses(script, statement, Place { index, in_from })?);
        } else if in_from && is_name_nl(tokens, index) {
            found.extend(in_function(tokens, index)?);
        }
        clauses.pass(tokens, index);
    }
    found.extend(at_the_end(script, statement)?);
    if found.is_empty() {
        return Ok(found);
    }
    if statement.kind == StatementKind::Declare {
        return Err(Misplaced::Cursor);
    }
    if !may_surround(tokens, statement.kind) {
        return Err(Misplaced::Outer);
    }
    if found
        .iter()
        .any(|asked| !matches!(asked.verb, Verb::Answer | Verb::Run(_)))
    {
        return Err(Misplaced::Verb);
    }
    Ok(found)
}

/// A token where a question may stand.
#[derive(Debug, Clone, Copy)]
struct Place {
    index: usize,
    /// It begins an item of a FROM clause.
    in_from: bool,
}

/// A plain question behind another statement: `SELECT 1; nl: count orders`.
fn marks_plain(tokens: Tokens<'_>) -> bool {
    let verb = tokens.keyword(1);
    let colon = match verb.as_bytes() {
        b"sql" | b"explain" => 2,
        b"save" => 3,
        _ => 1 + usize::from(tokens.bytes(1) == b"+"),
    };
    tokens.is_word(0, "nl") && tokens.is_symbol(colon, b':')
}

fn may_surround(tokens: Tokens<'_>, kind: StatementKind) -> bool {
    match kind {
        StatementKind::Select => true,
        StatementKind::Copy(CopyKind::ToStdout) | StatementKind::Explain { .. } => {
            let query = inner(tokens);
            query.unwrapped().is_empty() || classify(query) == StatementKind::Select
        }
        _ => false,
    }
}

/// A question where EXPLAIN, DECLARE, PREPARE or CREATE … AS has no statement but an nl comment.
fn at_the_end(script: &Script<'_>, statement: &Statement) -> Result<Option<Asked>, Misplaced> {
    let tokens = script.tokens(statement);
    let Some(last) = tokens.last() else {
        return Ok(None);
    };
    let lacks_statement = match statement.kind {
        StatementKind::Explain { .. } => inner(tokens).is_empty(),
        StatementKind::Declare => last.is_word(script.text(), "for"),
        _ => last.is_word(script.text(), "as"),
    };
    if !lacks_statement {
        return Ok(None);
    }
    let behind = || {
        script
            .comments(statement)
            .iter()
            .filter(|comment| comment.start >= last.end)
    };
    let Some(marked) = only(script.text(), behind())? else {
        return Ok(None);
    };
    let is_question = |comment: &&Token| marker::in_comment(script.text(), **comment).is_some();
    let comment = behind()
        .find(is_question)
        .expect("`only` has just found one");
    asked(
        &marked,
        comment.start as usize..comment.end as usize,
        Setting::Bare,
    )
    .map(Some)
}

/// Place (c): the two parentheses at `place` have nothing between them but a question.
fn in_parentheses(
    script: &Script<'_>,
    statement: &Statement,
    place: Place,
) -> Result<Option<Asked>, Misplaced> {
    let tokens = script.tokens(statement);
    let (Some(open), Some(close)) = (tokens.get(place.index), tokens.get(place.index + 1)) else {
        return Ok(None);
    };
    let comments = script.comments(statement);
    let first = comments.partition_point(|comment| comment.start < open.end);
    let count = comments[first..].partition_point(|comment| comment.end <= close.start);
    if count == 0 || !may_begin_query(tokens, place.index) {
        return Ok(None);
    }
    let inside = comments[first..first + count].iter();
    let Some(marked) = only(script.text(), inside)? else {
        return Ok(None);
    };
    let lacks_alias = place.in_from && !is_alias(tokens, place.index + 2);
    let setting = if lacks_alias {
        Setting::Aliased
    } else {
        Setting::Parenthesised
    };
    asked(&marked, open.start as usize..close.end as usize, setting).map(Some)
}

/// Place (d): `nl('…')`, at `index` in a FROM clause.
fn in_function(tokens: Tokens<'_>, index: usize) -> Result<Option<Asked>, Misplaced> {
    if !tokens.is_symbol(index + 1, b'(') || !tokens.is_symbol(index + 3, b')') {
        return Ok(None);
    }
    let (Some(name), Some(close)) = (tokens.get(index), tokens.get(index + 3)) else {
        return Ok(None);
    };
    let Some(words) = string_value(tokens, index + 2) else {
        return Ok(None);
    };
    let lacks_alias = !is_alias(tokens, index + 4);
    let setting = if lacks_alias {
        Setting::Aliased
    } else {
        Setting::Parenthesised
    };
    let marked = Marked {
        verb: MarkedVerb::Answer,
        words: &words,
    };
    asked(&marked, name.start as usize..close.end as usize, setting).map(Some)
}

fn is_name_nl(tokens: Tokens<'_>, index: usize) -> bool {
    tokens.is_word(index, "nl") || tokens.bytes(index) == b"\"nl\""
}

/// The parenthesis at `open` may hold a query, by what stands before it: not a function's name.
fn may_begin_query(tokens: Tokens<'_>, open: usize) -> bool {
    let Some(before) = open.checked_sub(1).and_then(|before| tokens.get(before)) else {
        return true;
    };
    match before.kind {
        TokenKind::Operator | TokenKind::Symbol(b',' | b'(') => true,
        TokenKind::Word => QUERY_FOLLOWS.contains(&tokens.keyword(open - 1).as_bytes()),
        // EXPLAIN's options end in a parenthesis.
        TokenKind::Symbol(b')') => tokens.is_word(0, "explain"),
        _ => false,
    }
}

const QUERY_FOLLOWS: &[&[u8]] = &[
    b"from",
    b"join",
    b"lateral",
    b"as",
    b"materialized",
    b"copy",
    b"in",
    b"exists",
    b"any",
    b"all",
    b"some",
    b"array",
    b"union",
    b"except",
    b"intersect",
    b"distinct",
    b"explain",
    b"analyze",
    b"analyse",
    b"verbose",
    b"select",
    b"where",
    b"and",
    b"or",
    b"not",
    b"on",
    b"for",
    b"then",
    b"else",
    b"when",
];

/// The question is a line comment, and the next line is another one: its words would be lost.
fn goes_on<'a>(text: &[u8], comments: impl Iterator<Item = &'a Token>) -> bool {
    let is_line = |comment: &Token| comment.kind == TokenKind::LineComment;
    let mut comments = comments.skip_while(|comment| marker::in_comment(text, **comment).is_none());
    comments.next().is_some_and(is_line) && comments.next().is_some_and(is_line)
}

/// The only question among `comments`.
fn only<'a, 'b>(
    text: &'a [u8],
    comments: impl Iterator<Item = &'b Token>,
) -> Result<Option<Marked<'a>>, Misplaced> {
    let mut found = comments.filter_map(|comment| marker::in_comment(text, *comment));
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(Misplaced::Several),
        (found, None) => Ok(found),
    }
}

fn asked(
    marked: &Marked<'_>,
    span: std::ops::Range<usize>,
    setting: Setting,
) -> Result<Asked, Misplaced> {
    let (verb, text) = marked.read()?;
    Ok(Asked {
        verb,
        text,
        span,
        setting,
    })
}
