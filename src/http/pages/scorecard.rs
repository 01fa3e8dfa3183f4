//! Scorecards: is this workflow healthy, who says so, and saying so.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::{Path, Query};
use seatrial_domain::access::Permission;
use seatrial_domain::cell::Counts;
use seatrial_domain::gate::EvidenceClass;
use seatrial_domain::ids::{ReleaseId, ScorecardId};
use seatrial_domain::owner::{Owner, OwnerId};
use seatrial_domain::policy::Policy;
use seatrial_domain::saved_view::ViewedList;
use seatrial_domain::scorecard::{Check, Criterion, Scope, changes};
use seatrial_domain::signal::{Direction, Signal, unverified};
use seatrial_store::Page;
use seatrial_store::scorecard::{Definition, VersionRow};
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::form::{given, refusal};
use super::link;
use super::release::table;
use super::release_parts::counts_of;
use crate::app::error::AppError;
use crate::app::scorecard::ScorecardDetail;
use crate::app::signal::{GroupBy, SignalTable, difference};
use crate::http::extract::PageForm;
use crate::http::present::artifact::freshness;
use crate::http::present::figure;
use crate::http::present::scorecard::{criterion, role};
use crate::http::problem::Problem;
use crate::render::view::scorecard::{
    self as view, Attestation, ScorecardCheck, ScorecardList, ScorecardPage, ScorecardVersion, SegmentCell, SignalNote,
};
use crate::render::view::{self as common, Empty, FilterChip, Link, Pager, Time};

/// Segment columns beside the checks.
const COLUMNS_SHOWN: usize = 12;
/// Versions shown.
const VERSIONS_SHOWN: u64 = 20;

/// Which scorecards are wanted.
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    state: Option<String>,
    owner: Option<String>,
}

fn is_mine(definition: &Definition, own: &[OwnerId]) -> bool {
    [definition.owner, definition.backup].into_iter().flatten().any(|id| own.contains(&id))
}

/// `GET /p/{project}/scorecards`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>, query: Query<ListQuery>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let mut details = frame.app().scorecards(frame.caller(), frame.slug()).await?;
    let (state, mine) = (query.state.as_deref().and_then(given), query.owner.as_deref() == Some("me"));
    let own = frame.own().await?;
    details.retain(|detail| {
        let state_fits = state.as_deref().is_none_or(|state| detail.standing.freshness.state.as_str() == state);
        state_fits && (!mine || is_mine(&detail.row.definition, &own))
    });
    // The gravest state first.
    details.sort_by_key(|detail| std::cmp::Reverse(detail.standing.freshness.state));
    let chip = |label: &str, name: &str, value: &str, on: bool| FilterChip {
        label: label.to_owned(),
        href: link::with_query(&frame.href("/scorecards"), &[(name, (!on).then_some(value))]),
        on,
    };
    let is = |wanted: &str| state.as_deref() == Some(wanted);
    let body = ScorecardList {
        chips: vec![
            chip("Stale", "state", "stale", is("stale")),
            chip("Due soon", "state", "due", is("due")),
            chip("No owner", "state", "unowned", is("unowned")),
            chip("Mine", "owner", "me", mine),
        ],
        pager: Pager { previous: None, next: None, note: format!("{} scorecards, the gravest first", details.len()) },
        empty: details.is_empty().then(|| empty(&frame)),
        rows: details.iter().map(|detail| row(&frame, detail)).collect(),
    };
    let frame = frame
        .with_views(ViewedList::Scorecards, &[("state", state.as_deref()), ("owner", mine.then_some("me"))])
        .await?;
    frame.page("Scorecards", body)
}

fn empty(frame: &Frame) -> Empty {
    Empty {
        title: "No scorecard here".to_owned(),
        text: "A scorecard names the checks a workflow is held to, and who answers for them.".to_owned(),
        command: Some(format!(
            "curl -X PUT {}/api/v1/projects/{}/workflows/WORKFLOW/scorecard -H \"authorization: Bearer \
             $SEATRIAL_API_KEY\" --json @scorecard.json",
            frame.app().config.server.public_url,
            frame.slug()
        )),
        action: None,
    }
}

