//! What must never run does not run, whichever way it is sent, by whoever has the most rights.

use pgparley::config::Policy;
use pgparley::server::Running;

use crate::blocks;
use crate::blocks::Block;
use crate::blocks::Fate;
use crate::blocks::ids;
use crate::recorder::holds;
use crate::remains::AT_ONCE;
use crate::remains::Observer;
use crate::remains::difference;
use crate::stage::Stage;
use crate::support::message as m;
use crate::support::message::Message;
use crate::support::recipe::recipe;
use crate::ways::Way;
use crate::ways::errors;

/// What the next client on the same server connection finds.
const INHERITED: &str = "SELECT md5(string_agg(name || '=' || setting, ',' ORDER BY name)), \
    current_user, session_user, (SELECT count(*) FROM pg_listening_channels()), \
    (SELECT count(*) FROM pg_cursors), \
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()), \
    (SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()) FROM pg_settings \
    WHERE name <> 'in_hot_standby' AND name NOT LIKE 'plpgsql.%'";

/// What runs under every policy: a question, which the corpus means as the answer of a model, and
/// a statement that nobody has prepared.
const HARMLESS: &[&str] = &["A055", "A221"];

/// Runs text in a function that its author has declared STABLE: that it only reads is the author's
/// word, to which the server holds it.
const HELD_BY_THE_SERVER: &[&str] = &["O117"];

/// A policy in force, and what its clients begin with.
struct Front {
    policy: Policy,
    running: Running,
    inherited: String,
}

impl Front {
    fn new(stage: &Stage, policy: Policy) -> Self {
        let running = stage.under(&policy);
        let inherited = stage.login(running.addr(), "postgres").row(INHERITED);
        Self {
            policy,
            running,
            inherited,
        }
    }

    /// Tries one attack in every way; what is wrong with what came of it.
    fn attack(&mut self, stage: &Stage, block: &Block, wrong: &mut Vec<String>) {
        let text = stage.filled(&block.text);
        let mut client = stage.login(self.running.addr(), "postgres");
        for way in Way::ALL {
            let told = |what: String| {
                let Block { id, class, .. } = block;
                format!(
                    "{id} ({class}) under {}, {way:?}: {what}: {text}",
                    self.policy.name
                )
            };
            stage.recorder.take();
            let Some(replies) = way.send(&mut client, &text) else {
                // A text with a zero byte in it is no message: the session ends, as the server's
                // own would.
                if !text.contains('\0') {
                    wrong.push(told("the session is lost".to_owned()));
                }
                client = stage.login(self.running.addr(), "postgres");
                continue;
            };
            let held = HELD_BY_THE_SERVER.contains(&&*block.id)
                && errors(&replies).any(|error| error.field('C') == "25006");
            let runs = !held && !is_kept_from_running(way, &replies);
            if runs && !HARMLESS.contains(&&*block.id) {
                let said: Vec<_> = errors(&replies).collect();
                wrong.push(told(format!("not refused: {said:?}")));
            }
            if way == Way::Query
                && is_refused(&replies)
                && holds(&stage.recorder.take(), &m::query(&text))
            {
                wrong.push(told("refused, and sent to the server".to_owned()));
            }
        }
        // What pins its server connection would keep the next one waiting.
        drop(client);
        let inherited = stage.login(self.running.addr(), "postgres").row(INHERITED);
        if inherited != self.inherited {
            wrong.push(format!(
                "{} under {}: the next client begins with {inherited}, not {}",
                block.id, self.policy.name, self.inherited
            ));
            self.inherited = inherited;
        }
    }
}

/// Some rule has refused something.
fn is_refused(replies: &[Message]) -> bool {
    errors(replies).any(|error| error.field('D').starts_with("Rule "))
}

/// Refused, or nothing that any server could run; in a pipeline an error that comes first keeps the
/// rest from being looked at.
fn is_kept_from_running(way: Way, replies: &[Message]) -> bool {
    let is_error = |error: &Message| {
        let code = error.field('C');
        matches!(&*code, "42601" | "08P01" | "22021" | "0A000") || way == Way::Pipeline
    };
    is_refused(replies) || errors(replies).any(is_error)
}

/// Tries all of them under policies of three kinds.
fn attack(blocks: &[Block]) {
    let stage = Stage::new();
    let read_only = Policy {
        name: "read only".to_owned(),
        read_only: true,
        ..Policy::default()
    };
    let mut fronts = [
        Front::new(&stage, read_only),
        Front::new(&stage, recipe("Analysts")),
        Front::new(&stage, recipe("An AI agent's account")),
    ];
    let mut observer = Observer::new(&stage);
    let mut before = observer.look(&stage);
    let mut wrong = Vec::new();
    for group in blocks.chunks(AT_ONCE) {
        for block in group {
            for front in &mut fronts {
                front.attack(&stage, block, &mut wrong);
            }
        }
        let after = observer.look(&stage);
        if after != before {
            let left = difference(&before, &after);
            wrong.push(format!("{:?} leave {left:?}", ids(group)));
            before = after;
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn nothing_of_the_corpus_runs_that_must_not() {
    attack(&blocks::shared(Fate::Reject));
}

#[test]
fn nothing_of_our_own_runs_that_must_not() {
    attack(&blocks::own(Fate::Reject));
}
