//! Replays the fuzz targets' corpus: what once was found, or was worth beginning with, holds.

use std::fs;
use std::path::Path;

#[path = "../fuzz/src/lib.rs"]
pub mod fuzz;

/// Runs `check` on every file of the target's corpus.
fn replay(target: &str, check: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut count = 0;
    for file in fs::read_dir(&corpus).expect("the corpus is there") {
        let path = file.expect("the corpus is readable").path();
        let text = fs::read(&path).expect("a seed is readable");
        check(&text);
        count += 1;
    }
    assert!(count > 0, "{} is empty", corpus.display());
}

#[test]
fn lexer_corpus_holds() {
    replay("lexer", fuzz::lexer);
}

#[test]
fn splice_corpus_holds() {
    replay("splice", fuzz::splice);
}

#[test]
fn review_corpus_holds() {
    replay("review", fuzz::review);
}

#[test]
fn question_corpus_holds() {
    replay("question", fuzz::question);
}

#[test]
fn footprint_corpus_holds() {
    replay("footprint", fuzz::leaves);
}

#[test]
fn prepared_name_corpus_holds() {
    replay("prepared_name", fuzz::prepared_name);
}

#[test]
fn objects_corpus_holds() {
    replay("objects", fuzz::rules::objects);
}

#[test]
fn setting_corpus_holds() {
    replay("setting", fuzz::rules::setting);
}

#[test]
fn parts_corpus_holds() {
    replay("parts", fuzz::rules::parts);
}

#[test]
fn routine_corpus_holds() {
    replay("routine", fuzz::rules::routine);
}

#[test]
fn psql_corpus_holds() {
    replay("psql", fuzz::rules::psql);
}

#[test]
fn from_client_corpus_holds() {
    replay("from_client", fuzz::wire::from_client);
}

#[test]
fn from_server_corpus_holds() {
    replay("from_server", fuzz::wire::from_server);
}

#[test]
fn login_corpus_holds() {
    replay("login", fuzz::wire::login);
}

#[test]
fn upstream_login_corpus_holds() {
    replay("upstream_login", fuzz::wire::upstream_login);
}
