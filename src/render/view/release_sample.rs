//! Samples of the release pages.

use super::release::{
    CompareGroup, GateRef, MixRow, ReleaseDay, ReleaseEvent, ReleaseList, ReleasePage, ReleaseRow, RunCounts,
    SegmentCompare, SignalCompare,
};
use super::{Delta, Empty, Figure, FilterChip, HOSTILE, Link, Pager, Reading, SelectOption, Time};
use crate::render::svg::{Axis, Label, LineChart, Marker, line_chart};

impl MixRow {
    /// Two classes, for samples.
    pub fn samples(class: &str) -> Vec<Self> {
        vec![
            Self {
                class: class.to_owned(),
                severity: "critical".to_owned(),
                before: Figure::rate(12, 1000, 0.007, 0.021),
                now: Figure::rate(41, 1000, 0.03, 0.055),
            },
            Self {
                class: "wrong_tool".to_owned(),
                severity: "major".to_owned(),
                before: Figure::rate(0, 1000, 0.0, 0.004),
                now: Figure::unknown(super::Unit::Rate),
            },
        ]
    }
}

impl SignalCompare {
    /// A success rate that fell, in one segment most, for samples.
    pub fn sample(segment: &str) -> Self {
        let worse = Delta::new(Figure::points(-0.041, -0.069, -0.012), Reading::Worse);
        Self {
            signal: "success_rate".to_owned(),
            label: "Success rate".to_owned(),
            baseline: Figure::rate(901, 1000, 0.881, 0.918),
            candidate: Figure::rate(860, 1000, 0.837, 0.88).linked("/p/demo/runs?release=1.4.0"),
            delta: worse.clone(),
            segments: vec![SegmentCompare {
                dimension: "customer_tier".to_owned(),
                value: segment.to_owned(),
                baseline: Figure::rate(28, 30, 0.787, 0.982),
                candidate: Figure::rate(20, 31, 0.469, 0.789),
                delta: worse,
            }],
        }
    }
}

impl GateRef {
    /// A frozen gate that waits, for samples.
    pub fn sample() -> Self {
        Self {
            link: Link::new("/p/demo/gates/gate_01", "Gate of 21 Nov"),
            state: "frozen".to_owned(),
            recommendation: "hold".to_owned(),
            verdict: "undecided".to_owned(),
            opened_at: Time::sample(-2880),
        }
    }
}

impl ReleaseList {
    /// One release.
    pub fn sample() -> Self {
        Self::named("1.4.0")
    }

    /// A release with a name from a hostile trace.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// None yet.
    pub fn empty_sample() -> Self {
        let empty = Some(Empty::no_runs("http://127.0.0.1:8080"));
        Self { chips: vec![], filters: vec![], rows: vec![], pager: Pager::default(), empty }
    }

    fn named(name: &str) -> Self {
        Self {
            chips: vec![FilterChip {
                label: "Live".to_owned(),
                href: "/p/demo/releases?state=live".to_owned(),
                on: false,
            }],
            filters: vec![],
            rows: vec![ReleaseRow {
                link: Link::new("/p/demo/releases/rel_01", name),
                workflow: "refund-handling".to_owned(),
                state: "candidate".to_owned(),
                verdict: "undecided".to_owned(),
                success: Figure::rate(860, 1000, 0.837, 0.88),
                first_seen_at: Time::sample(-9000),
            }],
            pager: Pager { previous: None, next: None, note: "1 release".to_owned() },
            empty: None,
        }
    }
}

impl ReleaseDay {
    fn sample(what: Option<&str>) -> Self {
        let success = Figure::rate(87, 100, 0.84, 0.9);
        Self { day: "21 Nov 2026".to_owned(), success, what: what.map(str::to_owned) }
    }
}

impl ReleasePage {
    /// A candidate that regressed in one segment.
    pub fn sample() -> Self {
        Self::named("1.4.0", "enterprise")
    }

    /// The same with hostile names.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE, HOSTILE)
    }

    /// A first release: nothing to compare with.
    pub fn bare_sample() -> Self {
        Self {
            baseline: None,
            comparison: "There is no earlier release to compare with.".to_owned(),
            historical: false,
            groups: vec![],
            warnings: vec![],
            mix: vec![],
            mix_chart: None,
            timeline: None,
            days: vec![],
            gates: vec![],
            history: vec![],
            policies: vec![],
            ..Self::sample()
        }
    }

    fn named(name: &str, segment: &str) -> Self {
        let signals = vec![SignalCompare::sample(segment)];
        let sentence = super::overview::GROUP_SENTENCES[0];
        let mix = MixRow::samples(segment);
        let line = LineChart {
            values: vec![Some(0.9), Some(0.91), None, Some(0.87), Some(0.86)],
            band: vec![Some((0.88, 0.92)), Some((0.89, 0.93)), None, Some((0.84, 0.9)), Some((0.83, 0.88))],
            readings: vec![],
            markers: vec![Marker { at: 3, label: name.to_owned() }],
            steps: ["18 Nov", "19 Nov", "20 Nov", "21 Nov", "22 Nov"].map(str::to_owned).to_vec(),
        };
        let label = Label {
            id: "timeline",
            title: "Success rate by day",
            description: "Fell from 91 % to 86 % with this release.",
        };
        Self {
            id: "rel_0192f3a1b2c37d4e8f9a0b1c2d3e4f50".to_owned(),
            name: name.to_owned(),
            workflow: "refund-handling".to_owned(),
            state: "candidate".to_owned(),
            baseline: Some(Link::new("/p/demo/releases/rel_00", "1.3.0")),
            comparison: "Historical: confounded with time. The baseline received no traffic after 20 Nov 2026."
                .to_owned(),
            historical: true,
            runs: RunCounts { total: 1204, concluded: 1000, settled: 940, unknown_share: 0.031 },
            groups: vec![CompareGroup {
                sentence: sentence.to_owned(),
                chart: CompareGroup::plot("group-1", sentence, &signals),
                signals,
            }],
            warnings: vec![
                "The success rate improves overall and gets worse in customer_tier = enterprise.".to_owned(),
            ],
            mix_chart: MixRow::chart("mix", &mix),
            mix,
            timeline: Some(line_chart(label, Axis::RATE, &line)),
            days: vec![ReleaseDay::sample(None), ReleaseDay::sample(Some(name))],
            gates: vec![GateRef::sample()],
            history: vec![ReleaseEvent {
                at: Time::sample(-9000),
                what: "First run seen.".to_owned(),
                by: name.to_owned(),
            }],
            policies: vec![SelectOption::new("standard", "Standard, version 2").selected(true)],
        }
    }
}
