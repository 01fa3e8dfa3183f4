//! The overview: what needs somebody today, one row per workflow.

use serde::Serialize;

use super::first_use::FirstUse;
use super::{Delta, Figure, Freshness, Link, Reading, Time, View};
use crate::render::svg::{Axis, Chart, Label, LineChart, Marker, sparkline};

/// Body of `/p/{project}`.
#[derive(Debug, Clone, Serialize)]
pub struct Overview {
    /// What waits for the signed-in person, most urgent first.
    pub queue: Vec<QueueItem>,
    /// The workflows of the project.
    pub workflows: Vec<WorkflowRow>,
    /// First use: shown instead of the workflows.
    pub first_use: Option<FirstUse>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueItem {
    /// What to do, and where.
    pub link: Link,
    /// Why it waits, in words.
    pub why: String,
    /// Since when.
    pub since: Option<Time>,
}

/// One workflow with its live release.
#[derive(Debug, Clone, Serialize)]
pub struct WorkflowRow {
    /// Name of the workflow.
    pub name: String,
    /// `critical`, `high`, `medium`, `low` or what the project calls it.
    pub risk_class: Option<String>,
    /// Who owns it; `None` is shown as *no owner*.
    pub owner: Option<String>,
    /// The live release, or the newest candidate.
    pub release: Option<Link>,
    /// `candidate`, `live`, `rolled_back` or `retired`.
    pub release_state: Option<String>,
    /// Recorded verdict on that release, or `undecided`.
    pub verdict: String,
    /// The decision, or the gate that waits for one.
    pub decision: Option<Link>,
    /// The scorecard it is held to.
    pub scorecard: Option<Link>,
    /// Whether that scorecard can be relied on.
    pub freshness: Option<Freshness>,
    /// The signals in their three groups.
    pub groups: Vec<SignalGroup>,
}

/// Signals under the sentence a business would say.
#[derive(Debug, Clone, Serialize)]
pub struct SignalGroup {
    /// `That result was not trustworthy`, `That action should have stopped`, `This cost too much human cleanup`.
    pub sentence: String,
    /// The signals.
    pub signals: Vec<SignalTile>,
}

/// One signal of a workflow.
#[derive(Debug, Clone, Serialize)]
pub struct SignalTile {
    /// Name as the API speaks it, `success_rate`.
    pub signal: String,
    /// Name for people, `Success rate`.
    pub label: String,
    /// Its value on the release.
    pub figure: Figure,
    /// Its difference from the baseline, where there is one.
    pub delta: Option<Delta>,
    /// Its course over time.
    pub spark: Option<Chart>,
}

impl View for Overview {
    const TEMPLATE: &'static str = "pages/overview/show";
    const SECTION: &'static str = "overview";
}

/// The three sentences, in the order in which they are shown.
pub const GROUP_SENTENCES: [&str; 3] =
    ["That result was not trustworthy", "That action should have stopped", "This cost too much human cleanup"];

impl Overview {
    /// A project with one workflow and a gate that waits.
    pub fn sample() -> Self {
        Self {
            queue: vec![QueueItem {
                link: Link::new("/p/demo/gates/gate_01", "Decide about refund-handling 1.4.0"),
                why: "Frozen two days ago; the recommendation is hold.".to_owned(),
                since: Some(Time::sample(-2880)),
            }],
            workflows: vec![WorkflowRow::sample("refund-handling"), WorkflowRow::sample_bare()],
            first_use: None,
        }
    }

    /// The same with names a run made up.
    pub fn hostile_sample() -> Self {
        let mut sample = Self::sample();
        sample.workflows[0].name = super::HOSTILE.to_owned();
        sample.workflows[0].release = Some(Link::new("javascript:alert(1)", super::HOSTILE));
        sample.queue[0].link.label = super::HOSTILE.to_owned();
        sample
    }

    /// A project without runs.
    pub fn empty_sample() -> Self {
        Self { queue: vec![], workflows: vec![], first_use: Some(FirstUse::sample()) }
    }
}

impl WorkflowRow {
    fn sample(name: &str) -> Self {
        let spark = |id: &str| {
            let values: Vec<Option<f64>> = [0.91, 0.9, 0.92, 0.88, 0.84, 0.86].into_iter().map(Some).collect();
            let label = Label { id, title: "Success rate by day", description: "Fell from 91 % to 86 % in six days." };
            let markers = vec![Marker { at: 3, label: "1.4.0".to_owned() }];
            sparkline(label, Axis::RATE, &LineChart { values, markers, ..LineChart::default() })
        };
        let tile = |signal: &str, label: &str, figure: Figure, delta: Option<Delta>| SignalTile {
            spark: Some(spark(&format!("spark-{signal}"))),
            signal: signal.to_owned(),
            label: label.to_owned(),
            figure,
            delta,
        };
        let worse = Delta::new(Figure::points(-0.041, -0.069, -0.012), Reading::Worse);
        let changed = Delta::new(Figure::points(0.021, 0.003, 0.04), Reading::Changed);
        let groups = vec![
            vec![tile(
                "success_rate",
                "Success rate",
                Figure::rate(860, 1000, 0.837, 0.88).linked("/p/demo/runs?release=1.4.0"),
                Some(worse),
            )],
            vec![tile("approval_rate", "Approval rate", Figure::rate(120, 1000, 0.101, 0.142), Some(changed))],
            vec![
                tile("rescue_rate", "Rescue rate", Figure::unknown(super::Unit::Rate).unverified(), None),
                tile(
                    "cost_per_success",
                    "Cost per success",
                    Figure::money(31_000_000.0, "USD", 940).covering(0.94),
                    None,
                ),
            ],
        ];
        Self {
            name: name.to_owned(),
            risk_class: Some("high".to_owned()),
            owner: Some("Ana Reyes".to_owned()),
            release: Some(Link::new("/p/demo/releases/rel_01", "1.4.0")),
            release_state: Some("candidate".to_owned()),
            verdict: "undecided".to_owned(),
            decision: Some(Link::new("/p/demo/gates/gate_01", "Open gate")),
            scorecard: Some(Link::new("/p/demo/scorecards/sc_01", "Refund handling")),
            freshness: Some(Freshness::sample_stale()),
            groups: GROUP_SENTENCES
                .iter()
                .zip(groups)
                .map(|(sentence, signals)| SignalGroup { sentence: (*sentence).to_owned(), signals })
                .collect(),
        }
    }

    /// A workflow about which almost nothing is known.
    fn sample_bare() -> Self {
        Self {
            name: "order-lookup".to_owned(),
            risk_class: None,
            owner: None,
            release: None,
            release_state: None,
            verdict: "undecided".to_owned(),
            decision: None,
            scorecard: None,
            freshness: None,
            groups: vec![],
        }
    }
}
