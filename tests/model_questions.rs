//! Questions that a model answers, from a client of pgparley to PostgreSQL and back.

#[path = "support/model_server.rs"]
pub mod model_server;
pub mod support;

use std::time::Duration;

use pgparley::cli::demo::front;
use pgparley::config;
use pgparley::config::Config;
use pgparley::server::Running;
use pgparley::server::Server;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio_postgres::Client;
use tokio_postgres::NoTls;
use tokio_postgres::SimpleQueryMessage;

use model_server::KEY;
use model_server::ModelServer;
use model_server::Reply;

/// Only the model can answer it; the built-in translator does not know the words.
const QUESTION: &str = "/* nl: which zebra sings the loudest? */";

/// A model's provider, a pgparley that asks it, and a database with three orders.
struct Stage {
    // Stopped before the runtime that the provider runs on.
    running: Running,
    models: ModelServer,
    database: String,
    runtime: Runtime,
}

impl Stage {
    fn new(script: impl IntoIterator<Item = Reply>) -> Self {
        Self::with(script, |_| {})
    }

    fn with(script: impl IntoIterator<Item = Reply>, change: impl FnOnce(&mut Config)) -> Self {
        let cluster = support::cluster();
        let database = support::database();
        let orders = "CREATE TABLE orders (id bigint PRIMARY KEY, total numeric NOT NULL); \
                      INSERT INTO orders VALUES (1, 10), (2, 20), (3, 30)";
        cluster.run_sql(&database, orders).expect("three orders");

        let runtime = Runtime::new().expect("a runtime");
        let models = runtime.block_on(ModelServer::start(script));
        let listen = "127.0.0.1:0".parse().expect("an address");
        let mut config = front::config(cluster, listen);
        "remote".clone_into(&mut config.nl.model);
        config
            .llm
            .insert("remote".to_owned(), model(models.base_url()));
        change(&mut config);
        let running = Server::start(config).expect("pgparley starts");
        Self {
            running,
            models,
            database,
            runtime,
        }
    }

    fn connect(&self) -> Client {
        let mut config = front::client(self.running.addr());
        config
            .user(support::cluster().superuser())
            .dbname(&self.database);
        let (client, connection) = self
            .runtime
            .block_on(config.connect(NoTls))
            .expect("a login");
        self.runtime.spawn(connection);
        client
    }

    /// The first column of what `text` answers.
    fn ask(&self, client: &Client, text: &str) -> Result<Vec<String>, Refused> {
        let answer = self.runtime.block_on(client.simple_query(text));
        let messages = answer.map_err(|error| Refused::new(&error))?;
        let first = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("NULL").to_owned()),
            _ => None,
        };
        Ok(messages.iter().filter_map(first).collect())
    }

    /// The SQLSTATE and message that the question gets, after which the session is as before and
    /// no order is lost.
    fn refused(&self, client: &Client) -> (String, String) {
        let error = self.ask(client, QUESTION).expect_err("no answer");
        let orders = self.ask(client, "SELECT count(*) FROM orders");
        assert_eq!(orders.expect("the session is usable"), ["3"]);
        (error.code, error.message)
    }
}

/// An error as the client sees it.
#[derive(Debug, PartialEq)]
struct Refused {
    code: String,
    message: String,
}

impl Refused {
    fn new(error: &tokio_postgres::Error) -> Self {
        let error = error.as_db_error().expect("an error of the server");
        Self {
            code: error.code().code().to_owned(),
            message: error.message().to_owned(),
        }
    }
}

fn model(base_url: String) -> config::Llm {
    config::Llm {
        api_key: Some(config::Secret::new(KEY)),
        max_concurrent: 4,
        max_tokens: 500,
        ..config::Llm::new(config::LlmKind::Openai, base_url, "gpt-test")
    }
}

#[test]
fn a_models_statement_is_run_and_its_second_asker_served_from_memory() {
    let stage = Stage::new([Reply::sql("SELECT count(*) AS n FROM public.orders AS o")]);
    assert_eq!(
        stage.ask(&stage.connect(), QUESTION),
        Ok(vec!["3".to_owned()])
    );
    assert_eq!(
        stage.ask(&stage.connect(), QUESTION),
        Ok(vec!["3".to_owned()])
    );
    assert_eq!(stage.models.received().len(), 1);
}

#[test]
fn the_servers_objection_reaches_the_model() {
    let stage = Stage::new([
        Reply::sql("SELECT o.total + 'x'::text AS n FROM public.orders AS o"),
        Reply::sql("SELECT sum(o.total) AS n FROM public.orders AS o"),
    ]);
    assert_eq!(
        stage.ask(&stage.connect(), QUESTION),
        Ok(vec!["60".to_owned()])
    );
    let received = stage.models.received();
    let objection = received[1].last_message();
    assert!(
        objection.contains("operator does not exist: numeric + text"),
        "{objection}"
    );
}

