//! Questions in the extended protocol: translated at Parse, run at Bind.

use std::sync::Arc;

use super::OWN_STATEMENT;
use super::Query;
use super::UNNAMED;
use super::put_notices;
use super::put_notices_of_nothing;
use crate::session::End;
use crate::session::Session;
use crate::session::answer::Answer;
use crate::session::asking::Failure;
use crate::session::dialogue::Progress;
use crate::session::dialogue::Skipping;
use crate::session::errors;
use crate::session::from_client::shared::Before;
use crate::session::generated::PreparedQuestion;
use crate::session::names::Prepared;
use crate::session::replies::Owed;
use crate::sql::question::Placement;
use crate::upstream::Statement;
use crate::wire::ErrorInfo;
use crate::wire::backend;
use crate::wire::frame;
use crate::wire::frame::server;
use crate::wire::frontend;
use crate::wire::frontend::Named;
use crate::wire::frontend::Parse;

impl Session {
    /// The server gets a Parse of the SQL under the client's own name, so that Describe, Close and
    /// DEALLOCATE need nothing from us.
    pub(super) async fn parse_turn(
        &mut self,
        body: &[u8],
        placement: &Placement,
    ) -> Result<(), Failure> {
        let Some(parse) = Parse::read(body) else {
            return Err(Failure::Ended(End::Protocol));
        };
        let types = parse.type_oids();
        let is_taken = parse.statement != UNNAMED
            && self.link.is_shared()
            && self.dialogue.statement(parse.statement).is_some();
        if is_taken {
            let info = errors::statement_exists(parse.statement);
            return self.fail_until_sync(info).await;
        }
        match self.generate(parse.query, placement, &types).await {
            Ok(generated) => {
                let mut out = Vec::new();
                put_notices(&mut out, &generated);
                self.tell(&out)?;
                self.attached().await?;
                let mut request = Vec::new();
                let statement = self.prepare(&mut request, &parse, &generated.text);
                let question = PreparedQuestion {
                    generated,
                    parse: body.into(),
                    placement: placement.clone(),
                };
                let prepared = Prepared {
                    question: Some(Arc::new(question)),
                    statement,
                    ..Prepared::default()
                };
                self.dialogue.replies.push(Owed::Parse {
                    prepared: Some(Box::new((parse.statement.into(), Some(prepared)))),
                    instead: None,
                    places: Box::default(),
                });
                self.dialogue.advance(Progress::Prepared);
                let pushed = self.link.server().connection.push(&request);
                pushed.map_err(|_| Failure::Ended(End::Server))?;
                // A Bind of it must find it confirmed, or it would pass as any other.
                self.settle().await.map(|_| ()).map_err(Failure::Ended)
            }
            Err(Failure::Told(info)) => {
                if parse.statement == UNNAMED {
                    self.forget_unnamed().await?;
                }
                self.fail_until_sync(*info).await
            }
            Err(ended) => Err(ended),
        }
    }

    /// Appends a Parse of generated SQL under the client's name, or what stands for it where
    /// connections are shared.
    fn prepare(
        &mut self,
        request: &mut Vec<u8>,
        parse: &Parse<'_>,
        text: &[u8],
    ) -> Option<Arc<Statement>> {
        if !self.link.is_shared() {
            parse.put_with(request, text);
            return None;
        }
        let Self { dialogue, link, .. } = self;
        let statement = dialogue.shared_statement(parse, text, link);
        let before = Before::default();
        *request = dialogue.put_shared_parse(before, parse.statement, &statement, link);
        Some(statement)
    }

