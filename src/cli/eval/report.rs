//! The figures: a row a group, and a line of JSON a question.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use comfy_table::Cell;
use comfy_table::CellAlignment;
use comfy_table::Table;
use comfy_table::presets;
use serde_json::json;

use super::asked::Outcome;
use super::asked::Stage;
use super::file::Question;

/// Ranks at which it is told how many questions have their tables.
const RANKS: [usize; 6] = [1, 3, 5, 10, 20, 30];

/// The row that holds all groups together, where there are several.
const ALL: &str = "all";

/// Questions by the values that group them, and all of them at the end.
pub(super) fn table(results: &[(Question, Outcome)], by: &[String], stage: Stage) -> Table {
    let mut groups: BTreeMap<String, Vec<&(Question, Outcome)>> = BTreeMap::new();
    for result in results {
        groups.entry(group(&result.0, by)).or_default().push(result);
    }
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(heading(stage));
    for (name, results) in &groups {
        table.add_row(row(name, results, stage));
    }
    if groups.len() > 1 {
        let everything: Vec<_> = results.iter().collect();
        table.add_row(row(ALL, &everything, stage));
    }
    table
}

fn group(question: &Question, by: &[String]) -> String {
    let value = |name: &String| question.member(name).unwrap_or_else(|| String::from("-"));
    by.iter().map(value).collect::<Vec<_>>().join(", ")
}

fn heading(stage: Stage) -> Vec<String> {
    let mut heading = vec![String::from("set"), String::from("questions")];
    let own: Vec<String> = match stage {
        Stage::Retrieve => RANKS
            .iter()
            .map(|rank| format!("tables in first {rank}"))
            .collect(),
        Stage::Prompt => ["tokens, median", "p95", "most"].map(String::from).into(),
        Stage::Translate => ["answered", "unanswerable refused", "failed"]
            .map(String::from)
            .into(),
        Stage::Run => [
            "answered",
            "right",
            "of the answers",
            "unanswerable refused",
            "failed",
        ]
        .map(String::from)
        .into(),
    };
    heading.extend(own);
    if matches!(stage, Stage::Translate | Stage::Run) {
        heading.extend(["tokens", "cost"].map(String::from));
    }
    heading.extend(["ms, median", "p95"].map(String::from));
    heading
}

fn row(name: &str, results: &[&(Question, Outcome)], stage: Stage) -> Vec<Cell> {
    let outcomes: Vec<&Outcome> = results.iter().map(|(_, outcome)| outcome).collect();
    let mut cells = match stage {
        Stage::Retrieve => {
            let told: Vec<_> = results
                .iter()
                .filter(|(question, _)| question.gold_sets().next().is_some())
                .map(|(_, outcome)| outcome.found)
                .collect();
            let within = |most: &usize| {
                let found = told
                    .iter()
                    .filter(|found| found.is_some_and(|rank| rank <= *most));
                share(found.count(), told.len())
            };
            RANKS.iter().map(within).collect()
        }
        Stage::Prompt => {
            let mut tokens: Vec<u64> = outcomes
                .iter()
                .filter_map(|outcome| outcome.prompt)
                .collect();
            tokens.sort_unstable();
            [50, 95, 100]
                .map(|percent| {
                    percentile(&tokens, percent).map_or_else(none, |tokens| tokens.to_string())
                })
                .into()
        }
        Stage::Translate => vec![answered(results), refused(results), failed(&outcomes)],
        Stage::Run => {
            let judged = outcomes.iter().filter(|outcome| outcome.right.is_some());
            let right = outcomes
                .iter()
                .filter(|outcome| outcome.right == Some(true))
                .count();
            let answers = outcomes
                .iter()
                .filter(|outcome| outcome.right.is_some() && outcome.refusal.is_none());
            vec![
                answered(results),
                share(right, judged.count()),
                share(right, answers.count()),
                refused(results),
                failed(&outcomes),
            ]
        }
    };
    if matches!(stage, Stage::Translate | Stage::Run) {
        let tokens: u64 = outcomes
            .iter()
            .map(|outcome| outcome.spent.prompt + outcome.spent.completion)
            .sum();
        let costs: Vec<f64> = outcomes
            .iter()
            .filter_map(|outcome| outcome.spent.cost)
            .collect();
        cells.push(tokens.to_string());
        cells.push(if costs.is_empty() {
            none()
        } else {
            format!("{:.4}", costs.iter().sum::<f64>())
        });
    }
    let mut took: Vec<_> = outcomes.iter().map(|outcome| outcome.took).collect();
    took.sort_unstable();
    for percent in [50, 95] {
        let took = percentile(&took, percent);
        cells.push(took.map_or_else(none, |took| format!("{:.1}", took.as_secs_f64() * 1000.0)));
    }
    let figures = [results.len().to_string()].into_iter().chain(cells);
    let figures = figures.map(|figure| Cell::new(figure).set_alignment(CellAlignment::Right));
    [Cell::new(name)].into_iter().chain(figures).collect()
}

