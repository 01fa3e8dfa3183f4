//! Masking stored cases once more, after the project's own patterns changed or detectors were added: a new version of the
//! case says what was masked, and what is stored of it anywhere is masked with it.

use seatrial_domain::access::Permission;
use seatrial_domain::case::{EvalCase, masked_snapshot};
use seatrial_domain::digest::Digest;
use seatrial_domain::ids::CaseId;
use seatrial_domain::limits;
use seatrial_domain::redact::{Masking, OwnPatterns, RedactionPattern, Redactor};
use seatrial_store::case::{self, CaseFilter, CaseRow, Remasked};
use seatrial_store::case_version::{self, NewVersion, VersionRow};
use seatrial_store::{Cursor, Page, WriteTx, eval_result};
use serde_json::json;

use super::NOUN;
use crate::app::App;
use crate::app::access::{Caller, ProjectAccess};
use crate::app::audit::Change;
use crate::app::error::AppError;

/// What the new version says: where what was found, without what it was.
fn note_of(redactor: &Redactor) -> String {
    let places: Vec<String> = redactor
        .redactions()
        .iter()
        .filter_map(|found| Some(format!("{} ({})", found.path, serde_json::to_value(found.kind).ok()?.as_str()?)))
        .collect();
    if places.is_empty() {
        return "Masked anew: its copy of the run, or what was written about it before.".to_owned();
    }
    limits::clip(&format!("Masked anew: {}", places.join(", ")), limits::NOTE_BYTES).to_owned()
}

/// Cases looked at in one request.
const AT_ONCE: u64 = 20;

/// What masking a case once more comes to.
#[derive(Clone, Debug)]
pub struct MaskedAgain {
    /// The case, as it is then.
    pub case: CaseRow,
    /// What is masked in addition, with what was there; the first two hundred.
    pub maskings: Vec<Masking>,
    /// How many things are masked in addition.
    pub masked: usize,
}

/// What masking many cases once more came to.
#[derive(Clone, Debug)]
pub struct MaskedCases {
    /// How many cases were looked at.
    pub looked_at: usize,
    /// Those in which something was masked.
    pub changed: Vec<CaseId>,
    /// Where to go on; absent at the end.
    pub next: Option<Cursor>,
}

/// Most bytes of a text that patterns are tried on.
const SAMPLE_BYTES: usize = 64 << 10;

/// What patterns do to a text that somebody tries them on.
#[derive(Clone, Debug)]
pub struct TriedMasking {
    /// The text as it would be stored.
    pub after: String,
    /// What was masked, with what was there; the first two hundred.
    pub maskings: Vec<Masking>,
    /// How many things were masked, those that every project masks included.
    pub masked: usize,
    /// In how many places each of the patterns finds something, in their order.
    pub finds: Vec<usize>,
}

/// The patterns, compiled.
///
/// # Errors
/// The first that cannot stand, by its name and with the reason.
pub fn compiled(patterns: &[RedactionPattern]) -> Result<OwnPatterns, AppError> {
    OwnPatterns::of(patterns).map_err(|(at, why)| {
        let name = patterns.get(at).map(|own| own.name.as_str()).filter(|name| !name.is_empty());
        AppError::invalid(name.map_or_else(|| format!("Pattern {}", at + 1), |name| format!("Pattern {name}")), why)
    })
}

/// A case with everything that is stored of it, masked once more.
struct Again {
    case: EvalCase,
    versions: Vec<VersionRow>,
    snapshot: (Vec<u8>, Digest),
    redactor: Redactor,
    /// How many things are masked that were not, in any version.
    masked: usize,
}

fn again(row: &CaseRow, versions: Vec<VersionRow>, snapshot: &[u8], mut redactor: Redactor) -> Result<Again, AppError> {
    let mut case = row.case.masked_again(&mut redactor).map_err(AppError::internal)?;
    let mut rest = redactor.clone_patterns();
    let snapshot = masked_snapshot(snapshot, &mut rest).map_err(AppError::internal)?;
    case.definition.provenance.snapshot_digest = snapshot.1;
    let mut older = Vec::with_capacity(versions.len());
    for version in versions {
        let masked = version.case_in(row.case.state).masked_again(&mut rest).map_err(AppError::internal)?;
        let note = rest.text("note", &version.note);
        let mut definition = masked.definition;
        definition.provenance.snapshot_digest = snapshot.1;
        older.push(VersionRow {
            title: masked.title,
            failure_class: masked.failure_class,
            definition,
            note,
            ..version
        });
    }
    let masked = redactor.count() + rest.count();
    Ok(Again { case, versions: older, snapshot, redactor, masked })
}

impl App {
    /// What patterns would do to a text, beside what every project masks. Neither is kept.
    ///
    /// # Errors
    /// When a pattern cannot stand, the text is too long, the caller may not, or the service is too busy.
    pub async fn try_masking(
        &self,
        caller: &Caller,
        project: &str,
        patterns: &[RedactionPattern],
        text: String,
    ) -> Result<TriedMasking, AppError> {
        self.enter(caller, project, Permission::ManageProject).await?;
        if text.len() > SAMPLE_BYTES {
            return Err(AppError::invalid("Text", format!("try them on at most {SAMPLE_BYTES} bytes")));
        }
        let own = compiled(patterns)?;
        let tried = move || {
            let finds = own.counts(&text);
            let mut redactor = Redactor::with(own);
            let after = redactor.text("text", &text);
            TriedMasking { after, maskings: redactor.found().to_vec(), masked: redactor.count(), finds }
        };
        self.ingest.decode(tried).await
    }

