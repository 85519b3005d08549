//! Reads `[llm.NAME]`.

use std::collections::BTreeMap;

use super::Environment;
use super::Keys;
use crate::config::credential;
use crate::config::document::Entry;
use crate::config::document::Node;
use crate::config::fault::Faults;
use crate::config::section::Section;
use crate::config::settings::BUILTIN;
use crate::config::settings::Llm;
use crate::config::settings::LlmKind;
use crate::config::value::choice;
use crate::config::value::positive;
use crate::config::value::whole;
use crate::config::value::word;

/// The models, and the names of all that are written, faulty ones too.
#[derive(Default)]
pub(super) struct Llms {
    pub(super) models: BTreeMap<String, Llm>,
    pub(super) names: Vec<String>,
}

pub(super) fn llms(entry: Option<Entry>, environment: &Environment, faults: &mut Faults) -> Llms {
    let mut found = Llms::default();
    let Some(Entry { origin, node }) = entry else {
        return found;
    };
    let Node::Table(entries) = node else {
        faults.add(
            &origin,
            format!("expected sections [llm.NAME], got {}", node.shown()),
        );
        return found;
    };
    for (name, entry) in entries {
        let origin = entry.origin.clone();
        let label = format!("[llm.{}]", name.escape_debug());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if name.is_empty() || !name.bytes().all(plain) {
            faults.add(
                &origin,
                format!("a name has letters, digits, \"-\" and \"_\", got {label}"),
            );
        } else if name == BUILTIN {
            faults.add(
                &origin,
                format!("{label} cannot be: \"{BUILTIN}\" needs no model"),
            );
        }
        found.names.push(name.clone());
        if let Some(llm) = llm(Section::open(&label, Some(entry), faults), environment).0 {
            found.models.insert(name, llm);
        }
    }
    found
}

pub(super) fn llm(mut section: Section<'_>, environment: &Environment) -> (Option<Llm>, Keys) {
    const KINDS: [(&str, LlmKind); 1] = [("openai", LlmKind::Openai)];
    const MANY: i64 = u32::MAX as i64;
    let kind = section.required("kind", choice(&KINDS));
    let base_url = section.required("base_url", credential::http_url);
    let model = section.required("model", word);
    let from_variable = section.optional("api_key_env", |node| {
        credential::from_variable(node, environment)
    });
    let from_file = section.optional("api_key_file", credential::from_file);
    if section.holds("api_key_env") && section.holds("api_key_file") {
        section.fault(
            "api_key_file",
            "\"api_key_env\" is set as well; only one of them can be",
        );
    }
    let rpm = section.optional("rpm", whole(1..=MANY));
    let tpm = section.optional("tpm", whole(1..=MANY));
    let max_concurrent = section.optional("max_concurrent", whole(1..=10_000));
    let max_tokens = section.optional("max_tokens", whole(1..=1_000_000));
    let max_prompt_tokens = section.optional("max_prompt_tokens", whole(1_500..=10_000_000));
    let prompt_price = section.optional("prompt_price", positive);
    let completion_price = section.optional("completion_price", positive);
    for (key, other) in [
        ("prompt_price", "completion_price"),
        ("completion_price", "prompt_price"),
    ] {
        if section.holds(key) && !section.holds(other) {
            section.fault(
                key,
                &format!("\"{other}\" is missing: there are both prices or neither"),
            );
        }
    }
    let llm = kind
        .zip(base_url)
        .zip(model)
        .map(|((kind, base_url), model)| {
            let default = Llm::new(kind, base_url, model);
            Llm {
                api_key: from_variable.or(from_file),
                rpm,
                tpm,
                max_concurrent: max_concurrent.unwrap_or(default.max_concurrent),
                max_tokens: max_tokens.unwrap_or(default.max_tokens),
                max_prompt_tokens: max_prompt_tokens.unwrap_or(default.max_prompt_tokens),
                prompt_price,
                completion_price,
                ..default
            }
        });
    (llm, section.finish())
}
