//! Releases: did behaviour change with this release?

use serde::Serialize;

use super::{Delta, Empty, Figure, Filter, FilterChip, HOSTILE, Link, Pager, Reading, SelectOption, Time, View};
use crate::render::svg::{Axis, BarRow, Chart, Interval, IntervalRow, Label, LineChart, Marker, interval_plot, line_chart, mix_bars};

/// Body of `/p/{project}/releases`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReleaseList {
    /// Filters as chips.
    pub chips: Vec<FilterChip>,
    /// Fields of the filter form.
    pub filters: Vec<Filter>,
    /// The releases, newest first.
    pub rows: Vec<ReleaseRow>,
    /// Neighbouring pages.
    pub pager: Pager,
    /// Shown instead of the list when there is nothing in it.
    pub empty: Option<Empty>,
}

/// One release in the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReleaseRow {
    /// Name and address.
    pub link: Link,
    /// Workflow.
    pub workflow: String,
    /// `candidate`, `live`, `rolled_back` or `retired`.
    pub state: String,
    /// Recorded verdict, or `undecided`.
    pub verdict: String,
    /// Success rate on it.
    pub success: Figure,
    /// First run seen.
    pub first_seen_at: Time,
}

/// Body of `/p/{project}/releases/{id}`. Form: `POST …/gates` with `csrf`, `policy`, `note`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReleasePage {
    /// Id, `rel_…`.
    pub id: String,
    /// Name as the traces carry it.
    pub name: String,
    /// Workflow.
    pub workflow: String,
    /// `candidate`, `live`, `rolled_back` or `retired`.
    pub state: String,
    /// What it is compared with.
    pub baseline: Option<Link>,
    /// How the comparison was made, in words: `both received traffic between …`, or
    /// `historical: confounded with time`.
    pub comparison: String,
    /// The comparison is with an earlier time only.
    pub historical: bool,
    /// Runs by stage: all, concluded, settled.
    pub runs: RunCounts,
    /// Signals before and after, in their three groups.
    pub groups: Vec<CompareGroup>,
    /// A whole that improves while a segment gets worse, in words; one sentence each.
    pub warnings: Vec<String>,
    /// Failure classes before and now.
    pub mix: Vec<MixRow>,
    /// The same as a chart.
    pub mix_chart: Option<Chart>,
    /// Success rate over time with release and alert markers.
    pub timeline: Option<Chart>,
    /// Gates opened for it, newest first.
    pub gates: Vec<GateRef>,
    /// What happened to it: deployments, decisions, by whom.
    pub history: Vec<ReleaseEvent>,
    /// Policies to open a gate under; empty when the person may not open one.
    pub policies: Vec<SelectOption>,
}

/// How many runs there are at each stage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RunCounts {
    /// All.
    pub total: u64,
    /// With an outcome.
    pub concluded: u64,
    /// Past the settle window: evidence for the release.
    pub settled: u64,
    /// Share (0 to 1) of the closed runs whose outcome is unknown; a gap above 0.1.
    pub unknown_share: f64,
}

/// Signals of one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompareGroup {
    /// One of [`super::overview::GROUP_SENTENCES`], or `Supporting figures`.
    pub sentence: String,
    /// The signals.
    pub signals: Vec<SignalCompare>,
    /// All of the group's rates as dots and intervals.
    pub chart: Option<Chart>,
}

/// One signal before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignalCompare {
    /// Name as the API speaks it.
    pub signal: String,
    /// Name for people.
    pub label: String,
    /// On the baseline.
    pub baseline: Figure,
    /// On this release.
    pub candidate: Figure,
    /// The difference.
    pub delta: Delta,
    /// The same per segment; never more than one step away from the blend.
    pub segments: Vec<SegmentCompare>,
}

/// A signal in one segment before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentCompare {
    /// Dimension, `customer_tier`.
    pub dimension: String,
    /// Value, `enterprise`; text of runs.
    pub value: String,
    /// On the baseline.
    pub baseline: Figure,
    /// On this release.
    pub candidate: Figure,
    /// The difference.
    pub delta: Delta,
}

/// One failure class before and now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MixRow {
    /// Failure class; text of the project.
    pub class: String,
    /// `critical`, `major` or `minor`.
    pub severity: String,
    /// Share of concluded runs on the baseline.
    pub before: Figure,
    /// Share of concluded runs now.
    pub now: Figure,
}

