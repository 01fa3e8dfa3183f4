//! The overview: what waits for somebody, and how each workflow does.

use std::collections::BTreeMap;

use actix_web::web::Path;
use seatrial_domain::access::Permission;
use seatrial_domain::cell::Counts;
use seatrial_domain::gate::GateState;
use seatrial_domain::ids::WorkflowId;
use seatrial_domain::limits;
use seatrial_domain::owner::OwnerId;
use seatrial_domain::signal::{Group, Signal};
use seatrial_domain::time::Timestamp;
use seatrial_domain::workflow::RiskClass;
use seatrial_store::Page;
use seatrial_store::gate::{GateFilter, GateRow};
use seatrial_store::release::ReleaseRow;
use seatrial_store::run::RunFilter;
use seatrial_store::workflow::WorkflowRow;

use super::context::{Answer, Frame, Visitor};
use super::link;
use super::release::{gate_link, table, verdicts};
use super::release_parts::{by_day, group_of, marks};
use crate::app::names::Names;
use crate::app::scorecard::ScorecardDetail;
use crate::app::signal::GroupBy;
use crate::http::present::artifact::freshness;
use crate::http::present::figure::{self, rate};
use crate::http::problem::Problem;
use crate::render::format;
use crate::render::svg::{Axis, Chart, Label, LineChart, Marker, sparkline};
use crate::render::view::first_use::{FirstUse, Waiting};
use crate::render::view::overview::{Overview, QueueItem, SignalGroup, SignalTile, WorkflowRow as Row};
use crate::render::view::{Figure, Link, Time};

/// Workflows shown; each takes three queries.
const WORKFLOWS_SHOWN: usize = 24;
/// Gates and failures looked at for the queue.
const QUEUE_SHOWN: u64 = 10;
/// Days of a small course over time.
const SPARK_DAYS: usize = 30;

/// The signals of the overview.
const TILES: [Signal; 9] = [
    Signal::SuccessRate,
    Signal::HighCostFailureRate,
    Signal::TimeToTrust,
    Signal::ApprovalRate,
    Signal::ApprovalDenialRate,
    Signal::UnexpectedEscalationRate,
    Signal::RescueRate,
    Signal::RetryRate,
    Signal::CostPerSuccess,
];

/// `GET /p/{project}`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn show(visitor: Visitor, project: Path<String>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let names = app.names(caller, slug).await?;
    let scorecards = app.scorecards(caller, slug).await?;
    let waiting = waiting(&frame).await?;
    let verdicts = verdicts(&frame).await?;
    let held: Vec<OwnerId> = names.workflows().into_iter().filter_map(|work| work.owner).collect();
    let owners = app.owner_names(caller, slug, held).await?;
    let own = frame.own().await?;
    let mut workflows = Vec::new();
    // Bounded by WORKFLOWS_SHOWN.
    for work in names.workflows().into_iter().take(WORKFLOWS_SHOWN) {
        let release = names.present_release(work.id);
        let groups = match release {
            Some(release) => groups(&frame, &names, release).await?,
            None => Vec::new(),
        };
        let scorecard = scorecards.iter().find(|detail| detail.row.workflow == work.id);
        let verdict = verdicts.iter().find(|(id, _)| Some(*id) == release.map(|release| release.id));
        let gate = waiting.iter().find(|gate| gate.workflow == work.id);
        workflows.push(Row {
            owner: work.owner.and_then(|owner| owners.get(&owner)).filter(|o| o.active).map(|o| o.name.clone()),
            verdict: verdict.map_or("undecided", |(_, verdict)| verdict).to_owned(),
            decision: gate.map(|gate| gate_link(&frame, gate)),
            scorecard: scorecard.map(|detail| scorecard_link(&frame, detail)),
            freshness: scorecard.map(|detail| freshness(&detail.standing.freshness)),
            groups,
            ..row(&frame, work, release)
        });
    }
    let body = Overview {
        queue: queue(&frame, &names, &waiting, &scorecards, &own),
        first_use: workflows.is_empty().then(|| first_use(&frame)),
        workflows,
    };
    frame.page("Overview", body)
}

