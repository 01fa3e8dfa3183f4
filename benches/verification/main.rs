//! The verification benchmark: how long an export of 10,000 decisions takes to verify offline, beside the least that anybody
//! who verifies must do: read the same bytes as JSON, and hash them once.
//!
//! `cargo bench -p seatrial-domain --bench verification`. It stops when verification takes five seconds or more.
#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::expect_used,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, prints what it measured and stops where it cannot"
)]

use std::time::{Duration, Instant};

use seatrial_domain::decision::{DecisionRecord, SealedDecision, verify_export};
use seatrial_domain::digest::Digest;
use seatrial_domain::ids::{DecisionId, uuid_v7};
use serde_json::{Value, json};

const DECISIONS: u64 = 10_000;
const ROUNDS: usize = 5;
const LIMIT: Duration = Duration::from_secs(5);

/// A kept export whose chain goes on to as many decisions.
fn export() -> Vec<u8> {
    let kept = include_bytes!("../../src/domain/tests/fixtures/engine_2/everything.json");
    let mut export: Value = serde_json::from_slice(kept).expect("the kept export is JSON");
    let mut chain: Vec<SealedDecision> = serde_json::from_value(export["decisions"].clone()).expect("a chain");
    while let Some(before) = chain.last().filter(|last| last.record.sequence < DECISIONS) {
        let sequence = before.record.sequence + 1;
        let record = DecisionRecord {
            id: DecisionId::from_uuid(uuid_v7(1_800_000_000_000 + sequence, [7; 10])),
            sequence,
            supersedes: Some(before.record.id),
            previous: Some(before.digest),
            ..before.record.clone()
        };
        chain.push(record.seal().expect("canonical"));
    }
    export["decisions"] = json!(chain);
    export.to_string().into_bytes()
}

/// The middle of some rounds.
fn median(mut work: impl FnMut()) -> Duration {
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed()
        })
        .collect();
    rounds.sort();
    rounds[ROUNDS / 2]
}

fn main() {
    let bytes = export();
    let verified = median(|| {
        let report = verify_export(&bytes, &[]);
        assert!(report.ok, "{:?}", report.problem);
    });
    let least = median(|| {
        let read: Value = serde_json::from_slice(&bytes).expect("JSON");
        assert!(read.is_object() && Digest::of(&bytes).hex().len() == 64);
    });
    println!(
        "{DECISIONS} decisions, {:.1} MB: verified in {:.3} s; reading and hashing the same bytes once takes {:.3} s ({:.1} times as long)",
        bytes.len() as f64 / 1e6,
        verified.as_secs_f64(),
        least.as_secs_f64(),
        verified.as_secs_f64() / least.as_secs_f64(),
    );
    assert!(verified < LIMIT, "verification is to take less than {LIMIT:?}");
}
