//! What a failed call calls for: try again, try again later, or give up with a reason.

use std::fmt::Write;
use std::time::Duration;

use serde_json::Value;

use crate::nl::Cannot;
use crate::nl::Reason;
use crate::nl::line::one_line;

/// Characters of a provider's own message.
const MAX_MESSAGE: usize = 200;

/// Characters in a row that a message may share with the prompt before it counts as an echo.
const ECHO: usize = 16;

/// Error codes that say that money or a spending limit is used up; waiting does not help.
const USED_UP: [&str; 6] = [
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "billing_hard_limit_reached",
];

/// How a call failed, by what to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The same request may succeed.
    Again {
        /// Not before this much time has passed, when the server said so.
        after: Option<Duration>,
        /// What the asker is told when there is no time to try again.
        cannot: Cannot,
    },
    /// It will not succeed.
    Stop(Cannot),
}

/// An answer that is not a success, as far as it decides what to do.
#[derive(Debug, Default)]
pub(super) struct Failure {
    /// The HTTP status.
    pub(super) status: u16,
    /// What `retry-after-ms` or `retry-after` says.
    pub(super) after: Option<Duration>,
    /// `x-should-retry: false`.
    pub(super) never_again: bool,
    /// `x-request-id`, for the provider's support.
    pub(super) request_id: Option<String>,
    /// `error.code`.
    pub(super) code: Option<String>,
    /// `error.type`.
    pub(super) kind: Option<String>,
    /// `error.param`.
    pub(super) param: Option<String>,
    /// `error.message`, as it came.
    pub(super) message: Option<String>,
}

