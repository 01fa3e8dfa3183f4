//! Rows of failures as they are stored, with the runs and people they name.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QuerySelect as _};
use seatrial_domain::access::Actor;
use seatrial_domain::failure::LearningStatus;
use seatrial_domain::ids::{AccountId, CaseId, PatternId, ReleaseId, RunId, WorkflowId};
use seatrial_domain::run::{Outcome, RunFacts};
use seatrial_domain::time::Timestamp;
use seatrial_domain::triage::Standing;
use uuid::Uuid;

use super::{FailureRow, Person, Reservation};
use crate::connection::Connection;
use crate::entity::{account, failure, run};
use crate::error::StoreError;
use crate::ingest::severity;
use crate::scope::Scope;

#[derive(FromQueryResult)]
struct RunPart {
    id: Uuid,
    external_id: String,
    outcome: String,
    facts_json: String,
}

pub(super) async fn with_runs(
    db: &impl Connection,
    scope: Scope,
    rows: Vec<failure::Model>,
) -> Result<Vec<FailureRow>, StoreError> {
    let runs: Vec<RunPart> = run::Entity::find()
        .select_only()
        .columns([run::Column::Id, run::Column::ExternalId, run::Column::Outcome, run::Column::FactsJson])
        .filter(scope.owns(run::Column::ProjectId))
        .filter(run::Column::Id.is_in(rows.iter().map(|row| row.run_id)))
        .into_model()
        .all(db.raw())
        .await?;
    let people: Vec<Uuid> = rows.iter().flat_map(|row| [row.assigned_to, row.reserved_by]).flatten().collect();
    let names: Vec<(Uuid, String)> = if people.is_empty() {
        Vec::new()
    } else {
        let named = account::Entity::find().select_only().columns([account::Column::Id, account::Column::Name]);
        named.filter(account::Column::Id.is_in(people)).into_tuple().all(db.raw()).await?
    };
    let names: BTreeMap<Uuid, String> = names.into_iter().collect();
    let mut runs: HashMap<Uuid, RunPart> = runs.into_iter().map(|run| (run.id, run)).collect();
    rows.into_iter().filter_map(|row| runs.remove(&row.run_id).map(|run| read(row, run, &names))).collect()
}

fn read(row: failure::Model, run: RunPart, names: &BTreeMap<Uuid, String>) -> Result<FailureRow, StoreError> {
    let facts: RunFacts =
        serde_json::from_str(&run.facts_json).map_err(|error| StoreError::corrupt("run's facts", error))?;
    let actor = |text: Option<String>| {
        let actor = text.as_deref().map(serde_json::from_str).transpose();
        actor.map_err(|error| StoreError::corrupt("failure's reviewer", error))
    };
    let person = |id: Uuid| Person {
        account: AccountId::from_uuid(id),
        name: names.get(&id).cloned().unwrap_or_else(|| AccountId::from_uuid(id).to_string()),
    };
    Ok(FailureRow {
        run: RunId::from_uuid(row.run_id),
        external_id: run.external_id,
        workflow: WorkflowId::from_uuid(row.workflow_id),
        release: ReleaseId::from_uuid(row.release_id),
        outcome: Outcome::parse(&run.outcome).unwrap_or_default(),
        rescued: facts.rescued(),
        still_failed: facts.failed() && facts.counts,
        failure_class: row.failure_class,
        severity: row.severity.as_deref().map(severity),
        occurred_at: Timestamp::from_micros(row.occurred_at),
        assignee: row.assigned_to.map(person),
        pattern: row.pattern_id.map(PatternId::from_uuid),
        reservation: row
            .reserved_by
            .zip(row.reserved_until)
            .map(|(by, until)| Reservation { by: person(by), until: Timestamp::from_micros(until) }),
        standing: Standing {
            status: LearningStatus::parse(&row.status)
                .ok_or_else(|| StoreError::corrupt("failure's status", &row.status))?,
            case: row.case_id.map(CaseId::from_uuid),
            reason: row.reason,
            decided_by: actor(row.decided_by)?,
            decided_at: row.decided_at.map(Timestamp::from_micros),
            assigned_to: row.assigned_to.map(AccountId::from_uuid),
            span_id: row.span_id,
            step: row.step,
            note: row.note,
            labelled_by: actor(row.labelled_by)?,
            labelled_at: row.labelled_at.map(Timestamp::from_micros),
        },
    })
}

pub(super) fn model(scope: Scope, row: &FailureRow) -> Result<failure::Model, StoreError> {
    let standing = &row.standing;
    let text = |actor: &Option<Actor>| {
        let text = actor.as_ref().map(serde_json::to_string).transpose();
        text.map_err(|error| StoreError::corrupt("failure's reviewer", error))
    };
    Ok(failure::Model {
        run_id: row.run.uuid(),
        project_id: scope.uuid(),
        workflow_id: row.workflow.uuid(),
        release_id: row.release.uuid(),
        failure_class: row.failure_class.clone(),
        severity: row.severity.map(|severity| severity.as_str().to_owned()),
        occurred_at: row.occurred_at.micros(),
        status: standing.status.as_str().to_owned(),
        case_id: standing.case.map(CaseId::uuid),
        reason: standing.reason.clone(),
        decided_by: text(&standing.decided_by)?,
        decided_at: standing.decided_at.map(Timestamp::micros),
        assigned_to: standing.assigned_to.map(AccountId::uuid),
        reserved_by: row.reservation.as_ref().map(|reservation| reservation.by.account.uuid()),
        reserved_until: row.reservation.as_ref().map(|reservation| reservation.until.micros()),
        span_id: standing.span_id.clone(),
        step: standing.step.clone(),
        note: standing.note.clone(),
        labelled_by: text(&standing.labelled_by)?,
        labelled_at: standing.labelled_at.map(Timestamp::micros),
        pattern_id: row.pattern.map(PatternId::uuid),
        pattern_due: true,
    })
}
