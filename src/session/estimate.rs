//! Asks the server what a statement would cost, on the statement's own connection, before it runs.
//!
//! In a block that is done behind a savepoint, so that nothing is left of it. What the server
//! cannot explain goes on, and fails in the server's own words.

mod plan;
mod source;

use std::io;

use self::plan::estimates;
use self::source::NONE;
pub(super) use self::source::Source;
use self::source::prepared_by_sql;
use self::source::types_of;
use super::End;
use super::Session;
use super::asking::Failure;
use super::dialogue::Dialogue;
use super::from_client::Fate;
use super::from_client::Frame;
use super::from_client::LONGEST_TEXT;
use super::from_client::Step;
use super::names::Name;
use super::ruling::Rules;
use super::wrapper;
use super::wrapper::Footing;
use crate::guard;
use crate::guard::EXPLAIN;
use crate::sql::footprint::footprint;
use crate::upstream::Reply;
use crate::wire::ErrorInfo;
use crate::wire::TransactionStatus;
use crate::wire::error;
use crate::wire::error::sqlstate;
use crate::wire::frame::HEADER;
use crate::wire::frontend;
use crate::wire::frontend::Bind;
use crate::wire::frontend::Named;
use crate::wire::frontend::Parse;

/// What is to be estimated.
#[derive(Debug)]
pub(super) enum Asked {
    /// A Query with this text.
    Query(Vec<u8>),
    /// A Bind of a statement.
    Bind {
        /// The statement.
        statement: Source,
        /// Formats, values and formats of results, as sent.
        values: Vec<u8>,
    },
    /// Nothing: whether what SQL prepared under these names may still run.
    Executed(Vec<Name>),
}

impl Asked {
    /// There is nothing to ask.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Executed(names) if names.is_empty())
    }
}

impl Dialogue {
    /// What becomes of a Query before it goes on, when it is not known yet what it would cost.
    pub(super) fn estimate_query(&mut self, text: &[u8], rules: &Rules) -> Option<Fate> {
        if !rules.estimates() {
            return None;
        }
        match self.estimated.take() {
            Some(Ok(())) => None,
            Some(Err(info)) => Some(self.refuse_query(info, rules)),
            None => match rules.questions(text) {
                Ok(questions) if questions.is_empty() => None,
                Ok(_) => Some(Fate::Stop(Step::Estimate(Asked::Query(text.to_vec())))),
                Err(info) => Some(self.refuse_query(info, rules)),
            },
        }
    }

    /// As [`estimate_query`](Self::estimate_query), of a Bind.
    pub(super) fn estimate_bind(
        &mut self,
        frame: &Frame<'_>,
        bind: &Bind<'_>,
        rules: &Rules,
    ) -> Option<Fate> {
        if !rules.estimates() {
            return None;
        }
        if self.is_in_doubt(bind.statement) {
            return Some(Fate::Settle);
        }
        match self.estimated.take() {
            Some(Ok(())) => return None,
            Some(Err(info)) => return Some(self.refuse_bind(info)),
            None => {}
        }
        let known = self.statement(bind.statement);
        let shared = known.and_then(|known| known.statement.as_ref());
        let statement = match (shared, known) {
            (Some(statement), _) => Source::of_shared(statement),
            (None, Some(known)) if bind.statement.is_empty() => known.source.clone()?,
            // SQL may have given the name another meaning.
            _ => Source::Server(bind.statement.into()),
        };
        if frame.size > LONGEST_TEXT {
            let info = rules.not_estimated("its values are too long", statement.text());
            return Some(self.refuse_bind(info));
        }
        if !frame.is_whole() {
            return Some(Fate::Wait);
        }
        let values = match Bind::read(&frame.bytes[HEADER..]) {
            Some(bind) => bind.rest.to_vec(),
            None => return None,
        };
        Some(Fate::Stop(Step::Estimate(Asked::Bind {
            statement,
            values,
        })))
    }
}

