//! What becomes of a client's text: asked of the guard, once for each text.

use std::sync::Arc;

use super::replies::Limits;
use crate::config::Policy;
use crate::wire::ErrorInfo;

/// What becomes of one text.
pub(super) enum Ruling {
    /// It goes on as it is; each result has its limit.
    Forward(Limits),
    /// Another text goes on instead.
    Rewrite(Arc<[u8]>, Limits),
    /// It does not go on.
    #[expect(dead_code, reason = "the guard comes next")]
    Refuse(Box<ErrorInfo>),
}

/// The rules of one session.
#[derive(Debug)]
pub(super) struct Rules {
    policy: Option<Arc<Policy>>,
    no_limits: Limits,
}

impl Rules {
    /// The rules under `policy`; none forwards as is.
    pub(super) fn new(policy: Option<Arc<Policy>>) -> Self {
        Self {
            policy,
            no_limits: Arc::new([]),
        }
    }

    /// What becomes of `text`.
    pub(super) fn rule(&mut self, _text: &[u8]) -> Ruling {
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

    /// No result is limited.
    pub(super) fn no_limits(&self) -> Limits {
        Arc::clone(&self.no_limits)
    }
}
