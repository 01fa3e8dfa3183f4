//! The experiments in the order of the targets T1 to T10, each as a table.

use std::path::Path;

use seatrial_domain::stats::EvidenceMethod;
use seatrial_domain::stats::interval::wilson;

use crate::drift::drift;
use crate::experiment::{BASES, EFFECTS, Outcome, independent, information_bound, run};
use crate::gates;
use crate::labels::{correlated, late_labels, missing_labels};
use crate::method::{DELTA, Method};
use crate::real::comparisons;
use crate::report::{Plot, Table, percent, whole};
use crate::stream::Truth;
use crate::{cases, coverage};

/// This gate.
pub const GATE: Method = Method::Gate(EvidenceMethod::Hedged);
/// Runs per arm after which a stream of the error tables ends.
pub const RUNS: u64 = 1_000;

/// Cells of a row.
pub fn strings<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

/// Whether a target is met, in a word.
pub fn met(yes: bool) -> String {
    if yes { "met" } else { "**not met**" }.to_owned()
}

/// Every table; the plots of the page are added to `plots`.
pub fn all(streams: u64, data: &Path, plots: &mut Vec<Plot>) -> Vec<Table> {
    let fewer = (streams / 10).max(200);
    let mut tables = vec![errors(streams), runs_needed(fewer), power(fewer), wholes((streams / 100).clamp(20, 100))];
    tables.extend([correlated(streams), late_labels(streams), missing_labels(fewer)]);
    tables.extend([rivals(fewer, plots), drifting(fewer), drift(streams.min(2_000), plots)]);
    tables.push(coverage::table(fewer.max(1_000), plots));
    let of_data = [real(data, fewer), cases::table(data)];
    tables.extend(of_data.into_iter().filter(|table| !table.rows.is_empty()));
    operating_curves(fewer, plots);
    tables
}

/// T1 and T2.
fn errors(streams: u64) -> Table {
    let mut rows = Vec::new();
    for (i, base) in (0..).zip(BASES) {
        let at_margin = run(GATE, independent(base, -1.0), 100 + i, streams, RUNS);
        let even = run(GATE, independent(base, 0.0), 200 + i, streams, RUNS);
        let (ship, rollback) = (at_margin.shipped(), even.rolled_back());
        let (up, over) = (at_margin.upper(ship), even.upper(rollback));
        rows.push(vec![
            format!("base {base}"),
            percent(ship),
            percent(up),
            met(ship <= 0.05 && up <= 0.055),
            percent(rollback),
            percent(over),
            met(rollback <= 0.05 && over <= 0.055),
        ]);
    }
    Table {
        key: "errors",
        title: "T1, T2: false ship at a true −δ, false rollback at no difference".to_owned(),
        text: format!("Target: at most 5 %, upper 95 % bound at most 5.5 %. {streams} streams of {RUNS} runs per arm."),
        head: strings(["truth", "false ship", "upper bound", "T1", "false rollback", "upper bound", "T2"]),
        rows,
    }
}

/// T3.
fn runs_needed(streams: u64) -> Table {
    let mut rows = Vec::new();
    let cases = [("ship", 0.0, DELTA), ("rollback", -2.0, 0.0)];
    for (i, base) in (0..).zip(BASES) {
        for (what, effect, margin) in cases {
            let candidate: f64 = base + effect * DELTA;
            let bound = information_bound(base, candidate, margin);
            for method in [GATE, Method::Gate(EvidenceMethod::PlugIn)] {
                let found = run(method, independent(base, effect), 300 + i, streams, 20_000);
                let at = if what == "ship" { &found.ships } else { &found.rollbacks };
                let mean = Outcome::mean_runs(at);
                let ratio = mean.map(|mean| mean / bound);
                rows.push(vec![
                    format!("{what} at {effect:+} δ, base {base}, {}", method.name()),
                    format!("{bound:.0}"),
                    whole(mean),
                    ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}")),
                    percent(at.len() as f64 / streams as f64),
                    if method == GATE { met(ratio.is_some_and(|ratio| ratio <= 1.5)) } else { String::new() },
                ]);
            }
        }
    }
    Table {
        key: "runs",
        title: "T3: runs needed, beside the information bound ln(1/α)/KL".to_owned(),
        text: format!(
            "Target: at most 1.5 times the bound. Runs per arm, the mean over streams that reached the verdict; {streams} \
             streams of up to 20,000 runs per arm. Where the bound lies below the floor of 50 runs, the floor decides."
        ),
        head: strings(["case", "bound", "mean runs", "ratio", "reached", "T3"]),
        rows,
    }
}

