//! Names of prepared statements where server connections are shared: the client's names are its
//! own, the server's stand for texts, and each statement is prepared where it is used.

use std::sync::Arc;

use super::Fate;
use super::Frame;
use crate::session::dialogue::Dialogue;
use crate::session::link::Link;
use crate::session::names::Name;
use crate::session::replies::Does;
use crate::session::replies::Owed;
use crate::session::wrapper;
use crate::sql::default_value::defaults;
use crate::sql::default_value::written;
use crate::sql::footprint::Footprint;
use crate::sql::splice::Edit;
use crate::upstream::Statement;
use crate::wire::frame;
use crate::wire::frame::HEADER;
use crate::wire::frame::client;
use crate::wire::frame::server;
use crate::wire::frontend;
use crate::wire::frontend::Named;
use crate::wire::frontend::Parse;

/// The values of a statement's parameters, counted from 1, where they are at hand.
type Values<'a> = dyn Fn(usize) -> Option<String> + 'a;

/// An empty statement without parameters, as it stands in a Parse behind its name.
const NOTHING: &[u8] = b"\0\0\0";

/// The unnamed statement.
const UNNAMED: &[u8] = b"";

/// Messages of pgparley's own that must go before one of the client's, and what is owed for them.
#[derive(Debug, Default)]
pub(in crate::session) struct Before {
    /// The messages.
    pub bytes: Vec<u8>,
    /// The replies.
    pub owed: Vec<Owed>,
    /// Statements that the client's message executes by their names in SQL.
    pub speaks_of: Vec<Arc<Statement>>,
}

impl Before {
    fn owe(&mut self, reply: u8, does: Does) {
        self.owed.push(Owed::Own { reply, does });
    }

    /// Appends what prepares a statement, when the server does not have it.
    pub(super) fn put_where_missing(&mut self, statement: &Arc<Statement>, link: &mut Link) {
        if link.server().statements.has(statement) {
            return;
        }
        self.put_room(statement, link);
        let prepare = Does::Prepare(Arc::clone(statement));
        if !statement.is_sql() {
            put_parse(&mut self.bytes, &statement.name(), statement.definition());
            self.owe(server::PARSE_COMPLETE, prepare);
            return;
        }
        let command = [
            b"PREPARE ",
            &*statement.name(),
            b" ",
            statement.definition(),
        ]
        .concat();
        wrapper::put_command(&mut self.bytes, command);
        self.owe(wrapper::REPLIES_TO_COMMAND[0], prepare);
        for reply in &wrapper::REPLIES_TO_COMMAND[1..] {
            self.owe(*reply, Does::Nothing);
        }
    }

    /// Appends what makes the server know the name of a statement that is about to go: what it reads
    /// may be gone already.
    pub(super) fn put_name_where_missing(&mut self, statement: &Statement, link: &mut Link) {
        if link.server().statements.has(statement) {
            return;
        }
        // A name that is only to be closed may be taken or not.
        frontend::put_close(&mut self.bytes, Named::Statement(&statement.name()));
        self.owe(server::CLOSE_COMPLETE, Does::Nothing);
        put_parse(&mut self.bytes, &statement.name(), NOTHING);
        self.owe(server::PARSE_COMPLETE, Does::Nothing);
    }

    /// Notes that the server will hold a statement, and closes what has to go for it.
    pub(super) fn put_room(&mut self, statement: &Arc<Statement>, link: &mut Link) {
        let most = link.access.max_prepared_statements;
        let held = &mut link.server().statements;
        if held.may_hold(statement) {
            frontend::put_close(&mut self.bytes, Named::Statement(&statement.name()));
            self.owe(server::CLOSE_COMPLETE, Does::Nothing);
        }
        held.added(statement, most);
        while let Some((id, name)) = held.take_surplus() {
            frontend::put_close(&mut self.bytes, Named::Statement(&name));
            self.owe(server::CLOSE_COMPLETE, Does::Close(id));
        }
    }

    fn use_unnamed(&mut self, statement: Option<&Arc<Statement>>, link: &mut Link) {
        if std::mem::replace(&mut link.holds_unnamed, true) {
            return;
        }
        if let Some(statement) = statement {
            put_parse(&mut self.bytes, UNNAMED, statement.definition());
            self.owe(server::PARSE_COMPLETE, Does::Nothing);
        } else {
            // What stands there is another client's.
            frontend::put_close(&mut self.bytes, Named::Statement(UNNAMED));
            self.owe(server::CLOSE_COMPLETE, Does::Nothing);
        }
    }
}

/// What makes a SET to the default in `text` one to what the session began with.
pub(super) fn restoring(text: &[u8], footprint: Footprint, link: &Link) -> Vec<Edit> {
    if !footprint.defaults || link.start.is_empty() {
        return Vec::new();
    }
    let defaults = defaults(text).into_iter().filter_map(|default| {
        let value = link.start.get(default.name.as_bytes())?;
        let value = std::str::from_utf8(value).ok()?;
        let with = written(&default.name, value)?.into_owned();
        let at = default.at;
        Some(Edit { at, with })
    });
    defaults.collect()
}

