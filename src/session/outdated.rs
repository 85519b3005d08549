//! Statements that were prepared before the database changed are held to the rules about objects
//! again whenever they are used: a view may show since what it did not show then.

use std::collections::HashSet;

use super::End;
use super::Session;
use super::asking::Failure;
use super::dialogue::Dialogue;
use super::estimate::Asked;
use super::estimate::Source;
use super::from_client::Fate;
use super::from_client::Step;
use super::link::Link;
use super::names::Name;
use super::names::Prepared;
use super::ruling::Rules;
use crate::guard;
use crate::sql::footprint::footprint;
use crate::sql::prepared_name;
use crate::sql::prepared_name::Verb;
use crate::wire::ErrorInfo;
use crate::wire::TransactionStatus;
use crate::wire::frontend::Bind;

/// Names that are remembered as judged; with more, they are judged anew.
const MOST_JUDGED: usize = 1024;

/// The statements that SQL has prepared on a connection of the session's own, of which only the
/// server knows what they mean, as far as they were judged.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// The state of the database that they were judged by.
    version: u64,
    /// Those that may run.
    names: HashSet<Name>,
    /// Why the message that was looked at may not execute what it names.
    refused: Option<Box<ErrorInfo>>,
}

impl Dialogue {
    /// What becomes of a Bind whose statement may not be used any more, or of which that is not
    /// known yet.
    pub(super) fn outdated_bind(
        &mut self,
        bind: &Bind<'_>,
        rules: &mut Rules,
        link: &Link,
    ) -> Option<Fate> {
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
        let refused = texts
            .iter()
            .find_map(|text| rules.still_permits(text).err());
        if let Some(refused) = refused {
            return Some(self.refuse_bind(refused));
        }
        let mut texts = texts.iter();
        match texts.find_map(|text| self.outdated_by_sql(text, rules, link))? {
            Ok(fate) => Some(fate),
            Err(refused) => Some(self.refuse_bind(refused)),
        }
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
        let executed = executed(text);
        let known = executed.iter().filter_map(|name| self.statement(name));
        let mut texts = known.flat_map(texts);
        texts.find_map(|text| rules.still_permits(&text).err())
    }

    /// What becomes of a message whose text executes what SQL has prepared on the session's own
    /// connection: the server is asked what that is, once for each state of the database.
    pub(super) fn outdated_by_sql(
        &mut self,
        text: &[u8],
        rules: &mut Rules,
        link: &Link,
    ) -> Option<Result<Fate, Box<ErrorInfo>>> {
        if link.is_shared() || !footprint(text).names {
            return None;
        }
        let version = rules.guarded()?.rules()?.version();
        if let Some(refused) = self.judged.refused.take() {
            return Some(Err(refused));
        }
        if self.judged.version != version || self.judged.names.len() > MOST_JUDGED {
            self.judged = Judged {
                version,
                ..Judged::default()
            };
        }
        // The server says itself that nothing runs in a failed transaction.
        if self.status == TransactionStatus::Error && !text.contains(&b';') {
            return None;
        }
        let mut unknown = executed(text);
        unknown.retain(|name| !self.judged.names.contains(name));
        let asked = Asked::Executed(unknown);
        (!asked.is_empty()).then_some(Ok(Fate::Stop(Step::Estimate(asked))))
    }
}

impl Session {
    /// Asks the server what these statements are, and judges them by what is known of the database.
    pub(super) async fn judge_executed(&mut self, names: Vec<Name>) -> Result<(), End> {
        for name in names {
            let judged = self.judge(&name).await;
            match judged {
                Ok(()) => drop(self.dialogue.judged.names.insert(name)),
                Err(Failure::Told(refused)) => {
                    self.dialogue.judged.refused = Some(refused);
                    return Ok(());
                }
                Err(Failure::Ended(end)) => return Err(end),
            }
        }
        Ok(())
    }

    async fn judge(&mut self, name: &Name) -> Result<(), Failure> {
        if self.dialogue.status == TransactionStatus::Error {
            return Err(self.rules.refused(&guard::unknown_objects(), None).into());
        }
        self.attached().await?;
        let Some((text, _)) = self.source(Source::Server(name.clone())).await? else {
            return Ok(());
        };
        Ok(self.rules.still_permits(&text)?)
    }
}

/// The statements that `text` executes by their names.
fn executed(text: &[u8]) -> Vec<Name> {
    let Ok(named) = prepared_name::named(text) else {
        return Vec::new();
    };
    let executed = named.mentions.iter().filter_map(|mention| {
        let name = mention.verb.name()?;
        matches!(mention.verb, Verb::Execute(_)).then(|| name.decoded.clone())
    });
    executed.collect()
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
