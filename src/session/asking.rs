//! Turns the questions in a client's text into SQL: who asks, what they can see, translate, check.

use std::io;
use std::time::Duration;
use std::time::Instant;

use super::End;
use super::Session;
use super::errors;
use super::generated;
use super::generated::Generated;
use super::wrapper;
use super::wrapper::Bounds;
use super::wrapper::LONGEST_REPLY;
use crate::config::Policy;
use crate::guard;
use crate::guard::generated::Unstored;
use crate::nl;
use crate::nl::Rejection;
use crate::nl::Step;
use crate::nl::Translation;
use crate::sql::lexer;
use crate::sql::question;
use crate::sql::question::Asked;
use crate::sql::question::Placement;
use crate::sql::question::Verb;
use crate::sql::schema::Schema;
use crate::wire::ErrorInfo;
use crate::wire::TransactionStatus;
use crate::wire::connection::Message;
use crate::wire::error;
use crate::wire::error::sqlstate;
use crate::wire::frontend;
use crate::wire::frontend::Named;

/// Bytes that a client may send ahead while it waits for a model.
pub(super) const MOST_AHEAD: usize = 1024 * 1024;

/// How long a question waits for the first look at stored values.
const FIRST_LOOK: Duration = Duration::from_millis(300);

/// Why a question gets no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The client is told.
    Told(Box<ErrorInfo>),
    /// The session is over.
    Ended(End),
}

impl From<io::Error> for Failure {
    /// Dialogues on the server connection fail only when the server breaks off.
    fn from(error: io::Error) -> Self {
        tracing::info!(%error, "server connection lost in the middle of a question");
        Self::Ended(End::Server)
    }
}

impl From<Box<ErrorInfo>> for Failure {
    fn from(info: Box<ErrorInfo>) -> Self {
        Self::Told(info)
    }
}

impl From<ErrorInfo> for Failure {
    fn from(info: ErrorInfo) -> Self {
        Self::Told(Box::new(info))
    }
}

impl Session {
    /// The SQL for a text that holds questions. `types` are the parameter types of its Parse.
    pub(super) async fn generate(
        &mut self,
        text: &[u8],
        placement: &Placement,
        types: &[u32],
    ) -> Result<Generated, Failure> {
        let (questions, is_whole) = match placement {
            Placement::Whole(asked) => (std::slice::from_ref(asked), true),
            Placement::Inside(questions) => (questions.as_slice(), false),
            Placement::None | Placement::Refused(_) => {
                return Err(error::error(sqlstate::INTERNAL_ERROR, "no question here").into());
            }
        };
        if self.dialogue.status == TransactionStatus::Error {
            return Err(errors::failed_transaction().into());
        }
        let context = self.asking_context().await?;
        let bounds = self.bounds(is_whole);
        let mut answers = Vec::with_capacity(questions.len());
        let mut statements = Vec::with_capacity(questions.len());
        for asked in questions {
            if let Some(shown) = self.shown(asked, types, &context).await? {
                statements.push(shown);
                continue;
            }
            let answer = self.translate(asked, types, &context).await?;
            let statement = generated::statement(&asked.verb, &answer);
            let statement = statement.ok_or_else(errors::no_store)?;
            statements.push(if is_whole {
                statement
            } else {
                embedded(&statement, &context.schema)?
            });
            answers.push(answer);
        }
        let placed: Vec<_> = questions
            .iter()
            .zip(statements.iter().map(String::as_str))
            .collect();
        let sqls = answers.iter().map(|answer| &*answer.sql);
        let unstored = sqls.flat_map(|sql| guard::generated::unstored(sql, &context.schema));
        let unstored: Vec<Unstored> = if shows_rows(questions) {
            unstored.collect()
        } else {
            Vec::new()
        };
        let text = question::splice_answers(text, &placed);
        self.check_encoding(&text)?;
        self.rules.permit(&text)?;
        Ok(Generated {
            text: generated::capped(&text, self.cap().rows + 1).into(),
            answers: answers.into(),
            bounds,
            day: context.today(),
            unstored: unstored.into(),
        })
    }

    /// The day that it is for the client.
    pub(super) fn today(&self) -> nl::Day {
        nl::today(&self.time_zone(), jiff::Timestamp::now())
    }

    fn time_zone(&self) -> String {
        let time_zone = self.link.told.get("TimeZone").unwrap_or(b"UTC");
        String::from_utf8_lossy(time_zone).into_owned()
    }

