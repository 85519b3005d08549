//! What becomes of a client's text: is it a question, and if not, what does the guard say.

use std::sync::Arc;

use super::errors;
use super::replies::Limits;
use crate::config::Nl;
use crate::config::OnExceed;
use crate::config::Policy;
use crate::sql::question;
use crate::sql::question::Placement;
use crate::wire::ErrorInfo;

/// What becomes of one text.
pub(super) enum Ruling {
    /// It goes on as it is; each result has its limit.
    Forward(Limits),
    /// Another text goes on instead.
    Rewrite(Arc<[u8]>, Limits),
    /// It does not go on.
    Refuse(Box<ErrorInfo>),
    /// It holds questions.
    Answer(Placement),
}

/// The rules of one session.
#[derive(Debug)]
pub(super) struct Rules {
    policy: Option<Arc<Policy>>,
    questions_answered: bool,
    no_limits: Limits,
}

impl Rules {
    /// The rules under `policy`; none forwards as is.
    pub(super) fn new(policy: Option<Arc<Policy>>, nl: &Nl) -> Self {
        Self {
            policy,
            questions_answered: nl.enabled,
            no_limits: Arc::new([]),
        }
    }

    /// What becomes of `text`.
    pub(super) fn rule(&mut self, text: &[u8]) -> Ruling {
        if question::may_hold_question(text) {
            match question::place(text) {
                Placement::None => {}
                Placement::Refused(why) => {
                    return Ruling::Refuse(Box::new(errors::misplaced(why)));
                }
                Placement::Whole(_) | Placement::Inside(_) if !self.questions_answered => {
                    return Ruling::Refuse(Box::new(errors::nl_disabled()));
                }
                placement @ (Placement::Whole(_) | Placement::Inside(_)) => {
                    return Ruling::Answer(placement);
                }
            }
        }
        Ruling::Forward(self.no_limits())
    }

    /// No text may pass that was not looked into.
    pub(super) fn must_examine(&self) -> bool {
        self.policy.is_some()
    }

    /// The policy that holds, when one does.
    pub(super) fn policy(&self) -> Option<&Policy> {
        self.policy.as_deref()
    }

    /// Rows that one result may have; `None` is all.
    pub(super) fn row_limit(&self) -> Option<u64> {
        let policy = self.policy()?;
        policy
            .row_limit
            .filter(|_| policy.on_exceed != OnExceed::Off)
    }

    /// No result is limited.
    pub(super) fn no_limits(&self) -> Limits {
        Arc::clone(&self.no_limits)
    }
}
