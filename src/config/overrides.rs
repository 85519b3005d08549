//! What outranks the file: the environment, then `--set`, then `--listen` and `--upstream`.

use std::collections::BTreeMap;

use super::document::Entry;
use super::document::Node;
use super::document::Table;
use super::document::parse_value;
use super::document::quoted;
use super::fault::Faults;
use super::fault::Origin;

/// How the environment's settings begin; `__` also stands between section and key.
const PREFIX: &str = "PGPARLEY__";

/// Sections that are lists: their second step is a place, from 0.
const LISTS: [&str; 2] = ["database", "policy"];

/// Writes `PGPARLEY__SECTION__KEY` variables into `document`.
pub(super) fn environment(
    document: &mut Table,
    variables: &BTreeMap<String, String>,
    faults: &mut Faults,
) {
    let mut settings: Vec<(Vec<Step>, &String, &String)> = variables
        .iter()
        .filter_map(|(name, value)| {
            Some((
                steps(&name.strip_prefix(PREFIX)?.to_ascii_lowercase(), "__"),
                name,
                value,
            ))
        })
        .collect();
    // By steps, not by name: place 2 of a list must be written before place 10.
    settings.sort();
    for (steps, name, value) in settings {
        let origin = Origin::Environment(name.clone());
        if value.contains(char::REPLACEMENT_CHARACTER) {
            faults.add(&origin, "the value is not UTF-8");
            continue;
        }
        write(document, &steps, value, &origin).unwrap_or_else(|why| faults.add(&origin, why));
    }
}

/// Writes `section.key=value` options into `document`.
pub(super) fn options(document: &mut Table, options: &[String], faults: &mut Faults) {
    for option in options {
        let Some((key, value)) = option.split_once('=') else {
            let message = format!("expected section.key=value, got {}", quoted(option));
            faults.add(&Origin::Option("--set".to_owned()), message);
            continue;
        };
        let key = key.trim();
        let origin = Origin::Option(format!("--set {}", key.escape_debug()));
        write(document, &steps(key, "."), value, &origin)
            .unwrap_or_else(|why| faults.add(&origin, why));
    }
}

/// Writes `--listen`: it replaces all addresses.
pub(super) fn listen(document: &mut Table, addresses: &[String]) {
    let origin = Origin::Option("--listen".to_owned());
    let text = |address: &String| Entry {
        origin: origin.clone(),
        node: Node::Text(address.clone()),
    };
    let list = Entry {
        origin: origin.clone(),
        node: Node::List(addresses.iter().map(text).collect()),
    };
    let server = document.entry("server".to_owned());
    let server = server.or_insert_with(|| section(&origin));
    if let Node::Table(entries) = &mut server.node {
        entries.insert("listen".to_owned(), list);
    }
}

/// Writes `--upstream`: the server of `[[database]] name = "*"`, added at the end if not there.
pub(super) fn upstream(document: &mut Table, url: &str) {
    let origin = Origin::Option("--upstream".to_owned());
    let text = |text: &str| Entry {
        origin: origin.clone(),
        node: Node::Text(text.to_owned()),
    };
    let databases = document
        .entry("database".to_owned())
        .or_insert_with(|| Entry {
            origin: origin.clone(),
            node: Node::List(Vec::new()),
        });
    let Node::List(databases) = &mut databases.node else {
        return;
    };
    for database in databases.iter_mut() {
        let Node::Table(entries) = &mut database.node else {
            continue;
        };
        let name = entries.get("name").map(|name| &name.node);
        if matches!(name, Some(Node::Text(name) | Node::Loose(name)) if name == "*") {
            entries.insert("upstream".to_owned(), text(url));
            return;
        }
    }
    let mut any = section(&origin);
    if let Node::Table(entries) = &mut any.node {
        entries.insert("name".to_owned(), text("*"));
        entries.insert("upstream".to_owned(), text(url));
    }
    databases.push(any);
}

/// A part of a setting's path: a place in a list or a key.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Place(usize),
    Key(String),
}

fn steps(path: &str, between: &str) -> Vec<Step> {
    let step = |part: &str| match part.parse() {
        Ok(place) if part.bytes().all(|byte| byte.is_ascii_digit()) => Step::Place(place),
        _ => Step::Key(part.to_owned()),
    };
    path.split(between).map(step).collect()
}

/// Puts `value` at the end of `steps`, making the sections on the way.
fn write(document: &mut Table, steps: &[Step], value: &str, origin: &Origin) -> Result<(), String> {
    if steps.len() < 2 || steps.contains(&Step::Key(String::new())) {
        return Err("expected a section and a key".to_owned());
    }
    let (last, way) = steps.split_last().expect("two steps at least");
    let mut table = document;
    let mut way = way.iter();
    while let Some(step) = way.next() {
        let key = existing_key(table, step);
        let is_list = LISTS.contains(&key.as_str());
        let entry = table.entry(key.clone()).or_insert_with(|| section(origin));
        if is_list {
            if matches!(&entry.node, Node::Table(entries) if entries.is_empty()) {
                entry.node = Node::List(Vec::new());
            }
            table = element(&key, entry, way.next(), origin)?;
            continue;
        }
        let Node::Table(inner) = &mut entry.node else {
            return Err(format!("{} is a value, not a section", quoted(&key)));
        };
        table = inner;
    }
    let key = existing_key(table, last);
    if LISTS.contains(&key.as_str()) {
        return Err(format!("expected a place and a key after {}", quoted(&key)));
    }
    table.insert(
        key,
        Entry {
            origin: origin.clone(),
            node: loose(value, origin),
        },
    );
    Ok(())
}

/// The element of a list section that `place` names; the one after the last is added.
fn element<'d>(
    key: &str,
    list: &'d mut Entry,
    place: Option<&Step>,
    origin: &Origin,
) -> Result<&'d mut Table, String> {
    let (Node::List(elements), Some(Step::Place(place))) = (&mut list.node, place) else {
        return Err(format!("expected {key}, a place from 0, and a key"));
    };
    if *place > elements.len() {
        return Err(format!(
            "there is no {key} {place}, the next one is {}",
            elements.len()
        ));
    }
    if *place == elements.len() {
        elements.push(section(origin));
    }
    match &mut elements[*place].node {
        Node::Table(entries) => Ok(entries),
        _ => Err(format!("{key} {place} is a value, not a section")),
    }
}

/// The key of `table` that `step` means: variables are upper case, keys need not be.
fn existing_key(table: &Table, step: &Step) -> String {
    let written = match step {
        Step::Place(place) => place.to_string(),
        Step::Key(key) => key.clone(),
    };
    if table.contains_key(&written) {
        return written;
    }
    let same = table.keys().find(|key| key.eq_ignore_ascii_case(&written));
    same.cloned().unwrap_or(written)
}

fn section(origin: &Origin) -> Entry {
    Entry {
        origin: origin.clone(),
        node: Node::Table(Table::new()),
    }
}

/// A value that begins as a TOML string, list or table is one; anything else is typed by its key.
fn loose(value: &str, origin: &Origin) -> Node {
    let typed = value.starts_with(['"', '\'', '[', '{']);
    let node = if typed {
        parse_value(value, origin)
    } else {
        None
    };
    node.unwrap_or_else(|| Node::Loose(value.to_owned()))
}
