//! `pgparley eval` as its user runs it: the program, a PostgreSQL, a file of questions.

#[path = "support/model_server.rs"]
pub mod model_server;
pub mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Output;

use serde_json::Value;
use serde_json::json;
use support::program::Program;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use model_server::KEY;
use model_server::ModelServer;
use model_server::Reply;

const TABLES: &str = "
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, city text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers,
                     total numeric NOT NULL);
INSERT INTO customers VALUES (1, 'Ada', 'Oslo'), (2, 'Grace', 'Bergen'), (3, 'Edsger', 'Oslo');
INSERT INTO orders VALUES (1, 1, 10), (2, 1, 20.50), (3, 2, 5);";

/// A database, and a directory for files.
struct Stage {
    database: String,
    files: TempDir,
}

impl Stage {
    fn new() -> Self {
        let database = support::database();
        support::cluster()
            .run_sql(&database, TABLES)
            .expect("two tables");
        let files = tempfile::tempdir().expect("a directory");
        Self { database, files }
    }

    fn url(&self, address: std::net::SocketAddr) -> String {
        let user = support::cluster().superuser();
        format!("postgres://{user}@{address}/{}", self.database)
    }

    fn questions(&self, questions: &[Value]) -> std::path::PathBuf {
        let lines: Vec<String> = questions.iter().map(Value::to_string).collect();
        let path = self.files.path().join("questions.jsonl");
        fs::write(&path, lines.join("\n")).expect("written");
        path
    }

    /// What eval prints, and what it writes of each question.
    fn eval(&self, url: &str, questions: &[Value], more: &[&str]) -> (String, Vec<Value>) {
        let out = self.files.path().join("out.jsonl");
        let output = run(url, &self.questions(questions), &out, more);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        let lines = fs::read_to_string(out).expect("written by eval");
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"));
        (
            String::from_utf8(output.stdout).expect("UTF-8"),
            lines.collect(),
        )
    }
}

fn run(url: &str, questions: &Path, out: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pgparley"))
        .args(["eval", "--url", url, "--questions"])
        .arg(questions)
        .arg("--json")
        .arg(out)
        .args(more)
        .env("EVAL_KEY", KEY)
        .output()
        .expect("pgparley runs")
}

/// The cells of the row of the figures that begins with `name`, white space trimmed.
fn row<'a>(printed: &'a str, name: &str) -> Vec<&'a str> {
    let cells = |line: &'a str| {
        line.split('|')
            .map(str::trim)
            .filter(|cell| !cell.is_empty())
    };
    let found = printed
        .lines()
        .find(|line| cells(line).next() == Some(name));
    cells(found.unwrap_or_else(|| panic!("no row {name:?} in\n{printed}"))).collect()
}

fn mixed() -> Vec<Value> {
    vec![
        json!({"id": "right", "question": "how many customers are there?", "kind": "count",
               "gold_sql": "SELECT count(*) FROM customers", "gold_tables": ["customers"]}),
        json!({"id": "other", "question": "how many orders are there?", "kind": "count",
               "gold_sql": "SELECT 7", "gold_sql_alternatives": ["SELECT 3"],
               "gold_tables": ["orders"]}),
        json!({"id": "wrong", "question": "list the names of all customers", "kind": "list",
               "gold_sql": "SELECT name FROM customers WHERE id < 3",
               "gold_tables": ["public.customers"]}),
        json!({"id": "none", "question": "who is the president of Atlantis?", "kind": "list",
               "expect": "abstain"}),
        json!({"id": "unknown", "question": "the gross zebra margin", "kind": "list",
               "gold_sql": "SELECT 1", "gold_tables": ["orders"]}),
    ]
}

#[test]
fn a_server_is_asked_through_a_pgparley_that_comes_and_goes() {
    let stage = Stage::new();
    let url = stage.url(support::cluster().addr());
    let (printed, lines) = stage.eval(&url, &mixed(), &["--by", "kind"]);
    // set, questions, answered, right, of the answers, unanswerable refused, failed
    assert_eq!(
        row(&printed, "count")[1..6],
        ["2", "100.0 %", "100.0 %", "100.0 %", "-"]
    );
    assert_eq!(
        row(&printed, "list")[1..7],
        ["3", "50.0 %", "0.0 %", "0.0 %", "100.0 %", "0"]
    );
    assert_eq!(row(&printed, "all")[1..4], ["5", "75.0 %", "50.0 %"]);
    let told = |id: &str| {
        let line = lines.iter().find(|line| line["id"] == id);
        line.unwrap_or_else(|| panic!("no line {id}"))
    };
    assert_eq!(told("right")["right"], true);
    assert_eq!(told("other")["right"], true);
    assert_eq!(told("wrong")["why"], "3 rows, gold has 2");
    assert_eq!(told("none")["sqlstate"], "PGN02");
    assert_eq!(told("unknown")["right"], false);
}

