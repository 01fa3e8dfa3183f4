//! Releases: did behaviour change with this release?

use serde::{Deserialize, Serialize};

use super::{Delta, Empty, Figure, Filter, FilterChip, Link, Pager, SelectOption, Time, View};
use crate::render::svg::{Axis, BarRow, Chart, Interval, IntervalRow, Label, Share, interval_plot, mix_bars};

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
    /// The same as rows, oldest first.
    pub days: Vec<ReleaseDay>,
    /// Gates opened for it, newest first.
    pub gates: Vec<GateRef>,
    /// What happened to it: deployments, decisions, by whom.
    pub history: Vec<ReleaseEvent>,
    /// Policies to open a gate under; empty when the person may not open one.
    pub policies: Vec<SelectOption>,
}

/// One day of the timeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReleaseDay {
    /// The day, in words.
    pub day: String,
    /// Success rate of the runs of that day.
    pub success: Figure,
    /// What happened to the workflow's releases.
    pub what: Option<String>,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
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
    const LIST: &'static str = "rows";
}

impl View for ReleasePage {
    const TEMPLATE: &'static str = "pages/release/show";
    const SECTION: &'static str = "releases";
}

/// The dot of a figure on an interval plot; `None` where it has no value or no interval.
pub fn interval_of(figure: &Figure) -> Option<Interval> {
    Some(Interval { value: figure.value?, low: figure.low?, high: figure.high?, reading: figure.text() })
}

impl CompareGroup {
    /// The group's rates as dots and intervals, one row each; `None` when no rate has data. `id` is unique in the page.
    pub fn plot(id: &str, sentence: &str, signals: &[SignalCompare]) -> Option<Chart> {
        let rows: Vec<IntervalRow> = signals
            .iter()
            .filter(|s| s.candidate.unit == super::Unit::Rate)
            .map(|s| IntervalRow {
                label: s.label.clone(),
                baseline: interval_of(&s.baseline),
                candidate: interval_of(&s.candidate),
            })
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
        let share = |figure: &Figure| Share { value: figure.value, reading: figure.text() };
        let bars: Vec<BarRow> = rows
            .iter()
            .map(|row| BarRow { label: row.class.clone(), before: share(&row.before), now: share(&row.now) })
            .collect();
        let label = Label {
            id,
            title: "Failure classes, share of concluded runs before and now",
            description: "The table below holds the same shares with their counts.",
        };
        Some(mix_bars(label, &bars))
    }
}
