//! Labels: the kind of miss, of the project's taxonomy; the step that failed; a remark.

use seatrial_domain::access::Actor;
use seatrial_domain::ids::{FactId, RunId};
use seatrial_domain::limits;
use seatrial_domain::run::{FactValue, LateFact, Provenance};
use seatrial_domain::time::Timestamp;
use seatrial_domain::triage::Label;
use seatrial_store::failure::FailureRow;
use seatrial_store::ingest::{self, Change, RunWrite, Target};
use seatrial_store::{WriteTx, failure_class, run};

use super::Chosen;
use crate::app::App;
use crate::app::access::ProjectAccess;
use crate::app::error::{AppError, FieldError};

/// Writes a label on a failure; the class is a fact of its run and written apart. Returns whether anything changes.
pub(super) fn write(
    row: &mut FailureRow,
    label: &Label,
    step: Option<&Option<String>>,
    by: &Actor,
    at: Timestamp,
) -> bool {
    let before = row.standing.clone();
    let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    if let Some(span) = &label.span_id {
        row.standing.span_id = given(span);
    }
    if let Some(step) = step {
        row.standing.step.clone_from(step);
    }
    if let Some(note) = &label.note {
        row.standing.note = given(note);
    }
    let class = label.failure_class.as_ref().is_some_and(|class| row.failure_class.as_ref() != Some(class));
    let changed = row.standing != before || class;
    if changed {
        row.standing.labelled_by = Some(by.clone());
        row.standing.labelled_at = Some(at);
    }
    changed
}

impl App {
    /// The label trimmed, its class one of the project's taxonomy.
    pub(super) async fn checked_label(&self, project: &ProjectAccess, label: &Label) -> Result<Label, AppError> {
        let trimmed = |text: &Option<String>| text.as_ref().map(|text| text.trim().to_owned());
        let label = Label {
            failure_class: trimmed(&label.failure_class).filter(|class| !class.is_empty()),
            span_id: trimmed(&label.span_id).map(|id| id.to_ascii_lowercase()),
            step: trimmed(&label.step),
            note: trimmed(&label.note),
        };
        let problems = label.problems();
        if !problems.is_empty() {
            let errors = problems.into_iter().map(|(field, message)| FieldError::new(field, message)).collect();
            return Err(AppError::Invalid { errors });
        }
        if let Some(class) = &label.failure_class {
            self.known_class(project, class).await?;
        }
        Ok(label)
    }

    /// Refuses a class that is not in the project's taxonomy.
    pub(in crate::app) async fn known_class(&self, project: &ProjectAccess, class: &str) -> Result<(), AppError> {
        let known = failure_class::taxonomy(self.store.read(), project.scope).await?.offered();
        if known.iter().any(|known| known.name == class) {
            return Ok(());
        }
        let names: Vec<&str> = known.iter().map(|class| class.name.as_str()).collect();
        let message = format!(
            "is no failure class of this project, or a retired one; take one of {}, or add it to the project's taxonomy",
            limits::clip(&names.join(", "), 1_000)
        );
        Err(AppError::invalid("failure_class", message))
    }

    /// What the label says of the failing step: the name of the span it names, or the name it gives; `None` when it says
    /// nothing.
    pub(super) async fn step_of(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        label: &Label,
        chosen: &Chosen,
    ) -> Result<Option<Option<String>>, AppError> {
        let given = label.step.clone().map(|step| Some(step).filter(|step| !step.is_empty()));
        let Some(span_id) = label.span_id.as_ref() else { return Ok(given) };
        if span_id.is_empty() {
            return Ok(Some(given.flatten()));
        }
        let Chosen::Runs(runs) = chosen else { return Err(one_run_only()) };
        let [id] = runs.as_slice() else { return Err(one_run_only()) };
        let found = run::find(tx, project.scope, *id).await?.ok_or(AppError::NotFound { noun: "run" })?;
        let span = found.spans.iter().find(|span| span.id.to_string() == *span_id);
        let span = span.ok_or_else(|| AppError::invalid("span_id", "is no span of this run's trace"))?;
        let name = span.tool.clone().unwrap_or_else(|| span.name.clone());
        Ok(Some(given.flatten().or_else(|| limits::label(&name))))
    }

    /// Writes failure classes as facts of their runs, so that every figure changes at once. An empty class takes it away.
    pub(super) async fn write_classes(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        classes: Vec<(RunId, String)>,
    ) -> Result<(), AppError> {
        let now = self.now();
        let actor = format!("{}:{}", project.actor().kind, project.actor().id);
        let write = |(run, failure_class): (RunId, String)| RunWrite {
            scope: project.scope,
            target: Target::Id(run),
            new_id: run,
            change: Change::Fact {
                id: FactId::from_uuid(self.ids.uuid_v7()),
                key: format!("triage:{}", self.ids.uuid_v7()),
                fact: LateFact {
                    value: FactValue::FailureClass { failure_class },
                    at: now,
                    recorded_at: now,
                    provenance: Provenance { actor: actor.clone(), source: Some("triage".to_owned()) },
                },
            },
        };
        let writes: Vec<RunWrite> = classes.into_iter().map(write).collect();
        for result in ingest::apply(tx, &writes, now).await? {
            result.map_err(|refused| AppError::internal(refused.to_string()))?;
        }
        Ok(())
    }
}

fn one_run_only() -> AppError {
    AppError::invalid("span_id", "belongs to one run; name a step when labelling many")
}