/// A gate in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GateRef {
    /// Label and address.
    pub link: Link,
    /// `open`, `frozen` or `decided`.
    pub state: String,
    /// What the machine recommends.
    pub recommendation: String,
    /// Recorded verdict, or `undecided`.
    pub verdict: String,
    /// When it was opened.
    pub opened_at: Time,
}

/// Something that happened to a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReleaseEvent {
    /// When.
    pub at: Time,
    /// What, in words.
    pub what: String,
    /// By whom or what.
    pub by: String,
}

impl View for ReleaseList {
    const TEMPLATE: &'static str = "pages/release/list";
    const SECTION: &'static str = "releases";
}

impl View for ReleasePage {
    const TEMPLATE: &'static str = "pages/release/show";
    const SECTION: &'static str = "releases";
}

/// The dot of a figure on an interval plot; `None` where it has no value or no interval.
pub fn interval_of(figure: &Figure) -> Option<Interval> {
    Some(Interval { value: figure.value?, low: figure.low?, high: figure.high? })
}

impl CompareGroup {
    /// The group's rates as dots and intervals, one row each; `None` when no rate has data. `id` is unique in the page.
    pub fn plot(id: &str, sentence: &str, signals: &[SignalCompare]) -> Option<Chart> {
        let rows: Vec<IntervalRow> = signals
            .iter()
            .filter(|s| s.candidate.unit == super::Unit::Rate)
            .map(|s| IntervalRow { label: s.label.clone(), baseline: interval_of(&s.baseline), candidate: interval_of(&s.candidate) })
            .filter(|row| row.baseline.is_some() || row.candidate.is_some())
            .collect();
        if rows.is_empty() {
            return None;
        }
        let title = format!("{sentence}: baseline and this release with 95 % intervals");
        let label = Label { id, title: &title, description: "The table beside it holds the same figures." };
        Some(interval_plot(label, Axis::RATE, &rows, None))
    }
}

impl MixRow {
    /// The rows as paired bars; `None` for no rows. `id` is unique in the page.
    pub fn chart(id: &str, rows: &[Self]) -> Option<Chart> {
        if rows.is_empty() {
            return None;
        }
        let bars: Vec<BarRow> =
            rows.iter().map(|row| BarRow { label: row.class.clone(), before: row.before.value, now: row.now.value }).collect();
        let label = Label {
            id,
            title: "Failure classes, share of concluded runs before and now",
            description: "The table below holds the same shares with their counts.",
        };
        Some(mix_bars(label, &bars))
    }

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
            chips: vec![FilterChip { label: "Live".to_owned(), href: "/p/demo/releases?state=live".to_owned(), on: false }],
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
            markers: vec![Marker { at: 3, label: name.to_owned() }],
            steps: ["18 Nov", "19 Nov", "20 Nov", "21 Nov", "22 Nov"].map(str::to_owned).to_vec(),
        };
        let label = Label { id: "timeline", title: "Success rate by day", description: "Fell from 91 % to 86 % with this release." };
        Self {
            id: "rel_0192f3a1b2c37d4e8f9a0b1c2d3e4f50".to_owned(),
            name: name.to_owned(),
            workflow: "refund-handling".to_owned(),
            state: "candidate".to_owned(),
            baseline: Some(Link::new("/p/demo/releases/rel_00", "1.3.0")),
            comparison: "Historical: confounded with time. The baseline received no traffic after 20 Nov 2026.".to_owned(),
            historical: true,
            runs: RunCounts { total: 1204, concluded: 1000, settled: 940, unknown_share: 0.031 },
            groups: vec![CompareGroup {
                sentence: sentence.to_owned(),
                chart: CompareGroup::plot("group-1", sentence, &signals),
                signals,
            }],
            warnings: vec!["The success rate improves overall and gets worse in customer_tier = enterprise.".to_owned()],
            mix_chart: MixRow::chart("mix", &mix),
            mix,
            timeline: Some(line_chart(label, Axis::RATE, &line)),
            gates: vec![GateRef::sample()],
            history: vec![ReleaseEvent { at: Time::sample(-9000), what: "First run seen.".to_owned(), by: name.to_owned() }],
            policies: vec![SelectOption::new("standard", "Standard, version 2").selected(true)],
        }
    }
}
