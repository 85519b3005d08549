//! Questions that a schema can answer, for whoever asked one that it cannot.

use super::Asker;
use super::index::Index;
use super::naming;
use super::refusal;

use crate::sql::schema::Column;
use crate::sql::schema::TypeKind;

/// So many are shown.
const SHOWN: usize = 3;

/// So many tables are looked at.
const LOOKED_AT: usize = 4;

/// A few questions about the tables nearest to what was asked, each of which is answered.
pub(super) fn near(question: &str, asker: &Asker<'_>) -> Vec<String> {
    let index = &asker.prepared.index;
    let mut found: Vec<String> = Vec::new();
    for table in refusal::nearest_tables(question, index).take(LOOKED_AT) {
        for candidate in about(table, index) {
            let answered = asker
                .bind(&candidate)
                .is_ok_and(|bound| asker.print(&bound).is_ok());
            if answered && !found.contains(&candidate) {
                found.push(candidate);
            }
            if found.len() == SHOWN {
                return found;
            }
        }
    }
    found
}

/// Questions that most tables can answer: how many there are, by what they differ, which leads.
fn about(table: usize, index: &Index) -> Vec<String> {
    let definition = index.table(table);
    let words = naming::segments(&definition.name);
    let noun = naming::bare_table(&words).unwrap_or(words).join(" ");
    let mut questions = vec![format!("how many {noun}")];
    let columns = || definition.columns.iter().enumerate();
    let is_key = |position: usize| {
        index.facts[table].key == Some(position) || definition.primary_key.contains(&position)
    };
    let kind =
        |column: &Column| matches!(column.kind, TypeKind::Enum) || !column.common_values.is_empty();
    if let Some((_, column)) = columns().find(|(_, column)| kind(column)) {
        questions.push(format!("number of {noun} per {}", said(column)));
    }
    let figure = |position: usize, column: &Column| {
        let number = matches!(column.kind, TypeKind::Number | TypeKind::Integer);
        let id = column.name.to_lowercase().ends_with("id");
        number && !id && !is_key(position)
    };
    if let Some((_, column)) = columns().find(|(position, column)| figure(*position, column)) {
        questions.push(format!("average {} of {noun}", said(column)));
    }
    questions
}

/// A column's name as a person says it.
fn said(column: &Column) -> String {
    naming::segments(&column.name).join(" ")
}
