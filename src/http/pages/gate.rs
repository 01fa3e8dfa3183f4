//! Gates: may this release go on? Evidence, freeze, decide.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use seatrial_domain::access::{Actor, Permission};
use seatrial_domain::decision::{Person, Proposal, ProposalState, takes_two};
use seatrial_domain::digest::Digest;
use seatrial_domain::evidence::EvidenceBundle;
use seatrial_domain::gate::{GateState, Recommendation, Verdict};
use seatrial_domain::ids::GateId;
use seatrial_store::bundle::BundleSummary;
use seatrial_store::proposal::ProposalRow;
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::form::{given, refusal};
use super::gate_findings::Found;
use super::sign_in::Nothing;
use crate::app::decision::{Decided, NewDecision};
use crate::app::error::AppError;
use crate::app::gate::WholeGate;
use crate::http::extract::PageForm;
use crate::http::present::gate as present;
use crate::http::problem::Problem;
use crate::render::view::gate::{self as view, BundleRef, DecideForm, GatePage, VerdictChoice};
use crate::render::view::{Link, Time};

/// `GET /p/{project}/gates/{gate}`.
///
/// # Errors
/// When there is no such gate in the project, or the database fails.
pub async fn show(visitor: Visitor, path: Path<(String, String)>) -> Answer {
    let (project, gate) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let body = gate_page(&frame, gate_id(&gate)?, &DecideInput::default(), None).await?;
    let title = format!("Gate of {}", body.release.label);
    frame.page(title, body)
}

pub(super) fn gate_id(text: &str) -> Result<GateId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "gate" })
}

async fn gate_page(frame: &Frame, id: GateId, typed: &DecideInput, error: Option<String>) -> Result<GatePage, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let names = app.names(caller, slug).await?;
    let found = Found::read(frame, id).await?;
    let findings = found.findings(frame, None).await?;
    let Found { whole, bundle, recommendation, .. } = found;
    let gate = &whole.gate;
    let (gaps, owners) = super::gate_gaps::gaps(frame, gate, &bundle).await?;
    let release = names.release_row(gate.release);
    let frozen = gate.bundle.and_then(|digest| whole.bundles.iter().find(|summary| summary.digest == digest));
    let decide = frozen.filter(|_| gate.state == GateState::Frozen && frame.may(Permission::Decide));
    let to_release = |id, name: String| Link::new(frame.href(&format!("/releases/{id}")), name);
    Ok(GatePage {
        id: gate.id.to_string(),
        state: gate.state.as_str().to_owned(),
        release: to_release(gate.release, names.release_name(gate.release)),
        release_state: release.map_or_else(|| "candidate".to_owned(), |row| row.state.as_str().to_owned()),
        baseline: gate.baseline.map(|id| to_release(id, names.release_name(id))),
        comparison: present::comparison(bundle.pairing).to_owned(),
        workflow: names.workflow_name(gate.workflow),
        scorecard: bundle
            .scorecard
            .as_ref()
            .zip(present::scorecard(&bundle))
            .map(|(card, label)| Link::new(frame.href(&format!("/scorecards/{}", card.id)), label)),
        policy: present::policy(&bundle),
        opened_by: gate.opened_by.display_name.clone(),
        opened_at: Time(gate.opened_at.micros()),
        findings,
        gaps,
        owners,
        suites: present::suites(&bundle.evals, |case| frame.href(&format!("/cases/{case}"))),
        bundle: frozen.map(|summary| bundle_ref(frame, summary)),
        can_freeze: frame.may(Permission::Freeze) && gate.state != GateState::Decided,
        decide: decide.map(|_| decide_form(frame, &whole, &bundle, &recommendation, (typed, error))),
        blocked: blocked(frame, gate.state),
        decision: whole.decision.as_ref().map(|sealed| {
            let label = format!("Decision {}", sealed.record.sequence);
            Link::new(frame.href(&format!("/decisions/{}", sealed.record.id)), label)
        }),
        verdict: whole.decision.as_ref().map_or("undecided", |sealed| sealed.record.verdict.as_str()).to_owned(),
    })
}

fn bundle_ref(frame: &Frame, summary: &BundleSummary) -> BundleRef {
    let href = format!("/api/v1/projects/{}/bundles/{}", super::link::part(frame.slug()), summary.digest);
    BundleRef {
        digest: summary.digest.to_string(),
        frozen_at: Time(summary.frozen_at.micros()),
        frozen_by: summary.frozen_by.display_name.clone(),
        href: Some(href),
    }
}

fn blocked(frame: &Frame, state: GateState) -> Option<String> {
    let why = match state {
        GateState::Decided => return None,
        GateState::Open if !frame.may(Permission::Freeze) => "An owner or release manager freezes the evidence.",
        GateState::Frozen if !frame.may(Permission::Decide) => "A release manager or administrator decides.",
        _ => return None,
    };
    Some(why.to_owned())
}

