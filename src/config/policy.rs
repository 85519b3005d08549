//! `[[policy]]`: what the matching sessions may do, as plain data.
//!
//! What each rule means for a statement is the guard's business; here is only what was written.

use std::time::Duration;

use super::pattern::ColumnPattern;
use super::pattern::Glob;
use super::pattern::ObjectPattern;

/// `[[policy]]`: what the matching sessions may do. The default is to forward everything as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Policy {
    /// Shown in refusals; `policy N` (its place in the file) when not given.
    pub name: String,
    /// Which sessions it is for.
    pub matches: Match,
    /// Rows that one result may deliver; `None` is no limit.
    pub row_limit: Option<u64>,
    /// How far a session may raise its row limit by `SET pgparley.row_limit`; `None` is not at
    /// all. It may always lower it.
    pub row_limit_ceiling: Option<Ceiling>,
    /// What happens at row N+1.
    pub on_exceed: OnExceed,
    /// How the limit is enforced.
    pub mechanism: Mechanism,
    /// Whether RETURNING is limited too.
    pub returning: Returning,
    /// Whether COPY TO STDOUT runs under a row limit.
    pub copy: CopyOut,
    /// Bytes that one result may deliver; `None` is no limit.
    pub max_bytes: Option<usize>,
    /// Nothing but reads.
    pub read_only: bool,
    /// Whether a session that only reads may change who it is and what it keeps.
    pub session_state: SessionState,
    /// Which kinds of statements run.
    pub statements: Rules<Command>,
    /// Whether one Query may hold several statements.
    pub multiple_statements: MultipleStatements,
    /// Bytes that the text of a Query or Parse may have; `None` is no limit.
    pub max_statement_bytes: Option<usize>,
    /// UPDATE and DELETE must have a WHERE.
    pub require_where: bool,
    /// Which relations may be named, or reached through views.
    pub tables: Rules<ObjectPattern>,
    /// Columns that no statement may read.
    pub deny_columns: Vec<ColumnPattern>,
    /// Columns whose values are replaced in results.
    pub mask_columns: Vec<(ColumnPattern, Mask)>,
    /// Which functions may be called.
    pub functions: Rules<ObjectPattern>,
    /// Which settings may be changed.
    pub settings: Rules<Glob>,
    /// `statement_timeout`, which the session may lower but not raise; `None` leaves it alone.
    pub statement_timeout: Option<Duration>,
    /// `lock_timeout`, likewise.
    pub lock_timeout: Option<Duration>,
    /// A query whose EXPLAIN cost is higher is refused; `None` is no ceiling.
    pub max_cost: Option<f64>,
    /// A query of which EXPLAIN expects more rows is refused; `None` is no ceiling.
    pub max_plan_rows: Option<u64>,
}

impl Policy {
    /// Some relation or column is not to be read, or not as it is.
    pub fn guards_data(&self) -> bool {
        !self.tables.is_open() || !self.deny_columns.is_empty() || !self.mask_columns.is_empty()
    }

    /// Something in the database is out of bounds, which only its catalog can tell.
    pub fn guards_objects(&self) -> bool {
        self.guards_data() || !self.functions.is_open()
    }

    /// What the database holds bears on what may run: what is out of bounds, or what writes though
    /// no text shows it.
    pub fn asks_for_objects(&self) -> bool {
        self.guards_objects() || self.read_only
    }
}

/// What is allowed and what is denied. What is denied is so even where it is allowed as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules<T> {
    /// Nothing else; `None` is everything.
    pub allow: Option<Vec<T>>,
    /// None of these.
    pub deny: Vec<T>,
}

impl<T> Default for Rules<T> {
    fn default() -> Self {
        Self {
            allow: None,
            deny: Vec::new(),
        }
    }
}

impl<T> Rules<T> {
    /// Nothing is restricted.
    pub fn is_open(&self) -> bool {
        self.allow.is_none() && self.deny.is_empty()
    }

    /// What `matches` may pass: it is allowed, and not denied.
    pub fn admit(&self, matches: impl Fn(&T) -> bool) -> bool {
        self.allow
            .as_ref()
            .is_none_or(|allowed| allowed.iter().any(&matches))
            && !self.deny.iter().any(&matches)
    }
}

