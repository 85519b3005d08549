//! Fits the schema into what a prompt may cost.

use super::table::Writer;
use crate::nl::retrieval::relevance::Words;
use crate::nl::retrieval::relevance::scores;
use crate::sql::schema::Schema;
use crate::sql::schema::Table;

/// What the heading of the schema costs at most.
const HEADING: usize = 60;

/// Tables that did not fit before the rest is not tried.
const MISSES: usize = 20;

/// Tokens that `text` costs, rather too many than too few, for any tokenizer in use.
///
/// Measured on schema text, four characters a token is up to 32 % too few; two and a half are
/// enough there. A character beyond ASCII costs at most a token a byte.
pub fn estimate(text: &str) -> usize {
    let ascii = text.bytes().filter(u8::is_ascii).count();
    (ascii * 2).div_ceil(5) + (text.len() - ascii)
}

/// The schema in at most `room` tokens: all of it in its own order when it fits, else tables by
/// what they have to do with `question`, the later ones without the columns that have nothing
/// to do with it.
///
/// `None` when not one table fits.
pub(super) fn pack(schema: &Schema, question: &str, room: usize) -> Option<String> {
    let writer = Writer::new(schema);
    let room = room.saturating_sub(HEADING);
    let total = schema.tables.len();
    if let Some(lines) = whole(schema, &writer, room) {
        return Some(format!("schema ({total} tables):\n{lines}"));
    }
    let (shown, lines) = selected(schema, question, &writer, room);
    let heading = format!("schema ({shown} of {total} tables, those nearest to the question):\n");
    (shown > 0).then_some(heading + &lines)
}

fn whole(schema: &Schema, writer: &Writer<'_>, room: usize) -> Option<String> {
    let mut lines = String::new();
    for table in &schema.tables {
        lines.extend(writer.lines(table, |_| true));
        // Two fifths of the bytes is what the estimate is at least.
        if lines.len() * 2 / 5 > room {
            return None;
        }
    }
    (!lines.is_empty() && estimate(&lines) <= room).then_some(lines)
}

fn selected(
    schema: &Schema,
    question: &str,
    writer: &Writer<'_>,
    mut room: usize,
) -> (usize, String) {
    let words = Words::new(question);
    let scores = scores(&words, schema);
    let mut order: Vec<usize> = (0..schema.tables.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut shown = 0;
    let mut misses = 0;
    let mut lines = String::new();
    for at in order {
        let table = &schema.tables[at];
        let full = writer.lines(table, |_| true);
        let full = full.filter(|form| estimate(form) <= room);
        let fitting = full.or_else(|| {
            let short = writer.lines(table, |position| is_needed(table, position, &words));
            short.filter(|form| estimate(form) <= room)
        });
        let Some(form) = fitting else {
            misses += 1;
            if misses == MISSES {
                break;
            }
            continue;
        };
        room -= estimate(&form);
        lines.push_str(&form);
        shown += 1;
    }
    (shown, lines)
}

/// A column that joins, identifies, or shares a word with the question.
fn is_needed(table: &Table, position: usize, words: &Words) -> bool {
    let column = &table.columns[position];
    table.primary_key.contains(&position)
        || table
            .foreign_keys
            .iter()
            .any(|key| key.columns.contains(&position))
        || words.touch(&column.name)
        || column
            .comment
            .as_deref()
            .is_some_and(|comment| words.touch(comment))
}
