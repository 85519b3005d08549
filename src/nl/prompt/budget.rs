//! Fits the schema into what a prompt may cost.

use std::sync::Arc;

use super::table::Writer;
use crate::nl::retrieval::Extras;
use crate::nl::retrieval::Found;
use crate::nl::retrieval::Retrieval;
use crate::sql::schema::Schema;
use crate::sql::schema::Table;

/// What the heading of the schema costs at most.
const HEADING: usize = 60;

/// Tables that did not fit before the rest is not tried.
const MISSES: usize = 20;

/// A schema that takes up to this part of the room is shown whole and in its own order: models
/// choose well among so few tables, and prompts that begin alike are cheaper.
const UNSELECTED: (usize, usize) = (3, 5);

/// The part of what is left that a table in full may take, as a divisor; of a larger one only
/// what matters is shown, so that it leaves room for others.
const LARGE: usize = 4;

/// Columns shown of a large table for having to do with the question.
const BEST_COLUMNS: usize = 24;

/// Tokens that `text` costs, rather too many than too few, for any tokenizer in use.
///
/// Measured on schema text, four characters a token is up to 32 % too few; two and a half are
/// enough there. A character beyond ASCII costs at most a token a byte.
pub fn estimate(text: &str) -> usize {
    let ascii = text.bytes().filter(u8::is_ascii).count();
    (ascii * 2).div_ceil(5) + (text.len() - ascii)
}

/// The schema in at most `room` tokens: all of it in its own order when that leaves room enough,
/// else tables by how near they are to `question`; of large ones only keys and what is near.
///
/// `index` is asked for only when there is something to choose. `None` when not one table fits.
pub(super) fn pack(
    schema: &Schema,
    question: &str,
    room: usize,
    index: impl FnOnce() -> Arc<Retrieval>,
) -> Option<String> {
    let writer = Writer::new(schema);
    let room = room.saturating_sub(HEADING);
    let total = schema.tables.len();
    if let Some(lines) = whole(schema, &writer, room * UNSELECTED.0 / UNSELECTED.1) {
        return Some(format!("schema ({total} tables):\n{lines}"));
    }
    let index = index();
    let found = index.search(question, &Extras::default());
    let (shown, lines) = selected(schema, &found, &writer, room);
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
    found: &Found<'_>,
    writer: &Writer<'_>,
    mut room: usize,
) -> (usize, String) {
    let mut shown = 0;
    let mut misses = 0;
    let mut lines = String::new();
    for ranked in found.tables() {
        let table = &schema.tables[ranked.table];
        let full = writer.lines(table, |_| true);
        let full = full.filter(|form| estimate(form) <= room / LARGE);
        let fitting = full.or_else(|| {
            let needed = needed(found, ranked.table, table);
            let short = writer.lines(table, |position| needed[position]);
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

/// Which columns of a large table matter: those that identify and join, and the nearest.
fn needed(found: &Found<'_>, at: usize, table: &Table) -> Vec<bool> {
    let mut needed = vec![false; table.columns.len()];
    let declared = table.foreign_keys.iter();
    let inferred = table.inferred_keys.iter().map(|inferred| &inferred.key);
    let keys = declared.chain(inferred).flat_map(|key| &key.columns);
    for &position in table.primary_key.iter().chain(keys) {
        if let Some(needed) = needed.get_mut(position) {
            *needed = true;
        }
    }
    let score = |position: usize| found.column(at, position);
    let mut near: Vec<usize> = (0..needed.len()).filter(|&at| score(at) > 0.0).collect();
    near.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
    for position in near.into_iter().take(BEST_COLUMNS) {
        needed[position] = true;
    }
    needed
}
