//! Promoting a failure: its run is copied and masked, and becomes an eval case.
//!
//! Copying and masking happen off the request's thread; case, decision and audit entry are one transaction.

use seatrial_domain::access::{Actor, Permission};
use seatrial_domain::case::{
    Assertions, CaseState, EvalCase, Provenance, Snapshot, SnapshotSource, Writing, content_digest, exact,
};
use seatrial_domain::digest::Digest;
use seatrial_domain::failure::LearningStatus;
use seatrial_domain::ids::{CaseId, RunId};
use seatrial_domain::redact::{Masking, Redactor};
use seatrial_domain::similarity::{NEAR, Shingles};
use seatrial_domain::time::Timestamp;
use seatrial_domain::triage::ActKind;
use seatrial_store::case::{self, CaseFilter, CaseRow, NewCase};
use seatrial_store::failure::FailureRow;
use seatrial_store::run::WholeRun;
use seatrial_store::{Page, case_band, release, run as runs, workflow};
use serde_json::{Value, json};

use super::{NOUN, find, find_to_decide};
use crate::app::App;
use crate::app::access::{Caller, ProjectAccess};
use crate::app::audit::Change;
use crate::app::case::NOUN as CASE;
use crate::app::content::{content_of, headline};
use crate::app::error::AppError;
use crate::app::triage::{require_free, require_open, stood};

/// What a reviewer says when promoting a failure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Promotion {
    /// The title; made from the input when absent.
    pub title: Option<String>,
    /// The kind of miss; that of the run when absent.
    pub failure_class: Option<String>,
    /// What the agent is to be given; what the run was given when absent.
    pub input: Option<Value>,
    /// What must and must not hold.
    pub assertions: Assertions,
    /// Labels.
    pub tags: Vec<String>,
    /// Where the case is to stand; active when it asserts something, else a draft.
    pub state: Option<CaseState>,
}

/// A failure that became a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Promoted {
    /// The case.
    pub case: CaseRow,
    /// The failure.
    pub failure: FailureRow,
}

/// Why an existing case is offered for a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nearness {
    /// It has exactly the same input.
    SameInput,
    /// Its input is much alike, in percent.
    Alike(u8),
    /// It guards against the same class in the same workflow.
    SameClass,
}

/// An existing case that may cover a failure.
#[derive(Clone, Debug, PartialEq)]
pub struct NearCase {
    /// The case.
    pub case: CaseRow,
    /// Why it is offered.
    pub why: Nearness,
}

/// What would be stored if a failure were promoted now.
#[derive(Clone, Debug, PartialEq)]
pub struct CasePreview {
    /// The failure.
    pub failure: FailureRow,
    /// A title made from the input.
    pub suggested_title: String,
    /// The masked input; `None` when the run carries none, then a reviewer has to write it.
    pub input: Option<Value>,
    /// What the run gave back, masked: kept as observed, never expected.
    pub observed: Option<Value>,
    /// What is masked in input, output, messages, facts and spans; the first two hundred.
    pub maskings: Vec<Masking>,
    /// How many things are masked.
    pub masked: usize,
    /// Cases that may cover it already, the nearest first.
    pub nearest: Vec<NearCase>,
}

/// Cases of the same class that are offered beside an exact duplicate.
const OFFERED: u64 = 5;

/// Cases that are compared with an input because they share bands with it, and how many of them are offered.
const COMPARED: u64 = 50;
const ALIKE_OFFERED: usize = 5;

/// The run to be copied, with the names of what it belongs to.
struct Subject {
    run: WholeRun,
    workflow: String,
    release: String,
}

impl Subject {
    fn snapshot(&self, redactor: &mut Redactor) -> Result<Snapshot, AppError> {
        let content = content_of(&self.run);
        let row = &self.run.row;
        let source = SnapshotSource {
            run: row.id,
            external_id: &row.external_id,
            workflow_id: row.workflow,
            workflow: &self.workflow,
            release_id: row.release,
            release: &self.release,
            received_at: row.received_at,
            facts: &row.facts,
            late: &self.run.late,
            spans: &self.run.spans,
            content: &content,
        };
        Snapshot::take(&source, redactor).map_err(AppError::internal)
    }
}

/// A case ready to be stored.
struct Prepared {
    snapshot: Snapshot,
    case: EvalCase,
    content: Digest,
}

