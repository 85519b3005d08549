//! Walks what the client sent: most passes as it is, some is looked into, some is answered here.

mod extended;
mod long;
pub(super) mod shared;
mod sql_names;

use std::borrow::Cow;

use self::shared::Before;
use super::dialogue::Dialogue;
use super::dialogue::Heard;
use super::dialogue::Rest;
use super::dialogue::Skipping;
use super::estimate::Asked;
use super::link::Link;
use super::link::Reach;
use super::questions::Turn;
use super::replies::Owed;
use super::ruling::Rules;
use super::ruling::Ruling;
use super::wording::Places;
use crate::guard;
use crate::guard::Plan;
use crate::sql::footprint::Footprint;
use crate::sql::footprint::footprint;
use crate::sql::splice::apply;
use crate::telemetry::names;
use crate::wire::ErrorInfo;
use crate::wire::Passage;
use crate::wire::connection::Consumed;
use crate::wire::frame;
use crate::wire::frame::HEADER;
use crate::wire::frame::Next;
use crate::wire::frame::client;
use crate::wire::frontend;

/// A text longer than this is not looked into: refused where a policy holds, else passed on.
pub(super) const LONGEST_TEXT: usize = 16 * 1024 * 1024;

/// What the session must do before the client's next message is looked at.
#[derive(Debug)]
pub(super) enum Step {
    /// Nothing.
    Next,
    /// Wait until the server owes nothing.
    Settle,
    /// Open a block, so that all of this message can be taken back.
    Promote,
    /// Answer this message.
    Turn(Box<Turn>),
    /// Get a server connection.
    Attach,
    /// Ask the server what the message would cost.
    Estimate(Asked),
    /// Read the catalog.
    Learn,
    /// Have the server prepare what the message speaks of.
    Prepare(Before),
    /// End the session: the client said so.
    Terminate,
    /// End the session: the client's stream has lost its frame.
    Malformed,
}

/// A message as far as it has arrived.
pub(super) struct Frame<'a> {
    tag: u8,
    /// Of all of it, type byte and length included.
    pub size: usize,
    /// What of it is here.
    pub bytes: &'a [u8],
}

impl Frame<'_> {
    pub(super) fn is_whole(&self) -> bool {
        self.bytes.len() == self.size
    }

    fn body(&self) -> &[u8] {
        &self.bytes[HEADER..]
    }
}

/// What becomes of one message.
pub(super) enum Fate {
    /// It passes, all of it.
    Pass,
    /// It is left out, all of it.
    Drop,
    /// These bytes go instead.
    Replace(Vec<u8>),
    /// More of it must arrive first.
    Wait,
    /// It is looked at again when everything before it is confirmed.
    Settle,
    /// It is looked at again when a block is open.
    Promote,
    /// It is looked at again when there is a server connection.
    Attach,
    /// It is looked at again when the catalog was read.
    Learn,
    /// These bytes go first, then those of the message behind this many.
    Begin(Vec<u8>, usize),
    /// It is left out, and the session has something to do.
    Stop(Step),
}

impl Dialogue {
    /// Deals with a chunk from the client; what goes on to the server is left in `passage`.
    pub(super) fn client_said(
        &mut self,
        chunk: &[u8],
        rules: &mut Rules,
        link: &mut Link,
        passage: &mut Passage<'_>,
    ) -> (Consumed, Step) {
        let mut at = 0;
        if let Some((taken, passes)) = self.from_client.take(chunk.len()) {
            if passes {
                passage.pass(0..taken);
            }
            at = taken;
        }
        loop {
            let Some(frame) = frame_at(chunk, at) else {
                return (Consumed::Waiting(at), Step::Malformed);
            };
            let Some(frame) = frame else {
                return (Consumed::Waiting(at), Step::Next);
            };
            let end = at + frame.bytes.len();
            let missing = frame.size - frame.bytes.len();
            match self.client_message(&frame, rules, link) {
                Fate::Pass => {
                    passage.pass(at..end);
                    self.from_client = Rest::Pass(missing);
                }
                Fate::Drop => self.from_client = Rest::Drop(missing),
                Fate::Replace(bytes) => {
                    passage.put(bytes);
                    self.from_client = Rest::Drop(missing);
                }
                Fate::Begin(head, kept) => {
                    passage.edit().extend_from_slice(&head);
                    passage.pass(at + kept..end);
                    self.from_client = Rest::Pass(missing);
                }
                Fate::Wait => return (Consumed::Waiting(at), Step::Next),
                Fate::Settle => return (Consumed::Paused(at), Step::Settle),
                Fate::Promote => return (Consumed::Paused(at), Step::Promote),
                Fate::Attach => return (Consumed::Paused(at), Step::Attach),
                Fate::Learn => return (Consumed::Paused(at), Step::Learn),
                Fate::Stop(step @ (Step::Prepare(_) | Step::Estimate(_))) => {
                    return (Consumed::Paused(at), step);
                }
                Fate::Stop(step) => return (Consumed::Paused(end), step),
            }
            if missing == 0 {
                self.from_client = Rest::Nothing;
            }
            at = end;
        }
    }

