//! `/livez`, `/readyz` and `/metrics`, for orchestrators and Prometheus.
//!
//! Runs on the control runtime, so that a scrape never costs a query anything.

mod readiness;

use std::io;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::telemetry::Metrics;

pub use readiness::Phase;
pub use readiness::Readiness;

/// Answers on `listener` until it fails or the future is dropped; also keeps `metrics` bounded.
///
/// It is to be run until the process ends: `/readyz` must still answer 503 during a shutdown.
pub async fn serve(
    listener: TcpListener,
    metrics: Metrics,
    readiness: Readiness,
) -> io::Result<()> {
    let router = Router::new()
        .route("/livez", get(livez).with_state(readiness.clone()))
        .route("/readyz", get(readyz).with_state(readiness))
        .route("/metrics", get(scrape).with_state(metrics.clone()));
    tokio::select! {
        ended = axum::serve(listener, router) => ended,
        () = metrics.keep() => Ok(()),
    }
}

/// 200 while every worker answers. A client's trouble or a dead upstream never makes it fail.
async fn livez(State(readiness): State<Readiness>) -> impl IntoResponse {
    if readiness.is_alive().await {
        (StatusCode::OK, "alive\n")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "a worker does not answer\n",
        )
    }
}

/// 200 between the first listening socket and the beginning of the shutdown.
async fn readyz(State(readiness): State<Readiness>) -> impl IntoResponse {
    match readiness.phase() {
        Phase::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
        Phase::Ready => (StatusCode::OK, "ready\n"),
        Phase::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n"),
    }
}

/// <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>
async fn scrape(State(metrics): State<Metrics>) -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        metrics.render(),
    )
}
