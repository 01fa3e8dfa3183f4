//! Blocks cut out of counts are those that come of laying every outcome out: the plain way, kept here as the reference.

use seatrial_domain::evidence::{PairSide, Pairing, RateCount, Tick, build_series, matched_series};
use seatrial_domain::stats::Outcomes;
use seatrial_domain::time::{MINUTE, Timestamp};

use crate::support::Draw;

const GROWTH: u64 = 32;

/// One outcome at its minute.
#[derive(Clone, Copy, Debug)]
struct Single {
    at: Timestamp,
    success: bool,
}

/// Blocks of pairs, each pair one outcome of each arm in the same segment, in time order.
///
/// The two arms of a block have the same mix of segments, so its difference is the standardised one.
fn plain_matched(segments: &[(&[Tick], &[Tick])], pairing: Pairing, block_outcomes: u64) -> Vec<Outcomes> {
    let mut pairs = Vec::new();
    let times =
        |ticks: &[Tick]| -> Vec<Timestamp> { ticks.iter().filter(|tick| tick.n > 0).map(|tick| tick.at).collect() };
    let last = segments.iter().flat_map(|(_, candidate)| times(candidate)).max();
    for (i, (baseline, candidate)) in segments.iter().enumerate() {
        let pool = spread(baseline, PairSide::Baseline);
        let usable = match times(candidate).into_iter().min().zip(last) {
            Some((first, last)) if pairing == Pairing::Concurrent => between(&pool, first, last),
            _ => &pool,
        };
        for (k, (b, a)) in spread(candidate, PairSide::Candidate).iter().zip(usable).enumerate() {
            let at = if pairing == Pairing::Concurrent { a.at.max(b.at) } else { b.at };
            pairs.push((at, k, i, *a, *b));
        }
    }
    pairs.sort_by_key(|&(at, k, i, ..)| (at, k, i));
    let mut blocks = Vec::new();
    let mut rest = pairs.as_slice();
    loop {
        let seen = 2 * (pairs.len() - rest.len());
        let size = usize::try_from(closing(block_outcomes, seen).div_ceil(2)).unwrap_or(usize::MAX).max(1);
        let Some((block, after)) = rest.split_at_checked(size) else { return blocks };
        rest = after;
        blocks.push(block.iter().fold(Outcomes::default(), |block, (.., a, b)| {
            block.merged(Outcomes { n_a: 1, s_a: u64::from(a.success), n_b: 1, s_b: u64::from(b.success) })
        }));
    }
}

fn closing(block_outcomes: u64, seen: usize) -> u64 {
    block_outcomes.max(seen as u64 / GROWTH)
}

/// An arm alone, for an absolute criterion.
fn alone(candidate: &[Single], block_outcomes: u64) -> Vec<Outcomes> {
    let mut blocks = Vec::new();
    let mut from = 0;
    loop {
        let size = usize::try_from(closing(block_outcomes, from)).unwrap_or(usize::MAX).max(1);
        let Some(block) = candidate.get(from..from.saturating_add(size)) else { return blocks };
        blocks.push(outcomes(&[], block));
        from += size;
    }
}

/// An earlier baseline, used without replacement in time order at a fixed ratio.
fn historical(pool: &[Single], candidate: &[Single], ratio: f64, block_outcomes: u64) -> (Vec<Outcomes>, bool) {
    let mut blocks = Vec::new();
    let (mut a, mut b) = (0, 0);
    for k in 1..=candidate.len() {
        // The tolerance keeps a product such as 0.1 · 30 at 3 whatever its last bit is.
        let wanted = (k as f64 * ratio + 1e-9) as usize;
        if wanted > pool.len() {
            return (blocks, true);
        }
        let held = (wanted - a + k - b) as u64;
        if held >= closing(block_outcomes, a + b) && wanted > a {
            blocks.push(outcomes(&pool[a..wanted], &candidate[b..k]));
            (a, b) = (wanted, k);
        }
    }
    (blocks, false)
}

