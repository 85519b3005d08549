//! What becomes of a client's text: is it a question, and if not, what does the guard say.

mod facts;
mod kept;

use std::cell::RefCell;
use std::sync::Arc;

use self::facts::FactsOfDatabase;
use self::kept::Kept;
use super::Services;
use super::errors;
use super::guarded::Guarded;
use super::limit::Cut;
use super::link::Access;
use super::login::Governing;
use super::rows::Rows;
use crate::config::Ceiling;
use crate::config::Mechanism;
use crate::config::OnExceed;
use crate::config::Policy;
use crate::config::PoolMode;
use crate::guard;
use crate::guard::Estimate;
use crate::guard::Plan;
use crate::guard::Verdict;
use crate::guard::cache::CacheKey;
use crate::guard::cache::DecisionCache;
use crate::guard::session_limit;
use crate::sql::footprint::footprint;
use crate::sql::question;
use crate::sql::question::Placement;
use crate::sql::question::Verb;
use crate::wire::ErrorInfo;

/// Verdicts that one worker remembers.
const MOST_DECISIONS: usize = 8192;

/// Bytes that they may take.
const MOST_DECISION_BYTES: usize = 16 * 1024 * 1024;

thread_local! {
    /// Each worker remembers for itself, so that no lock is taken for a query.
    static DECISIONS: RefCell<DecisionCache> =
        RefCell::new(DecisionCache::new(MOST_DECISIONS, MOST_DECISION_BYTES));
}

/// What becomes of one text.
pub(super) enum Ruling {
    /// It goes on as it is.
    Forward(Plan),
    /// Another text goes on instead.
    Rewrite(Vec<u8>, Plan),
    /// It does not go on.
    Refuse(Box<ErrorInfo>),
    /// It holds questions.
    Answer(Placement),
}

/// The rules of one session.
pub(super) struct Rules {
    governing: Option<Governing>,
    questions_answered: bool,
    facts: Option<FactsOfDatabase>,
    guarded: Option<Guarded>,
    unlimited: Plan,
    kept: Kept,
    /// The last refusal, when it may be none where the session looks for names.
    depending: Option<guard::Refusal>,
    /// Transaction blocks are not for this session.
    refuses_blocks: bool,
    /// The policy with its own row limit, whatever the session has made of it; `None` when it has
    /// none.
    own: Option<Arc<Policy>>,
    /// The client has asked for a row limit where there is none: an answer needs another tag.
    pub(super) has_shown: bool,
}

impl Rules {
    /// The rules under a policy; none forwards as is.
    pub(super) fn new(
        mut governing: Option<Governing>,
        services: &Services,
        access: &Arc<Access>,
    ) -> Self {
        let policy = governing.as_ref().map(|governing| &governing.policy);
        let own = policy.filter(|policy| session_limit::row_limit(policy).is_some());
        let own = own.cloned();
        if let (Some(own), Some(governing)) = (&own, &mut governing)
            && let Some(rows) = governing.rows
        {
            governing.policy = limited_to(rows, own);
        }
        let needs_facts = governing.as_ref().is_some_and(|governing| {
            let policy = &governing.policy;
            let splices = policy.row_limit.is_some() && policy.mechanism != Mechanism::Count;
            splices || policy.read_only
        });
        let guarded = governing
            .as_ref()
            .filter(|governing| governing.policy.asks_for_objects())
            .map(|governing| Guarded::new(governing.clone(), services, access));
        Self {
            governing,
            guarded,
            questions_answered: services.config.nl.enabled,
            facts: needs_facts.then(|| FactsOfDatabase::new(&services.catalog, access)),
            unlimited: Plan::unlimited(),
            kept: Kept::default(),
            depending: None,
            refuses_blocks: access.mode == PoolMode::Statement,
            own,
            has_shown: false,
        }
    }

    /// Remembers what becomes of `text`, in case that it is asked for next.
    pub(super) fn keep(&mut self, text: &[u8], ruling: Ruling) {
        self.kept.keep(text, ruling);
    }

    /// What becomes of `text`.
    pub(super) fn rule(&mut self, text: &[u8]) -> Ruling {
        self.depending = None;
        if let Some(ruling) = self.kept.take(text) {
            return ruling;
        }
        if let Err(info) = self.check_length(text.len()) {
            return Ruling::Refuse(info);
        }
        if question::may_hold_question(text) {
            match question::place(text) {
                Placement::None => {}
                Placement::Refused(why) => {
                    return Ruling::Refuse(Box::new(errors::misplaced(why)));
                }
                Placement::Whole(_) | Placement::Inside(_) if !self.questions_answered => {
                    return Ruling::Refuse(Box::new(errors::nl_disabled()));
                }
                placement if needs_store(&placement) => {
                    return Ruling::Refuse(Box::new(errors::no_store()));
                }
                placement @ (Placement::Whole(_) | Placement::Inside(_)) => {
                    return Ruling::Answer(placement);
                }
            }
        }
        if self.refuses_blocks && footprint(text).begins {
            return Ruling::Refuse(Box::new(errors::block()));
        }
        if self.own.is_none()
            && is_show(text)
            && let Some(new) = session_limit::shown_without(text)
        {
            self.has_shown = true;
            return Ruling::Rewrite(new.to_vec(), Plan::shown());
        }
        match self.verdict(text) {
            Verdict::Forward(plan) => Ruling::Forward(plan),
            Verdict::Rewrite { text, plan } => Ruling::Rewrite(text, plan),
            Verdict::Refuse(refusal) if refusal.depends_on_path => {
                let told = errors::refused(&refusal);
                self.depending = Some(refusal);
                Ruling::Refuse(Box::new(told))
            }
            Verdict::Refuse(refusal) => Ruling::Refuse(self.refused(&refusal, Some(text))),
        }
    }

