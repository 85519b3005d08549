//! Reads `[nl]`.

use super::Keys;
use super::rows;
use crate::config::document::quoted;
use crate::config::section::Section;
use crate::config::settings::BUILTIN;
use crate::config::settings::Nl;
use crate::config::value::boolean;
use crate::config::value::duration;
use crate::config::value::positive;
use crate::config::value::size;
use crate::config::value::whole;
use crate::config::value::word;

pub(super) fn nl(mut section: Section<'_>, models: &[String]) -> (Nl, Keys) {
    let default = Nl::default();
    let nl = Nl {
        enabled: section.or("enabled", boolean, default.enabled),
        model: section.or("model", word, default.model),
        row_limit: section.or("row_limit", rows, default.row_limit),
        max_bytes: section.or("max_bytes", size, default.max_bytes),
        statement_timeout: section.or("statement_timeout", duration, default.statement_timeout),
        max_cost: section.optional("max_cost", positive),
        deadline: section.or("deadline", duration, default.deadline),
        cache_size: section.or("cache_size", whole(1..=100_000_000), default.cache_size),
        cache_ttl: section.or("cache_ttl", duration, default.cache_ttl),
        sample_values: section.or("sample_values", boolean, default.sample_values),
    };
    if nl.model != BUILTIN && !models.contains(&nl.model) {
        let model = quoted(&nl.model);
        section.fault(
            "model",
            &format!("there is no [llm.NAME] for {model}, nor is it \"builtin\""),
        );
    }
    (nl, section.finish())
}
