//! The configuration as people write it: the example file, every fault with its line, any bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use proptest::prelude::*;

use pgparley::config;
use pgparley::config::Ceiling;
use pgparley::config::Config;
use pgparley::config::Database;
use pgparley::config::LlmKind;
use pgparley::config::Mask;
use pgparley::config::Policy;
use pgparley::config::Secret;
use pgparley::config::Sources;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/pgparley.toml");
const DATABASE: &str = "[[database]]\nname = \"*\"\nupstream = \"postgres://h\"\n";

/// Reads `text` as `pgparley.toml`.
fn load(text: &str) -> Result<Config, Vec<String>> {
    config::load_bytes(Path::new("pgparley.toml"), text.as_bytes())
        .map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

/// The faults of `text`, which must have some.
fn faults(text: &str) -> Vec<String> {
    load(text).expect_err("a wrong configuration was taken")
}

/// The faults of `text` behind a sound `[[database]]`, whose three lines count.
fn faults_beside_a_database(text: &str) -> Vec<String> {
    faults(&format!("{DATABASE}{text}"))
}

fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// The example with every setting that is off by default switched on.
fn example_with_everything_on() -> String {
    let text = fs::read_to_string(EXAMPLE).expect("the example is in the repository");
    text.lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting,
            _ => line,
        })
        // One of the two sources of a key can be on.
        .filter(|line| !line.starts_with("api_key_file"))
        .fold(String::new(), |all, line| all + line + "\n")
}

#[test]
fn the_example_file_is_the_defaults() {
    let sources = Sources {
        file: Some(PathBuf::from(EXAMPLE)),
        ..Sources::default()
    };
    let config = config::load(&sources).unwrap();
    let any = Database::new("*", "postgres://127.0.0.1:5432".parse().unwrap());
    let defaults = Config {
        databases: vec![any],
        ..Config::default()
    };
    assert_eq!(config, defaults);
}

#[test]
fn the_example_file_shows_every_setting() {
    let text = fs::read_to_string(EXAMPLE).unwrap();
    let mut section = String::new();
    let mut shown = Vec::new();
    for line in text.lines() {
        let line = line.strip_prefix('#').unwrap_or(line);
        if let Some(header) = line.strip_prefix('[') {
            let name = header.trim_matches(['[', ']']);
            name.split('.').next().unwrap().clone_into(&mut section);
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with(' ')) {
            shown.push(format!("{section}.{key}"));
        }
    }
    assert_eq!(
        shown,
        config::keys(),
        "config/pgparley.toml differs from the code's settings"
    );
}

#[test]
fn what_the_example_has_switched_off_is_valid_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pgparley.toml");
    fs::write(&path, example_with_everything_on()).unwrap();
    let secrets = [
        ("PGPARLEY_SERVICE_PASSWORD", "one"),
        ("PGPARLEY_API_KEY", "two"),
    ];
    let sources = Sources {
        file: Some(path),
        environment: environment(&secrets),
        ..Sources::default()
    };
    let config = config::load(&sources).unwrap();
    let [database] = &config.databases[..] else {
        panic!("one database")
    };
    assert_eq!(database.service_password, Some(Secret::new("one")));
    assert_eq!(config.llm["local"].api_key, Some(Secret::new("two")));
    assert_eq!(config.llm["local"].kind, LlmKind::Openai);
    let [policy] = &config.policies[..] else {
        panic!("one policy")
    };
    let defaults = Policy::default();
    assert_eq!(
        (
            policy.on_exceed,
            policy.mechanism,
            policy.returning,
            policy.copy
        ),
        (
            defaults.on_exceed,
            defaults.mechanism,
            defaults.returning,
            defaults.copy
        ),
        "what has a default shows it"
    );
    assert_eq!((policy.read_only, policy.require_where), (false, false));
    assert_eq!(policy.row_limit, Some(1000));
    assert_eq!(policy.row_limit_ceiling, Some(Ceiling::Rows(100_000)));
    assert!(
        policy
            .tables
            .admit(|pattern| pattern.matches("public", "orders"))
    );
    assert!(
        !policy
            .tables
            .admit(|pattern| pattern.matches("public", "salaries"))
    );
    assert_eq!(policy.mask_columns[0].1, Mask::Hash);
    assert_eq!(policy.mask_columns[1].1, Mask::Constant("***".to_owned()));
    assert_eq!(policy.matches.application.as_deref(), Some("dashboard"));
}

