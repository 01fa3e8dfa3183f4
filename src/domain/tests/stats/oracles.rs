//! Figures computed by scipy, statsmodels, ville and ddsketch (`scripts/oracles.sh`), kept in `fixtures/oracles.json`.

use std::collections::BTreeSet;

use seatrial_domain::stats::Sketch;
use seatrial_domain::stats::class_mix::ln_e_mix;
use seatrial_domain::stats::e_bh::e_bh;
use seatrial_domain::stats::interval::{newcombe, wilson};
use seatrial_domain::stats::paired::Pairs;
use seatrial_domain::stats::rank::order_statistic_ranks;
use seatrial_domain::stats::sequence::{asymptotic_half_width, beta_mixture, ln_e_mixture};
use seatrial_domain::stats::special::{chi_square_upper_tail, ln_beta, normal_quantile};
use seatrial_domain::stats::test_statistics::g_test;
use serde_json::Value;

fn rows(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../fixtures/oracles.json")).expect("the fixture is JSON");
    let rows = all[name].as_array().expect("there are rows").clone();
    assert!(!rows.is_empty(), "{name}");
    rows
}

fn whole(row: &Value, name: &str) -> u64 {
    row[name].as_u64().unwrap_or_else(|| panic!("{name} in {row}"))
}

fn figure(row: &Value, name: &str) -> f64 {
    row[name].as_f64().unwrap_or_else(|| panic!("{name} in {row}"))
}

fn counts(row: &Value, name: &str) -> Vec<u64> {
    row[name].as_array().expect("counts").iter().map(|n| n.as_u64().expect("a count")).collect()
}

fn close(found: f64, expected: f64, row: &Value) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{found} is not {expected}: {row}");
}

#[test]
fn intervals() {
    for row in rows("wilson") {
        let found = wilson(whole(&row, "s"), whole(&row, "n"), 0.05).expect("runs");
        close(found.low, figure(&row, "low"), &row);
        close(found.high, figure(&row, "high"), &row);
    }
    for row in rows("newcombe") {
        let at = |name| whole(&row, name);
        let found = newcombe(at("s1"), at("n1"), at("s2"), at("n2"), 0.05).expect("runs");
        close(found.low, figure(&row, "low"), &row);
        close(found.high, figure(&row, "high"), &row);
    }
}

#[test]
fn special_functions_and_ranks() {
    rows("normal_quantile").iter().for_each(|row| close(normal_quantile(figure(row, "p")), figure(row, "z"), row));
    for row in rows("chi_square") {
        let degrees = u32::try_from(whole(&row, "degrees")).expect("small");
        close(chi_square_upper_tail(figure(&row, "x"), degrees), figure(&row, "p"), &row);
    }
    rows("ln_beta")
        .iter()
        .for_each(|row| close(ln_beta(figure(row, "a"), figure(row, "b")), figure(row, "value"), row));
    for row in rows("ranks") {
        let found = order_statistic_ranks(whole(&row, "n"), figure(&row, "q"), 0.05);
        assert_eq!(found, Some((whole(&row, "low"), whole(&row, "high"))), "{row}");
    }
}

#[test]
fn tests_and_mixtures() {
    for row in rows("mcnemar") {
        let pairs =
            Pairs { only_baseline: whole(&row, "lost"), only_candidate: whole(&row, "won"), ..Pairs::default() };
        close(pairs.mcnemar_exact(), figure(&row, "p"), &row);
    }
    for row in rows("g_test") {
        let found = g_test(&counts(&row, "first"), &counts(&row, "second")).expect("same classes");
        close(found.g, figure(&row, "g"), &row);
        close(found.p, figure(&row, "p"), &row);
    }
    for row in rows("beta_mixture") {
        let found = ln_e_mixture(whole(&row, "s"), whole(&row, "n"), figure(&row, "p"), 1.0, 1.0);
        close(found, figure(&row, "ln_e"), &row);
    }
    for row in rows("dirichlet") {
        close(ln_e_mix(&counts(&row, "first"), &counts(&row, "second")), figure(&row, "ln_e"), &row);
    }
}

#[test]
fn sequences_and_e_bh() {
    for row in rows("sequence") {
        let prior = (figure(&row, "a"), figure(&row, "b"));
        let found = beta_mixture(whole(&row, "s"), whole(&row, "n"), prior.0, prior.1, 0.05);
        close(found.low, figure(&row, "low"), &row);
        close(found.high, figure(&row, "high"), &row);
    }
    for row in rows("mixture_evidence") {
        let of = |name| figure(&row, name);
        let found = ln_e_mixture(whole(&row, "s"), whole(&row, "n"), of("p"), of("a"), of("b"));
        close(found, of("ln_e"), &row);
    }
    for row in rows("half_width") {
        let of = |name| figure(&row, name);
        let found = asymptotic_half_width(whole(&row, "n"), of("variance"), of("best_at"), of("alpha"));
        close(found.expect("enough values"), of("half_width"), &row);
    }
    let mut sizes = BTreeSet::new();
    for row in rows("e_bh") {
        let ln_e: Vec<f64> = row["ln_e"].as_array().expect("evidence").iter().filter_map(Value::as_f64).collect();
        let mut found: Vec<u64> = e_bh(&ln_e, figure(&row, "alpha")).into_iter().map(|i| i as u64).collect();
        found.sort_unstable();
        assert_eq!(found, counts(&row, "rejected"), "{row}");
        sizes.insert(found.len());
    }
    assert!(sizes.len() > 2, "some reject more than others: {sizes:?}");
}

#[test]
fn quantiles_of_the_sketch() {
    let all: Value = serde_json::from_str(include_str!("../fixtures/oracles.json")).expect("the fixture is JSON");
    let spec = &all["sketch"];
    let (mut state, mut sketch) = (whole(spec, "seed"), Sketch::new());
    for _ in 0..whole(spec, "n") {
        state = state * 48_271 % 2_147_483_647;
        sketch.add(1 + 10_f64.powf(6.0 * state as f64 / 2_147_483_647.0) as i64);
    }
    for row in spec["quantiles"].as_array().expect("quantiles") {
        let (found, theirs) = (sketch.quantile(figure(row, "q")).expect("amounts"), figure(row, "value"));
        // Each is within 1 % of a value at neighbouring ranks.
        assert!((found / theirs - 1.0).abs() <= 0.025, "{found} beside {theirs}: {row}");
    }
}
