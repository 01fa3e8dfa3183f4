//! Scorecards: written in versions, read with their freshness, attested by people.

use seatrial_domain::access::Permission;
use seatrial_domain::ids::{AttestationId, ScorecardId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::scorecard::{Change, FreshnessState, changes};
use seatrial_store::attestation::{self, AttestationRow};
use seatrial_store::scorecard::{self, Definition, ScorecardRow, VersionRow};
use seatrial_store::workflow::{self, WorkflowRow};
use seatrial_store::{Connection, Cursor, Page, Scope};
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::audit;
use super::error::{AppError, FieldError};
use super::freshness::{Standing, judge};

/// A scorecard with everything that is shown of it.
#[derive(Clone, Debug)]
pub struct ScorecardDetail {
    /// The workflow's name.
    pub workflow: String,
    /// As it is stored.
    pub row: ScorecardRow,
    /// With its owners as they are now, and its freshness.
    pub standing: Standing,
    /// The last attestation.
    pub attestation: Option<AttestationRow>,
}

impl App {
    /// The scorecards of a project by the names of their workflows.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn scorecards(&self, caller: &Caller, project: &str) -> Result<Vec<ScorecardDetail>, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let db = self.store.read();
        let workflows = workflow::list(db, project.scope).await?;
        let mut details = Vec::new();
        for row in scorecard::list(db, project.scope).await? {
            let workflow = workflows.iter().find(|workflow| workflow.id == row.workflow);
            let name = workflow.map_or_else(|| row.workflow.to_string(), |workflow| workflow.name.clone());
            details.push(self.detail(db, project.scope, name, row).await?);
        }
        details.sort_by(|a, b| a.workflow.cmp(&b.workflow));
        Ok(details)
    }

    /// The scorecard of a workflow, which is given by name or id.
    ///
    /// # Errors
    /// When there is no such workflow, it has no scorecard, the caller may not, or the database fails.
    pub async fn scorecard(&self, caller: &Caller, project: &str, workflow: &str) -> Result<ScorecardDetail, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let (workflow, row) = self.find_scorecard(&project, workflow).await?;
        self.detail(self.store.read(), project.scope, workflow.name, row).await
    }

    /// A scorecard by its id.
    ///
    /// # Errors
    /// When there is none, the caller may not, or the database fails.
    pub async fn scorecard_by_id(
        &self,
        caller: &Caller,
        project: &str,
        id: ScorecardId,
    ) -> Result<ScorecardDetail, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let db = self.store.read();
        let row = scorecard::by_id(db, project.scope, id).await?.ok_or(NO_SCORECARD)?;
        let workflow = workflow::find(db, project.scope, &row.workflow.to_string()).await?;
        let name = workflow.map_or_else(|| row.workflow.to_string(), |workflow| workflow.name);
        self.detail(db, project.scope, name, row).await
    }

    async fn detail(
        &self,
        db: &impl Connection,
        scope: Scope,
        workflow: String,
        row: ScorecardRow,
    ) -> Result<ScorecardDetail, AppError> {
        let standing = judge(db, scope, &row, self.now()).await?;
        let page = Page::new(None, Some(1));
        let last = attestation::list(db, scope, row.id, page).await?.0.into_iter().next();
        Ok(ScorecardDetail { workflow, row, standing, attestation: last })
    }

    pub(super) async fn find_scorecard(
        &self,
        project: &ProjectAccess,
        workflow: &str,
    ) -> Result<(WorkflowRow, ScorecardRow), AppError> {
        let db = self.store.read();
        let workflow = self.find_workflow(project, workflow).await?;
        let row = scorecard::of_workflow(db, project.scope, workflow.id).await?.ok_or(NO_SCORECARD)?;
        Ok((workflow, row))
    }

    pub(super) async fn find_workflow(&self, project: &ProjectAccess, workflow: &str) -> Result<WorkflowRow, AppError> {
        let found = workflow::find(self.store.read(), project.scope, workflow).await?;
        found.ok_or(AppError::NotFound { noun: "workflow" })
    }

    /// Writes a scorecard: its first version, or the one after `based_on`, the version that the writer read. Returns
    /// it and whether it is the first.
    ///
    /// # Errors
    /// When a value cannot stand, owner or backup are no members who can act, somebody wrote another version since,
    /// the caller may not, or the database fails.
    pub async fn put_scorecard(
        &self,
        caller: &Caller,
        project: &str,
        workflow: &str,
        definition: Definition,
        based_on: Option<u32>,
    ) -> Result<(ScorecardDetail, bool), AppError> {
        let project = self.enter(caller, project, Permission::EditScorecards).await?;
        let workflow = self.find_workflow(&project, workflow).await?;
        let known = scorecard::of_workflow(self.store.read(), project.scope, workflow.id).await?;
        let now = self.now();
        let row = match (&known, based_on) {
            (None, None) => self.first_version(workflow.id, definition),
            (Some(known), Some(version)) if version == known.version => {
                let version = known.version.saturating_add(1);
                ScorecardRow { version, definition, updated_at: now, ..known.clone() }
            }
            (known, _) => return Err(version_conflict(known.as_ref().map(|known| known.version))),
        };
        self.check_definition(project.scope, &row).await?;
        let tx = self.store.write().await?;
        if known.is_none() {
            scorecard::insert(&tx, project.scope, &row, project.actor()).await?;
        } else if !scorecard::put_version(&tx, project.scope, &row, project.actor()).await? {
            return Err(version_conflict(Some(row.version)));
        }
        let named = |row: &ScorecardRow| json!({"version": row.version, "definition": row.definition});
        let detail = audit::Change::of(known.as_ref().map(named), named(&row));
        self.audit(&tx, &project, "put", "scorecard", row.id, &detail).await?;
        tx.commit().await?;
        let detail = self.detail(self.store.read(), project.scope, workflow.name, row).await?;
        Ok((detail, known.is_none()))
    }

    /// The scorecard of a workflow that has none yet.
    pub(super) fn first_version(&self, workflow: WorkflowId, definition: Definition) -> ScorecardRow {
        let now = self.now();
        ScorecardRow {
            id: ScorecardId::from_uuid(self.ids.uuid_v7()),
            workflow,
            version: 1,
            definition,
            attested_at: None,
            freshness: FreshnessState::Fresh,
            freshness_at: now,
            created_at: now,
            updated_at: now,
        }
    }

    pub(super) async fn check_definition(&self, scope: Scope, row: &ScorecardRow) -> Result<(), AppError> {
        let mut errors = Vec::new();
        let definition = &row.definition;
        if let Err(wrong) = row.scorecard(None, None).validate() {
            errors.extend(wrong.into_iter().map(|wrong| FieldError::new(wrong.field, wrong.problem)));
        }
        let mut at_most = |field: &str, len: usize, most: usize| {
            if len > most {
                errors.push(FieldError::new(field, format!("at most {most} are possible")));
            }
        };
        at_most("checks", definition.checks.len(), limits::CHECKS_PER_SCORECARD);
        at_most("dimensions", definition.dimensions.len(), limits::SEGMENTS_PER_RUN);
        at_most("required_segments", definition.required_segments.len(), limits::REQUIRED_SEGMENTS);
        for (i, segment) in definition.required_segments.iter().enumerate() {
            if limits::label(&segment.value).as_deref() != Some(segment.value.as_str()) {
                let message = "a segment's value is a text of at most 200 bytes without control characters";
                errors.push(FieldError::new(format!("required_segments[{i}].value"), message));
            }
        }
        errors.extend(self.unable(scope, [("owner", definition.owner), ("backup", definition.backup)]).await?);
        if definition.owner.is_some() && definition.owner == definition.backup {
            errors.push(FieldError::new("backup", "the backup must be somebody else than the owner"));
        }
        if errors.is_empty() { Ok(()) } else { Err(AppError::Invalid { errors }) }
    }

    /// The versions of a workflow's scorecard, latest first.
    ///
    /// # Errors
    /// When there is none, the caller may not, or the database fails.
    pub async fn scorecard_versions(
        &self,
        caller: &Caller,
        project: &str,
        workflow: &str,
        page: Page,
    ) -> Result<(Vec<VersionRow>, Option<Cursor>), AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let (_, row) = self.find_scorecard(&project, workflow).await?;
        Ok(scorecard::versions(self.store.read(), project.scope, row.id, page).await?)
    }

    /// What differs between two versions of a workflow's scorecard, with the names of owners as they are now.
    ///
    /// # Errors
    /// When there is no scorecard or no such version, the caller may not, or the database fails.
    pub async fn scorecard_diff(
        &self,
        caller: &Caller,
        project: &str,
        workflow: &str,
        (from, to): (u32, u32),
    ) -> Result<Vec<Change>, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let (_, row) = self.find_scorecard(&project, workflow).await?;
        let db = self.store.read();
        let missing = || AppError::NotFound { noun: "version of the scorecard" };
        let before = scorecard::version(db, project.scope, row.id, from).await?.ok_or_else(missing)?.definition;
        let after = scorecard::version(db, project.scope, row.id, to).await?.ok_or_else(missing)?.definition;
        let ids: Vec<_> = [before.owner, before.backup, after.owner, after.backup].into_iter().flatten().collect();
        let holders = self.holders(db, project.scope, ids).await?;
        let name = |id| holders.get(&id).map_or_else(|| format!("{id}"), |holder| holder.owner.name.clone());
        Ok(changes(&before, &after, &name))
    }

    /// The attestations of a workflow's scorecard, latest first.
    ///
    /// # Errors
    /// When there is no scorecard, the caller may not, or the database fails.
    pub async fn attestations(
        &self,
        caller: &Caller,
        project: &str,
        workflow: &str,
        page: Page,
    ) -> Result<(Vec<AttestationRow>, Option<Cursor>), AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let (_, row) = self.find_scorecard(&project, workflow).await?;
        Ok(attestation::list(self.store.read(), project.scope, row.id, page).await?)
    }

    /// Records that a person re-read the scorecard and that it still holds. `version` is the one they read; the
    /// current one when absent.
    ///
    /// # Errors
    /// When there is no scorecard, another version was written since, the note is too long, the caller may not or is
    /// no person, or the database fails.
    pub async fn attest(
        &self,
        caller: &Caller,
        project: &str,
        workflow: &str,
        version: Option<u32>,
        note: &str,
    ) -> Result<AttestationRow, AppError> {
        let project = self.enter(caller, project, Permission::Attest).await?;
        if note.len() > limits::NOTE_BYTES {
            return Err(AppError::invalid("note", format!("use at most {} bytes", limits::NOTE_BYTES)));
        }
        let (_, row) = self.find_scorecard(&project, workflow).await?;
        let made = AttestationRow {
            id: AttestationId::from_uuid(self.ids.uuid_v7()),
            scorecard: row.id,
            version: version.unwrap_or(row.version),
            actor: project.actor().clone(),
            note: note.trim().to_owned(),
            at: self.now(),
        };
        let tx = self.store.write().await?;
        if !attestation::attest(&tx, project.scope, &made).await? {
            return Err(version_conflict(Some(row.version)));
        }
        let detail = audit::Change::made(json!({"id": made.id, "version": made.version, "note": made.note}));
        self.audit(&tx, &project, "attest", "scorecard", row.id, &detail).await?;
        tx.commit().await?;
        Ok(made)
    }
}

const NO_SCORECARD: AppError = AppError::NotFound { noun: "scorecard" };

fn version_conflict(current: Option<u32>) -> AppError {
    let detail = match current {
        Some(version) => format!(
            "The scorecard is at version {version}. Read it and repeat your change, naming that version in If-Match or \
             `version`."
        ),
        None => "The workflow has no scorecard yet. Leave If-Match and `version` out to write its first.".to_owned(),
    };
    AppError::Conflict { code: "version_conflict", detail }
}
