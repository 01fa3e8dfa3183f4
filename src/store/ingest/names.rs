//! What a project calls things: workflows and releases by name, rules, prices, failure classes, and the segment values
//! that have cells of their own. Names seen for the first time are made known.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use seatrial_domain::cell::OTHER;
use seatrial_domain::failure::{FailureClass, Severity, Taxonomy};
use seatrial_domain::ids::{ReleaseId, WorkflowId, uuid_v7};
use seatrial_domain::limits;
use seatrial_domain::price::{Price, PriceTable};
use seatrial_domain::time::Timestamp;
use seatrial_domain::workflow::{RiskClass, WorkflowRules};
use uuid::Uuid;

use crate::connection::{Connection as _, WriteTx};
use crate::entity::{failure_class, price, release, segment_value, workflow};
use crate::error::StoreError;
use crate::scope::Scope;

/// A workflow as ingest needs it.
pub(super) struct Workflow {
    pub(super) id: WorkflowId,
    pub(super) rules: WorkflowRules,
}

/// The names and rules of one project.
pub(super) struct Context {
    pub(super) prices: PriceTable,
    pub(super) taxonomy: Taxonomy,
    workflows: HashMap<String, Workflow>,
    releases: HashMap<(WorkflowId, String), ReleaseId>,
    segment_values: HashMap<(WorkflowId, String), HashSet<String>>,
    new_workflows: Vec<(WorkflowId, String)>,
    new_releases: Vec<(ReleaseId, WorkflowId, String)>,
    new_segment_values: Vec<(WorkflowId, String, String)>,
}

/// Reads a severity's stored name.
pub(crate) fn severity(name: &str) -> Severity {
    match name {
        "critical" => Severity::Critical,
        "minor" => Severity::Minor,
        _ => Severity::Major,
    }
}

impl Context {
    pub(super) async fn load(tx: &WriteTx, scope: Scope) -> Result<Self, StoreError> {
        let raw = tx.raw();
        let project = scope.uuid();
        let mut workflows = HashMap::new();
        for row in workflow::Entity::find().filter(workflow::Column::ProjectId.eq(project)).all(raw).await? {
            let rules = serde_json::from_str(&row.rules_json)
                .map_err(|error| StoreError::corrupt("workflow's rules", error))?;
            workflows.insert(row.name, Workflow { id: WorkflowId::from_uuid(row.id), rules });
        }
        let releases = release::Entity::find().filter(release::Column::ProjectId.eq(project)).all(raw).await?;
        let prices = price::Entity::find().filter(price::Column::ProjectId.eq(project)).all(raw).await?;
        let prices: BTreeMap<String, Price> = prices
            .into_iter()
            .map(|row| (row.model, Price { input_nanos: row.input_nanos, output_nanos: row.output_nanos }))
            .collect();
        let classes =
            failure_class::Entity::find().filter(failure_class::Column::ProjectId.eq(project)).all(raw).await?;
        let classes = classes.into_iter().map(|row| FailureClass {
            severity: severity(&row.severity),
            name: row.name,
            meaning: row.meaning,
            retired: row.retired,
        });
        let values =
            segment_value::Entity::find().filter(segment_value::Column::ProjectId.eq(project)).all(raw).await?;
        let mut segment_values: HashMap<_, HashSet<String>> = HashMap::new();
        for row in values {
            let key = (WorkflowId::from_uuid(row.workflow_id), row.dimension);
            segment_values.entry(key).or_default().insert(row.value);
        }
        Ok(Self {
            prices: PriceTable::new(prices),
            taxonomy: Taxonomy::new(classes.collect()),
            workflows,
            releases: releases
                .into_iter()
                .map(|row| ((WorkflowId::from_uuid(row.workflow_id), row.name), ReleaseId::from_uuid(row.id)))
                .collect(),
            segment_values,
            new_workflows: Vec::new(),
            new_releases: Vec::new(),
            new_segment_values: Vec::new(),
        })
    }