impl Dialogue {
    /// What a statement is, for the connections that it will be used on.
    pub(in crate::session) fn shared_statement(
        &self,
        parse: &Parse<'_>,
        text: &[u8],
        link: &Link,
    ) -> Arc<Statement> {
        let mut definition = Vec::with_capacity(text.len() + 1 + parse.types.len());
        definition.extend_from_slice(text);
        definition.push(0);
        definition.extend_from_slice(parse.types);
        let interner = &link.access.interner;
        if parse.statement == UNNAMED || self.footprint.is_unsettled() {
            // Under settings that nobody knows yet a text may mean what it means to nobody else.
            return interner.private(&definition, false);
        }
        interner.intern(&definition, false, &link.settings)
    }

    /// Appends a Parse of a statement that the client prepares; what takes its name goes first.
    pub(in crate::session) fn put_shared_parse(
        &mut self,
        mut before: Before,
        name: &[u8],
        statement: &Arc<Statement>,
        link: &mut Link,
    ) -> Vec<u8> {
        if name == UNNAMED {
            link.holds_unnamed = true;
            put_parse(&mut before.bytes, UNNAMED, statement.definition());
        } else {
            before.put_room(statement, link);
            put_parse(&mut before.bytes, &statement.name(), statement.definition());
        }
        self.replies.extend(before.owed);
        before.bytes
    }

    /// A Parse under a name that is taken: the server says so in its own words.
    pub(super) fn parse_again(&mut self, parse: &Parse<'_>, text: &[u8], link: &mut Link) -> Fate {
        let (mut out, taken) = self.use_statement(parse.statement, link, None);
        let again = Parse {
            statement: taken.as_deref().unwrap_or(parse.statement),
            ..*parse
        };
        again.put_with(&mut out, text);
        self.parse_sent(Some((parse.statement.into(), None)), None);
        Fate::Replace(out)
    }

    /// Messages that make sure that the server has a statement of the client's, and its name there;
    /// `None` when the server knows the name better than we do. What a statement leaves that is
    /// executed with these values is remembered.
    fn use_statement(
        &mut self,
        name: &[u8],
        link: &mut Link,
        executed_with: Option<&Values<'_>>,
    ) -> (Vec<u8>, Option<Name>) {
        let known = self.statement(name);
        let statement = known.and_then(|known| known.statement.clone());
        let footprint = known.map(|known| known.footprint).unwrap_or_default();
        let speaks_of = known.map(|known| known.speaks_of.clone());
        let speaks_of = speaks_of.unwrap_or_default();
        if let Some(values) = executed_with
            && footprint.matters()
        {
            if statement.is_none() {
                // Its text was too long to be kept.
                self.footprint = self.footprint | footprint;
            }
            for statement in statement.iter().chain(&speaks_of) {
                let left = link.note(statement.text(), footprint, values);
                self.footprint = self.footprint | left;
            }
        }
        let mut before = Before::default();
        for executed in &speaks_of {
            before.put_where_missing(executed, link);
        }
        let mut theirs = None;
        if name == UNNAMED {
            before.use_unnamed(statement.as_ref(), link);
        } else if let Some(statement) = statement {
            before.put_where_missing(&statement, link);
            theirs = Some(statement.name().into());
        }
        self.replies.extend(before.owed);
        (before.bytes, theirs)
    }

    /// A Bind under the server's name of its statement.
    pub(super) fn shared_bind(
        &mut self,
        frame: &Frame<'_>,
        bind: &frontend::Bind<'_>,
        link: &mut Link,
    ) -> Fate {
        let is_whole = frame.is_whole();
        let value = |number: usize| {
            let index = number.checked_sub(1).filter(|_| is_whole)?;
            let value = bind.value(index)?;
            String::from_utf8(value.to_vec()).ok()
        };
        let (mut out, name) = self.use_statement(bind.statement, link, Some(&value));
        match name {
            None if out.is_empty() => Fate::Pass,
            None => Fate::Begin(out, 0),
            Some(name) => {
                let kept = HEADER + bind.portal.len() + 1 + bind.statement.len() + 1;
                let size = frame.size - bind.statement.len() + name.len();
                out.push(client::BIND);
                // The length word counts itself and not the type byte.
                out.extend_from_slice(&(size as u32 - 1).to_be_bytes());
                out.extend_from_slice(bind.portal);
                out.push(0);
                out.extend_from_slice(&name);
                out.push(0);
                Fate::Begin(out, kept)
            }
        }
    }

    /// A Describe of a statement under the server's name.
    pub(super) fn shared_describe(&mut self, name: &[u8], link: &mut Link) -> Fate {
        let (mut out, theirs) = self.use_statement(name, link, None);
        match theirs {
            None if out.is_empty() => Fate::Pass,
            None => Fate::Begin(out, 0),
            Some(name) => {
                frontend::put_describe(&mut out, Named::Statement(&name));
                Fate::Replace(out)
            }
        }
    }
}

/// Appends a Parse with this name before its definition.
fn put_parse(out: &mut Vec<u8>, name: &[u8], definition: &[u8]) {
    frame::put(out, client::PARSE, |body| {
        body.extend_from_slice(name);
        body.push(0);
        body.extend_from_slice(definition);
    });
}
