//! The transaction around a query that pgparley wrote: read-only, with limits of its own, and
//! rolled back whatever happens. The client's transaction and unnamed statement stay as they were.
//!
//! Everything is sent as named Parse, Bind, Execute: a Query would destroy the client's unnamed
//! statement, and two statements in one text could not be kept apart.

use std::io;

use super::End;
use super::Session;
use super::dialogue::Progress;
use super::errors;
use crate::config::PoolMode;
use crate::wire::TransactionStatus;
use crate::wire::error;
use crate::wire::error::sqlstate;
use crate::wire::frame::server;
use crate::wire::frontend;
use crate::wire::frontend::Bind;
use crate::wire::frontend::Named;

/// The prepared statement and portal of pgparley's own commands.
pub(super) const OWN: &[u8] = b"_pgparley";

/// The portal of a generated query.
const ANSWER: &[u8] = b"_pgparley_answer";

/// Lets the server's warnings through and answers with the level that held before.
const HEAR_WARNINGS: &str = "SELECT pg_catalog.current_setting('client_min_messages'), \
    pg_catalog.set_config('client_min_messages', 'warning', true)";

/// Gives back locks of the session, which no ROLLBACK does.
const UNLOCK: &str = "SELECT pg_catalog.pg_advisory_unlock_all()";

/// The longest message that a command of pgparley's own may be answered with.
pub(super) const LONGEST_REPLY: usize = 16 * 1024 * 1024;

/// The transaction that a generated query runs in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Footing {
    /// None: it gets one of its own.
    Idle,
    /// The client's transaction block, in which it gets a savepoint.
    Block,
}

/// Commands that open a wrapper, one CommandComplete each.
pub(super) const OPENING_COMMANDS: usize = 2;

/// What holds inside the wrapper.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    /// `statement_timeout`, in milliseconds.
    pub statement_timeout: u128,
    /// Names without a schema mean `pg_catalog` only.
    pub own_search_path: bool,
}

impl Session {
    /// The transaction that a generated query would stand in now. An implicit transaction in which
    /// something was executed becomes a block first, which the client's Sync will commit.
    pub(super) async fn footing(&mut self) -> io::Result<Footing> {
        if self.dialogue.status != TransactionStatus::Idle {
            return Ok(Footing::Block);
        }
        if self.dialogue.progress != Progress::Executed {
            return Ok(Footing::Idle);
        }
        self.dialogue.promoted = !self.begin().await?;
        Ok(Footing::Block)
    }

    /// Begins a block in the middle of a pipeline; whether the client had one open already, of
    /// which no ReadyForQuery has told yet. Only the server's warning tells, so it is asked for.
    pub(super) async fn begin(&mut self) -> io::Result<bool> {
        let mut request = Vec::new();
        put_command(&mut request, HEAR_WARNINGS);
        put_command(&mut request, "BEGIN");
        frontend::put_sync(&mut request);
        let reply = self.link.server().exchange(&request, LONGEST_REPLY).await?;
        let mut notices = reply
            .messages
            .iter()
            .filter(|message| message.tag == server::NOTICE);
        let was_open =
            notices.any(|notice| error::has_code(&notice.body, sqlstate::ACTIVE_TRANSACTION));
        let level = reply.rows().next().and_then(|row| row.into_iter().next());
        if let Some(status) = reply.status {
            self.dialogue.status = status;
        }
        if let Some(Some(level)) = level {
            let mut request = Vec::new();
            let back = "SELECT pg_catalog.set_config('client_min_messages', ";
            put_command(&mut request, format!("{back}'{level}', true)"));
            frontend::put_sync(&mut request);
            self.own_exchange(&request).await?;
        }
        Ok(was_open)
    }

    /// Leaves a wrapper in which something failed, so that the block around it can go on.
    pub(super) async fn recover(&mut self, footing: Footing) -> io::Result<()> {
        let mut request = Vec::new();
        self.put_leaving(&mut request, footing);
        frontend::put_sync(&mut request);
        self.own_exchange(&request).await
    }

    /// Appends what undoes everything that a generated query did, so that whoever gets the
    /// connection next finds nothing of it. Locks that the client may hold itself stay.
    pub(super) fn put_leaving(&self, out: &mut Vec<u8>, footing: Footing) {
        put_closing(out, footing);
        let is_shared = self.link.access.mode != PoolMode::Session && self.link.pin.is_none();
        if footing == Footing::Idle && is_shared {
            put_command(out, UNLOCK);
        }
    }

    /// Commits the block that an implicit transaction was promoted to, as the Sync that the client
    /// has just sent does. The body of the server's error when that fails.
    pub(super) async fn commit_promoted(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.dialogue.promoted = false;
        let mut sync = Vec::new();
        frontend::put_sync(&mut sync);
        // An error before made the server skip everything up to here.
        self.own_exchange(&sync).await?;
        let mut request = Vec::new();
        put_command(&mut request, "COMMIT");
        frontend::put_sync(&mut request);
        // Other servers may have to confirm it.
        let server = self.link.server();
        let reply = server.exchange_patiently(&request, LONGEST_REPLY).await?;
        self.dialogue.status = reply.status.unwrap_or(TransactionStatus::Idle);
        Ok(reply.error)
    }

