//! Columns that say yes or no, whatever their type: `is_open integer`, `official char(1)`.

use crate::sql::schema::Column;
use crate::sql::schema::TypeKind;

use super::naming;

/// Words that begin the name of a column that says yes or no.
const BEGINNINGS: [&str; 5] = ["is", "has", "was", "can", "flag"];

/// How texts say yes, and how they say no.
const ANSWERS: [[&str; 2]; 5] = [
    ["t", "f"],
    ["y", "n"],
    ["yes", "no"],
    ["true", "false"],
    ["1", "0"],
];

/// Whether a column says yes or no.
pub(super) fn is_flag(column: &Column) -> bool {
    match column.kind {
        TypeKind::Boolean => true,
        TypeKind::Integer => begins(column),
        TypeKind::Text | TypeKind::Enum => begins(column) && answers(column).is_some(),
        _ => false,
    }
}

/// What a column that is no boolean holds for yes or no, as it is stored.
pub(super) fn stored(column: &Column, value: bool) -> Option<&str> {
    let [yes, no] = match column.kind {
        TypeKind::Integer => ["1", "0"],
        _ => answers(column)?,
    };
    Some(if value { yes } else { no })
}

fn begins(column: &Column) -> bool {
    let words = naming::segments(&column.name);
    words.len() > 1 && BEGINNINGS.contains(&words[0].as_str())
}

/// The stored spellings of yes and no, when a column holds nothing else.
fn answers(column: &Column) -> Option<[&str; 2]> {
    let known = || column.common_values.iter().chain(column.enum_labels.iter());
    ANSWERS.iter().find_map(|pair| {
        let spelled = |answer: &str| {
            known()
                .find(|value| value.eq_ignore_ascii_case(answer))
                .map(String::as_str)
        };
        let both = [spelled(pair[0])?, spelled(pair[1])?];
        (known().count() == 2).then_some(both)
    })
}
