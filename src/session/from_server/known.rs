//! What is known of a server connection, and what of it does not hold after all.

use std::sync::Arc;

use crate::session::replies::Does;
use crate::session::replies::Effect;
use crate::session::replies::Owed;
use crate::upstream::Interner;
use crate::upstream::Parameters;
use crate::upstream::Statements;
use crate::wire::backend;

/// What is known of the server connection and changes with what it says.
pub(in crate::session) struct Known<'a> {
    /// What it reports.
    pub parameters: &'a mut Arc<Parameters>,
    /// What the client was told that it reports.
    pub told: &'a mut Arc<Parameters>,
    /// What clients prepare.
    pub interner: &'a Interner,
    /// The shared statements that it holds.
    pub statements: &'a mut Statements,
    /// Its unnamed statement is the client's.
    pub holds_unnamed: &'a mut bool,
    /// The session can go on with another.
    pub is_exchangeable: bool,
}

impl Known<'_> {
    /// Remembers a ParameterStatus; the client may be told of it later only.
    pub(super) fn note(&mut self, body: &[u8], is_told: bool) {
        let Some((name, value)) = backend::parameter_status(body) else {
            return;
        };
        let was_known = Arc::ptr_eq(self.parameters, self.told);
        Arc::make_mut(self.parameters).note(name, value);
        if is_told && was_known {
            *self.told = Arc::clone(self.parameters);
        } else if is_told {
            Arc::make_mut(self.told).note(name, value);
        }
    }

    /// What was owed did not happen.
    pub(in crate::session) fn undo(&mut self, owed: &Owed) {
        match owed {
            Owed::Parse {
                prepared: Some(prepared),
                ..
            } => match prepared.1.as_ref().map(|prepared| &prepared.statement) {
                _ if prepared.0.is_empty() => *self.holds_unnamed = false,
                Some(Some(statement)) => self.statements.lost(statement),
                _ => {}
            },
            Owed::Query { effects, .. } => self.undo_effects(effects),
            Owed::Execute { effect, .. } => self.undo_effects(effect.as_deref()),
            Owed::Own { does, .. } => match does {
                Does::Prepare(statement) => self.statements.lost(statement),
                Does::Close(id) => self.statements.still_surplus(*id),
                Does::Nothing => *self.holds_unnamed = false,
            },
            _ => {}
        }
    }

    /// What SQL was to prepare may not be.
    pub(super) fn undo_effects<'e>(&mut self, effects: impl IntoIterator<Item = &'e Effect>) {
        for effect in effects {
            if let Effect::Prepared(_, prepared) = effect
                && let Some(statement) = &prepared.statement
            {
                self.statements.lost(statement);
            }
        }
    }
}
