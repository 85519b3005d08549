//! An error of the server's: what it undoes here, and what of it the client sees.

use std::borrow::Cow;

use memchr::memmem;

use super::known::Known;
use crate::session::dialogue::Dialogue;
use crate::session::dialogue::Due;
use crate::session::dialogue::Ending;
use crate::session::dialogue::Excess;
use crate::session::dialogue::Heard;
use crate::session::dialogue::Skipping;
use crate::session::errors;
use crate::session::limit;
use crate::session::names::Closed;
use crate::session::names::Name;
use crate::session::replies::Owed;
use crate::session::rows::Rows;
use crate::session::ruling::Rules;
use crate::upstream::PREFIX;
use crate::wire::ErrorInfo;
use crate::wire::Passage;
use crate::wire::error;
use crate::wire::error::sqlstate;
use crate::wire::frame;
use crate::wire::frame::server;

/// An error of the server's, and what was under way.
pub(super) struct Failing<'a> {
    /// As the server said it.
    pub body: &'a [u8],
    /// With the names and places of the client's own text.
    pub restored: &'a [u8],
    /// The client gets this one.
    pub instead: Option<Box<ErrorInfo>>,
    /// Of the result that it ended.
    pub rows: Rows,
}

impl Dialogue {
    /// An error in which statements have the client's names again.
    pub(super) fn renamed<'a>(&self, body: &'a [u8], failed: Option<&Owed>) -> Cow<'a, [u8]> {
        let failed = match failed {
            Some(Owed::Parse {
                prepared: Some(prepared),
                ..
            }) => Some(&*prepared.0),
            Some(Owed::Bind { bound: Some(bound) }) => Some(&*bound.1),
            _ => None,
        };
        let mut out = Vec::new();
        let mut rest = body;
        while let Some(at) = memmem::find(rest, PREFIX.as_bytes()) {
            let number = &rest[at + PREFIX.len()..];
            let digits = number.iter().take_while(|byte| byte.is_ascii_digit());
            let (number, behind) = number.split_at(digits.count());
            out.extend_from_slice(&rest[..at]);
            match failed.or_else(|| self.names.name_of(number)) {
                Some(name) => out.extend_from_slice(name),
                None => out.extend_from_slice(&rest[at..rest.len() - behind.len()]),
            }
            rest = behind;
        }
        if out.is_empty() {
            return Cow::Borrowed(body);
        }
        out.extend_from_slice(rest);
        Cow::Owned(out)
    }

    /// An error in which places are those of the client's own text.
    pub(super) fn respelled<'a>(&self, body: &'a [u8], failed: Option<&Owed>) -> Cow<'a, [u8]> {
        let respelled = match failed {
            Some(Owed::Parse {
                prepared: Some(parsed),
                ..
            }) => parsed.1.as_ref().and_then(|it| it.respelled.as_ref()),
            Some(Owed::Bind { bound: Some(bound) }) => {
                let known = self.names.statement(&bound.1);
                known.and_then(|it| it.respelled.as_ref())
            }
            _ => None,
        };
        let respelled = respelled.map(|sent| sent.respelled());
        let of_query = || self.replies.respelled().filter(|_| failed.is_none());
        let respelled = respelled.or_else(of_query);
        respelled.map_or(Cow::Borrowed(body), |it| it.restored(body))
    }

    /// The first of these has failed, the others were skipped.
    pub(super) fn undo(&mut self, skipped: &[Owed], body: &[u8], known: &mut Known<'_>) {
        if let Some(Owed::Parse { prepared, .. }) = skipped.first()
            && prepared
                .as_ref()
                .is_none_or(|prepared| prepared.0.is_empty())
        {
            // A Parse destroys the unnamed statement even if it fails.
            self.names.closed(&Closed::Statement(Name::default()));
        }
        if error::is_stale_plan(body)
            && let Some(Owed::Bind { bound: Some(bound) }) = skipped.first()
            && let Some(statement) = self.names.statement(&bound.1)
            && let Some(statement) = &statement.statement
        {
            statement.outdate();
        }
        for owed in skipped {
            known.undo(owed);
        }
    }

    /// An error ended what was under way.
    pub(super) fn failed(&mut self, body: &[u8], skips: bool) {
        self.heard = if error::is_fatal(body) {
            Heard::Fatal
        } else {
            Heard::Error
        };
        let copy = self.copy_in.take().unwrap_or_default();
        if self.heard == Heard::Fatal {
            return;
        }
        self.doubtful_syncs += copy.doubtful_syncs;
        if skips {
            if self.skipping != Skipping::Doomed || self.doubtful_syncs == 0 {
                self.skipping = Skipping::Server;
            }
            self.look_for_syncs();
        }
    }

    /// Has it found out which Syncs are answered, when there is doubt and nothing else is owed.
    pub(super) fn look_for_syncs(&mut self) {
        if self.doubtful_syncs > 0 && self.replies.is_empty() {
            self.due = Some(Due::Syncs);
        }
    }

    /// Whether the server's own error goes on.
    pub(super) fn error_passes(
        &mut self,
        error: Failing<'_>,
        rules: &Rules,
        passage: &mut Passage<'_>,
    ) -> bool {
        let Failing {
            body,
            restored,
            instead,
            rows,
        } = error;
        if let Excess::Cancelled(ending) = self.excess
            && let Some(cut) = rows.exceeded()
            && let Some(policy) = rules.policy()
            && error::has_code(body, sqlstate::QUERY_CANCELED)
        {
            match ending {
                Ending::Cut => self.tell_exceeded(cut, rows.part, (rules, b""), passage),
                Ending::Error => error::put_error(passage.edit(), limit::exceeded(cut, policy)),
            }
            return false;
        }
        if self.excess == Excess::Refused {
            return false;
        }
        if let Some(overdue) = self.overdue
            && instead.is_none()
            && error::has_code(body, sqlstate::QUERY_CANCELED)
        {
            error::put_error(passage.edit(), errors::overdue(overdue));
            return false;
        }
        match instead {
            Some(info) => error::put_error(passage.edit(), *info),
            None if restored == body => return true,
            None => frame::put_body(passage.edit(), server::ERROR, restored),
        }
        false
    }
}
