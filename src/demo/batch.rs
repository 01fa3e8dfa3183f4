//! Simulated runs as the requests that would carry them.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use seatrial_domain::time::Timestamp;

use super::simulate::{LateFactInput, simulate};

/// Runs in one request.
pub const RUNS_PER_REQUEST: usize = 100;

/// One request's worth of runs.
#[derive(Clone, Debug)]
pub struct DemoBatch {
    /// The body of an OTLP request, protobuf.
    pub otlp: Vec<u8>,
    /// How many runs it holds.
    pub runs: usize,
    /// Late facts of those runs, by the run's external id (its trace id, 32 hexadecimal digits).
    pub facts: Vec<(String, Vec<LateFactInput>)>,
}

/// The demo project's runs in requests of [`RUNS_PER_REQUEST`], in order of time.
pub fn requests(seed: u64, now: Timestamp, runs: usize) -> impl Iterator<Item = DemoBatch> {
    let mut simulation = simulate(seed, now, runs);
    std::iter::from_fn(move || {
        let mut request = ExportTraceServiceRequest::default();
        let mut facts = Vec::new();
        for run in simulation.by_ref().take(RUNS_PER_REQUEST) {
            if !run.late_facts.is_empty() {
                facts.push((run.trace_id.to_string(), run.late_facts));
            }
            request.resource_spans.push(run.resource_spans);
        }
        let runs = request.resource_spans.len();
        (runs > 0).then(|| DemoBatch { otlp: request.encode_to_vec(), runs, facts })
    })
}
