//! The simulator: the same seed gives the same bytes, the rates are those of the scenario, every body decodes.

use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use seatrial::demo::{self, SimulatedRun, load, load_bodies, requests, simulate};
use seatrial_domain::run::Outcome;
use seatrial_domain::time::Timestamp;

const SEED: u64 = demo::DEMO_SEED;

fn now() -> Timestamp {
    "2026-03-04T15:20:00Z".parse().expect("a time")
}

#[test]
fn speed() {
    let begun = Instant::now();
    let (mut bytes, mut runs, mut facts, mut z) = (0, 0, 0, 0);
    for batch in requests(SEED, now(), 20_000) {
        bytes += batch.otlp.len();
        z += 1;
        runs += batch.runs;
        facts += batch.facts.len();
    }
    eprintln!("{runs} {bytes} {z} {facts} {:?}", begun.elapsed());
    let begun = Instant::now();
    let bodies = load_bodies(1, 1_000, load::SPANS_PER_TRACE, load::BYTES_PER_TRACE);
    let total: usize = bodies.iter().map(Vec::len).sum();
    let mut one = 0;
    for body in &bodies {
        let decoded = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
        for r in decoded.resource_spans {
            one += zstd::bulk::compress(&r.encode_to_vec(), 1).unwrap().len();
        }
    }
    eprintln!("load {} {} {:?}", total / 1000, one / 1000, begun.elapsed());
}
