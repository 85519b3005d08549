//! What a client's transaction has left in the server's session: the server itself is asked.
//!
//! Asking costs a query, so it is done only behind texts that may have left something. What comes
//! back is true whatever was rolled back, set for the transaction only, or hidden in a procedure.

use std::sync::Arc;

use super::End;
use super::Session;
use super::dialogue::Heard;
use super::functions;
use super::link::Lasts;
use super::link::Link;
use super::link::Pin;
use super::link::Role;
use super::link::Start;
use super::wrapper;
use super::wrapper::LONGEST_REPLY;
use crate::guard::session_limit::SETTING;
use crate::sql::footprint::Footprint;
use crate::upstream;
use crate::upstream::Reply;
use crate::upstream::Settings;
use crate::wire::TransactionStatus;
use crate::wire::backend;
use crate::wire::connection::Message;
use crate::wire::error;
use crate::wire::error::sqlstate;
use crate::wire::frame;
use crate::wire::frame::server;
use crate::wire::frontend;

/// Everything that one connection has and another has not: settings (`s`), and what pins a client
/// to it (`p`). Operators are qualified: the client's own must not answer.
const QUESTION: &str = "\
    SELECT 's', name, setting FROM pg_catalog.pg_settings \
        WHERE source OPERATOR(pg_catalog.=) 'session' \
        AND name OPERATOR(pg_catalog.!~) '^transaction_' \
    UNION ALL SELECT 's', 'role', pg_catalog.current_setting('role') \
        WHERE pg_catalog.current_setting('role') OPERATOR(pg_catalog.<>) 'none' \
    UNION ALL SELECT 'a', 'session_authorization', \
        pg_catalog.current_setting('session_authorization') \
    UNION ALL SELECT 'p', 'LISTEN', NULL \
        WHERE EXISTS (SELECT FROM pg_catalog.pg_listening_channels()) \
    UNION ALL SELECT 'p', 'a temporary object', NULL \
        WHERE EXISTS (SELECT FROM pg_catalog.pg_class \
            WHERE relnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()) \
        OR EXISTS (SELECT FROM pg_catalog.pg_proc \
            WHERE pronamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()) \
        OR EXISTS (SELECT FROM pg_catalog.pg_type \
            WHERE typnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()) \
    UNION ALL SELECT 'p', 'a session advisory lock', NULL \
        WHERE EXISTS (SELECT FROM pg_catalog.pg_locks \
            WHERE locktype OPERATOR(pg_catalog.=) 'advisory' \
            AND pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()) \
    UNION ALL SELECT 'p', 'a cursor WITH HOLD', NULL \
        WHERE EXISTS (SELECT FROM pg_catalog.pg_cursors WHERE is_holdable)";

/// Lifts `statement_timeout` for the transaction, and tells what it was.
const UNLIMITED: &str = "\
    SELECT 't', 'statement_timeout', pg_catalog.current_setting('statement_timeout'), \
        pg_catalog.set_config('statement_timeout', '0', true)";

/// Commands of pgparley's own are tried as often when they are cancelled. Lifting a limit of a
/// millisecond takes a part of one.
const MOST_TRIES: usize = 10;

/// Functions that call functions are followed this far; behind that anything may be left.
const DEEPEST: usize = 8;

/// The [`QUESTION`], and what these custom settings are.
fn question(custom: &[Box<str>]) -> String {
    let mut question = QUESTION.to_owned();
    for name in custom {
        let name = name.replace('\'', "''");
        let value = format!("pg_catalog.current_setting('{name}', true)");
        let row = format!("SELECT 's', '{name}', {value}");
        let filter = format!("WHERE {value} OPERATOR(pg_catalog.<>) ''");
        question.extend([" UNION ALL ", &row, " ", &filter]);
    }
    question
}

/// What the server said.
struct Traces {
    settings: Settings,
    pins: Vec<String>,
}

