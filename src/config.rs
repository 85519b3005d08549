//! Settings: plain data, and the only reader of the environment and of secret files.
//!
//! A later source outranks an earlier one: defaults, file, environment, `--set`, `--listen` and
//! `--upstream`. Everything that is wrong is reported at once, with its source and line.

mod credential;
mod document;
mod fault;
mod overrides;
mod pattern;
mod policy;
mod read;
mod secret;
mod section;
mod settings;
mod url;
mod value;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

pub use fault::Fault;
pub use fault::Faults;
pub use fault::Origin;
pub use pattern::ColumnPattern;
pub use pattern::Glob;
pub use pattern::ObjectPattern;
pub use policy::*;
pub use secret::Secret;
pub use settings::*;
pub use url::UrlError;

/// Where settings come from, first to last in rank.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The configuration file.
    pub file: Option<PathBuf>,
    /// Environment variables: `PGPARLEY__SECTION__KEY`, and those that settings name.
    pub environment: BTreeMap<String, String>,
    /// `section.key=value` of each `--set`.
    pub set: Vec<String>,
    /// Addresses of `--listen`; they replace all others.
    pub listen: Vec<String>,
    /// The URL of `--upstream`: the server of `[[database]] name = "*"`.
    pub upstream: Option<String>,
}

impl Sources {
    /// No file and no options, with this process's environment.
    ///
    /// What is not UTF-8 is kept with replacement characters, which [`load`] refuses.
    pub fn from_process() -> Self {
        let variable = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            (
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            )
        };
        Self {
            environment: std::env::vars_os().map(variable).collect(),
            ..Self::default()
        }
    }
}

/// Reads all sources into one configuration, or says everything that is wrong with them.
///
/// A file that is not TOML has only its syntax faults reported: its settings are not known.
pub fn load(sources: &Sources) -> Result<Config, Faults> {
    let mut faults = Faults::default();
    let mut document = document::Table::new();
    let mut home = Origin::Nowhere;
    if let Some(path) = &sources.file {
        home = Origin::File(Arc::from(path.as_path()), None);
        match fs::read(path) {
            Ok(bytes) => document = parse(path, &bytes, &mut faults),
            Err(error) => faults.add(&home, format!("could not read the file: {error}")),
        }
    }
    if !faults.is_empty() {
        return faults.or_ok(Config::default());
    }
    if let Some(url) = &sources.upstream {
        // Already here, so that `--set database.0.pool_size=40` beside it has a place to go.
        overrides::upstream(&mut document, url);
    }
    overrides::environment(&mut document, &sources.environment, &mut faults);
    overrides::options(&mut document, &sources.set, &mut faults);
    if !sources.listen.is_empty() {
        overrides::listen(&mut document, &sources.listen);
    }
    if let Some(url) = &sources.upstream {
        overrides::upstream(&mut document, url);
    }
    let config = read::config(document, &sources.environment, &home, &mut faults);
    faults.or_ok(config)
}

/// Reads a configuration from a file's bytes alone; `path` is what faults call it.
pub fn load_bytes(path: &Path, bytes: &[u8]) -> Result<Config, Faults> {
    let mut faults = Faults::default();
    let document = parse(path, bytes, &mut faults);
    if !faults.is_empty() {
        return faults.or_ok(Config::default());
    }
    let home = Origin::File(Arc::from(path), None);
    let config = read::config(document, &BTreeMap::new(), &home, &mut faults);
    faults.or_ok(config)
}

/// Every key that the file may hold, as `section.key`.
pub fn keys() -> Vec<String> {
    read::keys()
}

fn parse(path: &Path, bytes: &[u8], faults: &mut Faults) -> document::Table {
    let Ok(text) = str::from_utf8(bytes) else {
        let origin = Origin::File(Arc::from(path), None);
        faults.add(&origin, "the file is not UTF-8");
        return document::Table::new();
    };
    document::parse_file(path, text, faults)
}
