//! From the document to settings, section by section, each key named once.

mod database;
mod llm;
mod nl;
mod policy;
mod server;

use std::collections::BTreeMap;

use super::document::Entry;
use super::document::Node;
use super::document::Table;
use super::document::quoted;
use super::fault::Faults;
use super::fault::Origin;
use super::section::Section;
use super::section::did_you_mean;
use super::settings::Config;
use super::value::whole;

const SECTIONS: [&str; 5] = ["server", "database", "policy", "nl", "llm"];

/// Environment variables by name.
pub(super) type Environment = BTreeMap<String, String>;

/// Understands a whole document. `home` is where faults of no line of their own are put.
pub(super) fn config(
    mut document: Table,
    environment: &Environment,
    home: &Origin,
    faults: &mut Faults,
) -> Config {
    let llm = llm::llms(document.remove("llm"), environment, faults);
    let config = Config {
        server: server::server(Section::open("[server]", document.remove("server"), faults)).0,
        databases: database::databases(document.remove("database"), environment, faults),
        policies: policy::policies(document.remove("policy"), faults),
        nl: nl::nl(
            Section::open("[nl]", document.remove("nl"), faults),
            &llm.names,
        )
        .0,
        llm: llm.models,
    };
    let missing = config.databases.is_empty() && faults.is_empty();
    if missing {
        faults.add(
            home,
            "no [[database]] is set; --upstream URL serves any database of a server",
        );
    }
    for (key, entry) in document {
        let meant = did_you_mean(&key, &SECTIONS);
        faults.add(
            &entry.origin,
            format!("unknown section {}{meant}", quoted(&key)),
        );
    }
    config
}

/// Every key that a file may hold, as `section.key`.
pub(super) fn keys() -> Vec<String> {
    let mut faults = Faults::default();
    let environment = Environment::new();
    let mut all = Vec::new();
    let mut add = |section: &str, keys: Vec<&'static str>| {
        all.extend(keys.into_iter().map(|key| format!("{section}.{key}")));
    };
    add(
        "server",
        server::server(Section::open("", None, &mut faults)).1,
    );
    add(
        "database",
        database::database(Section::open("", None, &mut faults), &environment).1,
    );
    add(
        "policy",
        policy::policy(Section::open("", None, &mut faults), 1).1,
    );
    add("nl", nl::nl(Section::open("", None, &mut faults), &[]).1);
    add(
        "llm",
        llm::llm(Section::open("", None, &mut faults), &environment).1,
    );
    all
}

type Keys = Vec<&'static str>;

/// The elements of a `[[section]]`; anything else is a fault and has none.
fn list(label: &str, entry: Option<Entry>, faults: &mut Faults) -> Vec<Entry> {
    let Some(Entry { origin, node }) = entry else {
        return Vec::new();
    };
    match node {
        Node::List(elements) => elements,
        other => {
            faults.add(
                &origin,
                format!("expected sections {label}, got {}", other.shown()),
            );
            Vec::new()
        }
    }
}
/// A row limit: N+1 must still be a `bigint`.
fn rows(node: &Node) -> Result<u64, String> {
    whole(1..=i64::MAX - 1)(node)
}
