//! What Seatrial does itself about something: it looks at more successful runs, and it tests for what was learned.

use seatrial_domain::access::Actor;
use seatrial_domain::failure::LearningStatus;
use seatrial_domain::ids::{CaseId, PatternId};
use seatrial_domain::response::{OriginKind, ResponseKind, ResponseState};
use seatrial_store::failure::{self, FailureFilter};
use seatrial_store::response::{Act, ResponseRow};
use seatrial_store::workflow::WorkflowRow;
use seatrial_store::{Scope, WriteTx, suite, workflow};
use serde_json::{Value, json};

use super::NewResponse;
use crate::app::App;
use crate::app::access::ProjectAccess;
use crate::app::audit::Change;
use crate::app::error::AppError;
use crate::app::suite::Revision;

/// The least share of successful runs that looking at more of them means.
const LEAST_SHARE: f64 = 0.01;

fn percent(share: f64) -> String {
    format!("{} %", (share * 100_000.0).round() / 1_000.0)
}

fn pattern_of(row: &ResponseRow) -> Option<PatternId> {
    row.origin_id.parse().ok().filter(|_| row.origin == OriginKind::FailurePattern)
}

impl App {
    /// What the kind needs to know, checked.
    pub(super) async fn detail_of(
        &self,
        project: &ProjectAccess,
        work: &WorkflowRow,
        new: &NewResponse,
    ) -> Result<Value, AppError> {
        let only = |field: &str, kind: ResponseKind| {
            AppError::invalid(field, format!("belongs to {}; leave it out", kind.as_str()))
        };
        if new.sample_share.is_some() && new.kind != ResponseKind::IncreaseSampling {
            return Err(only("sample_share", ResponseKind::IncreaseSampling));
        }
        if new.suite.is_some() && new.kind != ResponseKind::UpdateEvalSet {
            return Err(only("suite", ResponseKind::UpdateEvalSet));
        }
        let mut detail = json!({});
        if let Some(class) = &new.failure_class {
            detail["failure_class"] = json!(class);
        }
        if new.kind == ResponseKind::IncreaseSampling {
            let present = work.rules.sample_share;
            let share = new.sample_share.unwrap_or_else(|| (present * 10.0).clamp(LEAST_SHARE, 1.0));
            if !(share > present && share <= 1.0) {
                let message = format!("use a share above the present one, {present}, and at most 1");
                return Err(AppError::invalid("sample_share", message));
            }
            detail["sample_share"] = json!(share);
        }
        if let Some(name) = &new.suite {
            let found = suite::find(self.store.read(), project.scope, name).await?;
            let found = found.ok_or(AppError::NotFound { noun: "eval suite" })?;
            if found.workflow != work.id {
                return Err(AppError::invalid("suite", "is of another workflow"));
            }
            detail["suite"] = json!(found.id);
        }
        Ok(detail)
    }

    /// Looks at more successful runs from now on: the response is done as soon as it is opened.
    pub(super) async fn increase_sampling(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        mut row: ResponseRow,
    ) -> Result<ResponseRow, AppError> {
        let Some(share) = row.detail.get("sample_share").and_then(Value::as_f64) else { return Ok(row) };
        let before = self.put_share(tx, project, &row, share).await?;
        row.detail["sample_share_before"] = json!(before);
        let note = format!(
            "The share of successful runs that people look at went from {} to {}.",
            percent(before),
            percent(share)
        );
        row.acted = Some(Act { by: Actor::system("responses"), at: self.now(), note });
        row.state = ResponseState::Acted;
        Ok(row)
    }

    /// Takes the higher share back when the response is cancelled, unless somebody has set another one since.
    pub(super) async fn restore_sampling(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        row: &ResponseRow,
    ) -> Result<(), AppError> {
        let share = |name: &str| row.detail.get(name).and_then(Value::as_f64);
        let (Some(set), Some(before)) = (share("sample_share"), share("sample_share_before")) else { return Ok(()) };
        seatrial_store::project::hold(tx, project.scope.project()).await?;
        let present = workflow::find(tx, project.scope, &row.workflow.to_string()).await?;
        if present.is_some_and(|present| (present.rules.sample_share - set).abs() < f64::EPSILON) {
            self.put_share(tx, project, row, before).await?;
        }
        Ok(())
    }

    /// Sets the share of a workflow, and returns what it was.
    async fn put_share(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        row: &ResponseRow,
        share: f64,
    ) -> Result<f64, AppError> {
        seatrial_store::project::hold(tx, project.scope.project()).await?;
        let found = workflow::find(tx, project.scope, &row.workflow.to_string()).await?;
        let mut work = found.ok_or(AppError::NotFound { noun: "workflow" })?;
        let before = std::mem::replace(&mut work.rules.sample_share, share);
        let id = work.id;
        workflow::update(tx, project.scope, work).await?;
        let detail =
            Change::of(json!({"sample_share": before}), json!({"sample_share": share})).with("response", json!(row.id));
        self.audit(tx, project, "put", "workflow", id, &detail).await?;
        Ok(before)
    }

    /// How many failures of the pattern a response is about are still open.
    pub(super) async fn pattern_waiting(&self, scope: Scope, row: &ResponseRow) -> Result<u64, AppError> {
        let Some(pattern) = pattern_of(row) else { return Ok(0) };
        let filter = FailureFilter { pattern: Some(pattern), ..FailureFilter::default() };
        let counts = failure::counts(self.store.read(), scope, &filter).await?;
        Ok(counts.iter().map(|count| count.open).sum())
    }

    /// Refuses while failures that the response asks to learn from wait in triage.
    pub(super) async fn require_learned(&self, scope: Scope, row: &ResponseRow) -> Result<(), AppError> {
        let waiting = self.failures_waiting(scope, row).await?;
        if waiting == 0 {
            return Ok(());
        }
        let detail = format!("{waiting} failures of its kind still wait: promote, link or dismiss each first.");
        Err(AppError::Conflict { code: "failures_waiting", detail })
    }

    /// Puts the tested cases that its failures became or are linked to into the suite that the response names, as a new
    /// version of the suite. Returns the detail of the response with what was done; as it was where no suite is named.
    pub(in crate::app) async fn update_suite(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        row: &ResponseRow,
    ) -> Result<Value, AppError> {
        let mut detail = row.detail.clone();
        let named = detail.get("suite").and_then(Value::as_str).map(str::to_owned);
        let Some(named) = named.filter(|_| row.kind == ResponseKind::UpdateEvalSet) else { return Ok(detail) };
        let filter = FailureFilter {
            workflow: Some(row.workflow),
            failure_class: detail.get("failure_class").and_then(Value::as_str).map(str::to_owned),
            pattern: pattern_of(row),
            ..FailureFilter::default()
        };
        let learned = [LearningStatus::Promoted, LearningStatus::Linked];
        let cases: Vec<CaseId> = failure::cases_of(tx, project.scope, &filter, &learned).await?;
        let note = format!("Learned by the response {}.", row.id);
        let revision = Revision { add: cases, note, ..Revision::default() };
        let (version, added) = self.add_to_suite(tx, project, &named, revision).await?;
        detail["suite_version"] = json!(version);
        detail["cases_added"] = json!(added);
        Ok(detail)
    }
}
