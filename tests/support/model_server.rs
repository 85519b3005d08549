//! A model provider on a free port that speaks OpenAI's format and fails as OpenAI fails.
//!
//! Requests are checked as the real one checks them. Each is answered by the next reply of the
//! script, the last of which is used again and again.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::Uri;
use axum::response::Response;
use futures::StreamExt;
use futures::stream;
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// The only key that the server takes.
pub const KEY: &str = "sk-test-0123456789abcdef";

/// What the server does with one request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// The model says this, as a whole and well-formed answer.
    Says(String),
    /// The same, a byte a chunk.
    Drips(String),
    /// The same, after [`ModelServer::release`].
    Held(String),
    /// A well-formed answer with another `choices[0]`.
    Choice(Value),
    /// This status, with these headers and this body.
    Status(u16, Vec<(&'static str, String)>, String),
    /// The connection ends in the middle of a good answer.
    Cut,
    /// Nothing ever comes.
    Silence,
    /// A byte every millisecond, without end.
    EndlessDrip,
    /// As fast as it goes, without end.
    Flood,
}

impl Reply {
    /// The model answers with `sql`.
    pub fn sql(sql: &str) -> Self {
        Self::Says(json!({ "sql": sql, "assumptions": [], "confidence": 0.9 }).to_string())
    }

    /// An error as OpenAI sends it, to be tried again in a millisecond if at all.
    pub fn error(status: u16, body: &str) -> Self {
        Self::Status(
            status,
            vec![("retry-after-ms", "1".to_owned())],
            body.to_owned(),
        )
    }
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its JSON.
    pub body: Value,
}

impl Received {
    /// What its last message says.
    pub fn last_message(&self) -> &str {
        let messages = self.body["messages"]
            .as_array()
            .expect("checked on arrival");
        messages.last().expect("not empty")["content"]
            .as_str()
            .expect("a text")
    }
}

/// The provider; gone when dropped.
pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: AbortHandle,
}

struct Shared {
    script: Mutex<VecDeque<Reply>>,
    received: Mutex<Vec<Received>>,
    counts: watch::Sender<Counts>,
    released: Semaphore,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    arrived: usize,
    gone: usize,
}

