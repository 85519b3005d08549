//! Every way a provider fails, and what becomes of the question.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use pgparley::config;
use pgparley::config::Secret;
use pgparley::nl::Cannot;
use pgparley::nl::Reason;

use super::SQL;
use super::STRANGE;
use super::asking;
use super::asking_within;
use super::begin;
use super::cannot;
use super::check;
use super::done;
use super::fate;
use super::fault_table::answers_of_no_use;
use super::fault_table::http_faults;
use super::model_server::KEY;
use super::model_server::ModelServer;
use super::model_server::Received;
use super::model_server::Reply;
use super::settings;
use super::translator;

#[tokio::test]
async fn every_fault_ends_in_its_reason_after_the_calls_that_make_sense() {
    for (name, reply, calls, reason, message) in
        http_faults().into_iter().chain(answers_of_no_use())
    {
        let (why, made) = fate(reply).await;
        assert_eq!(
            (why.reason, &*why.message, made),
            (reason, message, calls),
            "{name}"
        );
        assert!(why.hint.is_some(), "{name} has no hint");
        let shown = format!("{why:?}");
        assert!(
            !shown.contains("sk-") && !shown.contains("zebra sings"),
            "{name}: {shown}"
        );
    }
}

#[tokio::test]
async fn a_passing_fault_is_survived() {
    for status in [408, 409, 429, 500, 503, 529] {
        let server = ModelServer::start([Reply::error(status, "{}"), Reply::sql(SQL)]).await;
        assert_eq!(
            check(&mut begin(&asking(&server), "how many orders?")).await,
            SQL
        );
        assert_eq!(server.received().len(), 2, "{status}");
    }
}

