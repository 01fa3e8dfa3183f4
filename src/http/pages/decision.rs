//! Decisions: the ledger, one decision, and its review artifact in three formats.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use seatrial_domain::decision::{OverrideRate, Overrides};
use seatrial_domain::digest::Digest;
use seatrial_domain::gate::Verdict;
use seatrial_domain::ids::{DecisionId, WorkflowId};
use seatrial_domain::saved_view::ViewedList;
use seatrial_store::decision::DecisionFilter;
use seatrial_store::{Order, Page};
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::form::given;
use super::release::gate_link;
use super::{link, order};
use crate::app::decision::ListedDecision;
use crate::app::error::AppError;
use crate::app::names::Names;
use crate::http::artifact::{Format, respond};
use crate::http::extract::PageQuery;
use crate::http::present::artifact::verify_command;
use crate::http::present::{figure, gate as present};
use crate::http::problem::Problem;
use crate::render::document::Document;
use crate::render::view::decision::{DecisionList, DecisionPage, DecisionRow, OverrideRow};
use crate::render::view::{Empty, FilterChip, KeyValue, Link, Pager, Time};
use crate::render::{Renderer, markdown};

/// People whose overrides are shown; those who decide most.
const PEOPLE_SHOWN: usize = 50;

/// Which decisions are wanted.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ListQuery {
    workflow: Option<String>,
    sort: Option<String>,
    cursor: Option<String>,
}

/// `GET /p/{project}/decisions`.
///
/// # Errors
/// When the project is not theirs, a filter names nothing, or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>, query: Query<ListQuery>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let names = app.names(caller, slug).await?;
    let workflow = query.workflow.as_deref().and_then(given).map(|name| names.workflow(&name)).transpose()?;
    let filter = DecisionFilter { workflow, ..DecisionFilter::default() };
    let order = order::of(query.sort.as_deref());
    let page = PageQuery { cursor: query.cursor.clone(), limit: None }.page()?.in_order(order);
    let (rows, next) = app.list_decisions(caller, slug, &filter, page).await?;
    let place = |workflow: Option<&str>, sort: Option<&str>, cursor: Option<&str>| {
        let parameters = [("workflow", workflow), (order::NAME, sort), ("cursor", cursor)];
        link::with_query(&frame.href("/decisions"), &parameters)
    };
    let href = |workflow: Option<&str>, cursor: Option<&str>| place(workflow, order::said(order), cursor);
    let of_workflow = query.workflow.as_deref();
    let chips = names.workflows().into_iter().take(12).map(|row| {
        let on = of_workflow == Some(row.name.as_str());
        FilterChip { label: row.name.clone(), href: href((!on).then_some(row.name.as_str()), None), on }
    });
    let next = next.map(|cursor| cursor.to_string());
    let at_head = query.cursor.is_none() && workflow.is_none() && order == Order::Newest;
    let newest = rows.first().filter(|_| at_head);
    let body = DecisionList {
        chips: if rows.is_empty() && workflow.is_none() { Vec::new() } else { chips.collect() },
        pager: Pager {
            previous: query.cursor.as_ref().map(|_| href(of_workflow, None)),
            next: next.as_deref().map(|cursor| href(of_workflow, Some(cursor))),
            note: format!("{} decisions on this page, {}", rows.len(), order::words(order)),
        },
        when: order::head("When", order, |sort| place(of_workflow, sort, None)),
        head: newest.map(|listed| listed.sealed.digest.to_string()),
        verify_command: rows.first().map(|listed| verify_command(listed.sealed.record.id)).unwrap_or_default(),
        overrides: if query.cursor.is_none() {
            overrides(&app.overrides(caller, slug).await?, &names)
        } else {
            Vec::new()
        },
        empty: rows.is_empty().then(|| empty(&frame)),
        rows: rows.iter().map(|listed| row(&frame, &names, listed)).collect(),
    };
    let frame = frame
        .with_views(
            ViewedList::Decisions,
            &[("workflow", query.workflow.as_deref()), (order::NAME, order::said(order))],
        )
        .await?;
    frame.page("Decisions", body)
}

/// How often people decided against the recommendation. Nothing while nobody decided.
fn overrides(of: &Overrides, names: &Names) -> Vec<OverrideRow> {
    let row = |person: Option<&str>, workflow: Option<WorkflowId>, rate: &OverrideRate| OverrideRow {
        person: person.map(str::to_owned),
        workflow: workflow.map(|id| names.workflow_name(id)),
        rate: figure::rate(rate.overrides, rate.decisions),
        shipped_against: rate.shipped_against,
        with_second: rate.with_second,
    };
    if of.all.decisions == 0 {
        return Vec::new();
    }
    let mut rows = vec![row(None, None, &of.all)];
    rows.extend(of.workflows.iter().map(|(id, rate)| row(None, Some(*id), rate)));
    for person in of.people.iter().take(PEOPLE_SHOWN) {
        rows.push(row(Some(&person.name), None, &person.all));
        rows.extend(person.workflows.iter().map(|(id, rate)| row(Some(&person.name), Some(*id), rate)));
    }
    rows
}