fn prepare(
    subject: &Subject,
    mut redactor: Redactor,
    class: Option<String>,
    promotion: Promotion,
    by: Actor,
    at: Timestamp,
) -> Result<Prepared, AppError> {
    let snapshot = subject.snapshot(&mut redactor)?;
    let input = match &promotion.input {
        Some(input) => exact(redactor.value("input", input)),
        None => snapshot.input.clone().unwrap_or_default(),
    };
    let row = &subject.run.row;
    let writing = Writing {
        title: promotion.title.unwrap_or_else(|| headline(Some(&input), &snapshot.external_id)),
        failure_class: promotion.failure_class.or(class),
        assertions: promotion.assertions,
        tags: promotion.tags,
    };
    let provenance = Provenance {
        run: row.id,
        external_id: snapshot.external_id.clone(),
        workflow_id: row.workflow,
        workflow: subject.workflow.clone(),
        release_id: row.release,
        release: subject.release.clone(),
        promoted_by: by,
        promoted_at: at,
        snapshot_digest: snapshot.digest,
    };
    let mut case = EvalCase::draft(&writing, input, snapshot.output.clone(), provenance, &mut redactor)?;
    let default = if case.definition.assertions.is_empty() { CaseState::Draft } else { CaseState::Active };
    case.move_to(promotion.state.unwrap_or(default))?;
    let content = case.content_digest().map_err(AppError::internal)?;
    Ok(Prepared { snapshot, case, content })
}

/// Whether a case says what a repeated request would say: its sender may have missed the first answer.
fn same_writing(stored: &EvalCase, asked: &EvalCase) -> bool {
    let (stored_parts, asked_parts) = (&stored.definition, &asked.definition);
    stored.title == asked.title
        && stored.failure_class == asked.failure_class
        && stored_parts.input == asked_parts.input
        && stored_parts.assertions == asked_parts.assertions
        && stored_parts.tags == asked_parts.tags
}

impl App {
    /// What would be stored if a failure were promoted now. Nothing is.
    ///
    /// # Errors
    /// When the failure is not in the project, the caller may not, or the database fails.
    pub async fn preview_case(&self, caller: &Caller, project: &str, run: RunId) -> Result<CasePreview, AppError> {
        let project = self.enter(caller, project, Permission::Triage).await?;
        let failure = find(self.store.read(), &project, run).await?;
        let subject = self.promotion_subject(&project, run).await?;
        let workflow = subject.workflow.clone();
        let own = project.settings.own_patterns();
        let masked = self.ingest.decode(move || {
            let mut redactor = Redactor::with(own);
            subject.snapshot(&mut redactor).map(|snapshot| (snapshot, redactor))
        });
        let (snapshot, redactor) = masked.await??;
        let content = snapshot.input.as_ref().map(|input| content_digest(&workflow, input)).transpose();
        let content = content.map_err(AppError::internal)?;
        Ok(CasePreview {
            nearest: self.near_cases(&project, &failure, snapshot.input.as_ref(), content).await?,
            suggested_title: headline(snapshot.input.as_ref(), &snapshot.external_id),
            input: snapshot.input,
            observed: snapshot.output,
            maskings: redactor.found().to_vec(),
            masked: redactor.count(),
            failure,
        })
    }

    /// Makes an eval case of a failure. The same request again returns the same case.
    ///
    /// # Errors
    /// When the case breaks a rule (no input, the failure as the expected answer, a wanted state without an assertion),
    /// an exact duplicate is there (`duplicate_case`: link to it instead), something was decided already, the failure
    /// is not in the project, the caller may not, or the database fails.
    pub async fn promote_failure(
        &self,
        caller: &Caller,
        project: &str,
        run: RunId,
        promotion: Promotion,
    ) -> Result<Promoted, AppError> {
        let project = self.enter(caller, project, Permission::Triage).await?;
        let failure = find(self.store.read(), &project, run).await?;
        if failure.standing.status != LearningStatus::Promoted {
            require_open(&failure)?;
            require_free(&failure, caller, self.now())?;
        }
        let subject = self.promotion_subject(&project, run).await?;
        let redactor = Redactor::with(project.settings.own_patterns());
        let (class, by, at) = (failure.failure_class.clone(), project.actor().clone(), self.now());
        let prepared = self.ingest.decode(move || prepare(&subject, redactor, class, promotion, by, at)).await??;
        if failure.standing.status == LearningStatus::Promoted {
            return self.promoted_before(&project, failure, &prepared).await;
        }
        self.store_promoted(&project, failure, &prepared, at).await
    }

    async fn promotion_subject(&self, project: &ProjectAccess, run: RunId) -> Result<Subject, AppError> {
        project.require(Permission::ReadRuns)?;
        let db = self.store.read();
        let run = runs::find(db, project.scope, run).await?.ok_or(AppError::NotFound { noun: "run" })?;
        let workflow = workflow::find(db, project.scope, &run.row.workflow.to_string()).await?;
        let release = release::by_id(db, project.scope, run.row.release).await?;
        Ok(Subject {
            workflow: workflow.map_or_else(|| run.row.workflow.to_string(), |row| row.name),
            release: release.map_or_else(|| run.row.release.to_string(), |row| row.name),
            run,
        })
    }

    async fn promoted_before(
        &self,
        project: &ProjectAccess,
        failure: FailureRow,
        prepared: &Prepared,
    ) -> Result<Promoted, AppError> {
        let promoted = failure.standing.status == LearningStatus::Promoted;
        let stored = match failure.standing.case {
            Some(id) => case::find(self.store.read(), project.scope, id).await?,
            None => None,
        };
        match stored {
            Some(case) if promoted && same_writing(&case.case, &prepared.case) => Ok(Promoted { case, failure }),
            _ => Err(require_open(&failure).err().unwrap_or(AppError::NotFound { noun: CASE })),
        }
    }

