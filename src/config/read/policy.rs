//! Reads `[[policy]]`.
//!
//! What patterns name is not looked up: a policy may be older or younger than a table.

use super::Keys;
use super::list;
use super::rows;
use crate::config::document::Entry;
use crate::config::document::Node;
use crate::config::document::quoted;
use crate::config::fault::Faults;
use crate::config::pattern::ColumnPattern;
use crate::config::pattern::Glob;
use crate::config::pattern::ObjectPattern;
use crate::config::policy::Ceiling;
use crate::config::policy::Command;
use crate::config::policy::CopyOut;
use crate::config::policy::Mask;
use crate::config::policy::Match;
use crate::config::policy::Mechanism;
use crate::config::policy::MultipleStatements;
use crate::config::policy::OnExceed;
use crate::config::policy::Policy;
use crate::config::policy::Returning;
use crate::config::policy::Rules;
use crate::config::policy::SessionState;
use crate::config::section::Section;
use crate::config::section::did_you_mean;
use crate::config::value::boolean;
use crate::config::value::choice;
use crate::config::value::duration;
use crate::config::value::list_of;
use crate::config::value::positive;
use crate::config::value::size;
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
    const MULTIPLE: [(&str, MultipleStatements); 2] = [
        ("pass", MultipleStatements::Pass),
        ("deny", MultipleStatements::Deny),
    ];
    const SESSION_STATE: [(&str, SessionState); 2] =
        [("deny", SessionState::Deny), ("allow", SessionState::Allow)];
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
        row_limit_ceiling: section.optional("row_limit_ceiling", ceiling),
        on_exceed: section.or("on_exceed", choice(&ON_EXCEED), default.on_exceed),
        mechanism: section.or("mechanism", choice(&MECHANISM), default.mechanism),
        returning: section.or("returning", choice(&RETURNING), default.returning),
        copy: section.or("copy", choice(&COPY), default.copy),
        max_bytes: section.optional("max_bytes", size),
        read_only: section.or("read_only", boolean, default.read_only),
        session_state: section.or(
            "session_state",
            choice(&SESSION_STATE),
            default.session_state,
        ),
        statements: Rules {
            allow: section.optional("allow_statements", list_of(command)),
            deny: section.or("deny_statements", list_of(command), Vec::new()),
        },
        multiple_statements: section.or(
            "multiple_statements",
            choice(&MULTIPLE),
            default.multiple_statements,
        ),
        max_statement_bytes: section.optional("max_statement_bytes", size),
        require_where: section.or("require_where", boolean, default.require_where),
        tables: Rules {
            allow: section.optional("allow_tables", list_of(object)),
            deny: section.or("deny_tables", list_of(object), Vec::new()),
        },
        deny_columns: section.or("deny_columns", list_of(column), Vec::new()),
        mask_columns: section.or("mask_columns", list_of(mask), Vec::new()),
        functions: Rules {
            allow: section.optional("allow_functions", list_of(object)),
            deny: section.or("deny_functions", list_of(object), Vec::new()),
        },
        settings: Rules {
            allow: section.optional("allow_settings", list_of(setting)),
            deny: section.or("deny_settings", list_of(setting), Vec::new()),
        },
        statement_timeout: section.optional("statement_timeout", duration),
        lock_timeout: section.optional("lock_timeout", duration),
        max_cost: section.optional("max_cost", positive),
        max_plan_rows: section.optional("max_plan_rows", rows),
    };
    ceiling_is_no_floor(&policy, &mut section);
    (policy, section.finish())
}

fn ceiling_is_no_floor(policy: &Policy, section: &mut Section<'_>) {
    let Some(ceiling) = policy.row_limit_ceiling else {
        return;
    };
    match (policy.row_limit, ceiling) {
        (None, _) => section.fault("row_limit_ceiling", "there is no row_limit to raise"),
        (Some(limit), Ceiling::Rows(most)) if most < limit => {
            section.fault("row_limit_ceiling", "expected at least row_limit");
        }
        _ => {}
    }
}

/// A number of rows, or `"unlimited"`.
fn ceiling(node: &Node) -> Result<Ceiling, String> {
    match node {
        Node::Text(text) | Node::Loose(text) if text == "unlimited" => Ok(Ceiling::Unlimited),
        _ => rows(node)
            .map(Ceiling::Rows)
            .map_err(|message| format!("{message}; \"unlimited\" lets it be lifted")),
    }
}

fn command(written: &str) -> Result<Command, String> {
    Command::named(written).ok_or_else(|| {
        let meant = did_you_mean(written, Command::names());
        let written = quoted(written);
        format!(
            "expected the name of a command in lower case such as \"delete\", got {written}{meant}"
        )
    })
}

fn object(written: &str) -> Result<ObjectPattern, String> {
    ObjectPattern::parse(written).ok_or_else(|| {
        let written = quoted(written);
        format!("expected a name such as \"orders\" or \"public.orders\", got {written}")
    })
}

fn column(written: &str) -> Result<ColumnPattern, String> {
    ColumnPattern::parse(written).ok_or_else(|| {
        let written = quoted(written);
        format!(
            "expected a column such as \"orders.note\" or \"public.orders.note\", got {written}"
        )
    })
}

/// `column: null`, `column: hash` or `column: constant TEXT`.
fn mask(written: &str) -> Result<(ColumnPattern, Mask), String> {
    let refused = || {
        let kinds = "\"orders.note: null\", \": hash\" or \": constant TEXT\"";
        format!(
            "expected a column and its mask, {kinds}, got {}",
            quoted(written)
        )
    };
    let (name, with) = written.split_once(": ").ok_or_else(refused)?;
    let with = match with.trim() {
        "null" => Mask::Null,
        "hash" => Mask::Hash,
        other => {
            let text = other.strip_prefix("constant ").ok_or_else(refused)?;
            Mask::Constant(text.to_owned())
        }
    };
    Ok((column(name)?, with))
}

/// The names of settings do not mind case.
#[expect(
    clippy::unnecessary_wraps,
    reason = "lists are read by functions that can fail"
)]
fn setting(written: &str) -> Result<Glob, String> {
    Ok(Glob::new(written.to_ascii_lowercase()))
}
