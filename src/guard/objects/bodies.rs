//! What functions do, by the words of their bodies.

use std::sync::Arc;

use super::About;
use super::ObjectRules;
use crate::guard::refusal::Refusal;
use crate::sql::kind::StatementKind;
use crate::sql::lexer::StandardStrings;
use crate::sql::lexer::Token;
use crate::sql::lexer::lex;
use crate::sql::objects::Function;
use crate::sql::tokens::Tokens;

/// Words in a body by which it may do what the body does not show: run text, read a cursor of the
/// caller's, make something with a body of its own.
const HIDING: &[&str] = &[
    "execute", "fetch", "move", "copy", "do", "create", "load", "import", "prepare",
];

/// Words in a body by which it may write.
const WRITING: &[&str] = &[
    "insert", "update", "delete", "merge", "truncate", "alter", "drop", "grant", "revoke",
    "refresh", "lock", "notify", "listen", "call", "set",
];

/// The function may write, by the words of its body.
pub(super) fn writes(function: &Function) -> bool {
    let Some(tokens) = function.body.as_deref().and_then(tokens) else {
        return true;
    };
    let body = function.body.as_deref().unwrap_or_default().as_bytes();
    let tokens = Tokens::new(body, &tokens);
    hides(function)
        || (0..tokens.len()).any(|index| WRITING.iter().any(|word| tokens.is_word(index, word)))
}

/// What the function does cannot be told from its body.
pub(super) fn hides(function: &Function) -> bool {
    let Some(tokens) = function.body.as_deref().and_then(tokens) else {
        return true;
    };
    let body = function.body.as_deref().unwrap_or_default().as_bytes();
    let tokens = Tokens::new(body, &tokens);
    (0..tokens.len()).any(|index| {
        // Of a conflict nothing comes but the statement that is written there.
        let is_conflict = index >= 1 && tokens.is_word(index, "do") && {
            let next = tokens.keyword(index + 1);
            matches!(next.as_bytes(), b"nothing" | b"update")
        };
        !is_conflict && HIDING.iter().any(|word| tokens.is_word(index, word))
    })
}

fn tokens(body: &str) -> Option<Vec<Token>> {
    let mut tokens = lex(body.as_bytes(), StandardStrings::On).ok()?;
    tokens.retain(|token| !token.is_comment());
    Some(tokens)
}

impl ObjectRules {
    /// Why a function may not be called whose body shows what it does, if it does anything out of
    /// bounds. Its words are taken as those of a statement are.
    pub(super) fn body_refusal(&self, function: &Function) -> Option<Refusal> {
        let body = function.body.as_deref()?;
        let tokens = tokens(body)?;
        let tokens = Tokens::new(body.as_bytes(), &tokens);
        let sets = (0..tokens.len()).any(|index| tokens.is_word(index, "set_config"));
        if sets && self.about != About::Names {
            return Some(self.writes_through(function, "calls set_config()"));
        }
        let hint = match self.candidates(tokens, StatementKind::Select) {
            Ok(candidates) if candidates.is_empty() => return None,
            Ok(candidates) => {
                let is_first = |index: &usize| {
                    let token = tokens.get(*index);
                    token.is_some_and(|token| candidates.relations.contains(&token.start))
                };
                let first = (0..tokens.len()).find(is_first);
                let name = first
                    .and_then(|index| tokens.name(index))
                    .unwrap_or_default();
                if self.about == About::Writes {
                    return Some(self.writes_through(function, &format!("reads {name}")));
                }
                format!(
                    "Its body names {name}, which policy \"{}\" keeps back.",
                    self.policy
                )
            }
            Err(refusal) if refusal.rule == "read_only" => {
                let called = refusal.message.trim_start_matches("cannot execute ");
                let called = called.trim_end_matches(" in a read-only session");
                return Some(self.writes_through(function, &format!("calls {called}")));
            }
            Err(refusal) => {
                let reached = refusal.message.trim_start_matches("permission denied for ");
                format!(
                    "It reaches {reached}. {}",
                    refusal.hint.as_deref().unwrap_or_default()
                )
            }
        };
        let Function { schema, name, .. } = function;
        let message = format!("permission denied for function {schema}.{name}");
        Some(Refusal::new("allow_functions", "42501", message).hint(hint))
    }

    /// The refusal of a function by which a read-only session would do what it may not do itself.
    fn writes_through(&self, function: &Function, how: &str) -> Refusal {
        let message = format!("cannot execute {}() in a read-only session", function.name);
        let hint = format!(
            "Policy \"{}\" has read_only = true, and the function {how}.",
            self.policy
        );
        Refusal::new("read_only", "25006", message).hint(hint)
    }

    /// The functions that reach something out of bounds and were not known to do so.
    pub(super) fn bodies(&self, vouched: impl Fn(&Function) -> bool) -> Vec<(usize, Arc<Refusal>)> {
        let functions = self.objects.functions.iter().enumerate();
        let shown = functions.filter(|(_, function)| !function.transparent && !vouched(function));
        let refused = shown.filter_map(|(position, function)| {
            Some((position, Arc::new(self.body_refusal(function)?)))
        });
        refused.collect()
    }
}
