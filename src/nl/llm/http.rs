//! One POST to a provider: the key in its header, the body capped, redirects not followed.

use std::net::IpAddr;
use std::time::Duration;
use std::time::SystemTime;

use reqwest::Client;
use reqwest::Response;
use reqwest::Url;
use reqwest::header::AUTHORIZATION;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderValue;
use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use serde_json::Value;

use super::Error;
use super::fault::Failure;
use super::fault::Fault;
use crate::config::Secret;
use crate::nl::Cannot;
use crate::nl::Reason;
use crate::wire::crypto;

/// How long connecting may take, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of an answer; 32 KiB of SQL and some talk fit many times over.
const MAX_BODY: usize = 1024 * 1024;

/// A place to post JSON to.
pub(super) struct Endpoint {
    client: Client,
    url: Url,
    authorization: Option<HeaderValue>,
}

impl Endpoint {
    /// `path` below `base_url`, with `key` as bearer token.
    ///
    /// Proxies named in the environment are not used: where prompts go is the configuration's
    /// business alone.
    pub(super) fn new(base_url: &str, path: &str, key: Option<&Secret>) -> Result<Self, Error> {
        let url = checked(base_url, path)?;
        let authorization = key.map(bearer).transpose()?;
        if authorization.is_some() && url.scheme() == "http" && !is_local(&url) {
            tracing::warn!(
                host = url.host_str(),
                "the API key will be sent without encryption"
            );
        }
        crypto::install();
        let mut builder = Client::builder()
            .user_agent(concat!("pgparley/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy();
        if url.scheme() == "http" {
            // Without TLS no root certificates are needed, and a small image may have none.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(Error::Client)?;
        Ok(Self {
            client,
            url,
            authorization,
        })
    }

    /// Posts `body`; the JSON of a success, or how it failed.
    ///
    /// Cancel safe: dropping the future closes the connection.
    pub(super) async fn post(&self, body: &Value) -> Result<Value, Unanswered> {
        let mut request = self.client.post(self.url.clone()).json(body);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let response = request.send().await.map_err(|error| transport(&error))?;
        let status = response.status();
        let mut failure = failure(status.as_u16(), response.headers());
        let text = text(response).await?;
        let json: Option<Value> = serde_json::from_slice(&text).ok();
        match json {
            Some(json) if status.is_success() && json["error"].is_null() => Ok(json),
            Some(json) => {
                failure.read(&json);
                if status.is_success() {
                    // Some gateways answer 200 and put the status of what failed in the code.
                    let code = failure.code.as_deref().and_then(|code| code.parse().ok());
                    failure.status = code.filter(|code| (400..600).contains(code)).unwrap_or(500);
                }
                Err(Unanswered::Failed(failure))
            }
            None if status.is_success() => Err(Unanswered::Unusable(not_json())),
            None => Err(Unanswered::Failed(failure)),
        }
    }
}

/// Why a post brought no JSON of success.
pub(super) enum Unanswered {
    /// The server said no.
    Failed(Failure),
    /// There was no answer, or none that can be read.
    Unusable(Fault),
}

fn checked(base_url: &str, path: &str) -> Result<Url, Error> {
    let url = format!("{}{path}", base_url.trim_end_matches('/'));
    let url = Url::parse(&url).map_err(|_| Error::BaseUrl)?;
    let plain = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !plain || !url.has_host() || !matches!(url.scheme(), "http" | "https") {
        return Err(Error::BaseUrl);
    }
    Ok(url)
}

fn bearer(key: &Secret) -> Result<HeaderValue, Error> {
    let value = format!("Bearer {}", key.expose());
    let mut value = HeaderValue::from_str(&value).map_err(|_| Error::Key)?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

/// The body, as long as it is not too long.
async fn text(mut response: Response) -> Result<Vec<u8>, Unanswered> {
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport(&error))? {
        if text.len() + chunk.len() > MAX_BODY {
            let message = "the model's answer is longer than 1 MiB";
            let cannot = Cannot::new(Reason::ModelUnavailable, message)
                .hinted("Check base_url and model; lower max_tokens of the model.");
            return Err(Unanswered::Unusable(Fault::Stop(cannot)));
        }
        text.extend_from_slice(&chunk);
    }
    // A byte order mark is not JSON, but some gateways send one.
    match text.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => Ok(rest.to_vec()),
        None => Ok(text),
    }
}

/// A connection that could not be made or broke.
fn transport(error: &reqwest::Error) -> Unanswered {
    let message = if error.is_connect() {
        "the model's provider cannot be reached"
    } else {
        "the connection to the model's provider broke"
    };
    let cannot = Cannot::new(Reason::ModelUnavailable, message)
        .hinted("Check base_url of the model and the network.");
    Unanswered::Unusable(Fault::Again {
        after: None,
        cannot,
    })
}

fn not_json() -> Fault {
    let message = "the model's provider did not answer in JSON";
    let hint = "Check base_url of the model; a login page or a proxy may be in the way.";
    Fault::Stop(Cannot::new(Reason::ModelUnavailable, message).hinted(hint))
}

fn failure(status: u16, headers: &HeaderMap) -> Failure {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Failure {
        status,
        after: retry_after(headers, SystemTime::now()),
        never_again: text("x-should-retry") == Some("false"),
        request_id: text("x-request-id").map(str::to_owned),
        ..Failure::default()
    }
}

/// What `retry-after-ms`, or else `retry-after` in seconds or as a date, asks for.
/// <https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3>
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let number = |name: &str, unit: f64| {
        let value: f64 = headers.get(name)?.to_str().ok()?.trim().parse().ok()?;
        Duration::try_from_secs_f64(value.max(0.0) * unit).ok()
    };
    number("retry-after-ms", 0.001)
        .or_else(|| number(RETRY_AFTER.as_str(), 1.0))
        .or_else(|| {
            let date = headers.get(RETRY_AFTER)?.to_str().ok()?;
            let date = httpdate::parse_http_date(date).ok()?;
            Some(date.duration_since(now).unwrap_or_default())
        })
}
