//! The dialogue with a scripted built-in translator, and with models that are out of reach.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use tokio::runtime::Handle;

use super::Translation;
use crate::config;
use crate::nl::Answer;
use crate::nl::Cannot;
use crate::nl::Context;
use crate::nl::Question;
use crate::nl::Reason;
use crate::nl::Rejection;
use crate::nl::Spent;
use crate::nl::Step;
use crate::nl::Translator;
use crate::nl::draft::Draft;
use crate::sql::schema::Schema;
use crate::sql::schema::Table;

/// A translator whose built-in part counts its calls and does as `act` says.
struct Scripted {
    translator: Translator,
    calls: Arc<AtomicUsize>,
}

impl Scripted {
    fn new(act: impl Fn() -> Result<&'static str, Cannot> + Send + Sync + 'static) -> Self {
        Self::with(&config::Nl::default(), &BTreeMap::new(), act)
    }

    fn with(
        nl: &config::Nl,
        llm: &BTreeMap<String, config::Llm>,
        act: impl Fn() -> Result<&'static str, Cannot> + Send + Sync + 'static,
    ) -> Self {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let builtin = move |_: &Question, _: &Context| {
            counted.fetch_add(1, Ordering::SeqCst);
            let readings = vec!["orders = shop.orders".to_owned()];
            act().map(|sql| Draft {
                sql: sql.to_owned(),
                readings,
                model: "builtin".into(),
                spent: Spent::default(),
            })
        };
        let translator = Translator::with_builtin(nl, llm, Handle::current(), Arc::new(builtin))
            .expect("settings that work");
        Self { translator, calls }
    }