    fn client_message(&mut self, frame: &Frame<'_>, rules: &mut Rules, link: &mut Link) -> Fate {
        match (self.skipping, frame.tag) {
            (_, client::SYNC | client::TERMINATE) | (Skipping::Nobody, _) => {}
            (Skipping::Here | Skipping::Doomed, _) => return Fate::Drop,
            (Skipping::Server, _) => return Fate::Pass,
        }
        let copies = self.copies();
        if rules.fails_on_excess() && !copies && self.waits_for_rows(frame.tag) {
            return Fate::Settle;
        }
        if self.promoted && !copies && self.waits_for_block(frame.tag) {
            return Fate::Settle;
        }
        let runs = matches!(frame.tag, client::QUERY | client::PARSE | client::BIND);
        if self.limit_in_doubt && runs && !copies && self.replies.holds_ready_for_query() {
            return Fate::Settle;
        }
        let is_text = matches!(frame.tag, client::QUERY | client::PARSE);
        if is_text && !copies && frame.is_whole() && rules.must_learn() {
            return Fate::Learn;
        }
        match frame.tag {
            // Nothing is under way that they could be for.
            client::COPY_DATA | client::COPY_DONE | client::COPY_FAIL if !link.is_attached() => {
                Fate::Drop
            }
            client::FLUSH if frame.size > HEADER && !copies => self.flush_with_a_body(link),
            client::FLUSH if !link.is_attached() => Fate::Drop,
            client::COPY_DATA | client::FLUSH => Fate::Pass,
            client::COPY_DONE | client::COPY_FAIL => {
                match &mut self.copy_in {
                    Some(copy) if !copy.is_over => copy.is_over = true,
                    // Whether it ends a COPY must be known for what comes behind it.
                    _ if !self.replies.are_local() => return Fate::Settle,
                    _ => {}
                }
                Fate::Pass
            }
            client::SYNC if frame.size > HEADER && !copies => self.sync_with_a_body(link),
            client::SYNC => self.sync(link),
            client::TERMINATE => Fate::Stop(Step::Terminate),
            _ if copies => {
                // The type byte alone ends a COPY. A server whose COPY has failed already must
                // not run what was not looked into.
                self.skipping = Skipping::Doomed;
                Fate::emptied(frame.tag)
            }
            client::QUERY | client::PARSE if long::is_too_long(frame, rules) => {
                self.refuse_too_long(frame, rules)
            }
            client::QUERY | client::PARSE if frame.size > LONGEST_TEXT => {
                self.long_text(frame, rules, link)
            }
            client::QUERY => self.whole(frame, |this, body| this.query(body, rules, link)),
            client::PARSE => self.whole(frame, |this, body| this.parse(body, rules, link)),
            client::BIND => self.bind(frame, rules, link),
            client::DESCRIBE => self.whole(frame, |this, body| this.describe(body, link)),
            client::EXECUTE => self.whole(frame, |this, body| this.execute(body, rules, link)),
            client::CLOSE => self.whole(frame, |this, body| this.close(body, rules, link)),
            client::FUNCTION_CALL if rules.refuses_function_calls() => {
                let info = rules.refused(&guard::Refusal::function_call(), None);
                self.refuse_query(info, rules)
            }
            client::FUNCTION_CALL => match self.reach(frame.tag, link) {
                Ok(()) => {
                    self.replies.push(Owed::FunctionCall);
                    Fate::Pass
                }
                Err(fate) => fate,
            },
            // It ends the server's session, which may have to be asked something before.
            _ if !self.replies.are_local() => Fate::Settle,
            _ => match self.reach(frame.tag, link) {
                Ok(()) => {
                    // What comes behind it must not be answered here before the server's last word.
                    self.skipping = Skipping::Doomed;
                    Fate::Pass
                }
                Err(fate) => fate,
            },
        }
    }