/// A number of open failures, which are counted up to a bound.
fn up_to(open: u64) -> String {
    let shown = format::count(open.into());
    if open < limits::FAILURES_COUNTED { shown } else { format!("more than {shown}") }
}

fn first_use(frame: &Frame) -> FirstUse {
    let keys = frame
        .may(Permission::ManageKeys)
        .then(|| Link::new(frame.href("/settings#keys-title"), "Make a key with the scope ingest"));
    let waiting = Waiting { href: frame.href("/first-run"), run: None };
    FirstUse::new(&frame.app().config.server.public_url, frame.slug(), keys, waiting)
}

/// `GET /p/{project}/first-run`: whether the first run is there, as the part of the overview that waits for it.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn first_run(visitor: Visitor, project: Path<String>) -> Answer {
    let frame = visitor.enter_for_part(&project).await?;
    let page = Page::new(None, Some(1));
    let (runs, _) = frame.app().list_runs(frame.caller(), frame.slug(), &RunFilter::default(), page).await?;
    let run = runs.first().map(|run| Link::new(frame.href(&format!("/runs/{}", run.id)), "Open it"));
    frame.fragment("partials/waiting", &Waiting { href: frame.href("/first-run"), run })
}

fn row(frame: &Frame, work: &WorkflowRow, release: Option<&ReleaseRow>) -> Row {
    let risk = match work.risk_class {
        RiskClass::Low => "low",
        RiskClass::Medium => "medium",
        RiskClass::High => "high",
    };
    Row {
        name: work.name.clone(),
        risk_class: Some(risk.to_owned()),
        owner: None,
        release: release.map(|row| Link::new(frame.href(&format!("/releases/{}", row.id)), &row.name)),
        release_state: release.map(|row| row.state.as_str().to_owned()),
        verdict: "undecided".to_owned(),
        decision: None,
        scorecard: None,
        freshness: None,
        groups: Vec::new(),
    }
}

fn scorecard_link(frame: &Frame, detail: &ScorecardDetail) -> Link {
    Link::new(frame.href(&format!("/scorecards/{}", detail.row.id)), &detail.row.definition.name)
}

/// Gates that wait for a decision, the latest first.
async fn waiting(frame: &Frame) -> Result<Vec<GateRow>, Problem> {
    let filter = GateFilter { state: Some(GateState::Frozen), ..GateFilter::default() };
    let page = Page::new(None, Some(QUEUE_SHOWN));
    Ok(frame.app().list_gates(frame.caller(), frame.slug(), &filter, page).await?.0)
}

/// What waits for the person who looks: gates they may decide, scorecards of theirs, failures they may learn from.
fn queue(
    frame: &Frame,
    names: &Names,
    waiting: &[GateRow],
    scorecards: &[ScorecardDetail],
    own: &[OwnerId],
) -> Vec<QueueItem> {
    let mut queue = Vec::new();
    if frame.may(Permission::Decide) {
        queue.extend(waiting.iter().map(|gate| QueueItem {
            link: Link::new(
                frame.href(&format!("/gates/{}", gate.id)),
                format!("Decide about {} {}", names.workflow_name(gate.workflow), names.release_name(gate.release)),
            ),
            why: "Its evidence is frozen and waits for a decision.".to_owned(),
            since: Some(Time(gate.opened_at.micros())),
        }));
    }
    let mine = scorecards.iter().filter(|detail| {
        let definition = &detail.row.definition;
        [definition.owner, definition.backup].into_iter().flatten().any(|id| own.contains(&id))
    });
    queue.extend(mine.filter(|detail| !detail.standing.freshness.reasons.is_empty()).map(|detail| QueueItem {
        link: Link::new(
            scorecard_link(frame, detail).href,
            format!("Review the scorecard {}", detail.row.definition.name),
        ),
        why: detail.standing.freshness.reasons.first().map(|reason| reason.text.clone()).unwrap_or_default(),
        since: detail.standing.freshness.due_at.map(|at| Time(at.micros())),
    }));
    let open = frame.counts().open_failures;
    if frame.may(Permission::Triage) && open > 0 {
        queue.push(QueueItem {
            link: Link::new(frame.href("/failures"), format!("Review {} open failures", up_to(open))),
            why: "Nobody has learned from them yet.".to_owned(),
            since: None,
        });
    }
    queue
}

