//! What the session does when a question, or a statement made of one, has its turn.
//!
//! Everything here begins with nothing owed by the server, and ends so: pgparley's own dialogues
//! never mix with the client's.

mod prepared;

use std::future::poll_fn;
use std::sync::Arc;

use super::End;
use super::Session;
use super::answer::Answer;
use super::answer::Cap;
use super::answer::Outcome;
use super::asking::Failure;
use super::asking::MOST_AHEAD;
use super::dialogue::Dialogue;
use super::dialogue::Heard;
use super::dialogue::Progress;
use super::dialogue::Skipping;
use super::generated::Generated;
use super::generated::PreparedQuestion;
use super::limit::Cut;
use super::names::Closed;
use super::relay::Event;
use super::replies::Owed;
use super::wrapper;
use crate::sql::question::Placement;
use crate::wire::ErrorInfo;
use crate::wire::TransactionStatus;
use crate::wire::backend;
use crate::wire::error;
use crate::wire::frame;
use crate::wire::frame::server;
use crate::wire::frontend;
use crate::wire::frontend::Named;

/// The prepared statement of a generated query that came as a Query.
const OWN_STATEMENT: &[u8] = b"_pgparley_question";

/// The unnamed statement.
const UNNAMED: &[u8] = b"";

/// No parameters, all results in text.
const TEXT_WITHOUT_PARAMETERS: &[u8] = &[0; 6];

/// A message of the client that the session answers itself.
#[derive(Debug)]
pub(super) enum Turn {
    /// A Query that holds questions.
    Query {
        /// Its text.
        text: Vec<u8>,
        /// Where they stand.
        placement: Placement,
    },
    /// A Parse that holds questions.
    Parse {
        /// Its body.
        body: Vec<u8>,
        /// Where they stand.
        placement: Placement,
    },
    /// A Bind of a statement that was generated.
    Bind {
        /// Its body.
        body: Vec<u8>,
        /// The statement.
        question: Arc<PreparedQuestion>,
    },
    /// A Sync that ends a transaction which was promoted for a question.
    Sync,
}

impl Session {
    /// Answers one message; an error means that the session is over.
    pub(super) async fn take_turn(&mut self, turn: Turn) -> Result<(), End> {
        if !self.settle().await? && !matches!(turn, Turn::Sync) {
            // Something before it failed: the server would skip this message too.
            return Ok(());
        }
        let taken = match turn {
            Turn::Query { text, placement } => self.query_turn(&text, &placement).await,
            Turn::Parse { body, placement } => self.parse_turn(&body, &placement).await,
            Turn::Bind { body, question } => self.bind_turn(&body, question).await,
            Turn::Sync => self.sync_turn().await,
        };
        match taken {
            Ok(()) => Ok(()),
            Err(Failure::Ended(end)) => Err(end),
            Err(Failure::Told(_)) => unreachable!("each turn tells its own failures"),
        }
    }

    /// Waits until the server owes nothing. `false` when an error made it skip to the next Sync.
    pub(super) async fn settle(&mut self) -> Result<bool, End> {
        if self.dialogue.replies.needs_flush() {
            let mut flush = Vec::new();
            frontend::put_flush(&mut flush);
            let pushed = self.link.server().connection.push(&flush);
            pushed.map_err(|_| End::Server)?;
        }
        // A COPY is not answered before the client has sent its data.
        while !self.dialogue.replies.is_empty() && !self.dialogue.copies() {
            match poll_fn(|cx| self.poll_settling(cx)).await {
                Event::Moved => {}
                Event::Excess => self.cut_short().await,
                Event::LostSyncs => self.find_syncs().await?,
                Event::Commit => self.commit_block().await?,
                Event::Limit => self.learn_limit().await?,
                Event::Exceeded(cut) => self.fail_pipeline(cut)?,
                Event::Failed => self.fail_block().await?,
                Event::Traces => self.look_for_traces().await?,
                Event::OpenBlock => self.undo_block().await?,
                Event::Overdue(what) => self.overdue(what).await?,
                Event::Turn(_)
                | Event::Attach
                | Event::Learn
                | Event::Prepare(_)
                | Event::Estimate(_)
                | Event::Settle
                | Event::Promote
                | Event::Terminate => {
                    unreachable!("the client is not read")
                }
                Event::End(end) => return Err(end),
            }
        }
        Ok(self.dialogue.skipping != Skipping::Server)
    }

