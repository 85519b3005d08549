//! The shape of the source: imports point down, a foreign crate has one home, a file has one idea.

#[path = "layering/scan.rs"]
mod scan;

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use scan::Named;

/// The floor of each module at the top of the crate. Imports point down only.
const FLOORS: [(&str, u8); 14] = [
    ("main", 6),
    ("lib", 6),
    ("cli", 6),
    ("server", 5),
    ("admin", 5),
    ("session", 4),
    ("guard", 3),
    ("nl", 3),
    ("catalog", 3),
    ("store", 3),
    ("upstream", 3),
    ("sql", 2),
    ("wire", 1),
    ("config", 0),
];

/// On the floor of `config`; reads its settings.
const TELEMETRY: &str = "telemetry";

/// The floor whose modules do not know each other.
const SIBLINGS: u8 = 3;

/// Foreign crates and the only modules that name them.
const HOMES: [(&str, &[&str]); 22] = [
    ("axum", &["server"]),
    ("clap", &["cli", "main"]),
    ("comfy_table", &["cli"]),
    ("indicatif", &["cli"]),
    ("deadpool_postgres", &["catalog", "store"]),
    ("governor", &["nl"]),
    ("httpdate", &["nl"]),
    ("metrics_exporter_prometheus", &[TELEMETRY]),
    ("moka", &["nl"]),
    ("pgwire", &["wire"]),
    ("postgres_protocol", &["upstream"]),
    ("reqwest", &["nl"]),
    ("ring", &["wire"]),
    ("rust_stemmers", &["nl"]),
    // Signals to the postmaster of a throwaway cluster.
    ("rustix", &["cli"]),
    ("rustls", &["wire"]),
    ("sqlparser", &["sql", "guard"]),
    ("stacker", &["sql", "guard"]),
    ("strsim", &["config", "nl"]),
    // The commands of `cli` that are clients of a pgparley use a driver as any client does.
    ("tokio_postgres", &["catalog", "store", "cli"]),
    ("toml", &["config"]),
    // `config` refuses a log filter that would not parse.
    ("tracing_subscriber", &[TELEMETRY, "config"]),
];

/// Foreign crates that are vocabulary: they may stand anywhere.
const EVERYWHERE: [&str; 14] = [
    "arc_swap",
    "bytes",
    "fallible_iterator",
    "futures",
    "jiff",
    "memchr",
    "metrics",
    "rand",
    "serde",
    "serde_json",
    "socket2",
    "thiserror",
    "tokio",
    "tracing",
];

/// Files that may be longer than [`LONGEST`], each with its reason.
const LONG: [(&str, &str); 0] = [];

/// Lines of the longest file.
const LONGEST: usize = 500;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] = [
    "common", "helper", "helpers", "manager", "misc", "types", "util", "utils",
];

/// Files that bear one of them all the same, each with its reason.
const NAMED_ALL_THE_SAME: [(&str, &str); 1] = [(
    "guard/generated/types.rs",
    "the SQL types that a generated query may name",
)];

/// A source file of the crate.
struct Source {
    /// Below `src/`, for instance `nl/llm.rs`.
    path: String,
    code: String,
}