impl Session {
    /// Finds out what the transaction left, before the client hears that it is over.
    pub(super) async fn look_for_traces(&mut self) -> Result<(), End> {
        let mut footprint = self.dialogue.footprint;
        let status = self.dialogue.status;
        if footprint.defines {
            self.link.access.functions.forget();
        }
        if footprint.calls && status == TransactionStatus::Idle {
            footprint = footprint | self.look_into_functions().await?;
        }
        let mut in_doubt = false;
        if footprint.asks && status != TransactionStatus::Error {
            match self.traces().await? {
                Some(traces) => self.heed(traces).await?,
                None if status == TransactionStatus::Idle => {
                    self.link.keep_role();
                    self.link.pin_in_doubt();
                    in_doubt = true;
                }
                None => {}
            }
        }
        self.dialogue.heard = Heard::Nothing;
        self.dialogue.footprint = if status == TransactionStatus::Idle {
            // Asked again at the end of its next transaction.
            Footprint {
                asks: in_doubt,
                ..Footprint::default()
            }
        } else {
            Footprint {
                resets: false,
                ..footprint
            }
        };
        let mut out = self.link.news();
        backend::put_ready_for_query(&mut out, self.dialogue.status);
        self.client.push(&out).map_err(|_| End::Client)
    }

    /// Reads the bodies of functions that were called; what they leave behind.
    async fn look_into_functions(&mut self) -> Result<Footprint, End> {
        let suspects = std::mem::take(&mut self.link.suspects);
        for _ in 0..DEEPEST {
            let missing = match self.link.access.functions.left(&suspects) {
                Ok(left) => return Ok(self.link.note_left(&left)),
                Err(missing) => missing,
            };
            let reply = self.ask(&functions::question(&missing)).await?;
            self.pass_messages(&reply.messages)?;
            if reply.error.is_some() {
                break;
            }
            let functions = &self.link.access.functions;
            functions.learn(&missing, reply.rows_of_bytes());
        }
        Ok(Footprint::DOUBT)
    }

    async fn traces(&mut self) -> Result<Option<Traces>, End> {
        let question = question(self.link.custom());
        let reply = self.ask(question.as_bytes()).await?;
        self.pass_messages(&reply.messages)?;
        if let Some(body) = &reply.error {
            let info = error::read(body);
            tracing::info!(
                sqlstate = info.code,
                "the server does not say what a transaction left"
            );
            return Ok(None);
        }
        let user = &self.link.access.login.user;
        Ok(Some(Traces::read(&reply, user)))
    }

    /// What was reset goes back to what the client's session began with.
    async fn heed(&mut self, traces: Traces) -> Result<(), End> {
        let wanted = self.without_reset_limit(&traces).or(&self.link.start);
        if let Some(rows) = wanted.get(SETTING.as_bytes()) {
            self.rules.set_row_limit(&String::from_utf8_lossy(rows));
        }
        if self.dialogue.status != TransactionStatus::Idle {
            // Undone with the block, as the RESET is; what is left then is asked for then.
            if let Some(command) = wanted.put_changes_as_is(&traces.settings) {
                self.change(&command).await?;
            }
            return Ok(());
        }
        if self.dialogue.heard == Heard::Error && self.link.keep_role() {
            // It was not given up after all.
            self.link.server().settings = Arc::new(traces.settings);
            return Ok(());
        }
        self.link.role = Role::Held;
        self.link.pinned_by(&traces.pins);
        self.link.server().settings = Arc::new(traces.settings);
        if *self.link.settings != wanted {
            self.link.settings = Arc::new(wanted);
        }
        let wanted = Arc::clone(&self.link.settings);
        if self.adopt(&wanted).await?.is_some() {
            // A role that has lost the right to set it: it stays as the server has it.
            self.link.settings = Arc::clone(&self.link.server().settings);
        }
        Ok(())
    }

    /// What was found, without a row limit that a RESET has left: connections are opened with the
    /// policy's, and the session may have begun with another.
    fn without_reset_limit(&self, traces: &Traces) -> Settings {
        let limit = |settings: &Settings| settings.get(SETTING.as_bytes()).map(<[u8]>::to_vec);
        let opened_with = self.rules.first_row_limit().map(String::into_bytes);
        let has_returned = limit(&traces.settings) == opened_with
            && limit(&self.link.settings).is_some_and(|rows| Some(rows) != opened_with);
        if self.dialogue.footprint.resets && has_returned {
            return traces.settings.without(&[SETTING]);
        }
        traces.settings.clone()
    }