    /// Makes the server fail the transaction that is open, as an error of its own would.
    pub(super) async fn fail_transaction(&mut self) -> io::Result<()> {
        let mut request = Vec::new();
        put_command(&mut request, "refused by pgparley");
        frontend::put_sync(&mut request);
        self.own_exchange(&request).await
    }

    /// Rolls a transaction block back where none may be, and tells the client.
    pub(super) async fn undo_block(&mut self) -> Result<(), End> {
        let mut out = Vec::new();
        if self.dialogue.status == TransactionStatus::Transaction {
            error::put_error(&mut out, errors::block());
        }
        let mut request = Vec::new();
        put_command(&mut request, "ROLLBACK");
        frontend::put_sync(&mut request);
        let exchanged = self.own_exchange(&request).await;
        exchanged.map_err(|_| End::Server)?;
        self.dialogue.names.transaction_ended();
        self.client.push(&out).map_err(|_| End::Client)?;
        // What the block's texts were is still to be asked about; this also tells that it is over.
        self.look_for_traces().await
    }

    /// An exchange of which only the status afterwards matters.
    pub(super) async fn own_exchange(&mut self, request: &[u8]) -> io::Result<()> {
        let reply = self.link.server().exchange(request, LONGEST_REPLY).await?;
        if let Some(status) = reply.status {
            self.dialogue.status = status;
        }
        Ok(())
    }
}

/// The last reply to each message of [`put_command`], when nothing fails.
pub(super) const REPLIES_TO_COMMAND: [u8; 7] = [
    server::CLOSE_COMPLETE,
    server::CLOSE_COMPLETE,
    server::PARSE_COMPLETE,
    server::BIND_COMPLETE,
    server::COMMAND_COMPLETE,
    server::CLOSE_COMPLETE,
    server::CLOSE_COMPLETE,
];

/// Appends one command of pgparley's own. What an earlier failure left behind is closed first.
pub(super) fn put_command(out: &mut Vec<u8>, sql: impl AsRef<[u8]>) {
    frontend::put_close(out, Named::Statement(OWN));
    frontend::put_close(out, Named::Portal(OWN));
    frontend::put_parse(out, OWN, sql.as_ref());
    frontend::put_bind(out, OWN, OWN);
    frontend::put_execute(out, OWN, 0);
    frontend::put_close(out, Named::Portal(OWN));
    frontend::put_close(out, Named::Statement(OWN));
}

/// Appends the [`OPENING_COMMANDS`].
pub(super) fn put_opening(out: &mut Vec<u8>, footing: Footing, bounds: &Bounds) {
    put_command(
        out,
        match footing {
            Footing::Idle => "BEGIN READ ONLY",
            Footing::Block => "SAVEPOINT _pgparley",
        },
    );
    let mut settings = vec![
        ("transaction_read_only", "'on'".to_owned()),
        (
            "statement_timeout",
            shorter_timeout(bounds.statement_timeout),
        ),
    ];
    if bounds.own_search_path {
        settings.push(("search_path", "''".to_owned()));
    }
    let settings = settings
        .iter()
        .map(|(name, value)| format!("pg_catalog.set_config('{name}', {value}, true)"));
    put_command(
        out,
        format!("SELECT {}", settings.collect::<Vec<_>>().join(", ")),
    );
}

/// The shorter of our `statement_timeout` and the one that holds, 0 being none; in milliseconds.
fn shorter_timeout(ours: u128) -> String {
    let theirs = "(EXTRACT(epoch FROM \
        pg_catalog.current_setting('statement_timeout')::pg_catalog.interval) * 1000)::int8";
    format!("(CASE WHEN {theirs} BETWEEN 1 AND {ours} THEN {theirs} ELSE {ours} END)::text")
}

/// Appends a generated query with the client's parameters and formats.
pub(super) fn put_query(out: &mut Vec<u8>, statement: &[u8], parameters: &[u8]) {
    let bind = Bind {
        portal: ANSWER,
        statement,
        rest: parameters,
    };
    frontend::put_close(out, Named::Portal(ANSWER));
    bind.put_as(out, ANSWER, statement);
    frontend::put_describe(out, Named::Portal(ANSWER));
    frontend::put_execute(out, ANSWER, 0);
}

/// Appends the commands that undo everything since the opening.
pub(super) fn put_closing(out: &mut Vec<u8>, footing: Footing) {
    match footing {
        Footing::Idle => put_command(out, "ROLLBACK"),
        Footing::Block => {
            put_command(out, "ROLLBACK TO SAVEPOINT _pgparley");
            put_command(out, "RELEASE SAVEPOINT _pgparley");
        }
    }
}
