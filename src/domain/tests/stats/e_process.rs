//! The factor of a block has expectation at most 1 over the whole null, computed exactly.

use seatrial_domain::stats::bet::Predictor;
use seatrial_domain::stats::e_process::ln_factor;
use seatrial_domain::stats::{EProcess, EvidenceMethod, Null, Outcomes};

/// Probabilities of 0..=n hits at `rate`.
fn binomial(n: u64, rate: f64) -> Vec<f64> {
    let mut law = vec![1.0];
    for _ in 0..n {
        let mut next = vec![0.0; law.len() + 1];
        for (k, p) in law.iter().enumerate() {
            next[k] += p * (1.0 - rate);
            next[k + 1] += p * rate;
        }
        law = next;
    }
    law
}

fn expectation(null: Null, predicted: (f64, f64), sizes: (u64, u64), truth: (f64, f64)) -> f64 {
    let (law_a, law_b) = (binomial(sizes.0, truth.0), binomial(sizes.1, truth.1));
    let mut sum = 0.0;
    for (s_a, p_a) in (0..).zip(&law_a) {
        for (s_b, p_b) in (0..).zip(&law_b) {
            let block = Outcomes { n_a: sizes.0, s_a, n_b: sizes.1, s_b };
            sum += p_a * p_b * ln_factor(null, predicted.0, predicted.1, &block).exp();
        }
    }
    sum
}

const GRID: [f64; 9] = [0.01, 0.1, 0.25, 0.4, 0.5, 0.7, 0.85, 0.95, 0.99];
const SIZES: [(u64, u64); 5] = [(1, 1), (3, 7), (9, 2), (1, 12), (6, 6)];

fn holds_over_null(null: Null, in_null: impl Fn(f64, f64) -> bool) {
    let mut bets = 0;
    for sizes in SIZES {
        for predicted in GRID.into_iter().flat_map(|a| GRID.map(|b| (a, b))) {
            for truth in GRID.into_iter().flat_map(|a| GRID.map(|b| (a, b))) {
                if !in_null(truth.0, truth.1) {
                    continue;
                }
                let mean = expectation(null, predicted, sizes, truth);
                assert!(mean <= 1.0 + 1e-9, "{null:?} sizes {sizes:?} predicted {predicted:?} truth {truth:?}: {mean}");
                bets += usize::from((mean - 1.0).abs() > 1e-12);
            }
        }
    }
    assert!(bets > 0, "the grid never bets");
}

#[test]
fn candidate_below_by_a_margin() {
    for margin in [0.0, 0.05, 0.2, -0.1] {
        holds_over_null(Null::CandidateBelow { margin }, |a, b| b <= a - margin + 1e-12);
    }
}

#[test]
fn candidate_above_by_a_margin() {
    for margin in [0.0, 0.05, -0.1] {
        holds_over_null(Null::CandidateAbove { margin }, |a, b| b >= a + margin - 1e-12);
    }
}

#[test]
fn one_sample_whole_null() {
    for bound in [0.1, 0.5, 0.9] {
        holds_over_null(Null::RateAtMost { bound }, |_, b| b <= bound);
        holds_over_null(Null::RateAtLeast { bound }, |_, b| b >= bound);
    }
}

#[test]
fn exchanging_arms_or_outcomes_mirrors_the_process() {
    let blocks = [(5, 4, 7, 3), (2, 2, 9, 8), (6, 1, 3, 3), (4, 4, 4, 0), (8, 7, 1, 1)];
    let series: Vec<Outcomes> = blocks.map(|(n_a, s_a, n_b, s_b)| Outcomes { n_a, s_a, n_b, s_b }).into();
    let exchanged: Vec<Outcomes> = blocks.map(|(n_b, s_b, n_a, s_a)| Outcomes { n_a, s_a, n_b, s_b }).into();
    let negated: Vec<Outcomes> =
        blocks.map(|(n_a, s_a, n_b, s_b)| Outcomes { n_a, s_a: n_a - s_a, n_b, s_b: n_b - s_b }).into();
    let run = |null, blocks: &[Outcomes]| EProcess::over(null, EvidenceMethod::PlugIn, blocks).path;
    let below = run(Null::CandidateBelow { margin: 0.05 }, &series);
    let above = |blocks: &[Outcomes]| run(Null::CandidateAbove { margin: 0.05 }, blocks);
    for (i, expected) in below.iter().enumerate() {
        assert!((above(&exchanged)[i] - expected).abs() < 1e-9);
        assert!((above(&negated)[i] - expected).abs() < 1e-9);
    }
}

