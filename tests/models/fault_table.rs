//! The faults of providers as they look on the wire, each with what it must come to.

use pgparley::nl::Reason;
use serde_json::json;

use super::model_server::Reply;

/// Calls that are made while trying again makes sense.
const CALLS: usize = 3;

/// One line of the table: the fault's name, its reply, the calls made, reason and message.
pub(crate) type Case = (&'static str, Reply, usize, Reason, &'static str);

// Bodies in the forms of OpenAI, Azure and Ollama.
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

/// Limits of rate and of money.
fn limits() -> Vec<Case> {
    let rate = "the rate limit of the model's provider is reached";
    let money = "the quota at the model's provider is used up";
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
            "200 with 429 inside",
            error(200, AZURE_RATE),
            CALLS,
            Reason::RateLimited,
            rate,
        ),
    ]
}

/// What may pass.
fn outages() -> Vec<Case> {
    let failed = "the model's provider has failed";
    let error = Reply::error;
    vec![
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
            "200 with 500 inside",
            error(200, OOPS),
            CALLS,
            Reason::ModelUnavailable,
            failed,
        ),
    ]
}

/// What is wrong with the request or the account, and stays so.
fn requests() -> Vec<Case> {
    let unknown = "the provider does not know the model or the address";
    let refused = "the model's provider refused the request";
    let no_key = "the model's provider does not accept the API key";
    let long = "the prompt is too long for the model";
    let filter = "the content filter of the model's provider refused the question";
    let error = Reply::error;
    vec![
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
    ]
}

/// Every refusal.
pub(crate) fn http_faults() -> Vec<Case> {
    [limits(), outages(), requests()].concat()
}

/// Every success that is none.
pub(crate) fn answers_of_no_use() -> Vec<Case> {
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