/// Of the questions that have an answer, those that got one.
fn answered(results: &[&(Question, Outcome)]) -> String {
    let answerable = results
        .iter()
        .filter(|(question, _)| !question.is_unanswerable());
    let total = answerable.clone().count();
    share(
        answerable
            .filter(|(_, outcome)| outcome.refusal.is_none())
            .count(),
        total,
    )
}

/// Of the questions that have none, those that were refused.
fn refused(results: &[&(Question, Outcome)]) -> String {
    let unanswerable = results
        .iter()
        .filter(|(question, _)| question.is_unanswerable());
    let total = unanswerable.clone().count();
    let refused = unanswerable.filter(|(_, outcome)| outcome.refusal.is_some());
    share(refused.count(), total)
}

/// Errors that are no considered refusal.
fn failed(outcomes: &[&Outcome]) -> String {
    let failed = outcomes.iter().filter(|outcome| {
        outcome
            .refusal
            .as_ref()
            .is_some_and(|refusal| !refusal.is_deliberate())
    });
    failed.count().to_string()
}

fn share(part: usize, whole: usize) -> String {
    if whole == 0 {
        return none();
    }
    format!("{:.1} %", 100.0 * part as f64 / whole as f64)
}

fn none() -> String {
    String::from("-")
}

/// The value that so many percent do not exceed.
fn percentile<T: Copy>(sorted: &[T], percent: usize) -> Option<T> {
    let last = sorted.len().checked_sub(1)?;
    sorted
        .get(
            (sorted.len() * percent)
                .div_ceil(100)
                .saturating_sub(1)
                .min(last),
        )
        .copied()
}

/// Writes what became of one question.
pub(super) fn line(out: &mut impl Write, question: &Question, outcome: &Outcome) -> io::Result<()> {
    let refusal = outcome.refusal.as_ref();
    let line = json!({
        "id": question.id,
        "db": question.db,
        "question": question.text,
        "ms": outcome.took.as_secs_f64() * 1000.0,
        "found_at": outcome.found,
        "prompt_tokens_estimated": outcome.prompt,
        "sql": outcome.sql,
        "right": outcome.right,
        "why": outcome.why,
        "sqlstate": refusal.map(|refusal| &refusal.sqlstate),
        "error": refusal.map(|refusal| &refusal.message),
        "prompt_tokens": outcome.spent.prompt,
        "completion_tokens": outcome.spent.completion,
        "cost": outcome.spent.cost,
    });
    writeln!(out, "{line}")
}

#[cfg(test)]
mod tests {
    use super::percentile;
    use super::share;

    #[test]
    fn percentiles_are_values_that_occur() {
        let values: Vec<u64> = (1..=20).collect();
        assert_eq!(percentile(&values, 50), Some(10));
        assert_eq!(percentile(&values, 95), Some(19));
        assert_eq!(percentile(&values, 100), Some(20));
        assert_eq!(percentile(&[7], 50), Some(7));
        assert_eq!(percentile::<u64>(&[], 50), None);
    }

    #[test]
    fn a_share_of_nothing_is_no_figure() {
        assert_eq!(share(0, 0), "-");
        assert_eq!(share(1, 3), "33.3 %");
    }
}
