//! One failure as a reviewer sees it: what went in, what came out, what would be stored, and the forms.

use seatrial_domain::access::Permission;
use seatrial_domain::failure::LearningStatus;
use seatrial_domain::redact::Masking;
use seatrial_domain::run::OutcomeSource;
use seatrial_store::failure::FailureRow;
use serde_json::Value;

use super::context::Frame;
use super::conversation::turns;
use super::failure_act::PromoteForm;
use super::run_parts::source_words;
use super::trace::{TraceQuery, readable, waterfall};
use crate::app::content::{content_of, headline};
use crate::app::failure::{NearCase as Near, Nearness};
use crate::app::names::Names;
use crate::http::problem::Problem;
use crate::render::view::case::DiffLine;
use crate::render::view::failure::{FailureReview, NearCase, Reserved};
use crate::render::view::{Link, SelectOption, Time};

/// Maskings shown; more would bury the text.
const MASKINGS_SHOWN: usize = 40;

/// What was typed in a form that was not accepted, and why.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The form that promotes.
    pub promote: PromoteForm,
    /// The case to link to.
    pub case_id: String,
    /// The reason to dismiss.
    pub reason: String,
    /// Why.
    pub error: Option<String>,
}

/// Where in the queue a failure is reviewed.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The query of the list.
    pub list: String,
    /// The failure that comes next in it.
    pub following: Option<String>,
    /// Where that is.
    pub next: Option<String>,
}

/// The failure under review.
///
/// # Errors
/// When the database fails.
pub async fn review(
    frame: &Frame,
    names: &Names,
    row: &FailureRow,
    place: Place,
    draft: &Draft,
) -> Result<FailureReview, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let can_act = frame.may(Permission::Triage);
    // Retention or a person may have deleted the run; what was decided stays.
    let run = app.run(caller, slug, row.run).await.ok();
    let preview = if can_act && run.is_some() { Some(app.preview_case(caller, slug, row.run).await?) } else { None };
    let content = run.as_ref().map(content_of).unwrap_or_default();
    let shown = |masked: Option<&Value>, plain: Option<&Value>| {
        masked.or(plain).map_or_else(|| "The run carries no text.".to_owned(), readable)
    };
    let title = match &preview {
        Some(preview) => preview.suggested_title.clone(),
        None => headline(content.input.as_ref(), &row.external_id),
    };
    let source = run.as_ref().map_or(OutcomeSource::Nothing, |run| run.row.facts.outcome_source);
    let (turns, more_messages) = run.as_ref().map(turns).unwrap_or_default();
    let page = frame.href(&format!("/runs/{}", row.run));
    let standing = &row.standing;
    // What is known already is filled in; what is right is the reviewer's to say.
    let class = typed(&draft.promote.failure_class).or(row.failure_class.as_deref());
    let tags = typed(&draft.promote.tags).or(standing.step.as_deref());
    Ok(FailureReview {
        turns,
        more_messages,
        waterfall: run.as_ref().and_then(|run| waterfall(run, &page, &TraceQuery::default(), frame.currency())),
        reserved: reserved(frame, row),
        assigned_to_me: standing.assigned_to.is_some() && standing.assigned_to == caller.account(),
        me: caller.account().map(|account| account.to_string()),
        step: standing.step.clone(),
        note: standing.note.clone(),
        list: place.list,
        following: place.following,
        run_id: row.run.to_string(),
        run: Link::new(page, "Open the run"),
        workflow: names.workflow_name(row.workflow),
        release: names.release_name(row.release),
        outcome: row.outcome.as_str().to_owned(),
        outcome_source: source_words(source).unwrap_or("nothing that is known").to_owned(),
        class: row.failure_class.clone(),
        severity: row.severity.map(|severity| severity.as_str().to_owned()),
        status: row.standing.status.as_str().to_owned(),
        case: case_of(frame, row).await,
        dismissed_reason: row.standing.reason.clone().filter(|_| row.standing.status == LearningStatus::Dismissed),
        input: shown(preview.as_ref().and_then(|p| p.input.as_ref()), content.input.as_ref()),
        observed: shown(preview.as_ref().and_then(|p| p.observed.as_ref()), content.output.as_ref()),
        redactions: preview.as_ref().map(|p| redactions(&p.maskings, p.masked)).unwrap_or_default(),
        nearest: preview.as_ref().map(|preview| nearest(frame, &preview.nearest)).unwrap_or_default(),
        classes: classes(frame, class).await?,
        suggested_title: typed(&draft.promote.title).unwrap_or(&title).to_owned(),
        next: place.next,
        can_act: can_act && row.standing.status == LearningStatus::Open,
        may_triage: can_act,
        error: draft.error.clone(),
        must: draft.promote.must.clone(),
        must_not: draft.promote.must_not.clone(),
        reference: draft.promote.reference.clone(),
        tags: tags.unwrap_or_default().to_owned(),
        case_id: draft.case_id.clone(),
        reason: draft.reason.clone(),
    })
}

