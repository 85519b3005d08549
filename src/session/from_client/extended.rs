//! The client's messages of the extended protocol: what their names stand for decides whether they
//! pass, and replies to them are owed one by one.

use std::sync::Arc;

use super::CANNOT_PARSE;
use super::Fate;
use super::Frame;
use super::count_refusal;
use crate::guard::Plan;
use crate::session::dialogue::Dialogue;
use crate::session::dialogue::Heard;
use crate::session::dialogue::Progress;
use crate::session::dialogue::Skipping;
use crate::session::estimate::Source;
use crate::session::link::Link;
use crate::session::names::Closed;
use crate::session::names::Name;
use crate::session::names::Prepared;
use crate::session::questions::Turn;
use crate::session::replies::Owed;
use crate::session::rows::Rows;
use crate::session::ruling::Rules;
use crate::session::ruling::Ruling;
use crate::session::wording::Sent;
use crate::session::wrapper;
use crate::sql::footprint::footprint;
use crate::wire::ErrorInfo;
use crate::wire::TransactionStatus;
use crate::wire::backend;
use crate::wire::frame::HEADER;
use crate::wire::frame::client;
use crate::wire::frame::server;
use crate::wire::frontend;

impl Dialogue {
    pub(super) fn parse(&mut self, body: &[u8], rules: &mut Rules, link: &mut Link) -> Fate {
        let Some(parse) = frontend::Parse::read(body) else {
            if let Err(fate) = self.reach(client::PARSE, link) {
                return fate;
            }
            // Unlike a Parse that fails, it destroys no statement.
            self.replies.push(Owed::Close { closed: None });
            self.advance(Progress::Prepared);
            return Fate::emptied(client::PARSE);
        };
        let ruling = rules.rule(parse.query);
        if link.let_give_up(parse.query) {
            self.heard = Heard::Nothing;
        }
        if !matches!(ruling, Ruling::Refuse(_) | Ruling::Answer(_))
            && let Err(fate) = self.reach(client::PARSE, link)
        {
            rules.keep(parse.query, ruling);
            return fate;
        }
        match ruling {
            Ruling::Forward(plan) => self.pass_parse(&parse, None, &plan, rules, link),
            Ruling::Rewrite(text, mut plan) => {
                plan.cancellable = false;
                self.pass_parse(&parse, Some(&text), &plan, rules, link)
            }
            Ruling::Refuse(info) => {
                rules.confirm_refusal(parse.query);
                self.refuse_parse(&parse, info)
            }
            Ruling::Answer(placement) => Fate::turn(Turn::Parse {
                body: body.to_vec(),
                placement,
            }),
        }
    }

    /// A Parse goes on, perhaps with another text.
    fn pass_parse(
        &mut self,
        parse: &frontend::Parse<'_>,
        instead: Option<&[u8]>,
        plan: &Plan,
        rules: &Rules,
        link: &mut Link,
    ) -> Fate {
        let text = instead.unwrap_or(parse.query);
        self.places.clear();
        let rows = Rows::of(plan, 0);
        let cursor = plan.cursor(0).cloned().map(Arc::new);
        let respelled = instead.map(|text| Arc::new(Sent::new(text, plan)));
        if link.is_shared() {
            let mut footprint = footprint(text);
            if self.is_in_doubt(parse.statement) || footprint.names && !self.replies.are_local() {
                return Fate::Settle;
            }
            let is_taken = !parse.statement.is_empty() && self.statement(parse.statement).is_some();
            if is_taken {
                return self.parse_again(parse, text, link);
            }
            let restored = self.restored(text, footprint, link);
            let text = restored.as_deref().unwrap_or(text);
            let renamed = self.named_anew(text, &mut footprint, rules, link);
            let is_new = instead.is_some() || restored.is_some() || renamed.is_some();
            let (mut before, new) = renamed.unwrap_or_default();
            let speaks_of = std::mem::take(&mut before.speaks_of);
            let text = if new.is_empty() { text } else { &new };
            let statement = self.shared_statement(parse, text, link);
            let out = self.put_shared_parse(before, parse.statement, &statement, link);
            let prepared = Prepared {
                rows,
                question: None,
                statement: Some(statement),
                footprint,
                places: self.places.clone().into(),
                speaks_of,
                respelled,
                source: None,
                cursor,
            };
            self.parse_sent(Some((parse.statement.into(), Some(prepared))), None);
            if parse.statement.is_empty() && !is_new {
                return Fate::Pass;
            }
            return Fate::Replace(out);
        }
        let prepared = || {
            let prepared = Prepared {
                rows,
                respelled,
                cursor,
                source: rules.asks_again().then(|| Source::of(parse, text)),
                ..Prepared::default()
            };
            (parse.statement.into(), Some(prepared))
        };
        let prepared = self.tracks(rules, link).then(prepared);
        self.parse_sent(prepared, None);
        let Some(text) = instead else {
            return Fate::Pass;
        };
        let mut out = Vec::with_capacity(parse.statement.len() + text.len() + 64);
        parse.put_with(&mut out, text);
        Fate::Replace(out)
    }

