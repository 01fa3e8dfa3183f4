//! Forecasts: the same evidence gives the same one, and what it says comes about as often as it says.

use seatrial_domain::evidence::freeze;
use seatrial_domain::gate::{CheckVerdict, evaluate, forecasts};
use seatrial_domain::run::RunFacts;
use seatrial_domain::scorecard::Criterion;
use seatrial_domain::signal::Signal;
use seatrial_domain::stats::draw::Draw as Seeded;

use crate::support::Draw;
use crate::support::bundle::{input, key_check, run, scorecard};

fn runs(draw: &mut Draw, n: usize, rate: f64) -> Vec<RunFacts> {
    (0..n).map(|_| run(draw.hit(rate) == 1)).collect()
}

#[test]
fn a_forecast_is_the_evidences_own_and_says_how_it_will_end() {
    let mut draw = Draw::new(1);
    let (a, b) = (runs(&mut draw, 2_000, 0.8), runs(&mut draw, 100, 0.84));
    let bundle = freeze(&input(&a, &b, scorecard(vec![key_check(Signal::SuccessRate)], &[])));
    assert_eq!(evaluate(&bundle).checks[0].verdict, CheckVerdict::Inconclusive);
    let found = forecasts(&bundle);
    assert_eq!(found, forecasts(&bundle));
    let [forecast] = found.as_slice() else { panic!("one check waits") };
    let (half, most) = (forecast.half.expect("half are settled"), forecast.most.expect("most are settled"));
    assert!(half > 0 && half <= most && most <= forecast.within, "{forecast:?}");
    assert!(forecast.pass_percent > forecast.fail_percent, "{forecast:?}");
    assert!(forecast.text.contains("in half of the ways"), "{}", forecast.text);
}

#[test]
fn what_will_hardly_ever_be_settled_is_said_to_be() {
    // Just on the floor: neither side of it can be shown.
    let mut draw = Draw::new(2);
    let candidate = runs(&mut draw, 3_000, 0.9);
    let mut check = key_check(Signal::SuccessRate);
    let successes = candidate.iter().filter(|facts| facts.successful()).count() as f64;
    check.criterion = Criterion::Floor { rate: successes / 3_000.0 };
    let mut given = input(&[], &candidate, scorecard(vec![check], &[]));
    given.policy.planned_candidate_runs = 50;
    let found = forecasts(&freeze(&given));
    assert_eq!((found[0].half, found[0].within), (None, 1_000));
    assert!(found[0].text.contains("probably not settled within 1,000 further units"), "{}", found[0].text);
}

#[test]
fn what_has_spoken_or_cannot_speak_has_no_forecast() {
    let mut draw = Draw::new(3);
    let (a, b) = (runs(&mut draw, 800, 0.8), runs(&mut draw, 800, 0.9));
    let card = || scorecard(vec![key_check(Signal::SuccessRate)], &[]);
    assert!(forecasts(&freeze(&input(&a, &b, card()))).is_empty());
    let mut unverified = input(&a, &b[..80], card());
    unverified.observes.clear();
    assert!(forecasts(&freeze(&unverified)).is_empty());
    let mut alone = input(&[], &b[..80], card());
    alone.baseline = None;
    assert!(forecasts(&freeze(&alone)).is_empty());
}

#[test]
fn draws_follow_their_laws() {
    let mut draw = Seeded::new(7);
    let n = 4_000;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    for (a, b) in [(0.5, 0.5), (8.0, 2.0), (300.5, 40.5)] {
        let values: Vec<f64> = (0..n).map(|_| draw.beta(a, b)).collect();
        let (expected, variance) = (a / (a + b), a * b / ((a + b) * (a + b) * (a + b + 1.0)));
        let found = mean(&values);
        let error = 4.0 * (variance / f64::from(n)).sqrt();
        assert!((found - expected).abs() < error, "{a} {b}: {found}");
        let spread = mean(&values.iter().map(|x| (x - found) * (x - found)).collect::<Vec<_>>());
        assert!((spread / variance - 1.0).abs() < 0.12, "{a} {b}: {spread} {variance}");
    }
    assert!((draw.hits(20_000, 0.3) as f64 / 20_000.0 - 0.3).abs() < 0.015);
}