impl Failure {
    /// Takes over the `error` member of a body: an object, or with some servers a text.
    pub(super) fn read(&mut self, body: &Value) {
        let error = &body["error"];
        let text = |name: &str| match &error[name] {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        self.code = text("code");
        self.kind = text("type");
        self.param = text("param");
        self.message = error
            .as_str()
            .map(str::to_owned)
            .or_else(|| text("message"));
    }

    /// Whether `name` is what the server calls this error.
    fn is(&self, name: &str) -> bool {
        self.code.as_deref() == Some(name) || self.kind.as_deref() == Some(name)
    }

    /// The parameter of our request that the server does not take, when it says so.
    pub(super) fn unsupported(&self) -> Option<&str> {
        let says_so = self.is("unsupported_parameter") || self.is("unsupported_value");
        self.param
            .as_deref()
            .filter(|_| self.status == 400 && says_so)
    }

    /// What to do. `is_secret` says of a message that it must not be shown.
    pub(super) fn into_fault(self, is_secret: impl Fn(&str) -> bool) -> Fault {
        let detail = self.detail();
        let stop = |reason, message: &str, hint: &str| {
            Fault::Stop(Cannot::new(reason, message).detailed(&*detail).hinted(hint))
        };
        if self.status == 402 || USED_UP.iter().any(|code| self.is(code)) {
            let hint = "See plan and billing at the provider, or configure another model.";
            let message = "the quota at the model's provider is used up";
            return stop(Reason::ModelUnavailable, message, hint);
        }
        match self.status {
            300..=399 => stop(
                Reason::ModelUnavailable,
                "the model's provider redirects to another address, which is not followed",
                "Set base_url to the address that answers itself.",
            ),
            401 | 403 => stop(
                Reason::ModelUnavailable,
                "the model's provider does not accept the API key",
                "Check api_key_env or api_key_file of the model.",
            ),
            404 => stop(
                Reason::ModelUnavailable,
                "the provider does not know the model or the address",
                "Check model and base_url of the model.",
            ),
            429 => self.again(
                Reason::RateLimited,
                "the rate limit of the model's provider is reached",
            ),
            408 | 409 | 500.. => {
                self.again(Reason::ModelUnavailable, "the model's provider has failed")
            }
            _ if self.is("content_filter") => stop(
                Reason::NotAnswerable,
                "the content filter of the model's provider refused the question",
                "Ask in other words.",
            ),
            _ if self.is("context_length_exceeded") || self.status == 413 => stop(
                Reason::ModelUnavailable,
                "the prompt is too long for the model",
                "Configure a model with a longer context.",
            ),
            _ => self.refused(is_secret),
        }
    }

    fn again(self, reason: Reason, message: &str) -> Fault {
        let cannot = Cannot::new(reason, message)
            .detailed(self.detail())
            .hinted("Ask again later, or configure another model.");
        if self.never_again {
            return Fault::Stop(cannot);
        }
        Fault::Again {
            after: self.after,
            cannot,
        }
    }

    fn refused(self, is_secret: impl Fn(&str) -> bool) -> Fault {
        let mut detail = self.detail();
        if let Some(message) = self.message.filter(|message| !is_secret(message)) {
            detail.push_str(" It says: ");
            detail.push_str(&one_line(&message, MAX_MESSAGE));
        }
        let message = "the model's provider refused the request";
        Fault::Stop(
            Cannot::new(Reason::ModelUnavailable, message)
                .detailed(detail)
                .hinted("Check model, base_url and max_tokens of the model."),
        )
    }

    /// Status, code and request id in a sentence; nothing that the server made up at length.
    fn detail(&self) -> String {
        let mut detail = format!("The provider answered with status {}", self.status);
        let names = [
            ("code", &self.code),
            ("type", &self.kind),
            ("request", &self.request_id),
        ];
        for (label, name) in names {
            if let Some(name) = name.as_deref().filter(|name| is_plain(name)) {
                let _ = write!(detail, ", {label} {name}");
            }
        }
        if let Some(after) = self.after {
            let _ = write!(
                detail,
                ", to be asked again in {} s",
                after.as_secs_f64().ceil()
            );
        }
        detail.push('.');
        detail
    }
}

/// Whether `message` repeats part of what was sent, or something that looks like a key.
pub(super) fn gives_away(message: &str, key: Option<&str>, prompt: &[&str]) -> bool {
    let shows_key = key.is_some_and(|key| !key.is_empty() && message.contains(key));
    if shows_key || message.contains("sk-") || message.contains("Bearer") {
        return true;
    }
    let starts: Vec<usize> = message.char_indices().map(|(at, _)| at).collect();
    starts.iter().enumerate().any(|(from, &start)| {
        let Some(end) = starts
            .get(from + ECHO)
            .copied()
            .or_else(|| (from + ECHO == starts.len()).then_some(message.len()))
        else {
            return false;
        };
        prompt
            .iter()
            .any(|sent| sent.contains(&message[start..end]))
    })
}

/// A name as error codes and request ids are made of.
fn is_plain(name: &str) -> bool {
    let takes = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (1..=64).contains(&name.len()) && name.bytes().all(takes) && !name.contains("sk-")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::Failure;
    use super::gives_away;
    use super::is_plain;

    const PROMPT: [&str; 1] = ["question: <<<how many zebras sing?>>>"];

    #[test]
    fn an_echo_of_the_prompt_or_a_key_is_noticed() {
        assert!(gives_away(
            "you asked: how many zebras sing?",
            None,
            &PROMPT
        ));
        assert!(gives_away("key abc123 is odd", Some("abc123"), &PROMPT));
        assert!(gives_away(
            "Incorrect API key provided: sk-x.",
            None,
            &PROMPT
        ));
        assert!(!gives_away("how many tokens?", Some("abc123"), &PROMPT));
    }

    #[test]
    fn an_echo_at_the_very_end_is_noticed() {
        assert!(gives_away("many zebras sing", None, &PROMPT));
        assert!(!gives_away("many zebras sin", None, &PROMPT));
    }

    #[test]
    fn names_are_shown_only_when_they_are_names() {
        assert!(is_plain("rate_limit_exceeded"));
        assert!(!is_plain("two words"));
        assert!(!is_plain("sk-0123"));
        assert!(!is_plain(&"x".repeat(65)));
    }

    #[test]
    fn an_error_is_read_as_object_and_as_text() {
        let mut failure = Failure::default();
        failure.read(&json!({ "error": { "code": 429, "type": null, "message": "slow" } }));
        assert_eq!(failure.code.as_deref(), Some("429"));
        assert_eq!(
            (failure.kind, failure.message.as_deref()),
            (None, Some("slow"))
        );

        let mut failure = Failure::default();
        failure.read(&json!({ "error": "server busy" }));
        assert_eq!(failure.message.as_deref(), Some("server busy"));
    }

    proptest! {
        #[test]
        fn any_message_can_be_searched_for_echoes(message in ".{0,60}", prompt in ".{0,60}") {
            let _ = gives_away(&message, Some(""), &[&prompt]);
        }
    }
}
