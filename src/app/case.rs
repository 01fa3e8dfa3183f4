//! Eval cases: read, rewritten, activated, retired, masked anew, and their snapshots.

mod masking;
mod sketch;

use seatrial_domain::access::Permission;
use seatrial_domain::case::{CaseError, CaseState, Writing};
use seatrial_domain::digest::Digest;
use seatrial_domain::ids::CaseId;
use seatrial_domain::limits;
use seatrial_domain::redact::Redactor;
use seatrial_store::case::{self, CaseFilter, CaseRow};
use seatrial_store::case_version::{self, NewVersion, VersionRow};
use seatrial_store::failure::{self, FailureRow};
use seatrial_store::{Cursor, Page};
use serde_json::json;

use super::App;
use super::access::Caller;
use super::audit::Change;
use super::error::AppError;

pub use masking::{MaskedAgain, MaskedCases, TriedMasking, compiled};

pub(super) const NOUN: &str = "eval case";

impl From<CaseError> for AppError {
    fn from(error: CaseError) -> Self {
        match &error {
            CaseError::NoAssertion => Self::Conflict { code: "no_assertion", detail: error.to_string() },
            CaseError::Transition { .. } => Self::Conflict { code: "wrong_state", detail: error.to_string() },
            _ => Self::invalid(error.field(), error.to_string()),
        }
    }
}

/// A snapshot as it is handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotCopy {
    /// The SHA-256 that names it.
    pub digest: Digest,
    /// Its canonical bytes, whose SHA-256 is the digest.
    pub bytes: Vec<u8>,
}

/// Why a case is rewritten, and from which version of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// Why. May be empty.
    pub note: String,
    /// The version it was made from, so that two who edit at once do not overwrite each other; not checked when absent.
    pub from_version: Option<u32>,
}

impl Edit {
    fn check(&self, row: &CaseRow) -> Result<(), AppError> {
        if self.note.len() > limits::NOTE_BYTES {
            let message = format!("it is {} bytes long; at most {} are accepted", self.note.len(), limits::NOTE_BYTES);
            return Err(AppError::invalid("note", message));
        }
        match self.from_version.filter(|from| *from != row.version) {
            None => Ok(()),
            Some(from) => Err(AppError::Conflict {
                code: "case_changed",
                detail: format!(
                    "The eval case is at version {} and this was made from version {from}; read it again and repeat the \
                     change.",
                    row.version
                ),
            }),
        }
    }
}

impl App {
    /// Lists eval cases, latest first.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn cases(
        &self,
        caller: &Caller,
        project: &str,
        filter: &CaseFilter,
        page: Page,
    ) -> Result<(Vec<CaseRow>, Option<Cursor>), AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        Ok(case::list(self.store.read(), project.scope, filter, page).await?)
    }

    /// An eval case and the failures that became it or are linked to it, latest first, at most 50.
    ///
    /// # Errors
    /// When there is no such case in the project, the caller may not, or the database fails.
    pub async fn case(
        &self,
        caller: &Caller,
        project: &str,
        id: CaseId,
    ) -> Result<(CaseRow, Vec<FailureRow>), AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let db = self.store.read();
        let row = case::find(db, project.scope, id).await?.ok_or(AppError::NotFound { noun: NOUN })?;
        let failures = failure::of_case(db, project.scope, id).await?;
        Ok((row, failures))
    }

    /// Replaces title, class, assertions and tags: a new version of the case. What came from the run never changes.
    ///
    /// # Errors
    /// When the writing breaks a rule (see [`seatrial_domain::case::EvalCase::rewrite`]), it was made from an older
    /// version, there is no such case, the caller may not, or the database fails.
    pub async fn rewrite_case(
        &self,
        caller: &Caller,
        project: &str,
        id: CaseId,
        writing: &Writing,
        edit: &Edit,
    ) -> Result<CaseRow, AppError> {
        let project = self.enter(caller, project, Permission::Triage).await?;
        let tx = self.store.write().await?;
        let mut row = case::for_update(&tx, project.scope, id).await?.ok_or(AppError::NotFound { noun: NOUN })?;
        edit.check(&row)?;
        let before = row.case.clone();
        let mut redactor = Redactor::with(project.settings.own_patterns());
        let note = &redactor.text("note", edit.note.trim());
        row.case.rewrite(writing, &mut redactor)?;
        if row.case != before {
            row.version += 1;
            case::update(&tx, project.scope, id, row.version, &row.case).await?;
            let new = NewVersion {
                case: id,
                version: row.version,
                content: &row.case,
                note,
                by: project.actor(),
                at: self.now(),
            };
            case_version::insert(&tx, project.scope, new).await?;
            let named = |version: u32, case: &seatrial_domain::case::EvalCase| json!({"version": version, "title": case.title, "assertions": case.definition.assertions});
            let detail = Change::of(named(row.version - 1, &before), named(row.version, &row.case));
            self.audit(&tx, &project, "rewrite", "case", id, &detail).await?;
            tx.commit().await?;
        }
        Ok(row)
    }

    /// The versions of a case, latest first, at most 200.
    ///
    /// # Errors
    /// When there is no such case in the project, the caller may not, or the database fails.
    pub async fn case_versions(&self, caller: &Caller, project: &str, id: CaseId) -> Result<Vec<VersionRow>, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let db = self.store.read();
        case::find(db, project.scope, id).await?.ok_or(AppError::NotFound { noun: NOUN })?;
        Ok(case_version::list(db, project.scope, id).await?)
    }

    /// Moves a case to another state. Moving it to the state it has changes nothing.
    ///
    /// # Errors
    /// When the state cannot follow, an untested case asserts nothing, there is no such case, the caller may not, or
    /// the database fails.
    pub async fn move_case(
        &self,
        caller: &Caller,
        project: &str,
        id: CaseId,
        state: CaseState,
    ) -> Result<CaseRow, AppError> {
        let project = self.enter(caller, project, Permission::Triage).await?;
        let tx = self.store.write().await?;
        let mut row = case::for_update(&tx, project.scope, id).await?.ok_or(AppError::NotFound { noun: NOUN })?;
        let before = row.case.state;
        row.case.move_to(state)?;
        if before != state {
            case::update(&tx, project.scope, id, row.version, &row.case).await?;
            self.audit(
                &tx,
                &project,
                "move",
                "case",
                id,
                &Change::of(json!({"state": before}), json!({"state": state})),
            )
            .await?;
            tx.commit().await?;
        }
        Ok(row)
    }

    /// The copy of the run that a case rests on. It does not need the run any more.
    ///
    /// # Errors
    /// When there is no such case, the stored bytes do not have the stored digest, the caller may not, or the database
    /// fails.
    pub async fn case_snapshot(&self, caller: &Caller, project: &str, id: CaseId) -> Result<SnapshotCopy, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let found = case::snapshot(self.store.read(), project.scope, id).await?;
        let (digest, bytes) = found.ok_or(AppError::NotFound { noun: NOUN })?;
        if Digest::of(&bytes) != digest {
            return Err(AppError::internal(format!("the stored snapshot of {id} does not have its digest {digest}")));
        }
        Ok(SnapshotCopy { digest, bytes })
    }
}
