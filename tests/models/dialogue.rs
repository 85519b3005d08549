//! The dialogue with a model that answers: sharing, giving up, repairs, nonsense.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use tokio::time::Instant;

use pgparley::config;
use pgparley::nl::Reason;
use pgparley::nl::Rejection;
use pgparley::nl::Translator;

use super::SQL;
use super::asking;
use super::begin;
use super::cannot;
use super::check;
use super::done;
use super::fate;
use super::model_server::KEY;
use super::model_server::ModelServer;
use super::model_server::Reply;
use super::settings;
use super::translator;

fn rejection(message: &str) -> Rejection {
    Rejection {
        sqlstate: "42703".to_owned(),
        message: message.to_owned(),
        by_guard: false,
    }
}

#[tokio::test]
async fn a_model_answers_and_the_answer_is_kept() {
    let text = json!({ "sql": format!("{SQL};"), "assumptions": ["all orders"] }).to_string();
    let server = ModelServer::start([Reply::Says(text)]).await;
    let translator = asking(&server);
    let mut translation = begin(&translator, "how many orders?");
    assert_eq!(check(&mut translation).await, SQL);
    translation.accepted(SQL);
    let answer = done(&mut translation).await;
    assert_eq!(
        (&*answer.sql, &*answer.model, answer.cached),
        (SQL, "remote", false)
    );
    assert_eq!(&*answer.readings, ["all orders"]);
    assert!(
        done(&mut begin(&translator, "how many orders?"))
            .await
            .cached
    );
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_request_has_the_documented_form_and_no_stored_value() {
    let server = ModelServer::start([Reply::sql(SQL)]).await;
    check(&mut begin(&asking(&server), "how many orders?")).await;
    let request = server.received().remove(0);
    assert_eq!(request.headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(request.body["model"], "gpt-test");
    assert_eq!(request.body["max_tokens"], 500);
    assert_eq!(request.body["temperature"], 0);
    assert_eq!(
        request.body["response_format"],
        json!({ "type": "json_object" })
    );
    assert_eq!(request.last_message(), "question: <<<how many orders?>>>");
    let text = request.body.to_string();
    assert!(text.contains("shop.orders") && text.contains("Europe/Oslo"));
    assert!(!text.contains("stored-value") && !text.contains(KEY));
}

#[tokio::test]
async fn without_a_key_none_is_sent() {
    let server = ModelServer::start([Reply::sql(SQL)]).await;
    let (nl, llm) = settings(server.base_url());
    let translator = translator((
        nl,
        config::Llm {
            api_key: None,
            ..llm
        },
    ));
    check(&mut begin(&translator, "how many orders?")).await;
    assert!(!server.received()[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_hundred_equal_questions_are_one_call() {
    let server = ModelServer::start([Reply::Held(json!({ "sql": SQL }).to_string())]).await;
    let translator = asking(&server);
    let mut asked: Vec<_> = (0..100)
        .map(|_| begin(&translator, "how many orders?"))
        .collect();
    let (candidates, ()) = tokio::join!(join_all(asked.iter_mut().map(check)), async {
        server.arrived(1).await;
        server.release();
    });
    assert_eq!(candidates, vec![SQL; 100]);
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn one_who_gives_up_leaves_the_call_to_the_others() {
    let server = ModelServer::start([Reply::Held(json!({ "sql": SQL }).to_string())]).await;
    let translator = asking(&server);
    let mut patient = begin(&translator, "how many orders?");
    let mut impatient = begin(&translator, "how many orders?");
    let patient = check(&mut patient);
    tokio::pin!(patient);
    tokio::select! {
        _ = &mut patient => panic!("the answer is held back"),
        _ = impatient.step() => panic!("the answer is held back"),
        () = server.arrived(1) => {}
    }
    drop(impatient);
    server.release();
    assert_eq!(patient.await, SQL);
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn dropping_the_last_step_ends_the_call() {
    let server = ModelServer::start([Reply::Silence]).await;
    let translator = asking(&server);
    let mut translation = begin(&translator, "how many orders?");
    tokio::select! {
        _ = translation.step() => panic!("the server is silent"),
        () = server.arrived(1) => {}
    }
    let dropped = Instant::now();
    server.gone(1).await;
    assert!(
        dropped.elapsed() < Duration::from_millis(50),
        "{:?}",
        dropped.elapsed()
    );
}

#[tokio::test]
async fn work_runs_on_the_control_runtime_and_ends_from_another() {
    let control = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let server = ModelServer::start([Reply::sql(SQL), Reply::Silence]).await;
    let (nl, llm) = settings(server.base_url());
    let llm = BTreeMap::from([("remote".to_owned(), llm)]);
    let translator =
        Translator::new(&nl, &llm, control.handle().clone()).expect("settings that work");
    assert_eq!(
        check(&mut begin(&translator, "how many orders?")).await,
        SQL
    );

    let mut translation = begin(&translator, "how many orders today?");
    tokio::select! {
        _ = translation.step() => panic!("the server is silent"),
        () = server.arrived(2) => {}
    }
    drop(translation);
    server.gone(1).await;
    control.shutdown_background();
}

#[tokio::test]
async fn a_rejected_statement_is_repaired_with_the_reason_at_hand() {
    let server = ModelServer::start([Reply::sql("SELECT x"), Reply::sql(SQL)]).await;
    let translator = asking(&server);
    let mut translation = begin(&translator, "how many orders?");
    assert_eq!(check(&mut translation).await, "SELECT x");
    translation.rejected(rejection("column \"x\" does not exist"));
    assert_eq!(check(&mut translation).await, SQL);
    let repair = &server.received()[1];
    let messages = repair.body["messages"].as_array().expect("messages");
    assert_eq!(messages.len(), 4);
    assert_eq!(messages[2]["content"], r#"{"sql":"SELECT x"}"#);
    assert!(
        repair
            .last_message()
            .starts_with("PostgreSQL refused it: column \"x\" does not exist (SQLSTATE 42703).")
    );
}

#[tokio::test]
async fn after_two_repairs_it_is_over() {
    let server = ModelServer::start([Reply::sql("SELECT x")]).await;
    let mut translation = begin(&asking(&server), "how many orders?");
    for column in ["a", "b"] {
        check(&mut translation).await;
        translation.rejected(rejection(&format!("column \"{column}\" does not exist")));
    }
    check(&mut translation).await;
    translation.rejected(rejection("column \"c\" does not exist"));
    let why = cannot(&mut translation).await;
    assert_eq!(why.reason, Reason::Refused);
    assert_eq!(
        why.message,
        "SQL written by the model was refused by the server: column \"c\" does not exist"
    );
    assert_eq!(server.received().len(), 3);
}

#[tokio::test]
async fn the_same_error_twice_is_the_end() {
    let server = ModelServer::start([Reply::sql("SELECT x")]).await;
    let mut translation = begin(&asking(&server), "how many orders?");
    for _ in 0..2 {
        check(&mut translation).await;
        translation.rejected(rejection("column \"x\" does not exist"));
    }
    assert_eq!(cannot(&mut translation).await.reason, Reason::Refused);
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn what_the_server_itself_fails_at_is_not_repaired() {
    let server = ModelServer::start([Reply::sql(SQL)]).await;
    let mut translation = begin(&asking(&server), "how many orders?");
    check(&mut translation).await;
    translation.rejected(Rejection {
        sqlstate: "53100".to_owned(),
        message: "disk full".to_owned(),
        by_guard: false,
    });
    assert_eq!(cannot(&mut translation).await.reason, Reason::Refused);
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn nonsense_is_asked_about_once() {
    let nonsense = Reply::Says("There are many orders.".to_owned());
    let server = ModelServer::start([nonsense, Reply::sql(SQL)]).await;
    assert_eq!(
        check(&mut begin(&asking(&server), "how many orders?")).await,
        SQL
    );
    assert!(
        server.received()[1]
            .last_message()
            .starts_with("Your answer is not one JSON object.")
    );
}

#[tokio::test]
async fn nonsense_twice_is_a_model_that_is_no_use() {
    let (why, calls) = fate(Reply::Says(String::new())).await;
    assert_eq!(why.reason, Reason::ModelUnavailable);
    assert_eq!(
        why.message,
        "the model did not answer in the form that was asked for"
    );
    assert_eq!(calls, 2);
}

#[tokio::test]
async fn a_model_may_say_that_it_cannot() {
    let (why, _) = fate(Reply::Says(
        r#"{"cannot": "no table of zebras"}"#.to_owned(),
    ))
    .await;
    assert_eq!(why.reason, Reason::NotAnswerable);
    assert_eq!(why.detail.as_deref(), Some("no table of zebras"));
}

#[tokio::test]
async fn an_answer_that_drips_in_is_read() {
    let answer = json!({ "sql": "SELECT 'smörgås'" }).to_string();
    let server = ModelServer::start([Reply::Drips(answer)]).await;
    assert_eq!(
        check(&mut begin(&asking(&server), "how many orders?")).await,
        "SELECT 'smörgås'"
    );
}
