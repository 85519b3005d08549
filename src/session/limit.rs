//! Tells a client that its result was cut at the policy's row limit.

use crate::config::OnExceed;
use crate::config::Policy;
use crate::telemetry::names;
use crate::wire::ErrorInfo;
use crate::wire::backend;
use crate::wire::error;
use crate::wire::error::sqlstate;

/// The parameter that tells programs what the warning tells people.
const PARAMETER: &[u8] = b"pgparley.truncated";

/// What cut a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// So many rows.
    Rows(u64),
    /// So many bytes.
    Bytes(usize),
}

/// Appends what stands in place of the CommandComplete with this body: a warning and the tag of
/// the rows that were delivered, or an error.
pub(super) fn put_exceeded(out: &mut Vec<u8>, cut: Cut, rows: u64, by: (&Policy, &[u8])) {
    let (policy, tag) = by;
    if policy.on_exceed != OnExceed::Error {
        return put_cut(out, cut, &policy.name, &delivered(tag, rows));
    }
    error::put_error(out, exceeded(cut, policy));
}

/// The error for a result that goes beyond `cut`.
pub(super) fn exceeded(cut: Cut, policy: &Policy) -> ErrorInfo {
    count(&policy.name);
    let message = match cut {
        Cut::Rows(rows) => format!("result has more than {rows} rows"),
        Cut::Bytes(bytes) => format!("result has more than {bytes} bytes"),
    };
    let mut info = error::error(sqlstate::PROGRAM_LIMIT_EXCEEDED, message);
    explain(&mut info, &policy.name);
    info
}

/// Appends a warning that the result was cut, and the tag of the rows that were delivered.
/// `policy` names who set the limit.
pub(super) fn put_cut(out: &mut Vec<u8>, cut: Cut, policy: &str, tag: &str) {
    count(policy);
    let message = match cut {
        Cut::Rows(rows) => format!("result truncated to {rows} rows by pgparley row limit"),
        Cut::Bytes(bytes) => format!("result truncated to {bytes} bytes by pgparley byte limit"),
    };
    let mut info = error::notice("WARNING", sqlstate::RESULT_TRUNCATED, message);
    explain(&mut info, policy);
    error::put_notice(out, info);
    backend::put_parameter_status(out, PARAMETER, b"on");
    backend::put_command_complete(out, tag);
}

fn explain(info: &mut ErrorInfo, policy: &str) {
    info.detail = Some(format!("The limit is set by \"{policy}\"."));
    let hint = "Ask for fewer rows, or ask the administrator to raise the limit.";
    info.hint = Some(hint.to_owned());
}

fn count(policy: &str) {
    metrics::counter!(names::TRUNCATED, "policy" => policy.to_owned()).increment(1);
}

/// Appends the news that a result is complete again after one that was not.
pub(super) fn put_complete(out: &mut Vec<u8>) {
    backend::put_parameter_status(out, PARAMETER, b"off");
}

/// The server's tag with the number of rows that went to the client; of a write it tells how many
/// rows were written, which are all.
fn delivered(tag: &[u8], rows: u64) -> String {
    let tag = String::from_utf8_lossy(tag);
    let tag = tag.trim_end_matches('\0');
    match tag.split_once(' ') {
        None => format!("SELECT {rows}"),
        Some((command @ ("SELECT" | "FETCH"), _)) => format!("{command} {rows}"),
        Some(_) => tag.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_tells_the_rows_delivered() {
        assert_eq!(delivered(b"SELECT 11\0", 10), "SELECT 10");
        assert_eq!(delivered(b"FETCH 11\0", 10), "FETCH 10");
        assert_eq!(delivered(b"", 10), "SELECT 10");
        assert_eq!(delivered(b"INSERT 0 11\0", 10), "INSERT 0 11");
        assert_eq!(delivered(b"UPDATE 11\0", 10), "UPDATE 11");
    }
}
