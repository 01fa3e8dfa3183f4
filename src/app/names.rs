//! The names of a project's workflows and releases, to show ids as people know them and to find what people name.

use std::collections::HashMap;

use seatrial_domain::access::Permission;
use seatrial_domain::ids::{ReleaseId, WorkflowId};
use seatrial_domain::release::ReleaseState;
use seatrial_store::release::ReleaseRow;
use seatrial_store::workflow::WorkflowRow;

use super::App;
use super::access::Caller;
use super::error::AppError;

/// Workflows and releases by id and by name.
#[derive(Clone, Debug, Default)]
pub struct Names {
    workflows: HashMap<WorkflowId, WorkflowRow>,
    releases: HashMap<ReleaseId, ReleaseRow>,
}

impl Names {
    /// The workflow of this name or id.
    ///
    /// # Errors
    /// When there is none.
    pub fn workflow(&self, name_or_id: &str) -> Result<WorkflowId, AppError> {
        let by_id = name_or_id.parse().ok().filter(|id| self.workflows.contains_key(id));
        by_id
            .or_else(|| self.workflows.values().find(|row| row.name == name_or_id).map(|row| row.id))
            .ok_or(AppError::NotFound { noun: "workflow" })
    }

    /// The release of this name or id, of the workflow when it is given.
    ///
    /// # Errors
    /// When there is none, or several workflows have a release of this name and none is given.
    pub fn release(&self, workflow: Option<WorkflowId>, name_or_id: &str) -> Result<ReleaseId, AppError> {
        let id = name_or_id.parse::<ReleaseId>().ok();
        let mut found = self
            .releases
            .values()
            .filter(|row| workflow.is_none_or(|workflow| row.workflow == workflow))
            .filter(|row| Some(row.id) == id || row.name == name_or_id);
        let release = found.next().map(|row| row.id).ok_or(AppError::NotFound { noun: "release" })?;
        if found.next().is_some() {
            return Err(AppError::invalid(
                "release",
                "several workflows have a release of this name; name the workflow",
            ));
        }
        Ok(release)
    }

    /// The workflow's name; its id when it is not known.
    #[must_use]
    pub fn workflow_name(&self, id: WorkflowId) -> String {
        self.workflows.get(&id).map_or_else(|| id.to_string(), |row| row.name.clone())
    }

    /// The release's name; its id when it is not known.
    #[must_use]
    pub fn release_name(&self, id: ReleaseId) -> String {
        self.releases.get(&id).map_or_else(|| id.to_string(), |row| row.name.clone())
    }

    /// The workflows by name.
    #[must_use]
    pub fn workflows(&self) -> Vec<&WorkflowRow> {
        let mut rows: Vec<_> = self.workflows.values().collect();
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        rows
    }

    /// The releases of a workflow, latest first.
    #[must_use]
    pub fn releases(&self, workflow: WorkflowId) -> Vec<&ReleaseRow> {
        let mut rows: Vec<_> = self.releases.values().filter(|row| row.workflow == workflow).collect();
        rows.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id)));
        rows
    }

    /// A release by its id.
    #[must_use]
    pub fn release_row(&self, id: ReleaseId) -> Option<&ReleaseRow> {
        self.releases.get(&id)
    }

    /// What a release is compared with unless somebody says otherwise: its own baseline, the release that went live
    /// last, or the one that was seen before it.
    #[must_use]
    pub fn baseline(&self, of: &ReleaseRow) -> Option<&ReleaseRow> {
        let others = self.releases.values().filter(|row| row.workflow == of.workflow && row.id != of.id);
        let live = others.clone().filter(|row| row.state == ReleaseState::Live).max_by_key(|row| (row.live_at, row.id));
        let before = others.filter(|row| (row.created_at, row.id) < (of.created_at, of.id));
        of.baseline
            .and_then(|id| self.releases.get(&id))
            .or(live)
            .or_else(|| before.max_by_key(|row| (row.created_at, row.id)))
    }

    /// The release a workflow is judged by: the one that went live last, or else the one seen last.
    #[must_use]
    pub fn present_release(&self, workflow: WorkflowId) -> Option<&ReleaseRow> {
        let releases = self.releases(workflow);
        let live = releases.iter().filter(|row| row.state == ReleaseState::Live);
        live.max_by_key(|row| (row.live_at, row.id)).or_else(|| releases.first()).copied()
    }

    /// A workflow by its id.
    #[must_use]
    pub fn workflow_row(&self, id: WorkflowId) -> Option<&WorkflowRow> {
        self.workflows.get(&id)
    }
}

impl App {
    /// The names of a project's workflows and releases.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn names(&self, caller: &Caller, project: &str) -> Result<Names, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let workflows = seatrial_store::workflow::list(self.store.read(), project.scope).await?;
        let releases = seatrial_store::release::list(self.store.read(), project.scope, None).await?;
        Ok(Names {
            workflows: workflows.into_iter().map(|row| (row.id, row)).collect(),
            releases: releases.into_iter().map(|row| (row.id, row)).collect(),
        })
    }
}
