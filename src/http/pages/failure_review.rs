//! One failure as a reviewer sees it: what went in, what came out, what would be stored, and the forms.

use seatrial_domain::access::Permission;
use seatrial_domain::failure::LearningStatus;
use seatrial_domain::run::OutcomeSource;
use seatrial_store::failure::FailureRow;
use serde_json::Value;

use super::context::Frame;
use super::failure::PromoteForm;
use super::run_parts::source_words;
use super::trace::readable;
use crate::app::content::{content_of, headline};
use crate::app::failure::{CasePreview, NearCase as Near, Nearness};
use crate::app::names::Names;
use crate::http::problem::Problem;
use crate::render::view::case::DiffLine;
use crate::render::view::failure::{FailureReview, NearCase};
use crate::render::view::{Link, SelectOption};

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

/// The failure under review; `next` is where the next one is.
///
/// # Errors
/// When the database fails.
pub async fn review(
    frame: &Frame,
    names: &Names,
    row: &FailureRow,
    next: Option<String>,
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
    let case = match row.standing.case {
        Some(id) => {
            let title = app.case(caller, slug, id).await.map(|(found, _)| found.case.title);
            Some(Link::new(frame.href(&format!("/cases/{id}")), title.unwrap_or_else(|_| id.to_string())))
        }
        None => None,
    };
    let class = if draft.promote.failure_class.is_empty() {
        row.failure_class.as_deref()
    } else {
        Some(draft.promote.failure_class.as_str())
    };
    Ok(FailureReview {
        run_id: row.run.to_string(),
        run: Link::new(frame.href(&format!("/runs/{}", row.run)), "Open the run"),
        workflow: names.workflow_name(row.workflow),
        release: names.release_name(row.release),
        outcome: row.outcome.as_str().to_owned(),
        outcome_source: source_words(source).unwrap_or("nothing that is known").to_owned(),
        class: row.failure_class.clone(),
        severity: row.severity.map(|severity| severity.as_str().to_owned()),
        status: row.standing.status.as_str().to_owned(),
        case,
        dismissed_reason: row.standing.reason.clone().filter(|_| row.standing.status == LearningStatus::Dismissed),
        input: shown(preview.as_ref().and_then(|p| p.input.as_ref()), content.input.as_ref()),
        observed: shown(preview.as_ref().and_then(|p| p.observed.as_ref()), content.output.as_ref()),
        redactions: preview.as_ref().map(redactions).unwrap_or_default(),
        nearest: preview.as_ref().map(|preview| nearest(frame, &preview.nearest)).unwrap_or_default(),
        classes: classes(frame, class).await?,
        suggested_title: if draft.promote.title.is_empty() { title } else { draft.promote.title.clone() },
        next,
        can_act: can_act && row.standing.status == LearningStatus::Open,
        may_triage: can_act,
        error: draft.error.clone(),
        must: draft.promote.must.clone(),
        must_not: draft.promote.must_not.clone(),
        reference: draft.promote.reference.clone(),
        tags: draft.promote.tags.clone(),
        case_id: draft.case_id.clone(),
        reason: draft.reason.clone(),
    })
}

fn redactions(preview: &CasePreview) -> Vec<DiffLine> {
    let line = |change: &str, content: String| DiffLine { change: change.to_owned(), content };
    let mut lines: Vec<DiffLine> = preview
        .maskings
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
    let more = preview.masked.saturating_sub(MASKINGS_SHOWN.min(preview.maskings.len()));
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
            Nearness::SameInput => "exactly the same input",
            Nearness::SameClass => "same failure class, same workflow",
        }
        .to_owned(),
    };
    near.iter().map(shown).collect()
}

/// The classes of the project, that of the run first where it is in none.
async fn classes(frame: &Frame, chosen: Option<&str>) -> Result<Vec<SelectOption>, Problem> {
    let taxonomy = frame.app().failure_classes(frame.caller(), frame.slug()).await?;
    let known = taxonomy.classes();
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
