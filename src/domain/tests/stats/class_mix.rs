//! The evidence about a mix of classes: its expectation is at most 1 whatever the common mix, summed exactly.

use seatrial_domain::stats::class_mix::{ln_e_mix, moved_most};

/// Every split of `n` over three classes with its probability under `mix`.
fn multinomial(n: u64, mix: [f64; 3]) -> Vec<([u64; 3], f64)> {
    let factorial = |k: u64| (1..=k).map(|i| i as f64).product::<f64>();
    let mut all = Vec::new();
    for a in 0..=n {
        for b in 0..=n - a {
            let counts = [a, b, n - a - b];
            let ways = factorial(n) / counts.iter().map(|&k| factorial(k)).product::<f64>();
            let p: f64 = counts.iter().zip(mix).map(|(&k, share)| share.powi(k as i32)).product();
            all.push((counts, ways * p));
        }
    }
    all
}

#[test]
fn expectation_at_most_one_under_every_common_mix() {
    let mixes = [[0.34, 0.33, 0.33], [0.9, 0.05, 0.05], [0.5, 0.5, 0.0], [0.98, 0.01, 0.01], [1.0, 0.0, 0.0]];
    for mix in mixes {
        for (n, m) in [(1, 1), (3, 9), (10, 2), (8, 8)] {
            let mean: f64 = multinomial(n, mix)
                .iter()
                .flat_map(|(a, p)| multinomial(m, mix).into_iter().map(move |(b, q)| p * q * ln_e_mix(a, &b).exp()))
                .sum();
            assert!(mean <= 1.0 + 1e-9, "{mix:?} {n} {m}: {mean}");
        }
    }
}

#[test]
fn a_shift_is_seen_and_named() {
    assert!(ln_e_mix(&[60, 30, 10], &[20, 30, 50]) > 3.0);
    assert!(ln_e_mix(&[60, 30, 10], &[58, 31, 11]) < 0.0);
    assert_eq!(ln_e_mix(&[], &[]), 0.0);
    assert_eq!(ln_e_mix(&[1, 2], &[1]), 0.0);
    assert_eq!(ln_e_mix(&[0, 0], &[1, 4]), 0.0);
    let moved = moved_most(&[60, 30, 10], &[20, 30, 50], 2);
    assert_eq!(moved.iter().map(|&(class, _)| class).collect::<Vec<_>>(), [0, 2]);
    assert!((moved[0].1 + 0.4).abs() < 1e-12 && (moved[1].1 - 0.4).abs() < 1e-12);
    assert!(moved_most(&[0], &[3], 2).is_empty());
}