    async fn store_promoted(
        &self,
        project: &ProjectAccess,
        failure: FailureRow,
        prepared: &Prepared,
        at: Timestamp,
    ) -> Result<Promoted, AppError> {
        let id = CaseId::from_uuid(self.ids.uuid_v7());
        let new = NewCase {
            id,
            workflow: failure.workflow,
            case: &prepared.case,
            content_digest: prepared.content,
            snapshot: &prepared.snapshot.bytes,
            snapshot_digest: prepared.snapshot.digest,
            by: project.actor(),
            at,
        };
        let tx = self.store.write().await?;
        let failure = find_to_decide(&tx, project, failure.run).await?;
        if failure.standing.status != LearningStatus::Open {
            // The same request came twice at once, or somebody else was faster.
            drop(tx);
            return self.promoted_before(project, failure, prepared).await;
        }
        if let Some(duplicate) = case::insert(&tx, project.scope, new).await? {
            let detail = format!(
                "The eval case {} has the same input already ({}); link the failure to it instead.",
                duplicate.id,
                duplicate.case.state.as_str()
            );
            return Err(AppError::Conflict { code: "duplicate_case", detail });
        }
        let before = std::iter::once((failure.run, stood(&failure))).collect();
        let mut promoted = failure.clone();
        promoted.standing = failure.standing.decided(LearningStatus::Promoted, project.actor(), at);
        promoted.standing.case = Some(id);
        self.record_act(&tx, project, ActKind::Promote, &before, vec![promoted], None).await?;
        let detail = Change::of(
            json!({"status": failure.standing.status, "case": failure.standing.case}),
            json!({"status": LearningStatus::Promoted, "case": id}),
        )
        .with("case_state", json!(prepared.case.state))
        .with("snapshot", json!(prepared.snapshot.digest))
        .with("redacted", json!(prepared.case.definition.redacted));
        self.audit(&tx, project, "promote", NOUN, failure.run, &detail).await?;
        let case = case::find(&tx, project.scope, id).await?.ok_or(AppError::NotFound { noun: CASE })?;
        let failure = find(&tx, project, failure.run).await?;
        tx.commit().await?;
        Ok(Promoted { case, failure })
    }

    /// Cases of the workflow with much the same input, the most alike first. Retired ones test nothing.
    async fn alike_cases(
        &self,
        project: &ProjectAccess,
        failure: &FailureRow,
        input: Option<&Value>,
    ) -> Result<Vec<NearCase>, AppError> {
        let shingles = input.map(Shingles::of_input).unwrap_or_default();
        let Some(bands) = shingles.bands() else { return Ok(Vec::new()) };
        let db = self.store.read();
        let ids = case_band::sharing(db, project.scope, failure.workflow, bands, COMPARED).await?;
        let found = case::these(db, project.scope, &ids).await?.into_iter();
        let tested = found.filter(|row| row.case.state != CaseState::Retired);
        let mut alike: Vec<(f64, CaseRow)> = tested
            .map(|row| (shingles.likeness(&Shingles::of_input(&row.case.definition.input)), row))
            .filter(|(likeness, _)| *likeness >= NEAR)
            .collect();
        alike.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is from 0 to 1")]
        let percent = |likeness: f64| (100.0 * likeness).round() as u8;
        let near = alike.into_iter().map(|(likeness, case)| NearCase { case, why: Nearness::Alike(percent(likeness)) });
        Ok(near.take(ALIKE_OFFERED).collect())
    }

    async fn near_cases(
        &self,
        project: &ProjectAccess,
        failure: &FailureRow,
        input: Option<&Value>,
        content: Option<Digest>,
    ) -> Result<Vec<NearCase>, AppError> {
        let db = self.store.read();
        let mut nearest = Vec::new();
        if let Some(content) = content
            && let Some(case) = case::by_content(db, project.scope, content).await?
        {
            nearest.push(NearCase { case, why: Nearness::SameInput });
        }
        let alike = self.alike_cases(project, failure, input).await?;
        nearest.extend(alike.into_iter().filter(|near| Some(near.case.content_digest) != content));
        if let Some(class) = &failure.failure_class {
            let filter = CaseFilter {
                workflow: Some(failure.workflow),
                state: Some(CaseState::Active),
                failure_class: Some(class.clone()),
                ..CaseFilter::default()
            };
            let (cases, _) = case::list(db, project.scope, &filter, Page::new(None, Some(OFFERED))).await?;
            let others = cases.into_iter().filter(|case| nearest.iter().all(|near| near.case.id != case.id));
            let others: Vec<_> = others.map(|case| NearCase { case, why: Nearness::SameClass }).collect();
            nearest.extend(others);
        }
        Ok(nearest)
    }
}
