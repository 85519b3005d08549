//! The metrics recorder of this process.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::Matcher;
use metrics_exporter_prometheus::PrometheusBuilder;
use metrics_exporter_prometheus::PrometheusHandle;

use super::names;
use super::names::Kind;

/// Upper bounds in seconds: from a hand-over between threads to a model's deadline.
const BUCKETS: [f64; 12] = [
    0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// How often measured durations are sorted into their buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// What was recorded so far. Clones are the same recorder.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Begins recording; until then every metric is dropped. A second call gives the same recorder.
    ///
    /// Somebody must run [`Metrics::keep`], else measured durations pile up.
    pub fn install() -> Self {
        static INSTALLED: OnceLock<Metrics> = OnceLock::new();
        INSTALLED.get_or_init(Self::record).clone()
    }

    /// Everything recorded, in Prometheus' text format.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Keeps the memory of durations bounded; never ends. Cancel safe.
    pub async fn keep(&self) {
        let mut ticks = tokio::time::interval(UPKEEP);
        loop {
            ticks.tick().await;
            self.0.run_upkeep();
        }
    }

    fn record() -> Self {
        let recorder = names::ALL
            .iter()
            .filter(|(_, kind, _)| *kind == Kind::Seconds)
            .fold(PrometheusBuilder::new(), |builder, (name, _, _)| {
                builder
                    .set_buckets_for_metric(Matcher::Full((*name).to_owned()), &BUCKETS)
                    .expect("there are buckets")
            })
            .build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder is installed, /metrics stays empty");
        }
        for (name, kind, help) in names::ALL {
            match kind {
                Kind::Counter => metrics::describe_counter!(name, help),
                Kind::Gauge => metrics::describe_gauge!(name, help),
                Kind::Seconds => {
                    metrics::describe_histogram!(name, metrics::Unit::Seconds, help);
                }
            }
        }
        Self(handle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_is_rendered_with_its_help() {
        let first = Metrics::install();
        metrics::counter!(names::LOGINS).increment(2);
        metrics::histogram!(names::WAIT_SECONDS).record(0.002);
        let text = Metrics::install().render();
        assert_eq!(text, first.render(), "both are the one recorder");
        assert!(
            text.contains("# HELP pgparley_logins_total Clients that logged in."),
            "{text}"
        );
        assert!(
            text.contains("# TYPE pgparley_query_wait_seconds histogram"),
            "{text}"
        );
        assert!(
            text.contains("pgparley_query_wait_seconds_bucket{le=\"0.005\"} 1"),
            "{text}"
        );
    }

    #[test]
    fn names_follow_prometheus_conventions() {
        for (name, kind, _) in names::ALL {
            assert!(name.starts_with("pgparley_"), "{name}");
            assert_eq!(name.ends_with("_total"), kind == Kind::Counter, "{name}");
            assert_eq!(name.ends_with("_seconds"), kind == Kind::Seconds, "{name}");
        }
    }
}