#[test]
fn all_faults_come_at_once_in_the_order_of_their_lines() {
    let text = r#"
[server]
listen = "localhost"
worker = 3

[[database]]
name = "shop"
upstream = "mysql://h"
poolsize = 5

[nl]
model = "gpt"
deadline = 30
"#;
    assert_eq!(
        faults(text),
        [
            "pgparley.toml:3: \"listen\" in [server]: expected an address and a port such as \"127.0.0.1:6432\" or \"[::1]:6432\", got \"localhost\"",
            "pgparley.toml:4: unknown key \"worker\" in [server], did you mean \"workers\"?",
            "pgparley.toml:8: \"upstream\" in [[database]]: expected a URL such as \"postgres://user@host:5432/dbname\"",
            "pgparley.toml:9: unknown key \"poolsize\" in [[database]], did you mean \"pool_size\"?",
            "pgparley.toml:12: \"model\" in [nl]: there is no [llm.NAME] for \"gpt\", nor is it \"builtin\"",
            "pgparley.toml:13: \"deadline\" in [nl]: expected a duration above 0 with a unit (ms, s, min, h, d) such as \"5s\", got 30",
        ]
    );
}

#[test]
fn every_class_of_fault_has_its_message() {
    let cases = [
        (
            "[sever]",
            "4: unknown section \"sever\", did you mean \"server\"?",
        ),
        ("[[server]]", "4: expected the section [server], got a list"),
        ("[policy]", "4: expected sections [[policy]], got a table"),
        (
            "[server]\nlisten = []",
            "5: \"listen\" in [server]: expected at least one address such as \"127.0.0.1:6432\"",
        ),
        (
            "[server]\nlisten = [\"[::1]:1\", \"[::1]:1\"]",
            "5: \"listen\" in [server]: [::1]:1 is given twice",
        ),
        (
            "[server]\nhttp_listen = \"127.0.0.1:6432\"",
            "5: \"http_listen\" in [server]: 127.0.0.1:6432 is an address of \"listen\" already",
        ),
        (
            "[server]\nworkers = 2000",
            "5: \"workers\" in [server]: expected a whole number from 0 to 1024, got 2000",
        ),
        (
            "[server]\nworkers = 99999999999999999999",
            "5: \"workers\" in [server]: expected a whole number from 0 to 1024, got \"99999999999999999999\"",
        ),
        (
            "[server]\nlog_format = \"xml\"",
            "5: \"log_format\" in [server]: expected \"text\" or \"json\", got \"xml\"",
        ),
        (
            "[server]\nlog = \"pgparley=loud\"",
            "5: \"log\" in [server]: expected a log filter such as \"info\" or \"pgparley=debug\", got \"pgparley=loud\"",
        ),
        (
            "[[database]]\nname = \"*\"\nupstream = \"postgres://h\"",
            "4: a [[database]] \"*\" is there already",
        ),
        (
            "[[database]]\nname = \"x\"\nupstream = \"postgres://h\"",
            "4: [[database]] \"x\" is never reached: \"*\" is above it",
        ),
        (
            "[[policy]]\nmatch = { usr = \"ann\" }",
            "5: unknown key \"usr\" in match of [[policy]], did you mean \"user\"?",
        ),
        (
            "[[policy]]\nname = \"a\"\n[[policy]]\nname = \"a\"",
            "6: a [[policy]] \"a\" is there already",
        ),
        (
            "[nl]\nmax_bytes = \"16MB\"",
            "5: \"max_bytes\" in [nl]: expected a size above 0, in bytes or with a unit (B, KiB, MiB, GiB) such as \"16MiB\", got \"16MB\"",
        ),
        (
            "[nl]\nmax_cost = -1",
            "5: \"max_cost\" in [nl]: expected a number above 0, got -1",
        ),
        (
            "[nl]\ndeadline = \"25d\"",
            "5: \"deadline\" in [nl]: expected at most 24d, got \"25d\"",
        ),
        (
            "[llm.builtin]\nkind = \"openai\"\nbase_url = \"http://h\"\nmodel = \"m\"",
            "4: [llm.builtin] cannot be: \"builtin\" needs no model",
        ),
        (
            "[llm.a]\nkind = \"opnai\"\nbase_url = \"http://h\"\nmodel = \"m\"",
            "5: \"kind\" in [llm.a]: expected \"openai\", got \"opnai\"",
        ),
        (
            "[llm.a]\nkind = \"openai\"\nbase_url = \"h/v1\"\nmodel = \"m\"",
            "6: \"base_url\" in [llm.a]: expected a URL such as \"https://api.example.com/v1\"",
        ),
        (
            "[llm.a]\nkind = \"openai\"\nbase_url = \"http://h\"",
            "4: \"model\" is missing in [llm.a]",
        ),
        (
            "[llm.a]\nkind = \"openai\"\nbase_url = \"http://h\"\nmodel = \"m\"\napi_key_env = \"NO_SUCH\"",
            "8: \"api_key_env\" in [llm.a]: the environment variable NO_SUCH is not set",
        ),
        ("x = = 1", "4: not TOML: extra `=`, expected nothing"),
    ];
    each_is_the_only_fault(&cases);
}

