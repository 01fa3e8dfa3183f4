//! What is wrong with labels: runs that are not independent, labels that come late, labels that do not come at all.

use crate::experiment::{Outcome, independent, run, run_unseen};
use crate::method::{DELTA, Method};
use crate::report::{Table, percent};
use crate::stream::Truth;
use crate::tables::{GATE, RUNS, met, strings};

/// T10.
pub fn correlated(streams: u64) -> Table {
    let clustered = Truth::Clustered { baseline: 0.9, candidate: 0.85, size: 5, alike: 0.7 };
    let as_runs = run(GATE, clustered, 1_000, streams, RUNS);
    let as_units = run(GATE, independent(0.9, -1.0), 1_001, streams, RUNS / 5);
    let row = |what: &str, found: &Outcome, yes: bool, expected: &str| {
        let share = found.shipped();
        vec![what.to_owned(), percent(share), percent(found.upper(share)), expected.to_owned(), met(yes)]
    };
    Table {
        key: "correlated",
        title: "T10: correlated runs, as runs and as units".to_owned(),
        text: format!(
            "Negative control. Five runs of a session share their luck with probability 0.7; the candidate is truly worse by δ \
             (base 0.9). Counted as independent runs, false ships exceed 5 %; with one outcome per unit they do not. {streams} \
             streams of {RUNS} runs per arm."
        ),
        head: strings(["counted as", "false ship", "upper bound", "expected", "as expected"]),
        rows: vec![
            row("independent runs", &as_runs, as_runs.shipped() > 0.05, "broken"),
            row("units", &as_units, as_units.shipped() <= 0.05, "holds"),
        ],
    }
}

/// Rescues that arrive hours after the run.
pub fn late_labels(streams: u64) -> Table {
    let mut rows = Vec::new();
    for (i, base) in (0..).zip([0.7, 0.9]) {
        let candidate = base - DELTA;
        let late = 0.3;
        let waited = run(GATE, Truth::Independent { baseline: base, candidate }, 1_100 + i, streams, RUNS);
        let eager = run(GATE, Truth::Flattered { baseline: base, candidate, late }, 1_110 + i, streams, RUNS);
        // T2: a candidate that is no worse, read young against a settled baseline, is only flattered; the other way
        // round, a settled candidate against a young baseline, is what a gate without a window does to late traffic.
        let even = run(GATE, Truth::Independent { baseline: base, candidate: base }, 1_120 + i, streams, RUNS);
        let young = base + late * (1.0 - base);
        let turned = run(GATE, Truth::Independent { baseline: young, candidate: base }, 1_130 + i, streams, RUNS);
        for (what, ship, rollback, holds) in [
            ("with the settle window", waited.shipped(), even.rolled_back(), true),
            ("without it", eager.shipped(), turned.rolled_back(), false),
        ] {
            let within = ship <= 0.05 && rollback <= 0.05;
            rows.push(vec![
                format!("base {base}, {what}"),
                percent(ship),
                percent(rollback),
                if holds { "holds" } else { "broken" }.to_owned(),
                met(within == holds),
            ]);
        }
    }
    Table {
        key: "late",
        title: "Labels that settle late".to_owned(),
        text: format!(
            "Three in ten failures first look like successes and are rescued hours later. With the window, ship evidence reads \
             settled runs of both arms. Without it, a candidate worse by δ is read while it is flattered (false ship), and a \
             candidate that is no worse is read settled beside a baseline that is still young (false rollback). {streams} streams."
        ),
        head: strings(["case", "false ship", "false rollback", "expected", "as expected"]),
        rows,
    }
}

/// Labels missing not at random: no method can see them; the gate sees that they are missing.
pub fn missing_labels(streams: u64) -> Table {
    let mut rows = Vec::new();
    for lost in [0.1, 0.3, 0.6] {
        let truth = Truth::Missing { baseline: 0.9, candidate: 0.85, lost };
        let share_lost = 0.15 * lost;
        let blind = run(GATE, truth, 1_200, streams, RUNS);
        let found = run_unseen(truth, 1_200, streams, RUNS);
        let even = run_unseen(Truth::Missing { baseline: 0.9, candidate: 0.9, lost }, 1_201, streams, 4 * RUNS);
        let fixed = run(Method::FixedN { n: 1_000 }, truth, 1_200, streams, RUNS);
        rows.push(vec![
            format!("{:.0} % of failures unlabelled", 100.0 * lost),
            percent(share_lost),
            percent(found.shipped()),
            met(found.shipped() <= 0.05),
            percent(blind.shipped()),
            percent(fixed.shipped()),
            percent(even.shipped()),
        ]);
    }
    Table {
        key: "missing",
        title: "Labels missing not at random".to_owned(),
        text: format!(
            "The candidate is worse by δ (base 0.9) and a share of its failures has no outcome. No statistic of the rest can see \
             what is not there, and every method that reads the rest ships more often. A pass of this gate has to hold with the \
             unknown outcomes beyond the baseline's share counted as failures. The price is in the last column: a candidate that \
             is no worse and loses labels in the same way, within 4,000 runs per arm. {streams} streams."
        ),
        head: strings([
            "case",
            "unknown outcomes",
            "false ship",
            "T1",
            "without counting them",
            "one look at 1,000",
            "ship at no difference",
        ]),
        rows,
    }
}