/// What was typed, if anything was.
fn typed(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// Who works on it.
fn reserved(frame: &Frame, row: &FailureRow) -> Option<Reserved> {
    row.reserved(frame.app().now()).map(|kept| Reserved {
        by: kept.by.name.clone(),
        mine: Some(kept.by.account) == frame.caller().account(),
        until: Time(kept.until.micros()),
    })
}

/// The case it became or is linked to.
async fn case_of(frame: &Frame, row: &FailureRow) -> Option<Link> {
    let id = row.standing.case?;
    let found = frame.app().case(frame.caller(), frame.slug(), id).await;
    let title = found.map_or_else(|_| id.to_string(), |(found, _)| found.case.title);
    Some(Link::new(frame.href(&format!("/cases/{id}")), title))
}

/// What was masked, as what was there and what stands there.
pub fn redactions(maskings: &[Masking], masked: usize) -> Vec<DiffLine> {
    let line = |change: &str, content: String| DiffLine { change: change.to_owned(), content };
    let mut lines: Vec<DiffLine> = maskings
        .iter()
        .take(MASKINGS_SHOWN)
        .flat_map(|masking| {
            [
                line("same", masking.redaction.path.clone()),
                line("del", masking.before.clone()),
                line("add", masking.redaction.after.clone()),
            ]
        })
        .collect();
    let more = masked.saturating_sub(MASKINGS_SHOWN.min(maskings.len()));
    if more > 0 {
        lines.push(line("same", format!("and {more} more")));
    }
    lines
}

fn nearest(frame: &Frame, near: &[Near]) -> Vec<NearCase> {
    let shown = |near: &Near| NearCase {
        case_id: near.case.id.to_string(),
        title: near.case.case.title.clone(),
        href: frame.href(&format!("/cases/{}", near.case.id)),
        why: match near.why {
            Nearness::SameInput => "exactly the same input".to_owned(),
            Nearness::Alike(percent) => format!("{percent} % the same input"),
            Nearness::SameClass => "same failure class, same workflow".to_owned(),
        },
    };
    near.iter().map(shown).collect()
}

/// The classes of the project, that of the run first where it is in none.
async fn classes(frame: &Frame, chosen: Option<&str>) -> Result<Vec<SelectOption>, Problem> {
    let taxonomy = frame.app().failure_classes(frame.caller(), frame.slug()).await?;
    let known = taxonomy.offered();
    let mut options = Vec::new();
    if let Some(own) = chosen.filter(|own| known.iter().all(|class| class.name != *own)) {
        options.push(SelectOption::new(own, own.replace('_', " ")).selected(true));
    }
    options.extend(known.into_iter().map(|class| {
        let on = Some(class.name.as_str()) == chosen;
        let label = format!("{} ({})", class.name.replace('_', " "), class.severity.as_str());
        SelectOption::new(class.name, label).selected(on)
    }));
    Ok(options)
}