#[test]
fn every_fault_of_a_policy_has_its_message() {
    each_is_the_only_fault(&[
        (
            "[[policy]]\nrow_limit = 0",
            "5: \"row_limit\" in [[policy]]: expected a whole number from 1 to 9223372036854775806, got 0",
        ),
        (
            "[[policy]]\nrow_limit_ceiling = 5",
            "5: \"row_limit_ceiling\" in [[policy]]: there is no row_limit to raise",
        ),
        (
            "[[policy]]\nrow_limit = 9\nrow_limit_ceiling = 5",
            "6: \"row_limit_ceiling\" in [[policy]]: expected at least row_limit",
        ),
        (
            "[[policy]]\nallow_statements = [\"selct\"]",
            "5: \"allow_statements\" in [[policy]]: expected the name of a command in lower case such as \"delete\", got \"selct\", did you mean \"select\"?",
        ),
        (
            "[[policy]]\ndeny_tables = \"orders\"",
            "5: \"deny_tables\" in [[policy]]: expected a list of strings, got \"orders\"",
        ),
        (
            "[[policy]]\ndeny_tables = [\"a.b.c\"]",
            "5: \"deny_tables\" in [[policy]]: expected a name such as \"orders\" or \"public.orders\", got \"a.b.c\"",
        ),
        (
            "[[policy]]\nmask_columns = [\"t.c: upper\"]",
            "5: \"mask_columns\" in [[policy]]: expected a column and its mask, \"orders.note: null\", \": hash\" or \": constant TEXT\", got \"t.c: upper\"",
        ),
        (
            "[[policy]]\nread_only = \"yes\"",
            "5: \"read_only\" in [[policy]]: expected true or false, got \"yes\"",
        ),
    ]);
}

/// Each text, beside a database, has the fault after it and none other.
fn each_is_the_only_fault(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(
            faults_beside_a_database(text),
            [format!("pgparley.toml:{expected}")],
            "{text}"
        );
    }
}

#[test]
fn a_configuration_needs_a_database() {
    let expected = "no [[database]] is set; --upstream URL serves any database of a server";
    assert_eq!(faults(""), [format!("pgparley.toml: {expected}")]);
    let nothing = config::load(&Sources::default()).unwrap_err();
    assert_eq!(nothing.to_string(), format!("configuration: {expected}"));
}

#[test]
fn a_file_that_cannot_be_read_is_one_fault() {
    let sources = Sources {
        file: Some("/no/such/pgparley.toml".into()),
        ..Sources::default()
    };
    let faults = config::load(&sources).unwrap_err();
    assert_eq!(faults.len(), 1);
    let message = faults.to_string();
    assert!(
        message.starts_with("/no/such/pgparley.toml: could not read the file: "),
        "{message}"
    );
}

#[test]
fn a_later_source_outranks_an_earlier_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pgparley.toml");
    let text =
        "[server]\nlisten = \"127.0.0.1:1\"\nworkers = 1\nlog = \"warn\"\n[nl]\nrow_limit = 5\n";
    fs::write(&path, text).unwrap();
    let sources = Sources {
        file: Some(path),
        environment: environment(&[
            ("PGPARLEY__SERVER__WORKERS", "2"),
            ("PGPARLEY__SERVER__LISTEN", "127.0.0.1:2"),
            ("PGPARLEY__SERVER__LOG", "debug"),
            ("PGPARLEY__DATABASE__0__NAME", "shop"),
            ("PGPARLEY__DATABASE__0__UPSTREAM", "postgres://first/shop"),
            ("PATH", "/bin"),
        ]),
        set: vec![
            "server.workers=3".to_owned(),
            "server.listen=127.0.0.1:3".to_owned(),
        ],
        listen: vec!["127.0.0.1:4".to_owned()],
        upstream: Some("postgres://any".to_owned()),
    };
    let config = config::load(&sources).unwrap();
    assert_eq!(config.nl.row_limit, 5);
    assert_eq!(config.server.log, "debug");
    assert_eq!(config.server.workers, 3);
    assert_eq!(config.server.listen, ["127.0.0.1:4".parse().unwrap()]);
    let names: Vec<&str> = config
        .databases
        .iter()
        .map(|database| database.name.as_str())
        .collect();
    assert_eq!(names, ["shop", "*"]);
}

