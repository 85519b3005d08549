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
use super::fate;
use super::model_server::KEY;
use super::model_server::ModelServer;
use super::model_server::Reply;
use super::settings;
use super::translator;

const CALLS: usize = 3;

/// One line of the table: the fault's name, its reply, the calls made, reason and message.
type Case = (&'static str, Reply, usize, Reason, &'static str);

fn http_faults() -> Vec<Case> {
    const RATE: &str = r#"{"error":{"message":"Rate limit reached for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Used 14567, Requested 24754. Please try again in 18.642s. Visit https://platform.openai.com/account/rate-limits to learn more.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#;
    const RAMP: &str =
        r#"{"error":{"message":"Slow down.","type":"rate_limit_error","code":"slow_down"}}"#;
    const QUOTA: &str = r#"{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#;
    const CREDIT: &str = r#"{"error":{"message":"No credit.","type":"billing_error","code":"credit_balance_exhausted"}}"#;
    const LIMIT: &str = r#"{"error":{"message":"Limit.","type":"billing_error","code":"project_spend_limit_exceeded"}}"#;
    const BUSY: &str = r#"{"error":{"message":"Busy.","type":"service_unavailable_error","code":"server_is_overloaded"}}"#;
    const OOPS: &str = r#"{"error":{"message":"The server had an error while processing your request. Sorry about that!","type":"server_error","param":null,"code":null}}"#;
    const KEYLESS: &str = r#"{"error":{"message":"Incorrect API key provided: sk-x. You can find your API key at ….","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#;
    const MODEL: &str = r#"{"error":{"message":"The model `x` does not exist or you do not have access to it.","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#;
    const CONTEXT: &str = r#"{"error":{"message":"This model's maximum context length is 16385 tokens. However, your messages resulted in 26620 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#;
    const AZURE_FILTER: &str = r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#;
    const AZURE_RATE: &str = r#"{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation have exceeded token rate limit. Please retry after 17 seconds."}}"#;
    const OLLAMA: &str = r#"{"error":"model 'x' not found"}"#;

    let rate = "the rate limit of the model's provider is reached";
    let money = "the quota at the model's provider is used up";
    let failed = "the model's provider has failed";
    let unknown = "the provider does not know the model or the address";
    let refused = "the model's provider refused the request";
    let no_key = "the model's provider does not accept the API key";
    let long = "the prompt is too long for the model";
    let filter = "the content filter of the model's provider refused the question";
    let error = Reply::error;
    vec![
        ("rate", error(429, RATE), CALLS, Reason::RateLimited, rate),
        ("ramp", error(429, RAMP), CALLS, Reason::RateLimited, rate),
        (
            "azure rate",
            error(429, AZURE_RATE),
            CALLS,
            Reason::RateLimited,
            rate,
        ),
        (
            "quota",
            error(429, QUOTA),
            1,
            Reason::ModelUnavailable,
            money,
        ),
        (
            "credit",
            error(429, CREDIT),
            1,
            Reason::ModelUnavailable,
            money,
        ),
        (
            "spend limit",
            error(429, LIMIT),
            1,
            Reason::ModelUnavailable,
            money,
        ),
        (
            "payment required",
            error(402, "{}"),
            1,
            Reason::ModelUnavailable,
            money,
        ),
        (
            "overloaded",
            error(503, BUSY),
            CALLS,
            Reason::ModelUnavailable,
            failed,
        ),
        (
            "server error",
            error(500, OOPS),
            CALLS,
            Reason::ModelUnavailable,
            failed,
        ),
        (
            "bad gateway in HTML",
            error(502, "<html>"),
            CALLS,
            Reason::ModelUnavailable,
            failed,
        ),
        (
            "timeout",
            error(408, ""),
            CALLS,
            Reason::ModelUnavailable,
            failed,
        ),
        (
            "conflict",
            error(409, "{}"),
            CALLS,
            Reason::ModelUnavailable,
            failed,
        ),
        (
            "key",
            error(401, KEYLESS),
            1,
            Reason::ModelUnavailable,
            no_key,
        ),
        (
            "forbidden",
            error(403, "{}"),
            1,
            Reason::ModelUnavailable,
            no_key,
        ),
        (
            "model",
            error(404, MODEL),
            1,
            Reason::ModelUnavailable,
            unknown,
        ),
        (
            "ollama's model",
            error(404, OLLAMA),
            1,
            Reason::ModelUnavailable,
            unknown,
        ),
        (
            "context",
            error(400, CONTEXT),
            1,
            Reason::ModelUnavailable,
            long,
        ),
        (
            "too large",
            error(413, ""),
            1,
            Reason::ModelUnavailable,
            long,
        ),
        (
            "azure filter",
            error(400, AZURE_FILTER),
            1,
            Reason::NotAnswerable,
            filter,
        ),
        (
            "request",
            error(422, "{}"),
            1,
            Reason::ModelUnavailable,
            refused,
        ),
        (
            "200 with 500 inside",
            error(200, OOPS),
            CALLS,
            Reason::ModelUnavailable,
            failed,
        ),
        (
            "200 with 429 inside",
            error(200, AZURE_RATE),
            CALLS,
            Reason::RateLimited,
            rate,
        ),
    ]
}

