//! What reads passes as it is: to the byte, with the results that the server gives without us.

use std::ffi::OsStr;
use std::fs;

use pgparley::config::Policy;
use pgparley::server::Running;
use serde_json::Value;

use crate::blocks;
use crate::blocks::Fate;
use crate::blocks::beside;
use crate::recorder::holds;
use crate::stage::Stage;
use crate::support::client::TestClient;
use crate::support::message as m;
use crate::support::message::Kind;
use crate::support::message::Message;
use crate::ways::Way;

fn read_only() -> Policy {
    Policy {
        name: "readers".to_owned(),
        read_only: true,
        ..Policy::default()
    }
}

/// What a client makes of the replies: rows, errors, ends.
fn results(replies: &[Message]) -> Vec<String> {
    let kinds = [
        Kind::DataRow,
        Kind::RowDescription,
        Kind::CommandComplete,
        Kind::ErrorResponse,
    ];
    let told = replies
        .iter()
        .filter(|message| kinds.contains(&message.kind()));
    told.map(|message| match message.kind() {
        Kind::ErrorResponse => format!("{} {}", message.text(), message.field('M')),
        Kind::RowDescription => format!("{:?}", message.body),
        _ => message.text(),
    })
    .collect()
}

/// One client with a way to the server and one without.
struct Pair<'a> {
    stage: &'a Stage,
    through: TestClient,
    direct: TestClient,
}

impl<'a> Pair<'a> {
    fn new(stage: &'a Stage, running: &Running, database: &str) -> Self {
        Self {
            stage,
            through: TestClient::login(running.addr(), database),
            direct: TestClient::login(stage.cluster.addr(), database),
        }
    }

    /// What is wrong with how `text` passes. `repeats` is whether it gives the same rows each time.
    fn fault(&mut self, text: &str, repeats: bool) -> Option<String> {
        for way in [Way::Query, Way::Parse] {
            self.stage.recorder.take();
            let through = results(&way.send(&mut self.through, text)?);
            let sent = self.stage.recorder.take();
            let as_it_is = match way {
                Way::Query => m::query(text),
                _ => [text.as_bytes(), b"\0"].concat(),
            };
            if !holds(&sent, &as_it_is) {
                return Some(format!("{way:?}: not sent as it is: {through:?}"));
            }
            let direct = results(&way.send(&mut self.direct, text)?);
            if repeats && through != direct {
                return Some(format!("{way:?}: {through:?}, directly {direct:?}"));
            }
        }
        None
    }
}

#[test]
fn what_only_looks_like_a_question_is_sql() {
    let stage = Stage::new();
    let policies = [None, Some(read_only())];
    for policy in policies {
        let running = stage.proxy(|config| config.policies.extend(policy));
        let mut pair = Pair::new(&stage, &running, &stage.database);
        for block in blocks::all(Fate::Passthrough) {
            assert_eq!(pair.fault(&block.text, true), None, "{}", block.id);
        }
    }
}

#[test]
fn what_reads_is_not_mistaken_for_what_writes() {
    let stage = Stage::new();
    let running = stage.under(&read_only());
    let mut pair = Pair::new(&stage, &running, &stage.database);
    for text in [
        // Declared VOLATILE because nobody said otherwise.
        "SELECT * FROM lab.read_by_default ORDER BY id",
        "SELECT initcap(note) FROM lab.ledger ORDER BY id",
        "SELECT 1 < 2, 'a' || 'b', ROW(1, 2)",
        "SELECT enter, entering FROM (SELECT 1 AS enter, 2 AS entering) AS enter_of",
        "SELECT l.note AS \"set\", l.id AS lies FROM lab.ledger l ORDER BY l.id",
        "SELECT count(*) FROM pg_stat_activity WHERE false",
    ] {
        assert_eq!(pair.fault(text, true), None, "{text}");
    }
}

/// The query that is right, and others that are too.
fn golds(question: &Value) -> impl Iterator<Item = &str> {
    let others = question["gold_sql_alternatives"].as_array();
    let others = others.into_iter().flatten();
    std::iter::once(&question["gold_sql"])
        .chain(others)
        .filter_map(Value::as_str)
}

/// Some of the set's queries are cut off in the middle of a string.
fn is_whole(gold: &str) -> bool {
    pg_query::scan(gold).is_ok()
}

/// `db/NAME.sql` of the evaluation set.
fn databases() -> Vec<(String, String)> {
    let Some(directory) = beside("eval/db") else {
        return Vec::new();
    };
    let files = fs::read_dir(directory).expect("it can be listed");
    let scripts = files.filter_map(|file| {
        let path = file.expect("it can be listed").path();
        let name = path.file_name().and_then(OsStr::to_str)?;
        let name = name.strip_suffix(".sql")?.to_owned();
        let script = fs::read_to_string(&path).expect("it can be read");
        (!name.ends_with(".comments")).then_some((name, script))
    });
    scripts.collect()
}

#[test]
fn queries_that_people_wrote_pass_unchanged_where_only_reading_is_allowed() {
    let databases = databases();
    if databases.is_empty() {
        return;
    }
    let questions = beside("eval/questions.jsonl").map(fs::read_to_string);
    let questions = questions.expect("it stands beside").expect("it is text");
    let questions: Vec<Value> = questions
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect();
    let stage = Stage::new();
    let running = stage.under(&read_only());
    let (mut passed, mut wrong) = (0, Vec::new());
    for (name, script) in databases {
        let database = format!("gold_{name}");
        stage
            .cluster
            .create_database(&database)
            .expect("a name of its own");
        stage.cluster.run_sql(&database, &script).expect("it runs");
        let mut pair = Pair::new(&stage, &running, &database);
        for question in questions.iter().filter(|question| question["db"] == *name) {
            for gold in golds(question).filter(|gold| is_whole(gold)) {
                passed += 1;
                let repeats = question["relative_date"] != true;
                if let Some(fault) = pair.fault(gold, repeats) {
                    let fault: String = fault.chars().take(600).collect();
                    wrong.push(format!("{name}: {gold}\n  {fault}"));
                }
            }
        }
    }
    assert!(passed > 1000, "{passed}");
    assert!(
        wrong.is_empty(),
        "{} of {passed}\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
