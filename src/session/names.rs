//! What prepared statements and portals stand for, as the server has confirmed it.
//!
//! Effects are applied when the server's reply comes, in the order of the replies: what it skipped
//! has no effect, and what came later cannot undo what came before.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::answer::Answer;
use super::estimate::Source;
use super::generated::PreparedQuestion;
use super::replies::Effect;
use super::rows::Rows;
use super::wording::Places;
use super::wording::Sent;
use crate::sql::cursor::CursorAct;
use crate::sql::footprint::Footprint;
use crate::upstream::Statement;

/// A name as the client wrote it; empty is the unnamed statement or portal.
pub(super) type Name = Box<[u8]>;

/// What is known of a prepared statement.
#[derive(Debug, Clone, Default)]
pub(super) struct Prepared {
    /// How its rows are counted, without any seen.
    pub rows: Rows,
    /// It was generated; it remembers until it is closed or prepared anew.
    pub question: Option<Arc<PreparedQuestion>>,
    /// What prepares it on the next server connection, where that is not always the same.
    pub statement: Option<Arc<Statement>>,
    /// What executing it may leave behind.
    pub footprint: Footprint,
    /// How places in the text that was sent are those in the client's.
    pub places: Box<[Places]>,
    /// Its text, where what it costs is asked at each Bind and no other place tells.
    pub source: Option<Source>,
    /// Statements that its text executes by their names: they must be there too.
    pub speaks_of: Vec<Arc<Statement>>,
    /// Its text is not the client's.
    pub respelled: Option<Arc<Sent>>,
    /// What it does with a cursor.
    pub cursor: Option<Arc<CursorAct>>,
}

/// What is known of a portal.
#[derive(Debug)]
pub(super) enum Portal {
    /// Its rows are counted, over every Execute and FETCH.
    Counted(Counted),
    /// Its rows are here.
    Answered(Answer),
}

/// The rows of a portal or cursor.
#[derive(Debug, Default)]
pub(super) struct Counted {
    rows: Rows,
    /// It outlives its transaction.
    holds: bool,
    /// What executing it does with a cursor.
    cursor: Option<Arc<CursorAct>>,
}

/// What a Close speaks of.
#[derive(Debug)]
pub(super) enum Closed {
    /// A prepared statement.
    Statement(Name),
    /// A portal.
    Portal(Name),
}

/// All names of a session that something must be known of.
#[derive(Debug, Default)]
pub(super) struct Names {
    statements: HashMap<Name, Prepared>,
    portals: HashMap<Name, Portal>,
    /// The transaction has changed the shape of relations that statements may read.
    pub reshaped: bool,
}

impl Names {
    /// Nothing is known, so nothing can become wrong.
    pub(super) fn is_empty(&self) -> bool {
        self.statements.is_empty() && self.portals.is_empty()
    }

    /// What is known of a statement.
    pub(super) fn statement(&self, name: &[u8]) -> Option<&Prepared> {
        self.statements.get(name)
    }

    /// What the client calls the statement with this number.
    pub(super) fn name_of(&self, number: &[u8]) -> Option<&[u8]> {
        let number: u64 = std::str::from_utf8(number).ok()?.parse().ok()?;
        let is = |known: &Prepared| known.statement.as_ref().is_some_and(|s| s.id() == number);
        let found = self.statements.iter().find(|(_, known)| is(known));
        found.map(|(name, _)| &**name)
    }

    /// The answer that a portal serves.
    pub(super) fn answer(&mut self, portal: &[u8]) -> Option<&mut Answer> {
        match self.portals.get_mut(portal)? {
            Portal::Answered(answer) => Some(answer),
            Portal::Counted(_) => None,
        }
    }

    /// ParseComplete has come.
    pub(super) fn prepared(&mut self, statement: Name, prepared: Prepared) {
        self.statements.insert(statement, prepared);
    }

    /// BindComplete has come. A statement that was not prepared by a Parse here is counted as
    /// `doubt` says.
    pub(super) fn bound(&mut self, portal: Name, statement: &[u8], doubt: Rows) {
        let counted = match self.statements.get(statement) {
            Some(prepared) if prepared.question.is_none() => Counted {
                rows: prepared
                    .rows
                    .under(doubt.limit, prepared.respelled.is_some()),
                holds: false,
                cursor: prepared.cursor.clone(),
            },
            _ => Counted::of(doubt),
        };
        self.portals.insert(portal, Portal::Counted(counted));
    }

    /// A Bind of a generated statement was answered here.
    pub(super) fn answered(&mut self, portal: Name, answer: Answer) {
        self.portals.insert(portal, Portal::Answered(answer));
    }

    /// Bytes of the answers that portals other than this one hold.
    pub(super) fn bytes_beside(&self, portal: &[u8]) -> usize {
        let others = self.portals.iter().filter(|(name, _)| &***name != portal);
        others
            .map(|(_, portal)| match portal {
                Portal::Answered(answer) => answer.bytes(),
                Portal::Counted(_) => 0,
            })
            .sum()
    }

    /// CloseComplete has come.
    pub(super) fn closed(&mut self, closed: &Closed) {
        match closed {
            Closed::Statement(name) => {
                self.statements.remove(name);
            }
            Closed::Portal(name) => {
                self.portals.remove(name);
            }
        }
    }

