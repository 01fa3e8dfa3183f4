//! What another scorecard would have made of frozen evidence.

use seatrial_domain::evidence::{FreezeInput, freeze};
use seatrial_domain::gate::{CheckVerdict, Proposed, Verdict, evaluate, reconsider};
use seatrial_domain::scorecard::{Check, CheckRole, Criterion, Scope, Scorecard};
use seatrial_domain::signal::Signal;

use crate::gate::{mixed, runs};
use crate::support::bundle::{input, key_check, scorecard};

fn proposed(card: &Scorecard) -> Proposed<'_> {
    let Scorecard { checks, dimensions, required_segments, .. } = card;
    Proposed { checks, dimensions, required_segments }
}

fn with(criterion: Criterion) -> Check {
    Check { criterion, ..key_check(Signal::SuccessRate) }
}

fn compared(margin: f64) -> Check {
    with(Criterion::NotWorseThanBaseline { margin: Some(margin) })
}

/// Reading the frozen blocks by another scorecard says what freezing for that scorecard would have said.
fn agrees(asked: &FreezeInput, card: Scorecard) -> Verdict {
    let (_, told, untold) = reconsider(&freeze(asked), proposed(&card)).expect("it had a scorecard");
    assert_eq!(untold, []);
    let direct = FreezeInput { scorecard: Some(card), ..asked.clone() };
    let direct = evaluate(&freeze(&direct));
    let verdicts = |told: &seatrial_domain::gate::Recommendation| -> Vec<(String, CheckVerdict, usize)> {
        told.checks.iter().map(|check| (check.key.clone(), check.verdict, check.segments.len())).collect()
    };
    assert_eq!((told.verdict, verdicts(&told)), (direct.verdict, verdicts(&direct)));
    told.verdict
}

#[test]
fn another_margin_or_role_is_read_from_the_same_blocks() {
    let asked = input(&runs(600, 60), &runs(600, 75), scorecard(vec![compared(0.2)], &[]));
    assert_eq!(agrees(&asked, scorecard(vec![compared(0.2)], &[])), Verdict::Ship);
    assert_eq!(agrees(&asked, scorecard(vec![compared(0.01)], &[])), Verdict::CollectMoreEvidence);
    let standard = Check { role: CheckRole::Standard, key: "beside".to_owned(), ..compared(0.01) };
    assert_eq!(agrees(&asked, scorecard(vec![compared(0.2), standard], &[])), Verdict::Ship);
}

#[test]
fn fewer_dimensions_leave_their_segments_out() {
    let arm = |failures| mixed(&[("free", 300, failures), ("paid", 300, 30)], 1);
    let asked = input(&arm(30), &arm(120), scorecard(vec![compared(0.05)], &["tier"]));
    assert_eq!(agrees(&asked, scorecard(vec![compared(0.05)], &["tier"])), Verdict::Hold);
    agrees(&asked, scorecard(vec![compared(0.05)], &[]));
}

#[test]
fn what_was_not_looked_at_is_not_told() {
    let asked = input(&runs(600, 60), &runs(600, 50), scorecard(vec![compared(0.05)], &[]));
    let bundle = freeze(&asked);
    let why = |card: &Scorecard| {
        let (_, told, untold) = reconsider(&bundle, proposed(card)).expect("it had a scorecard");
        // Without its evidence a key check cannot pass, so nothing ships on a guess.
        assert_eq!(told.verdict, Verdict::CollectMoreEvidence);
        untold.into_iter().map(|one| one.why).collect::<Vec<_>>()
    };
    let other_signal =
        scorecard(vec![compared(0.05), Check { key: "retries".to_owned(), ..key_check(Signal::RetryRate) }], &[]);
    assert_eq!(why(&other_signal), ["the evidence holds nothing of retry_rate: no check read it then"]);
    let by_bound = scorecard(vec![with(Criterion::Floor { rate: 0.5 })], &[]);
    let text = "success_rate was compared with the baseline then; its evidence was not put together to be held against a bound";
    assert_eq!(why(&by_bound), [text]);
    let by_tier = Check { scope: Scope::Dimension { name: "tier".to_owned() }, ..compared(0.05) };
    assert_eq!(why(&scorecard(vec![by_tier], &[])), ["success_rate was not read by tier then"]);
    let none = FreezeInput { scorecard: None, ..asked.clone() };
    assert!(reconsider(&freeze(&none), proposed(&by_bound)).is_none());
}
