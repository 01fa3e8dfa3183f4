//! Reading runs: lists, one run with everything known about it, and its trace.

use std::collections::BTreeMap;

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use seatrial_domain::ids::{ReleaseId, RunId, WorkflowId};
use seatrial_domain::run::{LateFact, RunFacts, RunReport};
use seatrial_domain::span::Span;
use seatrial_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::blob;
use crate::connection::Connection;
use crate::entity::{run, run_fact, trace};
use crate::error::StoreError;
use crate::scope::{Cursor, Page, Scope};

/// The format name of a stored OTLP trace.
pub(crate) const TRACE: &str = "otlp";
/// The format name of the bodies of a reported run.
pub(crate) const REPORT: &str = "report";

/// The parts of a report that are kept compressed beside it.
#[derive(Default, Serialize, Deserialize, PartialEq)]
struct Bodies {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    input: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<serde_json::Value>>,
}

/// Takes the bodies out of a report, compressed; `None` when it has none.
pub(crate) fn split_bodies(report: &mut RunReport) -> Result<Option<Vec<u8>>, StoreError> {
    let bodies = Bodies { input: report.input.take(), output: report.output.take(), messages: report.messages.take() };
    if bodies == Bodies::default() {
        return Ok(None);
    }
    let json = serde_json::to_vec(&bodies).map_err(|error| StoreError::corrupt("report", error))?;
    blob::compress(&json).map(Some)
}

/// Puts the stored bodies back into a report.
pub(crate) fn read_bodies(report: &mut RunReport, body: &[u8]) -> Result<(), StoreError> {
    let json = blob::decompress(body)?;
    let bodies: Bodies = serde_json::from_slice(&json).map_err(|error| StoreError::corrupt("report", error))?;
    report.input = bodies.input;
    report.output = bodies.output;
    report.messages = bodies.messages;
    Ok(())
}

/// A run as lists show it.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// Its id.
    pub id: RunId,
    /// The workflow it belongs to.
    pub workflow: WorkflowId,
    /// The release that ran.
    pub release: ReleaseId,
    /// The sender's own id.
    pub external_id: String,
    /// Its effective facts.
    pub facts: RunFacts,
    /// Whether its settle window has passed.
    pub settled: bool,
    /// When its first piece arrived.
    pub received_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl RunRow {
    fn from_model(row: run::Model) -> Result<(Self, Option<String>), StoreError> {
        let facts = serde_json::from_str(&row.facts_json).map_err(|error| StoreError::corrupt("run's facts", error))?;
        let found = Self {
            id: RunId::from_uuid(row.id),
            workflow: WorkflowId::from_uuid(row.workflow_id),
            release: ReleaseId::from_uuid(row.release_id),
            external_id: row.external_id,
            facts,
            settled: row.settled,
            received_at: Timestamp::from_micros(row.received_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        };
        Ok((found, row.report_json))
    }
}

/// Which runs are wanted.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    /// Of this workflow.
    pub workflow: Option<WorkflowId>,
    /// Of this release.
    pub release: Option<ReleaseId>,
    /// With this outcome.
    pub outcome: Option<String>,
    /// With this failure class.
    pub failure_class: Option<String>,
    /// With this external id.
    pub external_id: Option<String>,
    /// That started at or after this time.
    pub from: Option<Timestamp>,
    /// That started before this time.
    pub to: Option<Timestamp>,
}

/// Lists runs by their start, the latest first unless the page says otherwise.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &impl Connection,
    scope: Scope,
    filter: &RunFilter,
    page: Page,
) -> Result<(Vec<RunRow>, Option<Cursor>), StoreError> {
    let mut query = run::Entity::find().filter(run::Column::ProjectId.eq(scope.uuid()));
    if let Some(workflow) = filter.workflow {
        query = query.filter(run::Column::WorkflowId.eq(workflow.uuid()));
    }
    if let Some(release) = filter.release {
        query = query.filter(run::Column::ReleaseId.eq(release.uuid()));
    }
    if let Some(outcome) = &filter.outcome {
        query = query.filter(run::Column::Outcome.eq(outcome));
    }
    if let Some(class) = &filter.failure_class {
        query = query.filter(run::Column::FailureClass.eq(class));
    }
    if let Some(external) = &filter.external_id {
        query = query.filter(run::Column::ExternalId.eq(external));
    }
    if let Some(from) = filter.from {
        query = query.filter(run::Column::StartedAt.gte(from.micros()));
    }
    if let Some(to) = filter.to {
        query = query.filter(run::Column::StartedAt.lt(to.micros()));
    }
    let rows = page.along(query, run::Column::StartedAt, run::Column::Id).all(db.raw()).await?;
    let rows = rows.into_iter().map(|row| RunRow::from_model(row).map(|(row, _)| row));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    Ok(page.split(rows, |row| Cursor { key: row.facts.started_at.micros(), id: row.id.uuid() }))
}

