//! `POST {base_url}/chat/completions` as OpenAI defined it and many others answer it.
//! <https://platform.openai.com/docs/api-reference/chat/create>

use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use super::Completion;
use super::Error;
use super::Message;
use super::Prices;
use super::Role;
use super::fault::Failure;
use super::fault::Fault;
use super::fault::gives_away;
use super::http::Endpoint;
use super::http::Unanswered;
use crate::config;
use crate::config::Secret;
use crate::nl::Cannot;
use crate::nl::Reason;
use crate::nl::Spent;
use crate::nl::line::one_line;
use crate::telemetry::names::MODEL_TOKENS;

/// A model that speaks this format.
pub(super) struct OpenAi {
    name: Arc<str>,
    endpoint: Endpoint,
    key: Option<Secret>,
    model: String,
    max_tokens: u32,
    prices: Option<Prices>,
    dialect: Dialect,
}

impl OpenAi {
    /// The model that `settings` describe, called `name` in the configuration.
    pub(super) fn new(name: &str, settings: &config::Llm) -> Result<Self, Error> {
        let key = settings.api_key.clone();
        Ok(Self {
            name: name.into(),
            endpoint: Endpoint::new(&settings.base_url, "/chat/completions", key.as_ref())?,
            key,
            model: settings.model.clone(),
            max_tokens: settings.max_tokens,
            prices: prices(settings),
            dialect: Dialect::default(),
        })
    }

    /// What the model says to `messages`. Cancel safe: dropping it closes the connection.
    pub(super) async fn complete(&self, messages: &[Message]) -> Result<Completion, Fault> {
        loop {
            let (request, known) = self.request(messages);
            match self.endpoint.post(&request).await {
                Ok(answer) => return self.content(answer),
                Err(Unanswered::Unusable(fault)) => return Err(fault),
                Err(Unanswered::Failed(failure)) if self.dialect.learns_from(&failure, known) => {}
                Err(Unanswered::Failed(failure)) => return Err(self.fault(failure, messages)),
            }
        }
    }

    /// The body, and what was known of the server's dialect when it was written.
    fn request(&self, messages: &[Message]) -> (Value, u8) {
        let messages: Vec<_> = messages
            .iter()
            .map(|message| json!({ "role": role(message.role), "content": message.content }))
            .collect();
        let mut request = json!({ "model": self.model, "messages": messages });
        let known = self.dialect.complete(&mut request, self.max_tokens);
        (request, known)
    }

    fn content(&self, answer: Value) -> Result<Completion, Fault> {
        let Ok(completion) = serde_json::from_value::<ChatCompletion>(answer) else {
            return Err(unusable("the model's provider answered in another format"));
        };
        let usage = completion.usage.unwrap_or_default();
        self.count("prompt", usage.prompt_tokens);
        self.count("completion", usage.completion_tokens);
        let Some(choice) = completion.choices.into_iter().next() else {
            return Err(unusable("the model's provider sent no answer of the model"));
        };
        if let Some(refusal) = choice.message.refusal.filter(|refusal| !refusal.is_empty()) {
            let cannot = Cannot::new(Reason::NotAnswerable, "the model declined the question")
                .detailed(one_line(&refusal, 200))
                .hinted("Ask in other words.");
            return Err(Fault::Stop(cannot));
        }
        match choice.finish_reason.as_deref() {
            Some("length") => Err(cut_off()),
            Some("content_filter") => Err(filtered()),
            _ => Ok(Completion {
                text: choice.message.content.unwrap_or_default(),
                spent: Spent::at(usage.prompt_tokens, usage.completion_tokens, self.prices),
            }),
        }
    }

    fn fault(&self, failure: Failure, messages: &[Message]) -> Fault {
        let key = self.key.as_ref().map(Secret::expose);
        let sent: Vec<_> = messages
            .iter()
            .map(|message| message.content.as_str())
            .collect();
        failure.into_fault(|message| gives_away(message, key, &sent))
    }

    fn count(&self, kind: &'static str, tokens: u64) {
        let model = self.name.to_string();
        metrics::counter!(MODEL_TOKENS, "model" => model, "kind" => kind).increment(tokens);
    }
}

/// Which optional parameters the server takes; learnt from its refusals.
///
/// Reasoning models refuse `max_tokens` and a `temperature`, some local servers refuse
/// `response_format`, and older servers do not know `max_completion_tokens`.
#[derive(Debug, Default)]
struct Dialect(AtomicU8);

/// The server wants `max_completion_tokens` instead of `max_tokens`.
const COMPLETION_TOKENS: u8 = 1;
/// The server wants no `temperature`.
const OWN_TEMPERATURE: u8 = 2;
/// The server wants no `response_format`.
const OWN_FORMAT: u8 = 4;

impl Dialect {
    /// Adds the optional parameters; returns what was known when they were chosen.
    fn complete(&self, request: &mut Value, max_tokens: u32) -> u8 {
        let known = self.0.load(Ordering::Relaxed);
        let limit = match known & COMPLETION_TOKENS {
            0 => "max_tokens",
            _ => "max_completion_tokens",
        };
        request[limit] = max_tokens.into();
        if known & OWN_TEMPERATURE == 0 {
            request["temperature"] = 0.into();
        }
        if known & OWN_FORMAT == 0 {
            request["response_format"] = json!({ "type": "json_object" });
        }
        known
    }

    /// Whether `failure` tells what was not `known`, so that the next request differs.
    fn learns_from(&self, failure: &Failure, known: u8) -> bool {
        let lesson = match failure.unsupported() {
            Some("max_tokens") => COMPLETION_TOKENS,
            Some("temperature") => OWN_TEMPERATURE,
            Some("response_format") => OWN_FORMAT,
            _ => return false,
        };
        self.0.fetch_or(lesson, Ordering::Relaxed);
        known & lesson == 0
    }
}

#[derive(Deserialize)]
struct ChatCompletion {
    choices: Vec<Choice>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    message: Said,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    content: Option<String>,
    refusal: Option<String>,
}

#[derive(Deserialize, Default)]
struct Usage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

fn prices(settings: &config::Llm) -> Option<Prices> {
    Some(Prices {
        prompt: settings.prompt_price?,
        completion: settings.completion_price?,
    })
}

fn role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

fn unusable(message: &str) -> Fault {
    let cannot = Cannot::new(Reason::ModelUnavailable, message)
        .hinted("Check base_url and model of the model.");
    Fault::Stop(cannot)
}

fn cut_off() -> Fault {
    let message = "the model's answer was cut off before its end";
    let cannot = Cannot::new(Reason::ModelUnavailable, message)
        .hinted("Raise max_tokens of the model, or ask something simpler.");
    Fault::Stop(cannot)
}

fn filtered() -> Fault {
    let message = "the content filter of the model's provider held the answer back";
    Fault::Stop(Cannot::new(Reason::NotAnswerable, message).hinted("Ask in other words."))
}