fn row(frame: &Frame, detail: &ScorecardDetail) -> view::ScorecardRow {
    let owner = detail.standing.scorecard.owner.as_ref().filter(|owner| owner.active);
    view::ScorecardRow {
        link: Link::new(frame.href(&format!("/scorecards/{}", detail.row.id)), &detail.row.definition.name),
        workflow: detail.workflow.clone(),
        owner: owner.map(|owner| owner.name.clone()),
        freshness: freshness(&detail.standing.freshness),
        checks: detail.row.definition.checks.len() as u64,
        attested_at: detail.row.attested_at.map(|at| Time(at.micros())),
    }
}

/// `GET /p/{project}/scorecards/{scorecard}`.
///
/// # Errors
/// When there is no such scorecard in the project, or the database fails.
pub async fn show(visitor: Visitor, path: Path<(String, String)>) -> Answer {
    let (project, id) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let detail = find(&frame, &id).await?;
    let body = scorecard_page(&frame, &detail, None, String::new()).await?;
    frame.page(format!("Scorecard {}", detail.row.definition.name), body)
}

pub(super) async fn find(frame: &Frame, id: &str) -> Result<ScorecardDetail, AppError> {
    let id: ScorecardId = id.parse().map_err(|_| AppError::NotFound { noun: "scorecard" })?;
    frame.app().scorecard_by_id(frame.caller(), frame.slug(), id).await
}

/// Figures of a release and its baseline: of all runs, and by dimension.
struct Figures {
    candidate: ReleaseId,
    baseline: Option<ReleaseId>,
    whole: SignalTable,
    dimensions: BTreeMap<String, SignalTable>,
}

impl Figures {
    fn counts(&self, release: Option<ReleaseId>) -> Counts {
        counts_of(&self.whole, release)
    }

    fn in_segment(&self, dimension: &str, value: &str, release: Option<ReleaseId>) -> Counts {
        let table = self.dimensions.get(dimension);
        let groups = table.map(|table| table.groups.as_slice()).unwrap_or_default();
        let found = groups.iter().find(|g| Some(g.release) == release && g.value.as_deref() == Some(value));
        found.map(|group| group.counts.clone()).unwrap_or_default()
    }
}

async fn scorecard_page(
    frame: &Frame,
    detail: &ScorecardDetail,
    error: Option<String>,
    note: String,
) -> Result<ScorecardPage, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let names = app.names(caller, slug).await?;
    let scorecard = &detail.standing.scorecard;
    let release = names.present_release(detail.row.workflow);
    let baseline = release.and_then(|release| names.baseline(release));
    let figures = match release {
        Some(release) => {
            let read = |by| table(frame, release.workflow, vec![release.id], baseline.map(|row| row.id), by);
            let whole = read(GroupBy::Release).await?;
            let mut dimensions = BTreeMap::new();
            // Bounded: a scorecard has at most sixteen dimensions.
            for dimension in scorecard.all_dimensions() {
                dimensions.insert(dimension.clone(), read(GroupBy::Dimension(dimension)).await?);
            }
            let baseline = baseline.map(|row| row.id);
            Some(Figures { candidate: release.id, baseline, whole, dimensions })
        }
        None => None,
    };
    let columns = figures.as_ref().map(columns).unwrap_or_default();
    let policy = app.policy(caller, slug).await?;
    let counts = figures.as_ref().map(|f| f.counts(Some(f.candidate))).unwrap_or_default();
    let to_release = |id: ReleaseId, name: &str| Link::new(frame.href(&format!("/releases/{id}")), name);
    let page = Page::new(None, Some(VERSIONS_SHOWN));
    let workflow = detail.row.workflow.to_string();
    let (versions, _) = app.scorecard_versions(caller, slug, &workflow, page).await?;
    let written = versions.iter().flat_map(|row| [row.definition.owner, row.definition.backup]).flatten().collect();
    let names_of_owners = app.owner_names(caller, slug, written).await?;
    Ok(ScorecardPage {
        id: detail.row.id.to_string(),
        name: scorecard.name.clone(),
        workflow: detail.workflow.clone(),
        release: release.map(|row| to_release(row.id, &row.name)),
        baseline: baseline.map(|row| to_release(row.id, &row.name)),
        version: detail.row.version,
        owner: scorecard.owner.as_ref().map(|owner| owner_view(owner, detail)),
        backup: scorecard.backup.as_ref().map(|owner| owner_view(owner, detail)),
        cadence_days: scorecard.cadence_days,
        freshness: freshness(&detail.standing.freshness),
        attested: detail.attestation.as_ref().map(|found| Attestation {
            at: Time(found.at.micros()),
            by: found.actor.display_name.clone(),
            note: given(&found.note),
        }),
        can_attest: frame.may(Permission::Attest),
        can_edit: frame.may(Permission::EditScorecards),
        honest: figure::of_counts(&Signal::SuccessRate, &counts, frame.currency()),
        flattering: figure::of_counts(&Signal::CompletionRate, &counts, frame.currency()),
        columns: columns.iter().map(|(dimension, value)| format!("{dimension} = {value}")).collect(),
        checks: match &figures {
            Some(figures) => {
                scorecard.checks.iter().map(|c| check(frame, detail, c, figures, &columns, policy.policy())).collect()
            }
            None => Vec::new(),
        },
        signals: scorecard.checks.iter().map(|check| note_of(&check.signal, &counts)).collect(),
        versions: versions_view(&versions, &names_of_owners),
        error,
        note,
    })
}

