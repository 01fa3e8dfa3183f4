//! Releases: the list, one release beside its baseline, and opening a gate for it.

use actix_web::HttpResponse;
use actix_web::web::{Path, Query};
use seatrial_domain::access::Permission;
use seatrial_domain::gate::GateState;
use seatrial_domain::ids::{ReleaseId, WorkflowId};
use seatrial_domain::saved_view::ViewedList;
use seatrial_domain::time::Timestamp;
use seatrial_store::Page;
use seatrial_store::decision::DecisionFilter;
use seatrial_store::gate::{GateFilter, GateRow};
use seatrial_store::release::ReleaseRow;
use seatrial_store::run::RunFilter;
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::form::given;
use super::link;
use super::release_parts::{self as parts, Sides, counts_of};
use super::sign_in::Nothing;
use crate::app::error::AppError;
use crate::app::gate::NewGate;
use crate::app::names::Names;
use crate::app::signal::{GroupBy, SignalQuery, SignalTable};
use crate::http::extract::PageForm;
use crate::http::present::figure::{count, rate};
use crate::http::problem::Problem;
use crate::render::format;
use crate::render::view::release::{self as view, GateRef, MixRow, ReleaseList, ReleasePage, RunCounts};
use crate::render::view::{Empty, FilterChip, Link, Pager, SelectOption, Time};

/// Gates listed on a release's page.
const GATES_SHOWN: u64 = 10;
/// Releases on one page of the list.
const RELEASES_SHOWN: usize = 50;
/// The longest time looked back, in days: what one query of signals may cover.
const DAYS_BACK: i64 = 732;

/// Which releases are wanted.
#[derive(Debug, Default, Deserialize)]
pub struct ListQuery {
    workflow: Option<String>,
    state: Option<String>,
    page: Option<usize>,
}

/// `GET /p/{project}/releases`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>, query: Query<ListQuery>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let names = frame.app().names(frame.caller(), frame.slug()).await?;
    let workflow = query.workflow.as_deref().and_then(given).map(|name| names.workflow(&name)).transpose()?;
    let mut releases: Vec<&ReleaseRow> = match workflow {
        Some(workflow) => names.releases(workflow),
        None => names.workflows().into_iter().flat_map(|row| names.releases(row.id)).collect(),
    };
    let state = query.state.as_deref().unwrap_or_default();
    releases.retain(|row| state.is_empty() || row.state.as_str() == state);
    releases.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id)));
    let at = query.page.unwrap_or(0);
    let shown: Vec<&ReleaseRow> = releases.iter().copied().skip(at * RELEASES_SHOWN).take(RELEASES_SHOWN).collect();
    let rows = rows(&frame, &names, &shown).await?;
    let href = |page: usize| {
        let page = page.to_string();
        let parameters =
            [("workflow", query.workflow.as_deref()), ("state", Some(state)), ("page", Some(page.as_str()))];
        link::with_query(&frame.href("/releases"), &parameters)
    };
    let filtered = workflow.is_some() || !state.is_empty();
    let body = ReleaseList {
        chips: chips(&frame, &names, &query),
        filters: Vec::new(),
        pager: Pager {
            previous: (at > 0).then(|| href(at - 1)),
            next: (releases.len() > (at + 1) * RELEASES_SHOWN).then(|| href(at + 1)),
            note: format!("{} of {} releases, newest first", rows.len(), format::count(releases.len() as i128)),
        },
        empty: rows.is_empty().then(|| empty(&frame, filtered)),
        rows,
    };
    let frame = frame
        .with_views(ViewedList::Releases, &[("workflow", query.workflow.as_deref()), ("state", query.state.as_deref())])
        .await?;
    frame.page("Releases", body)
}

fn empty(frame: &Frame, filtered: bool) -> Empty {
    if !filtered {
        return Empty::no_runs(&frame.app().config.server.public_url);
    }
    Empty {
        title: "No release matches".to_owned(),
        text: "No release is in this state.".to_owned(),
        command: None,
        action: Some(Link::new(frame.href("/releases"), "All releases")),
    }
}