fn answers_of_no_use() -> Vec<Case> {
    let page = vec![("content-type", "text/html".to_owned())];
    let elsewhere = vec![("location", "http://127.0.0.1:9/".to_owned())];
    let status = Reply::Status;
    let choice = |finish: &str, content: Option<&str>, refusal: Option<&str>| {
        let message = json!({ "role": "assistant", "content": content, "refusal": refusal });
        Reply::Choice(json!({ "index": 0, "message": message, "finish_reason": finish }))
    };
    let not_json = "the model's provider did not answer in JSON";
    let format = "the model's provider answered in another format";
    let gone = Reason::ModelUnavailable;
    vec![
        (
            "login page",
            status(200, page, "<html>".to_owned()),
            1,
            gone,
            not_json,
        ),
        (
            "truncated JSON",
            status(200, vec![], "{\"choices\":[".to_owned()),
            1,
            gone,
            not_json,
        ),
        (
            "empty body",
            status(200, vec![], String::new()),
            1,
            gone,
            not_json,
        ),
        (
            "other JSON",
            status(200, vec![], "{}".to_owned()),
            1,
            gone,
            format,
        ),
        (
            "other JSON yet",
            status(200, vec![], "[1]".to_owned()),
            1,
            gone,
            format,
        ),
        (
            "no choice",
            status(200, vec![], r#"{"choices":[]}"#.to_owned()),
            1,
            gone,
            "the model's provider sent no answer of the model",
        ),
        (
            "redirect",
            status(307, elsewhere, String::new()),
            1,
            gone,
            "the model's provider redirects to another address, which is not followed",
        ),
        (
            "flood",
            Reply::Flood,
            1,
            gone,
            "the model's answer is longer than 1 MiB",
        ),
        (
            "cut off",
            choice("length", Some("{\"sql\": \"SEL"), None),
            1,
            gone,
            "the model's answer was cut off before its end",
        ),
        (
            "filtered",
            choice("content_filter", Some(""), None),
            1,
            Reason::NotAnswerable,
            "the content filter of the model's provider held the answer back",
        ),
        (
            "refusal",
            choice("stop", None, Some("I'm sorry, I can't assist with that.")),
            1,
            Reason::NotAnswerable,
            "the model declined the question",
        ),
    ]
}

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

/// Asserts that the deadline ends the question in time.
async fn ends_in_time(reply: Reply) {
    let deadline = Duration::from_millis(200);
    let server = ModelServer::start([reply]).await;
    let start = Instant::now();
    let why = cannot(&mut begin(&asking_within(&server, deadline), STRANGE)).await;
    let took = start.elapsed();
    assert_eq!(why.reason, Reason::Deadline);
    assert!((deadline..deadline * 2).contains(&took), "{took:?}");
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
    let script = [
        unsupported("temperature"),
        unsupported("response_format"),
        Reply::sql(SQL),
    ];
    let server = ModelServer::start(script).await;
    let translator = asking(&server);
    check(&mut begin(&translator, "how many orders?")).await;
    check(&mut begin(&translator, "how many orders today?")).await;
    let received = server.received();
    assert_eq!(received.len(), 4);
    for request in &received[2..] {
        assert!(request.body.get("temperature").is_none());
        assert!(request.body.get("response_format").is_none());
    }
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
