//! `/livez`, `/readyz` and `/metrics` over a real socket.

use std::sync::mpsc;
use std::thread;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::runtime;

use pgparley::server::http;
use pgparley::server::http::Phase;
use pgparley::server::http::Readiness;
use pgparley::telemetry::Metrics;
use pgparley::telemetry::names;

/// A served port and the readiness behind it.
struct Served {
    port: u16,
    readiness: Readiness,
}

impl Served {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener
            .local_addr()
            .expect("a bound socket has an address")
            .port();
        let readiness = Readiness::new();
        tokio::spawn(http::serve(listener, Metrics::install(), readiness.clone()));
        Self { port, readiness }
    }

    /// The status code and the whole answer, head and body.
    async fn get(&self, path: &str) -> (u16, String) {
        let mut socket = TcpStream::connect(("127.0.0.1", self.port))
            .await
            .expect("it listens");
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        socket
            .write_all(request.as_bytes())
            .await
            .expect("it reads");
        let mut answer = String::new();
        socket
            .read_to_string(&mut answer)
            .await
            .expect("it answers");
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
        (status.expect("a status line"), answer)
    }
}

/// The handle of a `current_thread` runtime that runs until the guard is dropped.
fn worker() -> (runtime::Handle, tokio::sync::oneshot::Sender<()>) {
    let (handle, started) = mpsc::channel();
    let (guard, ended) = tokio::sync::oneshot::channel::<()>();
    thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        handle
            .send(runtime.handle().clone())
            .expect("the test waits");
        runtime.block_on(async { ended.await.unwrap_or_default() });
    });
    (started.recv().expect("the worker starts"), guard)
}

#[tokio::test]
async fn ready_is_between_listening_and_shutdown() {
    let served = Served::start().await;
    let (status, answer) = served.get("/readyz").await;
    assert_eq!(status, 503);
    assert!(answer.ends_with("starting\n"), "{answer}");

    served.readiness.ready(Vec::new());
    assert_eq!(served.get("/readyz").await.0, 200);

    served.readiness.stopping();
    let (status, answer) = served.get("/readyz").await;
    assert_eq!(status, 503);
    assert!(answer.ends_with("shutting down\n"), "{answer}");

    served.readiness.ready(Vec::new());
    assert_eq!(
        served.readiness.phase(),
        Phase::Stopping,
        "a shutdown is not taken back"
    );
}

#[tokio::test]
async fn live_is_while_every_worker_answers() {
    let served = Served::start().await;
    assert_eq!(served.get("/livez").await.0, 200);
    let (first, _running) = worker();
    let (second, guard) = worker();
    served.readiness.ready(vec![first, second]);
    assert_eq!(served.get("/livez").await.0, 200);

    drop(guard);
    while served.get("/livez").await.0 == 200 {}
    assert_eq!(served.get("/livez").await.0, 503);

    served.readiness.stopping();
    assert_eq!(
        served.get("/livez").await.0,
        200,
        "workers that end in a shutdown are no failure"
    );
}

#[tokio::test]
async fn metrics_are_in_prometheus_text() {
    let served = Served::start().await;
    metrics::counter!(names::REFUSALS, "sqlstate" => "42501").increment(1);
    let (status, answer) = served.get("/metrics").await;
    assert_eq!(status, 200);
    assert!(
        answer.contains("content-type: text/plain; version=0.0.4"),
        "{answer}"
    );
    assert!(
        answer.contains("\npgparley_refusals_total{sqlstate=\"42501\"} 1\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn anything_else_is_not_found() {
    let served = Served::start().await;
    assert_eq!(served.get("/").await.0, 404);
}
