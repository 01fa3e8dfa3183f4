//! T7: how long a detector of drift keeps quiet while nothing changes, and how long it takes when something does,
//! beside an oracle CUSUM that knows both rates, at the same measured run length.

use seatrial_domain::stats::detector::{Bets, Detector};
use seatrial_domain::stats::interval::wilson;

use crate::report::{Plot, Table};
use crate::stream::Draw;
use crate::tables::{met, strings};

/// The run length that is asked for, in runs.
const ASKED: f64 = 10_000.0;
/// A stream without an alarm ends here; the mean over streams then is too low, never too high.
const LONGEST: u64 = 400_000;
/// Runs that a detector with learned rates has learned from.
const LEARNED: u64 = 2_000;
/// As in the service: the chance that what was learned lies too low.
const GAMMA: f64 = 0.01;

/// One that takes runs in and raises an alarm.
trait Watcher {
    fn step(&mut self, hit: bool) -> bool;
}

/// The page's statistic with both rates known: `W = max(0, W + ln L)`.
struct Oracle {
    hit: f64,
    miss: f64,
    at: f64,
    bar: f64,
}

impl Oracle {
    fn new(before: f64, after: f64, bar: f64) -> Self {
        Self { hit: (after / before).ln(), miss: ((1.0 - after) / (1.0 - before)).ln(), at: 0.0, bar }
    }
}

impl Watcher for Oracle {
    fn step(&mut self, hit: bool) -> bool {
        self.at = (self.at + if hit { self.hit } else { self.miss }).max(0.0);
        self.at >= self.bar
    }
}

/// Seatrial's detector against a bound, with its bets.
struct Ours {
    bets: Bets,
    detector: Detector,
    factors: Vec<f64>,
    bar: f64,
}

impl Ours {
    fn new(bound: f64, rates: &[f64], bar: f64) -> Self {
        let bets = Bets::above(bound, rates);
        Self { detector: Detector::new(bets.len()), bets, factors: Vec::new(), bar }
    }
}

impl Watcher for Ours {
    fn step(&mut self, hit: bool) -> bool {
        self.factors.clear();
        self.factors.extend(self.bets.ln_factors(u64::from(hit), 1));
        self.detector.step(1.0, &self.factors) >= self.bar
    }
}

/// Mean runs to an alarm at a rate.
fn mean_runs<W: Watcher>(experiment: u64, streams: u64, rate: f64, start: impl Fn(&mut Draw) -> W) -> f64 {
    let mut total = 0;
    for number in 0..streams {
        let mut draw = Draw::new(experiment, number);
        let mut watcher = start(&mut draw);
        total += (1..=LONGEST).find(|_| watcher.step(draw.hit(rate))).unwrap_or(LONGEST);
    }
    total as f64 / streams as f64
}

/// The bar at which `start` has a mean run length of `ASKED` while nothing changes: by bisection on its logarithm.
fn bar_for<W: Watcher>(experiment: u64, streams: u64, rate: f64, start: impl Fn(&mut Draw, f64) -> W) -> f64 {
    let (mut low, mut high) = (1.0_f64, 14.0_f64);
    for _ in 0..9 {
        let bar = f64::midpoint(low, high);
        let mean = mean_runs(experiment, streams, rate, |draw| start(draw, bar));
        if mean < ASKED { low = bar } else { high = bar }
    }
    high
}

/// Draws what a detector learns from, and the bound it bets against.
fn learned(draw: &mut Draw, rate: f64, change: f64) -> f64 {
    let hits = (0..LEARNED).filter(|_| draw.hit(rate)).count() as u64;
    let share = hits as f64 / LEARNED as f64;
    let upper = wilson(hits, LEARNED, 2.0 * GAMMA).map_or(1.0, |interval| interval.high);
    upper.max(share + 0.2 * change)
}

/// What came of one change.
struct Measured {
    promised: f64,
    learned_quiet: f64,
    oracle: f64,
    known: f64,
    learned: f64,
    as_used: f64,
}

