//! What the demo says on standard output.

use std::io;
use std::io::Write;
use std::net::SocketAddr;

use super::check::Outcome;
use super::questions::Question;
use super::shop;

/// Says one line.
pub(super) fn line(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// How to connect and what to ask.
pub(super) fn welcome(address: SocketAddr, examples: &[Question]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "\nready; in another terminal:\n")?;
    let (host, port) = (address.ip(), address.port());
    writeln!(
        out,
        "    psql -h {host} -p {port} -U {} {}\n",
        shop::ROLE,
        shop::DATABASE
    )?;
    writeln!(out, "and ask:\n")?;
    for example in examples {
        writeln!(out, "    /* nl: {} */;", example.text)?;
    }
    writeln!(
        out,
        "\nSQL works as ever. Ctrl-C stops and removes everything.\n"
    )
}

/// A line for each question; how many were not answered rightly.
pub(super) fn outcomes(outcomes: &[Outcome]) -> io::Result<usize> {
    let mut out = io::stdout().lock();
    for Outcome {
        statement,
        fault,
        took,
    } in outcomes
    {
        let word = if fault.is_none() { "ok" } else { "FAILED" };
        writeln!(
            out,
            "{word:<6} {:>7.1} ms  {statement}",
            took.as_secs_f64() * 1000.0
        )?;
        if let Some(fault) = fault {
            writeln!(out, "{:>19}{fault}", "")?;
        }
    }
    let failed = outcomes
        .iter()
        .filter(|outcome| outcome.fault.is_some())
        .count();
    writeln!(
        out,
        "{} of {} answered rightly",
        outcomes.len() - failed,
        outcomes.len()
    )?;
    Ok(failed)
}