    fn begin(&self, question: &str) -> Translation {
        let question = Question::new(question, &[]).expect("a question");
        let now = "2026-11-20T12:00:00Z".parse().expect("a timestamp");
        let table = Table {
            schema: "shop".to_owned(),
            name: "orders".to_owned(),
            ..Table::default()
        };
        let schema = Schema {
            tables: vec![table],
            ..Schema::default()
        };
        let context = Context {
            schema: Arc::new(schema),
            time_zone: "UTC".to_owned(),
            now,
        };
        self.translator.begin(question, context)
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
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

fn rejection(sqlstate: &str, message: &str) -> Rejection {
    Rejection {
        sqlstate: sqlstate.to_owned(),
        message: message.to_owned(),
        by_guard: false,
    }
}

/// The settings of a model that nobody listens for, with little time.
fn out_of_reach() -> (config::Nl, BTreeMap<String, config::Llm>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let model = config::Llm {
        max_concurrent: 4,
        max_tokens: 100,
        ..config::Llm::new(
            config::LlmKind::Openai,
            format!("http://{address}/v1"),
            "gone",
        )
    };
    let nl = config::Nl {
        model: "remote".to_owned(),
        deadline: Duration::from_millis(300),
        ..config::Nl::default()
    };
    (nl, BTreeMap::from([("remote".to_owned(), model)]))
}

#[tokio::test]
async fn an_accepted_candidate_is_the_answer_and_is_kept() {
    let scripted = Scripted::new(|| Ok("SELECT 1"));
    let mut first = scripted.begin("count orders");
    assert_eq!(check(&mut first).await, "SELECT 1");
    first.accepted("SELECT 1 AS \"one\"");
    let answer = done(&mut first).await;
    assert_eq!(&*answer.sql, "SELECT 1 AS \"one\"");
    assert_eq!(&*answer.readings, ["orders = shop.orders"]);
    assert_eq!((&*answer.model, answer.cached), ("builtin", false));

    let kept = done(&mut scripted.begin(" count  orders ")).await;
    assert_eq!((&*kept.sql, kept.cached), ("SELECT 1 AS \"one\"", true));
    assert_eq!(scripted.calls(), 1);
}

#[tokio::test]
async fn a_candidate_that_nobody_accepted_is_not_kept() {
    let scripted = Scripted::new(|| Ok("SELECT 1"));
    check(&mut scripted.begin("count orders")).await;
    check(&mut scripted.begin("count orders")).await;
    assert_eq!(scripted.calls(), 2);
}

#[tokio::test]
async fn a_rejected_builtin_candidate_ends_the_dialogue() {
    let scripted = Scripted::new(|| Ok("SELECT x"));
    let mut translation = scripted.begin("count orders");
    check(&mut translation).await;
    translation.rejected(rejection("42703", "column \"x\" does not exist"));
    let why = cannot(&mut translation).await;
    assert_eq!(why.reason, Reason::Refused);
    assert_eq!(
        why.message,
        "SQL written by the built-in translator was refused by the server: \
         column \"x\" does not exist"
    );
    assert_eq!(why.detail.as_deref(), Some("SQLSTATE 42703, in: SELECT x"));
    assert_eq!(cannot(&mut translation).await, why);
}

#[tokio::test]
async fn what_builtin_cannot_answer_is_said_as_it_says_it() {
    let refusal =
        Cannot::new(Reason::Ambiguous, "\"rate\" may be two columns").hinted("Say which.");
    let said = refusal.clone();
    let scripted = Scripted::new(move || Err(said.clone()));
    assert_eq!(cannot(&mut scripted.begin("best rate")).await, refusal);
}

#[tokio::test]
async fn equal_questions_at_the_same_time_share_one_translation() {
    let (go, wait) = mpsc::channel();
    let wait = Mutex::new(wait);
    let scripted = Scripted::new(move || {
        wait.lock()
            .expect("one caller")
            .recv()
            .expect("the test says go");
        Ok("SELECT 1")
    });
    let mut asked: Vec<_> = (0..100).map(|_| scripted.begin("count orders")).collect();
    let steps = join_all(asked.iter_mut().map(check));
    go.send(()).expect("a listener");
    assert_eq!(steps.await, vec!["SELECT 1"; 100]);
    assert_eq!(scripted.calls(), 1);
}

#[tokio::test]
async fn one_who_asks_while_another_checks_shares_the_draft() {
    let scripted = Scripted::new(|| Ok("SELECT 1"));
    let mut first = scripted.begin("count orders");
    check(&mut first).await;
    check(&mut scripted.begin("count orders")).await;
    assert_eq!(scripted.calls(), 1);
}

#[tokio::test]
async fn a_step_that_was_given_up_can_be_taken_again() {
    let scripted = Scripted::new(|| Ok("SELECT 1"));
    let mut translation = scripted.begin("count orders");
    assert!(translation.step().now_or_never().is_none());
    assert_eq!(check(&mut translation).await, "SELECT 1");
    assert_eq!(check(&mut translation).await, "SELECT 1");
}

#[tokio::test]
async fn a_translator_that_panics_leaves_a_reason() {
    let scripted = Scripted::new(|| panic!("a defect"));
    let why = cannot(&mut scripted.begin("count orders")).await;
    assert_eq!(why.message, "the built-in translator failed");
}

#[tokio::test]
async fn builtin_answers_when_the_model_is_out_of_reach() {
    let (nl, llm) = out_of_reach();
    let scripted = Scripted::with(&nl, &llm, || Ok("SELECT 1"));
    let mut translation = scripted.begin("count orders");
    assert_eq!(check(&mut translation).await, "SELECT 1");
    translation.accepted("SELECT 1");
    assert_eq!(&*done(&mut translation).await.model, "builtin");
}

#[tokio::test]
async fn when_neither_can_both_reasons_are_given() {
    let (nl, llm) = out_of_reach();
    let scripted = Scripted::with(&nl, &llm, || {
        Err(Cannot::new(
            Reason::NotAnswerable,
            "\"zebra\" was not understood",
        ))
    });
    let why = cannot(&mut scripted.begin("count zebras")).await;
    assert_eq!(why.reason, Reason::ModelUnavailable);
    assert_eq!(why.message, "the model's provider cannot be reached");
    assert_eq!(
        why.detail.as_deref(),
        Some("The built-in translator was tried instead: \"zebra\" was not understood.")
    );
}

#[tokio::test]
async fn an_unknown_model_is_an_error_from_the_start() {
    let nl = config::Nl {
        model: "gpt".to_owned(),
        ..config::Nl::default()
    };
    let Err(error) = Translator::new(&nl, &BTreeMap::new(), Handle::current()) else {
        panic!("a translator without a model");
    };
    assert_eq!(
        error.to_string(),
        "nl.model is \"gpt\", and there is no [llm] entry of that name"
    );
}
