//! A file of questions: one JSON object a line.

use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// One question, and what is known about its answer. Other members are kept for grouping.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Question {
    /// What it is called in the results.
    pub(super) id: String,
    /// The database to ask; that of the URL when there is none.
    pub(super) db: Option<String>,
    /// The words.
    #[serde(rename = "question")]
    pub(super) text: String,
    /// What a right answer returns the rows of.
    pub(super) gold_sql: Option<String>,
    /// Other right answers.
    #[serde(default)]
    pub(super) gold_sql_alternatives: Vec<String>,
    /// Tables that an answer reads, with or without their schema.
    #[serde(default)]
    pub(super) gold_tables: Vec<String>,
    /// Other sets of tables that would do.
    #[serde(default)]
    pub(super) gold_tables_any: Vec<Vec<String>>,
    /// The order of rows counts.
    #[serde(default)]
    pub(super) ordered: bool,
    /// `false` where gold cannot be run: there are no rows, or the SQL is in error.
    #[serde(default = "yes")]
    pub(super) executable: bool,
    /// `abstain` where the database cannot answer.
    pub(super) expect: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    others: serde_json::Map<String, Value>,
}

fn yes() -> bool {
    true
}

impl Question {
    /// The database cannot answer it.
    pub(super) fn is_unanswerable(&self) -> bool {
        self.expect.as_deref() == Some("abstain")
    }

    /// Every text that returns the right rows.
    pub(super) fn gold(&self) -> impl Iterator<Item = &str> {
        let alternatives = self.gold_sql_alternatives.iter();
        self.gold_sql.iter().chain(alternatives).map(String::as_str)
    }

    /// Every set of tables of which one must be found whole.
    pub(super) fn gold_sets(&self) -> impl Iterator<Item = &[String]> {
        let others = self.gold_tables_any.iter().map(Vec::as_slice);
        [self.gold_tables.as_slice()]
            .into_iter()
            .chain(others)
            .filter(|set| !set.is_empty())
    }

    /// The value of a member, as the name of a group.
    pub(super) fn member(&self, name: &str) -> Option<String> {
        if name == "db" {
            return self.db.clone();
        }
        match self.others.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }
}

/// Why a file of questions cannot be read.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum Error {
    /// It is not there, or cannot be opened.
    #[error("cannot read {file}")]
    Unreadable {
        file: String,
        #[source]
        source: io::Error,
    },
    /// A line is not one question.
    #[error("{file}:{line}: no question")]
    Line {
        file: String,
        line: usize,
        #[source]
        source: serde_json::Error,
    },
    /// There is none.
    #[error("{0} holds no question")]
    Empty(String),
}

/// All questions of a file; empty lines are skipped.
pub(super) fn read(path: &Path) -> Result<Vec<Question>, Error> {
    let file = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|source| Error::Unreadable {
        file: file.clone(),
        source,
    })?;
    let mut questions = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let question = serde_json::from_str(line).map_err(|source| Error::Line {
            file: file.clone(),
            line: number + 1,
            source,
        })?;
        questions.push(question);
    }
    if questions.is_empty() {
        return Err(Error::Empty(file));
    }
    Ok(questions)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::read;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(text.as_bytes()).expect("written");
        file
    }

    #[test]
    fn a_line_that_is_no_question_is_named() {
        let file = file("{\"id\": \"a\", \"question\": \"how many?\"}\n\n{\"id\": 7}\n");
        let error = read(file.path()).expect_err("the third line is none");
        assert!(error.to_string().ends_with(":3: no question"), "{error}");
    }

    #[test]
    fn members_that_are_not_known_can_group() {
        let line = r#"{"id": "a", "db": "d", "question": "q", "hardness": "easy", "level": 3}"#;
        let questions = read(file(line).path()).expect("one question");
        assert_eq!(questions[0].member("hardness").as_deref(), Some("easy"));
        assert_eq!(questions[0].member("level").as_deref(), Some("3"));
        assert_eq!(questions[0].member("db").as_deref(), Some("d"));
        assert_eq!(questions[0].member("none"), None);
        assert!(questions[0].executable && !questions[0].is_unanswerable());
    }
}