/// Which sessions a policy is for; `None` matches all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Match {
    /// The user that the client logged in as.
    pub user: Option<String>,
    /// The database that the client asked for.
    pub database: Option<String>,
    /// `application_name` of the start-up packet. Client-chosen, so good for narrowing only.
    pub application: Option<String>,
}

impl Match {
    /// It is for a session that logs in so.
    pub fn holds(&self, user: &[u8], database: &[u8], application: &[u8]) -> bool {
        let is = |wanted: &Option<String>, given: &[u8]| {
            wanted
                .as_ref()
                .is_none_or(|wanted| wanted.as_bytes() == given)
        };
        is(&self.user, user) && is(&self.database, database) && is(&self.application, application)
    }
}

/// How far a row limit may be raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ceiling {
    /// To so many rows.
    Rows(u64),
    /// It may be lifted altogether.
    Unlimited,
}

/// What happens when a result has more rows than `row_limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnExceed {
    /// Deliver the first N and warn (`01R01`).
    #[default]
    Truncate,
    /// Fail with `54000`.
    Error,
    /// Deliver everything: the limit is off.
    Off,
}

/// How a row limit is enforced. Rows are counted in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mechanism {
    /// Splice `LIMIT N+1` where that cannot change what happens, count everywhere.
    #[default]
    Auto,
    /// The same as `auto`, said explicitly.
    Rewrite,
    /// Never touch the text.
    Count,
}

/// Whether `INSERT/UPDATE/DELETE … RETURNING` is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Returning {
    /// Deliver all of it.
    #[default]
    Pass,
    /// Deliver N rows; everything is still written.
    Truncate,
}

/// Whether `COPY … TO STDOUT` may run under a row limit. It is never cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CopyOut {
    /// Whole.
    #[default]
    Pass,
    /// Refused.
    Deny,
}

/// Whether a session under `read_only` may change its role, its settings by `set_config`, and what
/// it has prepared or keeps open beyond a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SessionState {
    /// Refused.
    #[default]
    Deny,
    /// As PostgreSQL has it.
    Allow,
}

/// Whether one Query may hold several statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MultipleStatements {
    /// As PostgreSQL has it.
    #[default]
    Pass,
    /// Refused.
    Deny,
}

/// What stands in a result in place of a masked value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mask {
    /// NULL.
    Null,
    /// This text, where the column's type is a string; NULL elsewhere.
    Constant(String),
    /// A keyed hash, equal for equal values while this process lives, where the column's type
    /// is a string; NULL elsewhere.
    Hash,
}

/// Kinds of statements, by the words that PostgreSQL's reference lists them under.
/// WITH counts as what its main statement is, and as what its CTEs write; VALUES and TABLE are
/// `select`. Preparing, declaring or explaining something counts as that as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Command(&'static str);

impl Command {
    /// The command of this name, in lower case.
    pub fn named(name: &str) -> Option<Self> {
        COMMANDS
            .iter()
            .find(|known| **known == name)
            .map(|known| Self(known))
    }

    /// Its name, in lower case.
    pub fn name(self) -> &'static str {
        self.0
    }

    /// Every name there is.
    pub fn names() -> &'static [&'static str] {
        COMMANDS
    }
}

/// <https://www.postgresql.org/docs/current/sql-commands.html>, first words; what ends or marks a
/// transaction is `transaction`, and can be neither allowed nor denied.
const COMMANDS: &[&str] = &[
    "alter",
    "analyze",
    "call",
    "checkpoint",
    "cluster",
    "comment",
    "copy from",
    "copy to",
    "create",
    "deallocate",
    "declare",
    "delete",
    "discard",
    "do",
    "drop",
    "explain",
    "grant",
    "import",
    "insert",
    "listen",
    "load",
    "lock",
    "merge",
    "notify",
    "prepare",
    "reassign",
    "refresh",
    "reindex",
    "reset",
    "revoke",
    "security",
    "select",
    "set",
    "show",
    "truncate",
    "unlisten",
    "update",
    "vacuum",
];
