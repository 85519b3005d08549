//! A question that has become SQL, as the client's statements refer to it.

use std::fmt::Write;
use std::sync::Arc;

use super::wrapper::Bounds;
use crate::guard::generated::Unstored;
use crate::nl;
use crate::sql::question::Placement;
use crate::sql::question::Verb;
use crate::sql::script::Script;
use crate::sql::splice;
use crate::sql::splice::Splice;
use crate::wire::ErrorInfo;
use crate::wire::error;
use crate::wire::error::sqlstate;

/// SQL that pgparley wrote, or put into the client's own.
#[derive(Debug, Clone)]
pub(super) struct Generated {
    /// The whole statement, ready to run.
    pub text: Arc<[u8]>,
    /// Each question's answer, for the notice.
    pub answers: Arc<[nl::Answer]>,
    /// What holds while it runs.
    pub bounds: Bounds,
    /// The day that "today" was read as.
    pub day: nl::Day,
    /// Texts in it that their columns are not known to hold, for when nothing is found.
    pub unstored: Arc<[Unstored]>,
}

/// A generated query under a name of the client's, and where it came from: the day after, its
/// questions mean other dates.
#[derive(Debug)]
pub(super) struct PreparedQuestion {
    /// The query.
    pub generated: Generated,
    /// The body of the client's Parse.
    pub parse: Arc<[u8]>,
    /// Where its questions stand.
    pub placement: Placement,
}

impl Generated {
    /// The NOTICE that tells what became of each question.
    pub(super) fn notices(&self) -> impl Iterator<Item = ErrorInfo> + '_ {
        self.answers.iter().map(notice)
    }

    /// The NOTICEs that say why nothing was found, where a spelling may be the reason.
    pub(super) fn notices_of_nothing(&self) -> impl Iterator<Item = ErrorInfo> + '_ {
        self.unstored.iter().map(|unstored| {
            let Unstored {
                column,
                text,
                stored,
            } = unstored;
            let message = format!(
                "no row was found with {column} '{text}'; stored values: {}",
                stored.join(", ")
            );
            error::notice("NOTICE", sqlstate::SUCCESSFUL_COMPLETION, message)
        })
    }
}

fn notice(answer: &nl::Answer) -> ErrorInfo {
    let mut info = error::notice("NOTICE", sqlstate::SUCCESSFUL_COMPLETION, &*answer.sql);
    let cached = if answer.cached { ", cached" } else { "" };
    let mut detail = format!("Translated by {}{cached}", answer.model);
    if !answer.spent.is_nothing() {
        let _ = write!(detail, ": {}", answer.spent);
    }
    detail.push('.');
    for reading in answer.readings.iter() {
        detail.push('\n');
        detail.push_str(reading);
    }
    info.detail = Some(detail);
    info
}

/// The statement that stands for a question under its verb: the answer's SQL itself, or a query
/// that shows it. `None` for a verb that needs what is not there.
pub(super) fn statement(verb: &Verb, answer: &nl::Answer) -> Option<String> {
    match verb {
        Verb::Answer => Some(answer.sql.to_string()),
        Verb::Sql => Some(format!("SELECT {} AS sql", literal(&answer.sql))),
        Verb::Explain => {
            let row = |item, text: &str| format!("({}, {})", literal(item), literal(text));
            let mut rows = vec![row("sql", &answer.sql), row("model", &answer.model)];
            if !answer.spent.is_nothing() {
                rows.push(row("spent", &answer.spent.to_string()));
            }
            rows.extend(
                answer
                    .readings
                    .iter()
                    .map(|reading| row("reading", reading)),
            );
            let rows = rows.join(", ");
            Some(format!(
                "SELECT item, text FROM (VALUES {rows}) AS explanation (item, text)"
            ))
        }
        Verb::Tables | Verb::Prompt | Verb::Run(_) | Verb::Save(_) | Verb::Refine => None,
    }
}

/// `text` as it asks the server for no more than `rows` rows, where that can be said in it. A COPY
/// stays whole.
pub(super) fn capped(text: &[u8], rows: u64) -> Vec<u8> {
    let Ok(script) = Script::lex(text) else {
        return text.to_vec();
    };
    let mut statements = script.runnable();
    let (Some(statement), None) = (statements.next(), statements.next()) else {
        return text.to_vec();
    };
    match splice::limit(script.tokens(statement), statement.kind, rows) {
        Splice::Edits(edits) => splice::apply(text, &edits),
        Splice::Keep | Splice::CountOnly => text.to_vec(),
    }
}

/// A text literal that means the same whatever `standard_conforming_strings` is.
///
/// <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-STRINGS-ESCAPE>
pub(super) fn literal(text: &str) -> String {
    let escaped = text.replace('\\', r"\\").replace('\'', "''");
    format!("E'{escaped}'::text")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> nl::Answer {
        nl::Answer {
            sql: r"SELECT 'it''s \ here'".into(),
            readings: Arc::new(["\"today\" = 2026-01-01".to_owned()]),
            model: "builtin".into(),
            cached: true,
            spent: nl::Spent::default(),
        }
    }

    #[test]
    fn the_notice_holds_the_sql_and_how_it_was_read() {
        let info = notice(&answer());
        assert_eq!(info.message, r"SELECT 'it''s \ here'");
        let detail = info.detail.unwrap();
        assert_eq!(
            detail,
            "Translated by builtin, cached.\n\"today\" = 2026-01-01"
        );
    }

    #[test]
    fn sql_is_shown_as_a_literal_in_any_string_setting() {
        let shown = statement(&Verb::Sql, &answer()).unwrap();
        assert_eq!(shown, r"SELECT E'SELECT ''it''''s \\ here'''::text AS sql");
    }

    #[test]
    fn an_answer_is_asked_for_no_more_rows_than_it_may_have() {
        let text = |sql: &[u8]| String::from_utf8(capped(sql, 11)).unwrap();
        assert_eq!(text(b"SELECT a FROM t"), "SELECT a FROM t LIMIT 11");
        assert_eq!(text(b"SELECT a FROM t LIMIT 5"), "SELECT a FROM t LIMIT 5");
        assert_eq!(
            text(b"COPY (SELECT a FROM t) TO STDOUT"),
            "COPY (SELECT a FROM t) TO STDOUT"
        );
    }

    #[test]
    fn a_verb_that_needs_the_store_has_no_statement() {
        assert_eq!(statement(&Verb::Run("x".to_owned()), &answer()), None);
    }
}