    /// Runs the query now and keeps its rows for the Executes to come.
    pub(super) async fn bind_turn(
        &mut self,
        body: &[u8],
        question: Arc<PreparedQuestion>,
    ) -> Result<(), Failure> {
        let Some(bind) = frontend::Bind::read(body) else {
            return Err(Failure::Ended(End::Protocol));
        };
        let mut parse = Vec::new();
        let question = match self.renewed(question, bind.statement, &mut parse).await {
            Ok(question) => question,
            Err(Failure::Told(info)) => return self.fail_until_sync(*info).await,
            Err(ended) => return Err(ended),
        };
        if let Err(info) = self.still_permitted(&question).await? {
            return self.fail_until_sync(*info).await;
        }
        let mut statement = bind.statement;
        if self.link.is_shared() {
            let Some(asked) = Parse::read(&question.parse) else {
                return Err(Failure::Ended(End::Protocol));
            };
            statement = OWN_STATEMENT;
            parse.clear();
            frontend::put_close(&mut parse, Named::Statement(OWN_STATEMENT));
            let own = Parse {
                statement: OWN_STATEMENT,
                ..asked
            };
            own.put_with(&mut parse, &question.generated.text);
        }
        let query = Query {
            generated: &question.generated,
            parse,
            statement,
            parameters: bind.rest,
        };
        match self.run_generated(&query).await {
            Ok(Ok(answer)) if self.holds_too_much(bind.portal, &answer) => {
                self.fail_until_sync(errors::too_many_answers()).await
            }
            Ok(Ok(mut answer)) => {
                let mut out = Vec::new();
                answer.put_notices(&mut out);
                put_notices_of_nothing(&mut out, &question.generated, &answer);
                backend::put_bare(&mut out, server::BIND_COMPLETE);
                self.dialogue.names.answered(bind.portal.into(), answer);
                self.tell(&out)
            }
            Ok(Err(body)) => {
                let mut out = Vec::new();
                frame::put_body(&mut out, server::ERROR, &body);
                self.dialogue.skipping = Skipping::Here;
                self.tell(&out)
            }
            Err(Failure::Told(info)) => self.fail_until_sync(*info).await,
            Err(ended) => Err(ended),
        }
    }

    /// What was let through at Parse is held to the rules about objects again: a view may show since
    /// what it did not show then.
    async fn still_permitted(
        &mut self,
        question: &PreparedQuestion,
    ) -> Result<Result<(), Box<ErrorInfo>>, Failure> {
        if self.rules.must_learn() {
            self.learn().await.map_err(Failure::Ended)?;
        }
        if self.rules.guarded().is_none() {
            return Ok(Ok(()));
        }
        Ok(self.rules.permit(&question.generated.text))
    }

    /// The answers of all open portals together would take more than one may.
    fn holds_too_much(&self, portal: &[u8], answer: &Answer) -> bool {
        let others = self.dialogue.names.bytes_beside(portal);
        others > 0 && others + answer.bytes() > self.cap().bytes
    }

    /// The question as it is to be understood today. On another day than it was prepared on it is
    /// translated anew, and `parse` gets the messages that prepare it anew.
    async fn renewed(
        &mut self,
        question: Arc<PreparedQuestion>,
        statement: &[u8],
        parse: &mut Vec<u8>,
    ) -> Result<Arc<PreparedQuestion>, Failure> {
        if question.generated.day == self.today() {
            return Ok(question);
        }
        let Some(asked) = Parse::read(&question.parse) else {
            return Err(Failure::Ended(End::Protocol));
        };
        let types = asked.type_oids();
        let generated = self
            .generate(asked.query, &question.placement, &types)
            .await?;
        if generated.text != question.generated.text {
            let mut out = Vec::new();
            put_notices(&mut out, &generated);
            self.tell(&out)?;
            frontend::put_close(parse, Named::Statement(statement));
            asked.put_with(parse, &generated.text);
        }
        let renewed = Arc::new(PreparedQuestion {
            generated,
            parse: Arc::clone(&question.parse),
            placement: question.placement.clone(),
        });
        let mut prepared = Prepared {
            question: Some(Arc::clone(&renewed)),
            ..Prepared::default()
        };
        if self.link.is_shared() {
            let text = &renewed.generated.text;
            let shared = self.dialogue.shared_statement(&asked, text, &self.link);
            prepared.statement = Some(shared);
            // The connection's unnamed statement is yesterday's.
            self.link.holds_unnamed &= statement != UNNAMED;
        }
        self.dialogue.names.prepared(statement.into(), prepared);
        Ok(renewed)
    }
}
