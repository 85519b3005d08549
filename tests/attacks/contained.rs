//! What may run but would never end, or never stop giving, is cut off within its bounds.

use std::time::Duration;
use std::time::Instant;

use pgparley::config::Policy;

use crate::blocks;
use crate::blocks::Fate;
use crate::stage::READER;
use crate::stage::Stage;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::ways::Way;
use crate::ways::errors;

const ROWS: u64 = 500;
const BYTES: usize = 256 * 1024;
const TIMEOUT: Duration = Duration::from_millis(300);

/// What a busy machine may add to a timeout.
const MARGIN: Duration = Duration::from_secs(15);

/// How a text ends that is cut off: canceled, too much, too deep, too large for the server, or
/// refused for what else it does.
const ENDS: &[&str] = &[
    "57014", "54000", "54001", "53400", "53200", "42501", "25006", "42601",
];

fn bounded(max_cost: Option<f64>) -> Policy {
    Policy {
        name: "bounded".to_owned(),
        read_only: true,
        row_limit: Some(ROWS),
        max_bytes: Some(BYTES),
        statement_timeout: Some(TIMEOUT),
        max_cost,
        ..Policy::default()
    }
}

/// What is wrong with the replies to one text.
fn fault(replies: &[Message], took: Duration) -> Option<String> {
    let rows = || replies.iter().filter(|it| it.kind() == Kind::DataRow);
    let bytes: usize = rows().map(|row| row.body.len()).sum();
    let other = errors(replies).find(|error| !ENDS.contains(&&*error.field('C')));
    let is_over = errors(replies).next().is_some()
        || replies.iter().any(|it| it.kind() == Kind::CommandComplete);
    if took > TIMEOUT + MARGIN {
        Some(format!("took {took:?}"))
    } else if rows().count() as u64 > ROWS {
        Some(format!("{} rows", rows().count()))
    } else if bytes > BYTES {
        Some(format!("{bytes} bytes"))
    } else if let Some(error) = other {
        Some(format!("{error:?}"))
    } else {
        (!is_over).then(|| "no end".to_owned())
    }
}

#[test]
fn what_may_run_stays_within_its_bounds() {
    let stage = Stage::new();
    let mut wrong = Vec::new();
    // By its cost before it runs, else by the clock and by what it has delivered.
    for max_cost in [Some(1_000_000.0), None] {
        let running = stage.under(&bounded(max_cost));
        let mut client = stage.login(running.addr(), READER);
        for block in blocks::all(Fate::Contain) {
            let text = stage.filled(&block.text);
            for way in [Way::Query, Way::Parse] {
                let started = Instant::now();
                let replies = way.send(&mut client, &text);
                let fault = match replies {
                    Some(replies) => fault(&replies, started.elapsed()),
                    None => Some("the session is lost".to_owned()),
                };
                if let Some(fault) = fault {
                    let sent: String = text.chars().take(200).collect();
                    wrong.push(format!(
                        "{} {way:?} {max_cost:?}: {fault}: {sent}",
                        block.id
                    ));
                    client = stage.login(running.addr(), READER);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}