    /// Has the server run a command of pgparley's own. One that takes longer than the client's
    /// `statement_timeout` is run again without that limit, where no block is open.
    async fn ask(&mut self, command: &[u8]) -> Result<Reply, End> {
        let mut request = Vec::new();
        for is_last in (0..MOST_TRIES).map(|tried| tried + 1 == MOST_TRIES) {
            wrapper::put_command(&mut request, command);
            frontend::put_sync(&mut request);
            let reply = self.link.server().exchange(&request, LONGEST_REPLY).await;
            let reply = reply.map_err(|_| End::Server)?;
            if let Some(status) = reply.status {
                self.dialogue.status = status;
            }
            let is_late = reply
                .error
                .as_ref()
                .is_some_and(|body| error::has_code(body, sqlstate::QUERY_CANCELED));
            if is_last || !is_late || self.dialogue.status != TransactionStatus::Idle {
                return Ok(reply);
            }
            request.clear();
            wrapper::put_command(&mut request, UNLIMITED);
        }
        unreachable!("the last reply is returned")
    }

    /// Changes settings; the body of the server's error when it does not.
    pub(super) async fn change(&mut self, command: &[u8]) -> Result<Option<Vec<u8>>, End> {
        let reply = self.ask(command).await?;
        if let Err(end) = self.pass_messages(&reply.messages) {
            // Nobody goes on to note what it has now.
            self.link.pin_in_doubt();
            return Err(end);
        }
        Ok(reply.error)
    }

    /// Notices and notifications go to the client whoever caused them.
    pub(super) fn pass_messages(&mut self, messages: &[Message]) -> Result<(), End> {
        let mut out = Vec::new();
        for message in messages {
            if matches!(message.tag, server::NOTICE | server::NOTIFICATION) {
                frame::put_body(&mut out, message.tag, &message.body);
            }
        }
        self.client.push(&out).map_err(|_| End::Client)
    }
}

impl Link {
    /// The server did not say what is left, so nobody else may get the connection as it is.
    pub(super) fn pin_in_doubt(&mut self) {
        self.pinned_by(&["the server did not say what is left".to_owned()]);
    }

    /// These things keep the client on its connection; what can never be undone goes on doing so.
    fn pinned_by(&mut self, why: &[String]) {
        if self
            .pin
            .as_ref()
            .is_some_and(|pin| pin.lasts > Lasts::UntilUndone)
        {
            return;
        }
        self.pin = (!why.is_empty()).then(|| Pin {
            why: why.join(", "),
            lasts: Lasts::UntilUndone,
        });
    }
}

/// Gives a new session's connection what its start-up packet asked for; what the session begins
/// with. What the server refuses ends the login in the server's words.
pub(super) async fn start(
    link: &mut Link,
    asked: &[(Vec<u8>, Vec<u8>)],
) -> Result<Start, upstream::Error> {
    let user = link.access.login.user.clone();
    let address = link.access.login.address();
    for (name, _) in asked {
        // The server lists those with a dot nowhere.
        if let Ok(name) = std::str::from_utf8(name)
            && name.contains('.')
        {
            link.note_custom(name);
        }
    }
    let wanted = Settings::new(asked.iter().cloned());
    let mut request = Vec::new();
    if let Some(command) = wanted.put_changes(&link.server().settings) {
        wrapper::put_command(&mut request, command);
    }
    wrapper::put_command(&mut request, question(link.custom()));
    frontend::put_sync(&mut request);
    let server = link.server();
    let reply = server.exchange(&request, LONGEST_REPLY).await;
    let reply = reply.map_err(|source| upstream::Error::Unreachable { address, source })?;
    if let Some(body) = &reply.error {
        let mut last = Vec::new();
        error::put_as(&mut last, body, "FATAL");
        return Err(upstream::Error::Refused(last));
    }
    let settings = Arc::new(Traces::read(&reply, &user).settings);
    server.settings = Arc::clone(&settings);
    let parameters = Arc::clone(&server.parameters);
    Ok(Start {
        access: Arc::clone(&link.access),
        settings,
        parameters,
    })
}

impl Traces {
    fn read(reply: &Reply, user: &[u8]) -> Self {
        let mut settings = Settings::default();
        let mut pins = Vec::new();
        let mut lifted = None;
        for row in reply.rows_of_bytes() {
            if let [Some(b"t"), Some(name), Some(value), _] = row.as_slice() {
                lifted = Some((name.to_vec(), value.to_vec()));
            }
            let [Some(kind), Some(name), value] = row.as_slice() else {
                continue;
            };
            match (*kind, value) {
                (b"p", _) => pins.push(String::from_utf8_lossy(name).into_owned()),
                (b"s", Some(value)) => settings.set(name, value),
                (b"a", Some(value)) if *value != user => settings.set(name, value),
                _ => {}
            }
        }
        if let Some((name, value)) = lifted {
            settings.set(&name, &value);
        }
        Self { settings, pins }
    }
}
