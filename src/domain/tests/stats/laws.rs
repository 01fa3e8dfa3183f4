//! Laws that must hold for any input: the sketch's group, its error, bounds of intervals.

use proptest::prelude::*;
use seatrial_domain::stats::interval::{newcombe, wilson};
use seatrial_domain::stats::kitagawa::{SegmentCounts, kitagawa};
use seatrial_domain::stats::{Sketch, e_bh::e_bh, round9};

fn sketch_of(values: &[i64]) -> Sketch {
    let mut sketch = Sketch::new();
    values.iter().for_each(|&v| sketch.add(v));
    sketch
}

fn amounts() -> impl Strategy<Value = Vec<i64>> {
    let amount = prop_oneof![Just(0_i64), 1..100_i64, 1..10_000_000_i64, 1..=i64::MAX];
    prop::collection::vec(amount, 0..200)
}

/// Figures of any size, and those next to the middle between two of nine digits.
fn figures() -> impl Strategy<Value = f64> {
    let near_the_middle =
        (100_000_000..1_000_000_000_u64, -30..30_i32, -4..=4_i64).prop_map(|(digits, power, steps)| {
            let middle: f64 = format!("{digits}5e{power}").parse().expect("a number");
            f64::from_bits(middle.to_bits().wrapping_add_signed(steps))
        });
    let near_a_power = (-30..40_i32, -4..=4_i64).prop_map(|(power, steps)| {
        let power: f64 = format!("1e{power}").parse().expect("a number");
        f64::from_bits(power.to_bits().wrapping_add_signed(steps))
    });
    prop_oneof![any::<f64>(), -1.0..1.0_f64, 0.0..1e12_f64, near_the_middle, near_a_power]
}

proptest! {
    #[test]
    fn nine_digits_are_those_of_the_decimal_form(x in figures().prop_filter("finite", |x| x.is_finite())) {
        let decimal: f64 = format!("{x:.8e}").parse().expect("a number");
        prop_assert_eq!(round9(x).to_bits(), (decimal + 0.0).to_bits());
        prop_assert_eq!(round9(-x).to_bits(), (0.0 - decimal).to_bits());
    }

    #[test]
    fn sketch_is_a_group(a in amounts(), b in amounts()) {
        let (first, second) = (sketch_of(&a), sketch_of(&b));
        let mut both = first.clone();
        both.merge(&second);
        let mut other_way = second.clone();
        other_way.merge(&first);
        prop_assert_eq!(&both, &other_way);
        prop_assert_eq!(&both, &sketch_of(&[a.clone(), b].concat()));
        both.subtract(&second);
        prop_assert_eq!(&both, &first);
        let mut before_after = Sketch::new();
        before_after.subtract(&first);
        before_after.merge(&first);
        prop_assert!(before_after.is_empty());
        a.iter().for_each(|&v| both.remove(v));
        prop_assert!(both.is_empty());
    }

    #[test]
    fn sketch_survives_storage(values in amounts()) {
        let sketch = sketch_of(&values);
        prop_assert_eq!(Sketch::from_bytes(&sketch.to_bytes()), Ok(sketch.clone()));
        let json = serde_json::to_string(&sketch).expect("serialises");
        prop_assert_eq!(serde_json::from_str::<Sketch>(&json).expect("reads back"), sketch);
    }

    #[test]
    fn sketch_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = Sketch::from_bytes(&bytes);
    }

    #[test]
    fn quantile_is_within_one_percent(mut values in amounts(), q in 0.0..=1.0_f64) {
        let sketch = sketch_of(&values);
        values.sort_unstable();
        let rank = ((q * values.len() as f64 - 1e-9).ceil().max(1.0)) as usize;
        match sketch.quantile(q) {
            None => prop_assert!(values.is_empty()),
            Some(found) => {
                let exact = values[rank - 1] as f64;
                prop_assert!((found - exact).abs() <= 0.01 * exact * (1.0 + 1e-9), "{} {}", found, exact);
            }
        }
    }

    #[test]
    fn wilson_holds_the_rate(n in 1..100_000_u64, share in 0.0..=1.0_f64) {
        let s = (n as f64 * share) as u64;
        let interval = wilson(s, n, 0.05).expect("runs are there");
        let rate = s as f64 / n as f64;
        prop_assert!(0.0 <= interval.low && interval.high <= 1.0);
        prop_assert!(interval.low <= rate && rate <= interval.high);
        let mirrored = wilson(n - s, n, 0.05).expect("runs are there");
        prop_assert!((mirrored.low - (1.0 - interval.high)).abs() < 1e-9);
    }

    #[test]
    fn newcombe_holds_the_difference(n in 1..5_000_u64, m in 1..5_000_u64, x in 0.0..=1.0_f64, y in 0.0..=1.0_f64) {
        let (s, t) = ((n as f64 * x) as u64, (m as f64 * y) as u64);
        let interval = newcombe(s, n, t, m, 0.05).expect("runs are there");
        let difference = s as f64 / n as f64 - t as f64 / m as f64;
        prop_assert!(interval.low <= difference + 1e-12 && difference <= interval.high + 1e-12);
    }

    #[test]
    fn kitagawa_adds_up(cells in prop::collection::vec((0..50_u64, 0..50_u64, 0..50_u64, 0..50_u64), 1..6)) {
        let segments: Vec<SegmentCounts> = cells
            .iter()
            .map(|&(n_a, s_a, n_b, s_b)| SegmentCounts { n_a, s_a: s_a.min(n_a), n_b, s_b: s_b.min(n_b) })
            .collect();
        let sum = |f: fn(&SegmentCounts) -> u64| segments.iter().map(f).sum::<u64>() as f64;
        if let Some(split) = kitagawa(&segments) {
            let pooled = sum(|s| s.s_b) / sum(|s| s.n_b) - sum(|s| s.s_a) / sum(|s| s.n_a);
            prop_assert!((split.pooled() - pooled).abs() < 1e-9);
        }
    }

    #[test]
    fn e_bh_grows_with_alpha(ln_e in prop::collection::vec(-3.0..8.0_f64, 0..12)) {
        let strict = e_bh(&ln_e, 0.01);
        let loose = e_bh(&ln_e, 0.1);
        prop_assert!(strict.iter().all(|i| loose.contains(i)));
    }

    #[test]
    fn rounding_twice_is_rounding_once(x in any::<f64>()) {
        let once = round9(x);
        prop_assert_eq!(round9(once).to_bits(), once.to_bits());
    }
}

#[test]
fn simpsons_paradox_is_named() {
    // Every segment six points worse, the mix moved to the easy one.
    let easy = SegmentCounts { n_a: 200, s_a: 190, n_b: 800, s_b: 712 };
    let hard = SegmentCounts { n_a: 800, s_a: 480, n_b: 200, s_b: 108 };
    let split = kitagawa(&[easy, hard]).expect("both arms have runs");
    assert!(split.pooled() > 0.0 && (split.within + 0.06).abs() < 1e-9 && split.misleads());
}
