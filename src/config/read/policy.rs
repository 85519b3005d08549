//! Reads `[[policy]]`.

use super::Keys;
use super::list;
use super::rows;
use crate::config::document::Entry;
use crate::config::document::quoted;
use crate::config::fault::Faults;
use crate::config::section::Section;
use crate::config::settings::CopyOut;
use crate::config::settings::Match;
use crate::config::settings::Mechanism;
use crate::config::settings::OnExceed;
use crate::config::settings::Policy;
use crate::config::settings::Returning;
use crate::config::value::boolean;
use crate::config::value::choice;
use crate::config::value::word;

pub(super) fn policies(entry: Option<Entry>, faults: &mut Faults) -> Vec<Policy> {
    let mut policies: Vec<Policy> = Vec::new();
    for (place, entry) in list("[[policy]]", entry, faults).into_iter().enumerate() {
        let origin = entry.origin.clone();
        let policy = policy(Section::open("[[policy]]", Some(entry), faults), place + 1).0;
        if policies.iter().any(|earlier| earlier.name == policy.name) {
            let name = quoted(&policy.name);
            faults.add(&origin, format!("a [[policy]] {name} is there already"));
        }
        policies.push(policy);
    }
    policies
}

pub(super) fn policy(mut section: Section<'_>, place: usize) -> (Policy, Keys) {
    const ON_EXCEED: [(&str, OnExceed); 3] = [
        ("truncate", OnExceed::Truncate),
        ("error", OnExceed::Error),
        ("off", OnExceed::Off),
    ];
    const MECHANISM: [(&str, Mechanism); 3] = [
        ("auto", Mechanism::Auto),
        ("rewrite", Mechanism::Rewrite),
        ("count", Mechanism::Count),
    ];
    const RETURNING: [(&str, Returning); 2] =
        [("pass", Returning::Pass), ("truncate", Returning::Truncate)];
    const COPY: [(&str, CopyOut); 2] = [("pass", CopyOut::Pass), ("deny", CopyOut::Deny)];
    let default = Policy::default();
    let policy = Policy {
        name: section
            .optional("name", word)
            .unwrap_or_else(|| format!("policy {place}")),
        matches: section.within("match", |section| Match {
            user: section.optional("user", word),
            database: section.optional("database", word),
            application: section.optional("application", word),
        }),
        row_limit: section.optional("row_limit", rows),
        on_exceed: section.or("on_exceed", choice(&ON_EXCEED), default.on_exceed),
        mechanism: section.or("mechanism", choice(&MECHANISM), default.mechanism),
        returning: section.or("returning", choice(&RETURNING), default.returning),
        copy: section.or("copy", choice(&COPY), default.copy),
        read_only: section.or("read_only", boolean, default.read_only),
    };
    (policy, section.finish())
}