impl Rules {
    /// Why a statement, with this text if that is known, is refused of which nobody can say what it
    /// would cost.
    fn not_estimated(&self, why: &str, text: Option<&[u8]>) -> Box<ErrorInfo> {
        let Some(policy) = self.policy() else {
            unreachable!("only a policy asks for estimates");
        };
        self.refused(&guard::not_estimated(why, policy), text)
    }
}

/// One EXPLAIN.
struct Question<'a> {
    text: &'a [u8],
    types: &'a [u8],
    values: &'a [u8],
}

impl Session {
    /// Finds out whether the client's next message may go on, and notes it for when that is looked
    /// at again.
    pub(super) async fn estimate(&mut self, asked: Asked) -> Result<(), End> {
        if !self.settle().await? {
            // Something before it failed: the server skips it.
            return Ok(());
        }
        if let Asked::Executed(names) = asked {
            return self.judge_executed(names).await;
        }
        let outcome = match self.ask_costs(asked).await {
            Ok(()) => Ok(()),
            Err(Failure::Told(info)) => Err(info),
            Err(Failure::Ended(end)) => return Err(end),
        };
        self.dialogue.estimated = Some(outcome);
        Ok(())
    }

    async fn ask_costs(&mut self, asked: Asked) -> Result<(), Failure> {
        if self.dialogue.status == TransactionStatus::Error {
            return Ok(());
        }
        self.attached().await?;
        match asked {
            Asked::Executed(_) => Ok(()),
            Asked::Query(text) => {
                for question in self.rules.questions(&text)? {
                    let question = self.in_server_names(question).await?;
                    let question = Question {
                        text: &question,
                        types: NONE,
                        values: &[0; 4],
                    };
                    self.ask_cost(&question).await?;
                }
                Ok(())
            }
            Asked::Bind { statement, values } => {
                let Some((text, types)) = self.source(statement).await? else {
                    return Ok(());
                };
                for question in self.rules.questions(&text)? {
                    let question = self.in_server_names(question).await?;
                    let question = Question {
                        text: &question,
                        types: &types,
                        values: parameters(&values).unwrap_or(&values),
                    };
                    self.ask_cost(&question).await?;
                }
                Ok(())
            }
        }
    }

    /// The text and types of a prepared statement; `None` when there is none.
    pub(super) async fn source(
        &mut self,
        source: Source,
    ) -> Result<Option<(Box<[u8]>, Box<[u8]>)>, Failure> {
        let name = match source {
            Source::Known { text, types } => return Ok(Some((text, types))),
            Source::Server(name) => name,
        };
        let name = String::from_utf8_lossy(&name).replace('\'', "''");
        let name = if name.contains('\\') {
            format!("E'{}'", name.replace('\\', "\\\\"))
        } else {
            format!("'{name}'")
        };
        let question = format!(
            "SELECT statement, from_sql, parameter_types::pg_catalog.oid[]::pg_catalog.text \
             FROM pg_catalog.pg_prepared_statements WHERE name OPERATOR(pg_catalog.=) {name}"
        );
        let footing = self.footing().await?;
        let mut request = Vec::new();
        put_opening(&mut request, footing);
        wrapper::put_command(&mut request, question);
        let reply = self.exchange_for(request, footing).await?;
        let row = reply.rows().next();
        let Some([Some(text), from_sql, types]) = row.as_deref() else {
            return Ok(None);
        };
        let known = if from_sql.as_deref() == Some("t") {
            prepared_by_sql(text.as_bytes())
        } else {
            Source::Known {
                text: text.as_bytes().into(),
                types: types_of(types.as_deref().unwrap_or_default()),
            }
        };
        match known {
            Source::Known { text, types } => Ok(Some((text, types))),
            Source::Server(_) => Ok(None),
        }
    }

    /// A text that executes a statement by its name, as the server knows it.
    async fn in_server_names(&mut self, text: Vec<u8>) -> Result<Vec<u8>, Failure> {
        if !self.link.is_shared() || !footprint(&text).names {
            return Ok(text);
        }
        let doubt = self.rules.doubt();
        let Some(renamed) = self.dialogue.rename(&text, doubt, &mut self.link) else {
            return Ok(text);
        };
        if !renamed.before.bytes.is_empty() {
            let prepared = self.prepare_first(renamed.before).await;
            prepared.map_err(Failure::Ended)?;
        }
        Ok(renamed.text)
    }