fn owner_view(owner: &Owner, detail: &ScorecardDetail) -> common::Owner {
    let people = detail.standing.holders.get(&owner.id).map(|holder| holder.people.as_slice()).unwrap_or_default();
    let contact = match (owner.active, owner.id) {
        (false, _) => Some("can no longer act".to_owned()),
        (true, OwnerId::Account(_)) => people.first().map(|person| person.email.clone()),
        (true, OwnerId::Team(_)) => {
            Some(format!("team: {}", people.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ")))
        }
    };
    common::Owner { name: owner.name.clone(), contact }
}

/// The segments of the release, the most frequent first.
fn columns(figures: &Figures) -> Vec<(String, String)> {
    let mut found: Vec<(i64, String, String)> = Vec::new();
    for (dimension, table) in &figures.dimensions {
        let groups = table.groups.iter().filter(|group| group.release == figures.candidate);
        let values = groups.filter_map(|group| Some((group.counts.concluded, group.value.clone()?)));
        found.extend(values.map(|(n, value)| (n, dimension.clone(), value)));
    }
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| (&a.1, &a.2).cmp(&(&b.1, &b.2))));
    found.into_iter().take(COLUMNS_SHOWN).map(|(_, dimension, value)| (dimension, value)).collect()
}

fn check(
    frame: &Frame,
    detail: &ScorecardDetail,
    check: &Check,
    figures: &Figures,
    columns: &[(String, String)],
    policy: &Policy,
) -> ScorecardCheck {
    let scorecard = &detail.standing.scorecard;
    let (new, old) = (figures.counts(Some(figures.candidate)), figures.counts(figures.baseline));
    let own = scorecard.dimensions_of(check);
    let cell = |(dimension, value): &(String, String)| {
        let covered = own.contains(dimension);
        let new = figures.in_segment(dimension, value, Some(figures.candidate));
        let old = figures.in_segment(dimension, value, figures.baseline);
        SegmentCell {
            figure: covered.then(|| figure::of_counts(&check.signal, &new, frame.currency())),
            level: if covered {
                SegmentCell::level(better_by_margins(check, &new, &old, policy))
            } else {
                "none".to_owned()
            },
            required: scorecard.requires(dimension, value),
        }
    };
    ScorecardCheck {
        label: figure::label(&check.signal),
        signal: check.signal.to_string(),
        criterion: criterion(check, policy.default_margin),
        role: role(check.role).to_owned(),
        scope: match &check.scope {
            Scope::Dimension { name } => Some(name.clone()),
            Scope::All if !own.is_empty() => Some(own.join(", ")),
            Scope::All => None,
        },
        overall: figure::of_counts(&check.signal, &new, frame.currency()),
        delta: figure::points_between(&check.signal, &new, &old),
        cells: columns.iter().map(cell).collect(),
    }
}