    /// What would be masked in a case in addition if it were masked now. Nothing is changed.
    ///
    /// # Errors
    /// When there is no such case, the caller may not, or the database fails.
    pub async fn preview_masking(&self, caller: &Caller, project: &str, id: CaseId) -> Result<MaskedAgain, AppError> {
        let project = self.enter(caller, project, Permission::Triage).await?;
        let db = self.store.read();
        let row = case::find(db, project.scope, id).await?.ok_or(AppError::NotFound { noun: NOUN })?;
        let (_, snapshot) = case::snapshot(db, project.scope, id).await?.ok_or(AppError::NotFound { noun: NOUN })?;
        let versions = case_version::list(db, project.scope, id).await?;
        let (own, read) = (project.settings.own_patterns(), row.clone());
        let masked = self.ingest.decode(move || again(&read, versions, &snapshot, Redactor::with(own))).await??;
        Ok(MaskedAgain { case: row, maskings: masked.redactor.found().to_vec(), masked: masked.masked })
    }

    /// Masks a case once more: a new version when something is found, and everything that is stored of it (its copy of
    /// the run, its earlier versions, what runners said of it) without it.
    ///
    /// # Errors
    /// When there is no such case, the caller may not, or the database fails.
    pub async fn mask_case(&self, caller: &Caller, project: &str, id: CaseId) -> Result<MaskedAgain, AppError> {
        let project = self.enter(caller, project, Permission::Triage).await?;
        self.mask_one(&project, id).await
    }

    /// Masks the cases of a project once more, so many at a time, from the latest on.
    ///
    /// # Errors
    /// When the caller may not or the database fails; what was masked before stays.
    pub async fn mask_cases(
        &self,
        caller: &Caller,
        project: &str,
        after: Option<Cursor>,
    ) -> Result<MaskedCases, AppError> {
        let project = self.enter(caller, project, Permission::Triage).await?;
        let page = Page::new(after, Some(AT_ONCE));
        let (rows, next) = case::list(self.store.read(), project.scope, &CaseFilter::default(), page).await?;
        let mut changed = Vec::new();
        // Bounded: each case is a transaction of its own, so that others are not kept waiting.
        for row in &rows {
            if self.mask_one(&project, row.id).await?.masked > 0 {
                changed.push(row.id);
            }
        }
        Ok(MaskedCases { looked_at: rows.len(), changed, next })
    }

    async fn mask_one(&self, project: &ProjectAccess, id: CaseId) -> Result<MaskedAgain, AppError> {
        let tx = self.store.write().await?;
        let row = case::for_update(&tx, project.scope, id).await?.ok_or(AppError::NotFound { noun: NOUN })?;
        let (_, snapshot) = case::snapshot(&tx, project.scope, id).await?.ok_or(AppError::NotFound { noun: NOUN })?;
        let versions = case_version::list(&tx, project.scope, id).await?;
        let (own, read) = (project.settings.own_patterns(), row.clone());
        let masked = self.ingest.decode(move || again(&read, versions, &snapshot, Redactor::with(own))).await??;
        let said = self.mask_messages(&tx, project, id).await?;
        let maskings = masked.redactor.found().to_vec();
        if masked.masked + said == 0 {
            return Ok(MaskedAgain { case: row, maskings, masked: 0 });
        }
        for version in &masked.versions {
            // Bounded by the versions of a case.
            case_version::replace(&tx, project.scope, version).await?;
        }
        let content_digest = masked.case.content_digest().map_err(AppError::internal)?;
        let remasked = Remasked {
            version: row.version + 1,
            case: &masked.case,
            content_digest,
            snapshot: &masked.snapshot.0,
            snapshot_digest: masked.snapshot.1,
        };
        case::mask(&tx, project.scope, (row.workflow, id), remasked).await?;
        let new = NewVersion {
            case: id,
            version: row.version + 1,
            content: &masked.case,
            note: &note_of(&masked.redactor),
            by: project.actor(),
            at: self.now(),
        };
        case_version::insert(&tx, project.scope, new).await?;
        // By digest: what was masked must not stay readable here.
        let before = json!({"version": row.version, "snapshot": row.snapshot_digest});
        let after = json!({"version": row.version + 1, "snapshot": masked.snapshot.1});
        let detail = Change::of(before, after)
            .with("masked", json!(masked.masked + said))
            .with("redactions", json!(masked.redactor.redactions().len()));
        self.audit(&tx, project, "mask", "case", id, &detail).await?;
        let case = case::find(&tx, project.scope, id).await?.ok_or(AppError::NotFound { noun: NOUN })?;
        tx.commit().await?;
        Ok(MaskedAgain { case, maskings, masked: masked.masked + said })
    }

    /// Masks what runners said of a case. Returns how many things that were.
    async fn mask_messages(&self, tx: &WriteTx, project: &ProjectAccess, id: CaseId) -> Result<usize, AppError> {
        let mut redactor = Redactor::with(project.settings.own_patterns());
        for (result, message) in eval_result::messages(tx, project.scope, id).await? {
            let masked = redactor.text("message", &message);
            if masked != message {
                eval_result::put_message(tx, project.scope, result, &masked).await?;
            }
        }
        Ok(redactor.count())
    }
}