/// T4.
fn power(streams: u64) -> Table {
    let found = run(GATE, independent(0.9, -2.0), 400, streams, 1_000);
    let within = found.rolled_back_within(1_000);
    Table {
        key: "power",
        title: "T4: rollback at −2δ within 1,000 runs per arm".to_owned(),
        text: format!("Base 0.9, δ 0.05; target at least 99 %. {streams} streams."),
        head: strings(["case", "rolled back", "mean runs", "T4"]),
        rows: vec![vec![
            "base 0.9".to_owned(),
            percent(within),
            whole(Outcome::mean_runs(&found.rollbacks)),
            met(within >= 0.99),
        ]],
    }
}

/// T5, T6, T8, T9: whole gates.
fn wholes(count: u64) -> Table {
    let segment = gates::one_worse_segment(count, 8_000);
    let (ships, rollbacks, said) = gates::simpson(count, 3_000);
    let (asked, shipped) = gates::something_missing(count);
    let (replayed, different) = gates::replayed(count);
    let hits = (segment.power * count as f64 + 0.5) as u64;
    let power = wilson(hits, count, 0.05).map_or_else(String::new, |share| {
        format!(" (95 % interval {} to {})", percent(share.low), percent(share.high))
    });
    let row =
        |what: &str, found: String, target: &str, yes: bool| vec![what.to_owned(), found, target.to_owned(), met(yes)];
    Table {
        key: "gates",
        title: "T5, T6, T8, T9: whole gates".to_owned(),
        text: format!(
            "From runs through freezing to the recommendation, {count} gates each. T5: ten segments of a tenth, one ten points \
             worse, 8,000 runs per arm, `segment_fdr` 0.10. T6: each of two segments six points worse while the mix moves to \
             the easy one, 3,000 runs per arm, the release live. T5's power lies close to its target: {count} gates tell it \
             no more exactly than its interval says."
        ),
        head: strings(["target", "measured", "asked for", "met"]),
        rows: vec![
            row("T5 false finds among finds", percent(segment.fdr), "≤ 10 %", segment.fdr <= 0.10),
            row(
                "T5 the worse segment found",
                format!("{}{power}", percent(segment.power)),
                "≥ 90 %",
                segment.power >= 0.90,
            ),
            row("T6 ships", percent(ships), "≤ 5 %", ships <= 0.05),
            row("T6 rolls back", percent(rollbacks), "≥ 70 %", rollbacks >= 0.70),
            row("T6 the paradox named in words", percent(said), "–", said > 0.99),
            row("T8 ships with evidence missing", format!("{shipped} of {asked}"), "0", shipped == 0),
            row("T9 replays with other bytes", format!("{different} of {replayed}"), "0", different == 0),
        ],
    }
}

/// Every method over its settings on the same streams.
fn rivals(streams: u64, plots: &mut Vec<Plot>) -> Table {
    let mut rows = Vec::new();
    for method in Method::all() {
        let at = |effect: f64, experiment| run(method, independent(0.9, effect), experiment, streams, 5_000);
        let (margin, even, double) = (at(-1.0, 500), at(0.0, 501), at(-2.0, 502));
        rows.push(vec![
            method.name(),
            method.family().to_owned(),
            percent(margin.shipped()),
            percent(even.rolled_back()),
            percent(even.shipped()),
            whole(Outcome::mean_runs(&even.ships)),
            percent(double.rolled_back()),
            whole(Outcome::mean_runs(&double.rollbacks)),
            percent(double.shipped()),
        ]);
    }
    let lines = |pick: fn(&Outcome) -> &[u64], effect: f64, experiment: u64| -> Vec<(String, Vec<(f64, f64)>)> {
        let shown = [
            GATE,
            Method::Threshold { window: 100, tolerance: DELTA, windows: 5 },
            Method::Peeking { alpha: 0.05, every: 50 },
            Method::MannWhitney { window: 50, windows: 10 },
            Method::Score { window: 100, band: 0.05 },
            Method::FixedN { n: 1_000 },
        ];
        let line = |method: Method| {
            let found = run(method, independent(0.9, effect), experiment, streams, 2_000);
            let within = |runs: u64| pick(&found).iter().filter(|&&at| at <= runs).count() as f64 / streams as f64;
            (method.name(), (0..=10).map(|i| (200.0 * f64::from(i), within(200 * i as u64))).collect())
        };
        shown.into_iter().map(line).collect()
    };
    plots.push(Plot {
        title: "False ship at a true −δ, looked at after every run (base 0.9)".to_owned(),
        across: "runs per arm".to_owned(),
        up: "share shipped".to_owned(),
        lines: lines(|found| &found.ships, -1.0, 510),
        level: Some(0.05),
    });
    plots.push(Plot {
        title: "Delay: rollback at −2δ (base 0.9)".to_owned(),
        across: "runs per arm".to_owned(),
        up: "share rolled back".to_owned(),
        lines: lines(|found| &found.rollbacks, -2.0, 511),
        level: None,
    });
    Table {
        key: "rivals",
        title: "Beside what people use today".to_owned(),
        text: format!(
            "The same streams, base 0.9, at most 5,000 runs per arm, {streams} streams. Rivals over a sweep of their settings. A \
             method that ships at −δ in more than 5 % of streams lets a release through that is worse by the margin; fast \
             verdicts are worth nothing beside that."
        ),
        head: strings([
            "method",
            "family",
            "false ship at −δ",
            "false rollback at 0",
            "ship at 0",
            "runs",
            "rollback at −2δ",
            "runs",
            "ship at −2δ",
        ]),
        rows,
    }
}