/// The signals of a workflow's present release beside its baseline, each with its course over time.
async fn groups(frame: &Frame, names: &Names, release: &ReleaseRow) -> Result<Vec<SignalGroup>, Problem> {
    let baseline = names.baseline(release).map(|row| row.id);
    let whole = table(frame, release.workflow, vec![release.id], baseline, GroupBy::Release).await?;
    let days = table(frame, release.workflow, vec![release.id], baseline, GroupBy::Day).await?;
    let Some(found) = group_of(&whole, Some(release.id)) else { return Ok(Vec::new()) };
    let before = group_of(&whole, baseline);
    let sums = by_day(&days);
    let skip = sums.len().saturating_sub(SPARK_DAYS);
    let steps: Vec<Timestamp> = sums.keys().skip(skip).copied().collect();
    let marks = marks(&days, &steps, names, None);
    let tile = |signal: &Signal| -> Option<SignalTile> {
        let read = found.signals.iter().find(|read| read.reading.signal == *signal)?;
        let new = figure::figure(&read.reading, frame.currency());
        let old = before.and_then(|group| group.signals.iter().find(|read| read.reading.signal == *signal));
        let old = old.map(|read| figure::figure(&read.reading, frame.currency()));
        let delta = old.as_ref().map(|old| figure::delta(read, &new, Some(old)));
        let runs = link::with_query(&frame.href("/runs"), &[("release", Some(&release.id.to_string()))]);
        Some(SignalTile {
            signal: signal.to_string(),
            label: figure::label(signal),
            figure: new.linked(runs),
            delta,
            spark: spark(release.workflow, signal, (&sums, &marks)),
        })
    };
    let group = |group: Group| {
        let signals = TILES.iter().filter(|signal| signal.definition().group == group).filter_map(tile);
        SignalGroup { sentence: figure::sentence(group).to_owned(), signals: signals.collect() }
    };
    Ok([Group::Trustworthy, Group::ShouldHaveStopped, Group::Cleanup].into_iter().map(group).collect())
}

/// A rate over the last days with runs, with what happened to releases; `None` for amounts and for a single day.
fn spark(
    workflow: WorkflowId,
    signal: &Signal,
    (sums, marks): (&BTreeMap<Timestamp, Counts>, &[Marker]),
) -> Option<Chart> {
    signal.rate(&Counts::default())?;
    let skip = sums.len().saturating_sub(SPARK_DAYS);
    let figure = |counts: &Counts| {
        let (top, bottom) = signal.rate(counts)?;
        Some(rate(figure::count(top), figure::count(bottom)))
    };
    let shown: Vec<Option<Figure>> = sums.values().skip(skip).map(figure).collect();
    let values: Vec<Option<f64>> = shown.iter().map(|figure| figure.as_ref()?.value).collect();
    if values.iter().flatten().count() < 2 {
        return None;
    }
    let none = || "no data".to_owned();
    let chart = LineChart {
        values,
        readings: shown.iter().map(|figure| figure.as_ref().map_or_else(none, Figure::text)).collect(),
        band: Vec::new(),
        markers: marks.to_vec(),
        steps: sums.keys().skip(skip).map(|day| format::date(day.micros())).collect(),
    };
    let title = format!("{} by day", figure::label(signal));
    let id = format!("spark-{workflow}-{signal}").replace('_', "-");
    let label = Label { id: &id, title: &title, description: "Of the release and its baseline together." };
    Some(sparkline(label, Axis::RATE, &chart))
}