#[test]
fn an_empty_arm_only_teaches_the_predictor() {
    let mut process = EProcess::new(Null::CandidateBelow { margin: 0.05 }, EvidenceMethod::PlugIn);
    assert_eq!(process.step(&Outcomes { n_a: 0, s_a: 0, n_b: 50, s_b: 50 }), 0.0);
    assert_eq!(process.step(&Outcomes { n_a: 50, s_a: 0, n_b: 0, s_b: 0 }), 0.0);
    assert!(process.step(&Outcomes { n_a: 10, s_a: 0, n_b: 10, s_b: 10 }) > 3.0);
}

#[test]
fn evidence_is_latched_and_averages_start_at_one() {
    let null = Null::RateAtMost { bound: 0.5 };
    let good = Outcomes { n_b: 10, s_b: 9, ..Outcomes::default() };
    let bad = Outcomes { n_b: 10, s_b: 1, ..Outcomes::default() };
    for method in [EvidenceMethod::PlugIn, EvidenceMethod::Averaged] {
        let mut process = EProcess::new(null, method);
        assert_eq!((process.ln_e(), process.ln_e_max()), (0.0, 0.0));
        (0..5).for_each(|_| {
            process.step(&good);
        });
        let high = process.ln_e();
        process.step(&bad);
        assert!(process.ln_e() < high && process.ln_e_max() == high && high > 3.0);
    }
    let average = Predictor { start: 0.3, ..Predictor::NEUTRAL };
    let one = EProcess::with_predictors(null, &[average, average]);
    assert_eq!(one.ln_e(), 0.0);
}

/// How many clean runs it takes to show a rate below one per cent, looked at after every block.
#[test]
fn none_in_n_is_not_proof_of_none() {
    let null = Null::RateAtLeast { bound: 0.01 };
    let clean = Outcomes { n_b: 1, ..Outcomes::default() };
    let needed = |method| {
        let mut process = EProcess::new(null, method);
        (1..2_000).find(|_| process.step(&clean) >= 20_f64.ln()).expect("it is shown some time")
    };
    // 299 would do at a fixed n.
    let (hedged, plain) = (needed(EvidenceMethod::Hedged), needed(EvidenceMethod::PlugIn));
    assert!((409..=984).contains(&hedged), "{hedged}");
    assert!((409..=984).contains(&plain), "{plain}");
}

/// Whatever the start was like, the hedge never falls further behind the plain process than its share of the stake.
#[test]
fn an_unlucky_start_costs_at_most_the_stake() {
    let null = Null::CandidateBelow { margin: 0.05 };
    let unlucky = Outcomes { n_a: 5, s_a: 5, n_b: 5, s_b: 0 };
    let usual = Outcomes { n_a: 5, s_a: 4, n_b: 5, s_b: 4 };
    let (mut hedged, mut plain) =
        (EProcess::new(null, EvidenceMethod::Hedged), EProcess::new(null, EvidenceMethod::PlugIn));
    for block in [[unlucky; 3].as_slice(), &[usual; 200]].concat() {
        let (a, b) = (hedged.step(&block), plain.step(&block));
        assert!(a >= b - 4_f64.ln() - 1e-9, "{a} {b}");
    }
    assert!(hedged.ln_e() > plain.ln_e(), "{} {}", hedged.ln_e(), plain.ln_e());
}