impl Source {
    /// The module at the top of the crate that it belongs to.
    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or(&self.path);
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// Every path that it names.
    fn named(&self) -> Vec<Named> {
        let depth = match self.module() {
            "lib" | "main" => 0,
            _ => 1 + self.path.matches('/').count(),
        };
        scan::paths(&self.code, depth)
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let found: Vec<Source> = rust_files(&root)
        .iter()
        .map(|path| Source {
            path: path
                .strip_prefix(&root)
                .expect("below src")
                .display()
                .to_string(),
            code: fs::read_to_string(path).expect("source is UTF-8"),
        })
        .collect();
    assert!(
        found.iter().any(|source| source.path == "lib.rs"),
        "src/ was not found"
    );
    found
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(directory) else {
        return found;
    };
    for entry in entries {
        let path = entry.expect("a directory can be listed").path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn floor(module: &str) -> Option<u8> {
    if module == TELEMETRY {
        return Some(0);
    }
    FLOORS
        .iter()
        .find(|(name, _)| *name == module)
        .map(|(_, floor)| *floor)
}

/// Why `from` must not import `to`, if it must not.
fn refusal(from: &str, to: &str) -> Option<String> {
    let (Some(here), Some(there)) = (floor(from), floor(to)) else {
        // Not a module but an item of lib.rs, or one that has no floor, which another test says.
        return None;
    };
    if from == to {
        return None;
    }
    if there > here {
        return Some(format!("{from} is below {to}: imports point down"));
    }
    if from == "config" && to == TELEMETRY {
        return Some("config comes before telemetry".to_owned());
    }
    (here == SIBLINGS && there == SIBLINGS)
        .then(|| format!("{from} and {to} are siblings: they meet in sql's plain types"))
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn imports_point_down_and_siblings_do_not_meet() {
    let mut faults = Vec::new();
    for source in sources() {
        // lib.rs is the list of the modules itself.
        for named in source
            .named()
            .into_iter()
            .filter(|_| source.path != "lib.rs")
        {
            if named.root != "crate" && named.root != "pgparley" {
                continue;
            }
            if named.next == "{" {
                faults.push(format!("{}:{}: one import a line", source.path, named.line));
            } else if let Some(why) = refusal(source.module(), &named.next) {
                faults.push(format!("{}:{}: {why}", source.path, named.line));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn every_module_has_a_floor() {
    let unknown: Vec<String> = sources()
        .iter()
        .filter(|source| floor(source.module()).is_none())
        .map(|source| format!("src/{}: give its module a floor", source.path))
        .collect();
    assert_none(&unknown);
}

#[test]
fn a_foreign_crate_is_named_only_in_its_home() {
    let mut faults = Vec::new();
    for source in sources() {
        for named in source.named() {
            let home = HOMES.iter().find(|(name, _)| *name == named.root);
            let Some((name, homes)) = home.filter(|(_, homes)| !homes.contains(&source.module()))
            else {
                continue;
            };
            let homes = homes.join(" and ");
            faults.push(format!(
                "{}:{}: {name} belongs to {homes}",
                source.path, named.line
            ));
        }
    }
    assert_none(&faults);
}

#[test]
fn every_dependency_has_a_home() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let manifest = fs::read_to_string(manifest).expect("the manifest is there");
    let (_, after) = manifest
        .split_once("\n[dependencies]\n")
        .expect("there are dependencies");
    let homeless: Vec<String> = after
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.replace('-', "_"))
        .filter(|name| !EVERYWHERE.contains(&name.as_str()))
        .filter(|name| !HOMES.iter().any(|(known, _)| known == name))
        .map(|name| format!("{name}: say in tests/layering.rs where its home is"))
        .collect();
    assert_none(&homeless);
}

#[test]
fn only_config_reads_the_environment() {
    let readers = ["env::var(", "env::var_os(", "env::vars(", "env::vars_os("];
    let faults: Vec<String> = sources()
        .iter()
        .filter(|source| source.module() != "config")
        .filter(|source| {
            let plain = scan::without_text(&source.code);
            readers.iter().any(|reader| plain.contains(reader))
        })
        .map(|source| format!("src/{}: ask config for it", source.path))
        .collect();
    assert_none(&faults);
}

#[test]
fn every_metric_is_recorded() {
    let sources = sources();
    let names = sources
        .iter()
        .find(|source| source.path == "telemetry/names.rs");
    let names = names.expect("the list of metrics").code.lines();
    let names: Vec<&str> = names
        .filter_map(|line| line.strip_prefix("pub const ")?.split_once(": &str"))
        .map(|(name, _)| name)
        .collect();
    assert!(!names.is_empty(), "the list of metrics is empty");
    let faults: Vec<String> = names
        .into_iter()
        .filter(|name| {
            let mut others = sources.iter().filter(|source| source.module() != TELEMETRY);
            !others.any(|source| source.code.contains(&format!("names::{name}")))
        })
        .map(|name| format!("telemetry::names::{name} is described and never recorded"))
        .collect();
    assert_none(&faults);
}

#[test]
fn every_file_says_first_what_it_is_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = ["src", "tests", "benches", "examples", "fuzz/fuzz_targets"];
    let faults: Vec<String> = places
        .iter()
        .flat_map(|place| rust_files(&root.join(place)))
        .filter(|path| {
            let code = fs::read_to_string(path).expect("source is UTF-8");
            !code.trim_start_matches("#![no_main]\n").starts_with("//! ")
        })
        .map(|path| format!("{}: begin with a //! sentence", path.display()))
        .collect();
    assert_none(&faults);
}

#[test]
fn files_have_one_idea_and_a_name_for_it() {
    let mut faults = Vec::new();
    for source in sources() {
        let stem = source.path.trim_end_matches(".rs");
        let empty = stem.split('/').find(|name| EMPTY_NAMES.contains(name));
        let excused = NAMED_ALL_THE_SAME
            .iter()
            .any(|(path, _)| *path == source.path);
        if let Some(name) = empty.filter(|_| !excused) {
            faults.push(format!(
                "src/{}: \"{name}\" says nothing about it",
                source.path
            ));
        }
        if source.path.ends_with("/mod.rs") {
            faults.push(format!("src/{}: module foo is src/foo.rs", source.path));
        }
        let lines = source.code.lines().count();
        let listed = LONG.iter().any(|(path, _)| *path == source.path);
        if lines > LONGEST && !listed {
            faults.push(format!(
                "src/{}: {lines} lines, split it by step",
                source.path
            ));
        } else if lines <= LONGEST && listed {
            faults.push(format!(
                "src/{}: {lines} lines, no longer an exception",
                source.path
            ));
        }
    }
    assert_none(&faults);
}

#[test]
fn a_path_is_seen_wherever_it_stands() {
    let code = r##"
        use crate::nl::Answer;
        use super::super::guard;
        use toml;
        pub use reqwest::Client;
        fn f<'a>(x: &'a crate::sql::Schema) -> axum::Router { "crate::cli"; 'x' }
        // crate::session::Session
        use crate::{wire, sql};
        fn g() { let _ = (r#"crate::cli"#, std::env::args(), b'"', clap::Parser::parse()); }
    "##;
    let seen: Vec<(String, String)> = scan::paths(code, 2)
        .into_iter()
        .map(|named| (named.root, named.next))
        .filter(|(root, _)| root != "use" && root != "pub")
        .collect();
    let seen: Vec<(&str, &str)> = seen
        .iter()
        .map(|(root, next)| (root.as_str(), next.as_str()))
        .collect();
    for expected in [
        ("crate", "nl"),
        ("crate", "guard"),
        ("toml", ""),
        ("reqwest", "Client"),
        ("crate", "sql"),
        ("axum", "Router"),
        ("crate", "{"),
        ("clap", "Parser"),
    ] {
        assert!(seen.contains(&expected), "{expected:?} in {seen:?}");
    }
    assert!(!seen.contains(&("crate", "cli")), "a string names nothing");
    assert!(
        !seen.contains(&("crate", "session")),
        "a comment names nothing"
    );
}

#[test]
fn up_and_sideways_are_refused_and_down_is_not() {
    assert!(refusal("wire", "sql").is_some());
    assert!(refusal("guard", "nl").is_some());
    assert!(refusal("config", TELEMETRY).is_some());
    assert!(refusal("session", "guard").is_none());
    assert!(refusal("nl", "nl").is_none());
    assert!(refusal("cli", "config").is_none());
}
