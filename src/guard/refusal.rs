//! A statement that does not run, and what its author is told.

/// Why a statement was refused. Never holds data, only names and what the statement itself says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The code that the client gets.
    pub sqlstate: &'static str,
    /// One line in PostgreSQL's style: lower case, no full stop.
    pub message: String,
    /// What to do instead, for the HINT field.
    pub hint: Option<String>,
    /// The rule that refused, for logs and metrics.
    pub rule: &'static str,
    /// The verdict may be another one when it is known in which schemas the session looks.
    pub depends_on_path: bool,
}

impl Refusal {
    /// A refusal without a hint.
    pub(in crate::guard) fn new(
        rule: &'static str,
        sqlstate: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            sqlstate,
            message: message.into(),
            hint: None,
            rule,
            depends_on_path: false,
        }
    }

    /// A FunctionCall names its function by number, which no policy can judge.
    pub fn function_call() -> Self {
        let message = "a function cannot be called by message under this policy";
        Self::new("functions", "42501", message).hint("Call it in a SELECT.".to_owned())
    }

    /// What is in the database made the difference.
    pub fn is_about_objects(&self) -> bool {
        matches!(
            self.rule,
            "objects"
                | "allow_tables"
                | "deny_tables"
                | "deny_columns"
                | "mask_columns"
                | "allow_functions"
                | "deny_functions"
        )
    }

    /// The same with a hint, when there is one.
    #[must_use]
    pub(in crate::guard) fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into();
        self
    }
}