    /// As for a Query.
    pub(super) fn refuse_parse(
        &mut self,
        parse: &frontend::Parse<'_>,
        info: Box<ErrorInfo>,
    ) -> Fate {
        count_refusal(&info);
        if self.is_at_rest() {
            self.fail_until_sync(*info);
            return Fate::Drop;
        }
        self.parse_sent(None, Some(info));
        let mut out = Vec::new();
        parse.put_with(&mut out, CANNOT_PARSE);
        Fate::Replace(out)
    }

    /// As for a Query; the unnamed statement stays what it is.
    pub(in crate::session) fn refuse_bind(&mut self, info: Box<ErrorInfo>) -> Fate {
        count_refusal(&info);
        if self.is_at_rest() {
            self.fail_until_sync(*info);
            return Fate::Drop;
        }
        self.parse_sent(Some((wrapper::OWN.into(), None)), Some(info));
        let mut out = Vec::new();
        frontend::put_parse(&mut out, wrapper::OWN, CANNOT_PARSE);
        Fate::Replace(out)
    }

    /// A Parse is on its way to the server.
    pub(super) fn parse_sent(
        &mut self,
        prepared: Option<(Name, Option<Prepared>)>,
        instead: Option<Box<ErrorInfo>>,
    ) {
        let prepared = prepared.map(Box::new);
        let places = std::mem::take(&mut self.places).into();
        self.replies.push(Owed::Parse {
            prepared,
            instead,
            places,
        });
        self.advance(Progress::Prepared);
    }

    /// Whether anybody will ask what a name stands for.
    fn tracks(&self, rules: &Rules, link: &Link) -> bool {
        link.is_shared()
            || rules.row_limit().is_some()
            || rules.asks_again()
            || rules.has_shown
            || !self.names.is_empty()
    }

    pub(super) fn bind(&mut self, frame: &Frame<'_>, rules: &mut Rules, link: &mut Link) -> Fate {
        // Values may be huge; the names at the beginning are enough.
        let Some(bind) = frontend::Bind::read(&frame.bytes[HEADER..]) else {
            return self.whole(frame, |this, _| {
                if let Err(fate) = this.reach(client::BIND, link) {
                    return fate;
                }
                this.replies.push(Owed::Bind { bound: None });
                Fate::emptied(client::BIND)
            });
        };
        if link.is_shared() && self.is_in_doubt(bind.statement) {
            return Fate::Settle;
        }
        let known = self.statement(bind.statement);
        if let Some(question) = known.and_then(|known| known.question.as_ref()) {
            if !self.replies.are_local() {
                return Fate::Settle;
            }
            let question = Arc::clone(question);
            return self.whole(frame, |_, body| {
                Fate::turn(Turn::Bind {
                    body: body.to_vec(),
                    question,
                })
            });
        }
        let placed = known
            .map(|known| &known.places)
            .filter(|places| !places.is_empty())
            .map(|places| Box::new((bind.portal.into(), places.clone())));
        if let Err(fate) = self.reach(client::BIND, link) {
            return fate;
        }
        if let Some(fate) = self.outdated_bind(&bind, rules, link) {
            return fate;
        }
        if let Some(fate) = self.estimate_bind(frame, &bind, rules) {
            return fate;
        }
        let fate = if link.is_shared() {
            self.shared_bind(frame, &bind, link)
        } else {
            Fate::Pass
        };
        self.placed = placed;
        let bound = || (bind.portal.into(), bind.statement.into());
        let bound = self.tracks(rules, link).then(bound);
        self.replies.push(Owed::Bind { bound });
        self.advance(Progress::Executed);
        fate
    }

    pub(super) fn describe(&mut self, body: &[u8], link: &mut Link) -> Fate {
        let settled = self.replies.are_local();
        let named = frontend::Named::read(body);
        let answer = match named {
            None => {
                if let Err(fate) = self.reach(client::DESCRIBE, link) {
                    return fate;
                }
                self.replies.push(Owed::Describe);
                return Fate::emptied(client::DESCRIBE);
            }
            Some(frontend::Named::Statement(_)) => None,
            Some(frontend::Named::Portal(name)) => self.names.answer(name),
        };
        if let Some(answer) = answer {
            let mut bytes = Vec::new();
            answer.put_description(&mut bytes);
            return if settled {
                self.answer_here(bytes)
            } else {
                Fate::Settle
            };
        }
        if let Err(fate) = self.reach(client::DESCRIBE, link) {
            return fate;
        }
        let fate = match named {
            Some(frontend::Named::Statement(name)) if link.is_shared() => {
                if self.is_in_doubt(name) {
                    return Fate::Settle;
                }
                self.shared_describe(name, link)
            }
            _ => Fate::Pass,
        };
        self.replies.push(Owed::Describe);
        self.advance(Progress::Prepared);
        fate
    }

