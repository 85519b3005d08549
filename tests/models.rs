//! Questions put to a model over real HTTP: every way it may answer, and fail to.

#[path = "models/dialogue.rs"]
mod dialogue;
#[path = "models/fault_table.rs"]
mod fault_table;
#[path = "models/faults.rs"]
mod faults;
#[path = "support/model_server.rs"]
pub mod model_server;
#[path = "models/secrecy.rs"]
mod secrecy;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pgparley::config;
use pgparley::nl::Answer;
use pgparley::nl::Cannot;
use pgparley::nl::Context;
use pgparley::nl::Question;
use pgparley::nl::Step;
use pgparley::nl::Translation;
use pgparley::nl::Translator;
use pgparley::sql::schema::Column;
use pgparley::sql::schema::Schema;
use pgparley::sql::schema::Table;
use pgparley::sql::schema::TypeKind;
use tokio::runtime::Handle;

use model_server::KEY;
use model_server::ModelServer;
use model_server::Reply;

/// Nothing in the schema is called so: the built-in translator cannot answer it.
const STRANGE: &str = "which zebra sings the loudest?";

const SQL: &str = "SELECT count(*) FROM shop.orders AS o";

/// Settings of a model at `base_url`.
fn settings(base_url: String) -> (config::Nl, config::Llm) {
    let nl = config::Nl {
        model: "remote".to_owned(),
        ..config::Nl::default()
    };
    let llm = config::Llm {
        api_key: Some(config::Secret::new(KEY)),
        max_concurrent: 4,
        max_tokens: 500,
        ..config::Llm::new(config::LlmKind::Openai, base_url, "gpt-test")
    };
    (nl, llm)
}

fn translator((nl, llm): (config::Nl, config::Llm)) -> Translator {
    let llm = BTreeMap::from([("remote".to_owned(), llm)]);
    Translator::new(&nl, &llm, Handle::current()).expect("settings that work")
}

/// A translator that asks `server`.
fn asking(server: &ModelServer) -> Translator {
    translator(settings(server.base_url()))
}

/// The same with a deadline.
fn asking_within(server: &ModelServer, deadline: Duration) -> Translator {
    let (nl, llm) = settings(server.base_url());
    translator((config::Nl { deadline, ..nl }, llm))
}

fn context() -> Context {
    let id = Column {
        name: "id".to_owned(),
        attnum: 1,
        type_name: "bigint".to_owned(),
        kind: TypeKind::Integer,
        not_null: true,
        common_values: Arc::from(["stored-value".to_owned()]),
        ..Column::default()
    };
    let orders = Table {
        oid: 1,
        schema: "shop".to_owned(),
        name: "orders".to_owned(),
        columns: vec![id],
        primary_key: vec![0],
        ..Table::default()
    };
    let schema = Schema {
        version: 1,
        database: "shop".to_owned(),
        role: "ann".to_owned(),
        tables: vec![orders],
        folded: Vec::new(),
    };
    let now = "2026-11-20T12:00:00Z".parse().expect("a timestamp");
    Context {
        schema: Arc::new(schema),
        time_zone: "Europe/Oslo".to_owned(),
        now,
    }
}

fn begin(translator: &Translator, question: &str) -> Translation {
    translator.begin(Question::new(question, &[]).expect("a question"), context())
}

async fn check(translation: &mut Translation) -> String {
    match translation.step().await {
        Step::Check(sql) => sql,
        other => panic!("expected a candidate, got {other:?}"),
    }
}

async fn done(translation: &mut Translation) -> Answer {
    match translation.step().await {
        Step::Done(answer) => answer,
        other => panic!("expected an answer, got {other:?}"),
    }
}

async fn cannot(translation: &mut Translation) -> Cannot {
    match translation.step().await {
        Step::Cannot(cannot) => cannot,
        other => panic!("expected a reason, got {other:?}"),
    }
}

/// What a question gets that nobody can answer when the provider does `reply`, and the calls.
async fn fate(reply: Reply) -> (Cannot, usize) {
    let server = ModelServer::start([reply]).await;
    let why = cannot(&mut begin(&asking(&server), STRANGE)).await;
    (why, server.received().len())
}
