//! Attacks as they are written down: the corpus beside the repository, where it is at hand, and our
//! own.
//!
//! Both are blocks of `-- @id`, `-- @class`, `-- @verdict`, the text, `-- @end`.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Attacks of our own, of each class of the other corpus and of classes that it lacks.
const OWN: &str = include_str!("own.sql");

/// What must become of an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It never runs.
    Reject,
    /// It may run within bounds.
    Contain,
    /// A rule about objects decides.
    Policy,
    /// It is SQL like any other.
    Passthrough,
}

/// One attack.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub id: String,
    pub class: String,
    pub fate: Fate,
    pub text: String,
}

/// The blocks of the corpus beside the repository; none where it is not at hand.
pub(crate) fn shared(fate: Fate) -> Vec<Block> {
    let Some(corpus) = beside("attacks/attacks.sql") else {
        return Vec::new();
    };
    let corpus = fs::read_to_string(corpus).expect("it can be read");
    let blocks = of(&read(&corpus), fate);
    assert!(!blocks.is_empty(), "the corpus has none of {fate:?}");
    blocks
}

/// Our own blocks.
pub(crate) fn own(fate: Fate) -> Vec<Block> {
    of(&read(OWN), fate)
}

/// Both.
pub(crate) fn all(fate: Fate) -> Vec<Block> {
    [shared(fate), own(fate)].concat()
}

/// What `blocks` are called.
pub(crate) fn ids(blocks: &[Block]) -> Vec<&str> {
    blocks.iter().map(|block| &*block.id).collect()
}

/// The questions of the corpus, without their number.
pub(crate) fn questions() -> Vec<String> {
    let Some(corpus) = beside("attacks/attacks.sql") else {
        return Vec::new();
    };
    let corpus = fs::read_to_string(corpus).expect("it can be read");
    let questions = corpus
        .lines()
        .filter_map(|line| line.strip_prefix("-- @nl ")?.split_once("] "));
    questions.map(|(_, question)| written(question)).collect()
}

/// A file of the test data that is not part of the repository.
pub(crate) fn beside(path: &str) -> Option<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = repository.join("../shared").join(path);
    if !path.exists() {
        eprintln!("{} is not there: skipped", path.display());
        return None;
    }
    Some(path)
}

fn of(blocks: &[Block], fate: Fate) -> Vec<Block> {
    let of = blocks.iter().filter(|block| block.fate == fate);
    of.cloned().collect()
}

fn read(corpus: &str) -> Vec<Block> {
    let blocks = corpus.split("-- @id ").skip(1);
    blocks.map(block).collect()
}

fn block(block: &str) -> Block {
    let (block, _) = block.split_once("-- @end").expect("a block ends");
    let (id, rest) = block.split_once('\n').expect("a line for the id");
    let tag = |name: &str| {
        let mut lines = rest.lines();
        lines.find_map(|line| {
            line.strip_prefix("-- @")?
                .strip_prefix(name)?
                .strip_prefix(' ')
        })
    };
    let fate = match tag("verdict") {
        Some("reject") => Fate::Reject,
        Some("contain") => Fate::Contain,
        Some("policy") => Fate::Policy,
        Some("passthrough") => Fate::Passthrough,
        other => panic!("{id}: verdict {other:?}"),
    };
    let text = rest
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("-- @"));
    Block {
        id: id.trim().to_owned(),
        class: tag("class").unwrap_or_default().to_owned(),
        fate,
        text: written(text.collect::<String>().trim_end_matches('\n')),
    }
}

/// Control characters are written as `\x00` where a file cannot hold them.
fn written(text: &str) -> String {
    text.replace("\\x00", "\0").replace("\\x01", "\x01")
}