/// Both arms on the same time: whole minutes until a block is full, large minutes split evenly.
fn concurrent(pool: &[Single], candidate: &[Single], block_outcomes: u64) -> Vec<Outcomes> {
    let (Some(first), Some(last)) = (candidate.first(), candidate.last()) else { return Vec::new() };
    let pool = between(pool, first.at, last.at);
    let mut blocks = Vec::new();
    let (mut from_a, mut from_b) = (0, 0);
    let mut minutes: Vec<Timestamp> = pool.iter().chain(candidate).map(|single| single.at).collect();
    minutes.sort_unstable();
    minutes.dedup();
    for minute in minutes {
        let to_a = pool.partition_point(|single| single.at <= minute);
        let to_b = candidate.partition_point(|single| single.at <= minute);
        let (a, b) = (to_a - from_a, to_b - from_b);
        let size = closing(block_outcomes, from_a + from_b);
        if a == 0 || b == 0 || ((a + b) as u64) < size {
            continue;
        }
        let full = usize::try_from((a + b) as u64 / size.max(1)).unwrap_or(1);
        let parts = full.min(a).min(b);
        for i in 0..parts {
            let part_a = &pool[from_a + a * i / parts..from_a + a * (i + 1) / parts];
            let part_b = &candidate[from_b + b * i / parts..from_b + b * (i + 1) / parts];
            blocks.push(outcomes(part_a, part_b));
        }
        (from_a, from_b) = (to_a, to_b);
    }
    blocks
}

/// The baseline's outcomes in the candidate's time.
fn window<'a>(pool: &'a [Single], candidate: &[Tick]) -> &'a [Single] {
    let times = || candidate.iter().filter(|tick| tick.n > 0).map(|tick| tick.at);
    match times().min().zip(times().max()) {
        Some((first, last)) => between(pool, first, last),
        None => &[],
    }
}

fn between(pool: &[Single], first: Timestamp, last: Timestamp) -> &[Single] {
    let from = pool.partition_point(|single| single.at < first);
    let to = pool.partition_point(|single| single.at <= last);
    &pool[from..to.max(from)]
}

fn outcomes(a: &[Single], b: &[Single]) -> Outcomes {
    let (a, b) = (count(a), count(b));
    Outcomes { n_a: a.n, s_a: a.successes, n_b: b.n, s_b: b.successes }
}

fn count(singles: &[Single]) -> RateCount {
    let successes = singles.iter().filter(|single| single.success).count() as u64;
    RateCount { n: singles.len() as u64, successes }
}

fn total(ticks: &[Tick]) -> RateCount {
    ticks.iter().fold(RateCount::default(), |sum, tick| RateCount {
        n: sum.n + tick.n,
        successes: sum.successes + tick.successes.min(tick.n),
    })
}

/// The single outcomes of an arm in time order.
///
/// A minute says how many of its outcomes were successes, not which. They are laid out in an order drawn from the
/// minute and the arm alone: independent outcomes in an order that does not look at them are independent still,
/// and the same evidence gives the same order again.
fn spread(ticks: &[Tick], side: PairSide) -> Vec<Single> {
    let mut sorted = ticks.to_vec();
    sorted.sort_unstable();
    let mut singles = Vec::with_capacity(usize::try_from(total(ticks).n).unwrap_or(0));
    let mut rest = sorted.as_slice();
    while let Some(first) = rest.first() {
        let same = rest.partition_point(|tick| tick.at == first.at);
        let minute = total(&rest[..same]);
        let (mut left, mut successes) = (minute.n, minute.successes);
        let mut state = first.at.micros().cast_unsigned() ^ if side == PairSide::Baseline { 0xa5a5_5a5a } else { 0 };
        while left > 0 {
            let success = split_mix(&mut state) % left < successes;
            singles.push(Single { at: first.at, success });
            successes -= u64::from(success);
            left -= 1;
        }
        rest = &rest[same..];
    }
    singles
}

