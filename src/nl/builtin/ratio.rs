//! `the ratio of … to …`: two questions for one figure each, and their quotient.

use crate::nl::Cannot;

use super::Asker;
use super::Translated;
use super::bind::Bound;
use super::lexicon::LEXICON;
use super::lexicon::Tag;
use super::query::Filter;
use super::query::Query;
use super::refusal;
use super::words::Word;
use super::words::split;

/// What stands between the two sides.
const BETWEEN: [&str; 6] = ["to", "and", "vs", "versus", "against", "over"];

/// The quotient that a question asks for; `None` when it asks for none.
pub(super) fn translate(question: &str, asker: &Asker<'_>) -> Option<Result<Translated, Cannot>> {
    let words = split(question);
    let at = words.iter().position(|word| word.lower == "ratio")?;
    let begins = |word: &Word| {
        let tag = LEXICON.tags.get(&word.lower);
        matches!(tag, Some(Tag::Filler | Tag::Ask | Tag::List)) || word.lower == "what"
    };
    let linked = words
        .get(at + 1)
        .is_some_and(|word| matches!(word.lower.as_str(), "of" | "between"));
    if !linked || !words[..at].iter().all(begins) {
        return None;
    }
    let typed: Vec<char> = question.chars().collect();
    let text = |from: usize, to: usize| -> String {
        let end = words[to - 1].place.end.min(typed.len());
        typed[words[from].place.start..end].iter().collect()
    };
    let mut found: Vec<(Bound<'_>, Bound<'_>)> = Vec::new();
    for middle in at + 3..words.len().saturating_sub(1) {
        if !BETWEEN.contains(&words[middle].lower.as_str()) {
            continue;
        }
        let sides = [text(at + 2, middle), text(middle + 1, words.len())];
        if let [Some(above), Some(below)] = sides.map(|side| figure(&side, asker)) {
            found.push((above, below));
        }
    }
    let Ok([(mut above, below)]) = <[_; 1]>::try_from(found) else {
        return Some(Err(refusal::dangling("ratio")));
    };
    Some(
        share_conditions(&mut above.query, &below.query).and_then(|()| {
            let sql = format!(
                "SELECT CAST(({}) AS double precision) / nullif(({}), 0) AS ratio",
                asker.print(&above)?,
                asker.print(&below)?
            );
            let mut readings = above.readings;
            readings.extend(below.readings);
            readings.dedup();
            Ok(Translated { sql, readings })
        }),
    )
}

/// A side of the ratio as a question for one figure: an aggregate as it is said, or rows counted.
fn figure<'a>(side: &str, asker: &Asker<'a>) -> Option<Bound<'a>> {
    let said = asker.bind(&format!("what is the {side}")).ok();
    said.filter(|bound| is_figure(&bound.query)).or_else(|| {
        let counted = asker.bind(&format!("how many {side}")).ok();
        counted.filter(|bound| is_figure(&bound.query))
    })
}

/// Whether a query gives one row of one aggregate.
fn is_figure(query: &Query) -> bool {
    let one = matches!(query.outputs.as_slice(), [only] if only.is_aggregate());
    one && query.group.is_empty() && query.order.is_empty() && query.limit.is_none()
}

/// `of rooms that are free to rooms that are taken in Berlin`: what is said last, beyond what is
/// said of the first, is said of both.
fn share_conditions(above: &mut Query, below: &Query) -> Result<(), Cannot> {
    let count = |query: &Query| query.filters.len() + query.related.len() + query.share.len();
    let (first, last) = (count(above), count(below));
    if last <= first || (first == 0 && above.subject == below.subject) {
        return Ok(());
    }
    let own: Vec<&Filter> = below
        .filters
        .iter()
        .filter(|filter| above.filters.iter().any(|other| alike(other, filter)))
        .collect();
    let comparable = above.subject == below.subject
        && above.related.is_empty()
        && below.related.is_empty()
        && own.len() == first;
    if !comparable {
        return Err(refusal::dangling("ratio"));
    }
    let shared = below.filters.iter().filter(|filter| !own.contains(filter));
    let shared: Vec<Filter> = shared.cloned().collect();
    above.filters.extend(shared);
    Ok(())
}

/// Whether two filters speak of the same column.
fn alike(a: &Filter, b: &Filter) -> bool {
    a.table() == b.table() && a.columns() == b.columns()
}
