//! What is said when a question gets no SQL: what was not understood, and what could be asked.

use crate::nl::Cannot;
use crate::nl::Reason;

use super::index::Index;
use super::items::Item;
use super::items::Kind;

/// Some words were not understood.
pub(super) fn not_understood(items: &[Item], at: usize, index: &Index) -> Cannot {
    let unknown = |item: &&Item| matches!(item.kind, Kind::Unknown | Kind::ProperName);
    let mut words: Vec<&str> = items
        .iter()
        .filter(unknown)
        .map(|item| item.text.as_str())
        .collect();
    words.dedup();
    if words.is_empty() {
        words.extend(items.get(at).map(|item| item.text.as_str()));
    }
    let value = items
        .iter()
        .find(|item| matches!(item.kind, Kind::ProperName));
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    let message = format!("the question was not understood at {}", quoted.join(", "));
    let mut hint = what_can_be_asked(&words, index);
    if let Some(value) = value {
        let advice = " If it is a stored value, name its column: name '";
        hint.push_str(&[advice, &value.text, "'."].concat());
    }
    cannot(Reason::NotAnswerable, message, Some(hint))
}

/// A word waits for what it needs.
pub(super) fn dangling(word: &str) -> Cannot {
    let message = format!("the question was not understood at \"{word}\"");
    let hint = "Say in full what it refers to, or ask in several questions.";
    cannot(Reason::NotAnswerable, message, Some(hint.to_owned()))
}

/// `top 5 customers`, by nothing.
pub(super) fn unranked() -> Cannot {
    let message = "the question does not say what to rank by".to_owned();
    let hint = "Say for instance: top 5 customers by number of orders.";
    cannot(Reason::NotAnswerable, message, Some(hint.to_owned()))
}

/// `orders by status` may count or sort.
pub(super) fn count_or_sort(text: &str) -> Cannot {
    let alternatives = [
        format!("number of rows {text}"),
        format!("rows sorted {text}"),
    ];
    ambiguous(text, &alternatives)
}

/// A column is named where a condition is expected.
pub(super) fn no_condition(text: &str) -> Cannot {
    let message = format!("the question does not say what \"{text}\" must be");
    let hint = format!("Say for instance: whose {text} is …, with {text} over …, without {text}.");
    cannot(Reason::NotAnswerable, message, Some(hint))
}

/// Nothing in the question names anything stored.
pub(super) fn nothing_asked(index: &Index) -> Cannot {
    let message = "the question names no table or column".to_owned();
    cannot(
        Reason::NotAnswerable,
        message,
        Some(what_can_be_asked(&[], index)),
    )
}

/// `a and b or c`.
pub(super) fn and_or() -> Cannot {
    let message = "\"and\" and \"or\" together can be read in two ways".to_owned();
    let hint = "Ask with only one of them, or list values of one column: in A, B or C.";
    cannot(Reason::Ambiguous, message, Some(hint.to_owned()))
}

/// A name stands for several things.
pub(super) fn ambiguous(text: &str, alternatives: &[String]) -> Cannot {
    let message = format!("\"{text}\" can mean {}", listed(alternatives));
    let lines: Vec<String> = alternatives
        .iter()
        .map(|alternative| format!("\"{text}\" = {alternative}"))
        .collect();
    let hint = match alternatives.first() {
        Some(first) => format!("Say which, for instance \"{first}\" instead of \"{text}\"."),
        None => "Say what is meant.".to_owned(),
    };
    cannot(Reason::Ambiguous, message, Some(hint)).detailed(lines.join("\n"))
}

/// Something that this translator does not do.
pub(super) fn unsupported(message: &str, hint: &str) -> Cannot {
    cannot(
        Reason::NotAnswerable,
        message.to_owned(),
        Some(hint.to_owned()),
    )
}

fn cannot(reason: Reason, message: String, hint: Option<String>) -> Cannot {
    Cannot {
        reason,
        message,
        detail: None,
        hint,
    }
}

fn listed(alternatives: &[String]) -> String {
    match alternatives {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

/// What the words may have been meant for, and the tables nearest to them, or the first ones.
fn what_can_be_asked(words: &[&str], index: &Index) -> String {
    let near: Vec<String> = words
        .iter()
        .filter_map(|word| index.spelled_like(&word.to_lowercase()))
        .map(|name| format!("\"{name}\""))
        .collect();
    let question = words.join(" ");
    let names: Vec<&str> = nearest_tables(&question, index)
        .take(SHOWN)
        .map(|table| index.table(table).name.as_str())
        .collect();
    if names.is_empty() {
        return "No table is visible to this role.".to_owned();
    }
    let meant = if near.is_empty() {
        String::new()
    } else {
        format!("Did you mean {}? ", listed(&near))
    };
    let more = if index.schema.tables.len() > names.len() {
        ", …"
    } else {
        ""
    };
    format!("{meant}It can be asked about {}{more}.", names.join(", "))
}

/// All tables, those that share most of their spelling with the words first.
pub(super) fn nearest_tables(question: &str, index: &Index) -> impl Iterator<Item = usize> {
    let lower = question.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let mut scored: Vec<(usize, usize)> = index
        .schema
        .tables
        .iter()
        .enumerate()
        .map(|(position, table)| {
            let near = words.iter().map(|word| common_trigrams(word, &table.name));
            (near.max().unwrap_or(0), position)
        })
        .collect();
    scored.sort_by_key(|(near, _)| std::cmp::Reverse(*near));
    scored.into_iter().map(|(_, position)| position)
}

/// So many tables are named.
const SHOWN: usize = 8;

fn common_trigrams(a: &str, b: &str) -> usize {
    let letters: Vec<char> = a.chars().collect();
    letters
        .windows(3)
        .filter(|three| b.contains(&three.iter().collect::<String>()))
        .count()
}