#[test]
fn a_pgparley_is_asked_as_it_is() {
    let stage = Stage::new();
    let pgparley = Program::serve_with(support::cluster(), &["nl.row_limit=2"]);
    let url = stage.url(pgparley.addr());
    let (_, lines) = stage.eval(&url, &mixed()[2..3], &[]);
    let why = lines[0]["why"].as_str().expect("told why");
    assert!(why.starts_with("result truncated to 2 rows"), "{why}");
    assert_eq!(lines[0]["right"], Value::Null);

    let questions = stage.questions(&mixed());
    let out = stage.files.path().join("out");
    let refused = run(&url, &questions, &out, &["--model", "builtin"]);
    assert!(!refused.status.success());
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(
        told.contains("--model and --config need the URL of a PostgreSQL"),
        "{told}"
    );
}

#[test]
fn retrieval_is_judged_without_any_translation() {
    let stage = Stage::new();
    let url = stage.url(support::cluster().addr());
    let questions = [
        json!({"id": "one", "question": "customers in Oslo", "gold_tables": ["customers"]}),
        json!({"id": "any", "question": "zebra margin of customers",
               "gold_tables": ["zebras"], "gold_tables_any": [["customers"]]}),
        json!({"id": "never", "question": "customers", "gold_tables": ["customers", "zebras"]}),
    ];
    let (printed, lines) = stage.eval(&url, &questions, &["--stage", "retrieve"]);
    assert_eq!(row(&printed, "-")[1..3], ["3", "66.7 %"]);
    let found: Vec<&Value> = lines.iter().map(|line| &line["found_at"]).collect();
    assert_eq!(found, [&json!(1), &json!(1), &Value::Null]);
}

#[test]
fn a_prompt_is_counted_and_no_model_asked() {
    let stage = Stage::new();
    let url = stage.url(support::cluster().addr());
    let (_, lines) = stage.eval(&url, &mixed()[..1], &["--stage", "prompt"]);
    let tokens = lines[0]["prompt_tokens_estimated"]
        .as_u64()
        .expect("a number");
    assert!((200..2000).contains(&tokens), "{tokens}");
}

#[test]
fn a_models_tokens_and_cost_are_added_up() {
    let stage = Stage::new();
    let runtime = Runtime::new().expect("a runtime");
    let sql = "SELECT count(*) AS n FROM public.customers AS c";
    let models = runtime.block_on(ModelServer::start([Reply::sql(sql)]));
    let config = stage.files.path().join("models.toml");
    let settings = format!(
        "[llm.remote]\nkind = \"openai\"\nbase_url = {:?}\nmodel = \"gpt-test\"\n\
         api_key_env = \"EVAL_KEY\"\nprompt_price = 2.0\ncompletion_price = 8.0\n",
        models.base_url()
    );
    fs::write(&config, settings).expect("written");
    let config = config.to_str().expect("UTF-8").to_owned();
    let url = stage.url(support::cluster().addr());
    let more = ["--model", "remote", "--config", &config];
    let (_, lines) = stage.eval(&url, &mixed()[..1], &more);
    assert_eq!(lines[0]["right"], true, "{}", lines[0]);
    let tokens = ["prompt_tokens", "completion_tokens"].map(|name| lines[0][name].as_f64());
    let [Some(prompt), Some(completion)] = tokens else {
        panic!("no tokens in {}", lines[0]);
    };
    assert!(prompt > 0.0 && completion > 0.0, "{}", lines[0]);
    let cost = lines[0]["cost"].as_f64().expect("a cost");
    let expected = (prompt * 2.0 + completion * 8.0) / 1e6;
    assert!((cost - expected).abs() < 1e-6, "{cost} is not {expected}");
}

#[test]
fn a_file_that_holds_no_question_is_an_error_with_its_line() {
    let stage = Stage::new();
    let questions = stage.questions(&[json!({"id": "a"})]);
    let out = stage.files.path().join("out");
    let url = stage.url(support::cluster().addr());
    let output = run(&url, &questions, &out, &[]);
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("questions.jsonl:1: no question"), "{told}");
    assert!(told.contains("missing field `question`"), "{told}");
}