    /// What the asking role can see, and when and where it asks.
    async fn asking_context(&mut self) -> Result<nl::Context, Failure> {
        self.attached().await?;
        self.footing().await?;
        let role = self.current_role().await?;
        let origin = &self.link.access.origin;
        let catalog = &self.services.catalog;
        let (service, database) = (&origin.service, &origin.database);
        // Values of objects under rules are not looked at, nor told apart from the others'.
        let guards = self.rules.policy().is_some_and(Policy::guards_objects);
        let looks = self.services.config.nl.sample_values && !guards;
        let schema = if looks {
            catalog
                .schema_with_values(service, database, &role, FIRST_LOOK)
                .await
        } else {
            catalog.schema(service, database, &role).await
        };
        let schema = schema.map_err(|error| errors::catalog(&error))?;
        Ok(nl::Context {
            schema: self.visible(schema).await?,
            time_zone: self.time_zone(),
            now: jiff::Timestamp::now(),
        })
    }

    /// `current_user`: the only part of who asks that no ParameterStatus tells.
    async fn current_role(&mut self) -> Result<String, Failure> {
        let mut request = Vec::new();
        wrapper::put_command(&mut request, "SELECT CURRENT_USER");
        frontend::put_sync(&mut request);
        let reply = self.link.server().exchange(&request, LONGEST_REPLY).await?;
        if let Some(body) = &reply.error {
            return Err(error::read(body).into());
        }
        let role = reply
            .rows()
            .next()
            .and_then(|mut columns| columns.pop().flatten());
        Ok(role
            .ok_or(io::ErrorKind::InvalidData)
            .map_err(io::Error::from)?)
    }

    /// Drives one translation: each candidate is checked and explained before it is taken.
    async fn translate(
        &mut self,
        asked: &Asked,
        types: &[u32],
        context: &nl::Context,
    ) -> Result<nl::Answer, Failure> {
        let started = Instant::now();
        let question = asked.text.as_str();
        let parsed = nl::Question::new(question, types).map_err(|why| errors::cannot(&why))?;
        let mut translation = self.services.translator.begin(parsed, context.clone());
        loop {
            match self.step(&mut translation).await? {
                Step::Check(sql) => match self.check(&sql, &context.schema).await? {
                    Ok(checked) => translation.accepted(&checked),
                    Err(rejection) => translation.rejected(rejection),
                },
                Step::Done(answer) => {
                    let (model, cached) = (&*answer.model, answer.cached);
                    let took = started.elapsed();
                    tracing::debug!(
                        question,
                        sql = &*answer.sql,
                        model,
                        cached,
                        ?took,
                        "answered"
                    );
                    return Ok(answer);
                }
                Step::Cannot(why) => {
                    tracing::debug!(question, why = why.message, "not answered");
                    return Err(errors::cannot(&why).into());
                }
            }
        }
    }

    /// The next step of a translation, unless the client cancels it or leaves.
    async fn step(&mut self, translation: &mut Translation) -> Result<Step, Failure> {
        // A model may take its time: somebody else can use the connection meanwhile.
        self.let_go();
        let Self { client, link, .. } = self;
        let step = tokio::select! {
            step = translation.step() => Ok(step),
            () = link.key.requested() => Err(errors::canceled().into()),
            _ = client.closed(MOST_AHEAD) => Err(Failure::Ended(End::Client)),
        };
        client.resume();
        step
    }

    /// Checks a candidate as hostile and has the server explain it; the text to run, or why not.
    async fn check(
        &mut self,
        sql: &str,
        schema: &Schema,
    ) -> Result<Result<String, Rejection>, Failure> {
        if self.rules.must_learn() {
            self.learn().await.map_err(Failure::Ended)?;
        }
        let checked = (self.services.judge)(sql, schema).and_then(|checked| {
            self.rules.permit_generated(checked.sql.as_bytes())?;
            Ok(checked)
        });
        let checked = match checked {
            Ok(checked) => checked.sql,
            Err(refusal) => {
                return Ok(Err(Rejection {
                    sqlstate: refusal.sqlstate.to_owned(),
                    message: refusal.message,
                    by_guard: true,
                }));
            }
        };
        let explained = self.explain(&checked).await?;
        Ok(explained.map(|()| checked))
    }

    /// Has the server plan a statement, in a wrapper of its own, and holds it to the cost ceiling.
    async fn explain(&mut self, sql: &str) -> Result<Result<(), Rejection>, Failure> {
        self.attached().await?;
        let footing = self.footing().await?;
        let mut request = Vec::new();
        wrapper::put_opening(&mut request, footing, &self.bounds(true));
        put_explain(&mut request, sql);
        wrapper::put_closing(&mut request, footing);
        frontend::put_sync(&mut request);
        let reply = self.link.server().exchange(&request, LONGEST_REPLY).await?;
        self.pass_on(&reply.messages)?;
        if let Some(body) = reply.error {
            self.recover(footing).await?;
            self.tell_parameters()?;
            let info = error::read(&body);
            let (sqlstate, message) = (info.code, info.message);
            return Ok(Err(Rejection {
                sqlstate,
                message,
                by_guard: false,
            }));
        }
        self.tell_parameters()?;
        let plan = reply
            .rows()
            .filter_map(|mut columns| columns.pop().flatten())
            .last();
        Ok(self.within_cost(plan.as_deref()))
    }

