//! Tells a client that its result was cut at the policy's row limit.

use crate::config::OnExceed;
use crate::config::Policy;
use crate::wire::backend;
use crate::wire::error;
use crate::wire::error::sqlstate;

/// The parameter that tells programs what the warning tells people.
const PARAMETER: &str = "pgparley.truncated";

/// Appends what stands in place of the CommandComplete with this body: a warning and the tag of
/// the rows that were delivered, or an error.
pub(super) fn put_exceeded(out: &mut Vec<u8>, limit: u64, policy: Option<&Policy>, tag: &[u8]) {
    let name = policy.map_or("nl", |policy| &policy.name);
    let message = format!("result truncated to {limit} rows by pgparley row limit");
    let detail = format!("The limit is set by policy \"{name}\".");
    let hint = "Ask for fewer rows, or ask the administrator to raise row_limit.";
    metrics::counter!("pgparley_results_truncated_total", "policy" => name.to_owned()).increment(1);
    if policy.is_some_and(|policy| policy.on_exceed == OnExceed::Error) {
        let message = format!("result has more than {limit} rows");
        let mut info = error::error(sqlstate::PROGRAM_LIMIT_EXCEEDED, message);
        info.detail = Some(detail);
        info.hint = Some(hint.to_owned());
        return error::put_error(out, info);
    }
    let mut info = error::notice("WARNING", sqlstate::RESULT_TRUNCATED, message);
    info.detail = Some(detail);
    info.hint = Some(hint.to_owned());
    error::put_notice(out, info);
    backend::put_parameter_status(out, PARAMETER, "on");
    backend::put_command_complete(out, &delivered(tag, limit));
}

/// Appends the news that a result is complete again after one that was not.
pub(super) fn put_complete(out: &mut Vec<u8>) {
    backend::put_parameter_status(out, PARAMETER, "off");
}

/// The server's tag with the number of rows that went to the client.
fn delivered(tag: &[u8], limit: u64) -> String {
    let tag = String::from_utf8_lossy(tag);
    let command = tag
        .trim_end_matches('\0')
        .rsplit_once(' ')
        .map_or("SELECT", |(word, _)| word);
    format!("{command} {limit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_tells_the_rows_delivered() {
        assert_eq!(delivered(b"SELECT 11\0", 10), "SELECT 10");
        assert_eq!(delivered(b"FETCH 11\0", 10), "FETCH 10");
    }
}
