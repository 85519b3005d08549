//! The door to translation: made once, shared by all sessions of all workers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::Cannot;
use super::Context;
use super::Question;
use super::Spent;
use super::Translation;
use super::cache::Answers;
use super::cache::Key;
use super::draft;
use super::draft::Builtin;
use super::draft::Draft;
use super::draft::Request;
use super::flight::Flights;
use super::llm;
use super::llm::Message;
use super::llm::Model;
use super::retrieval::Extras;
use super::retrieval::Kept;
use super::retrieval::Ranked;
use crate::config;

/// Why there can be no translator with these settings.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `nl.model` is neither `builtin` nor a configured model.
    #[error("nl.model is {0:?}, and there is no [llm] entry of that name")]
    UnknownModel(String),
    /// A model's settings cannot work.
    #[error("[llm.{name}] cannot be used")]
    Model {
        /// Its name in the configuration.
        name: String,
        /// What is wrong with it.
        #[source]
        source: llm::Error,
    },
}

/// Translates questions. Clones share one cache and one set of limits.
#[derive(Clone)]
pub struct Translator {
    shared: Arc<Shared>,
}

/// What all translations use.
pub(super) struct Shared {
    /// The model to ask first; `None` asks the built-in translator only.
    pub(super) model: Option<Arc<Model>>,
    /// The translator that is always there.
    pub(super) builtin: Builtin,
    /// What the built-in translator is called.
    pub(super) builtin_name: Arc<str>,
    /// Accepted answers.
    pub(super) answers: Answers,
    /// Drafts under way.
    pub(super) flights: Arc<Flights>,
    /// How long a question may take.
    pub(super) deadline: Duration,
    /// Indexes of the schemas that were asked about.
    pub(super) indexes: Arc<Kept>,
    /// Where work goes that is too long for the threads of the sessions.
    control: Handle,
}

impl Translator {
    /// A translator after `nl`, with one of the models of `llm` when `nl.model` names one.
    /// Its work runs on `control`.
    pub fn new(
        nl: &config::Nl,
        llm: &BTreeMap<String, config::Llm>,
        control: Handle,
    ) -> Result<Self, Error> {
        let builtin = super::builtin::Builtin::new();
        let name: Arc<str> = config::BUILTIN.into();
        let builtin: Builtin = Arc::new(move |question, context| {
            let translated = builtin.translate(question.text(), context)?;
            Ok(Draft {
                sql: translated.sql,
                readings: translated.readings,
                model: Arc::clone(&name),
                spent: Spent::default(),
            })
        });
        Self::with_builtin(nl, llm, control, builtin)
    }

    /// The same with another translator in place of the built-in one.
    pub(super) fn with_builtin(
        nl: &config::Nl,
        llm: &BTreeMap<String, config::Llm>,
        control: Handle,
        builtin: Builtin,
    ) -> Result<Self, Error> {
        let shared = Shared {
            model: chosen(nl, llm)?,
            builtin,
            builtin_name: config::BUILTIN.into(),
            answers: Answers::new(nl.cache_size, nl.cache_ttl),
            flights: Arc::new(Flights::new(control.clone())),
            deadline: nl.deadline,
            indexes: Arc::default(),
            control,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Begins to translate `question`. Nothing happens before the first `step()`; the time that
    /// a question may take runs from here.
    pub fn begin(&self, question: Question, context: Context) -> Translation {
        let model = match &self.shared.model {
            Some(model) => model.name(),
            None => &self.shared.builtin_name,
        };
        let key = Key::new(&question, &context, model);
        Translation::new(Arc::clone(&self.shared), question, context, key)
    }

    /// The tables of `context.schema`, nearest to `question` first: all of them. No model is asked.
    pub async fn tables(&self, question: &Question, context: &Context) -> Vec<Ranked> {
        let (question, schema) = (question.clone(), Arc::clone(&context.schema));
        let indexes = Arc::clone(&self.shared.indexes);
        let work = move || {
            let index = indexes.of(&schema);
            index.rank(question.text(), &Extras::default())
        };
        match self.shared.control.spawn_blocking(work).await {
            Ok(ranked) => ranked,
            Err(error) => {
                tracing::error!(%error, "ranking tables stopped");
                Vec::new()
            }
        }
    }

    /// The messages that would put `question` to the configured model, or with the built-in
    /// translator alone, to a model with the settings that every model has. None is asked.
    pub async fn prompt(
        &self,
        question: &Question,
        context: &Context,
    ) -> Result<Vec<Message>, Cannot> {
        let budget = match &self.shared.model {
            Some(model) => model.max_prompt_tokens(),
            None => config::Llm::new(config::LlmKind::Openai, "", "").max_prompt_tokens,
        };
        let request = Request {
            question: question.clone(),
            context: context.clone(),
            attempts: Vec::new(),
            indexes: Arc::clone(&self.shared.indexes),
        };
        let control = self.shared.control.clone();
        draft::messages(control, request, budget).await
    }
}

/// The model that `nl.model` names, ready to be asked.
fn chosen(
    nl: &config::Nl,
    llm: &BTreeMap<String, config::Llm>,
) -> Result<Option<Arc<Model>>, Error> {
    if nl.model == config::BUILTIN {
        return Ok(None);
    }
    let Some(settings) = llm.get(&nl.model) else {
        return Err(Error::UnknownModel(nl.model.clone()));
    };
    match Model::new(&nl.model, settings) {
        Ok(model) => Ok(Some(Arc::new(model))),
        Err(source) => Err(Error::Model {
            name: nl.model.clone(),
            source,
        }),
    }
}