    fn within_cost(&self, plan: Option<&str>) -> Result<(), Rejection> {
        let policy = self.rules.policy();
        let ceilings = [
            self.services.config.nl.max_cost,
            policy.and_then(|policy| policy.max_cost),
        ];
        let Some(ceiling) = ceilings.into_iter().flatten().reduce(f64::min) else {
            return Ok(());
        };
        let cost = plan.and_then(total_cost);
        if cost.is_some_and(|cost| cost <= ceiling) {
            return Ok(());
        }
        Err(Rejection {
            sqlstate: sqlstate::PROGRAM_LIMIT_EXCEEDED.to_owned(),
            message: match cost {
                Some(cost) => format!("estimated cost {cost:.0} is over max_cost {ceiling:.0}"),
                None => "the server gave no cost estimate".to_owned(),
            },
            by_guard: true,
        })
    }

    /// What holds while generated SQL runs. Where the client's own SQL is around it, the client's
    /// names keep their meaning.
    fn bounds(&self, is_whole: bool) -> Bounds {
        let statement_timeout = self.services.config.nl.statement_timeout.as_millis();
        Bounds {
            statement_timeout,
            own_search_path: is_whole,
        }
    }

    /// The text must mean the same to the server as it does here.
    fn check_encoding(&self, text: &[u8]) -> Result<(), Failure> {
        let encoding = self.link.told.get("client_encoding").unwrap_or(b"UTF8");
        if text.is_ascii() || matches!(encoding, b"UTF8" | b"SQL_ASCII") {
            return Ok(());
        }
        Err(errors::not_utf8().into())
    }

    /// Notices and notifications go to the client whoever caused them.
    fn pass_on(&mut self, messages: &[Message]) -> Result<(), Failure> {
        self.pass_messages(messages).map_err(Failure::Ended)
    }

    /// Tells the client of parameters that are not what they were: what a wrapper set is back, so
    /// a difference is news of the server's.
    pub(super) fn tell_parameters(&mut self) -> Result<(), Failure> {
        let news = self.link.news();
        self.client
            .push(&news)
            .map_err(|_| Failure::Ended(End::Client))
    }

    /// Makes sure that there is a server connection.
    pub(super) async fn attached(&mut self) -> Result<(), Failure> {
        let attached = self.attach().await.map_err(Failure::Ended)?;
        attached?;
        let mut news = Vec::new();
        self.dialogue.take_locals(&mut news);
        self.client
            .push(&news)
            .map_err(|_| Failure::Ended(End::Client))
    }
}

/// Whether the rows that come are those that the questions ask for, and not their SQL.
fn shows_rows(questions: &[Asked]) -> bool {
    questions.iter().all(|asked| asked.verb == Verb::Answer)
}

/// A generated query as a part of the client's own statement: there the client's `search_path`
/// holds, so functions are written with their schema.
fn embedded(sql: &str, schema: &Schema) -> Result<String, Box<ErrorInfo>> {
    let checked = guard::generated::check_embedded(sql, schema);
    checked
        .map(|checked| checked.sql)
        .map_err(|refusal| Box::new(errors::refused(&refusal)))
}

/// Appends an EXPLAIN. With parameters it is that of the generic plan: a plan for NULLs would have
/// a cost that means nothing.
fn put_explain(out: &mut Vec<u8>, sql: &str) {
    let parameters = parameter_count(sql);
    if parameters == 0 {
        return wrapper::put_command(out, format!("EXPLAIN (FORMAT JSON) {sql}"));
    }
    let nulls = vec!["NULL"; parameters].join(", ");
    let plan = Named::Statement(b"_pgparley_plan");
    frontend::put_close(out, plan);
    wrapper::put_command(out, format!("PREPARE _pgparley_plan AS {sql}"));
    wrapper::put_command(out, "SET LOCAL plan_cache_mode = force_generic_plan");
    let explain = format!("EXPLAIN (FORMAT JSON) EXECUTE _pgparley_plan ({nulls})");
    wrapper::put_command(out, &explain);
    frontend::put_close(out, plan);
}

/// The highest `$n` in a statement.
fn parameter_count(sql: &str) -> usize {
    let tokens = lexer::lex(sql.as_bytes(), lexer::StandardStrings::On).unwrap_or_default();
    let parameters = tokens
        .iter()
        .filter(|token| token.kind == lexer::TokenKind::Parameter);
    let number = |token: &lexer::Token| {
        sql[token.start as usize..token.end as usize]
            .trim_start_matches('$')
            .parse()
            .ok()
    };
    parameters.filter_map(number).max().unwrap_or(0)
}

/// `Total Cost` of the topmost node of a JSON plan.
fn total_cost(plan: &str) -> Option<f64> {
    let plan: serde_json::Value = serde_json::from_str(plan).ok()?;
    plan.pointer("/0/Plan/Total Cost")?.as_f64()
}