fn empty(frame: &Frame) -> Empty {
    Empty {
        title: "No decision here".to_owned(),
        text: "Open a gate for a release, freeze its evidence, decide. A pipeline then asks for the decision:"
            .to_owned(),
        command: Some(format!("seatrial gate check --project {} --workflow WORKFLOW --release RELEASE", frame.slug())),
        action: Some(Link::new(frame.href("/releases"), "Releases")),
    }
}

fn decision_link(frame: &Frame, id: DecisionId, label: String) -> Link {
    Link::new(frame.href(&format!("/decisions/{id}")), label)
}

fn row(frame: &Frame, names: &Names, listed: &ListedDecision) -> DecisionRow {
    let record = &listed.sealed.record;
    DecisionRow {
        position: record.sequence,
        link: decision_link(frame, record.id, format!("Decision {}", record.sequence)),
        verdict: record.verdict.as_str().to_owned(),
        recommendation: record.recommended.as_str().to_owned(),
        workflow: names.workflow_name(record.workflow),
        release: names.release_name(record.release),
        decided_by: record.decided_by.display_name.clone(),
        decided_at: Time(record.decided_at.micros()),
        superseded: listed.superseded_by.is_some(),
    }
}

fn decision_id(text: &str) -> Result<DecisionId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "decision" })
}

/// `GET /p/{project}/decisions/{decision}`.
///
/// # Errors
/// When there is no such decision in the project, or the database fails.
pub async fn show(visitor: Visitor, path: Path<(String, String)>) -> Answer {
    let (project, decision) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let id = decision_id(&decision)?;
    let body = decision_page(&frame, id).await?;
    frame.page(format!("Decision {}", body.position), body)
}

async fn decision_page(frame: &Frame, id: DecisionId) -> Result<DecisionPage, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let listed = app.decision(caller, slug, id).await?;
    let names = app.names(caller, slug).await?;
    let record = &listed.sealed.record;
    let frozen = app.frozen_evidence(caller, slug, record.bundle).await?;
    let gate = app.gate(caller, slug, record.gate).await?.gate;
    // Computing what would be different today takes as long as a freeze: only for a decision that still stands.
    let changes = match listed.superseded_by {
        None if gate.bundle == Some(record.bundle) => app.evaluate_gate(caller, slug, record.gate).await?.changes,
        _ => None,
    };
    let (newest, _) = app.list_decisions(caller, slug, &DecisionFilter::default(), Page::new(None, Some(1))).await?;
    let other = |id: DecisionId| decision_link(frame, id, "another decision of this gate".to_owned());
    let digest = |name: &str, digest: Digest| KeyValue::new(name, digest.to_string());
    let mut digests = vec![
        digest("Evidence bundle", record.bundle),
        digest("Policy", record.policy),
        digest("Recommendation", record.recommendation),
        digest("This decision", listed.sealed.digest),
    ];
    digests.extend(record.previous.map(|previous| digest("The decision before it", previous)));
    Ok(DecisionPage {
        id: record.id.to_string(),
        verdict: record.verdict.as_str().to_owned(),
        release: Link::new(frame.href(&format!("/releases/{}", record.release)), names.release_name(record.release)),
        workflow: names.workflow_name(record.workflow),
        gate: gate_link(frame, &gate),
        decided_by: record.decided_by.display_name.clone(),
        decided_at: Time(record.decided_at.micros()),
        approvers: record.approved_by.iter().map(|p| KeyValue::new(&p.display_name, "second person")).collect(),
        reason: markdown::to_html(reason(record.verdict, &record.reason)),
        recommendation: present::recommendation(&frozen.recommendation),
        differs: record.verdict != record.recommended,
        incident: [record.verdict, record.recommended].contains(&Verdict::Rollback),
        digests,
        position: record.sequence,
        chain_length: newest.first().map_or(record.sequence, |newest| newest.sealed.record.sequence),
        verify_command: verify_command(record.id),
        superseded_by: listed.superseded_by.map(other),
        supersedes: record.supersedes.map(other),
        changes: changes.as_ref().map(present::changes).unwrap_or_default(),
    })
}

fn reason(verdict: Verdict, reason: &str) -> &str {
    if !reason.trim().is_empty() {
        return reason;
    }
    match verdict {
        Verdict::Ship => "As recommended; no further reason was given.",
        _ => "No reason was given beyond the recommendation.",
    }
}

/// `GET /p/{project}/decisions/{decision}/{artifact,incident}.{html,md,json}`.
///
/// # Errors
/// When there is no such decision in the project or no such document or format, or the database fails.
pub async fn artifact(
    visitor: Visitor,
    renderer: Data<Renderer>,
    path: Path<(String, String, String, String)>,
) -> Result<HttpResponse, Problem> {
    let (project, decision, document, ending) = path.into_inner();
    let document = match document.as_str() {
        "artifact" => Document::Review,
        "incident" => Document::Incident,
        _ => return Err(Problem::no_route()),
    };
    let format = Format::parse(&ending).ok_or_else(Problem::no_route)?;
    let id = decision_id(&decision)?;
    respond(&visitor.app, &renderer, visitor.caller(), (&project, id), (document, format)).await
}