    /// The workflow and release of these names; `seed` makes the ids of new ones.
    pub(super) fn place(&mut self, workflow: &str, release: &str, seed: Uuid) -> (WorkflowId, ReleaseId) {
        let workflow_id = match self.workflows.get(workflow) {
            Some(known) => known.id,
            None => {
                let id = WorkflowId::from_uuid(derive_id(seed, workflow, ""));
                let rules = WorkflowRules::default();
                self.workflows.insert(workflow.to_owned(), Workflow { id, rules });
                self.new_workflows.push((id, workflow.to_owned()));
                id
            }
        };
        let key = (workflow_id, release.to_owned());
        let release_id = *self.releases.entry(key).or_insert_with(|| {
            let id = ReleaseId::from_uuid(derive_id(seed, workflow, release));
            self.new_releases.push((id, workflow_id, release.to_owned()));
            id
        });
        (workflow_id, release_id)
    }

    /// The rules of a workflow by name.
    pub(super) fn rules(&self, workflow: &str) -> WorkflowRules {
        self.workflows.get(workflow).map(|known| known.rules.clone()).unwrap_or_default()
    }

    /// The value under which a segment is counted: itself, or `other` beyond the limit of values.
    pub(super) fn folded<'a>(&mut self, workflow: WorkflowId, dimension: &str, value: &'a str) -> &'a str {
        let values = self.segment_values.entry((workflow, dimension.to_owned())).or_default();
        if values.contains(value) {
            return value;
        }
        if values.len() >= limits::VALUES_PER_SEGMENT {
            return OTHER;
        }
        values.insert(value.to_owned());
        self.new_segment_values.push((workflow, dimension.to_owned(), value.to_owned()));
        value
    }

    /// Writes what was made known: workflows and releases. Segment values follow in [`Self::save_segments`].
    pub(super) async fn save(&mut self, tx: &WriteTx, scope: Scope, now: Timestamp) -> Result<(), StoreError> {
        let raw = tx.raw();
        let rules_json = serde_json::to_string(&WorkflowRules::default())
            .map_err(|error| StoreError::corrupt("workflow's rules", error))?;
        let workflows: Vec<_> = std::mem::take(&mut self.new_workflows)
            .into_iter()
            .map(|(id, name)| {
                workflow::Model {
                    id: id.uuid(),
                    project_id: scope.uuid(),
                    name,
                    risk_class: RiskClass::default().as_str().to_owned(),
                    owner_id: None,
                    owner_is_team: false,
                    rules_json: rules_json.clone(),
                    created_at: now.micros(),
                }
                .into_active_model()
                .reset_all()
            })
            .collect();
        if !workflows.is_empty() {
            workflow::Entity::insert_many(workflows).exec_without_returning(raw).await?;
        }
        let releases: Vec<_> = std::mem::take(&mut self.new_releases)
            .into_iter()
            .map(|(id, workflow_id, name)| {
                release::Model {
                    id: id.uuid(),
                    project_id: scope.uuid(),
                    workflow_id: workflow_id.uuid(),
                    name,
                    state: "candidate".to_owned(),
                    baseline_id: None,
                    created_at: now.micros(),
                    live_at: None,
                }
                .into_active_model()
                .reset_all()
            })
            .collect();
        if !releases.is_empty() {
            release::Entity::insert_many(releases).exec_without_returning(raw).await?;
        }
        Ok(())
    }

    /// Writes the segment values that got cells of their own.
    pub(super) async fn save_segments(&mut self, tx: &WriteTx, scope: Scope) -> Result<(), StoreError> {
        let new = std::mem::take(&mut self.new_segment_values);
        for chunk in new.chunks(500) {
            let rows = chunk.iter().map(|(workflow, dimension, value)| {
                segment_value::Model {
                    project_id: scope.uuid(),
                    workflow_id: workflow.uuid(),
                    dimension: dimension.clone(),
                    value: value.clone(),
                }
                .into_active_model()
                .reset_all()
            });
            segment_value::Entity::insert_many(rows)
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .exec_without_returning(tx.raw())
                .await?;
        }
        Ok(())
    }
}

/// An id for a workflow or release met for the first time, derived from the run that named it and from the names: one
/// run may name several while its trace arrives in pieces.
fn derive_id(seed: Uuid, workflow: &str, release: &str) -> Uuid {
    let bytes = seed.as_bytes();
    let unix_ms = bytes[..6].iter().fold(0u64, |ms, byte| ms << 8 | u64::from(*byte));
    let mut hasher = DefaultHasher::new();
    (seed.as_bytes(), workflow, release).hash(&mut hasher);
    let mut random = [0u8; 10];
    random[..8].copy_from_slice(&hasher.finish().to_be_bytes());
    random[8..].copy_from_slice(&bytes[14..]);
    uuid_v7(unix_ms, random)
}