    /// A text of so many bytes is not too long to be read.
    pub(super) fn check_length(&self, bytes: usize) -> Result<(), Box<ErrorInfo>> {
        let Some(policy) = self.policy() else {
            return Ok(());
        };
        guard::check_bytes(bytes, policy).map_err(|refusal| self.refused(&refusal, None))
    }

    /// A result of the text with this fingerprint has more rows than the client gets.
    pub(super) fn log_cut(&self, cut: Cut, fingerprint: Option<u64>) {
        if let Some(governing) = &self.governing {
            governing.log_cut(cut, fingerprint);
        }
    }

    /// What the client is told of a refusal, which is logged.
    pub(super) fn refused(&self, refusal: &guard::Refusal, text: Option<&[u8]>) -> Box<ErrorInfo> {
        if let Some(governing) = &self.governing {
            governing.log(refusal, text);
        }
        Box::new(errors::refused(refusal))
    }

    /// The last refusal, of `text`, may be none where the session looks for names: whether the server is to be
    /// asked for that, and the text judged again.
    pub(super) fn wants_path(&mut self, text: &[u8]) -> bool {
        let Some(guarded) = &mut self.guarded else {
            return false;
        };
        let depending = self.depending.take();
        if depending.is_some() && guarded.wants_path() {
            return true;
        }
        guarded.forget_path();
        if let Some(refusal) = depending {
            self.refused(&refusal, Some(text));
        }
        false
    }

    /// What the guard says.
    pub(super) fn verdict(&mut self, text: &[u8]) -> Verdict {
        let Some(Governing { policy, number, .. }) = &self.governing else {
            return Verdict::Forward(self.unlimited());
        };
        let facts = self.facts.as_mut().and_then(FactsOfDatabase::fresh);
        let on_path = self.guarded.as_mut().and_then(Guarded::rules_on_path);
        if let Some(rules) = on_path {
            return guard::review_objects(text, policy, facts, Some(&rules));
        }
        let objects = self.guarded.as_mut().and_then(Guarded::rules);
        let key = CacheKey {
            policy: *number,
            facts: facts.map_or(0, |facts| facts.version),
            objects: objects.map_or(0, guard::ObjectRules::version),
            rows: policy.row_limit,
        };
        DECISIONS.with_borrow_mut(|decisions| {
            decisions.verdict(key, text, |shape| {
                guard::decide_objects(shape, policy, facts, objects)
            })
        })
    }

    /// Holds a text with questions in it, now answered, to the policy of its other words.
    pub(super) fn permit(&mut self, text: &[u8]) -> Result<(), Box<ErrorInfo>> {
        match self.verdict(text) {
            Verdict::Forward(_) | Verdict::Rewrite { .. } => {}
            Verdict::Refuse(refusal) => return Err(self.refused(&refusal, Some(text))),
        }
        let permitted = self.permit_generated(text);
        permitted.map_err(|refusal| self.refused(&refusal, Some(text)))
    }

    /// Holds generated SQL to the rules about objects. Its results are delivered as they come, so
    /// no column of them may be masked.
    pub(super) fn permit_generated(&mut self, text: &[u8]) -> Result<(), guard::Refusal> {
        let guards_objects = |governing: &Governing| governing.policy.guards_objects();
        let must_be_known = self.governing.as_ref().is_some_and(guards_objects);
        let Some(guarded) = &mut self.guarded else {
            return Ok(());
        };
        match guarded.rules() {
            Some(rules) => rules.check_plain(text),
            None if !must_be_known => Ok(()),
            None => Err(guard::unknown_objects()),
        }
    }

    /// The last refusal, of `text`, stands wherever the session looks.
    pub(super) fn confirm_refusal(&mut self, text: &[u8]) {
        if let Some(refusal) = self.depending.take() {
            self.refused(&refusal, Some(text));
        }
    }

    /// No text may pass that was not looked into.
    pub(super) fn must_examine(&self) -> bool {
        self.governing.is_some()
    }

    /// The catalog must be read before a text can be judged.
    pub(super) fn must_learn(&mut self) -> bool {
        self.guarded.as_mut().is_some_and(Guarded::must_learn)
    }