#[tokio::test]
async fn a_connection_cut_in_mid_answer_is_made_again() {
    let server = ModelServer::start([Reply::Cut, Reply::sql(SQL)]).await;
    assert_eq!(
        check(&mut begin(&asking(&server), "how many orders?")).await,
        SQL
    );
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn a_wait_that_the_deadline_does_not_allow_is_not_begun() {
    for after in ["86400", "Fri, 31 Dec 2100 23:59:59 GMT"] {
        let headers = vec![("retry-after", after.to_owned())];
        let server = ModelServer::start([Reply::Status(429, headers, "{}".to_owned())]).await;
        let start = Instant::now();
        let why = cannot(&mut begin(&asking(&server), STRANGE)).await;
        assert_eq!(why.reason, Reason::RateLimited);
        assert!(start.elapsed() < Duration::from_secs(5));
        assert_eq!(server.received().len(), 1);
    }
}

#[tokio::test]
async fn a_server_may_forbid_another_try() {
    let headers = vec![("x-should-retry", "false".to_owned())];
    let (why, calls) = fate(Reply::Status(503, headers, "{}".to_owned())).await;
    assert_eq!((why.reason, calls), (Reason::ModelUnavailable, 1));
}

#[tokio::test]
async fn builtin_answers_when_the_model_takes_too_long() {
    let server = ModelServer::start([Reply::Silence]).await;
    let translator = asking_within(&server, Duration::from_millis(100));
    let mut translation = begin(&translator, "how many orders are there?");
    assert!(check(&mut translation).await.contains("shop.orders"));
    server.gone(1).await;
}

/// Asserts that the deadline ends the question in time.
async fn ends_in_time(reply: Reply) {
    let deadline = Duration::from_millis(200);
    let server = ModelServer::start([reply]).await;
    let start = Instant::now();
    let why = cannot(&mut begin(&asking_within(&server, deadline), STRANGE)).await;
    let took = start.elapsed();
    assert_eq!(why.reason, Reason::Deadline);
    // In time is within 100 ms; the rest is for a busy machine.
    assert!((deadline..deadline * 5).contains(&took), "{took:?}");
    server.gone(1).await;
}

#[tokio::test]
async fn a_silent_server_costs_no_more_than_the_deadline() {
    ends_in_time(Reply::Silence).await;
}

#[tokio::test]
async fn an_endless_drip_costs_no_more_than_the_deadline() {
    ends_in_time(Reply::EndlessDrip).await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_to_be_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let translator = translator(settings(format!("http://{address}/v1")));
    let why = cannot(&mut begin(&translator, STRANGE)).await;
    assert_eq!(why.reason, Reason::ModelUnavailable);
    assert_eq!(why.message, "the model's provider cannot be reached");
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_never_shown() {
    let server = ModelServer::start([Reply::sql(SQL)]).await;
    let (nl, llm) = settings(server.base_url());
    let key = "sk-wrong-key-000000";
    let llm = config::Llm {
        api_key: Some(Secret::new(key)),
        ..llm
    };
    let why = cannot(&mut begin(&translator((nl, llm)), STRANGE)).await;
    assert_eq!(
        why.message,
        "the model's provider does not accept the API key"
    );
    assert!(!format!("{why:?}").contains("sk-"));
}

/// The DETAIL of a 400 whose message is `message`.
async fn detail_of(message: &str) -> String {
    let body = json!({ "error": { "message": message, "code": "odd" } }).to_string();
    let (Cannot { detail, .. }, _) = fate(Reply::error(400, &body)).await;
    detail.expect("a detail")
}

#[tokio::test]
async fn a_providers_message_is_shown_only_when_it_gives_nothing_away() {
    let plain = detail_of("top_p must be\nbelow 1").await;
    let status = "The provider answered with status 400, code odd, request req_0123456789";
    assert!(plain.starts_with(status), "{plain}");
    assert!(plain.contains("It says: top_p must be below 1"), "{plain}");

    for message in [
        format!("key {KEY} is odd"),
        "which zebra sings the loudest? is odd".to_owned(),
        "You translate one question into ONE".to_owned(),
    ] {
        let detail = detail_of(&message).await;
        assert!(!detail.contains("It says"), "{detail}");
    }
    let long = detail_of(&"word ".repeat(10_000)).await;
    assert!(long.len() < 500, "{}", long.len());
}

#[tokio::test]
async fn a_parameter_that_the_server_does_not_take_is_left_out_from_then_on() {
    let unsupported = |param: &str| {
        let error = json!({ "message": "…", "param": param, "code": "unsupported_parameter" });
        Reply::error(400, &json!({ "error": error }).to_string())
    };
    let server = ModelServer::start([
        unsupported("temperature"),
        unsupported("response_format"),
        unsupported("max_tokens"),
        Reply::sql(SQL),
    ])
    .await;
    let translator = asking(&server);
    check(&mut begin(&translator, "how many orders?")).await;
    check(&mut begin(&translator, "how many orders today?")).await;
    let received = server.received();
    assert_eq!(received.len(), 5);
    for Received { body, .. } in &received[3..] {
        assert!(body.get("temperature").is_none());
        assert!(body.get("response_format").is_none());
        assert!(body.get("max_tokens").is_none());
        assert_eq!(body["max_completion_tokens"], 500);
    }
}

#[tokio::test]
async fn a_parameter_refused_again_is_a_refused_request() {
    let error = json!({ "message": "…", "param": "temperature", "code": "unsupported_value" });
    let (why, calls) = fate(Reply::error(400, &json!({ "error": error }).to_string())).await;
    assert_eq!(why.message, "the model's provider refused the request");
    assert_eq!(calls, 2);
}

#[tokio::test]
async fn builtin_answers_while_the_provider_is_down() {
    let server = ModelServer::start([Reply::error(500, "{}")]).await;
    let mut translation = begin(&asking(&server), "how many orders are there?");
    let sql = check(&mut translation).await;
    assert!(sql.contains("shop.orders"), "{sql}");
    translation.accepted(&sql);
    assert_eq!(&*done(&mut translation).await.model, "builtin");
}

#[tokio::test]
async fn requests_beyond_the_limit_wait_or_are_refused() {
    let server = ModelServer::start([Reply::sql(SQL)]).await;
    let (nl, llm) = settings(server.base_url());
    let translator = translator((
        nl,
        config::Llm {
            rpm: Some(1),
            ..llm
        },
    ));
    check(&mut begin(&translator, "how many orders?")).await;
    let why = cannot(&mut begin(&translator, STRANGE)).await;
    assert_eq!(why.reason, Reason::RateLimited);
    assert_eq!(why.message, "the rate limit of the model is reached");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_prompt_beyond_a_minutes_tokens_is_not_sent() {
    let server = ModelServer::start([Reply::sql(SQL)]).await;
    let (nl, llm) = settings(server.base_url());
    let translator = translator((
        nl,
        config::Llm {
            tpm: Some(100),
            ..llm
        },
    ));
    let why = cannot(&mut begin(&translator, STRANGE)).await;
    assert_eq!(
        why.message,
        "the question needs more tokens than a minute may use"
    );
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn no_more_calls_run_at_once_than_allowed() {
    let server = ModelServer::start([Reply::Held(json!({ "sql": SQL }).to_string())]).await;
    let (nl, llm) = settings(server.base_url());
    let translator = translator((
        nl,
        config::Llm {
            max_concurrent: 1,
            ..llm
        },
    ));
    let mut first = begin(&translator, "how many orders?");
    let mut second = begin(&translator, "how many orders today?");
    let asked = async { tokio::join!(check(&mut first), check(&mut second)) };
    let (answers, ()) = tokio::join!(asked, async {
        server.arrived(1).await;
        assert_eq!(server.received().len(), 1);
        server.release();
        server.arrived(2).await;
        server.release();
    });
    assert_eq!(answers, (SQL.to_owned(), SQL.to_owned()));
}