    /// Makes sure that there is a server connection; what becomes of the message when there is none.
    fn reach(&mut self, tag: u8, link: &mut Link) -> Result<(), Fate> {
        match link.reach(&mut self.replies) {
            Reach::Here => Ok(()),
            Reach::Later => Err(Fate::Attach),
            Reach::Denied(info) => {
                if matches!(tag, client::QUERY | client::FUNCTION_CALL) {
                    self.fail_query_here(*info);
                } else {
                    self.fail_until_sync(*info);
                }
                Err(Fate::Drop)
            }
        }
    }

    /// A Query ends an implicit transaction, the promoted one too: it is sent when it is known that
    /// this is no block of the client's, and what is behind it waits until the block is committed.
    fn waits_for_block(&self, tag: u8) -> bool {
        let ends = matches!(tag, client::QUERY | client::FUNCTION_CALL);
        self.replies.holds_ready_for_query() || ends && !self.replies.are_local()
    }

    /// Looks into a message when all of it is here.
    fn whole(&mut self, frame: &Frame<'_>, look: impl FnOnce(&mut Self, &[u8]) -> Fate) -> Fate {
        if frame.is_whole() {
            look(self, frame.body())
        } else {
            Fate::Wait
        }
    }

    fn query(&mut self, body: &[u8], rules: &mut Rules, link: &mut Link) -> Fate {
        let Some(text) = frontend::query(body) else {
            if let Err(fate) = self.reach(client::QUERY, link) {
                return fate;
            }
            self.query_sent(rules.unlimited(), None, None);
            return Fate::emptied(client::QUERY);
        };
        let ruling = rules.rule(text);
        if rules.wants_path(text) {
            return Fate::Learn;
        }
        if link.let_give_up(text) {
            self.heard = Heard::Nothing;
        }
        if !matches!(ruling, Ruling::Refuse(_) | Ruling::Answer(_))
            && let Err(fate) = self.reach(client::QUERY, link)
        {
            rules.keep(text, ruling);
            return fate;
        }
        if !matches!(ruling, Ruling::Refuse(_) | Ruling::Answer(_))
            && let Some(outdated) = self.outdated_by_sql(text, rules, link)
        {
            return outdated.unwrap_or_else(|info| self.refuse_query(info, rules));
        }
        let ruling = match self.outdated_execute(text, rules) {
            Some(info) => Ruling::Refuse(info),
            None => ruling,
        };
        match ruling {
            Ruling::Forward(plan) | Ruling::Rewrite(_, plan) if self.needs_block(&plan, rules) => {
                Fate::Promote
            }
            Ruling::Forward(plan) => self.pass_query(text, None, plan, rules, link),
            Ruling::Rewrite(new, mut plan) => {
                // The server ends by itself after row N+1.
                plan.cancellable = false;
                self.pass_query(text, Some(&new), plan, rules, link)
            }
            Ruling::Refuse(info) => self.refuse_query(info, rules),
            Ruling::Answer(placement) => Fate::turn(Turn::Query {
                text: text.to_vec(),
                placement,
            }),
        }
    }

