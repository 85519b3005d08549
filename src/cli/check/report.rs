//! Verdicts, for people.

use std::io;
use std::io::Write;

use super::judge::Fate;
use super::judge::Judged;
use super::judge::Statement;
use crate::guard::Verdict;

/// Writes what becomes of each statement.
pub(super) fn print(judged: &Judged, out: &mut impl Write) -> io::Result<()> {
    match &judged.policy {
        Some(name) => writeln!(out, "policy: {name}")?,
        None => writeln!(out, "no policy holds: everything is forwarded")?,
    }
    judged
        .statements
        .iter()
        .try_for_each(|statement| one(statement, out))
}

fn one(statement: &Statement, out: &mut impl Write) -> io::Result<()> {
    let line = statement.line;
    let verdict = match &statement.fate {
        Fate::Judged(verdict) => verdict,
        Fate::Question => {
            let text = text(&statement.text);
            return writeln!(
                out,
                "{line}: question: {text}\n    judged by the SQL that answers it"
            );
        }
    };
    match verdict {
        Verdict::Forward(_) => writeln!(out, "{line}: forwarded: {}", text(&statement.text)),
        Verdict::Rewrite { text: new, .. } => writeln!(out, "{line}: rewritten: {}", text(new)),
        Verdict::Refuse(refusal) => {
            writeln!(out, "{line}: refused: {}", text(&statement.text))?;
            writeln!(
                out,
                "    rule {}, {}: {}",
                refusal.rule, refusal.sqlstate, refusal.message
            )?;
            match &refusal.hint {
                Some(hint) => writeln!(out, "    hint: {hint}"),
                None => Ok(()),
            }
        }
    }
}

/// Its further lines below the first.
fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n    ")
}