#[test]
fn upstream_takes_the_place_of_the_files_any_database() {
    let sources = Sources {
        file: Some(PathBuf::from(EXAMPLE)),
        set: vec!["database.0.pool_size=7".to_owned()],
        upstream: Some("postgres://other".to_owned()),
        ..Sources::default()
    };
    let config = config::load(&sources).unwrap();
    let [database] = &config.databases[..] else {
        panic!("one database")
    };
    assert_eq!(
        (database.upstream.host.as_str(), database.pool_size),
        ("other", 7)
    );
}

#[test]
fn upstream_alone_is_a_database_that_set_reaches() {
    let sources = Sources {
        set: vec![
            "database.0.pool_size=7".to_owned(),
            "database.0.upstream=wrong".to_owned(),
        ],
        upstream: Some("postgres://any".to_owned()),
        ..Sources::default()
    };
    let config = config::load(&sources).unwrap();
    let [database] = &config.databases[..] else {
        panic!("one database")
    };
    assert_eq!(
        (database.name.as_str(), database.upstream.host.as_str()),
        ("*", "any")
    );
    assert_eq!(database.pool_size, 7);
}

#[test]
fn the_environment_writes_lists_in_the_order_of_their_places() {
    let named = (0..12).map(|place| {
        let variable = format!("PGPARLEY__DATABASE__{place}__");
        [
            (format!("{variable}NAME"), format!("d{place}")),
            (format!("{variable}UPSTREAM"), "postgres://h".to_owned()),
        ]
    });
    let sources = Sources {
        environment: named.flatten().collect(),
        ..Sources::default()
    };
    let config = config::load(&sources).unwrap();
    assert_eq!(config.databases.len(), 12);
    assert_eq!(config.databases[11].name, "d11");
}