fn chips(frame: &Frame, names: &Names, query: &ListQuery) -> Vec<FilterChip> {
    let path = frame.href("/releases");
    let chosen = |field: &Option<String>, value: &str| field.as_deref() == Some(value);
    let states = [("live", "Live"), ("candidate", "Candidate"), ("rolled_back", "Rolled back"), ("retired", "Retired")];
    let states = states.into_iter().map(|(state, label)| {
        let on = chosen(&query.state, state);
        let wanted = (!on).then_some(state);
        let href = link::with_query(&path, &[("workflow", query.workflow.as_deref()), ("state", wanted)]);
        FilterChip { label: label.to_owned(), href, on }
    });
    let workflows = names.workflows().into_iter().take(8).map(|row| {
        let on = chosen(&query.workflow, &row.name);
        let wanted = (!on).then_some(row.name.as_str());
        let href = link::with_query(&path, &[("workflow", wanted), ("state", query.state.as_deref())]);
        FilterChip { label: row.name.clone(), href, on }
    });
    states.chain(workflows).collect()
}

/// The rows, with one query of signals for each workflow on the page.
async fn rows(frame: &Frame, names: &Names, shown: &[&ReleaseRow]) -> Result<Vec<view::ReleaseRow>, Problem> {
    let mut workflows: Vec<WorkflowId> = shown.iter().map(|row| row.workflow).collect();
    workflows.sort_unstable();
    workflows.dedup();
    let mut rates = Vec::new();
    for workflow in workflows {
        let releases: Vec<ReleaseId> = shown.iter().filter(|row| row.workflow == workflow).map(|row| row.id).collect();
        let table = table(frame, workflow, releases, None, GroupBy::Release).await?;
        rates.extend(table.groups.into_iter().map(|group| (group.release, group.counts)));
    }
    let verdicts = verdicts(frame).await?;
    let row = |release: &&ReleaseRow| {
        let counts = rates.iter().find(|(id, _)| *id == release.id).map(|(_, counts)| counts);
        let (success, concluded) = counts.map_or((0, 0), |counts| (count(counts.success), count(counts.concluded)));
        let runs = link::with_query(&frame.href("/runs"), &[("release", Some(&release.id.to_string()))]);
        view::ReleaseRow {
            link: Link::new(frame.href(&format!("/releases/{}", release.id)), &release.name),
            workflow: names.workflow_name(release.workflow),
            state: release.state.as_str().to_owned(),
            verdict: verdicts.iter().find(|(id, _)| *id == release.id).map_or("undecided", |(_, v)| v).to_owned(),
            success: rate(success, concluded).linked(runs),
            first_seen_at: Time(release.created_at.micros()),
        }
    };
    Ok(shown.iter().map(row).collect())
}

/// The verdict that stands about each of the releases decided lately, the latest first.
pub(super) async fn verdicts(frame: &Frame) -> Result<Vec<(ReleaseId, &'static str)>, Problem> {
    let page = Page::new(None, Some(seatrial_domain::limits::PAGE_SIZE_MAX));
    let filter = DecisionFilter::default();
    let (decisions, _) = frame.app().list_decisions(frame.caller(), frame.slug(), &filter, page).await?;
    let standing = decisions.into_iter().filter(|listed| listed.superseded_by.is_none());
    Ok(standing.map(|listed| (listed.sealed.record.release, listed.sealed.record.verdict.as_str())).collect())
}

/// Signals of releases over all the time up to their latest run that one query covers.
pub(super) async fn table(
    frame: &Frame,
    workflow: WorkflowId,
    releases: Vec<ReleaseId>,
    baseline: Option<ReleaseId>,
    group_by: GroupBy,
) -> Result<SignalTable, Problem> {
    let to = latest_run(frame, workflow, releases.first().copied().filter(|_| releases.len() == 1)).await?;
    let query =
        SignalQuery { workflow, releases, baseline, from: Some(to.plus_days(-DAYS_BACK)), to: Some(to), group_by };
    Ok(frame.app().signals_in(&frame.project, &query).await?)
}

