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
    let base = Url::parse(base_url).map_err(|_| Error::BaseUrl)?;
    let plain = base.query().is_none()
        && base.fragment().is_none()
        && base.username().is_empty()
        && base.password().is_none();
    if !plain || !base.has_host() || !matches!(base.scheme(), "http" | "https") {
        return Err(Error::BaseUrl);
    }
    let url = format!("{}{path}", base.as_str().trim_end_matches('/'));
    Url::parse(&url).map_err(|_| Error::BaseUrl)
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

#[cfg(test)]
mod tests {
    use std::time::Duration;
    use std::time::SystemTime;

    use reqwest::header::HeaderMap;
    use reqwest::header::HeaderName;
    use reqwest::header::HeaderValue;

    use super::bearer;
    use super::checked;
    use super::is_local;
    use super::retry_after;
    use crate::config::Secret;
    use crate::nl::llm::Error;

    fn after(headers: &[(&'static str, &'static str)]) -> Option<Duration> {
        let headers: HeaderMap = headers
            .iter()
            .map(|&(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        let now = httpdate::parse_http_date("Fri, 20 Nov 2026 12:00:00 GMT").expect("a date");
        retry_after(&headers, now)
    }

    #[test]
    fn a_wait_is_read_in_every_form() {
        let seconds = Duration::from_secs;
        assert_eq!(after(&[]), None);
        assert_eq!(after(&[("retry-after", "19")]), Some(seconds(19)));
        assert_eq!(
            after(&[("retry-after", "1.5")]),
            Some(Duration::from_millis(1500))
        );
        let both = [("retry-after", "19"), ("retry-after-ms", "18642")];
        assert_eq!(after(&both), Some(Duration::from_millis(18_642)));
        let date = "Fri, 20 Nov 2026 12:00:07 GMT";
        assert_eq!(after(&[("retry-after", date)]), Some(seconds(7)));
    }

    #[test]
    fn a_wait_that_makes_no_sense_is_none_or_nothing() {
        assert_eq!(after(&[("retry-after", "0")]), Some(Duration::ZERO));
        assert_eq!(after(&[("retry-after", "-5")]), Some(Duration::ZERO));
        let past = "Fri, 20 Nov 2020 12:00:00 GMT";
        assert_eq!(after(&[("retry-after", past)]), Some(Duration::ZERO));
        for nonsense in ["soon", "NaN", "inf", "1e300", ""] {
            assert_eq!(
                after(&[("retry-after", nonsense)]).unwrap_or_default(),
                Duration::ZERO
            );
        }
    }

    #[test]
    fn a_base_url_is_taken_with_and_without_a_slash() {
        for base in ["https://api.example.com/v1", "https://api.example.com/v1/"] {
            let url = checked(base, "/chat/completions").expect("a URL");
            assert_eq!(url.as_str(), "https://api.example.com/v1/chat/completions");
        }
    }

    #[test]
    fn a_base_url_that_cannot_work_is_refused() {
        for base in [
            "",
            "api.example.com/v1",
            "ftp://api.example.com",
            "https://",
            "https://user:pass@api.example.com",
            "https://api.example.com/v1?key=1",
        ] {
            let outcome = checked(base, "/chat/completions");
            assert!(matches!(outcome, Err(Error::BaseUrl)), "{base}");
        }
    }

    #[test]
    fn only_this_machine_is_local() {
        let local = |base: &str| is_local(&checked(base, "/").expect("a URL"));
        assert!(local("http://localhost:11434/v1"));
        assert!(local("http://127.0.0.1:11434/v1"));
        assert!(local("http://[::1]:11434/v1"));
        assert!(!local("http://ollama:11434/v1"));
        assert!(!local("http://10.0.0.1/v1"));
    }

    #[test]
    fn a_key_does_not_show_and_must_fit_a_header() {
        let header = bearer(&Secret::new("sk-hidden")).expect("a header");
        assert!(!format!("{header:?}").contains("hidden"));
        assert!(matches!(
            bearer(&Secret::new("sk\nX-Evil: 1")),
            Err(Error::Key)
        ));
    }

    #[test]
    fn clocks_that_differ_do_not_panic() {
        assert_eq!(retry_after(&HeaderMap::new(), SystemTime::UNIX_EPOCH), None);
    }
}
