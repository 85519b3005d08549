//! The policies that `docs/policies.md` recommends.

use pgparley::config;
use pgparley::config::Policy;
use pgparley::config::Sources;

const BOOK: &str = include_str!("../../docs/policies.md");

/// The policy under the heading `### title`.
pub fn recipe(title: &str) -> Policy {
    let (_, section) = BOOK
        .split_once(&format!("### {title}\n"))
        .expect("the book has this heading");
    let (_, block) = section
        .split_once("```toml\n")
        .expect("the recipe has settings");
    let (settings, _) = block.split_once("```").expect("the block ends");
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), settings).expect("it can be written");
    let sources = Sources {
        file: Some(file.path().to_owned()),
        upstream: Some("postgres://127.0.0.1".to_owned()),
        ..Sources::default()
    };
    let config = config::load(&sources).unwrap_or_else(|faults| panic!("{title}: {faults}"));
    config.policies.into_iter().next().expect("one policy")
}
