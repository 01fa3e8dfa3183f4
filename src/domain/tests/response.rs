//! Responses: what they moved, and when nothing can be said.

use seatrial_domain::cell::Counts;
use seatrial_domain::response::{EffectVerdict, Stretch, effect};
use seatrial_domain::signal::Signal;

use crate::support::bundle::DAY_ONE;

fn stretch(signal: &Signal, top: i64, n: i64) -> Stretch {
    let counts = Counts {
        concluded: n,
        success: top,
        rescued: top,
        rescues_known: n,
        approval_asked: top,
        approvals_known: n,
        ..Counts::default()
    };
    Stretch::of(signal, &counts, DAY_ONE, DAY_ONE.plus_days(1))
}

fn verdict(signal: &Signal, before: (i64, i64), after: (i64, i64)) -> (EffectVerdict, String) {
    let found = effect(signal, stretch(signal, before.0, before.1), stretch(signal, after.0, after.1));
    (found.verdict, found.text)
}

#[test]
fn an_effect_has_a_direction_and_says_when_there_is_none() {
    let success = Signal::SuccessRate;
    // Newcombe 56/70 − 48/80, the golden vector: (0.0524, 0.3339).
    let better = effect(&success, stretch(&success, 48, 80), stretch(&success, 56, 70));
    assert_eq!(better.verdict, EffectVerdict::Better);
    let (low, high) = (better.low.expect("an interval"), better.high.expect("an interval"));
    assert!((low - 0.0524).abs() < 5e-5 && (high - 0.3339).abs() < 5e-5, "{low} {high}");
    let text = "Better than before: success_rate 60.0 % (48 of 80) before, 80.0 % (56 of 70) after; +20.0 points, 95 % \
                interval +5.2 to +33.4.";
    assert_eq!(better.text, text);
    assert_eq!(verdict(&success, (56, 70), (48, 80)).0, EffectVerdict::Worse);
    assert_eq!(verdict(&Signal::RescueRate, (56, 70), (48, 80)).0, EffectVerdict::Better, "lower is better");
    assert_eq!(verdict(&Signal::RescueRate, (48, 80), (56, 70)).0, EffectVerdict::Worse);
    assert_eq!(verdict(&Signal::ApprovalRate, (56, 70), (48, 80)).0, EffectVerdict::Changed, "neither is better");
    let (none, text) = verdict(&success, (80, 100), (81, 100));
    assert_eq!(none, EffectVerdict::NoMeasurableEffect);
    assert!(text.starts_with("No measurable effect: "), "{text}");
}

#[test]
fn without_runs_on_both_sides_nothing_is_said() {
    let success = Signal::SuccessRate;
    for (before, after) in [((0, 0), (5, 9)), ((5, 9), (0, 0)), ((0, 0), (0, 0))] {
        let (verdict, text) = verdict(&success, before, after);
        assert_eq!(verdict, EffectVerdict::TooEarly);
        assert!(text.contains("no runs"), "{text}");
    }
}