#[test]
fn faults_of_options_and_variables_name_them() {
    let sources = Sources {
        environment: environment(&[
            ("PGPARLEY__SERVER__WORKER", "2"),
            ("PGPARLEY__NL", "on"),
            ("PGPARLEY__NL__MODEL", "\u{FFFD}"),
        ]),
        set: [
            "server",
            "a.b=1",
            "database.4.name=x",
            "database=1",
            "nl.enabled=maybe",
            "=",
            "nl.model.x=1",
        ]
        .map(str::to_owned)
        .to_vec(),
        listen: vec!["here".to_owned()],
        upstream: Some("postgres://u:hunter2@h:x".to_owned()),
        ..Sources::default()
    };
    let message = config::load(&sources).unwrap_err().to_string();
    let expected = [
        "environment variable PGPARLEY__NL: expected a section and a key",
        "environment variable PGPARLEY__NL__MODEL: the value is not UTF-8",
        "environment variable PGPARLEY__SERVER__WORKER: unknown key \"worker\" in [server], did you mean \"workers\"?",
        "--listen: \"listen\" in [server]: expected an address and a port such as \"127.0.0.1:6432\" or \"[::1]:6432\", got \"here\"",
        "--set: expected section.key=value, got \"server\"",
        "--set : expected a section and a key",
        "--set a.b: unknown section \"a\"",
        "--set database: expected a section and a key",
        "--set database.4.name: there is no database 4, the next one is 1",
        "--set nl.enabled: \"enabled\" in [nl]: expected true or false, got \"maybe\"",
        "--set nl.model.x: \"model\" in [nl]: expected a string, got a table",
        "--upstream: \"upstream\" in [[database]]: the port is not a number from 1 to 65535",
    ];
    assert_eq!(message.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn loose_values_take_the_type_of_their_setting() {
    let set = [
        "database.0.name=7",
        "database.0.upstream=postgres://u:p=q@h",
        "nl.deadline=5s",
        "nl.max_bytes=1024",
        "nl.max_cost=1.5",
        "nl.enabled=false",
        "server.http_listen=off",
        "server.listen=127.0.0.1:1,[::1]:1",
        "policy.0.match.user=ann",
        "policy.0.row_limit=9",
        "llm.Big.kind=openai",
        "llm.Big.base_url=https://h/v1/",
        "llm.Big.model='m'",
    ];
    let sources = Sources {
        set: set.map(str::to_owned).to_vec(),
        ..Sources::default()
    };
    let config = config::load(&sources).unwrap();
    assert_eq!(config.databases[0].name, "7");
    assert_eq!(
        config.databases[0].upstream.password,
        Some(Secret::new("p=q"))
    );
    assert_eq!(config.nl.deadline, Duration::from_secs(5));
    assert_eq!((config.nl.max_bytes, config.nl.max_cost), (1024, Some(1.5)));
    assert!(!config.nl.enabled);
    assert_eq!(config.server.http_listen, None);
    assert_eq!(config.server.listen.len(), 2);
    assert_eq!(config.policies[0].name, "policy 1");
    assert_eq!(config.policies[0].matches.user.as_deref(), Some("ann"));
    assert_eq!(config.llm["Big"].base_url, "https://h/v1");
    assert_eq!(config.llm["Big"].model, "m");
}

#[test]
fn keys_come_from_files_and_are_never_shown() {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("key");
    let model = |file: &Path| {
        let lines = [
            "kind = \"openai\"",
            "base_url = \"http://h\"",
            "model = \"m\"",
        ]
        .join("\n");
        format!(
            "{DATABASE}[llm.a]\n{lines}\napi_key_file = \"{}\"",
            file.display()
        )
    };
    fs::write(&key, "sk-hunter2\n").unwrap();
    assert_eq!(
        load(&model(&key)).unwrap().llm["a"].api_key,
        Some(Secret::new("sk-hunter2"))
    );
    for wrong in ["", " \n", "sk-hunter2\nsk-hunter2"] {
        fs::write(&key, wrong).unwrap();
        let message = faults(&model(&key)).join("\n");
        assert!(
            message.contains("\"api_key_file\" in [llm.a]: the file"),
            "{message}"
        );
        assert!(!message.contains("hunter2"), "{message}");
    }
    assert!(faults(&model(&directory.path().join("none")))[0].contains("could not read"));

    let pasted = "[llm.a]\nkind = \"openai\"\nbase_url = \"http://h\"\nmodel = \"m\"\napi_key_env = \"gsk_hunter2\"\napi_key_file = \"/dev/null\"";
    let message = faults_beside_a_database(pasted).join("\n");
    assert!(message.contains("only one of them can be"), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
}

#[test]
fn check_and_serve_say_every_fault_on_a_line_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("wrong.toml");
    fs::write(
        &path,
        format!("{DATABASE}[nl]\nmodl = 1\n[server]\nworker = 1\n"),
    )
    .unwrap();
    let shown = path.display();
    let expected = format!(
        "{shown}:5: unknown key \"modl\" in [nl], did you mean \"model\"?\n\
         {shown}:7: unknown key \"worker\" in [server], did you mean \"workers\"?\n"
    );
    for command in ["check", "serve"] {
        let mut pgparley = Command::new(env!("CARGO_BIN_EXE_pgparley"));
        pgparley.env_clear();
        let output = pgparley
            .arg(command)
            .arg("--config")
            .arg(&path)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{command}");
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            expected,
            "{command}"
        );
    }
}

#[test]
fn check_is_silent_about_the_example() {
    let mut pgparley = Command::new(env!("CARGO_BIN_EXE_pgparley"));
    pgparley.env_clear();
    let output = pgparley
        .args(["check", "--config", EXAMPLE])
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

/// Text that looks like a configuration more often than chance would make it.
fn nearly_configuration() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("[server]".to_owned()),
        Just("[[database]]".to_owned()),
        Just("[[policy]]".to_owned()),
        Just("[llm.a]".to_owned()),
        proptest::sample::select(config::keys()).prop_flat_map(|key| {
            let name = key
                .split('.')
                .next_back()
                .expect("a split has a last part")
                .to_owned();
            "(\"[^\"\\\\\n]*\"|[0-9]{1,20}|true|\\[.*\\]|\\{.*\\}|.*)"
                .prop_map(move |value| format!("{name} = {value}"))
        }),
        "\\PC*",
    ];
    proptest::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_with_a_message(text in nearly_configuration()) {
        if let Err(faults) = load(&text) {
            prop_assert!(faults.iter().all(|fault| fault.starts_with("pgparley.toml")));
            prop_assert!(faults.iter().all(|fault| !fault.contains('\n')));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = config::load_bytes(Path::new("pgparley.toml"), &bytes);
    }

    #[test]
    fn any_option_is_read_or_refused(options in proptest::collection::vec("\\PC*|[a-z]{1,8}\\.[a-z0-9_.]{0,12}=\\PC*", 0..6)) {
        let sources = Sources {
            set: options,
            upstream: Some("postgres://h".to_owned()),
            ..Sources::default()
        };
        if let Err(faults) = config::load(&sources) {
            prop_assert!(!faults.is_empty());
        }
    }
}
