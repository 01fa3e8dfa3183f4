//! The time axis of a run: bars lie within it and keep their order, and idle stretches fold without hiding what happened.

use proptest::prelude::*;
use seatrial_domain::span::{Span, SpanClass, SpanId, TraceId};
use seatrial_domain::time::Timestamp;
use seatrial_domain::trace::Axis;

const WIDTH: u32 = 1_000;

fn span(n: u64, parent: Option<u64>, (from, to): (i64, Option<i64>)) -> Span {
    Span {
        id: SpanId(n.to_be_bytes()),
        trace_id: TraceId([1; 16]),
        parent: parent.map(|parent| SpanId(parent.to_be_bytes())),
        name: "step".to_owned(),
        class: SpanClass::Tool,
        started_at: Timestamp::from_micros(from),
        ended_at: to.map(Timestamp::from_micros),
        error: None,
        tokens: None,
        cost_nanos: None,
        model: None,
        tool: None,
        marks: None,
    }
}

fn at(from: i64, to: i64) -> (i64, Option<i64>) {
    (from, Some(to))
}

#[test]
fn no_span_has_no_axis() {
    assert_eq!(Axis::whole(&[]), None);
}

#[test]
fn a_wait_is_folded_and_the_work_around_it_keeps_its_proportions() {
    let spans = [span(1, None, at(0, 10_000)), span(2, Some(1), at(0, 300)), span(3, Some(1), at(9_900, 10_000))];
    let whole = Axis::whole(&spans).expect("an axis");
    assert_eq!(whole.bar(&spans[1], WIDTH), (0, 30));
    let folded = whole.folded(&spans);
    assert_eq!(folded.folds().collect::<Vec<_>>(), [(300, 9_900)]);
    assert_eq!(folded.bar(&spans[0], WIDTH), (0, 1_000), "the agent that waited spans all of it");
    let (first, second) = (folded.bar(&spans[1], WIDTH).1, folded.bar(&spans[2], WIDTH).1);
    assert!((730..=740).contains(&first) && (243..=246).contains(&second), "{first} and {second} are three to one");
    assert_eq!(folded.total_us(), 10_000, "the run took as long as it did");
}

#[test]
fn a_run_that_never_rests_is_not_folded() {
    let spans = [span(1, None, at(0, 100)), span(2, Some(1), at(0, 60)), span(3, Some(1), at(58, 100))];
    let axis = Axis::whole(&spans).expect("an axis");
    assert_eq!(axis.clone().folded(&spans).folds().count(), 0);
    assert_eq!(axis.clone().folded(&spans).bar(&spans[2], WIDTH), axis.bar(&spans[2], WIDTH));
}

proptest! {
    #[test]
    fn bars_lie_on_the_axis_in_the_order_of_time(
        times in prop::collection::vec((any::<i32>(), prop::option::of(0..2_000_000_000_i64), any::<bool>()), 1..40),
    ) {
        let spans: Vec<Span> = times.iter().zip(1..).map(|((from, length, child), n)| {
            let from = i64::from(*from);
            span(n, child.then_some(1).filter(|_| n > 1), (from, length.map(|length| from + length)))
        }).collect();
        let whole = Axis::whole(&spans).expect("an axis");
        for axis in [whole.clone(), whole.folded(&spans)] {
            let mut bars: Vec<(i64, u32)> = Vec::new();
            for span in &spans {
                let (left, width) = axis.bar(span, WIDTH);
                prop_assert!(width >= 1 && left + width <= WIDTH);
                bars.push((span.started_at.micros(), left));
            }
            bars.sort_unstable();
            prop_assert!(bars.is_sorted_by_key(|(_, left)| *left), "what began later is not drawn earlier");
        }
    }
}
