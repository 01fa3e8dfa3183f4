//! Metrics in the OpenMetrics text format, all named `seatrial_…`.
//!
//! Labels come from fixed sets only (route patterns, status classes, our own words): never a project,
//! a workflow or anything else that somebody outside can make many of.

use std::fmt;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The content type of [`AllMetrics::encode`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// One kind of HTTP request and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// The method, or `other`.
    pub method: &'static str,
    /// The pattern of the route, never the path.
    pub route: String,
    /// `2xx` to `5xx`.
    pub status: &'static str,
}

/// One route.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RouteLabels {
    /// The pattern of the route, never the path.
    pub route: String,
}

/// Where runs came from and what became of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct IngestLabels {
    /// `otlp`, `json` or `fact`.
    pub source: &'static str,
    /// `accepted`, `repeated`, `rejected` or `overloaded` (requests, not runs).
    pub outcome: &'static str,
}

/// One attempt to tell somebody something.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct DeliveryLabels {
    /// `mail` or `webhook`.
    pub channel: &'static str,
    /// `delivered`, `retry` or `failed`.
    pub outcome: &'static str,
}

/// One kind of background work.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct WorkLabels {
    /// The name of the worker, for example `staleness`.
    pub worker: &'static str,
    /// `done` or `failed`.
    pub outcome: &'static str,
}

/// Every metric of the service. Cheap to share behind an `Arc`.
pub struct AllMetrics {
    registry: Registry,
    /// Requests answered.
    pub http_requests: Family<RequestLabels, Counter>,
    /// Seconds until the head of the answer.
    pub http_seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    /// Runs, by source and outcome.
    pub ingest_runs: Family<IngestLabels, Counter>,
    /// Spans accepted.
    pub ingest_spans: Counter,
    /// Bytes of bodies that arrived, before decompression.
    pub ingest_bytes: Counter,
    /// Requests waiting for the writer.
    pub ingest_queue_length: Gauge,
    /// Bytes of the requests waiting for the writer.
    pub ingest_queue_bytes: Gauge,
    /// Seconds a group commit took.
    pub commit_seconds: Histogram,
    /// Runs in a group commit.
    pub commit_runs: Histogram,
    /// Attempts to deliver notices.
    pub deliveries: Family<DeliveryLabels, Counter>,
    /// Notices that wait in the outbox.
    pub outbox_length: Gauge,
    /// Statements sent to the database; brought up to date when somebody asks.
    pub database_statements: Counter,
    /// Background work.
    pub work: Family<WorkLabels, Counter>,
}

impl fmt::Debug for AllMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllMetrics").finish_non_exhaustive()
    }
}

impl Default for AllMetrics {
    fn default() -> Self {
        Self::new()
    }
}

impl AllMetrics {
    /// All metrics at zero, in a registry of their own.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("seatrial"),
            http_requests: Family::default(),
            http_seconds: Family::new_with_constructor(seconds as fn() -> Histogram),
            ingest_runs: Family::default(),
            ingest_spans: Counter::default(),
            ingest_bytes: Counter::default(),
            ingest_queue_length: Gauge::default(),
            ingest_queue_bytes: Gauge::default(),
            commit_seconds: seconds(),
            commit_runs: Histogram::new([1.0, 5.0, 25.0, 100.0, 500.0, 2_000.0, 10_000.0]),
            deliveries: Family::default(),
            outbox_length: Gauge::default(),
            work: Family::default(),
            database_statements: Counter::default(),
        };
        metrics.register();
        metrics
    }

    /// The text that a scraper reads.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("http_requests", "Requests answered", self.http_requests.clone());
        registry.register("http_request_seconds", "Seconds until the head of the answer", self.http_seconds.clone());
        registry.register("ingest_runs", "Runs by source and outcome", self.ingest_runs.clone());
        registry.register("ingest_spans", "Spans accepted", self.ingest_spans.clone());
        registry.register("ingest_bytes", "Bytes of bodies before decompression", self.ingest_bytes.clone());
        registry.register("ingest_queue_length", "Requests waiting for the writer", self.ingest_queue_length.clone());
        registry.register("ingest_queue_bytes", "Bytes waiting for the writer", self.ingest_queue_bytes.clone());
        registry.register("commit_seconds", "Seconds a group commit took", self.commit_seconds.clone());
        registry.register("commit_runs", "Runs in a group commit", self.commit_runs.clone());
        registry.register("deliveries", "Attempts to deliver notices", self.deliveries.clone());
        registry.register("outbox_length", "Notices waiting in the outbox", self.outbox_length.clone());
        registry.register("database_statements", "Statements sent to the database", self.database_statements.clone());
        registry.register("work", "Background work done and failed", self.work.clone());
    }
}

fn seconds() -> Histogram {
    Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0])
}

/// The class of a status, for a label.
pub const fn status_class(status: u16) -> &'static str {
    match status {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

/// The method, for a label: the usual ones, or `other`, since a client can invent methods.
pub fn method_label(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("other")
}