    async fn ask_cost(&mut self, question: &Question<'_>) -> Result<(), Failure> {
        let footing = self.footing().await?;
        let mut request = Vec::new();
        put_opening(&mut request, footing);
        put_question(&mut request, question);
        let reply = self.exchange_for(request, footing).await?;
        if let Some(body) = &reply.error {
            return not_explained(body);
        }
        let plan: String = reply
            .rows()
            .filter_map(|mut columns| columns.pop().flatten())
            .collect();
        let text = question.text.strip_prefix(EXPLAIN).unwrap_or(question.text);
        let Some(estimate) = estimates(&plan) else {
            let told = self.rules.not_estimated("its plan is too deep", Some(text));
            return Err(told.into());
        };
        self.rules.check_estimate(estimate, text)?;
        Ok(())
    }

    /// Closes what was opened, whatever came of it.
    async fn exchange_for(
        &mut self,
        mut request: Vec<u8>,
        footing: Footing,
    ) -> Result<Reply, Failure> {
        if footing == Footing::Block {
            wrapper::put_closing(&mut request, footing);
        }
        frontend::put_sync(&mut request);
        let reply = self.exchange_for_client(&request).await;
        let reply = reply.map_err(Failure::Ended)?;
        let status = reply.status.ok_or(io::ErrorKind::InvalidData);
        self.dialogue.status = status.map_err(io::Error::from)?;
        self.pass_messages(&reply.messages)
            .map_err(Failure::Ended)?;
        if reply.error.is_some() && footing == Footing::Block {
            self.recover(footing).await?;
        }
        Ok(reply)
    }
}

/// The client has cancelled what it asked for. Anything else the server will say again.
fn not_explained(body: &[u8]) -> Result<(), Failure> {
    if error::has_code(body, sqlstate::QUERY_CANCELED) {
        return Err(Box::<ErrorInfo>::new(error::read(body)).into());
    }
    Ok(())
}

fn put_opening(out: &mut Vec<u8>, footing: Footing) {
    if footing == Footing::Block {
        wrapper::put_command(out, "SAVEPOINT _pgparley");
    }
}

/// As [`wrapper::put_command`], with types and values.
fn put_question(out: &mut Vec<u8>, question: &Question<'_>) {
    let own = wrapper::OWN;
    frontend::put_close(out, Named::Statement(own));
    frontend::put_close(out, Named::Portal(own));
    let parse = Parse {
        statement: own,
        query: b"",
        types: question.types,
    };
    parse.put_with(out, question.text);
    let rest = [question.values, NONE].concat();
    let bind = Bind {
        portal: own,
        statement: own,
        rest: &rest,
    };
    bind.put_as(out, own, own);
    frontend::put_execute(out, own, 0);
    frontend::put_close(out, Named::Portal(own));
    frontend::put_close(out, Named::Statement(own));
}

/// The formats and values of a Bind, without the formats of its results.
///
/// <https://www.postgresql.org/docs/current/protocol-message-formats.html>, Bind.
fn parameters(rest: &[u8]) -> Option<&[u8]> {
    let count = |at: usize| {
        let bytes = rest.get(at..at + 2)?;
        Some(usize::from(u16::from_be_bytes([bytes[0], bytes[1]])))
    };
    let mut at = 2 + 2 * count(0)?;
    let values = count(at)?;
    at += 2;
    for _ in 0..values {
        let bytes = rest.get(at..at + 4)?;
        let length = i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        at += 4 + usize::try_from(length).unwrap_or(0);
    }
    rest.get(..at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_of_a_bind_end_before_the_formats_of_its_results() {
        let formats = [0, 1, 0, 1];
        let values = [0, 2, 0, 0, 0, 1, 7, 255, 255, 255, 255];
        let parameters_alone = [&formats[..], &values].concat();
        let rest = [&parameters_alone[..], &[0, 1, 0, 1]].concat();
        assert_eq!(parameters(&rest), Some(&*parameters_alone));
        assert_eq!(parameters(&rest[..6]), None);
    }
}
