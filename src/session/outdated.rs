//! Statements that were prepared before the database changed are held to the rules about objects
//! again whenever they are used: a view may show since what it did not show then.

use super::dialogue::Dialogue;
use super::estimate::Source;
use super::from_client::Fate;
use super::names::Prepared;
use super::ruling::Rules;
use crate::guard;
use crate::sql::footprint::footprint;
use crate::sql::prepared_name;
use crate::sql::prepared_name::Verb;
use crate::wire::ErrorInfo;
use crate::wire::frontend::Bind;

impl Dialogue {
    /// What becomes of a Bind whose statement may not be used any more, or of which that is not
    /// known yet.
    pub(super) fn outdated_bind(&mut self, bind: &Bind<'_>, rules: &mut Rules) -> Option<Fate> {
        rules.guarded()?;
        if self.is_in_doubt(bind.statement) {
            return Some(Fate::Settle);
        }
        let texts = texts(self.statement(bind.statement)?);
        if texts.is_empty() {
            return None;
        }
        if rules.must_learn() {
            return Some(Fate::Learn);
        }
        let mut texts = texts.iter();
        let refused = texts.find_map(|text| rules.still_permits(text).err())?;
        Some(self.refuse_bind(refused))
    }

    /// Why a Query may not execute the statements that it names, if it may not.
    pub(super) fn outdated_execute(
        &self,
        text: &[u8],
        rules: &mut Rules,
    ) -> Option<Box<ErrorInfo>> {
        rules.guarded()?;
        if !footprint(text).names {
            return None;
        }
        let named = prepared_name::named(text).ok()?;
        let executed = named.mentions.iter().filter_map(|mention| {
            let name = mention.verb.name()?;
            matches!(mention.verb, Verb::Execute(_)).then_some(name)
        });
        let known = executed.filter_map(|name| self.statement(&name.decoded));
        let mut texts = known.flat_map(texts);
        texts.find_map(|text| rules.still_permits(&text).err())
    }
}

impl Rules {
    /// What was let through once may still run.
    fn still_permits(&mut self, text: &[u8]) -> Result<(), Box<ErrorInfo>> {
        match self.verdict(text) {
            guard::Verdict::Refuse(refusal) if refusal.is_about_objects() => {
                Err(self.refused(&refusal, Some(text)))
            }
            _ => Ok(()),
        }
    }
}

/// The text of a statement, and of those that it executes by their names.
fn texts(prepared: &Prepared) -> Vec<Box<[u8]>> {
    let executed = prepared.speaks_of.iter();
    let shared = prepared.statement.iter().chain(executed);
    let sources = shared.map(|statement| Source::of_shared(statement));
    let sources = sources.chain(prepared.source.clone());
    let text = |source: Source| match source {
        Source::Known { text, .. } => Some(text),
        Source::Server(_) => None,
    };
    sources.filter_map(text).collect()
}