#[test]
fn a_delete_in_a_cte_is_refused_however_often_it_is_tried() {
    let delete = "WITH gone AS (DELETE FROM public.orders RETURNING id) SELECT id FROM gone";
    let stage = Stage::new([Reply::sql(delete)]);
    let (code, message) = stage.refused(&stage.connect());
    assert_eq!(code, "PGN05", "{message}");
    assert!(
        message.starts_with("SQL written by the model was refused by the guard"),
        "{message}"
    );
}

#[test]
fn several_statements_in_an_answer_are_refused() {
    let stage = Stage::new([Reply::sql("SELECT 1; DELETE FROM public.orders")]);
    assert_eq!(stage.refused(&stage.connect()).0, "PGN05");
}

#[test]
fn nonsense_is_a_model_that_is_unavailable() {
    let stage = Stage::new([Reply::Says("Forty-two.".to_owned())]);
    let (code, message) = stage.refused(&stage.connect());
    assert_eq!(code, "PGN04");
    assert_eq!(
        message,
        "the model did not answer in the form that was asked for"
    );
}

#[test]
fn what_the_model_cannot_answer_is_said_so() {
    let cannot = json!({ "cannot": "no table of zebras" }).to_string();
    let stage = Stage::new([Reply::Says(cannot)]);
    assert_eq!(stage.refused(&stage.connect()).0, "PGN02");
}

#[test]
fn each_kind_of_outage_has_its_code() {
    let rate = Stage::new([Reply::error(429, "{}")]);
    assert_eq!(rate.refused(&rate.connect()).0, "53400");
    let down = Stage::new([Reply::error(503, "{}")]);
    assert_eq!(down.refused(&down.connect()).0, "PGN04");
    let slow = Stage::with([Reply::Silence], |config| {
        config.nl.deadline = Duration::from_millis(200);
    });
    assert_eq!(slow.refused(&slow.connect()).0, "57014");
}

#[test]
fn a_question_too_long_never_reaches_the_model() {
    let stage = Stage::new([]);
    let client = stage.connect();
    let long = format!("/* nl: {} */", "x".repeat(2001));
    let error = stage.ask(&client, &long).expect_err("too long");
    assert_eq!(error.code, "54000");
    assert_eq!(stage.ask(&client, "SELECT 1"), Ok(vec!["1".to_owned()]));
}

#[test]
fn a_cancel_request_ends_the_models_call() {
    let stage = Stage::new([Reply::Silence]);
    let client = stage.connect();
    let token = client.cancel_token();
    let (answer, ()) = stage.runtime.block_on(async {
        tokio::join!(client.simple_query(QUESTION), async {
            stage.models.arrived(1).await;
            token.cancel_query(NoTls).await.expect("a cancel");
            stage.models.gone(1).await;
        })
    });
    let error = answer.expect_err("cancelled");
    assert_eq!(Refused::new(&error).code, "57014");
    assert_eq!(stage.ask(&client, "SELECT 1"), Ok(vec!["1".to_owned()]));
}

#[test]
fn a_client_that_leaves_ends_the_models_call() {
    let stage = Stage::new([Reply::Silence]);
    let mut config = front::client(stage.running.addr());
    config
        .user(support::cluster().superuser())
        .dbname(&stage.database);
    stage.runtime.block_on(async {
        let (client, connection) = config.connect(NoTls).await.expect("a login");
        let connection = tokio::spawn(connection);
        tokio::select! {
            _ = client.simple_query(QUESTION) => panic!("the model is silent"),
            () = stage.models.arrived(1) => {}
        }
        connection.abort();
        stage.models.gone(1).await;
    });
}

#[test]
fn in_a_transaction_a_failed_question_is_a_failed_statement() {
    let stage = Stage::new([Reply::error(401, "{}")]);
    let client = stage.connect();
    stage.ask(&client, "BEGIN").expect("a transaction");
    stage.ask(&client, "DELETE FROM orders").expect("deleted");
    assert_eq!(
        stage.ask(&client, QUESTION).expect_err("no answer").code,
        "PGN04"
    );
    let aborted = stage.ask(&client, "SELECT 1").expect_err("aborted");
    assert_eq!(aborted.code, "25P02");
    stage.ask(&client, "ROLLBACK").expect("rolled back");
    let orders = stage.ask(&client, "SELECT count(*) FROM orders");
    assert_eq!(orders, Ok(vec!["3".to_owned()]));
}
