//! Language models behind HTTP: a call ends with text or with a reason for the asker.
//!
//! The only place that opens API keys. What a provider answers when it fails stays here: an
//! asker sees the status, the provider's error code and at most one scrubbed line.

mod fault;
mod http;
mod limits;
mod openai;
mod retry;

use std::sync::Arc;

use tokio::time::Instant;

use super::Cannot;
use super::Spent;
use super::deadline::Deadline;
use super::prompt;
use super::spent::Prices;
use crate::config;
use crate::config::LlmKind;
use crate::telemetry::names::MODEL_SECONDS;
use fault::Fault;
use limits::Limits;
use openai::OpenAi;
use retry::Retries;

/// Why a model cannot be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `base_url` is not an http or https URL.
    #[error("base_url must be an http:// or https:// URL without query or password")]
    BaseUrl,
    /// The key has characters that no HTTP header takes.
    #[error("the API key holds characters that an HTTP header cannot carry")]
    Key,
    /// The HTTP client cannot be set up, for instance for want of root certificates.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
}

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// We, setting the rules.
    System,
    /// We, asking.
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation with a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What.
    pub content: String,
}

impl Message {
    /// The rules and the schema.
    pub fn system(content: impl Into<String>) -> Self {
        Self {
            role: Role::System,
            content: content.into(),
        }
    }

    /// What is asked.
    pub fn user(content: impl Into<String>) -> Self {
        Self {
            role: Role::User,
            content: content.into(),
        }
    }

    /// What the model said before.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self {
            role: Role::Assistant,
            content: content.into(),
        }
    }
}

/// What a model said.
#[derive(Debug, Clone)]
pub(super) struct Completion {
    pub(super) text: String,
    pub(super) spent: Spent,
}

/// A configured model, within its limits.
pub(super) struct Model {
    name: Arc<str>,
    provider: OpenAi,
    limits: Limits,
    max_tokens: u32,
    max_prompt_tokens: usize,
}

impl Model {
    /// The model of `[llm.NAME]`.
    pub(super) fn new(name: &str, settings: &config::Llm) -> Result<Self, Error> {
        let provider = match settings.kind {
            LlmKind::Openai => OpenAi::new(name, settings)?,
        };
        Ok(Self {
            name: name.into(),
            provider,
            limits: Limits::new(settings),
            max_tokens: settings.max_tokens,
            max_prompt_tokens: settings.max_prompt_tokens,
        })
    }

    /// Its name in the configuration.
    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Tokens that the first prompt of a question may have, by [`prompt::estimate`].
    pub(super) fn max_prompt_tokens(&self) -> usize {
        self.max_prompt_tokens
    }

    /// What the model says next. Waits and tries again while that makes sense before `deadline`;
    /// does not end a call that runs past it, which is the caller's business.
    ///
    /// Cancel safe: dropping the future closes the connection of the call.
    pub(super) async fn complete(
        &self,
        messages: &[Message],
        deadline: &Deadline,
    ) -> Result<Completion, Cannot> {
        let prompt: usize = messages
            .iter()
            .map(|message| prompt::estimate(&message.content))
            .sum();
        let tokens = u32::try_from(prompt)
            .unwrap_or(u32::MAX)
            .saturating_add(self.max_tokens);
        let mut retries = Retries::new();
        loop {
            match self.call(messages, tokens, deadline).await {
                Ok(completion) => return Ok(completion),
                Err(fault) => retries.wait(fault, deadline).await?,
            }
        }
    }

    async fn call(
        &self,
        messages: &[Message],
        tokens: u32,
        deadline: &Deadline,
    ) -> Result<Completion, Fault> {
        let _permit = self.limits.admit(tokens, deadline).await?;
        let started = Instant::now();
        let outcome = self.provider.complete(messages).await;
        let seconds = started.elapsed().as_secs_f64();
        metrics::histogram!(MODEL_SECONDS, "model" => self.name.to_string()).record(seconds);
        outcome
    }
}