/// The end of the day of the latest run: evidence may be older than any window that ends today.
async fn latest_run(frame: &Frame, workflow: WorkflowId, release: Option<ReleaseId>) -> Result<Timestamp, Problem> {
    let filter = RunFilter { workflow: Some(workflow), release, ..RunFilter::default() };
    let (rows, _) = frame.app().list_runs(frame.caller(), frame.slug(), &filter, Page::new(None, Some(1))).await?;
    let latest = rows.first().map_or_else(|| frame.app().now(), |row| row.facts.started_at);
    Ok(latest.day().plus_days(1))
}

/// `GET /p/{project}/releases/{release}`.
///
/// # Errors
/// When there is no such release in the project, or the database fails.
pub async fn show(visitor: Visitor, path: Path<(String, String)>) -> Answer {
    let (project, release) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let names = frame.app().names(frame.caller(), frame.slug()).await?;
    let row = find(&names, &release)?;
    let body = release_page(&frame, &names, row).await?;
    frame.page(format!("Release {}", row.name), body)
}

fn find<'a>(names: &'a Names, id: &str) -> Result<&'a ReleaseRow, AppError> {
    let id = id.parse::<ReleaseId>().ok();
    id.and_then(|id| names.release_row(id)).ok_or(AppError::NotFound { noun: "release" })
}

async fn release_page(frame: &Frame, names: &Names, row: &ReleaseRow) -> Result<ReleasePage, Problem> {
    let baseline = names.baseline(row);
    let sides = Sides { candidate: row.id, name: &row.name, baseline: baseline.map(|row| row.id) };
    let read = |group_by| table(frame, row.workflow, vec![row.id], sides.baseline, group_by);
    let whole = read(GroupBy::Release).await?;
    let days = read(GroupBy::Day).await?;
    let mut segments = Vec::new();
    // Bounded: a run has at most sixteen dimensions.
    for dimension in frame.app().segment_dimensions(&frame.project, row.workflow).await? {
        let table = read(GroupBy::Dimension(dimension.clone())).await?;
        segments.push((dimension, table));
    }
    let taxonomy = frame.app().failure_classes(frame.caller(), frame.slug()).await?;
    let counts = counts_of(&whole, Some(row.id));
    let groups = parts::groups(frame, sides, &whole, &segments);
    let mix = parts::mix(&counts, &counts_of(&whole, sides.baseline), &taxonomy);
    let (comparison, historical) = parts::comparison(&days, sides);
    let (timeline, shown) = parts::timeline(&days, sides, names).unzip();
    Ok(ReleasePage {
        id: row.id.to_string(),
        name: row.name.clone(),
        workflow: names.workflow_name(row.workflow),
        state: row.state.as_str().to_owned(),
        baseline: baseline.map(|row| Link::new(frame.href(&format!("/releases/{}", row.id)), &row.name)),
        comparison,
        historical,
        runs: RunCounts {
            total: count(counts.runs),
            concluded: count(counts.concluded),
            settled: frame.app().settled_runs(&frame.project, row.workflow, row.id).await?,
            unknown_share: parts::unknown_share(&counts),
        },
        warnings: parts::warnings(&groups),
        groups,
        mix_chart: MixRow::chart("mix", &mix),
        mix,
        timeline,
        days: shown.unwrap_or_default(),
        gates: gates(frame, row.id).await?,
        history: history(frame, row).await?,
        policies: policies(frame).await?,
    })
}

