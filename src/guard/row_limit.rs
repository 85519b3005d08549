//! Which results a row limit holds for, and how.

use super::refusal::Refusal;
use crate::config::CopyOut;
use crate::config::Policy;
use crate::config::Returning;
use crate::sql::kind::CopyKind;
use crate::sql::kind::StatementKind;
use crate::sql::splice::Edit;
use crate::sql::splice::Splice;
use crate::sql::splice::limit;
use crate::sql::tokens::Tokens;

/// What happens to the result of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Treatment {
    /// It is delivered whole.
    Pass,
    /// Its rows are counted.
    Count,
}

/// How `policy` treats the result of a statement of `kind`.
pub(super) fn treatment(kind: StatementKind, policy: &Policy) -> Result<Treatment, Refusal> {
    use StatementKind as Kind;
    Ok(match kind {
        Kind::Insert
        | Kind::Update
        | Kind::Delete
        | Kind::Merge
        | Kind::WithWrite { query: false } => match policy.returning {
            Returning::Pass => Treatment::Pass,
            Returning::Truncate => Treatment::Count,
        },
        Kind::Copy(CopyKind::ToStdout) => match policy.copy {
            CopyOut::Pass => Treatment::Pass,
            CopyOut::Deny => return Err(copy_denied(policy)),
        },
        Kind::Explain { .. } | Kind::Show | Kind::Copy(_) | Kind::Empty => Treatment::Pass,
        // SELECT, FETCH, EXECUTE, a query whose CTEs write; of the rest, what delivers rows against expectation.
        _ => Treatment::Count,
    })
}

/// A statement of `kind` does the same in a transaction block as outside of one.
pub(super) fn fits_a_block(kind: StatementKind) -> bool {
    use StatementKind as Kind;
    matches!(
        kind,
        Kind::Select
            | Kind::Insert
            | Kind::Update
            | Kind::Delete
            | Kind::Merge
            | Kind::WithWrite { .. }
            | Kind::Execute
    )
}

/// The changes that let the server stop by itself one row beyond `rows`, if there are any. That
/// row tells a result that is too long from one that just fits.
pub(super) fn edits(tokens: Tokens<'_>, rows: u64) -> Vec<Edit> {
    // More is no bigint.
    let Some(rows) = rows
        .checked_add(1)
        .filter(|&rows| i64::try_from(rows).is_ok())
    else {
        return Vec::new();
    };
    match limit(tokens, StatementKind::Select, rows) {
        Splice::Edits(edits) => edits,
        Splice::Keep | Splice::CountOnly => Vec::new(),
    }
}

fn copy_denied(policy: &Policy) -> Refusal {
    let hint = format!("Policy \"{}\" has copy = deny; use SELECT.", policy.name);
    Refusal::new(
        "copy",
        "42501",
        "COPY TO STDOUT is not allowed under a row limit",
    )
    .hint(hint)
}