    /// A Query goes on, perhaps with another text.
    fn pass_query(
        &mut self,
        text: &[u8],
        instead: Option<&[u8]>,
        plan: Plan,
        rules: &Rules,
        link: &mut Link,
    ) -> Fate {
        let limited: Option<Box<[u8]>> = instead.map(Box::from);
        let text = instead.unwrap_or(text);
        let mut instead = instead.map(Cow::Borrowed);
        if let Some(fate) = self.estimate_query(text, rules) {
            return fate;
        }
        let mut renamed = None;
        self.places.clear();
        if link.is_shared() {
            let mut footprint = footprint(text);
            if footprint.names && !self.replies.are_local() {
                return Fate::Settle;
            }
            if let Some(restored) = self.restored(text, footprint, link) {
                instead = Some(Cow::Owned(restored));
            }
            let text = instead.as_deref().unwrap_or(text);
            renamed = self.named_anew(text, &mut footprint, rules, link);
            let has_prepared = std::mem::take(&mut link.has_prepared);
            let is_missing = |(before, _): &mut (Before, _)| !before.bytes.is_empty();
            if !has_prepared && let Some((before, _)) = renamed.take_if(is_missing) {
                // If it fails, the server would skip this message up to a Sync that never comes.
                return Fate::Stop(Step::Prepare(before));
            }
            self.footprint = self.footprint | link.note(text, footprint, |_| None);
        }
        self.limit_in_doubt |= plan.bearing == guard::Bearing::Changes;
        self.query_sent(plan, limited, None);
        if instead.is_none() && renamed.is_none() {
            return Fate::Pass;
        }
        let (_, new) = renamed.unwrap_or_default();
        let text = match &instead {
            _ if !new.is_empty() => &new,
            Some(instead) => &**instead,
            None => text,
        };
        let mut out = Vec::with_capacity(text.len() + HEADER + 1);
        frontend::put_query(&mut out, text);
        Fate::Replace(out)
    }

    /// A text whose SETs to the default are to what the session began with, when it has any.
    fn restored(&mut self, text: &[u8], footprint: Footprint, link: &Link) -> Option<Vec<u8>> {
        let edits = shared::restoring(text, footprint, link);
        if edits.is_empty() {
            return None;
        }
        self.places.push(Places::of(text, &edits));
        Some(apply(text, &edits))
    }

    /// Puts the server's names of prepared statements into a text, when it speaks of any: what must
    /// go before it, and the text. What it may leave behind is known better then.
    fn named_anew(
        &mut self,
        text: &[u8],
        footprint: &mut Footprint,
        rules: &Rules,
        link: &mut Link,
    ) -> Option<(Before, Vec<u8>)> {
        if !footprint.names {
            return None;
        }
        let Some(renamed) = self.rename(text, rules.doubt(), link) else {
            link.pin_until_reset("a prepared statement whose name is in doubt");
            return None;
        };
        *footprint = renamed.footprint;
        self.effects = renamed.effects;
        self.places.push(renamed.places);
        Some((renamed.before, renamed.text))
    }

    /// Answered here when nothing is open; else the server refuses in our place, so that it rolls
    /// back and skips as for any error.
    pub(super) fn refuse_query(&mut self, info: Box<ErrorInfo>, rules: &Rules) -> Fate {
        count_refusal(&info);
        if self.is_at_rest() {
            self.fail_query_here(*info);
            return Fate::Drop;
        }
        self.query_sent(rules.unlimited(), None, Some(info));
        let mut out = Vec::new();
        frontend::put_query(&mut out, CANNOT_PARSE);
        Fate::Replace(out)
    }
}

impl Fate {
    /// A message whose body cannot be read goes on without one, which no server takes for anything:
    /// it answers as to any malformed message, and the session goes on.
    fn emptied(tag: u8) -> Self {
        let mut out = Vec::new();
        frame::put(&mut out, tag, |_| ());
        Self::Replace(out)
    }

    fn turn(turn: Turn) -> Self {
        Self::Stop(Step::Turn(Box::new(turn)))
    }
}

fn count_refusal(info: &ErrorInfo) {
    metrics::counter!(names::REFUSALS, "sqlstate" => info.code.clone()).increment(1);
}

/// No SQL, so that the server answers with an error whatever its settings are.
pub(super) const CANNOT_PARSE: &[u8] = b"refused by pgparley";

/// The message at `at`; `Some(None)` when its header is not all here, `None` when it cannot be one.
#[expect(
    clippy::option_option,
    reason = "lost frame, unfinished header, and frame are three cases"
)]
fn frame_at(chunk: &[u8], at: usize) -> Option<Option<Frame<'_>>> {
    match frame::next(&chunk[at..]) {
        Next::Malformed => None,
        Next::Header => Some(None),
        Next::Message { tag, size } => {
            let end = chunk.len().min(at + size);
            Some(Some(Frame {
                tag,
                size,
                bytes: &chunk[at..end],
            }))
        }
    }
}