/// What happened to the release, the latest first.
async fn history(frame: &Frame, row: &ReleaseRow) -> Result<Vec<view::ReleaseEvent>, Problem> {
    let moved = frame.app().release_events(frame.caller(), frame.slug(), row.id).await?;
    let mut events: Vec<view::ReleaseEvent> = moved
        .into_iter()
        .rev()
        .map(|event| view::ReleaseEvent {
            at: Time(event.at.micros()),
            what: format!(
                "{} to {}: {}",
                event.before.as_str().replace('_', " "),
                event.after.as_str().replace('_', " "),
                event.reason
            ),
            by: event.actor,
        })
        .collect();
    events.push(view::ReleaseEvent {
        at: Time(row.created_at.micros()),
        what: "First seen.".to_owned(),
        by: "Seatrial".to_owned(),
    });
    Ok(events)
}

/// The policy a gate would be under; none when they may not open one.
async fn policies(frame: &Frame) -> Result<Vec<SelectOption>, Problem> {
    if !frame.may(Permission::OpenGates) {
        return Ok(Vec::new());
    }
    let current = frame.app().policy(frame.caller(), frame.slug()).await?;
    let policy = current.policy();
    let label = format!("{}, version {}", policy.name, policy.version);
    Ok(vec![SelectOption::new(&policy.name, label).selected(true)])
}

async fn gates(frame: &Frame, release: ReleaseId) -> Result<Vec<GateRef>, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let filter = GateFilter { release: Some(release), ..GateFilter::default() };
    let (rows, _) = app.list_gates(caller, slug, &filter, Page::new(None, Some(GATES_SHOWN))).await?;
    let mut shown = Vec::with_capacity(rows.len());
    // Bounded by GATES_SHOWN; a release rarely has more than two.
    for row in rows {
        let whole = if row.bundle.is_some() { Some(app.gate(caller, slug, row.id).await?) } else { None };
        let recommended = whole.as_ref().and_then(|whole| whole.recommendation.as_ref());
        let decided = whole.as_ref().and_then(|whole| whole.decision.as_ref());
        shown.push(GateRef {
            link: gate_link(frame, &row),
            state: row.state.as_str().to_owned(),
            recommendation: recommended.map_or("undecided", |found| found.verdict.as_str()).to_owned(),
            verdict: decided.map_or("undecided", |sealed| sealed.record.verdict.as_str()).to_owned(),
            opened_at: Time(row.opened_at.micros()),
        });
    }
    Ok(shown)
}

/// A gate by its day.
pub(super) fn gate_link(frame: &Frame, row: &GateRow) -> Link {
    let label = format!("Gate of {}", format::date(row.opened_at.micros()));
    Link::new(frame.href(&format!("/gates/{}", row.id)), label)
}

/// `POST /p/{project}/releases/{release}/gates`. Where a gate waits already, leads to that.
///
/// # Errors
/// When the token is wrong, they may not, there is no such release, or the database fails.
pub async fn open_gate(
    visitor: Visitor,
    path: Path<(String, String)>,
    _form: PageForm<Nothing>,
) -> Result<HttpResponse, Problem> {
    let (project, release) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let names = frame.app().names(frame.caller(), frame.slug()).await?;
    let row = find(&names, &release)?;
    let new = NewGate {
        workflow: row.workflow.to_string(),
        release: row.id.to_string(),
        baseline: names.baseline(row).map(|baseline| baseline.id.to_string()),
    };
    match frame.app().open_gate(frame.caller(), frame.slug(), &new).await {
        Ok(gate) => Ok(frame.done(&format!("/gates/{}", gate.id), "gate_opened")),
        Err(AppError::Conflict { code: "gate_already_open", detail }) => {
            let filter = GateFilter { release: Some(row.id), ..GateFilter::default() };
            let page = Page::new(None, Some(1));
            let (gates, _) = frame.app().list_gates(frame.caller(), frame.slug(), &filter, page).await?;
            let waiting = gates.into_iter().find(|gate| gate.state != GateState::Decided);
            let conflict = AppError::Conflict { code: "gate_already_open", detail };
            let gate = waiting.ok_or(conflict)?;
            Ok(super::context::see_other(&frame.href(&format!("/gates/{}", gate.id))))
        }
        Err(error) => Err(error.into()),
    }
}