    pub(super) fn execute(&mut self, body: &[u8], rules: &Rules, link: &mut Link) -> Fate {
        let Some(execute) = frontend::Execute::read(body) else {
            if let Err(fate) = self.reach(client::EXECUTE, link) {
                return fate;
            }
            self.replies.push(Owed::Execute {
                portal: None,
                effect: None,
                places: Box::default(),
            });
            return Fate::emptied(client::EXECUTE);
        };
        if let Some(answer) = self.names.answer(execute.portal) {
            if !self.replies.are_local() {
                return Fate::Settle;
            }
            let mut bytes = Vec::new();
            answer.put_rows(&mut bytes, execute.max_rows);
            return self.answer_here(bytes);
        }
        if let Err(fate) = self.reach(client::EXECUTE, link) {
            return fate;
        }
        let mut outline = Vec::new();
        if rules.treats_results() {
            frontend::put_describe(&mut outline, frontend::Named::Portal(execute.portal));
            self.replies.push(Owed::Outline);
        }
        let portal = self.tracks(rules, link).then(|| execute.portal.into());
        let effect = self.effects.pop().map(Box::new);
        let bound = self.placed.as_ref();
        let bound = bound.filter(|bound| *bound.0 == *execute.portal);
        let places = bound.map_or_else(Box::default, |bound| bound.1.clone());
        self.replies.push(Owed::Execute {
            portal,
            effect,
            places,
        });
        self.advance(Progress::Executed);
        if outline.is_empty() {
            Fate::Pass
        } else {
            Fate::Begin(outline, 0)
        }
    }

    pub(super) fn close(&mut self, body: &[u8], rules: &Rules, link: &mut Link) -> Fate {
        let Some(named) = frontend::Named::read(body) else {
            if let Err(fate) = self.reach(client::CLOSE, link) {
                return fate;
            }
            self.replies.push(Owed::Close { closed: None });
            return Fate::emptied(client::CLOSE);
        };
        let closed = match named {
            frontend::Named::Statement(name) if link.is_shared() => {
                // Whoever else uses it on this connection goes on doing so.
                self.replies.push(Owed::Forget(name.into()));
                link.holds_unnamed &= !name.is_empty();
                self.advance(Progress::Prepared);
                return Fate::Drop;
            }
            frontend::Named::Statement(name) => Closed::Statement(name.into()),
            frontend::Named::Portal(name) if self.names.answer(name).is_some() => {
                if !self.replies.are_local() {
                    return Fate::Settle;
                }
                self.names.closed(&Closed::Portal(name.into()));
                let mut bytes = Vec::new();
                backend::put_bare(&mut bytes, server::CLOSE_COMPLETE);
                return self.answer_here(bytes);
            }
            frontend::Named::Portal(name) => Closed::Portal(name.into()),
        };
        if let Err(fate) = self.reach(client::CLOSE, link) {
            return fate;
        }
        let closed = self.tracks(rules, link).then_some(closed);
        self.replies.push(Owed::Close { closed });
        self.advance(Progress::Prepared);
        Fate::Pass
    }

    /// The answer waits for its turn among what the server owes.
    fn answer_here(&mut self, bytes: Vec<u8>) -> Fate {
        self.replies.push(Owed::Local(bytes));
        Fate::Drop
    }

    /// The server refuses it and skips to Sync; nothing of ours would tell the error from one of
    /// another message, so a message goes instead that it refuses as well.
    pub(super) fn flush_with_a_body(&mut self, link: &mut Link) -> Fate {
        if let Err(fate) = self.reach(client::FLUSH, link) {
            return fate;
        }
        self.replies.push(Owed::Close { closed: None });
        Fate::emptied(client::CLOSE)
    }

    /// An error that takes back what was not committed, and then what any Sync is answered.
    pub(super) fn sync_with_a_body(&mut self, link: &mut Link) -> Fate {
        if self.promoted || self.skipping == Skipping::Here {
            return self.sync(link);
        }
        if let Err(fate) = self.reach(client::SYNC, link) {
            return fate;
        }
        self.sync(link)
    }

    pub(super) fn sync(&mut self, link: &Link) -> Fate {
        if let Some(copy) = self.copy_in.as_mut().filter(|copy| !copy.is_over) {
            copy.doubtful_syncs += 1;
            return Fate::Pass;
        }
        if self.promoted {
            return Fate::turn(Turn::Sync);
        }
        self.progress = Progress::Nothing;
        let skipping = std::mem::replace(&mut self.skipping, Skipping::Nobody);
        if skipping == Skipping::Here || !link.is_attached() {
            let mut bytes = Vec::new();
            backend::put_ready_for_query(&mut bytes, self.status);
            if self.status == TransactionStatus::Idle {
                self.names.transaction_ended();
            }
            self.replies.push(Owed::Local(bytes));
            return Fate::Drop;
        }
        self.replies.push(Owed::Sync);
        Fate::Pass
    }
}