    /// The rules about objects.
    pub(super) fn guarded(&mut self) -> Option<&mut Guarded> {
        self.guarded.as_mut()
    }

    /// Results must be looked at: some columns are not for the client.
    pub(super) fn treats_results(&self) -> bool {
        self.guarded.as_ref().is_some_and(Guarded::treats_results)
    }

    /// The rules about objects, by which results are looked at.
    pub(super) fn last_objects(&self) -> Option<&guard::ObjectRules> {
        self.guarded.as_ref().and_then(Guarded::last)
    }

    /// The EXPLAINs that tell what `text` would cost.
    pub(super) fn questions(&self, text: &[u8]) -> Result<Vec<Vec<u8>>, Box<ErrorInfo>> {
        let Some(policy) = self.policy() else {
            return Ok(Vec::new());
        };
        guard::questions(text, policy).map_err(|refusal| self.refused(&refusal, Some(text)))
    }

    /// A statement that `estimate` is the plan of may run.
    pub(super) fn check_estimate(
        &self,
        estimate: Estimate,
        text: &[u8],
    ) -> Result<(), Box<ErrorInfo>> {
        let Some(policy) = self.policy() else {
            return Ok(());
        };
        let checked = guard::check_estimate(estimate, policy);
        checked.map_err(|refusal| self.refused(&refusal, Some(text)))
    }

    /// No function may be called by its number.
    pub(super) fn refuses_function_calls(&self) -> bool {
        self.policy().is_some_and(guard::refuses_function_calls)
    }

    /// What a statement does is asked again when it is bound.
    pub(super) fn asks_again(&self) -> bool {
        self.estimates() || self.guarded.is_some()
    }

    /// What statements would cost is asked before they run.
    pub(super) fn estimates(&self) -> bool {
        self.policy().is_some_and(guard::estimates)
    }

    /// No transaction block may be open.
    pub(super) fn refuses_blocks(&self) -> bool {
        self.refuses_blocks
    }

    /// The policy that holds, when one does.
    pub(super) fn policy(&self) -> Option<&Policy> {
        self.governing.as_ref().map(|governing| &*governing.policy)
    }

    /// Rows that one result may have; `None` is all.
    pub(super) fn row_limit(&self) -> Option<u64> {
        let own = self.policy().and_then(session_limit::row_limit);
        own.or_else(|| self.max_bytes().map(|_| u64::MAX))
    }

    /// Bytes that the rows of one result may have; `None` is all.
    pub(super) fn max_bytes(&self) -> Option<usize> {
        let policy = self.policy()?;
        policy
            .max_bytes
            .filter(|_| policy.on_exceed != OnExceed::Off)
    }

    /// The session may change its row limit.
    pub(super) fn has_session_limit(&self) -> bool {
        self.own.is_some()
    }

    /// The row limit that connections are opened with, as it is shown.
    pub(super) fn first_row_limit(&self) -> Option<String> {
        let own = self.own.as_ref()?;
        session_limit::row_limit(own).map(session_limit::shown)
    }

    /// The server holds this value of the setting that is the session's row limit.
    pub(super) fn set_row_limit(&mut self, value: &str) {
        if let (Some(own), Some(governing)) = (&self.own, &mut self.governing) {
            governing.policy = limited_to(session_limit::allowed(value, own), own);
        }
    }

    /// A result with too many rows is an error, and takes back what an error takes back.
    pub(super) fn fails_on_excess(&self) -> bool {
        self.row_limit().is_some()
            && self
                .policy()
                .is_some_and(|policy| policy.on_exceed == OnExceed::Error)
    }

    /// How rows are counted of which it is not known what they are the result of.
    pub(super) fn doubt(&self) -> Rows {
        Rows::up_to(self.row_limit())
    }

    /// No result is limited.
    pub(super) fn unlimited(&self) -> Plan {
        self.unlimited.clone()
    }
}

/// The policy `own` for a session that has changed its row limit to `rows`.
fn limited_to(rows: u64, own: &Arc<Policy>) -> Arc<Policy> {
    if own.row_limit == Some(rows) {
        return Arc::clone(own);
    }
    // It may always return to what it had.
    let ceiling = own.row_limit_ceiling.or(own.row_limit.map(Ceiling::Rows));
    Arc::new(Policy {
        row_limit: Some(rows),
        row_limit_ceiling: ceiling,
        ..Policy::clone(own)
    })
}

/// It begins with SHOW, which is seldom.
fn is_show(text: &[u8]) -> bool {
    let word = text.trim_ascii_start().get(..4);
    word.is_some_and(|word| word.eq_ignore_ascii_case(b"show"))
}

/// A verb that speaks of saved questions or of the last answer.
fn needs_store(placement: &Placement) -> bool {
    let questions = match placement {
        Placement::Whole(asked) => std::slice::from_ref(asked),
        Placement::Inside(questions) => questions,
        Placement::None | Placement::Refused(_) => &[],
    };
    questions
        .iter()
        .any(|asked| matches!(asked.verb, Verb::Run(_) | Verb::Save(_) | Verb::Refine))
}
