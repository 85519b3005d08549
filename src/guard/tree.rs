//! A second opinion on a query, from its syntax tree.
//!
//! sqlparser reads most of PostgreSQL's SQL but not all, and some of it otherwise. Its verdict
//! counts only where its tokens end where ours do.

use std::ops::ControlFlow;

use sqlparser::ast::Expr;
use sqlparser::ast::ObjectName;
use sqlparser::ast::Query;
use sqlparser::ast::Select;
use sqlparser::ast::SetExpr;
use sqlparser::ast::Statement;
use sqlparser::ast::TableFactor;
use sqlparser::ast::Visit;
use sqlparser::ast::Visitor;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Location;
use sqlparser::tokenizer::Token;
use sqlparser::tokenizer::TokenWithSpan;
use sqlparser::tokenizer::Tokenizer;

use super::functions;
use super::read_only::Refused;
use super::suspects;
use crate::sql::schema::Facts;
use crate::sql::tokens::Tokens;

/// Longer queries get no tree, nor do the statements of a text beyond so many bytes: the work is not
/// worth it.
pub(super) const MOST_BYTES: usize = 64 * 1024;
/// The same, by the depth that a chain of operators can have.
pub(super) const MOST_TOKENS: usize = 10_000;
/// Trees of longer texts are made, visited and dropped on a stack of their own: chains of
/// operators are as deep as they are long.
pub(super) const DEEP_BYTES: usize = 1024;
pub(super) const DEEP_STACK: usize = 64 * 1024 * 1024;

/// The query `tokens` has no tree, or one that only reads and calls no function that is volatile
/// by `facts`.
pub(super) fn check(tokens: Tokens<'_>, facts: Option<&Facts>) -> Result<(), Refused> {
    let (Some(first), Some(last)) = (tokens.get(0), tokens.last()) else {
        return Ok(());
    };
    let range = first.start as usize..last.end as usize;
    if range.len() > MOST_BYTES || tokens.len() > MOST_TOKENS || !suspects::any(tokens, facts) {
        return Ok(());
    }
    let Ok(text) = std::str::from_utf8(&tokens.text()[range.clone()]) else {
        return Ok(());
    };
    let judge = || judge(text, tokens, facts);
    if range.len() > DEEP_BYTES {
        stacker::grow(DEEP_STACK, judge)
    } else {
        judge()
    }
}

fn judge(text: &str, tokens: Tokens<'_>, facts: Option<&Facts>) -> Result<(), Refused> {
    let dialect = PostgreSqlDialect {};
    let Ok(theirs) = Tokenizer::new(&dialect, text).tokenize_with_location() else {
        return Ok(());
    };
    if !same_boundaries(text, &theirs, tokens) {
        return Ok(());
    }
    let parsed = Parser::new(&dialect)
        .with_tokens_with_locations(theirs)
        .parse_statements();
    let Ok(statements) = parsed else {
        return Ok(());
    };
    let [Statement::Query(query)] = &statements[..] else {
        return Err(Refused::new("this statement"));
    };
    match query.visit(&mut Reads { facts }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(refused) => Err(refused),
    }
}

/// sqlparser's tokens begin and end where ours do.
fn same_boundaries(text: &str, theirs: &[TokenWithSpan], ours: Tokens<'_>) -> bool {
    boundaries(text, theirs, ours, &[]).is_some()
}

/// Where our tokens stand, by sqlparser's places of them, in order; `None` when its tokens begin or end
/// elsewhere. Ours with the indices in `skipped` are not in `text`.
pub(super) fn boundaries(
    text: &str,
    theirs: &[TokenWithSpan],
    ours: Tokens<'_>,
    skipped: &[usize],
) -> Option<Vec<(Location, u32)>> {
    let base = ours.get(0).map_or(0, |first| first.start);
    let ours = ours.as_slice().iter().enumerate();
    let mut ours = ours.filter(|(index, _)| !skipped.contains(index));
    let mut place = Place::start(text);
    let mut places = Vec::with_capacity(theirs.len());
    for token in theirs {
        if matches!(token.token, Token::Whitespace(_)) {
            continue;
        }
        let start = place.advance(token.span.start.line, token.span.start.column);
        let end = place.advance(token.span.end.line, token.span.end.column);
        let (_, our) = ours.next()?;
        if (our.start - base) as usize != start || (our.end - base) as usize != end {
            return None;
        }
        places.push((token.span.start, our.start));
    }
    ours.next().is_none().then_some(places)
}

/// Turns lines and columns, given in order, into byte offsets.
struct Place<'a> {
    rest: std::str::Chars<'a>,
    length: usize,
    line: u64,
    column: u64,
}

impl<'a> Place<'a> {
    fn start(text: &'a str) -> Self {
        Self {
            rest: text.chars(),
            length: text.len(),
            line: 1,
            column: 1,
        }
    }

    fn advance(&mut self, line: u64, column: u64) -> usize {
        while (self.line, self.column) < (line, column) {
            match self.rest.next() {
                Some('\n') => (self.line, self.column) = (self.line + 1, 1),
                Some(_) => self.column += 1,
                None => break,
            }
        }
        self.length - self.rest.as_str().len()
    }
}

/// Stops at the first thing that is not a read.
struct Reads<'a> {
    facts: Option<&'a Facts>,
}

impl Reads<'_> {
    fn call(&self, name: &ObjectName) -> ControlFlow<Refused> {
        let parts = &name.0;
        let last = parts.last().and_then(|part| part.as_ident());
        let Some(ident) = last else {
            return ControlFlow::Continue(());
        };
        let name = match ident.quote_style {
            Some(_) => ident.value.clone(),
            None => ident.value.to_ascii_lowercase(),
        };
        let quiet = if parts.len() > 1 || ident.quote_style.is_some() {
            functions::is_quiet_in_full(&name, self.facts)
        } else {
            functions::is_quiet(&name, self.facts)
        };
        let refused = Refused::new(&format!("{name}()"));
        if functions::is_denied(&name) {
            return ControlFlow::Break(refused);
        }
        if !quiet {
            let advice = "A function that only reads can be declared STABLE.";
            return ControlFlow::Break(refused.advice(advice));
        }
        ControlFlow::Continue(())
    }
}

impl Visitor for Reads<'_> {
    type Break = Refused;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Refused> {
        if !query.locks.is_empty() {
            return ControlFlow::Break(Refused::new("SELECT FOR UPDATE"));
        }
        match &*query.body {
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                ControlFlow::Break(Refused::new("a WITH that writes"))
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Refused> {
        match select.into {
            Some(_) => ControlFlow::Break(Refused::new("SELECT INTO")),
            None => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Refused> {
        match expr {
            Expr::Function(function) => self.call(&function.name),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Refused> {
        match factor {
            TableFactor::Table {
                name,
                args: Some(_),
                ..
            }
            | TableFactor::Function { name, .. } => self.call(name),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<Refused> {
        match statement {
            Statement::Query(_) => ControlFlow::Continue(()),
            _ => ControlFlow::Break(Refused::new("a WITH that writes")),
        }
    }
}