/// A release that turns bad after a while.
fn drifting(streams: u64) -> Table {
    let mut rows = Vec::new();
    for at in [200, 500, 1_000] {
        let truth = Truth::Drifting { baseline: 0.9, before: 0.9, after: 0.8, at };
        for method in [GATE, Method::Peeking { alpha: 0.05, every: 50 }, Method::FixedN { n: 1_000 }] {
            let found = run(method, truth, 1_300, streams, 5_000);
            let early = found.ships.iter().filter(|&&n| n <= at).count() as f64 / streams as f64;
            let late = found.shipped() - early;
            rows.push(vec![
                format!("turns at {at}, {}", method.name()),
                percent(early),
                percent(late),
                percent(found.rolled_back()),
                whole(Outcome::mean_runs(&found.rollbacks)),
            ]);
        }
    }
    Table {
        key: "drifting",
        title: "A candidate that turns bad while it is looked at".to_owned(),
        text: format!(
            "From 0.9 to 0.8 after so many runs. A ship before the turn is right by what was known; after a release ships, it is \
             watched. {streams} streams of up to 5,000 runs."
        ),
        head: strings(["case", "ships before the turn", "ships after it", "rolls back", "at run"]),
        rows,
    }
}

/// Real agent runs.
fn real(data: &Path, streams: u64) -> Table {
    let mut rows = Vec::new();
    for comparison in comparisons(data) {
        for method in [GATE, Method::Threshold { window: 100, tolerance: DELTA, windows: 5 }, Method::FixedN { n: 300 }]
        {
            let (ships, rollbacks, median) = comparison.run(method, streams, 2_000);
            rows.push(vec![
                format!("{}, {}", comparison.name, method.name()),
                format!("{:.1} → {:.1} %", 100.0 * comparison.rates.0, 100.0 * comparison.rates.1),
                percent(ships),
                percent(rollbacks),
                median.map_or_else(|| "–".to_owned(), |n| n.to_string()),
            ]);
        }
    }
    Table {
        key: "real",
        title: "Real agent runs".to_owned(),
        text: format!(
            "The full table of a release is the population; streams are drawn with replacement by task, {streams} of up to 2,000 \
             runs per arm. The median is over streams that reached a verdict."
        ),
        head: strings(["comparison", "success of the populations", "ships", "rolls back", "median runs"]),
        rows,
    }
}

/// Ship and rollback by effect for each base.
fn operating_curves(streams: u64, plots: &mut Vec<Plot>) {
    for (title, pick) in [
        ("Operating curve: ships within 1,000 runs per arm", Outcome::shipped as fn(&Outcome) -> f64),
        ("Operating curve: rolls back within 1,000 runs per arm", Outcome::rolled_back),
    ] {
        let line = |base: f64| {
            let share = |effect: f64| pick(&run(GATE, independent(base, effect), 600, streams, RUNS));
            (format!("base {base}"), EFFECTS.map(|effect| (100.0 * effect * DELTA, share(effect))).to_vec())
        };
        plots.push(Plot {
            title: title.to_owned(),
            across: "true difference in points".to_owned(),
            up: "share".to_owned(),
            lines: BASES.into_iter().map(line).collect(),
            level: Some(0.05),
        });
    }
}