/// What the person who looks may do with the gate's frozen evidence.
fn decide_form(
    frame: &Frame,
    whole: &WholeGate,
    bundle: &EvidenceBundle,
    recommendation: &Recommendation,
    (typed, error): (&DecideInput, Option<String>),
) -> DecideForm {
    let me = frame.project.actor();
    let person = Person { actor: me.clone(), roles: Vec::new() };
    let second_because = |verdict: Verdict| {
        let proposal = Proposal {
            recommended: recommendation.verdict,
            verdict,
            reason: "",
            by: &person,
            second: None,
            opened_by: Some(&whole.gate.opened_by),
        };
        takes_two(&bundle.policy, &proposal).map(|why| why.to_string())
    };
    let choice = |verdict: Verdict| VerdictChoice {
        verdict: verdict.as_str().to_owned(),
        note: note(verdict).to_owned(),
        recommended: verdict == recommendation.verdict,
        needs_second: second_because(verdict).is_some(),
    };
    let waiting = whole.proposals.iter().find(|row| row.state == ProposalState::Open);
    DecideForm {
        supersedes: whole.decision.as_ref().map(|sealed| sealed.record.id.to_string()),
        verdicts: Verdict::ALL.into_iter().map(choice).collect(),
        // Who confirms is whoever does it: the proposal waits on this page.
        second_people: Vec::new(),
        second_rule: second_because(Verdict::Ship).map_or_else(
            || "You may record any of these alone.".to_owned(),
            |why| {
                format!(
                    "To ship takes two here: {why}. Your decision is then kept as a proposal until they confirm it."
                )
            },
        ),
        proposal: waiting.map(|row| proposal(frame, row, me)),
        error,
        reason: typed.reason.clone(),
    }
}

const fn note(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ship => "The release is live from then on, and a pipeline that asks may go on.",
        Verdict::Hold => "The release stays where it is.",
        Verdict::Rollback => "The release is marked as rolled back.",
        Verdict::CollectMoreEvidence => "The release stays where it is until there is more evidence to freeze.",
    }
}

fn proposal(frame: &Frame, row: &ProposalRow, me: &Actor) -> view::Proposal {
    let mine = row.proposed_by.kind == me.kind && row.proposed_by.id == me.id;
    view::Proposal {
        id: row.id.to_string(),
        verdict: row.verdict.as_str().to_owned(),
        reason: row.reason.clone(),
        by: row.proposed_by.display_name.clone(),
        at: Time(row.proposed_at.micros()),
        can_confirm: !mine && frame.may(Permission::ApproveSecond),
    }
}

/// `POST /p/{project}/gates/{gate}/freeze`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such gate, or the database fails.
pub async fn freeze(
    visitor: Visitor,
    path: Path<(String, String)>,
    _form: PageForm<Nothing>,
) -> Result<HttpResponse, Problem> {
    let (project, gate) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let id = gate_id(&gate)?;
    frame.app().freeze_gate(frame.caller(), frame.slug(), id).await?;
    Ok(frame.done(&format!("/gates/{id}"), "frozen"))
}

/// The form that decides, or confirms what somebody else proposed.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct DecideInput {
    #[serde(default)]
    bundle: String,
    #[serde(default)]
    supersedes: String,
    #[serde(default)]
    verdict: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    confirm: String,
}

/// `POST /p/{project}/gates/{gate}/decide`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such gate, or the database fails.
pub async fn decide(visitor: Visitor, path: Path<(String, String)>, form: PageForm<DecideInput>) -> Answer {
    let (project, gate) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let id = gate_id(&gate)?;
    let PageForm(form) = form;
    let permission = if form.confirm.is_empty() { Permission::Decide } else { Permission::ApproveSecond };
    frame.project.require(permission)?;
    match record(&frame, id, &form).await {
        Ok(Decided::Recorded(sealed)) => Ok(frame.done(&format!("/decisions/{}", sealed.record.id), "decided")),
        Ok(Decided::Proposed(_)) => Ok(frame.done(&format!("/gates/{id}"), "proposed")),
        Err(error) => {
            let error = Some(refusal(error)?);
            let body = gate_page(&frame, id, &form, error).await?;
            let title = format!("Gate of {}", body.release.label);
            frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, title, body)
        }
    }
}

async fn record(frame: &Frame, id: GateId, form: &DecideInput) -> Result<Decided, AppError> {
    if let Some(proposal) = given(&form.confirm) {
        let proposal = proposal.parse().map_err(|_| AppError::NotFound { noun: "proposal" })?;
        let sealed = frame.app().approve_proposal(frame.caller(), frame.slug(), proposal).await?;
        return Ok(Decided::Recorded(Box::new(sealed)));
    }
    let verdict = Verdict::parse(&form.verdict);
    let verdict = verdict.ok_or_else(|| AppError::invalid("", "Choose a verdict: none is chosen for you."))?;
    let bundle: Digest = form
        .bundle
        .parse()
        .map_err(|_| AppError::invalid("", "Load the page again: it was sent without the evidence it shows."))?;
    let supersedes = given(&form.supersedes)
        .map(|id| id.parse())
        .transpose()
        .map_err(|_| AppError::invalid("", "Load the page again: it was sent without the decision it shows."))?;
    let new = NewDecision { verdict, reason: form.reason.clone(), bundle, supersedes };
    frame.app().decide(frame.caller(), frame.slug(), id, new).await
}