impl ModelServer {
    /// A server that answers by `script`.
    pub async fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let shared = Arc::new(Shared {
            script: Mutex::new(script.into_iter().collect()),
            received: Mutex::default(),
            counts: watch::Sender::default(),
            released: Semaphore::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("serving does not end");
        });
        Self {
            address,
            shared,
            serving: serving.abort_handle(),
        }
    }

    /// What `base_url` is for it.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// From now on every request is answered so.
    pub fn answer(&self, reply: Reply) {
        let mut script = self.shared.script.lock().expect("no panic while held");
        *script = VecDeque::from([reply]);
    }

    /// The requests so far.
    pub fn received(&self) -> Vec<Received> {
        self.shared
            .received
            .lock()
            .expect("no panic while held")
            .clone()
    }

    /// Lets one held answer go.
    pub fn release(&self) {
        self.shared.released.add_permits(1);
    }

    /// Waits until `requests` have arrived in all.
    pub async fn arrived(&self, requests: usize) {
        self.until(|counts| counts.arrived >= requests).await;
    }

    /// Waits until `clients` have gone away before their answer was complete.
    pub async fn gone(&self, clients: usize) {
        self.until(|counts| counts.gone >= clients).await;
    }

    async fn until(&self, holds: impl FnMut(&Counts) -> bool) {
        let mut counts = self.shared.counts.subscribe();
        counts
            .wait_for(holds)
            .await
            .expect("the server holds the sender");
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Counts a client that goes away while this is held by its request.
struct Unfinished(Option<Arc<Shared>>);

impl Unfinished {
    fn new(shared: &Arc<Shared>) -> Self {
        Self(Some(Arc::clone(shared)))
    }

    fn finish(mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(shared) = &self.0 {
            shared.counts.send_modify(|counts| counts.gone += 1);
        }
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(refusal) = refusal(&method, &uri, &headers, &body) {
        return refusal;
    }
    let body = serde_json::from_slice(&body).expect("checked");
    shared
        .received
        .lock()
        .expect("no panic while held")
        .push(Received { headers, body });
    shared.counts.send_modify(|counts| counts.arrived += 1);
    let reply = next(&shared);
    carry_out(reply, shared).await
}

fn next(shared: &Shared) -> Reply {
    let mut script = shared.script.lock().expect("no panic while held");
    match script.len() {
        0 => panic!("a server without a script was asked"),
        1 => script[0].clone(),
        _ => script.pop_front().expect("not empty"),
    }
}

/// What the real server refuses before any model sees it.
fn refusal(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Option<Response> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if *method != Method::POST || uri.path() != "/v1/chat/completions" {
        let message = format!("Invalid URL ({method} {})", uri.path());
        return Some(refused(404, &message, None));
    }
    if header("authorization").is_some_and(|value| value != format!("Bearer {KEY}")) {
        let message = "Incorrect API key provided: sk-x. You can find your API key at ….";
        return Some(refused(401, message, Some("invalid_api_key")));
    }
    if header("content-type") != Some("application/json") {
        return Some(refused(
            400,
            "We could not parse the JSON body of your request.",
            None,
        ));
    }
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return Some(refused(
            400,
            "We could not parse the JSON body of your request.",
            None,
        ));
    };
    let messages = body["messages"].as_array();
    let is_message = |message: &Value| {
        matches!(
            message["role"].as_str(),
            Some("system" | "user" | "assistant")
        ) && message["content"]
            .as_str()
            .is_some_and(|content| !content.is_empty())
    };
    if !messages.is_some_and(|messages| !messages.is_empty() && messages.iter().all(is_message)) {
        return Some(refused(400, "Invalid type for 'messages'.", None));
    }
    let limit = body["max_tokens"]
        .as_u64()
        .or(body["max_completion_tokens"].as_u64());
    if !body["model"].is_string() || limit.is_none_or(|tokens| tokens == 0) {
        let message = "you must provide a model parameter";
        return Some(refused(400, message, None));
    }
    None
}

fn refused(status: u16, message: &str, code: Option<&str>) -> Response {
    let error = json!({
        "message": message, "type": "invalid_request_error", "param": null, "code": code,
    });
    response(
        status,
        &[],
        Body::from(json!({ "error": error }).to_string()),
    )
}

async fn carry_out(reply: Reply, shared: Arc<Shared>) -> Response {
    match reply {
        Reply::Says(text) => response(200, &[], Body::from(completion(&said(&text)))),
        Reply::Choice(choice) => response(200, &[], Body::from(completion(&choice))),
        Reply::Held(text) => {
            let unfinished = Unfinished::new(&shared);
            shared
                .released
                .acquire()
                .await
                .expect("never closed")
                .forget();
            unfinished.finish();
            response(200, &[], Body::from(completion(&said(&text))))
        }
        Reply::Drips(text) => {
            let bytes = completion(&said(&text)).into_bytes();
            let chunks = stream::iter(bytes).then(async |byte| {
                tokio::task::yield_now().await;
                Ok::<_, Infallible>(vec![byte])
            });
            response(200, &[], Body::from_stream(chunks))
        }
        Reply::Status(status, headers, body) => response(status, &headers, Body::from(body)),
        Reply::Cut => {
            let mut half = completion(&said("SELECT")).into_bytes();
            half.truncate(half.len() / 2);
            let broken = Err(std::io::Error::other("cut"));
            response(
                200,
                &[],
                Body::from_stream(stream::iter([Ok(half), broken])),
            )
        }
        Reply::Silence => {
            let _unfinished = Unfinished::new(&shared);
            std::future::pending().await
        }
        Reply::EndlessDrip => {
            let unfinished = Unfinished::new(&shared);
            let tick = tokio::time::interval(Duration::from_millis(1));
            let drops = stream::unfold((tick, unfinished), async |(mut tick, unfinished)| {
                tick.tick().await;
                Some((Ok::<_, Infallible>(" "), (tick, unfinished)))
            });
            response(200, &[], Body::from_stream(drops))
        }
        Reply::Flood => {
            let flood = stream::repeat_with(|| Ok::<_, Infallible>(vec![b' '; 64 * 1024]));
            response(200, &[], Body::from_stream(flood))
        }
    }
}

fn said(text: &str) -> Value {
    json!({
        "index": 0,
        "message": { "role": "assistant", "content": text, "refusal": null },
        "logprobs": null,
        "finish_reason": "stop",
    })
}

fn completion(choice: &Value) -> String {
    let completion = json!({
        "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
        "object": "chat.completion",
        "created": 1_763_640_000,
        "model": "gpt-test-2026-01-01",
        "choices": [choice],
        "usage": { "prompt_tokens": 500, "completion_tokens": 40, "total_tokens": 540 },
        "system_fingerprint": "fp_test",
    });
    completion.to_string()
}

fn response(status: u16, headers: &[(&'static str, String)], body: Body) -> Response {
    let mut response = Response::builder()
        .status(status)
        .header("x-request-id", "req_0123456789")
        .header("openai-processing-ms", "12")
        .header("x-ratelimit-limit-requests", "500")
        .header("x-ratelimit-remaining-requests", "499")
        .header("x-ratelimit-reset-requests", "120ms");
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        response = response.header("content-type", "application/json");
    }
    for (name, value) in headers {
        response = response.header(*name, value);
    }
    response.body(body).expect("plain headers")
}