/// A run with everything known about it.
#[derive(Clone, Debug)]
pub struct WholeRun {
    /// The run.
    pub row: RunRow,
    /// What its sender reported, bodies included.
    pub report: Option<RunReport>,
    /// The spans of its trace, without bodies.
    pub spans: Vec<Span>,
    /// The OTLP `TracesData` bytes of its trace; empty without one.
    pub body: Vec<u8>,
    /// What was appended later, in the order it was recorded.
    pub late: Vec<LateFact>,
}

/// Finds a run with its trace and late facts.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn find(db: &impl Connection, scope: Scope, id: RunId) -> Result<Option<WholeRun>, StoreError> {
    Ok(these(db, scope, &[id]).await?.pop())
}

/// Whether the project has this run, without reading it.
///
/// # Errors
/// When the database fails.
pub async fn exists(db: &impl Connection, scope: Scope, id: RunId) -> Result<bool, StoreError> {
    let of_id = run::Entity::find_by_id(id.uuid()).filter(run::Column::ProjectId.eq(scope.uuid()));
    let found: Option<Uuid> = of_id.select_only().column(run::Column::Id).into_tuple().one(db.raw()).await?;
    Ok(found.is_some())
}

/// These runs with their traces and late facts, in the order of their ids. Ask for few: each brings its bodies.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn these(db: &impl Connection, scope: Scope, ids: &[RunId]) -> Result<Vec<WholeRun>, StoreError> {
    let ids = || ids.iter().map(|id| id.uuid());
    let rows = run::Entity::find()
        .filter(scope.owns(run::Column::ProjectId))
        .filter(run::Column::Id.is_in(ids()))
        .order_by_asc(run::Column::Id)
        .all(db.raw())
        .await?;
    let mut traces: BTreeMap<Uuid, Vec<trace::Model>> = BTreeMap::new();
    let mut late: BTreeMap<Uuid, Vec<LateFact>> = BTreeMap::new();
    if !rows.is_empty() {
        let stored = trace::Entity::find()
            .filter(scope.owns(trace::Column::ProjectId))
            .filter(trace::Column::RunId.is_in(ids()));
        for trace in stored.all(db.raw()).await? {
            traces.entry(trace.run_id).or_default().push(trace);
        }
        let facts = run_fact::Entity::find()
            .filter(run_fact::Column::ProjectId.eq(scope.uuid()))
            .filter(run_fact::Column::RunId.is_in(ids()))
            .order_by_asc(run_fact::Column::RecordedAt)
            .order_by_asc(run_fact::Column::Id);
        for fact in facts.all(db.raw()).await? {
            let read =
                serde_json::from_str(&fact.fact_json).map_err(|error| StoreError::corrupt("late fact", error))?;
            late.entry(fact.run_id).or_default().push(read);
        }
    }
    let whole = rows.into_iter().map(|row| {
        let id = row.id;
        whole(row, traces.remove(&id).unwrap_or_default(), late.remove(&id).unwrap_or_default())
    });
    whole.collect()
}

fn whole(row: run::Model, traces: Vec<trace::Model>, late: Vec<LateFact>) -> Result<WholeRun, StoreError> {
    let (row, report_json) = RunRow::from_model(row)?;
    let mut report = report_json
        .as_deref()
        .map(serde_json::from_str::<RunReport>)
        .transpose()
        .map_err(|error| StoreError::corrupt("run's report", error))?;
    let (mut spans, mut body) = (Vec::new(), Vec::new());
    for stored in traces {
        match (stored.format.as_str(), &mut report) {
            (TRACE, _) => {
                spans = blob::decode_spans(&stored.skeleton)?;
                body = blob::decompress(&stored.body)?;
            }
            (REPORT, Some(report)) => read_bodies(report, &stored.body)?,
            _ => {}
        }
    }
    Ok(WholeRun { row, report, spans, body, late })
}