    async fn query_turn(&mut self, text: &[u8], placement: &Placement) -> Result<(), Failure> {
        let failure = match self.generate(text, placement, &[]).await {
            Ok(generated) => match self.answer_query(&generated).await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            },
            Err(failure) => failure,
        };
        let Failure::Told(info) = failure else {
            return Err(failure);
        };
        self.forget_unnamed().await?;
        self.fail_open_transaction().await?;
        self.commit_if_promoted().await?;
        let mut out = Vec::new();
        error::put_error(&mut out, *info);
        self.end_query(out)
    }

    /// Runs a generated query and sends its answer as a server would to a Query.
    async fn answer_query(&mut self, generated: &Generated) -> Result<(), Failure> {
        let mut parse = Vec::new();
        // A Query destroys the unnamed statement.
        frontend::put_close(&mut parse, Named::Statement(UNNAMED));
        frontend::put_close(&mut parse, Named::Statement(OWN_STATEMENT));
        frontend::put_parse(&mut parse, OWN_STATEMENT, &generated.text);
        let query = Query {
            generated,
            parse,
            statement: OWN_STATEMENT,
            parameters: TEXT_WITHOUT_PARAMETERS,
        };
        let result = self.run_generated(&query).await?;
        self.commit_if_promoted().await?;
        let mut out = Vec::new();
        match result {
            Ok(mut answer) => {
                put_notices(&mut out, generated);
                answer.put_notices(&mut out);
                put_notices_of_nothing(&mut out, generated, &answer);
                answer.put_columns(&mut out);
                answer.put_rows(&mut out, 0);
            }
            Err(body) => frame::put_body(&mut out, server::ERROR, &body),
        }
        self.end_query(out)
    }

    fn end_query(&mut self, mut out: Vec<u8>) -> Result<(), Failure> {
        backend::put_ready_for_query(&mut out, self.dialogue.status);
        self.dialogue.query_answered();
        self.tell(&out)
    }

    /// A Parse or Query destroys the unnamed statement even if it fails.
    async fn forget_unnamed(&mut self) -> Result<(), Failure> {
        if self.link.is_shared() {
            let unnamed = Closed::Statement(UNNAMED.into());
            self.dialogue.names.closed(&unnamed);
            self.link.holds_unnamed = false;
            return Ok(());
        }
        let Dialogue {
            status, progress, ..
        } = self.dialogue;
        if status == TransactionStatus::Idle && progress == Progress::Executed {
            // The Sync would commit what is to be taken back.
            return Ok(());
        }
        let mut request = Vec::new();
        frontend::put_close(&mut request, Named::Statement(UNNAMED));
        frontend::put_sync(&mut request);
        self.own_exchange(&request).await?;
        Ok(())
    }

    /// The implicit transaction that a question made a block of ends as the client expects.
    async fn sync_turn(&mut self) -> Result<(), Failure> {
        if self.dialogue.promoted {
            return self.end_block().await;
        }
        // The client has made the block its own since.
        self.dialogue.skipping = Skipping::Nobody;
        self.dialogue.progress = Progress::Nothing;
        self.dialogue.replies.push(Owed::Sync);
        let mut request = Vec::new();
        frontend::put_sync(&mut request);
        let pushed = self.link.server().connection.push(&request);
        pushed.map_err(|_| Failure::Ended(End::Server))
    }

    /// Commits the block behind a Query that has ended in it.
    pub(super) async fn commit_block(&mut self) -> Result<(), End> {
        match self.end_block().await {
            Ok(()) => Ok(()),
            Err(Failure::Ended(end)) => Err(end),
            Err(Failure::Told(_)) => unreachable!("a failed COMMIT is told at once"),
        }
    }

    /// Commits and says so.
    async fn end_block(&mut self) -> Result<(), Failure> {
        let mut out = Vec::new();
        if let Some(body) = self.commit_promoted().await? {
            frame::put_body(&mut out, server::ERROR, &body);
        }
        self.dialogue.skipping = Skipping::Nobody;
        self.dialogue.progress = Progress::Nothing;
        self.ask_for_limit().await.map_err(Failure::Ended)?;
        backend::put_ready_for_query(&mut out, self.dialogue.status);
        self.dialogue.names.transaction_ended();
        self.tell(&out)
    }

    /// Runs a query in its wrapper. The inner error is the body of the server's ErrorResponse; the
    /// transaction is then as failed as the client's own query would have left it.
    async fn run_generated(
        &mut self,
        query: &Query<'_>,
    ) -> Result<Result<Answer, Vec<u8>>, Failure> {
        if self.dialogue.status == TransactionStatus::Error {
            return Err(super::errors::failed_transaction().into());
        }
        self.attached().await?;
        let footing = self.footing().await?;
        let mut request = Vec::new();
        wrapper::put_opening(&mut request, footing, &query.generated.bounds);
        request.extend_from_slice(&query.parse);
        wrapper::put_query(&mut request, query.statement, query.parameters);
        self.put_leaving(&mut request, footing);
        if query.statement == OWN_STATEMENT {
            frontend::put_close(&mut request, Named::Statement(OWN_STATEMENT));
        }
        frontend::put_sync(&mut request);
        let cap = self.cap();
        let Self { link, client, .. } = self;
        let server = link.server();
        server
            .connection
            .push(&request)
            .map_err(|_| Failure::Ended(End::Server))?;
        let outcome = tokio::select! {
            biased;
            outcome = Answer::read(server, cap) => outcome?,
            _ = client.closed(MOST_AHEAD) => {
                // What the server still owes is the ReadyForQuery of our Sync: whoever cleans up
                // cancels the query and waits for that.
                self.dialogue.replies.push(Owed::Sync);
                return Err(Failure::Ended(End::Client));
            }
        };
        let Outcome { mut result, status } = outcome;
        let Some(status) = status else {
            return self.pass_last_words(&result.err().unwrap_or_default());
        };
        self.dialogue.status = status;
        if let Ok(answer) = &mut result
            && let Some(cut) = answer.cut()
        {
            answer.is_cut_by(self.cut_by(cut));
        }
        if result.is_err() && footing == wrapper::Footing::Idle {
            // The wrapper was ours, so no failed transaction is left to the client.
            self.recover(footing).await?;
        }
        self.tell_parameters()?;
        match result.as_ref().ok().and_then(Answer::refusal) {
            Some(info) => Err(info.into()),
            None => Ok(result),
        }
    }

    /// The server has ended the session; the client hears it in its words.
    fn pass_last_words<T>(&mut self, body: &[u8]) -> Result<T, Failure> {
        let mut out = Vec::new();
        frame::put_body(&mut out, server::ERROR, body);
        self.tell(&out)?;
        self.dialogue.heard = Heard::Fatal;
        Err(Failure::Ended(End::Server))
    }

    /// Answers a message of the extended protocol with an error; what follows is skipped.
    async fn fail_until_sync(&mut self, info: ErrorInfo) -> Result<(), Failure> {
        self.fail_open_transaction().await?;
        let mut out = Vec::new();
        error::put_error(&mut out, info);
        self.dialogue.skipping = Skipping::Here;
        self.tell(&out)
    }

    /// An error in a transaction block fails the block, whoever found it.
    async fn fail_open_transaction(&mut self) -> Result<(), Failure> {
        if self.dialogue.status == TransactionStatus::Transaction {
            self.fail_transaction().await?;
        }
        Ok(())
    }

    async fn commit_if_promoted(&mut self) -> Result<(), Failure> {
        if !self.dialogue.promoted {
            return Ok(());
        }
        match self.commit_promoted().await? {
            None => Ok(()),
            Some(body) => Err(error::read(&body).into()),
        }
    }

    /// How much of an answer this client gets.
    pub(super) fn cap(&self) -> Cap {
        let nl = &self.services.config.nl;
        let rows = self.rules.row_limit().unwrap_or(u64::MAX);
        let bytes = self.rules.max_bytes().unwrap_or(usize::MAX);
        Cap {
            rows: rows.min(nl.row_limit),
            bytes: bytes.min(nl.max_bytes),
        }
    }

    /// Who cut an answer: the policy, where its limit is the lower one.
    fn cut_by(&self, cut: Cut) -> &str {
        let nl = &self.services.config.nl;
        let is_own = match cut {
            Cut::Rows(rows) => rows < nl.row_limit,
            Cut::Bytes(bytes) => bytes < nl.max_bytes,
        };
        let policy = self.rules.policy().filter(|_| is_own);
        policy.map_or("nl", |policy| &policy.name)
    }

    fn tell(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.client
            .push(bytes)
            .map_err(|_| Failure::Ended(End::Client))
    }
}

/// A generated query about to run.
struct Query<'a> {
    generated: &'a Generated,
    /// Messages that prepare it, when the client has not.
    parse: Vec<u8>,
    statement: &'a [u8],
    /// Formats and values, as in a Bind.
    parameters: &'a [u8],
}

impl super::dialogue::Dialogue {
    /// A Query was answered without the server.
    fn query_answered(&mut self) {
        self.progress = Progress::Nothing;
        self.names.query_ended();
        if self.status == TransactionStatus::Idle {
            self.names.transaction_ended();
        }
    }
}

fn put_notices(out: &mut Vec<u8>, generated: &Generated) {
    for notice in generated.notices() {
        error::put_notice(out, notice);
    }
}

/// Says why nothing was found, if nothing was.
fn put_notices_of_nothing(out: &mut Vec<u8>, generated: &Generated, answer: &Answer) {
    if !answer.is_empty() {
        return;
    }
    for notice in generated.notices_of_nothing() {
        error::put_notice(out, notice);
    }
}
