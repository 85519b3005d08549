//! Names of prepared statements in SQL, where server connections are shared: PREPARE, EXECUTE and
//! DEALLOCATE speak of the client's names, and get the server's in their place.

use std::sync::Arc;

use super::shared::Before;
use crate::session::dialogue::Dialogue;
use crate::session::link::Link;
use crate::session::names::Name;
use crate::session::names::Prepared;
use crate::session::replies::Effect;
use crate::session::rows::Rows;
use crate::session::wording::Places;
use crate::sql::footprint::Footprint;
use crate::sql::prepared_name;
use crate::sql::prepared_name::Verb;
use crate::sql::splice::apply;
use crate::upstream::Statement;

/// A text with the server's names in it.
pub(in crate::session) struct Renamed {
    /// The text.
    pub text: Vec<u8>,
    /// Where its words stand in the client's.
    pub places: Places,
    /// What must go before it.
    pub before: Before,
    /// What its statements do to the client's names, in order.
    pub effects: Vec<Effect>,
    /// What it may leave behind.
    pub footprint: Footprint,
}

/// A statement, and what executing it may leave behind.
type Known = (Arc<Statement>, Footprint);

/// What the client's names stand for in the middle of a text.
#[derive(Default)]
struct Latest {
    changed: Vec<(Name, Option<Known>)>,
    /// What the names stood for before the text is forgotten.
    starts_anew: bool,
}

impl Dialogue {
    /// Puts the server's names into a text that speaks of prepared statements; `None` when the text
    /// leaves it in doubt which it speaks of.
    pub(in crate::session) fn rename(
        &self,
        text: &[u8],
        rows: Rows,
        link: &mut Link,
    ) -> Option<Renamed> {
        let spoken_of = prepared_name::named(text).ok()?;
        let mut before = Before::default();
        let mut effects = Vec::new();
        let mut names = Vec::new();
        let mut latest = Latest::default();
        let mut footprint = spoken_of.besides;
        for mention in &spoken_of.mentions {
            if matches!(mention.verb, Verb::ForgetAll) {
                link.server().statements.all_lost();
                effects.push(Effect::AllGone);
                latest.forget_all();
            }
            let Some(name) = mention.verb.name() else {
                continue;
            };
            let known = latest.find(&name.decoded, self);
            let statement = match (&mention.verb, known) {
                (Verb::Prepare { rest, leaves, .. }, None) => {
                    let interner = &link.access.interner;
                    let command = &text[rest.clone()];
                    let statement = if self.footprint.is_unsettled() {
                        interner.private(command, true)
                    } else {
                        interner.intern(command, true, &link.settings)
                    };
                    before.put_room(&statement, link);
                    let prepared = Prepared {
                        rows,
                        question: None,
                        statement: Some(Arc::clone(&statement)),
                        footprint: *leaves,
                        places: Box::default(),
                        speaks_of: Vec::new(),
                        respelled: None,
                        source: None,
                        cursor: None,
                    };
                    effects.push(Effect::Prepared(name.decoded.clone(), Box::new(prepared)));
                    latest.set(&name.decoded, Some((Arc::clone(&statement), *leaves)));
                    statement
                }
                (Verb::Deallocate(_), Some((known, _))) => {
                    before.put_name_where_missing(&known, link);
                    link.server().statements.lost(&known);
                    effects.push(Effect::Deallocated(name.decoded.clone()));
                    latest.set(&name.decoded, None);
                    known
                }
                (verb, Some((known, leaves))) => {
                    before.put_where_missing(&known, link);
                    before.speaks_of.push(Arc::clone(&known));
                    if matches!(verb, Verb::Execute(_)) {
                        footprint = footprint | link.note(known.text(), leaves, |_| None);
                    }
                    known
                }
                // The server says that there is none.
                (_, None) => continue,
            };
            names.push((name, statement.name_text()));
        }
        let names: Vec<_> = names
            .iter()
            .map(|(name, new)| (*name, new.as_str()))
            .collect();
        let edits = prepared_name::edits(&names);
        Some(Renamed {
            text: apply(text, &edits),
            places: Places::of(text, &edits),
            before,
            effects,
            footprint,
        })
    }
}

impl Latest {
    fn find(&self, name: &[u8], dialogue: &Dialogue) -> Option<Known> {
        let mut latest = self.changed.iter().rev();
        match latest.find(|(known, _)| **known == *name) {
            Some((_, known)) => known.clone(),
            None if self.starts_anew => None,
            None => {
                let known = dialogue.statement(name)?;
                Some((known.statement.clone()?, known.footprint))
            }
        }
    }

    fn set(&mut self, name: &[u8], known: Option<Known>) {
        self.changed.push((name.into(), known));
    }

    fn forget_all(&mut self) {
        self.changed.clear();
        self.starts_anew = true;
    }
}