    /// The count of a portal's rows so far. One that was not bound by a Bind here, such as a cursor
    /// of SQL, begins as `doubt` says.
    pub(super) fn rows(&self, portal: &[u8], doubt: Rows) -> Rows {
        match self.portals.get(portal) {
            Some(Portal::Counted(Counted {
                rows,
                cursor: Some(act),
                ..
            })) => match &**act {
                CursorAct::Fetch(cursor) if **cursor != *portal => self.part_of(cursor, *rows),
                _ => *rows,
            },
            Some(Portal::Counted(counted)) => counted.rows,
            Some(Portal::Answered(_)) | None => doubt,
        }
    }

    /// The count of the rows that a FETCH from `cursor` brings, which by itself would begin as
    /// `own`.
    fn part_of(&self, cursor: &[u8], own: Rows) -> Rows {
        match self.portals.get(cursor) {
            Some(Portal::Counted(counted)) => counted.rows,
            Some(Portal::Answered(_)) | None => own,
        }
    }

    /// What executing a portal does with a cursor.
    pub(super) fn cursor(&self, portal: &[u8]) -> Option<&CursorAct> {
        match self.portals.get(portal)? {
            Portal::Counted(counted) => counted.cursor.as_deref(),
            Portal::Answered(_) => None,
        }
    }

    /// A statement has done this with a cursor, and brought these rows.
    pub(super) fn acted(&mut self, act: &CursorAct, rows: Rows, doubt: Rows) {
        match act {
            CursorAct::Declare { name, holds } => {
                let declared = Counted {
                    holds: *holds,
                    ..Counted::of(doubt)
                };
                self.portals.insert(name.clone(), Portal::Counted(declared));
            }
            CursorAct::Fetch(cursor) => self.counted(cursor.clone(), rows),
            CursorAct::Close(cursor) => {
                self.portals.remove(cursor);
            }
            CursorAct::CloseAll => self.portals.clear(),
        }
    }

    /// A portal was suspended or has ended, with this count.
    pub(super) fn counted(&mut self, portal: Name, rows: Rows) {
        let rows = rows.resumed();
        match self.portals.entry(portal) {
            Entry::Occupied(mut known) => match known.get_mut() {
                Portal::Counted(counted) => counted.rows = rows,
                Portal::Answered(_) => {}
            },
            Entry::Vacant(place) => {
                place.insert(Portal::Counted(Counted::of(rows)));
            }
        }
    }

    /// SQL has prepared a statement or deallocated one.
    pub(super) fn affected(&mut self, effect: Effect) {
        match effect {
            Effect::Prepared(name, prepared) => self.prepared(name, *prepared),
            Effect::Deallocated(name) => {
                self.statements.remove(&name);
            }
            Effect::AllGone => self.deallocated(),
        }
    }

    /// DEALLOCATE ALL or DISCARD ALL was run.
    pub(super) fn deallocated(&mut self) {
        self.statements.clear();
    }

    /// A Query has ended: it destroys the unnamed statement and the unnamed portal.
    pub(super) fn query_ended(&mut self) {
        if !self.is_empty() {
            self.statements.remove(&b""[..]);
            self.portals.remove(&b""[..]);
        }
    }

    /// The transaction is over: its portals are gone.
    pub(super) fn transaction_ended(&mut self) {
        self.portals.retain(|_, portal| match portal {
            Portal::Counted(counted) => counted.holds,
            Portal::Answered(_) => false,
        });
    }

    /// SQL was run that may have given names another meaning: what was known to need no count is
    /// in doubt again.
    pub(super) fn doubt(&mut self, doubt: Rows) {
        for prepared in self.statements.values_mut() {
            if prepared.question.is_none() && prepared.rows.limit.is_none() {
                prepared.rows = doubt;
            }
        }
        self.portals.retain(|_, portal| match portal {
            Portal::Counted(counted) => counted.rows.limit.is_some(),
            Portal::Answered(_) => true,
        });
    }
}

impl Counted {
    fn of(rows: Rows) -> Self {
        Self {
            rows,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(limit: u64) -> Rows {
        Rows::up_to(Some(limit))
    }

    fn counted(rows: Rows) -> Prepared {
        Prepared {
            rows,
            ..Prepared::default()
        }
    }

    #[test]
    fn a_portal_is_counted_as_its_statement_says() {
        let mut names = Names::default();
        names.prepared(b"s"[..].into(), counted(limited(3)));
        names.bound(b"p"[..].into(), b"s", Rows::default());
        assert_eq!(names.rows(b"p", Rows::default()), limited(3));
    }

    #[test]
    fn what_nobody_prepared_here_is_counted_as_doubt_says() {
        let mut names = Names::default();
        names.bound(b"p"[..].into(), b"by_sql", limited(7));
        assert_eq!(names.rows(b"p", Rows::default()), limited(7));
        assert_eq!(names.rows(b"cursor", limited(7)), limited(7));
    }

    #[test]
    fn after_sql_that_renames_only_limits_are_sure() {
        let mut names = Names::default();
        names.prepared(b"shows"[..].into(), Prepared::default());
        let mut known = limited(7);
        known.fingerprint = Some(1);
        names.prepared(b"reads"[..].into(), counted(known));
        names.doubt(limited(7));
        names.bound(b"a"[..].into(), b"shows", limited(7));
        names.bound(b"b"[..].into(), b"reads", limited(7));
        assert_eq!(names.rows(b"a", Rows::default()), limited(7));
        assert_eq!(names.rows(b"b", Rows::default()), known);
    }
}