/// The difference from the baseline in margins of the check, positive when better; of a floor or ceiling, the distance
/// from it in default margins.
fn better_by_margins(check: &Check, new: &Counts, old: &Counts, policy: &Policy) -> Option<f64> {
    let sign = if check.signal.definition().direction == Direction::LowerIsBetter { -1.0 } else { 1.0 };
    let rate = |counts: &Counts| {
        let (top, bottom) = check.signal.rate(counts)?;
        (bottom > 0).then(|| top as f64 / bottom as f64)
    };
    match check.criterion {
        Criterion::Floor { rate: bar } | Criterion::Ceiling { rate: bar } => {
            rate(new).map(|rate| sign * (rate - bar) / policy.default_margin)
        }
        // How far an amount lies from its bound is not a number of margins of a rate.
        Criterion::AtMost { .. } | Criterion::AtLeast { .. } => None,
        Criterion::NotWorseThanBaseline { margin } | Criterion::WithinBaseline { margin } => {
            let difference = difference(&check.signal, new, old)?;
            Some(sign * difference.value / margin.unwrap_or(policy.default_margin))
        }
    }
}

/// What a signal proves, and where its evidence belongs.
fn note_of(signal: &Signal, counts: &Counts) -> SignalNote {
    let vague = unverified(signal, counts).map(|found| found.why);
    let class =
        if vague.is_some() || signal.known(counts) == 0 { EvidenceClass::TooVague } else { EvidenceClass::Gate };
    crate::http::present::scorecard::signal_note(signal, class, vague)
}

fn versions_view(versions: &[VersionRow], names: &BTreeMap<OwnerId, Owner>) -> Vec<ScorecardVersion> {
    let name = |id: OwnerId| names.get(&id).map_or_else(|| id.to_string(), |owner| owner.name.clone());
    let shown = |(index, row): (usize, &VersionRow)| ScorecardVersion {
        version: row.version,
        at: Time(row.created_at.micros()),
        by: row.created_by.display_name.clone(),
        changes: versions.get(index + 1).map_or_else(
            || vec!["As it is shown, or as it began.".to_owned()],
            |before| {
                let texts: Vec<String> =
                    changes(&before.definition, &row.definition, &name).into_iter().map(|change| change.text).collect();
                if texts.is_empty() { vec!["Nothing but its number.".to_owned()] } else { texts }
            },
        ),
    };
    versions.iter().enumerate().map(shown).collect()
}

/// The form that attests.
#[derive(Debug, Deserialize)]
pub struct AttestForm {
    #[serde(default)]
    version: Option<u32>,
    #[serde(default)]
    note: String,
    #[serde(default)]
    read: String,
}

/// `POST /p/{project}/scorecards/{scorecard}/attest`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such scorecard, or the database fails.
pub async fn attest(visitor: Visitor, path: Path<(String, String)>, form: PageForm<AttestForm>) -> Answer {
    let (project, id) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    frame.project.require(Permission::Attest)?;
    let detail = find(&frame, &id).await?;
    let PageForm(form) = form;
    let workflow = detail.row.workflow.to_string();
    let attested = if form.read == "yes" {
        frame.app().attest(frame.caller(), frame.slug(), &workflow, form.version, &form.note).await
    } else {
        Err(AppError::invalid("", "Tick that you have read the checks and figures: that is what an attestation says."))
    };
    match attested {
        Ok(_) => Ok(frame.done(&format!("/scorecards/{}", detail.row.id), "attested")),
        Err(error) => {
            let error = Some(refusal(error)?);
            let body = scorecard_page(&frame, &detail, error, form.note).await?;
            frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, format!("Scorecard {}", detail.row.definition.name), body)
        }
    }
}