/// SplitMix64: spreads a counter over all 64 bits.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Minutes of an arm, some of them empty, some large, in any order.
fn ticks(draw: &mut Draw, minutes: u64, most: u64, rate: f64) -> Vec<Tick> {
    let mut found = Vec::new();
    for minute in 0..minutes {
        if draw.unit() < 0.3 {
            continue;
        }
        let n = (draw.unit() * draw.unit() * most as f64) as u64 + u64::from(draw.unit() < 0.5);
        let at = Timestamp::from_micros(1_772_442_000_000_000 + minute.cast_signed() * MINUTE);
        found.push(Tick { at, n, successes: draw.hits(n, rate) });
        if draw.unit() < 0.1 {
            found.push(Tick { at, n: 2, successes: 1 });
        }
    }
    draw.shuffle(&mut found);
    found
}

#[test]
fn blocks_cut_out_of_counts_are_those_of_single_outcomes() {
    let mut draw = Draw::new(2_026);
    let mut compared = 0;
    for round in 0..300 {
        let (minutes, most) = (1 + round % 90, 1 + (round * 7) % 60);
        let baseline = ticks(&mut draw, minutes, most, 0.8);
        let candidate = ticks(&mut draw, minutes, most, 0.7);
        let size = 1 + round % 23;
        let ratio = [1.0, 0.5, 0.1, 1.7, 3.0][round as usize % 5];
        let (pool, single) = (spread(&baseline, PairSide::Baseline), spread(&candidate, PairSide::Candidate));
        for pairing in [Pairing::Concurrent, Pairing::Historical, Pairing::None] {
            let series = build_series(&baseline, &candidate, None, RateCount::default(), pairing, ratio, size);
            let (plain, exhausted) = match pairing {
                Pairing::Concurrent => (concurrent(&pool, &single, size), false),
                Pairing::Historical => historical(&pool, &single, ratio, size),
                Pairing::None => (alone(&single, size), false),
            };
            assert_eq!((&series.settled, series.pool_exhausted), (&plain, exhausted), "round {round}, {pairing:?}");
            let compared_with = if pairing == Pairing::Concurrent { window(&pool, &candidate) } else { &pool };
            assert_eq!((series.baseline, series.candidate), (count(compared_with), total(&candidate)), "round {round}");
            compared += plain.len();
        }
        let others = [ticks(&mut draw, minutes, most, 0.5), ticks(&mut draw, minutes, most, 0.6)];
        let empty = Vec::new();
        let segments: [(&[Tick], &[Tick]); 3] =
            [(&baseline, &candidate), (&others[0], &others[1]), (&empty, &others[0])];
        for pairing in [Pairing::Concurrent, Pairing::Historical] {
            let found = matched_series(&segments, pairing, size);
            assert_eq!(found, plain_matched(&segments, pairing, size), "round {round}, {pairing:?}");
            compared += found.len();
        }
    }
    assert!(compared > 20_000, "{compared} blocks were compared");
}

#[test]
fn ten_million_outcomes_are_cut_into_blocks_by_their_minutes() {
    // Two weeks of minutes with 250 outcomes each and arm: what is laid out is what blocks are cut out of.
    let at = |minute: u64| Timestamp::from_micros(1_772_442_000_000_000 + minute.cast_signed() * MINUTE);
    let arm = |successes: u64| -> Vec<Tick> {
        (0..20_000).map(|minute| Tick { at: at(minute), n: 250, successes: successes + minute % 3 }).collect()
    };
    let (baseline, candidate) = (arm(200), arm(198));
    for pairing in [Pairing::Concurrent, Pairing::Historical] {
        let series = build_series(&baseline, &candidate, None, RateCount::default(), pairing, 1.0, 10);
        let blocks = series.settled.iter().fold(Outcomes::default(), |all, block| all.merged(*block));
        assert!(series.settled.len() < 700, "{} blocks", series.settled.len());
        assert!(blocks.n_a > 4_800_000 && blocks.n_a <= 5_000_000, "{blocks:?}");
    }
    let segments: [(&[Tick], &[Tick]); 2] = [(&baseline, &candidate), (&candidate, &baseline)];
    assert!(matched_series(&segments, Pairing::Concurrent, 10).len() > 300);
}
