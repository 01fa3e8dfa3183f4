//! Simulated streams with known truth, looked at after every block.

use seatrial_domain::stats::special::ln;
use seatrial_domain::stats::{EProcess, EvidenceMethod, Null, Outcomes};

use crate::support::Draw;

const STREAMS: u64 = 1_500;
const BLOCKS: usize = 60;
const ALPHA: f64 = 0.05;

/// Share of streams whose evidence against `null` ever reaches 1/α.
fn share_reached(null: Null, method: EvidenceMethod, rate_a: f64, rate_b: f64, seed: u64) -> f64 {
    let bar = -ln(ALPHA);
    let mut reached = 0;
    for stream in 0..STREAMS {
        let mut draw = Draw::new(seed.wrapping_mul(1_000_003).wrapping_add(stream));
        let mut process = EProcess::new(null, method);
        for _ in 0..BLOCKS {
            // Unequal arms of 4 to 12, some blocks without a baseline.
            let (n_a, n_b) = (draw.next() % 9, 4 + draw.next() % 9);
            let block = Outcomes { n_a, s_a: draw.hits(n_a, rate_a), n_b, s_b: draw.hits(n_b, rate_b) };
            if process.step(&block) >= bar {
                reached += 1;
                break;
            }
        }
    }
    reached as f64 / STREAMS as f64
}

/// α plus three Monte-Carlo standard errors.
fn allowed() -> f64 {
    ALPHA + 3.0 * (ALPHA * (1.0 - ALPHA) / STREAMS as f64).sqrt()
}

#[test]
fn false_ship_at_a_true_margin() {
    let null = Null::CandidateBelow { margin: 0.05 };
    for (method, seed) in [(EvidenceMethod::PlugIn, 1), (EvidenceMethod::Averaged, 2)] {
        let share = share_reached(null, method, 0.9, 0.85, seed);
        assert!(share <= allowed(), "{method:?} shipped {share}");
    }
}

#[test]
fn false_rollback_at_no_difference() {
    let null = Null::CandidateAbove { margin: 0.0 };
    for (method, seed) in [(EvidenceMethod::PlugIn, 3), (EvidenceMethod::Averaged, 4)] {
        let share = share_reached(null, method, 0.9, 0.9, seed);
        assert!(share <= allowed(), "{method:?} rolled back {share}");
    }
}

#[test]
fn false_pass_at_the_floor_and_below() {
    let null = Null::RateAtMost { bound: 0.9 };
    for (rate, seed) in [(0.9, 5), (0.8, 6)] {
        let share = share_reached(null, EvidenceMethod::PlugIn, 0.5, rate, seed);
        assert!(share <= allowed(), "{rate} passed a floor of .9 in {share}");
    }
}

#[test]
fn a_real_difference_is_found() {
    let ship = Null::CandidateBelow { margin: 0.05 };
    let rollback = Null::CandidateAbove { margin: 0.0 };
    assert!(share_reached(ship, EvidenceMethod::PlugIn, 0.7, 0.85, 7) > 0.9);
    assert!(share_reached(rollback, EvidenceMethod::PlugIn, 0.9, 0.7, 8) > 0.9);
}
