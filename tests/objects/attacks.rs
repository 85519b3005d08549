//! The blocks of the attack corpus that a policy decides, where the corpus is at hand.

use std::path::Path;
use std::path::PathBuf;

use crate::subject::Judge;
use crate::subject::columns;
use crate::subject::named;
use crate::subject::names;
use crate::subject::objects;
use crate::support::client::TestClient;
use crate::support::cluster;
use crate::support::database;
use crate::support::message::Kind;

/// Blocks that do nothing a policy about objects speaks of: a comment, a strange letter.
const HARMLESS: &[&str] = &["A019", "A032"];

fn corpus(file: &str) -> Option<String> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path: PathBuf = repository.join("../shared/attacks").join(file);
    std::fs::read_to_string(path).ok()
}

/// The statements of every block with the verdict `policy`, with their ids.
fn blocks(corpus: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    for block in corpus.split("-- @id ").skip(1) {
        let block = block.split("-- @end").next().unwrap_or_default();
        let (id, rest) = block.split_once('\n').unwrap_or((block, ""));
        if rest.contains("-- @verdict policy") {
            let lines = rest.lines().filter(|line| !line.starts_with("-- @"));
            let text = lines.collect::<Vec<_>>().join("\n");
            blocks.push((id.trim().to_owned(), text));
        }
    }
    blocks
}

#[test]
fn blocks_that_a_policy_decides_are_refused_by_one() {
    let (Some(attacks), Some(fixture)) = (corpus("attacks.sql"), corpus("fixture.sql")) else {
        return;
    };
    let name = database();
    cluster().run_sql(&name, &fixture).expect("the script runs");
    let mut policy = named();
    policy.tables.deny = names(&[
        "secrets",
        "hr.*",
        "pg_authid",
        "pg_stat_activity",
        "pg_stat_statements",
        "pg_settings",
        "pg_hba_file_rules",
    ]);
    policy.functions.deny = names(&[
        "current_setting",
        "pg_get_functiondef",
        "pg_show_all_settings",
    ]);
    policy.deny_columns = columns(&["customers.ssn", "customers.email"]);
    let judge = Judge::of(policy, &objects(&name));
    let mut client = TestClient::login(cluster().addr(), &name);
    let mut wrong = Vec::new();
    let blocks = blocks(&attacks);
    assert!(blocks.len() > 15, "{}", blocks.len());
    for (id, text) in &blocks {
        let is_harmless = HARMLESS.contains(&id.as_str());
        let refused = judge.refusal(text).is_some();
        if refused == is_harmless {
            // What is not there reaches nothing.
            let replies = client.run(text);
            let fails = replies.iter().any(|it| it.kind() == Kind::ErrorResponse);
            if !fails {
                wrong.push(format!("{id}: refused is {refused}: {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