fn measure(experiment: u64, (streams, quiet): (u64, u64), before: f64, change: f64) -> Measured {
    let after = before + change;
    let known = |bar| move |_: &mut Draw| Ours::new(before, &[after], bar);
    let from_learned = |bar: f64| {
        move |draw: &mut Draw| {
            let bound = learned(draw, before, change);
            Ours::new(bound, &[bound + 0.5 * change, bound + change, bound + 2.0 * change], bar)
        }
    };
    let oracle_bar = bar_for(experiment + 1, quiet, before, |_, bar| Oracle::new(before, after, bar));
    let known_bar = bar_for(experiment + 1, quiet, before, |_, bar| Ours::new(before, &[after], bar));
    let learned_bar = bar_for(experiment + 4, quiet, before, |draw, bar| from_learned(bar)(draw));
    let delays = experiment + 3;
    Measured {
        promised: mean_runs(experiment, quiet, before, known(ASKED.ln())),
        learned_quiet: mean_runs(experiment + 2, quiet, before, from_learned(ASKED.ln())),
        oracle: mean_runs(delays, streams, after, |_| Oracle::new(before, after, oracle_bar)),
        known: mean_runs(delays, streams, after, known(known_bar)),
        learned: mean_runs(delays, streams, after, learned_after(before, change, learned_bar)),
        as_used: mean_runs(delays, streams, after, learned_after(before, change, ASKED.ln())),
    }
}

/// A detector that learned before the change.
fn learned_after(before: f64, change: f64, bar: f64) -> impl Fn(&mut Draw) -> Ours {
    move |draw| {
        let bound = learned(draw, before, change);
        Ours::new(bound, &[bound + 0.5 * change, bound + change, bound + 2.0 * change], bar)
    }
}

/// T7.
pub fn drift(streams: u64, plots: &mut Vec<Plot>) -> Table {
    let quiet = (streams / 25).clamp(40, 400);
    let mut rows = Vec::new();
    let names = ["oracle CUSUM", "Seatrial, rates known", "Seatrial, learned"];
    let mut lines = names.map(|name| (name.to_owned(), Vec::new()));
    for (i, (before, change)) in (0..).zip([(0.05, 0.05), (0.1, 0.05), (0.1, 0.1), (0.3, 0.1)]) {
        let found = measure(700 + 10 * i, (streams, quiet), before, change);
        for (line, delay) in lines.iter_mut().zip([found.oracle, found.known, found.learned]) {
            line.1.push((100.0 * (before + change), delay));
        }
        let at_least = |mean: f64| {
            let cut = if mean > 0.9 * LONGEST as f64 { "more than " } else { "" };
            format!("{cut}{mean:.0}")
        };
        rows.push(vec![
            format!("{:.0} % → {:.0} %", 100.0 * before, 100.0 * (before + change)),
            at_least(found.promised),
            met(found.promised >= ASKED),
            format!("{:.0}", found.oracle),
            format!("{:.0}", found.known),
            format!("{:.2}", found.known / found.oracle),
            met(found.known / found.oracle <= 1.15),
            format!("{:.0}", found.learned),
            format!("{:.2}", found.learned / found.oracle),
            met(found.learned / found.oracle <= 1.6),
            at_least(found.learned_quiet),
            format!("{:.0}", found.as_used),
        ]);
    }
    plots.push(Plot {
        title: "Drift: mean runs to an alarm, at a measured run length of 10,000".to_owned(),
        across: "rate after the change, %".to_owned(),
        up: "runs".to_owned(),
        lines: lines.to_vec(),
        level: None,
    });
    table(streams, quiet, rows)
}

fn table(streams: u64, quiet: u64, rows: Vec<Vec<String>>) -> Table {
    Table {
        key: "drift",
        title: "T7: drift, run length and delay".to_owned(),
        text: format!(
            "A rate rises. Target: at a bar of 10,000 at least 10,000 runs to a false alarm on average (measured over {quiet} \
             streams, cut at {LONGEST} runs); at the same measured run length of 10,000 a delay of at most 1.15 times that of \
             an oracle CUSUM that knows both rates, and at most 1.6 times with rates learned from {LEARNED} runs ({streams} \
             streams). The last two columns are of the detector as it is used, with its bar at the promise: its learned bound \
             lies above the rate, so it alarms falsely far less often than it promises, and pays for that in delay."
        ),
        head: strings([
            "change",
            "runs to a false alarm",
            "ARL",
            "oracle's delay",
            "delay, known",
            "ratio",
            "T7, known",
            "delay, learned",
            "ratio, learned",
            "T7, learned",
            "as used: to a false alarm",
            "as used: delay",
        ]),
        rows,
    }
}
